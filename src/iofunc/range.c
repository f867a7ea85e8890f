// SPDX-License-Identifier: Apache-2.0
#include "iofunc/range.h"

#include <assert.h>
#include <stddef.h>

static bool is_overlap(const struct range *a, const struct range *b)
{
	return a->start <= b->end && b->start <= a->end;
}

struct range *range_conflict(struct range *list, const struct range *want)
{
	for (; list; list = list->next) {
		if (list->pid != want->pid && (list->is_write || want->is_write) &&
		    is_overlap(list, want))
			return list;
	}
	return NULL;
}

static struct range *pop(struct range **list)
{
	struct range *first = *list;

	assert(first);
	*list = first->next;
	return first;
}

static void push(struct range **list, struct range *range)
{
	range->next = *list;
	*list = range;
}

/* Take start to end of @cut out of *@where. Answers where to go on. */
static struct range **cut_out(struct range **where, const struct range *cut, struct range **spare)
{
	struct range *range = *where;

	if (range->start < cut->start && range->end > cut->end) {
		struct range *tail = pop(spare);

		*tail = *range;
		tail->start = cut->end + 1;
		range->end = cut->start - 1;
		range->next = tail;
		return &tail->next;
	}
	if (range->start < cut->start) {
		range->end = cut->start - 1;
		return &range->next;
	}
	if (range->end > cut->end) {
		range->start = cut->end + 1;
		return &range->next;
	}
	*where = range->next;
	push(spare, range);
	return where;
}

struct range *range_set(struct range **list, const struct range *want, bool unlock,
			struct range *spare)
{
	struct range **where = list;

	while (*where) {
		if ((*where)->pid == want->pid && is_overlap(*where, want))
			where = cut_out(where, want, &spare);
		else
			where = &(*where)->next;
	}
	if (!unlock) {
		struct range *made = pop(&spare);

		*made = *want;
		push(list, made);
	}
	return spare;
}
