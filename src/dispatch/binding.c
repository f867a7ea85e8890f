// SPDX-License-Identifier: Apache-2.0
#include "dispatch/binding.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "dispatch/attached.h"
#include "dispatch/dispatch.h"
#include "message/share.h"

/* open.uses: handlers that run, replies that go out, and two words about the end. */
#define USES_RUN     UINT32_C(1)
#define USES_RUNS    UINT32_C(0x00007fff)
#define USES_REPLY   UINT32_C(0x00008000)
#define USES_REPLIES UINT32_C(0x3fff8000)
#define USES_CLOSED  UINT32_C(0x40000000) /* no key leads here any more */
#define USES_GIVEN   UINT32_C(0x80000000) /* the last of the handlers ends it */

struct key {
	struct key *next;         /* with the same hash */
	struct key *same, **back; /* of the same client */
	struct open *open;
	struct bound who;
	bool is_closing;
	bool is_delayed;   /* closing, but by nobody at the moment */
	struct bound was;  /* of a link's: the client's; scoid 0: closed by it */
	bool is_untold;    /* inherited, and its dup handler has not run */
	struct bound from; /* then: a duplicate of this */
};

/* Only clients that have keys. */
struct client {
	struct client *next;
	int scoid;
	struct key *keys;
};

#define LISTS_FIRST 64

int bindings_init(struct bindings *table)
{
	*table = (struct bindings){.lists = LISTS_FIRST};
	table->keys = calloc(LISTS_FIRST, sizeof(struct key *));
	table->clients = calloc(LISTS_FIRST, sizeof(struct client *));
	if (!table->keys || !table->clients) {
		free(table->keys);
		free(table->clients);
		return -ENOMEM;
	}
	pthread_mutex_init(&table->lock, NULL);
	pthread_cond_init(&table->left, NULL);
	return 0;
}

void bindings_fini(struct bindings *table)
{
	assert(table->count == 0);
	free(table->keys);
	free(table->clients);
	pthread_cond_destroy(&table->left);
	pthread_mutex_destroy(&table->lock);
}

/* ---- Finding ---- */

static size_t hash_of(const struct bindings *table, int scoid, int coid)
{
	const uint32_t mixed = (uint32_t)scoid * UINT32_C(0x9e3779b1) ^
			       (uint32_t)coid * UINT32_C(0x85ebca6b);

	return (mixed ^ mixed >> 15) & (table->lists - 1);
}

static struct key **key_where(struct bindings *table, const struct bound *who)
{
	struct key **where = &table->keys[hash_of(table, who->scoid, who->coid)];

	while (*where && ((*where)->who.scoid != who->scoid || (*where)->who.coid != who->coid))
		where = &(*where)->next;
	return where;
}

static struct client **client_where(struct bindings *table, int scoid)
{
	struct client **where = &table->clients[hash_of(table, scoid, 0)];

	while (*where && (*where)->scoid != scoid)
		where = &(*where)->next;
	return where;
}

/* Twice as many lists. Without memory they just get longer. */
static void lists_grow(struct bindings *table)
{
	const size_t old = table->lists;
	struct key **keys = calloc(2 * old, sizeof(struct key *)), **was_keys = table->keys;
	struct client **clients = calloc(2 * old, sizeof(struct client *));
	struct client **was_clients = table->clients;

	if (!keys || !clients) {
		free(keys);
		free(clients);
		return;
	}
	table->keys = keys;
	table->clients = clients;
	table->lists = 2 * old;
	for (size_t i = 0; i < old; i++) {
		for (struct key *key = was_keys[i], *next; key; key = next) {
			const size_t to = hash_of(table, key->who.scoid, key->who.coid);

			next = key->next;
			key->next = keys[to];
			keys[to] = key;
		}
		for (struct client *client = was_clients[i], *next; client; client = next) {
			const size_t to = hash_of(table, client->scoid, 0);

			next = client->next;
			client->next = clients[to];
			clients[to] = client;
		}
	}
	free(was_keys);
	free(was_clients);
}

/* ---- Adding ---- */

/* A key that leads to @open. The lock is held. */
static int key_add(struct bindings *table, const struct bound *who, struct open *open)
{
	struct client **client = client_where(table, who->scoid);
	struct key *key;

	if (*key_where(table, who))
		return -EEXIST;
	if (!(key = calloc(1, sizeof(*key))))
		return -ENOMEM;
	if (!*client) {
		if (!(*client = calloc(1, sizeof(**client)))) {
			free(key);
			return -ENOMEM;
		}
		(*client)->scoid = who->scoid;
	}
	key->who = *who;
	key->open = open;
	key->same = (*client)->keys;
	key->back = &(*client)->keys;
	if (key->same)
		key->same->back = &key->same;
	(*client)->keys = key;
	*key_where(table, who) = key;
	open->keys++;
	if (++table->count > table->lists)
		lists_grow(table);
	return 0;
}

int binding_add(struct bindings *table, const struct bound *who, void *ocb,
		const resmgr_io_funcs_t *funcs, struct attached *attached)
{
	struct open *open = calloc(1, sizeof(*open));
	int r;

	if (!open)
		return -ENOMEM;
	open->ocb = ocb;
	open->funcs = funcs;
	open->attached = attached;
	pthread_mutex_lock(&table->lock);
	r = key_add(table, who, open);
	pthread_mutex_unlock(&table->lock);
	if (r < 0) {
		free(open);
		return r;
	}
	attached_ref(attached);
	return 0;
}

int binding_dup(struct bindings *table, const struct bound *from, const struct bound *to)
{
	const struct key *key;
	int r = -EBADF;

	pthread_mutex_lock(&table->lock);
	key = *key_where(table, from);
	if (key && !key->is_closing)
		r = key_add(table, to, key->open);
	pthread_mutex_unlock(&table->lock);
	return r;
}

/* ---- What links keep ---- */

static void key_unlink(struct bindings *table, struct key **where);

static bool hears_of_dups(const struct open *open)
{
	return open->funcs && open->funcs->nfuncs > _IO_DUP - _IO_READ && open->funcs->dup;
}

/* The lock is held. */
static void key_set_untold(struct bindings *table, struct key *key, const struct bound *from)
{
	key->is_untold = true;
	key->from = *from;
	atomic_fetch_add(&table->untold, 1);
}

static void key_set_told(struct bindings *table, struct key *key)
{
	if (key->is_untold)
		atomic_fetch_sub(&table->untold, 1);
	key->is_untold = false;
}

/* One that is being closed is there still, and good enough. */
static bool rules_duplicate(void *owner, struct link_key from, struct link_key to)
{
	const struct bound a = {from.scoid, from.coid, from.pid};
	const struct bound b = {to.scoid, to.coid, to.pid};
	const struct bound closed = {.coid = -1};
	struct bindings *table = owner;
	const struct key *key;
	bool tells = false;

	pthread_mutex_lock(&table->lock);
	key = *key_where(table, &a);
	/* No memory: EBADF to whom it concerns. */
	if (key && key_add(table, &b, key->open) == 0 && hears_of_dups(key->open)) {
		key_set_untold(table, *key_where(table, &b), a.scoid ? &a : &closed);
		tells = true;
	}
	pthread_mutex_unlock(&table->lock);
	return tells;
}

static bool rules_part(void *owner, struct link_key from, int number, bool is_closed)
{
	const struct bound a = {.scoid = from.scoid, .coid = from.coid};
	const struct bound b = {.coid = number};
	struct bindings *table = owner;
	struct key **where;
	bool has = false;

	pthread_mutex_lock(&table->lock);
	where = key_where(table, &a);
	if (*where && (is_closed || !(*where)->is_closing) &&
	    key_add(table, &b, (*where)->open) == 0) {
		/* The lists may be others now. */
		struct key *mine = *key_where(table, &b), *key;

		where = key_where(table, &a);
		key = *where;
		if (!is_closed)
			mine->was = key->who;
		if (!is_closed && key->is_untold)
			key_set_untold(table, mine, &key->from);
		key->open->keys--;
		key_unlink(table, where);
		free(key);
		has = true;
	}
	pthread_mutex_unlock(&table->lock);
	return has;
}

static void rules_inherit(void *owner, struct link_key from, int number)
{
	const struct bound a = {.scoid = from.scoid, .coid = from.coid};
	const struct bound b = {.coid = number};
	struct bindings *table = owner;
	const struct key *key;

	pthread_mutex_lock(&table->lock);
	key = *key_where(table, &a);
	/* No memory: then it is closed for the others, too. */
	if (key && !key->is_closing)
		(void)key_add(table, &b, key->open);
	pthread_mutex_unlock(&table->lock);
}

const struct link_rules binding_rules = {
	.duplicate = rules_duplicate,
	.part = rules_part,
	.inherit = rules_inherit,
	.code = DISPATCH_PULSE_LINK,
	.code_dup = DISPATCH_PULSE_DUP,
};

/* ---- Using ---- */

static struct open *key_enter(struct key *key)
{
	atomic_fetch_add_explicit(&key->open->uses, USES_RUN, memory_order_acquire);
	return key->open;
}

struct open *binding_enter_untold(struct bindings *table, const struct bound *key,
				  struct bound *ret_who, struct bound *ret_from)
{
	struct open *open = NULL;
	struct key *found;

	if (atomic_load(&table->untold) == 0)
		return NULL;
	pthread_mutex_lock(&table->lock);
	found = *key_where(table, key);
	if (found && found->is_untold) {
		*ret_who = found->was.scoid ? found->was : found->who;
		*ret_from = found->from;
		key_set_told(table, found);
		open = key_enter(found);
	}
	pthread_mutex_unlock(&table->lock);
	return open;
}

struct open *binding_enter(struct bindings *table, const struct bound *who, bool any)
{
	struct open *open = NULL;
	struct key *key;

	pthread_mutex_lock(&table->lock);
	key = *key_where(table, who);
	if (key && (any || !key->is_closing))
		open = key_enter(key);
	pthread_mutex_unlock(&table->lock);
	return open;
}

/* The lock is held. */
static struct open *key_take(struct key *key, struct bound *ret_who)
{
	if (!key || (key->is_closing && !key->is_delayed))
		return NULL;
	key->is_closing = true;
	key->is_delayed = false;
	*ret_who = key->who;
	return key_enter(key);
}

struct open *binding_enter_close(struct bindings *table, const struct bound *who)
{
	struct open *open = NULL;
	struct bound same;
	struct key *key;

	pthread_mutex_lock(&table->lock);
	key = *key_where(table, who);
	if (key && !key->is_delayed)
		open = key_take(key, &same);
	pthread_mutex_unlock(&table->lock);
	return open;
}

struct open *binding_enter_close_link(struct bindings *table, int number, struct bound *ret_was)
{
	const struct bound who = {.coid = number};
	struct open *open = NULL;
	struct bound same;
	struct key *key;

	pthread_mutex_lock(&table->lock);
	key = *key_where(table, &who);
	if (key) {
		*ret_was = key->was;
		open = key_take(key, &same);
	}
	pthread_mutex_unlock(&table->lock);
	return open;
}

struct open *binding_enter_close_any(struct bindings *table, int scoid, struct bound *ret_who)
{
	struct open *open = NULL;
	const struct client *client;

	pthread_mutex_lock(&table->lock);
	client = *client_where(table, scoid);
	for (struct key *key = client ? client->keys : NULL; key && !open; key = key->same)
		open = key_take(key, ret_who);
	pthread_mutex_unlock(&table->lock);
	return open;
}

struct open *binding_enter_close_name(struct bindings *table, const struct attached *attached,
				      struct bound *ret_who)
{
	struct open *open = NULL;

	pthread_mutex_lock(&table->lock);
	for (size_t i = 0; i < table->lists && !open; i++) {
		for (struct key *key = table->keys[i]; key && !open; key = key->next) {
			if (!attached || key->open->attached == attached)
				open = key_take(key, ret_who);
		}
	}
	pthread_mutex_unlock(&table->lock);
	return open;
}

void binding_delay_close(struct bindings *table, const struct bound *who, const struct open *open)
{
	struct key *key;

	pthread_mutex_lock(&table->lock);
	key = *key_where(table, who);
	if (key && key->is_closing && key->open == open)
		key->is_delayed = true;
	pthread_mutex_unlock(&table->lock);
}

void bindings_kill(struct bindings *table, const struct attached *attached)
{
	pthread_mutex_lock(&table->lock);
	for (size_t i = 0; i < table->lists; i++) {
		for (struct key *key = table->keys[i]; key; key = key->next) {
			if (key->open->attached == attached)
				atomic_store(&key->open->is_dead, true);
		}
	}
	pthread_mutex_unlock(&table->lock);
}

/* ---- Leaving ---- */

bool open_replies(struct open *open)
{
	const uint32_t was =
		atomic_fetch_add_explicit(&open->uses, USES_REPLY - USES_RUN, memory_order_acq_rel);

	return was & USES_GIVEN && (was & USES_RUNS) == USES_RUN;
}

/* Nobody replies any more. The lock is held; nobody comes in, as no key leads there. */
static void open_wait(struct bindings *table, struct open *open)
{
	while (atomic_load_explicit(&open->uses, memory_order_acquire) & USES_REPLIES)
		pthread_cond_wait(&table->left, &table->lock);
}

void open_leave(struct bindings *table, struct open *open, bool is_ender)
{
	const uint32_t was =
		atomic_fetch_sub_explicit(&open->uses, USES_REPLY, memory_order_acq_rel);

	/* From here on the open may be gone, unless we are to end it. */
	if (!(was & USES_CLOSED))
		return;
	pthread_mutex_lock(&table->lock);
	pthread_cond_broadcast(&table->left);
	if (is_ender)
		open_wait(table, open);
	pthread_mutex_unlock(&table->lock);
}

void open_leave_close(struct open *open)
{
	atomic_fetch_sub_explicit(&open->uses, USES_RUN, memory_order_acq_rel);
}

static void key_unlink(struct bindings *table, struct key **where)
{
	struct key *key = *where;
	struct client **client;

	key_set_told(table, key);
	*where = key->next;
	*key->back = key->same;
	if (key->same)
		key->same->back = key->back;
	client = client_where(table, key->who.scoid);
	if (!(*client)->keys) {
		struct client *last = *client;

		*client = last->next;
		free(last);
	}
	table->count--;
}

/* No key leads to it: who ends it? The lock is held. */
static bool open_is_ours(struct bindings *table, struct open *open)
{
	uint32_t uses = atomic_load(&open->uses), next;

	do {
		next = uses | USES_CLOSED | (uses & USES_RUNS ? USES_GIVEN : 0);
	} while (!atomic_compare_exchange_weak(&open->uses, &uses, next));
	if (uses & USES_RUNS)
		return false;
	open_wait(table, open);
	return true;
}

int binding_drop(struct bindings *table, const struct bound *who, struct open **ret_end)
{
	struct key **where, *key;
	struct open *open;

	*ret_end = NULL;
	pthread_mutex_lock(&table->lock);
	where = key_where(table, who);
	if (!(key = *where)) {
		pthread_mutex_unlock(&table->lock);
		return -ESRCH;
	}
	open = key->open;
	key_unlink(table, where);
	free(key);
	if (--open->keys == 0 && open_is_ours(table, open))
		*ret_end = open;
	pthread_mutex_unlock(&table->lock);
	return 0;
}

void open_free(struct open *open)
{
	attached_unref(open->attached);
	free(open);
}
