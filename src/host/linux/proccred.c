// SPDX-License-Identifier: Apache-2.0
#include "host/linux/proccred.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Of 65,536 groups with ten digits each. */
#define STATUS_BYTES (1 << 20)
#define STAT_BYTES   1024

static ssize_t read_file(pid_t pid, const char *name, char *text, size_t cap)
{
	char path[48];
	auto_fd fd = -1;
	ssize_t len, got = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name); /* fits */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	do {
		len = read(fd, text + got, cap - 1 - (size_t)got);
		if (len < 0)
			return -errno;
		got += len;
	} while (len > 0 && (size_t)got < cap - 1);
	text[got] = 0;
	return got;
}

static const char *line_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? at + strlen(name) : NULL;
}

static void read_ids(const char *line, uint32_t ret[3])
{
	char *end;

	for (int i = 0; line && i < 3; i++) {
		ret[i] = (uint32_t)strtoul(line, &end, 10);
		line = end;
	}
}

static uint32_t read_groups(const char *line, gid_t *ret, size_t max)
{
	uint32_t n = 0;
	char *end;

	while (line && *line != '\n' && *line) {
		gid_t gid = (gid_t)strtoul(line, &end, 10);

		if (end == line)
			break;
		if (n < max)
			ret[n] = gid;
		n++;
		line = end;
		while (*line == ' ' || *line == '\t')
			line++;
	}
	return n;
}

static int read_stat(pid_t pid, struct proccred *ret)
{
	char text[STAT_BYTES];
	int pgrp = 0, sid = 0, tty = 0, tpgid = -1, ppid;
	ssize_t rc = read_file(pid, "stat", text, sizeof(text));
	const char *at;

	if (rc < 0)
		return (int)rc;
	/* The name may hold anything, brackets too. */
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1, " %c %d %d %d %d %d", &ret->state, &ppid, &pgrp, &sid, &tty,
			  &tpgid) != 6)
		return -EIO;
	ret->sid = sid;
	ret->is_background = tty != 0 && tpgid > 0 && tpgid != pgrp;
	return 0;
}

int proccred_read(pid_t pid, struct proccred *ret, gid_t *ret_groups, size_t max)
{
	auto_str text = malloc(STATUS_BYTES);
	uint32_t uid[3] = {0}, gid[3] = {0};
	ssize_t rc;

	if (!text)
		return -ENOMEM;
	rc = read_file(pid, "status", text, STATUS_BYTES);
	if (rc < 0)
		return (int)rc;
	read_ids(line_of(text, "\nUid:"), uid);
	read_ids(line_of(text, "\nGid:"), gid);
	ret->ruid = uid[0];
	ret->euid = uid[1];
	ret->suid = uid[2];
	ret->rgid = gid[0];
	ret->egid = gid[1];
	ret->sgid = gid[2];
	ret->n_groups = read_groups(line_of(text, "\nGroups:"), ret_groups, max);
	return read_stat(pid, ret);
}
