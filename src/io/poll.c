// SPDX-License-Identifier: Apache-2.0
/*
 * poll() and select() of sets with files of servers in them.
 *
 * Each server is asked by _IO_NOTIFY whether what is waited for is so, and is to send a pulse to
 * a channel of ours if not. Then the kernel waits for the plain descriptors and for that channel;
 * a pulse has all servers asked again. In the end what was armed and did not come is disarmed. A
 * server without that message is always ready, as files without poll are for the kernel.
 *
 * Sets without such files are the kernel's, after a look at each descriptor's bit.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/iomsg.h>
#include <sys/select.h>
#include <sys/siginfo.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "client/export.h"
#include "client/guard.h"
#include "client/real.h"
#include "client/result.h"
#include "io/file.h"
#include "io/plain.h"
#include "io/waiter.h"
#include "message/thread.h"

#define NS_PER_S     1000000000
#define IN_EVENTS    (POLLIN | POLLRDNORM)
#define OUT_EVENTS   (POLLOUT | POLLWRNORM)
#define OBAND_EVENTS (POLLPRI | POLLRDBAND)
#define PULSE_CODE   1

struct set {
	struct pollfd *fds;
	nfds_t n;
	struct pollfd *kernel; /* the same without what is served, and the channel behind */
	struct waiter *waiter;
	nfds_t n_armed; /* whose servers may send a pulse */
};

static bool has_served(struct pollfd *fds, nfds_t n)
{
	/* glibc declares that poll() only writes there; gcc would not have us look. */
	__asm__("" : "+r"(fds));
	for (nfds_t i = 0; i < n; i++)
		if (io_is_flagged(fds[i].fd))
			return true;
	return false;
}

static uint32_t conditions(short events)
{
	return (events & IN_EVENTS ? _NOTIFY_COND_INPUT : 0) |
	       (events & OUT_EVENTS ? _NOTIFY_COND_OUTPUT : 0) |
	       (events & OBAND_EVENTS ? _NOTIFY_COND_OBAND : 0);
}

static short events_of(uint32_t flags, short wanted)
{
	return wanted & (short)((flags & _NOTIFY_COND_INPUT ? IN_EVENTS : 0) |
				(flags & _NOTIFY_COND_OUTPUT ? OUT_EVENTS : 0) |
				(flags & _NOTIFY_COND_OBAND ? OBAND_EVENTS : 0));
}

/* What is so; if nothing is, its server tells us later if @action says so. -EINTR. */
static int ask(const struct set *s, const struct pollfd *fd, int action)
{
	struct _io_notify m = {.type = _IO_NOTIFY,
			       .combine_len = sizeof(m),
			       .action = action,
			       .flags = (int32_t)conditions(fd->events)};
	struct _io_notify_reply reply = {.flags = 0};
	long rc;

	if (!m.flags)
		return 0;
	SIGEV_PULSE_INIT(&m.event, s->waiter->coid, thread_priority(), PULSE_CODE, 0);
	rc = file_send(fd->fd, &m, sizeof(m), &reply, sizeof(reply));
	if (rc >= 0)
		return events_of(reply.flags, fd->events);
	if (rc == -ENOSYS || rc == -ENOTTY)
		return fd->events & (IN_EVENTS | OUT_EVENTS);
	if (rc == -EINTR)
		return -EINTR;
	return rc == -ESRCH || rc == -EBADF ? POLLHUP | POLLERR : POLLERR;
}

static bool is_served(const struct set *s, nfds_t i)
{
	return s->kernel[i].fd < 0 && s->fds[i].fd >= 0;
}

/* How many of the servers' are ready, -EINTR. */
static int ask_all(struct set *s)
{
	int n = 0;

	s->n_armed = 0;
	for (nfds_t i = 0; i < s->n; i++) {
		int events;

		if (!is_served(s, i))
			continue;
		events = ask(s, &s->fds[i], _NOTIFY_ACTION_POLLARM);
		/* Who was interrupted does not know what the server has heard. */
		if (events <= 0)
			s->n_armed++;
		if (events < 0)
			return events;
		s->fds[i].revents = (short)events;
		n += events != 0;
	}
	return n;
}

/* What came meanwhile counts, and nothing is left behind. Answers all that are ready. */
static int ask_armed(struct set *s)
{
	int n = 0;

	for (nfds_t i = 0; i < s->n; i++) {
		if (is_served(s, i) && !s->fds[i].revents) {
			int events = ask(s, &s->fds[i], _NOTIFY_ACTION_POLL);

			s->fds[i].revents = (short)MAX(events, 0);
		}
		n += s->fds[i].revents != 0;
	}
	s->n_armed = 0;
	return n;
}

/* How many of the plain ones are ready, -errno. */
static int ask_kernel(struct set *s, const struct timespec *limit, const sigset_t *mask,
		      bool *ret_news)
{
	struct timespec left;
	long rc;

	if (limit)
		left = *limit;
	s->kernel[s->n] = (struct pollfd){.fd = s->waiter->fd, .events = POLLIN};
	rc = plain_call_blocking(SYS_ppoll, (long)s->kernel, (long)s->n + 1,
				 (long)(limit ? &left : NULL), (long)mask, 8, 0);
	if (rc < 0)
		return -errno;
	*ret_news = s->kernel[s->n].revents != 0;
	for (nfds_t i = 0; i < s->n; i++)
		if (s->kernel[i].fd >= 0)
			s->fds[i].revents = s->kernel[i].revents;
	return (int)rc - *ret_news;
}

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* When that time from now is over, -1: never, -EINVAL: it is no time. */
static int64_t end_of(const struct timespec *limit)
{
	if (!limit)
		return -1;
	if (limit->tv_sec < 0 || limit->tv_nsec < 0 || limit->tv_nsec >= NS_PER_S)
		return -EINVAL;
	/* In a century nobody will ask. */
	return now_ns() + MIN((int64_t)limit->tv_sec, INT64_C(100) * 365 * 86400) * NS_PER_S +
	       limit->tv_nsec;
}

static const struct timespec *left_of(int64_t end, bool is_done, struct timespec *ret)
{
	int64_t left = is_done ? 0 : end - now_ns();

	if (end < 0 && !is_done)
		return NULL;
	left = MAX(left, (int64_t)0);
	*ret = (struct timespec){left / NS_PER_S, left % NS_PER_S};
	return ret;
}

/* Until @end, as of end_of(). */
static int set_wait(struct set *s, int64_t end, const sigset_t *mask)
{
	for (;;) {
		int served = ask_all(s), plain;
		struct timespec room;
		bool news = false;

		if (served < 0)
			return served;
		plain = ask_kernel(s, left_of(end, served > 0, &room), mask, &news);
		if (news)
			waiter_drain(s->waiter);
		if (plain < 0 || served + plain > 0)
			return plain < 0 ? plain : served + plain;
		if (!news && end >= 0 && now_ns() >= end)
			return 0;
	}
}

static bool set_init(struct set *s)
{
	s->kernel = calloc(s->n + 1, sizeof(*s->kernel));
	if (!s->kernel)
		return false;
	for (nfds_t i = 0; i < s->n; i++) {
		s->kernel[i] = s->fds[i];
		s->fds[i].revents = 0;
		if (file_is(s->fds[i].fd))
			s->kernel[i].fd = -1;
	}
	s->waiter = waiter_take();
	return s->waiter;
}

/* After a cancellation a pulse may yet come: who has the waiter then asks once more. */
static void set_fini(void *arg)
{
	struct set *s = arg;

	if (s->waiter)
		waiter_give(s->waiter);
	free(s->kernel);
}

static int set_wait_and_disarm(struct set *s, int64_t end, const sigset_t *mask)
{
	int n = set_wait(s, end, mask), ready;

	if (s->n_armed) {
		ready = ask_armed(s);
		n = n < 0 && ready == 0 ? n : ready;
		waiter_drain(s->waiter);
	}
	return n;
}

static int set_run(struct set *s, int64_t end, const sigset_t *mask)
{
	int n = -ENOMEM;

	if (end < -1)
		return (int)end;
	pthread_cleanup_push(set_fini, s);
	if (set_init(s))
		n = set_wait_and_disarm(s, end, mask);
	pthread_cleanup_pop(1);
	return n;
}

static int poll_set(struct pollfd *fds, nfds_t n, int64_t end, const sigset_t *mask)
{
	struct set s = {.fds = fds, .n = n};

	return result_errno(set_run(&s, end, mask));
}

EXPORT int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec limit = {timeout / 1000, (long)(timeout % 1000) * 1000000};

	if (has_served(fds, n))
		return poll_set(fds, n, timeout < 0 ? -1 : end_of(&limit), NULL);
	return (int)plain_call_blocking(SYS_ppoll, (long)fds, (long)n,
					(long)(timeout < 0 ? NULL : &limit), 0, 8, 0);
}

int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size);
EXPORT int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size)
{
	if (size / sizeof(*fds) < n)
		__chk_fail();
	return poll(fds, n, timeout);
}

EXPORT int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *limit, const sigset_t *mask)
{
	struct timespec left;

	if (has_served(fds, n))
		return poll_set(fds, n, end_of(limit), mask);
	if (limit)
		left = *limit; /* the kernel writes into it */
	return (int)plain_call_blocking(SYS_ppoll, (long)fds, (long)n, (long)(limit ? &left : NULL),
					(long)mask, 8, 0);
}

int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *limit, const sigset_t *mask,
		size_t size);
EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *limit,
		       const sigset_t *mask, size_t size)
{
	if (size / sizeof(*fds) < n)
		__chk_fail();
	return ppoll(fds, n, limit, mask);
}

/* ---- select() ---- */

static bool selects_served(int n, const fd_set *set)
{
	for (int fd = 0; set && fd < MIN(n, FD_SETSIZE); fd += 64)
		if (__atomic_load_n(&io_flags[fd / 64], __ATOMIC_RELAXED) &
		    (uint64_t)set->fds_bits[fd / 64])
			return true;
	return false;
}

static short select_events(int fd, const fd_set *in, const fd_set *out, const fd_set *except)
{
	return (short)((in && FD_ISSET(fd, in) ? POLLIN : 0) |
		       (out && FD_ISSET(fd, out) ? POLLOUT : 0) |
		       (except && FD_ISSET(fd, except) ? POLLPRI : 0));
}

static int select_result(const struct pollfd *fds, int n, fd_set *in, fd_set *out, fd_set *except)
{
	int count = 0;

	for (int i = 0; i < n; i++)
		if (fds[i].revents & POLLNVAL)
			return -EBADF;
	for (int i = 0; i < n; i++) {
		const struct pollfd *f = &fds[i];
		bool is_in = f->revents & (POLLIN | POLLHUP | POLLERR) && f->events & POLLIN;
		bool is_out = f->revents & (POLLOUT | POLLERR) && f->events & POLLOUT;
		bool is_except = f->revents & f->events & POLLPRI;

		if (f->events & POLLIN && !is_in)
			FD_CLR(f->fd, in);
		if (f->events & POLLOUT && !is_out)
			FD_CLR(f->fd, out);
		if (f->events & POLLPRI && !is_except)
			FD_CLR(f->fd, except);
		count += is_in + is_out + is_except;
	}
	return count;
}

static int select_set(int n, fd_set *in, fd_set *out, fd_set *except, int64_t end,
		      const sigset_t *mask)
{
	struct pollfd fds[FD_SETSIZE];
	struct set s = {.fds = fds};
	int rc;

	if (n < 0 || n > FD_SETSIZE)
		return -EINVAL;
	for (int fd = 0; fd < n; fd++) {
		short events = select_events(fd, in, out, except);

		if (events)
			fds[s.n++] = (struct pollfd){.fd = fd, .events = events};
	}
	rc = set_run(&s, end, mask);
	return rc < 0 ? rc : select_result(fds, (int)s.n, in, out, except);
}

EXPORT int select(int n, fd_set *restrict in, fd_set *restrict out, fd_set *restrict except,
		  struct timeval *restrict timeout)
{
	struct timespec limit;
	int64_t end, left;
	int rc;

	if (!selects_served(n, in) && !selects_served(n, out) && !selects_served(n, except)) {
		extern int __select(int, fd_set *, fd_set *, fd_set *, struct timeval *);

		return __select(n, in, out, except, timeout);
	}
	/* As the kernel: microseconds may be more than a second. */
	if (timeout)
		limit = (struct timespec){timeout->tv_sec + timeout->tv_usec / 1000000,
					  timeout->tv_usec % 1000000 * 1000};
	end = end_of(timeout ? &limit : NULL);
	rc = select_set(n, in, out, except, end, NULL);
	/* As the kernel: what is left. */
	if (timeout && end >= 0) {
		left = MAX(end - now_ns(), (int64_t)0);
		*timeout = (struct timeval){left / NS_PER_S, left % NS_PER_S / 1000};
	}
	return result_errno(rc);
}

EXPORT int pselect(int n, fd_set *restrict in, fd_set *restrict out, fd_set *restrict except,
		   const struct timespec *restrict limit, const sigset_t *restrict mask)
{
	struct {
		const sigset_t *mask;
		size_t size;
	} pair = {mask, 8};
	struct timespec left;

	if (selects_served(n, in) || selects_served(n, out) || selects_served(n, except))
		return result_errno(select_set(n, in, out, except, end_of(limit), mask));
	if (limit)
		left = *limit; /* the kernel writes into it */
	return (int)plain_call_blocking(SYS_pselect6, n, (long)in, (long)out, (long)except,
					(long)(limit ? &left : NULL), (long)&pair);
}

/* ---- epoll: it waits for what the kernel knows ---- */

EXPORT int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	if (guard_is_hidden(epoll) || guard_is_hidden(fd))
		return result_errno(-EBADF);
	if (file_is(fd))
		return result_errno(-EPERM);
	return (int)PLAIN(epoll_ctl, epoll, operation, fd, event, 0);
}

/* ---- ionotify() ---- */

EXPORT int ionotify(int fd, int action, int flags, const struct sigevent *event)
{
	struct _io_notify m = {
		.type = _IO_NOTIFY, .combine_len = sizeof(m), .action = action, .flags = flags};
	struct _io_notify_reply reply = {.flags = 0};
	long rc;

	if (event)
		m.event = *event;
	if (!file_is(fd))
		return result_errno(file_not_served(fd));
	rc = file_send(fd, &m, sizeof(m), &reply, sizeof(reply));
	return rc < 0 ? result_errno((int)rc) : (int)(reply.flags & _NOTIFY_COND_MASK);
}
