// SPDX-License-Identifier: Apache-2.0
/*
 * A lock that signal handlers may want, too: its holder has all signals blocked. Held for
 * some system calls, never while blocked.
 */
#pragma once

#include <pthread.h>
#include <signal.h>

#include "base/mask.h"

struct lock {
	pthread_mutex_t mutex;
};

#define LOCK_INIT                                  \
	{                                          \
		.mutex = PTHREAD_MUTEX_INITIALIZER \
	}

static inline void lock_take(struct lock *l, sigset_t *ret_mask)
{
	mask_all(ret_mask);
	(void)pthread_mutex_lock(&l->mutex); /* a plain mutex: cannot fail */
}

static inline void lock_give(struct lock *l, const sigset_t *mask)
{
	(void)pthread_mutex_unlock(&l->mutex); /* as above */
	mask_restore(mask);
}

/* The same for who has all signals blocked already. */
static inline void lock_take_masked(struct lock *l)
{
	(void)pthread_mutex_lock(&l->mutex); /* as above */
}

static inline void lock_give_masked(struct lock *l)
{
	(void)pthread_mutex_unlock(&l->mutex); /* as above */
}

/* In a forked child: whoever held it is not here. */
static inline void lock_reset(struct lock *l)
{
	pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;

	l->mutex = fresh;
}
