// SPDX-License-Identifier: Apache-2.0
/*
 * A transition happens whole or not at all, whenever the manager is killed. The
 * rules' own transitions are cut by the exploration (explore/world.c); here the
 * journal is by itself.
 */
#include "core/journal.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/fixture.h"

static _Alignas(64) uint8_t copy[sizeof(t.mem)];

/* What the next manager finds of a table that the last one left in this state. */
static void restart(void)
{
	assert_int_equal(core_open(&t.c, t.mem, sizeof(t.mem)), 0);
}

static void assert_same_rules(const struct pt_head *a, const struct pt_head *b)
{
	size_t from = offsetof(struct pt_head, capacity);

	assert_memory_equal((const uint8_t *)a + from, (const uint8_t *)b + from,
			    sizeof(*a) - from);
}

static void unfinished_transition_is_undone_at_every_point(void **state)
{
	struct pt_proc *p = born(NULL, 0), *q = born(NULL, 0);

	(void)state;
	for (int cut = 0; cut < 6; cut++) {
		memcpy(copy, t.mem, sizeof(copy));
		journal_begin(&t.c);
		if (cut > 0)
			pt_edit(&t.c, p->self)->status = 5;
		if (cut > 1)
			pt_edit(&t.c, q->self)->pid = 6;
		if (cut > 2) {
			journal_edit_word(&t.c, &t.c.buckets[3]);
			t.c.buckets[3] = 9;
		}
		if (cut > 3)
			t.c.head->n_used = 77;
		if (cut > 4)
			journal_fx(&t.c, FX_REAP)->pid = 8;
		restart();
		assert_int_equal(t.c.head->state, JOURNAL_IDLE);
		assert_null(core_effect(&t.c));
		assert_same_rules((const void *)copy, t.c.head);
		assert_memory_equal(copy + sizeof(struct pt_head), t.c.procs,
				    (size_t)((uint8_t *)t.c.effects - (uint8_t *)t.c.procs));
		assert_int_equal(t.c.buckets[3], 0);
	}
}

static void object_is_logged_once_with_what_it_was_first(void **state)
{
	struct pt_proc *p = born(NULL, 0);
	uint32_t bytes, stamp = p->stamp;

	(void)state;
	journal_begin(&t.c);
	pt_edit(&t.c, p->self)->status = 5;
	bytes = t.c.head->undo_bytes;
	pt_edit(&t.c, p->self)->status = 6;
	assert_int_equal(t.c.head->undo_bytes, bytes);
	journal_abort(&t.c);
	assert_int_equal(p->status, 0);
	assert_int_equal(p->stamp, stamp);
	/* The next transition logs it anew. */
	journal_begin(&t.c);
	pt_edit(&t.c, p->self)->status = 7;
	journal_abort(&t.c);
	assert_int_equal(p->status, 0);
}

static void cut_while_undoing_is_undone_again(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	journal_begin(&t.c);
	pt_edit(&t.c, p->self)->status = 5;
	t.c.head->n_used = 50;
	restart();
	/* As if the restart had been killed before its last word. */
	t.c.head->state = JOURNAL_OPEN;
	p->status = 3;
	restart();
	assert_int_equal(p->status, 0);
	assert_int_equal(t.c.head->n_used, 1);
}

static void committed_transition_stands_and_its_effects_go_on(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	journal_begin(&t.c);
	pt_edit(&t.c, p->self)->status = 5;
	for (int i = 0; i < 3; i++)
		journal_fx(&t.c, FX_REAP)->pid = 10 + i;
	journal_commit(&t.c);
	for (int i = 0; i < 3; i++) {
		restart();
		assert_int_equal(p->status, 5);
		assert_int_equal(core_effect(&t.c)->pid, 10 + i);
		restart(); /* killed after it was carried out, before it was noted */
		assert_int_equal(core_effect(&t.c)->pid, 10 + i);
		core_applied(&t.c);
	}
	assert_null(core_effect(&t.c));
	restart();
	assert_int_equal(t.c.head->state, JOURNAL_IDLE);
}

static void transition_without_effects_is_over_at_once(void **state)
{
	(void)state;
	journal_begin(&t.c);
	journal_commit(&t.c);
	assert_int_equal(t.c.head->state, JOURNAL_IDLE);
	assert_null(core_effect(&t.c));
}

static void effects_are_empty_but_for_what_is_written(void **state)
{
	static const struct pt_effect empty = {.kind = FX_REAP};

	(void)state;
	journal_begin(&t.c);
	memset(t.c.effects, 0xff, sizeof(t.c.effects[0]));
	assert_memory_equal(journal_fx(&t.c, FX_REAP), &empty, sizeof(empty));
	journal_abort(&t.c);
}

static void what_is_no_table_is_refused(void **state)
{
	struct pt_head *h = t.c.head;
	struct core c;

	(void)state;
	assert_int_equal(core_open(&c, t.mem, sizeof(*h) - 1), -EPROTO);
	assert_int_equal(core_open(&c, t.mem, sizeof(*h)), -EPROTO);
	h->buckets *= 2;
	assert_int_equal(core_open(&c, t.mem, sizeof(t.mem)), -EPROTO);
	h->buckets /= 2;
	assert_int_equal(core_open(&c, t.mem, sizeof(t.mem)), 0);
	h->magic++;
	assert_int_equal(core_open(&c, t.mem, sizeof(t.mem)), -EPROTO);
}

/* The death of a parent of all touches all: the rooms must hold it. */
static void largest_transition_fits(void **state)
{
	struct core_limits l;
	struct pt_proc *p, *child;

	(void)state;
	start_with(200, 0, 0);
	l = (struct core_limits){
		.procs = 200,
		.waiters = 16,
		.subs = 16,
		.notices = 16,
		.abilities = 300,
		.paths = 16,
		.texts = 150,
	};
	p = born(NULL, 0);
	for (int i = 0; i < 198; i++) {
		child = born(p, 0);
		core_pdeathsig(&t.c, child, 15);
		if (i % 3 == 0)
			dies(child, 0);
		if (i % 3 == 1)
			core_trace(&t.c, p, child);
	}
	for (uint32_t i = 0; i < 12; i++)
		waits(p, WHO_PID, 102, W_EXITED, i);
	for (int i = 0; i < 16; i++) {
		struct event e = {.notify = 0};
		int32_t id;

		core_subscribe(&t.c, p, ON_PROCESS_DEATH, &e, false, &id);
	}
	dies(p, 0);
	assert_true(t.c.head->n_effects <= journal_fx_room(&l));
	assert_true(t.c.head->undo_bytes <= journal_undo_room(&l, t.c.head->buckets));
	assert_int_equal(t.c.head->n_used, 132);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(unfinished_transition_is_undone_at_every_point, start),
		cmocka_unit_test_setup(object_is_logged_once_with_what_it_was_first, start),
		cmocka_unit_test_setup(cut_while_undoing_is_undone_again, start),
		cmocka_unit_test_setup(committed_transition_stands_and_its_effects_go_on, start),
		cmocka_unit_test_setup(transition_without_effects_is_over_at_once, start),
		cmocka_unit_test_setup(effects_are_empty_but_for_what_is_written, start),
		cmocka_unit_test_setup(what_is_no_table_is_refused, start),
		cmocka_unit_test(largest_transition_fits),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
