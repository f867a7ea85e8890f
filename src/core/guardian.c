// SPDX-License-Identifier: Apache-2.0
/*
 * Who inherits children: procmgr_guardian().
 *
 * A process may name one living child that becomes the parent of its other
 * children when it dies; the guardian itself then goes to the manager. The
 * named child may wait, by pid, for its parent and its siblings (wait.c), for
 * the parent also after that has died and as long as it is a zombie. Who is
 * waiting when a parent dies that leaves no zombie is told all the same. A
 * guardian that dies, becomes a daemon or is replaced is none any more: what it
 * still waits for as one ends.
 */
#include "core/guardian.h"

#include "core/wait.h"

void guardian_resign(struct core *c, struct pt_proc *p)
{
	if (!p->guards)
		return;
	pt_edit(c, p->guards)->guardian = 0;
	pt_edit(c, p->self)->guards = 0;
}

void guardian_forget(struct core *c, struct pt_proc *p)
{
	if (!p->guardian)
		return;
	pt_edit(c, p->guardian)->guards = 0;
	pt_edit(c, p->self)->guardian = 0;
}

/* What a new guardian waits for already, as another's tracer, may be here. */
static void offer_children(struct core *c, const struct pt_proc *parent)
{
	for (uint32_t i = parent->first_live; i; i = pt_at(c, i)->next)
		wait_offer(c, pt_at(c, i));
	for (uint32_t i = parent->first_dead, next; i; i = next) {
		next = pt_at(c, i)->next;
		wait_offer(c, pt_at(c, i));
	}
}

enum core_result core_guardian(struct core *c, struct pt_proc *p, pid_t child, pid_t *ret_former)
{
	struct pt_proc *g = child ? core_find(c, child) : pt_at(c, PT_NONE);
	struct pt_proc *former = pt_at(c, p->guardian);
	pid_t former_pid = former->self ? former->pid : 0;

	if (child && (!g || g->parent != p->self || !core_is_alive(g)))
		return CORE_NO_PROCESS;
	journal_begin(c);
	guardian_forget(c, p);
	if (g->self) {
		pt_edit(c, p->self)->guardian = g->self;
		pt_edit(c, g->self)->guards = p->self;
		offer_children(c, p);
		wait_offer(c, p);
		/* What it has collected the parent waits for in vain. */
		wait_recheck(c, p);
	}
	wait_recheck(c, former);
	journal_commit(c);
	*ret_former = former_pid;
	return CORE_OK;
}
