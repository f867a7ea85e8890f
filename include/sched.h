/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wraps glibc's <sched.h>: policies and struct sched_param are Linux's. getprio() and
 * setprio() are QNX's.
 */
#pragma GCC system_header
#include_next <sched.h>
#ifndef _KAMIOKA_SCHED_H
#define _KAMIOKA_SCHED_H

#include <features.h>

#ifdef __USE_QNX
#include <sys/types.h>

/* differs: one member for both, as a thread that runs for a client is not told apart. */
#ifndef sched_curpriority
#define sched_curpriority sched_priority
#endif

/* Keep the policy that there is. */
#ifndef SCHED_NOCHANGE
#define SCHED_NOCHANGE (-1)
#endif

__BEGIN_DECLS

/* QNX priority (1 to 255) of a process's first thread, with pid 0 of the calling thread;
 * or -1 with errno. QNX Neutrino C Library Reference, getprio(), setprio(). */
extern int getprio(pid_t pid);
/* Returns the former priority, or -1 with errno: EINVAL, EPERM (another user's), ESRCH. */
extern int setprio(pid_t pid, int priority);

__END_DECLS
#endif

#endif
