// SPDX-License-Identifier: Apache-2.0
/*
 * The agent of `kamioka exec`: PROGRAM's parent for the kernel, on the node's
 * behalf. It lives in a process group of its own, starts PROGRAM in the job's
 * group once the manager knows it, tells the front end how it ends, and stays
 * for as long as it has children, collecting them when the manager says so
 * (host/linux/reaper.h).
 */
#pragma once

#include <sys/types.h>

struct agent_options {
	const char *dir;   /* of the node */
	int node_fd;       /* its request socket */
	int front_fd;      /* struct front_record; taken */
	char *const *argv; /* PROGRAM */
	pid_t pgrp;        /* PROGRAM's group */
};

/* Be the agent, in a forked child of the front end. Answers the exit status. */
int agent_main(const struct agent_options *options);
