// SPDX-License-Identifier: Apache-2.0
/*
 * Clients of this process's channels, and their connections' ends here.
 *
 * A client is a process, known by the pid that the kernel tells of who connected. All its
 * connections to a channel are one client with one scoid, as long as it has any: who detaches the
 * last one and comes back is another client, which a number tells that the process counts. The
 * scoid stays taken until the server detaches it, if it wants to hear of disconnections. The lanes
 * of the process stay, too: when it comes back it says in them which client they are of then.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/neutrino.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "message/caller.h"
#include "message/channel.h"
#include "message/lock.h"
#include "message/ready.h"

#define SCOID_BIT   0x00010000
#define CLIENTS_MAX 32768
#define LINKS_MAX   65536

static struct lock lock = LOCK_INIT; /* of the tables */
static struct client *clients[CLIENTS_MAX];
static struct client *spare_client;
static unsigned client_end_at = 1;
static struct link *links[LINKS_MAX];
static struct link *spare_link;
static unsigned n_links;
static int links_so_far;

/* ---- Links ---- */

static struct link *link_record(void)
{
	struct link *l = spare_link;

	if (l) {
		spare_link = l->next_spare;
		return l;
	}
	if (n_links == LINKS_MAX)
		return NULL;
	l = ready_alloc(sizeof(*l));
	if (!l)
		return NULL;
	l->socket.number = -1;
	l->index = n_links;
	__atomic_store_n(&links[n_links], l, __ATOMIC_RELEASE);
	__atomic_store_n(&n_links, n_links + 1, __ATOMIC_RELEASE);
	return l;
}

static bool learn_peer(struct link *l, int fd)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0 || cred.pid <= 0)
		return false;
	l->pid = cred.pid;
	l->uid = cred.uid;
	l->gid = cred.gid;
	return true;
}

static void unlist(struct link **at, const struct link *l)
{
	while (*at && *at != l)
		at = &(*at)->next;
	if (*at)
		*at = l->next;
}

struct link *link_new(struct channel *ch, int fd)
{
	struct link *l;
	sigset_t mask;

	lock_take(&lock, &mask);
	l = link_record();
	lock_give(&lock, &mask);
	if (!l) {
		fd_close(fd);
		return NULL;
	}
	/* With 0 the first would have no name. */
	l->serial += 1 + ((l->serial + 1) % 0x1000000 == 0);
	__atomic_store_n(&l->channel, ch, __ATOMIC_RELEASE);
	l->client = NULL;
	l->next = ch->strangers;
	ch->strangers = l;
	l->is_parted = l->is_idle = false;
	l->number = __atomic_add_fetch(&links_so_far, 1, __ATOMIC_RELAXED);
	if (!learn_peer(l, fd)) {
		fd_close(fd);
	} else if (guard_add(&l->socket, fd) == 0 &&
		   channel_add_fd(ch, guard_number(&l->socket), TAG(TAG_LINK, l->serial, l->index),
				  EPOLLIN | EPOLLRDHUP) == 0) {
		ch->has_grown = true;
		return l;
	}
	link_close(l);
	return NULL;
}

static struct link *link_of_channel(const struct channel *ch, uint32_t index)
{
	struct link *l = index < LINKS_MAX ? __atomic_load_n(&links[index], __ATOMIC_ACQUIRE) :
					     NULL;

	/* Another channel's may be changed at this moment; ours are not. */
	return l && __atomic_load_n(&l->channel, __ATOMIC_ACQUIRE) == ch ? l : NULL;
}

struct link *link_find(const struct channel *ch, uint32_t index, uint32_t serial)
{
	struct link *l = link_of_channel(ch, index);

	return l && (l->serial & 0xffffff) == serial ? l : NULL;
}

struct link *link_next(const struct channel *ch, uint32_t *at)
{
	uint32_t end = __atomic_load_n(&n_links, __ATOMIC_ACQUIRE);

	while (*at < end) {
		struct link *l = link_of_channel(ch, (*at)++);

		if (l)
			return l;
	}
	return NULL;
}

void link_close(struct link *l)
{
	sigset_t mask;

	guard_close(&l->socket);
	share_drop(l);
	if (!l->client)
		unlist(&l->channel->strangers, l); /* or it was parted from its client */
	__atomic_store_n(&l->channel, NULL, __ATOMIC_RELEASE);
	l->client = NULL;
	lock_take(&lock, &mask);
	l->next_spare = spare_link;
	spare_link = l;
	lock_give(&lock, &mask);
}

/* ---- Clients ---- */

static struct client *client_record(void)
{
	struct client *c = spare_client;

	if (c) {
		spare_client = c->next;
		return c;
	}
	return ready_alloc(sizeof(*c));
}

static struct client *client_new(struct channel *ch, const struct link *l)
{
	struct client *c;
	unsigned at = 1;
	sigset_t mask;

	lock_take(&lock, &mask);
	while (at < client_end_at && clients[at])
		at++;
	c = at < CLIENTS_MAX ? client_record() : NULL;
	if (c) {
		__atomic_store_n(&c->channel, ch, __ATOMIC_RELEASE);
		c->process = NULL;
		c->pid = l->pid;
		c->uid = l->uid;
		c->gid = l->gid;
		c->is_gone = c->is_leaving = false;
		c->links = NULL;
		c->callers = NULL;
		__atomic_store_n(&c->scoid, SCOID_BIT | (int)at, __ATOMIC_RELEASE);
		__atomic_store_n(&clients[at], c, __ATOMIC_RELEASE);
		client_end_at = MAX(client_end_at, at + 1);
	}
	lock_give(&lock, &mask);
	if (!c)
		return NULL;
	c->process = process_of(ch, l);
	c->next = ch->clients;
	ch->clients = c;
	return c;
}

struct client *client_numbered(const struct channel *ch, pid_t pid, uint64_t number)
{
	struct client *c = ch->clients;

	while (c && (c->pid != pid || c->number != number || c->is_gone))
		c = c->next;
	return c;
}

struct client *client_of(struct channel *ch, const struct link *l, uint64_t number)
{
	struct client *c = client_numbered(ch, l->pid, number);

	if (!c) {
		c = client_new(ch, l);
		if (c)
			c->number = number;
	}
	if (c)
		__atomic_store_n(&c->is_leaving, false, __ATOMIC_RELEASE);
	return c;
}

static void client_unlist(struct client *c)
{
	struct client **at = &c->channel->clients;
	sigset_t mask;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	process_drop(c->channel, c->process);
	lock_take(&lock, &mask);
	__atomic_store_n(&clients[c->scoid & ~SCOID_BIT], NULL, __ATOMIC_RELEASE);
	__atomic_store_n(&c->scoid, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&c->channel, NULL, __ATOMIC_RELEASE);
	c->next = spare_client;
	spare_client = c;
	lock_give(&lock, &mask);
}

/* All of it that still is. */
void client_end(struct client *c)
{
	while (c->links) {
		struct link *l = c->links;

		c->links = l->next;
		link_close(l);
	}
	while (c->callers)
		caller_end(c->callers, ESRCH);
	client_unlist(c);
}

static void client_gone(struct client *c)
{
	struct channel *ch = c->channel;
	int priority = THREAD_PRIORITY_DEFAULT;

	c->is_gone = true;
	/* Its threads' last wishes come before the news that it is gone. */
	for (const struct caller *caller = c->callers; caller; caller = caller->next)
		if (caller->progress == CALLER_HELD)
			priority = MIN(priority, caller->item.priority);
	for (struct caller *caller = c->callers, *next; caller; caller = next) {
		next = caller->next;
		if (!caller_park(caller))
			caller_lost(caller);
	}
	if (ch->flags & _NTO_CHF_DISCONNECT)
		channel_pulse(ch, priority, _PULSE_CODE_DISCONNECT, 0, c->scoid);
	else
		client_end(c);
}

void client_add_link(struct client *c, struct link *l)
{
	unlist(&c->channel->strangers, l);
	l->client = c;
	l->next = c->links;
	c->links = l;
}

void client_lost_link(struct client *c, struct link *l)
{
	unlist(&c->links, l);
	link_close(l);
	if (!c->links && !c->is_gone) {
		__atomic_store_n(&c->is_leaving, true, __ATOMIC_SEQ_CST);
		client_settle(c);
	}
}

void client_part_link(struct client *c, struct link *l)
{
	unlist(&c->links, l);
	l->client = NULL;
	l->next = NULL;
	if (!c->links && !c->is_gone)
		__atomic_store_n(&c->is_leaving, true, __ATOMIC_SEQ_CST);
}

static bool is_blocked(const struct client *c)
{
	for (struct caller *caller = c->callers; caller; caller = caller->next)
		if (caller_is_blocked(caller))
			return true;
	return false;
}

void client_settle(struct client *c)
{
	if (c->is_leaving && !c->is_gone && !c->links && !is_blocked(c))
		client_gone(c);
}

static bool is_here(const struct client *c, const struct channel *ch)
{
	return __atomic_load_n(&c->channel, __ATOMIC_ACQUIRE) == ch && !c->is_gone;
}

void client_died(struct client *c)
{
	struct channel *ch = c->channel;

	/* With the last of what it waits for it may go, and all that is left of it. */
	for (struct caller *caller = c->callers, *next; caller && is_here(c, ch); caller = next) {
		next = caller->next;
		caller_lost(caller);
	}
	while (is_here(c, ch) && c->links)
		share_leave(ch, c->links);
	if (is_here(c, ch))
		client_settle(c);
}

struct client *client_find(struct channel *ch, int scoid)
{
	unsigned at = (unsigned)scoid & ~(unsigned)SCOID_BIT;
	struct client *c = NULL;

	if ((scoid & SCOID_BIT) && at < CLIENTS_MAX)
		c = __atomic_load_n(&clients[at], __ATOMIC_ACQUIRE);
	if (!c || __atomic_load_n(&c->scoid, __ATOMIC_ACQUIRE) != scoid)
		return NULL;
	return !ch || __atomic_load_n(&c->channel, __ATOMIC_ACQUIRE) == ch ? c : NULL;
}

int client_detach(int scoid)
{
	struct client *c = client_find(NULL, scoid);
	struct channel *ch = c ? __atomic_load_n(&c->channel, __ATOMIC_ACQUIRE) : NULL;

	ch = ch ? channel_lock(ch->chid) : NULL;
	if (!ch)
		return -EINVAL;
	c = client_find(ch, scoid);
	if (c)
		client_end(c);
	channel_unlock(ch);
	return c ? 0 : -EINVAL;
}

void client_forked(void)
{
	lock_reset(&lock);
	for (unsigned i = 0; i < client_end_at; i++)
		clients[i] = NULL;
	client_end_at = 1;
	spare_client = NULL;
	for (unsigned i = 0; i < n_links; i++)
		links[i] = NULL;
	n_links = 0;
	spare_link = NULL;
}
