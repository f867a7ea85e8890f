// SPDX-License-Identifier: Apache-2.0
/*
 * Cancellation points. A blocking call that goes to the kernel by itself must
 * be one where glibc's is: as in glibc, the thread may be cancelled at any
 * instruction between these two, so nothing else may stand there.
 */
#pragma once

#include <pthread.h>
#include <sys/single_threaded.h>

static inline int cancel_open(void)
{
	int old = -1;

	if (!__libc_single_threaded)
		(void)pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	return old;
}

static inline void cancel_close(int old)
{
	if (old != -1)
		(void)pthread_setcanceltype(old, NULL);
}
