// SPDX-License-Identifier: Apache-2.0
/*
 * fork(): a child that is the manager's for the kernel and an ordinary fork
 * child for the C library.
 *
 * A raw clone would be the former, but not the latter: locks of malloc and stdio
 * stay taken, robust mutexes are lost. So a vfork-like intermediate calls glibc's
 * own fork(), on our stack below us. The grandchild is a copy of it, returns up
 * its copy of the stack, and finds itself here as if the intermediate had never
 * been. The intermediate leaves by a raw exit, and its child becomes the node's.
 *
 * The intermediate writes the pid into the slot, the caller says that the child
 * is born. The child returns once it has its new parent, and when it first needs
 * the manager it looks whether it is known there already (node_forget()).
 *
 * In a process with threads QNX answers ENOSYS; an option of the node allows it.
 * vfork() is fork(), as in QNX 7.1.
 */
#include "client/fork.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/single_threaded.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/birth.h"
#include "client/export.h"
#include "client/guard.h"
#include "client/helper.h"
#include "client/node.h"
#include "client/real.h"
#include "client/result.h"
#include "host/linux/launch_raw.h"

/* Looks for the new parent without sleeping, then with. */
#define FORK_YIELDS 64
#define FORK_NAP_NS 50000

/* In the caller's frame: shared with the intermediate, copied into the child. */
struct fork_course {
	struct page_slot *slot;
	long between;
	bool is_shared; /* written by the intermediate: seen only if memory is shared */
};

/* Learnt from the first fork: a vfork shares memory here. */
static bool fork_shares_memory;

static unsigned fork_count_threads(void)
{
	struct stat st;

	/* A folder has a link for itself, one in its parent, and one from each below. */
	if (stat("/proc/self/task", &st) < 0 || st.st_nlink < 3)
		return 1;
	return (unsigned)st.st_nlink - 2;
}

static bool fork_is_allowed(void)
{
	const struct node_page *node = node_shared();

	if (__libc_single_threaded)
		return true;
	if (node && (node->options & NODE_OPTION_THREADED_FORK))
		return true;
	return fork_count_threads() <= 1 + helper_own_threads();
}

/*
 * The intermediate. In the copy that glibc's fork() makes of it, it returns. Its
 * errno is the word of the caller's thread, which waits.
 */
static LAUNCH_BARE long fork_between(void *arg)
{
	struct fork_course *course = arg;
	long pid;

	course->is_shared = true;
	course->between = RAW(__NR_getpid);
	pid = real_fork();
	if (pid == 0)
		return 0;
	/* Into the slot, which is shared even where a vfork's memory is not
	 * (valgrind). */
	if (pid < 0)
		course->slot->error = (uint32_t)errno;
	else
		__atomic_store_n(&course->slot->pid, (int32_t)pid, __ATOMIC_RELEASE);
	launch_exit(0);
}

static void fork_await_parent(long between)
{
	const struct timespec nap = {.tv_nsec = FORK_NAP_NS};

	for (unsigned i = 0; RAW(__NR_getppid) == between; i++) {
		if (i < FORK_YIELDS)
			(void)RAW(__NR_sched_yield);
		else
			(void)RAW(__NR_nanosleep, &nap, 0);
	}
}

static void fork_await_end(long between)
{
	int status;

	while (RAW(__NR_wait4, between, &status, __WALL, 0) == -EINTR)
		;
}

static LAUNCH_BARE long fork_try(void *arg)
{
	*(bool *)arg = true;
	launch_exit(0);
}

/* May the intermediate have the table of descriptors itself? A process with threads wants to know
 * before its first fork: a copy may have what another thread is just making. */
static bool fork_may_share(void)
{
	bool is_shared = __atomic_load_n(&fork_shares_memory, __ATOMIC_RELAXED);
	long between;

	if (is_shared || __libc_single_threaded)
		return is_shared;
	between = launch_split(LAUNCH_CLONE_ARGS(LAUNCH_INTERMEDIATE, 0), fork_try, &is_shared);
	if (between > 0)
		fork_await_end(between);
	__atomic_store_n(&fork_shares_memory, is_shared, __ATOMIC_RELAXED);
	return is_shared;
}

static pid_t fork_through(const struct birth *b, bool is_known)
{
	struct fork_course course = {.slot = b->slot};
	unsigned long flags = is_known ? LAUNCH_INTERMEDIATE_SHARED : LAUNCH_INTERMEDIATE;
	long between;
	pid_t pid;

	between = launch_split(LAUNCH_CLONE_ARGS(flags, 0), fork_between, &course);
	if (between == 0) {
		fork_await_parent(course.between);
		node_forget(b->slot);
		return 0;
	}
	if (between < 0)
		return (pid_t)between;
	fork_await_end(between);
	__atomic_store_n(&fork_shares_memory, course.is_shared, __ATOMIC_RELAXED);
	pid = __atomic_load_n(&b->slot->pid, __ATOMIC_ACQUIRE);
	if (pid > 0)
		return pid;
	/* Neither: somebody killed the intermediate. */
	return b->slot->error ? -(pid_t)b->slot->error : -EAGAIN;
}

/* Outside any node's tree of processes: the child is the kernel's child of ours. */
/* Of the process that native.self says: copies of it by other means know nothing. */
static struct {
	pid_t self, parent;
} native;

pid_t fork_native_parent(void)
{
	return native.parent && native.self == getpid() ? native.parent : 0;
}

static pid_t fork_natively(const struct birth *b)
{
	pid_t parent = getpid();
	pid_t pid = real_fork();

	if (pid == 0) {
		native.self = getpid();
		native.parent = parent;
		node_forget(b->slot);
	}
	if (pid > 0)
		__atomic_store_n(&b->slot->pid, pid, __ATOMIC_RELEASE);
	return pid < 0 ? -errno : pid;
}

static pid_t fork_by_route(const struct birth *b)
{
	uint64_t all = ~UINT64_C(0), mask;
	bool is_native = b->route == BIRTH_ROUTE_REMOTE, is_shared;
	pid_t pid;

	/* No handler may run in the intermediate, nor in a child that has no
	 * parent yet. All signals: glibc's own, too. */
	(void)RAW(__NR_rt_sigprocmask, SIG_SETMASK, &all, &mask, RAW_SIGSET_BYTES);
	is_shared = is_native || fork_may_share();
	/* An intermediate with a copy of everything is too late to wait (valgrind). */
	if (!is_shared && !__libc_single_threaded)
		guard_fork_begins();
	node_forking(b->slot);
	pid = is_native ? fork_natively(b) : fork_through(b, is_shared);
	node_forking(NULL);
	if (pid != 0)
		guard_fork_ended();
	(void)RAW(__NR_rt_sigprocmask, SIG_SETMASK, &mask, 0, RAW_SIGSET_BYTES);
	return pid;
}

pid_t fork_run(const struct fork_wish *wish)
{
	struct birth b;
	pid_t pid;
	int rc = node_attach();

	if (rc < 0)
		return rc;
	if (!fork_is_allowed())
		return -ENOSYS;
	rc = birth_begin(&b, wish->flags | SLOT_FLAG_FORKED);
	if (rc < 0)
		return rc;
	if (b.route == BIRTH_ROUTE_REMOTE)
		b.slot->flags |= SLOT_FLAG_NATIVE;
	b.slot->uid = wish->uid;
	b.slot->gid = wish->gid;
	pid = fork_by_route(&b);
	if (pid > 0)
		birth_done(&b);
	if (pid < 0)
		birth_fail(&b, 0);
	return pid;
}

EXPORT pid_t fork(void)
{
	const struct fork_wish wish = {.flags = 0};
	int saved = errno;
	pid_t pid = fork_run(&wish);

	errno = saved;
	return result_errno(pid);
}

EXPORT pid_t vfork(void)
{
	return fork();
}
