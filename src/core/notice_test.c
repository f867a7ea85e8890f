// SPDX-License-Identifier: Apache-2.0
/* Events wait for room in a page: all of them, in order, and nobody's at another's cost. */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/fixture.h"

static void asks(struct pt_proc *p, int32_t handle)
{
	struct event e = {
		.notify = EVENT_TYPE_THREAD | EVENT_FLAG_UPDATEABLE,
		.code = handle,
	};
	int32_t id;

	assert_int_equal(core_subscribe(&t.c, p, ON_SYNC, &e, true, &id), CORE_OK);
}

static void happens(int32_t value)
{
	core_trigger(&t.c, ON_SYNC, true, value);
	act();
}

/* The next one, which must be of that value and serial. */
static void hears(struct pt_proc *p, uint64_t value, uint32_t serial)
{
	assert_true(core_has_notice(p));
	core_notice(&t.c, p);
	act();
	assert_int_equal(count_fx(FX_NOTICE), 1);
	assert_int_equal(get_fx(FX_NOTICE, 0)->event.value, value);
	assert_int_equal(get_fx(FX_NOTICE, 0)->serial, serial);
	assert_int_equal(get_fx(FX_NOTICE, 0)->page, p->page);
}

static void notices_are_told_in_order_each_once(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	asks(p, 5);
	assert_false(t.c.has_notices);
	for (int i = 1; i <= 3; i++) {
		happens(i);
		assert_int_equal(t.n_fx, 0);
	}
	assert_true(t.c.has_notices);
	hears(p, 1, 0);
	assert_int_equal(get_fx(FX_NOTICE, 0)->value, 5);
	happens(4);
	hears(p, 2, 1);
	hears(p, 3, 2);
	hears(p, 4, 3);
	assert_false(core_has_notice(p));
	assert_int_equal(t.c.head->n_notices, 0);
	happens(5);
	hears(p, 5, 4);
}

static void who_does_not_look_leaves_room_to_others(void **state)
{
	struct pt_proc *p = born(NULL, 0), *q, *r;

	(void)state;
	asks(p, 1);
	for (int i = 0; i < 100; i++)
		happens(i);
	assert_int_equal(p->n_notices, t.c.head->notices / 2);
	q = born(NULL, 0);
	asks(q, 2);
	for (int i = 100; i < 200; i++)
		happens(i);
	assert_int_equal(p->n_notices, t.c.head->notices / 2);
	assert_int_equal(q->n_notices, t.c.head->notices / 4);
	r = born(NULL, 0);
	asks(r, 3);
	happens(200);
	hears(r, 200, 0);
	/* The oldest are kept, the newest are dropped. */
	hears(p, 0, 0);
	hears(q, 100, 0);
	assert_true(t.c.head->notices_touched <= t.c.head->notices);
}

static void notices_go_with_their_process_or_its_image(void **state)
{
	struct pt_proc *p = born(NULL, 0), *q = born(NULL, 0);

	(void)state;
	asks(p, 1);
	asks(q, 2);
	for (int i = 0; i < 3; i++)
		happens(i);
	assert_int_equal(t.c.head->n_notices, 6);
	core_exec(&t.c, p, 1000, 1000);
	act();
	assert_false(core_has_notice(p));
	assert_int_equal(t.c.head->n_notices, 3);
	dies(q, 0);
	assert_int_equal(t.c.head->n_notices, 0);
	/* What was given back is used again, before anything new is. */
	asks(p, 3);
	for (int i = 0; i < 6; i++)
		happens(i);
	assert_int_equal(t.c.head->notices_touched, 6);
	for (uint32_t i = 0; i < 6; i++)
		hears(p, i, i);
}

static void who_has_no_page_gets_none(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	asks(p, 1);
	core_set_page(&t.c, p, 0, 0);
	act();
	happens(1);
	assert_false(core_has_notice(p));
}

static void new_page_begins_with_serial_0(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	asks(p, 1);
	happens(1);
	happens(2);
	hears(p, 1, 0);
	core_set_page(&t.c, p, 2, 0);
	act();
	hears(p, 2, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(notices_are_told_in_order_each_once, start),
		cmocka_unit_test_setup(who_does_not_look_leaves_room_to_others, start),
		cmocka_unit_test_setup(notices_go_with_their_process_or_its_image, start),
		cmocka_unit_test_setup(who_has_no_page_gets_none, start),
		cmocka_unit_test_setup(new_page_begins_with_serial_0, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
