// SPDX-License-Identifier: Apache-2.0
/* Who waits for whom, and what satisfies it. */
#include "core/core.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/fixture.h"

/* A parent with one child of each kind, and what each wait does at once. */
static void wait_finds_what_it_names(void **state)
{
	enum { PARENT = 100, LIVE, ZOMBIE, STOPPED, CONTINUED, QUIET, NATIVE, STRANGER };
	static const struct {
		uint32_t idtype;
		int32_t id;
		uint32_t options;
		enum core_result result;
		int32_t pid, code;
	} rows[] = {
		{WHO_ALL, 0, W_EXITED, CORE_OK, ZOMBIE, CHILD_EXITED},
		{WHO_ALL, 0, W_STOPPED, CORE_OK, STOPPED, CHILD_STOPPED},
		{WHO_ALL, 0, W_CONTINUED, CORE_OK, CONTINUED, CHILD_CONTINUED},
		{WHO_ALL, 0, W_EXITED | W_STOPPED | W_CONTINUED, CORE_OK, ZOMBIE, CHILD_EXITED},
		{WHO_PID, LIVE, W_EXITED, CORE_BLOCKED, 0, 0},
		{WHO_PID, LIVE, W_EXITED | W_NOHANG, CORE_NOT_YET, 0, 0},
		{WHO_PID, ZOMBIE, W_EXITED | W_NOHANG, CORE_OK, ZOMBIE, CHILD_EXITED},
		{WHO_PID, ZOMBIE, W_STOPPED | W_NOHANG, CORE_NOT_YET, 0, 0},
		{WHO_PID, STOPPED, W_STOPPED, CORE_OK, STOPPED, CHILD_STOPPED},
		{WHO_PID, STOPPED, W_EXITED | W_NOHANG, CORE_NOT_YET, 0, 0},
		{WHO_PID, CONTINUED, W_CONTINUED, CORE_OK, CONTINUED, CHILD_CONTINUED},
		{WHO_PID, CONTINUED, W_STOPPED | W_NOHANG, CORE_NOT_YET, 0, 0},
		{WHO_PID, QUIET, W_EXITED, CORE_NO_CHILD, 0, 0},
		{WHO_PID, NATIVE, W_EXITED, CORE_NO_CHILD, 0, 0},
		{WHO_PID, STRANGER, W_EXITED, CORE_NO_CHILD, 0, 0},
		{WHO_PID, PARENT, W_EXITED, CORE_NO_CHILD, 0, 0},
		{WHO_PID, 4711, W_EXITED, CORE_NO_CHILD, 0, 0},
		{WHO_PGID, PARENT, W_EXITED, CORE_OK, ZOMBIE, CHILD_EXITED},
		{WHO_PGID, LIVE, W_EXITED | W_NOHANG, CORE_NOT_YET, 0, 0},
		{WHO_PGID, STRANGER, W_EXITED, CORE_NO_CHILD, 0, 0},
		{WHO_ALL, 0, W_NOHANG, CORE_INVALID, 0, 0},
		{WHO_ALL, 0, W_NOWAIT, CORE_INVALID, 0, 0},
		{WHO_ALL, 0, 0, CORE_INVALID, 0, 0},
		{WHO_ALL, 0, W_EXITED | 0x100, CORE_INVALID, 0, 0},
		{WHO_PGID + 1, 0, W_EXITED, CORE_INVALID, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pt_proc *p;

		start_with(16, 0, 0);
		p = born(NULL, 0);
		core_set_group(&t.c, born(p, 0), LIVE, 50);
		born(p, 0);
		born(p, 0);
		born(p, 0);
		born(p, FLAG_NOZOMBIE);
		born(p, FLAG_NATIVE);
		born(NULL, 0);
		dies(core_find(&t.c, ZOMBIE), 3);
		core_stop(&t.c, core_find(&t.c, STOPPED), 19);
		act();
		core_stop(&t.c, core_find(&t.c, CONTINUED), 19);
		act();
		core_continue(&t.c, core_find(&t.c, CONTINUED));
		act();

		assert_int_equal(waits(p, rows[i].idtype, rows[i].id, rows[i].options, 7),
				 rows[i].result);
		assert_int_equal(count_fx(FX_ANSWER), rows[i].result == CORE_OK);
		assert_int_equal(get_fx(FX_ANSWER, 0)->pid, rows[i].pid);
		assert_int_equal(get_fx(FX_ANSWER, 0)->code, rows[i].code);
		assert_int_equal(core_is_waiting(&t.c, p, 7, 1007), rows[i].result == CORE_BLOCKED);
	}
}

static void wait_collects_the_oldest_death_first(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	for (int i = 0; i < 3; i++)
		born(p, 0);
	dies(core_find(&t.c, 103), 0);
	dies(core_find(&t.c, 101), 0);
	dies(core_find(&t.c, 102), 0);
	for (int i = 0; i < 3; i++) {
		static const pid_t order[] = {103, 101, 102};

		assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
		assert_int_equal(get_fx(FX_ANSWER, 0)->pid, order[i]);
	}
}

static void wait_is_answered_with_its_cell_and_sequence(void **state)
{
	struct pt_proc *p = born(NULL, 0);
	const struct pt_effect *e;

	(void)state;
	born(p, 0);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 9), CORE_BLOCKED);
	dies(core_find(&t.c, 101), 8);
	e = get_fx(FX_ANSWER, 0);
	assert_int_equal(e->proc, p->self);
	assert_int_equal(e->page, p->page);
	assert_int_equal(e->cell, 9);
	assert_int_equal(e->seq, 1009);
	assert_int_equal(e->error, 0);
	assert_int_equal(e->pid, 101);
	assert_int_equal(e->status, 8);
	assert_int_equal(e->uid, 1000);
	assert_false(core_is_waiting(&t.c, p, 9, 1009));
}

static void several_waiters_are_served_in_their_order_each_with_its_own(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	for (int i = 0; i < 3; i++)
		born(p, 0);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_BLOCKED);
	assert_int_equal(waits(p, WHO_PID, 102, W_EXITED, 1), CORE_BLOCKED);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 2), CORE_BLOCKED);
	dies(core_find(&t.c, 101), 0);
	assert_int_equal(count_fx(FX_ANSWER), 1);
	assert_int_equal(get_fx(FX_ANSWER, 0)->cell, 0);
	dies(core_find(&t.c, 102), 0);
	assert_int_equal(count_fx(FX_ANSWER), 1);
	assert_int_equal(get_fx(FX_ANSWER, 0)->cell, 1);
	dies(core_find(&t.c, 103), 0);
	assert_int_equal(count_fx(FX_ANSWER), 1);
	assert_int_equal(get_fx(FX_ANSWER, 0)->cell, 2);
}

static void one_death_ends_one_wait_and_the_rest_find_no_child(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	born(p, 0);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(waits(p, i % 2 ? WHO_PID : WHO_ALL, 101, W_EXITED, i),
				 CORE_BLOCKED);
	dies(core_find(&t.c, 101), 0);
	assert_int_equal(count_fx(FX_ANSWER), 4);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(get_fx(FX_ANSWER, i)->cell, i);
		assert_int_equal(get_fx(FX_ANSWER, i)->error, i ? ECHILD : 0);
	}
}

static void nowait_looks_and_leaves_it_to_the_next(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	born(p, 0);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED | W_NOWAIT, 0), CORE_BLOCKED);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED | W_NOWAIT, 1), CORE_BLOCKED);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 2), CORE_BLOCKED);
	dies(core_find(&t.c, 101), 0);
	assert_int_equal(count_fx(FX_ANSWER), 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(get_fx(FX_ANSWER, i)->pid, 101);
		assert_int_equal(get_fx(FX_ANSWER, i)->error, 0);
	}
	assert_int_equal(count_fx(FX_REAP), 1);
}

static void nowait_leaves_a_stop_to_be_told(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	core_stop(&t.c, born(p, 0), 19);
	act();
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(waits(p, WHO_ALL, 0, W_STOPPED | W_NOWAIT, 0), CORE_OK);
	assert_int_equal(waits(p, WHO_ALL, 0, W_STOPPED, 0), CORE_OK);
	assert_int_equal(get_fx(FX_ANSWER, 0)->status, 19);
	assert_int_equal(waits(p, WHO_ALL, 0, W_STOPPED | W_NOHANG, 0), CORE_NOT_YET);
}

static void stop_and_continue_end_the_waits_that_ask(void **state)
{
	struct pt_proc *p = born(NULL, 0), *child = born(p, 0);

	(void)state;
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_BLOCKED);
	assert_int_equal(waits(p, WHO_ALL, 0, W_CONTINUED, 1), CORE_BLOCKED);
	assert_int_equal(waits(p, WHO_ALL, 0, W_STOPPED, 2), CORE_BLOCKED);
	core_stop(&t.c, child, 20);
	act();
	assert_int_equal(count_fx(FX_ANSWER), 1);
	assert_int_equal(get_fx(FX_ANSWER, 0)->cell, 2);
	assert_int_equal(get_fx(FX_ANSWER, 0)->code, CHILD_STOPPED);
	core_continue(&t.c, child);
	act();
	assert_int_equal(count_fx(FX_ANSWER), 1);
	assert_int_equal(get_fx(FX_ANSWER, 0)->cell, 1);
	assert_int_equal(get_fx(FX_ANSWER, 0)->code, CHILD_CONTINUED);
	dies(child, 0);
	assert_int_equal(get_fx(FX_ANSWER, 0)->cell, 0);
}

static void group_is_the_one_that_the_child_is_in_now(void **state)
{
	struct pt_proc *p = born(NULL, 0), *child = born(p, 0), *other = born(p, 0);

	(void)state;
	core_set_group(&t.c, child, child->pid, 50);
	act();
	assert_int_equal(waits(p, WHO_PGID, child->pid, W_EXITED, 0), CORE_BLOCKED);
	assert_int_equal(waits(p, WHO_PGID, p->pid, W_EXITED, 1), CORE_BLOCKED);
	dies(other, 0);
	assert_int_equal(count_fx(FX_ANSWER), 1);
	assert_int_equal(get_fx(FX_ANSWER, 0)->cell, 1);
	/* Nobody is left in the parent's group; the other wait goes on. */
	assert_true(core_is_waiting(&t.c, p, 0, 1000));
	dies(child, 0);
	assert_int_equal(get_fx(FX_ANSWER, 0)->cell, 0);
}

static void one_death_of_a_group_of_one_ends_all_waits_for_the_group(void **state)
{
	struct pt_proc *p = born(NULL, 0), *child = born(p, 0);

	(void)state;
	born(p, 0);
	core_set_group(&t.c, child, child->pid, 50);
	act();
	assert_int_equal(waits(p, WHO_PGID, child->pid, W_EXITED, 0), CORE_BLOCKED);
	assert_int_equal(waits(p, WHO_PGID, child->pid, W_EXITED, 1), CORE_BLOCKED);
	dies(child, 0);
	assert_int_equal(count_fx(FX_ANSWER), 2);
	assert_int_equal(get_fx(FX_ANSWER, 1)->error, ECHILD);
}

static void wait_for_a_group_ends_when_its_last_child_leaves_it(void **state)
{
	struct pt_proc *p = born(NULL, 0), *child = born(p, 0);

	(void)state;
	core_set_group(&t.c, child, child->pid, 50);
	act();
	assert_int_equal(waits(p, WHO_PGID, child->pid, W_EXITED, 0), CORE_BLOCKED);
	core_set_group(&t.c, child, p->pid, 50);
	act();
	assert_int_equal(get_fx(FX_ANSWER, 0)->error, ECHILD);
}

static void stop_is_found_by_the_group_that_the_child_comes_to(void **state)
{
	struct pt_proc *p = born(NULL, 0), *child = born(p, 0), *other = born(p, 0);

	(void)state;
	core_set_group(&t.c, other, other->pid, 50);
	act();
	assert_int_equal(waits(p, WHO_PGID, other->pid, W_STOPPED, 0), CORE_BLOCKED);
	core_stop(&t.c, child, 19);
	act();
	assert_int_equal(count_fx(FX_ANSWER), 0);
	core_set_group(&t.c, child, other->pid, 50);
	act();
	assert_int_equal(get_fx(FX_ANSWER, 0)->pid, child->pid);
	assert_int_equal(get_fx(FX_ANSWER, 0)->code, CHILD_STOPPED);
}

static void cancelled_wait_is_never_answered(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	born(p, 0);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_BLOCKED);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 1), CORE_BLOCKED);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 2), CORE_BLOCKED);
	core_wait_cancel(&t.c, p, 1);
	core_wait_cancel(&t.c, p, 0);
	core_wait_cancel(&t.c, p, 5);
	act();
	assert_false(core_is_waiting(&t.c, p, 0, 1000));
	assert_true(core_is_waiting(&t.c, p, 2, 1002));
	assert_false(core_is_waiting(&t.c, p, 2, 1003));
	dies(core_find(&t.c, 101), 0);
	assert_int_equal(count_fx(FX_ANSWER), 1);
	assert_int_equal(get_fx(FX_ANSWER, 0)->cell, 2);
}

static void wait_that_finds_no_room_is_refused_and_may_come_again(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	born(p, 0);
	for (uint32_t i = 0; i < 16; i++)
		assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, i), CORE_BLOCKED);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 16), CORE_FULL);
	core_wait_cancel(&t.c, p, 3);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 16), CORE_BLOCKED);
}

static void who_begins_to_ignore_waits_until_the_last_child_is_gone(void **state)
{
	struct pt_proc *p = born(NULL, 0), *a = born(p, 0), *b = born(p, 0);

	(void)state;
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_BLOCKED);
	core_sigchld(&t.c, p, SIGCHLD_MODE_IGNORE);
	act();
	dies(a, 0);
	assert_int_equal(count_fx(FX_ANSWER), 0);
	dies(b, 0);
	assert_int_equal(get_fx(FX_ANSWER, 0)->error, ECHILD);
}

static void parents_waits_end_with_it(void **state)
{
	struct pt_proc *p = born(NULL, 0), *child = born(p, 0);

	(void)state;
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_BLOCKED);
	dies(p, 0);
	assert_int_equal(count_fx(FX_ANSWER), 0);
	dies(child, 0);
	assert_int_equal(count_fx(FX_ANSWER), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(wait_finds_what_it_names),
		cmocka_unit_test_setup(wait_collects_the_oldest_death_first, start),
		cmocka_unit_test_setup(wait_is_answered_with_its_cell_and_sequence, start),
		cmocka_unit_test_setup(several_waiters_are_served_in_their_order_each_with_its_own,
				       start),
		cmocka_unit_test_setup(one_death_ends_one_wait_and_the_rest_find_no_child, start),
		cmocka_unit_test_setup(nowait_looks_and_leaves_it_to_the_next, start),
		cmocka_unit_test_setup(nowait_leaves_a_stop_to_be_told, start),
		cmocka_unit_test_setup(stop_and_continue_end_the_waits_that_ask, start),
		cmocka_unit_test_setup(group_is_the_one_that_the_child_is_in_now, start),
		cmocka_unit_test_setup(one_death_of_a_group_of_one_ends_all_waits_for_the_group,
				       start),
		cmocka_unit_test_setup(wait_for_a_group_ends_when_its_last_child_leaves_it, start),
		cmocka_unit_test_setup(stop_is_found_by_the_group_that_the_child_comes_to, start),
		cmocka_unit_test_setup(cancelled_wait_is_never_answered, start),
		cmocka_unit_test_setup(wait_that_finds_no_room_is_refused_and_may_come_again,
				       start),
		cmocka_unit_test_setup(who_begins_to_ignore_waits_until_the_last_child_is_gone,
				       start),
		cmocka_unit_test_setup(parents_waits_end_with_it, start),
	};

	return cmocka_run_group_tests_name("wait", tests, NULL, NULL);
}
