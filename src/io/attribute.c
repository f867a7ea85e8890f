// SPDX-License-Identifier: Apache-2.0
/*
 * What is changed of a file: mode, owner, times, size. Each has one message, which goes to an
 * open file, or by path with an open before and a close behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/iomsg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#include "client/export.h"
#include "client/result.h"
#include "io/file.h"
#include "io/path.h"
#include "io/plain.h"

/* A change: for a server its message, for the kernel its call. */
struct change {
	const void *message;
	size_t len;
	uint32_t ioflag;
	int flags;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	const struct timespec *times;
	off_t size;
};

static long change_served(struct served *s, const void *arg)
{
	const struct change *c = arg;
	const struct file_wish wish = {
		.subtype = _IO_CONNECT_COMBINE_CLOSE,
		.ioflag = c->ioflag | (c->flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0),
		.part = c->message,
		.part_len = c->len,
	};
	long rc = file_connect(s, &wish);

	return file_done(rc);
}

static int change_path(int dir_fd, const char *path, path_plain_fn *plain, const struct change *c)
{
	const struct path_way way = {.plain = plain,
				     .served = change_served,
				     .follows = !(c->flags & AT_SYMLINK_NOFOLLOW),
				     .arg = c};

	return (int)path_run(dir_fd, path, &way);
}

static int change_fd(int fd, const struct change *c)
{
	long rc = file_send(fd, c->message, c->len, NULL, 0);

	return result_errno(rc < 0 ? (int)rc : 0);
}

/* ---- Mode ---- */

static long chmod_plain(int dir_fd, const char *path, const void *arg)
{
	const struct change *c = arg;

	if (c->flags & ~AT_SYMLINK_NOFOLLOW)
		return result_errno(-EINVAL);
	if (c->flags)
		return result_errno(-EOPNOTSUPP);
	return PLAIN(fchmodat, dir_fd, path, c->mode, 0, 0);
}

EXPORT int fchmodat(int dir_fd, const char *path, mode_t mode, int flags)
{
	const struct _io_chmod m = {.type = _IO_CHMOD, .combine_len = sizeof(m), .mode = mode};
	const struct change c = {.message = &m,
				 .len = sizeof(m),
				 .ioflag = FILE_NO_ACCESS,
				 .flags = flags,
				 .mode = mode};

	return change_path(dir_fd, path, chmod_plain, &c);
}

EXPORT int chmod(const char *path, mode_t mode)
{
	return fchmodat(AT_FDCWD, path, mode, 0);
}

EXPORT int lchmod(const char *path, mode_t mode)
{
	return fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW);
}

EXPORT int fchmod(int fd, mode_t mode)
{
	const struct _io_chmod m = {.type = _IO_CHMOD, .combine_len = sizeof(m), .mode = mode};
	const struct change c = {.message = &m, .len = sizeof(m)};

	return file_is(fd) ? change_fd(fd, &c) : (int)PLAIN(fchmod, fd, mode, 0, 0, 0);
}

/* ---- Owner ---- */

static long chown_plain(int dir_fd, const char *path, const void *arg)
{
	const struct change *c = arg;

	return PLAIN(fchownat, dir_fd, path, c->uid, c->gid, c->flags);
}

EXPORT int fchownat(int dir_fd, const char *path, uid_t uid, gid_t gid, int flags)
{
	const struct _io_chown m = {.type = _IO_CHOWN,
				    .combine_len = sizeof(m),
				    .gid = (int32_t)gid,
				    .uid = (int32_t)uid};
	const struct change c = {.message = &m,
				 .len = sizeof(m),
				 .ioflag = FILE_NO_ACCESS,
				 .flags = flags,
				 .uid = uid,
				 .gid = gid};

	return change_path(dir_fd, path, chown_plain, &c);
}

EXPORT int chown(const char *path, uid_t uid, gid_t gid)
{
	return fchownat(AT_FDCWD, path, uid, gid, 0);
}

EXPORT int lchown(const char *path, uid_t uid, gid_t gid)
{
	return fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

EXPORT int fchown(int fd, uid_t uid, gid_t gid)
{
	const struct _io_chown m = {.type = _IO_CHOWN,
				    .combine_len = sizeof(m),
				    .gid = (int32_t)gid,
				    .uid = (int32_t)uid};
	const struct change c = {.message = &m, .len = sizeof(m)};

	return file_is(fd) ? change_fd(fd, &c) : (int)PLAIN(fchown, fd, uid, gid, 0, 0);
}

/* ---- Times ---- */

static struct _io_utime64 utime_message(const struct timespec *t)
{
	struct _io_utime64 m = {.type = _IO_UTIME64, .combine_len = sizeof(m)};

	if (!t) {
		m.cur_flag = 1;
		return m;
	}
	m.atime_s = t[0].tv_sec;
	m.atime_ns = t[0].tv_nsec;
	m.mtime_s = t[1].tv_sec;
	m.mtime_ns = t[1].tv_nsec;
	return m;
}

static long utimens_plain(int dir_fd, const char *path, const void *arg)
{
	const struct change *c = arg;

	return PLAIN(utimensat, dir_fd, path, c->times, c->flags, 0);
}

EXPORT int futimens(int fd, const struct timespec times[2])
{
	const struct _io_utime64 m = utime_message(times);
	const struct change c = {.message = &m, .len = sizeof(m)};

	return file_is(fd) ? change_fd(fd, &c) : (int)PLAIN(utimensat, fd, NULL, times, 0, 0);
}

EXPORT int utimensat(int dir_fd, const char *path, const struct timespec times[2], int flags)
{
	const struct _io_utime64 m = utime_message(times);
	const struct change c = {.message = &m,
				 .len = sizeof(m),
				 .ioflag = FILE_NO_ACCESS,
				 .flags = flags,
				 .times = times};

	return change_path(dir_fd, path, utimens_plain, &c);
}

static const struct timespec *of_timeval(const struct timeval *from, struct timespec to[2])
{
	for (int i = 0; from && i < 2; i++)
		to[i] = (struct timespec){from[i].tv_sec, from[i].tv_usec * 1000};
	return from ? to : NULL;
}

static bool is_bad(const struct timeval *t)
{
	return t && (t[0].tv_usec < 0 || t[0].tv_usec >= 1000000 || t[1].tv_usec < 0 ||
		     t[1].tv_usec >= 1000000);
}

EXPORT int utimes(const char *path, const struct timeval times[2])
{
	struct timespec t[2];

	return is_bad(times) ? result_errno(-EINVAL) :
			       utimensat(AT_FDCWD, path, of_timeval(times, t), 0);
}

EXPORT int lutimes(const char *path, const struct timeval times[2])
{
	struct timespec t[2];

	return is_bad(times) ? result_errno(-EINVAL) :
			       utimensat(AT_FDCWD, path, of_timeval(times, t), AT_SYMLINK_NOFOLLOW);
}

EXPORT int futimesat(int dir_fd, const char *path, const struct timeval times[2])
{
	struct timespec t[2];

	return is_bad(times) ? result_errno(-EINVAL) :
			       utimensat(dir_fd, path, of_timeval(times, t), 0);
}

EXPORT int futimes(int fd, const struct timeval times[2])
{
	struct timespec t[2];

	return is_bad(times) ? result_errno(-EINVAL) : futimens(fd, of_timeval(times, t));
}

EXPORT int utime(const char *path, const struct utimbuf *times)
{
	struct timespec t[2] = {{0}, {0}};

	if (times) {
		t[0].tv_sec = times->actime;
		t[1].tv_sec = times->modtime;
	}
	return utimensat(AT_FDCWD, path, times ? t : NULL, 0);
}

/* ---- Size ---- */

static struct _io_space space_message(off_t size)
{
	/* From there to the end it is free. */
	return (struct _io_space){.type = _IO_SPACE,
				  .combine_len = sizeof(struct _io_space),
				  .subtype = F_FREESP,
				  .whence = SEEK_SET,
				  .start = (uint64_t)size};
}

static long truncate_plain(int dir_fd, const char *path, const void *arg)
{
	(void)dir_fd;
	return PLAIN(truncate, path, ((const struct change *)arg)->size, 0, 0, 0);
}

static int truncate_path(const char *path, off_t size)
{
	const struct _io_space m = space_message(size);
	const struct change c = {.message = &m, .len = sizeof(m), .ioflag = O_WRONLY, .size = size};

	return change_path(AT_FDCWD, path, truncate_plain, &c);
}

static int truncate_fd(int fd, off_t size)
{
	const struct _io_space m = space_message(size);
	const struct change c = {.message = &m, .len = sizeof(m)};

	if (!file_is(fd))
		return (int)PLAIN(ftruncate, fd, size, 0, 0, 0);
	return size < 0 ? result_errno(-EINVAL) : change_fd(fd, &c);
}

EXPORT int truncate(const char *path, off_t size)
{
	return truncate_path(path, size);
}

EXPORT int truncate64(const char *path, off_t size)
{
	return truncate_path(path, size);
}

EXPORT int ftruncate(int fd, off_t size)
{
	return truncate_fd(fd, size);
}

EXPORT int ftruncate64(int fd, off_t size)
{
	return truncate_fd(fd, size);
}

/* ---- What is written out ---- */

static int sync_fd(int fd, uint32_t flag)
{
	const struct _io_sync m = {.type = _IO_SYNC, .combine_len = sizeof(m), .flag = flag};
	const struct change c = {.message = &m, .len = sizeof(m)};

	return change_fd(fd, &c);
}

EXPORT int fsync(int fd)
{
	return file_is(fd) ? sync_fd(fd, O_SYNC) :
			     (int)plain_call_blocking(SYS_fsync, fd, 0, 0, 0, 0, 0);
}

EXPORT int fdatasync(int fd)
{
	return file_is(fd) ? sync_fd(fd, O_DSYNC) :
			     (int)plain_call_blocking(SYS_fdatasync, fd, 0, 0, 0, 0, 0);
}
