// SPDX-License-Identifier: Apache-2.0
/*
 * sigwaitinfo(), sigtimedwait() and sigwait(): glibc's, with one exact siginfo
 * for each death (sigchld.c). A kick that brings no news is not a signal: the
 * wait goes on, for what is left of its time. sigpending() needs nothing, since
 * SIGCHLD is pending as long as there is news.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "client/cancel.h"
#include "client/export.h"
#include "client/sigchld.h"

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

static int take_exact(const sigset_t *set, siginfo_t *ret_info, const struct timespec *timeout)
{
	struct timespec deadline = {0}, left = {0};
	enum sigchld_news news = SIGCHLD_LAST;
	int signo;

	if (timeout) {
		left = *timeout;
		deadline = deadline_of(timeout);
	}
	sigchld_take_begin();
	pthread_cleanup_push(end_taking, NULL);
	for (;;) {
		signo = take_signal(set, ret_info, timeout ? &left : NULL);
		if (signo != SIGCHLD)
			break;
		news = sigchld_resolve(ret_info, false);
		if (news != SIGCHLD_NOTHING)
			break;
		if (timeout)
			left = time_left(&deadline);
	}
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

EXPORT int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
	return wait_for(set, info, timeout);
}

EXPORT int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
	return wait_for(set, info, NULL);
}

EXPORT int sigwait(const sigset_t *set, int *sig)
{
	int signo;

	do {
		signo = wait_for(set, NULL, NULL);
	} while (signo < 0 && errno == EINTR);
	if (signo < 0)
		return errno;
	*sig = signo;
	return 0;
}
