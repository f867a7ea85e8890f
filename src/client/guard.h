// SPDX-License-Identifier: Apache-2.0
/*
 * Descriptors of ours in the program's table. They sit high, do not answer to
 * the program's own calls, and are never inherited by exec. There may be as many
 * as the table holds; with many of them the soft limit is raised for this process
 * and put back for what it starts.
 */
#pragma once

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

struct guard_fd {
	int number; /* -1: none; changes when the program wants the number */
	uint64_t device;
	uint64_t inode;
};

#define GUARD_FD_NULL        \
	{                    \
		.number = -1 \
	}

/*
 * Hide @fd as @g, whose memory is never anything else from then on (somebody may
 * look at it at any time); its former descriptor is left alone. Takes @fd in any
 * case. 0 or -errno. One caller at a time for each @g.
 */
int guard_add(struct guard_fd *g, int fd);
/* The same with a copy of @fd, which stays, if there is room that the program will not miss; between
 * guard_making() and guard_made(). */
int guard_add_copy(struct guard_fd *g, int fd);
/* Close @fd, which is no guard_fd: whatever the program's close() would look for. No cancellation
 * point; errno stays. */
void guard_close_plain(int fd);
/* Close it. Nothing if there is none. */
void guard_close(struct guard_fd *g);
/* The same between guard_making() and guard_made(). */
void guard_close_making(struct guard_fd *g);
/*
 * Around the making of a descriptor until it is hidden: no other thread's fork() comes in between, so
 * that no child has it, who would not know. All signals are blocked meanwhile. May be nested, and by
 * several threads at once; nothing between may block.
 */
void guard_making(sigset_t *ret_mask);
void guard_made(const sigset_t *mask);
/*
 * A fork waits for that by itself, if whoever calls glibc's fork() has the process's table of
 * descriptors. Else these are for around it, with all signals blocked; the second one also opens
 * what a fork that was killed has left shut.
 */
void guard_fork_begins(void);
void guard_fork_ended(void);
/* Priorities of constructors that call pthread_atfork(): locks that may be taken within
 * guard_making() come after the gate before a fork, all others' before it. */
#define GUARD_ATFORK_INSIDE 101
#define GUARD_ATFORK_GATE   102

/* In a forked child: all that is hidden is the parent's, but for what @keeps says. */
void guard_close_all_but(bool (*keeps)(const struct guard_fd *g));
/* Is it still what was hidden? Raw system calls may have closed it. */
bool guard_is_intact(const struct guard_fd *g);
int guard_number(const struct guard_fd *g);

/*
 * The soft limit of descriptors that the program was started with, or has set, and whether the
 * one in force is ours: then what is started gets this one. guard_raise_limit() raises it at its
 * first call, if it can be: true, there is more room now.
 */
bool guard_raise_limit(void);
bool guard_has_raised(rlim_t *ret_former);
/* Around an exec: put it back, and take it again if that has failed. */
void guard_lend_limit(bool puts_back);

/* No hidden descriptor is below; INT_MAX when there is none at all. */
extern int guard_lowest;

bool guard_is_hidden_slow(int fd);

static inline bool guard_is_hidden(int fd)
{
	return __builtin_expect(fd >= __atomic_load_n(&guard_lowest, __ATOMIC_RELAXED), false) &&
	       guard_is_hidden_slow(fd);
}
