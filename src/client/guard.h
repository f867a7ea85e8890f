// SPDX-License-Identifier: Apache-2.0
/*
 * Descriptors of ours in the program's table. They sit high, do not answer to
 * the program's own calls, and are never inherited by exec.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct guard_fd {
	int number; /* -1: none; changes when the program wants the number */
	uint64_t device;
	uint64_t inode;
};

#define GUARD_FD_NULL        \
	{                    \
		.number = -1 \
	}

/* At most this many. */
#define GUARD_MAX 4

/*
 * Hide @fd as @g, which is static and known from then on; its former descriptor
 * is left alone. Takes @fd in any case. 0 or -errno. One caller at a time for
 * each @g.
 */
int guard_add(struct guard_fd *g, int fd);
/* Is it still what was hidden? Raw system calls may have closed it. */
bool guard_is_intact(const struct guard_fd *g);
int guard_number(const struct guard_fd *g);

/* No hidden descriptor is below; INT_MAX when there is none at all. */
extern int guard_lowest;

bool guard_is_hidden_slow(int fd);

static inline bool guard_is_hidden(int fd)
{
	return __builtin_expect(fd >= __atomic_load_n(&guard_lowest, __ATOMIC_RELAXED), false) &&
	       guard_is_hidden_slow(fd);
}
