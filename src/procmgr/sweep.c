// SPDX-License-Identifier: Apache-2.0
/*
 * What no event tells: orphans of foreign programs whose SIGCHLD was merged with
 * another's, thresholds of the machine's memory, and the end of the node.
 *
 * All run from one timer that is armed only while there is something to do.
 */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "gen/proto.h"
#include "host/linux/procinfo.h"
#include "procmgr/state.h"

#define SWEEP_MS      100
#define WALK_MS       1000
#define VALUES_MS     500
#define KILL_AGAIN_MS 50
#define CLIMBS        8

static void arm(struct manager *m)
{
	uint64_t at = 0;
	struct itimerspec t = {0};

	if (m->sweep_at)
		at = m->sweep_at;
	if (m->value_at && (!at || m->value_at < at))
		at = m->value_at;
	if (m->next_kill_at && (!at || m->next_kill_at < at))
		at = m->next_kill_at;
	t.it_value.tv_sec = (time_t)(at / 1000);
	t.it_value.tv_nsec = (long)(at % 1000) * 1000000;
	(void)timerfd_settime(m->timer_fd, TFD_TIMER_ABSTIME, &t, NULL); /* valid by construction */
}

void sweep_soon(struct manager *m)
{
	if (m->sweep_at)
		return;
	m->sweep_at = m->now_ms + (m->sweep_pause > SWEEP_MS ? m->sweep_pause : SWEEP_MS);
	arm(m);
}

void sweep_values(struct manager *m)
{
	if (m->value_at)
		return;
	m->value_at = m->now_ms + 1;
	arm(m);
}

struct walk {
	struct manager *m;
	pid_t self;
};

/* A zombie of ours that nobody announced, behind others that are kept. */
static bool adopt_unknown(const struct procinfo *p, void *arg)
{
	struct walk *w = arg;

	if (p->ppid != w->self || helper_is(w->m, p->pid) || core_find(&w->m->core, p->pid))
		return true;
	/* The kernel shows a child before it writes the pid, and that before the child runs. */
	if (p->state != 'Z' && births_under_way(w->m))
		return true;
	if (!births_find(w->m, p->pid, false))
		(void)births_adopt(w->m, p->pid, 0); /* no room: next time */
	return true;
}

/* Dear with many processes: never more than a twentieth of the time. */
static void walk(struct manager *m)
{
	struct walk w = {.m = m, .self = getpid()};
	uint64_t pause;

	if (m->now_ms < m->walk_at) {
		m->sweep_at = m->walk_at;
		return;
	}
	(void)procinfo_walk(adopt_unknown, &w); /* next time, then */
	pause = 20 * (loop_now() - m->now_ms);
	m->walk_at = m->now_ms + (pause > WALK_MS ? pause : WALK_MS);
}

/* A kept zombie hides what comes after it. One that is just being collected does not. */
static void look_behind(struct manager *m, pid_t front)
{
	bool again = m->front == front;

	m->front = front;
	if (again)
		walk(m);
	else
		sweep_soon(m);
}

static void sweep(struct manager *m)
{
	struct child_news news;
	pid_t pid;

	while ((pid = child_any_stop(&news)) != 0) {
		struct pt_proc *p = core_find(&m->core, pid);

		/* It is told only once: now or never. */
		if (!p && births_find(m, pid, true))
			p = core_find(&m->core, pid);
		if (p && core_is_alive(p))
			watch_stopped(m, p, &news);
	}
	while ((pid = child_first_dead(&news)) != 0) {
		struct pt_proc *p = core_find(&m->core, pid);

		if (p && core_is_alive(p)) {
			watch_died(m, p, &news);
		} else if (p) {
			look_behind(m, pid);
			return;
		} else if (helper_is(m, pid)) {
			(void)child_reap(
				pid); /* births for others are EAGAIN until the next manager */
		} else if (!births_find(m, pid, false) && !births_adopt(m, pid, 0)) {
			(void)child_reap(pid); /* a full table must not keep it */
		} else if (!core_find(&m->core, pid)) {
			return; /* a birth that is not finished; it will be */
		}
	}
}

bool sweep_value_now(const struct pt_sub *s, uint64_t *ret)
{
	uint64_t free_kb, total_kb, kb;

	switch (s->flags & 0xffff) {
	case 0: /* PROCMGR_VALUE_FREE_MEM */
		if (procinfo_memory(&free_kb, &total_kb) < 0)
			return false;
		*ret = free_kb * 1024;
		return true;
	case 1: /* PROCMGR_VALUE_PRIVATE_MEM of process sub_id */
		if (procinfo_private(s->value_of, &kb) < 0)
			return false;
		*ret = kb * 1024;
		return true;
	default:
		return false;
	}
}

/* One look at each figure that somebody has set a threshold for. */
static bool look_at_values(struct manager *m)
{
	bool any = false;

	for (uint32_t i = m->core.head->first_sub; i; i = m->core.subs[i].next) {
		struct pt_sub *s = &m->core.subs[i];
		uint64_t now;

		if (!s->value_type || !(s->flags & 0xc0000000))
			continue;
		any = true;
		if (!sweep_value_now(s, &now))
			continue;
		if (s->flags & 0x40000000) /* PROCMGR_VALUE_TRIGGER_UP */
			core_trigger_value(&m->core, s, now >= s->limit, now);
		else if (s->flags & 0x80000000) /* _DOWN */
			core_trigger_value(&m->core, s, now <= s->limit, now);
		apply(m);
	}
	return any;
}

struct hunt {
	struct manager *m;
	int signo;
	unsigned left;
};

/* From @parent up. True: one of ours; false: none, and *ret_is_broken if one has just gone. */
static bool climb(struct manager *m, pid_t parent, bool *ret_is_broken)
{
	for (int depth = 0; depth < 64 && parent > 1; depth++) {
		if (parent == getpid() || agents_has(m, parent) || core_find(&m->core, parent))
			return true;
		parent = procinfo_ppid(parent);
	}
	*ret_is_broken = parent < 0;
	return false;
}

bool sweep_is_of_node(struct manager *m, const struct procinfo *p)
{
	bool is_broken = false;
	pid_t parent = p->ppid;

	/* Whose parent goes, such as the intermediate of a birth, gets another one. */
	for (int i = 0; i < CLIMBS && parent > 1; i++) {
		if (climb(m, parent, &is_broken))
			return true;
		if (!is_broken)
			return false;
		parent = procinfo_ppid(p->pid);
	}
	return false;
}

static bool hunt_one(const struct procinfo *p, void *arg)
{
	struct hunt *h = arg;
	struct manager *m = h->m;
	struct pt_proc *e = core_find(&m->core, p->pid);

	if (p->pid == getpid() || helper_is(m, p->pid) || agents_has(m, p->pid))
		return true;
	if (p->state == 'Z' || p->state == 'X')
		return true;
	if (e && (e->flags & FLAG_FOREIGN) && p->pid == m->env->private_of)
		return true; /* who made this node for itself is not ours to end */
	if (!e && !sweep_is_of_node(m, p))
		return true;
	h->left++;
	(void)kill(p->pid, h->signo); /* it may be gone */
	if (h->signo == SIGTERM)
		(void)kill(p->pid, SIGCONT); /* a stopped one could not end */
	return true;
}

static void finish(struct manager *m)
{
	struct agent_record r = {.op = AGENT_OP_SHUTDOWN};
	uint8_t none[8] = {0};

	for (unsigned i = 0; i < m->n_enders; i++) {
		struct wire_head h = {
			.request = PROTO_SHUTDOWN, .cell = WIRE_NO_CELL, .size = sizeof(none)};

		(void)wire_send(m->enders[i], &h, none, NULL, 0); /* it may have gone */
	}
	(void)send(m->env->anchor_fd, &r, sizeof(r), MSG_NOSIGNAL | MSG_DONTWAIT);
	m->ended = true;
}

static bool is_empty(const struct manager *m)
{
	for (uint32_t i = 1; i <= m->core.head->procs_touched; i++) {
		const struct pt_proc *p = core_used(&m->core, i);

		if (p && core_is_alive(p))
			return false;
	}
	return true;
}

static void hunt(struct manager *m)
{
	struct hunt h = {.m = m, .signo = m->now_ms >= m->kill_at ? SIGKILL : 0};

	(void)procinfo_walk(hunt_one, &h); /* next time, then */
	if (h.left) {
		m->next_kill_at = m->now_ms + KILL_AGAIN_MS;
		return;
	}
	m->next_kill_at = 0;
	finish(m);
}

void sweep_check_end(struct manager *m)
{
	if (m->ended || !is_empty(m))
		return;
	if (m->ending)
		hunt(m); /* foreign ones may still be there */
	else if (m->env->options.ends_when_empty)
		sweep_end(m, m->env->options.grace_ms);
}

void sweep_end(struct manager *m, uint32_t grace_ms)
{
	struct hunt h = {.m = m, .signo = SIGTERM};

	if (m->ending) {
		if (m->now_ms + grace_ms < m->kill_at)
			m->kill_at = m->now_ms + grace_ms;
		return;
	}
	m->ending = true;
	m->kill_at = m->now_ms + grace_ms;
	m->next_kill_at = m->now_ms + 1;
	(void)procinfo_walk(hunt_one, &h); /* the timer comes again */
	arm(m);
}

void sweep_timer(struct manager *m)
{
	uint64_t n;

	if (read(m->timer_fd, &n, sizeof(n)) < 0)
		return;
	if (m->sweep_at && m->now_ms >= m->sweep_at) {
		m->sweep_at = 0;
		sweep(m);
		m->sweep_pause = 20 * (loop_now() - m->now_ms);
	}
	if (m->value_at && m->now_ms >= m->value_at)
		m->value_at = look_at_values(m) ? m->now_ms + VALUES_MS : 0;
	if (m->next_kill_at && m->now_ms >= m->next_kill_at)
		hunt(m);
	if (!m->ended)
		arm(m);
}
