// SPDX-License-Identifier: Apache-2.0
/* Who traces hears first. */
#include "core/core.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/fixture.h"

/* A parent, its child, and a third that traces the child. */
static struct pt_proc *p, *child, *tracer;
static pid_t pid;

static int start_traced(void **state)
{
	start(state);
	p = born(NULL, 0);
	child = born(p, 0);
	tracer = born(NULL, 0);
	pid = child->pid;
	return core_trace(&t.c, tracer, child) == CORE_OK ? 0 : -1;
}

static void tracer_hears_first_then_the_parent(void **state)
{
	(void)state;
	dies(child, 4);
	assert_int_equal(t.n_fx, 0);
	assert_false(core_has_untold(p));
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED | W_NOHANG, 0), CORE_NOT_YET);
	assert_int_equal(waits(p, WHO_PID, pid, W_EXITED, 0), CORE_BLOCKED);

	assert_int_equal(waits(tracer, WHO_PID, pid, W_EXITED, 1), CORE_OK);
	assert_int_equal(count_fx(FX_ANSWER), 2);
	assert_int_equal(get_fx(FX_ANSWER, 0)->proc, tracer->self);
	assert_int_equal(get_fx(FX_ANSWER, 0)->status, 4);
	assert_int_equal(get_fx(FX_ANSWER, 1)->proc, p->self);
	assert_int_equal(get_fx(FX_ANSWER, 1)->status, 4);
	assert_int_equal(count_fx(FX_REAP), 1);
	assert_true(core_has_untold(p));
	assert_false(core_has_untold(tracer));
	assert_int_equal(waits(tracer, WHO_ALL, 0, W_EXITED, 1), CORE_NO_CHILD);
}

static void waiting_tracer_and_parent_hear_at_once_in_that_order(void **state)
{
	(void)state;
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_BLOCKED);
	assert_int_equal(waits(tracer, WHO_ALL, 0, W_EXITED, 0), CORE_BLOCKED);
	dies(child, 4);
	assert_int_equal(get_fx(FX_ANSWER, 0)->proc, tracer->self);
	assert_int_equal(get_fx(FX_ANSWER, 1)->proc, p->self);
}

static void nowait_of_the_tracer_does_not_hide_it_from_its_next(void **state)
{
	(void)state;
	assert_int_equal(waits(tracer, WHO_ALL, 0, W_EXITED | W_NOWAIT, 0), CORE_BLOCKED);
	assert_int_equal(waits(tracer, WHO_ALL, 0, W_EXITED, 1), CORE_BLOCKED);
	dies(child, 4);
	assert_int_equal(count_fx(FX_ANSWER), 2);
	assert_int_equal(get_fx(FX_ANSWER, 0)->cell, 0);
	assert_int_equal(get_fx(FX_ANSWER, 1)->cell, 1);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
}

static void parent_that_traces_is_told_once_as_parent(void **state)
{
	struct pt_proc *own = born(p, 0);
	int32_t told[2];

	(void)state;
	assert_int_equal(core_trace(&t.c, p, own), CORE_OK);
	dies(own, 4);
	assert_int_equal(waits(p, WHO_PID, 103, W_EXITED, 0), CORE_OK);
	assert_int_equal(waits(p, WHO_PID, 103, W_EXITED, 0), CORE_NO_CHILD);
	assert_int_equal(tell_all(p, told), 1);
}

static void nowaito_tracee_is_told_to_the_tracer_only(void **state)
{
	struct pt_proc *quiet = born(p, FLAG_NOZOMBIE);

	(void)state;
	core_trace(&t.c, tracer, quiet);
	dies(quiet, 0);
	assert_int_equal(count_fx(FX_REAP), 0);
	assert_int_equal(waits(tracer, WHO_PID, 103, W_EXITED, 0), CORE_OK);
	assert_int_equal(count_fx(FX_REAP), 1);
	assert_false(core_has_untold(p));
}

static void one_stop_for_each_traced_signal_lowest_first(void **state)
{
	static const int sent[] = {64, 5, 11, 5, 1}, told[] = {1, 5, 11, 64};

	(void)state;
	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++)
		assert_int_equal(core_trace_signal(&t.c, child, sent[i]), CORE_OK);
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		assert_int_equal(waits(tracer, WHO_ALL, 0, W_EXITED | W_NOWAIT, 0), CORE_OK);
		assert_int_equal(waits(tracer, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
		assert_int_equal(get_fx(FX_ANSWER, 0)->pid, pid);
		assert_int_equal(get_fx(FX_ANSWER, 0)->code, CHILD_TRAPPED);
		assert_int_equal(get_fx(FX_ANSWER, 0)->status, told[i]);
	}
	assert_int_equal(waits(tracer, WHO_ALL, 0, W_EXITED | W_NOHANG, 0), CORE_NOT_YET);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED | W_STOPPED | W_NOHANG, 0), CORE_NOT_YET);
}

static void traced_signal_ends_one_wait(void **state)
{
	(void)state;
	assert_int_equal(waits(tracer, WHO_ALL, 0, W_EXITED, 0), CORE_BLOCKED);
	assert_int_equal(waits(tracer, WHO_ALL, 0, W_EXITED, 1), CORE_BLOCKED);
	core_trace_signal(&t.c, child, 5);
	act();
	assert_int_equal(count_fx(FX_ANSWER), 1);
	assert_int_equal(child->traced_sigs, 0);
	assert_int_equal(core_trace_signal(&t.c, child, 0), CORE_INVALID);
	assert_int_equal(core_trace_signal(&t.c, child, 65), CORE_INVALID);
	assert_int_equal(core_trace_signal(&t.c, p, 5), CORE_NO_PROCESS);
}

static void tracers_kill_returns_when_the_victim_is_gone(void **state)
{
	struct core_death d = {.code = CHILD_KILLED, .status = 9};

	(void)state;
	assert_int_equal(core_trace_kill(&t.c, tracer, child, 3, 33), CORE_BLOCKED);
	act();
	assert_int_equal(count_fx(FX_ANSWER), 0);
	assert_int_equal(get_fx(FX_SIGNAL, 0)->pid, pid);
	assert_int_equal(get_fx(FX_SIGNAL, 0)->status, 9);
	assert_int_equal(core_trace_kill(&t.c, tracer, child, 4, 34), CORE_BUSY);
	assert_int_equal(core_trace_kill(&t.c, p, child, 4, 34), CORE_NO_PROCESS);
	core_exit(&t.c, child, &d);
	act();
	assert_int_equal(count_fx(FX_ANSWER), 1);
	assert_int_equal(get_fx(FX_ANSWER, 0)->proc, tracer->self);
	assert_int_equal(get_fx(FX_ANSWER, 0)->cell, 3);
	assert_int_equal(get_fx(FX_ANSWER, 0)->seq, 33);
	assert_int_equal(get_fx(FX_ANSWER, 0)->error, 0);
}

static void tracers_death_kills_its_tracee(void **state)
{
	(void)state;
	core_trace_kill(&t.c, tracer, child, 0, 0);
	act();
	dies(tracer, 0);
	assert_int_equal(count_fx(FX_SIGNAL), 1);
	assert_int_equal(get_fx(FX_SIGNAL, 0)->pid, pid);
	assert_int_equal(get_fx(FX_SIGNAL, 0)->status, 9);
	dies(child, 9);
	assert_int_equal(count_fx(FX_ANSWER), 0);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
}

static void tracers_death_while_it_was_being_told_tells_the_parent(void **state)
{
	(void)state;
	dies(child, 4);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_BLOCKED);
	dies(tracer, 0);
	assert_int_equal(count_fx(FX_SIGNAL), 0);
	assert_int_equal(get_fx(FX_ANSWER, 0)->proc, p->self);
	assert_int_equal(get_fx(FX_ANSWER, 0)->status, 4);
}

static void detaching_tells_the_parent(void **state)
{
	(void)state;
	assert_int_equal(core_trace_kill(&t.c, tracer, child, 2, 3), CORE_BLOCKED);
	act();
	assert_int_equal(waits(tracer, WHO_ALL, 0, W_EXITED, 5), CORE_BLOCKED);
	assert_int_equal(core_untrace(&t.c, p, child), CORE_NO_PROCESS);
	assert_int_equal(core_untrace(&t.c, tracer, child), CORE_OK);
	act();
	/* The kill's call ends, and so does the wait: there is nobody to wait for. */
	assert_int_equal(count_fx(FX_ANSWER), 2);
	assert_int_equal(get_fx(FX_ANSWER, 0)->cell, 2);
	assert_int_equal(get_fx(FX_ANSWER, 1)->error, ECHILD);
	core_trace(&t.c, tracer, child);
	dies(child, 4);
	core_untrace(&t.c, tracer, child);
	act();
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
}

static void stop_that_is_not_told_yet_is_no_way_past_the_tracer(void **state)
{
	(void)state;
	core_stop(&t.c, child, 19);
	act();
	assert_true(core_has_untold(p));
	dies(child, 4);
	assert_false(core_has_untold(p));
	assert_int_equal(waits(tracer, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
	assert_true(core_has_untold(p));
}

static void tracer_that_becomes_the_parent_hears_once(void **state)
{
	struct pt_proc *heir = born(p, 0);
	pid_t former;

	(void)state;
	core_untrace(&t.c, tracer, child);
	core_guardian(&t.c, p, heir->pid, &former);
	core_trace(&t.c, heir, child);
	dies(child, 4);
	dies(p, 0);
	assert_int_equal(waits(heir, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
	assert_int_equal(get_fx(FX_ANSWER, 0)->status, 4);
	assert_int_equal(waits(heir, WHO_ALL, 0, W_EXITED, 0), CORE_NO_CHILD);
}

static void tracing_is_for_one_and_not_of_oneself(void **state)
{
	(void)state;
	assert_int_equal(core_trace(&t.c, p, child), CORE_BUSY);
	assert_int_equal(core_trace(&t.c, p, p), CORE_INVALID);
	dies(child, 4);
	assert_int_equal(core_trace_kill(&t.c, tracer, child, 0, 0), CORE_NO_PROCESS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(tracer_hears_first_then_the_parent, start_traced),
		cmocka_unit_test_setup(waiting_tracer_and_parent_hear_at_once_in_that_order,
				       start_traced),
		cmocka_unit_test_setup(nowait_of_the_tracer_does_not_hide_it_from_its_next,
				       start_traced),
		cmocka_unit_test_setup(parent_that_traces_is_told_once_as_parent, start_traced),
		cmocka_unit_test_setup(nowaito_tracee_is_told_to_the_tracer_only, start_traced),
		cmocka_unit_test_setup(one_stop_for_each_traced_signal_lowest_first, start_traced),
		cmocka_unit_test_setup(traced_signal_ends_one_wait, start_traced),
		cmocka_unit_test_setup(tracers_kill_returns_when_the_victim_is_gone, start_traced),
		cmocka_unit_test_setup(tracers_death_kills_its_tracee, start_traced),
		cmocka_unit_test_setup(tracers_death_while_it_was_being_told_tells_the_parent,
				       start_traced),
		cmocka_unit_test_setup(detaching_tells_the_parent, start_traced),
		cmocka_unit_test_setup(stop_that_is_not_told_yet_is_no_way_past_the_tracer,
				       start_traced),
		cmocka_unit_test_setup(tracer_that_becomes_the_parent_hears_once, start_traced),
		cmocka_unit_test_setup(tracing_is_for_one_and_not_of_oneself, start_traced),
	};

	return cmocka_run_group_tests_name("tracer", tests, NULL, NULL);
}
