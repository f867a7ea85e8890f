// SPDX-License-Identifier: Apache-2.0
/*
 * Events that a program carries out by itself (threads, pulses, memory), on their
 * way into its page.
 *
 * The page has room for a few. Those that do not fit wait here, in the order in
 * which they happened, until the program has looked; so a burst of deaths loses
 * none. What a program can make others keep for it is bounded all the same: it
 * may have as many as are then still free, so that one that never looks leaves
 * half of the room to all others, two a third, and so on. Beyond that its newest
 * events are dropped.
 */
#include "core/notify.h"

#include <assert.h>

static struct pt_notice *notice_at(const struct core *c, uint32_t index)
{
	return &c->notices[index];
}

static uint32_t notice_take(struct core *c)
{
	struct pt_head *h = c->head;
	uint32_t index = h->free_notice;
	struct pt_notice *n;

	if (!index)
		index = ++h->notices_touched;
	n = notice_at(c, index);
	journal_edit(c, n, sizeof(*n));
	if (h->free_notice)
		h->free_notice = n->next;
	h->n_notices++;
	return index;
}

void notice_add(struct core *c, struct pt_proc *p, uint64_t handle, uint64_t value)
{
	const struct pt_head *h = c->head;
	uint32_t index;
	struct pt_notice *n;

	if (!p->page || p->n_notices >= h->notices - h->n_notices)
		return;
	index = notice_take(c);
	n = notice_at(c, index);
	*n = (struct pt_notice){.stamp = n->stamp, .handle = handle, .value = value};
	p = pt_edit(c, p->self);
	if (p->last_notice) {
		struct pt_notice *last = notice_at(c, p->last_notice);

		journal_edit(c, last, sizeof(*last));
		last->next = index;
	} else {
		p->first_notice = index;
	}
	p->last_notice = index;
	p->n_notices++;
	c->has_notices = true;
}

/* The first @n of @p, as far as @last, are free again. */
static void give(struct core *c, struct pt_proc *p, struct pt_notice *last, uint32_t n)
{
	struct pt_head *h = c->head;
	uint32_t first = p->first_notice;

	journal_edit(c, last, sizeof(*last));
	p->first_notice = last->next;
	if (!p->first_notice)
		p->last_notice = 0;
	last->next = h->free_notice;
	h->free_notice = first;
	h->n_notices -= n;
	p->n_notices -= n;
}

void notice_remove_all(struct core *c, struct pt_proc *p)
{
	if (!p->first_notice)
		return;
	p = pt_edit(c, p->self);
	give(c, p, notice_at(c, p->last_notice), p->n_notices);
}

bool core_has_notice(const struct pt_proc *p)
{
	return p->first_notice != 0;
}

void core_notice(struct core *c, struct pt_proc *p)
{
	struct pt_effect *e;
	struct pt_notice *n;

	assert(core_has_notice(p));
	journal_begin(c);
	p = pt_edit(c, p->self);
	n = notice_at(c, p->first_notice);
	e = journal_fx(c, FX_NOTICE);
	e->proc = p->self;
	e->page = p->page;
	e->arena = p->arena;
	e->serial = p->noticed++;
	e->event.value = n->value;
	e->value = n->handle;
	give(c, p, n, 1);
	journal_commit(c);
}
