// SPDX-License-Identifier: Apache-2.0
/*
 * Waiting for what servers have to say of open files.
 *
 * A server is asked by _IO_NOTIFY whether something is so, and is to send a pulse if it is not. It
 * keeps one such wish for each descriptor: a second one takes the first one's place, and asking
 * without a wish takes it away. In a process several threads and sets may wait for one
 * descriptor, so its wishes are the process's:
 *
 *	Each message has the wishes of all that are armed for that descriptor, and each pulse goes
 *	to one channel of the process. Who waits for any file polls that channel, whoever hears a
 *	pulse tells all that are armed for its descriptor, and each of them asks again.
 *
 *	Messages of several threads overtake each other. Who has sent one looks afterwards
 *	whether somebody has come meanwhile whose wishes it did not have, and if so sends another:
 *	so the last one has them all.
 *
 *	A server that is asked and to which something is so arms nothing. Then those that wait for
 *	that are told, and the wishes of the others are sent again. A wish for changes (an edge) is
 *	armed in any case, by another action; with one of these all are sent so.
 *
 *	Who leaves takes back only what nobody else waits for; a wish that nobody has any
 *	more may also stay: its pulse is for nobody.
 *
 * The death of a server is seen at the socket of the descriptor.
 *
 * differs: an ionotify() of the program's own for a descriptor takes the place of what poll() and
 * epoll have armed for it, and the other way round.
 */
#include "io/watch.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/iomsg.h>
#include <sys/neutrino.h>
#include <sys/siginfo.h>
#include <sys/states.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "client/guard.h"
#include "client/io.h"
#include "io/file.h"
#include "message/channel.h"
#include "message/connection.h"
#include "message/lock.h"
#include "message/ready.h"
#include "message/thread.h"

#define PULSE_CODE   1
#define HEAR_EVENTS  16
/* In the hub, beside descriptors. */
#define HUB_PULSES   UINT64_MAX
#define IN_EVENTS    (POLLIN | POLLRDNORM)
#define OUT_EVENTS   (POLLOUT | POLLWRNORM)
#define OBAND_EVENTS (POLLPRI | POLLRDBAND)

/* Where all news come: an epoll set of the channel and of the sockets of what is watched. */
struct hub {
	struct guard_fd set;
	uint32_t generation; /* of the process */
	uint32_t serial;
	int chid, coid;
};

struct watch {
	struct watcher *list;
	uint32_t version; /* of what is armed */
	/* Which file's socket is in which hub. */
	uint32_t hub;
	const struct connection *file;
	uint32_t serial;
};

static struct lock lock = LOCK_INIT;
static struct hub *hub; /* never freed */
static uint32_t hubs_so_far;
static struct watch *watches[IO_FDS]; /* only those pages are ever touched that have some */
static int watches_end;

void watch_lock(sigset_t *ret_mask)
{
	lock_take(&lock, ret_mask);
}

void watch_unlock(const sigset_t *mask)
{
	lock_give(&lock, mask);
}

/* ---- The hub ---- */

static bool hub_has_channel(struct hub *h)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = HUB_PULSES};
	struct channel *ch;
	int fd, rc;

	h->chid = ChannelCreate_r(_NTO_CHF_PRIVATE);
	if (h->chid < 0)
		return false;
	h->coid = ConnectAttach_r(0, 0, h->chid, _NTO_SIDE_CHANNEL, 0);
	ch = h->coid >= 0 ? channel_lock(h->chid) : NULL;
	if (ch) {
		/* The set that receiving a pulse takes events out of: the other one would stay
		 * readable. */
		rc = channel_want_pulse_waits(ch);
		fd = guard_number(&ch->pulse_waits);
		channel_unlock(ch);
		if (rc == 0 && epoll_ctl(guard_number(&h->set), EPOLL_CTL_ADD, fd, &ev) == 0)
			return true;
	}
	(void)ChannelDestroy_r(h->chid); /* it is ours */
	return false;
}

static bool hub_init(struct hub *h)
{
	sigset_t mask;
	int fd, rc;

	h->set.number = -1;
	guard_making(&mask);
	fd = epoll_create1(EPOLL_CLOEXEC);
	rc = fd < 0 ? -errno : guard_add(&h->set, fd);
	guard_made(&mask);
	if (rc < 0)
		return false;
	if (hub_has_channel(h))
		return true;
	guard_close(&h->set);
	return false;
}

static bool hub_is_good(const struct hub *h)
{
	/* The program may have wanted its number, with no other one free (guard.c). */
	return h && h->generation == thread_generation() && guard_number(&h->set) >= 0;
}

/* With the lock. */
static void tell_armed(int fd)
{
	for (struct watcher *w = watch_first(fd), *next; w; w = next) {
		next = w->next;
		if (!w->is_armed)
			continue;
		w->is_armed = false;
		w->tell(w);
	}
}

/* In a child: nothing is armed, and who polled is not here. With the lock. */
static void watches_inherit(void)
{
	for (int fd = 0; fd < watches_end; fd++) {
		struct watcher **at = watches[fd] ? &watches[fd]->list : NULL;

		while (at && *at) {
			struct watcher *w = *at;

			w->is_armed = w->may_be_armed = w->is_asking = false;
			w->is_listed = w->stays;
			if (w->stays)
				at = &w->next;
			else
				*at = w->next;
		}
	}
}

/* The first one is it. False: there was one before. */
static bool hub_install(struct hub *h)
{
	bool is_first;
	sigset_t mask;

	watch_lock(&mask);
	is_first = !hub_is_good(hub);
	if (is_first) {
		if (hub && hub->generation != h->generation)
			watches_inherit();
		h->serial = ++hubs_so_far;
		__atomic_store_n(&hub, h, __ATOMIC_RELEASE);
		/* Of what came to a former one nobody hears. */
		for (int fd = 0; fd < watches_end; fd++)
			tell_armed(fd);
	}
	watch_unlock(&mask);
	return is_first;
}

int watch_begin(void)
{
	struct hub *h;
	int rc;

	if (hub_is_good(__atomic_load_n(&hub, __ATOMIC_ACQUIRE)))
		return 0;
	rc = ready();
	if (rc < 0)
		return rc;
	h = ready_alloc(sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->generation = thread_generation();
	if (!hub_init(h))
		return -ENOMEM;
	if (hub_install(h)) {
		watch_hear(); /* our own connection is no news */
		return 0;
	}
	(void)ChannelDestroy_r(h->chid); /* it is ours */
	guard_close(&h->set);
	return 0;
}

int watch_fd(void)
{
	return guard_number(&__atomic_load_n(&hub, __ATOMIC_ACQUIRE)->set);
}

uint32_t watch_serial(void)
{
	return __atomic_load_n(&hub, __ATOMIC_ACQUIRE)->serial;
}

/* Nobody is in the middle of a change when a child is made: it has them all. */
static void before_fork(void)
{
	(void)pthread_mutex_lock(&lock.mutex); /* a plain mutex: cannot fail */
}

static void after_fork(void)
{
	(void)pthread_mutex_unlock(&lock.mutex); /* as above */
}

static void in_child(void)
{
	lock_reset(&lock);
}

__attribute__((constructor(GUARD_ATFORK_INSIDE))) static void watch_register(void)
{
	(void)pthread_atfork(before_fork, after_fork, in_child); /* no memory: no forks either */
}

/* ---- Lists ---- */

static bool is_same_file(const struct watcher *a, const struct watcher *b)
{
	return a->file == b->file && a->serial == b->serial;
}

bool watch_is_open(const struct watcher *w)
{
	const struct connection *c = connection_at(w->fd);

	return c && c == w->file && CONNECTION_GET(c, serial) == w->serial;
}

static struct watch *watch_at(int fd)
{
	return fd >= 0 && fd < IO_FDS ? watches[fd] : NULL;
}

struct watcher *watch_first(int fd)
{
	struct watch *at = watch_at(fd);

	return at ? at->list : NULL;
}

static struct watch *watch_of(int fd)
{
	if (!watches[fd]) {
		watches[fd] = ready_alloc(sizeof(struct watch));
		watches_end = MAX(watches_end, fd + 1);
	}
	return watches[fd];
}

/* Its server's end is told of from now on. */
static int watch_socket(struct watch *at, const struct watcher *w)
{
	/* The hang-up comes unasked, and once. */
	struct epoll_event ev = {.events = EPOLLET, .data.u64 = (uint64_t)w->fd};

	if (at->hub == hub->serial && at->file == w->file && at->serial == w->serial)
		return 0;
	if (epoll_ctl(guard_number(&hub->set), EPOLL_CTL_ADD, w->fd, &ev) < 0 && errno != EEXIST)
		return -errno;
	at->hub = hub->serial;
	at->file = w->file;
	at->serial = w->serial;
	return 0;
}

int watch_list(struct watcher *w, int fd)
{
	const struct connection *c = connection_at(fd);
	struct watch *at;
	int rc;

	if (!c || fd < 0 || fd >= IO_FDS)
		return -EBADF;
	at = watch_of(fd);
	if (!at)
		return -ENOMEM;
	w->fd = fd;
	w->file = c;
	w->serial = CONNECTION_GET(c, serial);
	rc = watch_socket(at, w);
	if (rc < 0)
		return rc;
	w->is_listed = true;
	w->is_armed = w->may_be_armed = w->is_asking = false;
	w->next = at->list;
	at->list = w;
	return 0;
}

/* All that are armed for the same file, but @except, are to ask again. */
static void tell_others(const struct watcher *of, const struct watcher *except)
{
	for (struct watcher *w = watch_first(of->fd), *next; w; w = next) {
		next = w->next;
		if (!w->is_armed || w == except || !is_same_file(w, of))
			continue;
		w->is_armed = false;
		w->tell(w);
	}
}

void watch_unlist(struct watcher *w)
{
	struct watch *at = watch_at(w->fd);
	struct watcher **where = at ? &at->list : NULL;

	if (!w->is_listed)
		return;
	while (where && *where && *where != w)
		where = &(*where)->next;
	if (where && *where)
		*where = w->next;
	w->is_listed = w->is_armed = false;
	/* Cancelled in its message: it is not known what of the others' has come to the server. */
	if (w->is_asking)
		tell_others(w, w);
}

static void tell_all(int fd)
{
	sigset_t mask;

	watch_lock(&mask);
	tell_armed(fd);
	watch_unlock(&mask);
}

/* ---- Hearing ---- */

static void hear_pulses(void)
{
	struct _pulse pulse;
	int rc;

	do {
		rc = TimerTimeout_r(CLOCK_MONOTONIC, 1 << STATE_RECEIVE, NULL, NULL, NULL);
		if (rc < 0)
			return;
		rc = MsgReceivePulse_r(hub->chid, &pulse, sizeof(pulse), NULL);
		if (rc == 0 && pulse.code == PULSE_CODE)
			tell_all(pulse.value.sival_int);
	} while (rc == 0);
}

void watch_hear(void)
{
	struct epoll_event events[HEAR_EVENTS];
	int n;

	n = (int)syscall(SYS_epoll_pwait, watch_fd(), events, HEAR_EVENTS, 0, NULL, 8);
	for (int i = 0; i < n; i++) {
		if (events[i].data.u64 == HUB_PULSES)
			hear_pulses();
		else
			tell_all((int)events[i].data.u64);
	}
}

/* ---- Asking ---- */

struct wishes {
	uint32_t wants;
	bool is_edge;
	uint32_t version;
};

static struct wishes wishes_of(const struct watcher *of)
{
	struct wishes all = {.version = watches[of->fd]->version};

	for (const struct watcher *w = watch_first(of->fd); w; w = w->next) {
		if (!w->is_armed || !is_same_file(w, of))
			continue;
		all.wants |= w->wants;
		all.is_edge |= w->is_edge;
	}
	return all;
}

static long notify(const struct watcher *w, int action, uint32_t wants)
{
	struct _io_notify m = {.type = _IO_NOTIFY,
			       .combine_len = sizeof(m),
			       .action = action,
			       .flags = (int32_t)wants};
	struct _io_notify_reply reply = {.flags = 0};
	long rc;

	if (!wants)
		return connection_is_dead(w->file) ? -ESRCH : 0;
	SIGEV_PULSE_INT_INIT(&m.event, hub->coid, thread_priority(), PULSE_CODE, w->fd);
	rc = file_send(w->fd, &m, sizeof(m), &reply, sizeof(reply));
	return rc < 0 ? rc : (long)(reply.flags & wants);
}

/* What is so is told to those that wait for it; the rest is armed, if it is @all's all. */
static void tell_what_is(const struct watcher *by, const struct wishes *all, uint32_t is)
{
	for (struct watcher *w = watch_first(by->fd), *next; w; w = next) {
		next = w->next;
		if (!w->is_armed || !(w->wants & is) || !is_same_file(w, by) ||
		    (all->is_edge && w->is_edge))
			continue;
		w->is_armed = false;
		if (w != by)
			w->tell(w);
	}
}

/* One message. True: that was the last one, *ret is its outcome. With the lock, which it leaves. */
static bool ask_once(struct watcher *w, sigset_t *mask, long *ret)
{
	struct wishes all = wishes_of(w), now;
	long rc;

	w->is_asking = w->may_be_armed = true;
	watch_unlock(mask);
	rc = notify(w, all.is_edge ? _NOTIFY_ACTION_EDGEARM : _NOTIFY_ACTION_POLLARM, all.wants);
	watch_lock(mask);
	w->is_asking = false;
	if (rc < 0) {
		w->is_armed = false;
		tell_others(w, w);
		*ret = rc;
		return true;
	}
	*ret |= rc;
	tell_what_is(w, &all, (uint32_t)rc);
	now = wishes_of(w);
	w->may_be_armed = all.is_edge || rc == 0;
	/* Nothing to arm is no wish, but a death that is waited for. */
	return !now.wants || (now.version == all.version && (all.is_edge || rc == 0));
}

long watch_ask(struct watcher *w)
{
	long rc = 0;
	sigset_t mask;

	watch_lock(&mask);
	if (!w->is_listed || !watch_is_open(w)) {
		watch_unlock(&mask);
		return -EBADF;
	}
	w->is_armed = true;
	watches[w->fd]->version++;
	while (!ask_once(w, &mask, &rc))
		;
	watch_unlock(&mask);
	return rc < 0 ? rc : rc & (long)w->wants;
}

static bool has_others(const struct watcher *of)
{
	for (const struct watcher *w = watch_first(of->fd); w; w = w->next)
		if (w != of && w->is_armed && is_same_file(w, of))
			return true;
	return false;
}

long watch_take_back(struct watcher *w)
{
	bool is_alone;
	sigset_t mask;
	long rc = 0;

	watch_lock(&mask);
	w->is_armed = false;
	is_alone = w->is_listed && w->may_be_armed && watch_is_open(w) && !has_others(w);
	w->is_asking = is_alone;
	watch_unlock(&mask);
	if (is_alone)
		rc = notify(w, _NOTIFY_ACTION_POLL, w->wants);
	watch_lock(&mask);
	/* That may have been taken away from who has come meanwhile: they are told. */
	watch_unlist(w);
	w->is_asking = w->may_be_armed = false;
	watch_unlock(&mask);
	return rc;
}

/* ---- Events ---- */

uint32_t watch_conditions(uint32_t events)
{
	return (events & IN_EVENTS ? _NOTIFY_COND_INPUT : 0) |
	       (events & OUT_EVENTS ? _NOTIFY_COND_OUTPUT : 0) |
	       (events & OBAND_EVENTS ? _NOTIFY_COND_OBAND : 0);
}

long watch_events(long rc, uint32_t wanted)
{
	uint32_t flags = rc > 0 ? (uint32_t)rc : 0;

	if (rc >= 0)
		return (long)(wanted & ((flags & _NOTIFY_COND_INPUT ? IN_EVENTS : 0) |
					(flags & _NOTIFY_COND_OUTPUT ? OUT_EVENTS : 0) |
					(flags & _NOTIFY_COND_OBAND ? OBAND_EVENTS : 0)));
	/* As files without poll are for the kernel. */
	if (rc == -ENOSYS || rc == -ENOTTY)
		return (long)(wanted & (IN_EVENTS | OUT_EVENTS));
	if (rc == -EINTR)
		return -EINTR;
	return rc == -ESRCH || rc == -EBADF ? POLLHUP | POLLERR : POLLERR;
}
