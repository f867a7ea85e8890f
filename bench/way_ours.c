// SPDX-License-Identifier: Apache-2.0
/* A program written against our headers, linked with the library, in a node. */
#include "way.h"

#include <process.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t way_spawn(const char *path)
{
	char *argv[] = {(char *)path, NULL};
	char *envp[] = {NULL};

	return spawn(path, 0, NULL, NULL, argv, envp);
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
