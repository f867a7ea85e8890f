// SPDX-License-Identifier: Apache-2.0
/* Groups, sessions, and the signals that a death sends. */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/fixture.h"

static void hang_up_is_the_kernels(void **state)
{
	struct pt_proc *leader = born(NULL, 0);

	(void)state;
	born(leader, 0);
	dies(leader, 0);
	assert_int_equal(count_fx(FX_SIGNAL_GROUP) + count_fx(FX_SIGNAL), 0);
}

static void wide_rule_hangs_up_the_group_of_any_leader(void **state)
{
	struct pt_proc *leader, *member;

	(void)state;
	start_with(8, 0, RULE_WIDE_HANGUP);
	leader = born(NULL, 0);
	member = born(leader, 0);
	dies(member, 0);
	assert_int_equal(count_fx(FX_SIGNAL_GROUP), 0);
	member = born(leader, 0);
	dies(leader, 0);
	assert_int_equal(count_fx(FX_SIGNAL_GROUP), 1);
	assert_int_equal(get_fx(FX_SIGNAL_GROUP, 0)->pid, member->pgrp);
	assert_int_equal(get_fx(FX_SIGNAL_GROUP, 0)->status, 1);
}

static void parents_death_sends_what_the_child_asked_for(void **state)
{
	struct pt_proc *p = born(NULL, 0), *child = born(p, 0), *other = born(p, 0);

	(void)state;
	assert_int_equal(core_pdeathsig(&t.c, child, 15), CORE_OK);
	assert_int_equal(core_pdeathsig(&t.c, child, 65), CORE_INVALID);
	assert_int_equal(core_pdeathsig(&t.c, child, -1), CORE_INVALID);
	assert_int_equal(core_pdeathsig(&t.c, other, 15), CORE_OK);
	assert_int_equal(core_pdeathsig(&t.c, other, 0), CORE_OK);
	dies(p, 0);
	assert_int_equal(count_fx(FX_SIGNAL), 1);
	assert_int_equal(get_fx(FX_SIGNAL, 0)->pid, child->pid);
	assert_int_equal(get_fx(FX_SIGNAL, 0)->status, 15);
}

static void dead_child_gets_no_signal_from_its_parents_death(void **state)
{
	struct pt_proc *p = born(NULL, 0), *child = born(p, 0);

	(void)state;
	core_pdeathsig(&t.c, child, 15);
	dies(child, 0);
	dies(p, 0);
	assert_int_equal(count_fx(FX_SIGNAL), 0);
}

static void daemon_stays_in_session_1(void **state)
{
	struct pt_proc *p = born(born(NULL, 0), 0);

	(void)state;
	core_daemon(&t.c, p, 0);
	act();
	core_set_group(&t.c, p, p->pid, p->pid);
	assert_int_equal(p->sid, 1);
	assert_int_equal(p->kernel_sid, p->pid);
	assert_int_equal(p->pgrp, p->pid);
}

static void others_are_where_the_kernel_says(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	core_set_group(&t.c, p, 7, 50);
	assert_int_equal(p->pgrp, 7);
	assert_int_equal(p->sid, 50);
	core_set_group(&t.c, p, 8, 8);
	assert_int_equal(p->sid, 8);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(hang_up_is_the_kernels, start),
		cmocka_unit_test(wide_rule_hangs_up_the_group_of_any_leader),
		cmocka_unit_test_setup(parents_death_sends_what_the_child_asked_for, start),
		cmocka_unit_test_setup(dead_child_gets_no_signal_from_its_parents_death, start),
		cmocka_unit_test_setup(daemon_stays_in_session_1, start),
		cmocka_unit_test_setup(others_are_where_the_kernel_says, start),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
