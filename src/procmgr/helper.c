// SPDX-License-Identifier: Apache-2.0
/*
 * Births on behalf of programs that cannot make the manager's children by
 * themselves: those that run outside of any node's tree of processes and made a
 * private node. The manager does not clone, its tables may be large; a small
 * process, forked early, does, as siblings of itself.
 *
 * The plan comes from the program, its descriptors with it. The kernel writes
 * the pid into the program's slot, as in any other birth.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "gen/proto.h"
#include "host/linux/inherit.h"
#include "host/linux/launch.h"
#include "procmgr/state.h"

/* What travels from the manager to its helper, before the plan. */
struct job {
	uint32_t arena, page, slot, plan_len;
};

static void answer(int fd, uint32_t seq, pid_t pid, int error)
{
	struct proto_spawn_out out = {.pid = pid, .error = (uint32_t)error};
	struct wire_head h = {.request = PROTO_SPAWN, .seq = seq, .size = sizeof(out)};

	(void)wire_send(fd, &h, &out, NULL, 0); /* who asked may be gone */
}

static void do_job(struct manager *m, struct wire_msg *msg)
{
	auto_free void *heap = NULL;
	struct page_slot *slot;
	struct launch l;
	struct job job;
	pid_t pid = 0;
	int e;

	memcpy(&job, msg->body, sizeof(job));
	e = launch_unpack(msg->body + sizeof(job), job.plan_len, msg->fds + 1, msg->n_fds - 1, &l,
			  &heap);
	if (e == 0) {
		/* The manager has looked that it is there; the file has grown
		 * since we were forked, so our own count of pages is old. */
		slot = &m->arenas[job.arena].pages[job.page - 1].slots[job.slot];
		l.pid = &slot->pid;
		l.error = &slot->error;
		e = launch_run(&l, LAUNCH_SIBLING, &pid);
	}
	answer(msg->fds[0], msg->head.seq, pid, e < 0 ? -e : 0);
}

__attribute__((noreturn)) static void serve(struct manager *m, int fd)
{
	for (;;) {
		int e = wire_recv(fd, &m->msg, 0);

		if (e == -EBADMSG)
			continue;
		if (e < 0)
			_exit(0); /* the manager is gone */
		if (m->msg.n_fds >= 1 && m->msg.len >= sizeof(struct job))
			do_job(m, &m->msg);
		wire_msg_fini(&m->msg);
	}
}

/* The next managers must not take it for an orphan of the node's. */
static void remember(struct pt_head *h, pid_t pid)
{
	h->helpers[h->n_helpers++ % (sizeof(h->helpers) / sizeof(h->helpers[0]))] = pid;
}

int helper_start(struct manager *m)
{
	auto_fd theirs = -1;
	int pair[2], r;
	sigset_t none;

	r = wire_pair(pair);
	if (r < 0)
		return r;
	m->helper_fd = pair[0];
	theirs = pair[1];
	m->helper_pid = fork();
	if (m->helper_pid < 0) {
		m->helper_fd = fd_close(m->helper_fd);
		return -errno;
	}
	if (m->helper_pid == 0) {
		(void)sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		(void)prctl(PR_SET_NAME, "kamioka-helper");
		(void)fd_close(m->helper_fd);
		/* The manager keeps it for PROGRAM; who reads the other end of a pipe
		 * that is among it must not wait for us. */
		inherit_drop();
		serve(m, theirs);
	}
	remember(m->core.head, m->helper_pid);
	return loop_add(m, m->helper_fd, SOURCE_HELPER, 0, false);
}

bool helper_is(const struct manager *m, pid_t pid)
{
	const struct pt_head *h = m->core.head;

	for (size_t i = 0; i < sizeof(h->helpers) / sizeof(h->helpers[0]); i++)
		if (h->helpers[i] == pid)
			return true;
	return false;
}

int helper_pass(struct manager *m, const struct pt_proc *p, const struct proto_spawn_in *in)
{
	static uint8_t body[WIRE_MAX];
	struct job job = {
		.arena = p->arena,
		.page = p->page,
		.slot = in->slot,
		.plan_len = in->plan_len,
	};
	struct wire_head h = {
		.request = PROTO_SPAWN,
		.seq = m->msg.head.seq,
		.size = (uint32_t)sizeof(job) + in->plan_len,
	};

	if (m->helper_fd < 0)
		return -EAGAIN;
	if (h.size > sizeof(body))
		return -E2BIG;
	memcpy(body, &job, sizeof(job));
	memcpy(body + sizeof(job), in->plan, in->plan_len);
	return wire_send(m->helper_fd, &h, body, m->msg.fds, m->msg.n_fds);
}

void helper_ready(struct manager *m)
{
	/* It never says anything: this is its end. */
	m->helper_fd = fd_close(m->helper_fd);
}
