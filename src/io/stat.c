// SPDX-License-Identifier: Apache-2.0
/*
 * What is known of a file: stat() and its kin, access(), statvfs(), pathconf(). By path it is
 * one message: open, ask, close.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <limits.h>
#include <sys/iomsg.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/util.h"
#include "client/export.h"
#include "client/real.h"
#include "client/result.h"
#include "io/file.h"
#include "io/path.h"
#include "io/plain.h"
#include "io/stat.h"

struct stat_args {
	int flags;
	struct stat *st;
};

static long stat_plain(int dir_fd, const char *path, const void *arg)
{
	const struct stat_args *a = arg;

	return plain_fstatat(dir_fd, path, a->st, a->flags);
}

static const struct _io_stat ask_stat = {
	.type = _IO_STAT, .combine_len = sizeof(ask_stat), .format = _STAT_FORM_SYS_2008};

static long stat_served(struct served *s, const void *arg)
{
	const struct stat_args *a = arg;
	struct file_wish wish = {
		.subtype = _IO_CONNECT_COMBINE_CLOSE,
		.ioflag = a->flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0,
		/* Servers know lstat() by this; O_NOFOLLOW alone may be an open(), for ELOOP. */
		.mode = a->flags & AT_SYMLINK_NOFOLLOW ? S_IFLNK : 0,
		.part = &ask_stat,
		.part_len = sizeof(ask_stat),
		.reply = a->st,
		.reply_len = sizeof(*a->st),
	};
	long rc;

	wish.ioflag |= FILE_NO_ACCESS;
	rc = file_connect(s, &wish);
	return file_done(rc);
}

long stat_of_served(struct served *s)
{
	struct stat st;
	const struct stat_args a = {.st = &st};

	return stat_served(s, &a);
}

int stat_fd(int fd, struct stat *st)
{
	long rc;

	memset(st, 0, sizeof(*st));
	rc = file_send(fd, &ask_stat, sizeof(ask_stat), st, sizeof(*st));
	return rc < 0 ? (int)rc : 0;
}

static int stat_run(int dir_fd, const char *path, struct stat *st, int flags)
{
	const struct stat_args a = {.flags = flags, .st = st};
	const struct path_way way = {.plain = stat_plain,
				     .served = stat_served,
				     .follows = !(flags & AT_SYMLINK_NOFOLLOW),
				     .arg = &a};

	if (flags & AT_EMPTY_PATH && file_is(dir_fd) && path && !path[0])
		return result_errno(stat_fd(dir_fd, st));
	return (int)path_run(dir_fd, path, &way);
}

static int stat_run_fd(int fd, struct stat *st)
{
	if (file_is(fd))
		return result_errno(stat_fd(fd, st));
	return plain_fstat(fd, st);
}

/* The 64 forms are the same on the machines we run on; the x forms are what old binaries call. */
_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "");

int stat_path(const char *path, struct stat *st)
{
	return stat_run(AT_FDCWD, path, st, 0);
}

int stat_link(const char *path, struct stat *st)
{
	return stat_run(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

EXPORT int stat(const char *path, struct stat *st)
{
	return stat_run(AT_FDCWD, path, st, 0);
}

EXPORT int stat64(const char *path, struct stat64 *st)
{
	return stat_run(AT_FDCWD, path, (struct stat *)st, 0);
}

EXPORT int lstat(const char *path, struct stat *st)
{
	return stat_run(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

EXPORT int lstat64(const char *path, struct stat64 *st)
{
	return stat_run(AT_FDCWD, path, (struct stat *)st, AT_SYMLINK_NOFOLLOW);
}

EXPORT int fstat(int fd, struct stat *st)
{
	return stat_run_fd(fd, st);
}

EXPORT int fstat64(int fd, struct stat64 *st)
{
	return stat_run_fd(fd, (struct stat *)st);
}

EXPORT int fstatat(int dir_fd, const char *path, struct stat *st, int flags)
{
	return stat_run(dir_fd, path, st, flags);
}

EXPORT int fstatat64(int dir_fd, const char *path, struct stat64 *st, int flags)
{
	return stat_run(dir_fd, path, (struct stat *)st, flags);
}

#define OLD_FORMS(suffix, type)                                                                 \
	int __xstat##suffix(int version, const char *path, type *st);                           \
	EXPORT int __xstat##suffix(int version, const char *path, type *st)                     \
	{                                                                                       \
		(void)version;                                                                  \
		return stat_run(AT_FDCWD, path, (struct stat *)st, 0);                          \
	}                                                                                       \
	int __lxstat##suffix(int version, const char *path, type *st);                          \
	EXPORT int __lxstat##suffix(int version, const char *path, type *st)                    \
	{                                                                                       \
		(void)version;                                                                  \
		return stat_run(AT_FDCWD, path, (struct stat *)st, AT_SYMLINK_NOFOLLOW);        \
	}                                                                                       \
	int __fxstat##suffix(int version, int fd, type *st);                                    \
	EXPORT int __fxstat##suffix(int version, int fd, type *st)                              \
	{                                                                                       \
		(void)version;                                                                  \
		return stat_run_fd(fd, (struct stat *)st);                                      \
	}                                                                                       \
	int __fxstatat##suffix(int version, int dir_fd, const char *path, type *st, int flags); \
	EXPORT int __fxstatat##suffix(int version, int dir_fd, const char *path, type *st,      \
				      int flags)                                                \
	{                                                                                       \
		(void)version;                                                                  \
		return stat_run(dir_fd, path, (struct stat *)st, flags);                        \
	}

OLD_FORMS(, struct stat)
OLD_FORMS(64, struct stat64)

/* ---- statx() ---- */

static struct statx_timestamp stamp(const struct timespec *t)
{
	return (struct statx_timestamp){.tv_sec = t->tv_sec, .tv_nsec = (uint32_t)t->tv_nsec};
}

static void statx_of(const struct stat *st, struct statx *x)
{
	*x = (struct statx){
		.stx_mask = STATX_BASIC_STATS,
		.stx_blksize = (uint32_t)st->st_blksize,
		.stx_nlink = (uint32_t)st->st_nlink,
		.stx_uid = st->st_uid,
		.stx_gid = st->st_gid,
		.stx_mode = (uint16_t)st->st_mode,
		.stx_ino = st->st_ino,
		.stx_size = (uint64_t)st->st_size,
		.stx_blocks = (uint64_t)st->st_blocks,
		.stx_atime = stamp(&st->st_atim),
		.stx_mtime = stamp(&st->st_mtim),
		.stx_ctime = stamp(&st->st_ctim),
		.stx_rdev_major = major(st->st_rdev),
		.stx_rdev_minor = minor(st->st_rdev),
		.stx_dev_major = major(st->st_dev),
		.stx_dev_minor = minor(st->st_dev),
	};
}

struct statx_args {
	int flags;
	unsigned mask;
	struct statx *x;
};

static long statx_plain(int dir_fd, const char *path, const void *arg)
{
	const struct statx_args *a = arg;

	return PLAIN(statx, dir_fd, path, a->flags, a->mask, a->x);
}

static long statx_served(struct served *s, const void *arg)
{
	const struct statx_args *a = arg;
	struct stat st;
	const struct stat_args inner = {.flags = a->flags, .st = &st};
	long rc = stat_served(s, &inner);

	if (rc == 0)
		statx_of(&st, a->x);
	return rc;
}

EXPORT int statx(int dir_fd, const char *restrict path, int flags, unsigned mask,
		 struct statx *restrict x)
{
	const struct statx_args a = {.flags = flags, .mask = mask, .x = x};
	const struct path_way way = {.plain = statx_plain,
				     .served = statx_served,
				     .follows = !(flags & AT_SYMLINK_NOFOLLOW),
				     .arg = &a};
	struct stat st;
	int rc;

	if (!(flags & AT_EMPTY_PATH) || !file_is(dir_fd) || path[0])
		return (int)path_run(dir_fd, path, &way);
	rc = stat_fd(dir_fd, &st);
	if (rc == 0)
		statx_of(&st, x);
	return result_errno(rc);
}

/* ---- access() ---- */

struct access_args {
	int mode, flags;
};

typedef int faccessat_fn(int dir_fd, const char *path, int mode, int flags);

static long access_plain(int dir_fd, const char *path, const void *arg)
{
	const struct access_args *a = arg;

	/* glibc's has what older kernels lack. */
	return REAL(faccessat_fn, faccessat)(dir_fd, path, a->mode, a->flags);
}

/* An open that asks for those rights and is closed at once. */
static long access_served(struct served *s, const void *arg)
{
	const struct access_args *a = arg;
	struct stat st;
	const struct file_wish wish = {
		.subtype = _IO_CONNECT_COMBINE_CLOSE,
		.ioflag = FILE_NO_ACCESS | (a->flags & AT_EACCESS ? 0 : O_REALIDS),
		.access =
			(uint16_t)((a->mode & R_OK ? S_IRUSR : 0) | (a->mode & W_OK ? S_IWUSR : 0) |
				   (a->mode & X_OK ? S_IXUSR : 0)),
		.part = &ask_stat,
		.part_len = sizeof(ask_stat),
		.reply = &st,
		.reply_len = sizeof(st),
	};
	long rc;

	if (a->mode & ~(R_OK | W_OK | X_OK))
		return -EINVAL;
	rc = file_connect(s, &wish);
	return file_done(rc);
}

static int access_run(int dir_fd, const char *path, int mode, int flags)
{
	const struct access_args a = {.mode = mode, .flags = flags};
	const struct path_way way = {.plain = access_plain,
				     .served = access_served,
				     .follows = !(flags & AT_SYMLINK_NOFOLLOW),
				     .arg = &a};

	return (int)path_run(dir_fd, path, &way);
}

EXPORT int access(const char *path, int mode)
{
	return access_run(AT_FDCWD, path, mode, 0);
}

EXPORT int eaccess(const char *path, int mode)
{
	return access_run(AT_FDCWD, path, mode, AT_EACCESS);
}

EXPORT int euidaccess(const char *path, int mode)
{
	return access_run(AT_FDCWD, path, mode, AT_EACCESS);
}

EXPORT int faccessat(int dir_fd, const char *path, int mode, int flags)
{
	return access_run(dir_fd, path, mode, flags);
}

/* ---- pathconf() ---- */

typedef long pathconf_fn(const char *path, int name);
typedef long fpathconf_fn(int fd, int name);

static long pathconf_plain(int dir_fd, const char *path, const void *arg)
{
	(void)dir_fd;
	return REAL(pathconf_fn, pathconf)(path, *(const int *)arg);
}

static long pathconf_served(struct served *s, const void *arg)
{
	const struct _io_pathconf ask = {.type = _IO_PATHCONF,
					 .combine_len = sizeof(ask),
					 .name = (int16_t) * (const int *)arg};
	const struct file_wish wish = {.subtype = _IO_CONNECT_COMBINE_CLOSE,
				       .ioflag = FILE_NO_ACCESS,
				       .part = &ask,
				       .part_len = sizeof(ask)};

	return file_connect(s, &wish);
}

EXPORT long pathconf(const char *path, int name)
{
	const struct path_way way = {
		.plain = pathconf_plain, .served = pathconf_served, .follows = true, .arg = &name};

	return path_run(AT_FDCWD, path, &way);
}

EXPORT long fpathconf(int fd, int name)
{
	const struct _io_pathconf ask = {
		.type = _IO_PATHCONF, .combine_len = sizeof(ask), .name = (int16_t)name};
	long rc;

	if (!file_is(fd))
		return REAL(fpathconf_fn, fpathconf)(fd, name);
	rc = file_send(fd, &ask, sizeof(ask), NULL, 0);
	if (rc >= 0)
		return rc;
	errno = (int)-rc;
	return -1;
}

/* ---- statvfs(): no message has it; what can be said of any server's files. ---- */

typedef int statvfs_fn(const char *path, struct statvfs *st);
typedef int fstatvfs_fn(int fd, struct statvfs *st);

static void statvfs_of(const struct stat *st, struct statvfs *ret)
{
	*ret = (struct statvfs){
		.f_bsize = st->st_blksize > 0 ? (unsigned long)st->st_blksize : 4096,
		.f_frsize = st->st_blksize > 0 ? (unsigned long)st->st_blksize : 4096,
		.f_fsid = st->st_dev,
		.f_namemax = NAME_MAX,
	};
}

static long statvfs_plain(int dir_fd, const char *path, const void *arg)
{
	(void)dir_fd;
	return REAL(statvfs_fn, statvfs)(path, (struct statvfs *)(uintptr_t)arg);
}

static long statvfs_served(struct served *s, const void *arg)
{
	struct stat st;
	const struct stat_args a = {.st = &st};
	long rc = stat_served(s, &a);

	if (rc == 0)
		statvfs_of(&st, (struct statvfs *)(uintptr_t)arg);
	return rc;
}

EXPORT int statvfs(const char *path, struct statvfs *ret)
{
	const struct path_way way = {
		.plain = statvfs_plain, .served = statvfs_served, .follows = true, .arg = ret};

	return (int)path_run(AT_FDCWD, path, &way);
}

EXPORT int statvfs64(const char *path, struct statvfs64 *ret)
{
	return statvfs(path, (struct statvfs *)ret);
}

EXPORT int fstatvfs(int fd, struct statvfs *ret)
{
	struct stat st;
	int rc;

	if (!file_is(fd))
		return REAL(fstatvfs_fn, fstatvfs)(fd, ret);
	rc = stat_fd(fd, &st);
	if (rc == 0)
		statvfs_of(&st, ret);
	return result_errno(rc);
}

EXPORT int fstatvfs64(int fd, struct statvfs64 *ret)
{
	return fstatvfs(fd, (struct statvfs *)ret);
}
