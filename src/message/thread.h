// SPDX-License-Identifier: Apache-2.0
/*
 * What the library keeps for each thread that uses it: made at the thread's first call,
 * gone with the thread. A forked child's only thread begins anew.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* QNX's priorities: a thread that never said anything has the default. They order messages
 * whether or not the kernel schedules by them. */
#define THREAD_PRIORITY_MIN     1
#define THREAD_PRIORITY_MAX     255
#define THREAD_PRIORITY_DEFAULT 10

/* The kernel's id of the calling thread; no system call after the first time. */
pid_t thread_tid(void);

/* 1 to 255. Both are safe in signal handlers. */
int thread_priority(void);
void thread_priority_set(int priority);
