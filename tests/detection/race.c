// SPDX-License-Identifier: Apache-2.0
/* Deaths at bad moments: in the middle of a spawn, of two at once, of many. */
#include "detection/child.h"

static void expect_alone(void)
{
	expect_no_children();
	EVENTUALLY(node_is_alone());
}

__attribute__((noreturn)) static void spawn_for_ever(int how)
{
	const char *path = harness_tool("mortal");

	for (;;) {
		switch (how) {
		case 0:
			(void)spawnl(P_WAIT, path, "mortal", "exit", "0", NULL);
			break;
		case 1:
			(void)spawnl(P_NOWAITO, path, "mortal", "exit", "0", NULL);
			break;
		case 2:
			if (fork() == 0)
				_exit(0);
			break;
		default:
			(void)spawnl(P_NOWAIT, path, "mortal", "exit", "0", NULL);
			(void)spawnl(P_WAIT, "/nowhere", "nowhere", NULL);
			(void)waitpid(-1, NULL, WNOHANG);
			break;
		}
	}
}

static void kill_spawners(int how)
{
	unsigned seed = (unsigned)getpid();

	for (int i = 0; i < 60; i++) {
		pid_t pid = EXPECT_OK(fork());

		if (pid == 0)
			spawn_for_ever(how);
		/* A random moment, which is what this is about. */
		(void)poll(NULL, 0, rand_r(&seed) % 12);
		EXPECT_OK(kill(pid, SIGKILL));
		expect_killed(pid, SIGKILL);
	}
	expect_alone();
}

TEST_WITH(parent_killed_in_spawn_leaves_nothing, .limit = 60)
{
	kill_spawners(0);
}

TEST_WITH(parent_killed_in_spawn_of_unwaited_children_leaves_nothing, .limit = 60)
{
	kill_spawners(1);
}

TEST_WITH(parent_killed_in_fork_leaves_nothing, .limit = 60)
{
	kill_spawners(2);
}

TEST_WITH(parent_killed_in_spawn_that_fails_leaves_nothing, .limit = 60)
{
	kill_spawners(3);
}

/* Parent and child are killed one after the other, without a pause, in both orders. */
TEST_WITH(two_deaths_at_once_in_both_orders, .limit = 60)
{
	int ends[2];

	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	for (int i = 0; i < 100; i++) {
		pid_t child = 0, parent = EXPECT_OK(fork());

		if (parent == 0) {
			child = child_that_pauses();
			EXPECT_EQ(write(ends[1], &child, sizeof(child)), sizeof(child));
			for (;;)
				(void)waitpid(child, NULL, i & 2 ? 0 : WNOHANG);
		}
		EXPECT_EQ(read(ends[0], &child, sizeof(child)), sizeof(child));
		EXPECT_OK(kill(i & 1 ? child : parent, SIGKILL));
		(void)kill(i & 1 ? parent : child, SIGTERM);
		(void)kill(parent, SIGKILL);
		EXPECT_EQ(waitpid(parent, NULL, 0), parent);
		EVENTUALLY(!is_there(child));
	}
	close(ends[0]);
	close(ends[1]);
	expect_alone();
}

TEST(death_of_a_parent_with_children_in_all_states)
{
	pid_t parent, all[5];
	int ends[2];

	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	parent = EXPECT_OK(fork());
	if (parent == 0) {
		pid_t demon, self = getpid();

		for (int i = 0; i < 5; i++) {
			pid_t stopped = EXPECT_OK(fork());

			if (stopped == 0) {
				EVENTUALLY(getppid() == 1);
				_exit(0);
			}
			EXPECT_OK(kill(stopped, SIGSTOP));
			if (i & 1)
				EXPECT_OK(kill(stopped, SIGCONT));
			(void)child_that_exits(i);
			(void)spawnl(P_NOWAITO, harness_tool("mortal"), "mortal", "exit", "1",
				     NULL);
			all[i] = stopped;
		}
		demon = EXPECT_OK(fork());
		if (demon == 0) {
			EXPECT_OK(procmgr_daemon(1, PROCMGR_DAEMON_NOCLOSE));
			EVENTUALLY(!is_there(self));
			_exit(0);
		}
		EXPECT_EQ(write(ends[1], all, sizeof(all)), sizeof(all));
		for (;;)
			pause();
	}
	EXPECT_EQ(read(ends[0], all, sizeof(all)), sizeof(all));
	EXPECT_OK(kill(parent, SIGKILL));
	expect_killed(parent, SIGKILL);
	/* Nobody continues what is stopped, not even the end of its parent. */
	for (int i = 0; i < 5; i += 2)
		EXPECT_OK(kill(all[i], SIGCONT));
	close(ends[0]);
	close(ends[1]);
	expect_alone();
}

/* The child's end and its parent's procmgr_daemon() cross. */
TEST_WITH(daemon_that_dies_at_once_is_told_once, .limit = 60)
{
	queue_sigchld();
	for (int i = 0; i < 100; i++) {
		pid_t pid = EXPECT_OK(fork());
		siginfo_t info;

		if (pid == 0) {
			(void)procmgr_daemon(7, PROCMGR_DAEMON_NOCLOSE);
			_exit(9);
		}
		expect_exit(pid, 7);
		info = take(SIGCHLD);
		EXPECT_EQ(info.si_pid, pid);
		EXPECT_EQ(info.si_status, 7);
		expect_no_children();
	}
	expect_none(SIGCHLD);
	EVENTUALLY(node_figure("used") == 1);
}

/* A wait is withdrawn by the death of its process while the child dies. */
TEST_WITH(waiting_parent_and_its_child_die_together, .limit = 60)
{
	int ends[2];

	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	for (int i = 0; i < 100; i++) {
		pid_t child = 0, parent = EXPECT_OK(fork());

		if (parent == 0) {
			child = child_that_pauses();
			EXPECT_EQ(write(ends[1], &child, sizeof(child)), sizeof(child));
			(void)waitpid(child, NULL, 0);
			_exit(1);
		}
		EXPECT_EQ(read(ends[0], &child, sizeof(child)), sizeof(child));
		EXPECT_OK(kill(child, SIGKILL));
		EXPECT_OK(kill(parent, SIGKILL));
		EXPECT_EQ(waitpid(parent, NULL, 0), parent);
	}
	close(ends[0]);
	close(ends[1]);
	expect_alone();
}
