// SPDX-License-Identifier: Apache-2.0
/*
 * States of threads.
 *
 * A thread that sleeps is in a system call, and which one tells most: the kernel shows it in
 * `syscall`. That file asks for the right to trace (Yama grants it for descendants, which a
 * node's processes are for its manager); where it is refused, the function in `wchan` must do.
 * What sleeps in any other call waits for something that QNX has behind a server, and so for
 * its reply: files, pipes, sockets, children.
 *
 * A futex is a mutex, a condition variable, a semaphore or a join by what glibc waits for
 * there. Of a value that fits none it is called a condition variable.
 */
#include "host/linux/threadinfo.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"

#define THREADINFO_CONTENDED      2 /* what glibc's mutex holds while somebody waits for it */
#define THREADINFO_FUTEX_LOCK_PI2 13
#define THREADINFO_FUTEX_WAITV    449 /* on every architecture */

static ssize_t threadinfo_file(pid_t pid, pid_t tid, const char *name, char *buf, size_t cap)
{
	auto_fd fd = -1;
	char path[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, cap - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return n;
}

static const struct {
	int64_t call;
	uint32_t state;
} threadinfo_calls[] = {
#ifdef SYS_pause
	{SYS_pause, THREAD_STATE_SIGSUSPEND},
#endif
	{SYS_rt_sigsuspend, THREAD_STATE_SIGSUSPEND},
	{SYS_rt_sigtimedwait, THREAD_STATE_SIGWAITINFO},
	{SYS_nanosleep, THREAD_STATE_NANOSLEEP},
	{SYS_clock_nanosleep, THREAD_STATE_NANOSLEEP},
	{SYS_semop, THREAD_STATE_SEM},
	{SYS_semtimedop, THREAD_STATE_SEM},
	{THREADINFO_FUTEX_WAITV, THREAD_STATE_CONDVAR},
};

/* Parts of names of kernel functions, which differ a little from release to release. */
static const struct {
	const char *part;
	uint32_t state;
} threadinfo_functions[] = {
	{"nanosleep", THREAD_STATE_NANOSLEEP},   {"sigtimedwait", THREAD_STATE_SIGWAITINFO},
	{"sigsuspend", THREAD_STATE_SIGSUSPEND}, {"sys_pause", THREAD_STATE_SIGSUSPEND},
	{"futex", THREAD_STATE_CONDVAR},         {"semtimedop", THREAD_STATE_SEM},
};

/* glibc's semaphore: the value, then how many wait for it. Behind the word that a condition
 * variable's waiters sleep on are its other word or its end, nearly always 0. */
static bool threadinfo_is_semaphore(const struct threadinfo *t)
{
	uint64_t at = t->arguments[0];
	uint32_t words[2] = {0, 0};
	struct iovec mine = {words, sizeof(words)};
	struct iovec its = {(void *)(uintptr_t)at, sizeof(words)};

	return at % sizeof(words) == 0 &&
	       process_vm_readv(t->pid, &mine, 1, &its, 1, 0) == (ssize_t)sizeof(words) &&
	       words[0] == 0 && words[1] != 0;
}

/* pthread_join() sleeps, not privately, on the thread's id, which the kernel clears. */
static bool threadinfo_is_join(const struct threadinfo *t)
{
	uint32_t value = (uint32_t)t->arguments[2];
	char path[64];

	if (t->arguments[1] & FUTEX_PRIVATE_FLAG || value == (uint32_t)t->tid || value < 2)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%d/task/%" PRIu32, t->pid, value);
	return access(path, F_OK) == 0;
}

static void threadinfo_futex(struct threadinfo *t)
{
	uint64_t op = t->arguments[1] & (uint64_t)FUTEX_CMD_MASK;
	uint32_t value = (uint32_t)t->arguments[2];

	t->state = THREAD_STATE_CONDVAR;
	if (op == FUTEX_LOCK_PI || op == THREADINFO_FUTEX_LOCK_PI2) {
		t->state = THREAD_STATE_MUTEX;
	} else if (op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET) {
		if (threadinfo_is_join(t)) {
			t->state = THREAD_STATE_JOIN;
			t->on = (pid_t)value;
		} else if (value == THREADINFO_CONTENDED || value & FUTEX_WAITERS) {
			t->state = THREAD_STATE_MUTEX;
		} else if (value == 0 && threadinfo_is_semaphore(t)) {
			t->state = THREAD_STATE_SEM;
		}
	}
}

static void threadinfo_by_call(struct threadinfo *t)
{
	if (t->call == SYS_futex) {
		threadinfo_futex(t);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(threadinfo_calls); i++)
		if (threadinfo_calls[i].call == t->call)
			t->state = threadinfo_calls[i].state;
}

static void threadinfo_by_function(struct threadinfo *t)
{
	char name[64];

	if (threadinfo_file(t->pid, t->tid, "wchan", name, sizeof(name)) <= 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(threadinfo_functions); i++)
		if (strstr(name, threadinfo_functions[i].part))
			t->state = threadinfo_functions[i].state;
}

static void threadinfo_sleeping(struct threadinfo *t)
{
	uint64_t *a = t->arguments;
	char text[256];
	bool is_told;

	t->state = THREAD_STATE_REPLY;
	is_told = threadinfo_file(t->pid, t->tid, "syscall", text, sizeof(text)) > 0 &&
		  sscanf(text,
			 "%" SCNd64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
			 " %" SCNx64,
			 &t->call, a, a + 1, a + 2, a + 3, a + 4, a + 5) >= 1;
	/* "-1": in no call; a page is being fetched. */
	if (is_told && t->call < 0)
		t->state = THREAD_STATE_WAITPAGE;
	else if (is_told && t->call != SYS_restart_syscall)
		threadinfo_by_call(t);
	else
		threadinfo_by_function(t);
	if (t->state == THREAD_STATE_REPLY)
		t->on = THREADINFO_SYSTEM;
}

/* Of threads that can run we know one that does not: who is on our own processor. */
static uint32_t threadinfo_runnable(const struct threadinfo *t, int processor)
{
	bool is_self = t->tid == (pid_t)syscall(SYS_gettid);

	return !is_self && processor >= 0 && processor == sched_getcpu() ? THREAD_STATE_READY :
									   THREAD_STATE_RUNNING;
}

/* The name is in parentheses and may hold any byte, parentheses too. */
static int threadinfo_stat(const char *text, struct threadinfo *ret, int *ret_processor)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	size_t len;

	if (!open || !close || sscanf(close + 1, " %c", &ret->kernel_state) != 1)
		return -ESRCH;
	len = (size_t)(close - open - 1);
	if (len >= sizeof(ret->name))
		len = sizeof(ret->name) - 1;
	memcpy(ret->name, open + 1, len);
	/* Fields 4 to 38 lie in between. */
	for (int field = 3; close && field < 39; field++)
		close = strchr(close + (field == 3 ? 2 : 1), ' ');
	*ret_processor = close ? atoi(close) : -1;
	return 0;
}

int threadinfo_read(pid_t pid, pid_t tid, struct threadinfo *ret)
{
	int processor;
	char text[1024];

	memset(ret, 0, sizeof(*ret));
	ret->pid = pid;
	ret->tid = tid;
	ret->call = -1;
	if (threadinfo_file(pid, tid, "stat", text, sizeof(text)) <= 0 ||
	    threadinfo_stat(text, ret, &processor) < 0)
		return -ESRCH;
	switch (ret->kernel_state) {
	case 'R':
		ret->state = threadinfo_runnable(ret, processor);
		break;
	case 'T':
	case 't':
		ret->state = THREAD_STATE_STOPPED;
		break;
	case 'Z':
	case 'X':
	case 'x':
		ret->state = THREAD_STATE_DEAD;
		break;
	default:
		threadinfo_sleeping(ret);
	}
	return 0;
}

static void threadinfo_close(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* Into its place; *n ids lie there, ascending. */
static void threadinfo_insert(pid_t *tids, size_t cap, size_t *n, pid_t tid, bool *more)
{
	size_t at = *n;

	if (*n == cap) {
		*more = true;
		if (cap == 0 || tid > tids[cap - 1])
			return;
		at--;
	} else {
		++*n;
	}
	/* The kernel tells them in the order of their making: mostly there already. */
	for (; at > 0 && tids[at - 1] > tid; at--)
		tids[at] = tids[at - 1];
	tids[at] = tid;
}

int threadinfo_list(pid_t pid, pid_t after, pid_t *tids, size_t cap, bool *ret_more)
{
	__attribute__((cleanup(threadinfo_close))) DIR *d = NULL;
	struct dirent *e;
	char path[64];
	size_t n = 0;

	*ret_more = false;
	(void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	if (!d)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((e = readdir(d)) != NULL) {
		pid_t tid = isdigit((unsigned char)e->d_name[0]) ? atoi(e->d_name) : 0;

		if (tid > after)
			threadinfo_insert(tids, cap, &n, tid, ret_more);
	}
	return (int)n;
}
