// SPDX-License-Identifier: Apache-2.0
/*
 * The reap agent: what a process does that is the kernel's parent of programs,
 * but not the process manager. It leaves its dead children as zombies, tells
 * the manager of them, and collects one when the manager says so (agent.msg).
 *
 * What the manager may rely on, over one socket from connect to end:
 *  - each child that dies is reported once by DEATH, each stop and continuation
 *    at least once by its last state, without being asked;
 *  - each living child that the manager has not named itself is reported once
 *    by ORPHAN, late if it comes silently;
 *  - PEEK and SETPGID are answered, with the tag they came with. REAP is
 *    answered only if its tag is not 0: by DEATH, or by NOCHILD.
 * A new socket starts all of this anew: also what the last manager was told and
 * may not have written down is told again. Nothing here ever blocks.
 *
 * The process is single-threaded, has SIGCHLD blocked and not ignored, and
 * waits for no child but the one it skips.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gen/shared.h"
#include "host/linux/childset.h"

struct reaper_owner {
	/* A child was seen dead for the first time; it is still a zombie, or was one until
	 * now. May be NULL. */
	void (*died)(void *ctx, const struct agent_record *death);
	/* A record that is not about children; @fd came with it (-1: none) and is the
	 * owner's now. May be NULL. */
	void (*other)(void *ctx, const struct agent_record *record, int fd);
};

struct reaper {
	int fd; /* readable when reaper_serve() has something to do */
	int signal_fd;
	int timer_fd;
	int socket; /* -1: there is no manager */
	pid_t skip;
	bool alone;
	bool sweep_owed;
	uint32_t sweep;      /* number of the last one */
	int64_t sweep_after; /* not before, CLOCK_MONOTONIC nanoseconds */
	uint32_t interest;   /* epoll's bits for the socket */
	struct childset children;
	size_t n_due; /* children with something due */
	struct agent_record *answers;
	size_t n_answers;
	size_t first_answer;
	size_t cap_answers;
	const struct reaper_owner *owner;
	void *ctx;
};

/* Blocks SIGCHLD and sets it to its default. 0 or -errno. */
int reaper_init(struct reaper *r, const struct reaper_owner *owner, void *ctx);
void reaper_fini(struct reaper *r);

/* The child @pid is the owner's own business; 0: none is. */
void reaper_skip(struct reaper *r, pid_t pid);

/* There is a new manager behind @socket (taken). 0 or -errno, then there is none. */
int reaper_connect(struct reaper *r, int socket);
bool reaper_is_connected(const struct reaper *r);

/* There will be no manager any more: collect whatever dies. */
void reaper_go_alone(struct reaper *r);

/* Do what there is to do; true if commands may be left for another turn. Afterwards
 * reaper_is_connected() may have become false. */
bool reaper_serve(struct reaper *r);

/* Send @record as soon as possible, behind the answers that wait. 0, -ENOTCONN, -ENOMEM. */
int reaper_send(struct reaper *r, const struct agent_record *record);

/* Whether this process has any child at all, dead ones and the skipped one among them. */
bool reaper_has_children(void);
