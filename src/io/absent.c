// SPDX-License-Identifier: Apache-2.0
/*
 * What files of servers do not have, as there is no message for it: extended attributes, and what
 * Linux says of a file system. The kernel would answer for the socket that a descriptor is, or for
 * a file of its own beneath a server's name; so these are ENOTSUP, once it is known that the
 * server has the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "client/export.h"
#include "client/result.h"
#include "io/file.h"
#include "io/path.h"
#include "io/plain.h"
#include "io/stat.h"

/* A system call behind its path. */
struct absent {
	long number;
	long args[4];
};

static long absent_plain(int dir_fd, const char *path, const void *arg)
{
	const struct absent *a = arg;

	(void)dir_fd;
	return plain_call(a->number, (long)path, a->args[0], a->args[1], a->args[2], a->args[3]);
}

static long absent_served(struct served *s, const void *arg)
{
	long rc = stat_of_served(s);

	(void)arg;
	return rc < 0 ? rc : -ENOTSUP;
}

static long by_path(const char *path, bool follows, const struct absent *a)
{
	const struct path_way way = {
		.plain = absent_plain, .served = absent_served, .follows = follows, .arg = a};

	return path_run(AT_FDCWD, path, &way);
}

static long by_fd(int fd, const struct absent *a)
{
	if (file_is(fd))
		return result_errno(-ENOTSUP);
	return plain_call(a->number, fd, a->args[0], a->args[1], a->args[2], a->args[3]);
}

#define ABSENT(name, ...) (&(const struct absent){.number = SYS_##name, .args = {__VA_ARGS__}})

/* ---- File systems ---- */

EXPORT int statfs(const char *path, struct statfs *ret)
{
	return (int)by_path(path, true, ABSENT(statfs, (long)ret));
}

EXPORT int fstatfs(int fd, struct statfs *ret)
{
	return (int)by_fd(fd, ABSENT(fstatfs, (long)ret));
}

/* The 64 forms are the same on the machines we run on. */
_Static_assert(sizeof(struct statfs) == sizeof(struct statfs64), "");

EXPORT int statfs64(const char *path, struct statfs64 *ret)
{
	return statfs(path, (struct statfs *)ret);
}

EXPORT int fstatfs64(int fd, struct statfs64 *ret)
{
	return fstatfs(fd, (struct statfs *)ret);
}

EXPORT int syncfs(int fd)
{
	return (int)by_fd(fd, ABSENT(syncfs, 0));
}

/* ---- Extended attributes ---- */

EXPORT ssize_t getxattr(const char *path, const char *name, void *value, size_t size)
{
	return by_path(path, true, ABSENT(getxattr, (long)name, (long)value, (long)size));
}

EXPORT ssize_t lgetxattr(const char *path, const char *name, void *value, size_t size)
{
	return by_path(path, false, ABSENT(lgetxattr, (long)name, (long)value, (long)size));
}

EXPORT ssize_t fgetxattr(int fd, const char *name, void *value, size_t size)
{
	return by_fd(fd, ABSENT(fgetxattr, (long)name, (long)value, (long)size));
}

EXPORT int setxattr(const char *path, const char *name, const void *value, size_t size, int flags)
{
	return (int)by_path(path, true,
			    ABSENT(setxattr, (long)name, (long)value, (long)size, flags));
}

EXPORT int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags)
{
	return (int)by_path(path, false,
			    ABSENT(lsetxattr, (long)name, (long)value, (long)size, flags));
}

EXPORT int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
	return (int)by_fd(fd, ABSENT(fsetxattr, (long)name, (long)value, (long)size, flags));
}

EXPORT ssize_t listxattr(const char *path, char *list, size_t size)
{
	return by_path(path, true, ABSENT(listxattr, (long)list, (long)size));
}

EXPORT ssize_t llistxattr(const char *path, char *list, size_t size)
{
	return by_path(path, false, ABSENT(llistxattr, (long)list, (long)size));
}

EXPORT ssize_t flistxattr(int fd, char *list, size_t size)
{
	return by_fd(fd, ABSENT(flistxattr, (long)list, (long)size));
}

EXPORT int removexattr(const char *path, const char *name)
{
	return (int)by_path(path, true, ABSENT(removexattr, (long)name));
}

EXPORT int lremovexattr(const char *path, const char *name)
{
	return (int)by_path(path, false, ABSENT(lremovexattr, (long)name));
}

EXPORT int fremovexattr(int fd, const char *name)
{
	return (int)by_fd(fd, ABSENT(fremovexattr, (long)name));
}
