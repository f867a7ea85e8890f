// SPDX-License-Identifier: Apache-2.0
/*
 * Who asked to hear of any process (procmgr_event_*, procmgr_value_*).
 *
 * A process has one request of procmgr_event_notify(), which a new call
 * replaces and flags 0 disarms, and any number of those of _notify_add(). A
 * request fires each time until it is deleted or its process ends; it is not
 * inherited. The value that arrives is the subscriber's own, unless its event
 * is UPDATEABLE: then it is what the event tells (a pid).
 *
 * Value requests fire once each time the limit is crossed in their direction;
 * who looks at the machine's figures is the caller.
 */
#include "core/notify.h"

#include <assert.h>

#define VALUE_FIRED     1u
#define EVENT_TYPE_MASK 0xffu

static struct pt_sub *sub_at(const struct core *c, uint32_t index)
{
	return &c->subs[index];
}

static struct pt_sub *sub_take(struct core *c)
{
	struct pt_head *h = c->head;
	uint32_t index = h->free_sub;
	struct pt_sub *s;

	if (pt_alloc_fails(c) || (!index && h->subs_touched == h->subs))
		return NULL;
	if (!index)
		index = ++h->subs_touched;
	s = sub_at(c, index);
	journal_edit(c, s, sizeof(*s));
	if (h->free_sub)
		h->free_sub = s->next;
	*s = (struct pt_sub){.stamp = s->stamp, .next = h->first_sub};
	h->first_sub = index;
	return s;
}

static void count_births(struct core *c, const struct pt_sub *s, int by)
{
	if (!s->value_type && (s->flags & ON_PROCESS_CREATE))
		c->head->want_births += (uint32_t)by;
}

static void sub_drop(struct core *c, uint32_t index)
{
	struct pt_sub *s = sub_at(c, index);
	uint32_t before = 0;

	for (uint32_t i = c->head->first_sub; i != index; i = sub_at(c, i)->next)
		before = i;
	journal_edit(c, s, sizeof(*s));
	count_births(c, s, -1);
	if (before) {
		journal_edit(c, sub_at(c, before), sizeof(*s));
		sub_at(c, before)->next = s->next;
	} else {
		c->head->first_sub = s->next;
	}
	*s = (struct pt_sub){.stamp = s->stamp, .next = c->head->free_sub};
	c->head->free_sub = index;
}

void notify_remove_all(struct core *c, struct pt_proc *p)
{
	for (uint32_t i = c->head->first_sub, next; i; i = next) {
		next = sub_at(c, i)->next;
		if (sub_at(c, i)->proc == p->self)
			sub_drop(c, i);
	}
	notice_remove_all(c, p);
}

static void deliver(struct core *c, const struct pt_sub *s, bool updateable, uint64_t value)
{
	struct pt_proc *p = pt_at(c, s->proc);
	struct pt_effect *e;

	if (!updateable || !(s->event.notify & EVENT_FLAG_UPDATEABLE))
		value = s->event.value;
	if ((s->event.notify & EVENT_TYPE_MASK) == EVENT_TYPE_THREAD) {
		notice_add(c, p, (uint32_t)s->event.code, value);
		return;
	}
	e = journal_fx(c, FX_EVENT);
	e->proc = s->proc;
	e->pid = p->pid;
	e->event = s->event;
	e->event.value = value;
}

void notify_fire(struct core *c, uint32_t flags, bool updateable, uint64_t value)
{
	for (uint32_t i = c->head->first_sub; i; i = sub_at(c, i)->next)
		if (!sub_at(c, i)->value_type && (sub_at(c, i)->flags & flags))
			deliver(c, sub_at(c, i), updateable, value);
}

static uint32_t find_single(const struct core *c, const struct pt_proc *p)
{
	uint32_t i = c->head->first_sub;

	while (i && (sub_at(c, i)->proc != p->self || sub_at(c, i)->id))
		i = sub_at(c, i)->next;
	return i;
}

static int32_t new_id(struct core *c)
{
	int32_t id = c->head->next_sub_id;

	c->head->next_sub_id = id == INT32_MAX ? 1 : id + 1;
	return id;
}

enum core_result core_subscribe(struct core *c, struct pt_proc *p, uint32_t flags,
				const struct event *e, bool single, int32_t *ret_id)
{
	struct pt_sub *s = NULL;
	uint32_t former = single ? find_single(c, p) : 0;

	journal_begin(c);
	if (former)
		sub_drop(c, former);
	if (flags) {
		s = sub_take(c);
		if (!s) {
			journal_abort(c);
			return CORE_FULL;
		}
		s->proc = p->self;
		s->id = single ? 0 : new_id(c);
		s->flags = flags;
		s->event = *e;
		count_births(c, s, 1);
	}
	*ret_id = s ? s->id : 0;
	journal_commit(c);
	return CORE_OK;
}

enum core_result core_subscribe_value(struct core *c, struct pt_proc *p, uint32_t type,
				      uint64_t limit, int32_t sub_id, const struct event *e,
				      int32_t *ret_id)
{
	struct pt_sub *s;

	journal_begin(c);
	s = sub_take(c);
	if (!s) {
		journal_abort(c);
		return CORE_FULL;
	}
	s->proc = p->self;
	s->id = new_id(c);
	s->flags = type;
	s->value_type = 1;
	s->limit = limit;
	s->value_of = sub_id;
	s->event = *e;
	*ret_id = s->id;
	journal_commit(c);
	return CORE_OK;
}

enum core_result core_unsubscribe(struct core *c, struct pt_proc *p, int32_t id)
{
	uint32_t i = c->head->first_sub;

	while (i && (sub_at(c, i)->proc != p->self || sub_at(c, i)->id != id))
		i = sub_at(c, i)->next;
	if (!i || !id)
		return CORE_INVALID;
	journal_begin(c);
	sub_drop(c, i);
	journal_commit(c);
	return CORE_OK;
}

void core_trigger(struct core *c, uint32_t flags, bool updateable, int32_t value)
{
	journal_begin(c);
	notify_fire(c, flags, updateable, (uint32_t)value);
	journal_commit(c);
}

void core_trigger_value(struct core *c, struct pt_sub *s, bool beyond, uint64_t value)
{
	bool fired = s->value_state & VALUE_FIRED;

	if (beyond == fired)
		return;
	journal_begin(c);
	journal_edit(c, s, sizeof(*s));
	s->value_state = beyond ? VALUE_FIRED : 0;
	if (beyond)
		deliver(c, s, true, value);
	journal_commit(c);
}
