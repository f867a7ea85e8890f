// SPDX-License-Identifier: Apache-2.0
/*
 * Which moves a world offers, and how each is made. Names of things (pids,
 * cells, groups) are the smallest that are free, so that they come again: a
 * pid is used anew as soon as the kernel may, in one of two buckets.
 */
#include "core/explore/world.h"

#include <assert.h>

const struct wait_form wait_forms[WAIT_FORMS] = {
	{WHO_ALL, W_EXITED},
	{WHO_PID, W_EXITED},
	{WHO_PGID, W_EXITED},
	{WHO_ALL, W_EXITED | W_NOHANG},
	{WHO_ALL, W_EXITED | W_NOWAIT},
	{WHO_ALL, W_EXITED | W_STOPPED | W_CONTINUED},
	{WHO_PID, W_STOPPED},
	{WHO_PID, W_EXITED | W_NOWAIT},
	{WHO_PGID, W_EXITED | W_STOPPED | W_NOHANG},
	{WHO_ALL, W_EXITED | W_NOHANG | W_NOWAIT},
	{WHO_PID, W_EXITED | W_NOHANG},
	{WHO_ALL, W_CONTINUED},
};

static const struct pt_proc *at(const struct world *w, uint32_t i)
{
	return &w->core.procs[i];
}

static bool is_alive(const struct world *w, uint32_t i)
{
	return i && i <= w->core.head->procs_touched && core_is_alive(at(w, i));
}

static bool is_pid_taken(const struct world *w, pid_t pid)
{
	for (uint32_t i = 1; i <= w->core.head->procs_touched; i++) {
		const struct deed *d = &w->ledger.deeds[i];

		if (at(w, i)->life != LIFE_FREE && at(w, i)->pgrp == pid)
			return true;
		if (d->used && !d->ghost && !d->reaped && d->pid == pid)
			return true;
	}
	return false;
}

static pid_t free_pid(const struct world *w)
{
	pid_t pid = 10;

	while (is_pid_taken(w, pid))
		pid += 8;
	return pid;
}

uint32_t moves_free_cell(const struct world *w, uint32_t proc)
{
	uint32_t cell = 0;

	for (uint32_t i = 0; i < w->ledger.n_calls; i++)
		if (w->ledger.calls[i].proc == proc && w->ledger.calls[i].cell == cell) {
			cell++;
			i = UINT32_MAX; /* from the start again */
		}
	return cell;
}

int32_t moves_wait_id(const struct world *w, const struct move *m)
{
	if (wait_forms[m->form].idtype == WHO_ALL)
		return 0;
	return wait_forms[m->form].idtype == WHO_PID ? at(w, m->other)->pid : at(w, m->other)->pgrp;
}

static enum core_result make_birth(struct world *w, const struct move *m)
{
	const struct pt_proc *p = at(w, m->proc);
	struct core_birth b = {
		.pid = free_pid(w),
		.parent = m->proc,
		.flags = (m->form & BIRTH_NOZOMBIE ? (uint32_t)FLAG_NOZOMBIE : 0) |
			 (m->form & BIRTH_NATIVE ? (uint32_t)FLAG_NATIVE : 0),
		.uid = 7,
		.euid = m->form & BIRTH_ROOT ? 0 : 7,
		.gid = 7,
		.egid = 7,
		.sid = 5,
	};

	b.pgrp = m->proc ? p->pgrp : b.pid;
	return core_birth(&w->core, &b, m->form & BIRTH_RESERVED, &w->born);
}

static enum core_result make_wait(struct world *w, struct pt_proc *p, const struct move *m)
{
	struct core_wait k = {
		.cell = moves_free_cell(w, m->proc),
		.seq = ++w->ledger.seq,
		.idtype = wait_forms[m->form].idtype,
		.options = wait_forms[m->form].options,
		.id = moves_wait_id(w, m),
	};

	return core_wait(&w->core, p, &k);
}

static void make_exit(struct world *w, struct pt_proc *p)
{
	/* Who is stopped can only be killed. */
	struct core_death d = {.code = CHILD_EXITED, .status = 7};

	if (p->life == LIFE_HELD)
		d = (struct core_death){.code = CHILD_KILLED, .status = 9};
	core_exit(&w->core, p, &d);
}

static int32_t own_path(const struct core *c, const struct pt_proc *p)
{
	int32_t id = 0;

	for (uint32_t i = core_path_list(c, 0); i; i = core_path_list(c, i))
		if (c->paths[i].proc == p->self && c->paths[i].id > id)
			id = c->paths[i].id;
	return id;
}

static enum core_result make_path(struct world *w, struct pt_proc *p, const struct move *m)
{
	struct core *c = &w->core;
	struct core_path a = {
		.path = m->form ? "/a" : "/a/b",
		.chid = 1,
		.ftype = m->form ? FILE_TYPE_ANY : FILE_TYPE_NAME,
		.flags = m->form ? PATH_FLAG_DIR : 0,
	};
	int32_t id;

	if (m->kind == MOVE_ATTACH)
		return core_path_attach(c, p, &a, NULL, &id);
	if (m->kind == MOVE_DETACH)
		return core_path_detach(c, p, own_path(c, p), NULL);
	core_path_left(c);
	return CORE_OK;
}

static enum core_result make_news(struct world *w, struct pt_proc *p, const struct move *m)
{
	struct core *c = &w->core;
	struct event e = {.notify = EVENT_TYPE_THREAD | EVENT_FLAG_UPDATEABLE};
	uint32_t have;
	int32_t id;

	if (m->kind == MOVE_RESERVE)
		return core_reserve(c, p, m->form, &have);
	if (m->kind == MOVE_SUBSCRIBE)
		return core_subscribe(c, p, ON_PROCESS_DEATH | ON_PROCESS_CREATE | ON_PATHSPACE, &e,
				      !m->form, &id);
	assert(m->kind == MOVE_ABILITY);
	return core_ability(c, p, p, m->form ? 0x20005 : 0x820005, 0, 0, true);
}

static enum core_result make_trace(struct world *w, struct pt_proc *p, const struct move *m)
{
	struct core *c = &w->core;
	struct pt_proc *other = &c->procs[m->other];

	if (m->kind == MOVE_TRACE)
		return core_trace(c, p, other);
	if (m->kind == MOVE_UNTRACE)
		return core_untrace(c, p, other);
	if (m->kind == MOVE_TRACE_SIGNAL)
		return core_trace_signal(c, p, m->form);
	return core_trace_kill(c, p, other, moves_free_cell(w, m->proc), ++w->ledger.seq);
}

static enum core_result make_plain(struct world *w, struct pt_proc *p, const struct move *m)
{
	struct core *c = &w->core;

	if (m->kind == MOVE_PAGE)
		return core_set_page(c, p, m->form ? m->proc : 0, 0);
	if (m->kind == MOVE_EXIT)
		make_exit(w, p);
	if (m->kind == MOVE_STOP)
		core_stop(c, p, 19);
	if (m->kind == MOVE_CONTINUE)
		core_continue(c, p);
	if (m->kind == MOVE_CANCEL)
		core_wait_cancel(c, p, m->form);
	if (m->kind == MOVE_SIGCHLD)
		core_sigchld(c, p, m->form);
	if (m->kind == MOVE_TELL)
		core_tell(c, p);
	if (m->kind == MOVE_GROUP)
		core_set_group(c, p, at(w, m->other)->pid, 5);
	if (m->kind == MOVE_EXEC)
		core_exec(c, p, 7, 7);
	if (m->kind == MOVE_UNRESERVE)
		core_unreserve(c, p, m->form);
	if (m->kind == MOVE_RECLAIM)
		core_reclaim(c);
	return CORE_OK;
}

enum core_result moves_make(struct world *w, const struct move *m)
{
	struct pt_proc *p = &w->core.procs[m->proc];
	bool hints = m->kind == MOVE_EXIT || m->kind == MOVE_DAEMON;
	pid_t former;

	w->core.tell_parent = hints ? p->parent : 0;
	w->core.tell_room = hints ? m->form : 0;
	switch ((uint32_t)m->kind) {
	case MOVE_BIRTH:
		return make_birth(w, m);
	case MOVE_WAIT:
		return make_wait(w, p, m);
	case MOVE_DAEMON:
		return core_daemon(&w->core, p, 99);
	case MOVE_GUARDIAN:
		return core_guardian(&w->core, p, m->other ? at(w, m->other)->pid : 0, &former);
	case MOVE_TRACE:
	case MOVE_UNTRACE:
	case MOVE_TRACE_SIGNAL:
	case MOVE_TRACE_KILL:
		return make_trace(w, p, m);
	case MOVE_RESERVE:
	case MOVE_SUBSCRIBE:
	case MOVE_ABILITY:
		return make_news(w, p, m);
	case MOVE_ATTACH:
	case MOVE_DETACH:
	case MOVE_LEFT:
		return make_path(w, p, m);
	default:
		return make_plain(w, p, m);
	}
}

static bool is_cell_waiting(const struct world *w, const struct move *m)
{
	for (uint32_t i = 0; i < w->ledger.n_calls; i++) {
		const struct call *k = &w->ledger.calls[i];

		if (k->proc == m->proc && k->cell == m->form && !k->kill)
			return true;
	}
	return false;
}

static bool is_first_alive(const struct world *w, uint32_t p)
{
	while (--p)
		if (is_alive(w, p))
			return false;
	return true;
}

static bool may_birth(const struct world *w, const struct move *m)
{
	if (m->form > 15)
		return false;
	if (m->form & BIRTH_RESERVED)
		return m->proc && at(w, m->proc)->reserved;
	/* Whose parent is the manager cannot be another's to wait for. */
	return m->proc || !(m->form & BIRTH_NATIVE);
}

static bool may_trace(const struct world *w, const struct move *m)
{
	const struct pt_proc *other = at(w, m->other);

	if (m->kind == MOVE_TRACE_SIGNAL)
		return at(w, m->proc)->tracer && m->form >= 1 && m->form <= 32;
	if (m->kind == MOVE_TRACE)
		return is_alive(w, m->other) && m->other != m->proc && !other->tracer;
	if (other->tracer != m->proc)
		return false;
	return m->kind == MOVE_UNTRACE || (core_is_alive(other) && !other->kill_cell);
}

static bool may_wait(const struct world *w, const struct move *m)
{
	return m->form < WAIT_FORMS && w->ledger.n_calls < WORLD_CALLS &&
	       (wait_forms[m->form].idtype == WHO_ALL || at(w, m->other)->life != LIFE_FREE);
}

bool moves_may(const struct world *w, const struct move *m)
{
	const struct pt_proc *p = at(w, m->proc);

	if (m->kind == MOVE_BIRTH && !m->proc)
		return may_birth(w, m);
	if (!is_alive(w, m->proc) || m->other > w->core.head->procs_touched)
		return false;
	switch ((uint32_t)m->kind) {
	case MOVE_BIRTH:
		return may_birth(w, m);
	case MOVE_PAGE:
		return m->form <= 1;
	case MOVE_CONTINUE:
		return p->life == LIFE_HELD;
	case MOVE_STOP:
		return p->life == LIFE_RUNNING;
	case MOVE_WAIT:
		return may_wait(w, m);
	case MOVE_CANCEL:
		return is_cell_waiting(w, m);
	case MOVE_SIGCHLD:
		return m->form <= SIGCHLD_MODE_NOCLDWAIT;
	case MOVE_TRACE:
	case MOVE_UNTRACE:
	case MOVE_TRACE_SIGNAL:
	case MOVE_TRACE_KILL:
		return may_trace(w, m);
	case MOVE_GUARDIAN:
		return !m->other || (is_alive(w, m->other) && at(w, m->other)->parent == m->proc);
	case MOVE_TELL:
		return core_has_untold(p) && p->page;
	case MOVE_GROUP:
		return is_alive(w, m->other);
	case MOVE_EXIT:
	case MOVE_DAEMON:
		return m->form <= (at(w, p->parent)->page ? 2 : 0);
	case MOVE_RECLAIM:
		return is_first_alive(w, m->proc);
	case MOVE_LEFT:
		return is_first_alive(w, m->proc) && core_has_left(&w->core);
	case MOVE_ATTACH:
		return m->form <= 1;
	case MOVE_DETACH:
		return p->paths;
	case MOVE_RESERVE:
		return m->form <= 4;
	case MOVE_UNRESERVE:
		return m->form && m->form <= p->reserved;
	default:
		return m->kind < MOVE_KINDS;
	}
}

static uint32_t count_alive(const struct world *w)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i <= w->core.head->procs_touched; i++)
		n += w->ledger.deeds[i].used && !w->ledger.deeds[i].ghost &&
		     !w->ledger.deeds[i].reaped;
	return n;
}

/* Does the move change the world in a way that no other move does? */
static bool is_new(const struct world *w, const struct scope *s, const struct move *m)
{
	const struct pt_proc *p = at(w, m->proc);

	switch ((uint32_t)m->kind) {
	case MOVE_BIRTH:
		return (s->births & 1u << m->form) && count_alive(w) < s->alive;
	case MOVE_WAIT:
		return (s->forms & 1u << m->form) && w->ledger.n_calls < s->calls;
	case MOVE_TRACE_KILL:
		return w->ledger.n_calls < s->calls;
	case MOVE_SIGCHLD:
		return (s->modes & 1u << m->form) && p->sigchld != m->form;
	case MOVE_PAGE:
		return !m->form == !!p->page;
	case MOVE_DAEMON:
		return !(p->flags & FLAG_DAEMON);
	case MOVE_GUARDIAN:
		return p->guardian != m->other;
	case MOVE_GROUP:
		return p->pgrp != at(w, m->other)->pid &&
		       (m->other == m->proc || at(w, m->other)->pgrp == at(w, m->other)->pid);
	case MOVE_TRACE_SIGNAL:
		return m->form == 5;
	default:
		return true;
	}
}

/* How many values of `form` a kind has, and whether `other` means something. */
static const struct {
	uint8_t forms;
	bool other;
	const char *name;
} kinds[MOVE_KINDS] = {
	[MOVE_BIRTH] = {16, false, "birth"},
	[MOVE_PAGE] = {2, false, "page"},
	[MOVE_EXIT] = {1, false, "exit"},
	[MOVE_STOP] = {1, false, "stop"},
	[MOVE_CONTINUE] = {1, false, "continue"},
	[MOVE_WAIT] = {WAIT_FORMS, true, "wait"},
	[MOVE_CANCEL] = {3, false, "cancel"},
	[MOVE_DAEMON] = {1, false, "daemon"},
	[MOVE_SIGCHLD] = {4, false, "sigchld"},
	[MOVE_TRACE] = {1, true, "trace"},
	[MOVE_UNTRACE] = {1, true, "untrace"},
	[MOVE_TRACE_SIGNAL] = {6, false, "trace-signal"},
	[MOVE_TRACE_KILL] = {1, true, "trace-kill"},
	[MOVE_GUARDIAN] = {1, true, "guardian"},
	[MOVE_TELL] = {1, false, "tell"},
	[MOVE_GROUP] = {1, true, "group"},
	[MOVE_EXEC] = {1, false, "exec"},
	[MOVE_RESERVE] = {3, false, "reserve"},
	[MOVE_UNRESERVE] = {3, false, "unreserve"},
	[MOVE_SUBSCRIBE] = {2, false, "subscribe"},
	[MOVE_ABILITY] = {2, false, "ability"},
	[MOVE_RECLAIM] = {1, false, "reclaim"},
	[MOVE_ATTACH] = {2, false, "attach"},
	[MOVE_DETACH] = {1, false, "detach"},
	[MOVE_LEFT] = {1, false, "left"},
};

const char *moves_name(enum move_kind kind)
{
	return kind < MOVE_KINDS ? kinds[kind].name : "nothing";
}

static bool has_other(const struct move *m)
{
	if (m->kind == MOVE_WAIT)
		return wait_forms[m->form].idtype != WHO_ALL;
	return kinds[m->kind].other;
}

static uint32_t list_kind(const struct world *w, const struct scope *s, struct move m,
			  struct move *to)
{
	uint32_t n = 0;

	for (m.form = 0; m.form < kinds[m.kind].forms; m.form++) {
		uint32_t last = has_other(&m) ? w->core.head->procs_touched : 0;

		for (m.other = 0; m.other <= last; m.other++)
			if (moves_may(w, &m) && is_new(w, s, &m))
				to[n++] = m;
	}
	return n;
}

uint32_t moves_list(const struct world *w, const struct scope *s, struct move *to)
{
	uint32_t n = 0;

	for (uint8_t p = 1; p <= w->core.head->procs_touched; p++) {
		if (!is_alive(w, p))
			continue;
		for (uint8_t k = 0; k < MOVE_KINDS; k++)
			if (s->moves & 1u << k)
				n += list_kind(w, s, (struct move){.kind = k, .proc = p}, to + n);
	}
	assert(n <= WORLD_MOVES);
	return n;
}
