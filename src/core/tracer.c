// SPDX-License-Identifier: Apache-2.0
/*
 * Who traces hears first.
 *
 * A tracer is a parent besides the parent: its waits find its tracees. When a
 * tracee dies, the tracer collects the news first, and only then is the parent
 * told; no SIGCHLD is sent to a tracer. If the tracer *is* the parent, it is
 * told once, as parent. A traced signal stops the tracee; the tracer hears once
 * of each signal, lowest first. A tracer's kill returns when the victim is gone.
 *
 * When a tracer dies, what state its tracee is in is anybody's guess, so a
 * living tracee is killed; one that was just telling its own death tells its
 * parent instead. (Rules of a MINIX process manager.)
 */
#include "core/tracer.h"

#include "core/death.h"
#include "core/wait.h"

static void link_tracee(struct core *c, struct pt_proc *t, struct pt_proc *p)
{
	t = pt_edit(c, t->self);
	p = pt_edit(c, p->self);
	p->tracer = t->self;
	p->next_tracee = t->first_tracee;
	t->first_tracee = p->self;
}

static void unlink_tracee(struct core *c, struct pt_proc *p)
{
	struct pt_proc *t = pt_at(c, p->tracer);
	uint32_t before = 0;

	if (!p->tracer)
		return;
	for (uint32_t i = t->first_tracee; i != p->self; i = pt_at(c, i)->next_tracee)
		before = i;
	p = pt_edit(c, p->self);
	if (before)
		pt_edit(c, before)->next_tracee = p->next_tracee;
	else
		pt_edit(c, t->self)->first_tracee = p->next_tracee;
	p->tracer = 0;
	p->next_tracee = 0;
	p->traced_sigs = 0;
}

static void finish_kill(struct core *c, struct pt_proc *p)
{
	if (p->kill_cell && p->tracer)
		wait_answer(c, pt_at(c, p->tracer), p->kill_cell - 1, p->kill_seq, 0, NULL);
	p->kill_cell = 0;
}

bool tracer_hears_first(struct core *c, struct pt_proc *p)
{
	bool first = p->tracer && p->tracer != p->parent;

	finish_kill(c, p);
	p->traced_sigs = 0;
	if (!first) {
		unlink_tracee(c, p);
		return false;
	}
	(void)wait_offer_tracer(c, p); /* if nobody waits it stays TRACE_ZOMBIE */
	return true;
}

void tracer_died(struct core *c, struct pt_proc *t)
{
	while (t->first_tracee) {
		struct pt_proc *p = pt_edit(c, t->first_tracee);

		p->kill_cell = 0;
		unlink_tracee(c, p);
		if (p->life == LIFE_TRACE_ZOMBIE) {
			death_tell_parent(c, p);
		} else {
			struct pt_effect *e = journal_fx(c, FX_SIGNAL);

			e->pid = p->pid;
			e->status = 9; /* SIGKILL */
		}
	}
}

bool tracer_has_news(const struct pt_proc *p, uint32_t options)
{
	if (p->life == LIFE_TRACE_ZOMBIE)
		return options & W_EXITED;
	/* A stop for the tracer is reported whether or not it asks for stops. */
	return p->traced_sigs != 0;
}

static void answer_signal(struct core *c, struct pt_proc *t, uint32_t cell, uint32_t seq,
			  struct pt_proc *p, uint32_t options)
{
	int signo = __builtin_ctzll(p->traced_sigs) + 1;
	struct pt_proc told = *p;

	told.code = CHILD_TRAPPED;
	told.status = signo;
	wait_answer(c, t, cell, seq, 0, &told);
	if (!(options & W_NOWAIT))
		pt_edit(c, p->self)->traced_sigs &= ~(1ULL << (signo - 1));
}

void tracer_answer(struct core *c, struct pt_proc *t, uint32_t cell, uint32_t seq,
		   struct pt_proc *p, uint32_t options)
{
	if (p->life != LIFE_TRACE_ZOMBIE) {
		answer_signal(c, t, cell, seq, p, options);
		return;
	}
	wait_answer(c, t, cell, seq, 0, p);
	if (options & W_NOWAIT)
		return;
	p = pt_edit(c, p->self);
	unlink_tracee(c, p);
	death_tell_parent(c, p);
	wait_recheck(c, t);
}

enum core_result core_trace(struct core *c, struct pt_proc *tracer, struct pt_proc *p)
{
	if (p == tracer)
		return CORE_INVALID;
	if (!core_is_alive(p))
		return CORE_NO_PROCESS;
	if (p->tracer)
		return CORE_BUSY;
	journal_begin(c);
	link_tracee(c, tracer, p);
	journal_commit(c);
	return CORE_OK;
}

enum core_result core_untrace(struct core *c, struct pt_proc *tracer, struct pt_proc *p)
{
	if (p->tracer != tracer->self)
		return CORE_NO_PROCESS;
	journal_begin(c);
	p = pt_edit(c, p->self);
	finish_kill(c, p);
	unlink_tracee(c, p);
	if (p->life == LIFE_TRACE_ZOMBIE)
		death_tell_parent(c, p);
	wait_recheck(c, tracer);
	journal_commit(c);
	return CORE_OK;
}

enum core_result core_trace_signal(struct core *c, struct pt_proc *p, int signo)
{
	if (!p->tracer || !core_is_alive(p))
		return CORE_NO_PROCESS;
	if (signo < 1 || signo > 64)
		return CORE_INVALID;
	journal_begin(c);
	p = pt_edit(c, p->self);
	p->traced_sigs |= 1ULL << (signo - 1);
	(void)wait_offer_tracer(c, p); /* if nobody waits the next wait finds it */
	journal_commit(c);
	return CORE_OK;
}

enum core_result core_trace_kill(struct core *c, struct pt_proc *tracer, struct pt_proc *p,
				 uint32_t cell, uint32_t seq)
{
	struct pt_effect *e;

	if (p->tracer != tracer->self || !core_is_alive(p))
		return CORE_NO_PROCESS;
	if (p->kill_cell)
		return CORE_BUSY;
	journal_begin(c);
	p = pt_edit(c, p->self);
	p->kill_cell = cell + 1;
	p->kill_seq = seq;
	e = journal_fx(c, FX_SIGNAL);
	e->pid = p->pid;
	e->status = 9; /* SIGKILL */
	journal_commit(c);
	return CORE_BLOCKED;
}
