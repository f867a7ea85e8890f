// SPDX-License-Identifier: Apache-2.0
/*
 * The front end: the process that the shell started and waits for. It stays in
 * the job's process group beside PROGRAM, so that the terminal's Ctrl-C, Ctrl-Z
 * and fg reach both without it; all it does is to wait and to pass on signals
 * that were sent to it alone.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* What ends the waiting. */
enum front_until {
	FRONT_UNTIL_STARTED,    /* PROGRAM runs: it and the child go on without us */
	FRONT_UNTIL_ENDED,      /* PROGRAM has ended: the child goes on without us */
	FRONT_UNTIL_NODE_ENDED, /* PROGRAM has ended, and the child after it */
	FRONT_UNTIL_DOWN,       /* the child has ended, who gets our signals too */
};

struct front {
	const char *program; /* for messages */
	int socket;          /* struct front_record */
	int signal_fd;
	pid_t child;      /* the anchor or the agent; 0: it has ended */
	int child_status; /* as waitpid() tells */
	int program_fd;   /* pidfd of PROGRAM, -1: unknown */
	bool up;          /* PROGRAM is in the job's group, or was */
	int early;        /* a signal that it may have missed */
	bool started;
	bool ended; /* PROGRAM, or the attempt to run it */
	bool lost;  /* the child has ended before PROGRAM */
	int status; /* what we shall exit with */
	enum front_until until;
};

/*
 * Fork the process that stands behind this one; call it before anything that
 * is not meant for two. In the child 0, with *@ret_socket its end; in the
 * parent the pid; or -errno.
 */
pid_t front_fork(struct front *f, int *ret_socket);

/* Wait; answers the exit status. Whatever went wrong has been said. */
int front_wait(struct front *f, enum front_until until);
