// SPDX-License-Identifier: Apache-2.0
/*
 * Launches: who clones, in what way, and what the caller then knows. What the
 * child does is launch_child.c's.
 *
 * The child is a vfork's: it has the caller's memory and stack while the caller
 * is suspended, so it costs no copy however big the caller is. It has actions
 * for signals of its own; the kernel resets the handlers at the clone where it
 * can, so that nothing of the caller's runs in the child. Then signals need not
 * even be blocked, unless the child does more than exec: a stop or a Ctrl-C in
 * the middle of that would hit the caller too.
 *
 * As an ORPHAN the child is made by an intermediate, whose end gives it to the
 * next subreaper above. The intermediate has no exit signal, so that no wait
 * and no SIGCHLD handler of the program ever sees it.
 *
 * Two things may be missing and are found out once: clone3() (seccomp filters,
 * valgrind), and that a vfork shares memory at all (valgrind, qemu make a fork
 * of it). Then the error comes through a pipe whose end tells of the exec.
 */
#include "host/linux/launch.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "host/linux/launch_child.h"
#include "host/linux/launch_raw.h"

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif

/* What this machine can do; found out by the first launch, and true for all
 * that come from this process by fork. */
enum launch_fact { LAUNCH_UNKNOWN, LAUNCH_YES, LAUNCH_NO };

static int launch_has_clone3;
static int launch_shares_memory;

static int launch_fact(const int *fact)
{
	return __atomic_load_n(fact, __ATOMIC_RELAXED);
}

static void launch_learn(int *fact, bool is_so)
{
	__atomic_store_n(fact, is_so ? LAUNCH_YES : LAUNCH_NO, __ATOMIC_RELAXED);
}

/* Only __WALL finds a child without an exit signal. */
static long launch_reap(long pid, int *ret_status)
{
	long rc;

	do {
		rc = RAW(__NR_wait4, pid, ret_status, __WALL, 0);
	} while (rc == -EINTR);
	return rc;
}

static pid_t *launch_pid_word(struct launch_course *course)
{
	return course->l->pid ? course->l->pid : &course->pid;
}

static void launch_block(uint64_t *ret_mask)
{
	uint64_t all = ~UINT64_C(0);

	/* All, glibc's own two as well: its handlers would run in the child. */
	(void)RAW(__NR_rt_sigprocmask, SIG_SETMASK, &all, ret_mask, RAW_SIGSET_BYTES);
}

static void launch_unblock(const uint64_t *mask)
{
	(void)RAW(__NR_rt_sigprocmask, SIG_SETMASK, mask, 0, RAW_SIGSET_BYTES);
}

/*
 * The clone that will be the program. CLONE_PARENT takes the exit signal of
 * the caller (clone3() refuses another); exec sets it to SIGCHLD.
 */
static long launch_clone(struct launch_course *course, unsigned long extra)
{
	unsigned long flags = CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | extra;
	pid_t *word = launch_pid_word(course);
	long rc;

	if (launch_fact(&launch_has_clone3) != LAUNCH_NO) {
		struct clone_args args = {
			.flags = flags | CLONE_CLEAR_SIGHAND,
			.parent_tid = (uintptr_t)word,
			.exit_signal = extra & CLONE_PARENT ? 0 : SIGCHLD,
		};

		course->is_reset = true;
		rc = launch_split(__NR_clone3, (long)(uintptr_t)&args, sizeof(args), 0,
				  launch_child_main, course);
		if (rc > 0)
			launch_learn(&launch_has_clone3, true);
		if (rc != -ENOSYS && rc != -EINVAL && rc != -EPERM)
			return rc;
	}

	assert(course->has_mask);
	course->is_reset = false;
	rc = launch_split(LAUNCH_CLONE_ARGS(flags | SIGCHLD, word), launch_child_main, course);
	if (rc > 0)
		launch_learn(&launch_has_clone3, false);
	return rc;
}

/* The child is dead or dying, and ours. */
static void launch_collect(struct launch_course *course, long pid)
{
	int status;
	long rc = launch_reap(pid, &status);

	/* Where SIGCHLD is ignored it goes by itself. */
	if (rc == pid || rc == -ECHILD)
		course->collected = true;
}

static LAUNCH_BARE long launch_held_main(void *arg)
{
	struct launch_course *course = arg;
	long rc = RAW(__NR_ptrace, PTRACE_TRACEME, 0, 0, 0);

	if (rc == 0) {
		long self = RAW(__NR_getpid);

		(void)RAW(__NR_kill, self, SIGSTOP);
		return launch_child_main(course);
	}
	launch_child_tell(course, 0, (uint32_t)-rc);
	launch_exit(127);
}

/*
 * Lead the traced child to its exec, and let it go there with a SIGSTOP in its
 * hands: that is delivered before it returns to its program. Signals that it
 * gets on the way are its own. 0 when it is stopped, -ECHILD when it died.
 */
static int launch_lead(long pid)
{
	siginfo_t info;
	int status;
	bool is_led = false;

	while (launch_reap(pid, &status) == pid) {
		long signo;

		if (!WIFSTOPPED(status))
			return -ECHILD;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
			(void)RAW(__NR_kill, pid, SIGSTOP);
			(void)RAW(__NR_ptrace, PTRACE_DETACH, pid, 0, 0);
			/* It stops now; its stop stays to be told to its parent. */
			(void)RAW(__NR_waitid, P_PID, pid, &info,
				  WSTOPPED | WCONTINUED | WEXITED | WNOWAIT | __WALL, 0);
			return 0;
		}
		signo = WSTOPSIG(status);
		if (!is_led) {
			is_led = true;
			signo = 0;
			(void)RAW(__NR_ptrace, PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC);
		}
		(void)RAW(__NR_ptrace, PTRACE_CONT, pid, 0, signo);
	}
	return -ECHILD;
}

/*
 * A held child cannot be a vfork's, as its parent has to trace it to its exec.
 * So this copies the caller, and says what happened through the pipe alone.
 */
static long launch_clone_held(struct launch_course *course)
{
	unsigned long flags = CLONE_PARENT_SETTID | SIGCHLD;
	pid_t *word = launch_pid_word(course);
	long pid;

	course->is_reset = false;
	pid = launch_split(LAUNCH_CLONE_ARGS(flags, word), launch_held_main, course);
	if (pid > 0 && launch_lead(pid) < 0)
		course->collected = true;
	return pid;
}

/* What the intermediate does, in the caller's memory or in a copy of it. */
static LAUNCH_BARE long launch_between_main(void *arg)
{
	struct launch_course *course = arg;
	long pid;

	if (course->l->flags & LAUNCH_HOLD) {
		pid = launch_clone_held(course);
	} else {
		pid = launch_clone(course, 0);
		if (pid > 0 && course->error)
			launch_collect(course, pid);
	}
	course->pid = (pid_t)pid;
	/* For a caller that does not see our memory. A pid that was collected
	 * is told as none. */
	launch_child_tell(course, course->collected ? 0 : (pid_t)pid, pid < 0 ? (uint32_t)-pid : 0);
	launch_exit(0);
}

/* Through an intermediate. Answers the child's pid, as clone does. */
static long launch_orphan(struct launch_course *course)
{
	bool is_vfork = launch_fact(&launch_shares_memory) == LAUNCH_YES;
	unsigned long flags = is_vfork ? LAUNCH_INTERMEDIATE_SHARED : LAUNCH_INTERMEDIATE;
	long between;
	int status;

	between = launch_split(LAUNCH_CLONE_ARGS(flags, 0), launch_between_main, course);
	if (between < 0)
		return between;
	(void)launch_reap(between, &status);
	/* If somebody killed the intermediate, the kernel's word is still right. */
	if (course->pid == 0 && course->l->pid)
		course->pid = __atomic_load_n(course->l->pid, __ATOMIC_ACQUIRE);
	return course->pid;
}

/* A descriptor of @fd's that is out of the way of maps. Takes @fd. */
static int launch_lift(int fd)
{
	struct rlimit limit = {.rlim_cur = 256};
	int high;

	(void)RAW(__NR_prlimit64, 0, RLIMIT_NOFILE, 0, &limit);
	high = (int)RAW(__NR_fcntl, fd, F_DUPFD_CLOEXEC, MIN(limit.rlim_cur, (rlim_t)1024) - 4);
	if (high < 0)
		return fd;
	(void)RAW(__NR_close, fd);
	return high;
}

static int launch_open_news(int ret_ends[2])
{
	int ends[2];
	long rc = RAW(__NR_pipe2, ends, O_CLOEXEC);

	if (rc < 0)
		return (int)rc;
	/* Both: a closed number of the map must not be open in the child. */
	ret_ends[0] = launch_lift(ends[0]);
	ret_ends[1] = launch_lift(ends[1]);
	return 0;
}

/*
 * The pipe's end comes when the child executes its program or dies. Whoever
 * shares no memory with us says here what it would have written there.
 */
static void launch_read_news(struct launch_course *course, int fd)
{
	struct launch_news news;

	for (;;) {
		long got = RAW(__NR_read, fd, &news, sizeof(news));

		if (got == -EINTR)
			continue;
		if (got != (long)sizeof(news))
			return;
		if (news.error)
			course->error = news.error;
		if (news.pid > 0)
			course->pid = news.pid;
	}
}

static long launch_by_route(struct launch_course *course, enum launch_route route)
{
	bool is_held = course->l->flags & LAUNCH_HOLD;
	long pid;

	/* A tracer must be the child's parent, and ours would be another's. */
	if (route == LAUNCH_SIBLING && !is_held) {
		pid = launch_clone(course, CLONE_PARENT);
		if (pid != -EINVAL)
			return pid;
		/* The first process of a namespace has no parent to share. */
	}
	if (route == LAUNCH_CHILD)
		return is_held ? launch_clone_held(course) : launch_clone(course, 0);
	return launch_orphan(course);
}

/*
 * What became of it. Under a shared memory all is written where it belongs;
 * otherwise the news have been read into the course.
 */
static int launch_conclude(struct launch_course *course, enum launch_route route, long pid,
			   pid_t *ret_pid)
{
	pid_t *word = launch_pid_word(course);

	if (pid <= 0) {
		*word = 0;
		*ret_pid = 0;
		return pid < 0 ? (int)pid : course->error ? -(int)course->error : -EAGAIN;
	}
	if (course->error && route == LAUNCH_CHILD && !course->collected)
		launch_collect(course, pid);
	if (course->collected && !course->error)
		course->error = EAGAIN; /* killed on its way to the exec */
	*ret_pid = course->error && course->collected ? 0 : (pid_t)pid;
	if (!course->error)
		return 0;
	if (course->l->error)
		__atomic_store_n(course->l->error, course->error, __ATOMIC_RELEASE);
	if (*ret_pid == 0)
		__atomic_store_n(word, 0, __ATOMIC_RELEASE);
	return -(int)course->error;
}

/* With the pipe: as long as it is not known whether memory is shared, when it
 * is known that it is not, and for what is never a vfork's. */
static int launch_with_news(struct launch_course *course, enum launch_route route, pid_t *ret_pid)
{
	bool is_held = course->l->flags & LAUNCH_HOLD;
	int ends[2] = {-1, -1};
	long pid;
	int rc = launch_open_news(ends);

	if (rc < 0)
		return rc;
	course->news_fd = ends[1];
	pid = launch_by_route(course, route);
	(void)RAW(__NR_close, ends[1]);
	launch_read_news(course, ends[0]);
	(void)RAW(__NR_close, ends[0]);
	if (route != LAUNCH_CHILD && pid == 0)
		pid = course->pid;
	if (pid > 0 && !is_held)
		launch_learn(&launch_shares_memory, course->shared);
	return launch_conclude(course, route, pid, ret_pid);
}

/* No more than an exec: then signals may come as they like. */
static bool launch_is_plain(const struct launch *l, enum launch_route route)
{
	return route != LAUNCH_ORPHAN && l->flags == 0 && l->n_ops == 0 && l->n_limits == 0 &&
	       launch_fact(&launch_has_clone3) == LAUNCH_YES;
}

int launch_run(const struct launch *l, enum launch_route route, pid_t *ret_pid)
{
	struct launch_course course = {.l = l, .news_fd = -1};
	bool is_plain = launch_is_plain(l, route);
	int rc;

	*ret_pid = 0;
	if (l->pid)
		__atomic_store_n(l->pid, 0, __ATOMIC_RELEASE);
	if (l->error)
		__atomic_store_n(l->error, 0, __ATOMIC_RELEASE);
	if (!is_plain) {
		launch_block(&course.mask);
		course.has_mask = true;
	}
	if (launch_fact(&launch_shares_memory) != LAUNCH_YES || (l->flags & LAUNCH_HOLD))
		rc = launch_with_news(&course, route, ret_pid);
	else
		rc = launch_conclude(&course, route, launch_by_route(&course, route), ret_pid);
	if (!is_plain)
		launch_unblock(&course.mask);
	return rc;
}

int launch_overlay(const struct launch *l)
{
	struct launch_course course = {.l = l, .news_fd = -1, .is_reset = true};
	int error = launch_child_prepare(&course);

	return -(error ? error : launch_child_exec(l));
}
