// SPDX-License-Identifier: Apache-2.0
/*
 * Around a call of the C library that is a cancellation point where none may be: a lock is held, or
 * a thing is half made. Nothing in a process without threads.
 */
#pragma once

#include <pthread.h>
#include <sys/single_threaded.h>

static inline int cancel_hold(void)
{
	int old = -1;

	if (!__libc_single_threaded)
		(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old); /* cannot fail */
	return old;
}

/* errno stays. */
static inline void cancel_let(int old)
{
	if (old != -1)
		(void)pthread_setcancelstate(old, NULL); /* as above */
}
