// SPDX-License-Identifier: Apache-2.0
/* TimerTimeout() on what blocks besides messages. A limit of 0 or one in the past is over at
 * once, so nothing here waits for a time but where sleeping is what is tested. */
#include "harness/harness.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/neutrino.h>
#include <time.h>
#include <unistd.h>

#define MS UINT64_C(1000000)
#define S  (UINT64_C(1000) * MS)

/* NANOSLEEP alone would sleep in TimerTimeout() itself. */
#define SLEEP (_NTO_TIMEOUT_NANOSLEEP | _NTO_TIMEOUT_SEM)

#if defined(__SANITIZE_THREAD__)
#define SANITIZED_THREADS true
#else
#define SANITIZED_THREADS false
#endif

static const uint64_t soon = 1 * MS;
static const uint64_t late = 3600 * S;

static int limit(int flags, const uint64_t *ns)
{
	return EXPECT_OK(TimerTimeout(CLOCK_MONOTONIC, flags, NULL, ns, NULL));
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	EXPECT_OK(clock_gettime(clock, &now));
	return (uint64_t)now.tv_sec * S + (uint64_t)now.tv_nsec;
}

static sigset_t blocked(int signo)
{
	sigset_t set;

	EXPECT_OK(sigemptyset(&set));
	EXPECT_OK(sigaddset(&set, signo));
	EXPECT_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	return set;
}

TEST(timeout_states_are_bits_of_their_numbers)
{
	EXPECT_EQ(_NTO_TIMEOUT_SEND, 1 << 4);
	EXPECT_EQ(_NTO_TIMEOUT_RECEIVE, 1 << 5);
	EXPECT_EQ(_NTO_TIMEOUT_SEM, 1 << 17);
}

TEST(timeout_ends_sleeps)
{
	const struct timespec hour = {.tv_sec = 3600};
	struct timespec rest = {0};

	limit(SLEEP, &soon);
	EXPECT_ERRNO(nanosleep(&hour, &rest), ETIMEDOUT);
	EXPECT_GE(rest.tv_sec, 3000);
	limit(SLEEP, &soon);
	EXPECT_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &hour, NULL), ETIMEDOUT);
	limit(SLEEP, &soon);
	EXPECT_GE(delay(3600 * 1000), 3000 * 1000);
	limit(SLEEP, &soon);
	EXPECT_GE(sleep(3600), 3000);
	limit(SLEEP, &soon);
	EXPECT_ERRNO(usleep(3600u * 1000000u), ETIMEDOUT);
}

TEST(timeout_that_is_later_than_the_sleep_is_not_noticed)
{
	const struct timespec moment = {.tv_nsec = 1000};

	limit(SLEEP, &late);
	EXPECT_OK(nanosleep(&moment, NULL));
	limit(SLEEP, &late);
	EXPECT_EQ(delay(1), 0);
}

TEST(timeout_ends_sigsuspend_and_pause)
{
	sigset_t none;

	EXPECT_OK(sigemptyset(&none));
	limit(_NTO_TIMEOUT_SIGSUSPEND, &soon);
	EXPECT_ERRNO(sigsuspend(&none), ETIMEDOUT);
	limit(_NTO_TIMEOUT_SIGSUSPEND, NULL);
	EXPECT_ERRNO(pause(), ETIMEDOUT);
}

TEST(timeout_ends_waits_for_signals)
{
	const struct timespec hour = {.tv_sec = 3600}, zero = {0};
	sigset_t set = blocked(SIGUSR1), deaths = blocked(SIGCHLD);
	int signo;

	limit(_NTO_TIMEOUT_SIGWAITINFO, &soon);
	EXPECT_ERRNO(sigwaitinfo(&set, NULL), ETIMEDOUT);
	limit(_NTO_TIMEOUT_SIGWAITINFO, &soon);
	EXPECT_ERRNO(sigwaitinfo(&deaths, NULL), ETIMEDOUT);
	limit(_NTO_TIMEOUT_SIGWAITINFO, &soon);
	EXPECT_ERRNO(sigtimedwait(&set, NULL, &hour), ETIMEDOUT);
	limit(_NTO_TIMEOUT_SIGWAITINFO, &soon);
	EXPECT_EQ(sigwait(&set, &signo), ETIMEDOUT);
	/* The wait's own end comes first. */
	limit(_NTO_TIMEOUT_SIGWAITINFO, &late);
	EXPECT_ERRNO(sigtimedwait(&set, NULL, &zero), EAGAIN);
}

static void *wait_for_sem(void *sem)
{
	while (sem_wait(sem) != 0)
		;
	return NULL;
}

TEST_WITH(timeout_ends_pthread_join, .threads = true)
{
	pthread_t thread;
	sem_t end;

	if (SANITIZED_THREADS)
		SKIP("its joining with a limit inside of a join is more than the sanitizer knows");
	EXPECT_OK(sem_init(&end, 0, 0));
	EXPECT_EQ(pthread_create(&thread, NULL, wait_for_sem, &end), 0);
	limit(_NTO_TIMEOUT_JOIN, &soon);
	EXPECT_EQ(pthread_join(thread, NULL), ETIMEDOUT);
	limit(_NTO_TIMEOUT_JOIN, NULL);
	EXPECT_EQ(pthread_join(thread, NULL), ETIMEDOUT);
	EXPECT_OK(sem_post(&end));
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_OK(sem_destroy(&end));
}

TEST(timeout_ends_sem_wait)
{
	sem_t sem;

	EXPECT_OK(sem_init(&sem, 0, 0));
	limit(_NTO_TIMEOUT_SEM, &soon);
	EXPECT_ERRNO(sem_wait(&sem), ETIMEDOUT);
	limit(_NTO_TIMEOUT_SEM, NULL);
	EXPECT_ERRNO(sem_wait(&sem), ETIMEDOUT);
	EXPECT_OK(sem_destroy(&sem));
}

TEST(timeout_is_gone_after_a_call_that_did_not_block)
{
	sem_t sem;

	EXPECT_OK(sem_init(&sem, 0, 1));
	limit(_NTO_TIMEOUT_SEM, NULL);
	EXPECT_OK(sem_wait(&sem));
	EXPECT_EQ(TimerTimeout(CLOCK_MONOTONIC, 0, NULL, NULL, NULL), 0);
	EXPECT_OK(sem_destroy(&sem));
}

TEST(timeout_is_for_one_call)
{
	const struct timespec moment = {.tv_nsec = 1000}, hour = {.tv_sec = 3600};

	limit(SLEEP, NULL);
	EXPECT_ERRNO(nanosleep(&hour, NULL), ETIMEDOUT);
	EXPECT_OK(nanosleep(&moment, NULL));
	EXPECT_EQ(limit(0, NULL), 0);
}

TEST(timeout_waits_for_a_call_that_enters_one_of_its_states)
{
	const struct timespec moment = {.tv_nsec = 1000};

	limit(_NTO_TIMEOUT_SEM, NULL);
	EXPECT_OK(nanosleep(&moment, NULL));
	EXPECT_EQ(limit(0, NULL), _NTO_TIMEOUT_SEM);
}

TEST(timeout_answers_the_former_flags_and_0_cancels)
{
	EXPECT_EQ(limit(_NTO_TIMEOUT_SEM, &late), 0);
	EXPECT_EQ(limit(_NTO_TIMEOUT_JOIN | _NTO_TIMEOUT_INTR, &late), _NTO_TIMEOUT_SEM);
	EXPECT_EQ(limit(0, NULL), _NTO_TIMEOUT_JOIN | _NTO_TIMEOUT_INTR);
	EXPECT_EQ(limit(0, NULL), 0);
}

static void *own_flags(void *unused)
{
	(void)unused;
	EXPECT_EQ(limit(0, NULL), 0);
	return NULL;
}

TEST(timeout_belongs_to_its_thread)
{
	pthread_t thread;

	limit(_NTO_TIMEOUT_SEM, &late);
	EXPECT_EQ(pthread_create(&thread, NULL, own_flags, NULL), 0);
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_EQ(limit(0, NULL), _NTO_TIMEOUT_SEM);
}

TEST(timeout_relative_time_counts_from_its_call)
{
	const struct timespec moment = {.tv_nsec = 2000000}, hour = {.tv_sec = 3600};
	uint64_t started = now_ns(CLOCK_MONOTONIC), armed_for = 2 * MS;

	limit(_NTO_TIMEOUT_SEM, &armed_for);
	EXPECT_OK(nanosleep(&moment, NULL));
	EXPECT_GE(now_ns(CLOCK_MONOTONIC) - started, armed_for);
	EXPECT_EQ(limit(SLEEP, &armed_for), _NTO_TIMEOUT_SEM);
	EXPECT_ERRNO(nanosleep(&hour, NULL), ETIMEDOUT);
	EXPECT_GE(now_ns(CLOCK_MONOTONIC) - started, 2 * armed_for);
}

TEST(timeout_absolute_time_is_the_clocks)
{
	const struct timespec hour = {.tv_sec = 3600}, moment = {.tv_nsec = 1000};
	uint64_t past = now_ns(CLOCK_REALTIME) - 1, future = now_ns(CLOCK_REALTIME) + late;

	EXPECT_OK(TimerTimeout(CLOCK_REALTIME, SLEEP | TIMER_ABSTIME, NULL, &past, NULL));
	EXPECT_ERRNO(nanosleep(&hour, NULL), ETIMEDOUT);
	EXPECT_OK(TimerTimeout(CLOCK_REALTIME, SLEEP | TIMER_ABSTIME, NULL, &future, NULL));
	EXPECT_OK(nanosleep(&moment, NULL));
}

static void hear(int signo)
{
	(void)signo;
}

TEST(timeout_with_another_event_delivers_it_and_goes_on)
{
	struct sigevent event;
	sigset_t set = blocked(SIGUSR1);
	siginfo_t info;

	SIGEV_SIGNAL_INIT(&event, SIGUSR1);
	EXPECT_OK(TimerTimeout(CLOCK_MONOTONIC, _NTO_TIMEOUT_SIGWAITINFO, &event, &soon, NULL));
	/* The wait goes on, and what ends it is the event itself. */
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGUSR1);
}

TEST(timeout_of_nanosleep_alone_sleeps_in_the_call)
{
	uint64_t started = now_ns(CLOCK_MONOTONIC), left = 1;

	EXPECT_EQ(TimerTimeout(CLOCK_MONOTONIC, _NTO_TIMEOUT_NANOSLEEP, NULL, &soon, &left), 0);
	EXPECT_GE(now_ns(CLOCK_MONOTONIC) - started, soon);
	EXPECT_EQ(left, 0);
}

static pthread_t sleeper;
static bool slept;

/* Until the sleep was there to be interrupted. */
static void *interrupt(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&slept, __ATOMIC_ACQUIRE)) {
		(void)pthread_kill(sleeper, SIGUSR1);
		(void)usleep(1000);
	}
	return NULL;
}

TEST(timeout_sleep_that_is_interrupted_tells_what_is_left)
{
	struct sigaction action = {.sa_handler = hear};
	struct timespec left = {0}, hour = {.tv_sec = 3600};
	pthread_t thread;

	sleeper = pthread_self();
	EXPECT_OK(sigaction(SIGUSR1, &action, NULL));
	EXPECT_EQ(pthread_create(&thread, NULL, interrupt, NULL), 0);
	EXPECT_ERRNO(timer_timeout(CLOCK_MONOTONIC, _NTO_TIMEOUT_NANOSLEEP, NULL, &hour, &left),
		     EINTR);
	EXPECT_GE(left.tv_sec, 3000);
	__atomic_store_n(&slept, true, __ATOMIC_RELEASE);
	EXPECT_EQ(pthread_join(thread, NULL), 0);
}

TEST(timeout_errors_are_told)
{
	const struct timespec bad = {.tv_nsec = 1000000000};
	struct sigevent event;

	SIGEV_SIGNAL_INIT(&event, 0);
	EXPECT_ERRNO(TimerTimeout(99, _NTO_TIMEOUT_SEM, NULL, &soon, NULL), EINVAL);
	EXPECT_ERRNO(TimerTimeout(CLOCK_MONOTONIC, 1 << STATE_DEAD | 1 << STATE_STOPPED, NULL,
				  &soon, NULL),
		     EINVAL);
	EXPECT_ERRNO(TimerTimeout(CLOCK_MONOTONIC, _NTO_TIMEOUT_SEM, &event, &soon, NULL), EINVAL);
	EXPECT_ERRNO(timer_timeout(CLOCK_MONOTONIC, _NTO_TIMEOUT_SEM, NULL, &bad, NULL), EINVAL);
	errno = 0;
	EXPECT_EQ(TimerTimeout_r(99, _NTO_TIMEOUT_SEM, NULL, &soon, NULL), -EINVAL);
	EXPECT_EQ(errno, 0);
}
