// SPDX-License-Identifier: Apache-2.0
/* What a process may do. */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/fixture.h"

/* As sys/procmgr.h has them. */
enum {
	AID_SETUID = 2,
	AID_SPAWN = 21,
	AID_FORK = 22,
	DENY = 0x10000,
	ALLOW = 0x20000,
	SUBRANGE = 0x40000,
	LOCK = 0x80000,
	INHERIT_YES = 0x400000,
	INHERIT_NO = 0x800000,
	ROOT = 0x10000000,
	NONROOT = 0x20000000,
};

static enum core_result item(struct pt_proc *p, uint32_t bits, uint64_t low, uint64_t high)
{
	return core_ability(&t.c, p, p, bits, low, high, true);
}

static void items_decide_for_whom_and_what_they_name(void **state)
{
	static const struct {
		uint32_t bits;
		uint64_t low, high;
		uint32_t euid, aid;
		uint64_t value;
		bool otherwise, may;
	} rows[] = {
		{AID_SPAWN | DENY, 0, 0, 1000, AID_SPAWN, 0, true, false},
		{AID_SPAWN | ALLOW, 0, 0, 1000, AID_SPAWN, 0, false, true},
		{AID_SPAWN | DENY, 0, 0, 1000, AID_FORK, 0, true, true},
		{AID_SPAWN | ALLOW, 0, 0, 1000, AID_FORK, 0, false, false},
		{AID_SPAWN | DENY | ROOT, 0, 0, 1000, AID_SPAWN, 0, true, true},
		{AID_SPAWN | DENY | ROOT, 0, 0, 0, AID_SPAWN, 0, true, false},
		{AID_SPAWN | DENY | NONROOT, 0, 0, 1000, AID_SPAWN, 0, true, false},
		{AID_SPAWN | DENY | NONROOT, 0, 0, 0, AID_SPAWN, 0, true, true},
		{AID_SPAWN | DENY | ROOT | NONROOT, 0, 0, 0, AID_SPAWN, 0, true, false},
		{AID_SPAWN | DENY | SUBRANGE, 5, 9, 1000, AID_SPAWN, 4, true, true},
		{AID_SPAWN | DENY | SUBRANGE, 5, 9, 1000, AID_SPAWN, 5, true, false},
		{AID_SPAWN | DENY | SUBRANGE, 5, 9, 1000, AID_SPAWN, 9, true, false},
		{AID_SPAWN | DENY | SUBRANGE, 5, 9, 1000, AID_SPAWN, 10, true, true},
		{AID_SPAWN | LOCK, 0, 0, 1000, AID_SPAWN, 0, true, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pt_proc *p;

		start_with(4, 0, 0);
		p = born(NULL, 0);
		p->euid = rows[i].euid;
		assert_int_equal(item(p, rows[i].bits, rows[i].low, rows[i].high), CORE_OK);
		assert_int_equal(core_may(&t.c, p, rows[i].aid, rows[i].value, rows[i].otherwise),
				 rows[i].may);
	}
}

static void newest_item_that_fits_decides(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	item(p, AID_SPAWN | DENY, 0, 0);
	item(p, AID_SPAWN | ALLOW | SUBRANGE, 5, 9);
	assert_true(core_may(&t.c, p, AID_SPAWN, 7, false));
	assert_false(core_may(&t.c, p, AID_SPAWN, 3, true));
}

static void locked_item_cannot_be_changed(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	assert_int_equal(item(p, AID_SPAWN | DENY | LOCK | NONROOT, 0, 0), CORE_OK);
	assert_int_equal(item(p, AID_SPAWN | ALLOW, 0, 0), CORE_FORBIDDEN);
	assert_int_equal(item(p, AID_SPAWN | ALLOW | NONROOT, 0, 0), CORE_FORBIDDEN);
	assert_int_equal(item(p, AID_SPAWN | ALLOW | ROOT, 0, 0), CORE_OK);
	assert_int_equal(item(p, AID_FORK | ALLOW, 0, 0), CORE_OK);
	assert_false(core_may(&t.c, p, AID_SPAWN, 0, true));
}

static void children_inherit_what_is_not_kept_from_them(void **state)
{
	struct pt_proc *p = born(NULL, 0), *child;

	(void)state;
	item(p, AID_SPAWN | DENY, 0, 0);
	item(p, AID_SPAWN | ALLOW | SUBRANGE, 5, 9);
	item(p, AID_FORK | DENY | INHERIT_NO, 0, 0);
	child = born(p, 0);
	assert_false(core_may(&t.c, child, AID_SPAWN, 3, true));
	assert_true(core_may(&t.c, child, AID_SPAWN, 7, false));
	assert_true(core_may(&t.c, child, AID_FORK, 0, true));
	assert_false(core_may(&t.c, p, AID_FORK, 0, true));
	/* A copy: what the parent changes now is its own. */
	item(p, AID_SPAWN | ALLOW, 0, 0);
	assert_false(core_may(&t.c, child, AID_SPAWN, 3, true));
}

static void abilities_are_given_back_at_the_end(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	for (int i = 0; i < 4; i++)
		item(p, AID_SPAWN | DENY, 0, 0);
	for (int i = 0; i < 200; i++) {
		struct pt_proc *child = born(p, 0);

		assert_non_null(child);
		dies(child, 0);
		assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
		core_tell(&t.c, p);
		act();
	}
	assert_int_equal(t.c.head->abilities_touched, 8);
}

static void only_root_changes_anothers(void **state)
{
	struct pt_proc *p = born(NULL, 0), *root = born(NULL, 0), *other = born(NULL, 0);

	(void)state;
	root->euid = 0;
	assert_int_equal(core_ability(&t.c, other, p, AID_SPAWN | DENY, 0, 0, true),
			 CORE_FORBIDDEN);
	assert_int_equal(core_ability(&t.c, root, p, AID_SPAWN | DENY, 0, 0, true), CORE_OK);
	assert_false(core_may(&t.c, p, AID_SPAWN, 0, true));
}

static void what_the_kernel_keeps_is_allowed_only_in_a_node_of_roots(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	assert_int_equal(core_ability(&t.c, p, p, AID_SETUID | ALLOW, 0, 0, false), CORE_FORBIDDEN);
	assert_int_equal(core_ability(&t.c, p, p, AID_SETUID | DENY, 0, 0, false), CORE_OK);
	assert_int_equal(core_ability(&t.c, p, p, AID_SPAWN | ALLOW, 0, 0, false), CORE_OK);
	assert_int_equal(core_ability(&t.c, p, p, AID_SETUID | ALLOW, 0, 0, true), CORE_OK);
}

static void contradictions_are_invalid(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	assert_int_equal(item(p, AID_SPAWN | ALLOW | DENY, 0, 0), CORE_INVALID);
	assert_int_equal(item(p, AID_SPAWN | ALLOW | SUBRANGE, 9, 5), CORE_INVALID);
	assert_int_equal(p->ability, 0);
}

static void created_names_keep_their_ids(void **state)
{
	uint8_t name[128] = "io/a", other[128] = "io/b", endless[128];
	int32_t id = -1, again = -1;

	(void)state;
	memset(endless, 'x', sizeof(endless));
	assert_int_equal(core_ability_name(&t.c, name, false, 0, &id), CORE_NO_PROCESS);
	assert_int_equal(core_ability_name(&t.c, endless, true, 0, &id), CORE_INVALID);
	assert_int_equal(core_ability_name(&t.c, (const uint8_t[128]){0}, true, 0, &id),
			 CORE_INVALID);
	assert_int_equal(id, -1);
	assert_int_equal(core_ability_name(&t.c, name, true, 0, &id), CORE_OK);
	assert_int_equal(core_ability_name(&t.c, other, true, 0, &again), CORE_OK);
	assert_int_not_equal(id, again);
	assert_int_equal(core_ability_name(&t.c, name, true, 0, &again), CORE_OK);
	assert_int_equal(id, again);
	for (int i = 2; i < PT_NAMES; i++) {
		name[3] = (uint8_t)(i + 1);
		assert_int_equal(core_ability_name(&t.c, name, true, 0, &id), CORE_OK);
	}
	name[3] = 0xff;
	assert_int_equal(core_ability_name(&t.c, name, true, 0, &id), CORE_FULL);
}

static void no_process_uses_up_all_items(void **state)
{
	struct pt_proc *p = born(NULL, 0);
	int n = 0;

	(void)state;
	while (item(p, AID_SPAWN | DENY, 0, 0) == CORE_OK)
		n++;
	assert_int_equal(n, 256);
	/* Its children would have as many, which there are not: they are not born. */
	assert_null(born(p, 0));
	assert_int_equal(t.c.head->n_used, 1);
	assert_int_equal(t.c.head->abilities_touched, 256);
	assert_non_null(born(NULL, 0));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_decide_for_whom_and_what_they_name),
		cmocka_unit_test_setup(newest_item_that_fits_decides, start),
		cmocka_unit_test_setup(locked_item_cannot_be_changed, start),
		cmocka_unit_test_setup(children_inherit_what_is_not_kept_from_them, start),
		cmocka_unit_test_setup(abilities_are_given_back_at_the_end, start),
		cmocka_unit_test_setup(only_root_changes_anothers, start),
		cmocka_unit_test_setup(what_the_kernel_keeps_is_allowed_only_in_a_node_of_roots,
				       start),
		cmocka_unit_test_setup(contradictions_are_invalid, start),
		cmocka_unit_test_setup(created_names_keep_their_ids, start),
		cmocka_unit_test_setup(no_process_uses_up_all_items, start),
	};

	return cmocka_run_group_tests_name("ability", tests, NULL, NULL);
}
