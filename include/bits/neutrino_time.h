/* SPDX-License-Identifier: Apache-2.0 */
/* The part of <sys/neutrino.h> that is about time. Conventions as there. */
#pragma once

#include <features.h>
#include <stdint.h>
#include <signal.h>
#include <time.h>
#include <sys/siginfo.h>
#include <sys/states.h>
#include <sys/types.h>

/* TimerTimeout(): which blocking states the limit is for. TIMER_ABSTIME may be or-ed. */
#define _NTO_TIMEOUT_RECEIVE     (1 << STATE_RECEIVE)
#define _NTO_TIMEOUT_SEND        (1 << STATE_SEND)
#define _NTO_TIMEOUT_REPLY       (1 << STATE_REPLY)
#define _NTO_TIMEOUT_SIGSUSPEND  (1 << STATE_SIGSUSPEND)
#define _NTO_TIMEOUT_SIGWAITINFO (1 << STATE_SIGWAITINFO)
#define _NTO_TIMEOUT_NANOSLEEP   (1 << STATE_NANOSLEEP)
#define _NTO_TIMEOUT_MUTEX       (1 << STATE_MUTEX)
#define _NTO_TIMEOUT_CONDVAR     (1 << STATE_CONDVAR)
#define _NTO_TIMEOUT_JOIN        (1 << STATE_JOIN)
#define _NTO_TIMEOUT_INTR        (1 << STATE_INTR)
#define _NTO_TIMEOUT_SEM         (1 << STATE_SEM)

__BEGIN_DECLS

/*
 * A limit of *ntime nanoseconds from now on (TIMER_ABSTIME: of the clock id) for the
 * calling thread's next call that enters one of the states of flags; gone when that call
 * returns, whether it blocked or not. At the limit the call fails with ETIMEDOUT; with a
 * notify other than SIGEV_UNBLOCK that event is delivered and the call goes on. ntime
 * NULL: a call that would have to block fails at once. flags 0: no limit any more.
 * _NTO_TIMEOUT_NANOSLEEP alone: sleeps here and now. *otime: with NANOSLEEP in flags,
 * what is left of the sleep, else untouched; may be NULL. Returns the flags that were
 * set before. EINTR (the sleep only), EINVAL.
 */
int TimerTimeout(clockid_t id, int flags, const struct sigevent *notify, const uint64_t *ntime,
		 uint64_t *otime);
int TimerTimeout_r(clockid_t id, int flags, const struct sigevent *notify, const uint64_t *ntime,
		   uint64_t *otime); /* neg */
/* The same with times as POSIX has them. */
int timer_timeout(clockid_t id, int flags, const struct sigevent *notify,
		  const struct timespec *ntime, struct timespec *otime);
int timer_timeout_r(clockid_t id, int flags, const struct sigevent *notify,
		    const struct timespec *ntime, struct timespec *otime); /* neg */

__END_DECLS
