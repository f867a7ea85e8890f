// SPDX-License-Identifier: Apache-2.0
/* Requests about processes: waits, daemons, guardians, groups. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "gen/proto.h"
#include "procmgr/state.h"

int req_wait(struct request *r, const struct proto_wait_in *in, struct proto_wait_out *out)
{
	struct core *c = &r->m->core;
	struct core_wait w = {
		.cell = r->cell,
		.seq = r->seq,
		.idtype = in->idtype,
		.id = in->id,
		.options = in->options,
	};
	enum core_result e;

	/* Sent again after a restart, while the table has it. */
	if (core_is_waiting(c, r->p, r->cell, r->seq))
		return REQUEST_LATER;
	core_wait_cancel(c, r->p, r->cell); /* what this cell was used for before */
	if (in->idtype == WHO_PGID)
		watch_refresh_groups(r->m, r->p);
	/* "Nothing yet" must be true now, not when SIGCHLD was last looked at. */
	if (in->options & W_NOHANG) {
		watch_signals(r->m);
		if (in->idtype == WHO_PID)
			watch_look(r->m, in->id);
	}

	/* A blocked wait leaves its cell SENT. Any other is answered now, and
	 * a thread that withdraws meanwhile must not lose a child. */
	if (core_wait_blocks(c, r->p, &w) && core_wait(c, r->p, &w) == CORE_BLOCKED)
		return REQUEST_LATER;
	if (!answer_claim(r->page, r->cell, r->seq))
		return REQUEST_LATER;
	/* Other threads may learn that there is no child left for them. */
	apply_claim_own(r->m, r->p);
	e = core_wait(c, r->p, &w);
	apply(r->m);
	apply_release(r->m);
	if (e == CORE_OK)
		return REQUEST_LATER;
	if (e == CORE_NOT_YET) {
		out->pid = 0;
		return 0;
	}
	return request_errno(e);
}

int req_sigchld(struct request *r, const struct proto_sigchld_in *in, struct proto_sigchld_out *out)
{
	(void)out;
	core_sigchld(&r->m->core, r->p, in->mode & 0x1f);
	apply(r->m);
	return 0;
}

int req_daemon(struct request *r, const struct proto_daemon_in *in, struct proto_daemon_out *out)
{
	enum core_result e;

	(void)out;
	if (r->p->parent)
		request_look(r->m, core_get(&r->m->core, r->p->parent));
	births_refresh_ids(r->m, r->p); /* its pretended death tells of them */
	apply_claim(r->m, r->p);
	e = core_daemon(&r->m->core, r->p, in->status);
	apply(r->m);
	apply_release(r->m);
	return request_errno(e);
}

int req_guardian(struct request *r, const struct proto_guardian_in *in,
		 struct proto_guardian_out *out)
{
	enum core_result e = core_guardian(&r->m->core, r->p, in->pid, &out->former);

	apply(r->m);
	return request_errno(e);
}

int req_setpgid(struct request *r, const struct proto_setpgid_in *in, struct proto_setpgid_out *out)
{
	struct manager *m = r->m;
	struct pt_proc *p = core_find(&m->core, in->pid);
	pid_t pgrp = in->pgrp ? in->pgrp : in->pid;

	(void)out;
	if (!p || !core_is_alive(p) || p->parent != r->p->self)
		return ESRCH;
	if (pgrp < 0)
		return EINVAL;
	if (child_peek(in->pid, NULL) == CHILD_NOT_OURS) {
		uint64_t tag = agents_errand(m, r->p->self, r->cell, r->seq, r->number);

		return agents_ask(m, in->pid, AGENT_OP_SETPGID, pgrp, tag) == 0 ? REQUEST_LATER :
										  ESRCH;
	}
	if (setpgid(in->pid, pgrp) < 0)
		return errno == EACCES || errno == EPERM || errno == EINVAL ? errno : ESRCH;
	core_set_group(&m->core, p, pgrp, p->kernel_sid);
	return 0;
}

int req_ids(struct request *r, const struct proto_ids_in *in, struct proto_ids_out *out)
{
	struct pt_proc *p = in->pid ? core_find(&r->m->core, in->pid) : r->p;

	if (!p)
		return ESRCH;
	out->ppid = core_ppid(&r->m->core, p);
	out->sid = p->sid == 1 ? 1 : 0;
	out->flags = p->flags;
	return 0;
}

int req_pdeathsig(struct request *r, const struct proto_pdeathsig_in *in,
		  struct proto_pdeathsig_out *out)
{
	(void)out;
	return request_errno(core_pdeathsig(&r->m->core, r->p, in->signo));
}

/* PROCMGR_SESSION_*: what a terminal's driver tells of its session. */
enum { SETSID, TCSETSID, SETPGRP, SIGNAL_LEADER, SIGNAL_PGRP, SIGNAL_PID };

static int signal_to(struct request *r, bool group, pid_t pid, int signo)
{
	if (signo < 0 || signo > 64)
		return EINVAL;
	if (pid <= 1)
		return ESRCH;
	births_refresh_ids(r->m, r->p);
	if (r->p->euid != 0 && r->p->euid != r->m->uid)
		return EPERM;
	if (kill(group ? -pid : pid, signo) < 0)
		return errno == EPERM ? EPERM : ESRCH;
	return 0;
}

int req_session(struct request *r, const struct proto_session_in *in, struct proto_session_out *out)
{
	struct pt_proc *leader = core_find(&r->m->core, in->sid);

	(void)out;
	switch (in->event) {
	case SETSID:
		/* The caller's own setsid() has done it: only look. */
		core_set_group(&r->m->core, r->p, getpgid(r->p->pid), getsid(r->p->pid));
		return 0;
	case TCSETSID:
	case SETPGRP:
		/* Here the kernel has the terminals; the caller's ioctl does it. */
		return ENOSYS;
	case SIGNAL_LEADER:
		if (!leader)
			return ESRCH;
		return signal_to(r, false, leader->pid, in->id);
	case SIGNAL_PGRP:
		return leader ? signal_to(r, true, leader->pgrp, in->id) : ESRCH;
	case SIGNAL_PID:
		return leader ? signal_to(r, false, leader->pid, in->id) : ESRCH;
	default:
		return EINVAL;
	}
}
