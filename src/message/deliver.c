// SPDX-License-Identifier: Apache-2.0
/*
 * What an event says is done: the one place where it is. Who knows when (the process
 * manager, timers, servers, timeouts) calls here.
 */
#include "message/deliver.h"

#include <errno.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/neutrino.h>
#include <sys/siginfo.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "message/kept.h"
#include "message/registered.h"
#include "message/sigevent.h"

/* ---- Signals ---- */

static int deliver_signal(const struct sigevent *ev, int code, pid_t tid)
{
	pid_t pid = getpid();
	siginfo_t info;
	long r = -1;

	if (ev->sigev_signo < 1 || ev->sigev_signo >= NSIG)
		return -EINVAL;
	memset(&info, 0, sizeof(info));
	info.si_signo = ev->sigev_signo;
	info.si_code = code;
	info.si_pid = pid;
	info.si_uid = getuid();
	info.si_value = sigevent_value(ev);
	if (tid > 0)
		r = syscall(SYS_rt_tgsigqueueinfo, pid, tid, info.si_signo, &info);
	/* That thread is gone, or none was meant: some thread. */
	if (tid <= 0 || (r < 0 && errno == ESRCH))
		r = syscall(SYS_rt_sigqueueinfo, pid, info.si_signo, &info);
	return r < 0 ? -errno : 0;
}

/* ---- Threads ---- */

/* One run of a function. */
struct deliver_run {
	void (*function)(union sigval value);
	union sigval value;
};

static void *deliver_run_function(void *arg)
{
	auto_free struct deliver_run *mine = arg;
	struct deliver_run run = *mine;
	sigset_t none;

	free(ptr_take(mine)); /* the function may end the thread */
	sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL); /* cannot fail */
	run.function(run.value);
	return NULL;
}

/* Detached whatever the program says. A stack of its own is not taken: two may run at once. */
void deliver_attributes(const pthread_attr_t *from, pthread_attr_t *ret)
{
	struct sched_param param;
	size_t size;
	int value;

	/* These fail for bad values only, and then the default holds. */
	(void)pthread_attr_init(ret);
	(void)pthread_attr_setdetachstate(ret, PTHREAD_CREATE_DETACHED);
	if (!from)
		return;
	if (pthread_attr_getstacksize(from, &size) == 0)
		(void)pthread_attr_setstacksize(ret, size);
	if (pthread_attr_getguardsize(from, &size) == 0)
		(void)pthread_attr_setguardsize(ret, size);
	if (pthread_attr_getschedpolicy(from, &value) == 0)
		(void)pthread_attr_setschedpolicy(ret, value);
	if (pthread_attr_getschedparam(from, &param) == 0)
		(void)pthread_attr_setschedparam(ret, &param);
	if (pthread_attr_getinheritsched(from, &value) == 0)
		(void)pthread_attr_setinheritsched(ret, value);
}

static int deliver_thread(const struct sigevent *ev)
{
	auto_free struct deliver_run *run = NULL;
	pthread_attr_t attributes;
	pthread_t thread;
	int r;

	if (!ev->_sigev_un._sigev_thread._function)
		return -EINVAL;
	run = malloc(sizeof(*run));
	if (!run)
		return -EAGAIN;
	run->function = ev->_sigev_un._sigev_thread._function;
	run->value = sigevent_value(ev);
	deliver_attributes(ev->_sigev_un._sigev_thread._attribute, &attributes);
	r = pthread_create(&thread, &attributes, deliver_run_function, run);
	if (r == 0)
		(void)ptr_take(run);
	(void)pthread_attr_destroy(&attributes); /* as above */
	return -r;
}

/* ---- Pulses ---- */

/* differs: with SIGEV_FLAG_NOQUEUE, too, it is queued if nobody waits. */
static int deliver_pulse(const struct sigevent *ev)
{
	int coid = ev->sigev_coid, priority = ev->sigev_priority, code = ev->sigev_code;

	if (ev->sigev_notify & SIGEV_FLAG_SIVAL_INT)
		return -MsgSendPulse_r(coid, priority, code, ev->sigev_value.sival_int);
	return -MsgSendPulsePtr_r(coid, priority, code, ev->sigev_value.sival_ptr);
}

/* ---- Memory ---- */

static int deliver_memory(const struct sigevent *ev)
{
	unsigned *word = (unsigned *)(uintptr_t)ev->sigev_addr;
	unsigned value = (unsigned)ev->sigev_value.sival_int;

	if (!word || (uintptr_t)word % sizeof(*word))
		return -EINVAL;
	switch (ev->sigev_memop) {
	case SIGEV_MEM_ASSIGN:
		__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
		return 0;
	case SIGEV_MEM_ADD:
		(void)__atomic_fetch_add(word, value, __ATOMIC_SEQ_CST);
		return 0;
	case SIGEV_MEM_SUB:
		(void)__atomic_fetch_sub(word, value, __ATOMIC_SEQ_CST);
		return 0;
	case SIGEV_MEM_BITSET:
		(void)__atomic_fetch_or(word, value, __ATOMIC_SEQ_CST);
		return 0;
	case SIGEV_MEM_BITCLR:
		(void)__atomic_fetch_and(word, ~value, __ATOMIC_SEQ_CST);
		return 0;
	case SIGEV_MEM_BITTOGGLE:
		(void)__atomic_fetch_xor(word, value, __ATOMIC_SEQ_CST);
		return 0;
	default:
		return -EINVAL;
	}
}

static int deliver_semaphore(const struct sigevent *ev)
{
	sem_t *semaphore = (sem_t *)(uintptr_t)ev->sigev_addr;

	if (!semaphore)
		return -EINVAL;
	if (sem_post(semaphore) == 0)
		return 0;
	return errno == EOVERFLOW ? -EAGAIN : -errno;
}

/* ---- All of them ---- */

static int deliver_plain(const struct sigevent *ev, int tid)
{
	switch (SIGEV_GET_TYPE(ev)) {
	case SIGEV_NONE:
	case SIGEV_UNBLOCK: /* whoever is to be unblocked looks for this type himself */
		return 0;
	case SIGEV_SIGNAL:
		return deliver_signal(ev, SI_QUEUE, 0);
	case SIGEV_SIGNAL_CODE:
		return deliver_signal(ev, ev->sigev_code, 0);
	case SIGEV_SIGNAL_THREAD:
		return deliver_signal(ev, ev->sigev_code, tid);
	case SIGEV_THREAD_ID:
		return deliver_signal(ev, SI_QUEUE, ev->_sigev_un._tid);
	case SIGEV_THREAD:
		return deliver_thread(ev);
	case SIGEV_PULSE:
		return deliver_pulse(ev);
	case SIGEV_MEMORY:
		return deliver_memory(ev);
	case SIGEV_SEM:
		return deliver_semaphore(ev);
	case SIGEV_INTR:
		return interrupt_post(ev->sigev_id);
	default:
		return -EINVAL;
	}
}

int deliver_here(const struct sigevent *event, int tid)
{
	int saved = errno, rc = 0;
	struct kept kept;

	if (event->sigev_notify & SIGEV_FLAG_HANDLE) {
		rc = registered_get(event, &kept);
		event = &kept.event;
		tid = tid > 0 ? tid : kept.tid;
	}
	if (rc == 0)
		rc = deliver_plain(event, tid);
	errno = saved;
	return rc;
}
