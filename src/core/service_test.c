// SPDX-License-Identifier: Apache-2.0
/* The service manager and its fork. */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/fixture.h"

static struct pt_proc *born_as(uint32_t uid)
{
	struct pt_proc *p = born(NULL, 0);

	p->uid = p->euid = p->gid = p->egid = uid;
	return p;
}

static void service_manager_is_root_or_the_nodes_user(void **state)
{
	static const struct {
		uint32_t uid, node;
		enum core_result result;
	} rows[] = {
		{0, 1000, CORE_OK},
		{1000, 1000, CORE_OK},
		{1001, 1000, CORE_FORBIDDEN},
		{1000, 0, CORE_FORBIDDEN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start_with(4, 0, 0);
		assert_int_equal(core_service_manager(&t.c, born_as(rows[i].uid), rows[i].node),
				 rows[i].result);
	}
}

static void there_is_one_service_manager_until_it_dies(void **state)
{
	struct pt_proc *a = born_as(0), *b = born_as(0);

	(void)state;
	assert_int_equal(core_service_manager(&t.c, a, 0), CORE_OK);
	assert_int_equal(core_service_manager(&t.c, a, 0), CORE_OK);
	assert_int_equal(core_service_manager(&t.c, b, 0), CORE_BUSY);
	dies(a, 0);
	assert_int_equal(core_service_manager(&t.c, b, 0), CORE_OK);
}

static void only_the_service_manager_forks_services(void **state)
{
	struct pt_proc *manager = born_as(0), *other = born_as(0), *own;

	(void)state;
	assert_int_equal(core_may_srv_fork(&t.c, manager, 5, 5), CORE_FORBIDDEN);
	core_service_manager(&t.c, manager, 0);
	assert_int_equal(core_may_srv_fork(&t.c, manager, 5, 5), CORE_OK);
	assert_int_equal(core_may_srv_fork(&t.c, other, 5, 5), CORE_FORBIDDEN);
	dies(manager, 0);

	own = born_as(1000);
	core_service_manager(&t.c, own, 1000);
	assert_int_equal(core_may_srv_fork(&t.c, own, 1000, 1000), CORE_OK);
	assert_int_equal(core_may_srv_fork(&t.c, own, 1001, 1000), CORE_FORBIDDEN);
	assert_int_equal(core_may_srv_fork(&t.c, own, 1000, 0), CORE_FORBIDDEN);
}

static void ordinary_fork_of_a_service_makes_an_ordinary_process(void **state)
{
	struct pt_proc *manager = born_as(0), *service, *child;

	(void)state;
	core_service_manager(&t.c, manager, 0);
	service = born(manager, FLAG_SERVICE);
	assert_true(service->flags & FLAG_SERVICE);
	child = born(service, FLAG_FORKED);
	assert_false(child->flags & FLAG_SERVICE);
	assert_int_equal(core_may_srv_fork(&t.c, service, 1000, 1000), CORE_FORBIDDEN);
	assert_int_equal(core_may_srv_fork(&t.c, child, 1000, 1000), CORE_FORBIDDEN);
	child = born(manager, FLAG_FORKED);
	assert_int_equal(core_may_srv_fork(&t.c, child, 1000, 1000), CORE_FORBIDDEN);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(service_manager_is_root_or_the_nodes_user),
		cmocka_unit_test_setup(there_is_one_service_manager_until_it_dies, start),
		cmocka_unit_test_setup(only_the_service_manager_forks_services, start),
		cmocka_unit_test_setup(ordinary_fork_of_a_service_makes_an_ordinary_process, start),
	};

	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
