// SPDX-License-Identifier: Apache-2.0
/*
 * kamioka boot: a node that stays up until it is shut down.
 *
 * Exit status: 0 once PROGRAM runs (with --foreground: when the node has ended
 * in order); 126 PROGRAM cannot be executed, 127 it is not there; 2 bad usage;
 * 125 the node could not be made or was lost.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "anchor/anchor.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "host/linux/nodedir.h"
#include "tools/front.h"
#include "tools/options.h"
#include "tools/verbs.h"

const char boot_help[] =
	"kamioka boot [options] [--] PROGRAM [ARG...]\n"
	"\n"
	"Makes a node that stays up until `kamioka shutdown`, and starts PROGRAM in it: a shell\n"
	"script or a starter program, which starts the rest. Returns once PROGRAM runs. The node\n"
	"has a session of its own; PROGRAM's standard input is /dev/null, standard output and\n"
	"error are those of kamioka boot. The node's own log is the file `log` in its directory. SIGTERM to\n"
	"its anchor (see kamioka info) ends it, too.\n"
	"\n"
	"  -n, --name NAME         the node's name (default)\n"
	"  --foreground            stay in the terminal's job until the node has ended; SIGINT,\n"
	"                          SIGTERM and SIGHUP then shut it down\n"
	"  --max-processes N, --keep-root N, --grace MS, --allow-threaded-fork, --trace-requests\n"
	"                          as for kamioka run\n";

/* Whoever reads from a terminal in another session gets errors; so does who does not read. */
static void boot_leave_stdin(void)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null >= 0)
		(void)dup2(null, STDIN_FILENO);
	fd_close(null);
}

int boot_main(int argc, char **argv)
{
	struct node_options node = NODE_OPTIONS_DEFAULT;
	struct front front = {0};
	int first, status, socket = -1;
	pid_t pid;

	first = options_read(argc, argv, options_of_boot, boot_help, &node, &status);
	if (first < 0)
		return status;
	if (first == argc)
		return options_bad(argv[0], "PROGRAM is missing");

	front.program = argv[first];
	pid = front_fork(&front, &socket);
	if (pid < 0) {
		log_line("cannot make a node: %s", strerror(-pid));
		return STATUS_FAILED;
	}
	if (pid == 0) {
		struct anchor_options anchor = {
			.name = node.name ? node.name : "default",
			.new_session = !node.foreground,
			.own_log = !node.foreground,
			.manager = node.manager,
			.argv = argv + first,
			.pgrp = node.foreground ? getpgrp() : 0,
			.front_fd = socket,
			.ready_fd = -1,
		};

		if (!node.foreground)
			boot_leave_stdin();
		_exit(anchor_main(&anchor));
	}
	return front_wait(&front, node.foreground ? FRONT_UNTIL_DOWN : FRONT_UNTIL_STARTED);
}
