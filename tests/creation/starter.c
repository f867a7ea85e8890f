// SPDX-License-Identifier: Apache-2.0
/*
 * Programs as QNX's own texts have them, compiled by kamcc as they are, run in a node
 * and outside of one.
 */
#include "kit.h"

/* Compiles one of data/ into the test's directory. Warnings are to be expected. */
static const char *compile(const char *name)
{
	char source[128];
	struct harness_result result;

	snprintf(source, sizeof(source), "tests/creation/data/%s.c", name);
	HARNESS_RUN(&result, harness_bin("kamcc"), "-w", "-o", harness_path(name),
		    harness_source(source));
	if (result.status != 0)
		FAIL("kamcc %s: %s", source, result.err);
	harness_result_fini(&result);
	return harness_path(name);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines in alphabetical order: deaths come as they like. */
static const char *sorted(char *text)
{
	static char all[4096];
	char *lines[64];
	size_t n = 0;

	for (char *line = strtok(text, "\n"); line && n < 64; line = strtok(NULL, "\n"))
		lines[n++] = line;
	qsort(lines, n, sizeof(lines[0]), compare_lines);
	all[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		strcat(all, lines[i]);
		strcat(all, "\n");
	}
	return all;
}

static void expect_wait(struct harness_result *result)
{
	EXPECT_CONTAINS(result->err, "wait: No child processes\n");
	EXPECT_EQ(result->status, EXIT_FAILURE);
	/* What the last child said depends on who was quicker. */
	EXPECT_CONTAINS(sorted(result->out), "exit 0\nexit 1\nsignal 15, the last\n");
	harness_result_fini(result);
}

TEST_OUTSIDE(starter_with_wait)
{
	struct harness_result result;

	compile("starter_child");
	EXPECT_OK(chdir(harness_path(".")));
	HARNESS_RUN(&result, harness_bin("kamioka"), "run", "--", compile("starter_wait"));
	expect_wait(&result);
	HARNESS_RUN(&result, harness_path("starter_wait"));
	expect_wait(&result);
}

static void expect_sigwait(struct harness_result *result)
{
	EXPECT_STR(result->err, "");
	EXPECT_EQ(result->status, 0);
	EXPECT_CONTAINS(sorted(result->out),
			"death of 0\ndeath of 1\ndeath of 2\ndeath of 3\ndeath of 4\n");
	harness_result_fini(result);
}

TEST_OUTSIDE(starter_with_sigwaitinfo)
{
	struct harness_result result;

	compile("starter_child");
	EXPECT_OK(chdir(harness_path(".")));
	HARNESS_RUN(&result, harness_bin("kamioka"), "run", "--", compile("starter_sigwait"));
	expect_sigwait(&result);
	HARNESS_RUN(&result, harness_path("starter_sigwait"));
	expect_sigwait(&result);
}

/* The other way of starting at boot: a script. */
TEST_OUTSIDE(starter_by_script)
{
	struct harness_result result;
	char script[8192];

	snprintf(script, sizeof(script), "\"%s\" a & \"%s\" b & wait; echo started\n",
		 compile("starter_child"), harness_path("starter_child"));
	HARNESS_RUN(&result, harness_bin("kamioka"), "run", "--", "sh", "-c", script);
	EXPECT_EQ(result.status, 0);
	EXPECT_STR(sorted(result.out), "child a\nchild b\nstarted\n");
	harness_result_fini(&result);
}
