// SPDX-License-Identifier: Apache-2.0
/* Events kept by handle: found while they are there, never after. */
#include "message/kept.h"

#include <setjmp.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static uint32_t keep(int64_t key, int signo)
{
	struct sigevent event;
	struct kept kept;
	uint32_t handle = 0;

	memset(&event, 0, sizeof(event));
	event.sigev_signo = signo;
	kept_init(&kept, &event);
	assert_int_equal(kept_add(KEPT_TIMER, key, &kept, &handle), 0);
	assert_int_not_equal(handle, 0);
	assert_int_not_equal(handle, 0xffffffffu);
	return handle;
}

static void event_is_found_by_its_handle_until_removed(void **state)
{
	uint32_t a = keep(1, 10), b = keep(2, 20);
	struct kept kept;
	int64_t key;

	(void)state;
	assert_true(kept_get(KEPT_TIMER, a, &kept, &key));
	assert_int_equal(kept.event.sigev_signo, 10);
	assert_int_equal(key, 1);
	assert_int_equal(kept.tid, gettid());
	assert_false(kept_get(KEPT_REGISTERED, a, &kept, NULL));
	assert_int_equal(kept_find(KEPT_TIMER, 2), b);
	assert_false(kept_remove(KEPT_QUEUE, a));
	assert_true(kept_remove(KEPT_TIMER, a));
	assert_false(kept_remove(KEPT_TIMER, a));
	assert_false(kept_get(KEPT_TIMER, a, &kept, NULL));
	assert_int_equal(kept_find(KEPT_TIMER, 1), 0);
	assert_true(kept_remove(KEPT_TIMER, b));
}

/* The place is used again, the handle is not. */
static void late_handle_leads_nowhere(void **state)
{
	uint32_t first = keep(1, 1), former = first;
	struct kept kept;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint32_t next;

		assert_true(kept_remove(KEPT_TIMER, former));
		next = keep(1, 1);
		assert_int_equal(next & 0xffff, first & 0xffff);
		assert_int_not_equal(next, first);
		assert_false(kept_get(KEPT_TIMER, former, &kept, NULL));
		former = next;
	}
	assert_true(kept_remove(KEPT_TIMER, former));
}

static void handles_of_rubbish_are_none(void **state)
{
	static const uint32_t rubbish[] = {0, 1, 2, 0xffff, 0xffffffffu, 0x10000, 0x1fffe};
	struct kept kept;

	(void)state;
	for (size_t i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++) {
		assert_false(kept_get(KEPT_REGISTERED, rubbish[i], &kept, NULL));
		assert_false(kept_remove(KEPT_REGISTERED, rubbish[i]));
	}
}

static void too_many_are_refused_and_the_others_stand(void **state)
{
	static uint32_t handles[70000];
	struct kept kept;
	struct sigevent event;
	uint32_t n = 0;
	int rc = 0;

	(void)state;
	memset(&event, 0, sizeof(event));
	kept_init(&kept, &event);
	while (n < 70000 && rc == 0) {
		rc = kept_add(KEPT_TIMER, n, &kept, &handles[n]);
		n += rc == 0;
	}
	assert_int_equal(rc, -EAGAIN);
	assert_true(n > 60000);
	assert_true(kept_get(KEPT_TIMER, handles[n - 1], &kept, NULL));
	while (n-- > 0)
		assert_true(kept_remove(KEPT_TIMER, handles[n]));
}

static void forked_child_has_none_of_its_parents(void **state)
{
	uint32_t handle = keep(1, 1);
	struct kept kept;
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(kept_get(KEPT_TIMER, handle, &kept, NULL) || kept_find(KEPT_TIMER, 1) != 0 ||
		      keep(1, 2) == handle);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(kept_get(KEPT_TIMER, handle, &kept, NULL));
	assert_int_equal(kept.event.sigev_signo, 1);
	assert_true(kept_remove(KEPT_TIMER, handle));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(event_is_found_by_its_handle_until_removed),
		cmocka_unit_test(late_handle_leads_nowhere),
		cmocka_unit_test(handles_of_rubbish_are_none),
		cmocka_unit_test(too_many_are_refused_and_the_others_stand),
		cmocka_unit_test(forked_child_has_none_of_its_parents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
