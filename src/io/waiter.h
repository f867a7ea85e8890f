// SPDX-License-Identifier: Apache-2.0
/*
 * Where servers' news for a poll() come: a channel of our own, its connection, and a descriptor
 * that can be polled for what comes.
 */
#pragma once

#include <stdint.h>

struct waiter {
	struct waiter *next;
	uint32_t generation; /* of the process: a forked child has none of these */
	int chid, coid;
	int fd;
};

/* One for the calling thread, for a while. NULL: there can be none. */
struct waiter *waiter_take(void);
void waiter_give(struct waiter *w);
/* All that came is known. */
void waiter_drain(const struct waiter *w);
