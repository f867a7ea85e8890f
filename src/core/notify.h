// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/ptable.h"

/* Steps of a transition: effects for all who asked, and forgetting a dead one's requests. */
void notify_fire(struct core *c, uint32_t flags, bool updateable, uint64_t value);
void notify_remove_all(struct core *c, struct pt_proc *p);

/* notice.c: one more for @p; dropped if there are too many. Forget a dead one's. */
void notice_add(struct core *c, struct pt_proc *p, uint64_t handle, uint64_t value);
void notice_remove_all(struct core *c, struct pt_proc *p);

/* ability.c: copy what is inherited; false: no room. Forget a dead one's. */
bool ability_inherit(struct core *c, const struct pt_proc *parent, struct pt_proc *p);
void ability_remove_all(struct core *c, struct pt_proc *p);
