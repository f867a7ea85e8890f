// SPDX-License-Identifier: Apache-2.0
/* open() in all its forms. */
#include <errno.h>
#include <fcntl.h>
#include <share.h>
#include <stdarg.h>
#include <sys/iomsg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/export.h"
#include "client/real.h"
#include "client/result.h"
#include "io/file.h"
#include "io/open.h"
#include "io/path.h"
#include "io/plain.h"

struct open_args {
	int flags;
	mode_t mode;
	int sflag;
};

static long open_plain(int dir_fd, const char *path, const void *arg)
{
	const struct open_args *a = arg;

	return plain_openat(dir_fd, path, a->flags, a->mode);
}

static long open_served(struct served *s, const void *arg)
{
	const struct open_args *a = arg;
	const struct file_wish wish = {
		.subtype = _IO_CONNECT_OPEN,
		.ioflag = (uint32_t)a->flags,
		.mode = a->flags & O_CREAT ? S_IFREG | (a->mode & 07777 & ~file_umask()) : 0,
		.sflag = (uint16_t)a->sflag,
		.keeps = true,
	};

	/* O_PATH has no message: it wants a name, not a file. */
	if (a->flags & O_PATH || (a->flags & O_TMPFILE) == O_TMPFILE)
		return -EOPNOTSUPP;
	return file_connect(s, &wish);
}

static int open_run(int dir_fd, const char *path, const struct open_args *a)
{
	const struct path_way way = {
		.plain = open_plain,
		.served = open_served,
		.follows = !(a->flags & O_NOFOLLOW),
		.changes = a->flags & O_CREAT,
		.arg = a,
	};

	return (int)path_run(dir_fd, path, &way);
}

int open_at(int dir_fd, const char *path, int flags, mode_t mode)
{
	const struct open_args a = {.flags = flags, .mode = mode};

	return open_run(dir_fd, path, &a);
}

/* glibc's own, under a name that it exports for itself. */
extern int __open64(const char *path, int flags, ...);

static __attribute__((noinline)) int open_closer(const char *path, int flags, mode_t mode)
{
	return open_at(AT_FDCWD, path, flags, mode);
}

/* For nearly all files this is all. */
static inline int open_path(const char *path, int flags, mode_t mode)
{
	int fd;

	if (!prefix_is_plain(path))
		return open_closer(path, flags, mode);
	fd = __open64(path, flags, mode);
	return fd < 0 && errno == ENOENT ? open_closer(path, flags, mode) : fd;
}

#define OPEN_FORM(name)                                                   \
	EXPORT int name(const char *path, int flags, ...)                 \
	{                                                                 \
		mode_t mode;                                              \
		va_list args;                                             \
                                                                          \
		va_start(args, flags);                                    \
		mode = open_takes_mode(flags) ? va_arg(args, mode_t) : 0; \
		va_end(args);                                             \
		return open_path(path, flags, mode);                      \
	}

#define OPENAT_FORM(name)                                                   \
	EXPORT int name(int dir_fd, const char *path, int flags, ...)       \
	{                                                                   \
		struct open_args a = {.flags = flags};                      \
		va_list args;                                               \
                                                                            \
		va_start(args, flags);                                      \
		a.mode = open_takes_mode(flags) ? va_arg(args, mode_t) : 0; \
		va_end(args);                                               \
		return open_run(dir_fd, path, &a);                          \
	}

OPEN_FORM(open)
OPEN_FORM(open64)
OPENAT_FORM(openat)
OPENAT_FORM(openat64)

/* What programs compiled with _FORTIFY_SOURCE call: a mode that is missing ends them. */
#define OPEN_CHECKED(name)                                \
	int name(const char *path, int flags);            \
	EXPORT int name(const char *path, int flags)      \
	{                                                 \
		if (open_takes_mode(flags))               \
			__chk_fail();                     \
		return open_at(AT_FDCWD, path, flags, 0); \
	}

#define OPENAT_CHECKED(name)                                     \
	int name(int dir_fd, const char *path, int flags);       \
	EXPORT int name(int dir_fd, const char *path, int flags) \
	{                                                        \
		if (open_takes_mode(flags))                      \
			__chk_fail();                            \
		return open_at(dir_fd, path, flags, 0);          \
	}

OPEN_CHECKED(__open_2)
OPEN_CHECKED(__open64_2)
OPENAT_CHECKED(__openat_2)
OPENAT_CHECKED(__openat64_2)

EXPORT int creat(const char *path, mode_t mode)
{
	return open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

EXPORT int creat64(const char *path, mode_t mode)
{
	return open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

EXPORT int sopen(const char *path, int flags, int sflag, ...)
{
	struct open_args a = {.flags = flags, .sflag = sflag};
	va_list args;

	va_start(args, sflag);
	a.mode = open_takes_mode(flags) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return open_run(AT_FDCWD, path, &a);
}
