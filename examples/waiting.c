// SPDX-License-Identifier: Apache-2.0
/*
 * Hears of its children's deaths by wait(): the simplest way, for a program that has
 * nothing else to do.
 */
#include <errno.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

int main(void)
{
	static char *const commands[] = {"exit 0", "exit 42", "kill -TERM $$"};
	int status;
	pid_t pid;

	for (int i = 0; i < 3; i++) {
		pid = spawnl(P_NOWAIT, "/bin/sh", "sh", "-c", commands[i], NULL);
		if (pid == -1) {
			perror("spawnl() failed");
			return EXIT_FAILURE;
		}
		printf("started %d: sh -c '%s'\n", pid, commands[i]);
	}
	while ((pid = wait(&status)) != -1) {
		if (WIFEXITED(status))
			printf("wait: %d exited, status %d\n", pid, WEXITSTATUS(status));
		else if (WIFSIGNALED(status))
			printf("wait: %d was killed by signal %d\n", pid, WTERMSIG(status));
	}
	printf("wait: %s\n", strerror(errno));
	return errno == ECHILD ? EXIT_SUCCESS : EXIT_FAILURE;
}
