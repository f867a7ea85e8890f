// SPDX-License-Identifier: Apache-2.0
/*
 * A process comes to be.
 *
 * The table is looked at before anything is created: a program's births are
 * reserved beforehand (core_reserve), so that a full table is refused while
 * nothing has happened yet, and said once (FX_FULL) until there is room again.
 * The last few entries are root's.
 *
 * A child starts with its own times at zero, with no requests for events, no
 * tracer, and untold news of nobody; it inherits its parent's group, session
 * and abilities. It does not inherit being the service manager, being made by
 * it, being a daemon: an ordinary fork of a service makes an ordinary process.
 * A child of a process in session 1 is in session 1 as long as the kernel says
 * that both are in one session.
 */
#include <assert.h>

#include "core/notify.h"
#include "core/pathspace.h"
#include "core/ptable.h"

static bool is_root(const struct pt_proc *p)
{
	return p->euid == 0;
}

/* Said once until the table has had room again. */
static void say_full(struct core *c)
{
	if (c->head->full_said)
		return;
	journal_begin(c);
	c->head->full_said = 1;
	journal_fx(c, FX_FULL);
	journal_commit(c);
}

uint32_t core_room(const struct core *c, bool root)
{
	const struct pt_head *h = c->head;
	uint32_t taken = h->n_used + h->n_reserved + (root ? 0 : h->keep_root);

	return taken < h->capacity ? h->capacity - taken : 0;
}

enum core_result core_may_birth(struct core *c, bool root)
{
	if (pt_has_room(c, root) || (core_reclaim(c) && pt_has_room(c, root)))
		return CORE_OK;
	say_full(c);
	return CORE_FULL;
}

enum core_result core_reserve(struct core *c, struct pt_proc *p, uint32_t want, uint32_t *ret_have)
{
	uint32_t have = p->reserved;
	bool root = is_root(p);

	/* What can be reclaimed is for who has nothing. */
	if (have < want &&
	    (pt_has_room(c, root) || (!have && core_may_birth(c, root) == CORE_OK))) {
		journal_begin(c);
		p = pt_edit(c, p->self);
		while (p->reserved < want && pt_has_room(c, root)) {
			p->reserved++;
			c->head->n_reserved++;
		}
		have = p->reserved;
		journal_commit(c);
	}
	if (want && !have) {
		say_full(c);
		return CORE_FULL;
	}
	*ret_have = have;
	return CORE_OK;
}

void core_unreserve(struct core *c, struct pt_proc *p, uint32_t n)
{
	assert(n <= p->reserved);
	if (!n)
		return;
	journal_begin(c);
	p = pt_edit(c, p->self);
	p->reserved -= n;
	c->head->n_reserved -= n;
	pt_room_made(c);
	journal_commit(c);
}

/* What of the parent's goes over to the child. */
static void inherit(const struct pt_proc *parent, struct pt_proc *p)
{
	if (!parent->self)
		return;
	if (parent->sid == 1 && p->sid == parent->kernel_sid)
		p->sid = 1;
}

enum core_result core_birth(struct core *c, const struct core_birth *b, bool reserved,
			    uint32_t *ret_index)
{
	struct pt_proc *parent = pt_at(c, b->parent);
	struct pt_proc *p;

	assert(!reserved || parent->reserved);
	if (core_find(c, b->pid))
		return CORE_BUSY;
	if (!reserved && core_may_birth(c, b->euid == 0) != CORE_OK)
		return CORE_FULL;

	journal_begin(c);
	p = pt_take(c);
	if (!p || !ability_inherit(c, parent, p)) {
		journal_abort(c);
		return CORE_FULL;
	}
	if (reserved) {
		pt_edit(c, parent->self)->reserved--;
		c->head->n_reserved--;
	}
	p->pid = b->pid;
	p->life = LIFE_RUNNING;
	p->flags = b->flags;
	p->uid = b->uid;
	p->euid = b->euid;
	p->gid = b->gid;
	p->egid = b->egid;
	p->pgrp = b->pgrp;
	p->sid = p->kernel_sid = b->sid;
	p->start = b->start;
	inherit(parent, p);
	pt_hash(c, p);
	pt_live_add(c, parent, p);
	c->head->births++;
	notify_fire(c, ON_PROCESS_CREATE, true, (uint32_t)p->pid);
	*ret_index = p->self;
	journal_commit(c);
	return CORE_OK;
}

void core_exec(struct core *c, struct pt_proc *p, uint32_t euid, uint32_t egid)
{
	journal_begin(c);
	p = pt_edit(c, p->self);
	p->flags &= ~(uint32_t)FLAG_FORKED;
	p->euid = euid;
	p->egid = egid;
	if (euid != p->uid || egid != p->gid)
		p->flags |= FLAG_SETID;
	/* The handlers that would have taken these are gone with the image. */
	notify_remove_all(c, p);
	/* And so are its channels. */
	pathspace_leave(c, p);
	while (p->first_waiter)
		pt_waiter_drop(c, p, p->first_waiter);
	/* So are the threads that wait for the end of a kill. */
	for (uint32_t i = p->first_tracee; i; i = pt_at(c, i)->next_tracee)
		pt_edit(c, i)->kill_cell = 0;
	journal_commit(c);
}

void core_set_ids(struct core *c, struct pt_proc *p, const struct core_ids *ids)
{
	if (p->uid == ids->uid && p->euid == ids->euid && p->gid == ids->gid &&
	    p->egid == ids->egid)
		return;
	journal_begin(c);
	p = pt_edit(c, p->self);
	p->uid = ids->uid;
	p->euid = ids->euid;
	p->gid = ids->gid;
	p->egid = ids->egid;
	journal_commit(c);
}

void core_resign(struct core *c, struct pt_proc *p)
{
	journal_begin(c);
	pt_edit(c, p->self)->flags &= ~(uint32_t)FLAG_FRONT;
	journal_commit(c);
}
