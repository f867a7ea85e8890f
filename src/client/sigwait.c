// SPDX-License-Identifier: Apache-2.0
/*
 * sigwaitinfo(), sigtimedwait() and sigwait(): glibc's, with one exact siginfo
 * for each death (sigchld.c). A kick that brings no news is not a signal: the
 * wait goes on, for what is left of its time. All mind TimerTimeout(). sigpending() needs nothing, since
 * SIGCHLD is pending as long as there is news.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/states.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "client/cancel.h"
#include "client/export.h"
#include "client/result.h"
#include "client/sigchld.h"
#include "message/timeout.h"

#define NS_PER_S 1000000000L

static int take_signal(const sigset_t *set, siginfo_t *ret_info, const struct timespec *timeout)
{
	int cancel = cancel_open();
	int signo = (int)syscall(SYS_rt_sigtimedwait, set, ret_info, timeout, NSIG / 8);

	cancel_close(cancel);
	/* As glibc has it: tkill is nothing that POSIX knows. */
	if (signo > 0 && ret_info->si_code == SI_TKILL)
		ret_info->si_code = SI_USER;
	return signo;
}

static struct timespec time_left(const struct timespec *deadline)
{
	struct timespec now, left;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	left.tv_sec = deadline->tv_sec - now.tv_sec;
	left.tv_nsec = deadline->tv_nsec - now.tv_nsec;
	if (left.tv_nsec < 0) {
		left.tv_sec--;
		left.tv_nsec += NS_PER_S;
	}
	return left.tv_sec < 0 ? (struct timespec){0} : left;
}

static struct timespec deadline_of(const struct timespec *timeout)
{
	struct timespec deadline;

	(void)clock_gettime(CLOCK_MONOTONIC, &deadline);    /* cannot fail */
	deadline.tv_sec += MIN(timeout->tv_sec, INT32_MAX); /* 68 years will do */
	deadline.tv_nsec += timeout->tv_nsec;
	if (deadline.tv_nsec >= NS_PER_S) {
		deadline.tv_sec++;
		deadline.tv_nsec -= NS_PER_S;
	}
	return deadline;
}

static void end_taking(void *unused)
{
	(void)unused;
	sigchld_take_end();
}

/* *ret_news: of the SIGCHLD that is the answer. */
static int take_news(const sigset_t *set, siginfo_t *ret_info, const struct timespec *timeout,
		     enum sigchld_news *ret_news)
{
	struct timespec deadline = {0}, left = {0};
	int signo;

	if (timeout) {
		left = *timeout;
		deadline = deadline_of(timeout);
	}
	for (;;) {
		signo = take_signal(set, ret_info, timeout ? &left : NULL);
		if (signo != SIGCHLD)
			return signo;
		*ret_news = sigchld_resolve(ret_info, false);
		if (*ret_news != SIGCHLD_NOTHING)
			return signo;
		if (timeout)
			left = time_left(&deadline);
	}
}

static int take_exact(const sigset_t *set, siginfo_t *ret_info, const struct timespec *timeout)
{
	enum sigchld_news news = SIGCHLD_LAST;
	int signo;

	sigchld_take_begin();
	pthread_cleanup_push(end_taking, NULL);
	signo = take_news(set, ret_info, timeout, &news);
	if (signo == SIGCHLD && news == SIGCHLD_MORE)
		sigchld_kick();
	pthread_cleanup_pop(1);
	return signo;
}

static int wait_for(const sigset_t *set, siginfo_t *ret_info, const struct timespec *timeout)
{
	siginfo_t info;
	int signo;

	if (sigismember(set, SIGCHLD) == 1 &&
	    !(timeout && (timeout->tv_nsec < 0 || timeout->tv_nsec >= NS_PER_S)))
		signo = take_exact(set, &info, timeout);
	else
		signo = take_signal(set, &info, timeout);
	if (signo > 0 && ret_info)
		*ret_info = info;
	return signo;
}

/* Until the wait's own end or the limit, whichever comes first. */
static int wait_piece(const sigset_t *set, siginfo_t *ret_info, const struct timespec *left,
		      const struct timeout *limit, bool *ret_limited)
{
	struct timespec allowed;
	const struct timespec *piece = timeout_left(limit, &allowed);

	*ret_limited = piece && (!left || piece->tv_sec < left->tv_sec ||
				 (piece->tv_sec == left->tv_sec && piece->tv_nsec < left->tv_nsec));
	return wait_for(set, ret_info, *ret_limited ? piece : left);
}

/* With TimerTimeout()'s @limit. */
static int wait_limited(const sigset_t *set, siginfo_t *ret_info, const struct timespec *timeout,
			struct timeout *limit)
{
	struct timespec deadline = {0}, left = {0};
	bool limited;
	int signo, r;

	if (timeout && (timeout->tv_nsec < 0 || timeout->tv_nsec >= NS_PER_S))
		return result_errno(-EINVAL);
	if (timeout)
		deadline = deadline_of(timeout);
	for (;;) {
		if (timeout)
			left = time_left(&deadline);
		signo = wait_piece(set, ret_info, timeout ? &left : NULL, limit, &limited);
		if (signo > 0 || errno != EAGAIN || !limited)
			return signo;
		r = timeout_expired(limit);
		if (r < 0)
			return result_errno(r);
	}
}

static int wait_any(const sigset_t *set, siginfo_t *ret_info, const struct timespec *timeout,
		    struct timeout *limit)
{
	return limit->is_armed ? wait_limited(set, ret_info, timeout, limit) :
				 wait_for(set, ret_info, timeout);
}

EXPORT int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
	struct timeout limit;

	timeout_take(STATE_SIGWAITINFO, &limit);
	return wait_any(set, info, timeout, &limit);
}

EXPORT int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
	return sigtimedwait(set, info, NULL);
}

EXPORT int sigwait(const sigset_t *set, int *sig)
{
	struct timeout limit;
	int signo;

	timeout_take(STATE_SIGWAITINFO, &limit);
	do {
		signo = wait_any(set, NULL, NULL, &limit);
	} while (signo < 0 && errno == EINTR);
	if (signo < 0)
		return errno;
	*sig = signo;
	return 0;
}
