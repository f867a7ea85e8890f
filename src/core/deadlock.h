// SPDX-License-Identifier: Apache-2.0
/* Who waits for whom in a circle. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Thread @tid of @pid waits for process @on, which is not ready to receive from it. */
struct deadlock_edge {
	int32_t pid, tid;
	int32_t on, chid;
	uint64_t tag; /* the caller's */
	/* Ours; to be read by nobody. In the first edge of each process. */
	uint32_t state;
	uint32_t next;
};

/* By pid, then by whom they wait for: the order in which deadlock_find() wants them. */
int deadlock_compare(const struct deadlock_edge *a, const struct deadlock_edge *b);

/*
 * A circle: @edges[@path[0]] waits for the process of @edges[@path[1]], and so on; the last
 * one for the first. False ends the search.
 */
typedef bool deadlock_each(const struct deadlock_edge *edges, const uint32_t *path, uint32_t n,
			   void *arg);

/*
 * All processes that wait in circles: of each knot of them at least one circle is told, none
 * twice. @edges are sorted; @path is room for @n numbers. Takes time in proportion to @n, but
 * for what @each does and a logarithm.
 */
void deadlock_find(struct deadlock_edge *edges, uint32_t n, uint32_t *path, deadlock_each *each,
		   void *arg);
