// SPDX-License-Identifier: Apache-2.0
/*
 * examples/jobsh.c at a terminal, in a node and in a private one: what a user types and
 * what is to be seen then. `stay` is a program that says "up" and stays.
 */
#include "kit.h"

#include <poll.h>

struct session {
	struct harness_command command;
	char seen[65536];
	size_t n;
};

/* Until this has been shown. Where it is. */
static char *await(struct session *s, const char *text)
{
	char *found;

	while (!(found = strstr(s->seen, text))) {
		ssize_t n;

		if (s->n + 1 >= sizeof(s->seen))
			FAIL("too much output");
		if (poll(&(struct pollfd){.fd = s->command.out, .events = POLLIN}, 1, KIT_MS) < 1)
			FAIL("not said: \"%s\", but: %s", text, s->seen);
		n = read(s->command.out, s->seen + s->n, sizeof(s->seen) - 1 - s->n);
		if (n <= 0)
			FAIL("the shell ended before it said \"%s\": %s", text, s->seen);
		s->n += (size_t)n;
		s->seen[s->n] = '\0';
	}
	return found;
}

/* The same, after all that was expected before. */
static void expect(struct session *s, const char *text)
{
	char *found = await(s, text) + strlen(text);

	s->n = strlen(found);
	memmove(s->seen, found, s->n + 1);
}

/* Shown before or after a prompt: by a job in the background. */
static void expect_beside(struct session *s, const char *text)
{
	char *found = await(s, text);

	s->n -= strlen(text);
	memmove(found, found + strlen(text), strlen(found + strlen(text)) + 1);
}

static void type(struct session *s, const char *keys)
{
	EXPECT_EQ(write(s->command.in, keys, strlen(keys)), strlen(keys));
}

/* A line, once the shell asks for one; its echo is taken away. */
static void enter(struct session *s, const char *line)
{
	expect(s, "jobsh> ");
	type(s, line);
	type(s, "\n");
	expect(s, line);
	expect(s, "\n");
}

static void begin(struct session *s, bool in_node)
{
	char path[4096];

	kit_file("stay", "#!/bin/sh\necho up\nexec sleep 1000\n", 0700);
	snprintf(path, sizeof(path), "%s:%s", harness_path("."), getenv("PATH"));
	EXPECT_OK(setenv("PATH", path, 1));
	s->n = 0;
	s->seen[0] = '\0';
	harness_start(in_node ? (const char *const[]){harness_tool("terminal"),
						      harness_bin("kamioka"), "run", "--",
						      harness_tool("jobsh"), NULL} :
				(const char *const[]){harness_tool("terminal"),
						      harness_tool("jobsh"), NULL},
		      &s->command);
}

static void end(struct session *s)
{
	enter(s, "exit");
	EXPECT_EQ(harness_finish(&s->command), 0);
}

static void pipelines(bool in_node)
{
	static struct session s;

	begin(&s, in_node);
	enter(&s, "printf %s-%s\\n a b | cat | tr a-z A-Z");
	expect(&s, "A-B");
	enter(&s, "no-such-program-at-all");
	expect(&s, "No such file or directory");
	enter(&s, "seq 100000 | head -n 1");
	expect(&s, "1\r\n");
	enter(&s, "jobs");
	end(&s);
}

TEST_OUTSIDE(jobsh_pipelines)
{
	pipelines(true);
}

TEST_OUTSIDE(jobsh_pipelines_in_a_private_node)
{
	pipelines(false);
}

static void interrupt(bool in_node)
{
	static struct session s;

	begin(&s, in_node);
	enter(&s, "stay");
	expect(&s, "up");
	type(&s, "\003");
	expect(&s, "[1] Killed by 2 stay");
	enter(&s, "stay | cat");
	expect(&s, "up");
	type(&s, "\034");
	expect(&s, "[1] Killed by 3 stay | cat");
	/* The shell is still there, and so is a job in the background. */
	enter(&s, "stay &");
	expect_beside(&s, "up");
	enter(&s, "cat");
	type(&s, "typed\n");
	expect(&s, "typed\r\ntyped\r\n");
	type(&s, "\003");
	expect(&s, "[2] Killed by 2 cat");
	enter(&s, "jobs");
	expect(&s, "[1] Running stay &");
	enter(&s, "fg");
	expect(&s, "stay &\r\n");
	type(&s, "\003");
	expect(&s, "[1] Killed by 2 stay &");
	end(&s);
}

TEST_OUTSIDE(jobsh_ctrl_c_reaches_the_foreground_only)
{
	interrupt(true);
}

TEST_OUTSIDE(jobsh_ctrl_c_in_a_private_node)
{
	interrupt(false);
}

static void suspend(bool in_node)
{
	static struct session s;

	begin(&s, in_node);
	enter(&s, "stay | cat");
	expect(&s, "up");
	type(&s, "\032");
	expect(&s, "[1] Stopped stay | cat");
	enter(&s, "jobs");
	expect(&s, "[1] Stopped stay | cat");
	enter(&s, "bg 1");
	expect(&s, "stay | cat &");
	enter(&s, "jobs");
	expect(&s, "[1] Running stay | cat");
	enter(&s, "fg 1");
	expect(&s, "stay | cat\r\n");
	type(&s, "\032");
	expect(&s, "[1] Stopped stay | cat");
	enter(&s, "fg");
	expect(&s, "stay | cat\r\n");
	type(&s, "\003");
	expect(&s, "[1] Killed by 2 stay | cat");
	enter(&s, "fg");
	expect(&s, "no such job");
	end(&s);
}

TEST_OUTSIDE(jobsh_ctrl_z_fg_and_bg)
{
	suspend(true);
}

TEST_OUTSIDE(jobsh_ctrl_z_in_a_private_node)
{
	suspend(false);
}

/* Who reads the terminal from the background is stopped, and reads on in the foreground. */
static void background(bool in_node)
{
	static struct session s;

	begin(&s, in_node);
	/* Told when it is seen: before a prompt, or when the shell waits for it. */
	enter(&s, "true | true &");
	type(&s, "wait\n");
	expect_beside(&s, "[1] Done true | true &");
	enter(&s, "cat &");
	type(&s, "wait\n");
	expect_beside(&s, "[1] Stopped cat &");
	enter(&s, "fg");
	expect(&s, "cat &\r\n");
	type(&s, "hello\n");
	expect(&s, "hello\r\nhello\r\n");
	type(&s, "\004");
	end(&s);
}

TEST_OUTSIDE(jobsh_background_jobs)
{
	background(true);
}

TEST_OUTSIDE(jobsh_background_jobs_in_a_private_node)
{
	background(false);
}
