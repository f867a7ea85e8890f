// SPDX-License-Identifier: Apache-2.0
/* Who asked to hear of any process. */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/fixture.h"

static struct event event_of(uint64_t value, uint32_t flags)
{
	return (struct event){.notify = flags, .value = value};
}

static int32_t subscribes(struct pt_proc *p, uint32_t flags, uint64_t value, uint32_t notify,
			  bool single)
{
	struct event e = event_of(value, notify);
	int32_t id = -1;

	assert_int_equal(core_subscribe(&t.c, p, flags, &e, single, &id), CORE_OK);
	return id;
}

static void requests_fire_for_what_they_ask(void **state)
{
	enum { DEATH, DAEMON_DEATH, NOWAITO_DEATH, BIRTH };
	static const struct {
		uint32_t flags;
		int happens;
		bool fires;
	} rows[] = {
		{ON_PROCESS_DEATH, DEATH, true},         {ON_PROCESS_DEATH, DAEMON_DEATH, true},
		{ON_PROCESS_DEATH, NOWAITO_DEATH, true}, {ON_PROCESS_DEATH, BIRTH, false},
		{ON_DAEMON_DEATH, DEATH, false},         {ON_DAEMON_DEATH, NOWAITO_DEATH, false},
		{ON_DAEMON_DEATH, DAEMON_DEATH, true},   {ON_PROCESS_CREATE, BIRTH, true},
		{ON_PROCESS_CREATE, DEATH, false},       {ON_SYNC, DEATH, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pt_proc *p, *child;
		pid_t pid;

		start_with(16, 0, 0);
		p = born(NULL, 0);
		child = born(p, rows[i].happens == NOWAITO_DEATH ? FLAG_NOZOMBIE : 0);
		pid = child->pid;
		if (rows[i].happens == DAEMON_DEATH)
			core_daemon(&t.c, child, 0);
		act();
		subscribes(p, rows[i].flags, 7, EVENT_FLAG_UPDATEABLE, true);
		if (rows[i].happens == BIRTH) {
			struct core_birth b = birth_of(p, 0);
			uint32_t index;

			assert_int_equal(core_birth(&t.c, &b, false, &index), CORE_OK);
			act();
			pid = b.pid;
		} else {
			dies(child, 0);
		}
		assert_int_equal(count_fx(FX_EVENT), rows[i].fires);
		if (rows[i].fires) {
			assert_int_equal(get_fx(FX_EVENT, 0)->pid, p->pid);
			assert_int_equal(get_fx(FX_EVENT, 0)->event.value, pid);
		}
	}
}

static void pid_is_told_only_if_the_event_is_updateable(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	subscribes(p, ON_PROCESS_DEATH, 77, 0, true);
	dies(born(NULL, 0), 0);
	assert_int_equal(get_fx(FX_EVENT, 0)->event.value, 77);
	subscribes(p, ON_PROCESS_DEATH, 77, EVENT_FLAG_UPDATEABLE, true);
	dies(born(NULL, 0), 0);
	assert_int_equal(get_fx(FX_EVENT, 0)->event.value, 102);
}

static void request_fires_each_time_until_deleted(void **state)
{
	struct pt_proc *p = born(NULL, 0), *other = born(NULL, 0);
	int32_t id = subscribes(p, ON_PROCESS_DEATH, 0, 0, false);

	(void)state;
	for (int i = 0; i < 3; i++) {
		dies(born(NULL, 0), 0);
		assert_int_equal(count_fx(FX_EVENT), 1);
	}
	assert_int_equal(core_unsubscribe(&t.c, other, id), CORE_INVALID);
	assert_int_equal(core_unsubscribe(&t.c, p, id), CORE_OK);
	assert_int_equal(core_unsubscribe(&t.c, p, id), CORE_INVALID);
	dies(born(NULL, 0), 0);
	assert_int_equal(count_fx(FX_EVENT), 0);
}

static void single_request_is_replaced_and_disarmed_added_ones_stay(void **state)
{
	struct pt_proc *p = born(NULL, 0);
	int32_t a, b;

	(void)state;
	assert_int_equal(subscribes(p, ON_PROCESS_DEATH, 1, 0, true), 0);
	assert_int_equal(subscribes(p, ON_PROCESS_DEATH, 2, 0, true), 0);
	a = subscribes(p, ON_PROCESS_DEATH, 3, 0, false);
	b = subscribes(p, ON_PROCESS_DEATH, 4, 0, false);
	assert_true(a > 0 && b > 0 && a != b);
	dies(born(NULL, 0), 0);
	assert_int_equal(count_fx(FX_EVENT), 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_not_equal(get_fx(FX_EVENT, i)->event.value, 1);
	assert_int_equal(core_unsubscribe(&t.c, p, 0), CORE_INVALID);
	subscribes(p, 0, 0, 0, true);
	dies(born(NULL, 0), 0);
	assert_int_equal(count_fx(FX_EVENT), 2);
}

static void requests_end_with_their_process_and_are_not_inherited(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	subscribes(p, ON_PROCESS_DEATH | ON_PROCESS_CREATE, 0, 0, true);
	subscribes(p, ON_PROCESS_DEATH, 0, 0, false);
	assert_int_equal(t.c.head->want_births, 1);
	born(p, 0);
	dies(p, 0);
	assert_int_equal(t.c.head->want_births, 0);
	dies(born(NULL, 0), 0);
	assert_int_equal(count_fx(FX_EVENT), 0);
	assert_int_equal(t.c.head->first_sub, 0);
}

static void trigger_delivers_to_all_who_asked(void **state)
{
	struct pt_proc *p = born(NULL, 0), *q = born(NULL, 0);

	(void)state;
	subscribes(p, ON_SYNC, 1, EVENT_FLAG_UPDATEABLE, true);
	subscribes(q, ON_SYNC | ON_TOD, 2, EVENT_FLAG_UPDATEABLE, true);
	core_trigger(&t.c, ON_SYNC, false, 9);
	act();
	assert_int_equal(count_fx(FX_EVENT), 2);
	assert_int_equal(get_fx(FX_EVENT, 0)->event.value + get_fx(FX_EVENT, 1)->event.value, 3);
	core_trigger(&t.c, ON_TOD, true, 9);
	act();
	assert_int_equal(count_fx(FX_EVENT), 1);
	assert_int_equal(get_fx(FX_EVENT, 0)->event.value, 9);
}

static void value_request_fires_once_for_each_crossing(void **state)
{
	struct pt_proc *p = born(NULL, 0);
	struct event e = event_of(0, EVENT_FLAG_UPDATEABLE);
	struct pt_sub *s;
	int32_t id;

	(void)state;
	assert_int_equal(core_subscribe_value(&t.c, p, 0x40000000, 1000, 0, &e, &id), CORE_OK);
	s = &t.c.subs[t.c.head->first_sub];
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 3; i++) {
			core_trigger_value(&t.c, s, true, 1200);
			act();
			assert_int_equal(count_fx(FX_EVENT), i == 0);
		}
		core_trigger_value(&t.c, s, false, 900);
		act();
		assert_int_equal(count_fx(FX_EVENT), 0);
	}
	/* It is no request for events. */
	dies(born(NULL, 0), 0);
	assert_int_equal(count_fx(FX_EVENT), 0);
	assert_int_equal(core_unsubscribe(&t.c, p, id), CORE_OK);
}

static void full_is_refused_and_the_former_request_stands(void **state)
{
	struct pt_proc *p = born(NULL, 0);
	struct event e = event_of(5, 0);
	int32_t id = 77;

	(void)state;
	subscribes(p, ON_PROCESS_DEATH, 5, 0, true);
	t.c.fail_at = 1;
	assert_int_equal(core_subscribe(&t.c, p, ON_SYNC, &e, true, &id), CORE_FULL);
	assert_int_equal(id, 77);
	dies(born(NULL, 0), 0);
	assert_int_equal(get_fx(FX_EVENT, 0)->event.value, 5);
	for (int i = 0; i < 15; i++)
		subscribes(p, ON_SYNC, 0, 0, false);
	assert_int_equal(core_subscribe(&t.c, p, ON_SYNC, &e, false, &id), CORE_FULL);
	assert_int_equal(core_subscribe_value(&t.c, p, 0, 0, 0, &e, &id), CORE_FULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_fire_for_what_they_ask),
		cmocka_unit_test_setup(pid_is_told_only_if_the_event_is_updateable, start),
		cmocka_unit_test_setup(request_fires_each_time_until_deleted, start),
		cmocka_unit_test_setup(single_request_is_replaced_and_disarmed_added_ones_stay,
				       start),
		cmocka_unit_test_setup(requests_end_with_their_process_and_are_not_inherited,
				       start),
		cmocka_unit_test_setup(trigger_delivers_to_all_who_asked, start),
		cmocka_unit_test_setup(value_request_fires_once_for_each_crossing, start),
		cmocka_unit_test_setup(full_is_refused_and_the_former_request_stands, start),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
