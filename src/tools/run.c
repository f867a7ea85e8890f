// SPDX-License-Identifier: Apache-2.0
/*
 * kamioka run: a node for one PROGRAM, in the foreground.
 *
 * Exit status: PROGRAM's, or 128 + the signal that killed it; 126 PROGRAM
 * cannot be executed, 127 it is not there; 2 bad usage; 125 the node could not
 * be made or was lost.
 */
#include <string.h>
#include <unistd.h>

#include "anchor/anchor.h"
#include "base/log.h"
#include "host/linux/nodedir.h"
#include "tools/front.h"
#include "tools/options.h"
#include "tools/verbs.h"

const char run_help[] =
	"kamioka run [options] [--] PROGRAM [ARG...]\n"
	"\n"
	"Makes a node, runs PROGRAM in it in the foreground, and ends with PROGRAM's status\n"
	"(128 + signal if it was killed). What PROGRAM leaves running gets SIGTERM, and after\n"
	"a grace time SIGKILL. Signals sent to kamioka run are passed on to PROGRAM.\n"
	"\n"
	"  -n, --name NAME         the node's name; without it a fresh one\n"
	"  --max-processes N       entries of the process table, zombies counted (32768, or what\n"
	"                          the limits allow)\n"
	"  --keep-root N           how many of these only root may take (2)\n"
	"  --grace MS              milliseconds between SIGTERM and SIGKILL at the end (2000)\n"
	"  --allow-threaded-fork   fork() works in a process with threads\n"
	"  --trace-requests        one line on standard error for each request to the manager\n";

int run_main(int argc, char **argv)
{
	struct node_options node = NODE_OPTIONS_DEFAULT;
	struct front front = {0};
	int first, status, socket = -1;
	pid_t pid;

	first = options_read(argc, argv, options_of_run, run_help, &node, &status);
	if (first < 0)
		return status;
	if (first == argc)
		return options_bad(argv[0], "PROGRAM is missing");

	front.program = argv[first];
	node.manager.ends_with_program = true;
	pid = front_fork(&front, &socket);
	if (pid < 0) {
		log_line("cannot make a node: %s", strerror(-pid));
		return STATUS_FAILED;
	}
	if (pid == 0) {
		struct anchor_options anchor = {
			.name = node.name ? node.name : "run",
			.fresh = node.name ? 0 : getppid(),
			.manager = node.manager,
			.argv = argv + first,
			.pgrp = getpgrp(),
			.front_fd = socket,
			.ready_fd = -1,
		};

		_exit(anchor_main(&anchor));
	}
	return front_wait(&front, FRONT_UNTIL_NODE_ENDED);
}
