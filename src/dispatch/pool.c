// SPDX-License-Identifier: Apache-2.0
/*
 * Thread pools. A thread of a pool waits in block_func, works in handler_func, and looks at the
 * counts in between:
 *
 *	it goes to work     and fewer than lo_water wait now: increment more are made
 *	it is about to wait and hi_water wait already: it ends
 *
 * never more than maximum of them. Threads that were made and do not wait yet count as if they
 * did, so that a burst of work does not make more than it must.
 *
 * Whoever wants fewer threads, or none, says so in the counts and lets those who wait return
 * (unblock_func); each then looks at the counts.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include <sys/dispatch.h>

#include "iofunc/export.h"

/* How long one who waits for threads to end lets them, before it wakes them again. */
#define PATIENCE_NS 20000000

struct worker {
	struct worker *next;
	THREAD_POOL_PARAM_T *ctp; /* NULL: not yet */
	bool is_self;             /* thread_pool_start()'s caller: stays to the end */
};

struct _thread_pool {
	thread_pool_attr_t attr;
	unsigned flags; /* POOL_FLAG_* */
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a thread came, or is gone */
	struct worker *workers;
	unsigned total;   /* all threads, also those that are being made */
	unsigned staying; /* of these, those that have not made up their mind to end */
	unsigned waiting; /* in block_func, or on their way there for the first time */
	unsigned lower;   /* not fewer threads than that, */
	unsigned upper;   /* and not more, for the moment */
	bool is_ending;
};

static __thread struct _thread_pool *pool_mine;

static thread_pool_attr_t attr_zero;
EXPORT thread_pool_attr_t *thread_pool_attr_default = &attr_zero;

/* ---- Threads ---- */

/* A new thread or the caller as one. The lock is held throughout, but while it waits or works. */
static void worker_run(struct _thread_pool *pool, struct worker *worker);

static void *worker_main(void *arg)
{
	struct _thread_pool *pool = arg;
	struct worker worker = {0};

	if (pool->attr.tid_name)
		(void)pthread_setname_np(pthread_self(), pool->attr.tid_name); /* cut, or not */
	pthread_mutex_lock(&pool->lock);
	worker_run(pool, &worker);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* One more. The lock is held. False: the system has none. */
static bool worker_new(struct _thread_pool *pool)
{
	pthread_t thread;

	pool->total++;
	pool->staying++;
	pool->waiting++;
	if (pthread_create(&thread, pool->attr.attr, worker_main, pool) != 0) {
		pool->total--;
		pool->staying--;
		pool->waiting--;
		return false;
	}
	(void)pthread_detach(thread); /* EINVAL: its attributes say so already */
	return true;
}

static unsigned pool_limit(const struct _thread_pool *pool)
{
	if (pool->is_ending)
		return 0;
	return pool->upper < pool->attr.maximum ? pool->upper : pool->attr.maximum;
}

/* Enough that wait, as far as there may be more. */
static void pool_fill(struct _thread_pool *pool)
{
	while (pool->waiting < pool->attr.lo_water && pool->total < pool_limit(pool)) {
		for (unsigned i = 0; i < pool->attr.increment && pool->total < pool_limit(pool);
		     i++) {
			if (!worker_new(pool))
				return;
		}
	}
}

/* Does one thread that is about to wait, not counted as one that does, go on? */
static bool is_needed(const struct _thread_pool *pool, const struct worker *worker)
{
	if (worker->is_self)
		return !pool->is_ending;
	if (pool->staying > pool_limit(pool))
		return false;
	return pool->waiting < pool->attr.hi_water || pool->staying <= pool->lower;
}

static void workers_remove(struct _thread_pool *pool, struct worker *worker)
{
	struct worker **where = &pool->workers;

	while (*where != worker)
		where = &(*where)->next;
	*where = worker->next;
}

/* Wait once. False: it is over for this thread. It counts as waiting before, not after. */
static bool worker_wait(struct _thread_pool *pool, struct worker *worker)
{
	THREAD_POOL_PARAM_T *ctp;
	int error;

	pthread_mutex_unlock(&pool->lock);
	ctp = pool->attr.block_func(worker->ctp);
	error = ctp ? 0 : errno;
	pthread_mutex_lock(&pool->lock);
	pool->waiting--;
	if (!ctp)
		return error == EINTR || error == EAGAIN;
	worker->ctp = ctp;
	pool_fill(pool);
	pthread_mutex_unlock(&pool->lock);
	pool->attr.handler_func(ctp);
	pthread_mutex_lock(&pool->lock);
	return true;
}

static void worker_run(struct _thread_pool *pool, struct worker *worker)
{
	bool goes_on = true;

	pool_mine = pool;
	pthread_mutex_unlock(&pool->lock);
	worker->ctp = pool->attr.context_alloc(pool->attr.handle);
	pthread_mutex_lock(&pool->lock);
	worker->next = pool->workers;
	pool->workers = worker;
	pthread_cond_broadcast(&pool->changed);
	pool->waiting--;
	while (goes_on && worker->ctp && is_needed(pool, worker)) {
		pool->waiting++;
		goes_on = worker_wait(pool, worker);
	}
	/* At once: the next one that asks whether it is needed must know. */
	pool->staying--;
	workers_remove(pool, worker);
	if (worker->ctp && pool->attr.context_free) {
		pthread_mutex_unlock(&pool->lock);
		pool->attr.context_free(worker->ctp);
		pthread_mutex_lock(&pool->lock);
	}
	pool->total--;
	pool_mine = NULL;
	/* There is room for another one now. But who found no memory or no channel is not followed
	 * by others that find the same, without end: those that are left make more when they work. */
	if (goes_on && worker->ctp)
		pool_fill(pool);
	pthread_cond_broadcast(&pool->changed);
}

/* ---- The pool ---- */

static bool is_valid(const thread_pool_attr_t *attr)
{
	return attr && attr->block_func && attr->handler_func && attr->context_alloc;
}

EXPORT thread_pool_t *thread_pool_create(thread_pool_attr_t *attr, unsigned flags)
{
	struct _thread_pool *pool;

	if (!is_valid(attr)) {
		errno = EINVAL;
		return NULL;
	}
	if (!(pool = calloc(1, sizeof(*pool))))
		return NULL;
	pool->attr = *attr;
	pool->flags = flags;
	pool->upper = UINT16_MAX;
	/* Counts that make no sense together: the least that does. */
	if (pool->attr.increment == 0)
		pool->attr.increment = 1;
	if (pool->attr.maximum == 0)
		pool->attr.maximum = 1;
	if (pool->attr.hi_water == 0)
		pool->attr.hi_water = 1;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->changed, NULL);
	return pool;
}

/* The caller is one of the threads until it is not needed. */
static void start_self(struct _thread_pool *pool)
{
	struct worker worker = {.is_self = true};

	pool->total++;
	pool->staying++;
	pool->waiting++;
	pool_fill(pool);
	worker_run(pool, &worker);
}

EXPORT int thread_pool_start(void *handle)
{
	struct _thread_pool *pool = handle;
	bool failed;

	if (!pool) {
		errno = EINVAL;
		return -1;
	}
	pthread_mutex_lock(&pool->lock);
	if (pool->flags & POOL_FLAG_USE_SELF) {
		start_self(pool);
		pthread_mutex_unlock(&pool->lock);
		return EOK;
	}
	pool_fill(pool);
	/* With lo_water 0 somebody has to be the first. */
	if (pool->total == 0)
		(void)worker_new(pool); /* seen below */
	failed = pool->total == 0;
	pthread_mutex_unlock(&pool->lock);
	if (failed) {
		errno = EAGAIN;
		return -1;
	}
	if (pool->flags & POOL_FLAG_EXIT_SELF)
		pthread_exit(NULL);
	return EOK;
}

/* Lets those return who wait. The lock is held: no context goes meanwhile. */
static void pool_wake(struct _thread_pool *pool)
{
	THREAD_POOL_PARAM_T *ctp = NULL;

	for (const struct worker *worker = pool->workers; worker && !ctp; worker = worker->next)
		ctp = worker->ctp;
	if (!ctp || !pool->attr.unblock_func)
		return;
	pool->attr.unblock_func(ctp);
}

/* Until a thread came or went, or for a moment. */
static void pool_wait(struct _thread_pool *pool)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += PATIENCE_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_cond_timedwait(&pool->changed, &pool->lock, &until); /* looked at again */
}

EXPORT int thread_pool_destroy(thread_pool_t *pool)
{
	if (!pool || pool_mine == pool) {
		errno = pool ? EDEADLK : EINVAL;
		return -1;
	}
	pthread_mutex_lock(&pool->lock);
	pool->is_ending = true;
	while (pool->total > 0) {
		pool_wake(pool);
		pool_wait(pool);
	}
	pthread_mutex_unlock(&pool->lock);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
	return 0;
}

/* ---- Other counts ---- */

static void counts_set(struct _thread_pool *pool, const thread_pool_attr_t *attr, unsigned flags)
{
	if (flags & THREAD_POOL_CONTROL_HIWATER)
		pool->attr.hi_water = attr->hi_water;
	if (flags & THREAD_POOL_CONTROL_LOWATER)
		pool->attr.lo_water = attr->lo_water;
	if (flags & THREAD_POOL_CONTROL_MAXIMUM)
		pool->attr.maximum = attr->maximum;
	if (flags & THREAD_POOL_CONTROL_INCREMENT)
		pool->attr.increment = attr->increment ? attr->increment : 1;
}

/* As many threads as are wanted, as far as they are to be had. */
static void pool_adjust(struct _thread_pool *pool, unsigned lower, unsigned upper)
{
	pool->lower = lower;
	pool->upper = upper;
	pool_fill(pool);
	while (pool->staying < lower && pool->total < pool_limit(pool) && worker_new(pool))
		;
	if (pool->staying > pool_limit(pool) || pool->waiting > pool->attr.hi_water)
		pool_wake(pool);
}

EXPORT int thread_pool_control(thread_pool_t *pool, thread_pool_attr_t *attr, uint16_t lower,
			       uint16_t upper, unsigned flags)
{
	if (!pool || !attr || lower > upper) {
		errno = EINVAL;
		return -1;
	}
	pthread_mutex_lock(&pool->lock);
	counts_set(pool, attr, flags);
	pool_adjust(pool, lower, upper);
	/* The caller may be one that has to go: then not all can be gone before it returns. */
	while (!(flags & THREAD_POOL_CONTROL_NONBLOCK) && pool_mine != pool &&
	       (pool->staying < lower || pool->total > upper)) {
		pool_wait(pool);
		pool_adjust(pool, lower, upper);
	}
	pool->lower = 0;
	pool->upper = UINT16_MAX;
	pthread_mutex_unlock(&pool->lock);
	return 0;
}

static unsigned short limit_of(int wanted, unsigned short was)
{
	if (wanted < 0)
		return was;
	return wanted > UINT16_MAX ? UINT16_MAX : (unsigned short)wanted;
}

EXPORT int thread_pool_limits(thread_pool_t *pool, int lowater, int hiwater, int maximum,
			      int increment, unsigned flags)
{
	thread_pool_attr_t attr;

	if (!pool) {
		errno = EINVAL;
		return -1;
	}
	pthread_mutex_lock(&pool->lock);
	attr = pool->attr;
	pthread_mutex_unlock(&pool->lock);
	attr.lo_water = limit_of(lowater, attr.lo_water);
	attr.hi_water = limit_of(hiwater, attr.hi_water);
	attr.maximum = limit_of(maximum, attr.maximum);
	attr.increment = limit_of(increment, attr.increment);
	return thread_pool_control(pool, &attr, 0, UINT16_MAX,
				   THREAD_POOL_CONTROL_HIWATER | THREAD_POOL_CONTROL_LOWATER |
					   THREAD_POOL_CONTROL_MAXIMUM |
					   THREAD_POOL_CONTROL_INCREMENT |
					   (flags & THREAD_POOL_CONTROL_NONBLOCK));
}
