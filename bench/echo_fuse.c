// SPDX-License-Identifier: Apache-2.0
/* A file of a minimal libfuse3 server: what Linux has in place of resource managers. */
#define FUSE_USE_VERSION 31
#include "echo.h"

#include "figure.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], path[80];
static const char *bytes;
static size_t n_bytes;
static pid_t starter;

static int file_attributes(const char *name, struct stat *st, struct fuse_file_info *info)
{
	(void)info;
	memset(st, 0, sizeof(*st));
	if (strcmp(name, "/") == 0) {
		st->st_mode = S_IFDIR | 0755;
		st->st_nlink = 2;
		return 0;
	}
	if (strcmp(name, "/file") != 0)
		return -ENOENT;
	st->st_mode = S_IFREG | 0666;
	st->st_nlink = 1;
	st->st_size = (off_t)n_bytes;
	return 0;
}

static int file_open(const char *name, struct fuse_file_info *info)
{
	/* Each read comes to us, as to a resource manager. */
	info->direct_io = 1;
	return strcmp(name, "/file") == 0 ? 0 : -ENOENT;
}

static int file_read(const char *name, char *to, size_t size, off_t at, struct fuse_file_info *info)
{
	(void)name;
	(void)info;
	if (at < 0 || (size_t)at >= n_bytes)
		return 0;
	size = size < n_bytes - (size_t)at ? size : n_bytes - (size_t)at;
	memcpy(to, bytes + at, size);
	return (int)size;
}

static const struct fuse_operations operations = {
	.getattr = file_attributes,
	.open = file_open,
	.read = file_read,
};

/* The server is killed, and what it has mounted stays. */
static void unmount(void)
{
	pid_t pid;

	if (getpid() != starter)
		return;
	pid = fork();
	if (pid == 0) {
		(void)execlp("fusermount3", "fusermount3", "-u", "-z", "-q", folder, NULL);
		_exit(127);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	(void)rmdir(folder); /* where that went wrong it stays */
}

static void prepare(size_t size)
{
	const char *in = getenv("TMPDIR");

	(void)size;
	(void)snprintf(folder, sizeof(folder), "%.40s/fuse-XXXXXX", in ? in : "/tmp");
	if (!mkdtemp(folder))
		figure_die("mkdtemp");
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	starter = getpid();
	(void)atexit(unmount); /* no memory: it stays */
}

noreturn static void serve(char *buffer, size_t size)
{
	char name[] = "echo-fuse", *words[] = {name, NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, words);
	struct fuse *fuse;

	bytes = buffer;
	n_bytes = size;
	fuse = fuse_new(&args, &operations, sizeof(operations), NULL);
	echo_meeting->chid = fuse && fuse_mount(fuse, folder) == 0;
	(void)sem_post(&echo_meeting->is_up); /* cannot fail, it is 0 */
	if (echo_meeting->chid)
		(void)fuse_loop(fuse); /* until it is killed */
	_exit(1);
}

static void look(size_t size)
{
	(void)size;
	if (!echo_meeting->chid)
		exit(FIGURE_STATUS_SKIP); /* the server has said why */
}

static void open_read_close(const char *request, char *reply, size_t size)
{
	int fd = open(path, O_RDWR);

	(void)request;
	if (fd < 0)
		figure_die("open");
	if (read(fd, reply, size) != (ssize_t)size)
		figure_die("read");
	if (close(fd) < 0)
		figure_die("close");
}

const struct echo_way echo_ways[] = {
	{.name = "open-read-close",
	 .is_unmarked = true,
	 .prepare = prepare,
	 .serve = serve,
	 .connect = look,
	 .call = open_read_close},
	{.name = NULL},
};
