// SPDX-License-Identifier: Apache-2.0
/* Opens, closes, combine messages, return values, unblocking: by raw messages. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

/* First: it says what an OCB is. */
#include "dispatch/fixture.h"

#include "dispatch/dispatch.h"
#include "message/share.h"

/* What was called, a letter each. */
static char trace[64];

static void traced(char what)
{
	const size_t length = strlen(trace);

	if (length + 1 < sizeof(trace))
		trace[length] = what;
}

static struct _msg_info closed_by;
static int closed_rcvid;

static int my_close_dup(resmgr_context_t *ctp, io_close_t *msg, iofunc_ocb_t *ocb)
{
	traced('d');
	closed_by = ctp->info;
	closed_rcvid = ctp->rcvid;
	return iofunc_close_dup_default(ctp, msg, ocb);
}

static int my_close_ocb(resmgr_context_t *ctp, void *reserved, iofunc_ocb_t *ocb)
{
	traced('c');
	assert_int_equal(ctp->rcvid, 0);
	return iofunc_close_ocb_default(ctp, reserved, ocb);
}

static void my_free(iofunc_ocb_t *ocb)
{
	traced('f');
	free(ocb);
}

static iofunc_ocb_t *my_calloc(resmgr_context_t *ctp, iofunc_attr_t *attr)
{
	(void)ctp;
	(void)attr;
	traced('a');
	return calloc(1, sizeof(iofunc_ocb_t));
}

static int my_lock(resmgr_context_t *ctp, void *reserved, iofunc_ocb_t *ocb)
{
	traced('l');
	return iofunc_lock_ocb_default(ctp, reserved, ocb);
}

static int my_unlock(resmgr_context_t *ctp, void *reserved, iofunc_ocb_t *ocb)
{
	traced('u');
	return iofunc_unlock_ocb_default(ctp, reserved, ocb);
}

static int my_open(resmgr_context_t *ctp, io_open_t *msg, iofunc_attr_t *attr, void *extra)
{
	traced('o');
	return iofunc_open_default(ctp, msg, attr, extra);
}

static int my_stat(resmgr_context_t *ctp, io_stat_t *msg, iofunc_ocb_t *ocb)
{
	traced('s');
	return iofunc_stat_default(ctp, msg, ocb);
}

static iofunc_funcs_t funcs = {_IOFUNC_NFUNCS, my_calloc, my_free, NULL, NULL, NULL};
static iofunc_mount_t mount = {0, 0, 0, 0, &funcs, NULL, 0, 0, 0, {0}};

static void begin(void)
{
	fixture_begin(S_IFNAM | 0666, 0);
	f.connect.open = my_open;
	f.io.close_dup = my_close_dup;
	f.io.close_ocb = my_close_ocb;
	f.io.lock_ocb = my_lock;
	f.io.unlock_ocb = my_unlock;
	f.io.stat = my_stat;
	f.attr.mount = &mount;
	memset(trace, 0, sizeof(trace));
}

static void open_dup_dup_and_three_closes(void **state)
{
	(void)state;
	begin();
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(send_dup(1, 4, 0, 3), OK);
	assert_int_equal(send_dup(1, 5, 1, 4), OK);
	assert_int_equal(f.attr.count, 1);
	assert_int_equal(send_close(1, 3), OK);
	assert_int_equal(send_close(1, 3), EBADF);
	assert_int_equal(send_close(1, 5), OK);
	assert_string_equal(trace, "oadd");
	assert_int_equal(send_close(1, 4), OK);
	assert_string_equal(trace, "oadddcf");
	assert_int_equal(f.attr.count, 0);
	fixture_end();
}

static struct _msg_info dup_by, dup_from;
static int dup_status;

static int my_dup(resmgr_context_t *ctp, io_dup_t *msg, iofunc_ocb_t *ocb)
{
	(void)ocb;
	traced('D');
	assert_int_equal(ctp->rcvid, 0);
	dup_by = ctp->info;
	dup_from.scoid = msg->i.info.scoid;
	dup_from.coid = msg->i.info.coid;
	dup_from.pid = msg->i.info.pid;
	_RESMGR_STATUS(ctp, 77);
	return dup_status;
}

/* Client 2, the child of client 1, which has descriptor 3. */
static void begin_inherited(int status)
{
	const struct link_key from = {1, 3, 1001}, to = {2, 3, 1002};

	begin();
	f.io.dup = my_dup;
	dup_status = status;
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_true(binding_rules.duplicate(&f.dpp->bindings, from, to));
	memset(trace, 0, sizeof(trace));
}

static void an_inherited_descriptor_has_its_dup_before_all_else(void **state)
{
	(void)state;
	begin_inherited(_RESMGR_DEFAULT);
	assert_int_equal(send_read(2, 3, 1), STATUS(0));
	assert_int_equal(trace[0], 'D');
	assert_int_equal(dup_by.scoid, 2);
	assert_int_equal(dup_by.coid, 3);
	assert_int_equal(dup_by.pid, 1002);
	assert_int_equal(dup_from.scoid, 1);
	assert_int_equal(dup_from.coid, 3);
	assert_int_equal(dup_from.pid, 1001);
	/* The pulse comes later, and once is enough. */
	memset(trace, 0, sizeof(trace));
	assert_int_equal(fake_send_pulse(f.ctp, 2, DISPATCH_PULSE_DUP, 3), 0);
	assert_int_equal(send_read(2, 3, 1), STATUS(0));
	assert_null(strchr(trace, 'D'));
	assert_int_equal(send_close(1, 3), OK);
	assert_int_equal(send_close(2, 3), OK);
	assert_int_equal(f.attr.count, 0);
	fixture_end();
}

static void a_pulse_tells_of_an_inherited_descriptor(void **state)
{
	(void)state;
	begin_inherited(EOK);
	/* Nobody's, and somebody's who has it told already. */
	assert_int_equal(fake_send_pulse(f.ctp, 5, DISPATCH_PULSE_DUP, 3), 0);
	assert_int_equal(fake_send_pulse(f.ctp, 1, DISPATCH_PULSE_DUP, 3), 0);
	assert_string_equal(trace, "");
	assert_int_equal(fake_send_pulse(f.ctp, 2, DISPATCH_PULSE_DUP, 3), 0);
	assert_int_equal(fake_send_pulse(f.ctp, 2, DISPATCH_PULSE_DUP, 3), 0);
	assert_string_equal(trace, "D");
	assert_int_equal(send_close(1, 3), OK);
	assert_int_equal(send_close(2, 3), OK);
	assert_string_equal(trace, "Dddcf");
	fixture_end();
}

static void an_heir_that_dies_at_once_has_dup_and_close_dup(void **state)
{
	(void)state;
	begin_inherited(_RESMGR_DEFAULT);
	assert_int_equal(send_close(1, 3), OK);
	assert_int_equal(fake_send_pulse(f.ctp, 2, _PULSE_CODE_DISCONNECT, 0), 0);
	assert_string_equal(trace, "dDdcf");
	assert_int_equal(closed_by.pid, 1002);
	fixture_end();
}

/* It has gone on as a link's before anybody was told. */
static void a_link_that_ends_untold_has_dup_and_close_dup(void **state)
{
	const struct link_key heir = {2, 3, 1002};

	(void)state;
	begin_inherited(_RESMGR_DEFAULT);
	assert_true(binding_rules.part(&f.dpp->bindings, heir, 4711, false));
	assert_int_equal(fake_send_pulse(f.ctp, 0, DISPATCH_PULSE_LINK, 4711), 0);
	assert_string_equal(trace, "Dd");
	assert_int_equal(dup_by.scoid, 2);
	assert_int_equal(dup_by.coid, 3);
	assert_int_equal(f.dpp->bindings.untold, 0);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void a_refused_heir_has_nothing_open(void **state)
{
	(void)state;
	begin_inherited(EPERM);
	assert_int_equal(send_read(2, 3, 1), EBADF);
	assert_int_equal(send_close(2, 3), EBADF);
	assert_string_equal(trace, "D");
	assert_int_equal(send_close(1, 3), OK);
	assert_int_equal(f.attr.count, 0);
	fixture_end();
	begin_inherited(EPERM);
	assert_int_equal(send_close(1, 3), OK);
	assert_int_equal(fake_send_pulse(f.ctp, 2, _PULSE_CODE_DISCONNECT, 0), 0);
	assert_string_equal(trace, "dDcf");
	assert_int_equal(f.dpp->bindings.untold, 0);
	fixture_end();
}

static void without_a_dup_handler_nobody_is_told(void **state)
{
	const struct link_key from = {1, 3, 1001}, to = {2, 3, 1002}, none = {4, 9, 1004};

	(void)state;
	begin();
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_false(binding_rules.duplicate(&f.dpp->bindings, from, to));
	assert_false(binding_rules.duplicate(&f.dpp->bindings, none, to));
	assert_int_equal(f.dpp->bindings.untold, 0);
	assert_int_equal(send_read(2, 3, 1), STATUS(0));
	assert_int_equal(fake_send_pulse(f.ctp, 2, _PULSE_CODE_DISCONNECT, 0), 0);
	assert_int_equal(closed_by.pid, 1002);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void a_dead_clients_descriptors_are_closed_and_its_id_given_back(void **state)
{
	(void)state;
	begin();
	fake_client(1, 500, 500);
	fake_client(2, 500, 500);
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(send_open(1, 7, O_RDONLY), OK);
	assert_int_equal(send_dup(2, 3, 1, 3), OK);
	memset(trace, 0, sizeof(trace));
	assert_int_equal(fake_send_pulse(f.ctp, 1, _PULSE_CODE_DISCONNECT, 0), 0);
	/* One of its opens lives on with the other client. */
	assert_int_equal(fake_detached, 1);
	assert_int_equal(f.attr.count, 1);
	assert_int_equal(closed_by.scoid, 1);
	assert_int_equal(closed_by.pid, 1001);
	assert_int_equal(closed_rcvid, 0);
	assert_int_equal(strlen(trace), 4);
	assert_int_equal(send_read(2, 3, 1), STATUS(0));
	assert_int_equal(fake_send_pulse(f.ctp, 2, _PULSE_CODE_DISCONNECT, 0), 0);
	assert_int_equal(f.attr.count, 0);
	fixture_end();
}

static void dup_of_another_users_descriptor_is_eperm(void **state)
{
	(void)state;
	begin();
	fake_client(1, 500, 500);
	fake_client(2, 501, 500);
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(send_dup(2, 3, 1, 3), EPERM);
	assert_int_equal(send_read(2, 3, 1), EBADF);
	assert_int_equal(send_dup(1, 4, 0, 9), EBADF);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void an_open_over_a_key_that_was_left_closes_it(void **state)
{
	(void)state;
	begin();
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	memset(trace, 0, sizeof(trace));
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_string_equal(trace, "dcfoa");
	assert_int_equal(f.attr.count, 1);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static int fails_after_all(resmgr_context_t *ctp, io_open_t *msg, iofunc_attr_t *attr, void *extra)
{
	assert_int_equal(iofunc_open_default(ctp, msg, attr, extra), EOK);
	return ENXIO;
}

static void an_open_that_fails_after_all_leaves_nothing(void **state)
{
	(void)state;
	begin();
	f.connect.open = fails_after_all;
	assert_int_equal(send_open(1, 3, O_RDWR), ENXIO);
	assert_int_equal(f.attr.count, 0);
	assert_int_equal(send_read(1, 3, 1), EBADF);
	fixture_end();
}

static void an_open_whose_client_is_gone_leaves_nothing(void **state)
{
	(void)state;
	begin();
	fake_gone(1);
	assert_int_equal(send_open(1, 3, O_RDWR), NO_ANSWER);
	assert_int_equal(f.attr.count, 0);
	fixture_end();
}

/* ---- Combine messages ---- */

static size_t stat_by_path(struct connect_buffer *buffer, int subtype)
{
	const struct _io_stat stat = {.type = _IO_STAT, .combine_len = sizeof(stat)};
	size_t at = connect_fill(buffer, subtype, "", O_RDONLY);

	at = (at + 7) & ~(size_t)7;
	memcpy((char *)buffer + at, &stat, sizeof(stat));
	return at + sizeof(stat);
}

static void stat_by_path_opens_and_closes(void **state)
{
	struct connect_buffer buffer;
	struct stat stat;
	const size_t size = stat_by_path(&buffer, _IO_CONNECT_COMBINE_CLOSE);

	(void)state;
	begin();
	f.attr.nbytes = 77;
	assert_int_equal(send_raw(1, 3, &buffer, size), STATUS(_STAT_FORM_SYS_2008));
	assert_string_equal(trace, "oalsucf");
	assert_int_equal(f.attr.count, 0);
	assert_int_equal(fake_answer.size, sizeof(stat));
	memcpy(&stat, fake_answer.data, sizeof(stat));
	assert_int_equal(stat.st_size, 77);
	assert_int_equal(stat.st_mode, S_IFNAM | 0666);
	fixture_end();
}

static void a_combined_open_without_close_stays_open(void **state)
{
	struct connect_buffer buffer;
	const size_t size = stat_by_path(&buffer, _IO_CONNECT_COMBINE);

	(void)state;
	begin();
	assert_int_equal(send_raw(1, 3, &buffer, size), STATUS(_STAT_FORM_SYS_2008));
	assert_int_equal(f.attr.count, 1);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static int fails(resmgr_context_t *ctp, io_stat_t *msg, iofunc_ocb_t *ocb)
{
	(void)ctp;
	(void)msg;
	(void)ocb;
	return EIO;
}

static void a_combined_message_that_fails_closes_too(void **state)
{
	struct connect_buffer buffer;
	const size_t size = stat_by_path(&buffer, _IO_CONNECT_COMBINE_CLOSE);

	(void)state;
	begin();
	f.io.stat = fails;
	assert_int_equal(send_raw(1, 3, &buffer, size), EIO);
	assert_int_equal(f.attr.count, 0);
	fixture_end();
}

static off_t read_at;

static int my_read(resmgr_context_t *ctp, io_read_t *msg, iofunc_ocb_t *ocb)
{
	int status = iofunc_read_verify(ctp, msg, ocb, NULL);

	if (status != EOK)
		return status;
	read_at = ocb->offset;
	assert_int_equal(ctp->offset, sizeof(struct _io_lseek));
	_IO_SET_READ_NBYTES(ctp, 4);
	return _RESMGR_PTR(ctp, "data", 4);
}

static void readblock_gives_the_data_of_the_last_part_only(void **state)
{
	const struct {
		struct _io_lseek lseek;
		struct _io_read read;
	} message = {
		{_IO_LSEEK, sizeof(struct _io_lseek) | _IO_COMBINE_FLAG, SEEK_SET, 0, 1024},
		{.type = _IO_READ, .combine_len = sizeof(struct _io_read), .nbytes = 4},
	};

	(void)state;
	begin();
	f.io.read = my_read;
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	memset(trace, 0, sizeof(trace));
	assert_int_equal(send_raw(1, 3, &message, sizeof(message)), STATUS(4));
	assert_int_equal(read_at, 1024);
	assert_int_equal(fake_answer.size, 4);
	assert_string_equal(trace, "lu");
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

/* ---- Return values ---- */

static int to_return;
static char first[] = "one", second[] = "two";

static int returns(resmgr_context_t *ctp, io_read_t *msg, iofunc_ocb_t *ocb)
{
	(void)msg;
	(void)ocb;
	assert_int_equal(ctp->status, 0);
	_RESMGR_STATUS(ctp, 42);
	SETIOV(&ctp->iov[0], first, 3);
	SETIOV(&ctp->iov[1], second, 3);
	return to_return;
}

static void handlers_return_values_become_answers(void **state)
{
	static const struct {
		int returned;
		long answer;
		size_t size;
	} rows[] = {
		{EOK, STATUS(42), 0},
		{_RESMGR_NPARTS(0), STATUS(42), 0},
		{_RESMGR_NPARTS(1), STATUS(42), 3},
		{_RESMGR_NPARTS(2), STATUS(42), 6},
		{ENXIO, ENXIO, 0},
		{_RESMGR_ERRNO(EPERM), EPERM, 0},
		{_RESMGR_NOREPLY, NO_ANSWER, 0},
		{_RESMGR_DEFAULT, ENOSYS, 0},
		/* nonsense */
		{_RESMGR_NPARTS(1000), EIO, 0},
		{INT_MAX, EIO, 0},
		{-123456, EIO, 0},
	};

	(void)state;
	begin();
	f.io.read = returns;
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		to_return = rows[i].returned;
		assert_int_equal(send_read(1, 3, 6), rows[i].answer);
		if (rows[i].answer < 0 && rows[i].answer != NO_ANSWER)
			assert_int_equal(fake_answer.size, rows[i].size);
	}
	f.io.read = NULL;
	assert_int_equal(send_read(1, 3, 6), ENOSYS);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void wide_messages_go_to_the_narrow_handlers(void **state)
{
	const struct _io_read64 read = {.type = _IO_READ64, .nbytes = 1, .nbytes_hi = 2};

	(void)state;
	begin();
	f.io.read = returns;
	to_return = EOK;
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(send_raw(1, 3, &read, sizeof(read)), STATUS(42));
	assert_int_equal(_IO_READ_GET_NBYTES((const io_read_t *)&read), UINT64_C(0x200000001));
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static int other(resmgr_context_t *ctp, void *msg)
{
	assert_int_equal(((struct _io_msg *)msg)->mgrid, 0xf001);
	assert_int_equal(f.attr.lock_count, 0);
	_RESMGR_STATUS(ctp, 5);
	return EOK;
}

static void other_func_gets_what_nothing_else_handles(void **state)
{
	const struct _io_msg message = {_IO_MSG, sizeof(message), 0xf001, 0};
	resmgr_attr_t attr = {.flags = RESMGR_FLAG_ATTACH_OTHERFUNC, .other_func = other};
	int id;

	(void)state;
	begin();
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(send_raw(1, 3, &message, sizeof(message)), ENOSYS);
	assert_int_equal(send_close(1, 3), OK);
	id = resmgr_attach(f.dpp, &attr, NULL, _FTYPE_ANY, 0, &f.connect, &f.io, &f.attr);
	assert_true(id > 0);
	f.id = id;
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(send_raw(1, 3, &message, sizeof(message)), STATUS(5));
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

/* ---- Leaving early ---- */

static int unblocked;

static int my_unblock(resmgr_context_t *ctp, io_pulse_t *msg, iofunc_ocb_t *ocb)
{
	int status = iofunc_unblock_default(ctp, msg, ocb);

	if (status != _RESMGR_DEFAULT)
		return status;
	assert_int_equal(msg->code, _PULSE_CODE_UNBLOCK);
	unblocked = ctp->rcvid;
	return EINTR;
}

static void unblock_is_for_the_open_file_of_the_request(void **state)
{
	const struct _msg_info info = {.scoid = 1, .coid = 3, .pid = 1001};

	(void)state;
	begin();
	f.io.unblock = my_unblock;
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	/* A pulse about a request that has its answer is nothing. */
	fake_answer.count = 0;
	assert_int_equal(fake_send_pulse(f.ctp, 1, _PULSE_CODE_UNBLOCK, 9), 0);
	assert_int_equal(fake_answer.count, 0);
	fake_wants_to_leave(9, &info);
	assert_int_equal(fake_send_pulse(f.ctp, 1, _PULSE_CODE_UNBLOCK, 9), 0);
	assert_int_equal(unblocked, 9);
	assert_int_equal(fake_answer.count, 1);
	assert_int_equal(fake_answer.rcvid, 9);
	assert_int_equal(fake_answer.error, EINTR);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static int connect_unblocked;

static int my_connect_unblock(resmgr_context_t *ctp, io_pulse_t *msg, iofunc_attr_t *attr,
			      void *reserved)
{
	(void)msg;
	(void)reserved;
	assert_ptr_equal(attr, &f.attr);
	connect_unblocked = ctp->rcvid;
	return EINTR;
}

static int parks(resmgr_context_t *ctp, io_open_t *msg, iofunc_attr_t *attr, void *extra)
{
	(void)ctp;
	(void)msg;
	(void)attr;
	(void)extra;
	return _RESMGR_NOREPLY;
}

static void unblock_of_an_open_goes_to_the_connect_functions(void **state)
{
	const struct _msg_info info = {.scoid = 1, .coid = 3, .pid = 1001};
	struct connect_buffer buffer;
	const size_t size = connect_fill(&buffer, _IO_CONNECT_OPEN, "", O_RDWR);

	(void)state;
	begin();
	f.connect.open = parks;
	f.connect.unblock = my_connect_unblock;
	assert_int_equal(send_raw(1, 3, &buffer, size), NO_ANSWER);
	fake_wants_to_leave(1, &info);
	assert_int_equal(fake_send_pulse(f.ctp, 1, _PULSE_CODE_UNBLOCK, 1), 0);
	assert_int_equal(connect_unblocked, 1);
	assert_int_equal(fake_answer.error, EINTR);
	fixture_end();
}

/* ---- Detaching ---- */

static void detach_makes_open_files_bad(void **state)
{
	(void)state;
	begin();
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	memset(trace, 0, sizeof(trace));
	assert_int_equal(resmgr_detach(f.dpp, f.id, _RESMGR_DETACH_ALL), 0);
	assert_int_equal(send_read(1, 3, 1), EBADF);
	assert_int_equal(send_open(1, 4, O_RDWR), ENOENT);
	assert_int_equal(send_close(1, 3), OK);
	assert_string_equal(trace, "");
	assert_int_equal(resmgr_detach(f.dpp, f.id, 0), -1);
	assert_int_equal(errno, EINVAL);
	fixture_end();
}

static void detach_of_the_pathname_leaves_open_files(void **state)
{
	(void)state;
	begin();
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(resmgr_detach(f.dpp, f.id, _RESMGR_DETACH_PATHNAME), 0);
	assert_int_equal(send_read(1, 3, 1), STATUS(0));
	assert_int_equal(send_open(1, 4, O_RDWR), ENOENT);
	assert_int_equal(send_close(1, 3), OK);
	assert_int_equal(f.attr.count, 0);
	fixture_end();
}

static void detach_with_close_runs_the_close_handlers(void **state)
{
	(void)state;
	begin();
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(send_dup(1, 4, 1, 3), OK);
	memset(trace, 0, sizeof(trace));
	assert_int_equal(resmgr_detach(f.dpp, f.id, _RESMGR_DETACH_CLOSE), 0);
	assert_string_equal(trace, "ddcf");
	assert_int_equal(send_read(1, 3, 1), EBADF);
	fixture_end();
}

static int detaches(resmgr_context_t *ctp, io_open_t *msg, iofunc_attr_t *attr, void *extra)
{
	(void)msg;
	(void)attr;
	(void)extra;
	assert_int_equal(resmgr_detach(ctp->dpp, ctp->id, 0), 0);
	return ENOENT;
}

static void detach_in_a_connect_function_does_not_wait_for_itself(void **state)
{
	(void)state;
	begin();
	f.connect.open = detaches;
	assert_int_equal(send_open(1, 3, O_RDWR), ENOENT);
	fixture_end();
}

/* ---- Answers that the handler gives itself ---- */

static int park_next, parked_rcvid;

static int replies_itself(resmgr_context_t *ctp, io_read_t *msg, iofunc_ocb_t *ocb)
{
	(void)msg;
	(void)ocb;
	if (park_next) {
		park_next = 0;
		parked_rcvid = ctp->rcvid;
		return _RESMGR_NOREPLY;
	}
	_IO_SET_READ_NBYTES(ctp, 3);
	assert_int_equal(resmgr_msgreply(ctp, first, 3), 0);
	return _RESMGR_NOREPLY;
}

static void msgreply_says_the_contexts_status(void **state)
{
	(void)state;
	begin();
	f.io.read = replies_itself;
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(send_read(1, 3, 6), STATUS(3));
	assert_int_equal(fake_answer.size, 3);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void a_parked_request_can_be_handled_again(void **state)
{
	const struct _io_read read = {.type = _IO_READ, .nbytes = 6};
	const struct _msg_info info = {.scoid = 1, .coid = 3, .pid = 1001};

	(void)state;
	begin();
	f.io.read = replies_itself;
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	park_next = 1;
	assert_int_equal(send_raw(1, 3, &read, sizeof(read)), NO_ANSWER);
	assert_int_equal(resmgr_msg_again(&f.ctp->resmgr_context, 4711), -1);
	assert_int_equal(errno, ESRCH);
	fake_wants_to_leave(parked_rcvid, &info);
	assert_int_equal(resmgr_msg_again(&f.ctp->resmgr_context, parked_rcvid), 0);
	assert_int_equal(fake_answer.count, 1);
	assert_int_equal(fake_answer.status, 3);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static int pauses(resmgr_context_t *ctp, io_read_t *msg, iofunc_ocb_t *ocb)
{
	(void)msg;
	(void)ocb;
	return resmgr_pause_queue(ctp, "kept", 5);
}

static int never_resumed(resmgr_context_t *ctp, iofunc_ocb_t *ocb, void *data)
{
	(void)ctp;
	(void)ocb;
	(void)data;
	fail();
	return EOK;
}

static void nothing_can_be_paused(void **state)
{
	(void)state;
	begin();
	f.io.read = pauses;
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(send_read(1, 3, 6), EDEADLK);
	assert_int_equal(resmgr_pause_resume(&f.ctp->resmgr_context, NULL, never_resumed), ENOENT);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static int answers_in_parts(resmgr_context_t *ctp, io_write_t *msg, iofunc_ocb_t *ocb)
{
	char a[2], b[3];
	iov_t parts[2];

	SETIOV(&parts[0], a, sizeof(a));
	SETIOV(&parts[1], b, sizeof(b));
	assert_ptr_equal(resmgr_ocb(ctp), ocb);
	assert_ptr_equal(resmgr_iofuncs(ctp), &f.io);
	assert_int_equal(resmgr_msgreadv(ctp, parts, 2, sizeof(msg->i)), 5);
	assert_memory_equal(a, "he", 2);
	assert_memory_equal(b, "llo", 3);
	assert_int_equal(resmgr_msggetv(ctp, parts, 2, sizeof(msg->i)), 0);
	assert_int_equal(resmgr_msggetv(ctp, parts, 2, sizeof(msg->i) + 1), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(resmgr_msgwritev(ctp, parts, 2, 0), 5);
	_IO_SET_WRITE_NBYTES(ctp, 5);
	assert_int_equal(resmgr_msgreplyv(ctp, parts, 2), 0);
	return _RESMGR_NOREPLY;
}

static void handlers_read_and_answer_in_parts(void **state)
{
	struct {
		struct _io_write write;
		char text[5];
	} write = {{.type = _IO_WRITE, .nbytes = 5}, "hello"};

	(void)state;
	begin();
	f.io.write = answers_in_parts;
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(send_raw(1, 3, &write, sizeof(write.write) + 5), STATUS(5));
	assert_int_equal(send_close(1, 3), OK);
	assert_null(resmgr_ocb(&f.ctp->resmgr_context));
	assert_int_equal(errno, ESRCH);
	assert_null(resmgr_iofuncs(&f.ctp->resmgr_context));
	fixture_end();
}

static int binds_and_unbinds(resmgr_context_t *ctp, io_open_t *msg, iofunc_attr_t *attr,
			     void *extra)
{
	int ocb[2];

	(void)msg;
	(void)attr;
	(void)extra;
	assert_int_equal(resmgr_unbind(ctp), -1);
	assert_int_equal(errno, ESRCH);
	assert_int_equal(resmgr_open_bind(ctp, &ocb[0], NULL), 0);
	assert_ptr_equal(resmgr_ocb(ctp), &ocb[0]);
	assert_int_equal(resmgr_open_bind(ctp, &ocb[1], NULL), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(resmgr_unbind(ctp), 0);
	assert_null(resmgr_ocb(ctp));
	return EPERM;
}

static void what_is_unbound_is_not_closed(void **state)
{
	(void)state;
	begin();
	f.connect.open = binds_and_unbinds;
	assert_int_equal(send_open(1, 3, O_RDWR), EPERM);
	assert_string_equal(trace, "");
	assert_int_equal(send_close(1, 3), EBADF);
	fixture_end();
}

static void handles_need_no_tuning(void **state)
{
	int handles = -1, clients = -1, most = -1;

	(void)state;
	assert_int_equal(resmgr_handle_grow(100), 0);
	assert_int_equal(resmgr_handle_tune(1, 2, 3, &handles, &clients, &most), 0);
	assert_int_equal(handles, 0);
	assert_int_equal(clients, 0);
	assert_int_equal(most, INT_MAX);
}

/* ---- Closes that take their time ---- */

static resmgr_context_t *delayed;

static int delays(resmgr_context_t *ctp, io_close_t *msg, iofunc_ocb_t *ocb)
{
	(void)msg;
	(void)ocb;
	delayed = ctp;
	return _RESMGR_DELAY_CLOSE;
}

static void a_delayed_close_is_answered_when_it_is_complete(void **state)
{
	(void)state;
	begin();
	f.io.close_dup = delays;
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(send_close(1, 3), NO_ANSWER);
	assert_int_equal(f.attr.count, 1);
	assert_int_equal(_resmgr_complete_delayed_close(delayed), 0);
	assert_int_equal(fake_answer.count, 1);
	assert_int_equal(f.attr.count, 0);
	fixture_end();
}

static int completes(resmgr_context_t *ctp, io_close_t *msg, iofunc_ocb_t *ocb)
{
	(void)msg;
	(void)ocb;
	assert_int_equal(_resmgr_complete_delayed_close(ctp), 0);
	return _RESMGR_DELAY_CLOSE;
}

/* As a thread does that is quicker than the handler which handed it the close. */
static void a_delayed_close_may_be_complete_before_its_handler_returns(void **state)
{
	(void)state;
	begin();
	f.io.close_dup = completes;
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(send_close(1, 3), OK);
	assert_int_equal(f.attr.count, 0);
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(f.attr.count, 1);
	assert_int_equal(send_close(1, 3), OK);
	assert_int_equal(f.attr.count, 0);
	fixture_end();
}

static void ids_know_their_paths(void **state)
{
	char path[64];
	dev_t dev[2];
	ino_t ino[2];
	int below;

	(void)state;
	begin();
	below = resmgr_attach(f.dpp, NULL, "/unit/dir", _FTYPE_ANY, _RESMGR_FLAG_DIR, &f.connect,
			      &f.io, &f.attr);
	assert_int_equal(resmgr_pathname(f.id, 0, path, sizeof(path)), sizeof("/dev/unit"));
	assert_string_equal(path, "/dev/unit");
	assert_int_equal(resmgr_pathname(below, 0, path, sizeof(path)), sizeof("/unit/dir/"));
	assert_string_equal(path, "/unit/dir/");
	assert_int_equal(resmgr_pathname(f.id, 0, path, 4), -1);
	assert_int_equal(resmgr_pathname(4711, 0, path, sizeof(path)), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(resmgr_devino(f.id, &dev[0], &ino[0]), 0);
	assert_int_equal(resmgr_devino(below, &dev[1], &ino[1]), 0);
	assert_int_equal(dev[0], dev[1]);
	assert_int_not_equal(ino[0], ino[1]);
	fixture_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_dup_dup_and_three_closes),
		cmocka_unit_test(an_inherited_descriptor_has_its_dup_before_all_else),
		cmocka_unit_test(a_pulse_tells_of_an_inherited_descriptor),
		cmocka_unit_test(an_heir_that_dies_at_once_has_dup_and_close_dup),
		cmocka_unit_test(a_link_that_ends_untold_has_dup_and_close_dup),
		cmocka_unit_test(a_refused_heir_has_nothing_open),
		cmocka_unit_test(without_a_dup_handler_nobody_is_told),
		cmocka_unit_test(a_dead_clients_descriptors_are_closed_and_its_id_given_back),
		cmocka_unit_test(dup_of_another_users_descriptor_is_eperm),
		cmocka_unit_test(an_open_over_a_key_that_was_left_closes_it),
		cmocka_unit_test(an_open_that_fails_after_all_leaves_nothing),
		cmocka_unit_test(an_open_whose_client_is_gone_leaves_nothing),
		cmocka_unit_test(stat_by_path_opens_and_closes),
		cmocka_unit_test(a_combined_open_without_close_stays_open),
		cmocka_unit_test(a_combined_message_that_fails_closes_too),
		cmocka_unit_test(readblock_gives_the_data_of_the_last_part_only),
		cmocka_unit_test(handlers_return_values_become_answers),
		cmocka_unit_test(wide_messages_go_to_the_narrow_handlers),
		cmocka_unit_test(other_func_gets_what_nothing_else_handles),
		cmocka_unit_test(unblock_is_for_the_open_file_of_the_request),
		cmocka_unit_test(unblock_of_an_open_goes_to_the_connect_functions),
		cmocka_unit_test(detach_makes_open_files_bad),
		cmocka_unit_test(detach_of_the_pathname_leaves_open_files),
		cmocka_unit_test(detach_with_close_runs_the_close_handlers),
		cmocka_unit_test(detach_in_a_connect_function_does_not_wait_for_itself),
		cmocka_unit_test(msgreply_says_the_contexts_status),
		cmocka_unit_test(nothing_can_be_paused),
		cmocka_unit_test(a_parked_request_can_be_handled_again),
		cmocka_unit_test(handlers_read_and_answer_in_parts),
		cmocka_unit_test(what_is_unbound_is_not_closed),
		cmocka_unit_test(handles_need_no_tuning),
		cmocka_unit_test(a_delayed_close_is_answered_when_it_is_complete),
		cmocka_unit_test(a_delayed_close_may_be_complete_before_its_handler_returns),
		cmocka_unit_test(ids_know_their_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
