// SPDX-License-Identifier: Apache-2.0
/* A process comes to be; the table is full. */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/fixture.h"

/* All but root's last entries are taken. */
static void fill(void)
{
	start_with(4, 2, 0);
	assert_non_null(born(NULL, 0));
	assert_non_null(born(NULL, 0));
}

static void full_table_is_refused_before_anything_is_done(void **state)
{
	struct core_birth b;
	struct pt_head before;
	uint32_t index = 77, have = 77;

	(void)state;
	fill();
	assert_int_equal(core_may_birth(&t.c, false), CORE_FULL);
	act();
	before = *t.c.head;
	b = birth_of(NULL, 0);
	assert_int_equal(core_birth(&t.c, &b, false, &index), CORE_FULL);
	assert_int_equal(core_reserve(&t.c, core_get(&t.c, 1), 4, &have), CORE_FULL);
	assert_memory_equal(&before, t.c.head, sizeof(before));
	assert_int_equal(index, 77);
	assert_int_equal(have, 77);
	assert_null(core_find(&t.c, b.pid));
}

static void full_table_is_said_once_until_there_was_room(void **state)
{
	(void)state;
	fill();
	assert_int_equal(core_may_birth(&t.c, false), CORE_FULL);
	act();
	assert_int_equal(count_fx(FX_FULL), 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(core_may_birth(&t.c, false), CORE_FULL);
		act();
		assert_int_equal(count_fx(FX_FULL), 0);
	}
	dies(core_get(&t.c, 1), 0);
	assert_int_equal(core_may_birth(&t.c, false), CORE_OK);
	assert_non_null(born(NULL, 0));
	assert_int_equal(core_may_birth(&t.c, false), CORE_FULL);
	act();
	assert_int_equal(count_fx(FX_FULL), 1);
}

static void full_table_has_room_when_a_parent_dies_that_had_reserved(void **state)
{
	struct pt_proc *p;
	uint32_t have;

	(void)state;
	start_with(4, 0, 0);
	p = born(born(NULL, 0), 0);
	assert_int_equal(core_reserve(&t.c, p, 2, &have), CORE_OK);
	assert_int_equal(core_may_birth(&t.c, false), CORE_FULL);
	act();
	assert_int_equal(t.c.head->full_said, 1);
	dies(p, 0); /* a zombie; what it had reserved is free */
	assert_int_equal(t.c.head->full_said, 0);
	assert_int_equal(core_may_birth(&t.c, false), CORE_OK);
}

static void last_two_entries_are_roots(void **state)
{
	struct core_birth b;
	uint32_t index;

	(void)state;
	fill();
	b = birth_of(NULL, 0);
	b.euid = 0;
	for (int i = 0; i < 2; i++, b.pid++)
		assert_int_equal(core_birth(&t.c, &b, false, &index), CORE_OK);
	assert_int_equal(core_birth(&t.c, &b, false, &index), CORE_FULL);
	assert_int_equal(core_may_birth(&t.c, true), CORE_FULL);
	act();
	assert_int_equal(count_fx(FX_FULL), 1);
}

static void reserved_entry_is_nobody_elses(void **state)
{
	struct pt_proc *p, *other;
	struct core_birth b;
	uint32_t have, index;

	(void)state;
	start_with(4, 0, 0);
	p = born(NULL, 0);
	other = born(NULL, 0);
	assert_int_equal(core_reserve(&t.c, p, 9, &have), CORE_OK);
	assert_int_equal(have, 2);
	assert_int_equal(core_reserve(&t.c, other, 1, &have), CORE_FULL);
	act();
	assert_null(born(other, 0));
	b = birth_of(p, 0);
	assert_int_equal(core_birth(&t.c, &b, true, &index), CORE_OK);
	assert_int_equal(p->reserved, 1);
	core_unreserve(&t.c, p, 1);
	assert_int_equal(core_reserve(&t.c, other, 1, &have), CORE_OK);
	assert_int_equal(t.c.head->n_reserved, 1);
}

static void reserving_what_one_has_changes_nothing(void **state)
{
	struct pt_proc *p = born(NULL, 0);
	uint32_t have = 0, transition;

	(void)state;
	assert_int_equal(core_reserve(&t.c, p, 3, &have), CORE_OK);
	transition = t.c.head->transition;
	assert_int_equal(core_reserve(&t.c, p, 2, &have), CORE_OK);
	assert_int_equal(have, 3);
	assert_int_equal(t.c.head->transition, transition);
}

static void parent_that_dies_in_the_middle_of_its_spawn_leaves_no_reserve(void **state)
{
	struct pt_proc *p = born(NULL, 0);
	struct core_birth b = birth_of(NULL, 0);
	uint32_t have, index;

	(void)state;
	assert_int_equal(core_reserve(&t.c, p, 3, &have), CORE_OK);
	dies(p, 0);
	assert_int_equal(t.c.head->n_reserved, 0);
	assert_int_equal(t.c.head->n_used, 0);
	/* The child that was made meanwhile is the manager's. */
	assert_int_equal(core_birth(&t.c, &b, false, &index), CORE_OK);
	assert_int_equal(core_ppid(&t.c, core_get(&t.c, index)), 1);
}

/* Four entries: a parent, and three that only owe it a SIGCHLD. */
static struct pt_proc *fill_with_untold(void)
{
	struct pt_proc *p;

	start_with(4, 0, 0);
	p = born(NULL, 0);
	for (int i = 0; i < 3; i++) {
		dies(born(p, 0), 0);
		assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
	}
	assert_int_equal(t.c.head->n_used, 4);
	return p;
}

static void entries_that_only_owe_a_sigchld_are_given_to_births(void **state)
{
	struct pt_proc *p = fill_with_untold();
	uint32_t have;

	(void)state;
	assert_int_equal(core_may_birth(&t.c, false), CORE_OK);
	act();
	assert_int_equal(count_fx(FX_FULL), 0);
	assert_int_equal(t.c.head->n_used, 1);
	assert_false(core_has_untold(p));

	p = fill_with_untold();
	assert_int_equal(core_reserve(&t.c, p, 2, &have), CORE_OK);
	act();
	assert_int_equal(have, 2);
	assert_int_equal(count_fx(FX_FULL), 0);
}

static void zombies_are_not_reclaimed(void **state)
{
	struct pt_proc *p;
	int32_t told[3];

	(void)state;
	start_with(3, 0, 0);
	p = born(NULL, 0);
	dies(born(p, 0), 0);
	dies(born(p, 0), 0);
	assert_int_equal(core_may_birth(&t.c, false), CORE_FULL);
	act();
	assert_int_equal(count_fx(FX_FULL), 1);
	assert_int_equal(core_reclaim(&t.c), 0);
	assert_int_equal(tell_all(p, told), 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
}

static void pid_is_one_process(void **state)
{
	struct core_birth b = birth_of(NULL, 0);
	uint32_t index;

	(void)state;
	assert_int_equal(core_birth(&t.c, &b, false, &index), CORE_OK);
	assert_int_equal(core_birth(&t.c, &b, false, &index), CORE_BUSY);
	assert_int_equal(t.c.head->n_used, 1);
}

static void child_begins_anew(void **state)
{
	struct pt_proc *tracer = born(NULL, 0), *p = born(NULL, 0), *child, *g;
	struct core_death d = {.code = CHILD_EXITED, .use = {.utime = 5, .stime = 6}};
	struct event e = {.notify = 0};
	int32_t id;
	pid_t former;

	(void)state;
	g = born(p, 0);
	core_exit(&t.c, g, &d);
	act();
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
	g = born(p, 0);
	core_guardian(&t.c, p, g->pid, &former);
	core_trace(&t.c, tracer, p);
	core_subscribe(&t.c, p, ON_PROCESS_DEATH, &e, true, &id);
	core_pdeathsig(&t.c, p, 15);
	core_sigchld(&t.c, p, SIGCHLD_MODE_NOCLDWAIT);
	assert_int_equal(p->cutime, 5);
	assert_int_equal(p->cstime, 6);

	child = born(p, 0);
	assert_int_equal(child->cutime + child->cstime + child->use.utime, 0);
	assert_int_equal(child->tracer, 0);
	assert_int_equal(child->guardian, 0);
	assert_int_equal(child->pdeathsig, 0);
	assert_int_equal(child->sigchld, SIGCHLD_MODE_DEFAULT);
	assert_int_equal(core_unsubscribe(&t.c, child, id), CORE_INVALID);
	assert_int_equal(core_ppid(&t.c, child), p->pid);
}

static void child_of_a_daemon_is_in_session_1_as_long_as_the_kernel_agrees(void **state)
{
	struct pt_proc *p = born(NULL, 0), *child;
	struct core_birth b;
	uint32_t index;

	(void)state;
	assert_int_equal(core_daemon(&t.c, p, 0), CORE_OK);
	act();
	child = born(p, 0);
	assert_int_equal(child->sid, 1);
	assert_false(child->flags & FLAG_DAEMON);
	b = birth_of(p, 0);
	b.sid = b.pid; /* with SETSID */
	assert_int_equal(core_birth(&t.c, &b, false, &index), CORE_OK);
	assert_int_equal(core_get(&t.c, index)->sid, b.pid);
	core_set_group(&t.c, child, child->pid, child->pid);
	assert_int_equal(child->sid, child->pid);
}

static void exec_drops_waits_and_requests(void **state)
{
	struct pt_proc *p = born(NULL, 0), *child = born(p, 0), *traced = born(NULL, 0);
	struct event e = {.notify = 0};
	int32_t id;

	(void)state;
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 1), CORE_BLOCKED);
	assert_int_equal(waits(p, WHO_PID, child->pid, W_EXITED, 2), CORE_BLOCKED);
	core_subscribe(&t.c, p, ON_PROCESS_DEATH, &e, false, &id);
	core_trace(&t.c, p, traced);
	assert_int_equal(core_trace_kill(&t.c, p, traced, 3, 4), CORE_BLOCKED);
	act();
	core_exec(&t.c, p, 1000, 1000);
	assert_false(core_is_waiting(&t.c, p, 1, 1001));
	assert_false(core_is_waiting(&t.c, p, 2, 1002));
	assert_int_equal(core_unsubscribe(&t.c, p, id), CORE_INVALID);
	/* Nobody is answered who is no more; the child can be collected. */
	dies(traced, 0);
	assert_int_equal(count_fx(FX_ANSWER), 0);
	dies(child, 3);
	assert_int_equal(count_fx(FX_ANSWER) + count_fx(FX_EVENT), 0);
	assert_int_equal(waits(p, WHO_PID, child->pid, W_EXITED, 1), CORE_OK);
	assert_int_equal(get_fx(FX_ANSWER, 0)->status, 3);
}

static void setid_process_is_never_dumped(void **state)
{
	static const struct {
		uint32_t euid, egid;
		bool may;
	} rows[] = {
		{1000, 1000, true},
		{0, 1000, false},
		{1000, 0, false},
		{0, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pt_proc *p = born(NULL, 0);

		core_exec(&t.c, p, rows[i].euid, rows[i].egid);
		assert_int_equal(core_may_dump(p), rows[i].may);
	}
	assert_false(core_may_dump(born(NULL, FLAG_SETID)));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct core_ids ids = {1000, rows[i].euid, 1000, rows[i].egid};
		struct pt_proc *p = born(NULL, 0);

		core_set_ids(&t.c, p, &ids);
		assert_int_equal(core_may_dump(p), rows[i].may);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_table_is_refused_before_anything_is_done),
		cmocka_unit_test(full_table_is_said_once_until_there_was_room),
		cmocka_unit_test(full_table_has_room_when_a_parent_dies_that_had_reserved),
		cmocka_unit_test(last_two_entries_are_roots),
		cmocka_unit_test(reserved_entry_is_nobody_elses),
		cmocka_unit_test(entries_that_only_owe_a_sigchld_are_given_to_births),
		cmocka_unit_test(zombies_are_not_reclaimed),
		cmocka_unit_test_setup(reserving_what_one_has_changes_nothing, start),
		cmocka_unit_test_setup(
			parent_that_dies_in_the_middle_of_its_spawn_leaves_no_reserve, start),
		cmocka_unit_test_setup(pid_is_one_process, start),
		cmocka_unit_test_setup(child_begins_anew, start),
		cmocka_unit_test_setup(
			child_of_a_daemon_is_in_session_1_as_long_as_the_kernel_agrees, start),
		cmocka_unit_test_setup(exec_drops_waits_and_requests, start),
		cmocka_unit_test_setup(setid_process_is_never_dumped, start),
	};

	return cmocka_run_group_tests_name("birth", tests, NULL, NULL);
}
