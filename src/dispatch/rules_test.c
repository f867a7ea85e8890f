// SPDX-License-Identifier: Apache-2.0
/* POSIX's rules of files, as iofunc's handlers have them, by raw messages. */
#include <errno.h>
#include <fcntl.h>
#include <sys/dcmd_all.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "dispatch/fixture.h"

static iofunc_mount_t mount_of;

static void begin(mode_t mode)
{
	fixture_begin(mode, 0);
	memset(&mount_of, 0, sizeof(mount_of));
	f.attr.mount = &mount_of;
	f.attr.uid = 500;
	f.attr.gid = 50;
	fake_client(1, 500, 7);  /* the owner */
	fake_client(2, 501, 50); /* of its group */
	fake_client(3, 502, 8);  /* another */
}

/* ---- Opening ---- */

static void open_asks_the_one_class_that_counts(void **state)
{
	static const struct {
		mode_t mode;
		int oflag;
		long owner, group, other;
	} rows[] = {
		{0600, O_RDWR, OK, EACCES, EACCES},       {0060, O_RDWR, EACCES, OK, EACCES},
		{0006, O_RDWR, EACCES, EACCES, OK},       {0444, O_RDONLY, OK, OK, OK},
		{0444, O_WRONLY, EACCES, EACCES, EACCES}, {0222, O_RDWR, EACCES, EACCES, EACCES},
		{0000, O_RDONLY, EACCES, EACCES, EACCES},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const long answers[] = {OK, rows[i].owner, rows[i].group, rows[i].other};

		begin(S_IFCHR | rows[i].mode);
		for (int client = 0; client <= 3; client++) {
			assert_int_equal(send_open(client, 3, rows[i].oflag), answers[client]);
			if (answers[client] == OK)
				assert_int_equal(send_close(client, 3), OK);
		}
		fixture_end();
	}
}

static void open_is_refused_for_what_it_asks(void **state)
{
	static const struct {
		mode_t mode;
		uint32_t mount_flags, conf;
		int oflag;
		long answer;
	} rows[] = {
		{S_IFREG | 0666, 0, 0, O_RDWR | O_CREAT | O_EXCL, EEXIST},
		{S_IFREG | 0666, 0, 0, O_RDWR | O_CREAT, OK},
		{S_IFREG | 0666, 0, 0, O_RDONLY | O_DIRECTORY, ENOTDIR},
		{S_IFDIR | 0777, 0, 0, O_RDONLY | O_DIRECTORY, OK},
		{S_IFDIR | 0777, 0, 0, O_WRONLY, EISDIR},
		{S_IFREG | 0666, _MOUNT_READONLY, 0, O_WRONLY, EROFS},
		{S_IFREG | 0666, _MOUNT_READONLY, 0, O_RDONLY, OK},
		{S_IFCHR | 0666, _MOUNT_READONLY, 0, O_RDWR, OK},
		{S_IFREG | 0666, 0, 0, O_RDWR | O_SYNC, EINVAL},
		{S_IFREG | 0666, 0, IOFUNC_PC_SYNC_IO, O_RDWR | O_SYNC, OK},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(rows[i].mode);
		mount_of.flags = rows[i].mount_flags;
		mount_of.conf = rows[i].conf;
		assert_int_equal(send_open(3, 3, rows[i].oflag), rows[i].answer);
		if (rows[i].answer == OK)
			assert_int_equal(send_close(3, 3), OK);
		fixture_end();
	}
}

static long open_shared(int coid, int oflag, int sflag)
{
	struct connect_buffer buffer;
	const size_t size = connect_fill(&buffer, _IO_CONNECT_OPEN, "", oflag);

	buffer.connect.sflag = (uint16_t)sflag;
	return send_raw(1, coid, &buffer, size);
}

static void share_modes_keep_others_out(void **state)
{
	(void)state;
	begin(S_IFREG | 0666);
	assert_int_equal(open_shared(3, O_RDONLY, SH_DENYWR), OK);
	assert_int_equal(f.attr.wlocks, 1);
	assert_int_equal(open_shared(4, O_WRONLY, SH_DENYNO), EBUSY);
	assert_int_equal(open_shared(4, O_RDONLY, SH_DENYRD), EBUSY);
	assert_int_equal(open_shared(4, O_RDONLY, SH_DENYNO), OK);
	assert_int_equal(f.attr.rcount, 2);
	assert_int_equal(send_close(1, 3), OK);
	assert_int_equal(f.attr.wlocks, 0);
	assert_int_equal(open_shared(3, O_WRONLY, SH_DENYNO), OK);
	assert_int_equal(f.attr.wcount, 1);
	assert_int_equal(send_close(1, 3), OK);
	assert_int_equal(send_close(1, 4), OK);
	assert_int_equal(f.attr.count + f.attr.rcount + f.attr.wcount, 0);
	fixture_end();
}

static void check_access_follows_its_page(void **state)
{
	struct _client_info info = {0};
	iofunc_attr_t attr;

	(void)state;
	iofunc_attr_init(&attr, S_IFREG | 0607, NULL, NULL);
	attr.uid = 500;
	attr.gid = 50;
	assert_int_equal(iofunc_check_access(NULL, &attr, S_IRUSR, NULL), ENOSYS);
	assert_int_equal(iofunc_check_access(NULL, &attr, 0, &info), EOK);
	info.cred.euid = 501;
	assert_int_equal(iofunc_check_access(NULL, &attr, 0, &info), EPERM);
	assert_int_equal(iofunc_check_access(NULL, &attr, S_ISUID, &info), EPERM);
	assert_int_equal(iofunc_check_access(NULL, &attr, S_IRUSR | S_IXUSR, &info), EOK);
	/* One of its groups, which may nothing: the others' rights do not help. */
	info.cred.ngroups = 2;
	info.cred.grouplist[1] = 50;
	assert_int_equal(iofunc_check_access(NULL, &attr, S_IRUSR, &info), EACCES);
	assert_int_equal(iofunc_check_access(NULL, &attr, S_ISGID, &info), EOK);
	info.cred.euid = 500;
	assert_int_equal(iofunc_check_access(NULL, &attr, S_IRUSR | S_IWUSR, &info), EOK);
	assert_int_equal(iofunc_check_access(NULL, &attr, S_IXUSR, &info), EACCES);
	assert_int_equal(iofunc_check_access(NULL, &attr, S_ISUID | S_IXUSR, &info), EOK);
	info.flags = _NTO_CI_UNABLE;
	assert_int_equal(iofunc_check_access(NULL, &attr, S_IRUSR, &info), EACCES);
}

/* ---- Reading, writing, positions ---- */

static long send_write(int scoid, int coid, const char *text)
{
	struct {
		struct _io_write write;
		char data[32];
	} message = {{.type = _IO_WRITE, .nbytes = (uint32_t)strlen(text)}, {0}};

	memcpy(message.data, text, strlen(text));
	return send_raw(scoid, coid, &message, sizeof(message.write) + strlen(text));
}

static void defaults_are_an_empty_file_that_takes_everything(void **state)
{
	(void)state;
	begin(S_IFCHR | 0666);
	assert_int_equal(send_open(1, 3, O_RDONLY), OK);
	assert_int_equal(send_open(1, 4, O_WRONLY), OK);
	assert_int_equal(send_read(1, 3, 100), STATUS(0));
	assert_int_equal(send_write(1, 4, "hello"), STATUS(5));
	assert_true(f.attr.flags & IOFUNC_ATTR_MTIME);
	assert_int_equal(send_read(1, 4, 100), EBADF);
	assert_int_equal(send_write(1, 3, "hello"), EBADF);
	assert_int_equal(send_close(1, 3), OK);
	assert_int_equal(send_close(1, 4), OK);
	fixture_end();
}

static void nonblock_is_the_files_unless_the_message_says_so(void **state)
{
	io_read_t read = {.i = {.type = _IO_READ}};
	iofunc_ocb_t ocb = {.ioflag = _IO_FLAG_RD | O_NONBLOCK};
	int nonblock;

	(void)state;
	assert_int_equal(iofunc_read_verify(NULL, &read, &ocb, &nonblock), EOK);
	assert_int_not_equal(nonblock, 0);
	read.i.xtype = _IO_XFLAG_BLOCK;
	assert_int_equal(iofunc_read_verify(NULL, &read, &ocb, &nonblock), EOK);
	assert_int_equal(nonblock, 0);
	ocb.ioflag = _IO_FLAG_RD;
	read.i.xtype = _IO_XFLAG_NONBLOCK;
	assert_int_equal(iofunc_read_verify(NULL, &read, &ocb, &nonblock), EOK);
	assert_int_not_equal(nonblock, 0);
}

static long send_lseek(int coid, int16_t whence, int64_t offset)
{
	const struct _io_lseek lseek = {_IO_LSEEK, sizeof(lseek), whence, 0, (uint64_t)offset};

	return send_raw(1, coid, &lseek, sizeof(lseek));
}

static void lseek_moves_within_the_files_rules(void **state)
{
	static const struct {
		int16_t whence;
		int64_t offset;
		long answer;
		uint64_t at;
	} rows[] = {
		{SEEK_SET, 10, OK, 10},    {SEEK_CUR, -3, OK, 7},
		{SEEK_END, -1, OK, 99},    {SEEK_END, 50, OK, 150},
		{SEEK_SET, -1, EINVAL, 0}, {SEEK_CUR, INT64_MAX, EOVERFLOW, 0},
		{77, 0, EINVAL, 0},        {SEEK_CUR, 0, OK, 150},
	};

	(void)state;
	begin(S_IFREG | 0666);
	f.attr.nbytes = 100;
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t at;

		assert_int_equal(send_lseek(3, rows[i].whence, rows[i].offset), rows[i].answer);
		memcpy(&at, fake_answer.data, sizeof(at));
		if (rows[i].answer == OK)
			assert_int_equal(at, rows[i].at);
	}
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void mappings_are_refused_clearly(void **state)
{
	struct _io_mmap map = {.type = _IO_MMAP, .prot = PROT_READ};

	(void)state;
	begin(S_IFREG | 0666);
	assert_int_equal(send_open(1, 3, O_RDONLY), OK);
	assert_int_equal(send_raw(1, 3, &map, sizeof(map)), ENODEV);
	map.required_prot = PROT_WRITE;
	assert_int_equal(send_raw(1, 3, &map, sizeof(map)), EACCES);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

/* ---- Attributes ---- */

static long send_chmod(int scoid, int coid, mode_t mode)
{
	const struct _io_chmod chmod_ = {_IO_CHMOD, sizeof(chmod_), mode};

	return send_raw(scoid, coid, &chmod_, sizeof(chmod_));
}

static void chmod_is_the_owners(void **state)
{
	(void)state;
	begin(S_IFREG | 0666);
	for (int client = 0; client <= 3; client++)
		assert_int_equal(send_open(client, 3, O_RDONLY), OK);
	assert_int_equal(send_chmod(2, 3, 0600), EPERM);
	assert_int_equal(send_chmod(3, 3, 0600), EPERM);
	assert_int_equal(send_chmod(1, 3, 04750 | S_IFDIR), OK);
	assert_int_equal(f.attr.mode, S_IFREG | 04750);
	assert_true(f.attr.flags & IOFUNC_ATTR_DIRTY_MODE);
	assert_int_equal(send_chmod(0, 3, 0640), OK);
	mount_of.flags = _MOUNT_READONLY;
	assert_int_equal(send_chmod(1, 3, 0600), EROFS);
	assert_int_equal(f.attr.mode, S_IFREG | 0640);
	for (int client = 0; client <= 3; client++)
		assert_int_equal(send_close(client, 3), OK);
	fixture_end();
}

static long send_chown(int scoid, int32_t uid, int32_t gid)
{
	const struct _io_chown chown_ = {_IO_CHOWN, sizeof(chown_), gid, uid};

	return send_raw(scoid, 3, &chown_, sizeof(chown_));
}

static void chown_is_restricted_where_the_mount_says_so(void **state)
{
	(void)state;
	begin(S_IFREG | 06777);
	mount_of.conf = IOFUNC_PC_CHOWN_RESTRICTED;
	for (int client = 0; client <= 3; client++)
		assert_int_equal(send_open(client, 3, O_RDONLY), OK);
	assert_int_equal(send_chown(3, -1, -1), EPERM);
	assert_int_equal(send_chown(1, 501, -1), EPERM);
	assert_int_equal(send_chown(1, -1, 99), EPERM);
	/* To a group of its own; the set-id bits go. */
	assert_int_equal(send_chown(1, -1, 7), OK);
	assert_int_equal(f.attr.gid, 7);
	assert_int_equal(f.attr.uid, 500);
	assert_int_equal(f.attr.mode, S_IFREG | 0777);
	mount_of.conf = 0;
	assert_int_equal(send_chown(1, 501, 99), OK);
	assert_int_equal(f.attr.uid, 501);
	assert_int_equal(send_chown(0, 500, 50), OK);
	for (int client = 0; client <= 3; client++)
		assert_int_equal(send_close(client, 3), OK);
	fixture_end();
}

static void utime_sets_what_it_is_given(void **state)
{
	struct _io_utime given = {.type = _IO_UTIME, .times = {1000, 2000}};
	struct _io_utime64 fine = {
		.type = _IO_UTIME64, .atime_s = 5, .atime_ns = 6, .mtime_ns = UTIME_OMIT};

	(void)state;
	begin(S_IFREG | 0666);
	for (int client = 1; client <= 3; client++)
		assert_int_equal(send_open(client, 3, O_RDONLY), OK);
	assert_int_equal(send_raw(3, 3, &given, sizeof(given)), EPERM);
	assert_int_equal(send_raw(1, 3, &given, sizeof(given)), OK);
	assert_int_equal(f.attr.atime, 1000);
	assert_int_equal(f.attr.mtime, 2000);
	assert_true(f.attr.ctime > 2000);
	assert_int_equal(send_raw(1, 3, &fine, sizeof(fine)), OK);
	assert_int_equal(f.attr.atime, 5);
	assert_int_equal(f.attr.atime_ns, 6);
	assert_int_equal(f.attr.mtime, 2000);
	fine.atime_ns = 1000000000;
	assert_int_equal(send_raw(1, 3, &fine, sizeof(fine)), EINVAL);
	/* Now: the right to write is enough. */
	given.cur_flag = 1;
	assert_int_equal(send_raw(3, 3, &given, sizeof(given)), OK);
	assert_true(f.attr.atime > 2000 && f.attr.mtime > 2000);
	f.attr.mode = S_IFREG | 0444;
	assert_int_equal(send_raw(3, 3, &given, sizeof(given)), EACCES);
	for (int client = 1; client <= 3; client++)
		assert_int_equal(send_close(client, 3), OK);
	fixture_end();
}

static void marked_times_become_real_at_stat(void **state)
{
	const struct _io_stat stat_ = {.type = _IO_STAT};
	struct stat got;

	(void)state;
	begin(S_IFREG | 0666);
	assert_int_equal(send_open(1, 3, O_RDONLY), OK);
	f.attr.atime = f.attr.mtime = f.attr.ctime = 1;
	f.attr.flags = IOFUNC_ATTR_MTIME | IOFUNC_ATTR_CTIME;
	assert_int_equal(send_raw(1, 3, &stat_, sizeof(stat_)), STATUS(_STAT_FORM_SYS_2008));
	memcpy(&got, fake_answer.data, sizeof(got));
	assert_int_equal(got.st_atime, 1);
	assert_true(got.st_mtime > 1 && got.st_ctime > 1);
	assert_int_equal(f.attr.flags, IOFUNC_ATTR_DIRTY_TIME);
	assert_int_equal(got.st_uid, 500);
	assert_int_not_equal(got.st_ino, 0);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

/* An old program asks for no form, and gets the status of the one that it gets. */
static void stat_says_its_form(void **state)
{
	static const uint32_t forms[] = {_STAT_FORM_UNSET, _STAT_FORM_T32_2001, _STAT_FORM_T32_2008,
					 _STAT_FORM_T64_2008, 77};
	struct _io_stat ask = {.type = _IO_STAT};

	(void)state;
	begin(S_IFREG | 0666);
	assert_int_equal(send_open(1, 3, O_RDONLY), OK);
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		ask.format = forms[i];
		assert_int_equal(send_raw(1, 3, &ask, sizeof(ask)), STATUS(_STAT_FORM_T64_2008));
		assert_int_equal(fake_answer.size, sizeof(struct stat));
	}
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void a_mount_cuts_times(void **state)
{
	iofunc_attr_t attr;

	(void)state;
	assert_int_equal(iofunc_mount_init(&mount_of, 4), EINVAL);
	assert_int_equal(iofunc_mount_init(&mount_of, sizeof(mount_of)), EOK);
	assert_int_equal(iofunc_mount_set_time(&mount_of, 1000000000), EOK);
	iofunc_attr_init(&attr, S_IFREG, NULL, NULL);
	attr.mount = &mount_of;
	attr.flags = IOFUNC_ATTR_MTIME;
	attr.mtime_ns = 7;
	assert_int_equal(iofunc_time_update(&attr), EOK);
	assert_int_equal(attr.mtime_ns, 0);
	assert_int_equal(iofunc_mount_fini(&mount_of), EOK);
}

static void fcntls_flags_are_the_open_files(void **state)
{
	struct {
		struct _io_devctl devctl;
		int value;
	} message = {{.type = _IO_DEVCTL, .dcmd = DCMD_ALL_GETFLAGS, .nbytes = sizeof(int)}, 0};

	(void)state;
	begin(S_IFCHR | 0666);
	assert_int_equal(send_open(1, 3, O_RDWR | O_APPEND), OK);
	assert_int_equal(send_raw(1, 3, &message, sizeof(message.devctl)), OK);
	assert_int_equal(fake_answer.size, sizeof(message));
	memcpy(&message, fake_answer.data, sizeof(message));
	assert_int_equal(message.value, O_RDWR | O_APPEND);
	message.devctl = (struct _io_devctl){
		.type = _IO_DEVCTL, .dcmd = DCMD_ALL_SETFLAGS, .nbytes = sizeof(int)};
	message.value = O_NONBLOCK | O_CREAT;
	assert_int_equal(send_raw(1, 3, &message, sizeof(message)), OK);
	message.devctl.dcmd = DCMD_ALL_GETFLAGS;
	message.devctl.type = _IO_DEVCTL;
	assert_int_equal(send_raw(1, 3, &message, sizeof(message.devctl)), OK);
	memcpy(&message, fake_answer.data, sizeof(message));
	assert_int_equal(message.value, O_RDWR | O_NONBLOCK);
	message.devctl = (struct _io_devctl){.type = _IO_DEVCTL, .dcmd = __DION(_DCMD_MISC, 1)};
	assert_int_equal(send_raw(1, 3, &message, sizeof(message)), ENOSYS);
	message.devctl.dcmd = __DION(_DCMD_ALL, 99);
	message.devctl.type = _IO_DEVCTL;
	assert_int_equal(send_raw(1, 3, &message, sizeof(message)), ENOTTY);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void pathconf_knows_what_the_mount_says(void **state)
{
	struct _io_pathconf pathconf_ = {.type = _IO_PATHCONF, .name = _PC_NO_TRUNC};

	(void)state;
	begin(S_IFREG | 0666);
	assert_int_equal(send_open(1, 3, O_RDONLY), OK);
	assert_int_equal(send_raw(1, 3, &pathconf_, sizeof(pathconf_)), STATUS(0));
	mount_of.conf = IOFUNC_PC_NO_TRUNC;
	assert_int_equal(send_raw(1, 3, &pathconf_, sizeof(pathconf_)), STATUS(1));
	pathconf_.name = _PC_LINK_MAX;
	assert_int_equal(send_raw(1, 3, &pathconf_, sizeof(pathconf_)), EINVAL);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void fdinfo_tells_of_the_open_file_and_its_path(void **state)
{
	const struct _io_fdinfo fdinfo = {.type = _IO_FDINFO, .path_len = 64};
	const struct _io_fdinfo small = {.type = _IO_FDINFO, .path_len = 3};
	struct _io_fdinfo_reply reply;

	(void)state;
	begin(S_IFREG | 0666);
	f.attr.nbytes = 44;
	assert_int_equal(send_open(1, 3, O_RDONLY), OK);
	assert_int_equal(send_raw(1, 3, &fdinfo, sizeof(fdinfo)),
			 STATUS((long)sizeof("/dev/unit")));
	memcpy(&reply, fake_answer.data, sizeof(reply));
	assert_int_equal(reply.info.size, 44);
	assert_int_equal(reply.info.ioflag, _IO_FLAG_RD);
	assert_int_equal(reply.info.count, 1);
	assert_string_equal((const char *)fake_answer.data + sizeof(reply), "/dev/unit");
	assert_int_equal(send_raw(1, 3, &small, sizeof(small)), EMSGSIZE);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void sync_is_there_where_the_mount_says_so(void **state)
{
	const struct _io_sync sync_ = {.type = _IO_SYNC, .flag = O_SYNC};
	iofunc_ocb_t ocb = {.ioflag = O_DSYNC};

	(void)state;
	begin(S_IFREG | 0666);
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(send_raw(1, 3, &sync_, sizeof(sync_)), EINVAL);
	mount_of.conf = IOFUNC_PC_SYNC_IO;
	assert_int_equal(send_raw(1, 3, &sync_, sizeof(sync_)), OK);
	assert_int_equal(iofunc_sync(NULL, &ocb, 0), O_DSYNC);
	assert_int_equal(iofunc_sync(NULL, &ocb, O_SYNC), O_SYNC);
	ocb.ioflag = 0;
	assert_int_equal(iofunc_sync(NULL, &ocb, 0), 0);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void space_is_for_who_may_write(void **state)
{
	io_space_t msg = {.i = {.type = _IO_SPACE, .subtype = F_FREESP}};
	iofunc_ocb_t ocb = {.ioflag = _IO_FLAG_RD};
	int nonblock;

	(void)state;
	begin(S_IFREG | 0666);
	ocb.attr = &f.attr;
	assert_int_equal(iofunc_space_verify(NULL, &msg, &ocb, &nonblock), EBADF);
	ocb.ioflag = _IO_FLAG_WR | O_NONBLOCK;
	assert_int_equal(iofunc_space_verify(NULL, &msg, &ocb, &nonblock), EOK);
	assert_int_not_equal(nonblock, 0);
	msg.i.subtype = 77;
	assert_int_equal(iofunc_space_verify(NULL, &msg, &ocb, NULL), EINVAL);
	f.attr.mode = S_IFDIR;
	assert_int_equal(iofunc_space_verify(NULL, &msg, &ocb, NULL), EISDIR);
	fixture_end();
}

static void real_ids_take_the_place_of_effective_ones(void **state)
{
	struct _client_info *info;

	(void)state;
	begin(S_IFREG | 0666);
	assert_int_equal(send_open(1, 3, O_RDONLY), OK);
	assert_int_equal(iofunc_client_info_ext(&f.ctp->resmgr_context, O_REALIDS, &info, 0), EOK);
	assert_int_equal(info->cred.euid, 500);
	assert_int_equal(iofunc_client_info_ext_free(&info), EOK);
	assert_null(info);
	assert_int_equal(iofunc_ability_check(&f.ctp->resmgr_context, IOFUNC_ABILITYID_DUP), EPERM);
	assert_int_equal(iofunc_ability_check(&f.ctp->resmgr_context, 99), EINVAL);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

static void devctl_verify_checks_what_it_is_told_to(void **state)
{
	io_devctl_t msg = {
		.i = {.type = _IO_DEVCTL, .dcmd = __DIOT(_DCMD_MISC, 1, int), .nbytes = 3}};
	iofunc_ocb_t ocb = {.ioflag = _IO_FLAG_RD};

	(void)state;
	begin(S_IFCHR | 0666);
	assert_int_equal(iofunc_devctl_verify(&f.ctp->resmgr_context, &msg, &ocb, 0), EOK);
	assert_int_equal(iofunc_devctl_verify(&f.ctp->resmgr_context, &msg, &ocb,
					      _IO_DEVCTL_VERIFY_LEN),
			 EINVAL);
	assert_int_equal(iofunc_devctl_verify(&f.ctp->resmgr_context, &msg, &ocb,
					      _IO_DEVCTL_VERIFY_DIR),
			 EBADF);
	assert_int_equal(iofunc_devctl_verify(&f.ctp->resmgr_context, &msg, &ocb,
					      _IO_DEVCTL_VERIFY_OCB_READ),
			 EOK);
	assert_int_equal(iofunc_devctl_verify(&f.ctp->resmgr_context, &msg, &ocb,
					      _IO_DEVCTL_VERIFY_PRIV),
			 EPERM);
	fixture_end();
}

static void openfd_opens_again_with_no_more_rights(void **state)
{
	struct _io_openfd openfd = {.type = _IO_OPENFD, .ioflag = _IO_FLAG_RD};

	(void)state;
	begin(S_IFREG | 0666);
	f.attr.nbytes = 10;
	assert_int_equal(send_open(1, 3, O_RDONLY), OK);
	assert_int_equal(send_lseek(3, SEEK_SET, 5), OK);
	openfd.info.coid = 3;
	assert_int_equal(send_raw(1, 4, &openfd, sizeof(openfd)), OK);
	assert_int_equal(f.attr.count, 2);
	/* A position of its own. */
	assert_int_equal(send_lseek(4, SEEK_CUR, 0), OK);
	assert_int_equal(fake_answer.data[0], 0);
	openfd.ioflag = _IO_FLAG_RD | _IO_FLAG_WR;
	assert_int_equal(send_raw(1, 5, &openfd, sizeof(openfd)), EACCES);
	openfd.info.coid = 9;
	assert_int_equal(send_raw(1, 5, &openfd, sizeof(openfd)), EBADF);
	assert_int_equal(send_close(1, 3), OK);
	assert_int_equal(send_close(1, 4), OK);
	fixture_end();
}

static int opens_with_own_functions(resmgr_context_t *ctp, io_open_t *msg, iofunc_attr_t *attr,
				    void *extra)
{
	static resmgr_io_funcs_t own;

	(void)extra;
	own = f.io;
	own.read = NULL;
	return iofunc_ocb_attach(ctp, msg, NULL, attr, &own);
}

static void openfd_keeps_the_functions_of_the_open(void **state)
{
	struct _io_openfd openfd = {.type = _IO_OPENFD, .ioflag = _IO_FLAG_RD};

	(void)state;
	begin(S_IFREG | 0666);
	f.connect.open = opens_with_own_functions;
	assert_int_equal(send_open(1, 3, O_RDONLY), OK);
	assert_int_equal(send_read(1, 3, 1), ENOSYS);
	openfd.info.coid = 3;
	assert_int_equal(send_raw(1, 4, &openfd, sizeof(openfd)), OK);
	assert_int_equal(send_read(1, 4, 1), ENOSYS);
	assert_int_equal(f.attr.count, 2);
	/* Over a key that was left, as an open. */
	assert_int_equal(send_raw(1, 4, &openfd, sizeof(openfd)), OK);
	assert_int_equal(f.attr.count, 2);
	assert_int_equal(send_close(1, 4), OK);
	assert_int_equal(send_close(1, 3), OK);
	assert_int_equal(f.attr.count, 0);
	fixture_end();
}

/* ---- Locks ---- */

static long send_lock(int scoid, int coid, uint32_t subtype, short type, off_t start, off_t len)
{
	unsigned char message[sizeof(struct _io_lock) + sizeof(struct flock)];
	const struct _io_lock lock = {_IO_LOCK, 0, subtype, sizeof(struct flock)};
	const struct flock flock = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};

	memcpy(message, &lock, sizeof(lock));
	memcpy(message + sizeof(lock), &flock, sizeof(flock));
	return send_raw(scoid, coid, message, sizeof(message));
}

static void begin_locks(void)
{
	begin(S_IFREG | 0666);
	for (int client = 1; client <= 3; client++)
		assert_int_equal(send_open(client, 3, O_RDWR), OK);
}

static void end_locks(void)
{
	for (int client = 1; client <= 3; client++)
		assert_int_equal(send_close(client, 3), OK);
	assert_null(f.attr.lock_list);
	fixture_end();
}

static void locks_of_other_processes_conflict(void **state)
{
	struct flock flock;

	(void)state;
	begin_locks();
	assert_int_equal(send_lock(1, 3, F_SETLK, F_WRLCK, 10, 10), OK);
	assert_int_equal(send_lock(2, 3, F_SETLK, F_RDLCK, 19, 1), EAGAIN);
	assert_int_equal(send_lock(2, 3, F_SETLK, F_WRLCK, 20, 0), OK);
	assert_int_equal(send_lock(2, 3, F_GETLK, F_WRLCK, 0, 0), OK);
	memcpy(&flock, fake_answer.data + sizeof(struct _io_lock_reply), sizeof(flock));
	assert_int_equal(flock.l_type, F_WRLCK);
	assert_int_equal(flock.l_pid, 1001);
	assert_int_equal(flock.l_start, 10);
	assert_int_equal(flock.l_len, 10);
	assert_int_equal(send_lock(1, 3, F_SETLK, F_UNLCK, 0, 0), OK);
	assert_int_equal(send_lock(2, 3, F_GETLK, F_WRLCK, 0, 0), OK);
	memcpy(&flock, fake_answer.data + sizeof(struct _io_lock_reply), sizeof(flock));
	assert_int_equal(flock.l_type, F_UNLCK);
	end_locks();
}

static void a_lock_that_must_wait_is_answered_when_it_is_free(void **state)
{
	(void)state;
	begin_locks();
	assert_int_equal(send_lock(1, 3, F_SETLK, F_WRLCK, 0, 10), OK);
	assert_int_equal(send_lock(2, 3, F_SETLKW, F_WRLCK, 5, 10), NO_ANSWER);
	fake_answer.count = 0;
	(void)fake_send(f.ctp, 1, 3, "", 0); /* anything: it goes on waiting */
	fake_answer.count = 0;
	{
		unsigned char message[sizeof(struct _io_lock) + sizeof(struct flock)];
		const struct _io_lock lock = {_IO_LOCK, 0, F_SETLK, sizeof(struct flock)};
		const struct flock flock = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_len = 10};

		memcpy(message, &lock, sizeof(lock));
		memcpy(message + sizeof(lock), &flock, sizeof(flock));
		(void)fake_send(f.ctp, 1, 3, message, sizeof(message));
	}
	/* Two answers: to the waiter, and to who unlocked. */
	assert_int_equal(fake_answer.count, 2);
	assert_int_equal(send_lock(1, 3, F_SETLK, F_WRLCK, 5, 1), EAGAIN);
	end_locks();
}

static void a_circle_of_waiting_is_edeadlk(void **state)
{
	(void)state;
	begin_locks();
	assert_int_equal(send_lock(1, 3, F_SETLK, F_WRLCK, 1, 1), OK);
	assert_int_equal(send_lock(2, 3, F_SETLK, F_WRLCK, 2, 1), OK);
	assert_int_equal(send_lock(3, 3, F_SETLK, F_WRLCK, 3, 1), OK);
	assert_int_equal(send_lock(1, 3, F_SETLKW, F_WRLCK, 2, 1), NO_ANSWER);
	assert_int_equal(send_lock(2, 3, F_SETLKW, F_WRLCK, 3, 1), NO_ANSWER);
	assert_int_equal(send_lock(3, 3, F_SETLKW, F_WRLCK, 1, 1), EDEADLK);
	fake_answer.count = 0;
	for (int client = 3; client >= 1; client--)
		(void)fake_send_pulse(f.ctp, client, _PULSE_CODE_DISCONNECT, 0);
	assert_null(f.attr.lock_list);
	assert_int_equal(f.attr.count, 0);
	fixture_end();
}

static void locks_go_with_any_descriptor_of_the_process(void **state)
{
	(void)state;
	begin_locks();
	assert_int_equal(send_open(1, 4, O_RDONLY), OK);
	assert_int_equal(send_lock(1, 3, F_SETLK, F_WRLCK, 0, 0), OK);
	assert_int_equal(send_lock(2, 3, F_SETLK, F_WRLCK, 0, 0), EAGAIN);
	assert_int_equal(send_close(1, 4), OK);
	assert_int_equal(send_lock(2, 3, F_SETLK, F_WRLCK, 0, 0), OK);
	end_locks();
}

static void a_waiter_may_leave(void **state)
{
	const struct _msg_info info = {.scoid = 2, .coid = 3, .pid = 1002};

	(void)state;
	begin_locks();
	assert_int_equal(send_lock(1, 3, F_SETLK, F_WRLCK, 0, 0), OK);
	assert_int_equal(send_lock(2, 3, F_SETLKW, F_WRLCK, 0, 0), NO_ANSWER);
	fake_wants_to_leave(1, &info);
	fake_answer.count = 0;
	(void)fake_send_pulse(f.ctp, 2, _PULSE_CODE_UNBLOCK, 1);
	assert_int_equal(fake_answer.count, 1);
	assert_int_equal(fake_answer.error, -1);
	/* It waits no more. */
	assert_int_equal(send_lock(1, 3, F_SETLK, F_UNLCK, 0, 0), OK);
	assert_int_equal(send_lock(3, 3, F_SETLK, F_WRLCK, 0, 0), OK);
	end_locks();
}

static void locks_need_the_right_to_do_it(void **state)
{
	(void)state;
	begin_locks();
	assert_int_equal(send_open(1, 4, O_RDONLY), OK);
	assert_int_equal(send_open(1, 5, O_WRONLY), OK);
	assert_int_equal(send_lock(1, 4, F_SETLK, F_WRLCK, 0, 1), EBADF);
	assert_int_equal(send_lock(1, 5, F_SETLK, F_RDLCK, 0, 1), EBADF);
	assert_int_equal(send_lock(1, 4, F_SETLK, 77, 0, 1), EINVAL);
	assert_int_equal(send_lock(1, 4, 99, F_RDLCK, 0, 1), EINVAL);
	assert_int_equal(send_lock(1, 4, F_SETLK, F_RDLCK, -1, 1), EINVAL);
	assert_int_equal(send_lock(1, 4, F_SETLK, F_RDLCK, INT64_MAX, 2), EOVERFLOW);
	assert_int_equal(send_close(1, 4), OK);
	assert_int_equal(send_close(1, 5), OK);
	end_locks();
}

/* ---- Notification ---- */

static iofunc_notify_t notify[3];
static int trig;

static int my_notify(resmgr_context_t *ctp, io_notify_t *msg, iofunc_ocb_t *ocb)
{
	(void)ocb;
	return iofunc_notify(ctp, msg, notify, trig, NULL, NULL);
}

static int my_close_dup(resmgr_context_t *ctp, io_close_t *msg, iofunc_ocb_t *ocb)
{
	iofunc_notify_remove(ctp, notify);
	return iofunc_close_dup_default(ctp, msg, ocb);
}

static long send_notify(int scoid, int action, unsigned conditions, unsigned *ret_now)
{
	struct _io_notify message = {
		.type = _IO_NOTIFY, .action = action, .flags = (int)conditions};
	struct _io_notify_reply reply;
	long answer;

	SIGEV_PULSE_INIT(&message.event, 5, 10, 1, 0);
	SIGEV_MAKE_UPDATEABLE(&message.event);
	answer = send_raw(scoid, 3, &message, offsetof(struct _io_notify, mgr));
	memcpy(&reply, fake_answer.data, sizeof(reply));
	*ret_now = reply.flags;
	return answer;
}

static void begin_notify(void)
{
	begin(S_IFCHR | 0666);
	f.io.notify = my_notify;
	f.io.close_dup = my_close_dup;
	IOFUNC_NOTIFY_INIT(notify);
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	assert_int_equal(send_open(2, 3, O_RDWR), OK);
}

static void end_notify(void)
{
	assert_int_equal(send_close(1, 3), OK);
	assert_int_equal(send_close(2, 3), OK);
	for (int i = 0; i < 3; i++) {
		assert_null(notify[i].list);
		assert_int_equal(notify[i].cnt, INT_MAX);
	}
	fixture_end();
}

static void pollarm_arms_only_when_nothing_is_ready(void **state)
{
	const unsigned both = _NOTIFY_COND_INPUT | _NOTIFY_COND_OUTPUT;
	unsigned now;

	(void)state;
	begin_notify();
	trig = (int)_NOTIFY_COND_OUTPUT;
	assert_int_equal(send_notify(1, _NOTIFY_ACTION_POLLARM, both, &now), OK);
	assert_int_equal(now, _NOTIFY_COND_OUTPUT);
	assert_null(notify[IOFUNC_NOTIFY_INPUT].list);
	assert_int_equal(send_notify(1, _NOTIFY_ACTION_POLLARM, _NOTIFY_COND_INPUT, &now), OK);
	assert_int_equal(now, 0);
	assert_true(IOFUNC_NOTIFY_INPUT_CHECK(notify, 1, 0));
	/* Once, and with what has come to hold. */
	iofunc_notify_trigger(notify, 1, IOFUNC_NOTIFY_INPUT);
	iofunc_notify_trigger(notify, 1, IOFUNC_NOTIFY_INPUT);
	assert_int_equal(fake_delivered, 1);
	assert_int_equal((unsigned)fake_event.sigev_value.sival_int, _NOTIFY_COND_INPUT);
	assert_false(IOFUNC_NOTIFY_INPUT_CHECK(notify, 1, 0));
	end_notify();
}

static void poll_takes_back_what_was_armed(void **state)
{
	unsigned now;

	(void)state;
	begin_notify();
	trig = 0;
	assert_int_equal(send_notify(1, _NOTIFY_ACTION_POLLARM, _NOTIFY_COND_INPUT, &now), OK);
	assert_int_equal(send_notify(2, _NOTIFY_ACTION_POLLARM, _NOTIFY_COND_INPUT, &now), OK);
	assert_int_equal(send_notify(1, _NOTIFY_ACTION_POLL, _NOTIFY_COND_INPUT, &now), OK);
	iofunc_notify_trigger(notify, 1, IOFUNC_NOTIFY_INPUT);
	assert_int_equal(fake_delivered, 1);
	end_notify();
}

static void a_count_is_waited_for(void **state)
{
	unsigned now;

	(void)state;
	begin_notify();
	trig = 0;
	assert_int_equal(send_notify(1, _NOTIFY_ACTION_POLLARM, _NOTIFY_COND_INPUT | 100, &now),
			 OK);
	iofunc_notify_trigger(notify, 99, IOFUNC_NOTIFY_INPUT);
	assert_int_equal(fake_delivered, 0);
	iofunc_notify_trigger(notify, 100, IOFUNC_NOTIFY_INPUT);
	assert_int_equal(fake_delivered, 1);
	end_notify();
}

static void a_change_can_be_awaited_by_one_only(void **state)
{
	unsigned now;

	(void)state;
	begin_notify();
	trig = (int)_NOTIFY_COND_INPUT;
	assert_int_equal(send_notify(1, _NOTIFY_ACTION_TRANARM, _NOTIFY_COND_INPUT, &now), OK);
	assert_int_equal(now, 0);
	assert_int_equal(send_notify(2, _NOTIFY_ACTION_TRANARM, _NOTIFY_COND_INPUT, &now), EBUSY);
	assert_int_equal(send_notify(1, _NOTIFY_ACTION_TRANARM, _NOTIFY_COND_INPUT, &now), OK);
	assert_false(IOFUNC_NOTIFY_INPUT_CHECK(notify, 1, 0));
	assert_true(IOFUNC_NOTIFY_INPUT_CHECK(notify, 1, 1));
	end_notify();
}

static void close_forgets_who_waits(void **state)
{
	unsigned now;

	(void)state;
	begin_notify();
	trig = 0;
	assert_int_equal(send_notify(1, _NOTIFY_ACTION_POLLARM, _NOTIFY_COND_INPUT, &now), OK);
	(void)fake_send_pulse(f.ctp, 1, _PULSE_CODE_DISCONNECT, 0);
	assert_null(notify[0].list);
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	end_notify();
}

/* ---- Names ---- */

static void names_are_changed_by_who_may_change_the_directory(void **state)
{
	struct connect_buffer buffer;
	io_unlink_t *unlink_ = (io_unlink_t *)&buffer;
	struct _client_info info = {.cred = {.euid = 500}};
	iofunc_attr_t dir, file, sub;

	(void)state;
	(void)connect_fill(&buffer, _IO_CONNECT_UNLINK, "name", 0);
	iofunc_attr_init(&dir, S_IFDIR | 0755, NULL, NULL);
	iofunc_attr_init(&file, S_IFREG | 0644, &dir, NULL);
	iofunc_attr_init(&sub, S_IFDIR | 0755, &dir, NULL);
	dir.uid = 500;
	assert_int_equal(iofunc_unlink(NULL, unlink_, NULL, &dir, &info), EBADFSYS);
	assert_int_equal(iofunc_unlink(NULL, unlink_, &file, &dir, &info), EOK);
	assert_int_equal(file.nlink, 0);
	assert_int_equal(iofunc_unlink(NULL, unlink_, &sub, &dir, &info), EISDIR);
	unlink_->connect.eflag = _IO_CONNECT_EFLAG_DIR;
	assert_int_equal(iofunc_unlink(NULL, unlink_, &file, &dir, &info), ENOTDIR);
	sub.nlink = 3;
	assert_int_equal(iofunc_unlink(NULL, unlink_, &sub, &dir, &info), ENOTEMPTY);
	sub.nlink = 2;
	assert_int_equal(iofunc_unlink(NULL, unlink_, &sub, &dir, &info), EOK);
	info.cred.euid = 501;
	unlink_->connect.eflag = 0;
	file.nlink = 1;
	assert_int_equal(iofunc_unlink(NULL, unlink_, &file, &dir, &info), EACCES);
	dir.mode = S_IFDIR | S_ISVTX | 0777;
	file.uid = 502;
	assert_int_equal(iofunc_unlink(NULL, unlink_, &file, &dir, &info), EPERM);
	assert_int_equal(iofunc_readlink(NULL, (io_readlink_t *)&buffer, &file, &info), EINVAL);
	assert_int_equal(
		iofunc_rename(NULL, (io_rename_t *)&buffer, &file, &dir, NULL, &dir, &info), EPERM);
	file.uid = 501;
	assert_int_equal(
		iofunc_rename(NULL, (io_rename_t *)&buffer, &file, &dir, NULL, &dir, &info), EOK);
	sub.uid = 501;
	assert_int_equal(iofunc_rename(NULL, (io_rename_t *)&buffer, &file, &dir, &sub, &dir,
				       &info),
			 EISDIR);
}

/* ---- The lock of a file ---- */

static void a_files_lock_is_recursive(void **state)
{
	iofunc_attr_t attr;

	(void)state;
	iofunc_attr_init(&attr, S_IFREG, NULL, NULL);
	assert_int_equal(iofunc_attr_unlock(&attr), EPERM);
	assert_int_equal(iofunc_attr_lock(&attr), EOK);
	assert_int_equal(iofunc_attr_lock(&attr), EOK);
	assert_int_equal(iofunc_attr_trylock(&attr), EOK);
	assert_int_equal(attr.lock_count, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(iofunc_attr_unlock(&attr), EOK);
	assert_int_equal(attr.lock_count, 0);
	assert_int_equal(attr.lock_tid, 0);
}

static iofunc_attr_t contended;
static unsigned long counted;

static void *counts(void *arg)
{
	(void)arg;
	for (int i = 0; i < 50000; i++) {
		assert_int_equal(iofunc_attr_lock(&contended), EOK);
		counted++;
		assert_int_equal(iofunc_attr_unlock(&contended), EOK);
	}
	return NULL;
}

static void *tries(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)iofunc_attr_trylock(&contended);
}

static void a_files_lock_keeps_threads_apart(void **state)
{
	pthread_t threads[4];
	void *result;

	(void)state;
	iofunc_attr_init(&contended, S_IFREG, NULL, NULL);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, counts, NULL), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(counted, 200000);
	assert_int_equal(iofunc_attr_lock(&contended), EOK);
	assert_int_equal(pthread_create(&threads[0], NULL, tries, NULL), 0);
	assert_int_equal(pthread_join(threads[0], &result), 0);
	assert_int_equal((intptr_t)result, EBUSY);
	assert_int_equal(iofunc_attr_unlock(&contended), EOK);
}

static void func_init_fills_as_much_as_there_is(void **state)
{
	resmgr_connect_funcs_t connect = {0};
	resmgr_io_funcs_t io = {0};

	(void)state;
	iofunc_func_init(1, &connect, 2, &io);
	assert_int_equal(connect.nfuncs, 1);
	assert_int_equal(io.nfuncs, 2);
	assert_ptr_equal(connect.open, iofunc_open_default);
	assert_ptr_equal(io.write, iofunc_write_default);
	assert_null(io.close_ocb);
	iofunc_func_init(1000, &connect, 1000, &io);
	assert_int_equal(connect.nfuncs, _RESMGR_CONNECT_NFUNCS);
	assert_int_equal(io.nfuncs, _RESMGR_IO_NFUNCS);
	assert_ptr_equal(io.sync, iofunc_sync_default);
	assert_null(io.notify);
	assert_null(io.power);
	assert_null(io.acl);
	assert_null(io.pause);
	assert_null(io.unpause);
}

/* Whether a program installs them or not, a client hears the same. */
static void power_and_acl_are_enosys(void **state)
{
	const struct _io_power power = {.type = _IO_POWER, .combine_len = sizeof(power)};
	struct {
		struct _io_acl acl;
		char list[64];
	} acl = {.acl = {.type = _IO_ACL, .combine_len = sizeof(struct _io_acl)}};

	(void)state;
	begin(S_IFREG | 0666);
	assert_int_equal(send_open(1, 3, O_RDWR), OK);
	for (int installed = 0; installed < 2; installed++) {
		f.io.power = installed ? iofunc_power_default : NULL;
		f.io.acl = installed ? iofunc_acl_default : NULL;
		assert_int_equal(send_raw(1, 3, &power, sizeof(power)), ENOSYS);
		for (uint32_t what = _IO_ACL_GET; what <= _IO_ACL_CHK; what++) {
			acl.acl.subtype = what;
			assert_int_equal(send_raw(1, 3, &acl, sizeof(acl)), ENOSYS);
		}
		assert_int_equal(send_raw(1, 3, &acl, sizeof(acl.acl) - 1), EBADMSG);
		assert_int_equal(send_raw(1, 3, &power, sizeof(power) - 1), EBADMSG);
	}
	assert_null(f.attr.acl);
	assert_int_equal(send_close(1, 3), OK);
	fixture_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_asks_the_one_class_that_counts),
		cmocka_unit_test(open_is_refused_for_what_it_asks),
		cmocka_unit_test(share_modes_keep_others_out),
		cmocka_unit_test(check_access_follows_its_page),
		cmocka_unit_test(defaults_are_an_empty_file_that_takes_everything),
		cmocka_unit_test(nonblock_is_the_files_unless_the_message_says_so),
		cmocka_unit_test(lseek_moves_within_the_files_rules),
		cmocka_unit_test(mappings_are_refused_clearly),
		cmocka_unit_test(chmod_is_the_owners),
		cmocka_unit_test(chown_is_restricted_where_the_mount_says_so),
		cmocka_unit_test(utime_sets_what_it_is_given),
		cmocka_unit_test(marked_times_become_real_at_stat),
		cmocka_unit_test(stat_says_its_form),
		cmocka_unit_test(a_mount_cuts_times),
		cmocka_unit_test(fcntls_flags_are_the_open_files),
		cmocka_unit_test(pathconf_knows_what_the_mount_says),
		cmocka_unit_test(fdinfo_tells_of_the_open_file_and_its_path),
		cmocka_unit_test(sync_is_there_where_the_mount_says_so),
		cmocka_unit_test(space_is_for_who_may_write),
		cmocka_unit_test(real_ids_take_the_place_of_effective_ones),
		cmocka_unit_test(devctl_verify_checks_what_it_is_told_to),
		cmocka_unit_test(openfd_opens_again_with_no_more_rights),
		cmocka_unit_test(openfd_keeps_the_functions_of_the_open),
		cmocka_unit_test(locks_of_other_processes_conflict),
		cmocka_unit_test(a_lock_that_must_wait_is_answered_when_it_is_free),
		cmocka_unit_test(a_circle_of_waiting_is_edeadlk),
		cmocka_unit_test(locks_go_with_any_descriptor_of_the_process),
		cmocka_unit_test(a_waiter_may_leave),
		cmocka_unit_test(locks_need_the_right_to_do_it),
		cmocka_unit_test(pollarm_arms_only_when_nothing_is_ready),
		cmocka_unit_test(poll_takes_back_what_was_armed),
		cmocka_unit_test(a_count_is_waited_for),
		cmocka_unit_test(a_change_can_be_awaited_by_one_only),
		cmocka_unit_test(close_forgets_who_waits),
		cmocka_unit_test(names_are_changed_by_who_may_change_the_directory),
		cmocka_unit_test(a_files_lock_is_recursive),
		cmocka_unit_test(a_files_lock_keeps_threads_apart),
		cmocka_unit_test(func_init_fills_as_much_as_there_is),
		cmocka_unit_test(power_and_acl_are_enosys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
