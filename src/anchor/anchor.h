// SPDX-License-Identifier: Apache-2.0
/*
 * The anchor of a node: the process that stays when the manager does not.
 *
 * With its manager it talks in struct agent_record (agent.msg): it answers and
 * reports as a reap agent (host/linux/reaper.h), hears UP, SHUTDOWN and ARENA,
 * and says SHUTDOWN itself when the node shall end, to each manager anew until
 * one has done it: arg is then the grace time in milliseconds, -1 for the
 * node's own.
 *
 * With its front end it talks in struct front_record: it says UP when the
 * manager has (PROGRAM is in its group then, and has not executed yet), or
 * REFUSED. The front end says STARTED when it no longer stands for
 * the node; if its end closes without that, the node is shut down.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "procmgr/manager.h"

#define ANCHOR_SHUTDOWN_DEFAULT (-1)

struct anchor_options {
	const char *name; /* of the node */
	pid_t fresh;      /* not 0: a name like NAME-1234 that nobody has, this number first */
	bool new_session; /* out of the terminal's reach altogether */
	bool own_log;     /* once it serves: into the node's directory, not standard error */
	struct manager_options manager;
	char *const *argv; /* PROGRAM, or NULL */
	pid_t pgrp;        /* PROGRAM's group, 0: one of its own */
	pid_t private_of;  /* the process whose private node this is, or 0 */
	int front_fd;      /* or -1; the anchor's from now on */
	int ready_fd;      /* gets the node's directory and a newline once it serves; or -1 */
};

/*
 * Be the anchor, in a forked child of the front end, until the node has ended.
 * Answers the exit status: 0 the node ended in order, 1 its manager could not
 * be kept alive, 125 it could not be made (and a log line has said why).
 */
int anchor_main(const struct anchor_options *options);

#define ANCHOR_EXIT_LOST    1
#define ANCHOR_EXIT_REFUSED 125
