// SPDX-License-Identifier: Apache-2.0
/*
 * What differs between a program of ours and its peers: how a process is made and
 * collected. The loops that are measured (loops.c) are the same for all.
 */
#pragma once

#include <stdnoreturn.h>
#include <sys/types.h>

/* A child that executes the program at @path, with @path as its only argument and an
 * empty environment. Its pid, or -1 with errno. */
pid_t way_spawn(const char *path);

/* fork(), _exit(0), waitpid(pid, NULL, options). */
pid_t way_fork(void);
noreturn void way_exit(void);
pid_t way_wait(pid_t pid, int options);
