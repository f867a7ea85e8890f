// SPDX-License-Identifier: Apache-2.0
/*
 * Threads of the library's own. They have all signals blocked, are not the program's
 * when its threads are counted, and are gone in the child of a fork: whoever needs one
 * starts it again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct helper {
	void (*main)(struct helper *helper); /* returns only if the thread is to end */
	struct helper *next;                 /* all that ever ran */
	bool is_listed;
	pid_t started_by; /* a thread of that process is starting it */
	pid_t runs_in;    /* of that process it is a thread */
	pid_t tid;        /* of its thread, once that is ready */
};

/* 0 once the thread runs and has said that it is ready; cheap then. -EAGAIN. */
int helper_start(struct helper *h);
/* By the thread itself, once. */
void helper_is_ready(struct helper *h);
/* Such a thread runs from now on which was not started here. */
void helper_is_elsewhere(struct helper *h);
/* How many this process has. */
unsigned helper_own_threads(void);
