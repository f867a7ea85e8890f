// SPDX-License-Identifier: Apache-2.0
/*
 * Making lanes and finding them again.
 *
 * A thread has few, in a list of its own, and mostly uses the one it used last. All of a
 * process's are in a list, too, for who detaches a connection. Records are used again but
 * never freed.
 */
#include "message/lane.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/neutrino.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mask.h"
#include "base/util.h"
#include "host/linux/memory.h"
#include "host/linux/proccred.h"
#include "message/connection.h"
#include "message/lock.h"
#include "message/ready.h"
#include "message/slot.h"
#include "message/thread.h"
#include "message/timeout.h"
#include "wire/packet.h"

#define NS_PER_S      1000000000ull
/* While as many descriptors are under way to servers as this user may have. */
#define LANE_CROWD_NS 1000000
/* Without a connection, of a thread. */
#define LANES_KEPT    4

static struct lock lock = LOCK_INIT;
static struct lane_end *all;
static struct lane_end *spare;

static struct lane_pair told[2][LANE_PAIRS];

static THREAD_OWN struct lane_end *mine; /* the one used last is the first */
static THREAD_OWN uint32_t mine_generation;

uint64_t lane_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint8_t *view_place(struct lane *m, unsigned view, uint64_t at)
{
	return (uint8_t *)m + LANE_VIEW_AT + (size_t)view * LANE_VIEW_ROOM + at % 4096;
}

uint8_t *lane_request_place(struct lane *m, uint64_t size, uint64_t at)
{
	if (size <= LANE_SMALL)
		return m->small_request;
	return size <= LANE_INLINE ? m->big_request : view_place(m, 0, at);
}

uint8_t *lane_reply_place(struct lane *m, uint64_t size, uint64_t at)
{
	if (size <= LANE_SMALL)
		return m->small_reply;
	return size <= LANE_INLINE ? m->big_reply : view_place(m, 1, at);
}

void lane_ring(struct lane_end *l)
{
	const uint64_t one = 1;

	/* The counter is never read and cannot be full in a lifetime. */
	(void)syscall(SYS_write, guard_number(&l->bell), &one, sizeof(one));
}

void lane_wait_signals(struct lane_end *l, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u32 = LANE_WAITS_SIGNAL};

	if (l->signal_fd == fd || fd < 0)
		return;
	/* No memory: a signal then waits for the answer. */
	if (epoll_ctl(guard_number(&l->waits), EPOLL_CTL_ADD, fd, &ev) == 0 || errno == EEXIST)
		l->signal_fd = fd;
}

bool lane_is_closed(const struct lane_end *l)
{
	struct lane_record record;
	struct iovec part = {.iov_base = &record, .iov_len = sizeof(record)};
	ssize_t n;

	do {
		n = packet_recv(guard_number(&l->socket), &part, 1, MSG_DONTWAIT);
	} while (n > 0);
	return n != -EAGAIN && n != -EINTR;
}

/* ---- Records. With the lock. ---- */

static struct lane_end *record_new(void)
{
	struct lane_end *l = spare;

	if (l) {
		spare = l->next;
		return l;
	}
	l = ready_alloc(sizeof(*l));
	if (!l)
		return NULL;
	l->socket.number = l->bell.number = l->wake.number = l->waits.number = -1;
	l->given_memory.number = l->given_socket.number = -1;
	l->next_all = all;
	all = l;
	return l;
}

static void lane_close(struct lane_end *l)
{
	sigset_t mask;

	/* In the order in which it is made. */
	guard_making(&mask);
	lock_take_masked(&lock);
	guard_close_making(&l->socket);
	guard_close_making(&l->bell);
	guard_close_making(&l->wake);
	guard_close_making(&l->waits);
	guard_close_making(&l->given_memory);
	guard_close_making(&l->given_socket);
	if (l->memory)
		(void)munmap(l->memory, LANE_BYTES); /* it is ours: cannot fail */
	l->memory = NULL;
	l->peer = 0;
	l->coid = 0;
	l->owner = NULL;
	l->next = spare;
	spare = l;
	lock_give_masked(&lock);
	guard_made(&mask);
}

/* ---- Making one ---- */

static bool wants_frames(const struct connection *c)
{
	const char *wish = getenv("KAMIOKA_LANE");
	struct proccred cred;

	/* Memory that others can write as they like is for one user's programs. Who listened as
	 * one user may be another now. */
	return (wish && strcmp(wish, "socket") == 0) || CONNECTION_GET(c, uid) != geteuid() ||
	       CONNECTION_GET(c, own_uid) != CONNECTION_GET(c, uid) ||
	       proccred_read(CONNECTION_GET(c, pid), &cred, NULL, 0) < 0 || cred.euid != geteuid();
}

static void write_pair(struct lane *m, enum lane_pairs which, unsigned at);

static int make_memory(struct lane_end *l)
{
	int fd = memory_lane(LANE_BYTES);
	sigset_t mask;
	void *at;

	if (fd < 0 || guard_add(&l->given_memory, fd) < 0)
		return -EAGAIN;
	fd = guard_number(&l->given_memory);
	at = mmap(NULL, LANE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -EAGAIN;
	/* A child that touches it by mistake ends; it cannot mix up its parent's messages. */
	(void)madvise(at, LANE_BYTES, MADV_DONTFORK);
	lock_take(&lock, &mask);
	l->memory = at;
	for (unsigned i = 0; i < LANE_PAIRS; i++) {
		write_pair(at, LANE_OWN_CHANNELS, i);
		write_pair(at, LANE_REGISTERED, i);
	}
	lock_give(&lock, &mask);
	return 0;
}

static struct lane_pair *pairs_of(struct lane *m, enum lane_pairs which)
{
	return which == LANE_OWN_CHANNELS ? m->own : m->registered;
}

static void write_pair(struct lane *m, enum lane_pairs which, unsigned at)
{
	struct lane_pair *pair = &pairs_of(m, which)[at];

	__atomic_store_n(&pair->value, told[which][at].value, __ATOMIC_RELAXED);
	__atomic_store_n(&pair->key, told[which][at].key, __ATOMIC_RELEASE);
}

/* With the lock. */
static void set_pair(enum lane_pairs which, int key, int value, bool is_there)
{
	unsigned at = 0;

	while (at < LANE_PAIRS && told[which][at].key != key)
		at++;
	if (at == LANE_PAIRS && is_there)
		for (at = 0; at < LANE_PAIRS && told[which][at].key != 0;)
			at++;
	if (at == LANE_PAIRS)
		return;
	told[which][at].key = is_there ? key : 0;
	told[which][at].value = value;
	for (struct lane_end *l = all; l; l = l->next_all)
		if (l->memory)
			write_pair(l->memory, which, at);
}

void lane_tell(enum lane_pairs which, int key, int value)
{
	sigset_t mask;

	lock_take(&lock, &mask);
	set_pair(which, key, value, true);
	lock_give(&lock, &mask);
}

void lane_untell(enum lane_pairs which, int key)
{
	sigset_t mask;

	lock_take(&lock, &mask);
	set_pair(which, key, 0, false);
	lock_give(&lock, &mask);
}

static int make_socket(struct lane_end *l)
{
	int ends[2];
	int rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -EAGAIN;
	rc = guard_add(&l->socket, ends[0]);
	if (rc < 0) {
		fd_close(ends[1]);
		return rc;
	}
	return guard_add(&l->given_socket, ends[1]);
}

static int make_bell(struct lane_end *l)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -EAGAIN : guard_add(&l->bell, fd);
}

static int add_to_waits(const struct lane_end *l, const struct guard_fd *fd, enum lane_waits what)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP, .data.u32 = what};

	/* Records are taken one at a time, and the end may come with one: told until it is taken. */
	if (what == LANE_WAITS_BELL)
		ev.events |= EPOLLET;
	return epoll_ctl(guard_number(&l->waits), EPOLL_CTL_ADD, guard_number(fd), &ev) < 0 ?
		       -EAGAIN :
		       0;
}

/* What the client of a lane with memory sleeps in: never read, each ring is an edge. */
static int make_waits(struct lane_end *l)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), rc;

	rc = fd < 0 ? -EAGAIN : guard_add(&l->wake, fd);
	if (rc < 0)
		return rc;
	fd = epoll_create1(EPOLL_CLOEXEC);
	rc = fd < 0 ? -EAGAIN : guard_add(&l->waits, fd);
	if (rc == 0)
		rc = add_to_waits(l, &l->wake, LANE_WAITS_BELL);
	return rc < 0 ? rc : add_to_waits(l, &l->socket, LANE_WAITS_SOCKET);
}

/* How the first message or pulse of a thread waits. */
struct lane_wait {
	struct timeout *limit; /* NULL: not at all */
	sigset_t mask;         /* signals that are blocked meanwhile */
};

/* Not by the C library, whose sleep has limits of its own and is a cancellation point. */
static int wait_a_moment(const struct lane_wait *w)
{
	struct timespec pause = {.tv_nsec = LANE_CROWD_NS};

	if (!w->limit)
		return -EAGAIN;
	if (syscall(SYS_ppoll, NULL, 0, &pause, &w->mask, 8) < 0)
		return -EINTR;
	return w->limit->is_armed && timeout_is_over(w->limit) ? timeout_expired(w->limit) : 0;
}

/* A queue that is full for the moment is waited for; nobody has seen the lane before. */
static int send_lane(const struct connection *c, const struct link_record *record, const int *fds,
		     unsigned n_fds, const struct lane_wait *w)
{
	for (;;) {
		int rc = packet_send_fds(connection_fd(c), record, sizeof(*record), fds, n_fds,
					 MSG_DONTWAIT);

		if (rc != -ETOOMANYREFS && rc != -EAGAIN)
			return rc;
		rc = wait_a_moment(w);
		if (rc < 0)
			return rc;
	}
}

/* All that a lane is made of. What is made of it when it fails lane_close() takes. */
static int make_parts(struct lane_end *l)
{
	sigset_t mask;
	int rc;

	guard_making(&mask);
	rc = make_memory(l);
	if (rc == 0)
		rc = make_socket(l);
	if (rc == 0)
		rc = make_bell(l);
	if (rc == 0 && !l->is_frames)
		rc = make_waits(l);
	guard_made(&mask);
	return rc;
}

static int lane_open(struct lane_end *l, struct connection *c, const struct lane_wait *w)
{
	struct link_record record = {.magic = LANE_MAGIC, .kind = LINK_KIND_LANE};
	int rc;

	l->is_frames = wants_frames(c);
	l->is_dead = l->is_in_use = l->is_left = l->is_detached = false;
	l->pid = CONNECTION_GET(c, pid);
	l->chid = CONNECTION_GET(c, chid);
	l->uid = CONNECTION_GET(c, uid);
	l->own_uid = CONNECTION_GET(c, own_uid);
	l->tid = thread_tid();
	l->link_uses = 0;
	l->last_ns = 0;
	l->signal_fd = -1;
	l->may_pulse = connection_may_pulse(c);
	memset(&l->spin, 0, sizeof(l->spin));
	rc = make_parts(l);
	if (rc < 0)
		return rc;
	l->memory->peer = CONNECTION_GET(c, peer);
	record.tid = l->tid;
	record.flags = l->is_frames ? LANE_WANT_FRAMES : 0;
	rc = send_lane(c, &record,
		       (const int[4]){guard_number(&l->given_socket), guard_number(&l->bell),
				      guard_number(&l->given_memory), guard_number(&l->wake)},
		       l->is_frames ? 3 : 4, w);
	guard_close(&l->given_memory);
	guard_close(&l->given_socket);
	return rc == -EPIPE || rc == -ECONNRESET || rc == -ENOTCONN ? -EBADF : rc;
}

/* ---- Finding one ---- */

static bool is_fit(const struct lane_end *l, const struct connection *c)
{
	/* A handler may have closed the one that it interrupted us at, so that we are among others. */
	return l->peer == CONNECTION_GET(c, peer) && l->owner == &mine && !l->is_in_use &&
	       !l->is_dead;
}

/*
 * Nothing of it is under way, so that it can be another client's. The server takes pulses that
 * came as records for those of whose the lane was then, and may keep a message that was left.
 */
static bool is_quiet(const struct lane_end *l)
{
	const struct lane *m = l->memory;

	return !l->is_in_use && !l->is_dead && !l->is_frames && !l->is_left &&
	       m->pulse.spilled == 0 &&
	       m->pulse.head == __atomic_load_n(&m->pulse.tail, __ATOMIC_ACQUIRE);
}

static void lane_tidy(void)
{
	struct lane_end **at = &mine;
	unsigned n_kept = 0;

	while (*at) {
		struct lane_end *l = *at;

		if (l->is_in_use || (!l->is_dead && connection_has_peer(l->peer)) ||
		    (is_quiet(l) && n_kept++ < LANES_KEPT)) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		lane_close(l);
	}
}

/* What stands in the list after a fork is the parent's. */
static void lane_check_process(void)
{
	uint32_t generation = thread_generation();

	if (mine_generation != generation) {
		mine = NULL;
		mine_generation = generation;
	}
}

static int lane_new(struct connection *c, struct timeout *limit, struct lane_end **ret)
{
	struct lane_wait w = {.limit = limit};
	struct lane_end *l;
	sigset_t mask;
	int rc;

	/* A handler must not find the list half made. */
	mask_all(&w.mask);
	lane_tidy();
	lock_take(&lock, &mask);
	l = record_new();
	lock_give(&lock, &mask);
	rc = l ? lane_open(l, c, &w) : -EAGAIN;
	if (rc == 0) {
		lock_take(&lock, &mask);
		l->peer = CONNECTION_GET(c, peer);
		lock_give(&lock, &mask);
		l->owner = &mine;
		l->next = mine;
		mine = l;
		*ret = l;
	} else if (l) {
		lane_close(l);
	}
	mask_restore(&w.mask);
	if (rc == -EBADF)
		connection_died(c);
	return rc;
}

/* Of connections to the same channel that are no more. */
static bool is_left_over(const struct lane_end *l, const struct connection *c)
{
	return l->pid == CONNECTION_GET(c, pid) && l->chid == CONNECTION_GET(c, chid) &&
	       l->uid == CONNECTION_GET(c, uid) && l->own_uid == CONNECTION_GET(c, own_uid) &&
	       is_quiet(l);
}

static void lane_bind(struct lane_end *l, const struct connection *c)
{
	l->may_pulse = connection_may_pulse(c);
	l->last_ns = lane_now();
	lock_take_masked(&lock);
	l->peer = CONNECTION_GET(c, peer);
	__atomic_store_n(&l->memory->scoid, 0, __ATOMIC_RELAXED); /* the former client's */
	/* Before anything that is said for the new one. */
	__atomic_store_n(&l->memory->peer, l->peer, __ATOMIC_RELEASE);
	lock_give_masked(&lock);
}

/* One that is left over is bound to these connections. NULL: there is none. */
static struct lane_end *lane_again(const struct connection *c)
{
	struct lane_end **at = &mine;
	struct lane_end *l;
	sigset_t mask;

	mask_all(&mask);
	while (*at && !is_left_over(*at, c))
		at = &(*at)->next;
	l = *at;
	if (l) {
		*at = l->next;
		if (lane_is_closed(l)) {
			/* The channel that had this number before. */
			lane_close(l);
			l = NULL;
		} else {
			lane_bind(l, c);
			l->next = mine;
			mine = l;
		}
	}
	mask_restore(&mask);
	return l;
}

/*
 * That the connection's socket was idle, and whose it is now. Handlers and other threads go on
 * without a word once it has been said, not before: some may say it, too.
 */
static void lane_say_link(struct lane_end *l, struct connection *c)
{
	uint64_t link = __atomic_load_n(&c->link, __ATOMIC_ACQUIRE);
	struct lane *m = l->memory;

	/* One word at a time. */
	if (l->is_frames || __atomic_load_n(&m->links_seen, __ATOMIC_ACQUIRE) != l->link_uses) {
		connection_hello(c);
		return;
	}
	if (link == 0)
		return;
	m->link = link;
	m->link_coid = CONNECTION_GET(c, coid);
	m->link_flags = CONNECTION_GET(c, flags);
	__atomic_store_n(&m->link_uses, ++l->link_uses, __ATOMIC_RELEASE);
	connection_said(c, link);
}

static struct lane_end *lane_find(const struct connection *c)
{
	for (struct lane_end *l = mine; l; l = l->next)
		if (is_fit(l, c))
			return l;
	return lane_again(c);
}

int lane_get(struct connection *c, struct timeout *limit, struct lane_end **ret)
{
	lane_check_process();
	if (CONNECTION_GET(c, is_dead))
		return -EBADF;
	*ret = lane_find(c);
	/* If it has been said, what we send comes behind that. */
	if (__builtin_expect(__atomic_load_n(&c->link, __ATOMIC_ACQUIRE) != 0, 0)) {
		if (*ret)
			lane_say_link(*ret, c);
		else
			connection_hello(c);
	}
	return *ret ? 0 : lane_new(c, limit, ret);
}

void lane_died(struct lane_end *l, struct connection *c)
{
	l->is_dead = true;
	connection_died(c);
}

bool lane_may_leave(const struct lane *m)
{
	return __atomic_load_n(&m->taken_up, __ATOMIC_ACQUIRE) &&
	       !(m->channel_flags & _NTO_CHF_UNBLOCK);
}

enum slot_leave lane_withdraw(struct lane *m, uint32_t gen, bool timed)
{
	/* What is not READY any more was received: so the lane has been taken up by now. */
	if (slot_take_back(&m->state, gen))
		return SLOT_LEFT;
	return slot_withdraw(&m->state, gen, lane_may_leave(m), timed);
}

/* Takes it back if that may be, and asks the server otherwise. */
static void leave_one(struct lane_end *l)
{
	uint32_t gen = __atomic_load_n(&l->generation, __ATOMIC_ACQUIRE);

	/* Of this message; it may be over meanwhile. */
	if (slot_gen(slot_load(&l->memory->state)) != gen)
		return;
	__atomic_store_n(&l->is_detached, true, __ATOMIC_RELEASE);
	switch (lane_withdraw(l->memory, gen, false)) {
	case SLOT_LEFT:
		/* Nothing else ends the receive that the thread sleeps in. */
		(void)shutdown(guard_number(&l->socket), SHUT_RDWR);
		break;
	case SLOT_ASKED:
		lane_ring(l);
		break;
	case SLOT_DONE:
	case SLOT_STAYS:
		break;
	}
}

int lane_scoid(uint64_t peer)
{
	sigset_t mask;
	int scoid = 0;

	lock_take(&lock, &mask);
	for (const struct lane_end *l = all; l && !scoid; l = l->next_all)
		if (l->memory && l->peer == peer &&
		    __atomic_load_n(&l->memory->taken_up, __ATOMIC_ACQUIRE))
			scoid = __atomic_load_n(&l->memory->scoid, __ATOMIC_RELAXED);
	lock_give(&lock, &mask);
	return scoid;
}

void lane_leave_all(struct connection *c)
{
	sigset_t mask;

	lock_take(&lock, &mask);
	for (struct lane_end *l = all; l; l = l->next_all)
		if (__atomic_load_n(&l->coid, __ATOMIC_ACQUIRE) == CONNECTION_GET(c, coid) &&
		    l->memory)
			leave_one(l);
	lock_give(&lock, &mask);
}

static void lane_thread_ends(void)
{
	lane_check_process();
	while (mine) {
		struct lane_end *l = mine;

		mine = l->next;
		lane_close(l);
	}
}

__attribute__((constructor)) static void lane_register(void)
{
	thread_on_exit(lane_thread_ends);
}

void lane_forked(void)
{
	lock_reset(&lock);
	/* Their memory is not mapped here, their descriptors are closed. */
	spare = NULL;
	for (struct lane_end *l = all; l; l = l->next_all) {
		l->memory = NULL;
		l->peer = 0;
		l->owner = NULL;
		l->is_in_use = false;
		l->next = spare;
		spare = l;
	}
	mine = NULL;
	memset(told, 0, sizeof(told));
}
