// SPDX-License-Identifier: Apache-2.0
#include "core/journal.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

/* Follows the saved bytes, so that undo can walk from the newest back. */
struct trailer {
	uint32_t offset; /* of the object, from the head */
	uint32_t words;
};

/* What of the head belongs to the rules; the rest is the journal's own. */
#define HEAD_RULES offsetof(struct pt_head, capacity)

/* Only the compiler could still reorder: see journal.h. */
static void in_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

size_t journal_undo_room(const struct core_limits *l, uint32_t buckets)
{
	size_t t = sizeof(struct trailer);

	/* Each object once; a bucket's word once for each entry it had and has. */
	return (sizeof(struct pt_proc) + t) * (l->procs + 1) +
	       (sizeof(struct pt_waiter) + t) * (l->waiters + 1) +
	       (sizeof(struct pt_sub) + t) * (l->subs + 1) +
	       (sizeof(struct pt_notice) + t) * (l->notices + 1) +
	       (sizeof(struct pt_ability) + t) * (l->abilities + 1) +
	       (sizeof(struct pt_path) + t) * (l->paths + 1) +
	       (sizeof(struct pt_text) + t) * (l->texts + 1) +
	       (sizeof(struct pt_name) + t) * PT_NAMES +
	       (sizeof(uint32_t) + t) * ((size_t)buckets + 2 * l->procs) + sizeof(struct pt_head) +
	       t;
}

uint32_t journal_fx_room(const struct core_limits *l)
{
	/* A death: each child may be reaped, told of its new parent, signalled. */
	return 4 * l->procs + 2 * l->waiters + 2 * l->subs + 16;
}

static void save(struct core *c, const void *from, size_t size)
{
	struct pt_head *h = c->head;
	struct trailer t = {
		.offset = (uint32_t)((const uint8_t *)from - (const uint8_t *)h),
		.words = (uint32_t)(size / sizeof(uint32_t)),
	};
	uint8_t *to = c->undo + h->undo_bytes;

	memcpy(to, from, size);
	memcpy(to + size, &t, sizeof(t));
	in_order();
	h->undo_bytes += (uint32_t)(size + sizeof(t));
	in_order();
}

void journal_begin(struct core *c)
{
	struct pt_head *h = c->head;

	assert(h->state == JOURNAL_IDLE);
	h->undo_bytes = 0;
	h->n_effects = 0;
	h->n_applied = 0;
	h->transition++;
	save(c, (uint8_t *)h + HEAD_RULES, sizeof(*h) - HEAD_RULES);
	h->state = JOURNAL_OPEN;
	in_order();
}

void journal_edit(struct core *c, void *object, size_t size)
{
	uint32_t *stamp = object;

	assert(c->head->state == JOURNAL_OPEN);
	if (*stamp == c->head->transition)
		return;
	save(c, object, size);
	*stamp = c->head->transition;
}

void journal_edit_word(struct core *c, uint32_t *word)
{
	assert(c->head->state == JOURNAL_OPEN);
	save(c, word, sizeof(*word));
}

struct pt_effect *journal_fx(struct core *c, uint32_t kind)
{
	struct pt_effect *e = &c->effects[c->head->n_effects];

	assert(c->head->state == JOURNAL_OPEN);
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	c->head->n_effects++;
	return e;
}

/*
 * Answers go last: what a caller knows when its call returns has happened. A
 * child that was collected has left its pid, and its SIGCHLD was sent.
 */
static void answers_last(struct core *c)
{
	uint32_t n = c->head->n_effects, at = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct pt_effect e = c->effects[i];

		if (e.kind == FX_ANSWER || e.kind == FX_DONE)
			continue;
		memmove(&c->effects[at + 1], &c->effects[at], (i - at) * sizeof(e));
		c->effects[at++] = e;
	}
}

void journal_commit(struct core *c)
{
	answers_last(c);
	in_order();
	c->head->state = c->head->n_effects ? JOURNAL_COMMITTED : JOURNAL_IDLE;
	in_order();
}

static void undo(struct core *c)
{
	struct pt_head *h = c->head;
	uint8_t *end = c->undo + h->undo_bytes;

	while (end > c->undo) {
		struct trailer t;
		size_t size;

		memcpy(&t, end - sizeof(t), sizeof(t));
		size = t.words * sizeof(uint32_t);
		end -= sizeof(t) + size;
		memcpy((uint8_t *)h + t.offset, end, size);
	}
}

void journal_abort(struct core *c)
{
	assert(c->head->state == JOURNAL_OPEN);
	undo(c);
	in_order();
	c->head->state = JOURNAL_IDLE;
	c->head->n_effects = 0;
	c->head->n_applied = 0;
}

void journal_recover(struct core *c)
{
	struct pt_head *h = c->head;

	if (h->state == JOURNAL_OPEN)
		journal_abort(c);
	else if (h->state == JOURNAL_COMMITTED && h->n_applied >= h->n_effects)
		h->state = JOURNAL_IDLE;
}

const struct pt_effect *core_effect(const struct core *c)
{
	const struct pt_head *h = c->head;

	if (h->state != JOURNAL_COMMITTED)
		return NULL;
	return &c->effects[h->n_applied];
}

void core_applied(struct core *c)
{
	struct pt_head *h = c->head;

	assert(h->state == JOURNAL_COMMITTED);
	in_order();
	if (++h->n_applied == h->n_effects)
		h->state = JOURNAL_IDLE;
	in_order();
}
