// SPDX-License-Identifier: Apache-2.0
/*
 * Names that come and go: unlink(), rename(), mkdir(), links. One message each, to whoever
 * serves the folder; what has two names must have both with the same server (EXDEV).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/iomsg.h>
#include <sys/neutrino.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "client/export.h"
#include "client/guard.h"
#include "client/real.h"
#include "client/result.h"
#include "io/file.h"
#include "io/path.h"
#include "io/plain.h"

struct name_args {
	int flags;
	mode_t mode;
	dev_t dev;
	const char *text;
	char *buf;
	size_t len;
	int other_fd;
};

static int name_run(int dir_fd, const char *path, path_plain_fn *plain, path_served_fn *served,
		    const struct name_args *a)
{
	const struct path_way way = {.plain = plain, .served = served, .changes = true, .arg = a};

	return (int)path_run(dir_fd, path, &way);
}

/* ---- unlink(), rmdir() ---- */

static long unlink_plain(int dir_fd, const char *path, const void *arg)
{
	return PLAIN(unlinkat, dir_fd, path, ((const struct name_args *)arg)->flags, 0, 0);
}

static long unlink_served(struct served *s, const void *arg)
{
	const struct name_args *a = arg;
	const struct file_wish wish = {.subtype = _IO_CONNECT_UNLINK, .ioflag = FILE_NO_ACCESS};

	if (a->flags & AT_REMOVEDIR)
		s->eflag |= _IO_CONNECT_EFLAG_DIR;
	return file_done(file_connect(s, &wish));
}

EXPORT int unlinkat(int dir_fd, const char *path, int flags)
{
	const struct name_args a = {.flags = flags};

	return name_run(dir_fd, path, unlink_plain, unlink_served, &a);
}

EXPORT int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

EXPORT int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

EXPORT int remove(const char *path)
{
	if (unlinkat(AT_FDCWD, path, 0) == 0)
		return 0;
	/* Linux says EISDIR of a folder, POSIX EPERM. */
	if (errno != EISDIR && errno != EPERM)
		return -1;
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/* ---- mkdir(), mknod() ---- */

static long mkdir_plain(int dir_fd, const char *path, const void *arg)
{
	return PLAIN(mkdirat, dir_fd, path, ((const struct name_args *)arg)->mode, 0, 0);
}

static long mknod_plain(int dir_fd, const char *path, const void *arg)
{
	const struct name_args *a = arg;

	return PLAIN(mknodat, dir_fd, path, a->mode, a->dev, 0);
}

static long mknod_served(struct served *s, const void *arg)
{
	const struct name_args *a = arg;
	const struct file_wish wish = {
		.subtype = _IO_CONNECT_MKNOD,
		.ioflag = FILE_NO_ACCESS,
		.mode = (a->mode & S_IFMT ? a->mode & S_IFMT : S_IFREG) |
			(a->mode & 07777 & ~file_umask()),
	};

	return file_done(file_connect(s, &wish));
}

static long mkdir_served(struct served *s, const void *arg)
{
	struct name_args a = *(const struct name_args *)arg;

	a.mode = S_IFDIR | (a.mode & 07777);
	return mknod_served(s, &a);
}

EXPORT int mkdirat(int dir_fd, const char *path, mode_t mode)
{
	const struct name_args a = {.mode = mode};

	return name_run(dir_fd, path, mkdir_plain, mkdir_served, &a);
}

EXPORT int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

EXPORT int mknodat(int dir_fd, const char *path, mode_t mode, dev_t dev)
{
	const struct name_args a = {.mode = mode, .dev = dev};

	return name_run(dir_fd, path, mknod_plain, mknod_served, &a);
}

EXPORT int mknod(const char *path, mode_t mode, dev_t dev)
{
	return mknodat(AT_FDCWD, path, mode, dev);
}

EXPORT int mkfifo(const char *path, mode_t mode)
{
	return mknodat(AT_FDCWD, path, S_IFIFO | (mode & 07777), 0);
}

EXPORT int mkfifoat(int dir_fd, const char *path, mode_t mode)
{
	return mknodat(dir_fd, path, S_IFIFO | (mode & 07777), 0);
}

/* What old binaries call. */
int __xmknod(int version, const char *path, mode_t mode, const dev_t *dev);
EXPORT int __xmknod(int version, const char *path, mode_t mode, const dev_t *dev)
{
	(void)version;
	return mknodat(AT_FDCWD, path, mode, *dev);
}

int __xmknodat(int version, int dir_fd, const char *path, mode_t mode, const dev_t *dev);
EXPORT int __xmknodat(int version, int dir_fd, const char *path, mode_t mode, const dev_t *dev)
{
	(void)version;
	return mknodat(dir_fd, path, mode, *dev);
}

/* ---- readlink() ---- */

static long readlink_plain(int dir_fd, const char *path, const void *arg)
{
	const struct name_args *a = arg;

	return PLAIN(readlinkat, dir_fd, path, a->buf, a->len, 0);
}

static long readlink_served(struct served *s, const void *arg)
{
	const struct name_args *a = arg;
	const struct file_wish wish = {.subtype = _IO_CONNECT_READLINK,
				       .ioflag = FILE_NO_ACCESS,
				       .reply = a->buf,
				       .reply_len = a->len};
	long rc;

	if (a->len == 0)
		return -EINVAL;
	rc = file_connect(s, &wish);
	/* No server has links of its own: then the name is no link. */
	return rc == -ENOSYS ? -EINVAL : rc;
}

EXPORT ssize_t readlinkat(int dir_fd, const char *restrict path, char *restrict buf, size_t len)
{
	const struct name_args a = {.buf = buf, .len = len};
	const struct path_way way = {.plain = readlink_plain, .served = readlink_served, .arg = &a};

	return path_run(dir_fd, path, &way);
}

EXPORT ssize_t readlink(const char *restrict path, char *restrict buf, size_t len)
{
	return readlinkat(AT_FDCWD, path, buf, len);
}

ssize_t __readlink_chk(const char *path, char *buf, size_t len, size_t buf_len);
EXPORT ssize_t __readlink_chk(const char *path, char *buf, size_t len, size_t buf_len)
{
	if (len > buf_len)
		__chk_fail();
	return readlinkat(AT_FDCWD, path, buf, len);
}

ssize_t __readlinkat_chk(int dir_fd, const char *path, char *buf, size_t len, size_t buf_len);
EXPORT ssize_t __readlinkat_chk(int dir_fd, const char *path, char *buf, size_t len, size_t buf_len)
{
	if (len > buf_len)
		__chk_fail();
	return readlinkat(dir_fd, path, buf, len);
}

/* ---- symlink() ---- */

static long symlink_plain(int dir_fd, const char *path, const void *arg)
{
	return PLAIN(symlinkat, ((const struct name_args *)arg)->text, dir_fd, path, 0, 0);
}

static long symlink_served(struct served *s, const void *arg)
{
	const struct name_args *a = arg;
	const struct file_wish wish = {.subtype = _IO_CONNECT_LINK,
				       .ioflag = FILE_NO_ACCESS,
				       .mode = S_IFLNK | 0777,
				       .extra_type = _IO_CONNECT_EXTRA_SYMLINK,
				       .extra = a->text,
				       .extra_len = strlen(a->text) + 1};

	return file_done(file_connect(s, &wish));
}

EXPORT int symlinkat(const char *target, int dir_fd, const char *path)
{
	const struct name_args a = {.text = target};

	return name_run(dir_fd, path, symlink_plain, symlink_served, &a);
}

EXPORT int symlink(const char *target, const char *path)
{
	return symlinkat(target, AT_FDCWD, path);
}

/* ---- rename(): the message has the new name in front, the old one behind ---- */

static const struct path_server *server_of(const struct served *s, const struct path_server *other)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->servers[i].pid == other->pid && s->servers[i].chid == other->chid &&
		    s->servers[i].handle == other->handle)
			return &s->servers[i];
	return NULL;
}

static long rename_plain(int dir_fd, const char *path, const void *arg)
{
	const struct name_args *a = arg;

	return PLAIN(renameat2, dir_fd, path, a->other_fd, a->text, a->flags);
}

/* @s is the old name's. */
static long rename_served(struct served *s, const void *arg)
{
	const struct name_args *a = arg;
	struct served to;
	struct file_wish wish = {.subtype = _IO_CONNECT_RENAME,
				 .ioflag = FILE_NO_ACCESS,
				 .extra_type = _IO_CONNECT_EXTRA_RENAME};
	const struct path_server *server = NULL;
	const char *old;
	int rc = served_find(a->other_fd, a->text, &to);

	if (a->flags)
		return -EINVAL;
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; rc && i < s->n && !server; i++)
		server = server_of(&to, &s->servers[i]);
	if (!server)
		return -EXDEV;
	old = s->path + MIN((size_t)server->len, strlen(s->path));
	old += *old == '/';
	wish.extra = old;
	wish.extra_len = strlen(old) + 1;
	to.servers[0] = *server;
	to.n = 1;
	return file_done(file_connect(&to, &wish));
}

/* From a plain file to a served name: there is no way. */
static bool leads_in(int old_fd, const char *old, int new_fd, const char *new)
{
	struct served to;

	return served_may(new_fd, new) && !served_may(old_fd, old) &&
	       served_find(new_fd, new, &to) > 0 && to.n;
}

static int rename_run(int old_fd, const char *old, int new_fd, const char *new, unsigned flags)
{
	const struct name_args a = {.other_fd = new_fd, .text = new, .flags = (int)flags};

	if (guard_is_hidden(old_fd) || guard_is_hidden(new_fd))
		return result_errno(-EBADF);
	if (leads_in(old_fd, old, new_fd, new))
		return result_errno(plain_call(SYS_faccessat, old_fd, (long)old, F_OK, 0, 0) < 0 ?
					    -errno :
					    -EXDEV);
	return name_run(old_fd, old, rename_plain, rename_served, &a);
}

EXPORT int renameat2(int old_fd, const char *old, int new_fd, const char *new, unsigned flags)
{
	return rename_run(old_fd, old, new_fd, new, flags);
}

EXPORT int renameat(int old_fd, const char *old, int new_fd, const char *new)
{
	return rename_run(old_fd, old, new_fd, new, 0);
}

EXPORT int rename(const char *old, const char *new)
{
	return rename_run(AT_FDCWD, old, AT_FDCWD, new, 0);
}

/* ---- link(): to a file that is open for the purpose ---- */

static long link_plain(int dir_fd, const char *path, const void *arg)
{
	const struct name_args *a = arg;

	return PLAIN(linkat, dir_fd, path, a->other_fd, a->text, a->flags);
}

static void close_it(void *fd)
{
	(void)fd_close(*(int *)fd);
}

/* @s is the existing file's. */
static long link_served(struct served *s, const void *arg)
{
	const struct name_args *a = arg;
	const struct file_wish open_wish = {
		.subtype = _IO_CONNECT_OPEN, .ioflag = O_CLOEXEC | O_RDONLY, .keeps = true};
	io_link_extra_t extra = {.info = {.pid = getpid()}};
	const struct file_wish wish = {.subtype = _IO_CONNECT_LINK,
				       .ioflag = FILE_NO_ACCESS,
				       .extra_type = _IO_CONNECT_EXTRA_LINK,
				       .extra = &extra,
				       .extra_len = sizeof(extra)};
	struct served to;
	long rc = served_find(a->other_fd, a->text, &to);
	int fd;

	if (rc <= 0)
		return rc < 0 ? rc : -EXDEV;
	rc = file_connect(s, &open_wish);
	if (rc < 0)
		return rc;
	extra.info.coid = fd = (int)rc;
	rc = -EXDEV;
	pthread_cleanup_push(close_it, &fd);
	for (uint32_t i = 0; i < to.n; i++)
		if (server_of(s, &to.servers[i])) {
			to.servers[0] = to.servers[i];
			to.n = 1;
			rc = file_done(file_connect(&to, &wish));
			break;
		}
	pthread_cleanup_pop(1);
	return rc;
}

EXPORT int linkat(int old_fd, const char *old, int new_fd, const char *new, int flags)
{
	const struct name_args a = {.other_fd = new_fd, .text = new, .flags = flags};

	if (guard_is_hidden(old_fd) || guard_is_hidden(new_fd))
		return result_errno(-EBADF);
	if (leads_in(old_fd, old, new_fd, new))
		return result_errno(-EXDEV);
	return name_run(old_fd, old, link_plain, link_served, &a);
}

EXPORT int link(const char *old, const char *new)
{
	return linkat(AT_FDCWD, old, AT_FDCWD, new, 0);
}
