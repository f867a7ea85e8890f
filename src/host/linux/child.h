// SPDX-License-Identifier: Apache-2.0
/*
 * What the kernel says of one child, by pid: what became of it, and the end of
 * it. Never of "any child": that walks all of them, and with zombies that are
 * kept it answers the same one for ever.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "gen/shared.h"

enum child_state {
	CHILD_LIVES,
	CHILD_DEAD,
	CHILD_NOT_OURS, /* no child of the caller's */
};

struct child_news {
	int32_t code; /* CLD_* */
	int32_t status;
	uint32_t uid;
	struct usage use;
};

/* Is it dead? If so *ret tells how; the zombie stays. */
enum child_state child_peek(pid_t pid, struct child_news *ret);
/* Collect the zombie; CHILD_LIVES: it was none. */
enum child_state child_reap(pid_t pid);
/*
 * Was it stopped or continued since last asked? *ret tells, and it is asked no
 * more; CHILD_LIVES: no.
 */
enum child_state child_peek_stop(pid_t pid, struct child_news *ret);
/* Any child's stop or continuation; its pid, or 0. Walks all children. */
pid_t child_any_stop(struct child_news *ret);
/* Some dead child, the first in the kernel's order; its pid, or 0. Walks. */
pid_t child_first_dead(struct child_news *ret);

/* A descriptor that polls readable once the process is dead; or -errno. */
int child_pidfd(pid_t pid);
/* What a reaped process ended with, where the kernel tells; else -errno. */
int child_status_of(int pidfd, struct child_news *ret);

/* Does the kernel have clone3(), with which a child's handlers are reset for nothing? */
bool child_has_clone3(void);

/*
 * The wake-up of a program that looks into its page then: a SIGCHLD of SI_QUEUE
 * with this value in the low word and, above it, the serial of the death told.
 */
#define CHILD_KICK 0x4b4b4b4bu
int child_kick(pid_t pid, uint32_t serial);
/* Queue @signo with @value; @tid: to that thread, 0: to the process. */
int child_queue(pid_t pid, pid_t tid, int signo, int code, uint64_t value);
