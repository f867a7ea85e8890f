// SPDX-License-Identifier: Apache-2.0
/* How a program tells bench/run what it has measured. */
#pragma once

#include <stdint.h>
#include <stdnoreturn.h>

/* A limit of this machine forbids it. */
#define FIGURE_STATUS_SKIP 77

/* Monotonic. */
int64_t figure_now_ns(void);

/* Ends the program; with FIGURE_STATUS_SKIP if errno tells of a limit. */
noreturn void figure_die(const char *what);

/* A line "NAME VALUE". */
void figure_say(const char *name, int64_t value);

/* What one cycle takes, in ns. */
typedef int64_t figure_cycle(const void *arg);

/* The median is what is compared: where others use the machine, a cycle in which they
 * had a turn tells nothing of us. That nothing stalls shows in the slowest. Says both,
 * after some cycles that do not count. */
void figure_measure(const char *name, figure_cycle *one, const void *arg, int n);
