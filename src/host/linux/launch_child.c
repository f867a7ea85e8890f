// SPDX-License-Identifier: Apache-2.0
/*
 * The child's part of a launch: from the clone to exec. This file decides the
 * order of the steps: signals' actions, session and group, scheduling, limits,
 * ids, descriptors, and the signal mask last, so that nothing is delivered
 * before the child is what it shall be.
 *
 * It runs in the memory of a suspended parent, so it makes raw system calls
 * only, takes no lock, allocates nothing, and writes nothing but its own frame,
 * the course, and the room that the plan brings along.
 */
#include "host/linux/launch_child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <unistd.h>

#include "base/util.h"
#include "host/linux/launch_raw.h"

#define CHILD_NSIG 64

/* The kernel's struct sigaction, alike on our architectures. */
struct child_action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

static bool child_may_act(int signo)
{
	return signo != SIGKILL && signo != SIGSTOP;
}

/* Handlers are the parent's code: in the child they must not run. */
static void child_reset_handlers(void)
{
	struct child_action action;

	for (int signo = 1; signo <= CHILD_NSIG; signo++) {
		if (!child_may_act(signo))
			continue;
		if (RAW(__NR_rt_sigaction, signo, 0, &action, RAW_SIGSET_BYTES) < 0)
			continue;
		if (action.handler == SIG_DFL || action.handler == SIG_IGN)
			continue;
		memset(&action, 0, sizeof(action));
		(void)RAW(__NR_rt_sigaction, signo, &action, 0, RAW_SIGSET_BYTES);
	}
}

static void child_act(uint64_t signals, void (*handler)(int))
{
	struct child_action action = {.handler = handler};

	for (int signo = 1; signals; signo++, signals >>= 1)
		if ((signals & 1) && child_may_act(signo))
			(void)RAW(__NR_rt_sigaction, signo, &action, 0, RAW_SIGSET_BYTES);
}

static int child_set_foreground(int fd)
{
	uint64_t ttou = UINT64_C(1) << (SIGTTOU - 1);
	uint64_t mask;
	int pgrp = (int)RAW(__NR_getpgid, 0);
	long rc;

	/* From the background this is a stop, unless the signal is blocked. */
	(void)RAW(__NR_rt_sigprocmask, SIG_BLOCK, &ttou, &mask, RAW_SIGSET_BYTES);
	rc = RAW(__NR_ioctl, fd, TIOCSPGRP, &pgrp);
	(void)RAW(__NR_rt_sigprocmask, SIG_SETMASK, &mask, 0, RAW_SIGSET_BYTES);
	return (int)-rc;
}

/* The terminal is what one of the standard descriptors is, else /dev/tty. */
static int child_take_terminal(void)
{
	int error;
	long fd;

	for (int std = 0; std <= 2; std++) {
		error = child_set_foreground(std);
		if (error == 0 || error == EPERM)
			return error;
	}
	fd = RAW(__NR_openat, AT_FDCWD, "/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY, 0);
	if (fd < 0)
		return ENOTTY;
	error = child_set_foreground((int)fd);
	(void)RAW(__NR_close, fd);
	return error;
}

static int child_set_group(const struct launch *l)
{
	long rc;

	if (l->flags & LAUNCH_SETSID) {
		rc = RAW(__NR_setsid);
		if (rc < 0)
			return (int)-rc;
	}
	if (l->flags & LAUNCH_PGROUP) {
		rc = RAW(__NR_setpgid, 0, l->pgroup);
		/* A session's leader has its own group already. */
		if (rc < 0 && !((l->flags & LAUNCH_SETSID) && l->pgroup == 0))
			return (int)-rc;
	} else if (l->flags & LAUNCH_JOIN) {
		(void)RAW(__NR_setpgid, 0, l->pgroup);
	}
	return l->flags & LAUNCH_FOREGROUND ? child_take_terminal() : 0;
}

static int child_set_sched(const struct launch *l)
{
	struct sched_param param = {.sched_priority = l->priority};
	long rc = 0;

	if (l->flags & LAUNCH_SCHED)
		rc = RAW(__NR_sched_setscheduler, 0, l->policy, &param);
	else if (l->flags & LAUNCH_PARAM)
		rc = RAW(__NR_sched_setparam, 0, &param);
	if (rc == -EPERM && !(l->flags & LAUNCH_SCHED_STRICT))
		rc = 0;
	if (rc == 0 && (l->flags & LAUNCH_CPUS))
		rc = RAW(__NR_sched_setaffinity, 0, sizeof(l->cpus), &l->cpus);
	return rc < 0 ? (int)-rc : 0;
}

static int child_set_stack(uint64_t bytes)
{
	struct rlimit limit;
	long rc = RAW(__NR_prlimit64, 0, RLIMIT_STACK, 0, &limit);

	if (rc == 0) {
		limit.rlim_cur = MIN((rlim_t)bytes, limit.rlim_max);
		rc = RAW(__NR_prlimit64, 0, RLIMIT_STACK, &limit, 0);
	}
	return (int)-rc;
}

static int child_set_limits(const struct launch *l)
{
	for (unsigned i = 0; i < l->n_limits; i++)
		/* What is not allowed here was not allowed to whom it stands for. */
		(void)RAW(__NR_prlimit64, 0, l->limits[i].resource, &l->limits[i].value, 0);
	return l->flags & LAUNCH_STACK ? child_set_stack(l->stack_max) : 0;
}

static int child_set_ids(const struct launch *l)
{
	long rc = 0;

	if (l->flags & LAUNCH_RESETIDS) {
		long gid = RAW(__NR_getgid);
		long uid = RAW(__NR_getuid);

		rc = RAW(__NR_setresgid, -1, gid, -1);
		if (rc == 0)
			rc = RAW(__NR_setresuid, -1, uid, -1);
	}
	if (rc == 0 && (l->flags & LAUNCH_CRED)) {
		/* Only the privileged have groups to give up and may do so. */
		(void)RAW(__NR_setgroups, 1, &l->gid);
		rc = RAW(__NR_setresgid, l->gid, l->gid, l->gid);
		if (rc == 0)
			rc = RAW(__NR_setresuid, l->uid, l->uid, l->uid);
	}
	return (int)-rc;
}

static void child_set_aslr(uint32_t flags)
{
	long now = RAW(__NR_personality, 0xffffffffUL);
	long next = now;

	if (now < 0)
		return;
	if (flags & LAUNCH_ASLR_ON)
		next &= ~(long)ADDR_NO_RANDOMIZE;
	if (flags & LAUNCH_ASLR_OFF)
		next |= ADDR_NO_RANDOMIZE;
	if (flags & LAUNCH_ASLR_INVERT)
		next ^= ADDR_NO_RANDOMIZE;
	(void)RAW(__NR_personality, next);
}

static int child_set_place(const struct launch *l)
{
	long rc = 0;

	if (l->flags & LAUNCH_UMASK)
		(void)RAW(__NR_umask, l->mode_mask);
	if (l->flags & LAUNCH_CWD)
		rc = RAW(__NR_fchdir, l->cwd_fd);
	if (l->flags & (LAUNCH_ASLR_ON | LAUNCH_ASLR_OFF | LAUNCH_ASLR_INVERT))
		child_set_aslr(l->flags);
	return (int)-rc;
}

/*
 * Close @low to @high inclusive. Where close_range() is forbidden (a filter of
 * system calls), one by one up to what the process may have.
 */
static void child_close_span(unsigned low, unsigned high)
{
	struct rlimit limit;

	if (low > high || RAW(__NR_close_range, low, high, 0) == 0)
		return;
	if (RAW(__NR_prlimit64, 0, RLIMIT_NOFILE, 0, &limit) < 0)
		return;
	for (unsigned fd = low; fd <= high && fd < limit.rlim_max; fd++)
		(void)RAW(__NR_close, fd);
}

static void child_close_range(const struct launch_course *course, unsigned low, unsigned high)
{
	unsigned kept = (unsigned)course->news_fd;

	if (course->news_fd < 0 || kept < low || kept > high) {
		child_close_span(low, high);
		return;
	}
	if (kept > low)
		child_close_span(low, kept - 1);
	if (kept < high)
		child_close_span(kept + 1, high);
}

/*
 * The whole map, which may permute, repeat and cross. A source that lies where
 * another entry will be put goes above the map first; all others are used where
 * they are.
 */
static int child_map(const struct launch_course *course)
{
	const struct launch *l = course->l;
	unsigned n = l->n_map;
	long rc;

	for (unsigned i = 0; i < n; i++) {
		int from = l->map[i];

		l->spare[i] = from;
		if (from < 0 || (unsigned)from >= n || (unsigned)from == i ||
		    l->map[from] == from || l->map[from] == LAUNCH_FD_OPEN)
			continue;
		rc = RAW(__NR_fcntl, from, F_DUPFD_CLOEXEC, n);
		if (rc < 0)
			return (int)-rc;
		l->spare[i] = (int)rc;
	}
	for (unsigned i = 0; i < n; i++) {
		if (l->map[i] == LAUNCH_FD_OPEN)
			continue;
		if (l->map[i] == LAUNCH_FD_CLOSED) {
			(void)RAW(__NR_close, i);
			continue;
		}
		if (l->spare[i] == (int)i)
			rc = RAW(__NR_fcntl, i, F_SETFD, 0);
		else
			rc = RAW(__NR_dup3, l->spare[i], i, 0);
		if (rc < 0)
			return (int)-rc;
	}
	child_close_range(course, n, ~0U);
	return 0;
}

/* The table of another process, rebuilt from what travelled. */
static int child_table(const struct launch_course *course)
{
	const struct launch *l = course->l;
	int top = 0;
	long rc;

	for (unsigned i = 0; i < l->n_fds; i++)
		top = MAX(top, l->fds[i].number + 1);
	for (unsigned i = 0; i < l->n_fds; i++) {
		rc = RAW(__NR_fcntl, l->fds[i].fd, F_DUPFD_CLOEXEC, top);
		if (rc < 0)
			return rc == -EINVAL ? EMFILE : (int)-rc;
		l->fds[i].fd = (int)rc;
	}
	if (top > 0)
		child_close_range(course, 0, (unsigned)top - 1);
	for (unsigned i = 0; i < l->n_fds; i++) {
		const struct launch_fd *at = &l->fds[i];

		rc = RAW(__NR_dup3, at->fd, at->number, at->cloexec ? O_CLOEXEC : 0);
		if (rc < 0)
			return (int)-rc;
	}
	child_close_range(course, (unsigned)top, ~0U);
	return 0;
}

static long child_open(const struct launch_op *op)
{
	long fd, rc;

	/* As if it had been closed before: the number may be the one free. */
	(void)RAW(__NR_close, op->fd);
	fd = RAW(__NR_openat, AT_FDCWD, op->path, op->flags, op->mode);
	if (fd < 0 || fd == op->fd)
		return fd;
	rc = RAW(__NR_dup3, fd, op->fd, op->flags & O_CLOEXEC);
	(void)RAW(__NR_close, fd);
	return rc;
}

static int child_operate(const struct launch_course *course, const struct launch_op *op)
{
	long rc = 0;

	switch ((enum launch_op_kind)op->kind) {
	case LAUNCH_OP_OPEN:
		rc = child_open(op);
		break;
	case LAUNCH_OP_CLOSE:
		if (op->fd != course->news_fd)
			(void)RAW(__NR_close, op->fd);
		break;
	case LAUNCH_OP_DUP2:
		if (op->from == op->fd)
			rc = RAW(__NR_fcntl, op->fd, F_SETFD, 0);
		else
			rc = RAW(__NR_dup3, op->from, op->fd, 0);
		break;
	case LAUNCH_OP_CLOSEFROM:
		child_close_range(course, (unsigned)op->fd, ~0U);
		break;
	case LAUNCH_OP_CHDIR:
		rc = RAW(__NR_chdir, op->path);
		break;
	case LAUNCH_OP_FCHDIR:
		rc = RAW(__NR_fchdir, op->fd);
		break;
	case LAUNCH_OP_TCSETPGRP:
		rc = -child_set_foreground(op->fd);
		break;
	}
	return rc < 0 ? (int)-rc : 0;
}

static int child_set_files(const struct launch_course *course)
{
	const struct launch *l = course->l;
	int error = 0;

	if (l->flags & LAUNCH_TABLE)
		error = child_table(course);
	if (error == 0 && (l->flags & LAUNCH_MAP))
		return child_map(course);
	for (unsigned i = 0; error == 0 && i < l->n_ops; i++)
		error = child_operate(course, &l->ops[i]);
	return error;
}

int launch_child_prepare(const struct launch_course *course)
{
	const struct launch *l = course->l;
	int error = 0;

	if (!course->is_reset)
		child_reset_handlers();
	if (l->flags & LAUNCH_SIGDEF)
		child_act(l->sigdef, SIG_DFL);
	if (l->flags & LAUNCH_SIGIGN)
		child_act(l->sigign, SIG_IGN);
	if (l->flags != 0) {
		error = child_set_group(l);
		if (error == 0)
			error = child_set_sched(l);
		if (error == 0)
			error = child_set_limits(l);
		if (error == 0)
			error = child_set_place(l);
		if (error == 0)
			error = child_set_ids(l);
	}
	if (error == 0)
		error = child_set_files(course);
	if (error)
		return error;

	if (l->flags & LAUNCH_SIGMASK)
		(void)RAW(__NR_rt_sigprocmask, SIG_SETMASK, &l->sigmask, 0, RAW_SIGSET_BYTES);
	else if (course->has_mask)
		(void)RAW(__NR_rt_sigprocmask, SIG_SETMASK, &course->mask, 0, RAW_SIGSET_BYTES);
	return 0;
}

static int child_try(const struct launch *l, const char *path)
{
	long rc = RAW(__NR_execve, path, l->argv, l->envp);

	if (rc == -ENOEXEC && l->script) {
		/* execve() takes its lists as not const, and changes nothing. */
		l->script[1] = (char *)(uintptr_t)path;
		rc = RAW(__NR_execve, l->script[0], l->script, l->envp);
	}
	return (int)-rc;
}

/*
 * Along a PATH, what is not there or cannot be reached is passed over; what is
 * there and may not be executed is remembered, as that is the better answer if
 * nothing else is found.
 */
int launch_child_exec(const struct launch *l)
{
	const char *path = l->paths;
	bool is_denied = false;
	int error = ENOENT;

	for (unsigned i = 0; i < l->n_paths; i++) {
		error = child_try(l, path);
		if (error == EACCES)
			is_denied = true;
		else if (error != ENOENT && error != ENOTDIR && error != ESTALE &&
			 error != ENODEV && error != ETIMEDOUT)
			return error;
		path += strlen(path) + 1;
	}
	return is_denied ? EACCES : error;
}

void launch_child_tell(struct launch_course *course, pid_t pid, uint32_t error)
{
	struct launch_news news = {.pid = pid, .error = error};

	if (course->news_fd >= 0)
		(void)RAW(__NR_write, course->news_fd, &news, sizeof(news));
}

LAUNCH_BARE long launch_child_main(void *arg)
{
	struct launch_course *course = arg;
	int error;

	/* Unless memory is shared, nobody but us will ever see this. */
	course->shared = true;
	error = launch_child_prepare(course);
	if (error == 0)
		error = launch_child_exec(course->l);

	course->error = (uint32_t)error;
	if (course->l->error)
		__atomic_store_n(course->l->error, (uint32_t)error, __ATOMIC_RELEASE);
	launch_child_tell(course, 0, (uint32_t)error);
	launch_exit(127);
}
