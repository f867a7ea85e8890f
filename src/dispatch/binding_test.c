// SPDX-License-Identifier: Apache-2.0
/* Keys, opens and their ends. */
#include "dispatch/binding.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "dispatch/attached.h"

static struct attached *name_new(void)
{
	struct attached *name = calloc(1, sizeof(*name));

	name->refs = 1;
	return name;
}

static void a_duplicate_leads_to_the_same_open(void **state)
{
	const struct bound first = {1, 3, 100}, second = {2, 3, 101};
	struct attached *name = name_new();
	struct bindings table;
	struct open *open, *end;
	int ocb;

	(void)state;
	assert_int_equal(bindings_init(&table), 0);
	assert_int_equal(binding_add(&table, &first, &ocb, NULL, name), 0);
	assert_int_equal(binding_add(&table, &first, &ocb, NULL, name), -EEXIST);
	assert_int_equal(binding_dup(&table, &second, &first), -EBADF);
	assert_int_equal(binding_dup(&table, &first, &second), 0);
	open = binding_enter(&table, &second, false);
	assert_ptr_equal(open->ocb, &ocb);
	assert_false(open_replies(open));
	open_leave(&table, open, false);
	assert_int_equal(binding_drop(&table, &first, &end), 0);
	assert_null(end);
	assert_null(binding_enter(&table, &first, true));
	assert_int_equal(binding_drop(&table, &second, &end), 0);
	assert_ptr_equal(end, open);
	open_free(end);
	assert_int_equal(binding_drop(&table, &second, &end), -ESRCH);
	bindings_fini(&table);
	attached_unref(name);
}

static void a_key_is_closed_by_one_only(void **state)
{
	const struct bound who = {1, 3, 100};
	struct attached *name = name_new();
	struct bindings table;
	struct open *open, *end;
	struct bound found;
	int ocb;

	(void)state;
	assert_int_equal(bindings_init(&table), 0);
	assert_int_equal(binding_add(&table, &who, &ocb, NULL, name), 0);
	open = binding_enter_close(&table, &who);
	assert_non_null(open);
	assert_null(binding_enter_close(&table, &who));
	assert_null(binding_enter(&table, &who, false));
	assert_null(binding_enter_close_any(&table, 1, &found));
	/* A close that was put off may be ended by the client's death. */
	binding_delay_close(&table, &who, open);
	open_leave_close(open);
	assert_null(binding_enter_close(&table, &who));
	assert_ptr_equal(binding_enter_close_any(&table, 1, &found), open);
	assert_int_equal(found.coid, 3);
	open_leave_close(open);
	assert_int_equal(binding_drop(&table, &who, &end), 0);
	open_free(end);
	bindings_fini(&table);
	attached_unref(name);
}

static void a_close_that_is_complete_is_not_put_off(void **state)
{
	const struct bound who = {1, 3, 100};
	struct attached *name = name_new();
	struct bindings table;
	struct open *open, *next, *end;
	bool is_ender;
	int ocb;

	(void)state;
	assert_int_equal(bindings_init(&table), 0);
	assert_int_equal(binding_add(&table, &who, &ocb, NULL, name), 0);
	open = binding_enter_close(&table, &who);
	assert_int_equal(binding_drop(&table, &who, &end), 0);
	assert_null(end);
	/* The client has the same descriptor again. */
	assert_int_equal(binding_add(&table, &who, &ocb, NULL, name), 0);
	binding_delay_close(&table, &who, open);
	is_ender = open_replies(open);
	assert_true(is_ender);
	open_leave(&table, open, is_ender);
	open_free(open);
	next = binding_enter_close(&table, &who);
	assert_non_null(next);
	open_leave_close(next);
	assert_int_equal(binding_drop(&table, &who, &end), 0);
	open_free(end);
	bindings_fini(&table);
	attached_unref(name);
}

static void an_open_does_not_end_under_a_handler(void **state)
{
	const struct bound who = {1, 3, 100};
	struct attached *name = name_new();
	struct bindings table;
	struct open *open, *end;
	bool is_ender;
	int ocb;

	(void)state;
	assert_int_equal(bindings_init(&table), 0);
	assert_int_equal(binding_add(&table, &who, &ocb, NULL, name), 0);
	open = binding_enter(&table, &who, false);
	assert_int_equal(binding_drop(&table, &who, &end), 0);
	assert_null(end);
	is_ender = open_replies(open);
	assert_true(is_ender);
	open_leave(&table, open, is_ender);
	open_free(open);
	bindings_fini(&table);
	attached_unref(name);
}

static void all_of_a_client_are_found(void **state)
{
	struct attached *name = name_new();
	struct bindings table;
	struct open *end;
	struct bound who;
	unsigned found = 0;

	(void)state;
	assert_int_equal(bindings_init(&table), 0);
	for (int scoid = 1; scoid <= 20; scoid++) {
		for (int coid = 0; coid < 100; coid++) {
			const struct bound one = {scoid, coid, 100 + scoid};

			assert_int_equal(binding_add(&table, &one, &found, NULL, name), 0);
		}
	}
	for (int scoid = 20; scoid >= 1; scoid--) {
		struct open *open;

		while ((open = binding_enter_close_any(&table, scoid, &who))) {
			assert_int_equal(who.scoid, scoid);
			assert_int_equal(who.pid, 100 + scoid);
			open_leave_close(open);
			assert_int_equal(binding_drop(&table, &who, &end), 0);
			open_free(end);
			found++;
		}
	}
	assert_int_equal(found, 2000);
	bindings_fini(&table);
	attached_unref(name);
}

/* ---- Threads ---- */

struct race {
	struct bindings table;
	struct attached *name;
	_Atomic unsigned ended;
	_Atomic bool is_over;
};

static void *uses(void *arg)
{
	struct race *race = arg;
	const struct bound who = {1, 3, 100};

	while (!race->is_over) {
		struct open *open = binding_enter(&race->table, &who, false);
		bool is_ender;

		if (!open)
			continue;
		is_ender = open_replies(open);
		open_leave(&race->table, open, is_ender);
		if (is_ender) {
			open_free(open);
			race->ended++;
		}
	}
	return NULL;
}

static void each_open_ends_once_whoever_uses_it(void **state)
{
	enum { ROUNDS = 20000 };
	struct race race = {0};
	const struct bound who = {1, 3, 100};
	pthread_t threads[2];
	struct open *end;

	(void)state;
	race.name = name_new();
	assert_int_equal(bindings_init(&race.table), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, uses, &race), 0);
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(binding_add(&race.table, &who, &race, NULL, race.name), 0);
		assert_int_equal(binding_drop(&race.table, &who, &end), 0);
		if (end) {
			open_free(end);
			race.ended++;
		}
	}
	race.is_over = true;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(race.ended, ROUNDS);
	bindings_fini(&race.table);
	assert_int_equal(race.name->refs, 1);
	attached_unref(race.name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_duplicate_leads_to_the_same_open),
		cmocka_unit_test(a_key_is_closed_by_one_only),
		cmocka_unit_test(a_close_that_is_complete_is_not_put_off),
		cmocka_unit_test(an_open_does_not_end_under_a_handler),
		cmocka_unit_test(all_of_a_client_are_found),
		cmocka_unit_test(each_open_ends_once_whoever_uses_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
