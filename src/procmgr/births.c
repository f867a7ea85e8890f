// SPDX-License-Identifier: Apache-2.0
/*
 * Slots in pages become entries of the table.
 *
 * A program makes its children by itself; the manager hears afterwards. It
 * looks at a program's slots whenever it hears of that program: a request, the
 * death of a pid that nobody announced, the program's own death. What a slot
 * says is believed only as far as the kernel agrees: the pid is unknown so far,
 * and a child of one of the node's reapers (or natively of the program).
 */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

#include "host/linux/procinfo.h"
#include "procmgr/state.h"

static _Atomic uint32_t *state_of(struct page_slot *s)
{
	return (_Atomic uint32_t *)&s->state;
}

static bool move(struct page_slot *s, uint32_t from, uint32_t to)
{
	return atomic_compare_exchange_strong(state_of(s), &from, to);
}

static void set_watched(struct manager *m, struct pt_proc *p, uint32_t watched)
{
	struct page *page = arena_page_of(m, p);

	if (page)
		atomic_store((_Atomic uint32_t *)&page->head.watched, watched);
}

/* The one that was idle longest makes room. What it did not tell us is looked for once more. */
static void forget(struct manager *m, uint32_t index)
{
	struct pt_proc *p = core_used(&m->core, index);

	if (!p || !core_is_alive(p))
		return;
	set_watched(m, p, 0);
	births_take(m, p);
	request_look(m, p);
}

static void remember(struct manager *m, uint32_t index)
{
	uint32_t carried = index;

	if (m->recent[0] == index)
		return;
	for (unsigned i = 0; i < RECENT; i++) {
		uint32_t at = m->recent[i];

		m->recent[i] = carried;
		carried = at;
		if (at == index)
			return;
	}
	set_watched(m, core_get(&m->core, index), 1);
	if (carried)
		forget(m, carried);
}

void births_look(struct manager *m)
{
	for (unsigned i = 0; i < RECENT; i++) {
		struct pt_proc *p = core_used(&m->core, m->recent[i]);

		if (!p || !core_is_alive(p))
			continue;
		births_take(m, p);
		/* After the slots: call_is_seen() in client/call.c does the opposite. */
		request_look(m, p);
	}
}

void births_refresh_ids(struct manager *m, struct pt_proc *p)
{
	struct procinfo k;

	if (procinfo_read(p->pid, true, &k) == 0)
		core_set_ids(&m->core, p, &(struct core_ids){k.uid, k.euid, k.gid, k.egid});
}

void births_grant(struct manager *m, struct pt_proc *p, uint32_t want, uint32_t *ret_granted)
{
	struct page *page = arena_page_of(m, p);
	uint32_t have = 0, granted = 0, taken = 0;

	*ret_granted = 0;
	if (!page)
		return;
	for (unsigned i = 0; i < PAGE_SLOTS; i++)
		taken += atomic_load(state_of(&page->slots[i])) != SLOT_STATE_FREE;
	if (want < taken)
		want = taken;
	if (want > PAGE_SLOTS)
		want = PAGE_SLOTS;
	/* The last places are root's: who is that? */
	if (want > p->reserved + core_room(&m->core, false))
		births_refresh_ids(m, p);
	/* A pool that is not filled up is no birth that is refused: nothing is said. */
	if (p->reserved || core_room(&m->core, p->euid == 0))
		(void)core_reserve(&m->core, p, want, &have);
	apply(m);
	for (unsigned i = 0; i < PAGE_SLOTS; i++) {
		struct page_slot *s = &page->slots[i];

		/* One entry stands behind each slot that is not FREE. */
		if (taken < have && move(s, SLOT_STATE_FREE, SLOT_STATE_GRANTED))
			taken++;
		granted += atomic_load(state_of(s)) == SLOT_STATE_GRANTED;
	}
	if (have > taken)
		core_unreserve(&m->core, p, have - taken);
	*ret_granted = granted;
}

/*
 * Whom the kernel has as this child's parent decides what it can be to us. A
 * page may say anything: nobody gets a process that is not of this node, or
 * another user's, into the table, where the node's end would be its own.
 */
static bool is_plausible(struct manager *m, const struct pt_proc *p, pid_t pid, uint32_t *flags,
			 enum child_state *state, struct child_news *news)
{
	struct procinfo info;

	if (pid <= 1 || core_find(&m->core, pid) || helper_is(m, pid) || agents_has(m, pid))
		return false;
	*state = child_peek(pid, news);
	/* A node of an ordinary user's has nobody else's processes. */
	if (*state != CHILD_NOT_OURS && (p->euid == 0 || m->uid != 0))
		return true;
	if (procinfo_read(pid, true, &info) < 0 || (info.uid != p->uid && p->euid != 0))
		return false;
	if (*state != CHILD_NOT_OURS)
		return true;
	if (info.ppid == p->pid) {
		*flags |= FLAG_NATIVE;
		return true;
	}
	/* A reaper's of ours, or another subreaper got it: watched, not ours. Orphans
	 * of a private node's programs all go there. */
	return sweep_is_of_node(m, &info) || m->env->private_of;
}

static uint32_t flags_of(const struct manager *m, const struct pt_proc *p,
			 const struct page_slot *s)
{
	uint32_t flags = 0;

	if (s->flags & SLOT_FLAG_NOZOMBIE)
		flags |= FLAG_NOZOMBIE;
	if (s->flags & SLOT_FLAG_FORKED)
		flags |= FLAG_FORKED;
	if (s->flags & SLOT_FLAG_NATIVE)
		flags |= FLAG_NATIVE;
	if ((s->flags & SLOT_FLAG_SERVICE) &&
	    core_may_srv_fork(&m->core, p, s->uid, s->gid) == CORE_OK)
		flags |= FLAG_SERVICE;
	return flags;
}

/* The child in @s becomes an entry. */
static void born(struct manager *m, struct pt_proc *p, struct page_slot *s)
{
	struct core_birth b = {
		.pid = s->pid,
		.parent = p->self,
		.flags = flags_of(m, p, s),
		.uid = p->uid,
		.euid = p->euid,
		.gid = p->gid,
		.egid = p->egid,
		.pgrp = p->pgrp,
		.sid = p->kernel_sid,
	};
	enum child_state state;
	struct child_news news;
	uint32_t index;

	if (!is_plausible(m, p, b.pid, &b.flags, &state, &news))
		return;
	if (b.flags & FLAG_SERVICE) {
		b.uid = b.euid = s->uid;
		b.gid = b.egid = s->gid;
	}
	if (core_birth(&m->core, &b, p->reserved > 0, &index) != CORE_OK) {
		apply(m);
		return;
	}
	apply(m);
	if (state == CHILD_DEAD)
		watch_died(m, core_get(&m->core, index), &news);
	else
		(void)watch_add(m, index); /* without a descriptor it is found by SIGCHLD */
	/* The kernel told of its stop whoever did it, and tells nobody else. */
	if (s->flags & SLOT_FLAG_HELD)
		watch_look(m, b.pid);
}

/* Exec failed in the child: what is left of it is the manager's to collect. */
static void failed(struct manager *m, const struct pt_proc *p, pid_t pid)
{
	enum child_state state;
	struct child_news news;
	uint32_t flags = 0;

	if (!is_plausible(m, p, pid, &flags, &state, &news))
		return;
	/* It is in its exit already; between leaving its memory and being a
	 * zombie lie microseconds, unless a program lies about it. */
	for (int i = 0; i < 64; i++) {
		enum child_state s = child_reap(pid);

		if (s == CHILD_DEAD)
			return;
		if (s == CHILD_NOT_OURS)
			break;
		(void)sched_yield(); /* cannot fail */
	}
	if (child_peek(pid, NULL) == CHILD_NOT_OURS && agents_reap(m, pid) == 0)
		return;
	(void)births_adopt(m, pid, FLAG_NOZOMBIE); /* reaped when it does end */
}

/* What is known about births that are not finished yet. */
struct hint {
	bool owner_dead; /* they will not be */
	pid_t lives;     /* this child was heard of: it does execute its program */
};

/* Is the child under way more than an attempt? */
static bool is_real(struct manager *m, const struct page_slot *s, const struct hint *h)
{
	if (h->owner_dead || s->pid <= 1 || s->pid == h->lives)
		return h->owner_dead || s->pid > 1;
	/* Without an error in it, a dead child did execute its program. */
	return !s->error && !core_find(&m->core, s->pid) && child_peek(s->pid, NULL) == CHILD_DEAD;
}

/* BORN, and known now. A look within a look may have been quicker, and the slot
 * be another child's already. */
static void give_back(struct page_slot *s, pid_t pid)
{
	if (s->pid != pid || !move(s, SLOT_STATE_BORN, SLOT_STATE_TAKEN))
		return;
	s->pid = 0;
	s->error = 0;
	(void)move(s, SLOT_STATE_TAKEN, SLOT_STATE_FREE); /* else the program scribbles */
}

static void take_one(struct manager *m, struct pt_proc *p, struct page_slot *s,
		     const struct hint *h)
{
	uint32_t state = atomic_load(state_of(s));
	pid_t pid = s->pid; /* after the state, which says that it is true */

	switch (state) {
	case SLOT_STATE_BORN:
		born(m, p, s);
		give_back(s, pid);
		break;
	case SLOT_STATE_FAILED:
		failed(m, p, pid);
		s->pid = 0;
		s->error = 0;
		(void)move(s, SLOT_STATE_FAILED, SLOT_STATE_GRANTED); /* same */
		break;
	case SLOT_STATE_LAUNCHING:
		if (!is_real(m, s, h))
			break;
		if (pid > 1 && s->error)
			failed(m, p, pid);
		else if (pid > 1)
			born(m, p, s);
		/* Or the program says just now that it is BORN. */
		if (s->pid == pid && !move(s, SLOT_STATE_LAUNCHING, SLOT_STATE_TAKEN))
			give_back(s, pid);
		break;
	default:
		break;
	}
}

static void take_all(struct manager *m, struct pt_proc *p, const struct hint *h)
{
	struct page *page = arena_page_of(m, p);
	uint32_t granted, before = p->reserved;

	if (!page)
		return;
	for (unsigned i = 0; i < PAGE_SLOTS; i++)
		take_one(m, p, &page->slots[i], h);
	if (p->reserved < before) {
		remember(m, p->self);
		births_grant(m, p, before, &granted);
	}
}

void births_take(struct manager *m, struct pt_proc *p)
{
	take_all(m, p, &(struct hint){.owner_dead = false});
}

void births_take_everywhere(struct manager *m)
{
	for (uint32_t i = 1; i <= m->core.head->procs_touched; i++) {
		struct pt_proc *p = core_used(&m->core, i);

		if (p && core_is_alive(p))
			births_take(m, p);
	}
}

static bool has_pid(struct manager *m, uint32_t index, pid_t pid, bool lives)
{
	struct pt_proc *p = core_used(&m->core, index);
	struct page *page;

	if (!p || !core_is_alive(p))
		return false;
	page = arena_page_of(m, p);
	if (!page)
		return false;
	for (unsigned i = 0; i < PAGE_SLOTS; i++) {
		struct page_slot *s = &page->slots[i];
		uint32_t state = atomic_load(state_of(s));

		if (s->pid != pid || state < SLOT_STATE_LAUNCHING || state > SLOT_STATE_FAILED)
			continue;
		take_all(m, p, &(struct hint){.lives = lives ? pid : 0});
		request_look(m, p);
		return true;
	}
	return false;
}

bool births_find(struct manager *m, pid_t pid, bool lives)
{
	for (unsigned i = 0; i < RECENT; i++)
		if (has_pid(m, m->recent[i], pid, lives))
			return true;
	for (uint32_t i = 1; i <= m->core.head->procs_touched; i++)
		if (has_pid(m, i, pid, lives))
			return true;
	return false;
}

bool births_under_way(struct manager *m)
{
	for (uint32_t i = 1; i <= m->core.head->procs_touched; i++) {
		struct pt_proc *p = core_used(&m->core, i);
		struct page *page = p && core_is_alive(p) ? arena_page_of(m, p) : NULL;

		for (unsigned s = 0; page && s < PAGE_SLOTS; s++)
			if (atomic_load(state_of(&page->slots[s])) == SLOT_STATE_LAUNCHING &&
			    page->slots[s].pid <= 1)
				return true;
	}
	return false;
}

void births_reclaim(struct manager *m, const struct pt_proc *except)
{
	for (uint32_t i = 1; i <= m->core.head->procs_touched; i++) {
		struct pt_proc *p = core_used(&m->core, i);
		struct page *page = p && p != except ? arena_page_of(m, p) : NULL;
		uint32_t needed = 0;

		if (!page)
			continue;
		/* Also what stood behind a slot that its program gave back itself. */
		for (unsigned s = 0; s < PAGE_SLOTS; s++) {
			(void)move(&page->slots[s], SLOT_STATE_GRANTED, SLOT_STATE_FREE);
			needed += atomic_load(state_of(&page->slots[s])) != SLOT_STATE_FREE;
		}
		if (needed < p->reserved)
			core_unreserve(&m->core, p, p->reserved - needed);
	}
}

bool births_owner_died(struct manager *m, struct pt_proc *p)
{
	struct page *page = arena_page_of(m, p);
	bool under_way = false;

	for (unsigned i = 0; page && i < PAGE_SLOTS; i++) {
		struct page_slot *s = &page->slots[i];

		under_way |= atomic_load(state_of(s)) == SLOT_STATE_LAUNCHING;
		take_one(m, p, s, &(struct hint){.owner_dead = true});
	}
	return under_way;
}

uint32_t births_adopt(struct manager *m, pid_t pid, uint32_t flags)
{
	struct procinfo info;
	struct core_birth b = {.pid = pid, .flags = flags};
	uint32_t index;

	if (procinfo_read(pid, true, &info) < 0)
		return 0;
	if (!(flags & FLAG_FRONT))
		b.flags |= FLAG_FOREIGN;
	b.uid = info.uid;
	b.euid = info.euid;
	b.gid = info.gid;
	b.egid = info.egid;
	b.pgrp = info.pgrp;
	b.sid = info.sid;
	b.start = info.start;
	if (core_birth(&m->core, &b, false, &index) != CORE_OK) {
		apply(m);
		return 0;
	}
	apply(m);
	(void)watch_add(m, index); /* as above */
	return index;
}
