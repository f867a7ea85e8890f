// SPDX-License-Identifier: Apache-2.0
/*
 * epoll with files of servers among what is waited for.
 *
 * The rule: the kernel's set stays what it is, with all plain descriptors in it, and every wait
 * is the kernel's own. A set to which the first file of a server is added is flagged, and gets two
 * more descriptors, both level-triggered: where news of servers come (watch.c), and a bell of its
 * own. Their data are addresses of ours, which no program's own are, and they are never shown.
 *
 *	Of each file of a server there is a member. QUIET: its server tells when there is something
 *	(or it was disabled by EPOLLONESHOT). NEWS: there may be something; the bell is rung
 *	while there are such. ASKED: one thread has it, and asks its server.
 *
 *	A wait asks for the members that have news, then the kernel: without waiting if something
 *	has come of that. What is reported and level-triggered is news again, so that it is asked for by the
 *	next wait. What is edge-triggered was armed by the same message that said what is so: each
 *	change from then on is news. If the thread is cancelled before its wait is over, what
 *	it has is news again.
 *
 *	A thread that waits in the kernel when the set is flagged is woken by what it does not
 *	know, sees the flag, and waits as here.
 *
 *	A member is one open file under one descriptor: it leaves the set when that descriptor is
 *	closed, whatever duplicates there are. differs: the kernel would keep it for those.
 *
 *	A set shared with a forked child would have each see the other's bells. So the child has a
 *	set of its own from its first call with it on: a new one takes the descriptor's place, with
 *	the plain members that the kernel names (/proc/self/fdinfo), if they are open yet. differs:
 *	sets with plain members only are shared.
 *
 * A set that is waited for itself, by poll() or in another set, is readable when there is news, of
 * whomever: its next wait may find nothing. A server without _IO_NOTIFY is EPERM, as a file without
 * poll is for the kernel; EPOLLET with one that refuses to arm edges is EINVAL.
 *
 * Without files of servers a wait costs one look at a flag, and one more when there are events.
 */
#include "io/epoll.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/util.h"
#include "client/export.h"
#include "client/guard.h"
#include "client/io.h"
#include "client/result.h"
#include "host/linux/guarded.h"
#include "io/epoll_set.h"
#include "io/file.h"
#include "io/plain.h"

#define NS_PER_S    INT64_C(1000000000)
#define NS_PER_MS   INT64_C(1000000)
#define FOR_EVER    (-1)
/* Looks for the kernel's events when those of servers have taken all room before. */
#define PLAIN_LOOKS 3
/* What may stand beside EPOLLEXCLUSIVE. */
#define EXCLUSIVE_MAY                                                                 \
	((uint32_t)EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | \
	 EPOLLEXCLUSIVE)

/* ---- epoll_create() ---- */

/* Closed by a raw system call, perhaps: then whatever has the number's flag is not this. */
static int created(int fd)
{
	if (!io_is_flagged(fd))
		return fd;
	(void)file_is_served(fd); /* sees that it is not */
	epoll_closing(fd);
	io_flag_clear(fd);
	return fd;
}

EXPORT int epoll_create(int size)
{
	if (size <= 0)
		return result_errno(-EINVAL);
	return created((int)syscall(SYS_epoll_create1, 0));
}

EXPORT int epoll_create1(int flags)
{
	return created((int)syscall(SYS_epoll_create1, flags));
}

/* ---- epoll_ctl() ---- */

/* What a set is and what it can have, in the kernel's order. */
static int control_check(int epoll, int operation, int fd, const struct epoll_event *ev)
{
	/* A socket that is not in it: says what @epoll is. */
	if (PLAIN(epoll_ctl, epoll, EPOLL_CTL_DEL, fd, NULL, 0) < 0 && errno != ENOENT)
		return -errno;
	if (operation == EPOLL_CTL_DEL || !(ev->events & EPOLLEXCLUSIVE))
		return 0;
	return operation == EPOLL_CTL_MOD || ev->events & ~EXCLUSIVE_MAY ? -EINVAL : 0;
}

/* 0: what the server says of @m is for a wait to tell. */
static int refusal(const struct epoll_member *m, long rc)
{
	if (rc == -ENOSYS || rc == -ENOTTY)
		return -EPERM;
	return m->watcher.is_edge && (rc == -EINVAL || rc == -ENOTSUP) ? -EINVAL : 0;
}

/* After an ADD or a MOD its server is asked, as the kernel asks a file: now there is what there
 * is, and it is known whether it can be waited for. With the lock, which it leaves. */
static int epoll_member_begin(struct epoll_member *m, sigset_t *mask)
{
	uint32_t version = m->version;
	long rc = 0;
	int error;

	if (epoll_member_is_disabled(m))
		return 0;
	epoll_member_ask(m);
	watch_unlock(mask);
	rc = watch_ask(&m->watcher);
	watch_lock(mask);
	if (!epoll_member_is_kept(m))
		return 0;
	m->state = QUIET;
	error = m->version == version ? refusal(m, rc) : 0;
	if (error == 0 && (rc != 0 || m->has_news || m->version != version))
		epoll_member_to_news(m);
	m->has_news = false;
	return error;
}

struct control {
	struct epoll_set *set;
	int operation, fd;
	const struct epoll_event *event;
	sigset_t mask;
};

static int control_add(struct control *c)
{
	struct epoll_member *m;
	int rc;

	if (epoll_member_find(c->set, c->fd))
		return -EEXIST;
	m = epoll_member_new();
	if (!m)
		return -ENOMEM;
	epoll_member_wish(m, c->event);
	rc = watch_list(&m->watcher, c->fd);
	if (rc < 0) {
		epoll_member_free(m);
		return rc;
	}
	m->set = c->set;
	TAILQ_INSERT_TAIL(&c->set->members, m, of_set);
	rc = epoll_member_begin(m, &c->mask);
	if (rc < 0)
		epoll_member_remove(m);
	return rc;
}

static int control_modify(struct control *c)
{
	struct epoll_member *m = epoll_member_find(c->set, c->fd);
	struct epoll_event before;
	int rc;

	if (!m)
		return -ENOENT;
	if (m->events & EPOLLEXCLUSIVE)
		return -EINVAL;
	before = (struct epoll_event){.events = m->events, .data = m->data};
	epoll_member_wish(m, c->event);
	/* Who asks for it sees that it is another wish. */
	if (m->state == ASKED)
		return 0;
	if (m->state == NEWS) {
		TAILQ_REMOVE(&m->set->news, m, of_state);
		epoll_set_update_bell(m->set);
	}
	m->state = QUIET;
	m->watcher.is_armed = false;
	rc = epoll_member_begin(m, &c->mask);
	if (rc < 0) {
		epoll_member_wish(m, &before);
		m->events = before.events;
		if (!epoll_member_is_disabled(m))
			epoll_member_to_news(m);
	}
	return rc;
}

static int control_remove(struct control *c)
{
	struct epoll_member *m = epoll_member_find(c->set, c->fd);

	if (!m)
		return -ENOENT;
	epoll_member_remove(m);
	return 0;
}

/* No cancellation point, as the kernel's is none. */
static int control_run(struct control *c)
{
	int cancel = cancel_hold(), rc;

	watch_lock(&c->mask);
	if (c->operation == EPOLL_CTL_ADD)
		rc = control_add(c);
	else if (c->operation == EPOLL_CTL_MOD)
		rc = control_modify(c);
	else
		rc = control_remove(c);
	watch_unlock(&c->mask);
	epoll_set_leave(c->set);
	cancel_let(cancel);
	return rc;
}

static int control_served(int epoll, int operation, int fd, struct epoll_event *event)
{
	struct epoll_event ev = {.events = 0};
	struct control c = {.operation = operation, .fd = fd, .event = &ev};
	int rc;

	if (operation != EPOLL_CTL_DEL && (!event || guarded_copy(&ev, event, sizeof(ev)) < 0))
		return -EFAULT;
	rc = control_check(epoll, operation, fd, &ev);
	if (rc < 0)
		return rc;
	if (operation != EPOLL_CTL_ADD && operation != EPOLL_CTL_MOD && operation != EPOLL_CTL_DEL)
		return -EINVAL;
	c.set = operation == EPOLL_CTL_ADD ? epoll_set_want(epoll, &rc) :
					     epoll_set_enter(epoll, &rc);
	if (!c.set)
		return rc < 0 ? rc : -ENOENT;
	return control_run(&c);
}

EXPORT int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	int rc;

	if (guard_is_hidden(epoll) || guard_is_hidden(fd))
		return result_errno(-EBADF);
	if (file_is(fd))
		return result_errno(control_served(epoll, operation, fd, event));
	rc = io_is_flagged(epoll) ? epoll_own(epoll) : 0;
	if (rc < 0)
		return result_errno(rc);
	return (int)PLAIN(epoll_ctl, epoll, operation, fd, event, 0);
}

/* ---- epoll_wait() ---- */

struct visit {
	int epoll;
	struct epoll_set *set;
	struct epoll_event *events;
	int max;
	int n;                      /* reported of servers */
	struct epoll_members taken; /* ASKED, by us */
	int64_t end;                /* on the monotonic clock, or FOR_EVER */
	const sigset_t *mask;
};

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* It was asked for, and that is over. With the lock. */
static void epoll_member_give(struct visit *v, struct epoll_member *m, bool has_news)
{
	TAILQ_REMOVE(&v->taken, m, of_state);
	if (!epoll_member_is_kept(m))
		return;
	m->state = QUIET;
	if ((has_news || m->has_news) && !epoll_member_is_disabled(m))
		epoll_member_to_news(m);
	m->has_news = false;
}

/* The next one of those *left that had news when we began. */
static struct epoll_member *take_next(struct visit *v, unsigned *left)
{
	struct epoll_member *m = *left ? TAILQ_FIRST(&v->set->news) : NULL;

	if (!m)
		return NULL;
	--*left;
	TAILQ_REMOVE(&v->set->news, m, of_state);
	epoll_set_update_bell(v->set);
	epoll_member_ask(m);
	TAILQ_INSERT_TAIL(&v->taken, m, of_state);
	return m;
}

/* Asks for @m. What there is is event number v->n, and @m stays taken. With the lock, which it
 * leaves. 0, -EINTR, -EFAULT. */
static int ask_member(struct visit *v, struct epoll_member *m, sigset_t *mask)
{
	const struct epoll_event before = {.events = m->events, .data = m->data};
	uint32_t version = m->version;
	struct epoll_event ev;
	long events;

	watch_unlock(mask);
	/* It may have been inherited, and its server too busy to be told. */
	(void)file_is_served(m->watcher.fd);
	events = watch_events(watch_ask(&m->watcher), before.events);
	watch_lock(mask);
	ev = (struct epoll_event){.events = events > 0 ? (uint32_t)events : 0, .data = before.data};
	/* Closed by a raw system call. */
	if (m->set && !watch_is_open(&m->watcher))
		epoll_member_remove(m);
	if (!m->set || m->version != version || events == 0) {
		epoll_member_give(v, m, m->version != version);
		return 0;
	}
	if (events < 0 || guarded_copy(&v->events[v->n], &ev, sizeof(ev)) < 0) {
		epoll_member_give(v, m, true);
		return events < 0 ? (int)events : -EFAULT;
	}
	m->reported = version;
	v->n++;
	return 0;
}

/* Those that have news now. 0, or why not. */
static int ask_news(struct visit *v)
{
	unsigned left = 0;
	struct epoll_member *m;
	sigset_t mask;
	int rc = 0;

	if (!__atomic_load_n(&v->set->is_rung, __ATOMIC_ACQUIRE))
		return 0;
	watch_lock(&mask);
	for (m = TAILQ_FIRST(&v->set->news); m; m = TAILQ_NEXT(m, of_state))
		left++;
	while (rc == 0 && v->n < v->max && (m = take_next(v, &left)) != NULL)
		rc = ask_member(v, m, &mask);
	watch_unlock(&mask);
	return v->n > 0 ? 0 : rc;
}

/* What was reported is so; else all that was taken has news again. */
static void visit_settle(struct visit *v, bool is_reported)
{
	struct epoll_member *m;
	sigset_t mask;

	if (TAILQ_EMPTY(&v->taken))
		return;
	watch_lock(&mask);
	while ((m = TAILQ_FIRST(&v->taken)) != NULL) {
		bool is_told = is_reported && m->reported == m->version;

		if (is_told && m->events & EPOLLONESHOT) {
			m->events &= EPOLL_HOW;
			m->watcher.wants = 0;
			m->watcher.is_armed = false;
		}
		epoll_member_give(v, m, !is_told || !(m->events & EPOLLET));
	}
	watch_unlock(&mask);
}

static void visit_leave(void *arg)
{
	struct visit *v = arg;

	visit_settle(v, false);
	epoll_set_leave(v->set);
}

static long kernel_wait(const struct visit *v, int64_t left)
{
	const struct timespec limit = {left / NS_PER_S, left % NS_PER_S};
	long n;

	if (left <= 0)
		return plain_call_blocking(SYS_epoll_pwait, v->epoll, (long)v->events, v->max,
					   left < 0 ? -1 : 0, (long)v->mask, 8);
	n = plain_call_blocking(SYS_epoll_pwait2, v->epoll, (long)v->events, v->max, (long)&limit,
				(long)v->mask, 8);
	if (n >= 0 || errno != ENOSYS)
		return n;
	/* Before 5.11: never too early. */
	return plain_call_blocking(SYS_epoll_pwait, v->epoll, (long)v->events, v->max,
				   MIN((left + NS_PER_MS - 1) / NS_PER_MS, (int64_t)INT_MAX),
				   (long)v->mask, 8);
}

/* Ours are taken out of @n events. */
static int sift(struct epoll_event *events, int n, bool *ret_had)
{
	int kept = 0;

	*ret_had = false;
	for (int i = 0; i < n; i++) {
		if (epoll_is_ours(&events[i]))
			*ret_had = true;
		else
			events[kept++] = events[i];
	}
	return kept;
}

/* Up to what room there is behind those of servers, and never waiting if there are some. The
 * number, or -errno. */
static int ask_kernel(struct visit *v, int64_t left, bool *ret_news)
{
	struct visit rest = *v;
	long n;

	rest.events += v->n;
	rest.max -= v->n;
	*ret_news = false;
	if (rest.max == 0)
		return 0;
	/* No cancellation while events are in our hands. */
	if (v->n > 0)
		n = syscall(SYS_epoll_pwait, v->epoll, rest.events, rest.max, 0, NULL, 8);
	else
		n = kernel_wait(&rest, left);
	if (n < 0)
		return -errno;
	n = sift(rest.events, (int)n, ret_news);
	if (*ret_news)
		watch_hear();
	return (int)n;
}

static int64_t left_until(int64_t end)
{
	return end == FOR_EVER ? FOR_EVER : MAX(end - now_ns(), (int64_t)0);
}

/* One round: the number of events, 0: another one, or the time is up, -errno. */
static int visit_once(struct visit *v, bool *ret_is_over)
{
	int rc = ask_news(v), n;
	int64_t left;
	bool has_news;

	*ret_is_over = false;
	if (rc < 0)
		return rc;
	left = left_until(v->end);
	n = ask_kernel(v, left, &has_news);
	if (v->n > 0)
		return v->n + MAX(n, 0);
	*ret_is_over = n == 0 && !has_news && left == 0;
	return n;
}

/* With the servers' first, plain ones may never come. */
static int visit_plain(struct visit *v)
{
	int n = 0;
	bool has_news = true;

	for (int i = 0; i < PLAIN_LOOKS && n == 0 && has_news; i++)
		n = ask_kernel(v, 0, &has_news);
	return MAX(n, 0);
}

static int visit_run(struct visit *v)
{
	int n = __atomic_load_n(&v->set->plain_first, __ATOMIC_RELAXED) ? visit_plain(v) : 0;
	bool is_over = false;

	if (n > 0)
		return n;
	for (unsigned rounds = 1; n == 0 && !is_over; rounds++) {
		/* Closed, and perhaps another one. */
		if (epoll_set_find(v->epoll) != v->set)
			return -EBADF;
		n = visit_once(v, &is_over);
		/* Whoever sends news without end is no reason to stay. */
		is_over |= rounds > 2 && v->end != FOR_EVER && now_ns() >= v->end;
	}
	return n;
}

static int wait_set(struct visit *v)
{
	int n;

	if (v->max <= 0 || v->max > (int)(INT_MAX / sizeof(struct epoll_event)))
		n = -EINVAL;
	else
		n = visit_run(v);
	visit_settle(v, n > 0);
	__atomic_store_n(&v->set->plain_first, n > 0 && v->n == v->max, __ATOMIC_RELAXED);
	return n;
}

/* In a set that is flagged. */
static int wait_flagged(struct visit *v)
{
	int n = 0;

	TAILQ_INIT(&v->taken);
	v->set = epoll_set_enter(v->epoll, &n);
	if (!v->set)
		return n < 0 ? result_errno(n) : (int)kernel_wait(v, left_until(v->end));
	pthread_cleanup_push(visit_leave, v);
	n = wait_set(v);
	pthread_cleanup_pop(1);
	return result_errno(n);
}

/*
 * The kernel has @n events of a set that was not flagged when we asked. How long we have waited is
 * not known: if nothing is left but ours, that is as if a signal had come.
 */
static int wait_found(struct visit *v, int n, bool is_for_ever)
{
	bool had;

	n = sift(v->events, n, &had);
	if (n > 0 || !had)
		return n;
	v->end = is_for_ever ? FOR_EVER : 0;
	n = wait_flagged(v);
	return n == 0 ? result_errno(-EINTR) : n;
}

static int64_t end_of(int64_t ns)
{
	return ns < 0 ? FOR_EVER : now_ns() + ns;
}

EXPORT int epoll_pwait(int epoll, struct epoll_event *events, int max, int timeout,
		       const sigset_t *mask)
{
	struct visit v = {.epoll = epoll, .events = events, .max = max, .mask = mask};
	int n;

	if (io_is_flagged(epoll)) {
		v.end = end_of(timeout * NS_PER_MS);
		return wait_flagged(&v);
	}
	n = (int)plain_call_blocking(SYS_epoll_pwait, epoll, (long)events, max, timeout, (long)mask,
				     8);
	if (n > 0 && io_is_flagged(epoll))
		return wait_found(&v, n, timeout < 0);
	return n;
}

EXPORT int epoll_wait(int epoll, struct epoll_event *events, int max, int timeout)
{
	return epoll_pwait(epoll, events, max, timeout, NULL);
}

static int64_t ns_of(const struct timespec *limit)
{
	/* In a century nobody will ask. */
	return limit ? MIN((int64_t)limit->tv_sec, INT64_C(100) * 365 * 86400) * NS_PER_S +
			       limit->tv_nsec :
		       FOR_EVER;
}

/* Younger than some C libraries. */
int epoll_pwait2(int epoll, struct epoll_event *events, int max, const struct timespec *limit,
		 const sigset_t *mask);
EXPORT int epoll_pwait2(int epoll, struct epoll_event *events, int max,
			const struct timespec *limit, const sigset_t *mask)
{
	struct visit v = {.epoll = epoll, .events = events, .max = max, .mask = mask};
	int n;

	if (io_is_flagged(epoll)) {
		if (limit &&
		    (limit->tv_sec < 0 || limit->tv_nsec < 0 || limit->tv_nsec >= NS_PER_S))
			return result_errno(-EINVAL);
		v.end = end_of(ns_of(limit));
		return wait_flagged(&v);
	}
	n = (int)plain_call_blocking(SYS_epoll_pwait2, epoll, (long)events, max, (long)limit,
				     (long)mask, 8);
	if (n > 0 && io_is_flagged(epoll))
		return wait_found(&v, n, !limit);
	return n;
}
