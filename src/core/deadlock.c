// SPDX-License-Identifier: Apache-2.0
/*
 * Circles of waiting processes.
 *
 * A thread that is SEND- or REPLY-blocked waits for a process. If that one has a thread that
 * could receive on the channel it is no edge: messages still get through there, and by
 * whichever of its threads the answer comes. What is left is followed from process to
 * process, depth first; where it leads back to a process on the way, that is a circle.
 *
 * A circle need not be the end: a thread that runs may answer yet. QNX has no such report; it
 * says who waits, not who is to blame.
 *
 * A process is known by the place of its first edge. One that waits for nobody has none, and
 * is in no circle.
 */
#include "core/deadlock.h"

#include <assert.h>

enum { DEADLOCK_NEW, DEADLOCK_ON_WAY, DEADLOCK_DONE };

/* Nobody. */
#define DEADLOCK_NONE UINT32_MAX

int deadlock_compare(const struct deadlock_edge *a, const struct deadlock_edge *b)
{
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->on != b->on)
		return a->on < b->on ? -1 : 1;
	return a->tid < b->tid ? -1 : a->tid > b->tid;
}

static uint32_t deadlock_first(const struct deadlock_edge *edges, uint32_t n, int32_t pid)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (edges[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && edges[low].pid == pid ? low : DEADLOCK_NONE;
}

/* The edge behind @at of the same process that waits for another one. */
static uint32_t deadlock_next(const struct deadlock_edge *edges, uint32_t n, uint32_t at)
{
	for (uint32_t i = at + 1; i < n && edges[i].pid == edges[at].pid; i++)
		if (edges[i].on != edges[at].on)
			return i;
	return DEADLOCK_NONE;
}

/* Where on the way of @depth edges the process whose first edge is @first began. */
static uint32_t deadlock_where(const struct deadlock_edge *edges, const uint32_t *path,
			       uint32_t depth, uint32_t first)
{
	uint32_t at = depth - 1;

	while (edges[path[at]].pid != edges[first].pid) {
		assert(at > 0);
		at--;
	}
	return at;
}

/* From the process whose first edge is @start. False: @each wants no more. */
static bool deadlock_follow(struct deadlock_edge *edges, uint32_t n, uint32_t start, uint32_t *path,
			    deadlock_each *each, void *arg)
{
	uint32_t depth = 1;

	path[0] = start;
	edges[start].state = DEADLOCK_ON_WAY;
	edges[start].next = start;
	while (depth > 0) {
		uint32_t first = deadlock_first(edges, n, edges[path[depth - 1]].pid);
		uint32_t edge = edges[first].next, to, where;

		if (edge == DEADLOCK_NONE) {
			edges[first].state = DEADLOCK_DONE;
			depth--;
			continue;
		}
		path[depth - 1] = edge;
		edges[first].next = deadlock_next(edges, n, edge);
		to = deadlock_first(edges, n, edges[edge].on);
		if (to == DEADLOCK_NONE || edges[to].state == DEADLOCK_DONE)
			continue;
		if (edges[to].state == DEADLOCK_NEW) {
			edges[to].state = DEADLOCK_ON_WAY;
			edges[to].next = to;
			path[depth++] = to;
			continue;
		}
		where = deadlock_where(edges, path, depth, to);
		if (!each(edges, path + where, depth - where, arg))
			return false;
	}
	return true;
}

void deadlock_find(struct deadlock_edge *edges, uint32_t n, uint32_t *path, deadlock_each *each,
		   void *arg)
{
	for (uint32_t i = 0; i < n; i++)
		edges[i].state = DEADLOCK_NEW;
	for (uint32_t i = 0; i < n; i++)
		if ((i == 0 || edges[i - 1].pid != edges[i].pid) &&
		    edges[i].state == DEADLOCK_NEW &&
		    !deadlock_follow(edges, n, i, path, each, arg))
			return;
}
