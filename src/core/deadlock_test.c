// SPDX-License-Identifier: Apache-2.0
#include "core/deadlock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EDGES 2000

/* What was told, as "1>2 " for each edge and a ";" behind each circle. */
struct told {
	char text[4096];
	uint32_t circles, most;
};

static bool tell(const struct deadlock_edge *edges, const uint32_t *path, uint32_t n, void *arg)
{
	struct told *t = arg;
	size_t at = strlen(t->text);

	assert_true(n > 0);
	for (uint32_t i = 0; i < n; i++) {
		const struct deadlock_edge *e = &edges[path[i]];

		/* Whatever the graph: it is a circle, and nobody is in it twice. */
		assert_int_equal(e->on, edges[path[(i + 1) % n]].pid);
		for (uint32_t k = 0; k < i; k++)
			assert_int_not_equal(e->pid, edges[path[k]].pid);
		if (at + 32 < sizeof(t->text))
			at += (size_t)snprintf(t->text + at, sizeof(t->text) - at, "%d>%d ", e->pid,
					       e->on);
	}
	(void)snprintf(t->text + at, sizeof(t->text) - at, ";");
	return ++t->circles < t->most;
}

static int by_pid(const void *a, const void *b)
{
	return deadlock_compare(a, b);
}

static struct told found;

static void find(struct deadlock_edge *edges, uint32_t n, uint32_t most)
{
	static uint32_t path[EDGES];

	memset(&found, 0, sizeof(found));
	found.most = most;
	qsort(edges, n, sizeof(*edges), by_pid);
	deadlock_find(edges, n, path, tell, &found);
}

#define FIND(...)                                                                          \
	find((struct deadlock_edge[]){__VA_ARGS__},                                        \
	     sizeof((struct deadlock_edge[]){__VA_ARGS__}) / sizeof(struct deadlock_edge), \
	     UINT32_MAX)
#define WAITS(p, t, o)                             \
	{                                          \
		.pid = (p), .tid = (t), .on = (o), \
	}

static void nobody_waits_in_a_circle(void **state)
{
	(void)state;
	memset(&found, 0, sizeof(found));
	deadlock_find(NULL, 0, NULL, tell, &found);
	assert_string_equal(found.text, "");
	FIND(WAITS(1, 1, 2));
	assert_string_equal(found.text, "");
	/* Many for one, one through many. */
	FIND(WAITS(5, 5, 1), WAITS(4, 4, 1), WAITS(3, 3, 1), WAITS(3, 7, 5), WAITS(3, 8, 4));
	assert_string_equal(found.text, "");
}

static void two_wait_for_each_other(void **state)
{
	(void)state;
	FIND(WAITS(20, 20, 10), WAITS(10, 10, 20));
	assert_string_equal(found.text, "10>20 20>10 ;");
	/* However many of their threads do. */
	FIND(WAITS(20, 20, 10), WAITS(10, 10, 20), WAITS(10, 11, 20), WAITS(20, 21, 10));
	assert_string_equal(found.text, "10>20 20>10 ;");
}

static void one_waits_for_itself(void **state)
{
	(void)state;
	FIND(WAITS(7, 8, 7), WAITS(6, 6, 7));
	assert_string_equal(found.text, "7>7 ;");
}

static void circle_is_told_without_who_leads_into_it(void **state)
{
	(void)state;
	FIND(WAITS(1, 1, 2), WAITS(2, 2, 3), WAITS(3, 3, 4), WAITS(4, 4, 2), WAITS(4, 5, 9));
	assert_string_equal(found.text, "2>3 3>4 4>2 ;");
}

static void each_circle_apart(void **state)
{
	(void)state;
	FIND(WAITS(1, 1, 2), WAITS(2, 2, 1), WAITS(3, 3, 4), WAITS(4, 4, 3), WAITS(2, 5, 3));
	assert_int_equal(found.circles, 2);
	assert_non_null(strstr(found.text, "1>2 2>1 ;"));
	assert_non_null(strstr(found.text, "3>4 4>3 ;"));
}

static void two_threads_in_two_circles(void **state)
{
	(void)state;
	FIND(WAITS(1, 1, 2), WAITS(1, 2, 3), WAITS(2, 2, 1), WAITS(3, 3, 1));
	assert_string_equal(found.text, "1>2 2>1 ;1>3 3>1 ;");
}

static void search_ends_when_no_more_is_wanted(void **state)
{
	struct deadlock_edge e[] = {WAITS(1, 1, 1), WAITS(2, 2, 2), WAITS(3, 3, 3)};

	(void)state;
	find(e, 3, 2);
	assert_string_equal(found.text, "1>1 ;2>2 ;");
}

/* Does a way lead from a process back to itself? By trying all, in a small graph. */
static bool leads_back(bool waits[8][8], int start)
{
	bool reached[8] = {0};

	for (int round = 0; round < 8; round++)
		for (int a = 0; a < 8; a++)
			for (int b = 0; b < 8; b++)
				if (waits[a][b] && (a == start || reached[a]))
					reached[b] = true;
	return reached[start];
}

static void random_graphs_have_a_circle_told_if_and_only_if_there_is_one(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		struct deadlock_edge e[64];
		bool waits[8][8] = {{0}};
		bool expected = false;
		uint32_t n = 1 + (uint32_t)rand() % 12;

		for (uint32_t i = 0; i < n; i++) {
			e[i] = (struct deadlock_edge)WAITS(rand() % 8, (int)i, rand() % 8);
			waits[e[i].pid][e[i].on] = true;
		}
		for (int a = 0; a < 8; a++)
			expected |= leads_back(waits, a);
		find(e, n, UINT32_MAX);
		assert_int_equal(found.circles > 0, expected);
	}
}

static void long_circles_need_no_stack(void **state)
{
	static struct deadlock_edge e[EDGES];

	(void)state;
	for (int i = 0; i < EDGES; i++)
		e[i] = (struct deadlock_edge)WAITS(1 + i, 1 + i, 1 + (i + 1) % EDGES);
	find(e, EDGES, UINT32_MAX);
	assert_int_equal(found.circles, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_waits_in_a_circle),
		cmocka_unit_test(two_wait_for_each_other),
		cmocka_unit_test(one_waits_for_itself),
		cmocka_unit_test(circle_is_told_without_who_leads_into_it),
		cmocka_unit_test(each_circle_apart),
		cmocka_unit_test(two_threads_in_two_circles),
		cmocka_unit_test(search_ends_when_no_more_is_wanted),
		cmocka_unit_test(random_graphs_have_a_circle_told_if_and_only_if_there_is_one),
		cmocka_unit_test(long_circles_need_no_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
