// SPDX-License-Identifier: Apache-2.0
/*
 * Messages and pulses lie in lists of their own, as some receivers want pulses only; between
 * the two lists' first items of a priority the ticket decides.
 */
#include "message/queue.h"

#include <stddef.h>
#include <string.h>

#include "base/util.h"

void queue_init(struct queue *q)
{
	memset(q, 0, sizeof(*q));
	for (unsigned kind = 0; kind < 2; kind++)
		for (unsigned i = 0; i < QUEUE_PRIORITIES; i++)
			q->heads[kind][i].next = q->heads[kind][i].prev = &q->heads[kind][i];
}

void queue_add(struct queue *q, struct queue_item *item)
{
	struct queue_item *head = &q->heads[item->is_pulse][item->priority];
	struct queue_item *after = head->prev;

	item->ticket = MAX(item->ticket, q->floor);
	q->newest = MAX(q->newest, item->ticket);
	while (after != head && after->ticket > item->ticket)
		after = after->prev;
	item->prev = after;
	item->next = after->next;
	after->next->prev = item;
	after->next = item;
	q->used[item->is_pulse][item->priority / 64] |= UINT64_C(1) << item->priority % 64;
	q->n[item->is_pulse]++;
}

void queue_remove(struct queue *q, struct queue_item *item)
{
	struct queue_item *head = &q->heads[item->is_pulse][item->priority];

	item->prev->next = item->next;
	item->next->prev = item->prev;
	item->next = item->prev = NULL;
	q->n[item->is_pulse]--;
	if (head->next == head)
		q->used[item->is_pulse][item->priority / 64] &=
			~(UINT64_C(1) << item->priority % 64);
}

static struct queue_item *first_of(struct queue *q, bool is_pulse)
{
	if (q->n[is_pulse] == 0)
		return NULL;
	for (int i = QUEUE_PRIORITIES / 64 - 1; i >= 0; i--) {
		uint64_t used = q->used[is_pulse][i];

		if (used)
			return q->heads[is_pulse][i * 64 + 63 - __builtin_clzll(used)].next;
	}
	return NULL;
}

struct queue_item *queue_first(struct queue *q, bool pulses_only)
{
	struct queue_item *pulse = first_of(q, true);
	struct queue_item *message = pulses_only ? NULL : first_of(q, false);

	if (!pulse || !message)
		return pulse ? pulse : message;
	if (pulse->priority != message->priority)
		return pulse->priority > message->priority ? pulse : message;
	return pulse->ticket <= message->ticket ? pulse : message;
}

void queue_close_round(struct queue *q)
{
	q->floor = q->newest;
}
