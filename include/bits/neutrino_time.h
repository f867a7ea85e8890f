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

/* TimerSettime(): nanoseconds. */
struct _itimer {
	uint64_t nsec;          /* until it fires, or with TIMER_ABSTIME when; 0 stops it */
	uint64_t interval_nsec; /* from then on; 0: once */
};

/* TimerInfo() */
struct _timer_info {
	struct _itimer itime; /* left until it fires, and its interval */
	struct _itimer otime; /* as it was set */
	uint32_t flags;       /* _NTO_TI_* */
	int32_t tid;          /* thread that gets its signal, 0: any */
	int32_t notify;       /* SIGEV_* */
	clockid_t clockid;
	uint32_t overruns;
	struct sigevent event; /* what it delivers */
};
#define _NTO_TI_ACTIVE    0x01 /* it will fire */
#define _NTO_TI_ABSOLUTE  0x02
#define _NTO_TIMER_SEARCH 0x01 /* TimerInfo(): the first timer from id on */

/* ClockPeriod() */
struct _clockperiod {
	uint32_t nsec;
	int32_t fract; /* 0 */
};

/* ClockAdjust(): so many ticks are longer by so many nanoseconds. */
struct _clockadjust {
	int32_t tick_nsec_inc;
	uint32_t tick_count;
};

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

/* A timer that delivers event (NULL: SIGALRM), stopped. Returns its id, which is none of
 * timer_create()'s. EAGAIN (1024 of them), EINVAL, and timer_create()'s. */
int TimerCreate(clockid_t id, const struct sigevent *event);
int TimerCreate_r(clockid_t id, const struct sigevent *event); /* neg */
int TimerDestroy(int id);
int TimerDestroy_r(int id); /* pos */
/* Both times may be NULL. EINVAL. */
int TimerSettime(int id, int flags, const struct _itimer *itime, struct _itimer *oitime);
int TimerSettime_r(int id, int flags, const struct _itimer *itime,
		   struct _itimer *oitime); /* pos */
/* Returns the timer's id. pid must be the calling process's, or 0. EINVAL, ESRCH. */
int TimerInfo(pid_t pid, int id, int flags, struct _timer_info *info);
int TimerInfo_r(pid_t pid, int id, int flags, struct _timer_info *info); /* neg */
/* SIGALRM to the process, as alarm(); the former in *otime. CLOCK_REALTIME or _MONOTONIC. */
int TimerAlarm(clockid_t id, const struct _itimer *itime, struct _itimer *otime);
int TimerAlarm_r(clockid_t id, const struct _itimer *itime, struct _itimer *otime); /* pos */

/* A clock in nanoseconds, got into *old, set to *new_time; each may be NULL. EINVAL, EPERM. */
int ClockTime(clockid_t id, const uint64_t *new_time, uint64_t *old);
int ClockTime_r(clockid_t id, const uint64_t *new_time, uint64_t *old); /* pos */
/* The clock of the processor time of a process (0: the caller), or its thread tid. ESRCH. */
int ClockId(pid_t pid, int tid);
int ClockId_r(pid_t pid, int tid); /* neg */
/* Cycles since some time; SYSPAGE_ENTRY(qtime)->cycles_per_sec of them are a second. */
uint64_t ClockCycles(void);
/* How fine timers are, into *old. *period is noted for the calling process and told to it
 * again, without effect: timers are never coarser. reserved: 0. EINVAL. */
int ClockPeriod(clockid_t id, const struct _clockperiod *period, struct _clockperiod *old,
		int reserved);
int ClockPeriod_r(clockid_t id, const struct _clockperiod *period, struct _clockperiod *old,
		  int reserved); /* pos */
/* Moves CLOCK_REALTIME little by little. EINVAL, EPERM (without CAP_SYS_TIME). */
int ClockAdjust(clockid_t id, const struct _clockadjust *adjust, struct _clockadjust *old);
int ClockAdjust_r(clockid_t id, const struct _clockadjust *adjust,
		  struct _clockadjust *old); /* pos */

__END_DECLS
