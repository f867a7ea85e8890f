// SPDX-License-Identifier: Apache-2.0
/*
 * poll() and select() of sets with files of servers in them.
 *
 * Each server is asked whether what is waited for is so, and is to tell us if it is not (watch.c).
 * Then the kernel waits for the plain descriptors and for that news, after which those servers
 * are asked again that had some. In the end what was armed and did not come is disarmed. A server
 * without that message is always ready, as files without poll are for the kernel.
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
#include "io/epoll.h"
#include "io/file.h"
#include "io/plain.h"
#include "io/waiter.h"
#include "io/watch.h"

#define NS_PER_S 1000000000
/* Descriptors for news. */
#define NEWS     2

struct polled {
	struct watcher watcher; /* first */
	struct waiter *waiter;
};

struct set {
	struct pollfd *fds;
	nfds_t n;
	struct pollfd *kernel; /* the same without what is served, and what has news behind */
	struct polled *served; /* by the same numbers */
	struct waiter *waiter;
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

static void polled_tell(struct watcher *w)
{
	bell_ring(&((struct polled *)w)->waiter->bell);
}

static bool is_served(const struct set *s, nfds_t i)
{
	return s->served[i].waiter;
}

/* How many of the servers' are ready, -EINTR. Who is armed would have told us. */
static int ask_all(struct set *s)
{
	int n = 0;

	for (nfds_t i = 0; i < s->n; i++) {
		struct watcher *w = &s->served[i].watcher;
		long events;

		if (!is_served(s, i) || __atomic_load_n(&w->is_armed, __ATOMIC_ACQUIRE))
			continue;
		events = watch_events(watch_ask(w), (uint32_t)s->fds[i].events);
		if (events < 0)
			return (int)events;
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
			long events = watch_events(watch_take_back(&s->served[i].watcher),
						   (uint32_t)s->fds[i].events);

			s->fds[i].revents = (short)MAX(events, 0L);
		}
		n += s->fds[i].revents != 0;
	}
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
	s->kernel[s->n] = (struct pollfd){.fd = watch_fd(), .events = POLLIN};
	s->kernel[s->n + 1] =
		(struct pollfd){.fd = guard_number(&s->waiter->bell), .events = POLLIN};
	rc = plain_call_blocking(SYS_ppoll, (long)s->kernel, (long)s->n + NEWS,
				 (long)(limit ? &left : NULL), (long)mask, 8, 0);
	if (rc < 0)
		return -errno;
	*ret_news = s->kernel[s->n].revents || s->kernel[s->n + 1].revents;
	for (nfds_t i = 0; i < s->n; i++)
		if (!is_served(s, i))
			s->fds[i].revents = s->kernel[i].revents;
	return (int)rc - (s->kernel[s->n].revents != 0) - (s->kernel[s->n + 1].revents != 0);
}

/* The bell first: who is told after that is asked. */
static void take_news(const struct set *s)
{
	bell_hush(&s->waiter->bell);
	watch_hear();
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
			take_news(s);
		if (plain < 0 || served + plain > 0)
			return plain < 0 ? plain : served + plain;
		if (!news && end >= 0 && now_ns() >= end)
			return 0;
	}
}

static bool set_list(struct set *s)
{
	sigset_t mask;
	int rc = 0;

	watch_lock(&mask);
	for (nfds_t i = 0; i < s->n && rc == 0; i++) {
		struct polled *p = &s->served[i];

		p->watcher.tell = polled_tell;
		p->watcher.wants = watch_conditions((uint32_t)s->fds[i].events);
		if (is_served(s, i))
			rc = watch_list(&p->watcher, s->fds[i].fd);
		/* Closed since we looked: it will be said. */
		if (rc == -EBADF)
			rc = 0;
	}
	watch_unlock(&mask);
	return rc == 0;
}

static bool set_init(struct set *s)
{
	s->kernel = calloc(s->n + NEWS, sizeof(*s->kernel));
	s->served = calloc(s->n + 1, sizeof(*s->served));
	if (!s->kernel || !s->served || watch_begin() < 0)
		return false;
	s->waiter = waiter_take();
	if (!s->waiter)
		return false;
	for (nfds_t i = 0; i < s->n; i++) {
		s->kernel[i] = s->fds[i];
		s->fds[i].revents = 0;
		if (file_is(s->fds[i].fd)) {
			s->kernel[i].fd = -1;
			s->served[i].waiter = s->waiter;
		} else if (io_is_flagged(s->fds[i].fd)) {
			(void)epoll_own(s->fds[i].fd); /* else its parent's news are seen, too */
		}
	}
	return set_list(s);
}

/* After a cancellation a pulse may yet come: it is for nobody. */
static void set_fini(void *arg)
{
	struct set *s = arg;
	sigset_t mask;

	watch_lock(&mask);
	for (nfds_t i = 0; s->served && i < s->n; i++)
		watch_unlist(&s->served[i].watcher);
	watch_unlock(&mask);
	if (s->waiter)
		waiter_give(s->waiter);
	free(s->served);
	free(s->kernel);
}

static int set_wait_and_disarm(struct set *s, int64_t end, const sigset_t *mask)
{
	int n = set_wait(s, end, mask), ready;

	for (nfds_t i = 0; i < s->n; i++) {
		if (!s->served[i].watcher.may_be_armed)
			continue;
		ready = ask_armed(s);
		return n < 0 && ready == 0 ? n : ready;
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
