// SPDX-License-Identifier: Apache-2.0
/*
 * A pidfd's pid, as /proc tells it. Any process may hold one of any other, so
 * the number says nothing about who may wait. Raw calls: these must not pass
 * the library's own wrappers.
 */
#include "client/pidfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of what /proc/self/fdinfo/N says, this is never reached. */
#define FDINFO_BYTES 2048

static int read_fdinfo(int fd, char text[FDINFO_BYTES])
{
	char path[40];
	ssize_t len;
	int info;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd); /* fits */
	info = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return errno == ENOENT ? -EBADF : -errno;
	len = syscall(SYS_read, info, text, FDINFO_BYTES - 1);
	(void)syscall(SYS_close, info); /* nothing was written */
	if (len < 0)
		return -EIO;
	text[len] = 0;
	return 0;
}

pid_t pidfd_pid(int fd)
{
	char text[FDINFO_BYTES];
	const char *at;
	long pid;
	int r = read_fdinfo(fd, text);

	if (r < 0)
		return r;
	at = strstr(text, "\nPid:");
	if (!at)
		return -EBADF;
	/* -1: collected; 0: in a pid namespace that we cannot see. */
	pid = strtol(at + strlen("\nPid:"), NULL, 10);
	return pid > 0 ? (pid_t)pid : -ECHILD;
}

bool pidfd_is_nonblocking(int fd)
{
	long flags = syscall(SYS_fcntl, fd, F_GETFL);

	return flags >= 0 && (flags & O_NONBLOCK);
}
