// SPDX-License-Identifier: Apache-2.0
/* ThreadCtl(), scheduling, signals to threads. */
#include "harness/harness.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/neutrino.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAME_BYTES _NTO_THREAD_NAME_MAX

static struct _thread_name *name_new(void)
{
	static long space[(sizeof(struct _thread_name) + NAME_BYTES) / sizeof(long) + 1];
	struct _thread_name *n = (struct _thread_name *)(void *)space;

	memset(space, 0, sizeof(space));
	n->name_buf_len = NAME_BYTES;
	return n;
}

TEST(threadctl_name_is_set_told_and_removed)
{
	static const char name[] = "a name that is longer than the kernel's fifteen";
	struct _thread_name *n = name_new();

	strcpy(n->name_buf, name);
	n->new_name_len = (int)strlen(name);
	EXPECT_OK(ThreadCtl(_NTO_TCTL_NAME, n));
	n->new_name_len = -1;
	EXPECT_OK(ThreadCtl(_NTO_TCTL_NAME, n));
	EXPECT_STR(n->name_buf, name);
	n->new_name_len = 0;
	EXPECT_OK(ThreadCtl(_NTO_TCTL_NAME, n));
	EXPECT_STR(n->name_buf, name);
	n->new_name_len = -1;
	EXPECT_OK(ThreadCtl(_NTO_TCTL_NAME, n));
	EXPECT_STR(n->name_buf, "");
	n->new_name_len = NAME_BYTES;
	EXPECT_EQ(ThreadCtl_r(_NTO_TCTL_NAME, n), EINVAL);
}

TEST(threadctl_runmask_says_where_a_thread_runs)
{
	unsigned all = 0, one, mask = 0;

	EXPECT_OK(ThreadCtl(_NTO_TCTL_RUNMASK_GET_AND_SET, &all));
	EXPECT_NE(all, 0);
	one = all & -all;
	EXPECT_OK(ThreadCtl(_NTO_TCTL_RUNMASK, (void *)(uintptr_t)one));
	EXPECT_OK(ThreadCtl(_NTO_TCTL_RUNMASK_GET_AND_SET, &mask));
	EXPECT_EQ(mask, one);
	EXPECT_EQ(1u << sched_getcpu(), one);
	mask = all;
	EXPECT_OK(ThreadCtl(_NTO_TCTL_RUNMASK_GET_AND_SET, &mask));
	EXPECT_EQ(mask, one);
	EXPECT_ERRNO(ThreadCtl(_NTO_TCTL_RUNMASK, NULL), EINVAL);
}

TEST(threadctl_runmask_inherit_tells_both_masks)
{
	struct {
		int size;
		unsigned run, inherit;
	} masks = {.size = RMSK_SIZE(32)};
	unsigned all = 0;

	EXPECT_OK(ThreadCtl(_NTO_TCTL_RUNMASK_GET_AND_SET, &all));
	masks.run = masks.inherit = all & -all;
	EXPECT_OK(ThreadCtl(_NTO_TCTL_RUNMASK_GET_AND_SET_INHERIT, &masks));
	EXPECT_EQ(masks.run, all);
	EXPECT_EQ(masks.inherit, all);
	masks.run = 0;
	EXPECT_OK(ThreadCtl(_NTO_TCTL_RUNMASK_GET_AND_SET_INHERIT, &masks));
	EXPECT_EQ(masks.run, all & -all);
	masks.size = 0;
	EXPECT_ERRNO(ThreadCtl(_NTO_TCTL_RUNMASK_GET_AND_SET_INHERIT, &masks), EINVAL);
}

TEST(threadctl_io_is_eperm_unless_pretended)
{
	EXPECT_ERRNO(ThreadCtl(_NTO_TCTL_IO, NULL), EPERM);
	EXPECT_ERRNO(ThreadCtl(_NTO_TCTL_IO_PRIV, NULL), EPERM);
	EXPECT_ERRNO(ThreadCtl(_NTO_TCTL_IO_LEVEL, (void *)_NTO_IO_LEVEL_1), EPERM);
	EXPECT_OK(setenv("KAMIOKA_IO", "pretend", 1));
	EXPECT_OK(ThreadCtl(_NTO_TCTL_IO, NULL));
}

TEST(threadctl_what_there_is_not_is_enotsup_and_nonsense_einval)
{
	int fault = 1;

	EXPECT_ERRNO(ThreadCtl(_NTO_TCTL_THREADS_HOLD, NULL), ENOTSUP);
	EXPECT_ERRNO(ThreadCtl(_NTO_TCTL_ONE_THREAD_CONT, (void *)1), ENOTSUP);
	EXPECT_ERRNO(ThreadCtl(1000, NULL), EINVAL);
	EXPECT_OK(ThreadCtl(_NTO_TCTL_LOW_LATENCY, NULL));
	EXPECT_OK(ThreadCtl(_NTO_TCTL_ALIGN_FAULT, &fault));
	EXPECT_EQ(fault, 0);
	fault = 0;
	EXPECT_OK(ThreadCtl(_NTO_TCTL_ALIGN_FAULT, &fault));
	EXPECT_EQ(fault, 1);
}

struct other {
	sem_t there, end;
	pid_t tid;
};

static void *be_there(void *arg)
{
	struct other *o = arg;

	o->tid = gettid();
	(void)sem_post(&o->there);
	while (sem_wait(&o->end) != 0)
		;
	return NULL;
}

static pthread_t other_new(struct other *o)
{
	pthread_t thread;

	EXPECT_OK(sem_init(&o->there, 0, 0));
	EXPECT_OK(sem_init(&o->end, 0, 0));
	EXPECT_EQ(pthread_create(&thread, NULL, be_there, o), 0);
	EXPECT_OK(sem_wait(&o->there));
	return thread;
}

static void other_end(struct other *o, pthread_t thread)
{
	EXPECT_OK(sem_post(&o->end));
	EXPECT_EQ(pthread_join(thread, NULL), 0);
}

TEST(threadctlext_names_another_thread)
{
	struct _thread_name *n = name_new();
	struct other o;
	pthread_t thread = other_new(&o);

	strcpy(n->name_buf, "other");
	n->new_name_len = 5;
	EXPECT_OK(ThreadCtlExt(0, o.tid, _NTO_TCTL_NAME, n));
	n->new_name_len = -1;
	EXPECT_OK(ThreadCtlExt(getpid(), o.tid, _NTO_TCTL_NAME, n));
	EXPECT_STR(n->name_buf, "other");
	EXPECT_ERRNO(ThreadCtlExt(getppid() + 1, 0, _NTO_TCTL_NAME, n), ESRCH);
	EXPECT_ERRNO(ThreadCtlExt(0, 0x3fffffff, _NTO_TCTL_NAME, n), ESRCH);
	other_end(&o, thread);
}

TEST(sched_priority_is_10_and_what_was_set)
{
	struct sched_param param;
	int policy;

	EXPECT_EQ(SchedGet(0, 0, &param), SCHED_OTHER);
	EXPECT_EQ(param.sched_priority, 10);
	EXPECT_EQ(param.sched_curpriority, 10);
	param.sched_priority = 200;
	EXPECT_OK(SchedSet(0, 0, SCHED_RR, &param));
	EXPECT_EQ(SchedGet(0, 0, &param), SCHED_RR);
	EXPECT_EQ(param.sched_priority, 200);
	EXPECT_EQ(pthread_getschedparam(pthread_self(), &policy, &param), 0);
	EXPECT_EQ(policy, SCHED_RR);
	EXPECT_EQ(param.sched_priority, 200);
	EXPECT_EQ(getprio(0), 200);
	EXPECT_EQ(setprio(0, 9), 200);
	EXPECT_EQ(getprio(0), 9);
	EXPECT_EQ(SchedGet(0, 0, NULL), SCHED_RR);
}

TEST(sched_pthread_calls_mean_the_same_priority)
{
	struct sched_param param = {.sched_priority = 15};
	int policy;

	EXPECT_EQ(pthread_setschedparam(pthread_self(), SCHED_FIFO, &param), 0);
	EXPECT_EQ(getprio(0), 15);
	EXPECT_EQ(pthread_setschedprio(pthread_self(), 21), 0);
	EXPECT_EQ(getprio(0), 21);
	EXPECT_EQ(SchedGet(0, 0, &param), SCHED_FIFO);
	/* Linux's ordinary priority is QNX's. */
	param.sched_priority = 0;
	EXPECT_EQ(pthread_setschedparam(pthread_self(), SCHED_OTHER, &param), 0);
	EXPECT_EQ(pthread_getschedparam(pthread_self(), &policy, &param), 0);
	EXPECT_EQ(policy, SCHED_OTHER);
	EXPECT_EQ(param.sched_priority, 10);
}

static void *tell_priority(void *ret)
{
	*(int *)ret = getprio(0);
	return NULL;
}

TEST(sched_a_new_thread_has_its_makers_or_its_attributes_priority)
{
	struct sched_param param = {.sched_priority = 17};
	pthread_attr_t attr;
	pthread_t thread;
	int priority = 0;

	EXPECT_OK(setprio(0, 23));
	EXPECT_EQ(pthread_create(&thread, NULL, tell_priority, &priority), 0);
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_EQ(priority, 23);
	EXPECT_EQ(pthread_attr_init(&attr), 0);
	EXPECT_EQ(pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED), 0);
	EXPECT_EQ(pthread_attr_setschedparam(&attr, &param), 0);
	EXPECT_EQ(pthread_create(&thread, &attr, tell_priority, &priority), 0);
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_EQ(priority, 17);
	EXPECT_EQ(pthread_attr_destroy(&attr), 0);
}

TEST(sched_another_threads_priority_is_set_and_told)
{
	struct sched_param param = {.sched_priority = 0};
	struct other o;
	pthread_t thread = other_new(&o);
	int policy;

	EXPECT_EQ(pthread_getschedparam(thread, &policy, &param), 0);
	EXPECT_EQ(param.sched_priority, 10);
	param.sched_priority = 40;
	EXPECT_EQ(pthread_setschedparam(thread, SCHED_RR, &param), 0);
	param.sched_priority = 0;
	EXPECT_EQ(pthread_getschedparam(thread, &policy, &param), 0);
	EXPECT_EQ(param.sched_priority, 40);
	EXPECT_EQ(getprio(0), 10);
	other_end(&o, thread);
}

TEST(sched_attributes_take_qnx_priorities_under_each_policy)
{
	struct sched_param param = {.sched_priority = 15};
	pthread_attr_t attr;
	int policy;

	EXPECT_EQ(pthread_attr_init(&attr), 0);
	EXPECT_EQ(pthread_attr_setschedparam(&attr, &param), 0);
	param.sched_priority = 0;
	EXPECT_EQ(pthread_attr_getschedparam(&attr, &param), 0);
	EXPECT_EQ(param.sched_priority, 15);
	EXPECT_EQ(pthread_attr_getschedpolicy(&attr, &policy), 0);
	EXPECT_EQ(policy, SCHED_OTHER);
	param.sched_priority = 255;
	EXPECT_EQ(pthread_attr_setschedpolicy(&attr, SCHED_RR), 0);
	EXPECT_EQ(pthread_attr_setschedparam(&attr, &param), 0);
	EXPECT_EQ(pthread_attr_destroy(&attr), 0);
}

TEST(sched_errors_are_told)
{
	struct sched_param param = {.sched_priority = 256};
	struct _sched_info info;

	EXPECT_ERRNO(SchedSet(0, 0, SCHED_RR, &param), EINVAL);
	param.sched_priority = 0;
	EXPECT_EQ(SchedSet_r(0, 0, SCHED_RR, &param), EINVAL);
	EXPECT_EQ(SchedGet_r(0, 0x3fffffff, &param), -ESRCH);
	EXPECT_ERRNO(setprio(0, 0), EINVAL);
	EXPECT_OK(SchedInfo(0, SCHED_FIFO, &info));
	EXPECT_EQ(info.priority_lo, 1);
	EXPECT_EQ(info.priority_hi, 255);
	EXPECT_EQ(info.interval, 0);
	EXPECT_OK(SchedInfo(0, SCHED_RR, &info));
	EXPECT_ERRNO(SchedInfo(0, 99, &info), EINVAL);
	EXPECT_OK(SchedYield());
}

TEST(sched_another_process_can_be_looked_at)
{
	struct sched_param param;

	EXPECT_GE(getprio(getppid()), -1);
	EXPECT_GE(SchedGet(getpid(), 1, &param), 0);
	EXPECT_EQ(param.sched_priority, 10);
	EXPECT_ERRNO(getprio(0x3fffffff), ESRCH);
}

static sigset_t blocked(int signo)
{
	sigset_t set;

	EXPECT_OK(sigemptyset(&set));
	EXPECT_OK(sigaddset(&set, signo));
	EXPECT_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	return set;
}

TEST(signalkill_brings_code_and_value)
{
	sigset_t set = blocked(SIGUSR1);
	siginfo_t info;

	EXPECT_OK(SignalKill(ND_LOCAL_NODE, getpid(), 0, SIGUSR1, SI_MINAVAIL, 77));
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGUSR1);
	EXPECT_EQ(info.si_code, SI_MINAVAIL);
	EXPECT_EQ(info.si_value.sival_int, 77);
	EXPECT_EQ(info.si_pid, getpid());
	EXPECT_OK(SignalKill(0, getpid(), gettid(), SIGUSR1, SI_USER, 0));
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGUSR1);
	EXPECT_EQ(info.si_code, SI_USER);
}

TEST(signalkill_reaches_exactly_the_thread_it_names)
{
	sigset_t set = blocked(SIGUSR2), pending;
	const union sigval value = {.sival_ptr = &set};
	siginfo_t info;
	struct other o;
	pthread_t thread = other_new(&o);

	EXPECT_OK(SignalKill(0, getpid(), o.tid, SIGUSR2, SI_QUEUE, 1));
	EXPECT_OK(sigpending(&pending));
	EXPECT_EQ(sigismember(&pending, SIGUSR2), 0);
	EXPECT_OK(SignalKillSigval(0, getpid(), 1, SIGUSR2, SI_QUEUE, &value));
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGUSR2);
	EXPECT(info.si_value.sival_ptr == &set);
	other_end(&o, thread);
}

TEST(signalkill_errors_are_told)
{
	EXPECT_OK(SignalKill(0, getpid(), 0, 0, 0, 0));
	EXPECT_ERRNO(SignalKill(0, 0x3fffffff, 0, 0, 0, 0), ESRCH);
	EXPECT_ERRNO(SignalKill(0, getpid(), 0x3fffffff, SIGUSR1, 0, 0), ESRCH);
	EXPECT_ERRNO(SignalKill(0, getpid(), 0, 1000, 0, 0), EINVAL);
	EXPECT_EQ(SignalKill_r(5, getpid(), 0, 0, 0, 0), ENOREMOTE);
}
