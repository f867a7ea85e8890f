// SPDX-License-Identifier: Apache-2.0
/* Functions for descriptors, with an ionotify() that only remembers. */
#include <errno.h>
#include <stdbool.h>

#include "dispatch/dispatch.h"
#include "dispatch/fixture.h"

static int armed_fd, armed_action, armed_times, ready;
static unsigned armed_for;
static struct sigevent armed_event;

int ionotify(int fd, int action, int flags, const struct sigevent *event)
{
	if (fd == 99) {
		errno = EBADF;
		return -1;
	}
	armed_fd = fd;
	armed_action = action;
	armed_for = (unsigned)flags;
	armed_event = *event;
	armed_times++;
	return ready;
}

static int got_fd, got_times, dead_coid;
static unsigned got_flags;

static int on_ready(select_context_t *ctp, int fd, unsigned flags, void *handle)
{
	got_fd = fd;
	got_flags = flags;
	got_times++;
	assert_int_equal(ctp->fd, fd);
	assert_ptr_equal(handle, &got_fd);
	return 0;
}

static int on_death(select_context_t *ctp, int fd, unsigned flags, void *handle)
{
	(void)ctp;
	(void)handle;
	assert_int_equal(flags, SELECT_FLAG_SRVEXCEPT);
	dead_coid = fd;
	return 0;
}

static void pulse_of(int fd, unsigned conditions)
{
	(void)fake_send_pulse(f.ctp, 1, DISPATCH_PULSE_SELECT, (int)conditions | fd);
}

static void a_ready_descriptor_has_its_function_called_and_is_armed_again(void **state)
{
	int fd;
	unsigned flags;
	void *handle;

	(void)state;
	fixture_begin(S_IFCHR | 0666, 0);
	armed_times = got_times = ready = 0;
	assert_int_equal(select_attach(f.dpp, NULL, 7, SELECT_FLAG_READ, on_ready, &got_fd), 0);
	assert_int_equal(armed_fd, 7);
	assert_int_equal(armed_action, _NOTIFY_ACTION_POLLARM);
	assert_int_equal(armed_for, _NOTIFY_COND_INPUT);
	assert_int_equal(SIGEV_GET_TYPE(&armed_event), SIGEV_PULSE);
	assert_true(armed_event.sigev_notify & SIGEV_FLAG_UPDATEABLE);
	pulse_of(7, _NOTIFY_COND_INPUT);
	assert_int_equal(got_fd, 7);
	assert_int_equal(got_flags, SELECT_FLAG_READ);
	assert_int_equal(armed_times, 2);
	assert_int_equal(select_query(&f.ctp->select_context, &fd, &flags, NULL, &handle), 0);
	assert_int_equal(fd, 7);
	assert_ptr_equal(handle, &got_fd);
	/* One that is not attached any more is nobody's. */
	assert_int_equal(select_detach(f.dpp, 7), 0);
	pulse_of(7, _NOTIFY_COND_INPUT);
	assert_int_equal(got_times, 1);
	assert_int_equal(select_detach(f.dpp, 7), -1);
	assert_int_equal(errno, EINVAL);
	fixture_end();
}

static void norearm_is_once(void **state)
{
	(void)state;
	fixture_begin(S_IFCHR | 0666, 0);
	armed_times = got_times = ready = 0;
	assert_int_equal(select_attach(f.dpp, NULL, 7,
				       SELECT_FLAG_WRITE | SELECT_FLAG_REARM | SELECT_FLAG_NOREARM,
				       on_ready, &got_fd),
			 0);
	pulse_of(7, _NOTIFY_COND_OUTPUT);
	assert_int_equal(armed_times, 1);
	assert_ptr_equal(select_rearm(f.ctp, 7), f.ctp);
	assert_int_equal(armed_times, 2);
	assert_null(select_rearm(f.ctp, 8));
	fixture_end();
}

static void what_cannot_be_armed_is_not_attached(void **state)
{
	(void)state;
	fixture_begin(S_IFCHR | 0666, 0);
	assert_int_equal(select_attach(f.dpp, NULL, 99, SELECT_FLAG_READ, on_ready, NULL), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(select_detach(f.dpp, 99), -1);
	assert_int_equal(select_attach(f.dpp, NULL, -1, SELECT_FLAG_READ, on_ready, NULL), -1);
	assert_int_equal(errno, EINVAL);
	fixture_end();
}

static void the_death_of_a_server_has_a_function(void **state)
{
	(void)state;
	fixture_begin(S_IFCHR | 0666, 0);
	assert_int_equal(select_attach(f.dpp, NULL, 0, SELECT_FLAG_SRVEXCEPT, on_death, NULL), 0);
	(void)fake_send_pulse(f.ctp, 1, _PULSE_CODE_COIDDEATH, 12);
	assert_int_equal(dead_coid, 12);
	fixture_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ready_descriptor_has_its_function_called_and_is_armed_again),
		cmocka_unit_test(norearm_is_once),
		cmocka_unit_test(what_cannot_be_armed_is_not_attached),
		cmocka_unit_test(the_death_of_a_server_has_a_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
