// SPDX-License-Identifier: Apache-2.0
/*
 * prefixes COUNT COMMAND...    runs COMMAND while this process serves so many names: devices,
 * and folders of servers below the root.
 */
#include "figure.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/neutrino.h>
#include <sys/pathmgr.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int chid = ChannelCreate(0), status;
	pid_t pid;

	if (argc < 3 || chid == -1)
		return 2;
	for (int i = 0; i < atoi(argv[1]); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), i % 2 ? "/dev/bench-%d" : "/bench-%d/name", i);
		if (pathmgr_link(path, 0, 0, chid, 0, _FTYPE_ANY, 0) == -1)
			figure_die("pathmgr_link");
	}
	pid = fork();
	if (pid == 0) {
		(void)execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		figure_die(argv[2]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
