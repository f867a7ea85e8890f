// SPDX-License-Identifier: Apache-2.0
/*
 * The C library's calls that block, with TimerTimeout()'s limit: sleeping, sigsuspend(),
 * pthread_join(), sem_wait(). (sigwaitinfo() and its kind: client/sigwait.c.) Without a
 * limit they are glibc's, after a load and a test.
 *
 * Sleeping and suspending go to the kernel by themselves, as handlers may call them where
 * dlsym() must not run; the others are found in glibc.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/states.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "client/cancel.h"
#include "client/export.h"
#include "client/real.h"
#include "message/timeout.h"

#define NS_PER_S 1000000000

/* ---- Sleeping ---- */

/* 0 or a positive errno, as clock_nanosleep() answers. */
static int sleep_plain(clockid_t clock, int flags, const struct timespec *time,
		       struct timespec *ret_rest)
{
	int cancel = cancel_open();
	long r = syscall(SYS_clock_nanosleep, clock, flags, time, ret_rest);
	int error = errno;

	cancel_close(cancel);
	return r == 0 ? 0 : error;
}

static struct timespec later(struct timespec a, const struct timespec *b)
{
	a.tv_sec += b->tv_sec < INT32_MAX ? b->tv_sec : INT32_MAX; /* 68 years will do */
	a.tv_nsec += b->tv_nsec;
	if (a.tv_nsec >= NS_PER_S) {
		a.tv_sec++;
		a.tv_nsec -= NS_PER_S;
	}
	return a;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

static struct timespec until(clockid_t clock, const struct timespec *at)
{
	struct timespec now, left;

	(void)clock_gettime(clock, &now); /* the sleep has looked at the clock */
	left.tv_sec = at->tv_sec - now.tv_sec;
	left.tv_nsec = at->tv_nsec - now.tv_nsec;
	if (left.tv_nsec < 0) {
		left.tv_sec--;
		left.tv_nsec += NS_PER_S;
	}
	return left.tv_sec < 0 ? (struct timespec){0} : left;
}

/* Sleeps until @at of @clock, in pieces that end at the limit. */
static int sleep_until(clockid_t clock, const struct timespec *at, struct timeout *limit)
{
	struct timespec left, piece;
	const struct timespec *allowed;
	int r;

	for (;;) {
		left = until(clock, at);
		allowed = timeout_left(limit, &piece);
		if (!allowed || !is_before(allowed, &left))
			return sleep_plain(clock, TIMER_ABSTIME, at, NULL);
		r = sleep_plain(CLOCK_MONOTONIC, 0, allowed, NULL);
		if (r == 0)
			r = -timeout_expired(limit);
		if (r != 0)
			return r;
	}
}

static int sleep_limited(clockid_t clock, int flags, const struct timespec *time,
			 struct timespec *ret_rest, struct timeout *limit)
{
	clockid_t own = clock;
	struct timespec at;
	int r;

	if (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec >= NS_PER_S ||
	    clock_gettime(clock, &at) != 0)
		return EINVAL;
	/* Setting the clock does not move a relative sleep. */
	if (!(flags & TIMER_ABSTIME) && clock == CLOCK_REALTIME) {
		own = CLOCK_MONOTONIC;
		(void)clock_gettime(own, &at); /* cannot fail */
	}
	at = flags & TIMER_ABSTIME ? *time : later(at, time);
	r = sleep_until(own, &at, limit);
	if (r != 0 && !(flags & TIMER_ABSTIME) && ret_rest)
		*ret_rest = until(own, &at);
	return r;
}

static int sleep_any(clockid_t clock, int flags, const struct timespec *time,
		     struct timespec *ret_rest)
{
	struct timeout limit;

	timeout_take(STATE_NANOSLEEP, &limit);
	if (limit.is_armed)
		return sleep_limited(clock, flags, time, ret_rest, &limit);
	return sleep_plain(clock, flags, time, ret_rest);
}

static int minus_1(int error)
{
	if (error == 0)
		return 0;
	errno = error;
	return -1;
}

EXPORT int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time,
			   struct timespec *rest)
{
	/* POSIX: the caller's own processor time cannot pass while it sleeps. */
	if (clock == CLOCK_THREAD_CPUTIME_ID)
		return EINVAL;
	if (clock == CLOCK_PROCESS_CPUTIME_ID)
		return sleep_plain(clock, flags, time, rest);
	return sleep_any(clock, flags, time, rest);
}

EXPORT int nanosleep(const struct timespec *time, struct timespec *rest)
{
	return minus_1(sleep_any(CLOCK_REALTIME, 0, time, rest));
}

EXPORT unsigned int sleep(unsigned int seconds)
{
	struct timespec left = {.tv_sec = (time_t)seconds};
	int saved = errno;

	if (nanosleep(&left, &left) != 0)
		return (unsigned)left.tv_sec + (left.tv_nsec >= NS_PER_S / 2);
	errno = saved;
	return 0;
}

EXPORT int usleep(useconds_t us)
{
	struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};

	return nanosleep(&time, NULL);
}

/* ---- Waiting for a signal ---- */

static int suspend_limited(const sigset_t *mask, struct timeout *limit)
{
	struct timespec left;
	int cancel, error;
	long r;

	do {
		cancel = cancel_open();
		r = syscall(SYS_ppoll, NULL, 0, timeout_left(limit, &left), mask, NSIG / 8);
		error = errno;
		cancel_close(cancel);
		if (r != 0)
			return error;
		error = -timeout_expired(limit);
	} while (error == 0);
	return error;
}

EXPORT int sigsuspend(const sigset_t *mask)
{
	struct timeout limit;
	int cancel, error;

	timeout_take(STATE_SIGSUSPEND, &limit);
	if (limit.is_armed)
		return minus_1(suspend_limited(mask, &limit));
	cancel = cancel_open();
	(void)syscall(SYS_rt_sigsuspend, mask, NSIG / 8); /* errno tells, always */
	error = errno;
	cancel_close(cancel);
	errno = error;
	return -1;
}

EXPORT int pause(void)
{
	sigset_t mask;

	(void)pthread_sigmask(SIG_BLOCK, NULL, &mask); /* cannot fail */
	return sigsuspend(&mask);
}

/* ---- Threads and semaphores ---- */

static int join_limited(pthread_t thread, void **ret_value, struct timeout *limit)
{
	struct timespec at;
	int r;

	do {
		if (!limit->is_armed)
			return pthread_join(thread, ret_value);
		at = timeout_at(limit);
		r = pthread_clockjoin_np(thread, ret_value, limit->clock, &at);
		if (r == ETIMEDOUT)
			r = -timeout_expired(limit);
		else
			return r;
	} while (r == 0);
	return r;
}

EXPORT int pthread_join(pthread_t thread, void **value)
{
	static void *cached;
	int (*join)(pthread_t, void **);
	struct timeout limit;
	void *found;

	timeout_take(STATE_JOIN, &limit);
	if (limit.is_armed)
		return join_limited(thread, value, &limit);
	found = real_function("pthread_join", &cached);
	if (!found)
		return ENOSYS;
	memcpy(&join, &found, sizeof(join));
	return join(thread, value);
}

static int sem_wait_limited(sem_t *sem, struct timeout *limit)
{
	struct timespec at;
	int r;

	do {
		if (!limit->is_armed)
			return sem_wait(sem);
		at = timeout_at(limit);
		if (sem_clockwait(sem, limit->clock, &at) == 0)
			return 0;
		if (errno != ETIMEDOUT)
			return -1;
		r = timeout_expired(limit);
	} while (r == 0);
	return minus_1(-r);
}

EXPORT int sem_wait(sem_t *sem)
{
	static void *cached;
	int (*wait_for)(sem_t *);
	struct timeout limit;
	void *found;

	timeout_take(STATE_SEM, &limit);
	if (limit.is_armed)
		return sem_wait_limited(sem, &limit);
	found = real_function("sem_wait", &cached);
	if (!found)
		return minus_1(ENOSYS);
	memcpy(&wait_for, &found, sizeof(wait_for));
	return wait_for(sem);
}
