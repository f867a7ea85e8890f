// SPDX-License-Identifier: Apache-2.0
/* Who gets which message and pulse. */
#include <errno.h>

#include "dispatch/fixture.h"

static int got_code, got_flags;
static void *got_handle;

static int answers(message_context_t *ctp, int code, unsigned flags, void *handle)
{
	got_code = code;
	got_flags = (int)flags;
	got_handle = handle;
	return ctp->rcvid > 0 ? MsgReply_r(ctp->rcvid, 7, NULL, 0) : 0;
}

static long send_type(int type)
{
	const uint16_t message[8] = {(uint16_t)type};

	got_code = -1;
	return send_raw(1, 3, message, sizeof(message));
}

static void message_ranges_are_above_the_systems(void **state)
{
	int handle;

	(void)state;
	fixture_begin(S_IFCHR | 0666, 0);
	assert_int_equal(message_attach(f.dpp, NULL, 0x200, 0x2ff, answers, &handle), 0);
	assert_int_equal(message_attach(f.dpp, NULL, 0x1ff, 0x1ff, answers, NULL), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(message_attach(f.dpp, NULL, 0x2ff, 0x400, answers, NULL), -1);
	assert_int_equal(message_attach(f.dpp, NULL, 0x400, 0x300, answers, NULL), -1);
	assert_int_equal(message_attach(f.dpp, NULL, 0x300, 0x10000, answers, NULL), -1);
	assert_int_equal(send_type(0x200), STATUS(7));
	assert_int_equal(got_code, 0x200);
	assert_ptr_equal(got_handle, &handle);
	assert_int_equal(send_type(0x2ff), STATUS(7));
	assert_int_equal(send_type(0x300), ENOSYS);
	assert_int_equal(message_detach(f.dpp, 0x200, 0x2fe, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(message_detach(f.dpp, 0x200, 0x2ff, 0), 0);
	assert_int_equal(send_type(0x200), ENOSYS);
	fixture_end();
}

static void the_default_function_gets_the_rest(void **state)
{
	message_attr_t attr = {.flags = MSG_FLAG_DEFAULT_FUNC};

	(void)state;
	fixture_begin(S_IFCHR | 0666, 0);
	assert_int_equal(message_attach(f.dpp, &attr, 0, 0, answers, NULL), 0);
	assert_int_equal(send_type(0x4711), STATUS(7));
	assert_int_equal(got_flags, MSG_FLAG_DEFAULT_FUNC);
	/* A message that looks like a pulse is a message all the same. */
	assert_int_equal(send_type(0), STATUS(7));
	/* Resource managers' messages are theirs. */
	assert_int_equal(send_type(_IO_STAT), EBADF);
	fixture_end();
}

static void larger_messages_after_a_context_are_einval(void **state)
{
	resmgr_attr_t attr = {.msg_max_size = 1 << 20};
	message_attr_t message_attr = {.nparts_max = 1000};

	(void)state;
	fixture_begin(S_IFCHR | 0666, 0);
	assert_int_equal(resmgr_attach(f.dpp, &attr, NULL, _FTYPE_ANY, 0, &f.connect, &f.io, NULL),
			 -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(message_attach(f.dpp, &message_attr, 0x200, 0x200, answers, NULL), -1);
	assert_int_equal(errno, EINVAL);
	fixture_end();
}

static void a_context_needs_something_attached(void **state)
{
	resmgr_attr_t attr = {.msg_max_size = 100000, .nparts_max = 50};
	dispatch_t *dpp = dispatch_create();
	dispatch_context_t *ctp;

	(void)state;
	assert_null(dispatch_context_alloc(dpp));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(message_connect(dpp, MSG_FLAG_SIDE_CHANNEL), -1);
	assert_int_equal(errno, EINVAL);
	/* A NULL path makes the channel. */
	assert_int_not_equal(resmgr_attach(dpp, &attr, NULL, _FTYPE_ANY, 0, NULL, NULL, NULL), -1);
	ctp = dispatch_context_alloc(dpp);
	assert_non_null(ctp);
	assert_int_equal(ctp->resmgr_context.msg_max_size, 100000);
	assert_true(message_connect(dpp, MSG_FLAG_SIDE_CHANNEL) >= 0);
	dispatch_context_free(ctp);
	assert_int_equal(dispatch_destroy(dpp), 0);
	assert_int_equal(dispatch_destroy(NULL), -1);
	assert_int_equal(errno, EINVAL);
}

static void allocated_pulse_codes_are_distinct(void **state)
{
	char seen[128] = {0};

	(void)state;
	fixture_begin(S_IFCHR | 0666, 0);
	assert_int_equal(pulse_attach(f.dpp, 0, 5, answers, NULL), 5);
	seen[5] = 1;
	for (int i = 0; i < 127; i++) {
		const int code = pulse_attach(f.dpp, MSG_FLAG_ALLOC_PULSE, 0, answers, NULL);

		assert_in_range(code, 0, 127);
		assert_int_equal(seen[code]++, 0);
	}
	assert_int_equal(pulse_attach(f.dpp, MSG_FLAG_ALLOC_PULSE, 0, answers, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(pulse_attach(f.dpp, 0, 5, answers, NULL), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(pulse_detach(f.dpp, 5, 0), 0);
	assert_int_equal(pulse_attach(f.dpp, 0, (int)_RESMGR_PULSE_ALLOC, answers, NULL), 5);
	/* The library's own would never come. */
	for (int code = -66; code <= -64; code++)
		assert_int_equal(pulse_attach(f.dpp, 0, code, answers, NULL), -1);
	fixture_end();
}

static void pulses_go_to_their_functions(void **state)
{
	int handle;

	(void)state;
	fixture_begin(S_IFCHR | 0666, 0);
	got_code = -1;
	assert_int_equal(pulse_attach(f.dpp, 0, 9, answers, &handle), 9);
	assert_int_equal(fake_send_pulse(f.ctp, 1, 9, 1234), 0);
	assert_int_equal(got_code, 9);
	assert_ptr_equal(got_handle, &handle);
	assert_int_equal(f.ctp->message_context.msg->pulse.value.sival_int, 1234);
	assert_int_equal(pulse_detach(f.dpp, 9, 0), 0);
	assert_int_equal(pulse_detach(f.dpp, 9, 0), -1);
	assert_int_equal(fake_send_pulse(f.ctp, 1, 9, 1234), 0);
	assert_int_equal(fake_send_pulse(f.ctp, 1, _PULSE_CODE_THREADDEATH, 1), -1);
	fixture_end();
}

static void who_attaches_disconnect_detaches_the_client_itself(void **state)
{
	(void)state;
	fixture_begin(S_IFCHR | 0666, 0);
	assert_int_equal(fake_send_pulse(f.ctp, 4, _PULSE_CODE_DISCONNECT, 0), 0);
	assert_int_equal(fake_detached, 4);
	fake_detached = 0;
	assert_int_equal(pulse_attach(f.dpp, 0, _PULSE_CODE_DISCONNECT, answers, NULL),
			 _PULSE_CODE_DISCONNECT);
	assert_int_equal(fake_send_pulse(f.ctp, 5, _PULSE_CODE_DISCONNECT, 0), 0);
	assert_int_equal(got_code, _PULSE_CODE_DISCONNECT);
	assert_int_equal(fake_detached, 0);
	fixture_end();
}

static void sigwait_attach_is_not_there(void **state)
{
	(void)state;
	fixture_begin(S_IFCHR | 0666, 0);
	assert_int_equal(sigwait_detach(f.dpp, 1), -1);
	assert_int_equal(sigwait_attach(f.dpp, NULL, 1, NULL, NULL), -1);
	assert_int_equal(errno, ENOSYS);
	fixture_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_ranges_are_above_the_systems),
		cmocka_unit_test(the_default_function_gets_the_rest),
		cmocka_unit_test(larger_messages_after_a_context_are_einval),
		cmocka_unit_test(a_context_needs_something_attached),
		cmocka_unit_test(allocated_pulse_codes_are_distinct),
		cmocka_unit_test(pulses_go_to_their_functions),
		cmocka_unit_test(who_attaches_disconnect_detaches_the_client_itself),
		cmocka_unit_test(sigwait_attach_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
