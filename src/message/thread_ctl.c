// SPDX-License-Identifier: Apache-2.0
/*
 * ThreadCtl(): what it is asked for, as far as an ordinary user's process can have it.
 *
 * I/O privileges are refused: nothing here may touch hardware, and who is told so at once
 * does not fail later in a stranger way. A program that only wants interrupts by software
 * (InterruptAttachEvent()) asks first as well; KAMIOKA_IO=pretend in its environment lets it
 * pass.
 *
 * differs: threads cannot be held one by one, as the kernel stops whole processes only.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/neutrino.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "client/export.h"
#include "client/result.h"
#include "message/thread.h"

#define COMM_MAX 16 /* the kernel's names of threads, with the 0 */
#define CPUS_MAX 1024

static __thread char name_full[_NTO_THREAD_NAME_MAX]; /* "": the kernel's */
static __thread int align_fault_recorded;
static __thread int constrained_recorded;

/* ---- Names ---- */

static int comm_open(pid_t tid, int flags)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tid); /* it fits */
	return open(path, flags | O_CLOEXEC);
}

static int comm_get(pid_t tid, char *ret_name)
{
	auto_fd fd = comm_open(tid, O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, ret_name, COMM_MAX);

	if (len < 0)
		return ESRCH;
	ret_name[len > 0 ? len - 1 : 0] = 0; /* ends with a newline */
	return EOK;
}

static int comm_set(pid_t tid, const char *name)
{
	auto_fd fd = comm_open(tid, O_WRONLY);
	size_t len = MIN(strlen(name), (size_t)COMM_MAX - 1);

	return fd >= 0 && write(fd, name, len) >= 0 ? EOK : ESRCH;
}

/* The kernel keeps 15 characters; of the calling thread we keep all. */
static int ctl_name(pid_t tid, bool mine, struct _thread_name *n)
{
	char former[_NTO_THREAD_NAME_MAX] = "", fresh[_NTO_THREAD_NAME_MAX] = "";
	int len = n->new_name_len;
	int r = EOK;

	if (len >= _NTO_THREAD_NAME_MAX || n->name_buf_len < 0 || len > n->name_buf_len)
		return EINVAL;
	if (mine && name_full[0])
		memcpy(former, name_full, sizeof(former));
	else
		r = comm_get(tid, former);
	if (r == EOK && len >= 0) {
		memcpy(fresh, n->name_buf, (size_t)len);
		r = comm_set(tid, fresh);
		if (r == EOK && mine)
			memcpy(name_full, fresh, sizeof(name_full));
	}
	if (r == EOK && n->name_buf_len > 0)
		(void)snprintf(n->name_buf, (size_t)n->name_buf_len, "%s", former);
	return r;
}

/* ---- Processors ---- */

static int mask_get(pid_t tid, unsigned *ret_mask, int size)
{
	cpu_set_t set;

	if (sched_getaffinity(tid, sizeof(set), &set) < 0)
		return errno;
	memset(ret_mask, 0, (size_t)size * sizeof(*ret_mask));
	for (int cpu = 0; cpu < size * 32 && cpu < CPUS_MAX; cpu++)
		if (CPU_ISSET((size_t)cpu, &set))
			RMSK_SET(cpu, ret_mask);
	return EOK;
}

static bool mask_is_empty(const unsigned *mask, int size)
{
	for (int i = 0; i < size; i++)
		if (mask[i])
			return false;
	return true;
}

/* Bits of processors that there are not mean nothing; none at all that there is: EINVAL. */
static int mask_set(pid_t tid, const unsigned *mask, int size)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int cpu = 0; cpu < size * 32 && cpu < CPUS_MAX; cpu++)
		if (RMSK_ISSET(cpu, mask))
			CPU_SET((size_t)cpu, &set);
	return sched_setaffinity(tid, sizeof(set), &set) < 0 ? errno : EOK;
}

static int ctl_mask(pid_t tid, unsigned *mask)
{
	unsigned former;
	int r = mask_get(tid, &former, 1);

	if (r == EOK && *mask)
		r = mask_set(tid, mask, 1);
	if (r == EOK)
		*mask = former;
	return r;
}

/* differs: the kernel's threads inherit what their maker runs on; there is no second mask. */
static int ctl_masks(pid_t tid, struct _thread_runmask *m)
{
	unsigned former[CPUS_MAX / 32];
	size_t bytes;
	int r;

	if (m->size < 1 || m->size > CPUS_MAX / 32)
		return EINVAL;
	bytes = (size_t)m->size * sizeof(*former);
	r = mask_get(tid, former, m->size);
	if (r == EOK && !mask_is_empty(m->masks, m->size))
		r = mask_set(tid, m->masks, m->size);
	if (r != EOK)
		return r;
	memcpy(m->masks, former, bytes);
	memcpy(m->masks + m->size, former, bytes);
	return EOK;
}

/* ---- The rest ---- */

static int ctl_io(void)
{
	const char *how = getenv("KAMIOKA_IO");

	return how && strcmp(how, "pretend") == 0 ? EOK : EPERM;
}

static int ctl_recorded(bool mine, int *record, int fresh, int *data)
{
	int former = *record;

	if (!mine)
		return ENOTSUP;
	*record = fresh;
	*data = former;
	return EOK;
}

/* @tid: the kernel's; @mine: it is the caller. */
static int thread_ctl(pid_t tid, bool mine, int cmd, void *data)
{
	unsigned mask = (unsigned)(uintptr_t)data;
	int *number = data;

	switch (cmd) {
	case _NTO_TCTL_IO:
	case _NTO_TCTL_IO_PRIV:
		return ctl_io();
	case _NTO_TCTL_IO_LEVEL:
		return ((uintptr_t)data & 0xffff) <= _NTO_IO_LEVEL_NONE ? EOK : ctl_io();
	case _NTO_TCTL_LOW_LATENCY:
		return EOK;
	case _NTO_TCTL_RUNMASK:
		return mask_set(tid, &mask, 1);
	case _NTO_TCTL_RUNMASK_GET_AND_SET:
		return data ? ctl_mask(tid, data) : EINVAL;
	case _NTO_TCTL_RUNMASK_GET_AND_SET_INHERIT:
		return data ? ctl_masks(tid, data) : EINVAL;
	case _NTO_TCTL_NAME:
		return data ? ctl_name(tid, mine, data) : EINVAL;
	case _NTO_TCTL_ALIGN_FAULT:
		return data ? ctl_recorded(mine, &align_fault_recorded,
					   *number ? *number : align_fault_recorded, number) :
			      EINVAL;
	case _NTO_TCTL_RCM_GET_AND_SET:
		return data ? ctl_recorded(mine, &constrained_recorded, *number, number) : EINVAL;
	case _NTO_TCTL_THREADS_HOLD:
	case _NTO_TCTL_THREADS_CONT:
	case _NTO_TCTL_ONE_THREAD_HOLD:
	case _NTO_TCTL_ONE_THREAD_CONT:
	case _NTO_TCTL_PERFCOUNT:
	case _NTO_TCTL_SHR_MUTEX:
	case _NTO_TCTL_ADD_EXIT_EVENT:
	case _NTO_TCTL_DEL_EXIT_EVENT:
		return ENOTSUP;
	default:
		return EINVAL;
	}
}

EXPORT int ThreadCtlExt_r(pid_t pid, int tid, int cmd, void *data)
{
	pid_t self = getpid(), mine = thread_tid();

	if ((pid != 0 && pid != self) || tid < 0)
		return ESRCH;
	if (tid == 0)
		tid = mine;
	if (tid == 1)
		tid = self;
	if (tid != mine && syscall(SYS_tgkill, self, tid, 0) < 0)
		return ESRCH;
	return thread_ctl(tid, tid == mine, cmd, data);
}

EXPORT int ThreadCtlExt(pid_t pid, int tid, int cmd, void *data)
{
	return result_errno(-ThreadCtlExt_r(pid, tid, cmd, data));
}

EXPORT int ThreadCtl_r(int cmd, void *data)
{
	return ThreadCtlExt_r(0, 0, cmd, data);
}

EXPORT int ThreadCtl(int cmd, void *data)
{
	return result_errno(-ThreadCtl_r(cmd, data));
}
