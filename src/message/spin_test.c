// SPDX-License-Identifier: Apache-2.0
#include "message/spin.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* On one processor nobody looks. */
static void need_processors(void)
{
	if (!spin_is_allowed())
		skip();
}

/* Looks in a row that all miss. */
static unsigned misses(struct spin *s, unsigned most)
{
	unsigned n = 0;

	while (n < most && spin_window(s) > 0) {
		spin_result(s, false, 30000);
		n++;
	}
	return n;
}

/* Waits until the next look. */
static unsigned rests(struct spin *s, unsigned most)
{
	unsigned n = 0;

	while (n < most && spin_window(s) == 0)
		n++;
	spin_result(s, false, 30000);
	return n;
}

static void what_pays_goes_on(void **state)
{
	struct spin s = {0};

	(void)state;
	need_processors();
	for (int i = 0; i < 10000; i++) {
		assert_true(spin_window(&s) > 0);
		spin_result(&s, true, 800);
	}
	/* As long as hits take, and some more. */
	assert_in_range(spin_window(&s), 800, 10000);
}

static void what_does_not_pay_is_tried_less_and_less(void **state)
{
	struct spin s = {0};
	unsigned rest = 0;

	(void)state;
	need_processors();
	assert_in_range(misses(&s, 100), 1, 10);
	for (int i = 0; i < 10; i++) {
		unsigned next = rests(&s, 1000000), burst = misses(&s, 100000);

		assert_true(next >= rest);
		assert_in_range(burst, 100, 1000);
		rest = next;
	}
	assert_in_range(rest, 10000, 100000);
}

static void one_hit_is_enough(void **state)
{
	struct spin s = {0};

	(void)state;
	need_processors();
	(void)misses(&s, 100);
	(void)rests(&s, 1000000);
	assert_true(spin_window(&s) > 0);
	spin_result(&s, true, 1000);
	for (int i = 0; i < 100; i++) {
		assert_true(spin_window(&s) > 0);
		spin_result(&s, true, 1000);
	}
}

static void a_hint_makes_a_short_try(void **state)
{
	struct spin s = {0};

	(void)state;
	need_processors();
	(void)misses(&s, 100);
	assert_int_equal(spin_window(&s), 0);
	spin_hint(&s);
	assert_in_range(misses(&s, 100), 1, 10);
	assert_int_equal(spin_window(&s), 0);
}

static void nobody_looks_on_one_processor(void **state)
{
	struct spin s = {0};
	cpu_set_t all, one;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	/* It is asked again now and then. */
	for (int i = 0; i < 2000; i++)
		if (spin_window(&s) > 0)
			spin_result(&s, true, 1000);
	for (int i = 0; i < 2000; i++)
		assert_int_equal(spin_window(&s), 0);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_pays_goes_on),
		cmocka_unit_test(what_does_not_pay_is_tried_less_and_less),
		cmocka_unit_test(one_hit_is_enough),
		cmocka_unit_test(a_hint_makes_a_short_try),
		cmocka_unit_test(nobody_looks_on_one_processor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
