// SPDX-License-Identifier: Apache-2.0
/*
 * QNX's priorities: SchedGet(), SchedSet(), getprio(), setprio(), and POSIX's calls for
 * threads, which mean the same.
 *
 * A thread has the priority that it was given, 1 to 255: messages go by it. The kernel is
 * asked to schedule by it, too, for SCHED_FIFO and SCHED_RR, and most users may not ask
 * that: then it stays a matter between us. So no program fails for want of a privilege
 * that it would not have needed on QNX, where every program may have up to 63.
 *
 * differs: sched_get_priority_min() and _max() are Linux's, 1 to 99 for those policies, and
 * 64 to 255 share the kernel's 64 to 99.
 */
#include <sched.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/neutrino.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "client/export.h"
#include "client/real.h"
#include "client/result.h"
#include "message/thread.h"

/* Up to here QNX grants each program what it wants; so far the kernel's numbers are the same. */
#define PRIORITY_FREE_MAX 63
#define KERNEL_MAX        99

static __thread int policy_asked = -1; /* granted or not; -1: never, the kernel knows */

static int policy_mine(void)
{
	int policy = policy_asked < 0 ? (int)syscall(SYS_sched_getscheduler, 0) : policy_asked;

	return policy < 0 ? SCHED_OTHER : policy & ~SCHED_RESET_ON_FORK;
}

static bool is_realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static int kernel_priority(int policy, int priority)
{
	const int span = THREAD_PRIORITY_MAX - PRIORITY_FREE_MAX;

	if (!is_realtime(policy))
		return 0;
	if (priority <= PRIORITY_FREE_MAX)
		return priority;
	return PRIORITY_FREE_MAX +
	       ((priority - PRIORITY_FREE_MAX) * (KERNEL_MAX - PRIORITY_FREE_MAX) + span - 1) /
		       span;
}

/* Of a thread that is not ours to ask. */
static int priority_from_kernel(int policy, const struct sched_param *param, pid_t tid)
{
	int nice;

	if (is_realtime(policy))
		return param->sched_priority;
	errno = 0;
	nice = getpriority(PRIO_PROCESS, (id_t)tid);
	return MAX(THREAD_PRIORITY_DEFAULT - (errno ? 0 : nice), THREAD_PRIORITY_MIN);
}

static bool policy_is_known(int policy)
{
	return policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE ||
	       is_realtime(policy);
}

/* Linux's SCHED_OTHER has priority 0 only: who says that means QNX's default. */
static int priority_meant(int policy, int priority)
{
	if (priority == 0 && !is_realtime(policy))
		return THREAD_PRIORITY_DEFAULT;
	if (priority < THREAD_PRIORITY_MIN || priority > THREAD_PRIORITY_MAX)
		return -EINVAL;
	return priority;
}

/* Scheduling that the machine does not grant is let be. */
static int kernel_set(pid_t tid, int policy, int priority)
{
	struct sched_param param = {.sched_priority = kernel_priority(policy, priority)};

	if (syscall(SYS_sched_setscheduler, tid, policy, &param) == 0 || errno == EPERM)
		return 0;
	return -errno;
}

static int sched_set_mine(int policy, int priority)
{
	int meant, r;

	if (policy == SCHED_NOCHANGE)
		policy = policy_mine();
	if (!policy_is_known(policy))
		return -EINVAL;
	meant = priority_meant(policy, priority);
	if (meant < 0)
		return meant;
	/* An ordinary thread that stays one is nothing to ask the kernel for. */
	if (is_realtime(policy) || policy != policy_mine()) {
		r = kernel_set(0, policy, meant);
		if (r < 0)
			return r;
	}
	policy_asked = policy;
	thread_priority_set(meant);
	return 0;
}

/* differs: another thread's QNX priority is its own business; the kernel's is set. */
static int sched_set_other(pid_t tid, int policy, int priority)
{
	int meant;

	if (policy == SCHED_NOCHANGE)
		policy = (int)syscall(SYS_sched_getscheduler, tid);
	if (policy < 0)
		return -ESRCH;
	if (!policy_is_known(policy))
		return -EINVAL;
	meant = priority_meant(policy, priority);
	return meant < 0 ? meant : kernel_set(tid, policy, meant);
}

/* The kernel's id of thread @tid of process @pid, as QNX's calls name it; 0: the caller. */
static int sched_tid(pid_t pid, int tid)
{
	pid_t self = getpid();

	if (pid < 0 || tid < 0)
		return -ESRCH;
	if (pid == 0)
		pid = self;
	if (tid == 1)
		tid = pid;
	if (tid == 0)
		tid = pid == self ? thread_tid() : pid;
	if (tid == thread_tid())
		return pid == self ? 0 : -ESRCH;
	/* Signal 0: is it a thread of that process? */
	if (syscall(SYS_tgkill, pid, tid, 0) < 0 && errno != EPERM)
		return -ESRCH;
	return tid;
}

EXPORT int SchedGet_r(pid_t pid, int tid, struct sched_param *param)
{
	int id = sched_tid(pid, tid);
	struct sched_param theirs;
	int policy;

	if (id < 0)
		return id;
	if (id == 0) {
		if (param)
			param->sched_priority = thread_priority();
		return policy_mine();
	}
	policy = (int)syscall(SYS_sched_getscheduler, id);
	if (policy < 0 || syscall(SYS_sched_getparam, id, &theirs) < 0)
		return -errno;
	policy &= ~SCHED_RESET_ON_FORK;
	if (param)
		param->sched_priority = priority_from_kernel(policy, &theirs, id);
	return policy;
}

EXPORT int SchedGet(pid_t pid, int tid, struct sched_param *param)
{
	return result_errno(SchedGet_r(pid, tid, param));
}

EXPORT int SchedSet_r(pid_t pid, int tid, int policy, const struct sched_param *param)
{
	int id = sched_tid(pid, tid);

	if (id < 0)
		return -id;
	if (id == 0)
		return -sched_set_mine(policy, param->sched_priority);
	return -sched_set_other(id, policy, param->sched_priority);
}

EXPORT int SchedSet(pid_t pid, int tid, int policy, const struct sched_param *param)
{
	return result_errno(-SchedSet_r(pid, tid, policy, param));
}

EXPORT int SchedInfo_r(pid_t pid, int policy, struct _sched_info *info)
{
	struct timespec slice = {0};

	if (pid < 0 || (pid > 0 && kill(pid, 0) < 0 && errno == ESRCH))
		return ESRCH;
	if (!policy_is_known(policy))
		return EINVAL;
	*info = (struct _sched_info){
		.priority_lo = THREAD_PRIORITY_MIN,
		.priority_hi = THREAD_PRIORITY_MAX,
		.priority_priv = PRIORITY_FREE_MAX + 1,
	};
	if (policy != SCHED_FIFO && sched_rr_get_interval(0, &slice) == 0)
		info->interval = (uint64_t)slice.tv_sec * 1000000000u + (uint64_t)slice.tv_nsec;
	return EOK;
}

EXPORT int SchedInfo(pid_t pid, int policy, struct _sched_info *info)
{
	return result_errno(-SchedInfo_r(pid, policy, info));
}

EXPORT int SchedYield_r(void)
{
	(void)syscall(SYS_sched_yield); /* cannot fail */
	return EOK;
}

EXPORT int SchedYield(void)
{
	return SchedYield_r();
}

EXPORT int getprio(pid_t pid)
{
	struct sched_param param;
	int r = SchedGet_r(pid, pid == 0 ? 0 : 1, &param);

	return result_errno(r < 0 ? r : param.sched_priority);
}

EXPORT int setprio(pid_t pid, int priority)
{
	const struct sched_param param = {.sched_priority = priority};
	int former = getprio(pid);
	int r;

	if (former < 0)
		return -1;
	if (pid != 0 && pid != getpid() && kill(pid, 0) < 0)
		return -1;
	/* 0 is no priority here. */
	r = priority < THREAD_PRIORITY_MIN ?
		    EINVAL :
		    SchedSet_r(pid, pid == 0 ? 0 : 1, SCHED_NOCHANGE, &param);
	return result_errno(r ? -r : former);
}

/* ---- POSIX's ---- */

EXPORT int pthread_setschedparam(pthread_t thread, int policy, const struct sched_param *param)
{
	static void *cached;
	int (*set)(pthread_t, int, const struct sched_param *);
	struct sched_param mapped = *param;
	void *found;
	int meant, r;

	if (pthread_equal(thread, pthread_self()))
		return -sched_set_mine(policy, param->sched_priority);
	if (!policy_is_known(policy))
		return EINVAL;
	meant = priority_meant(policy, param->sched_priority);
	found = real_function("pthread_setschedparam", &cached);
	if (meant < 0 || !found)
		return meant < 0 ? -meant : ENOSYS;
	memcpy(&set, &found, sizeof(set));
	mapped.sched_priority = kernel_priority(policy, meant);
	r = set(thread, policy, &mapped);
	if (r != 0 && r != EPERM)
		return r;
	thread_priority_set_of(thread, meant);
	return 0;
}

EXPORT int pthread_getschedparam(pthread_t thread, int *ret_policy, struct sched_param *ret_param)
{
	static void *cached;
	int (*get)(pthread_t, int *, struct sched_param *);
	void *found;
	int r;

	if (pthread_equal(thread, pthread_self())) {
		*ret_policy = policy_mine();
		ret_param->sched_priority = thread_priority();
		return 0;
	}
	found = real_function("pthread_getschedparam", &cached);
	if (!found)
		return ENOSYS;
	memcpy(&get, &found, sizeof(get));
	r = get(thread, ret_policy, ret_param);
	if (r == 0)
		ret_param->sched_priority = thread_priority_of(thread);
	return r;
}

EXPORT int pthread_setschedprio(pthread_t thread, int priority)
{
	struct sched_param param = {0};
	int policy;
	int r = pthread_getschedparam(thread, &policy, &param);

	param.sched_priority = priority;
	return r ? r : pthread_setschedparam(thread, policy, &param);
}

/*
 * glibc measures a priority by the policy that the attributes have so far, and QNX's
 * programs say 10 to an ordinary thread: it goes in under another policy.
 */
EXPORT int pthread_attr_setschedparam(pthread_attr_t *attr, const struct sched_param *param)
{
	static void *cached;
	int (*set)(pthread_attr_t *, const struct sched_param *);
	void *found = real_function("pthread_attr_setschedparam", &cached);
	struct sched_param mapped = *param;
	int policy, r;

	if (!found)
		return ENOSYS;
	memcpy(&set, &found, sizeof(set));
	if (pthread_attr_getschedpolicy(attr, &policy) != 0 || param->sched_priority <= 0 ||
	    param->sched_priority > THREAD_PRIORITY_MAX)
		return set(attr, param);
	if (is_realtime(policy)) {
		mapped.sched_priority = kernel_priority(policy, param->sched_priority);
		return set(attr, &mapped);
	}
	mapped.sched_priority = MIN(param->sched_priority, KERNEL_MAX);
	r = pthread_attr_setschedpolicy(attr, SCHED_RR);
	if (r == 0)
		r = set(attr, &mapped);
	(void)pthread_attr_setschedpolicy(attr, policy); /* it had that before */
	return r;
}
