// SPDX-License-Identifier: Apache-2.0
/*
 * popen() and pclose(), ours as a set: glibc's pclose() would wait for a child
 * that is not its own.
 *
 * A list tells which process stands behind which stream. A program that calls
 * fclose() instead of pclose() leaves an entry behind; it is dropped when the
 * stream's address comes back, and its descriptor is taken for the pipe only as
 * long as the inode is the pipe's.
 */
#include <stdio.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/birth.h"
#include "client/export.h"
#include "client/result.h"

struct popen_entry {
	struct popen_entry *next;
	FILE *stream;
	pid_t pid;
	int fd;
	dev_t device;
	ino_t inode;
};

static struct popen_entry *popen_list;
static pthread_mutex_t popen_lock = PTHREAD_MUTEX_INITIALIZER;

struct popen_mode {
	bool reads;
	bool cloexec;
};

static int popen_parse(const char *text, struct popen_mode *ret)
{
	struct popen_mode mode = {false, false};
	bool writes = false;

	for (; *text; text++) {
		if (*text == 'r')
			mode.reads = true;
		else if (*text == 'w')
			writes = true;
		else if (*text == 'e')
			mode.cloexec = true;
		else
			return -EINVAL;
	}
	*ret = mode;
	return mode.reads == writes ? -EINVAL : 0;
}

static bool popen_is_open(const struct popen_entry *e)
{
	struct stat st;

	return fstat(e->fd, &st) == 0 && st.st_dev == e->device && st.st_ino == e->inode;
}

/* Under the lock: the streams of former popen()s are closed in the child. */
static struct launch_op *popen_ops(int child_fd, int std_fd, unsigned *ret_n)
{
	struct launch_op *ops;
	unsigned n = 0;

	for (const struct popen_entry *e = popen_list; e; e = e->next)
		n++;
	ops = calloc(n + 1, sizeof(*ops));
	if (!ops)
		return NULL;
	n = 0;
	for (const struct popen_entry *e = popen_list; e; e = e->next)
		if (e->fd != child_fd && e->fd != std_fd && popen_is_open(e))
			ops[n++] = (struct launch_op){.kind = LAUNCH_OP_CLOSE, .fd = e->fd};
	ops[n++] = (struct launch_op){.kind = LAUNCH_OP_DUP2, .from = child_fd, .fd = std_fd};
	*ret_n = n;
	return ops;
}

static int popen_launch(const char *command, int child_fd, int std_fd, pid_t *ret_pid)
{
	auto_free struct launch_op *ops = NULL;
	char shell[] = "sh", option[] = "-c";
	/* exec's list is not const, but nobody writes to it. */
	char *argv[] = {shell, option, (char *)(uintptr_t)command, NULL};
	struct launch l = {.paths = LAUNCH_SHELL, .n_paths = 1, .argv = argv, .envp = environ};

	ops = popen_ops(child_fd, std_fd, &l.n_ops);
	if (!ops)
		return -ENOMEM;
	l.ops = ops;
	return birth_launch(&l, 0, ret_pid);
}

/* Under the lock. */
static void popen_drop(const FILE *stream)
{
	for (struct popen_entry **at = &popen_list; *at; at = &(*at)->next) {
		struct popen_entry *e = *at;

		if (e->stream == stream) {
			*at = e->next;
			free(e);
			return;
		}
	}
}

/* Under the lock. */
static int popen_start(struct popen_entry *e, const char *command, const struct popen_mode *mode,
		       FILE **ret)
{
	auto_fd ours = -1, theirs = -1;
	struct stat st;
	int ends[2], rc;
	FILE *stream;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	ours = ends[mode->reads ? 0 : 1];
	theirs = ends[mode->reads ? 1 : 0];
	stream = fdopen(ours, mode->reads ? "r" : "w");
	if (!stream)
		return -errno;
	e->fd = fd_take(&ours);
	rc = fstat(e->fd, &st) < 0 ? -errno : 0;
	if (rc == 0)
		rc = popen_launch(command, theirs, mode->reads ? STDOUT_FILENO : STDIN_FILENO,
				  &e->pid);
	if (rc < 0) {
		(void)fclose(stream);
		return rc;
	}
	if (!mode->cloexec)
		(void)fcntl(e->fd, F_SETFD, 0); /* open, and ours */
	e->stream = stream;
	e->device = st.st_dev;
	e->inode = st.st_ino;
	*ret = stream;
	return 0;
}

EXPORT FILE *popen(const char *command, const char *type)
{
	auto_free struct popen_entry *e = NULL;
	struct popen_mode mode;
	FILE *stream = NULL;
	int saved = errno;
	int rc = popen_parse(type, &mode);

	if (rc == 0 && !(e = calloc(1, sizeof(*e))))
		rc = -ENOMEM;
	if (rc == 0) {
		(void)pthread_mutex_lock(&popen_lock); /* ours, and never held twice */
		rc = popen_start(e, command, &mode, &stream);
		if (rc == 0) {
			popen_drop(stream);
			e->next = popen_list;
			popen_list = ptr_take(e);
		}
		(void)pthread_mutex_unlock(&popen_lock);
	}
	errno = rc < 0 ? -rc : saved;
	return stream;
}

EXPORT int pclose(FILE *stream)
{
	pid_t pid = -1;
	int status;
	pid_t r;

	(void)pthread_mutex_lock(&popen_lock);
	for (const struct popen_entry *e = popen_list; e; e = e->next)
		if (e->stream == stream)
			pid = e->pid;
	popen_drop(stream);
	(void)pthread_mutex_unlock(&popen_lock);
	if (pid < 0)
		return result_errno(-ECHILD);
	(void)fclose(stream); /* what the command says counts */
	do {
		r = waitpid(pid, &status, 0);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -1 : status;
}
