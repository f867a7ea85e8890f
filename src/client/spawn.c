// SPDX-License-Identifier: Apache-2.0
/*
 * spawn() and its kin: what the caller wants becomes a launch.
 *
 * Everything that can be said to be wrong beforehand is said here; all else the
 * child finds out, and says it before this returns. Scheduling that the machine
 * does not grant is let be in spawn() (few QNX programs could start otherwise),
 * and is EPERM in posix_spawn().
 */
#include "client/spawn.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/netmgr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "client/birth.h"
#include "client/exec.h"
#include "client/export.h"
#include "client/guard.h"
#include "client/node.h"
#include "client/path.h"
#include "client/result.h"

/* Maps of up to this need no heap. */
#define SPAWN_FEW 16

/* The kernel's set is the first word of glibc's. */
static uint64_t spawn_signals(const sigset_t *set)
{
	uint64_t signals;

	memcpy(&signals, set, sizeof(signals));
	return signals;
}

static bool spawn_is_prioritised(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static int spawn_set_sched(const struct spawn_attr *a, struct launch *l)
{
	bool has_policy = a->is_posix ? a->flags & POSIX_SPAWN_SETSCHEDULER :
					a->flags & SPAWN_EXPLICIT_SCHED;

	if (has_policy) {
		if (sched_get_priority_min(a->policy) < 0)
			return -EINVAL;
		/* A priority of time-sharing processes is QNX's; here it is always 0. */
		l->priority = spawn_is_prioritised(a->policy) || a->is_posix ? a->priority : 0;
		if (l->priority < sched_get_priority_min(a->policy) ||
		    l->priority > sched_get_priority_max(a->policy))
			return -EINVAL;
		l->policy = a->policy;
		l->flags |= LAUNCH_SCHED;
	} else if (a->flags & POSIX_SPAWN_SETSCHEDPARAM) {
		l->priority = a->priority;
		l->flags |= LAUNCH_PARAM;
	}
	if (a->is_posix)
		l->flags |= LAUNCH_SCHED_STRICT;
	if (a->flags & POSIX_SPAWN_EXPLICIT_CPU) {
		if (a->runmask == 0)
			return -EINVAL;
		l->cpus = a->runmask;
		l->flags |= LAUNCH_CPUS;
	}
	return 0;
}

static void spawn_set_signals(const struct spawn_attr *a, struct launch *l)
{
	if (a->flags & POSIX_SPAWN_SETSIGMASK) {
		l->sigmask = spawn_signals(&a->sigmask);
		l->flags |= LAUNCH_SIGMASK;
	}
	if (a->flags & POSIX_SPAWN_SETSIGDEF) {
		l->sigdef = spawn_signals(&a->sigdefault);
		l->flags |= LAUNCH_SIGDEF;
	}
	if (a->flags & POSIX_SPAWN_SETSIGIGN) {
		l->sigign = spawn_signals(&a->sigignore);
		l->flags |= LAUNCH_SIGIGN;
	}
}

static int spawn_set_group(const struct spawn_attr *a, struct launch *l)
{
	if (a->flags & POSIX_SPAWN_SETPGROUP) {
		if (a->pgroup < 0)
			return -EINVAL;
		l->pgroup = a->pgroup;
		l->flags |= LAUNCH_PGROUP;
	}
	if (a->flags & POSIX_SPAWN_SETSID)
		l->flags |= LAUNCH_SETSID;
	if (a->flags & POSIX_SPAWN_TCSETPGROUP)
		l->flags |= LAUNCH_FOREGROUND;
	return 0;
}

static void spawn_set_ids(const struct spawn_attr *a, struct launch *l)
{
	if (a->flags & POSIX_SPAWN_RESETIDS)
		l->flags |= LAUNCH_RESETIDS;
	if (a->flags & POSIX_SPAWN_SETCRED) {
		l->uid = a->uid;
		l->gid = a->gid;
		l->flags |= LAUNCH_CRED;
	}
}

static void spawn_set_aslr(const struct spawn_attr *a, struct launch *l)
{
	if (a->flags & POSIX_SPAWN_ASLR_INVERT)
		l->flags |= LAUNCH_ASLR_INVERT;
	else if (a->aslr == POSIX_SPAWN_ASLR_ENABLE)
		l->flags |= LAUNCH_ASLR_ON;
	else if (a->aslr == POSIX_SPAWN_ASLR_DISABLE)
		l->flags |= LAUNCH_ASLR_OFF;
}

static int spawn_set_attr(const struct spawn_attr *a, struct launch *l)
{
	int rc;

	if ((a->flags & POSIX_SPAWN_SETND) && ND_NODE_CMP(a->nd, ND_LOCAL_NODE) != 0)
		return -ENOREMOTE;
	rc = spawn_set_group(a, l);
	if (rc == 0)
		rc = spawn_set_sched(a, l);
	if (rc < 0)
		return rc;
	if (a->flags & POSIX_SPAWN_SETSTACKMAX) {
		if (a->stack_max == 0)
			return -EINVAL;
		l->stack_max = a->stack_max;
		l->flags |= LAUNCH_STACK;
	}
	if (a->flags & POSIX_SPAWN_SETCWD) {
		if (guard_is_hidden(a->cwd_fd))
			return -EBADF;
		l->cwd_fd = a->cwd_fd;
		l->flags |= LAUNCH_CWD;
	}
	if (a->flags & POSIX_SPAWN_HOLD)
		l->flags |= LAUNCH_HOLD;
	spawn_set_signals(a, l);
	spawn_set_ids(a, l);
	spawn_set_aslr(a, l);
	return 0;
}

static int spawn_set_map(const struct spawn_plan *plan, struct launch *l)
{
	if (plan->n_map == 0)
		return 0;
	if (plan->n_map < 0 || plan->n_map > sysconf(_SC_OPEN_MAX) || !plan->map)
		return -EINVAL;
	for (int i = 0; i < plan->n_map; i++)
		if ((plan->map[i] < 0 && plan->map[i] != SPAWN_FDCLOSED) ||
		    guard_is_hidden(plan->map[i]))
			return -EBADF;
	l->map = plan->map;
	l->n_map = (unsigned)plan->n_map;
	l->flags |= LAUNCH_MAP;
	return 0;
}

static int spawn_set_ops(const struct spawn_plan *plan, struct launch *l)
{
	for (unsigned i = 0; i < plan->n_ops; i++)
		if (plan->ops[i].kind == LAUNCH_OP_DUP2 && guard_is_hidden(plan->ops[i].from))
			return -EBADF;
	l->ops = plan->ops;
	l->n_ops = plan->n_ops;
	return 0;
}

/* The plan is complete; the two that own memory are the caller's to free. */
static int spawn_set_file(const struct spawn_plan *plan, struct launch *l, char **ret_paths,
			  char ***ret_script)
{
	uint32_t flags = plan->attr->flags;
	int rc;

	if (!plan->argv || !plan->argv[0])
		return -EINVAL;
	if (!plan->file)
		return -EFAULT;
	l->argv = plan->argv;
	l->envp = plan->envp ? plan->envp : environ;
	l->paths = plan->file;
	l->n_paths = 1;
	if (flags & POSIX_SPAWN_SEARCH_PATH) {
		/* A node that this makes puts commands into PATH (private.c). Why it fails is told
		 * when the child is made. */
		(void)node_attach();
		rc = path_search(plan->file, ret_paths, &l->n_paths);
		if (rc < 0)
			return rc;
		l->paths = *ret_paths;
	}
	if (flags & POSIX_SPAWN_CHECK_SCRIPT) {
		*ret_script = path_script(plan->argv);
		if (!*ret_script)
			return -ENOMEM;
		l->script = *ret_script;
	}
	return 0;
}

/* Ours is where many descriptors are hidden; a child gets the program's own. */
static void spawn_set_limit(struct launch *l, struct launch_limit *room)
{
	rlim_t former;

	if (!guard_has_raised(&former) || getrlimit(RLIMIT_NOFILE, &room->value) < 0)
		return;
	room->resource = RLIMIT_NOFILE;
	room->value.rlim_cur = former;
	l->limits = room;
	l->n_limits = 1;
}

int spawn_run(const struct spawn_plan *plan, pid_t *ret_pid)
{
	struct launch l = {.flags = 0};
	auto_str paths = NULL;
	auto_free char **script = NULL;
	auto_free int *heap = NULL;
	struct launch_limit descriptors;
	int few[SPAWN_FEW];
	uint32_t flags = plan->attr->flags;
	int rc = spawn_set_file(plan, &l, &paths, &script);

	if (rc == 0)
		rc = spawn_set_attr(plan->attr, &l);
	if (rc == 0)
		rc = spawn_set_map(plan, &l);
	if (rc == 0)
		rc = spawn_set_ops(plan, &l);
	if (rc < 0)
		return rc;
	spawn_set_limit(&l, &descriptors);
	l.spare = few;
	if (l.n_map > SPAWN_FEW) {
		l.spare = heap = malloc(l.n_map * sizeof(int));
		if (!heap)
			return -ENOMEM;
	}
	if (flags & POSIX_SPAWN_EXEC)
		return exec_launch(&l);
	return birth_launch(&l, flags & POSIX_SPAWN_NOZOMBIE ? SLOT_FLAG_NOZOMBIE : 0, ret_pid);
}

/* No field is read whose flag is clear: it may never have been written. */
static void spawn_read(const struct inheritance *in, uint32_t extra, struct spawn_attr *ret)
{
	uint32_t flags = extra | (in ? in->flags : 0);

	memset(ret, 0, sizeof(*ret));
	ret->flags = flags & ~(uint32_t)(POSIX_SPAWN_RESETIDS | POSIX_SPAWN_SETSCHEDULER |
					 POSIX_SPAWN_SETCRED | POSIX_SPAWN_SETCWD);
	if (flags & SPAWN_SETGROUP)
		ret->pgroup = in->pgroup;
	if (flags & SPAWN_SETSIGMASK)
		ret->sigmask = in->sigmask;
	if (flags & SPAWN_SETSIGDEF)
		ret->sigdefault = in->sigdefault;
	if (flags & SPAWN_SETSIGIGN)
		ret->sigignore = in->sigignore;
	if (flags & SPAWN_SETSTACKMAX)
		ret->stack_max = in->stack_max;
	if (flags & SPAWN_EXPLICIT_SCHED) {
		ret->policy = in->policy;
		ret->priority = in->param.sched_priority;
	}
	if (flags & SPAWN_SETND)
		ret->nd = in->nd;
	if (flags & SPAWN_EXPLICIT_CPU)
		ret->runmask = in->runmask;
}

static pid_t spawn_inherit(const char *file, int fd_count, const int fd_map[],
			   const struct inheritance *inherit, char *const argv[],
			   char *const envp[], uint32_t extra)
{
	struct spawn_attr attr;
	struct spawn_plan plan = {.file = file,
				  .attr = &attr,
				  .map = fd_map,
				  .n_map = fd_count,
				  .argv = argv,
				  .envp = envp};
	int saved = errno;
	pid_t pid = -1;
	int rc;

	spawn_read(inherit, extra, &attr);
	rc = spawn_run(&plan, &pid);
	errno = saved;
	return rc < 0 ? result_errno(rc) : pid;
}

EXPORT pid_t spawn(const char *path, int fd_count, const int fd_map[],
		   const struct inheritance *inherit, char *const argv[], char *const envp[])
{
	return spawn_inherit(path, fd_count, fd_map, inherit, argv, envp, 0);
}

EXPORT pid_t spawnp(const char *file, int fd_count, const int fd_map[],
		    const struct inheritance *inherit, char *const argv[], char *const envp[])
{
	return spawn_inherit(file, fd_count, fd_map, inherit, argv, envp,
			     SPAWN_SEARCH_PATH | SPAWN_CHECK_SCRIPT);
}
