// SPDX-License-Identifier: Apache-2.0
/*
 * Births: a slot of the page for each child that is being made, so that the
 * manager knows it whatever happens to us, and the route by which it comes to
 * be the manager's child for the kernel.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "gen/shared.h"
#include "host/linux/launch.h"

struct birth {
	struct page *page;
	struct page_slot *slot;
	unsigned index;
	enum birth_route route;
};

/*
 * Take a slot, with @flags (enum slot_flag) in it: LAUNCHING. Attaches. -EAGAIN:
 * the table is full; else as node_attach().
 */
int birth_begin(struct birth *b, uint32_t flags);
/* There is a child. */
void birth_done(struct birth *b);
/* There is none; what is left of it is @left, 0 for nothing, which the manager
 * has collected when this returns. */
void birth_fail(struct birth *b, pid_t left);

/* A whole one: 0 and the pid, or a negative errno with no child left. */
int birth_launch(struct launch *l, uint32_t flags, pid_t *ret_pid);
