// SPDX-License-Identifier: Apache-2.0
/*
 * A linked program outside any node gets one of its own, by `kamioka private`.
 * The command is looked for beside the library (the build folder and an
 * installation have the same shape), then along PATH. It is no child of the
 * program: nobody who waits for children shall see it.
 */
#include "client/private.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/util.h"
#include "host/linux/launch.h"
#include "host/linux/tooldir.h"

#define PRIVATE_COMMAND  "kamioka"
#define PRIVATE_READY_FD 3

/* From the folder of the library: lib/ and lib/TRIPLET/. */
static const char *const private_places[] = {"../bin/", "../../bin/", "./"};

static bool private_is_command(const char *path)
{
	return access(path, X_OK) == 0;
}

static int private_find_beside(char *buf, size_t cap)
{
	Dl_info info;
	const char *slash;

	if (!dladdr(private_places, &info) || !info.dli_fname)
		return -ENOENT;
	slash = strrchr(info.dli_fname, '/');
	if (!slash)
		return -ENOENT;
	for (size_t i = 0; i < ARRAY_LEN(private_places); i++) {
		int len = snprintf(buf, cap, "%.*s/%s%s", (int)(slash - info.dli_fname),
				   info.dli_fname, private_places[i], PRIVATE_COMMAND);

		if (len > 0 && (size_t)len < cap && private_is_command(buf))
			return 0;
	}
	return -ENOENT;
}

static int private_find(char *buf, size_t cap)
{
	const char *path = getenv("PATH");

	if (private_find_beside(buf, cap) == 0)
		return 0;
	while (path && *path) {
		size_t len = strcspn(path, ":");
		int n = snprintf(buf, cap, "%.*s/%s", (int)len, path, PRIVATE_COMMAND);

		if (len && n > 0 && (size_t)n < cap && private_is_command(buf))
			return 0;
		path += len + (path[len] == ':');
	}
	log_line("no process manager for this program: the command %s is not found",
		 PRIVATE_COMMAND);
	return -ENOSYS;
}

static int private_launch(const char *command, int ready_fd)
{
	char pid[16], fd[16];
	char name[] = PRIVATE_COMMAND, verb[] = "private", pid_opt[] = "--pid",
	     fd_opt[] = "--ready-fd";
	char *argv[] = {name, verb, pid_opt, pid, fd_opt, fd, NULL};
	int spare[PRIVATE_READY_FD + 1];
	auto_fd null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log_fd = fcntl(STDERR_FILENO, F_GETFD) < 0 ? null_fd : STDERR_FILENO;
	const int map[PRIVATE_READY_FD + 1] = {null_fd, null_fd, log_fd, ready_fd};
	struct launch l = {
		.paths = command,
		.n_paths = 1,
		.argv = argv,
		.envp = environ,
		.map = map,
		.spare = spare,
		.n_map = ARRAY_LEN(map),
		.flags = LAUNCH_MAP | LAUNCH_SIGMASK | LAUNCH_SIGDEF | LAUNCH_PGROUP,
		.sigdef = ~UINT64_C(0),
	};
	pid_t child;

	if (null_fd < 0)
		return -errno;
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	(void)snprintf(fd, sizeof(fd), "%d", PRIVATE_READY_FD);
	return launch_run(&l, LAUNCH_ORPHAN, &child);
}

/* Its directory and a newline; an end before that is a failure, which it logged. */
static int private_read(int fd, char *buf, size_t cap)
{
	size_t len = 0;

	while (len < cap) {
		ssize_t got = read(fd, buf + len, cap - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -ECHILD;
		len += (size_t)got;
		if (buf[len - 1] == '\n') {
			buf[len - 1] = 0;
			return buf[0] == '/' ? 0 : -EPROTO;
		}
	}
	return -ENAMETOOLONG;
}

int private_start(char *buf, size_t cap)
{
	char command[PATH_MAX];
	auto_fd ready_fd = -1;
	int ends[2];
	int rc = private_find(command, sizeof(command));

	if (rc < 0)
		return rc;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	ready_fd = ends[0];
	rc = private_launch(command, ends[1]);
	fd_close(ends[1]);
	if (rc == 0)
		rc = private_read(ready_fd, buf, cap);
	/* What a node starts finds the commands with QNX's names, and so shall this program, which
	 * was there before it. Without memory for that it is still in a node. */
	if (rc == 0)
		(void)tooldir_enter(command);
	return rc;
}
