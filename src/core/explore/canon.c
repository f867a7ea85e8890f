// SPDX-License-Identifier: Apache-2.0
/*
 * When two worlds are the same. Entries get numbers in the order in which a walk
 * from the manager meets them, pids and groups in the order in which they are
 * named; what is left out (stamps, counters, chains of the hash, free lists)
 * has no consequences.
 */
#include "core/explore/world.h"

struct walk {
	const struct world *w;
	uint8_t number[WORLD_PROCS + 1]; /* of an entry, from 1 */
	uint8_t order[WORLD_PROCS + 1];  /* the entries by number */
	uint32_t n;
	int32_t labels[4 * WORLD_PROCS + 2 * WORLD_CALLS];
	uint32_t n_labels;
	uint64_t hash;
};

static const struct pt_proc *at(const struct walk *k, uint32_t i)
{
	return &k->w->core.procs[i];
}

static void put(struct walk *k, uint64_t value)
{
	k->hash = (k->hash ^ value) * 0x9e3779b97f4a7c15ull;
	k->hash ^= k->hash >> 29;
}

static void meet(struct walk *k, uint32_t i)
{
	if (k->number[i])
		return;
	k->order[k->n] = (uint8_t)i;
	k->number[i] = (uint8_t)++k->n;
}

static void number_all(struct walk *k)
{
	k->order[0] = 0;
	k->n = 1;
	/* Whom a walk meets it visits later: children are met by their parent. */
	for (uint32_t seen = 0; seen < k->n; seen++) {
		const struct pt_proc *p = at(k, k->order[seen]);

		for (uint32_t i = p->first_live; i; i = at(k, i)->next)
			meet(k, i);
		for (uint32_t i = p->first_dead; i; i = at(k, i)->next)
			meet(k, i);
		for (uint32_t i = p->first_untold; i; i = at(k, i)->next_untold)
			meet(k, i);
	}
}

static uint64_t label(struct walk *k, int32_t id)
{
	for (uint32_t i = 0; i < k->n_labels; i++)
		if (k->labels[i] == id)
			return i;
	k->labels[k->n_labels] = id;
	return k->n_labels++;
}

/* Its place among what is owed. */
static uint64_t rank(const struct walk *k, const struct deed *d)
{
	uint64_t n = 0;

	for (uint32_t i = 1; i <= WORLD_PROCS; i++)
		n += k->w->ledger.deeds[i].owed && k->w->ledger.deeds[i].order < d->order;
	return d->owed ? n + 1 : 0;
}

static void put_deed(struct walk *k, const struct deed *d)
{
	put(k, rank(k, d) | (uint64_t)d->dead << 8 | (uint64_t)d->for_tracer << 9 |
		       (uint64_t)d->announced << 10 | (uint64_t)d->zombie << 11 |
		       (uint64_t)d->collected << 12 | (uint64_t)d->reaped << 13 |
		       (uint64_t)d->nozombie << 14 | (uint64_t)d->native << 15 |
		       (uint64_t)d->moved << 16 | (uint64_t)d->sigs << 32);
}

static void put_entry(struct walk *k, uint32_t index)
{
	const struct pt_proc *p = at(k, index);

	put(k, p->life | (uint64_t)p->news << 4 | (uint64_t)p->sigchld << 8 |
		       (uint64_t)p->flags << 16 | (uint64_t)(uint32_t)p->code << 40 |
		       (uint64_t)(uint32_t)p->status << 48 | (uint64_t) !!p->page << 63);
	put(k, k->number[p->parent] | (uint64_t)k->number[p->tracer] << 8 |
		       (uint64_t)k->number[p->guardian] << 16 | (uint64_t)p->reserved << 32 |
		       (uint64_t) !!p->kill_cell << 40 | (uint64_t)p->euid << 48);
	put(k, label(k, p->pid) << 32 | label(k, p->pgrp) << 16 | (p->sid == 1));
	put(k, p->traced_sigs);
	put_deed(k, &k->w->ledger.deeds[index]);
	for (uint32_t i = p->first_tracee; i; i = at(k, i)->next_tracee)
		put(k, k->number[i]);
	put(k, ~0ull);
	for (uint32_t i = p->first_untold; i; i = at(k, i)->next_untold)
		put(k, k->number[i]);
	put(k, ~0ull);
	for (uint32_t i = p->first_waiter; i; i = k->w->core.waiters[i].next) {
		const struct pt_waiter *w = &k->w->core.waiters[i];

		put(k, (uint64_t)w->options << 32 | w->idtype << 16 | label(k, w->id));
	}
}

uint64_t canon_number(const struct world *w)
{
	struct walk k = {.w = w, .hash = 0x2545f4914f6cdd1dull};
	const struct core *c = &w->core;

	number_all(&k);
	/* 0 is nobody's label, whatever else is named. */
	label(&k, 0);
	for (uint32_t i = 1; i < k.n; i++)
		put_entry(&k, k.order[i]);
	put(&k, c->head->full_said | (uint64_t)k.number[c->head->service_manager] << 8);
	for (uint32_t i = c->head->first_sub; i; i = c->subs[i].next)
		put(&k, (uint64_t)k.number[c->subs[i].proc] << 32 | c->subs[i].flags);
	for (uint32_t p = 1; p < k.n; p++)
		for (uint32_t i = at(&k, k.order[p])->ability; i; i = c->abilities[i].next)
			put(&k, (uint64_t)p << 32 | c->abilities[i].ability);
	for (uint32_t i = c->head->first_path; i; i = c->paths[i].next)
		put(&k, (uint64_t)k.number[c->paths[i].proc] << 32 | c->paths[i].len);
	put(&k, ~0ull);
	for (uint32_t i = c->head->first_left; i; i = c->paths[i].next)
		put(&k, c->paths[i].len);
	k.hash ^= k.hash >> 32;
	k.hash *= 0xd6e8feb86659fd93ull;
	k.hash ^= k.hash >> 32;
	return k.hash ? k.hash : 1;
}
