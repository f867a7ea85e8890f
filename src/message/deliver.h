// SPDX-License-Identifier: Apache-2.0
/* Events to this process. */
#pragma once

#include <pthread.h>
#include <signal.h>

/*
 * Does what @event says, in the calling process: pulse, signal (to thread @tid where the
 * type wants one, 0 any), thread, memory, semaphore, interrupt. Never blocks; safe in
 * signal handlers but for SIGEV_THREAD. 0, -EAGAIN, -EBADF, -EINVAL, -EPERM, -ESRCH.
 */
int deliver_here(const struct sigevent *event, int tid);

/* For the threads of SIGEV_THREAD: what may be taken of the program's own attributes (which
 * may be NULL). Needs not be destroyed, and may be copied as memory. */
void deliver_attributes(const pthread_attr_t *from, pthread_attr_t *ret);

/* InterruptWait()'s side of SIGEV_INTR; safe in signal handlers. 0 or as above. */
int interrupt_post(int id);
