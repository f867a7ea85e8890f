// SPDX-License-Identifier: Apache-2.0
/*
 * Callers: made when a lane arrives, gone with it. A message that is held when its client dies on
 * a channel with _NTO_CHF_UNBLOCK stays known until the server has answered or detached the
 * client, so that what the server asks about it has an answer; nothing can be read or written.
 */
#include "message/caller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/neutrino.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "message/bulk.h"
#include "message/channel.h"
#include "message/lock.h"
#include "message/publish.h"
#include "message/ready.h"
#include "message/slot.h"
#include "wire/packet.h"

static struct lock lock = LOCK_INIT; /* of the table */
static struct caller *table[CALLER_MAX];
static unsigned n_records;
static struct caller *spare;

static struct caller *record_new(void)
{
	struct caller *c = NULL;
	sigset_t mask;

	lock_take(&lock, &mask);
	if (spare) {
		c = spare;
		spare = c->next;
	} else if (n_records < CALLER_MAX) {
		c = ready_alloc(sizeof(*c));
		if (c) {
			(void)pthread_mutex_init(&c->lock, NULL); /* cannot fail */
			c->socket.number = c->bell.number = c->wake.number = -1;
			c->index = n_records;
			__atomic_store_n(&table[n_records], c, __ATOMIC_RELEASE);
			__atomic_store_n(&n_records, n_records + 1, __ATOMIC_RELEASE);
		}
	}
	lock_give(&lock, &mask);
	return c;
}

struct caller *caller_at(uint32_t index)
{
	return index < CALLER_MAX ? __atomic_load_n(&table[index], __ATOMIC_ACQUIRE) : NULL;
}

struct caller *caller_tagged(const struct channel *ch, uint32_t index, uint32_t serial)
{
	struct caller *c = caller_at(index);

	/* Another channel's may be changed at this moment; ours are not. */
	return c && __atomic_load_n(&c->channel, __ATOMIC_ACQUIRE) == ch &&
			       (c->serial & 0xffffff) == serial ?
		       c :
		       NULL;
}

struct caller *caller_next(const struct channel *ch, uint32_t *at)
{
	uint32_t end = __atomic_load_n(&n_records, __ATOMIC_ACQUIRE);

	while (*at < end) {
		struct caller *c = caller_at((*at)++);

		if (c && __atomic_load_n(&c->channel, __ATOMIC_ACQUIRE) == ch)
			return c;
	}
	return NULL;
}

void caller_count(struct caller *c)
{
	/* 0 makes no rcvid. */
	do {
		c->number++;
		c->n_messages++;
	} while ((c->number & 0xffff) == 0);
}

/* ---- Making one ---- */

/* The client made it; it must be as large as we think, and stay so. */
static struct lane *map_lane(int fd)
{
	const int needed = F_SEAL_SHRINK | F_SEAL_GROW;
	struct stat st;
	void *at;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & needed) != needed || fstat(fd, &st) < 0 ||
	    st.st_size != LANE_BYTES)
		return NULL;
	at = mmap(NULL, LANE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return NULL;
	(void)madvise(at, LANE_BYTES, MADV_DONTFORK);
	return at;
}

static bool take_socket(struct caller *c, int fd)
{
	struct stat st;
	int type = 0, domain = 0;
	socklen_t size = sizeof(type);

	if (fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode) ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET ||
	    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 || domain != AF_UNIX) {
		fd_close(fd);
		return false;
	}
	return guard_add(&c->socket, fd) == 0;
}

static bool is_bell(int fd)
{
	struct stat st;

	/* An eventfd is an anonymous inode: no type at all. One that blocks would hold up us. */
	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == 0 && fcntl(fd, F_GETFL) & O_NONBLOCK;
}

static bool take_bell(struct guard_fd *bell, int fd)
{
	if (!is_bell(fd)) {
		fd_close(fd);
		return false;
	}
	return guard_add(bell, fd) == 0;
}

static void caller_list(struct caller *c, struct client *client)
{
	c->client = client;
	c->n_messages = 0;
	c->next = client->callers;
	client->callers = c;
	__atomic_store_n(&c->memory->scoid, client->scoid, __ATOMIC_RELAXED);
}

static void caller_begin(struct caller *c, struct channel *ch, struct client *client,
			 const struct link_record *record)
{
	c->serial++;
	c->is_frames = record->flags & LANE_WANT_FRAMES;
	c->news = 0;
	c->is_pulsed = false;
	/* Another user's may hand its connection on and end: its number is somebody else's then. */
	c->no_remote = client->uid != ch->uid;
	c->progress = CALLER_IDLE;
	c->pid = client->pid;
	c->tid = record->tid;
	c->generation = slot_gen(slot_load(&c->memory->state));
	c->link_uses = c->spilled = 0;
	c->n_staged = 0;
	caller_list(c, client);
	__atomic_store_n(&c->channel, ch, __ATOMIC_RELEASE);
	c->memory->channel_flags = ch->flags;
	__atomic_store_n(&c->memory->taken_up, 1, __ATOMIC_RELEASE);
}

struct caller *caller_new(struct channel *ch, struct client *client,
			  const struct link_record *record, const int *fds, unsigned n_fds)
{
	struct caller *c = record_new();
	bool has_socket, has_bells;

	if (!c) {
		for (unsigned i = 0; i < n_fds; i++)
			fd_close(fds[i]);
		return NULL;
	}
	if (record->flags & LANE_WANT_FRAMES)
		c->staged = malloc(LANE_FRAME);
	has_socket = take_socket(c, fds[0]);
	has_bells = take_bell(&c->bell, fds[1]);
	if (n_fds == 4 && !take_bell(&c->wake, fds[3]))
		has_bells = false;
	c->memory = map_lane(fds[2]);
	fd_close(fds[2]);
	if (!has_socket || !has_bells || !c->memory ||
	    (record->flags & LANE_WANT_FRAMES && !c->staged)) {
		caller_free(c);
		return NULL;
	}
	caller_begin(c, ch, client, record);
	if (channel_add_fd(ch, guard_number(&c->socket), TAG(TAG_CALLER, c->serial, c->index),
			   EPOLLIN | EPOLLRDHUP) == 0 &&
	    channel_add_fd(ch, guard_number(&c->bell), TAG(TAG_BELL, c->serial, c->index),
			   EPOLLIN) == 0) {
		ch->has_grown = true;
		return c;
	}
	caller_end(c, EAGAIN);
	return NULL;
}

/* ---- Finding one by its message ---- */

/* The record that @rcvid names, with its lock, whatever is in it now. */
static struct caller *lock_record(int rcvid)
{
	struct caller *c = rcvid > 0 ? caller_at((uint32_t)rcvid >> 16) : NULL;
	struct signals_pause pause;

	if (!c || !ready_is_current())
		return NULL;
	signals_pause(&pause);
	(void)pthread_mutex_lock(&c->lock); /* a plain mutex: cannot fail */
	c->pause = pause;
	return c;
}

struct caller *caller_lock(int rcvid)
{
	struct caller *c = lock_record(rcvid);

	if (!c)
		return NULL;
	if (__atomic_load_n(&c->progress, __ATOMIC_ACQUIRE) == CALLER_HELD &&
	    caller_rcvid(c) == rcvid)
		return c;
	caller_unlock(c);
	return NULL;
}

struct caller *caller_lock_any(int rcvid)
{
	struct caller *c = lock_record(rcvid);
	uint32_t age;

	if (!c)
		return NULL;
	age = (c->number - (uint32_t)rcvid) & 0xffff;
	if (c->channel && c->n_messages > 0 && age < c->n_messages)
		return c;
	caller_unlock(c);
	return NULL;
}

bool caller_try_lock(struct caller *c, enum caller_news news)
{
	if (pthread_mutex_trylock(&c->lock) == 0)
		return true;
	/* Said first, tried again then: who has it does the opposite, so one of us sees it. */
	(void)__atomic_fetch_or(&c->news, (uint32_t)news, __ATOMIC_SEQ_CST);
	if (pthread_mutex_trylock(&c->lock) != 0)
		return false;
	(void)__atomic_fetch_and(&c->news, ~(uint32_t)news, __ATOMIC_SEQ_CST);
	return true;
}

static void catch_up(struct caller *c)
{
	struct channel *ch = __atomic_load_n(&c->channel, __ATOMIC_ACQUIRE);
	struct client *client;
	uint32_t news, serial;

	ch = ch ? channel_lock(ch->chid) : NULL;
	if (!ch)
		return;
	news = c->channel == ch ? __atomic_exchange_n(&c->news, 0, __ATOMIC_SEQ_CST) : 0;
	if (news) {
		client = c->client;
		serial = c->serial;
		if (news & CALLER_LOOK)
			arrivals_look(ch, c, true);
		/* That may have shown that it is gone, and forgotten it. */
		if (news & CALLER_GONE && c->channel == ch && c->serial == serial)
			caller_lost(c);
		client_settle(client);
		channel_ring_others(ch);
	}
	channel_unlock(ch);
}

bool caller_was_last(const struct caller *c)
{
	return c->client && __atomic_load_n(&c->client->is_leaving, __ATOMIC_ACQUIRE);
}

void caller_answered(struct caller *c)
{
	__atomic_store_n(&c->progress, CALLER_IDLE, __ATOMIC_RELEASE);
	publish_release(c->index);
	/* That is for whoever has the channel. */
	if (caller_was_last(c))
		(void)__atomic_fetch_or(&c->news, CALLER_LOOK, __ATOMIC_SEQ_CST);
}

void caller_unlock(struct caller *c)
{
	struct signals_pause pause = c->pause;

	c->pause.is_blocked = false;
	(void)pthread_mutex_unlock(&c->lock); /* as above */
	if (__builtin_expect(__atomic_load_n(&c->news, __ATOMIC_SEQ_CST), 0))
		catch_up(c);
	signals_resume(&pause);
}

/* ---- The end of one ---- */

void caller_free(struct caller *c)
{
	sigset_t mask;

	guard_close(&c->socket);
	guard_close(&c->bell);
	guard_close(&c->wake);
	if (c->memory)
		(void)munmap(c->memory, LANE_BYTES); /* it is ours: cannot fail */
	c->memory = NULL;
	c->client = NULL;
	__atomic_store_n(&c->channel, NULL, __ATOMIC_RELEASE);
	c->progress = CALLER_IDLE;
	free(c->staged);
	c->staged = NULL;
	lock_take(&lock, &mask);
	c->next = spare;
	spare = c;
	lock_give(&lock, &mask);
}

static void caller_leave(struct caller *c)
{
	struct caller **at = &c->client->callers;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
}

static void caller_unlist(struct caller *c)
{
	caller_leave(c);
	if (c->channel->hot == c)
		c->channel->hot = NULL;
	if (queue_has(&c->item))
		queue_remove(&c->channel->queue, &c->item);
}

/* Nothing can be read or written any more, but it is still known. */
static void close_lane(struct caller *c)
{
	guard_close(&c->socket);
	guard_close(&c->bell);
	guard_close(&c->wake);
	if (c->memory)
		(void)munmap(c->memory, LANE_BYTES); /* as above */
	c->memory = NULL;
}

/* What is held stays known; the server is asked to give it up, unless it has been. */
static void keep_held(struct caller *c)
{
	struct channel *ch = c->channel;

	if (!c->is_pulsed && c->memory)
		channel_pulse(ch, c->item.priority, _PULSE_CODE_UNBLOCK, (uint64_t)caller_rcvid(c),
			      c->client->scoid);
	c->is_pulsed = true;
	if (ch->hot == c)
		ch->hot = NULL;
	close_lane(c);
}

bool caller_is_blocked(struct caller *c)
{
	uint32_t word;

	if (!c->memory || __atomic_load_n(&c->progress, __ATOMIC_ACQUIRE) == CALLER_IDLE)
		return false;
	word = slot_load(&c->memory->state);
	if (c->progress != CALLER_QUEUED ||
	    (slot_state(word) == LANE_STATE_READY && slot_gen(word) == c->generation))
		return true;
	if (queue_has(&c->item))
		queue_remove(&c->channel->queue, &c->item);
	__atomic_store_n(&c->progress, CALLER_IDLE, __ATOMIC_RELEASE);
	return false;
}

void caller_follow(struct caller *c, struct client *to)
{
	caller_leave(c);
	caller_list(c, to);
}

bool caller_park(struct caller *c)
{
	bool is_parked;

	/* Who has it now has just given the answer, or looks for one that is long gone. */
	(void)pthread_mutex_lock(&c->lock);
	is_parked = c->memory && !c->is_frames && c->progress == CALLER_IDLE;
	if (is_parked)
		caller_follow(c, &c->channel->nobody);
	(void)pthread_mutex_unlock(&c->lock);
	return is_parked;
}

void caller_lost(struct caller *c)
{
	struct client *client = c->client;

	if (!caller_try_lock(c, CALLER_GONE))
		return;
	if (c->progress == CALLER_HELD && c->channel->flags & _NTO_CHF_UNBLOCK) {
		keep_held(c);
	} else {
		if (c->progress == CALLER_HELD)
			publish_release(c->index);
		caller_unlist(c);
		caller_free(c);
	}
	(void)pthread_mutex_unlock(&c->lock);
	client_settle(client);
}

/* Who waits for an answer gets this one. */
static void answer_error(struct caller *c, int error)
{
	enum slot_hold hold;
	uint32_t flags;

	if (!c->memory)
		return;
	if (c->progress == CALLER_HELD) {
		hold = slot_claim(&c->memory->state, c->generation, &flags);
	} else {
		c->generation = slot_gen(slot_load(&c->memory->state));
		hold = slot_take(&c->memory->state, c->generation);
	}
	if (hold == SLOT_HELD)
		bulk_answer_error(c, error);
}

void caller_end(struct caller *c, int error)
{
	(void)pthread_mutex_lock(&c->lock);
	answer_error(c, error);
	if (c->progress == CALLER_HELD)
		publish_release(c->index);
	caller_unlist(c);
	caller_free(c);
	(void)pthread_mutex_unlock(&c->lock);
}

void caller_wake(struct caller *c)
{
	struct lane_record record = {
		.magic = LANE_MAGIC, .kind = LANE_KIND_WAKE, .generation = c->generation};
	struct iovec part = {.iov_base = &record, .iov_len = sizeof(record)};
	const uint64_t one = 1;

	if (c->is_frames) {
		/* A queue that is full of such wakes it as well. */
		(void)packet_send(guard_number(&c->socket), &part, 1, MSG_DONTWAIT);
		return;
	}
	/* The client may have read it full, to its own harm. */
	(void)syscall(SYS_write, guard_number(&c->wake), &one, sizeof(one));
}

void caller_forked(void)
{
	lock_reset(&lock);
	memset(table, 0, n_records * sizeof(table[0]));
	n_records = 0;
	spare = NULL;
}
