// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel parents that are not this process: the anchor, for what a dead
 * manager left, and the agents of front ends. They are asked over sockets and
 * answer when they can (a stopped one late), so nothing here waits.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "gen/proto.h"
#include "host/linux/procinfo.h"
#include "procmgr/state.h"

void agents_init(struct manager *m)
{
	for (unsigned i = 0; i < AGENTS_MAX; i++)
		m->agents[i] = (struct agent){.fd = -1};
	m->agents[0] = (struct agent){.pid = m->env->node->anchor_pid, .fd = m->env->anchor_fd};
}

int agents_add(struct manager *m, pid_t pid, int fd)
{
	for (unsigned i = 1; i < AGENTS_MAX; i++) {
		int r;

		if (m->agents[i].fd >= 0)
			continue;
		r = loop_add(m, fd, SOURCE_AGENT, i, false);
		if (r < 0)
			return r;
		m->agents[i] = (struct agent){.pid = pid, .fd = fd};
		return 0;
	}
	return -EAGAIN;
}

static struct agent *find(const struct manager *m, pid_t pid)
{
	for (unsigned i = 0; i < AGENTS_MAX; i++)
		if (m->agents[i].fd >= 0 && m->agents[i].pid == pid)
			return (struct agent *)(uintptr_t)&m->agents[i];
	return NULL;
}

bool agents_has(const struct manager *m, pid_t pid)
{
	return find(m, pid) != NULL;
}

int agents_ask(struct manager *m, pid_t pid, uint32_t op, int32_t arg, uint64_t tag)
{
	struct agent_record r = {.op = op, .pid = pid, .arg = arg, .tag = tag};
	pid_t parent = procinfo_ppid(pid);
	struct agent *a = parent > 0 ? find(m, parent) : NULL;

	if (!a)
		return -ESRCH;
	return send(a->fd, &r, sizeof(r), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* Behind a REAP: nothing else is tagged so. */
#define TAG_REAP (1ULL << 63)

int agents_reap(struct manager *m, pid_t pid)
{
	int r;

	if (m->n_reaping == m->cap_reaping) {
		size_t cap = m->cap_reaping ? 2 * m->cap_reaping : 64;
		pid_t *more = realloc(m->reaping, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		m->reaping = more;
		m->cap_reaping = cap;
	}
	r = agents_ask(m, pid, AGENT_OP_REAP, 0, TAG_REAP);
	if (r == 0)
		m->reaping[m->n_reaping++] = pid;
	return r;
}

/* What an agent says of it was said before it heard that it shall be reaped. */
static bool is_being_reaped(const struct manager *m, pid_t pid)
{
	for (size_t i = 0; i < m->n_reaping; i++)
		if (m->reaping[i] == pid)
			return true;
	return false;
}

static void was_reaped(struct manager *m, pid_t pid)
{
	for (size_t i = 0; i < m->n_reaping; i++) {
		if (m->reaping[i] != pid)
			continue;
		m->reaping[i] = m->reaping[--m->n_reaping];
		return;
	}
}

uint64_t agents_errand(struct manager *m, uint32_t proc, uint32_t cell, uint32_t seq,
		       uint16_t request)
{
	uint64_t tag = ++m->next_tag;
	struct errand *e = &m->errands[tag % 64];

	/* An overwritten errand's caller asks again when its slice is over. */
	*e = (struct errand){
		.tag = tag, .proc = proc, .cell = cell, .seq = seq, .request = request};
	return tag;
}

static void finish_errand(struct manager *m, const struct agent_record *r)
{
	struct errand *e = &m->errands[r->tag % 64];
	struct pt_proc *p = core_used(&m->core, e->proc);
	uint8_t none[8] = {0};

	if (!r->tag || e->tag != r->tag || !p)
		return;
	answer_cell(arena_page_of(m, p), e->cell, e->seq, (uint32_t)r->status, none, sizeof(none));
	e->tag = 0;
}

/* The table has no room for it, so nobody will ask for it. */
static void reap_unknown(const struct agent *a, const struct agent_record *r)
{
	struct agent_record reap = {.op = AGENT_OP_REAP, .pid = r->pid};

	(void)send(a->fd, &reap, sizeof(reap), MSG_NOSIGNAL | MSG_DONTWAIT); /* told again */
}

static void take(struct manager *m, const struct agent *a, const struct agent_record *r)
{
	struct child_news news = {
		.code = r->code,
		.status = r->status,
		.uid = r->uid,
		.use = r->use,
	};
	struct pt_proc *p = core_find(&m->core, r->pid);

	if (r->tag == TAG_REAP) {
		was_reaped(m, r->pid);
		return;
	}
	if (is_being_reaped(m, r->pid))
		return;
	switch ((enum agent_op)r->op) {
	case AGENT_OP_ORPHAN:
		/* Or a birth that is under way, whose exec may fail yet. */
		if (!p && !helper_is(m, r->pid) && !births_find(m, r->pid, false) &&
		    !births_under_way(m))
			(void)births_adopt(m, r->pid, 0); /* no room: at its death */
		break;
	case AGENT_OP_DEATH:
		/* One that lives may yet fail to execute its program; a dead one has not. */
		if (!p &&
		    (helper_is(m, r->pid) || (!births_find(m, r->pid, r->op == AGENT_OP_DEATH) &&
					      !births_adopt(m, r->pid, 0))))
			reap_unknown(a, r);
		p = core_find(&m->core, r->pid);
		if (p && core_is_alive(p))
			watch_died(m, p, &news);
		break;
	case AGENT_OP_STOP:
	case AGENT_OP_CONTINUE:
		if (!p && births_find(m, r->pid, true))
			p = core_find(&m->core, r->pid);
		if (p && core_is_alive(p))
			watch_stopped(m, p, &news);
		break;
	case AGENT_OP_DONE:
		finish_errand(m, r);
		break;
	case AGENT_OP_SHUTDOWN:
		if (a == &m->agents[0])
			sweep_end(m, r->arg < 0 ? m->env->options.grace_ms : (uint32_t)r->arg);
		break;
	case AGENT_OP_ALIVE:
	case AGENT_OP_NOCHILD:
		/* It will be asked again when the kernel says more. */
	case AGENT_OP_PEEK:
	case AGENT_OP_REAP:
	case AGENT_OP_SETPGID:
	case AGENT_OP_UP:
	case AGENT_OP_ARENA:
		break;
	}
}

void agents_ready(struct manager *m, uint32_t index)
{
	struct agent *a = &m->agents[index];
	struct agent_record r;

	for (int i = 0; i < 64 && a->fd >= 0; i++) {
		ssize_t n = recv(a->fd, &r, sizeof(r), MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			if (index == 0)
				m->ended = true; /* no anchor: the node is over */
			a->fd = fd_close(a->fd);
			return;
		}
		if (n == sizeof(r))
			take(m, a, &r);
	}
}
