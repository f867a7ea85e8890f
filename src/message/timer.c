// SPDX-License-Identifier: Apache-2.0
/*
 * timer_create() with events that the kernel cannot deliver: pulses above all. Functions,
 * too: glibc's thread for them would be the program's, who could not fork any more.
 *
 * The timer is the kernel's all the same, so everything else about it is too. It sends
 * its signal to a thread of ours, the *waiter*, which takes it from the kernel; another, the
 * *teller*, does what the event says, once for each time the timer has expired: what came
 * while the threads were busy the kernel has counted. The signal brings the handle of the
 * event, so that one that is still under way when its timer is deleted leads nowhere.
 *
 * The signal is the one below those that programs may use. glibc wants it from other
 * threads, never from the waiter, but lets nobody block it: what restores a mask by glibc's
 * calls lets it through, and it kills. So the waiter makes bare system calls only, and
 * there are two threads.
 *
 * differs: a SIGEV_SIGNAL_THREAD timer is for the thread that made it, not for the one that
 * set it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/neutrino.h>
#include <sys/siginfo.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "client/export.h"
#include "client/helper.h"
#include "client/result.h"
#include "message/deliver.h"
#include "message/kept.h"
#include "message/registered.h"
#include "message/sigevent.h"
#include "message/thread.h"

#define TIMER_SIGNAL      32
#define TIMER_SET         (UINT64_C(1) << (TIMER_SIGNAL - 1))
#define TIMER_RETRY_NS    1000000
/* As many at most at once, of one that was overdue: a process stopped for a day. */
#define TIMER_MOST        100000
/* How many may be owed because their channels are full. */
#define TIMER_DEBTS       64
#define TIMER_LINE        256
#define TIMER_DEBT_ROUNDS 2000 /* each of TIMER_RETRY_NS */

struct timer_expiry {
	uint32_t handle;
	uint32_t times;
};

/* From the waiter, which writes head, to the teller, which writes tail. What a fork leaves in
 * it leads nowhere in the child. */
static struct {
	uint32_t head, tail; /* futexes */
	bool is_full;        /* the waiter sleeps on tail */
	struct timer_expiry expiries[TIMER_LINE];
} timer_line;

/* Times that a timer has expired and could not be told of yet. handle 0: none. */
struct timer_debt {
	uint32_t handle;
	uint32_t times;
	uint32_t rounds; /* tried in vain */
};

static struct timer_debt timer_debts[TIMER_DEBTS]; /* the teller's */
static unsigned timer_n_debts;
static pid_t timer_debts_of;

/* How many of @times are still to be told. */
static uint32_t timer_tell(uint32_t handle, uint32_t times)
{
	struct kept timer;
	int rc;

	while (times > 0 && kept_get(KEPT_TIMER, handle, &timer, NULL)) {
		rc = deliver_here(&timer.event, timer.tid);
		if (rc == -EAGAIN)
			return times;
		if (rc < 0)
			return 0; /* such as: its connection is gone */
		/* A thread that runs late may ask timer_getoverrun(). */
		times = SIGEV_GET_TYPE(&timer.event) == SIGEV_THREAD ? 0 : times - 1;
	}
	return 0;
}

static struct timer_debt *timer_debt(uint32_t handle)
{
	for (unsigned i = 0; i < TIMER_DEBTS; i++)
		if (timer_debts[i].handle == handle)
			return &timer_debts[i];
	return NULL;
}

static void timer_expired(uint32_t handle, uint32_t times)
{
	struct timer_debt *debt = timer_n_debts ? timer_debt(handle) : NULL;

	if (!debt) {
		times = timer_tell(handle, times);
		debt = times ? timer_debt(0) : NULL;
		if (!debt)
			return;
		timer_n_debts++;
		*debt = (struct timer_debt){.handle = handle};
	}
	debt->times += times;
	if (debt->times > TIMER_MOST)
		debt->times = TIMER_MOST;
}

static void timer_pay(void)
{
	for (unsigned i = 0; timer_n_debts && i < TIMER_DEBTS; i++) {
		struct timer_debt *debt = &timer_debts[i];
		uint32_t left = debt->handle ? timer_tell(debt->handle, debt->times) : 0;

		if (!debt->handle)
			continue;
		debt->rounds = left < debt->times ? 0 : debt->rounds + 1;
		debt->times = left;
		if (left && debt->rounds < TIMER_DEBT_ROUNDS)
			continue;
		debt->handle = 0;
		timer_n_debts--;
	}
}

static uint32_t timer_times(const siginfo_t *info)
{
	return info->si_overrun < 0 || info->si_overrun >= TIMER_MOST ?
		       TIMER_MOST :
		       (uint32_t)info->si_overrun + 1;
}

static long timer_futex(uint32_t *word, int op, uint32_t value, const struct timespec *limit)
{
	return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, limit);
}

/* false: none has come within @limit, which may be NULL. */
static bool timer_take(const struct timespec *limit, struct timer_expiry *ret)
{
	uint32_t tail = timer_line.tail, head;

	head = __atomic_load_n(&timer_line.head, __ATOMIC_ACQUIRE);
	if (head == tail) {
		(void)timer_futex(&timer_line.head, FUTEX_WAIT, head, limit);
		head = __atomic_load_n(&timer_line.head, __ATOMIC_ACQUIRE);
	}
	if (head == tail)
		return false;
	*ret = timer_line.expiries[tail % TIMER_LINE];
	__atomic_store_n(&timer_line.tail, tail + 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&timer_line.is_full, __ATOMIC_SEQ_CST))
		(void)timer_futex(&timer_line.tail, FUTEX_WAKE, 1, NULL);
	return true;
}

static void timer_teller_main(struct helper *h)
{
	const struct timespec retry = {.tv_nsec = TIMER_RETRY_NS};
	struct timer_expiry e;

	if (timer_debts_of != getpid()) {
		/* What the parent owed leads nowhere here. */
		memset(timer_debts, 0, sizeof(timer_debts));
		timer_n_debts = 0;
		timer_debts_of = getpid();
	}
	thread_priority_set(THREAD_PRIORITY_DEFAULT);
	helper_is_ready(h);
	for (;;) {
		if (timer_take(timer_n_debts ? &retry : NULL, &e))
			timer_expired(e.handle, e.times);
		timer_pay();
	}
}

static void timer_put(const siginfo_t *info)
{
	uint32_t head = timer_line.head, tail;

	while (head - __atomic_load_n(&timer_line.tail, __ATOMIC_ACQUIRE) >= TIMER_LINE) {
		/* Said before the second look: the teller does the opposite. */
		__atomic_store_n(&timer_line.is_full, true, __ATOMIC_SEQ_CST);
		tail = __atomic_load_n(&timer_line.tail, __ATOMIC_SEQ_CST);
		/* Meanwhile the kernel counts. */
		if (head - tail >= TIMER_LINE)
			(void)timer_futex(&timer_line.tail, FUTEX_WAIT, tail, NULL);
		__atomic_store_n(&timer_line.is_full, false, __ATOMIC_SEQ_CST);
	}
	timer_line.expiries[head % TIMER_LINE] = (struct timer_expiry){
		.handle = (uint32_t)(uintptr_t)info->si_value.sival_ptr,
		.times = timer_times(info),
	};
	__atomic_store_n(&timer_line.head, head + 1, __ATOMIC_RELEASE);
	(void)timer_futex(&timer_line.head, FUTEX_WAKE, 1, NULL);
}

static void timer_waiter_main(struct helper *h)
{
	const uint64_t set = TIMER_SET;
	siginfo_t info;

	(void)syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, sizeof(set)); /* cannot fail */
	helper_is_ready(h);
	for (;;) {
		long r = syscall(SYS_rt_sigtimedwait, &set, &info, NULL, sizeof(set));

		if (r == TIMER_SIGNAL && info.si_code == SI_TIMER)
			timer_put(&info);
	}
}

static struct helper timer_teller = {.main = timer_teller_main};
static struct helper timer_waiter = {.main = timer_waiter_main};

static int timer_helpers_start(void)
{
	int rc = helper_start(&timer_teller);

	return rc < 0 ? rc : helper_start(&timer_waiter);
}

/* glibc's own; NULL in a program without it. */
static void *timer_libc(const char *name, void **cached)
{
	void *found = __atomic_load_n(cached, __ATOMIC_RELAXED);

	if (!found) {
		found = dlsym(RTLD_NEXT, name);
		__atomic_store_n(cached, found, __ATOMIC_RELAXED);
	}
	return found;
}

static int timer_create_libc(clockid_t clock, struct sigevent *ev, timer_t *ret_timer)
{
	static void *cached;
	int (*make)(clockid_t, struct sigevent *, timer_t *);
	void *found = timer_libc("timer_create", &cached);

	if (!found)
		return -ENOSYS;
	memcpy(&make, &found, sizeof(make));
	return make(clock, ev, ret_timer) < 0 ? -errno : 0;
}

static int timer_check(const struct sigevent *ev)
{
	/* Nobody waits in a call that it could end. */
	if (SIGEV_GET_TYPE(ev) == SIGEV_UNBLOCK)
		return -EINVAL;
	if (!(ev->sigev_notify & SIGEV_FLAG_HANDLE))
		return sigevent_check(ev);
	/* A timer is the process's own as well as the system's. */
	if (registered_allows(ev, SYSMGR_COID) == 0)
		return 0;
	return registered_allows(ev, _NTO_REGEVENT_ALLOW_SELF);
}

static int timer_create_kept(clockid_t clock, const struct sigevent *ev, timer_t *ret_timer)
{
	struct sigevent signal;
	struct kept kept;
	uint32_t handle;
	timer_t timer;
	int rc = timer_helpers_start();

	if (rc < 0)
		return rc;
	kept_init(&kept, ev);
	rc = kept_add(KEPT_TIMER, -1, &kept, &handle);
	if (rc < 0)
		return rc;
	memset(&signal, 0, sizeof(signal));
	signal.sigev_notify = SIGEV_THREAD_ID;
	signal.sigev_signo = TIMER_SIGNAL;
	signal.sigev_value.sival_ptr = (void *)(uintptr_t)handle;
	signal._sigev_un._tid = timer_waiter.tid;
	rc = timer_create_libc(clock, &signal, &timer);
	if (rc < 0) {
		(void)kept_remove(KEPT_TIMER, handle); /* only we know it */
		return rc;
	}
	/* It does not run before timer_settime(). */
	kept_set_key(handle, (int64_t)(intptr_t)timer);
	*ret_timer = timer;
	return 0;
}

EXPORT int timer_create(clockid_t clock, struct sigevent *ev, timer_t *ret_timer)
{
	struct sigevent plain;
	int rc;

	if (!ev)
		return result_errno(timer_create_libc(clock, NULL, ret_timer));
	rc = timer_check(ev);
	if (rc < 0)
		return result_errno(rc);
	if (SIGEV_GET_TYPE(ev) != SIGEV_THREAD && sigevent_to_libc(ev, &plain))
		return result_errno(timer_create_libc(clock, &plain, ret_timer));
	return result_errno(timer_create_kept(clock, ev, ret_timer));
}

EXPORT int timer_delete(timer_t timer)
{
	static void *cached;
	int (*drop)(timer_t);
	void *found = timer_libc("timer_delete", &cached);
	uint32_t handle;

	if (!found)
		return result_errno(-ENOSYS);
	/* First: its number may be another's as soon as it is deleted. */
	handle = kept_find(KEPT_TIMER, (int64_t)(intptr_t)timer);
	if (handle)
		(void)kept_remove(KEPT_TIMER, handle); /* or another thread does */
	memcpy(&drop, &found, sizeof(drop));
	return drop(timer);
}
