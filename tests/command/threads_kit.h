// SPDX-License-Identifier: Apache-2.0
/* Reading `kamioka info --threads`. */
#pragma once

#include "harness/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The whole table; free it. */
static inline char *threads_table(void)
{
	struct harness_result r;
	char *table;

	HARNESS_RUN(&r, harness_bin("kamioka"), "info", "--threads");
	EXPECT_STR(r.err, "");
	EXPECT_EQ(r.status, 0);
	table = strdup(r.out);
	EXPECT(table);
	harness_result_fini(&r);
	return table;
}

/* Is there a line of that thread, with @state and, in the next column, @on? */
static inline bool threads_has(const char *table, pid_t pid, pid_t tid, const char *state,
			       const char *on)
{
	for (const char *line = table; line; line = strchr(line, '\n')) {
		char its_state[16], its_on[32];
		int its_pid, its_tid;

		line += *line == '\n';
		if (sscanf(line, "%d %d %15s %31s", &its_pid, &its_tid, its_state, its_on) == 4 &&
		    its_pid == pid && its_tid == tid)
			return strcmp(its_state, state) == 0 && strcmp(its_on, on) == 0;
	}
	return false;
}

/* Until it is so. What never comes ends at the test's limit, with what is there on show. */
static inline void threads_await(pid_t pid, pid_t tid, const char *state, const char *on)
{
	for (;;) {
		char *table = threads_table();
		bool is_so = threads_has(table, pid, tid, state, on);

		free(table);
		if (is_so)
			return;
	}
}
