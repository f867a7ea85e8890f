// SPDX-License-Identifier: Apache-2.0
/*
 * TimerCreate() and its kind: the kernel form of POSIX's timers, and made of these.
 *
 * glibc's timer_t can be a pointer, so an id here is a place in a table. A forked child has
 * no timers, as POSIX has it, though it may see its parent's ids: they fail there.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/neutrino.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "client/export.h"
#include "client/result.h"

#define TIMERS   1024
#define NS_PER_S 1000000000u

struct timer {
	pid_t owner; /* whose it is; 0: free */
	bool absolute;
	clockid_t clock;
	timer_t real;
	struct _itimer set;
	struct sigevent event;
};

static pthread_mutex_t timer_lock_word = PTHREAD_MUTEX_INITIALIZER;
static struct timer timers[TIMERS];

static void timer_lock(void)
{
	(void)pthread_mutex_lock(&timer_lock_word); /* a plain mutex: cannot fail */
}

static void timer_unlock(void)
{
	(void)pthread_mutex_unlock(&timer_lock_word); /* as above */
}

/* A fork must not happen while another thread has the lock. */
__attribute__((constructor)) static void timer_init(void)
{
	(void)pthread_atfork(timer_lock, timer_unlock, timer_unlock); /* no memory: unlikely */
}

/* With the lock. */
static struct timer *timer_find(int id)
{
	if (id < 0 || id >= TIMERS || timers[id].owner != getpid())
		return NULL;
	return &timers[id];
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / NS_PER_S),
		.tv_nsec = (long)(ns % NS_PER_S),
	};
}

static uint64_t ns_of(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * NS_PER_S + (uint64_t)time->tv_nsec;
}

/* An event of its own for the usual signal, so that TimerInfo() can tell it. */
static int timer_make(struct timer *t, clockid_t clock, const struct sigevent *event)
{
	memset(t, 0, sizeof(*t));
	if (event)
		t->event = *event;
	else
		SIGEV_SIGNAL_INIT(&t->event, SIGALRM);
	t->clock = clock;
	if (timer_create(clock, &t->event, &t->real) < 0)
		return -errno;
	t->owner = getpid();
	return 0;
}

EXPORT int TimerCreate_r(clockid_t clock, const struct sigevent *event)
{
	pid_t self = getpid();
	int id = 0, r;

	timer_lock();
	while (id < TIMERS && timers[id].owner == self)
		id++;
	r = id < TIMERS ? timer_make(&timers[id], clock, event) : -EAGAIN;
	timer_unlock();
	return r < 0 ? r : id;
}

EXPORT int TimerCreate(clockid_t clock, const struct sigevent *event)
{
	return result_errno(TimerCreate_r(clock, event));
}

EXPORT int TimerDestroy_r(int id)
{
	struct timer *t;
	int r = EINVAL;

	timer_lock();
	t = timer_find(id);
	if (t) {
		r = timer_delete(t->real) < 0 ? errno : EOK;
		t->owner = 0;
	}
	timer_unlock();
	return r;
}

EXPORT int TimerDestroy(int id)
{
	return result_errno(-TimerDestroy_r(id));
}

static int timer_set(struct timer *t, int flags, const struct _itimer *itime)
{
	const struct itimerspec spec = {
		.it_value = timespec_of(itime->nsec),
		.it_interval = timespec_of(itime->interval_nsec),
	};

	if (timer_settime(t->real, flags & TIMER_ABSTIME, &spec, NULL) < 0)
		return errno;
	t->set = *itime;
	t->absolute = flags & TIMER_ABSTIME;
	return EOK;
}

static int timer_get(const struct timer *t, struct _itimer *ret)
{
	struct itimerspec spec;

	if (timer_gettime(t->real, &spec) < 0)
		return errno;
	ret->nsec = ns_of(&spec.it_value);
	ret->interval_nsec = ns_of(&spec.it_interval);
	return EOK;
}

EXPORT int TimerSettime_r(int id, int flags, const struct _itimer *itime, struct _itimer *oitime)
{
	struct _itimer former;
	struct timer *t;
	int r = EINVAL;

	timer_lock();
	t = timer_find(id);
	if (t)
		r = timer_get(t, &former);
	if (t && r == EOK && itime)
		r = timer_set(t, flags, itime);
	timer_unlock();
	if (r == EOK && oitime)
		*oitime = former;
	return r;
}

EXPORT int TimerSettime(int id, int flags, const struct _itimer *itime, struct _itimer *oitime)
{
	return result_errno(-TimerSettime_r(id, flags, itime, oitime));
}

static int timer_tell(struct timer *t, struct _timer_info *info)
{
	int overruns = timer_getoverrun(t->real);
	int r;

	memset(info, 0, sizeof(*info));
	r = timer_get(t, &info->itime);
	if (r != EOK)
		return r;
	info->otime = t->set;
	info->clockid = t->clock;
	info->flags = (info->itime.nsec ? _NTO_TI_ACTIVE : 0u) |
		      (t->absolute ? _NTO_TI_ABSOLUTE : 0u);
	info->notify = t->event.sigev_notify;
	info->overruns = overruns > 0 ? (uint32_t)overruns : 0;
	info->event = t->event;
	return EOK;
}

EXPORT int TimerInfo_r(pid_t pid, int id, int flags, struct _timer_info *info)
{
	struct timer *t;
	int r = EINVAL;

	if (pid != 0 && pid != getpid())
		return -ESRCH;
	timer_lock();
	if (flags & _NTO_TIMER_SEARCH)
		while (id >= 0 && id < TIMERS && !timer_find(id))
			id++;
	t = timer_find(id);
	if (t)
		r = timer_tell(t, info);
	timer_unlock();
	return r == EOK ? id : -r;
}

EXPORT int TimerInfo(pid_t pid, int id, int flags, struct _timer_info *info)
{
	return result_errno(TimerInfo_r(pid, id, flags, info));
}

static struct timeval timeval_of(uint64_t ns)
{
	/* Up: a limit that has not passed is not 0, which would stop it. */
	uint64_t us = ns / 1000 + (ns % 1000 != 0);

	return (struct timeval){.tv_sec = (time_t)(us / 1000000), .tv_usec = (long)(us % 1000000)};
}

static uint64_t ns_of_timeval(const struct timeval *time)
{
	return ((uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec) * 1000;
}

EXPORT int TimerAlarm_r(clockid_t clock, const struct _itimer *itime, struct _itimer *otime)
{
	struct itimerval fresh = {0}, former;
	int r;

	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return EINVAL;
	if (itime) {
		fresh.it_value = timeval_of(itime->nsec);
		fresh.it_interval = timeval_of(itime->interval_nsec);
		r = setitimer(ITIMER_REAL, &fresh, &former);
	} else {
		r = getitimer(ITIMER_REAL, &former);
	}
	if (r < 0)
		return errno;
	if (otime) {
		otime->nsec = ns_of_timeval(&former.it_value);
		otime->interval_nsec = ns_of_timeval(&former.it_interval);
	}
	return EOK;
}

EXPORT int TimerAlarm(clockid_t clock, const struct _itimer *itime, struct _itimer *otime)
{
	return result_errno(-TimerAlarm_r(clock, itime, otime));
}
