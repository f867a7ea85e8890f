// SPDX-License-Identifier: Apache-2.0
/*
 * What waits to be received on a channel: messages and pulses, by priority, then in the order
 * of their tickets. Pure; the items are their owners'.
 *
 * A ticket is the time at which its client sent, which orders what is found at once. A client may
 * lie: what comes later than that is never put before what was there before (queue_close_round()).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define QUEUE_PRIORITIES 256

struct queue_item {
	struct queue_item *next, *prev; /* NULL: not queued */
	uint64_t ticket;
	uint8_t priority;
	bool is_pulse;
};

struct queue {
	struct queue_item heads[2][QUEUE_PRIORITIES]; /* messages; pulses: circular */
	uint64_t used[2][QUEUE_PRIORITIES / 64];
	uint64_t floor;  /* tickets of this round are not below */
	uint64_t newest; /* the highest one so far */
	unsigned n[2];
};

void queue_init(struct queue *q);
void queue_add(struct queue *q, struct queue_item *item);
void queue_remove(struct queue *q, struct queue_item *item);
static inline bool queue_has(const struct queue_item *item)
{
	return item->next;
}
/* What is first, of all or of the pulses alone; NULL: none. It stays. */
struct queue_item *queue_first(struct queue *q, bool pulses_only);
/* All that is there has been looked at; what comes from now on comes behind it. */
void queue_close_round(struct queue *q);
