// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/ptable.h"

/* Steps of a transition: @p is nobody's guardian any more; @p needs none any more. */
void guardian_resign(struct core *c, struct pt_proc *p);
void guardian_forget(struct core *c, struct pt_proc *p);
