// SPDX-License-Identifier: Apache-2.0
/*
 * Deaths, stops and continuations, as the kernel tells them.
 *
 * A pidfd in epoll is the truth about a death: it comes once for each process.
 * Edge-triggered, because a foreign debugger makes it readable before there is
 * anything to collect; then SIGCHLD says when. SIGCHLD is also all there is for
 * stops, and for children that nobody announced; but several of them become
 * one, so it is a hint and sweep.c looks again.
 *
 * What is not our child is asked of the agent that is its parent. What is nobody's
 * in this node (taken by another subreaper, or native to its parent) is known to
 * be dead, and how only if the kernel tells.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "procmgr/state.h"

int watch_add(struct manager *m, uint32_t index)
{
	struct pt_proc *p = core_get(&m->core, index);
	int fd, r;

	fd = child_pidfd(p->pid);
	if (fd == -ESRCH) {
		struct child_news news = {.code = CHILD_EXITED, .uid = p->uid};

		watch_died(m, p, &news);
		return 0;
	}
	if (fd < 0)
		return fd;
	m->pidfds[index] = fd;
	r = loop_add(m, fd, SOURCE_PROCESS, index, true);
	if (r < 0)
		watch_remove(m, index);
	return r;
}

void watch_remove(struct manager *m, uint32_t index)
{
	/* Closing it takes it out of epoll: nobody else has this descriptor. */
	m->pidfds[index] = fd_close(m->pidfds[index]);
}

static void refresh_group(struct manager *m, struct pt_proc *p)
{
	pid_t pgrp = getpgid(p->pid), sid = getsid(p->pid);

	if (pgrp > 0 && sid > 0)
		core_set_group(&m->core, p, pgrp, sid);
}

void watch_died(struct manager *m, struct pt_proc *p, const struct child_news *news)
{
	struct core_death d = {.code = news->code, .status = news->status, .use = news->use};
	uint32_t index = p->self, page = p->page, arena = p->arena;
	bool under_way;

	under_way = births_owner_died(m, p);
	if (p->parent)
		request_look(m, core_get(&m->core, p->parent));
	if (news->uid != p->uid)
		core_set_ids(&m->core, p, &(struct core_ids){news->uid, p->euid, p->gid, p->egid});
	/* Is it still in the session whose deaths are told? */
	if (p->sid == 1 || (m->core.head->options & RULE_WIDE_HANGUP))
		refresh_group(m, p);
	apply_claim(m, p);
	core_exit(&m->core, p, &d);
	watch_remove(m, index);
	apply(m);
	apply_release(m);
	if (page && under_way)
		arena_give_later(m, arena, page);
	else if (page)
		arena_give(m, arena, page);
	if (m->ending || m->env->options.ends_when_empty)
		sweep_check_end(m);
}

void watch_stopped(struct manager *m, struct pt_proc *p, const struct child_news *news)
{
	apply_claim(m, p);
	if (news->code == CHILD_STOPPED)
		core_stop(&m->core, p, news->status);
	else if (news->code == CHILD_CONTINUED)
		core_continue(&m->core, p);
	apply(m);
	apply_release(m);
}

static void look(struct manager *m, struct pt_proc *p)
{
	struct child_news news = {.code = CHILD_EXITED};

	switch (child_peek(p->pid, &news)) {
	case CHILD_DEAD:
		watch_died(m, p, &news);
		return;
	case CHILD_LIVES:
		return;
	case CHILD_NOT_OURS:
		break;
	}
	if (agents_ask(m, p->pid, AGENT_OP_PEEK, 0, 0) == 0)
		return;
	if (m->pidfds[p->self] >= 0 && child_status_of(m->pidfds[p->self], &news) < 0)
		news.code = CHILD_EXITED; /* how it ended is not to be had */
	news.uid = p->uid;
	watch_died(m, p, &news);
}

void watch_ready(struct manager *m, uint32_t index, uint32_t events)
{
	struct pt_proc *p = core_used(&m->core, index);

	(void)events;
	if (p && m->pidfds[index] >= 0 && core_is_alive(p))
		look(m, p);
}

static bool was_just_reaped(const struct manager *m, pid_t pid)
{
	for (unsigned i = 0; i < REAPED; i++)
		if (m->reaped[i] == pid)
			return true;
	return false;
}

static void unknown_died(struct manager *m, pid_t pid)
{
	uint32_t index;

	/* Mostly it is one that a wait was quicker to collect. */
	if (was_just_reaped(m, pid) || child_peek(pid, NULL) != CHILD_DEAD || helper_is(m, pid) ||
	    births_find(m, pid, false))
		return;
	/* An orphan of a foreign program: it is known from now on. */
	index = births_adopt(m, pid, 0);
	if (index && core_used(&m->core, index) && core_is_alive(core_get(&m->core, index)))
		look(m, core_get(&m->core, index));
}

static void look_stop(struct manager *m, struct pt_proc *p)
{
	struct child_news news;

	if (child_peek_stop(p->pid, &news) == CHILD_DEAD)
		watch_stopped(m, p, &news);
}

static void take_signal(struct manager *m, const struct signalfd_siginfo *si)
{
	pid_t pid = (pid_t)si->ssi_pid;
	struct pt_proc *p = core_find(&m->core, pid);

	if (si->ssi_signo != SIGCHLD) {
		sweep_end(m, m->env->options.grace_ms);
		return;
	}
	sweep_soon(m);
	if (si->ssi_code == CLD_STOPPED || si->ssi_code == CLD_CONTINUED) {
		if (!p && births_find(m, pid, true))
			p = core_find(&m->core, pid);
		if (p && core_is_alive(p))
			look_stop(m, p);
	} else if (si->ssi_code > 0) {
		if (!p)
			unknown_died(m, pid);
		else if (core_is_alive(p))
			look(m, p);
	}
}

void watch_signals(struct manager *m)
{
	struct signalfd_siginfo si[16];
	ssize_t n = read(m->signal_fd, si, sizeof(si));

	if (n > 0)
		births_look(m);
	for (ssize_t i = 0; i < n / (ssize_t)sizeof(si[0]); i++)
		take_signal(m, &si[i]);
}

void watch_look(struct manager *m, pid_t pid)
{
	struct pt_proc *p = core_find(&m->core, pid);
	struct child_news news;

	if (!p || !core_is_alive(p))
		return;
	if (child_peek(pid, &news) == CHILD_DEAD)
		watch_died(m, p, &news);
	else if (child_peek_stop(pid, &news) == CHILD_DEAD)
		watch_stopped(m, p, &news);
}

void watch_refresh_groups(struct manager *m, struct pt_proc *parent)
{
	const struct pt_proc *procs = m->core.procs;

	for (uint32_t i = parent->first_live; i; i = procs[i].next)
		refresh_group(m, core_get(&m->core, i));
	/* The kernel's zombies still are in theirs. */
	for (uint32_t i = parent->first_dead; i; i = procs[i].next)
		if (!(procs[i].flags & FLAG_GHOST))
			refresh_group(m, core_get(&m->core, i));
}
