// SPDX-License-Identifier: Apache-2.0
#include "host/linux/procinfo.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"

static ssize_t read_file(const char *path, char *buf, size_t cap)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, cap - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return n;
}

/* The name is in parentheses and may hold any byte, parentheses too. */
static int parse_stat(const char *buf, struct procinfo *ret)
{
	const char *open = strchr(buf, '(');
	const char *close = strrchr(buf, ')');
	size_t len;
	int n;

	if (!open || !close)
		return -ESRCH;
	len = (size_t)(close - open - 1);
	if (len >= sizeof(ret->name))
		len = sizeof(ret->name) - 1;
	memcpy(ret->name, open + 1, len);
	ret->name[len] = '\0';
	n = sscanf(close + 1,
		   " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
		   " %*d %*d %*d %*d %*d %*d %" SCNu64,
		   &ret->state, &ret->ppid, &ret->pgrp, &ret->sid, &ret->utime, &ret->stime,
		   &ret->start);
	return n == 7 ? 0 : -ESRCH;
}

static int read_ids(pid_t pid, struct procinfo *ret)
{
	char path[64], buf[2048];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (read_file(path, buf, sizeof(buf)) < 0)
		return -ESRCH;
	at = strstr(buf, "\nUid:");
	if (!at || sscanf(at, "\nUid: %" SCNu32 " %" SCNu32, &ret->uid, &ret->euid) != 2)
		return -ESRCH;
	at = strstr(buf, "\nGid:");
	if (!at || sscanf(at, "\nGid: %" SCNu32 " %" SCNu32, &ret->gid, &ret->egid) != 2)
		return -ESRCH;
	return 0;
}

int procinfo_read(pid_t pid, bool ids, struct procinfo *ret)
{
	char path[64], buf[1024];

	memset(ret, 0, sizeof(*ret));
	ret->pid = pid;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_file(path, buf, sizeof(buf)) <= 0 || parse_stat(buf, ret) < 0)
		return -ESRCH;
	return ids ? read_ids(pid, ret) : 0;
}

pid_t procinfo_ppid(pid_t pid)
{
	struct procinfo p;
	int r = procinfo_read(pid, false, &p);

	return r < 0 ? r : p.ppid;
}

static void dir_close(DIR **d)
{
	if (*d)
		closedir(*d);
}

int procinfo_walk(bool (*each)(const struct procinfo *p, void *arg), void *arg)
{
	__attribute__((cleanup(dir_close))) DIR *d = opendir("/proc");
	struct dirent *e;

	if (!d)
		return -errno;
	while ((e = readdir(d)) != NULL) {
		struct procinfo p;

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		if (procinfo_read(atoi(e->d_name), false, &p) == 0 && !each(&p, arg))
			break;
	}
	return 0;
}

static int field(const char *buf, const char *name, uint64_t *ret)
{
	const char *at = strstr(buf, name);

	if (!at || sscanf(at + strlen(name), " %" SCNu64, ret) != 1)
		return -ENODATA;
	return 0;
}

int procinfo_memory(uint64_t *ret_free, uint64_t *ret_total)
{
	char buf[4096];
	ssize_t n = read_file("/proc/meminfo", buf, sizeof(buf));

	if (n < 0)
		return (int)n;
	if (field(buf, "MemAvailable:", ret_free) < 0 || field(buf, "MemTotal:", ret_total) < 0)
		return -ENODATA;
	return 0;
}

/* Bytes of a name that the kernel keeps. */
#define COMM_LEN 15

bool procinfo_is_named(pid_t pid, const char *name)
{
	char path[64], comm[64], buf[PATH_MAX + 1];
	const char *slash, *called;
	bool is_same;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	n = read_file(path, comm, sizeof(comm));
	if (n <= 0)
		return false;
	comm[strcspn(comm, "\n")] = '\0';
	is_same = strcmp(comm, name) == 0;
	if (is_same && strlen(comm) < COMM_LEN)
		return true;
	/* It may be cut; and a thread may have named itself. */
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	if (read_file(path, buf, sizeof(buf)) <= 0)
		return is_same;
	slash = strrchr(buf, '/');
	called = slash ? slash + 1 : buf;
	/* A script's first word is its interpreter. */
	return strcmp(called, name) == 0 || (is_same && strncmp(called, comm, COMM_LEN) != 0);
}

dev_t procinfo_tty(pid_t pid)
{
	char path[64], buf[1024];
	const char *close;
	unsigned tty;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_file(path, buf, sizeof(buf)) < 0)
		return 0;
	close = strrchr(buf, ')');
	if (!close || sscanf(close + 1, " %*c %*d %*d %*d %u", &tty) != 1)
		return 0;
	/* proc(5): the minor is in two parts. */
	return makedev(tty >> 8 & 0xfffu, (tty & 0xffu) | (tty >> 12 & 0xfff00u));
}

int procinfo_private(pid_t pid, uint64_t *ret_kb)
{
	char path[64], buf[2048];
	uint64_t clean, dirty;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	n = read_file(path, buf, sizeof(buf));
	if (n < 0)
		return (int)n;
	if (field(buf, "Private_Clean:", &clean) < 0 || field(buf, "Private_Dirty:", &dirty) < 0)
		return -ENODATA;
	*ret_kb = clean + dirty;
	return 0;
}
