// SPDX-License-Identifier: Apache-2.0
#include "host/linux/childset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define PIDS 5000

static void what_was_added_is_found_until_it_is_removed(void **state)
{
	static bool there[PIDS + 1];
	struct childset set = {0};
	size_t n = 0;

	(void)state;
	srand(1);
	for (int i = 0; i < 200000; i++) {
		pid_t pid = 1 + rand() % PIDS;
		struct childset_child *child;

		if (rand() % 2) {
			child = childset_add(&set, pid);
			assert_non_null(child);
			assert_int_equal(child->pid, pid);
			n += !there[pid];
			there[pid] = true;
		} else {
			childset_remove(&set, pid);
			n -= there[pid];
			there[pid] = false;
		}
		assert_int_equal(set.n, n);
		pid = 1 + rand() % PIDS;
		child = childset_find(&set, pid);
		assert_int_equal(child != NULL, there[pid]);
	}
	for (pid_t pid = 1; pid <= PIDS; pid++)
		assert_int_equal(childset_find(&set, pid) != NULL, there[pid]);
	childset_fini(&set);
}

static void adding_again_keeps_what_is_known(void **state)
{
	struct childset set = {0};

	(void)state;
	childset_add(&set, 7)->told = 5;
	for (pid_t pid = 100; pid < 1000; pid++)
		assert_non_null(childset_add(&set, pid));
	assert_int_equal(childset_add(&set, 7)->told, 5);
	childset_fini(&set);
	assert_null(childset_find(&set, 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_found_until_it_is_removed),
		cmocka_unit_test(adding_again_keeps_what_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
