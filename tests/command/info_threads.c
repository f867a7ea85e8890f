// SPDX-License-Identifier: Apache-2.0
/* kamioka info --threads: what the kernel alone knows. tests/message/states.c has the rest. */
#include "command/threads_kit.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(info_threads_shows_foreign_programs)
{
	struct harness_command c;

	harness_start((const char *const[]){"sleep", "1000", NULL}, &c);
	threads_await(c.pid, c.pid, "NANOSLEEP", "-");
	EXPECT_OK(kill(c.pid, SIGSTOP));
	threads_await(c.pid, c.pid, "STOPPED", "-");
	EXPECT_OK(kill(c.pid, SIGKILL));
	EXPECT_EQ(harness_finish(&c), 128 + SIGKILL);
}

TEST(info_threads_shows_who_asks_the_system)
{
	struct harness_command c;

	/* Reads from a pipe. */
	harness_start((const char *const[]){"cat", NULL}, &c);
	threads_await(c.pid, c.pid, "REPLY", "1");
	EXPECT_EQ(harness_finish(&c), 0);
}

static void *end_child_when_shown(void *arg)
{
	pid_t child = *(const pid_t *)arg;

	threads_await(getpid(), getpid(), "REPLY", "1");
	EXPECT_OK(kill(child, SIGKILL));
	return NULL;
}

/* wait() is a request to the manager. */
TEST(info_threads_shows_who_waits_for_a_child)
{
	pthread_t thread;
	pid_t child;
	int status;

	child = EXPECT_OK(fork());
	if (child == 0)
		for (;;)
			pause();
	EXPECT_EQ(pthread_create(&thread, NULL, end_child_when_shown, &child), 0);
	EXPECT_EQ(waitpid(child, &status, 0), child);
	EXPECT_EQ(pthread_join(thread, NULL), 0);
}

TEST(info_threads_shows_a_zombie_as_dead)
{
	char *table;
	pid_t child;

	child = EXPECT_OK(fork());
	if (child == 0)
		_exit(0);
	EXPECT(harness_wait_death(child, 20000));
	table = threads_table();
	EXPECT(threads_has(table, child, child, "DEAD", "-"));
	free(table);
	EXPECT_EQ(waitpid(child, NULL, 0), child);
}

#define MANY 300

static pthread_barrier_t all_there;
static pid_t tids[MANY];

static void *sleep_for_long(void *arg)
{
	*(pid_t *)arg = (pid_t)syscall(SYS_gettid);
	(void)pthread_barrier_wait(&all_there);
	for (;;)
		(void)sleep(1000);
	return NULL;
}

/* More than come with one answer of the manager. */
TEST_WITH(info_threads_shows_all_threads_of_a_process, .limit = 60)
{
	pthread_t threads[MANY];
	char *table;

	EXPECT_EQ(pthread_barrier_init(&all_there, NULL, MANY + 1), 0);
	for (int i = 0; i < MANY; i++)
		EXPECT_EQ(pthread_create(&threads[i], NULL, sleep_for_long, &tids[i]), 0);
	(void)pthread_barrier_wait(&all_there);
	for (int i = 0; i < MANY; i++)
		if (i % 100 == 0)
			threads_await(getpid(), tids[i], "NANOSLEEP", "-");
	table = threads_table();
	for (int i = 0; i < MANY; i++) {
		char start[32];

		(void)snprintf(start, sizeof(start), "%7d %7d ", getpid(), tids[i]);
		EXPECT_CONTAINS(table, start);
	}
	free(table);
	for (int i = 0; i < MANY; i++) {
		EXPECT_EQ(pthread_cancel(threads[i]), 0);
		EXPECT_EQ(pthread_join(threads[i], NULL), 0);
	}
}
