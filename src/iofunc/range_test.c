// SPDX-License-Identifier: Apache-2.0
/* fcntl()'s rules of locked ranges, against a model that knows each byte. */
#include "iofunc/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define BYTES 12
#define PIDS  3

struct world {
	struct range *list;
	char model[PIDS][BYTES]; /* 0, 'r', 'w' */
};

static struct range *spare_new(void)
{
	struct range *two = calloc(1, sizeof(*two));

	two->next = calloc(1, sizeof(*two));
	return two;
}

static void list_free(struct range *list)
{
	while (list) {
		struct range *next = list->next;

		free(list);
		list = next;
	}
}

static void set(struct world *w, int pid, unsigned start, unsigned end, char how)
{
	const struct range want = {.start = start, .end = end, .pid = pid, .is_write = how == 'w'};

	list_free(range_set(&w->list, &want, how == 0, spare_new()));
	for (unsigned i = start; i <= end && i < BYTES; i++)
		w->model[pid][i] = how;
}

static char of_list(const struct world *w, int pid, unsigned byte)
{
	char found = 0;

	for (const struct range *r = w->list; r; r = r->next) {
		if (r->pid == pid && r->start <= byte && byte <= r->end) {
			assert_int_equal(found, 0); /* ranges of one process do not overlap */
			found = r->is_write ? 'w' : 'r';
		}
	}
	return found;
}

static void check(const struct world *w)
{
	for (int pid = 0; pid < PIDS; pid++) {
		for (unsigned i = 0; i < BYTES; i++)
			assert_int_equal(of_list(w, pid, i), w->model[pid][i]);
	}
}

static int model_conflict(const struct world *w, int pid, unsigned start, unsigned end, char how)
{
	for (int other = 0; other < PIDS; other++) {
		for (unsigned i = start; i <= end && other != pid; i++) {
			const char has = w->model[other][i];

			if (has && (has == 'w' || how == 'w'))
				return 1;
		}
	}
	return 0;
}

static void lock_newest_word_replaces_older_ones(void **state)
{
	static const char hows[] = {'r', 'w', 0};
	struct world w = {0};
	uint32_t seed = 1;

	(void)state;
	for (int step = 0; step < 20000; step++) {
		seed = seed * 1664525 + 1013904223;
		const int pid = seed >> 8 & 1 ? 0 : (int)(seed >> 9 & 1) + 1;
		const unsigned a = (seed >> 12) % BYTES, b = (seed >> 20) % BYTES;
		const unsigned start = a < b ? a : b, end = a < b ? b : a;
		const char how = hows[(seed >> 28) % 3];
		const struct range want = {
			.start = start, .end = end, .pid = pid, .is_write = how == 'w'};

		if (how)
			assert_int_equal(range_conflict(w.list, &want) != NULL,
					 model_conflict(&w, pid, start, end, how));
		set(&w, pid, start, end, how);
		check(&w);
	}
	list_free(w.list);
}

static void lock_to_the_end_has_no_end(void **state)
{
	struct world w = {0};
	const struct range far = {.start = UINT64_C(1) << 60, .end = UINT64_C(1) << 61, .pid = 2};
	const struct range all = {.end = RANGE_EOF, .pid = 1, .is_write = true};

	(void)state;
	list_free(range_set(&w.list, &all, false, spare_new()));
	assert_non_null(range_conflict(w.list, &far));
	/* Taking all away needs no memory. */
	list_free(range_set(&w.list, &all, true, NULL));
	assert_null(w.list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lock_newest_word_replaces_older_ones),
		cmocka_unit_test(lock_to_the_end_has_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
