// SPDX-License-Identifier: Apache-2.0
/*
 * Requests about threads: what they do, and who waits for whom in a circle.
 *
 * The kernel knows who sleeps and in which call. Whom a thread has sent to, and whether that
 * one has received, only the programs know; it lies in their pages. They may write there what
 * they like, so it is copied first, and believed no further than that a thread is there and
 * sleeps. Nothing here depends on it.
 *
 * One answer looks at so many threads and no more: the node waits meanwhile.
 */
#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "gen/proto.h"
#include "host/linux/procinfo.h"
#include "host/linux/threadinfo.h"
#include "procmgr/state.h"

#define THREADS_AT_ONCE  256
#define CIRCLES_ROWS     512
#define CIRCLES_LONGEST  128   /* a longer one is not told */
#define CIRCLES_TRIES    64    /* circles that are looked at, told or not */
#define CIRCLES_EDGES    65536 /* threads that wait; others are not looked at */
#define FUTEX_WAITV_CALL 449   /* on every architecture */

/* NULL: it has none, or what stands there was written before an exec. */
static struct page *threads_page(struct manager *m, const struct pt_proc *p)
{
	struct page *page = p && core_is_alive(p) ? arena_page_of(m, p) : NULL;

	return page && !__atomic_load_n(&page->head.execing, __ATOMIC_RELAXED) ? page : NULL;
}

/* A copy of line @at; false: it tells nothing. */
static bool threads_line(const struct page *page, uint32_t at, struct page_thread *ret)
{
	const struct page_thread *line = &page->threads[at];

	ret->state = __atomic_load_n(&line->state, __ATOMIC_ACQUIRE);
	ret->tid = __atomic_load_n(&line->tid, __ATOMIC_RELAXED);
	ret->pid = __atomic_load_n(&line->pid, __ATOMIC_RELAXED);
	ret->chid = __atomic_load_n(&line->chid, __ATOMIC_RELAXED);
	ret->seq = __atomic_load_n(&line->seq, __ATOMIC_ACQUIRE);
	return ret->tid > 0 &&
	       (ret->state == THREAD_STATE_SEND || ret->state == THREAD_STATE_RECEIVE);
}

static bool threads_find(const struct page *page, pid_t tid, struct page_thread *ret)
{
	for (uint32_t i = 0; i < PAGE_THREADS; i++)
		if (threads_line(page, i, ret) && ret->tid == tid)
			return true;
	return false;
}

/* SEND or REPLY: has @server received from that thread? The manager receives at once. */
static uint32_t threads_sent(struct manager *m, pid_t server, pid_t pid, pid_t tid)
{
	const struct page *page = threads_page(m, core_find(&m->core, server));

	if (server == THREADINFO_SYSTEM)
		return THREAD_STATE_REPLY;
	for (uint32_t i = 0; page && i < PAGE_HELD; i++)
		if (__atomic_load_n(&page->held[i].pid, __ATOMIC_ACQUIRE) == pid &&
		    __atomic_load_n(&page->held[i].tid, __ATOMIC_RELAXED) == tid)
			return THREAD_STATE_REPLY;
	return THREAD_STATE_SEND;
}

/* May it be in one of our own sleeps? Those for a message are in poll or in a futex. */
static bool threads_may_be_ours(const struct threadinfo *t)
{
	return t->state == THREAD_STATE_REPLY || t->state == THREAD_STATE_CONDVAR ||
	       t->state == THREAD_STATE_MUTEX || t->state == THREAD_STATE_SEM;
}

/* A wait() sleeps on a cell of its page: call.c. */
static bool threads_asks_us(const struct threadinfo *t)
{
	if (t->call == FUTEX_WAITV_CALL)
		return true;
	return t->call == SYS_futex && !(t->arguments[1] & FUTEX_PRIVATE_FLAG) &&
	       ((uint32_t)t->arguments[2] == CELL_STATE_SENT ||
		(uint32_t)t->arguments[2] == CELL_STATE_TAKEN);
}

static void threads_fill(struct manager *m, const struct page *page, const struct threadinfo *t,
			 struct thread_row *ret)
{
	struct page_thread told;

	*ret = (struct thread_row){.tid = t->tid, .state = t->state, .on_pid = t->on};
	memcpy(ret->name, t->name, sizeof(ret->name));
	if (!page || !threads_may_be_ours(t))
		return;
	if (threads_find(page, t->tid, &told)) {
		ret->published = 1;
		ret->on_chid = told.chid;
		ret->state = told.state;
		ret->on_pid = 0;
		if (told.state == THREAD_STATE_SEND) {
			ret->on_pid = told.pid;
			ret->state = threads_sent(m, told.pid, t->pid, t->tid);
		}
	} else if (threads_asks_us(t)) {
		ret->state = THREAD_STATE_REPLY;
		ret->on_pid = THREADINFO_SYSTEM;
	}
}

static bool threads_is_of_node(struct manager *m, pid_t pid)
{
	struct procinfo info;

	if (pid <= 1)
		return false;
	if (core_find(&m->core, pid))
		return true;
	return procinfo_read(pid, false, &info) == 0 && sweep_is_of_node(m, &info);
}

int req_threads(struct request *r, const struct proto_threads_in *in, struct proto_threads_out *out)
{
	static struct thread_row rows[THREADS_AT_ONCE];
	pid_t tids[THREADS_AT_ONCE];
	const struct page *page;
	bool more;
	int n;

	if (!threads_is_of_node(r->m, in->pid))
		return ESRCH;
	n = threadinfo_list(in->pid, in->after, tids, THREADS_AT_ONCE, &more);
	if (n < 0)
		return ESRCH;
	page = threads_page(r->m, core_find(&r->m->core, in->pid));
	out->threads_count = 0;
	for (int i = 0; i < n; i++) {
		struct threadinfo t;

		if (threadinfo_read(in->pid, tids[i], &t) == 0)
			threads_fill(r->m, page, &t, &rows[out->threads_count++]);
	}
	/* More, and none of these lives any more: who asks continues behind the last row. */
	if (more && out->threads_count == 0)
		rows[out->threads_count++] = (struct thread_row){.tid = tids[n - 1]};
	out->more = more;
	out->threads = rows;
	return 0;
}

/* ---- Circles. ---- */

struct circles {
	struct manager *m;
	struct deadlock_edge *edges;
	uint32_t n, room;
	struct wait_row rows[CIRCLES_ROWS];
	uint32_t n_rows, n_circles, n_tries;
};

static bool circles_receives(const struct page *page, int32_t chid)
{
	struct page_thread line;

	for (uint32_t i = 0; i < PAGE_THREADS; i++)
		if (threads_line(page, i, &line) && line.state == THREAD_STATE_RECEIVE &&
		    line.chid == chid)
			return true;
	return false;
}

/* Line @at of @p's page, if that thread waits for one that does not receive. */
static bool circles_line(struct manager *m, const struct page *page, uint32_t at,
			 struct page_thread *ret)
{
	const struct page *other;

	if (!threads_line(page, at, ret) || ret->state != THREAD_STATE_SEND)
		return false;
	other = threads_page(m, core_find(&m->core, ret->pid));
	return other && !circles_receives(other, ret->chid);
}

static int circles_add(struct circles *c, const struct deadlock_edge *edge)
{
	if (c->n == c->room) {
		uint32_t room = c->room ? 2 * c->room : 64;
		struct deadlock_edge *edges = realloc(c->edges, room * sizeof(*edges));

		if (!edges)
			return -ENOMEM;
		c->edges = edges;
		c->room = room;
	}
	c->edges[c->n++] = *edge;
	return 0;
}

static int circles_add_process(struct circles *c, const struct pt_proc *p)
{
	const struct page *page = threads_page(c->m, p);
	struct page_thread line;

	for (uint32_t i = 0; page && i < PAGE_THREADS && c->n < CIRCLES_EDGES; i++) {
		struct deadlock_edge edge = {.pid = p->pid};

		if (!circles_line(c->m, page, i, &line))
			continue;
		edge.tid = line.tid;
		edge.on = line.pid;
		edge.chid = line.chid;
		edge.tag = (uint64_t)i << 32 | line.seq;
		if (circles_add(c, &edge) < 0)
			return -ENOMEM;
	}
	return 0;
}

/*
 * All edges of a circle were read before the first of them is looked at again. So if each is
 * still the same sleep, there was a moment at which all of them slept.
 */
static bool circles_still_waits(struct manager *m, const struct deadlock_edge *e)
{
	const struct page *page = threads_page(m, core_find(&m->core, e->pid));
	struct page_thread line;
	struct threadinfo t;

	return page && threadinfo_read(e->pid, e->tid, &t) == 0 && threads_may_be_ours(&t) &&
	       circles_line(m, page, (uint32_t)(e->tag >> 32), &line) && line.tid == e->tid &&
	       line.seq == (uint32_t)e->tag && line.pid == e->on && line.chid == e->chid;
}

static bool circles_each(const struct deadlock_edge *edges, const uint32_t *path, uint32_t n,
			 void *arg)
{
	struct circles *c = arg;

	if (n <= CIRCLES_LONGEST && n <= CIRCLES_ROWS - c->n_rows) {
		uint32_t i = 0;

		while (i < n && circles_still_waits(c->m, &edges[path[i]]))
			i++;
		c->n_circles += i == n;
		for (i = i == n ? 0 : n; i < n; i++) {
			const struct deadlock_edge *e = &edges[path[i]];

			c->rows[c->n_rows++] = (struct wait_row){
				.circle = c->n_circles,
				.pid = e->pid,
				.tid = e->tid,
				.state = threads_sent(c->m, e->on, e->pid, e->tid),
				.on_pid = e->on,
				.on_chid = e->chid,
			};
		}
	}
	return ++c->n_tries < CIRCLES_TRIES;
}

static int circles_compare(const void *a, const void *b)
{
	return deadlock_compare(a, b);
}

int req_circles(struct request *r, const struct proto_circles_in *in, struct proto_circles_out *out)
{
	static struct circles c;
	auto_free struct deadlock_edge *edges = NULL;
	auto_free uint32_t *path = NULL;
	int e = 0;

	(void)in;
	c.m = r->m;
	c.edges = NULL;
	c.n = c.room = c.n_rows = c.n_circles = c.n_tries = 0;
	for (uint32_t i = 1; e == 0 && i <= r->m->core.head->procs_touched; i++)
		e = circles_add_process(&c, core_used(&r->m->core, i));
	edges = c.edges;
	if (e == 0 && c.n > 0)
		path = calloc(c.n, sizeof(*path));
	if (e < 0 || (c.n > 0 && !path))
		return EAGAIN;
	if (c.n > 0) {
		qsort(edges, c.n, sizeof(*edges), circles_compare);
		deadlock_find(edges, c.n, path, circles_each, &c);
	}
	out->waits = c.rows;
	out->waits_count = c.n_rows;
	return 0;
}
