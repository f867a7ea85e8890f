// SPDX-License-Identifier: Apache-2.0
/*
 * Runs a command on a new terminal: what comes on standard input is typed there, what
 * the command shows goes to standard output. Ends as the command does, and only when
 * nobody has the terminal open any more.
 *
 *	terminal PROGRAM [ARG...]
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* False at the end. */
static bool copy(int from, int to)
{
	char buffer[4096];
	ssize_t n = read(from, buffer, sizeof(buffer));

	if (n < 0 && errno == EINTR)
		return true;
	return n > 0 && write(to, buffer, (size_t)n) == n;
}

static void carry(int master)
{
	struct pollfd p[2] = {{.fd = master, .events = POLLIN}, {.fd = 0, .events = POLLIN}};

	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return;
		if (p[0].revents && !copy(master, 1))
			return;
		if (p[1].revents && !copy(0, master))
			p[1].fd = -1;
	}
}

int main(int argc, char **argv)
{
	int master, status;
	pid_t pid;

	if (argc < 2)
		return 2;
	pid = forkpty(&master, NULL, NULL, NULL);
	if (pid == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0)
		return 125;
	carry(master);
	if (waitpid(pid, &status, 0) < 0)
		return 125;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
