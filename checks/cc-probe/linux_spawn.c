/* SPDX-License-Identifier: Apache-2.0 */
/* An ordinary program that knows posix_spawn() from Linux's manual. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t actions, *actions_pointer = NULL;
	posix_spawnattr_t attr, *attr_pointer = NULL;
	pid_t pid = 0;
	int status;

	if (argc > 1) {
		posix_spawn_file_actions_init(&actions);
		posix_spawn_file_actions_addclose(&actions, STDOUT_FILENO);
		actions_pointer = &actions;
		posix_spawnattr_init(&attr);
		posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_USEVFORK);
		attr_pointer = &attr;
	}
	status = posix_spawnp(&pid, argv[1], actions_pointer, attr_pointer, &argv[1], environ);
	if (status != 0)
		fprintf(stderr, "posix_spawn: %s\n", strerror(status));
	return waitpid(pid, &status, WUNTRACED | WCONTINUED) == -1 ? EXIT_FAILURE : EXIT_SUCCESS;
}
