// SPDX-License-Identifier: Apache-2.0
/*
 * Who waits for whom, and what satisfies it.
 *
 * A wait names all children, one, or a group. It ends at once if a fitting child
 * is dead (W_EXITED), stopped or continued and not yet told of (W_STOPPED,
 * W_CONTINUED); with ECHILD if no child fits; with "not yet" under W_NOHANG;
 * else it stays in the table until one of these comes true. Among several the
 * first to wait is served, and a child is collected by one wait only; W_NOWAIT
 * looks and leaves it. The oldest dead child is told of first.
 *
 * A tracer waits for its tracees as for children. A guardian may wait, by pid,
 * for its parent and for its siblings. NOZOMBIE children and children that their
 * parent waits for natively are invisible here: a wait that only they would fit
 * finds no child.
 */
#include "core/wait.h"

#include <errno.h>

#include "core/death.h"
#include "core/tracer.h"

static bool is_visible(const struct pt_proc *p)
{
	return !(p->flags & (FLAG_NOZOMBIE | FLAG_NATIVE));
}

/* May @w wait for @p at all, naming it as @idtype does? */
static bool is_related(const struct core *c, const struct pt_proc *w, uint32_t idtype,
		       const struct pt_proc *p)
{
	if (p->parent == w->self)
		return true;
	if (idtype != WHO_PID || p == w)
		return false;
	return p->guardian == w->self || pt_at(c, p->parent)->guardian == w->self;
}

static bool fits_id(uint32_t idtype, int32_t id, const struct pt_proc *p)
{
	switch (idtype) {
	case WHO_PID:
		return p->pid == id;
	case WHO_PGID:
		return p->pgrp == id;
	default:
		return true;
	}
}

static bool has_news(const struct pt_proc *p, uint32_t options)
{
	if (p->life == LIFE_ZOMBIE)
		return options & W_EXITED;
	if (p->news == NEWS_STOPPED)
		return options & W_STOPPED;
	return p->news == NEWS_CONTINUED && (options & W_CONTINUED);
}

void wait_answer(struct core *c, const struct pt_proc *waiter, uint32_t cell, uint32_t seq,
		 int error, const struct pt_proc *p)
{
	struct pt_effect *e = journal_fx(c, FX_ANSWER);

	e->proc = waiter->self;
	e->page = waiter->page;
	e->arena = waiter->arena;
	e->cell = cell;
	e->seq = seq;
	e->error = (uint32_t)error;
	if (!p)
		return;
	e->pid = p->pid;
	e->code = p->code;
	e->status = p->status;
	e->uid = p->uid;
	e->use = p->use;
	/* wait4() tells of a dead child's own collected children, too. */
	e->use.utime += p->cutime;
	e->use.stime += p->cstime;
}

/* It was told of; unless it only was looked at, that is over. */
static void consume(struct core *c, struct pt_proc *p, uint32_t options)
{
	if (options & W_NOWAIT)
		return;
	if (p->life == LIFE_ZOMBIE)
		death_collect(c, p);
	else
		pt_edit(c, p->self)->news = NEWS_NONE;
}

static bool offer_to(struct core *c, struct pt_proc *w, struct pt_proc *p)
{
	for (uint32_t i = w->first_waiter, next; i; i = next) {
		struct pt_waiter k = c->waiters[i];

		next = k.next;
		if (!is_related(c, w, k.idtype, p) || !fits_id(k.idtype, k.id, p) ||
		    !has_news(p, k.options))
			continue;
		wait_answer(c, w, k.cell, k.seq, 0, p);
		pt_waiter_drop(c, w, i);
		consume(c, p, k.options);
		if (!(k.options & W_NOWAIT))
			return true;
	}
	return false;
}

void wait_offer(struct core *c, struct pt_proc *p)
{
	struct pt_proc *parent = pt_at(c, p->parent);

	if (!is_visible(p))
		return;
	if (offer_to(c, parent, p))
		return;
	if (parent->guardian && parent->guardian != p->self &&
	    offer_to(c, pt_at(c, parent->guardian), p))
		return;
	wait_offer_guardian(c, p);
}

void wait_offer_guardian(struct core *c, struct pt_proc *p)
{
	if (is_visible(p) && p->guardian)
		(void)offer_to(c, pt_at(c, p->guardian), p);
}

bool wait_offer_tracer(struct core *c, struct pt_proc *p)
{
	struct pt_proc *t = pt_at(c, p->tracer);

	for (uint32_t i = t->first_waiter, next; i; i = next) {
		struct pt_waiter k = c->waiters[i];

		next = k.next;
		if (!fits_id(k.idtype, k.id, p) || !tracer_has_news(p, k.options))
			continue;
		pt_waiter_drop(c, t, i);
		tracer_answer(c, t, k.cell, k.seq, p, k.options);
		if (!(k.options & W_NOWAIT))
			return true;
	}
	return false;
}

static struct pt_proc *find_dead_in(const struct core *c, const struct pt_proc *parent,
				    const struct core_wait *k)
{
	for (uint32_t i = parent->first_dead; i; i = pt_at(c, i)->next)
		if (fits_id(k->idtype, k->id, pt_at(c, i)))
			return pt_at(c, i);
	return NULL;
}

/* The dead first: the oldest, since the list is in that order. */
static struct pt_proc *find_dead(const struct core *c, const struct pt_proc *w,
				 const struct core_wait *k)
{
	struct pt_proc *p;

	if (k->idtype == WHO_PID) {
		p = core_find(c, k->id);
		if (p && p->life == LIFE_ZOMBIE && is_related(c, w, WHO_PID, p))
			return p;
	}
	/* Ghosts share their pid with a process: only the list has them. */
	p = find_dead_in(c, w, k);
	if (!p && k->idtype == WHO_PID && w->guards)
		p = find_dead_in(c, pt_at(c, w->guards), k);
	return p;
}

static struct pt_proc *find_live(const struct core *c, const struct pt_proc *w,
				 const struct core_wait *k, uint32_t news_for)
{
	struct pt_proc *p;

	if (k->idtype == WHO_PID) {
		p = core_find(c, k->id);
		if (p && p->life < LIFE_ZOMBIE && is_visible(p) && is_related(c, w, WHO_PID, p) &&
		    (!news_for || has_news(p, news_for)))
			return p;
		return NULL;
	}
	for (uint32_t i = w->first_live; i; i = p->next) {
		p = pt_at(c, i);
		if (is_visible(p) && fits_id(k->idtype, k->id, p) &&
		    (!news_for || has_news(p, news_for)))
			return p;
	}
	return NULL;
}

static struct pt_proc *find_tracee(const struct core *c, const struct pt_proc *w,
				   const struct core_wait *k, bool with_news)
{
	struct pt_proc *p;

	for (uint32_t i = w->first_tracee; i; i = p->next_tracee) {
		p = pt_at(c, i);
		if (fits_id(k->idtype, k->id, p) && (!with_news || tracer_has_news(p, k->options)))
			return p;
	}
	return NULL;
}

static bool has_any(const struct core *c, const struct pt_proc *w, const struct core_wait *k)
{
	return find_dead(c, w, k) || find_live(c, w, k, 0) || find_tracee(c, w, k, false);
}

void wait_recheck(struct core *c, struct pt_proc *parent)
{
	for (uint32_t i = parent->first_waiter, next; i; i = next) {
		struct pt_waiter w = c->waiters[i];
		struct core_wait k = {.idtype = w.idtype, .id = w.id, .options = w.options};

		next = w.next;
		if (has_any(c, parent, &k))
			continue;
		wait_answer(c, parent, w.cell, w.seq, ECHILD, NULL);
		pt_waiter_drop(c, parent, i);
	}
}

static bool is_valid(const struct core_wait *k)
{
	uint32_t known = W_NOHANG | W_STOPPED | W_EXITED | W_CONTINUED | W_NOWAIT;

	return k->idtype <= WHO_PGID && !(k->options & ~known) &&
	       (k->options & (W_EXITED | W_STOPPED | W_CONTINUED));
}

static enum core_result block(struct core *c, struct pt_proc *p, const struct core_wait *k)
{
	uint32_t last = p->first_waiter;
	struct pt_waiter *w;

	journal_begin(c);
	w = pt_waiter_take(c);
	if (!w) {
		journal_abort(c);
		return CORE_FULL;
	}
	w->proc = p->self;
	w->cell = k->cell;
	w->seq = k->seq;
	w->idtype = k->idtype;
	w->id = k->id;
	w->options = k->options;
	while (last && c->waiters[last].next)
		last = c->waiters[last].next;
	if (last) {
		journal_edit(c, &c->waiters[last], sizeof(*w));
		c->waiters[last].next = (uint32_t)(w - c->waiters);
	} else {
		pt_edit(c, p->self)->first_waiter = (uint32_t)(w - c->waiters);
	}
	journal_commit(c);
	return CORE_BLOCKED;
}

static struct pt_proc *find_news(const struct core *c, const struct pt_proc *w,
				 const struct core_wait *k)
{
	struct pt_proc *p = (k->options & W_EXITED) ? find_dead(c, w, k) : NULL;

	if (!p && (k->options & (W_STOPPED | W_CONTINUED)))
		p = find_live(c, w, k, k->options);
	return p;
}

bool core_wait_blocks(const struct core *c, const struct pt_proc *p, const struct core_wait *k)
{
	return is_valid(k) && !(k->options & W_NOHANG) && !find_tracee(c, p, k, true) &&
	       !find_news(c, p, k) && has_any(c, p, k);
}

enum core_result core_wait(struct core *c, struct pt_proc *p, const struct core_wait *k)
{
	struct pt_proc *child;

	if (!is_valid(k))
		return CORE_INVALID;
	child = find_tracee(c, p, k, true);
	if (child) {
		journal_begin(c);
		tracer_answer(c, p, k->cell, k->seq, child, k->options);
		journal_commit(c);
		return CORE_OK;
	}
	child = find_news(c, p, k);
	if (child) {
		struct pt_proc *parent = pt_at(c, child->parent);

		journal_begin(c);
		wait_answer(c, p, k->cell, k->seq, 0, child);
		consume(c, child, k->options);
		wait_recheck(c, parent);
		journal_commit(c);
		return CORE_OK;
	}
	if (!has_any(c, p, k))
		return CORE_NO_CHILD;
	if (k->options & W_NOHANG)
		return CORE_NOT_YET;
	return block(c, p, k);
}

static uint32_t find_waiter(const struct core *c, const struct pt_proc *p, uint32_t cell)
{
	uint32_t i = p->first_waiter;

	while (i && c->waiters[i].cell != cell)
		i = c->waiters[i].next;
	return i;
}

void core_wait_cancel(struct core *c, struct pt_proc *p, uint32_t cell)
{
	uint32_t i = find_waiter(c, p, cell);

	if (!i)
		return;
	journal_begin(c);
	pt_waiter_drop(c, p, i);
	journal_commit(c);
}

bool core_is_waiting(const struct core *c, const struct pt_proc *p, uint32_t cell, uint32_t seq)
{
	uint32_t i = find_waiter(c, p, cell);

	return i && c->waiters[i].seq == seq;
}

/* It has another group: waits that name groups may find it now, or nobody. */
static void regroup(struct core *c, struct pt_proc *p)
{
	struct pt_proc *parent = pt_at(c, p->parent), *tracer = pt_at(c, p->tracer);

	wait_offer(c, p);
	while (wait_offer_tracer(c, p))
		; /* of several signals each goes to one wait */
	wait_recheck(c, parent);
	wait_recheck(c, tracer);
}

void core_set_group(struct core *c, struct pt_proc *p, pid_t pgrp, pid_t sid)
{
	bool is_new = p->pgrp != pgrp;

	if (!is_new && p->kernel_sid == sid)
		return;
	journal_begin(c);
	p = pt_edit(c, p->self);
	p->pgrp = pgrp;
	if (p->kernel_sid != sid) {
		p->kernel_sid = sid;
		/* A daemon is in session 1 whatever session the kernel knows it in. */
		if (!(p->flags & FLAG_DAEMON))
			p->sid = sid;
	}
	if (is_new)
		regroup(c, p);
	journal_commit(c);
}
