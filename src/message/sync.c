// SPDX-License-Identifier: Apache-2.0
/*
 * Sync*(): QNX's own mutexes, conditions and semaphores, on futexes.
 *
 * A mutex is the kernel's PI futex: its word is the holder's tid, so that the kernel hands
 * the priority of who waits on, and wakes one with the word's OWNER_DIED bit when the
 * holder's thread ends, with no list to be kept.
 * A condition counts its signals; who waits sleeps until the count is another.
 * All of it works between processes, so no futex is private.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/neutrino.h>
#include <sys/states.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "client/export.h"
#include "client/result.h"
#include "message/thread.h"
#include "message/timeout.h"
#include "message/word.h"

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

#define SEM_COUNT_MAX 0x7fffffffu
#define NS_PER_S      1000000000L

/* In __kind, beside the type. */
enum { KIND_TYPE = 0xff, KIND_DEAD = 0xde, KIND_NONRECURSIVE = 0x100 };

static bool sync_is(const sync_t *sync, uint32_t type)
{
	uint32_t kind;

	if (!sync)
		return false;
	kind = __atomic_load_n(&sync->__kind, __ATOMIC_RELAXED) & KIND_TYPE;

	/* Zeros are all of them. */
	return kind == type || kind == 0;
}

/* 0 or a positive errno. */
static int futex(uint32_t *word, int op, uint32_t value, const struct timespec *at)
{
	return syscall(SYS_futex, word, op, value, at, NULL, FUTEX_BITSET_MATCH_ANY) < 0 ? errno :
											   0;
}

EXPORT int SyncTypeCreate_r(unsigned type, sync_t *sync, const struct _sync_attr *attr)
{
	if (!sync || type > _NTO_SYNC_COND)
		return EINVAL;
	memset(sync, 0, sizeof(*sync));
	sync->__kind = type;
	if (type == _NTO_SYNC_MUTEX_FREE && (!attr || (attr->flags & _NTO_SYNC_NONRECURSIVE)))
		sync->__kind |= KIND_NONRECURSIVE;
	return EOK;
}

EXPORT int SyncTypeCreate(unsigned type, sync_t *sync, const struct _sync_attr *attr)
{
	return result_errno(-SyncTypeCreate_r(type, sync, attr));
}

EXPORT int SyncDestroy_r(sync_t *sync)
{
	uint32_t type;

	if (!sync)
		return EINVAL;
	type = sync->__kind & KIND_TYPE;
	if (type == KIND_DEAD)
		return EINVAL;
	if (type == _NTO_SYNC_MUTEX_FREE && (__atomic_load_n(&sync->__word, __ATOMIC_RELAXED) &
					     FUTEX_TID_MASK) == (uint32_t)thread_tid())
		return EBUSY;
	__atomic_store_n(&sync->__kind, (uint32_t)KIND_DEAD, __ATOMIC_RELEASE);
	return EOK;
}

EXPORT int SyncDestroy(sync_t *sync)
{
	return result_errno(-SyncDestroy_r(sync));
}

/* ---- Mutexes ---- */

static bool word_is_dead(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED) & FUTEX_OWNER_DIED;
}

static struct timespec at_realtime(const struct timeout *limit)
{
	struct timespec at, left = {0};

	(void)clock_gettime(CLOCK_REALTIME, &at); /* cannot fail */
	(void)timeout_left(limit, &left);         /* it is armed */
	at.tv_sec += left.tv_sec;
	at.tv_nsec += left.tv_nsec;
	if (at.tv_nsec >= NS_PER_S) {
		at.tv_sec++;
		at.tv_nsec -= NS_PER_S;
	}
	return at;
}

/* FUTEX_LOCK_PI has limits of CLOCK_REALTIME only; that of CLOCK_MONOTONIC is of 5.14. */
static int pi_lock_limited(uint32_t *word, const struct timeout *limit)
{
	struct timespec at = timeout_at(limit);
	int r = ENOSYS;

	if (limit->clock == CLOCK_REALTIME)
		return futex(word, FUTEX_LOCK_PI, 0, &at);
	r = futex(word, FUTEX_LOCK_PI2, 0, &at);
	if (r != ENOSYS)
		return r;
	at = at_realtime(limit);
	return futex(word, FUTEX_LOCK_PI, 0, &at);
}

static int pi_lock(uint32_t *word, struct timeout *limit)
{
	int r;

	if (limit->is_armed && limit->polls)
		r = futex(word, FUTEX_TRYLOCK_PI, 0, NULL) == 0 ? 0 : ETIMEDOUT;
	else if (limit->is_armed)
		r = pi_lock_limited(word, limit);
	else
		r = futex(word, FUTEX_LOCK_PI, 0, NULL);
	return r == ETIMEDOUT ? -timeout_expired(limit) : r;
}

static int mutex_lock_slow(sync_t *sync, struct timeout *limit)
{
	uint32_t *word = &sync->__word;
	int r;

	do {
		r = pi_lock(word, limit);
		/* The kernel says so when the holder was gone before anybody waited. */
		if (r == ESRCH) {
			uint32_t seen = __atomic_load_n(word, __ATOMIC_RELAXED);

			if (seen & FUTEX_TID_MASK)
				(void)__atomic_compare_exchange_n(word, &seen, FUTEX_OWNER_DIED,
								  false, __ATOMIC_RELAXED,
								  __ATOMIC_RELAXED);
		}
		/* 0 with the limit gone: its event was delivered, and the wait goes on. */
	} while (r == EINTR || r == EAGAIN || r == ESRCH ||
		 (r == 0 && (__atomic_load_n(word, __ATOMIC_ACQUIRE) & FUTEX_TID_MASK) !=
				    (uint32_t)thread_tid()));
	if (r != 0)
		return r;
	sync->__count = 1;
	return word_is_dead(word) ? EOWNERDEAD : EOK;
}

static int mutex_lock(sync_t *sync, struct timeout *limit)
{
	uint32_t self = (uint32_t)thread_tid(), seen = 0;

	if (__atomic_compare_exchange_n(&sync->__word, &seen, self, false, __ATOMIC_ACQUIRE,
					__ATOMIC_RELAXED)) {
		sync->__count = 1;
		return EOK;
	}
	if ((seen & FUTEX_TID_MASK) != self)
		return mutex_lock_slow(sync, limit);
	if (sync->__kind & KIND_NONRECURSIVE)
		return EDEADLK;
	if (sync->__count == UINT32_MAX)
		return EAGAIN;
	sync->__count++;
	return EOK;
}

static bool mutex_is_mine(const sync_t *sync)
{
	return (__atomic_load_n(&sync->__word, __ATOMIC_RELAXED) & FUTEX_TID_MASK) ==
	       (uint32_t)thread_tid();
}

/* Whole, however often it is held. */
static int mutex_release(sync_t *sync)
{
	uint32_t self = (uint32_t)thread_tid();

	sync->__count = 0;
	if (__atomic_compare_exchange_n(&sync->__word, &self, 0, false, __ATOMIC_RELEASE,
					__ATOMIC_RELAXED))
		return EOK;
	/* The kernel writes the word: what was done before comes before that. */
	(void)__atomic_fetch_or(&sync->__word, 0, __ATOMIC_RELEASE);
	return futex(&sync->__word, FUTEX_UNLOCK_PI, 0, NULL);
}

EXPORT int SyncMutexLock_r(sync_t *sync)
{
	struct timeout limit;

	timeout_take(STATE_MUTEX, &limit);
	if (!sync_is(sync, _NTO_SYNC_MUTEX_FREE))
		return EINVAL;
	return mutex_lock(sync, &limit);
}

EXPORT int SyncMutexLock(sync_t *sync)
{
	return result_errno(-SyncMutexLock_r(sync));
}

EXPORT int SyncMutexUnlock_r(sync_t *sync)
{
	if (!sync_is(sync, _NTO_SYNC_MUTEX_FREE))
		return EINVAL;
	if (!mutex_is_mine(sync))
		return EPERM;
	if (sync->__count > 1) {
		sync->__count--;
		return EOK;
	}
	return mutex_release(sync);
}

EXPORT int SyncMutexUnlock(sync_t *sync)
{
	return result_errno(-SyncMutexUnlock_r(sync));
}

EXPORT int SyncMutexRevive_r(sync_t *sync)
{
	if (!sync_is(sync, _NTO_SYNC_MUTEX_FREE) || !word_is_dead(&sync->__word))
		return EINVAL;
	if (!mutex_is_mine(sync))
		return EPERM;
	__atomic_fetch_and(&sync->__word, ~(uint32_t)FUTEX_OWNER_DIED, __ATOMIC_RELAXED);
	return EOK;
}

EXPORT int SyncMutexRevive(sync_t *sync)
{
	return result_errno(-SyncMutexRevive_r(sync));
}

EXPORT int SyncMutexEvent_r(sync_t *sync, const struct sigevent *event)
{
	(void)event;
	return sync_is(sync, _NTO_SYNC_MUTEX_FREE) ? ENOTSUP : EINVAL;
}

EXPORT int SyncMutexEvent(sync_t *sync, const struct sigevent *event)
{
	return result_errno(-SyncMutexEvent_r(sync, event));
}

/* ---- Conditions ---- */

struct condvar_wait {
	sync_t *mutex;
	uint32_t held;
};

/* Also when the thread is cancelled. */
static void condvar_end(void *arg)
{
	struct condvar_wait *w = arg;
	struct timeout none = {0};

	(void)mutex_lock(w->mutex,
			 &none); /* without a limit: only its holder's death, told later */
	w->mutex->__count = w->held;
}

EXPORT int SyncCondvarWait_r(sync_t *sync, sync_t *mutex)
{
	struct condvar_wait w = {.mutex = mutex};
	struct timeout limit;
	uint32_t seen;
	int r;

	timeout_take(STATE_CONDVAR, &limit);
	if (!sync_is(sync, _NTO_SYNC_COND) || !sync_is(mutex, _NTO_SYNC_MUTEX_FREE))
		return EINVAL;
	if (!mutex_is_mine(mutex))
		return EPERM;
	seen = __atomic_load_n(&sync->__word, __ATOMIC_ACQUIRE);
	w.held = mutex->__count;
	(void)mutex_release(mutex); /* it is held: cannot fail */
	pthread_cleanup_push(condvar_end, &w);
	r = word_wait(&sync->__word, seen, &limit);
	pthread_cleanup_pop(1);
	return r;
}

EXPORT int SyncCondvarWait(sync_t *sync, sync_t *mutex)
{
	return result_errno(-SyncCondvarWait_r(sync, mutex));
}

EXPORT int SyncCondvarSignal_r(sync_t *sync, int all)
{
	if (!sync_is(sync, _NTO_SYNC_COND))
		return EINVAL;
	__atomic_fetch_add(&sync->__word, 1, __ATOMIC_RELEASE);
	word_wake(&sync->__word, all ? INT_MAX : 1);
	return EOK;
}

EXPORT int SyncCondvarSignal(sync_t *sync, int all)
{
	return result_errno(-SyncCondvarSignal_r(sync, all));
}

/* ---- Semaphores ---- */

static bool sem_take(sync_t *sync)
{
	uint32_t count = __atomic_load_n(&sync->__word, __ATOMIC_RELAXED);

	while (count > 0)
		if (__atomic_compare_exchange_n(&sync->__word, &count, count - 1, true,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

EXPORT int SyncSemPost_r(sync_t *sync)
{
	uint32_t count;

	if (!sync_is(sync, _NTO_SYNC_SEM))
		return EINVAL;
	count = __atomic_load_n(&sync->__word, __ATOMIC_RELAXED);
	do {
		if (count >= SEM_COUNT_MAX)
			return EAGAIN;
	} while (!__atomic_compare_exchange_n(&sync->__word, &count, count + 1, true,
					      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	if (__atomic_load_n(&sync->__waiters, __ATOMIC_SEQ_CST) > 0)
		word_wake(&sync->__word, 1);
	return EOK;
}

EXPORT int SyncSemPost(sync_t *sync)
{
	return result_errno(-SyncSemPost_r(sync));
}

static void sem_leave(void *sync)
{
	__atomic_fetch_sub(&((sync_t *)sync)->__waiters, 1, __ATOMIC_RELAXED);
}

EXPORT int SyncSemWait_r(sync_t *sync, int try_only)
{
	struct timeout limit;
	volatile int r = 0;

	timeout_take(STATE_SEM, &limit);
	if (!sync_is(sync, _NTO_SYNC_SEM))
		return EINVAL;
	if (sem_take(sync))
		return EOK;
	if (try_only)
		return EAGAIN;
	/* A process that is killed here leaves a waiter too many: a wake-up for nobody. */
	__atomic_fetch_add(&sync->__waiters, 1, __ATOMIC_SEQ_CST);
	pthread_cleanup_push(sem_leave, sync);
	while (r == 0 && !sem_take(sync))
		r = word_wait(&sync->__word, 0, &limit);
	pthread_cleanup_pop(1);
	return r;
}

EXPORT int SyncSemWait(sync_t *sync, int try_only)
{
	return result_errno(-SyncSemWait_r(sync, try_only));
}

EXPORT int SyncCtl_r(int cmd, sync_t *sync, void *data)
{
	if (!sync)
		return EINVAL;
	switch (cmd) {
	case _NTO_SCTL_SEM_VALUE:
		if (!sync_is(sync, _NTO_SYNC_SEM) || !data)
			return EINVAL;
		*(unsigned *)data = __atomic_load_n(&sync->__word, __ATOMIC_RELAXED);
		return EOK;
	case _NTO_SCTL_MUTEX_CONSISTENT:
		return SyncMutexRevive_r(sync);
	case _NTO_SCTL_SETPRIOCEILING:
	case _NTO_SCTL_GETPRIOCEILING:
	case _NTO_SCTL_SETEVENT:
	case _NTO_SCTL_MUTEX_WAKEUP:
		return ENOTSUP;
	default:
		return EINVAL;
	}
}

EXPORT int SyncCtl(int cmd, sync_t *sync, void *data)
{
	return result_errno(-SyncCtl_r(cmd, sync, data));
}
