/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A starter in the manner of old QNX sources: no type before main(), nothing in struct
 * inheritance but flags, environ from nowhere. It tells of each death that wait() reports.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>

char *letters[] = {"a", "b", "stays"};

main(int argc, char **argv)
{
	struct inheritance how;
	char *args[3];
	int i, status;
	pid_t pid, last;

	args[0] = "starter_child";
	args[2] = NULL;
	for (i = 0; i < 3; i++) {
		how.flags = 0;
		args[1] = letters[i];
		if ((pid = spawn("starter_child", 0, NULL, &how, args, environ)) == -1) {
			perror("spawn");
			exit(EXIT_FAILURE);
		}
		last = pid;
	}
	kill(last, SIGTERM);
	while ((pid = wait(&status)) != -1) {
		if (WIFEXITED(status))
			printf("exit %d\n", WEXITSTATUS(status));
		else if (WIFSIGNALED(status))
			printf("signal %d, %s\n", WTERMSIG(status),
			       pid == last ? "the last" : "another");
	}
	perror("wait");
	exit(EXIT_FAILURE);
}
