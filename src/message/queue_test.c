// SPDX-License-Identifier: Apache-2.0
/* The order in which messages and pulses are received, against a search that is too simple to be
 * wrong. */
#include "message/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

static struct queue queue;

static void add(struct queue_item *item, uint8_t priority, uint64_t ticket, bool is_pulse)
{
	memset(item, 0, sizeof(*item));
	item->priority = priority;
	item->ticket = ticket;
	item->is_pulse = is_pulse;
	queue_add(&queue, item);
}

static struct queue_item *take(bool pulses_only)
{
	struct queue_item *item = queue_first(&queue, pulses_only);

	if (item) {
		assert_true(queue_has(item));
		queue_remove(&queue, item);
		assert_false(queue_has(item));
	}
	return item;
}

static void higher_priority_is_first_whenever_it_came(void **state)
{
	static const uint8_t edges[] = {0, 1, 63, 64, 127, 128, 191, 192, 254, 255};
	struct queue_item items[ARRAY_LEN(edges)];

	(void)state;
	queue_init(&queue);
	for (size_t i = 0; i < ARRAY_LEN(edges); i++)
		add(&items[i], edges[i], i, i % 2);
	for (size_t i = ARRAY_LEN(edges); i-- > 0;)
		assert_ptr_equal(take(false), &items[i]);
	assert_null(take(false));
}

static void within_a_priority_the_ticket_decides(void **state)
{
	struct queue_item items[4];

	(void)state;
	queue_init(&queue);
	add(&items[0], 10, 30, false);
	add(&items[1], 10, 10, false);
	add(&items[2], 10, 20, true);
	add(&items[3], 10, 40, true);
	assert_ptr_equal(take(false), &items[1]);
	assert_ptr_equal(take(false), &items[2]);
	assert_ptr_equal(take(false), &items[0]);
	assert_ptr_equal(take(false), &items[3]);
}

static void equal_tickets_stay_in_order(void **state)
{
	struct queue_item items[3];

	(void)state;
	queue_init(&queue);
	for (size_t i = 0; i < 3; i++)
		add(&items[i], 10, 7, false);
	for (size_t i = 0; i < 3; i++)
		assert_ptr_equal(take(false), &items[i]);
}

static void who_wants_pulses_gets_no_message(void **state)
{
	struct queue_item message, pulse;

	(void)state;
	queue_init(&queue);
	add(&message, 20, 1, false);
	assert_null(queue_first(&queue, true));
	add(&pulse, 10, 2, true);
	assert_ptr_equal(take(true), &pulse);
	assert_null(queue_first(&queue, true));
	assert_ptr_equal(take(false), &message);
}

/* A client that says that it sent long ago does not overtake who was there in a former round. */
static void ticket_of_a_later_round_is_not_earlier(void **state)
{
	struct queue_item first, liar, honest;

	(void)state;
	queue_init(&queue);
	add(&first, 10, 100, false);
	queue_close_round(&queue);
	add(&honest, 10, 101, false);
	add(&liar, 10, 1, false);
	assert_int_equal(liar.ticket, 100);
	assert_ptr_equal(take(false), &first);
	assert_ptr_equal(take(false), &liar);
	assert_ptr_equal(take(false), &honest);
}

/* Nor does one from the future hold up those who come in later rounds. */
static void ticket_from_the_future_is_overtaken_only_in_its_round(void **state)
{
	struct queue_item liar, same_round, later;

	(void)state;
	queue_init(&queue);
	add(&liar, 10, UINT64_MAX, false);
	add(&same_round, 10, 5, false);
	queue_close_round(&queue);
	add(&later, 10, 6, false);
	assert_ptr_equal(take(false), &same_round);
	assert_ptr_equal(take(false), &liar);
	assert_ptr_equal(take(false), &later);
}

#define ITEMS 64

/* The first of all by looking at each. */
static struct queue_item *simple_first(struct queue_item *items, const unsigned *serials,
				       bool pulses_only)
{
	struct queue_item *best = NULL;

	for (size_t i = 0; i < ITEMS; i++) {
		struct queue_item *item = &items[i];

		if (!queue_has(item) || (pulses_only && !item->is_pulse))
			continue;
		if (!best || item->priority > best->priority ||
		    (item->priority == best->priority &&
		     (item->ticket < best->ticket ||
		      (item->ticket == best->ticket &&
		       (item->is_pulse != best->is_pulse ? item->is_pulse :
							   serials[i] < serials[best - items])))))
			best = item;
	}
	return best;
}

static void any_order_of_adding_and_removing_is_right(void **state)
{
	struct queue_item items[ITEMS];
	unsigned serials[ITEMS];

	(void)state;
	memset(items, 0, sizeof(items));
	queue_init(&queue);
	srand(1);
	for (unsigned n = 0; n < 50000; n++) {
		struct queue_item *item = &items[rand() % ITEMS];

		if (queue_has(item)) {
			queue_remove(&queue, item);
		} else {
			add(item, (uint8_t)(rand() % 4 * 63), (uint64_t)rand() % 8, rand() % 2);
			serials[item - items] = n;
		}
		assert_ptr_equal(queue_first(&queue, false), simple_first(items, serials, false));
		assert_ptr_equal(queue_first(&queue, true), simple_first(items, serials, true));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(higher_priority_is_first_whenever_it_came),
		cmocka_unit_test(within_a_priority_the_ticket_decides),
		cmocka_unit_test(equal_tickets_stay_in_order),
		cmocka_unit_test(who_wants_pulses_gets_no_message),
		cmocka_unit_test(ticket_of_a_later_round_is_not_earlier),
		cmocka_unit_test(ticket_from_the_future_is_overtaken_only_in_its_round),
		cmocka_unit_test(any_order_of_adding_and_removing_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
