// SPDX-License-Identifier: Apache-2.0
/* Who inherits children. */
#include "core/core.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/fixture.h"

/* A family: grandparent, parent, and the parent's children, of which g guards. */
static struct pt_proc *top, *p, *g, *a, *b;

static int start_family(void **state)
{
	pid_t former = -1;

	start(state);
	top = born(NULL, 0);
	p = born(top, 0);
	g = born(p, 0);
	a = born(p, 0);
	b = born(p, 0);
	return core_guardian(&t.c, p, g->pid, &former) == CORE_OK && former == 0 ? 0 : -1;
}

static void guardian_inherits_the_other_children(void **state)
{
	(void)state;
	dies(p, 0);
	assert_int_equal(core_ppid(&t.c, a), g->pid);
	assert_int_equal(core_ppid(&t.c, b), g->pid);
	assert_int_equal(core_ppid(&t.c, g), 1);
	assert_int_equal(count_fx(FX_PARENT), 3);
	dies(a, 6);
	assert_int_equal(waits(g, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
	assert_int_equal(get_fx(FX_ANSWER, 0)->status, 6);
}

static void guardian_is_told_of_inherited_zombies(void **state)
{
	pid_t pid = a->pid;
	int32_t told[2];

	(void)state;
	dies(a, 6);
	core_tell(&t.c, p);
	act();
	dies(p, 0);
	assert_int_equal(tell_all(g, told), 1);
	assert_int_equal(told[0], pid);
	assert_int_equal(waits(g, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
	assert_int_equal(get_fx(FX_ANSWER, 0)->pid, pid);
}

static void inherited_zombie_ends_the_guardians_wait(void **state)
{
	struct pt_proc *own = born(g, 0);

	(void)state;
	assert_int_equal(waits(g, WHO_ALL, 0, W_EXITED, 0), CORE_BLOCKED);
	dies(a, 6);
	assert_true(core_is_waiting(&t.c, g, 0, 1000)); /* not by pid: still the parent's */
	dies(p, 0);
	assert_int_equal(get_fx(FX_ANSWER, 0)->status, 6);
	assert_true(core_is_alive(own));
}

static void inherited_stop_ends_the_guardians_wait(void **state)
{
	(void)state;
	born(g, 0);
	assert_int_equal(waits(g, WHO_ALL, 0, W_STOPPED, 0), CORE_BLOCKED);
	core_stop(&t.c, a, 19);
	act();
	dies(p, 0);
	assert_int_equal(get_fx(FX_ANSWER, 0)->pid, a->pid);
	assert_int_equal(get_fx(FX_ANSWER, 0)->code, CHILD_STOPPED);
}

static void guardian_that_keeps_no_zombies_inherits_none(void **state)
{
	static const uint32_t modes[] = {SIGCHLD_MODE_IGNORE, SIGCHLD_MODE_NOCLDWAIT};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		int32_t told[2];

		start_family(state);
		core_sigchld(&t.c, g, modes[i]);
		dies(a, 6);
		dies(p, 0);
		assert_int_equal(count_fx(FX_REAP), 1); /* the parent is its own parent's */
		assert_int_equal(waits(g, WHO_ALL, 0, W_EXITED | W_NOHANG, 0), CORE_NOT_YET);
		assert_int_equal(tell_all(g, told), modes[i] == SIGCHLD_MODE_NOCLDWAIT);
	}
}

static void guardian_waits_by_pid_for_parent_and_siblings(void **state)
{
	(void)state;
	assert_int_equal(waits(g, WHO_ALL, 0, W_EXITED | W_NOHANG, 0), CORE_NO_CHILD);
	assert_int_equal(waits(g, WHO_PID, g->pid, W_EXITED | W_NOHANG, 0), CORE_NO_CHILD);
	assert_int_equal(waits(g, WHO_PID, top->pid, W_EXITED | W_NOHANG, 0), CORE_NO_CHILD);
	assert_int_equal(waits(b, WHO_PID, a->pid, W_EXITED | W_NOHANG, 0), CORE_NO_CHILD);
	assert_int_equal(waits(g, WHO_PID, p->pid, W_EXITED | W_NOHANG, 0), CORE_NOT_YET);
	assert_int_equal(waits(g, WHO_PID, b->pid, W_EXITED | W_NOHANG, 0), CORE_NOT_YET);
	assert_int_equal(waits(g, WHO_PID, a->pid, W_EXITED, 0), CORE_BLOCKED);
	dies(a, 6);
	assert_int_equal(get_fx(FX_ANSWER, 0)->proc, g->self);
	assert_int_equal(get_fx(FX_ANSWER, 0)->status, 6);
	dies(b, 7);
	assert_int_equal(waits(g, WHO_PID, 104, W_EXITED, 0), CORE_OK);
	assert_int_equal(waits(p, WHO_PID, 104, W_EXITED, 0), CORE_NO_CHILD);
}

static void guardian_waits_for_its_parent_as_long_as_it_is_a_zombie(void **state)
{
	(void)state;
	dies(p, 3);
	assert_int_equal(waits(g, WHO_PID, 101, W_EXITED, 0), CORE_OK);
	assert_int_equal(get_fx(FX_ANSWER, 0)->status, 3);
	assert_int_equal(waits(g, WHO_PID, 101, W_EXITED, 0), CORE_NO_CHILD);
	assert_int_equal(waits(top, WHO_ALL, 0, W_EXITED, 0), CORE_NO_CHILD);
}

static void waiting_guardian_hears_of_a_parent_that_leaves_no_zombie(void **state)
{
	(void)state;
	dies(top, 0); /* now the parent is the manager's child */
	assert_int_equal(waits(g, WHO_PID, 101, W_EXITED, 0), CORE_BLOCKED);
	dies(p, 3);
	assert_int_equal(count_fx(FX_ANSWER), 1);
	assert_int_equal(get_fx(FX_ANSWER, 0)->status, 3);
	assert_int_equal(count_fx(FX_REAP), 1);
	assert_null(core_find(&t.c, 101));
}

static void guardians_wait_ends_when_another_collects(void **state)
{
	(void)state;
	assert_int_equal(waits(p, WHO_PID, a->pid, W_EXITED, 0), CORE_BLOCKED);
	assert_int_equal(waits(g, WHO_PID, a->pid, W_EXITED, 0), CORE_BLOCKED);
	dies(a, 6);
	assert_int_equal(get_fx(FX_ANSWER, 0)->proc, p->self);
	assert_int_equal(get_fx(FX_ANSWER, 1)->proc, g->self);
	assert_int_equal(get_fx(FX_ANSWER, 1)->error, ECHILD);
}

static void guardian_that_dies_or_becomes_a_daemon_is_none(void **state)
{
	for (int daemon = 0; daemon < 2; daemon++) {
		start_family(state);
		if (daemon)
			core_daemon(&t.c, g, 0);
		else
			dies(g, 0);
		act();
		dies(p, 0);
		assert_int_equal(core_ppid(&t.c, a), 1);
	}
}

static void who_is_no_guardian_any_more_waits_no_longer(void **state)
{
	/* 0: another is named, 1: nobody is, 2: it becomes a daemon. */
	for (int how = 0; how < 3; how++) {
		pid_t former = 0;

		start_family(state);
		assert_int_equal(waits(g, WHO_PID, a->pid, W_EXITED, 0), CORE_BLOCKED);
		if (how == 2)
			assert_int_equal(core_daemon(&t.c, g, 0), CORE_OK);
		else
			core_guardian(&t.c, p, how ? 0 : b->pid, &former);
		act();
		assert_int_equal(former, how == 2 ? 0 : g->pid);
		assert_int_equal(count_fx(FX_ANSWER), 1);
		assert_int_equal(get_fx(FX_ANSWER, 0)->error, ECHILD);
	}
}

static void new_guardian_hears_what_it_waits_for_already(void **state)
{
	pid_t former;

	(void)state;
	assert_int_equal(core_trace(&t.c, b, a), CORE_OK);
	core_stop(&t.c, a, 19);
	act();
	/* As its tracer: that hears of signals and of the end. */
	assert_int_equal(waits(b, WHO_PID, a->pid, W_STOPPED, 0), CORE_BLOCKED);
	assert_int_equal(core_guardian(&t.c, p, b->pid, &former), CORE_OK);
	act();
	assert_int_equal(get_fx(FX_ANSWER, 0)->proc, b->self);
	assert_int_equal(get_fx(FX_ANSWER, 0)->code, CHILD_STOPPED);
}

static void only_a_living_child_can_be_named(void **state)
{
	pid_t former = -1;

	(void)state;
	dies(b, 0);
	assert_int_equal(core_guardian(&t.c, p, 104, &former), CORE_NO_PROCESS);
	assert_int_equal(core_guardian(&t.c, p, top->pid, &former), CORE_NO_PROCESS);
	assert_int_equal(core_guardian(&t.c, p, p->pid, &former), CORE_NO_PROCESS);
	assert_int_equal(core_guardian(&t.c, p, 4711, &former), CORE_NO_PROCESS);
	assert_int_equal(former, -1);
	assert_int_equal(core_guardian(&t.c, p, a->pid, &former), CORE_OK);
	assert_int_equal(former, g->pid);
	dies(p, 0);
	assert_int_equal(core_ppid(&t.c, g), a->pid);
}

static void without_a_guardian_zombies_disappear(void **state)
{
	pid_t former;

	(void)state;
	core_guardian(&t.c, p, 0, &former);
	dies(a, 0);
	dies(p, 0);
	assert_int_equal(count_fx(FX_REAP), 1);
	assert_int_equal(get_fx(FX_REAP, 0)->pid, 103);
}

static void ghost_of_a_sibling_is_the_guardians_to_wait_for(void **state)
{
	(void)state;
	core_daemon(&t.c, a, 5);
	act();
	assert_int_equal(waits(g, WHO_PID, a->pid, W_EXITED, 0), CORE_OK);
	assert_int_equal(get_fx(FX_ANSWER, 0)->status, 5);
	core_daemon(&t.c, b, 5);
	act();
	dies(p, 0);
	assert_int_equal(waits(g, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
	assert_int_equal(get_fx(FX_ANSWER, 0)->pid, b->pid);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(guardian_inherits_the_other_children, start_family),
		cmocka_unit_test_setup(guardian_is_told_of_inherited_zombies, start_family),
		cmocka_unit_test_setup(inherited_zombie_ends_the_guardians_wait, start_family),
		cmocka_unit_test_setup(inherited_stop_ends_the_guardians_wait, start_family),
		cmocka_unit_test(guardian_that_keeps_no_zombies_inherits_none),
		cmocka_unit_test_setup(guardian_waits_by_pid_for_parent_and_siblings, start_family),
		cmocka_unit_test_setup(guardian_waits_for_its_parent_as_long_as_it_is_a_zombie,
				       start_family),
		cmocka_unit_test_setup(waiting_guardian_hears_of_a_parent_that_leaves_no_zombie,
				       start_family),
		cmocka_unit_test_setup(guardians_wait_ends_when_another_collects, start_family),
		cmocka_unit_test(guardian_that_dies_or_becomes_a_daemon_is_none),
		cmocka_unit_test(who_is_no_guardian_any_more_waits_no_longer),
		cmocka_unit_test_setup(new_guardian_hears_what_it_waits_for_already, start_family),
		cmocka_unit_test_setup(only_a_living_child_can_be_named, start_family),
		cmocka_unit_test_setup(without_a_guardian_zombies_disappear, start_family),
		cmocka_unit_test_setup(ghost_of_a_sibling_is_the_guardians_to_wait_for,
				       start_family),
	};

	return cmocka_run_group_tests_name("guardian", tests, NULL, NULL);
}
