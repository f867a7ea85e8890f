// SPDX-License-Identifier: Apache-2.0
/*
 * What the world outside has been promised, and got. For each process and each
 * ghost the ledger knows who is to hear of its end and who has; for each call
 * that blocks, that one answer is due. An effect that nobody is owed is a fault,
 * and so is a debt that the table has forgotten.
 *
 * What is owed follows from the moves alone and from who is whose child, tracer
 * and guardian before and after each; not from how the table remembers it.
 */
#include "core/explore/world.h"

#include <errno.h>
#include <string.h>

/* What moves.c gives a daemon for a status; nobody else ends so. */
#define GHOST_STATUS 99

static const struct pt_proc *old_at(const struct world *w, uint32_t i)
{
	return &w->old.procs[i];
}

static const struct pt_proc *new_at(const struct world *w, uint32_t i)
{
	return &w->core.procs[i];
}

static struct deed *deed_at(struct world *w, uint32_t i)
{
	return &w->ledger.deeds[i];
}

/* --- calls --- */

static void call_remove(struct world *w, uint32_t i)
{
	struct ledger *l = &w->ledger;

	l->calls[i] = l->calls[--l->n_calls];
	l->calls[l->n_calls] = (struct call){.proc = 0};
}

static void call_remove_all(struct world *w, uint32_t proc, int32_t cell)
{
	for (uint32_t i = w->ledger.n_calls; i-- > 0;) {
		const struct call *k = &w->ledger.calls[i];

		if (k->proc == proc && (cell < 0 || (k->cell == (uint32_t)cell && !k->kill)))
			call_remove(w, i);
	}
}

/* Before the effects: they may answer it at once. */
static void call_add(struct world *w, const struct move *m)
{
	struct call k = {.proc = m->proc, .now = 1, .seq = w->ledger.seq};

	k.cell = moves_free_cell(w, m->proc);
	if (m->kind == MOVE_TRACE_KILL) {
		k.kill = 1;
		k.victim = m->other;
	} else {
		k.idtype = wait_forms[m->form].idtype;
		k.options = wait_forms[m->form].options;
		/* The name as it was before: the entry may be free by now. */
		if (k.idtype != WHO_ALL)
			k.id = k.idtype == WHO_PID ? old_at(w, m->other)->pid :
						     old_at(w, m->other)->pgrp;
	}
	w->ledger.calls[w->ledger.n_calls++] = k;
}

static bool is_call_open(const struct world *w)
{
	for (uint32_t i = 0; i < w->ledger.n_calls; i++)
		if (w->ledger.calls[i].now)
			return true;
	return false;
}

/* --- what a move means --- */

static void forget_owed(struct world *w, uint32_t parent)
{
	for (uint32_t i = 1; i <= WORLD_PROCS; i++)
		if (deed_at(w, i)->parent == parent) {
			deed_at(w, i)->owed = 0;
			deed_at(w, i)->order = 0;
		}
}

static void orphan(struct world *w, uint32_t parent)
{
	uint32_t heir = old_at(w, parent)->guardian;

	forget_owed(w, parent);
	for (uint32_t i = 1; i <= WORLD_PROCS; i++) {
		struct deed *d = deed_at(w, i);

		if (!d->used || d->parent != parent || i == parent)
			continue;
		/* Who is gone but for its SIGCHLD stays where it was: nowhere. */
		if (d->announced && !d->zombie)
			continue;
		d->parent = i == heir ? 0 : (uint8_t)heir;
		d->moved = d->announced;
		if (!d->announced)
			d->native = 0;
		if (d->for_tracer && d->tracer == d->parent)
			d->for_tracer = d->tracer = 0;
	}
}

static void note_exit(struct world *w, uint32_t p)
{
	struct deed *d = deed_at(w, p);

	d->dead = 1;
	d->sigs = 0;
	d->for_tracer = d->tracer && d->tracer != d->parent;
	if (!d->for_tracer)
		d->tracer = 0;
	call_remove_all(w, p, -1);
	orphan(w, p);
	for (uint32_t i = 1; i <= WORLD_PROCS; i++) {
		struct deed *t = deed_at(w, i);

		if (t->used && t->tracer == p)
			t->tracer = t->for_tracer = 0, t->sigs = 0;
	}
}

static void note_daemon(struct world *w, uint32_t p)
{
	struct deed *d = deed_at(w, p);

	if (d->parent && !d->native && !d->nozombie)
		w->ledger.deeds[0] = (struct deed){
			.pid = d->pid,
			.used = 1,
			.ghost = 1,
			.dead = 1,
			.parent = d->parent,
		};
	d->parent = 0;
	d->nozombie = 0;
}

static void note_birth(struct world *w, const struct move *m)
{
	*deed_at(w, w->born) = (struct deed){
		.pid = new_at(w, w->born)->pid,
		.used = 1,
		.nozombie = (m->form & BIRTH_NOZOMBIE) != 0,
		.native = (m->form & BIRTH_NATIVE) != 0,
		.parent = m->proc,
	};
}

/* Who has nothing left but a SIGCHLD to be told loses that. */
static void note_reclaim(struct world *w)
{
	for (uint32_t i = 1; i <= WORLD_PROCS; i++)
		if (deed_at(w, i)->owed && !deed_at(w, i)->zombie)
			deed_at(w, i)->owed = deed_at(w, i)->order = 0;
}

static void note_exec(struct world *w, uint32_t p)
{
	/* The threads are gone, those that wait for a kill too. */
	call_remove_all(w, p, -1);
}

static void note_move(struct world *w, const struct move *m)
{
	struct deed *d = deed_at(w, m->proc), *other = deed_at(w, m->other);

	if (m->kind == MOVE_BIRTH && w->result == CORE_OK)
		note_birth(w, m);
	if (m->kind == MOVE_EXIT)
		note_exit(w, m->proc);
	if (m->kind == MOVE_EXEC)
		note_exec(w, m->proc);
	if (m->kind == MOVE_DAEMON && w->result == CORE_OK)
		note_daemon(w, m->proc);
	if (m->kind == MOVE_SIGCHLD && m->form == SIGCHLD_MODE_IGNORE)
		forget_owed(w, m->proc);
	if (m->kind == MOVE_RECLAIM)
		note_reclaim(w);
	if (m->kind == MOVE_CANCEL)
		call_remove_all(w, m->proc, m->form);
	if (m->kind == MOVE_TRACE && w->result == CORE_OK)
		other->tracer = m->proc;
	if (m->kind == MOVE_UNTRACE)
		other->tracer = other->for_tracer = 0, other->sigs = 0;
	if (m->kind == MOVE_TRACE_SIGNAL)
		d->sigs |= 1u << (m->form - 1);
	if (m->kind == MOVE_WAIT ? w->result == CORE_OK || w->result == CORE_BLOCKED :
				   m->kind == MOVE_TRACE_KILL)
		call_add(w, m);
}

/* --- effects --- */

/* As it is named in a wait: before the move, or after it for one that is new. */
static bool is_named(const struct world *w, const struct call *k, uint32_t i)
{
	const struct deed *d = &w->ledger.deeds[i];
	pid_t pgrp;

	if (k->idtype == WHO_ALL)
		return true;
	if (k->idtype == WHO_PID)
		return d->pid == k->id;
	if (i == 0) /* a ghost has its daemon's group */
		for (uint32_t n = 1; n <= WORLD_PROCS; n++)
			if (w->ledger.deeds[n].pid == d->pid && !w->ledger.deeds[n].dead)
				i = n;
	pgrp = new_at(w, i)->life != LIFE_FREE ? new_at(w, i)->pgrp : old_at(w, i)->pgrp;
	return pgrp == k->id;
}

static bool is_guardian(const struct world *w, uint32_t guardian, uint32_t p)
{
	return p && (old_at(w, p)->guardian == guardian || new_at(w, p)->guardian == guardian);
}

/* Its parent; or by pid its guardian, or its parent's. */
static bool is_related(const struct world *w, const struct call *k, uint32_t i)
{
	const struct deed *d = &w->ledger.deeds[i];

	if (d->nozombie || d->native)
		return false;
	if (d->parent == k->proc)
		return true;
	return k->idtype == WHO_PID && i != k->proc &&
	       (is_guardian(w, k->proc, d->parent) || is_guardian(w, k->proc, i));
}

static const char *answer_tracer(struct deed *d, const struct call *k)
{
	if (!(k->options & W_EXITED))
		return "a tracer is told of a death that it did not ask for";
	if (!(k->options & W_NOWAIT))
		d->for_tracer = d->tracer = 0;
	return NULL;
}

static const char *answer_death(struct world *w, const struct pt_effect *e, const struct call *k)
{
	struct deed *best = NULL;

	for (uint32_t i = 0; i <= WORLD_PROCS; i++) {
		struct deed *d = deed_at(w, i);

		if (!d->used || !d->dead || d->pid != e->pid || d->collected || d->reaped ||
		    d->ghost != (e->status == GHOST_STATUS) || !is_named(w, k, i))
			continue;
		if (d->for_tracer && d->tracer == k->proc)
			return answer_tracer(d, k);
		if (d->for_tracer || (d->announced && !d->zombie) || !is_related(w, k, i))
			continue;
		/* Two ghosts may have one pid; then it is the one that is gone. */
		if (!best || !i || new_at(w, i)->life != LIFE_ZOMBIE)
			best = d;
	}
	if (!best)
		return "a death is told that is not the caller's to know, or once more";
	if (!(k->options & W_EXITED))
		return "a wait is told of a death that it did not ask for";
	best->collected = !(k->options & W_NOWAIT);
	return NULL;
}

static const char *answer_living(struct world *w, const struct pt_effect *e, const struct call *k)
{
	uint32_t asked = e->code == CHILD_CONTINUED ? W_CONTINUED : W_STOPPED;
	uint32_t bit;

	for (uint32_t i = 1; i <= WORLD_PROCS; i++) {
		struct deed *d = deed_at(w, i);

		if (!d->used || d->dead || d->pid != e->pid || !is_named(w, k, i))
			continue;
		if (e->code == CHILD_TRAPPED) {
			bit = 1u << (e->status - 1);
			if (d->tracer != k->proc || !(d->sigs & bit))
				return "a stop is told to who does not trace, or twice";
			d->sigs &= k->options & W_NOWAIT ? ~0u : ~bit;
			return NULL;
		}
		if (!is_related(w, k, i) || !(k->options & asked))
			return "news are told that nobody asked for";
		return NULL;
	}
	return "news are told of nobody";
}

static const char *effect_answer(struct world *w, const struct pt_effect *e)
{
	uint32_t i = 0;
	struct call k;

	while (i < w->ledger.n_calls &&
	       (w->ledger.calls[i].proc != e->proc || w->ledger.calls[i].cell != e->cell ||
		w->ledger.calls[i].seq != e->seq))
		i++;
	if (i == w->ledger.n_calls)
		return "an answer that nobody waits for";
	k = w->ledger.calls[i];
	call_remove(w, i);
	if (k.kill)
		return e->error || e->pid ? "a kill ended with something else" : NULL;
	if (e->error) {
		w->refused[w->n_refused++] = k;
		return e->error == ECHILD ? NULL : "a wait ended with an error of its own";
	}
	return e->code <= CHILD_DUMPED ? answer_death(w, e, &k) : answer_living(w, e, &k);
}

static const char *tell_living(struct world *w, const struct pt_effect *e)
{
	for (uint32_t i = 1; i <= WORLD_PROCS; i++)
		if (deed_at(w, i)->used && !deed_at(w, i)->dead && deed_at(w, i)->pid == e->pid)
			return deed_at(w, i)->parent == e->proc ? NULL :
								  "news of a stranger's child";
	return "news of nobody are told";
}

static bool is_owed_any(const struct world *w, uint32_t parent)
{
	for (uint32_t i = 1; i <= WORLD_PROCS; i++)
		if (w->ledger.deeds[i].owed && w->ledger.deeds[i].parent == parent)
			return true;
	return false;
}

/* One that was not put off: its death has just come to its parent. */
static struct deed *find_fresh(struct world *w, const struct pt_effect *e)
{
	for (uint32_t i = 0; i <= WORLD_PROCS; i++) {
		struct deed *d = deed_at(w, i);

		if (d->used && d->dead && !d->for_tracer && !d->announced && !d->told &&
		    d->pid == e->pid && d->parent == e->proc &&
		    d->ghost == (e->status == GHOST_STATUS))
			return d;
	}
	return NULL;
}

static const char *effect_tell(struct world *w, const struct pt_effect *e)
{
	struct deed *first = NULL, *fresh;

	if (!core_is_alive(new_at(w, e->proc)) ||
	    e->serial != old_at(w, e->proc)->told + w->n_told++)
		return "a SIGCHLD out of turn";
	fresh = e->code <= CHILD_DUMPED ? find_fresh(w, e) : NULL;
	if (fresh) {
		fresh->told = 1;
		return is_owed_any(w, e->proc) ? "a SIGCHLD before an earlier death's" : NULL;
	}
	if (e->code > CHILD_DUMPED)
		return tell_living(w, e);
	for (uint32_t i = 1; i <= WORLD_PROCS; i++) {
		struct deed *d = deed_at(w, i);

		if (d->used && d->owed && d->parent == e->proc && d->pid == e->pid &&
		    d->ghost == (e->status == GHOST_STATUS) && (!first || d->order < first->order))
			first = d;
	}
	if (!first)
		return "a SIGCHLD that is not owed";
	for (uint32_t i = 1; i <= WORLD_PROCS; i++)
		if (deed_at(w, i)->owed && deed_at(w, i)->parent == e->proc &&
		    deed_at(w, i)->order < first->order)
			return "a SIGCHLD before an earlier death's";
	first->owed = 0;
	first->order = 0;
	return NULL;
}

static struct deed *find_in_kernel(struct world *w, pid_t pid)
{
	for (uint32_t i = 1; i <= WORLD_PROCS; i++) {
		struct deed *d = deed_at(w, i);

		if (d->used && !d->ghost && !d->reaped && d->pid == pid)
			return d;
	}
	return NULL;
}

static const char *effect_reap(struct world *w, const struct pt_effect *e)
{
	struct deed *d = find_in_kernel(w, e->pid);

	if (!d)
		return "somebody is reaped twice";
	if (!d->dead || d->native || d->for_tracer)
		return "somebody is reaped who lives, or is another's to reap, or is to be told";
	d->reaped = 1;
	return NULL;
}

static const char *judge_effect(struct world *w, const struct pt_effect *e)
{
	switch (e->kind) {
	case FX_ANSWER:
		return effect_answer(w, e);
	case FX_TELL:
		return effect_tell(w, e);
	case FX_REAP:
		return effect_reap(w, e);
	case FX_SIGNAL:
		/* Of one that is reaped the pid may be a stranger's. */
		return find_in_kernel(w, e->pid) ? NULL : "a signal to a stranger";
	case FX_NEWS:
		return core_is_alive(new_at(w, e->proc)) ? NULL : "news for a dead one";
	case FX_PARENT:
		return e->pid == core_ppid(&w->core, new_at(w, e->proc)) ? NULL :
									   "a wrong parent is told";
	case FX_FULL:
		return w->result == CORE_FULL && !w->old.head->full_said ?
			       NULL :
			       "the full table is said twice";
	case FX_EVENT:
	case FX_NOTICE:
		return NULL;
	default:
		return "an effect of no known kind";
	}
}

/* --- what has become of everybody --- */

/* The ghost of this move, if it has outlived it, has an entry by now. */
static const char *bind_ghost(struct world *w)
{
	struct deed *ghost = deed_at(w, 0);

	for (uint32_t i = 1; i <= w->core.head->procs_touched; i++) {
		const struct pt_proc *p = new_at(w, i);

		if (p->life == LIFE_FREE || deed_at(w, i)->used)
			continue;
		if (!ghost->used || !(p->flags & FLAG_GHOST) || p->pid != ghost->pid)
			return "an entry came from nowhere";
		*deed_at(w, i) = *ghost;
		*ghost = (struct deed){.used = 0};
	}
	return NULL;
}

/* Its death has reached the parent's side: what has to follow? */
static const char *announce(struct world *w, uint32_t i, uint16_t order)
{
	struct deed *d = deed_at(w, i);
	const struct pt_proc *parent = new_at(w, d->parent);
	bool leaves = d->parent && !d->nozombie && !d->native;
	bool is_told = leaves && parent->page && parent->sigchld != SIGCHLD_MODE_IGNORE;
	bool keeps = leaves && parent->sigchld != SIGCHLD_MODE_IGNORE &&
		     parent->sigchld != SIGCHLD_MODE_NOCLDWAIT;

	d->announced = 1;
	d->moved = 0;
	if (d->told && !is_told)
		return "a SIGCHLD that is not owed";
	d->owed = is_told && !d->told;
	d->order = d->owed ? order : 0;
	d->told = 0;
	d->zombie = keeps;
	/* Its own guardian may have waited for it, whoever the parent is. */
	return d->collected && !keeps && (!i || !old_at(w, i)->guardian) ?
		       "one was collected that leaves no zombie" :
		       NULL;
}

static const char *judge_living(const struct deed *d, const struct pt_proc *p)
{
	if (!core_is_alive(p) || p->pid != d->pid)
		return "a living process is lost";
	if (p->parent != d->parent)
		return "a child has another parent";
	if (p->tracer != d->tracer || p->traced_sigs != d->sigs)
		return "a tracee has another tracer, or other signals";
	return NULL;
}

static const char *judge_dead(const struct deed *d, const struct pt_proc *p)
{
	bool is_untold = p->life != LIFE_FREE && (p->flags & FLAG_UNTOLD);

	if (p->life != LIFE_FREE && p->parent != d->parent)
		return "a dead child has another parent";
	if ((p->life == LIFE_ZOMBIE) != d->zombie)
		return d->zombie ? "a zombie is lost" : "a zombie is kept";
	if (is_untold != d->owed)
		return d->owed ? "a SIGCHLD is lost" : "a SIGCHLD is kept";
	if (d->zombie)
		return d->reaped ? "a zombie is reaped" : NULL;
	if (!d->ghost && !d->native && !d->reaped)
		return "the kernel keeps a zombie";
	return p->life == (d->owed ? LIFE_GONE : LIFE_FREE) ? NULL : "an entry is kept, or lost";
}

static const char *judge_deed(struct world *w, uint32_t i, uint16_t order)
{
	static const struct pt_proc nobody;
	const struct pt_proc *p = i ? new_at(w, i) : &nobody;
	struct deed *d = deed_at(w, i);
	const char *fault = NULL;

	if (!d->dead)
		return judge_living(d, p);
	if (d->for_tracer) {
		bool is_fine = p->life == LIFE_TRACE_ZOMBIE && p->tracer == d->tracer &&
			       !(p->flags & FLAG_UNTOLD);

		return is_fine && !d->reaped ? NULL : "the tracer does not hear first";
	}
	if (!d->announced || d->moved)
		fault = announce(w, i, order);
	if (d->collected)
		d->zombie = 0;
	if (!fault)
		fault = judge_dead(d, p);
	if (p->life == LIFE_FREE)
		*d = (struct deed){.used = 0};
	return fault;
}

static const char *judge_deeds(struct world *w)
{
	const char *fault = bind_ghost(w);
	uint16_t order = 0;

	for (uint32_t i = 1; i <= WORLD_PROCS; i++)
		if (deed_at(w, i)->order > order)
			order = deed_at(w, i)->order;
	for (uint32_t i = 0; !fault && i <= WORLD_PROCS; i++)
		if (deed_at(w, i)->used)
			fault = judge_deed(w, i, order + 1);
	return fault;
}

/* --- what has become of the calls --- */

static bool is_blocked(const struct world *w, const struct call *k)
{
	const struct core *c = &w->core;

	if (k->kill)
		return new_at(w, k->victim)->tracer == k->proc &&
		       new_at(w, k->victim)->kill_cell == k->cell + 1 &&
		       new_at(w, k->victim)->kill_seq == k->seq;
	return core_is_waiting(c, new_at(w, k->proc), k->cell, k->seq);
}

static const char *judge_calls(struct world *w)
{
	uint32_t waits = 0, known = 0;

	for (uint32_t i = 0; i < w->ledger.n_calls; i++) {
		w->ledger.calls[i].now = 0;
		known += !w->ledger.calls[i].kill;
		if (!is_blocked(w, &w->ledger.calls[i]))
			return "a call is forgotten";
	}
	for (uint32_t p = 1; p <= w->core.head->procs_touched; p++)
		for (uint32_t i = new_at(w, p)->first_waiter; i; i = w->core.waiters[i].next)
			waits++;
	if (waits != known)
		return "the table knows of a wait that is over";
	for (uint32_t i = 0; i < w->n_refused; i++)
		for (uint32_t p = 1; p <= w->core.head->procs_touched; p++)
			if (invariant_fits(&w->core, w->refused[i].proc, &w->refused[i], p))
				return "a wait found no child although one fits";
	return NULL;
}

/* What a wait must end with, asked of the table before. */
static const char *judge_wait(const struct world *w, const struct move *m)
{
	struct call k = {
		.idtype = wait_forms[m->form].idtype,
		.options = wait_forms[m->form].options,
	};
	bool fits = false, satisfied = false;
	enum core_result due = CORE_NO_CHILD;

	if (k.idtype != WHO_ALL)
		k.id = k.idtype == WHO_PID ? old_at(w, m->other)->pid : old_at(w, m->other)->pgrp;
	for (uint32_t p = 1; p <= w->old.head->procs_touched; p++) {
		fits |= invariant_fits(&w->old, m->proc, &k, p);
		satisfied |= invariant_satisfies(&w->old, m->proc, &k, p);
	}
	if (fits)
		due = k.options & W_NOHANG ? CORE_NOT_YET : CORE_BLOCKED;
	if (satisfied)
		due = CORE_OK;
	if (w->result == due || (due == CORE_BLOCKED && w->result == CORE_FULL))
		return NULL;
	return satisfied ? "a wait does not find what is there" : "a wait ends otherwise";
}

/* A name has one owner, asked of the table before; the directory above it has many. */
static const char *judge_attach(const struct world *w, const struct move *m)
{
	bool is_taken = false;

	for (uint32_t i = w->old.head->first_path; i; i = w->old.paths[i].next)
		is_taken |= w->old.paths[i].ftype == FILE_TYPE_NAME;
	if (w->result == CORE_FULL || w->result == (!m->form && is_taken ? CORE_EXISTS : CORE_OK))
		return NULL;
	return "an attach ends otherwise";
}

static const char *judge_result(const struct world *w, const struct move *m)
{
	if (m->kind == MOVE_WAIT)
		return judge_wait(w, m);
	if (m->kind == MOVE_ATTACH)
		return judge_attach(w, m);
	if (w->result == CORE_FULL)
		return NULL;
	if (m->kind == MOVE_TRACE_KILL)
		return w->result == CORE_BLOCKED ? NULL : "a kill ends at once";
	return w->result == CORE_OK ? NULL : "a move is refused";
}

static const char *judge_effects(struct world *w, bool answers)
{
	const char *fault = NULL;

	for (uint32_t i = 0; !fault && i < w->core.head->n_effects; i++)
		if ((w->core.effects[i].kind == FX_ANSWER) == answers)
			fault = judge_effect(w, &w->core.effects[i]);
	return fault;
}

/* Answers come last, but what they say is how it was before the rest. */
static const char *judge_all_effects(struct world *w)
{
	const char *fault;

	if (!core_effect(&w->core))
		return NULL;
	for (uint32_t i = 1; i < w->core.head->n_effects; i++)
		if (w->core.effects[i - 1].kind == FX_ANSWER &&
		    w->core.effects[i].kind != FX_ANSWER)
			return "an answer is given before what it tells of has happened";
	fault = judge_effects(w, true);
	return fault ? fault : judge_effects(w, false);
}

const char *ledger_judge(struct world *w, const struct move *m)
{
	const char *fault = judge_result(w, m);

	w->n_refused = w->n_told = 0;
	note_move(w, m);
	if (!fault)
		fault = judge_all_effects(w);
	while (core_effect(&w->core))
		core_applied(&w->core);
	if (!fault && m->kind == MOVE_WAIT && is_call_open(w) != (w->result == CORE_BLOCKED))
		fault = "a wait is answered and blocked, or neither";
	if (!fault)
		fault = judge_deeds(w);
	return fault ? fault : judge_calls(w);
}
