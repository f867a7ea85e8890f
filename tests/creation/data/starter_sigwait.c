/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same by sigwaitinfo(): SIGCHLD is blocked and has a handler of the old kind behind
 * SA_SIGINFO, so that each death is queued.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/neutrino.h>

void nothing(int signo)
{
}

main(int argc, char **argv)
{
	struct inheritance how;
	struct sigaction action;
	sigset_t set;
	siginfo_t info;
	char *args[3] = {"starter_child", NULL, NULL};
	pid_t pids[5];
	int i, n;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	action.sa_handler = nothing;
	sigemptyset(&action.sa_mask);
	action.sa_flags = SA_SIGINFO;
	sigaction(SIGCHLD, &action, NULL);

	for (i = 0; i < 5; i++) {
		how.flags = 0;
		args[1] = i < 4 ? "a" : "stays";
		if ((pids[i] = spawn("starter_child", 0, NULL, &how, args, environ)) == -1) {
			perror("spawn");
			exit(EXIT_FAILURE);
		}
	}
	kill(pids[4], SIGKILL);
	for (n = 0; n < 5; n++) {
		if (sigwaitinfo(&set, &info) == -1) {
			perror("sigwaitinfo");
			continue;
		}
		for (i = 0; i < 5; i++)
			if (pids[i] == info.si_pid) {
				printf("death of %d\n", i);
				pids[i] = 0;
			}
	}
	delay(1);
	return EOK;
}
