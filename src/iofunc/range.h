// SPDX-License-Identifier: Apache-2.0
/*
 * Locked ranges of one file, as POSIX's fcntl() has them: each byte is locked by one process
 * for writing or by several for reading; a process's newest word about a byte replaces its
 * older one. Pure: no locks, no messages.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct range {
	struct range *next;
	uint64_t start;
	uint64_t end; /* the last byte; RANGE_EOF: all there will ever be */
	pid_t pid;    /* whose */
	bool is_write;
};
#define RANGE_EOF UINT64_MAX

/* The first lock of @list that stands in the way of @want; NULL: none. */
struct range *range_conflict(struct range *list, const struct range *want);

/*
 * From now on @want->pid has @want, or with @unlock nothing, between start and end. @spare are
 * two ranges that may be needed; what is left of them and what became free is in the list that
 * is returned.
 */
struct range *range_set(struct range **list, const struct range *want, bool unlock,
			struct range *spare);
