// SPDX-License-Identifier: Apache-2.0
/*
 * Who the caller's children are, by the kernel's /proc: by the list of them
 * where the kernel has one (CONFIG_PROC_CHILDREN), else by asking each process
 * for its parent.
 *
 * The list is right only while no child goes between two reads: the caller
 * collects none meanwhile, and only the caller could.
 */
#include "host/linux/children.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/linux/procinfo.h"

#define CHILDREN_CHUNK 4096

struct children {
	pid_t *pids;
	size_t n;
	size_t cap;
};

static int children_add(struct children *c, pid_t pid)
{
	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 64;
		pid_t *pids = realloc(c->pids, cap * sizeof(*pids));

		if (!pids)
			return -ENOMEM;
		c->pids = pids;
		c->cap = cap;
	}
	c->pids[c->n++] = pid;
	return 0;
}

/* Numbers with a blank behind each; one may be cut by the end of a chunk. */
static int children_read(struct children *c, int fd)
{
	char chunk[CHILDREN_CHUNK];
	ssize_t got;
	pid_t pid = 0;
	int err = 0;

	while (err == 0 && (got = read(fd, chunk, sizeof(chunk))) > 0) {
		for (ssize_t i = 0; i < got && err == 0; i++) {
			if (isdigit((unsigned char)chunk[i])) {
				pid = pid * 10 + (chunk[i] - '0');
				continue;
			}
			if (pid)
				err = children_add(c, pid);
			pid = 0;
		}
	}
	if (err == 0 && pid)
		err = children_add(c, pid);
	return err == 0 && got < 0 ? -errno : err;
}

struct children_search {
	struct children *children;
	pid_t parent;
	int err;
};

static bool children_search_one(const struct procinfo *p, void *arg)
{
	struct children_search *search = arg;

	if (p->ppid == search->parent)
		search->err = children_add(search->children, p->pid);
	return search->err == 0;
}

static int children_search(struct children *c)
{
	struct children_search search = {.children = c, .parent = getpid()};
	int err = procinfo_walk(children_search_one, &search);

	return err < 0 ? err : search.err;
}

int children_list(pid_t **ret_pids, size_t *ret_n)
{
	struct children c = {0};
	auto_fd fd = -1;
	char path[64];
	int err;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		err = children_read(&c, fd);
	else
		err = errno == ENOENT ? children_search(&c) : -errno;

	*ret_pids = c.pids;
	*ret_n = c.n;
	return err;
}
