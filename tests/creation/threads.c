// SPDX-License-Identifier: Apache-2.0
/* Children made by several threads at once. */
#include "kit.h"

#include <process.h>
#include <pthread.h>

#define THREADS 4
#define SPAWNS  100

/* Found once: the harness is for one thread. */
static const char *show;

static void run_threads(void *(*body)(void *))
{
	pthread_t threads[THREADS];
	long numbers[THREADS];

	show = harness_tool("show");
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		EXPECT_EQ(pthread_create(&threads[i], NULL, body, &numbers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		EXPECT_EQ(pthread_join(threads[i], NULL), 0);
}

/* A status that no other child of these threads has just now. */
static pid_t start(int status)
{
	char word[16];

	snprintf(word, sizeof(word), "exit=%d", status);
	return EXPECT_OK(spawnl(P_NOWAIT, show, "show", word, NULL));
}

static void *spawn_and_collect(void *arg)
{
	long number = *(long *)arg;

	for (int i = 0; i < SPAWNS; i++)
		EXPECT_EQ(kit_exit_status(start((int)number * 30 + i % 30)),
			  (int)number * 30 + i % 30);
	return NULL;
}

TEST_WITH(threads_each_collect_their_own_children, .threads = true, .limit = 60)
{
	run_threads(spawn_and_collect);
	kit_expect_no_children();
}

static pid_t all[THREADS][SPAWNS];

static void *spawn_only(void *arg)
{
	long number = *(long *)arg;

	for (int i = 0; i < SPAWNS; i++)
		all[number][i] = start(i);
	return NULL;
}

TEST_WITH(threads_spawn_400_and_one_collects_all, .threads = true, .limit = 60)
{
	int seen = 0, status;
	pid_t pid;

	run_threads(spawn_only);
	while ((pid = wait(&status)) > 0) {
		bool known = false;

		for (int t = 0; t < THREADS; t++)
			for (int i = 0; i < SPAWNS; i++)
				if (all[t][i] == pid) {
					EXPECT_EQ(WEXITSTATUS(status), i);
					all[t][i] = 0;
					known = true;
				}
		EXPECT(known);
		seen++;
	}
	EXPECT_EQ(errno, ECHILD);
	EXPECT_EQ(seen, THREADS * SPAWNS);
}

static void *wait_inside_spawn(void *arg)
{
	long number = *(long *)arg;
	char word[16];

	for (int i = 0; i < SPAWNS; i++) {
		snprintf(word, sizeof(word), "exit=%d", (int)number * 30 + i % 30);
		EXPECT_EQ(WEXITSTATUS(spawnl(P_WAIT, show, "show", word, NULL)),
			  (int)number * 30 + i % 30);
	}
	return NULL;
}

/* P_WAIT blocks the calling thread, no other. */
TEST_WITH(threads_wait_inside_spawn_for_their_own, .threads = true, .limit = 60)
{
	run_threads(wait_inside_spawn);
	kit_expect_no_children();
}

static void *spawn_of_all_kinds(void *arg)
{
	struct inheritance inherit = kit_garbage(SPAWN_SETSIGMASK);
	long number = *(long *)arg;

	for (int i = 0; i < 25; i++) {
		int ends[2];
		pid_t pid;

		kit_pipe(ends);
		inherit.sigmask = kit_set(10 + (int)number);
		pid = EXPECT_OK(spawn(show, 2, (int[]){0, ends[1]}, &inherit,
				      KIT_ARGV("show", "mask", "fds"), NULL));
		close(ends[1]);
		EXPECT_EQ(atoi(harness_read_all(ends[0], KIT_MS)), 10 + number);
		close(ends[0]);
		EXPECT_EQ(kit_exit_status(pid), 0);
		EXPECT_ERRNO(spawn("/nowhere", 0, NULL, &inherit, KIT_ARGV("x"), NULL), ENOENT);
		EXPECT_EQ(spawnl(P_WAIT, "/bin/true", "true", NULL), 0);
	}
	return NULL;
}

TEST_WITH(threads_do_not_mix_what_their_children_inherit, .threads = true, .limit = 60)
{
	run_threads(spawn_of_all_kinds);
	kit_expect_no_children();
}

/* A thread that is about to spawn is no reason for another's program to see its mask. */
static void *spawn_until_told(void *arg)
{
	while (!__atomic_load_n((bool *)arg, __ATOMIC_RELAXED))
		EXPECT_EQ(spawnl(P_WAIT, "/bin/true", "true", NULL), 0);
	return NULL;
}

static int hits;

static void hit(int signo)
{
	(void)signo;
	__atomic_add_fetch(&hits, 1, __ATOMIC_RELAXED);
}

/* A handler of ours runs in us, once for each signal, and never in a child on its way. */
TEST_WITH(threads_signals_during_spawn_reach_the_parent_only, .threads = true, .limit = 60)
{
	bool told = false;
	pthread_t thread;

	kit_on_signal(SIGUSR1, hit);
	EXPECT_EQ(pthread_create(&thread, NULL, spawn_until_told, &told), 0);
	for (int i = 0; i < 2000; i++) {
		EXPECT_OK(pthread_kill(thread, SIGUSR1));
		while (__atomic_load_n(&hits, __ATOMIC_RELAXED) <= i)
			sched_yield();
		EXPECT_EQ(__atomic_load_n(&hits, __ATOMIC_RELAXED), i + 1);
	}
	__atomic_store_n(&told, true, __ATOMIC_RELAXED);
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	kit_expect_no_children();
}
