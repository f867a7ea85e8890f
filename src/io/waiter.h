// SPDX-License-Identifier: Apache-2.0
/*
 * What wakes one thread out of a poll(): a bell that others ring, and a descriptor that can be
 * polled for it.
 */
#pragma once

#include <stdint.h>

#include "client/guard.h"

struct waiter {
	struct waiter *next;
	uint32_t generation; /* of the process: a forked child has none of these */
	struct guard_fd bell;
};

/* One for the calling thread, for a while. NULL: there can be none. */
struct waiter *waiter_take(void);
void waiter_give(struct waiter *w);

/* A bell that is rung is readable until it is hushed. Makes one: 0 or -errno; not with the lock of
 * watch.h. */
int bell_make(struct guard_fd *bell);
void bell_ring(const struct guard_fd *bell);
void bell_hush(const struct guard_fd *bell);
