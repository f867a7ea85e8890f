// SPDX-License-Identifier: Apache-2.0
/*
 * kamioka private: the node of one linked program that was started outside of
 * any. Called by the library, at the program's first call that needs a manager.
 * It returns at once, so that the node is nobody's child; whether the node is
 * up is told through the descriptor: its directory and a newline, or nothing.
 *
 * Exit status: 0 the node is being made; 2 bad usage; 125 it cannot be made.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "anchor/anchor.h"
#include "base/log.h"
#include "tools/options.h"
#include "tools/verbs.h"

const char private_help[] =
	"kamioka private --pid P --ready-fd N\n"
	"\n"
	"For the library: makes a node named private-P for the program with the pid P, which ends\n"
	"by itself when nothing is left in it. Descriptor N gets the node's directory and a\n"
	"newline once it serves, or the end of file if it cannot.\n";

struct private_options {
	uint32_t pid;
	uint32_t ready_fd;
};

static bool private_set_pid(void *ctx, const char *value)
{
	struct private_options *o = ctx;

	return options_number(value, 2, INT_MAX, &o->pid);
}

static bool private_set_ready_fd(void *ctx, const char *value)
{
	struct private_options *o = ctx;

	return options_number(value, STDERR_FILENO + 1, INT_MAX, &o->ready_fd) &&
	       fcntl((int)o->ready_fd, F_GETFD) >= 0;
}

static const struct option_row private_options[] = {
	{"pid", 0, true, private_set_pid}, {"ready-fd", 0, true, private_set_ready_fd}, {0}};

__attribute__((noreturn)) static void private_be_anchor(const struct private_options *o)
{
	struct node_options node = NODE_OPTIONS_DEFAULT;
	struct anchor_options anchor = {
		.name = "private",
		.fresh = (pid_t)o->pid,
		.manager = node.manager,
		.own_log = true,
		.private_of = (pid_t)o->pid,
		.front_fd = -1,
		.ready_fd = (int)o->ready_fd,
	};

	anchor.manager.ends_when_empty = true;
	_exit(anchor_main(&anchor));
}

int private_main(int argc, char **argv)
{
	struct private_options o = {0};
	int first, status;
	pid_t pid;

	first = options_read(argc, argv, private_options, private_help, &o, &status);
	if (first < 0)
		return status;
	if (first < argc)
		return options_bad(argv[0], "too many words: %s", argv[first]);
	if (o.pid == 0 || o.ready_fd == 0)
		return options_bad(argv[0], "--pid and --ready-fd are both needed");
	if (kill((pid_t)o.pid, 0) < 0) {
		log_line("cannot make a node for process %u: %s", o.pid, strerror(errno));
		return STATUS_FAILED;
	}
	pid = fork();
	if (pid < 0) {
		log_line("cannot make a node: %s", strerror(errno));
		return STATUS_FAILED;
	}
	if (pid == 0)
		private_be_anchor(&o);
	return 0;
}
