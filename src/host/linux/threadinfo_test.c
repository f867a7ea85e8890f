// SPDX-License-Identifier: Apache-2.0
#include "host/linux/threadinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* What a thread does: it says its id and blocks. Nobody ever wakes it but who cancels. */
struct sleeper {
	pthread_t thread;
	void (*block)(void);
	pid_t tid;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t pi_mutex;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static sem_t semaphore;
static pthread_t main_thread;
static int tube[2];

static void block_nanosleep(void)
{
	struct timespec t = {.tv_sec = 1000};

	(void)nanosleep(&t, NULL);
}

static void block_sigwait(void)
{
	sigset_t set;
	int signo;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	(void)sigwait(&set, &signo);
}

static void block_sigsuspend(void)
{
	sigset_t none;

	sigemptyset(&none);
	(void)sigsuspend(&none);
}

static void block_mutex(void)
{
	(void)pthread_mutex_lock(&mutex);
	(void)pthread_mutex_unlock(&mutex);
}

static void block_pi_mutex(void)
{
	(void)pthread_mutex_lock(&pi_mutex);
	(void)pthread_mutex_unlock(&pi_mutex);
}

static void unlock(void *locked)
{
	(void)pthread_mutex_unlock(locked);
}

static void block_condition(void)
{
	static pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;

	(void)pthread_mutex_lock(&other);
	pthread_cleanup_push(unlock, &other);
	for (;;)
		(void)pthread_cond_wait(&condition, &other);
	pthread_cleanup_pop(0);
}

static void block_semaphore(void)
{
	(void)sem_wait(&semaphore);
}

static void block_join(void)
{
	(void)pthread_join(main_thread, NULL);
}

static void block_read(void)
{
	char c;

	(void)read(tube[0], &c, 1);
}

static void *sleeper_main(void *arg)
{
	struct sleeper *s = arg;

	(void)prctl(PR_SET_NAME, "a sleeper (1) R");
	__atomic_store_n(&s->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	s->block();
	return NULL;
}

/* It is on its way there: until it is. What never comes is the runner's to end. */
static void sleeper_await(const struct sleeper *s, uint32_t state, struct threadinfo *ret)
{
	pid_t tid;

	for (;;) {
		tid = __atomic_load_n(&s->tid, __ATOMIC_ACQUIRE);
		if (tid && threadinfo_read(getpid(), tid, ret) == 0 && ret->state == state)
			return;
		(void)sched_yield();
	}
}

static void state_is(void (*block)(void), uint32_t state, pid_t on, void (*wake)(void))
{
	struct sleeper s = {.block = block};
	struct threadinfo t;

	assert_int_equal(pthread_create(&s.thread, NULL, sleeper_main, &s), 0);
	sleeper_await(&s, state, &t);
	assert_int_equal(t.on, on);
	assert_int_equal(t.pid, getpid());
	assert_int_equal(t.tid, s.tid);
	assert_string_equal(t.name, "a sleeper (1) R");
	if (wake)
		wake();
	else
		assert_int_equal(pthread_cancel(s.thread), 0);
	assert_int_equal(pthread_join(s.thread, NULL), 0);
}

static void wake_mutex(void)
{
	(void)pthread_mutex_unlock(&mutex);
}

static void wake_pi_mutex(void)
{
	(void)pthread_mutex_unlock(&pi_mutex);
}

static void sleep_and_signals(void **state)
{
	(void)state;
	state_is(block_nanosleep, THREAD_STATE_NANOSLEEP, 0, NULL);
	state_is(block_sigwait, THREAD_STATE_SIGWAITINFO, 0, NULL);
	state_is(block_sigsuspend, THREAD_STATE_SIGSUSPEND, 0, NULL);
}

static void locks(void **state)
{
	pthread_mutexattr_t attr;

	(void)state;
	assert_int_equal(pthread_mutex_lock(&mutex), 0);
	state_is(block_mutex, THREAD_STATE_MUTEX, 0, wake_mutex);
	assert_int_equal(pthread_mutexattr_init(&attr), 0);
	assert_int_equal(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT), 0);
	assert_int_equal(pthread_mutex_init(&pi_mutex, &attr), 0);
	assert_int_equal(pthread_mutex_lock(&pi_mutex), 0);
	state_is(block_pi_mutex, THREAD_STATE_MUTEX, 0, wake_pi_mutex);
}

static void condition_and_semaphore_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(sem_init(&semaphore, 0, 0), 0);
	state_is(block_semaphore, THREAD_STATE_SEM, 0, NULL);
	state_is(block_condition, THREAD_STATE_CONDVAR, 0, NULL);
	/* Both halves of a condition variable. */
	assert_int_equal(pthread_cond_signal(&condition), 0);
	state_is(block_condition, THREAD_STATE_CONDVAR, 0, NULL);
}

static void join_says_whom(void **state)
{
	(void)state;
	main_thread = pthread_self();
	state_is(block_join, THREAD_STATE_JOIN, getpid(), NULL);
}

static void the_rest_waits_for_the_system(void **state)
{
	(void)state;
	assert_int_equal(pipe2(tube, O_CLOEXEC), 0);
	state_is(block_read, THREAD_STATE_REPLY, THREADINFO_SYSTEM, NULL);
}

static void who_runs_is_running(void **state)
{
	struct threadinfo t;

	(void)state;
	assert_int_equal(threadinfo_read(getpid(), getpid(), &t), 0);
	assert_int_equal(t.state, THREAD_STATE_RUNNING);
	assert_int_equal(t.call, -1);
}

static void stopped_and_dead_processes(void **state)
{
	struct threadinfo t;
	siginfo_t info;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), 0);
	assert_int_equal(threadinfo_read(pid, pid, &t), 0);
	assert_int_equal(t.state, THREAD_STATE_STOPPED);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(threadinfo_read(pid, pid, &t), 0);
	assert_int_equal(t.state, THREAD_STATE_DEAD);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	assert_int_equal(threadinfo_read(pid, pid, &t), -ESRCH);
}

#define MANY 20

static void list_comes_in_pages(void **state)
{
	struct sleeper s[MANY];
	pid_t tids[7], after = 0;
	size_t seen = 0;
	bool more = true;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		s[i] = (struct sleeper){.block = block_nanosleep};
		assert_int_equal(pthread_create(&s[i].thread, NULL, sleeper_main, &s[i]), 0);
	}
	while (more) {
		int n = threadinfo_list(getpid(), after, tids, 7, &more);

		assert_true(n > 0 && n <= 7);
		assert_int_equal(more, n == 7 && seen + 7 < MANY + 1);
		for (int i = 0; i < n; i++, seen++) {
			assert_true(tids[i] > after);
			after = tids[i];
		}
	}
	assert_int_equal(seen, MANY + 1);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(pthread_cancel(s[i].thread), 0);
		assert_int_equal(pthread_join(s[i].thread, NULL), 0);
	}
}

static void nobody_has_no_threads(void **state)
{
	struct threadinfo t;
	pid_t tids[4];
	bool more;

	(void)state;
	assert_int_equal(threadinfo_list(0x7fffffff, 0, tids, 4, &more), -ESRCH);
	assert_int_equal(threadinfo_read(0x7fffffff, 0x7fffffff, &t), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sleep_and_signals),
		cmocka_unit_test(locks),
		cmocka_unit_test(condition_and_semaphore_are_told_apart),
		cmocka_unit_test(join_says_whom),
		cmocka_unit_test(the_rest_waits_for_the_system),
		cmocka_unit_test(who_runs_is_running),
		cmocka_unit_test(stopped_and_dead_processes),
		cmocka_unit_test(list_comes_in_pages),
		cmocka_unit_test(nobody_has_no_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
