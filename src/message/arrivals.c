// SPDX-License-Identifier: Apache-2.0
/*
 * What comes to a channel: connections, what they say, messages, pulses, and ends. All of it
 * under the channel's lock; nothing here blocks.
 *
 * A client may be hostile: every record is looked at for its size, its kind and whether its
 * sender may say such a thing, and dropped if not. An end is taken up after everything else, as
 * what was said before it counts.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/neutrino.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/util.h"
#include "client/node.h"
#include "message/bulk.h"
#include "message/caller.h"
#include "message/channel.h"
#include "message/connection.h"
#include "message/publish.h"
#include "message/slot.h"
#include "message/thread.h"
#include "wire/packet.h"

/* Of one connection or lane in one round; the rest in the next one. */
#define ARRIVALS_AT_ONCE 1024
#define ARRIVALS_LOOKS   16

/* ---- Pulses ---- */

/* kill()'s rule. */
static bool may_pulse(uid_t uid)
{
	return uid == 0 || uid == getuid() || uid == geteuid();
}

static int clamp_priority(int priority)
{
	priority = MAX(THREAD_PRIORITY_MIN, priority);
	return MIN(priority, THREAD_PRIORITY_MAX);
}

/* One that is like it and waits: all but the value must agree, and that, too, for IF_UNIQUE. */
static struct pulse *find_pulse(struct channel *ch, int scoid, int priority, int code,
				const uint64_t *value)
{
	struct queue_item *head = &ch->queue.heads[1][priority];

	for (struct queue_item *i = head->next; i != head; i = i->next) {
		struct pulse *p = (struct pulse *)i;

		if (p->scoid == scoid && p->code == (int8_t)code && (!value || p->value == *value))
			return p;
	}
	return NULL;
}

static void add_pulse(struct channel *ch, int scoid, int priority, int code, uint64_t value,
		      uint64_t ticket)
{
	struct pulse *p = NULL;

	priority = clamp_priority(priority);
	if (code & _NTO_PULSE_IF_UNIQUE && find_pulse(ch, scoid, priority, code, &value))
		return;
	if (code & _NTO_PULSE_REPLACE)
		p = find_pulse(ch, scoid, priority, code, NULL);
	if (p) {
		p->value = value;
		return;
	}
	p = channel_pulse_new();
	if (!p)
		return;
	p->item.is_pulse = true;
	p->item.priority = (uint8_t)priority;
	p->item.ticket = ticket;
	p->code = (int8_t)code;
	p->value = value;
	p->scoid = scoid;
	queue_add(&ch->queue, &p->item);
}

static uint32_t pulses_end(const struct caller *c)
{
	return __atomic_load_n(&c->memory->pulse.head, __ATOMIC_ACQUIRE);
}

/* As far as @end, and never round more than once. */
static void look_at_pulses(struct channel *ch, struct caller *c, uint32_t end)
{
	struct lane *m = c->memory;

	for (unsigned n = 0; n < LANE_PULSES && m->pulse.tail != end; n++) {
		uint32_t tail = m->pulse.tail;
		const struct lane_pulse *at = &m->pulses[tail % LANE_PULSES];
		struct lane_pulse p;

		if (__atomic_load_n(&at->seq, __ATOMIC_ACQUIRE) != tail + 1)
			return;
		p = *at;
		__atomic_store_n(&m->pulse.tail, tail + 1, __ATOMIC_RELEASE);
		if (may_pulse(c->client->uid))
			add_pulse(ch, c->client->scoid, p.priority, p.code, p.value, p.ticket);
	}
}

/* ---- Messages. With the caller's lock. ---- */

static void queue_message(struct channel *ch, struct caller *c, uint32_t gen)
{
	if (c->progress == CALLER_HELD)
		publish_release(c->index); /* it has left that one */
	if (queue_has(&c->item))
		queue_remove(&ch->queue, &c->item);
	c->generation = gen;
	c->is_pulsed = false;
	c->progress = CALLER_QUEUED;
	c->item.is_pulse = false;
	c->item.priority = (uint8_t)clamp_priority(c->request.priority);
	c->item.ticket = c->request.ticket;
	/* As it is with this message: what the connection says of itself may be on its way. */
	c->link_flags = c->request.flags;
	queue_add(&ch->queue, &c->item);
}

static bool is_request_sound(const struct lane_request *q)
{
	return q->size <= SSIZE_MAX && q->room <= SSIZE_MAX && q->send_parts <= LANE_PARTS &&
	       q->reply_parts <= LANE_PARTS;
}

static bool is_known(const struct caller *c, uint32_t gen)
{
	return c->progress == CALLER_QUEUED && c->generation == gen;
}

static void look_at_slot(struct channel *ch, struct caller *c, uint32_t word)
{
	uint32_t gen = slot_gen(word);

	if (slot_state(word) == LANE_STATE_READY && !c->is_frames && !is_known(c, gen)) {
		c->request = c->memory->request;
		if (is_request_sound(&c->request))
			queue_message(ch, c, gen);
		return;
	}
	if (!(word & LANE_FLAG_UNBLOCK) || c->progress != CALLER_HELD || c->generation != gen ||
	    c->is_pulsed)
		return;
	c->is_pulsed = true;
	channel_pulse(ch, c->item.priority, _PULSE_CODE_UNBLOCK, (uint64_t)caller_rcvid(c),
		      c->client->scoid);
}

static void take_send(struct channel *ch, struct caller *c, const struct lane_record *record,
		      const uint8_t *bytes, size_t len)
{
	uint32_t word = slot_load(&c->memory->state);

	if (!c->is_frames || slot_state(word) != LANE_STATE_READY ||
	    slot_gen(word) != record->generation || !is_request_sound(&record->request))
		return;
	c->request = record->request;
	c->n_staged = MIN(len, c->request.size);
	memcpy(c->staged, bytes, c->n_staged);
	queue_message(ch, c, record->generation);
}

static void take_lane_record(struct channel *ch, struct caller *c, const struct lane_record *record,
			     const uint8_t *bytes, size_t len)
{
	const struct lane_request *q = &record->request;

	if (record->magic != LANE_MAGIC)
		return;
	switch ((enum lane_kind)record->kind) {
	case LANE_KIND_SEND:
		take_send(ch, c, record, bytes, len);
		break;
	case LANE_KIND_PULSE:
		if (may_pulse(c->client->uid))
			add_pulse(ch, c->client->scoid, q->priority, (int)q->flags, q->send_at,
				  q->ticket);
		break;
	case LANE_KIND_DATA:
	case LANE_KIND_WAKE:
	case LANE_KIND_REPLY:
	case LANE_KIND_FETCH:
	case LANE_KIND_PUT:
		break;
	}
}

/* True: its other end is closed. */
static bool read_lane(struct channel *ch, struct caller *c)
{
	struct lane_record record;
	uint8_t bytes[LANE_FRAME];
	struct iovec parts[2] = {{&record, sizeof(record)}, {bytes, sizeof(bytes)}};

	for (unsigned n = 0; n < ARRIVALS_AT_ONCE; n++) {
		ssize_t got = packet_recv(guard_number(&c->socket), parts, 2, MSG_DONTWAIT);

		if (got == -EAGAIN || got == -EINTR)
			return false;
		/* Nobody of ours sends nothing: who does has lost his lane. */
		if (got <= 0)
			return true;
		if (got < (ssize_t)sizeof(record))
			continue;
		take_lane_record(ch, c, &record, bytes, (size_t)got - sizeof(record));
		/* Its thread is blocked now, and says no more until it has its answer. */
		if (record.kind == LANE_KIND_SEND && is_known(c, record.generation))
			return false;
	}
	return false;
}

/* Pulses that found the ring full came as records. */
static bool has_spilled(struct caller *c)
{
	uint32_t spilled = __atomic_load_n(&c->memory->pulse.spilled, __ATOMIC_ACQUIRE);
	bool is_news = spilled != c->spilled;

	c->spilled = spilled;
	return is_news;
}

/* Whose the lane is, as it says. */
static uint64_t peer_of(const struct caller *c)
{
	if (c->is_frames)
		return c->client->number;
	return __atomic_load_n(&c->memory->peer, __ATOMIC_ACQUIRE);
}

/*
 * Pulses of the ring and of records, so that with every one all that were sent before are found.
 * A full ring stays full until we take from it: while there are records to be read nothing newer
 * than they gets into it.
 */
static bool look_at_lane(struct channel *ch, struct caller *c, bool reads)
{
	bool is_closed = reads && read_lane(ch, c);
	uint32_t end = pulses_end(c), word;

	if (has_spilled(c)) {
		is_closed |= read_lane(ch, c);
		end = pulses_end(c);
	}
	word = slot_load(&c->memory->state);
	/* What was seen may be another client's by now. It is told of again. */
	if (peer_of(c) != c->client->number)
		return is_closed;
	look_at_pulses(ch, c, end);
	look_at_slot(ch, c, word);
	return is_closed;
}

static void accept_all(struct channel *ch);
static void read_strangers(struct channel *ch);
static void read_link(struct channel *ch, struct link *l);

static bool has_something(const struct caller *c)
{
	return slot_state(slot_load(&c->memory->state)) == LANE_STATE_READY ||
	       pulses_end(c) != c->memory->pulse.tail;
}

/* A link that was idle is one of the client's again, as the lane says. False: there is no room. */
static bool take_idle_link(struct channel *ch, struct caller *c)
{
	struct lane *m = c->memory;
	uint32_t uses = __atomic_load_n(&m->link_uses, __ATOMIC_ACQUIRE);
	uint64_t name = m->link;
	struct client *client;
	struct link *l;

	if (__builtin_expect(uses == c->link_uses, 1))
		return true;
	c->link_uses = uses;
	l = link_find(ch, (uint32_t)name, (uint32_t)(name >> 32));
	if (l && l->is_idle && l->pid == c->pid) {
		client = client_of(ch, l, peer_of(c));
		if (!client)
			return false;
		l->is_idle = false;
		l->coid = m->link_coid;
		l->flags = m->link_flags;
		client_add_link(client, l);
	}
	__atomic_store_n(&m->links_seen, uses, __ATOMIC_RELEASE);
	return true;
}

/* That its links were idle and are not any more process @pid may have said in any of its lanes. */
static void take_idle_links(struct channel *ch, pid_t pid)
{
	struct caller *c;
	uint32_t at = 0;

	while ((c = caller_next(ch, &at)) != NULL)
		if (c->memory && !c->is_frames && c->pid == pid)
			(void)take_idle_link(ch, c); /* without room it is no better than unsaid */
}

/* All that process @pid has said of whose it is. */
static void catch_up(struct channel *ch, pid_t pid)
{
	uint32_t at = 0;
	struct link *l;

	ch->is_catching_up = true;
	accept_all(ch);
	read_strangers(ch);
	take_idle_links(ch, pid);
	while ((l = link_next(ch, &at)) != NULL)
		if (l->is_idle && l->pid == pid)
			read_link(ch, l);
	ch->is_catching_up = false;
}

/* The client that the lane is of now. NULL: no link has said so yet, or (*ret_is_lost) none will. */
static struct client *client_behind(struct channel *ch, struct caller *c, bool *ret_is_lost)
{
	/* This first: behind it all that is said of the client is true. */
	bool has_news = has_something(c);
	struct client *to = c->client;
	uint64_t number;

	*ret_is_lost = !c->is_frames && !take_idle_link(ch, c);
	if (*ret_is_lost)
		return NULL;
	number = peer_of(c);
	/* What is nobody's nobody may use, whatever number he says. */
	if (__builtin_expect(to->number == number && to != &ch->nobody, 1))
		return to;
	if (!has_news)
		return NULL;
	to = client_numbered(ch, c->pid, number);
	if (!to && !ch->is_catching_up) {
		/* It said whose it is before it used the lane. */
		catch_up(ch, c->pid);
		to = client_numbered(ch, c->pid, number);
		*ret_is_lost = !to && !ch->is_full;
	} else if (!to) {
		ch->has_hello = true; /* when that is done */
	}
	ch->has_unknown_lane |= !to;
	/* Memory is for one user's programs. */
	*ret_is_lost |= to && to->uid != ch->uid;
	return to && to->uid == ch->uid ? to : NULL;
}

static void look(struct channel *ch, struct caller *c, bool reads)
{
	bool is_closed = false, is_lost = false;
	struct client *to = c->memory ? client_behind(ch, c, &is_lost) : NULL;
	struct client *from = c->client;

	if (is_lost)
		caller_lost(c);
	if (!to || !caller_try_lock(c, CALLER_LOOK))
		return;
	/* Who answers the message of a former client says when that is done. */
	if (to != from && c->progress == CALLER_IDLE)
		caller_follow(c, to);
	is_closed = look_at_lane(ch, c, reads);
	(void)pthread_mutex_unlock(&c->lock);
	if (is_closed)
		caller_lost(c);
	/* Who has given the last answer to the former one does not find it behind this lane any more. */
	if (to != from)
		client_settle(from);
}

/* Lanes that came before their client, which there was no descriptor for, perhaps. */
static void look_again(struct channel *ch)
{
	struct caller *c;

	/* A look may bring another lane of that kind; who makes them without end waits. */
	for (unsigned n = 0; __builtin_expect(ch->has_hello, 0) && n < ARRIVALS_LOOKS; n++) {
		uint32_t at = 0;

		ch->has_hello = ch->has_unknown_lane = false;
		while ((c = caller_next(ch, &at)) != NULL)
			if (c->memory && peer_of(c) != c->client->number)
				look(ch, c, true);
	}
}

void arrivals_look(struct channel *ch, struct caller *c, bool reads)
{
	look(ch, c, reads);
	look_again(ch);
}

/* ---- Connections ---- */

static bool is_of_node(const struct link *l)
{
	const struct node_page *node = node_shared();

	return l->uid == 0 || l->uid == geteuid() || (node && node->uid == 0);
}

/* A program that another of the same process executed goes on as the same client. */
static struct client *client_again(const struct link *from, const struct link *l, uint64_t number)
{
	struct client *c = from ? from->client : NULL;

	if (!c || c->pid != l->pid || c->is_gone)
		return NULL;
	c->number = number;
	c->is_leaving = false;
	return c;
}

static bool is_welcome(const struct channel *ch, const struct link *l)
{
	return !(ch->flags & _NTO_CHF_PRIVATE) || l->pid == getpid();
}

static void take_hello(struct channel *ch, struct link *l, const struct link_record *record)
{
	const struct link *origin = NULL;
	struct client *client;

	if (!is_welcome(ch, l) || l->is_parted)
		return;
	if (!l->client) {
		origin = share_take(ch, record->ticket);
		client = client_again(origin, l, record->value);
		if (!client)
			client = client_of(ch, l, record->value);
		if (!client)
			return;
		client_add_link(client, l);
		ch->has_hello |= ch->has_unknown_lane;
	}
	/* Said again when they change. */
	l->coid = record->coid;
	l->flags = record->flags;
	l->is_idle = false;
	if (origin)
		share_duplicate(ch, origin, l);
}

static void take_lane(struct channel *ch, struct link *l, const struct link_record *record,
		      const int *fds, unsigned n_fds)
{
	struct caller *c;
	bool is_sound;

	/* Another thread may have said it in its lane. */
	if (l->is_idle)
		take_idle_links(ch, l->pid);
	/* Memory that others can write as they like is for one user's programs. */
	is_sound =
		l->client &&
		(record->flags & LANE_WANT_FRAMES ? n_fds == 3 : n_fds == 4 && l->uid == ch->uid);

	if (!is_sound) {
		for (unsigned i = 0; i < n_fds; i++)
			fd_close(fds[i]);
		return;
	}
	c = caller_new(ch, l->client, record, fds, n_fds);
	if (c)
		look(ch, c, true);
}

/* An event of ours that somebody delivers: a pulse for the connection that we said. */
static void take_event(struct channel *ch, struct link *l, const struct link_record *record)
{
	int scoid = 0;

	/* From a server of ours, whoever it runs as; else as any pulse. */
	if (!may_pulse(l->uid) && !connection_has_server(l->pid))
		return;
	for (const struct client *c = ch->clients; c; c = c->next)
		if (c->pid == getpid() && !c->is_gone)
			scoid = c->scoid;
	add_pulse(ch, scoid, record->priority, record->code, record->value, record->ticket);
}

static void take_link_record(struct channel *ch, struct link *l, const struct link_record *record,
			     const int *fds, unsigned n_fds)
{
	if (record->magic == LANE_MAGIC && record->kind == LINK_KIND_LANE) {
		take_lane(ch, l, record, fds, n_fds);
		return;
	}
	for (unsigned i = 0; i < n_fds; i++)
		fd_close(fds[i]);
	if (record->magic != LANE_MAGIC)
		return;
	switch ((enum link_kind)record->kind) {
	case LINK_KIND_HELLO:
		take_hello(ch, l, record);
		break;
	case LINK_KIND_PULSE:
		take_event(ch, l, record);
		break;
	case LINK_KIND_SHARE:
		share_add(l, record->ticket);
		break;
	case LINK_KIND_LANE:
		break;
	}
}

static bool is_hung_up(const struct guard_fd *socket)
{
	return packet_poll(guard_number(socket), POLLRDHUP, 0) > 0;
}

/* What a program writes to its descriptor by itself is dropped; an empty record, too, which looks
 * like the end but is none: the end itself is told by an event. */
static void read_link(struct channel *ch, struct link *l)
{
	sigset_t mask;

	guard_making(&mask);
	for (unsigned n = 0; n < ARRIVALS_AT_ONCE && l->channel == ch; n++) {
		struct link_record record = {.magic = 0};
		int fds[PACKET_FDS_MAX];
		unsigned n_fds;
		ssize_t got = packet_recv_fds(guard_number(&l->socket), &record, sizeof(record),
					      fds, &n_fds, MSG_DONTWAIT | MSG_TRUNC);

		if (got < 0)
			break;
		if (got != (ssize_t)sizeof(record))
			record.magic = 0;
		take_link_record(ch, l, &record, fds, n_fds);
		/* All of them: one may carry the very descriptor whose end is waited for. */
		if (got == 0 && is_hung_up(&l->socket))
			break;
	}
	guard_made(&mask);
}

void arrivals_read_links(struct channel *ch)
{
	uint32_t next = 0;
	struct link *l;

	while ((l = link_next(ch, &next)) != NULL)
		/* Who has not said hello cannot have said anything that matters now. */
		if (l->client || l->is_parted)
			read_link(ch, l);
}

/* Those that have not said hello. */
static void read_strangers(struct channel *ch)
{
	struct link *next;

	for (struct link *l = ch->strangers; l; l = next) {
		next = l->next;
		read_link(ch, l);
	}
}

/* 0, *ret_link is NULL if it is gone again; or -errno. */
static int accept_one(struct channel *ch, struct link **ret_link)
{
	int cancel = cancel_hold(), fd, error;
	sigset_t mask;

	guard_making(&mask);
	fd = accept4(guard_number(&ch->listener), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	error = errno;
	if (fd >= 0)
		*ret_link = link_new(ch, fd);
	guard_made(&mask);
	cancel_let(cancel);
	return fd < 0 ? -error : 0;
}

static void accept_all(struct channel *ch)
{
	for (;;) {
		bool was_full = ch->is_full;
		struct link *l = NULL;
		int rc = accept_one(ch, &l);

		if (rc == -EMFILE && guard_raise_limit())
			continue;
		/* Told once: who was not let in must be looked for when there is room. */
		ch->is_full = rc < 0 && rc != -EAGAIN;
		/* Whose client is not among those that were let in is lost. */
		ch->has_hello |= was_full && !ch->is_full && ch->has_unknown_lane;
		if (rc < 0)
			return;
		if (l && !is_of_node(l))
			link_close(l);
		else if (l)
			read_link(ch, l);
	}
}

static void link_ended(struct channel *ch, struct link *l)
{
	/* What was on its way may be a connection of the same process. */
	accept_all(ch);
	read_link(ch, l);
	share_ended(ch, l);
	if (l->client)
		client_lost_link(l->client, l);
	else
		link_close(l);
}

/* What it said before counts. By the tables: a look may end any of them. */
static void read_process(struct channel *ch, pid_t pid)
{
	uint32_t at = 0;
	struct caller *caller;
	struct link *l;

	accept_all(ch);
	while ((l = link_next(ch, &at)) != NULL)
		if (l->client && l->pid == pid)
			read_link(ch, l);
	at = 0;
	while ((caller = caller_next(ch, &at)) != NULL)
		if (caller->memory && caller->pid == pid)
			look(ch, caller, true);
}

static void process_died(struct channel *ch, pid_t pid)
{
	struct process *p = process_ended(ch, pid);
	struct client *c;

	if (!p)
		return;
	read_process(ch, pid);
	/* Once each: one that a thread of ours still answers goes when that is done. */
	while ((c = process_take_client(ch, p)) != NULL)
		client_died(c);
	process_release(ch, p);
}

/* ---- The whole ---- */

static bool is_end(const struct epoll_event *ev)
{
	/* A connection of our own cannot be read from, which looks like half an end. */
	if (ev->data.u64 >> 56 == TAG_WATCH)
		return ev->events & (EPOLLHUP | EPOLLERR);
	return ev->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
}

static void watched_ended(struct channel *ch, int coid)
{
	struct connection *c = connection_at(coid);

	/* Who sends may have seen it before; and a socket that a child holds, too, outlives its id. */
	if (!c || CONNECTION_GET(c, is_mourned) || !connection_is_dead(c))
		return;
	CONNECTION_SET(c, is_mourned, true);
	connection_died(c);
	channel_pulse(ch, THREAD_PRIORITY_DEFAULT, _PULSE_CODE_COIDDEATH, (uint64_t)(uint32_t)coid,
		      0);
}

static void take_news(struct channel *ch, const struct epoll_event *ev)
{
	uint32_t index = (uint32_t)ev->data.u64;
	uint32_t serial = (uint32_t)(ev->data.u64 >> 32) & 0xffffff;
	struct caller *caller;
	struct link *l;

	switch ((enum tag_kind)(ev->data.u64 >> 56)) {
	case TAG_LISTENER:
		accept_all(ch);
		break;
	case TAG_LINK:
		l = link_find(ch, index, serial);
		if (l)
			read_link(ch, l);
		break;
	case TAG_CALLER:
	case TAG_BELL:
		caller = caller_tagged(ch, index, serial);
		if (caller) {
			ch->hot = caller;
			look(ch, caller, ev->data.u64 >> 56 == TAG_CALLER && ev->events & EPOLLIN);
		}
		break;
	case TAG_MORE:
	case TAG_WATCH:
	case TAG_PROCESS:
		break;
	}
}

static void take_end(struct channel *ch, const struct epoll_event *ev)
{
	uint32_t index = (uint32_t)ev->data.u64;
	uint32_t serial = (uint32_t)(ev->data.u64 >> 32) & 0xffffff;
	struct caller *caller;
	struct link *l;

	switch ((enum tag_kind)(ev->data.u64 >> 56)) {
	case TAG_LINK:
		l = link_find(ch, index, serial);
		if (l)
			link_ended(ch, l);
		break;
	case TAG_CALLER:
		caller = caller_tagged(ch, index, serial);
		if (caller)
			caller_lost(caller);
		break;
	case TAG_WATCH:
		watched_ended(ch, (int)index);
		break;
	case TAG_LISTENER:
	case TAG_BELL:
	case TAG_MORE:
	case TAG_PROCESS:
		break;
	}
}

void arrivals_take(struct channel *ch, const struct epoll_event *events, int n)
{
	if (ch->is_full)
		accept_all(ch);
	for (int i = 0; i < n; i++)
		take_news(ch, &events[i]);
	for (int i = 0; i < n; i++)
		if (is_end(&events[i]))
			take_end(ch, &events[i]);
	/* Of a client whose links have all ended nothing is left by now. */
	for (int i = 0; i < n; i++)
		if (events[i].data.u64 >> 56 == TAG_PROCESS)
			process_died(ch, (pid_t)(uint32_t)events[i].data.u64);
	look_again(ch);
}
