// SPDX-License-Identifier: Apache-2.0
/* What tests of the pathname space look at it with: the command, which is no program of ours. */
#pragma once

#include "robust/load.h"

#include <kamioka.h>
#include <sys/pathmgr.h>

/* What `kamioka names` says, of one path if not NULL; yours to free. */
MAYBE char *names_of(const char *path, int status)
{
	struct harness_result result;
	char *text;

	if (path)
		HARNESS_RUN(&result, harness_bin("kamioka"), "names", path);
	else
		HARNESS_RUN(&result, harness_bin("kamioka"), "names");
	if (result.status != status)
		FAIL("status %d: %s%s", result.status, result.out, result.err);
	text = strdup(result.out);
	EXPECT(text);
	harness_result_fini(&result);
	return text;
}

/* Is there a name that ends a line so? */
MAYBE bool is_listed(const char *end)
{
	char *text = names_of(NULL, 0);
	const char *at = text;
	size_t len = strlen(end);
	bool is = false;

	while ((at = strstr(at, end)) != NULL && !is) {
		is = at[len] == '\n' && at[-1] == ' ';
		at += len;
	}
	free(text);
	return is;
}

/* The channels that are asked for a path, first to last: "3 1"; "" nobody. */
MAYBE const char *channels_of(const char *path)
{
	static char channels[256];
	char *text = names_of(path, 0), *rest = NULL;
	size_t at = 0;

	channels[0] = 0;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		int pid, chid;

		EXPECT_EQ(sscanf(line, "%d %d", &pid, &chid), 2);
		at += (size_t)snprintf(channels + at, sizeof(channels) - at, "%s%d", at ? " " : "",
				       chid);
	}
	free(text);
	return channels;
}

MAYBE int links(const char *path, int chid, unsigned flags)
{
	return pathmgr_link(path, 0, 0, chid, 0, _FTYPE_ANY, flags);
}

/* A child that serves a path and goes on, until its standard way to end. */
MAYBE pid_t server_of(const char *path, int chid, unsigned flags)
{
	struct gate ready = gate_new();
	pid_t pid = EXPECT_OK(fork());
	char byte;

	if (pid == 0) {
		EXPECT_OK(links(path, chid, flags));
		gate_open(ready);
		for (;;)
			pause();
	}
	EXPECT_OK(close(ready.write));
	EXPECT_EQ(read(ready.read, &byte, 1), 0);
	EXPECT_OK(close(ready.read));
	return pid;
}
