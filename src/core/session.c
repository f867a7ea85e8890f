// SPDX-License-Identifier: Apache-2.0
/*
 * Groups, sessions, and the signals that a death sends.
 *
 * When the leader of a session with a terminal dies, the foreground group is
 * hung up. The kernel does that, so nothing is sent here; a second SIGHUP would
 * be one too many. A MINIX process manager hangs up the group of any group
 * leader that dies; that wider rule is RULE_WIDE_HANGUP, off unless asked for.
 *
 * A process may ask for a signal when its parent dies (PR_SET_PDEATHSIG). The
 * kernel's own would come at the end of the kernel's parent, which is the
 * manager; so the logical parent's end is told from here.
 */
#include "core/session.h"

void session_parent_died(struct core *c, struct pt_proc *child)
{
	struct pt_effect *e;

	if (!child->pdeathsig || !core_is_alive(child))
		return;
	e = journal_fx(c, FX_SIGNAL);
	e->pid = child->pid;
	e->status = child->pdeathsig;
}

void session_hang_up(struct core *c, struct pt_proc *p)
{
	struct pt_effect *e;

	if (!(c->head->options & RULE_WIDE_HANGUP) || p->pid != p->pgrp)
		return;
	e = journal_fx(c, FX_SIGNAL_GROUP);
	e->pid = p->pgrp;
	e->status = 1; /* SIGHUP */
}

enum core_result core_pdeathsig(struct core *c, struct pt_proc *p, int signo)
{
	if (signo < 0 || signo > 64)
		return CORE_INVALID;
	journal_begin(c);
	pt_edit(c, p->self)->pdeathsig = (uint8_t)signo;
	journal_commit(c);
	return CORE_OK;
}
