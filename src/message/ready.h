// SPDX-License-Identifier: Apache-2.0
/*
 * The message calls' own beginning: at the first of them the program has its node, and a bad
 * address is an error from then on. In a forked child all begins anew; the parent's sockets,
 * lanes and channels are closed there, so that the parent's end is seen by others.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message/thread.h"

extern uint32_t ready_generation;

/* 0, or what node_attach() fails with. Any thread, signal handlers too. */
int ready(void);

static inline bool ready_is_current(void)
{
	return __atomic_load_n(&ready_generation, __ATOMIC_ACQUIRE) == thread_generation();
}

/* Memory for records that are never freed; zeroed. NULL: there is none. Safe in handlers. */
void *ready_alloc(size_t size);
