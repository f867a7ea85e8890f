// SPDX-License-Identifier: Apache-2.0
/*
 * Native children: those whose parent we are for the kernel, too. A program has
 * them from before its exec, from clones that did not pass our calls, and where
 * its node cannot take a forked child over (route REMOTE).
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>

/* A wait of any form, as waitid() takes it. */
struct wait_query {
	idtype_t idtype; /* P_ALL, P_PID, P_PGID */
	pid_t id;
	int options;
};

struct wait_found {
	pid_t pid;
	uid_t uid;
	int code; /* CLD_* */
	int status;
	struct rusage use;
};

/* Collect without blocking: 1 found; 0 not yet; -ECHILD; -EINVAL. */
int native_try(const struct wait_query *query, struct wait_found *ret);
/* Block if @query says so: 1; 0 with WNOHANG; -ECHILD, -EINTR, -EINVAL. A cancellation point. */
int native_wait(const struct wait_query *query, struct wait_found *ret);

/*
 * While somebody sleeps for native and managed children at once: native_word
 * changes when a native child has news, if *ret_sure; else he must look now and
 * then. What begin answers is for end.
 */
extern uint32_t native_word;

struct native_listen {
	bool sure;
	bool installed;
	struct sigaction former;
};

void native_listen_begin(struct native_listen *ret);
void native_listen_end(const struct native_listen *listen);
/* A SIGCHLD of the kernel arrived; for signal handlers. */
void native_note(void);
