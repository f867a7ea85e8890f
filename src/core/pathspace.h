// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/ptable.h"

/* A step of a transition: @p serves nothing any more. */
void pathspace_leave(struct core *c, struct pt_proc *p);
