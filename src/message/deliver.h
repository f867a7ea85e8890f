// SPDX-License-Identifier: Apache-2.0
/* Events to this process. */
#pragma once

#include <signal.h>

/*
 * Does what @event says, in the calling process: pulse, signal (to thread @tid where the
 * type wants one, 0 any), thread, memory, semaphore, interrupt. Never blocks; safe in
 * signal handlers but for SIGEV_THREAD. 0, -EAGAIN, -EBADF, -EINVAL, -EPERM, -ESRCH.
 */
int deliver_here(const struct sigevent *event, int tid);
