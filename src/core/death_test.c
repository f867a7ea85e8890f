// SPDX-License-Identifier: Apache-2.0
/* A process ends: who is left with what, and who is told. */
#include "core/core.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/fixture.h"

/* --- zombies --- */

/* What a death leaves, for each way in which a parent may take it. */
static void death_leaves_what_the_parent_asked_for(void **state)
{
	static const struct {
		uint32_t mode, flags;
		bool zombie, told;
	} rows[] = {
		{SIGCHLD_MODE_DEFAULT, 0, true, true},
		{SIGCHLD_MODE_CAUGHT, 0, true, true},
		{SIGCHLD_MODE_CAUGHT | SIGCHLD_MODE_NOCLDSTOP, 0, true, true},
		{SIGCHLD_MODE_IGNORE, 0, false, false},
		{SIGCHLD_MODE_IGNORE | SIGCHLD_MODE_NOCLDSTOP, 0, false, false},
		{SIGCHLD_MODE_NOCLDWAIT, 0, false, true},
		{SIGCHLD_MODE_DEFAULT, FLAG_NOZOMBIE, false, false},
		{SIGCHLD_MODE_CAUGHT, FLAG_NOZOMBIE, false, false},
		{SIGCHLD_MODE_NOCLDWAIT, FLAG_NOZOMBIE, false, false},
		{SIGCHLD_MODE_DEFAULT, FLAG_NATIVE, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pt_proc *p, *child;
		int32_t pid, told[4];

		start_with(8, 0, 0);
		p = born(NULL, 0);
		core_sigchld(&t.c, p, rows[i].mode);
		child = born(p, rows[i].flags);
		pid = child->pid;
		dies(child, 7);
		assert_int_equal(count_fx(FX_REAP),
				 !rows[i].zombie && !(rows[i].flags & FLAG_NATIVE));
		assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED | W_NOHANG, 0),
				 rows[i].zombie ? CORE_OK : CORE_NO_CHILD);
		assert_int_equal(count_fx(FX_REAP), rows[i].zombie);
		assert_int_equal(tell_all(p, told), rows[i].told);
		if (rows[i].told)
			assert_int_equal(told[0], pid);
		assert_int_equal(t.c.head->n_used, 1);
	}
}

static void zombie_stays_until_it_is_collected(void **state)
{
	struct pt_proc *p = born(NULL, 0), *child = born(p, 0);
	pid_t pid = child->pid;

	(void)state;
	dies(child, 42);
	assert_int_equal(count_fx(FX_REAP), 0);
	assert_ptr_equal(core_find(&t.c, pid), child);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED | W_NOWAIT, i), CORE_OK);
		assert_int_equal(get_fx(FX_ANSWER, 0)->status, 42);
		assert_int_equal(count_fx(FX_REAP), 0);
	}
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
	assert_int_equal(get_fx(FX_REAP, 0)->pid, pid);
	assert_null(core_find(&t.c, pid));
}

static void childs_times_count_only_once_it_is_collected(void **state)
{
	struct pt_proc *p = born(NULL, 0), *child = born(p, 0), *grandchild = born(child, 0);
	struct core_death d = {.code = CHILD_EXITED, .use = {.utime = 10, .stime = 1}};

	(void)state;
	core_exit(&t.c, grandchild, &d);
	act();
	assert_int_equal(child->cutime, 0);
	assert_int_equal(waits(child, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
	assert_int_equal(child->cutime, 10);
	assert_int_equal(child->cstime, 1);

	d.use.utime = 200;
	d.use.stime = 300;
	core_exit(&t.c, child, &d);
	act();
	assert_int_equal(p->cutime, 0);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED | W_NOWAIT, 0), CORE_OK);
	assert_int_equal(p->cutime, 0);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
	assert_int_equal(get_fx(FX_ANSWER, 0)->use.utime, 210);
	assert_int_equal(get_fx(FX_ANSWER, 0)->use.stime, 301);
	assert_int_equal(p->cutime, 210);
	assert_int_equal(p->cstime, 301);
}

static void childs_times_never_count_if_it_is_not_collected(void **state)
{
	struct core_death d = {.code = CHILD_EXITED, .use = {.utime = 10, .stime = 1}};
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	core_exit(&t.c, born(p, FLAG_NOZOMBIE), &d);
	act();
	core_sigchld(&t.c, p, SIGCHLD_MODE_IGNORE);
	core_exit(&t.c, born(p, 0), &d);
	act();
	core_sigchld(&t.c, p, SIGCHLD_MODE_NOCLDWAIT);
	core_exit(&t.c, born(p, 0), &d);
	act();
	assert_int_equal(p->cutime + p->cstime, 0);
}

/* --- P_NOWAITO --- */

static void nowaito_child_wakes_no_waiting_parent(void **state)
{
	struct pt_proc *p = born(NULL, 0), *quiet = born(p, FLAG_NOZOMBIE), *child = born(p, 0);

	(void)state;
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_BLOCKED);
	dies(quiet, 0);
	assert_int_equal(count_fx(FX_ANSWER) + count_fx(FX_NEWS) + count_fx(FX_TELL), 0);
	assert_int_equal(count_fx(FX_REAP), 1);
	assert_true(core_is_waiting(&t.c, p, 0, 1000));
	dies(child, 0);
	assert_int_equal(count_fx(FX_ANSWER), 1);
}

static void nowaito_child_is_no_child_for_a_wait(void **state)
{
	struct pt_proc *p = born(NULL, 0), *quiet = born(p, FLAG_NOZOMBIE);

	(void)state;
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_NO_CHILD);
	assert_int_equal(waits(p, WHO_PID, quiet->pid, W_EXITED | W_NOHANG, 0), CORE_NO_CHILD);
	core_stop(&t.c, quiet, 19);
	act();
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED | W_STOPPED, 0), CORE_NO_CHILD);
}

/* --- orphans --- */

static void zombies_of_a_dead_parent_disappear(void **state)
{
	struct pt_proc *top = born(NULL, 0), *p = born(top, 0), *child = born(p, 0);
	pid_t pid = child->pid;

	(void)state;
	dies(child, 0);
	dies(p, 0);
	assert_int_equal(count_fx(FX_REAP), 1);
	assert_int_equal(get_fx(FX_REAP, 0)->pid, pid);
	assert_int_equal(t.c.head->n_used, 2);
}

static void living_children_of_a_dead_parent_are_the_managers(void **state)
{
	struct pt_proc *p = born(born(NULL, 0), 0), *child = born(p, 0);
	pid_t pid = child->pid;

	(void)state;
	dies(p, 0);
	assert_int_equal(core_ppid(&t.c, child), 1);
	assert_int_equal(count_fx(FX_PARENT), 1);
	assert_int_equal(get_fx(FX_PARENT, 0)->proc, child->self);
	assert_int_equal(get_fx(FX_PARENT, 0)->pid, 1);
	dies(child, 0);
	assert_int_equal(get_fx(FX_REAP, 0)->pid, pid);
}

static void untold_of_a_dead_parent_are_forgotten(void **state)
{
	struct pt_proc *p = born(NULL, 0), *a = born(p, 0), *b = born(p, 0);

	(void)state;
	core_sigchld(&t.c, p, SIGCHLD_MODE_NOCLDWAIT);
	dies(a, 0);
	core_sigchld(&t.c, p, SIGCHLD_MODE_CAUGHT);
	dies(b, 0);
	assert_int_equal(t.c.head->n_used, 3);
	dies(p, 0);
	assert_int_equal(t.c.head->n_used, 0);
}

static void native_child_of_a_dead_parent_is_collected_for_it(void **state)
{
	struct pt_proc *p = born(NULL, 0), *child = born(p, FLAG_NATIVE);
	pid_t pid = child->pid;

	(void)state;
	dies(p, 0);
	dies(child, 0);
	assert_int_equal(count_fx(FX_REAP), 1);
	assert_int_equal(get_fx(FX_REAP, 0)->pid, pid);
}

static void end_of_the_front_ends_program_is_told(void **state)
{
	struct core_death d = {.code = CHILD_KILLED, .status = 9};
	struct pt_proc *p = born(NULL, FLAG_FRONT);

	(void)state;
	dies(born(p, 0), 0);
	assert_int_equal(count_fx(FX_ENDED), 0);
	core_exit(&t.c, p, &d);
	act();
	assert_int_equal(count_fx(FX_ENDED), 1);
	assert_int_equal(get_fx(FX_ENDED, 0)->code, CHILD_KILLED);
	assert_int_equal(get_fx(FX_ENDED, 0)->status, 9);
}

/* --- SIGCHLD --- */

static void sigchld_tells_one_exact_record_for_each_death(void **state)
{
	struct core_death d = {
		.code = CHILD_DUMPED,
		.status = 11,
		.use = {.utime = 3, .stime = 4},
	};
	struct pt_proc *p = born(NULL, 0), *child = born(p, 0);
	pid_t pid = child->pid;
	const struct pt_effect *e = t.fx;

	(void)state;
	core_exit(&t.c, child, &d);
	act();
	assert_true(core_has_untold(p));
	core_tell(&t.c, p);
	act();
	assert_int_equal(t.n_fx, 1);
	assert_int_equal(e->kind, FX_TELL);
	assert_int_equal(e->proc, p->self);
	assert_int_equal(e->page, p->page);
	assert_int_equal(e->serial, 0);
	assert_int_equal(e->pid, pid);
	assert_int_equal(e->code, CHILD_DUMPED);
	assert_int_equal(e->status, 11);
	assert_int_equal(e->uid, 1000);
	assert_int_equal(e->use.utime, 3);
	assert_int_equal(e->use.stime, 4);
	assert_false(core_has_untold(p));
	/* Told is not collected. */
	assert_int_equal(waits(p, WHO_PID, pid, W_EXITED, 0), CORE_OK);
}

static void sigchld_is_told_in_the_order_of_deaths_also_when_collected_first(void **state)
{
	struct pt_proc *p = born(NULL, 0);
	int32_t pids[3], told[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		pids[i] = t.next_pid;
		born(p, 0);
	}
	dies(core_find(&t.c, pids[1]), 0);
	dies(core_find(&t.c, pids[2]), 0);
	assert_int_equal(waits(p, WHO_PID, pids[2], W_EXITED, 0), CORE_OK);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_BLOCKED);
	dies(core_find(&t.c, pids[0]), 0);
	assert_int_equal(count_fx(FX_ANSWER), 1);
	assert_int_equal(tell_all(p, told), 3);
	assert_int_equal(told[0], pids[1]);
	assert_int_equal(told[1], pids[2]);
	assert_int_equal(told[2], pids[0]);
	assert_int_equal(t.c.head->n_used, 1);
}

static void death_is_told_before_a_wait_is_answered_where_there_is_room(void **state)
{
	struct pt_proc *p = born(NULL, 0), *child = born(p, 0);
	pid_t pid = child->pid;

	(void)state;
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_BLOCKED);
	t.c.tell_parent = p->self;
	t.c.tell_room = 1;
	dies(child, 3);
	assert_int_equal(count_fx(FX_TELL), 1);
	assert_int_equal(count_fx(FX_ANSWER), 1);
	assert_true(get_fx(FX_TELL, 0) < get_fx(FX_ANSWER, 0));
	assert_int_equal(get_fx(FX_TELL, 0)->pid, pid);
	assert_int_equal(get_fx(FX_TELL, 0)->status, 3);
	assert_false(core_has_untold(p));
	assert_int_equal(t.c.head->n_used, 1);
}

static void death_waits_for_its_turn_where_there_is_none(void **state)
{
	struct pt_proc *p = born(NULL, 0);
	int32_t told[4];

	(void)state;
	for (int i = 0; i < 3; i++)
		born(p, 0);
	dies(core_find(&t.c, 101), 0);
	t.c.tell_parent = p->self;
	t.c.tell_room = 5;
	dies(core_find(&t.c, 102), 0); /* behind one that waits */
	assert_int_equal(count_fx(FX_TELL), 0);
	assert_int_equal(tell_all(p, told), 2);
	assert_int_equal(told[0], 101);
	assert_int_equal(told[1], 102);
	t.c.tell_room = 0;
	dies(core_find(&t.c, 103), 0);
	assert_int_equal(count_fx(FX_TELL), 0);
	assert_int_equal(tell_all(p, told), 1);
}

static void stop_that_is_not_told_yet_does_not_advance_the_death(void **state)
{
	struct pt_proc *p = born(NULL, 0), *a = born(p, 0), *b = born(p, 0);
	int32_t pids[] = {a->pid, b->pid}, told[3];

	(void)state;
	core_stop(&t.c, a, 19);
	act();
	dies(b, 0);
	dies(a, 0);
	assert_int_equal(tell_all(p, told), 2);
	assert_int_equal(told[0], pids[1]);
	assert_int_equal(told[1], pids[0]);
}

static void stops_are_told_unless_nocldstop(void **state)
{
	struct pt_proc *p = born(NULL, 0), *child = born(p, 0);

	(void)state;
	core_sigchld(&t.c, p, SIGCHLD_MODE_CAUGHT);
	core_stop(&t.c, child, 20);
	act();
	core_tell(&t.c, p);
	act();
	assert_int_equal(t.fx[0].code, CHILD_STOPPED);
	assert_int_equal(t.fx[0].status, 20);
	core_continue(&t.c, child);
	act();
	core_tell(&t.c, p);
	act();
	assert_int_equal(t.fx[0].code, CHILD_CONTINUED);
	assert_int_equal(t.fx[0].serial, 1);
	core_sigchld(&t.c, p, SIGCHLD_MODE_CAUGHT | SIGCHLD_MODE_NOCLDSTOP);
	core_stop(&t.c, child, 20);
	act();
	assert_false(core_has_untold(p));
	dies(child, 0);
	assert_true(core_has_untold(p));
}

static void who_begins_to_ignore_is_told_nothing_more(void **state)
{
	struct pt_proc *p = born(NULL, 0), *a = born(p, 0), *b = born(p, 0);
	pid_t pid = a->pid;

	(void)state;
	dies(a, 0);
	dies(b, 0);
	assert_int_equal(waits(p, WHO_PID, pid, W_EXITED, 0), CORE_OK);
	core_sigchld(&t.c, p, SIGCHLD_MODE_IGNORE);
	act();
	assert_false(core_has_untold(p));
	/* The zombie from before stays collectable. */
	assert_int_equal(t.c.head->n_used, 2);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
	assert_int_equal(t.c.head->n_used, 1);
}

static void parent_without_a_page_is_told_nothing(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	core_set_page(&t.c, p, 0, 0);
	assert_false(p->flags & FLAG_LINKED);
	dies(born(p, 0), 0);
	assert_int_equal(count_fx(FX_NEWS), 0);
	assert_false(core_has_untold(p));
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
}

static void thousand_deaths_are_a_thousand_records(void **state)
{
	static int32_t told[1000];
	struct pt_proc *p;

	(void)state;
	start_with(201, 0, 0);
	p = born(NULL, 0);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 200; i++)
			assert_non_null(born(p, 0));
		for (int i = 0; i < 200; i++)
			dies(core_find(&t.c, 101 + 200 * round + i), 0);
		for (int i = 0; i < 200; i++)
			assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
		assert_int_equal(tell_all(p, told + 200 * round), 200);
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(told[i], 101 + i);
	assert_int_equal(t.c.head->n_used, 1);
}

/* --- procmgr_daemon() --- */

static void daemon_is_a_death_for_the_parent(void **state)
{
	struct pt_proc *p = born(NULL, 0), *d = born(p, 0);
	int32_t told[2];

	(void)state;
	assert_int_equal(core_daemon(&t.c, d, 0x105), CORE_OK);
	act();
	assert_int_equal(count_fx(FX_REAP), 0);
	assert_int_equal(core_ppid(&t.c, d), 1);
	assert_int_equal(d->sid, 1);
	assert_true(core_is_alive(d));
	assert_ptr_equal(core_find(&t.c, d->pid), d);
	assert_int_equal(waits(p, WHO_PID, d->pid, W_EXITED, 0), CORE_OK);
	assert_int_equal(get_fx(FX_ANSWER, 0)->pid, d->pid);
	assert_int_equal(get_fx(FX_ANSWER, 0)->code, CHILD_EXITED);
	assert_int_equal(get_fx(FX_ANSWER, 0)->status, 5);
	assert_int_equal(count_fx(FX_REAP), 0);
	assert_int_equal(tell_all(p, told), 1);
	assert_int_equal(told[0], d->pid);
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_NO_CHILD);
}

/* The daemon's real end, in every order with what becomes of its ghost. */
static void daemons_real_death_is_never_told(void **state)
{
	(void)state;
	for (int order = 0; order < 6; order++) {
		/* When the daemon dies: before or after the wait, before or after the SIGCHLD. */
		static const char *const orders[] = {"dwt", "wdt", "wtd", "dtw", "tdw", "twd"};
		struct pt_proc *p, *d;
		uint32_t answers = 0, tells = 0, reaps = 0;
		pid_t pid;

		start_with(8, 0, 0);
		p = born(NULL, 0);
		d = born(p, 0);
		pid = d->pid;
		assert_int_equal(core_daemon(&t.c, d, 5), CORE_OK);
		act();
		for (const char *s = orders[order]; *s; s++) {
			if (*s == 'd')
				dies(d, 9);
			if (*s == 'w')
				assert_int_equal(waits(p, WHO_PID, pid, W_EXITED, 0), CORE_OK);
			if (*s == 't') {
				core_tell(&t.c, p);
				act();
			}
			for (uint32_t i = 0; i < t.n_fx; i++) {
				if (t.fx[i].kind == FX_ANSWER || t.fx[i].kind == FX_TELL)
					assert_int_equal(t.fx[i].status, 5);
			}
			answers += count_fx(FX_ANSWER);
			tells += count_fx(FX_TELL);
			reaps += count_fx(FX_REAP);
		}
		assert_int_equal(answers, 1);
		assert_int_equal(tells, 1);
		assert_int_equal(reaps, 1);
		assert_false(core_has_untold(p));
		assert_int_equal(t.c.head->n_used, 1);
	}
}

static void daemon_answers_a_parent_that_waits(void **state)
{
	struct pt_proc *p = born(NULL, 0), *d = born(p, 0);

	(void)state;
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 1), CORE_BLOCKED);
	assert_int_equal(waits(p, WHO_PID, d->pid, W_EXITED, 2), CORE_BLOCKED);
	core_daemon(&t.c, d, 5);
	act();
	assert_int_equal(count_fx(FX_ANSWER), 2);
	assert_int_equal(get_fx(FX_ANSWER, 0)->cell, 1);
	assert_int_equal(get_fx(FX_ANSWER, 0)->status, 5);
	/* The other finds no child any more: the daemon is none. */
	assert_int_equal(get_fx(FX_ANSWER, 1)->cell, 2);
	assert_int_equal(get_fx(FX_ANSWER, 1)->error, ECHILD);
}

static void daemon_of_who_keeps_no_zombies_leaves_no_ghost(void **state)
{
	static const struct {
		uint32_t mode, flags, told;
	} rows[] = {
		{SIGCHLD_MODE_IGNORE, 0, 0},
		{SIGCHLD_MODE_NOCLDWAIT, 0, 1},
		{SIGCHLD_MODE_DEFAULT, FLAG_NOZOMBIE, 0},
		{SIGCHLD_MODE_DEFAULT, FLAG_NATIVE, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pt_proc *p, *d;
		int32_t told[2];

		start_with(8, 0, 0);
		p = born(NULL, 0);
		core_sigchld(&t.c, p, rows[i].mode);
		d = born(p, rows[i].flags);
		assert_int_equal(core_daemon(&t.c, d, 0), CORE_OK);
		act();
		assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_NO_CHILD);
		assert_int_equal(tell_all(p, told), rows[i].told);
		assert_int_equal(t.c.head->n_used, 2);
		assert_int_equal(core_ppid(&t.c, d), 1);
	}
}

static void daemon_twice_is_one_death(void **state)
{
	struct pt_proc *p = born(NULL, 0), *d = born(p, 0);
	int32_t told[2];

	(void)state;
	core_daemon(&t.c, d, 1);
	act();
	assert_int_equal(core_daemon(&t.c, d, 2), CORE_OK);
	act();
	assert_int_equal(waits(p, WHO_ALL, 0, W_EXITED, 0), CORE_OK);
	assert_int_equal(get_fx(FX_ANSWER, 0)->status, 1);
	assert_int_equal(tell_all(p, told), 1);
	assert_int_equal(t.c.head->n_used, 2);
}

static void daemons_ghost_goes_with_the_parent(void **state)
{
	struct pt_proc *p = born(NULL, 0), *d = born(p, 0);

	(void)state;
	core_daemon(&t.c, d, 1);
	act();
	dies(p, 0);
	/* The parent is reaped; the daemon lives, and its ghost is no process. */
	assert_int_equal(count_fx(FX_REAP), 1);
	assert_true(core_is_alive(d));
	assert_int_equal(t.c.head->n_used, 1);
}

static void daemon_is_refused_whole_when_no_entry_is_left_for_its_ghost(void **state)
{
	struct pt_proc *p, *d;
	uint32_t have;

	(void)state;
	start_with(4, 0, 0);
	p = born(NULL, 0);
	d = born(p, 0);
	/* What is promised for births is not there for ghosts. */
	assert_int_equal(core_reserve(&t.c, p, 2, &have), CORE_OK);
	assert_int_equal(core_daemon(&t.c, d, 0), CORE_FULL);
	act();
	assert_int_equal(count_fx(FX_FULL), 1);
	assert_int_equal(core_ppid(&t.c, d), p->pid);
	assert_int_equal(d->flags & FLAG_DAEMON, 0);
	assert_int_equal(t.c.head->n_used, 2);
	core_unreserve(&t.c, p, 1);
	assert_int_equal(core_daemon(&t.c, d, 0), CORE_OK);
}

static void daemon_shares_its_pid_with_its_ghost_and_with_who_comes_after(void **state)
{
	struct pt_proc *p = born(NULL, 0), *d = born(p, 0), *next;
	struct core_birth b = birth_of(p, 0);
	uint32_t index;

	(void)state;
	b.pid = d->pid;
	core_daemon(&t.c, d, 5);
	act();
	dies(d, 0);
	/* The kernel may give the pid to a new child of the same parent. */
	assert_int_equal(core_birth(&t.c, &b, false, &index), CORE_OK);
	next = core_get(&t.c, index);
	assert_int_equal(waits(p, WHO_PID, b.pid, W_EXITED, 0), CORE_OK);
	assert_int_equal(get_fx(FX_ANSWER, 0)->status, 5);
	assert_int_equal(waits(p, WHO_PID, b.pid, W_EXITED, 0), CORE_BLOCKED);
	dies(next, 6);
	assert_int_equal(get_fx(FX_ANSWER, 0)->status, 6);
	assert_int_equal(count_fx(FX_REAP), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(death_leaves_what_the_parent_asked_for),
		cmocka_unit_test_setup(zombie_stays_until_it_is_collected, start),
		cmocka_unit_test_setup(childs_times_count_only_once_it_is_collected, start),
		cmocka_unit_test_setup(childs_times_never_count_if_it_is_not_collected, start),
		cmocka_unit_test_setup(nowaito_child_wakes_no_waiting_parent, start),
		cmocka_unit_test_setup(nowaito_child_is_no_child_for_a_wait, start),
		cmocka_unit_test_setup(zombies_of_a_dead_parent_disappear, start),
		cmocka_unit_test_setup(living_children_of_a_dead_parent_are_the_managers, start),
		cmocka_unit_test_setup(untold_of_a_dead_parent_are_forgotten, start),
		cmocka_unit_test_setup(native_child_of_a_dead_parent_is_collected_for_it, start),
		cmocka_unit_test_setup(end_of_the_front_ends_program_is_told, start),
		cmocka_unit_test_setup(sigchld_tells_one_exact_record_for_each_death, start),
		cmocka_unit_test_setup(
			sigchld_is_told_in_the_order_of_deaths_also_when_collected_first, start),
		cmocka_unit_test_setup(death_is_told_before_a_wait_is_answered_where_there_is_room,
				       start),
		cmocka_unit_test_setup(death_waits_for_its_turn_where_there_is_none, start),
		cmocka_unit_test_setup(stop_that_is_not_told_yet_does_not_advance_the_death, start),
		cmocka_unit_test_setup(stops_are_told_unless_nocldstop, start),
		cmocka_unit_test_setup(who_begins_to_ignore_is_told_nothing_more, start),
		cmocka_unit_test_setup(parent_without_a_page_is_told_nothing, start),
		cmocka_unit_test(thousand_deaths_are_a_thousand_records),
		cmocka_unit_test_setup(daemon_is_a_death_for_the_parent, start),
		cmocka_unit_test(daemons_real_death_is_never_told),
		cmocka_unit_test_setup(daemon_answers_a_parent_that_waits, start),
		cmocka_unit_test(daemon_of_who_keeps_no_zombies_leaves_no_ghost),
		cmocka_unit_test_setup(daemon_twice_is_one_death, start),
		cmocka_unit_test_setup(daemons_ghost_goes_with_the_parent, start),
		cmocka_unit_test(daemon_is_refused_whole_when_no_entry_is_left_for_its_ghost),
		cmocka_unit_test_setup(
			daemon_shares_its_pid_with_its_ghost_and_with_who_comes_after, start),
	};

	return cmocka_run_group_tests_name("death", tests, NULL, NULL);
}
