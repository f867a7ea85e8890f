// SPDX-License-Identifier: Apache-2.0
/*
 * Effects of the core become system calls and words in pages: the only place
 * that does both. Each effect may be carried out twice (a manager can die
 * between doing it and noting that): an answer looks at its cell's state, a
 * ring entry has its place, a reaped pid is nobody's, a wake-up more wakes.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "gen/proto.h"
#include "procmgr/state.h"

static _Atomic uint32_t *atomic(uint32_t *word)
{
	return (_Atomic uint32_t *)word;
}

static void apply_answer(struct manager *m, const struct pt_effect *e)
{
	struct proto_wait_out out = {
		.pid = e->pid,
		.code = e->code,
		.status = e->status,
		.uid = e->uid,
		.use = e->use,
	};

	if (m->env->options.trace_requests)
		request_trace_later(m, e->proc, PROTO_WAIT, (int)e->error, &out, sizeof(out));
	answer_cell(arena_page(m, e->arena, e->page), e->cell, e->seq, e->error, &out,
		    e->error ? 0 : sizeof(out));
}

/* All calls that end so have the same answer: a number and four bytes of padding. */
static void apply_done(struct manager *m, const struct pt_effect *e)
{
	struct proto_path_attach_out out = {.id = e->code};

	if (m->env->options.trace_requests)
		request_trace_later(m, e->proc, PROTO_PATH_ATTACH, 0, &out, sizeof(out));
	answer_cell(arena_page(m, e->arena, e->page), e->cell, e->seq, 0, &out, sizeof(out));
}

static void apply_told(struct manager *m, const struct pt_effect *e)
{
	struct page *page = arena_page(m, e->arena, e->page);
	struct page_death *d;

	if (!page)
		return;
	d = &page->ring[e->serial % PAGE_RING];
	*d = (struct page_death){
		.pid = e->pid,
		.code = e->code,
		.status = e->status,
		.uid = e->uid,
		.utime = e->use.utime,
		.stime = e->use.stime,
		.serial = e->serial,
	};
	atomic_store(atomic(&page->head.ring_head), e->serial + 1);
	/* EPERM: it has become another user's; then it will look some day. */
	(void)child_kick((pid_t)e->value, e->serial);
}

static void apply_reap(struct manager *m, const struct pt_effect *e)
{
	m->reaped[m->n_reaped++ % REAPED] = e->pid;
	if (child_reap(e->pid) == CHILD_NOT_OURS)
		(void)agents_reap(m, e->pid); /* gone for good if nobody's */
}

static void queue(pid_t pid, pid_t tid, const struct event *ev)
{
	/* The kernel lets one process send another only codes below zero. */
	int code = ev->code < 0 ? ev->code : SI_QUEUE;

	if (child_queue(pid, tid, ev->signo, code, ev->value) == -EPERM)
		(void)child_queue(pid, tid, ev->signo, SI_QUEUE, ev->value); /* dead: no matter */
}

static void apply_event(const struct pt_effect *e)
{
	const struct event *ev = &e->event;

	switch (ev->notify & 0xff) {
	case EVENT_TYPE_SIGNAL:
	case EVENT_TYPE_SIGNAL_CODE:
		queue(e->pid, 0, ev);
		break;
	case EVENT_TYPE_THREAD_ID:
		queue(e->pid, ev->tid, ev);
		break;
	default:
		break;
	}
}

static void apply_notice(struct manager *m, const struct pt_effect *e)
{
	struct page *page = arena_page(m, e->arena, e->page);

	if (!page)
		return;
	page->events[e->serial % PAGE_EVENTS] = (struct page_event){
		.handle = e->value,
		.value = e->event.value,
		.serial = e->serial,
	};
	atomic_store(atomic(&page->head.event_head), e->serial + 1);
	answer_wake(&page->head.event_head);
}

static void apply_ended(struct manager *m, const struct pt_effect *e)
{
	struct front_record r = {
		.op = FRONT_OP_ENDED,
		.pid = e->pid,
		.code = e->code,
		.status = e->status,
	};

	if (m->env->front_fd >= 0)
		(void)send(m->env->front_fd, &r, sizeof(r), MSG_NOSIGNAL | MSG_DONTWAIT);
	if (m->env->options.ends_with_program)
		sweep_end(m, m->env->options.grace_ms);
}

static void apply_news(struct manager *m, const struct pt_effect *e)
{
	struct page *page = arena_page(m, e->arena, e->page);

	if (!page)
		return;
	atomic_fetch_add(atomic(&page->head.news), 1);
	if (atomic_load(atomic(&page->head.news_waiters)))
		answer_wake(&page->head.news);
}

static void apply_parent(struct manager *m, const struct pt_effect *e)
{
	struct page *page = arena_page(m, e->arena, e->page);

	if (!page)
		return;
	atomic_store((_Atomic int32_t *)&page->head.ppid, e->pid);
	atomic_store((_Atomic int32_t *)&page->head.sid, e->status);
}

static void apply_one(struct manager *m, const struct pt_effect *e)
{
	switch ((enum fx)e->kind) {
	case FX_ANSWER:
		apply_answer(m, e);
		break;
	case FX_DONE:
		apply_done(m, e);
		break;
	case FX_TELL:
		apply_told(m, e);
		break;
	case FX_REAP:
		apply_reap(m, e);
		break;
	case FX_SIGNAL:
		(void)kill(e->pid, e->status); /* it may be gone */
		break;
	case FX_SIGNAL_GROUP:
		(void)kill(-e->pid, e->status); /* it may be empty */
		break;
	case FX_EVENT:
		apply_event(e);
		break;
	case FX_NOTICE:
		apply_notice(m, e);
		break;
	case FX_ENDED:
		apply_ended(m, e);
		break;
	case FX_NEWS:
		apply_news(m, e);
		break;
	case FX_PARENT:
		apply_parent(m, e);
		break;
	case FX_FULL:
		log_line("the process table is full (%u entries)", m->capacity);
		break;
	}
}

static void apply_all(struct manager *m)
{
	while (core_effect(&m->core)) {
		apply_one(m, core_effect(&m->core));
		core_applied(&m->core);
	}
}

/* How many deaths fit into a ring. What the program says of it counts only here. */
static uint32_t ring_room(const struct pt_proc *p, struct page *page)
{
	uint32_t used = p->told - atomic_load(atomic(&page->head.ring_tail));

	return used < PAGE_RING ? PAGE_RING - used : 0;
}

void apply_tell(struct manager *m, struct pt_proc *p)
{
	struct page *page = arena_page_of(m, p);

	while (page && core_has_untold(p)) {
		if (!ring_room(p, page)) {
			/* Say so first, look again then: the program does the
			 * opposite, so one of us sees the other. */
			atomic_store(atomic(&page->head.ring_more), 1);
			if (!ring_room(p, page))
				return;
		}
		core_tell(&m->core, p);
		apply_all(m);
	}
	if (page)
		atomic_store(atomic(&page->head.ring_more), 0);
}

static bool events_fit(const struct pt_proc *p, struct page *page)
{
	return p->noticed - atomic_load(atomic(&page->head.event_tail)) < PAGE_EVENTS;
}

void apply_notices(struct manager *m, struct pt_proc *p)
{
	struct page *page = arena_page_of(m, p);

	while (page && core_has_notice(p)) {
		if (!events_fit(p, page)) {
			/* As in apply_tell(). */
			atomic_store(atomic(&page->head.event_more), 1);
			if (!events_fit(p, page))
				return;
		}
		core_notice(&m->core, p);
		apply_all(m);
	}
	if (page)
		atomic_store(atomic(&page->head.event_more), 0);
}

/* Only who asked for events has some. */
static void notices_of_all(struct manager *m)
{
	m->core.has_notices = false;
	for (uint32_t i = m->core.head->first_sub; i; i = m->core.subs[i].next) {
		struct pt_proc *p = core_used(&m->core, m->core.subs[i].proc);

		if (p && core_has_notice(p))
			apply_notices(m, p);
	}
}

/* Programs that know the names look again: before anybody is told that there are others. */
static void apply_paths(struct manager *m)
{
	const struct pt_head *h = m->core.head;
	struct node_page *n = m->env->node;

	if (n->path_generation == h->path_generation)
		return;
	atomic_store(atomic(&n->n_paths), h->n_paths);
	atomic_store(atomic(&n->path_generation), h->path_generation);
}

/* The next effect; each of a dead server's names makes its own. */
static const struct pt_effect *apply_next(struct manager *m)
{
	while (!core_effect(&m->core) && core_has_left(&m->core))
		core_path_left(&m->core);
	return core_effect(&m->core);
}

void apply(struct manager *m)
{
	const struct pt_effect *e;
	uint32_t news[16];
	unsigned n = 0;

	apply_paths(m);
	while ((e = apply_next(m)) != NULL) {
		if (e->kind == FX_NEWS && n < 16)
			news[n++] = e->proc;
		apply_one(m, e);
		core_applied(&m->core);
	}
	for (unsigned i = 0; i < n; i++) {
		struct pt_proc *p = core_used(&m->core, news[i]);

		if (p)
			apply_tell(m, p);
	}
	if (m->core.has_notices)
		notices_of_all(m);
}

static void claim_of(struct manager *m, struct pt_proc *p)
{
	struct core *c = &m->core;
	struct page *page = arena_page_of(m, p);

	for (uint32_t i = p->first_waiter, next; i; i = next) {
		uint32_t cell = c->waiters[i].cell;

		next = c->waiters[i].next;
		if (!answer_claim(page, cell, c->waiters[i].seq))
			core_wait_cancel(c, p, cell);
	}
}

static void listener_add(struct manager *m, uint32_t index)
{
	struct pt_proc *p = core_used(&m->core, index);

	for (unsigned i = 0; i < m->n_claimed; i++)
		if (m->claimed[i] == index)
			return;
	if (!p || !p->first_waiter || m->n_claimed == CLAIMED_MAX)
		return;
	m->claimed[m->n_claimed++] = index;
	claim_of(m, p);
}

static void hint_room(struct manager *m, uint32_t index)
{
	struct pt_proc *p = core_used(&m->core, index);
	struct page *page = p ? arena_page_of(m, p) : NULL;

	m->core.tell_parent = index;
	m->core.tell_room = page ? ring_room(p, page) : 0;
}

void apply_claim(struct manager *m, const struct pt_proc *p)
{
	const struct pt_proc *procs = m->core.procs;

	m->n_claimed = 0;
	hint_room(m, p->parent);
	listener_add(m, p->parent);
	listener_add(m, procs[p->parent].guardian);
	listener_add(m, p->guardian);
	listener_add(m, p->tracer);
	/* Its tracees tell their parents, once it is dead. */
	for (uint32_t i = p->first_tracee; i; i = procs[i].next_tracee)
		listener_add(m, procs[i].parent);
}

void apply_claim_own(struct manager *m, const struct pt_proc *p)
{
	m->n_claimed = 0;
	listener_add(m, p->self);
	listener_add(m, p->guardian);
	listener_add(m, p->guards);
}

void apply_release(struct manager *m)
{
	for (unsigned i = 0; i < m->n_claimed; i++) {
		struct pt_proc *p = core_used(&m->core, m->claimed[i]);
		uint32_t w = p ? p->first_waiter : 0;

		for (; w; w = m->core.waiters[w].next)
			answer_release(arena_page_of(m, p), m->core.waiters[w].cell,
				       m->core.waiters[w].seq);
	}
	m->n_claimed = 0;
	m->core.tell_room = 0;
}
