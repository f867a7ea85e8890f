// SPDX-License-Identifier: Apache-2.0
/*
 * Making channels and taking them apart.
 *
 * A channel is a listening socket that clients connect to by its address, and an epoll set in
 * which every receiving thread waits: for new connections, for what connections say, for the
 * bells of lanes, for the ends of both. Of several threads the kernel wakes the one that came
 * last, as QNX does.
 *
 * A thread that wants pulses only waits in a set of its own with the same descriptors in it, so
 * that each side is woken for everything and neither takes the other's wake-up away.
 */
#include "message/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/neutrino.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "client/export.h"
#include "client/result.h"
#include "message/address.h"
#include "message/caller.h"
#include "message/connection.h"
#include "message/lock.h"
#include "message/ready.h"

#define CHANNELS_MAX   4096
#define BACKLOG        4096
#define DEATH_PRIORITY THREAD_PRIORITY_DEFAULT

static struct lock lock = LOCK_INIT; /* of the table */
static struct channel *table[CHANNELS_MAX];
static struct channel *spare;

#define ONE_PER_PROCESS ((unsigned)_NTO_CHF_COID_DISCONNECT | _NTO_CHF_THREAD_DEATH)
#define NOT_HERE        ((unsigned)_NTO_CHF_ASYNC | _NTO_CHF_ASYNC_NONBLOCK | _NTO_CHF_GLOBAL)

/* ---- Finding ---- */

struct channel *channel_lock_blocked(int chid)
{
	struct channel *ch;

	if (chid < 1 || chid >= CHANNELS_MAX || !ready_is_current())
		return NULL;
	ch = __atomic_load_n(&table[chid], __ATOMIC_ACQUIRE);
	if (!ch)
		return NULL;
	(void)pthread_mutex_lock(&ch->lock); /* a plain mutex: cannot fail */
	if (__atomic_load_n(&ch->chid, __ATOMIC_ACQUIRE) == chid && !ch->is_dying)
		return ch;
	channel_unlock(ch);
	return NULL;
}

struct channel *channel_lock(int chid)
{
	struct signals_pause pause;
	struct channel *ch;

	signals_pause(&pause);
	ch = channel_lock_blocked(chid);
	if (ch)
		ch->pause = pause;
	else
		signals_resume(&pause);
	return ch;
}

void channel_unlock(struct channel *ch)
{
	struct signals_pause pause = ch->pause;

	ch->pause.is_blocked = false;
	(void)pthread_mutex_unlock(&ch->lock); /* as above */
	signals_resume(&pause);
}

/* ---- Pulses ---- */

struct pulse *channel_pulse_new(void)
{
	return calloc(1, sizeof(struct pulse));
}

void channel_pulse_free(struct pulse *p)
{
	free(p);
}

void channel_pulse(struct channel *ch, int priority, int code, uint64_t value, int scoid)
{
	struct pulse *p = channel_pulse_new();

	if (!p)
		return;
	p->item.is_pulse = true;
	p->item.priority = (uint8_t)priority;
	p->item.ticket = ch->queue.newest;
	p->code = (int8_t)code;
	p->value = value;
	p->scoid = scoid;
	queue_add(&ch->queue, &p->item);
}

void channel_pulse_to(uint32_t flag, int code, uint64_t value)
{
	struct channel *ch = NULL;

	for (int chid = 1; chid < CHANNELS_MAX && !ch; chid++) {
		ch = __atomic_load_n(&table[chid], __ATOMIC_ACQUIRE);
		if (ch && !(ch->flags & flag))
			ch = NULL;
		if (ch)
			ch = channel_lock(chid);
	}
	if (!ch)
		return;
	channel_pulse(ch, DEATH_PRIORITY, code, value, 0);
	channel_ring_others(ch);
	channel_unlock(ch);
}

/* ---- The sets that threads wait in ---- */

void channel_ring_others(struct channel *ch)
{
	const uint64_t one = 1;

	if (ch->n_sleeping > 0 || ch->n_pulse_sleeping > 0)
		(void)syscall(SYS_write, guard_number(&ch->more), &one, sizeof(one)); /* is there */
}

static int add_to(const struct guard_fd *set, int fd, uint64_t tag, uint32_t events)
{
	struct epoll_event ev = {.events = events | EPOLLET, .data.u64 = tag};

	if (epoll_ctl(guard_number(set), EPOLL_CTL_ADD, fd, &ev) == 0)
		return 0;
	if (errno != EEXIST)
		return -EAGAIN;
	/* What holds is told again. */
	(void)epoll_ctl(guard_number(set), EPOLL_CTL_MOD, fd, &ev); /* it is there */
	return 0;
}

int channel_add_fd(struct channel *ch, int fd, uint64_t tag, uint32_t events)
{
	int rc = add_to(&ch->waits, fd, tag, events);

	if (rc == 0 && guard_number(&ch->pulse_waits) >= 0)
		rc = add_to(&ch->pulse_waits, fd, tag, events);
	return rc;
}

static int add_links(const struct channel *ch, const struct guard_fd *set)
{
	uint32_t at = 0;
	struct link *l;
	int rc = 0;

	/* Some have not said yet whose they are. */
	while (rc == 0 && (l = link_next(ch, &at)) != NULL)
		rc = add_to(set, guard_number(&l->socket), TAG(TAG_LINK, l->serial, l->index),
			    EPOLLIN | EPOLLRDHUP);
	return rc;
}

static int add_caller(const struct guard_fd *set, const struct caller *c)
{
	int rc = add_to(set, guard_number(&c->socket), TAG(TAG_CALLER, c->serial, c->index),
			EPOLLIN | EPOLLRDHUP);

	return rc < 0 ? rc :
			add_to(set, guard_number(&c->bell), TAG(TAG_BELL, c->serial, c->index),
			       EPOLLIN);
}

static int add_callers(const struct client *client, const struct guard_fd *set)
{
	int rc = 0;

	for (struct caller *c = client->callers; c && rc == 0; c = c->next)
		if (c->memory) /* else its descriptors are closed */
			rc = add_caller(set, c);
	return rc;
}

static int add_clients(const struct channel *ch, const struct guard_fd *set)
{
	int rc = add_links(ch, set);

	for (struct client *client = ch->clients; client && rc == 0; client = client->next)
		rc = add_callers(client, set);
	for (struct process *p = ch->processes; p && rc == 0; p = p->next)
		rc = add_to(set, guard_number(&p->pidfd), TAG(TAG_PROCESS, 0, p->pid), EPOLLIN);
	return rc < 0 ? rc : add_callers(&ch->nobody, set);
}

static int make_set(struct guard_fd *set)
{
	sigset_t mask;
	int fd, rc;

	guard_making(&mask);
	fd = epoll_create1(EPOLL_CLOEXEC);
	rc = fd < 0 ? -EAGAIN : guard_add(set, fd);
	guard_made(&mask);
	return rc;
}

static int add_own(const struct channel *ch, const struct guard_fd *set)
{
	int rc = add_to(set, guard_number(&ch->listener), TAG(TAG_LISTENER, 0, 0), EPOLLIN);

	return rc < 0 ? rc : add_to(set, guard_number(&ch->more), TAG(TAG_MORE, 0, 0), EPOLLIN);
}

int channel_want_pulse_waits(struct channel *ch)
{
	int rc;

	if (guard_number(&ch->pulse_waits) >= 0)
		return 0;
	rc = make_set(&ch->pulse_waits);
	if (rc == 0)
		rc = add_own(ch, &ch->pulse_waits);
	if (rc == 0)
		rc = add_clients(ch, &ch->pulse_waits);
	if (rc < 0)
		guard_close(&ch->pulse_waits);
	return rc;
}

/* ---- Creation ---- */

static int listen_at(int chid, bool is_private)
{
	struct address at;
	auto_fd fd = -1;
	int rc = address_of(&at, getpid(), chid, is_private);

	if (rc < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -EAGAIN;
	if (bind(fd, (const struct sockaddr *)&at.un, at.len) < 0)
		return errno == EADDRINUSE ? -EADDRINUSE : -EAGAIN;
	if (listen(fd, BACKLOG) < 0)
		return -EAGAIN;
	return fd_take(&fd);
}

static int open_channel(struct channel *ch, int listener)
{
	int rc = guard_add(&ch->listener, listener);
	int more;

	if (rc == 0)
		rc = make_set(&ch->waits);
	if (rc < 0)
		return rc;
	more = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = more < 0 ? -EAGAIN : guard_add(&ch->more, more);
	return rc < 0 ? rc : add_own(ch, &ch->waits);
}

static void close_channel(struct channel *ch)
{
	guard_close(&ch->listener);
	guard_close(&ch->waits);
	guard_close(&ch->pulse_waits);
	guard_close(&ch->more);
}

static struct channel *record_new(uint32_t flags)
{
	struct channel *ch = spare;

	if (ch) {
		spare = ch->next_spare;
	} else {
		ch = ready_alloc(sizeof(*ch));
		if (!ch)
			return NULL;
		(void)pthread_mutex_init(&ch->lock, NULL); /* cannot fail */
		ch->listener.number = ch->waits.number = -1;
		ch->pulse_waits.number = ch->more.number = -1;
	}
	ch->flags = flags;
	ch->uid = geteuid();
	ch->is_dying = ch->is_spinning = ch->has_grown = ch->is_full = false;
	ch->n_inside = ch->n_sleeping = ch->n_pulse_sleeping = 0;
	ch->clients = NULL;
	ch->nobody = (struct client){.channel = ch, .uid = (uid_t)-1, .is_gone = true};
	ch->strangers = NULL;
	ch->processes = NULL;
	ch->has_unknown_lane = ch->has_hello = ch->is_catching_up = false;
	ch->rules = NULL;
	ch->hot = NULL;
	memset(&ch->spin, 0, sizeof(ch->spin));
	queue_init(&ch->queue);
	return ch;
}

static bool has_taken_flag(uint32_t flags)
{
	if (!(flags & ONE_PER_PROCESS))
		return false;
	for (int chid = 1; chid < CHANNELS_MAX; chid++)
		if (table[chid] && table[chid]->flags & ONE_PER_PROCESS)
			return true;
	return false;
}

/* With the lock, and guard_making(). */
static int create_locked(uint32_t flags)
{
	int chid = 1, listener, rc;
	struct channel *ch;

	if (has_taken_flag(flags))
		return -EBUSY;
	do {
		while (chid < CHANNELS_MAX && table[chid])
			chid++;
		if (chid == CHANNELS_MAX)
			return -EAGAIN;
		listener = listen_at(chid, flags & _NTO_CHF_PRIVATE);
		/* A stray copy of a former one's socket has the name. */
	} while (listener == -EADDRINUSE && ++chid);
	if (listener < 0)
		return listener;
	ch = record_new(flags);
	if (!ch) {
		fd_close(listener);
		return -EAGAIN;
	}
	rc = open_channel(ch, listener);
	if (rc < 0) {
		close_channel(ch);
		ch->next_spare = spare;
		spare = ch;
		return rc;
	}
	/* With this it is there: who still has the record of a former one looks here. */
	__atomic_store_n(&ch->chid, chid, __ATOMIC_RELEASE);
	__atomic_store_n(&table[chid], ch, __ATOMIC_RELEASE);
	return chid;
}

/* Changed with the lock and the connections' own. */
static struct channel *watching;

static int watch_connection(int fd, int coid)
{
	/* The hang-up comes unasked. Not RDHUP: our own receiving side is shut. */
	return add_to(&watching->waits, fd, TAG(TAG_WATCH, 0, coid), 0);
}

void channel_rearm(struct channel *ch)
{
	const struct guard_fd *sets[] = {&ch->waits, &ch->pulse_waits};

	for (unsigned i = 0; i < ARRAY_LEN(sets); i++)
		if (guard_number(sets[i]) >= 0 && add_own(ch, sets[i]) == 0)
			(void)add_clients(ch, sets[i]); /* all are there already */
	if (ch->flags & _NTO_CHF_COID_DISCONNECT)
		connection_watch(watch_connection);
}

int channel_create(uint32_t flags)
{
	sigset_t mask, making;
	int chid, rc;

	if (flags & NOT_HERE)
		return -ENOTSUP;
	rc = ready();
	if (rc < 0)
		return rc;
	guard_making(&making);
	lock_take(&lock, &mask);
	chid = create_locked(flags);
	if (chid > 0 && flags & _NTO_CHF_COID_DISCONNECT) {
		watching = table[chid];
		connection_watch(watch_connection);
	}
	lock_give(&lock, &mask);
	guard_made(&making);
	return chid;
}

/* ---- The end ---- */

static void drop_pulses(struct channel *ch)
{
	struct queue_item *item;

	while ((item = queue_first(&ch->queue, true)) != NULL) {
		queue_remove(&ch->queue, item);
		channel_pulse_free((struct pulse *)item);
	}
}

static void record_free(struct channel *ch)
{
	sigset_t mask;

	close_channel(ch);
	lock_take(&lock, &mask);
	ch->next_spare = spare;
	spare = ch;
	lock_give(&lock, &mask);
}

void channel_leave(struct channel *ch)
{
	bool is_last = --ch->n_inside == 0;

	if (!ch->is_dying) {
		channel_unlock(ch);
		return;
	}
	/* Each that is woken wakes the next. */
	channel_ring_others(ch);
	if (is_last)
		__atomic_store_n(&ch->chid, 0, __ATOMIC_RELEASE);
	channel_unlock(ch);
	if (is_last)
		record_free(ch);
}

static struct channel *unlist(int chid)
{
	struct channel *ch = channel_lock(chid);
	sigset_t mask;

	if (!ch)
		return NULL;
	ch->is_dying = true;
	lock_take(&lock, &mask);
	/* Before another one can be the process's only one. */
	if (ch->flags & _NTO_CHF_COID_DISCONNECT)
		connection_watch(NULL);
	__atomic_store_n(&table[chid], NULL, __ATOMIC_RELEASE);
	lock_give(&lock, &mask);
	return ch;
}

/* Those, too, that are no client's: whoever has the other end is to see it. */
static void close_links(struct channel *ch)
{
	uint32_t at = 0;
	struct link *l;

	while ((l = link_next(ch, &at)) != NULL)
		link_close(l);
}

int channel_destroy(int chid)
{
	struct channel *ch = unlist(chid);

	if (!ch)
		return -EINVAL;
	guard_close(&ch->listener);
	while (ch->clients)
		client_end(ch->clients);
	while (ch->nobody.callers)
		caller_end(ch->nobody.callers, ESRCH);
	close_links(ch);
	process_forget_all(ch);
	drop_pulses(ch);
	ch->n_inside++;
	channel_leave(ch);
	return 0;
}

void channel_forked(void)
{
	lock_reset(&lock);
	/* Records of the parent's are left alone: what is in them is not known. */
	memset(table, 0, sizeof(table));
	spare = NULL;
	watching = NULL;
	client_forked();
	share_forked();
	process_forked();
	caller_forked();
}

static void channel_thread_ends(void)
{
	channel_pulse_to(_NTO_CHF_THREAD_DEATH, _PULSE_CODE_THREADDEATH, (uint64_t)thread_tid());
}

__attribute__((constructor)) static void channel_register(void)
{
	thread_on_exit(channel_thread_ends);
}

/* ---- The calls ---- */

EXPORT int ChannelCreate_r(unsigned flags)
{
	return channel_create(flags);
}

EXPORT int ChannelCreate(unsigned flags)
{
	return result_errno(channel_create(flags));
}

EXPORT int ChannelCreatePulsePool_r(unsigned flags, const struct nto_channel_config *config)
{
	if (!config)
		return -EINVAL;
	return channel_create(flags & ~(unsigned)_NTO_CHF_PULSE_POOL);
}

EXPORT int ChannelCreatePulsePool(unsigned flags, const struct nto_channel_config *config)
{
	return result_errno(ChannelCreatePulsePool_r(flags, config));
}

EXPORT int ChannelDestroy_r(int chid)
{
	return -channel_destroy(chid);
}

EXPORT int ChannelDestroy(int chid)
{
	return result_errno(channel_destroy(chid));
}
