// SPDX-License-Identifier: Apache-2.0
/*
 * A process ends.
 *
 * Who traces it hears first (tracer.c); then its parent, unless that asked not
 * to: a NOZOMBIE child (P_NOWAITO) leaves nothing, wakes nobody and sends no
 * SIGCHLD; a parent that ignores SIGCHLD has no zombies and is not told; one
 * with SA_NOCLDWAIT is told but has none. Otherwise the child is a zombie: a
 * waiting thread gets it at once, else it stays until the parent waits or dies.
 * Its SIGCHLD is told in any case, once, in the order of the deaths, also when
 * a wait was quicker; the entry stays as long as that takes (LIFE_GONE), unless
 * the table needs it.
 *
 * Children outlive their parent. They go to the guardian that the parent named,
 * else to the manager, which keeps no zombies: what was one disappears. A
 * guardian is told of the zombies that it inherits. (MINIX tells its INIT; the
 * QNX pages say that they disappear, so here they do.)
 *
 * procmgr_daemon() is a death that is pretended: the parent finds a *ghost*, a
 * zombie with the daemon's pid and the status that it gave, while the daemon
 * goes on as the manager's child in session 1. Its true end is not the old
 * parent's to know.
 *
 * A child's times count for the parent only once it is collected.
 *
 * The children of a *native* parent (one the manager is not the kernel's
 * stand-in for) are in the table, but the kernel tells and the parent waits.
 */
#include "core/death.h"

#include <assert.h>

#include "core/guardian.h"
#include "core/notify.h"
#include "core/pathspace.h"
#include "core/session.h"
#include "core/tracer.h"
#include "core/wait.h"

static uint32_t mode_of(const struct pt_proc *p)
{
	return p->sigchld & ~(uint32_t)SIGCHLD_MODE_NOCLDSTOP;
}

/* Does a SIGCHLD of this kind reach the parent? Only the linked have a ring. */
static bool is_told(const struct pt_proc *parent, bool stop)
{
	if (!parent->self || !parent->page || !core_is_alive(parent))
		return false;
	if (mode_of(parent) == SIGCHLD_MODE_IGNORE)
		return false;
	return !(stop && (parent->sigchld & SIGCHLD_MODE_NOCLDSTOP));
}

/* Threads without a cell, and whoever caches what it knows of its children. */
static void say_news(struct core *c, const struct pt_proc *parent)
{
	struct pt_effect *e;

	if (!parent->page)
		return;
	e = journal_fx(c, FX_NEWS);
	e->proc = parent->self;
	e->page = parent->page;
	e->arena = parent->arena;
}

/* The effect that tells @parent of @child. */
static void tell(struct core *c, struct pt_proc *parent, const struct pt_proc *child)
{
	struct pt_effect *e = journal_fx(c, FX_TELL);

	parent = pt_edit(c, parent->self);
	e->proc = parent->self;
	e->page = parent->page;
	e->arena = parent->arena;
	e->serial = parent->told++;
	e->value = (uint64_t)(uint32_t)parent->pid;
	e->pid = child->pid;
	e->code = child->code;
	e->status = child->status;
	e->uid = child->uid;
	e->use = child->use;
}

/* Now, if the caller said that there is room; else in its turn. */
static void tell_or_queue(struct core *c, struct pt_proc *parent, struct pt_proc *child)
{
	if (c->tell_room && c->tell_parent == parent->self && !parent->first_untold) {
		c->tell_room--;
		tell(c, parent, child);
	} else {
		pt_untold_add(c, child);
	}
}

void death_parent_changed(struct core *c, const struct pt_proc *p)
{
	struct pt_effect *e;

	if (!p->page)
		return;
	e = journal_fx(c, FX_PARENT);
	e->proc = p->self;
	e->page = p->page;
	e->arena = p->arena;
	e->pid = core_ppid(c, p);
	e->status = (p->sid == 1 ? 1 : 0);
}

static void reap(struct core *c, const struct pt_proc *p)
{
	if (!(p->flags & (FLAG_GHOST | FLAG_NATIVE)))
		journal_fx(c, FX_REAP)->pid = p->pid;
}

/* The pid is free from now on; the entry may still owe its parent a SIGCHLD. */
static void let_go(struct core *c, struct pt_proc *p)
{
	struct pt_proc *guardian = pt_at(c, p->guardian);
	struct pt_proc *siblings = pt_at(c, pt_at(c, p->parent)->guardian);

	reap(c, p);
	if (!(p->flags & FLAG_GHOST))
		pt_unhash(c, p);
	guardian_forget(c, p);
	p->life = LIFE_GONE;
	if (!(p->flags & FLAG_UNTOLD))
		pt_drop(c, p);
	wait_recheck(c, guardian);
	wait_recheck(c, siblings);
}

void death_collect(struct core *c, struct pt_proc *p)
{
	struct pt_proc *parent = pt_edit(c, p->parent);

	assert(p->life == LIFE_ZOMBIE);
	p = pt_edit(c, p->self);
	parent->cutime += p->use.utime + p->cutime;
	parent->cstime += p->use.stime + p->cstime;
	pt_dead_remove(c, p);
	let_go(c, p);
}

/* Does its end leave anything to its parent? */
static bool leaves(const struct pt_proc *p, const struct pt_proc *parent)
{
	return parent->self && !(p->flags & (FLAG_NOZOMBIE | FLAG_NATIVE));
}

static bool keeps_zombies(const struct pt_proc *parent)
{
	return parent->self && mode_of(parent) != SIGCHLD_MODE_IGNORE &&
	       mode_of(parent) != SIGCHLD_MODE_NOCLDWAIT;
}

/* A dead one comes to a parent, the one it had or the one that inherits it. */
static void leave_to(struct core *c, struct pt_proc *parent, struct pt_proc *p)
{
	p->parent = parent->self;
	if (leaves(p, parent) && is_told(parent, false))
		tell_or_queue(c, parent, p);
	p->life = LIFE_ZOMBIE;
	pt_dead_add(c, parent, p);
	if (keeps_zombies(parent))
		wait_offer(c, p);
	else
		wait_offer_guardian(c, p);
	if (p->life == LIFE_ZOMBIE && !(leaves(p, parent) && keeps_zombies(parent))) {
		pt_dead_remove(c, p);
		let_go(c, p);
	}
	wait_recheck(c, parent);
}

void death_tell_parent(struct core *c, struct pt_proc *p)
{
	struct pt_proc *parent = pt_at(c, p->parent);

	if (!(p->flags & FLAG_GHOST))
		pt_live_remove(c, p);
	if (leaves(p, parent))
		say_news(c, parent);
	leave_to(c, parent, p);
}

/* What was waiting to be told to a process that no longer lives. */
static void forget_untold(struct core *c, struct pt_proc *p)
{
	struct pt_proc *child;

	while ((child = pt_untold_take(c, p)) != NULL)
		if (child->life == LIFE_GONE)
			pt_drop(c, child);
}

static void move_live(struct core *c, struct pt_proc *p, struct pt_proc *heir)
{
	while (p->first_live) {
		struct pt_proc *child = pt_edit(c, p->first_live);

		pt_live_remove(c, child);
		child->flags &= ~(uint32_t)FLAG_NATIVE;
		pt_live_add(c, child == heir ? pt_at(c, PT_NONE) : heir, child);
		session_parent_died(c, child);
		death_parent_changed(c, child);
		/* News that the heir waits for may have come with it. */
		wait_offer(c, child);
	}
}

static void move_dead(struct core *c, struct pt_proc *p, struct pt_proc *heir)
{
	while (p->first_dead) {
		struct pt_proc *child = pt_edit(c, p->first_dead);

		pt_dead_remove(c, child);
		leave_to(c, heir, child);
	}
}

/*
 * The dead that the heir was to hear of first, as their tracer, it now hears of
 * once, as their parent. When all children have come: a wait that fits none
 * among them ends here.
 */
static void tell_as_parent(struct core *c, struct pt_proc *heir)
{
	for (uint32_t i = heir->first_tracee, next; i; i = next) {
		struct pt_proc *p = pt_edit(c, i);

		next = p->next_tracee;
		if (p->life == LIFE_TRACE_ZOMBIE && p->parent == heir->self &&
		    !tracer_hears_first(c, p))
			death_tell_parent(c, p);
	}
}

/* All that a process holds of others, given back at its end. */
static void release(struct core *c, struct pt_proc *p)
{
	struct pt_proc *heir = pt_at(c, p->guardian);

	while (p->first_waiter)
		pt_waiter_drop(c, p, p->first_waiter);
	forget_untold(c, p);
	move_live(c, p, heir);
	move_dead(c, p, heir);
	if (heir->self) {
		tell_as_parent(c, heir);
		say_news(c, heir);
	}
	tracer_died(c, p);
	notify_remove_all(c, p);
	ability_remove_all(c, p);
	pathspace_leave(c, p);
	c->head->n_reserved -= p->reserved;
	p->reserved = 0;
	pt_room_made(c);
	guardian_resign(c, p);
	if (c->head->service_manager == p->self)
		c->head->service_manager = 0;
}

void core_exit(struct core *c, struct pt_proc *p, const struct core_death *d)
{
	assert(core_is_alive(p));
	journal_begin(c);
	p = pt_edit(c, p->self);
	p->code = d->code;
	p->status = d->status;
	p->use = d->use;
	p->news = NEWS_NONE;
	p->page = 0;
	p->life = LIFE_TRACE_ZOMBIE;
	/* A stop that was still to be told is old news; the death has its own turn. */
	pt_untold_remove(c, p);
	c->head->deaths++;
	notify_fire(c, ON_PROCESS_DEATH | (p->sid == 1 ? (uint32_t)ON_DAEMON_DEATH : 0), true,
		    (uint32_t)p->pid);
	if (p->flags & FLAG_FRONT) {
		struct pt_effect *e = journal_fx(c, FX_ENDED);

		e->pid = p->pid;
		e->code = p->code;
		e->status = p->status;
	}
	session_hang_up(c, p);
	release(c, p);
	if (!tracer_hears_first(c, p))
		death_tell_parent(c, p);
	journal_commit(c);
}

/* News of a child that lives. */
static void tell_news(struct core *c, struct pt_proc *p, uint8_t news, int code, int status)
{
	struct pt_proc *parent = pt_at(c, p->parent);

	p->news = news;
	p->code = code;
	p->status = status;
	if (p->flags & (FLAG_NOZOMBIE | FLAG_NATIVE))
		return;
	if (is_told(parent, true))
		tell_or_queue(c, parent, p);
	wait_offer(c, p);
	say_news(c, parent);
}

void core_stop(struct core *c, struct pt_proc *p, int signo)
{
	assert(core_is_alive(p));
	journal_begin(c);
	p = pt_edit(c, p->self);
	p->life = LIFE_HELD;
	tell_news(c, p, NEWS_STOPPED, CHILD_STOPPED, signo);
	journal_commit(c);
}

void core_continue(struct core *c, struct pt_proc *p)
{
	assert(core_is_alive(p));
	journal_begin(c);
	p = pt_edit(c, p->self);
	p->life = LIFE_RUNNING;
	tell_news(c, p, NEWS_CONTINUED, CHILD_CONTINUED, 18 /* SIGCONT */);
	journal_commit(c);
}

static bool make_ghost(struct core *c, const struct pt_proc *p, uint32_t parent, int status)
{
	struct pt_proc *ghost = pt_take(c);

	if (!ghost)
		return false;
	ghost->pid = p->pid;
	ghost->parent = parent;
	ghost->flags = FLAG_GHOST;
	ghost->uid = p->uid;
	ghost->pgrp = p->pgrp;
	ghost->sid = p->sid;
	ghost->code = CHILD_EXITED;
	ghost->status = status & 0xff;
	ghost->life = LIFE_TRACE_ZOMBIE;
	death_tell_parent(c, ghost);
	return true;
}

enum core_result core_daemon(struct core *c, struct pt_proc *p, int status)
{
	uint32_t parent = p->parent;
	bool haunts = leaves(p, pt_at(c, parent));

	/* The ghost takes an entry; those that are promised are not for it. */
	if (haunts && core_may_birth(c, p->euid == 0) != CORE_OK)
		return CORE_FULL;
	journal_begin(c);
	p = pt_edit(c, p->self);
	pt_untold_remove(c, p);
	guardian_resign(c, p);
	pt_live_remove(c, p);
	pt_live_add(c, pt_at(c, PT_NONE), p);
	if (haunts && !make_ghost(c, p, parent, status)) {
		journal_abort(c);
		return CORE_FULL;
	}
	p->flags = (p->flags | FLAG_DAEMON) & ~(uint32_t)FLAG_NOZOMBIE;
	p->sid = 1;
	p->news = NEWS_NONE;
	death_parent_changed(c, p);
	/* It may have waited as a guardian. */
	wait_recheck(c, p);
	journal_commit(c);
	return CORE_OK;
}

void core_sigchld(struct core *c, struct pt_proc *p, uint32_t mode)
{
	if (p->sigchld == mode)
		return;
	journal_begin(c);
	p = pt_edit(c, p->self);
	p->sigchld = (uint8_t)mode;
	if (mode_of(p) == SIGCHLD_MODE_IGNORE)
		forget_untold(c, p);
	journal_commit(c);
}

bool core_has_untold(const struct pt_proc *p)
{
	return p->first_untold != 0;
}

void core_tell(struct core *c, struct pt_proc *p)
{
	struct pt_proc *child;

	journal_begin(c);
	child = pt_untold_take(c, p);
	assert(child);
	tell(c, p, child);
	if (child->life == LIFE_GONE)
		pt_drop(c, child);
	journal_commit(c);
}

static uint32_t next_gone(const struct core *c, uint32_t after)
{
	for (uint32_t i = after + 1; i <= c->head->procs_touched; i++)
		if (pt_at(c, i)->life == LIFE_GONE)
			return i;
	return 0;
}

uint32_t core_reclaim(struct core *c)
{
	uint32_t i = next_gone(c, 0), n = 0;

	if (!i)
		return 0;
	journal_begin(c);
	for (; i; i = next_gone(c, i)) {
		struct pt_proc *p = pt_edit(c, i);

		pt_untold_remove(c, p);
		pt_drop(c, p);
		n++;
	}
	journal_commit(c);
	return n;
}

bool core_may_dump(const struct pt_proc *p)
{
	return !(p->flags & FLAG_SETID) && p->uid == p->euid && p->gid == p->egid;
}
