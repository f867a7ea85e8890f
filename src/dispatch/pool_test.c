// SPDX-License-Identifier: Apache-2.0
/* Thread pools with work that the test hands out, so that it knows who waits. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define THREAD_POOL_PARAM_T  struct work
#define THREAD_POOL_HANDLE_T struct desk
struct work;
struct desk;
#include <sys/iofunc.h>
#include <sys/dispatch.h>

struct desk {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned jobs;    /* that nobody has taken */
	unsigned wakes;   /* that nobody has taken */
	unsigned waiting; /* threads in block_func */
	unsigned working; /* in handler_func */
	unsigned most;    /* contexts at a time */
	unsigned contexts;
	bool is_held; /* work is not done before the test says so */
};

struct work {
	struct desk *desk;
};

static struct desk desk;

static struct work *work_alloc(struct desk *handle)
{
	struct work *work = calloc(1, sizeof(*work));

	work->desk = handle;
	pthread_mutex_lock(&handle->lock);
	if (++handle->contexts > handle->most)
		handle->most = handle->contexts;
	pthread_cond_broadcast(&handle->changed);
	pthread_mutex_unlock(&handle->lock);
	return work;
}

static void work_free(struct work *work)
{
	pthread_mutex_lock(&work->desk->lock);
	work->desk->contexts--;
	pthread_cond_broadcast(&work->desk->changed);
	pthread_mutex_unlock(&work->desk->lock);
	free(work);
}

static struct work *work_block(struct work *work)
{
	struct desk *at = work->desk;
	bool woken;

	pthread_mutex_lock(&at->lock);
	at->waiting++;
	pthread_cond_broadcast(&at->changed);
	while (at->jobs == 0 && at->wakes == 0)
		pthread_cond_wait(&at->changed, &at->lock);
	woken = at->jobs == 0;
	if (woken)
		at->wakes--;
	else
		at->jobs--;
	at->waiting--;
	if (!woken)
		at->working++;
	pthread_cond_broadcast(&at->changed);
	pthread_mutex_unlock(&at->lock);
	errno = EINTR;
	return woken ? NULL : work;
}

static void work_unblock(struct work *work)
{
	pthread_mutex_lock(&work->desk->lock);
	work->desk->wakes = work->desk->waiting;
	pthread_cond_broadcast(&work->desk->changed);
	pthread_mutex_unlock(&work->desk->lock);
}

static int work_do(struct work *work)
{
	pthread_mutex_lock(&work->desk->lock);
	while (work->desk->is_held)
		pthread_cond_wait(&work->desk->changed, &work->desk->lock);
	work->desk->working--;
	pthread_cond_broadcast(&work->desk->changed);
	pthread_mutex_unlock(&work->desk->lock);
	return 0;
}

/* Until so many wait and work. The test's limit ends it if that never comes. */
static void until(unsigned waiting, unsigned working)
{
	pthread_mutex_lock(&desk.lock);
	while (desk.waiting != waiting || desk.working != working ||
	       desk.contexts != waiting + working)
		pthread_cond_wait(&desk.changed, &desk.lock);
	pthread_mutex_unlock(&desk.lock);
}

static void hand_out(unsigned jobs)
{
	pthread_mutex_lock(&desk.lock);
	desk.jobs += jobs;
	pthread_cond_broadcast(&desk.changed);
	pthread_mutex_unlock(&desk.lock);
}

static void hold(bool is_held)
{
	pthread_mutex_lock(&desk.lock);
	desk.is_held = is_held;
	pthread_cond_broadcast(&desk.changed);
	pthread_mutex_unlock(&desk.lock);
}

static thread_pool_attr_t attr_of(unsigned short lo, unsigned short increment, unsigned short hi,
				  unsigned short maximum)
{
	desk = (struct desk){.lock = PTHREAD_MUTEX_INITIALIZER,
			     .changed = PTHREAD_COND_INITIALIZER};
	return (thread_pool_attr_t){
		.handle = &desk,
		.block_func = work_block,
		.unblock_func = work_unblock,
		.handler_func = work_do,
		.context_alloc = work_alloc,
		.context_free = work_free,
		.lo_water = lo,
		.increment = increment,
		.hi_water = hi,
		.maximum = maximum,
		.tid_name = "unit",
	};
}

static void lo_water_wait_and_hi_water_stay(void **state)
{
	thread_pool_attr_t attr = attr_of(2, 1, 4, 50);
	thread_pool_t *pool = thread_pool_create(&attr, 0);

	(void)state;
	assert_int_equal(thread_pool_start(pool), EOK);
	until(2, 0);
	/* Each thread that goes to work is replaced, as long as two wait. */
	hold(true);
	hand_out(6);
	until(2, 6);
	/* They come back: four may wait, the others end. */
	hold(false);
	until(4, 0);
	assert_int_equal(desk.most, 8);
	assert_int_equal(thread_pool_destroy(pool), 0);
	assert_int_equal(desk.contexts, 0);
}

static void never_more_than_maximum(void **state)
{
	thread_pool_attr_t attr = attr_of(2, 3, 3, 4);
	thread_pool_t *pool = thread_pool_create(&attr, 0);

	(void)state;
	assert_int_equal(thread_pool_start(pool), EOK);
	hold(true);
	hand_out(9);
	until(0, 4);
	assert_int_equal(desk.jobs, 5);
	hold(false);
	until(3, 0);
	assert_int_equal(desk.most, 4);
	assert_int_equal(thread_pool_destroy(pool), 0);
}

static void threads_are_made_increment_at_a_time(void **state)
{
	thread_pool_attr_t attr = attr_of(1, 3, 10, 10);
	thread_pool_t *pool = thread_pool_create(&attr, 0);

	(void)state;
	assert_int_equal(thread_pool_start(pool), EOK);
	until(3, 0);
	hold(true);
	hand_out(3);
	until(3, 3);
	hold(false);
	until(6, 0);
	assert_int_equal(thread_pool_destroy(pool), 0);
}

static void control_blocks_until_there_are_that_many(void **state)
{
	thread_pool_attr_t attr = attr_of(2, 1, 8, 50);
	thread_pool_t *pool = thread_pool_create(&attr, 0);

	(void)state;
	assert_int_equal(thread_pool_start(pool), EOK);
	assert_int_equal(thread_pool_control(pool, &attr, 5, 6, 0), 0);
	until(5, 0);
	assert_int_equal(thread_pool_control(pool, &attr, 1, 3, 0), 0);
	until(3, 0);
	assert_int_equal(thread_pool_limits(pool, -1, 1, -1, -1, THREAD_POOL_CONTROL_NONBLOCK), 0);
	hand_out(3);
	until(1, 0);
	assert_int_equal(thread_pool_control(pool, &attr, 4, 3, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(thread_pool_destroy(pool), 0);
}

static void *destroys(void *arg)
{
	until(3, 0);
	assert_int_equal(thread_pool_destroy(arg), 0);
	return NULL;
}

static void use_self_makes_the_caller_one_of_them(void **state)
{
	thread_pool_attr_t attr = attr_of(3, 1, 3, 5);
	thread_pool_t *pool = thread_pool_create(&attr, POOL_FLAG_USE_SELF);
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, destroys, pool), 0);
	assert_int_equal(thread_pool_start(pool), EOK);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(desk.contexts, 0);
}

static void *works_and_destroys(void *arg)
{
	for (int i = 0; i < 50; i++) {
		hold(true);
		hand_out(5);
		until(0, 5);
		hold(false);
		/* One may wait, and the one that stays. */
		pthread_mutex_lock(&desk.lock);
		while (desk.working > 0 || desk.contexts > 2 || desk.waiting != desk.contexts)
			pthread_cond_wait(&desk.changed, &desk.lock);
		pthread_mutex_unlock(&desk.lock);
	}
	assert_int_equal(thread_pool_destroy(arg), 0);
	return NULL;
}

static void use_self_never_returns_for_want_of_work(void **state)
{
	thread_pool_attr_t attr = attr_of(1, 1, 1, 5);
	thread_pool_t *pool = thread_pool_create(&attr, POOL_FLAG_USE_SELF);
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, works_and_destroys, pool), 0);
	assert_int_equal(thread_pool_start(pool), EOK);
	/* 0 jobs were left: it did not end before it was told to. */
	assert_int_equal(desk.jobs, 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(desk.contexts, 0);
}

static thread_pool_t *own_pool;
static int own_errno;

static int destroys_own(struct work *work)
{
	own_errno = thread_pool_destroy(own_pool) == -1 ? errno : 0;
	return work_do(work);
}

static void a_thread_of_the_pool_may_not_destroy_it(void **state)
{
	thread_pool_attr_t attr = attr_of(1, 1, 1, 1);

	(void)state;
	attr.handler_func = destroys_own;
	own_pool = thread_pool_create(&attr, 0);
	assert_int_equal(thread_pool_start(own_pool), EOK);
	until(1, 0);
	hand_out(1);
	pthread_mutex_lock(&desk.lock);
	while (desk.jobs > 0)
		pthread_cond_wait(&desk.changed, &desk.lock);
	pthread_mutex_unlock(&desk.lock);
	until(1, 0);
	assert_int_equal(own_errno, EDEADLK);
	assert_int_equal(thread_pool_destroy(own_pool), 0);
}

static struct work *no_work(struct desk *handle)
{
	pthread_mutex_lock(&handle->lock);
	handle->most++;
	pthread_mutex_unlock(&handle->lock);
	return NULL;
}

static void who_finds_no_context_is_not_replaced(void **state)
{
	thread_pool_attr_t attr = attr_of(1, 1, 1, 5);
	thread_pool_t *pool;

	(void)state;
	attr.context_alloc = no_work;
	pool = thread_pool_create(&attr, POOL_FLAG_USE_SELF);
	assert_int_equal(thread_pool_start(pool), EOK);
	assert_int_equal(thread_pool_destroy(pool), 0);
	assert_int_equal(desk.most, 1);
}

static void *starts(void *arg)
{
	(void)thread_pool_start(arg); /* does not return */
	return arg;
}

static void exit_self_ends_the_caller_and_the_pool_works_on(void **state)
{
	thread_pool_attr_t attr = attr_of(2, 1, 2, 5);
	thread_pool_t *pool = thread_pool_create(&attr, POOL_FLAG_EXIT_SELF);
	pthread_t thread;
	void *returned = pool;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, starts, pool), 0);
	assert_int_equal(pthread_join(thread, &returned), 0);
	assert_null(returned);
	until(2, 0);
	hold(true);
	hand_out(3);
	until(2, 3);
	hold(false);
	until(2, 0);
	assert_int_equal(thread_pool_destroy(pool), 0);
	assert_int_equal(desk.contexts, 0);
}

static void a_pool_needs_its_functions(void **state)
{
	thread_pool_attr_t attr = {0};

	(void)state;
	assert_null(thread_pool_create(&attr, 0));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(thread_pool_start(NULL), -1);
	assert_int_equal(thread_pool_destroy(NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lo_water_wait_and_hi_water_stay),
		cmocka_unit_test(never_more_than_maximum),
		cmocka_unit_test(threads_are_made_increment_at_a_time),
		cmocka_unit_test(control_blocks_until_there_are_that_many),
		cmocka_unit_test(use_self_makes_the_caller_one_of_them),
		cmocka_unit_test(use_self_never_returns_for_want_of_work),
		cmocka_unit_test(a_thread_of_the_pool_may_not_destroy_it),
		cmocka_unit_test(who_finds_no_context_is_not_replaced),
		cmocka_unit_test(exit_self_ends_the_caller_and_the_pool_works_on),
		cmocka_unit_test(a_pool_needs_its_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
