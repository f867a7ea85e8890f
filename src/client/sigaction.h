// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>
#include <stdint.h>

/* glibc's own sigaction(), under the name that it exports for itself. */
extern int __sigaction(int signo, const struct sigaction *act, struct sigaction *ret_old);

/* Counts all changes of actions that came by the library, from 1. */
extern uint32_t sigaction_count;
