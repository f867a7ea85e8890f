// SPDX-License-Identifier: Apache-2.0
/* What the kernel's /proc says of a process's threads, and which of QNX's states that is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gen/shared.h"

/* threadinfo.on: blocked on what the kernel does, which on QNX is the process manager's. */
#define THREADINFO_SYSTEM 1

struct threadinfo {
	pid_t pid, tid;
	char kernel_state;     /* R S D T t Z X */
	uint32_t state;        /* enum thread_state, never SEND or RECEIVE */
	pid_t on;              /* REPLY: THREADINFO_SYSTEM; JOIN: the thread; else 0 */
	int64_t call;          /* system call that it sleeps in, -1: none, or not told */
	uint64_t arguments[6]; /* of it */
	char name[16];         /* ends with a 0 */
};

/* 0; -ESRCH: there is no such thread. Cheap, but three files or so. */
int threadinfo_read(pid_t pid, pid_t tid, struct threadinfo *ret);

/*
 * The smallest thread ids of @pid that are greater than @after, ascending, at most @cap. Their
 * number, *ret_more if there are others behind them; -ESRCH: there is no such process.
 */
int threadinfo_list(pid_t pid, pid_t after, pid_t *tids, size_t cap, bool *ret_more);
