// SPDX-License-Identifier: Apache-2.0
#include "core/ptable.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static uint32_t bucket_count(const struct core_limits *l)
{
	uint32_t n = 16;

	while (n < l->procs)
		n *= 2;
	return n;
}

/* Where the parts of a table lie; the same for whoever opens it. */
static size_t lay_out(struct core *c, uint8_t *mem, const struct core_limits *l, uint32_t buckets)
{
	size_t at = sizeof(struct pt_head);
	size_t procs = at, hash, waiters, subs, notices, abilities, paths, texts, names, effects,
	       undo;

	at += sizeof(struct pt_proc) * ((size_t)l->procs + 1);
	waiters = at;
	at += sizeof(struct pt_waiter) * ((size_t)l->waiters + 1);
	subs = at;
	at += sizeof(struct pt_sub) * ((size_t)l->subs + 1);
	notices = at;
	at += sizeof(struct pt_notice) * ((size_t)l->notices + 1);
	abilities = at;
	at += sizeof(struct pt_ability) * ((size_t)l->abilities + 1);
	paths = at;
	at += sizeof(struct pt_path) * ((size_t)l->paths + 1);
	texts = at;
	at += sizeof(struct pt_text) * ((size_t)l->texts + 1);
	names = at;
	at += sizeof(struct pt_name) * PT_NAMES;
	effects = at;
	at += sizeof(struct pt_effect) * journal_fx_room(l);
	hash = at;
	at += sizeof(uint32_t) * (size_t)buckets;
	undo = at;
	at += journal_undo_room(l, buckets);
	if (!mem)
		return at;

	*c = (struct core){
		.head = (void *)mem,
		.procs = (void *)(mem + procs),
		.buckets = (void *)(mem + hash),
		.waiters = (void *)(mem + waiters),
		.subs = (void *)(mem + subs),
		.notices = (void *)(mem + notices),
		.abilities = (void *)(mem + abilities),
		.paths = (void *)(mem + paths),
		.texts = (void *)(mem + texts),
		.names = (void *)(mem + names),
		.effects = (void *)(mem + effects),
		.undo = mem + undo,
	};
	return at;
}

size_t core_size(const struct core_limits *l)
{
	return lay_out(NULL, NULL, l, bucket_count(l));
}

void core_init(struct core *c, void *mem, const struct core_limits *l)
{
	uint32_t buckets = bucket_count(l);
	struct pt_head *h;

	lay_out(c, mem, l, buckets);
	h = c->head;
	h->magic = PT_MAGIC;
	h->capacity = l->procs;
	h->keep_root = l->keep_root;
	h->waiters = l->waiters;
	h->subs = l->subs;
	h->notices = l->notices;
	h->abilities = l->abilities;
	h->paths = l->paths;
	h->texts = l->texts;
	h->buckets = buckets;
	h->options = l->options;
	h->next_sub_id = 1;
	h->next_path_id = 1;
	/*
	 * Each pool has a free list for what was given back and a mark behind
	 * which nothing was ever used: memory that is not needed is not touched.
	 */
	c->procs[0].pid = 1;
	c->procs[0].life = LIFE_RUNNING;
}

int core_open(struct core *c, void *mem, size_t size)
{
	const struct pt_head *h = mem;
	struct core_limits l;

	if (size < sizeof(*h) || h->magic != PT_MAGIC)
		return -EPROTO;
	l = (struct core_limits){
		.procs = h->capacity,
		.waiters = h->waiters,
		.subs = h->subs,
		.notices = h->notices,
		.abilities = h->abilities,
		.paths = h->paths,
		.texts = h->texts,
	};
	if (core_size(&l) > size || h->buckets != bucket_count(&l))
		return -EPROTO;
	lay_out(c, mem, &l, h->buckets);
	journal_recover(c);
	return 0;
}

struct pt_proc *pt_edit(struct core *c, uint32_t index)
{
	struct pt_proc *p = &c->procs[index];

	journal_edit(c, p, sizeof(*p));
	return p;
}

bool pt_alloc_fails(struct core *c)
{
	return c->fail_at && --c->fail_at == 0;
}

/* Room is what is neither used nor promised to somebody's births to come. */
bool pt_has_room(const struct core *c, bool root)
{
	const struct pt_head *h = c->head;
	uint32_t taken = h->n_used + h->n_reserved;
	uint32_t limit = root ? h->capacity : h->capacity - h->keep_root;

	return taken < limit;
}

void pt_room_made(struct core *c)
{
	if (c->head->full_said && pt_has_room(c, false))
		c->head->full_said = 0;
}

struct pt_proc *pt_take(struct core *c)
{
	struct pt_head *h = c->head;
	uint32_t index = h->free_proc;
	struct pt_proc *p;

	if (pt_alloc_fails(c) || h->n_used == h->capacity)
		return NULL;
	if (index) {
		p = pt_edit(c, index);
		h->free_proc = p->next;
	} else {
		index = ++h->procs_touched;
		p = pt_edit(c, index);
	}
	*p = (struct pt_proc){.stamp = p->stamp, .self = index};
	h->n_used++;
	return p;
}

void pt_drop(struct core *c, struct pt_proc *p)
{
	uint32_t index = p->self;

	assert(p->life >= LIFE_TRACE_ZOMBIE && !(p->flags & FLAG_UNTOLD));
	*p = (struct pt_proc){.stamp = p->stamp, .self = index, .next = c->head->free_proc};
	c->head->free_proc = index;
	c->head->n_used--;
	pt_room_made(c);
}

/* Pids are handed out in order, so the low bits spread well. */
static uint32_t *bucket_of(const struct core *c, pid_t pid)
{
	return &c->buckets[(uint32_t)pid & (c->head->buckets - 1)];
}

void pt_hash(struct core *c, struct pt_proc *p)
{
	uint32_t *b = bucket_of(c, p->pid);

	journal_edit_word(c, b);
	p->hash_next = *b;
	*b = p->self;
}

void pt_unhash(struct core *c, struct pt_proc *p)
{
	uint32_t *b = bucket_of(c, p->pid);
	uint32_t i = *b;

	if (i == p->self) {
		journal_edit_word(c, b);
		*b = p->hash_next;
		return;
	}
	while (i && pt_at(c, i)->hash_next != p->self)
		i = pt_at(c, i)->hash_next;
	assert(i);
	pt_edit(c, i)->hash_next = p->hash_next;
}

struct pt_proc *core_find(const struct core *c, pid_t pid)
{
	if (pid <= 0)
		return NULL;
	for (uint32_t i = *bucket_of(c, pid); i; i = pt_at(c, i)->hash_next)
		if (pt_at(c, i)->pid == pid)
			return pt_at(c, i);
	return NULL;
}

struct pt_proc *core_get(const struct core *c, uint32_t index)
{
	assert(index && index <= c->head->capacity && c->procs[index].life != LIFE_FREE);
	return &c->procs[index];
}

struct pt_proc *core_used(const struct core *c, uint32_t index)
{
	if (!index || index > c->head->procs_touched || c->procs[index].life == LIFE_FREE)
		return NULL;
	return &c->procs[index];
}

pid_t core_ppid(const struct core *c, const struct pt_proc *p)
{
	return pt_at(c, p->parent)->pid;
}

enum core_result core_set_page(struct core *c, struct pt_proc *p, uint32_t page, uint32_t arena)
{
	journal_begin(c);
	p = pt_edit(c, p->self);
	p->page = page;
	p->arena = arena;
	p->flags = page ? p->flags | FLAG_LINKED : p->flags & ~(uint32_t)FLAG_LINKED;
	/* A new image, or a new page: nothing is told in it yet. */
	p->told = 0;
	p->noticed = 0;
	journal_commit(c);
	return CORE_OK;
}

void pt_live_add(struct core *c, struct pt_proc *parent, struct pt_proc *p)
{
	parent = pt_edit(c, parent->self);
	p->parent = parent->self;
	p->prev = 0;
	p->next = parent->first_live;
	if (p->next)
		pt_edit(c, p->next)->prev = p->self;
	parent->first_live = p->self;
	parent->n_children++;
}

void pt_live_remove(struct core *c, struct pt_proc *p)
{
	struct pt_proc *parent = pt_edit(c, p->parent);

	if (p->prev)
		pt_edit(c, p->prev)->next = p->next;
	else
		parent->first_live = p->next;
	if (p->next)
		pt_edit(c, p->next)->prev = p->prev;
	p->next = p->prev = 0;
	parent->n_children--;
}

void pt_dead_add(struct core *c, struct pt_proc *parent, struct pt_proc *p)
{
	parent = pt_edit(c, parent->self);
	p->parent = parent->self;
	p->next = 0;
	p->prev = parent->last_dead;
	if (p->prev)
		pt_edit(c, p->prev)->next = p->self;
	else
		parent->first_dead = p->self;
	parent->last_dead = p->self;
	parent->n_children++;
	c->head->n_zombies++;
}

void pt_dead_remove(struct core *c, struct pt_proc *p)
{
	struct pt_proc *parent = pt_edit(c, p->parent);

	if (p->prev)
		pt_edit(c, p->prev)->next = p->next;
	else
		parent->first_dead = p->next;
	if (p->next)
		pt_edit(c, p->next)->prev = p->prev;
	else
		parent->last_dead = p->prev;
	p->next = p->prev = 0;
	parent->n_children--;
	c->head->n_zombies--;
}

void pt_untold_add(struct core *c, struct pt_proc *p)
{
	struct pt_proc *parent = pt_edit(c, p->parent);

	if (p->flags & FLAG_UNTOLD)
		return;
	p->flags |= FLAG_UNTOLD;
	p->next_untold = 0;
	if (parent->last_untold)
		pt_edit(c, parent->last_untold)->next_untold = p->self;
	else
		parent->first_untold = p->self;
	parent->last_untold = p->self;
}

struct pt_proc *pt_untold_take(struct core *c, struct pt_proc *parent)
{
	struct pt_proc *p;

	if (!parent->first_untold)
		return NULL;
	parent = pt_edit(c, parent->self);
	p = pt_edit(c, parent->first_untold);
	parent->first_untold = p->next_untold;
	if (!parent->first_untold)
		parent->last_untold = 0;
	p->next_untold = 0;
	p->flags &= ~(uint32_t)FLAG_UNTOLD;
	return p;
}

void pt_untold_remove(struct core *c, struct pt_proc *p)
{
	struct pt_proc *parent;
	uint32_t before = 0;

	if (!(p->flags & FLAG_UNTOLD))
		return;
	parent = pt_edit(c, p->parent);
	for (uint32_t i = parent->first_untold; i != p->self; i = pt_at(c, i)->next_untold)
		before = i;
	if (before)
		pt_edit(c, before)->next_untold = p->next_untold;
	else
		parent->first_untold = p->next_untold;
	if (parent->last_untold == p->self)
		parent->last_untold = before;
	p->next_untold = 0;
	p->flags &= ~(uint32_t)FLAG_UNTOLD;
}

struct pt_waiter *pt_waiter_take(struct core *c)
{
	struct pt_head *h = c->head;
	uint32_t index = h->free_waiter;
	struct pt_waiter *w;

	if (pt_alloc_fails(c) || (!index && h->waiters_touched == h->waiters))
		return NULL;
	if (!index)
		index = ++h->waiters_touched;
	w = &c->waiters[index];
	journal_edit(c, w, sizeof(*w));
	if (h->free_waiter)
		h->free_waiter = w->next;
	*w = (struct pt_waiter){.stamp = w->stamp};
	return w;
}

void pt_waiter_drop(struct core *c, struct pt_proc *p, uint32_t index)
{
	struct pt_waiter *w = &c->waiters[index];
	uint32_t before = 0;

	for (uint32_t i = p->first_waiter; i != index; i = c->waiters[i].next)
		before = i;
	journal_edit(c, w, sizeof(*w));
	if (before) {
		journal_edit(c, &c->waiters[before], sizeof(*w));
		c->waiters[before].next = w->next;
	} else {
		pt_edit(c, p->self)->first_waiter = w->next;
	}
	*w = (struct pt_waiter){.stamp = w->stamp, .next = c->head->free_waiter};
	c->head->free_waiter = index;
}
