// SPDX-License-Identifier: Apache-2.0
/* Open addressing, linear probing; removal moves the followers up, so that
 * there are no gravestones. */
#include "host/linux/childset.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define CHILDSET_MIN 64

void childset_fini(struct childset *set)
{
	free(ptr_take(set->places));
	*set = (struct childset){0};
}

static size_t childset_home(const struct childset *set, pid_t pid)
{
	return ((uint32_t)pid * 2654435761u) & (set->n_places - 1);
}

/* Its place, or the empty one where it would stand. There is always one. */
static struct childset_child *childset_probe(const struct childset *set, pid_t pid)
{
	size_t at = childset_home(set, pid);

	while (set->places[at].pid != 0 && set->places[at].pid != pid)
		at = (at + 1) & (set->n_places - 1);
	return &set->places[at];
}

struct childset_child *childset_find(struct childset *set, pid_t pid)
{
	struct childset_child *child;

	if (set->n == 0)
		return NULL;
	child = childset_probe(set, pid);
	return child->pid ? child : NULL;
}

static bool childset_grow(struct childset *set)
{
	size_t n = set->n_places ? set->n_places * 2 : CHILDSET_MIN;
	struct childset bigger = {.n_places = n, .n = set->n};

	bigger.places = calloc(n, sizeof(*bigger.places));
	if (!bigger.places)
		return false;
	for (size_t i = 0; i < set->n_places; i++)
		if (set->places[i].pid)
			*childset_probe(&bigger, set->places[i].pid) = set->places[i];
	free(set->places);
	*set = bigger;
	return true;
}

struct childset_child *childset_add(struct childset *set, pid_t pid)
{
	struct childset_child *child = childset_find(set, pid);

	if (child)
		return child;
	if ((set->n + 1) * 2 > set->n_places && !childset_grow(set))
		return NULL;
	child = childset_probe(set, pid);
	*child = (struct childset_child){.pid = pid};
	set->n++;
	return child;
}

void childset_remove(struct childset *set, pid_t pid)
{
	struct childset_child *hole = childset_find(set, pid);
	size_t mask = set->n_places - 1;
	size_t gap, at;

	if (!hole)
		return;
	gap = at = (size_t)(hole - set->places);
	for (;;) {
		size_t home;

		at = (at + 1) & mask;
		if (set->places[at].pid == 0)
			break;
		/* It may move into the gap if its home is not behind that. */
		home = childset_home(set, set->places[at].pid);
		if (((at - home) & mask) >= ((at - gap) & mask)) {
			set->places[gap] = set->places[at];
			gap = at;
		}
	}
	set->places[gap] = (struct childset_child){0};
	set->n--;
}
