// SPDX-License-Identifier: Apache-2.0
/* Messages that no library of ours would send. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <devctl.h>

#include "dispatch/fixture.h"

static unsigned called;

static int counts_write(resmgr_context_t *ctp, io_write_t *msg, iofunc_ocb_t *ocb)
{
	called++;
	return iofunc_write_default(ctp, msg, ocb);
}

static int counts_open(resmgr_context_t *ctp, io_open_t *msg, iofunc_attr_t *attr, void *extra)
{
	called++;
	return iofunc_open_default(ctp, msg, attr, extra);
}

static void begin(unsigned flags)
{
	fixture_begin(S_IFCHR | 0666, flags);
	f.io.write = counts_write;
	f.connect.open = counts_open;
	called = 0;
}

/* Every type, every length up to a full one: each has an answer, or is a message to wait for. */
static void every_type_at_every_length_is_answered(void **state)
{
	unsigned char message[128];

	(void)state;
	begin(0);
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	for (unsigned type = 0x100; type <= 0x200; type++) {
		for (size_t size = 0; size <= sizeof(message); size++) {
			memset(message, 0, sizeof(message));
			message[0] = (unsigned char)type;
			message[1] = (unsigned char)(type >> 8);
			fake_answer.count = 0;
			(void)fake_send(f.ctp, 1, 3, message, size);
			assert_int_equal(fake_answer.count, 1);
			if (type == _IO_CLOSE && size >= 4)
				assert_int_equal(send_open(1, 3, O_RDWR), OK);
		}
	}
	assert_int_equal(send_close(1, 3), OK);
	assert_int_equal(f.attr.count, 0);
	fixture_end();
}

static void types_that_are_never_sent_are_enosys(void **state)
{
	static const uint16_t types[] = {_IO_RSVD_CLOSE_OCB, _IO_RSVD_UNBLOCK,
					 _IO_RSVD_LOCK_OCB,  _IO_RSVD_UNLOCK_OCB,
					 _IO_RSVD_PAUSE,     _IO_RSVD_UNPAUSE,
					 _IO_RSVD,           _IO_MAX};

	(void)state;
	begin(0);
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const uint16_t message[32] = {types[i]};

		assert_int_equal(send_raw(1, 3, message, sizeof(message)), ENOSYS);
	}
	assert_int_equal(f.attr.count, 1);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void a_message_without_a_type_is_ebadmsg(void **state)
{
	const char byte = 1;

	(void)state;
	begin(0);
	fake_answer.count = 0;
	assert_int_equal(fake_send(f.ctp, 1, 3, &byte, 1), -1);
	assert_int_equal(fake_answer.error, EBADMSG);
	fixture_end();
}

static void a_write_of_more_than_was_sent_is_ebadmsg(void **state)
{
	struct {
		struct _io_write write;
		char data[8];
	} message = {{.type = _IO_WRITE, .nbytes = 8}, "datadat"};

	(void)state;
	begin(0);
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(send_raw(1, 3, &message, sizeof(message)), STATUS(8));
	assert_int_equal(called, 2);
	message.write.nbytes = 9;
	assert_int_equal(send_raw(1, 3, &message, sizeof(message)), EBADMSG);
	message.write.nbytes = UINT32_MAX;
	assert_int_equal(send_raw(1, 3, &message, sizeof(message)), EBADMSG);
	/* The offset of a pwrite() is a part of it. */
	message.write.nbytes = 8;
	message.write.xtype = _IO_XTYPE_OFFSET;
	assert_int_equal(send_raw(1, 3, &message, sizeof(message)), EBADMSG);
	assert_int_equal(called, 2);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void a_devctl_of_more_than_was_sent_is_ebadmsg(void **state)
{
	const struct {
		struct _io_devctl devctl;
		char data[4];
	} message = {{.type = _IO_DEVCTL, .dcmd = __DIOT(_DCMD_ALL, 2, int), .nbytes = 5}, {0}};

	(void)state;
	begin(0);
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(send_raw(1, 3, &message, sizeof(message)), EBADMSG);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void a_path_that_is_not_all_there_is_ebadmsg(void **state)
{
	struct connect_buffer buffer;
	size_t size;

	(void)state;
	begin(_RESMGR_FLAG_DIR);
	size = connect_fill(&buffer, _IO_CONNECT_OPEN, "some/path", O_RDWR);
	assert_int_equal(send_raw(1, 3, &buffer, size - 1), EBADMSG);
	assert_int_equal(send_raw(1, 3, &buffer, sizeof(buffer.connect) - 1), EBADMSG);
	buffer.connect.path_len = UINT16_MAX;
	assert_int_equal(send_raw(1, 3, &buffer, size), EBADMSG);
	/* Its 0 is cut off, or comes too early. */
	buffer.connect.path_len = sizeof("some/path") - 1;
	assert_int_equal(send_raw(1, 3, &buffer, size), EBADMSG);
	buffer.connect.path_len = sizeof("some/path");
	buffer.rest[2] = '\0';
	assert_int_equal(send_raw(1, 3, &buffer, size), EBADMSG);
	assert_int_equal(called, 0);
	/* No path, and something in its place. */
	size = connect_fill(&buffer, _IO_CONNECT_COMBINE, "", O_RDWR);
	buffer.connect.path_len = 0;
	assert_int_equal(send_raw(1, 4, &buffer, size + 64), EBADMSG);
	buffer.connect.subtype = _IO_CONNECT_OPEN;
	assert_int_equal(send_raw(1, 4, &buffer, size - 1), OK);
	assert_int_equal(send_close(1, 4), OK);
	fixture_end();
}

static void paths_that_nobody_resolved_are_einval(void **state)
{
	static const char *const bad[] = {"..",        "../x", "a/../b", "a/..", "a//b",
					  "/absolute", "a/",   ".",      "a/./b"};
	static const char *const good[] = {"", "a", "a/b", "...", "a/..b", ".hidden"};
	struct connect_buffer buffer;

	(void)state;
	begin(_RESMGR_FLAG_DIR);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const size_t size = connect_fill(&buffer, _IO_CONNECT_OPEN, bad[i], O_RDWR);

		assert_int_equal(send_raw(1, 3, &buffer, size), EINVAL);
	}
	assert_int_equal(called, 0);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const size_t size = connect_fill(&buffer, _IO_CONNECT_OPEN, good[i], O_RDWR);

		assert_int_equal(send_raw(1, 3, &buffer, size), OK);
		assert_int_equal(send_close(1, 3), OK);
	}
	fixture_end();
}

static void a_path_below_a_file_is_enotdir(void **state)
{
	struct connect_buffer buffer;
	size_t size;

	(void)state;
	begin(0);
	size = connect_fill(&buffer, _IO_CONNECT_OPEN, "below", O_RDWR);
	assert_int_equal(send_raw(1, 3, &buffer, size), ENOTDIR);
	assert_int_equal(called, 0);
	fixture_end();
}

static void a_handle_that_was_never_given_out_is_enoent(void **state)
{
	struct connect_buffer buffer;
	const size_t size = connect_fill(&buffer, _IO_CONNECT_OPEN, "", O_RDWR);

	(void)state;
	begin(0);
	buffer.connect.handle = 4711;
	assert_int_equal(send_raw(1, 3, &buffer, size), ENOENT);
	buffer.connect.handle = UINT32_MAX;
	assert_int_equal(send_raw(1, 3, &buffer, size), ENOENT);
	fixture_end();
}

static void an_unknown_connect_is_enosys(void **state)
{
	struct connect_buffer buffer;
	const size_t size = connect_fill(&buffer, _IO_CONNECT_RSVD_UNBLOCK, "", O_RDWR);

	(void)state;
	begin(0);
	assert_int_equal(send_raw(1, 3, &buffer, size), ENOSYS);
	buffer.connect.subtype = 77;
	assert_int_equal(send_raw(1, 3, &buffer, size), ENOSYS);
	fixture_end();
}

static int is_string_there(resmgr_context_t *ctp, io_rename_t *msg, iofunc_attr_t *attr,
			   io_rename_extra_t *extra)
{
	(void)ctp;
	(void)msg;
	(void)attr;
	called++;
	assert_string_equal(extra->path, "old");
	return EOK;
}

static void what_stands_behind_a_path_is_checked_too(void **state)
{
	struct connect_buffer buffer;
	const size_t at = 48; /* of the extra, behind "new" */
	size_t size;

	(void)state;
	begin(_RESMGR_FLAG_DIR);
	f.connect.rename = is_string_there;
	size = connect_fill(&buffer, _IO_CONNECT_RENAME, "new", 0);
	/* A rename without an old name. */
	assert_int_equal(send_raw(1, 3, &buffer, size), EBADMSG);
	buffer.connect.extra_type = _IO_CONNECT_EXTRA_RENAME;
	assert_int_equal(send_raw(1, 3, &buffer, size), EBADMSG);
	memcpy((char *)&buffer + at, "old", 4);
	buffer.connect.extra_len = 4;
	assert_int_equal(send_raw(1, 3, &buffer, at + 4), OK);
	assert_int_equal(called, 1);
	assert_int_equal(send_raw(1, 3, &buffer, at + 3), EBADMSG);
	buffer.connect.extra_len = 3;
	assert_int_equal(send_raw(1, 3, &buffer, at + 3), EBADMSG);
	buffer.connect.extra_len = UINT16_MAX;
	assert_int_equal(send_raw(1, 3, &buffer, at + 4), EBADMSG);
	assert_int_equal(called, 1);
	fixture_end();
}

static void combined_messages_that_lead_nowhere_are_ebadmsg(void **state)
{
	struct {
		struct _io_lseek lseek;
		struct _io_read read;
	} message = {
		{_IO_LSEEK, 0, SEEK_SET, 0, 0},
		{.type = _IO_READ, .nbytes = 4},
	};
	/* 0: itself again; odd: structures that are not aligned; too far. */
	static const uint16_t lengths[] = {0, 1, 2, 3, 4, 12, 17, 40, 0x7fff};

	(void)state;
	begin(0);
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		message.lseek.combine_len = lengths[i] | _IO_COMBINE_FLAG;
		assert_int_equal(send_raw(1, 3, &message, sizeof(message)), EBADMSG);
	}
	/* The second one speaks of a third. */
	message.lseek.combine_len = sizeof(message.lseek) | _IO_COMBINE_FLAG;
	message.read.combine_len = sizeof(message.read) | _IO_COMBINE_FLAG;
	assert_int_equal(send_raw(1, 3, &message, sizeof(message)), EBADMSG);
	/* The lock was given back each time. */
	assert_int_equal(f.attr.lock_count, 0);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void a_close_inside_a_combined_message_closes_nothing(void **state)
{
	const struct {
		struct _io_lseek lseek;
		struct _io_close close;
	} message = {
		{_IO_LSEEK, sizeof(struct _io_lseek) | _IO_COMBINE_FLAG, SEEK_SET, 0, 0},
		{_IO_CLOSE, sizeof(struct _io_close)},
	};

	(void)state;
	begin(0);
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(send_raw(1, 3, &message, sizeof(message)), EBADMSG);
	assert_int_equal(f.attr.count, 1);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void messages_for_nothing_open_are_ebadf(void **state)
{
	(void)state;
	begin(0);
	assert_int_equal(send_read(1, 3, 1), EBADF);
	assert_int_equal(send_close(1, 3), EBADF);
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	/* Nor is another client's descriptor of that number anything. */
	assert_int_equal(send_read(2, 3, 1), EBADF);
	assert_int_equal(send_close(2, 3), EBADF);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void what_was_not_sent_is_0_and_not_the_message_before(void **state)
{
	struct connect_buffer buffer;
	const struct _io_combine stat = {_IO_STAT, sizeof(stat)};

	(void)state;
	begin(_RESMGR_FLAG_DIR);
	(void)connect_fill(&buffer, _IO_CONNECT_OPEN, "secret", O_RDWR);
	assert_int_equal(send_raw(1, 3, &buffer, sizeof(buffer)), OK);
	assert_int_equal(send_raw(1, 3, &stat, sizeof(stat)), STATUS(_STAT_FORM_SYS_2008));
	assert_int_equal(f.ctp->resmgr_context.size, sizeof(stat));
	assert_int_equal(send_close(1, 3), OK);
	for (size_t i = sizeof(struct _io_close); i < sizeof(resmgr_iomsgs_t); i++)
		assert_int_equal(((const char *)f.ctp->resmgr_context.msg)[i], 0);
	fixture_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_at_every_length_is_answered),
		cmocka_unit_test(types_that_are_never_sent_are_enosys),
		cmocka_unit_test(a_message_without_a_type_is_ebadmsg),
		cmocka_unit_test(a_write_of_more_than_was_sent_is_ebadmsg),
		cmocka_unit_test(a_devctl_of_more_than_was_sent_is_ebadmsg),
		cmocka_unit_test(a_path_that_is_not_all_there_is_ebadmsg),
		cmocka_unit_test(paths_that_nobody_resolved_are_einval),
		cmocka_unit_test(a_path_below_a_file_is_enotdir),
		cmocka_unit_test(a_handle_that_was_never_given_out_is_enoent),
		cmocka_unit_test(an_unknown_connect_is_enosys),
		cmocka_unit_test(what_stands_behind_a_path_is_checked_too),
		cmocka_unit_test(combined_messages_that_lead_nowhere_are_ebadmsg),
		cmocka_unit_test(a_close_inside_a_combined_message_closes_nothing),
		cmocka_unit_test(messages_for_nothing_open_are_ebadf),
		cmocka_unit_test(what_was_not_sent_is_0_and_not_the_message_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
