// SPDX-License-Identifier: Apache-2.0
/* What the kernel's /proc says of a process. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct procinfo {
	pid_t pid, ppid, pgrp, sid;
	char state; /* R S D T t Z X */
	uint32_t uid, euid, gid, egid;
	uint64_t start;        /* clock ticks after boot */
	uint64_t utime, stime; /* clock ticks */
	char name[48];
};

/* 0; -ESRCH: there is no such process. The ids cost a second file: only @ids. */
int procinfo_read(pid_t pid, bool ids, struct procinfo *ret);
/* Parent for the kernel, or -errno. */
pid_t procinfo_ppid(pid_t pid);

/*
 * All processes of the machine. @each is called for every one with what stat
 * says (no ids); it may end the walk by answering false.
 */
int procinfo_walk(bool (*each)(const struct procinfo *p, void *arg), void *arg);

/*
 * Is @name, which has no directory, how the process is called: what the kernel keeps of its
 * file's name, or the first word of its command line?
 */
bool procinfo_is_named(pid_t pid, const char *name);
/* The device of its terminal; 0: none, or no such process. */
dev_t procinfo_tty(pid_t pid);

/* Kilobytes of memory that are free for programs, and all that there are. */
int procinfo_memory(uint64_t *ret_free, uint64_t *ret_total);
/* Private memory of a process, in kilobytes. */
int procinfo_private(pid_t pid, uint64_t *ret_kb);
