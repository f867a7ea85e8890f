// SPDX-License-Identifier: Apache-2.0
/*
 * What is true of a table between two transitions. Nothing is taken from the
 * rules but the layout: each list is walked, each count is counted again, and
 * for each blocked wait all entries are asked.
 */
#include "core/explore/world.h"

#include "core/ptable.h"

/* More steps than any list has members: it goes round. */
#define MANY (WORLD_PROCS + WORLD_WAITERS + 2)

struct tally {
	uint8_t listed[WORLD_PROCS + 1]; /* in how many lists of children */
	uint8_t owed[WORLD_PROCS + 1];   /* in how many lists of untold */
	uint8_t traced[WORLD_PROCS + 1];
	uint32_t waiters;
};

static const struct pt_proc *at(const struct core *c, uint32_t i)
{
	return &c->procs[i];
}

static bool in_kernel(const struct pt_proc *p)
{
	return p->life != LIFE_FREE && p->life != LIFE_GONE && !(p->flags & FLAG_GHOST);
}

static bool is_hidden(const struct pt_proc *p)
{
	return p->flags & (FLAG_NOZOMBIE | FLAG_NATIVE);
}

static const char *check_live(const struct core *c, uint32_t parent, struct tally *t)
{
	uint32_t n = 0, prev = 0;

	for (uint32_t i = at(c, parent)->first_live; i; prev = i, i = at(c, i)->next) {
		const struct pt_proc *p = at(c, i);

		if (++n > MANY)
			return "a list of the living goes round";
		if (p->parent != parent || p->prev != prev)
			return "a list of the living is torn";
		if (!core_is_alive(p) && p->life != LIFE_TRACE_ZOMBIE)
			return "one among the living is neither alive nor its tracer's";
		t->listed[i]++;
	}
	for (uint32_t i = at(c, parent)->first_dead; i; i = at(c, i)->next)
		if (++n > MANY)
			return "a list of the dead goes round";
	return n == at(c, parent)->n_children ? NULL : "children are miscounted";
}

static const char *check_dead(const struct core *c, uint32_t parent, struct tally *t)
{
	uint32_t prev = 0;

	for (uint32_t i = at(c, parent)->first_dead; i; prev = i, i = at(c, i)->next) {
		const struct pt_proc *p = at(c, i);

		if (p->parent != parent || p->prev != prev || p->life != LIFE_ZOMBIE)
			return "a list of the dead is torn";
		t->listed[i]++;
	}
	if (at(c, parent)->last_dead != prev)
		return "the last of the dead is another";
	return parent || !prev ? NULL : "the manager keeps a zombie";
}

static const char *check_untold(const struct core *c, uint32_t parent, struct tally *t)
{
	uint32_t n = 0, last = 0;

	for (uint32_t i = at(c, parent)->first_untold; i; last = i, i = at(c, i)->next_untold) {
		if (++n > MANY)
			return "a list of the untold goes round";
		if (at(c, i)->parent != parent || !(at(c, i)->flags & FLAG_UNTOLD))
			return "a list of the untold is torn";
		t->owed[i]++;
	}
	if (at(c, parent)->last_untold != last)
		return "the last of the untold is another";
	return parent || !last ? NULL : "the manager is owed a SIGCHLD";
}

static const char *check_tracees(const struct core *c, uint32_t tracer, struct tally *t)
{
	uint32_t n = 0;

	for (uint32_t i = at(c, tracer)->first_tracee; i; i = at(c, i)->next_tracee) {
		if (++n > MANY)
			return "a list of tracees goes round";
		if (at(c, i)->tracer != tracer)
			return "a list of tracees is torn";
		t->traced[i]++;
	}
	return NULL;
}

static const char *check_wait(const struct core *c, uint32_t proc, const struct pt_waiter *k)
{
	struct call call = {.idtype = k->idtype, .id = k->id, .options = k->options};
	bool fits = false;

	if (k->proc != proc)
		return "a wait is in the list of another";
	for (uint32_t i = 1; i <= c->head->procs_touched; i++) {
		if (invariant_satisfies(c, proc, &call, i))
			return "a wait is blocked although it could be answered";
		fits |= invariant_fits(c, proc, &call, i);
	}
	return fits ? NULL : "a wait is blocked although no child fits";
}

static const char *check_waits(const struct core *c, uint32_t proc, struct tally *t)
{
	const char *fault;

	for (uint32_t i = at(c, proc)->first_waiter; i; i = c->waiters[i].next) {
		if (++t->waiters > c->head->waiters)
			return "a list of waits goes round";
		fault = check_wait(c, proc, &c->waiters[i]);
		if (fault)
			return fault;
	}
	return NULL;
}

static bool is_related(const struct core *c, uint32_t w, const struct call *k, uint32_t i)
{
	const struct pt_proc *p = at(c, i);

	if (is_hidden(p))
		return false;
	if (p->parent == w)
		return true;
	return k->idtype == WHO_PID && i != w &&
	       (p->guardian == w || at(c, p->parent)->guardian == w);
}

static bool is_named(const struct call *k, const struct pt_proc *p)
{
	return k->idtype == WHO_ALL || (k->idtype == WHO_PID && p->pid == k->id) ||
	       (k->idtype == WHO_PGID && p->pgrp == k->id);
}

bool invariant_fits(const struct core *c, uint32_t w, const struct call *k, uint32_t i)
{
	const struct pt_proc *p = at(c, i);

	if (p->life == LIFE_FREE || p->life == LIFE_GONE || !is_named(k, p))
		return false;
	return p->tracer == w || is_related(c, w, k, i);
}

bool invariant_satisfies(const struct core *c, uint32_t w, const struct call *k, uint32_t i)
{
	const struct pt_proc *p = at(c, i);

	if (!invariant_fits(c, w, k, i))
		return false;
	if (p->tracer == w &&
	    (p->traced_sigs || (p->life == LIFE_TRACE_ZOMBIE && (k->options & W_EXITED))))
		return true;
	if (!is_related(c, w, k, i))
		return false;
	if (p->life == LIFE_ZOMBIE)
		return k->options & W_EXITED;
	return (p->news == NEWS_STOPPED && (k->options & W_STOPPED)) ||
	       (p->news == NEWS_CONTINUED && (k->options & W_CONTINUED));
}

static const char *check_dead_one(const struct pt_proc *p, const struct tally *t, uint32_t i)
{
	if (p->first_live || p->first_dead || p->first_untold || p->first_tracee ||
	    p->first_waiter || p->reserved || p->ability || p->page || p->n_children || p->guards ||
	    p->kill_cell || p->traced_sigs || p->news)
		return "a dead one still owns something";
	if (p->life == LIFE_TRACE_ZOMBIE && (!p->tracer || p->tracer == p->parent))
		return "one waits to tell its tracer and has none";
	if (p->life != LIFE_TRACE_ZOMBIE && p->tracer)
		return "one is traced beyond its death";
	if (p->life == LIFE_ZOMBIE && is_hidden(p))
		return "one that leaves no zombie is one";
	if (p->life == LIFE_GONE && (!t->owed[i] || t->listed[i]))
		return "an entry is kept for nothing";
	if (p->life == LIFE_GONE && p->guardian)
		return "one that is gone has a guardian";
	return NULL;
}

static const char *check_entry(const struct core *c, uint32_t i, const struct tally *t)
{
	const struct pt_proc *p = at(c, i);

	if (p->self != i)
		return "an entry is not itself";
	if (t->listed[i] != (p->life != LIFE_GONE))
		return "an entry is in no list of children, or in two";
	if (t->owed[i] != ((p->flags & FLAG_UNTOLD) != 0))
		return "an entry's news are in no list, or in two";
	if (t->traced[i] != (p->tracer != 0))
		return "a tracee is in no list, or in two";
	if (p->parent && !core_is_alive(at(c, p->parent)))
		return "a dead one has a child";
	if (p->tracer && !core_is_alive(at(c, p->tracer)))
		return "a dead one traces";
	if (p->kill_cell && !p->tracer)
		return "a kill waits for one who is not traced";
	if (in_kernel(p) && core_find(c, p->pid) != p)
		return "a process cannot be found by its pid";
	if ((p->flags & FLAG_GHOST) && p->life != LIFE_ZOMBIE && p->life != LIFE_GONE)
		return "a ghost is alive";
	if (p->guardian && (at(c, p->guardian)->guards != i || !core_is_alive(at(c, p->guardian)) ||
			    (core_is_alive(p) && at(c, p->guardian)->parent != i)))
		return "a guardian does not know whose";
	if (p->guards && at(c, p->guards)->guardian != i)
		return "one guards a stranger";
	return core_is_alive(p) ? NULL : check_dead_one(p, t, i);
}

static const char *check_counts(const struct core *c, uint32_t used, uint32_t reserved,
				uint32_t zombies)
{
	const struct pt_head *h = c->head;
	uint32_t free = 0;

	if (h->n_used != used || h->n_zombies != zombies || h->n_reserved != reserved)
		return "the head miscounts";
	if (h->n_used + h->n_reserved > h->capacity)
		return "more is promised than there is";
	for (uint32_t i = h->free_proc; i; i = at(c, i)->next)
		if (++free > MANY || at(c, i)->life != LIFE_FREE)
			return "the list of the free is torn";
	if (free + used != h->procs_touched)
		return "an entry is lost";
	if (h->full_said && pt_has_room(c, false))
		return "the table is said to be full and has room";
	if (h->service_manager && !core_is_alive(at(c, h->service_manager)))
		return "a dead one is the service manager";
	return NULL;
}

static const char *check_hash(const struct core *c)
{
	uint32_t hashed = 0, known = 0;

	for (uint32_t b = 0; b < c->head->buckets; b++)
		for (uint32_t i = c->buckets[b]; i; i = at(c, i)->hash_next)
			if (++hashed > MANY || !in_kernel(at(c, i)))
				return "a pid leads to nobody";
	for (uint32_t i = 1; i <= c->head->procs_touched; i++)
		known += in_kernel(at(c, i));
	return hashed == known ? NULL : "a pid leads nowhere, or twice";
}

static const char *check_waiters(const struct core *c, const struct tally *t)
{
	uint32_t n = t->waiters;

	for (uint32_t i = c->head->free_waiter; i; i = c->waiters[i].next)
		if (++n > c->head->waiters)
			return "the list of free waits goes round";
	return n == c->head->waiters_touched ? NULL : "a wait is lost";
}

static const char *check_subs(const struct core *c)
{
	uint32_t n = 0, births = 0;

	for (uint32_t i = c->head->first_sub; i; i = c->subs[i].next) {
		if (++n > c->head->subs)
			return "the list of requests goes round";
		if (!core_is_alive(at(c, c->subs[i].proc)))
			return "a dead one asks for events";
		births += !c->subs[i].value_type && (c->subs[i].flags & ON_PROCESS_CREATE);
	}
	if (births != c->head->want_births)
		return "requests for births are miscounted";
	for (uint32_t i = c->head->free_sub; i; i = c->subs[i].next)
		if (++n > c->head->subs)
			return "the list of free requests goes round";
	return n == c->head->subs_touched ? NULL : "a request is lost";
}

static const char *check_notices(const struct core *c)
{
	uint32_t n = 0, of_this, last;

	for (uint32_t p = 1; p <= c->head->procs_touched; p++) {
		of_this = last = 0;
		for (uint32_t i = at(c, p)->first_notice; i; last = i, i = c->notices[i].next)
			if (++of_this > c->head->notices)
				return "a list of notices goes round";
		if (of_this != at(c, p)->n_notices || last != at(c, p)->last_notice)
			return "a list of notices is torn";
		if (of_this && !core_is_alive(at(c, p)))
			return "a dead one has notices";
		n += of_this;
	}
	if (n != c->head->n_notices)
		return "notices are miscounted";
	for (uint32_t i = c->head->free_notice; i; i = c->notices[i].next)
		if (++n > c->head->notices)
			return "the list of free notices goes round";
	return n == c->head->notices_touched ? NULL : "a notice is lost";
}

static const char *check_abilities(const struct core *c)
{
	uint32_t n = 0;

	for (uint32_t p = 1; p <= c->head->procs_touched; p++)
		for (uint32_t i = at(c, p)->ability; i; i = c->abilities[i].next)
			if (++n > c->head->abilities || c->abilities[i].proc != p)
				return "a list of abilities is torn";
	for (uint32_t i = c->head->free_ability; i; i = c->abilities[i].next)
		if (++n > c->head->abilities)
			return "the list of free abilities goes round";
	return n == c->head->abilities_touched ? NULL : "an ability is lost";
}

/* How many pieces the texts of a list's names have; MANY and more if it goes round. */
static uint32_t count_texts(const struct core *c, uint32_t first, uint32_t *ret_paths)
{
	uint32_t n = 0;

	for (uint32_t i = first; i && *ret_paths < MANY; i = c->paths[i].next) {
		++*ret_paths;
		for (uint32_t k = c->paths[i].text; k && n < MANY; k = c->texts[k].next)
			n++;
	}
	return n;
}

static const char *check_paths(const struct core *c)
{
	const struct pt_head *h = c->head;
	uint32_t n = 0, n_left = 0, n_texts, owned = 0, last = UINT32_MAX;

	n_texts = count_texts(c, h->first_path, &n);
	if (n != h->n_paths)
		return "names are miscounted";
	n_texts += count_texts(c, h->first_left, &n_left);
	for (uint32_t i = h->first_path; i; i = c->paths[i].next) {
		if (!core_is_alive(at(c, c->paths[i].proc)))
			return "a dead one serves a name";
		if (c->paths[i].len > last)
			return "a shorter prefix comes first";
		last = c->paths[i].len;
	}
	for (uint32_t p = 1; p <= h->procs_touched; p++)
		owned += at(c, p)->paths;
	if (owned != n)
		return "somebody's names are miscounted";
	n += n_left;
	for (uint32_t i = h->free_path; i && n <= h->paths; i = c->paths[i].next)
		n++;
	for (uint32_t i = h->free_text; i && n_texts <= h->texts; i = c->texts[i].next)
		n_texts++;
	return n == h->paths_touched && n_texts == h->texts_touched ? NULL : "a name is lost";
}

static const char *walk(const struct core *c, uint32_t p, struct tally *t)
{
	static const char *(*const walks[])(const struct core *, uint32_t, struct tally *) = {
		check_live, check_dead, check_untold, check_tracees, check_waits,
	};
	const char *fault = NULL;

	for (size_t i = 0; !fault && i < sizeof(walks) / sizeof(walks[0]); i++)
		fault = walks[i](c, p, t);
	return fault;
}

const char *invariant_broken(const struct core *c)
{
	struct tally t = {.waiters = 0};
	uint32_t used = 0, reserved = 0, zombies = 0;
	const char *fault = walk(c, PT_NONE, &t);

	for (uint32_t i = 1; !fault && i <= c->head->procs_touched; i++)
		if (at(c, i)->life != LIFE_FREE)
			fault = walk(c, i, &t);
	for (uint32_t i = 1; !fault && i <= c->head->procs_touched; i++) {
		if (at(c, i)->life == LIFE_FREE)
			continue;
		used++;
		reserved += at(c, i)->reserved;
		zombies += at(c, i)->life == LIFE_ZOMBIE;
		fault = check_entry(c, i, &t);
	}
	if (!fault)
		fault = check_counts(c, used, reserved, zombies);
	if (!fault)
		fault = check_hash(c);
	if (!fault)
		fault = check_waiters(c, &t);
	if (!fault)
		fault = check_subs(c);
	if (!fault)
		fault = check_notices(c);
	if (!fault)
		fault = check_paths(c);
	return fault ? fault : check_abilities(c);
}
