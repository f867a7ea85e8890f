// SPDX-License-Identifier: Apache-2.0
/*
 * What a clone would have copied, told instead: the helper is another process,
 * with another table of descriptors, another directory, another mask. So the
 * plan is completed by what the child is to inherit, and the descriptors travel
 * with it, those that are close-on-exec only if the plan speaks of them.
 *
 * differs: at most 250 descriptors travel, and a plan of 64 KiB; a child is in
 * the caller's process group only if helper and caller are of one session.
 */
#include "client/remote.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "client/guard.h"
#include "client/node.h"
#include "client/sigaction.h"
#include "gen/proto.h"

/* The reply socket and the directory travel, too. */
#define REMOTE_FDS (WIRE_FDS_MAX - 2)

struct remote {
	struct launch l;
	struct launch_fd fds[REMOTE_FDS];
	struct launch_limit limits[RLIM_NLIMITS];
};

/* Does the plan name @fd as something to start from? */
static bool remote_is_named(const struct launch *l, int fd)
{
	for (unsigned i = 0; i < l->n_map; i++)
		if (l->map[i] == fd)
			return true;
	for (unsigned i = 0; i < l->n_ops; i++) {
		const struct launch_op *op = &l->ops[i];

		if ((op->kind == LAUNCH_OP_DUP2 && op->from == fd) ||
		    ((op->kind == LAUNCH_OP_FCHDIR || op->kind == LAUNCH_OP_TCSETPGRP) &&
		     op->fd == fd))
			return true;
	}
	return false;
}

static int remote_add_fd(struct remote *r, int fd)
{
	int flags = fcntl(fd, F_GETFD);

	/* Closed meanwhile, or ours. */
	if (flags < 0 || guard_is_hidden(fd))
		return 0;
	if (r->l.flags & LAUNCH_MAP || flags & FD_CLOEXEC) {
		if (!remote_is_named(&r->l, fd))
			return 0;
	}
	if (r->l.n_fds == REMOTE_FDS)
		return -EMFILE;
	r->fds[r->l.n_fds++] =
		(struct launch_fd){.fd = fd, .number = fd, .cloexec = flags & FD_CLOEXEC};
	return 0;
}

static int remote_add_fds(struct remote *r)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;
	int rc = 0;

	if (!folder)
		return -errno;
	while (rc == 0 && (entry = readdir(folder))) {
		char *end;
		long fd = strtol(entry->d_name, &end, 10);

		if (*end == 0 && end != entry->d_name && fd != dirfd(folder))
			rc = remote_add_fd(r, (int)fd);
	}
	(void)closedir(folder);
	return rc;
}

static void remote_add_limits(struct remote *r)
{
	rlim_t former;

	for (int i = 0; i < (int)RLIM_NLIMITS; i++) {
		struct launch_limit *limit = &r->limits[r->l.n_limits];

		limit->resource = i;
		if (prlimit(0, (__rlimit_resource_t)i, NULL, &limit->value) != 0)
			continue;
		if (i == RLIMIT_NOFILE && guard_has_raised(&former))
			limit->value.rlim_cur = former;
		r->l.n_limits++;
	}
	r->l.limits = r->limits;
}

/* The mask, and what is ignored: all else is at its default in the helper. */
static void remote_add_signals(struct launch *l)
{
	struct sigaction action;
	uint64_t ignored = 0;

	for (int signo = 1; signo <= 64; signo++)
		if (__sigaction(signo, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			ignored |= UINT64_C(1) << (signo - 1);
	if (l->flags & LAUNCH_SIGDEF)
		ignored &= ~l->sigdef;
	l->sigign = ignored | (l->flags & LAUNCH_SIGIGN ? l->sigign : 0);
	l->sigdef = ~l->sigign;
	l->flags |= LAUNCH_SIGIGN | LAUNCH_SIGDEF;
	if (!(l->flags & LAUNCH_SIGMASK)) {
		(void)syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &l->sigmask, 8);
		l->flags |= LAUNCH_SIGMASK;
	}
}

static void remote_add_rest(struct launch *l)
{
	struct sched_param param;

	/* There is no call that only asks. */
	l->mode_mask = umask(0);
	(void)umask(l->mode_mask);
	l->flags |= LAUNCH_UMASK | LAUNCH_CWD | LAUNCH_TABLE;
	if (!(l->flags & (LAUNCH_PGROUP | LAUNCH_SETSID))) {
		l->pgroup = getpgrp();
		l->flags |= LAUNCH_JOIN;
	}
	if (!(l->flags & (LAUNCH_SCHED | LAUNCH_PARAM))) {
		l->policy = sched_getscheduler(0);
		l->priority = sched_getparam(0, &param) == 0 ? param.sched_priority : 0;
		if (l->policy > 0)
			l->flags |= LAUNCH_SCHED;
	}
}

static int remote_ask(const struct remote *r, unsigned slot, int cwd_fd, struct wire_msg *ret_m)
{
	size_t len = launch_pack_size(&r->l);
	auto_free uint8_t *plan = malloc(len);
	auto_free uint8_t *body = malloc(WIRE_MAX);
	struct proto_spawn_in in = {.slot = slot, .plan = plan, .plan_len = (uint32_t)len};
	struct node_question q = {.request = PROTO_SPAWN, .body = body};
	int fds[WIRE_FDS_MAX];
	int size;

	if (!plan || !body)
		return -ENOMEM;
	launch_pack(&r->l, plan);
	size = proto_put_spawn_in(body, WIRE_MAX, &in);
	if (size < 0)
		return size == -EMSGSIZE ? -E2BIG : size;
	for (unsigned i = 0; i < r->l.n_fds; i++)
		fds[i] = r->fds[i].fd;
	fds[r->l.n_fds] = cwd_fd;
	q.len = (size_t)size;
	q.fds = fds;
	q.n_fds = r->l.n_fds + 1;
	return node_ask(&q, ret_m);
}

static int remote_answer(const struct birth *b, const struct wire_msg *m, pid_t *ret_pid)
{
	struct proto_spawn_out out;
	int rc = proto_get_spawn_out(m->body, m->len, &out);

	if (rc < 0)
		return rc;
	*ret_pid = out.pid;
	if (out.pid)
		__atomic_store_n(&b->slot->pid, out.pid, __ATOMIC_RELEASE);
	return -(int)out.error;
}

int remote_launch(const struct birth *b, const struct launch *l, pid_t *ret_pid)
{
	auto_free struct remote *r = calloc(1, sizeof(*r));
	auto_fd cwd_fd = -1;
	struct wire_msg *m;
	int rc;

	__atomic_store_n(&b->slot->pid, 0, __ATOMIC_RELEASE);
	if (!r)
		return -ENOMEM;
	r->l = *l;
	r->l.fds = r->fds;
	/* Before there are any of ours: one must not be taken for a closed one of the plan. */
	rc = remote_add_fds(r);
	if (rc < 0)
		return rc;
	cwd_fd = l->flags & LAUNCH_CWD ? fcntl(l->cwd_fd, F_DUPFD_CLOEXEC, 3) :
					 open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cwd_fd < 0)
		return -errno;
	r->l.cwd_fd = cwd_fd;
	remote_add_limits(r);
	remote_add_signals(&r->l);
	remote_add_rest(&r->l);
	m = node_msg_new();
	if (!m)
		return -ENOMEM;
	rc = remote_ask(r, b->index, cwd_fd, m);
	if (rc == 0) {
		rc = remote_answer(b, m, ret_pid);
		wire_msg_fini(m);
	} else if (rc == -ECONNRESET) {
		/* Manager and helper died with it: the kernel's word tells how far it was. */
		*ret_pid = __atomic_load_n(&b->slot->pid, __ATOMIC_ACQUIRE);
		rc = *ret_pid ? -(int)__atomic_load_n(&b->slot->error, __ATOMIC_ACQUIRE) : -EAGAIN;
	}
	node_msg_free(m);
	return rc;
}
