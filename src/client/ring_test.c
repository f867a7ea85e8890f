// SPDX-License-Identifier: Apache-2.0
/* The death ring, with the test as the manager. */
#include "client/ring.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"

static struct page page;

static void ring_begin(uint32_t at)
{
	memset(&page, 0, sizeof(page));
	page.head.ring_head = at;
	page.head.ring_tail = at;
}

/* As the manager: false, there is no room. */
static bool push(void)
{
	uint32_t head = page.head.ring_head;

	if (head - __atomic_load_n(&page.head.ring_tail, __ATOMIC_ACQUIRE) >= PAGE_RING)
		return false;
	page.ring[head % PAGE_RING] = (struct page_death){
		.pid = (int32_t)(1000 + head), .code = CLD_EXITED, .serial = head};
	__atomic_store_n(&page.head.ring_head, head + 1, __ATOMIC_RELEASE);
	return true;
}

static void push_n(unsigned n)
{
	while (n-- > 0)
		assert_true(push());
}

static void ring_gives_each_death_once_in_order(void **state)
{
	struct page_death death;

	(void)state;
	ring_begin(0);
	assert_false(ring_take(&page, &death));
	push_n(PAGE_RING);
	assert_false(push());
	assert_int_equal(ring_count(&page), PAGE_RING);
	for (uint32_t i = 0; i < PAGE_RING; i++) {
		assert_true(ring_take(&page, &death));
		assert_int_equal(death.serial, i);
		assert_int_equal(death.pid, 1000 + i);
	}
	assert_false(ring_take(&page, &death));
}

static void ring_goes_on_past_the_end_of_its_numbers(void **state)
{
	struct page_death death;

	(void)state;
	ring_begin(UINT32_MAX - 2);
	push_n(6);
	assert_int_equal(ring_serial(&page), UINT32_MAX - 2);
	ring_drop_before(&page, 1); /* UINT32_MAX - 2 .. 0 are older */
	assert_int_equal(ring_count(&page), 2);
	assert_true(ring_take(&page, &death));
	assert_int_equal(death.serial, 1);
}

static void ring_forgets_what_is_older_than_the_kick(void **state)
{
	uint32_t next;

	(void)state;
	ring_begin(0);
	assert_false(ring_next_serial(&page, &next));
	push_n(10);
	ring_drop_before(&page, 0);
	assert_int_equal(ring_count(&page), 10);
	ring_drop_before(&page, 4);
	assert_int_equal(ring_serial(&page), 4);
	assert_true(ring_next_serial(&page, &next));
	assert_int_equal(next, 10);
	ring_drop_before(&page, 100);
	assert_int_equal(ring_count(&page), 0);
	push_n(3);
	ring_drop(&page);
	assert_int_equal(ring_count(&page), 0);
}

static void ring_takes_scribbles_for_empty(void **state)
{
	struct page_death death;

	(void)state;
	ring_begin(0);
	page.head.ring_head = PAGE_RING + 1;
	assert_false(ring_take(&page, &death));
	page.head.ring_head = 0;
	page.head.ring_tail = 5;
	assert_int_equal(ring_count(&page), 0);
	assert_false(ring_take(&page, &death));
	ring_drop(&page);
	ring_drop_before(&page, 50);
	assert_int_equal(page.head.ring_tail, 5);
}

static void ring_knows_a_kick(void **state)
{
	siginfo_t info;
	uint32_t serial = 7;

	(void)state;
	memset(&info, 0, sizeof(info));
	info.si_signo = SIGCHLD;
	info.si_code = SI_QUEUE;
	info.si_value = ring_kick_value(0x12345678);
	assert_int_equal(info.si_value.sival_int, RING_KICK);
	assert_true(ring_is_kick(&info, &serial));
	assert_int_equal(serial, 0x12345678);
	/* A program's own sigqueue(), and the kernel's SIGCHLD. */
	info.si_value.sival_ptr = NULL;
	assert_false(ring_is_kick(&info, &serial));
	info.si_value = ring_kick_value(1);
	info.si_code = CLD_EXITED;
	assert_false(ring_is_kick(&info, &serial));
}

static void ring_siginfo_is_the_kernels(void **state)
{
	struct page_death death = {
		.pid = 42,
		.code = CLD_KILLED,
		.status = SIGTERM,
		.uid = 1000,
		.utime = 1500000,
		.stime = 19999,
	};
	siginfo_t info;

	(void)state;
	ring_siginfo(&death, &info);
	assert_int_equal(info.si_signo, SIGCHLD);
	assert_int_equal(info.si_code, CLD_KILLED);
	assert_int_equal(info.si_pid, 42);
	assert_int_equal(info.si_status, SIGTERM);
	assert_int_equal(info.si_uid, 1000);
	assert_int_equal(info.si_utime, 150); /* ticks of 10 ms */
	assert_int_equal(info.si_stime, 1);
}

#define TAKERS 4
#define DEATHS 20000

static uint8_t taken[DEATHS];

static void *take_all(void *until)
{
	const bool *over = until;
	struct page_death death;

	for (;;) {
		bool last = __atomic_load_n(over, __ATOMIC_ACQUIRE);

		while (ring_take(&page, &death))
			__atomic_fetch_add(&taken[death.serial], 1, __ATOMIC_RELAXED);
		if (last)
			return NULL;
	}
}

static void ring_gives_each_death_to_one_of_many(void **state)
{
	pthread_t threads[TAKERS];
	bool over = false;

	(void)state;
	ring_begin(0);
	for (int i = 0; i < TAKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_all, &over), 0);
	for (int i = 0; i < DEATHS; i++)
		while (!push())
			(void)sched_yield();
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	for (int i = 0; i < TAKERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (int i = 0; i < DEATHS; i++)
		assert_int_equal(taken[i], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ring_gives_each_death_once_in_order),
		cmocka_unit_test(ring_goes_on_past_the_end_of_its_numbers),
		cmocka_unit_test(ring_forgets_what_is_older_than_the_kick),
		cmocka_unit_test(ring_takes_scribbles_for_empty),
		cmocka_unit_test(ring_knows_a_kick),
		cmocka_unit_test(ring_siginfo_is_the_kernels),
		cmocka_unit_test(ring_gives_each_death_to_one_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
