// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/ptable.h"

/* Steps of a transition: @child's parent has died; @p itself has. */
void session_parent_died(struct core *c, struct pt_proc *child);
void session_hang_up(struct core *c, struct pt_proc *p);
