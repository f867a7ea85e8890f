// SPDX-License-Identifier: Apache-2.0
/*
 * Calls of libc that have a path or a descriptor somewhere inside: realpath(), glob(), and what
 * the kernel does between two descriptors, which for a served one is a loop, or not to be had.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <pthread.h>
#include <share.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <sys/iomsg.h>
#include <sys/mman.h>
#include <sys/neutrino.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "client/export.h"
#include "client/guard.h"
#include "client/real.h"
#include "client/result.h"
#include "io/file.h"
#include "io/path.h"
#include "io/plain.h"
#include "io/dir.h"
#include "io/rw.h"
#include "io/stat.h"

/* ---- realpath() ---- */

typedef char *realpath_fn(const char *path, char *ret);

struct real_args {
	char *ret; /* PATH_MAX bytes */
};

static long real_plain(int dir_fd, const char *path, const void *arg)
{
	(void)dir_fd;
	return REAL(realpath_fn, realpath)(path, ((const struct real_args *)arg)->ret) ? 0 : -1;
}

/* The server knows whether it is there; links of servers are followed. */
static long real_served(struct served *s, const void *arg)
{
	const struct _io_stat ask = {
		.type = _IO_STAT, .combine_len = sizeof(ask), .format = _STAT_FORM_SYS_2008};
	const struct file_wish wish = {.subtype = _IO_CONNECT_COMBINE_CLOSE,
				       .ioflag = FILE_NO_ACCESS,
				       .part = &ask,
				       .part_len = sizeof(ask)};
	long rc = file_connect(s, &wish);

	if (rc < 0)
		return rc;
	memcpy(((const struct real_args *)arg)->ret, s->path, strlen(s->path) + 1);
	return 0;
}

EXPORT char *realpath(const char *restrict path, char *restrict ret)
{
	char room[PATH_MAX];
	const struct real_args a = {.ret = room};
	const struct path_way way = {
		.plain = real_plain, .served = real_served, .follows = true, .arg = &a};

	if (!prefix_any() || !path)
		return REAL(realpath_fn, realpath)(path, ret);
	if (path_run(AT_FDCWD, path, &way) < 0)
		return NULL;
	if (!ret)
		return strdup(room);
	memcpy(ret, room, strlen(room) + 1);
	return ret;
}

EXPORT char *canonicalize_file_name(const char *path)
{
	return realpath(path, NULL);
}

char *__realpath_chk(const char *path, char *ret, size_t size);
EXPORT char *__realpath_chk(const char *path, char *ret, size_t size)
{
	if (size < PATH_MAX)
		__chk_fail();
	return realpath(path, ret);
}

/* ---- glob(): glibc's, over our folders ---- */

typedef int glob_fn(const char *pattern, int flags, int (*error)(const char *, int), glob_t *ret);

static void glob_close(void *dir)
{
	(void)dir_close(dir); /* it was read */
}

static struct dirent *glob_read(void *dir)
{
	return dir_read(dir);
}

static void *glob_open(const char *path)
{
	return dir_open(path);
}

static int glob_any(const char *pattern, int flags, int (*error)(const char *, int), glob_t *ret)
{
	int rc;

	if (flags & GLOB_ALTDIRFUNC || !prefix_any())
		return REAL(glob_fn, glob)(pattern, flags, error, ret);
	ret->gl_closedir = glob_close;
	ret->gl_readdir = glob_read;
	ret->gl_opendir = glob_open;
	ret->gl_lstat = stat_link;
	ret->gl_stat = stat_path;
	rc = REAL(glob_fn, glob)(pattern, flags | GLOB_ALTDIRFUNC, error, ret);
	ret->gl_flags &= ~GLOB_ALTDIRFUNC;
	return rc;
}

EXPORT int glob(const char *restrict pattern, int flags, int (*error)(const char *, int),
		glob_t *restrict ret)
{
	return glob_any(pattern, flags, error, ret);
}

EXPORT int glob64(const char *restrict pattern, int flags, int (*error)(const char *, int),
		  glob64_t *restrict ret)
{
	return glob_any(pattern, flags, error, (glob_t *)ret);
}

/* ---- mmap(): servers' files are not memory ---- */

EXPORT void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	if (!(flags & MAP_ANONYMOUS) && file_is(fd)) {
		errno = ENODEV;
		return MAP_FAILED;
	}
	return (void *)syscall(SYS_mmap, at, len, prot, flags, fd, offset);
}

EXPORT void *mmap64(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	return mmap(at, len, prot, flags, fd, offset);
}

/* ---- From one descriptor to another ---- */

#define COPY_BYTES 65536

/* @from_at, @to_at: NULL, the descriptor's own position. */
static ssize_t copy_by(char *room, int from, off_t *from_at, int to, off_t *to_at, size_t len)
{
	size_t done = 0;
	ssize_t n = 0;

	while (done < len) {
		size_t want = MIN(len - done, (size_t)COPY_BYTES);

		n = from_at ? pread(from, room, want, *from_at) : read(from, room, want);
		if (n <= 0)
			break;
		n = to_at ? rw_pwrite(to, room, (size_t)n, *to_at) : rw_write(to, room, (size_t)n);
		if (n <= 0)
			break;
		if (from_at)
			*from_at += n;
		if (to_at)
			*to_at += n;
		done += (size_t)n;
		/* Who had less has no more now. */
		if ((size_t)n < want)
			break;
	}
	return done ? (ssize_t)done : n;
}

static ssize_t copy_loop(int from, off_t *from_at, int to, off_t *to_at, size_t len)
{
	char *room = malloc(COPY_BYTES);
	ssize_t n;

	if (!room)
		return result_errno(-ENOMEM);
	pthread_cleanup_push(free, room);
	n = copy_by(room, from, from_at, to, to_at, len);
	pthread_cleanup_pop(1);
	return n;
}

static ssize_t sendfile_any(int to, int from, off_t *at, size_t len)
{
	if (file_is(to) || file_is(from))
		return copy_loop(from, at, to, NULL, len);
	return plain_call_blocking(SYS_sendfile, to, from, (long)at, (long)len, 0, 0);
}

EXPORT ssize_t sendfile(int to, int from, off_t *at, size_t len)
{
	return sendfile_any(to, from, at, len);
}

EXPORT ssize_t sendfile64(int to, int from, off_t *at, size_t len)
{
	return sendfile_any(to, from, at, len);
}

EXPORT ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t len,
			       unsigned flags)
{
	if (!file_is(to) && !file_is(from))
		return plain_call_blocking(SYS_copy_file_range, from, (long)from_at, to,
					   (long)to_at, (long)len, (long)flags);
	return flags ? result_errno(-EINVAL) : copy_loop(from, from_at, to, to_at, len);
}

EXPORT ssize_t splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t len,
		      unsigned flags)
{
	if (file_is(to) || file_is(from))
		return result_errno(-EINVAL);
	return plain_call_blocking(SYS_splice, from, (long)from_at, to, (long)to_at, (long)len,
				   (long)flags);
}

static int allocate_any(int fd, int mode, off_t offset, off_t len)
{
	if (file_is(fd))
		return result_errno(-EOPNOTSUPP);
	return (int)plain_call_blocking(SYS_fallocate, fd, mode, offset, len, 0, 0);
}

EXPORT int fallocate(int fd, int mode, off_t offset, off_t len)
{
	return allocate_any(fd, mode, offset, len);
}

EXPORT int fallocate64(int fd, int mode, off_t offset, off_t len)
{
	return allocate_any(fd, mode, offset, len);
}

/* ---- QNX's own ---- */

EXPORT int iofdinfo(int fd, unsigned flags, struct _fdinfo *info, char *path, int room)
{
	const struct _io_fdinfo ask = {.type = _IO_FDINFO,
				       .combine_len = sizeof(ask),
				       .flags = flags,
				       .path_len = room > 0 ? (uint32_t)room : 0};
	struct _io_fdinfo_reply head = {.info = {0}};
	const struct iovec out = {(void *)(uintptr_t)&ask, sizeof(ask)};
	const struct iovec in[2] = {{&head, sizeof(head)}, {path, ask.path_len}};
	long rc;

	if (!file_is(fd))
		return result_errno(file_not_served(fd));
	rc = file_sendv(fd, &out, 1, in, path && room > 0 ? 2 : 1);
	if (rc < 0)
		return result_errno((int)rc);
	if (info)
		*info = head.info;
	if (path && room > 0)
		path[room - 1] = 0;
	return (int)rc;
}

static void detach(void *coid)
{
	(void)ConnectDetach_r(*(int *)coid); /* it is ours */
}

static int openfd_any(int fd, int flags, int sflag)
{
	struct _server_info server;
	struct _io_openfd m = {.type = _IO_OPENFD,
			       .combine_len = sizeof(m),
			       .ioflag = file_ioflag((uint32_t)flags),
			       .sflag = (uint16_t)sflag,
			       .info = {.pid = getpid(), .coid = fd}};
	int coid;
	long rc;

	if (!file_is(fd))
		return result_errno(file_not_served(fd));
	if (ConnectServerInfo_r(0, fd, &server) != fd)
		return result_errno(-EBADF);
	coid = ConnectAttach_r(0, server.pid, server.chid, 0,
			       flags & O_CLOEXEC ? _NTO_COF_CLOEXEC : 0);
	if (coid < 0)
		return result_errno(coid);
	pthread_cleanup_push(detach, &coid);
	rc = file_send(coid, &m, sizeof(m), NULL, 0);
	pthread_cleanup_pop(0);
	if (rc >= 0)
		return coid;
	detach(&coid);
	return result_errno((int)rc);
}

EXPORT int openfd(int fd, int flags)
{
	return openfd_any(fd, flags, 0);
}

EXPORT int sopenfd(int fd, int flags, int sflag)
{
	return openfd_any(fd, flags, sflag);
}
