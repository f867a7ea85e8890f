// SPDX-License-Identifier: Apache-2.0
/*
 * A full table: refused before anything is created, said once, the last places
 * kept for root.
 */
#include "detection/child.h"

#include <sys/stat.h>

#define CAPACITY 30

/* Runs `mortal fill` in a node of its own, as @uid if that is not 0. */
static void fill_node(const char *keep, const char *uid, struct harness_result *ret)
{
	HARNESS_RUN(ret, harness_bin("kamioka"), "run", "--max-processes", "30", "--keep-root",
		    keep, "--", harness_tool("mortal"), "fill", uid);
	if (ret->status != 0)
		FAIL("status %d\n%s%s", ret->status, ret->out, ret->err);
}

static int count_of(const char *text, const char *part)
{
	int n = 0;

	for (const char *at = text; at && (at = strstr(at, part)); at++)
		n++;
	return n;
}

static void expect_filled(const struct harness_result *result, int made)
{
	char text[64];

	snprintf(text, sizeof(text), "%d EAGAIN\n", made);
	EXPECT_CONTAINS(result->out, text);
	EXPECT_CONTAINS(result->out, "0 left, room\n");
	/* One line, however often it is refused. */
	if (count_of(result->err, "the process table is full") != 1)
		FAIL("not one line:\n%s", result->err);
}

TEST_OUTSIDE(full_table_is_eagain_with_one_line_and_has_room_again)
{
	struct harness_result result;
	int kept = geteuid() == 0 ? 0 : 2;

	fill_node("2", "0", &result);
	expect_filled(&result, CAPACITY - 1 - kept);
	harness_result_fini(&result);
}

TEST_OUTSIDE(last_places_are_roots)
{
	struct harness_result result;

	if (geteuid() != 0)
		SKIP("needs root, to be somebody else");
	/* Others find a node of root's if its folder lets them through. */
	EXPECT_OK(chmod(harness_path(""), 0711));
	fill_node("2", "65534", &result);
	expect_filled(&result, CAPACITY - 1 - 2);
	harness_result_fini(&result);
	fill_node("7", "65534", &result);
	expect_filled(&result, CAPACITY - 1 - 7);
	harness_result_fini(&result);
	fill_node("0", "65534", &result);
	expect_filled(&result, CAPACITY - 1);
	harness_result_fini(&result);
}

/* All of an ordinary user's places are taken: root still has its own. */
TEST_WITH(root_forks_when_others_cannot, .node = "--max-processes 30 --keep-root 4")
{
	struct gate gate = gate_new();
	pid_t pids[CAPACITY];
	int ends[2], theirs = 0, mine = 0;
	pid_t user;

	if (geteuid() != 0)
		SKIP("needs root, to be somebody else");
	EXPECT_OK(chmod(harness_path(""), 0711));
	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	user = EXPECT_OK(fork());
	if (user == 0) {
		pid_t pid;
		int n = 0;

		close(gate.write);
		EXPECT_OK(setpgid(0, 0));
		EXPECT_OK(setresuid(65534, 65534, 65534));
		while ((pid = fork()) > 0)
			n++;
		if (pid == 0)
			for (;;)
				pause();
		EXPECT_EQ(errno, EAGAIN);
		EXPECT_EQ(write(ends[1], &n, sizeof(n)), sizeof(n));
		gate_pass(gate);
		(void)signal(SIGTERM, SIG_IGN);
		(void)kill(0, SIGTERM);
		while (n-- > 0)
			EXPECT_GT(wait(NULL), 0);
		_exit(0);
	}
	EXPECT_EQ(read(ends[0], &theirs, sizeof(theirs)), sizeof(theirs));
	while (mine < CAPACITY && (pids[mine] = fork()) > 0)
		mine++;
	if (mine < CAPACITY && pids[mine] == 0)
		for (;;)
			pause();
	EXPECT_EQ(errno, EAGAIN);
	EXPECT_EQ(2 + theirs + mine, CAPACITY);
	EXPECT_GE(mine, 4);
	for (int i = 0; i < mine; i++)
		end_child(pids[i]);
	gate_open(gate);
	expect_exit(user, 0);
	close(ends[0]);
	close(ends[1]);
}

/* Zombies take places, too; nothing is created by a call that is refused. */
TEST_WITH(zombies_count_and_refused_births_make_nothing, .node = "--max-processes 20 --keep-root 0")
{
	pid_t pids[20];
	long births;
	int n = 0;

	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_PROCESS_DEATH);
	while (n < 20 && (pids[n] = fork()) > 0)
		n++;
	if (n < 20 && pids[n] == 0)
		_exit(0);
	EXPECT_EQ(n, 19);
	EXPECT_EQ(errno, EAGAIN);
	for (int i = 0; i < n; i++)
		(void)take(SIGRTMIN);
	births = node_figure("births");
	EXPECT_ERRNO(fork(), EAGAIN);
	EXPECT_ERRNO(spawnl(P_NOWAIT, "/bin/true", "true", NULL), EAGAIN);
	EXPECT_ERRNO(spawnl(P_NOWAITO, "/bin/true", "true", NULL), EAGAIN);
	EXPECT_ERRNO(spawnl(P_WAIT, "/bin/true", "true", NULL), EAGAIN);
	EXPECT_EQ(node_figure("births"), births);
	for (int i = 0; i < n; i++)
		expect_exit(pids[i], 0);
	expect_exit(child_that_exits(4), 4);
}

/* What an idle process holds for births to come is no reason to refuse another's. */
TEST_WITH(reserved_places_are_taken_back_when_needed, .node = "--max-processes 20 --keep-root 0")
{
	struct gate gate = gate_new();
	pid_t idle[4], busy;
	int made = 0, ends[2];

	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	for (int i = 0; i < 4; i++) {
		idle[i] = EXPECT_OK(fork());
		if (idle[i] == 0) {
			expect_exit(child_that_exits(0), 0);
			EXPECT_EQ(write(ends[1], &made, sizeof(made)), sizeof(made));
			gate_pass(gate);
			/* And it has a place when it needs one. */
			expect_exit(child_that_exits(0), 0);
			_exit(0);
		}
		EXPECT_EQ(read(ends[0], &made, sizeof(made)), sizeof(made));
	}
	busy = EXPECT_OK(fork());
	if (busy == 0) {
		pid_t pids[20];

		close(gate.write);
		while (made < 20 && (pids[made] = fork()) > 0)
			made++;
		if (made < 20 && pids[made] == 0)
			for (;;)
				pause();
		EXPECT_EQ(errno, EAGAIN);
		for (int i = 0; i < made; i++)
			end_child(pids[i]);
		EXPECT_EQ(write(ends[1], &made, sizeof(made)), sizeof(made));
		_exit(0);
	}
	EXPECT_EQ(read(ends[0], &made, sizeof(made)), sizeof(made));
	/* Six there are: 20 - 6. */
	EXPECT_EQ(made, 14);
	expect_exit(busy, 0);
	gate_open(gate);
	for (int i = 0; i < 4; i++)
		expect_exit(idle[i], 0);
	close(ends[0]);
	close(ends[1]);
}
