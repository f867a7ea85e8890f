// SPDX-License-Identifier: Apache-2.0
/*
 * Open files that more than one process holds.
 *
 * A descriptor is a connection. dup() makes a second connection and says so by _IO_DUP. What
 * comes by fork, spawn or exec is a copy of the socket, and the server's end of it, the link,
 * lives as long as anybody has one. The rules:
 *
 *	A linked program that has come by a descriptor makes a connection of its own before it
 *	does anything else: a forked child before fork() returns to it, others when they start.
 *	Over the old socket it says SHARE with a random number, over the new one HELLO with the
 *	same: whoever can do that holds both. So the new connection is bound to what the old one
 *	is bound to, one more user of it, and has its own close_dup.
 *
 *	For a server this is a dup without a message. Who wants to hear of dups is told by a
 *	pulse of the library's own (dispatch/inherited.c).
 *
 *	The same process over the new connection, after an exec: the same client and descriptor.
 *	Nothing is added.
 *
 *	Who closes a descriptor says in _IO_CLOSE whether it has had children since it opened it.
 *	If not, nobody else can hold it. If so, it has its close_dup, and what was opened stays
 *	with the link (channel_part()): for a child that is only just starting, and for a
 *	program that knows nothing of us, and never introduces itself. At the link's end that use
 *	of it ends, too, without another close_dup.
 *
 *	A process that dies has its close_dup by its disconnection; if its link does not end, it
 *	stays open for whoever has it.
 *
 *	A link that ends without such a word, while its client has other ones, was closed by exec
 *	or by a raw system call: that has its close_dup then.
 *
 * What a hostile client says can only bind it to what it holds: numbers are looked for among the
 * links that they came over, and each is good for once.
 */
#include <errno.h>

#include "message/channel.h"
#include "message/lock.h"
#include "message/ready.h"
#include "message/thread.h"

/* Children of one descriptor that are about to introduce themselves at the same moment. */
#define SHARES_MAX 1024

struct share {
	struct share *next;
	uint64_t ticket;
};

static struct lock lock = LOCK_INIT;
static struct share *spare;

static struct share *share_new(void)
{
	struct share *s;
	sigset_t mask;

	lock_take(&lock, &mask);
	s = spare;
	if (s)
		spare = s->next;
	lock_give(&lock, &mask);
	return s ? s : ready_alloc(sizeof(*s));
}

static void share_free(struct share *s)
{
	sigset_t mask;

	lock_take(&lock, &mask);
	s->next = spare;
	spare = s;
	lock_give(&lock, &mask);
}

void share_add(struct link *l, uint64_t ticket)
{
	struct share *s = l->shares;
	unsigned n = 0;

	for (; s; s = s->next)
		n++;
	if (ticket == 0 || n == SHARES_MAX)
		return;
	s = share_new();
	if (!s)
		return;
	s->ticket = ticket;
	s->next = l->shares;
	l->shares = s;
}

static struct link *find(const struct channel *ch, uint64_t ticket)
{
	uint32_t next = 0;
	struct link *l;

	while ((l = link_next(ch, &next)) != NULL) {
		for (struct share **at = &l->shares; *at; at = &(*at)->next) {
			struct share *s = *at;

			if (s->ticket != ticket)
				continue;
			*at = s->next;
			share_free(s);
			return l;
		}
	}
	return NULL;
}

struct link *share_take(struct channel *ch, uint64_t ticket)
{
	struct link *l;

	if (ticket == 0)
		return NULL;
	l = find(ch, ticket);
	if (l)
		return l;
	/* It was said before: it is only not read yet. */
	arrivals_read_links(ch);
	return find(ch, ticket);
}

static struct link_key key_of(const struct link *l)
{
	if (l->is_parted)
		return (struct link_key){0, l->number, 0};
	return (struct link_key){l->client->scoid, l->coid, l->client->pid};
}

void share_duplicate(struct channel *ch, const struct link *from, const struct link *to)
{
	struct link_key a, b;

	if (!ch->rules || (!from->is_parted && !from->client))
		return;
	a = key_of(from);
	b = key_of(to);
	if ((a.scoid != b.scoid || a.coid != b.coid) && ch->rules->duplicate(ch->rules_owner, a, b))
		channel_pulse(ch, THREAD_PRIORITY_DEFAULT, ch->rules->code_dup, (uint64_t)b.coid,
			      b.scoid);
}

/* Another connection of the same client has that id meanwhile, or after an exec. */
static bool is_followed(const struct link *l)
{
	for (const struct link *other = l->client->links; other; other = other->next)
		if (other != l && other->coid == l->coid)
			return true;
	return false;
}

static bool is_last(const struct link *l)
{
	return l->client->links == l && !l->next;
}

void share_drop(struct link *l)
{
	while (l->shares) {
		struct share *s = l->shares;

		l->shares = s->next;
		share_free(s);
	}
}

void share_leave(struct channel *ch, struct link *l)
{
	if (ch->rules && !is_followed(l))
		ch->rules->inherit(ch->rules_owner, key_of(l), l->number);
	l->is_parted = true;
	client_part_link(l->client, l);
}

void share_ended(struct channel *ch, struct link *l)
{
	bool has = l->is_parted;

	/* With the last one the client itself goes, and all that it has. */
	if (ch->rules && l->client && !l->client->is_gone && !is_last(l) && !is_followed(l))
		has = ch->rules->part(ch->rules_owner, key_of(l), l->number, false);
	if (has && ch->rules)
		channel_pulse(ch, THREAD_PRIORITY_DEFAULT, ch->rules->code, (uint64_t)l->number, 0);
}

void channel_set_rules(int chid, const struct link_rules *rules, void *owner)
{
	struct channel *ch = channel_lock(chid);

	if (!ch)
		return;
	ch->rules = rules;
	ch->rules_owner = owner;
	channel_unlock(ch);
}

static struct link *link_with(struct client *c, int coid)
{
	struct link *l = c ? c->links : NULL;

	while (l && l->coid != coid)
		l = l->next;
	return l;
}

uint64_t channel_keep(int chid, int scoid, int coid)
{
	struct channel *ch = channel_lock(chid);
	struct client *c = ch ? client_find(ch, scoid) : NULL;
	struct link *l = link_with(c, coid);
	uint64_t name = 0;

	if (l) {
		share_drop(l);
		l->is_idle = true;
		client_part_link(c, l);
		name = link_name(l);
	}
	if (ch)
		channel_unlock(ch);
	return name;
}

bool channel_part(int chid, int scoid, int coid)
{
	struct channel *ch = channel_lock(chid);
	struct client *c = ch ? client_find(ch, scoid) : NULL;
	struct link *l = link_with(c, coid);
	bool has = false;

	if (l && ch->rules)
		has = ch->rules->part(ch->rules_owner, key_of(l), l->number, true);
	if (has) {
		l->is_parted = true;
		client_part_link(c, l);
	}
	if (ch)
		channel_unlock(ch);
	return has;
}

void share_forked(void)
{
	lock_reset(&lock);
	spare = NULL;
}
