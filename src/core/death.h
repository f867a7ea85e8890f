// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/ptable.h"

/* Steps of a transition. */

/* @p has died and whoever traces it knows: a zombie for its parent, or nothing. */
void death_tell_parent(struct core *c, struct pt_proc *p);
/* Collected, or nobody's: the kernel's zombie may go, the entry once it is told. */
void death_collect(struct core *c, struct pt_proc *p);
void death_parent_changed(struct core *c, const struct pt_proc *p);
