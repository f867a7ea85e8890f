// SPDX-License-Identifier: Apache-2.0
/*
 * The anchor is killed, and with it the node is gone: programs live on, their
 * calls to it fail, none hangs.
 */
#include "detection/child.h"

/* Calls may take so long to notice. */
#define NOTICE_MS 5000

static pid_t node_pid(const char *node, const char *name)
{
	struct harness_result result;
	const char *at;
	pid_t pid;

	HARNESS_RUN(&result, harness_bin("kamioka"), "info", "-n", node);
	EXPECT_EQ(result.status, 0);
	at = strstr(result.out, name);
	EXPECT(at);
	pid = atoi(at + strlen(name));
	harness_result_fini(&result);
	EXPECT_GT(pid, 1);
	return pid;
}

static struct harness_command wreck_new(const char *node, int *ret_n)
{
	const char *const argv[] = {harness_bin("kamioka"), "run", "-n", node, "--",
				    harness_tool("wreck"),  NULL};
	struct harness_command c;

	harness_start(argv, &c);
	EXPECT_EQ(sscanf(harness_read_line(c.out, PATIENCE_MS), "ready %d", ret_n), 1);
	return c;
}

/* The name can be had again, and its directory goes away with the new node. */
static void take_over(const char *node)
{
	struct harness_result result;

	HARNESS_RUN(&result, harness_bin("kamioka"), "run", "-n", node, "--", "true");
	if (result.status != 0)
		FAIL("status %d: %s", result.status, result.err);
	harness_result_fini(&result);
}

TEST_WITH(programs_live_on_without_the_anchor, .outside = true, .serial = true)
{
	struct harness_command c;
	long long end;
	int n = 0, status;

	c = wreck_new("wreck", &n);
	EXPECT_OK(kill(node_pid("wreck", "anchor"), SIGKILL));
	end = now_ms() + NOTICE_MS;
	for (int i = 0; i < n; i++) {
		long long left = end - now_ms();
		char name[64], error[64];
		const char *line = harness_read_line(c.out, left > 0 ? (int)left : 0);

		EXPECT_EQ(sscanf(line, "%63s %63s", name, error), 2);
		printf("%s\n", line);
		/* A wait knows no more children, the rest says whom it misses. */
		if (strcmp(error, "ECHILD") != 0 || strncmp(name, "wait", 4) != 0)
			EXPECT_STR(error, "EHOSTDOWN");
	}
	close(c.in);
	c.in = -1;
	EXPECT_STR(harness_read_line(c.out, PATIENCE_MS), "alive");
	status = harness_finish(&c);
	/* How PROGRAM ended only the node could have told. */
	EXPECT_NE(status, 0);
	take_over("wreck");
}

TEST_WITH(programs_live_on_without_anchor_and_manager, .outside = true, .serial = true)
{
	struct harness_command c;
	pid_t anchor, manager;
	int n = 0;

	c = wreck_new("wreck", &n);
	anchor = node_pid("wreck", "anchor");
	manager = node_pid("wreck", "manager ");
	/* Both at once, in the order that leaves nobody to tell. */
	EXPECT_OK(kill(anchor, SIGSTOP));
	EXPECT_OK(kill(manager, SIGKILL));
	EXPECT_OK(kill(anchor, SIGKILL));
	for (int i = 0; i < n; i++)
		printf("%s\n", harness_read_line(c.out, NOTICE_MS));
	close(c.in);
	c.in = -1;
	EXPECT_STR(harness_read_line(c.out, PATIENCE_MS), "alive");
	EXPECT_NE(harness_finish(&c), 0);
	take_over("wreck");
}
