// SPDX-License-Identifier: Apache-2.0
/*
 * Hears of its children's deaths by sigwaitinfo(): for a program that waits for other
 * signals, too. Each death is one SIGCHLD with pid and status, however many there are at
 * once. The children become no zombies, because of SA_NOCLDWAIT.
 */
#include <process.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define CHILDREN 3

/* Never runs: the signal stays blocked. Without a handler it would be dropped. */
static void on_sigchld(int signo)
{
	(void)signo;
}

int main(void)
{
	static char *const commands[CHILDREN] = {"exit 0", "exit 42", "kill -TERM $$"};
	struct sigaction action = {.sa_handler = on_sigchld, .sa_flags = SA_SIGINFO | SA_NOCLDWAIT};
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGCHLD, &action, NULL);

	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = spawnl(P_NOWAIT, "/bin/sh", "sh", "-c", commands[i], NULL);

		if (pid == -1) {
			perror("spawnl() failed");
			return EXIT_FAILURE;
		}
		printf("started %d: sh -c '%s'\n", pid, commands[i]);
	}
	for (int i = 0; i < CHILDREN; i++) {
		if (sigwaitinfo(&set, &info) == -1) {
			perror("sigwaitinfo() failed");
			return EXIT_FAILURE;
		}
		printf("sigwaitinfo: %d %s %d\n", info.si_pid,
		       info.si_code == CLD_EXITED ? "exited, status" : "was killed by signal",
		       info.si_status);
	}
	return EXIT_SUCCESS;
}
