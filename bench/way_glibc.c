// SPDX-License-Identifier: Apache-2.0
/* An ordinary program, by glibc's means. */
#include "way.h"

#include <errno.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t way_spawn(const char *path)
{
	char *argv[] = {(char *)path, NULL};
	char *envp[] = {NULL};
	pid_t pid;

	errno = posix_spawn(&pid, path, NULL, NULL, argv, envp);
	return errno ? -1 : pid;
}

pid_t way_fork(void)
{
	return fork();
}

void way_exit(void)
{
	_exit(0);
}

pid_t way_wait(pid_t pid, int options)
{
	return waitpid(pid, NULL, options);
}
