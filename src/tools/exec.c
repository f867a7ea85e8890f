// SPDX-License-Identifier: Apache-2.0
/*
 * kamioka exec: a program in a node that is up, in this terminal's job.
 *
 * Exit status: PROGRAM's, or 128 + the signal that killed it; 126 PROGRAM
 * cannot be executed, 127 it is not there; 2 bad usage or no such node; 125 the
 * node did not take it.
 */
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "tools/agent.h"
#include "tools/front.h"
#include "tools/node_pick.h"
#include "tools/options.h"
#include "tools/verbs.h"

const char exec_help[] =
	"kamioka exec [-n NODE] [--] PROGRAM [ARG...]\n"
	"\n"
	"Runs PROGRAM in a node that is up, in the foreground of this terminal, and ends with\n"
	"its status (128 + signal if it was killed). What PROGRAM leaves running stays in the\n"
	"node. Signals sent to kamioka exec are passed on to PROGRAM.\n"
	"\n"
	"  -n, --name NODE         name or directory; without it $KAMIOKA_NODE, else the only\n"
	"                          node that is up, else the one named default\n";

int exec_main(int argc, char **argv)
{
	const char *name = NULL;
	struct front front = {0};
	int first, status, socket = -1;
	struct node_pick node;
	pid_t pid;

	first = options_read(argc, argv, node_pick_options, exec_help, &name, &status);
	if (first < 0)
		return status;
	if (first == argc)
		return options_bad(argv[0], "PROGRAM is missing");
	status = node_pick(name, &node);
	if (status)
		return status;

	front.program = argv[first];
	pid = front_fork(&front, &socket);
	if (pid < 0) {
		log_line("cannot start a program: %s", strerror(-pid));
		return STATUS_FAILED;
	}
	if (pid == 0) {
		struct agent_options agent = {
			.dir = node.dir,
			.node_fd = node.fd,
			.front_fd = socket,
			.argv = argv + first,
			.pgrp = getpgrp(),
		};

		_exit(agent_main(&agent));
	}
	return front_wait(&front, FRONT_UNTIL_ENDED);
}
