// SPDX-License-Identifier: Apache-2.0
/* Sync*(): mutexes, conditions, semaphores. */
#include "harness/harness.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/neutrino.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint64_t soon = 1000000;

static void limit(int flags)
{
	EXPECT_OK(TimerTimeout(CLOCK_MONOTONIC, flags, NULL, &soon, NULL));
}

struct shared {
	sync_t mutex, cond, sem;
	int count;
	int turn;
};

static void *count_up(void *arg)
{
	struct shared *s = arg;

	for (int i = 0; i < 2000; i++) {
		EXPECT_OK(SyncMutexLock(&s->mutex));
		s->count++;
		EXPECT_OK(SyncMutexUnlock(&s->mutex));
	}
	return NULL;
}

TEST_WITH(syncmutex_lets_one_in, .threads = true)
{
	struct shared s = {.count = 0};
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		EXPECT_EQ(pthread_create(&threads[i], NULL, count_up, &s), 0);
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(pthread_join(threads[i], NULL), 0);
	EXPECT_EQ(s.count, 8000);
}

TEST(syncmutex_of_the_caller_is_edeadlk_or_counted)
{
	struct _sync_attr counting = {.flags = 0};
	sync_t mutex;

	EXPECT_OK(SyncTypeCreate(_NTO_SYNC_MUTEX_FREE, &mutex, NULL));
	EXPECT_OK(SyncMutexLock(&mutex));
	EXPECT_ERRNO(SyncMutexLock(&mutex), EDEADLK);
	EXPECT_ERRNO(SyncDestroy(&mutex), EBUSY);
	EXPECT_OK(SyncMutexUnlock(&mutex));
	EXPECT_ERRNO(SyncMutexUnlock(&mutex), EPERM);
	EXPECT_OK(SyncDestroy(&mutex));
	EXPECT_ERRNO(SyncMutexLock(&mutex), EINVAL);
	EXPECT_OK(SyncTypeCreate(_NTO_SYNC_MUTEX_FREE, &mutex, &counting));
	EXPECT_OK(SyncMutexLock(&mutex));
	EXPECT_OK(SyncMutexLock(&mutex));
	EXPECT_OK(SyncMutexUnlock(&mutex));
	EXPECT_OK(SyncMutexUnlock(&mutex));
	EXPECT_EQ(SyncMutexUnlock_r(&mutex), EPERM);
}

static void *hold(void *arg)
{
	struct shared *s = arg;

	EXPECT_OK(SyncMutexLock(&s->mutex));
	EXPECT_OK(SyncSemPost(&s->sem));
	while (SyncSemWait(&s->cond, 0) != 0)
		;
	EXPECT_OK(SyncMutexUnlock(&s->mutex));
	return NULL;
}

TEST(timeout_ends_waits_of_sync)
{
	struct shared s = {.count = 0};
	uint64_t at;
	pthread_t thread;

	EXPECT_EQ(pthread_create(&thread, NULL, hold, &s), 0);
	EXPECT_OK(SyncSemWait(&s.sem, 0));
	limit(_NTO_TIMEOUT_MUTEX);
	EXPECT_ERRNO(SyncMutexLock(&s.mutex), ETIMEDOUT);
	EXPECT_OK(ClockTime(CLOCK_REALTIME, NULL, &at));
	EXPECT_OK(
		TimerTimeout(CLOCK_REALTIME, _NTO_TIMEOUT_MUTEX | TIMER_ABSTIME, NULL, &at, NULL));
	EXPECT_ERRNO(SyncMutexLock(&s.mutex), ETIMEDOUT);
	EXPECT_OK(TimerTimeout(CLOCK_REALTIME, _NTO_TIMEOUT_MUTEX, NULL, NULL, NULL));
	EXPECT_ERRNO(SyncMutexLock(&s.mutex), ETIMEDOUT);
	limit(_NTO_TIMEOUT_SEM);
	EXPECT_ERRNO(SyncSemWait(&s.sem, 0), ETIMEDOUT);
	EXPECT_OK(SyncSemPost(&s.cond));
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	memset(&s, 0, sizeof(s));
	EXPECT_OK(SyncMutexLock(&s.mutex));
	limit(_NTO_TIMEOUT_CONDVAR);
	EXPECT_ERRNO(SyncCondvarWait(&s.cond, &s.mutex), ETIMEDOUT);
	EXPECT_OK(SyncMutexUnlock(&s.mutex));
	EXPECT_ERRNO(SyncCondvarWait(&s.cond, &s.mutex), EPERM);
}

static void *take_turns(void *arg)
{
	struct shared *s = arg;

	EXPECT_OK(SyncMutexLock(&s->mutex));
	for (int i = 0; i < 500; i++) {
		while (s->turn != 1)
			EXPECT_OK(SyncCondvarWait(&s->cond, &s->mutex));
		s->turn = 0;
		EXPECT_OK(SyncCondvarSignal(&s->cond, 1));
	}
	EXPECT_OK(SyncMutexUnlock(&s->mutex));
	return NULL;
}

TEST_WITH(synccondvar_wakes_who_waits, .threads = true)
{
	struct shared s = {.count = 0};
	pthread_t thread;

	EXPECT_EQ(pthread_create(&thread, NULL, take_turns, &s), 0);
	EXPECT_OK(SyncMutexLock(&s.mutex));
	for (int i = 0; i < 500; i++) {
		s.turn = 1;
		EXPECT_OK(SyncCondvarSignal(&s.cond, 0));
		while (s.turn != 0)
			EXPECT_OK(SyncCondvarWait(&s.cond, &s.mutex));
	}
	EXPECT_OK(SyncMutexUnlock(&s.mutex));
	EXPECT_EQ(pthread_join(thread, NULL), 0);
}

TEST(syncsem_counts)
{
	unsigned value;
	sync_t sem;

	EXPECT_OK(SyncTypeCreate(_NTO_SYNC_SEM, &sem, NULL));
	EXPECT_ERRNO(SyncSemWait(&sem, 1), EAGAIN);
	EXPECT_OK(SyncSemPost(&sem));
	EXPECT_OK(SyncSemPost(&sem));
	EXPECT_OK(SyncCtl(_NTO_SCTL_SEM_VALUE, &sem, &value));
	EXPECT_EQ(value, 2);
	EXPECT_OK(SyncSemWait(&sem, 0));
	EXPECT_OK(SyncSemWait(&sem, 1));
	EXPECT_EQ(SyncSemWait_r(&sem, 1), EAGAIN);
	EXPECT_EQ(SyncMutexLock_r(&sem), EINVAL);
}

TEST(syncmutex_of_a_dead_holder_is_eownerdead_and_revived)
{
	struct shared *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int status;

	EXPECT(s != MAP_FAILED);
	EXPECT_ERRNO(SyncMutexRevive(&s->mutex), EINVAL);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		(void)SyncMutexLock(&s->mutex);
		(void)SyncSemPost(&s->sem);
		_exit(0);
	}
	EXPECT_OK(SyncSemWait(&s->sem, 0));
	EXPECT_EQ(SyncMutexLock_r(&s->mutex), EOWNERDEAD);
	EXPECT_OK(SyncMutexRevive(&s->mutex));
	EXPECT_OK(SyncMutexUnlock(&s->mutex));
	EXPECT_OK(SyncMutexLock(&s->mutex));
	EXPECT_OK(SyncMutexUnlock(&s->mutex));
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_ERRNO(SyncMutexEvent(&s->mutex, NULL), ENOTSUP);
}
