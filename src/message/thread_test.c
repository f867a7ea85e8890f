// SPDX-License-Identifier: Apache-2.0
#include "message/thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/real.h"

/* What the hooks saw. */
static int hooks_run, first_order, second_order;
static pid_t hook_tid;
static bool hook_signals_blocked;

static void hook_first(void)
{
	sigset_t mask;

	first_order = ++hooks_run;
	hook_tid = thread_tid();
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	hook_signals_blocked = sigismember(&mask, SIGTERM) == 1;
}

static void hook_second(void)
{
	second_order = ++hooks_run;
}

static int hooks_add(void **state)
{
	(void)state;
	thread_on_exit(hook_first);
	thread_on_exit(hook_second);
	return 0;
}

static pid_t thread_said;

static void *end_by_return(void *arg)
{
	thread_said = (pid_t)syscall(SYS_gettid);
	return arg;
}

static void *end_by_exit(void *arg)
{
	thread_said = (pid_t)syscall(SYS_gettid);
	pthread_exit(arg);
}

static void *end_by_cancel(void *arg)
{
	thread_said = (pid_t)syscall(SYS_gettid);
	for (;;)
		pause();
	return arg;
}

static void end_is_heard(void *(*function)(void *), bool is_cancelled)
{
	pthread_t thread;
	void *result;

	hooks_run = 0;
	hook_tid = 0;
	hook_signals_blocked = false;
	assert_int_equal(pthread_create(&thread, NULL, function, &hooks_run), 0);
	if (is_cancelled)
		assert_int_equal(pthread_cancel(thread), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, is_cancelled ? PTHREAD_CANCELED : (void *)&hooks_run);
	assert_int_equal(hooks_run, 2);
	assert_int_equal(second_order, 1);
	assert_int_equal(first_order, 2);
	assert_true(hook_signals_blocked);
	/* A thread may be cancelled before it says anything. */
	if (!is_cancelled)
		assert_int_equal(hook_tid, thread_said);
}

static void hooks_hear_each_end_of_a_thread(void **state)
{
	(void)state;
	end_is_heard(end_by_return, false);
	end_is_heard(end_by_exit, false);
	end_is_heard(end_by_cancel, true);
}

static int end_c11(void *arg)
{
	(void)arg;
	return -7;
}

static void hooks_hear_c11_threads(void **state)
{
	thrd_t thread;
	int result;

	(void)state;
	hooks_run = 0;
	assert_int_equal(thrd_create(&thread, end_c11, NULL), thrd_success);
	assert_int_equal(thrd_join(thread, &result), thrd_success);
	assert_int_equal(result, -7);
	assert_int_equal(hooks_run, 2);
}

static void *use_once(void *arg)
{
	*(pid_t *)arg = thread_tid();
	return NULL;
}

/* As glibc's own threads are: made behind our back, heard of once they use us. */
static void hooks_hear_strangers_that_used_the_library(void **state)
{
	pthread_t thread;
	pid_t tid = 0;

	(void)state;
	hooks_run = 0;
	assert_int_equal(real_pthread_create(&thread, NULL, use_once, &tid), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(tid > 0);
	assert_int_equal(hooks_run, 2);
	assert_int_equal(real_pthread_create(&thread, NULL, end_by_return, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(hooks_run, 2);
}

static pthread_key_t late_key;
static int hooks_run_before_late = -1;

static void late(void *arg)
{
	(void)arg;
	hooks_run_before_late = hooks_run;
}

static void *set_late(void *arg)
{
	(void)pthread_setspecific(late_key, arg);
	return NULL;
}

static void hooks_come_after_the_programs_destructors(void **state)
{
	pthread_t thread;

	(void)state;
	hooks_run = 0;
	assert_int_equal(pthread_key_create(&late_key, late), 0);
	assert_int_equal(pthread_create(&thread, NULL, set_late, &late_key), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(hooks_run_before_late, 0);
	assert_int_equal(hooks_run, 2);
	(void)pthread_key_delete(late_key);
}

static void tid_is_the_kernels_in_each_thread(void **state)
{
	pthread_t thread;
	pid_t tid = 0;

	(void)state;
	assert_int_equal(thread_tid(), getpid());
	assert_int_equal(pthread_create(&thread, NULL, use_once, &tid), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(tid > 0 && tid != getpid());
	assert_int_equal(thread_tid(), getpid());
}

/* Also of a fork that no handler of pthread_atfork() hears of. */
static void forked_child_begins_anew(void **state)
{
	uint32_t generation = thread_generation();
	int status = -1;
	pid_t pid;

	(void)state;
	assert_int_equal(thread_tid(), getpid());
	assert_true(generation != 0);
	thread_priority_set(33);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit((thread_tid() == (pid_t)syscall(SYS_getpid) ? 0 : 1) |
		      (thread_generation() != generation ? 0 : 2) |
		      (thread_priority() == 33 ? 0 : 4));
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, __WALL), pid);
	assert_int_equal(status, 0);
	assert_int_equal(thread_generation(), generation);
	thread_priority_set(THREAD_PRIORITY_DEFAULT);
}

static void *tell_priority(void *arg)
{
	*(int *)arg = thread_priority();
	thread_priority_set(1000);
	return NULL;
}

static int priority_of_new(const pthread_attr_t *attr)
{
	pthread_t thread;
	int got = -1;

	assert_int_equal(pthread_create(&thread, attr, tell_priority, &got), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return got;
}

static void priority_is_the_creators(void **state)
{
	(void)state;
	assert_int_equal(thread_priority(), THREAD_PRIORITY_DEFAULT);
	assert_int_equal(priority_of_new(NULL), THREAD_PRIORITY_DEFAULT);
	thread_priority_set(21);
	assert_int_equal(priority_of_new(NULL), 21);
	assert_int_equal(thread_priority(), 21);
	thread_priority_set(0);
	assert_int_equal(thread_priority(), THREAD_PRIORITY_MIN);
	thread_priority_set(1000);
	assert_int_equal(thread_priority(), THREAD_PRIORITY_MAX);
	thread_priority_set(THREAD_PRIORITY_DEFAULT);
}

/* Granted by the machine or not: the messages' order knows it. */
static void priority_may_be_explicit(void **state)
{
	struct sched_param param = {.sched_priority = 12};
	pthread_attr_t attr;

	(void)state;
	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setschedpolicy(&attr, SCHED_RR), 0);
	assert_int_equal(pthread_attr_setschedparam(&attr, &param), 0);
	assert_int_equal(priority_of_new(&attr), THREAD_PRIORITY_DEFAULT);
	assert_int_equal(pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED), 0);
	assert_int_equal(priority_of_new(&attr), 12);
	assert_int_equal(pthread_attr_destroy(&attr), 0);
}

static uint32_t first_owner;
static unsigned first_begun, first_arrived;

/* As slow as it takes for the others to come in between. */
static void first_begin(void)
{
	while (__atomic_load_n(&first_arrived, __ATOMIC_ACQUIRE) < 4)
		(void)sched_yield();
	for (int i = 0; i < 1000; i++)
		(void)sched_yield();
	__atomic_add_fetch(&first_begun, 1, __ATOMIC_RELEASE);
}

static void *first_use(void *arg)
{
	__atomic_add_fetch(&first_arrived, 1, __ATOMIC_RELEASE);
	thread_first(&first_owner, first_begin);
	return __atomic_load_n(&first_begun, __ATOMIC_ACQUIRE) == 1 ? arg : NULL;
}

static void first_use_by_several_threads_is_begun_once(void **state)
{
	pthread_t threads[4];
	void *result;
	int status;
	pid_t pid;

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, first_use, state), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_ptr_equal(result, state);
	}
	pid = real_fork();
	if (pid == 0) {
		thread_first(&first_owner, first_begin);
		thread_first(&first_owner, first_begin);
		_exit((int)first_begun);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 2 << 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hooks_hear_each_end_of_a_thread),
		cmocka_unit_test(hooks_hear_c11_threads),
		cmocka_unit_test(hooks_hear_strangers_that_used_the_library),
		cmocka_unit_test(hooks_come_after_the_programs_destructors),
		cmocka_unit_test(tid_is_the_kernels_in_each_thread),
		cmocka_unit_test(forked_child_begins_anew),
		cmocka_unit_test(first_use_by_several_threads_is_begun_once),
		cmocka_unit_test(priority_is_the_creators),
		cmocka_unit_test(priority_may_be_explicit),
	};

	return cmocka_run_group_tests(tests, hooks_add, NULL);
}
