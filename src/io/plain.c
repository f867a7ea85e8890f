// SPDX-License-Identifier: Apache-2.0
/*
 * Within the library open() and its kind are never those that it exports: it looks at sockets,
 * at the kernel's /proc and at its own files, and must not ask a server for them, least of all
 * while it is asking one. The linker makes __wrap_open() of each open() that our objects call
 * (io_wrapped in meson.build); those that they do call are here.
 */
#include "io/plain.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/cancel.h"
#include "client/real.h"
#include "io/open.h"

long plain_call(long number, long a, long b, long c, long d, long e)
{
	return syscall(number, a, b, c, d, e);
}

long plain_call_blocking(long number, long a, long b, long c, long d, long e, long f)
{
	int cancel = cancel_open();
	long r = syscall(number, a, b, c, d, e, f);

	cancel_close(cancel);
	return r;
}

int plain_openat(int dir_fd, const char *path, int flags, mode_t mode)
{
	return (int)plain_call_blocking(SYS_openat, dir_fd, (long)path, flags, (long)mode, 0, 0);
}

ssize_t plain_readlink(const char *path, char *buf, size_t len)
{
	return syscall(SYS_readlinkat, AT_FDCWD, path, buf, len);
}

int plain_getcwd(char *buf, size_t len)
{
	long n = syscall(SYS_getcwd, buf, len);

	if (n < 0)
		return -1;
	/* "(unreachable)" is no path. */
	if (buf[0] == '/')
		return 0;
	errno = ENOENT;
	return -1;
}

int plain_fstatat(int dir_fd, const char *path, struct stat *st, int flags)
{
	return (int)syscall(SYS_newfstatat, dir_fd, path, st, flags);
}

int plain_fstat(int fd, struct stat *st)
{
	return (int)syscall(SYS_fstat, fd, st);
}

/* ---- What our own objects call ---- */

#define WRAPPED(result, name, ...)         \
	result __wrap_##name(__VA_ARGS__); \
	result __wrap_##name(__VA_ARGS__)

WRAPPED(int, open, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = open_takes_mode(flags) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return plain_openat(AT_FDCWD, path, flags, mode);
}

WRAPPED(int, open64, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = open_takes_mode(flags) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return plain_openat(AT_FDCWD, path, flags, mode);
}

WRAPPED(int, openat, int dir_fd, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = open_takes_mode(flags) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return plain_openat(dir_fd, path, flags, mode);
}

WRAPPED(int, stat, const char *path, struct stat *st)
{
	return plain_fstatat(AT_FDCWD, path, st, 0);
}

WRAPPED(int, stat64, const char *path, struct stat *st)
{
	return plain_fstatat(AT_FDCWD, path, st, 0);
}

WRAPPED(int, lstat, const char *path, struct stat *st)
{
	return plain_fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

WRAPPED(int, lstat64, const char *path, struct stat *st)
{
	return plain_fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

WRAPPED(int, fstat, int fd, struct stat *st)
{
	return plain_fstat(fd, st);
}

WRAPPED(int, fstat64, int fd, struct stat *st)
{
	return plain_fstat(fd, st);
}

WRAPPED(int, fstatat, int dir_fd, const char *path, struct stat *st, int flags)
{
	return plain_fstatat(dir_fd, path, st, flags);
}

WRAPPED(int, fstatat64, int dir_fd, const char *path, struct stat *st, int flags)
{
	return plain_fstatat(dir_fd, path, st, flags);
}

WRAPPED(ssize_t, write, int fd, const void *buf, size_t len)
{
	return plain_call_blocking(SYS_write, fd, (long)buf, (long)len, 0, 0, 0);
}

WRAPPED(ssize_t, pwrite64, int fd, const void *buf, size_t len, off_t at)
{
	return plain_call_blocking(SYS_pwrite64, fd, (long)buf, (long)len, at, 0, 0);
}

WRAPPED(ssize_t, pwrite, int fd, const void *buf, size_t len, off_t at)
{
	return plain_call_blocking(SYS_pwrite64, fd, (long)buf, (long)len, at, 0, 0);
}

WRAPPED(int, access, const char *path, int mode)
{
	return (int)PLAIN(faccessat, AT_FDCWD, path, mode, 0, 0);
}

WRAPPED(int, chdir, const char *path)
{
	return (int)PLAIN(chdir, path, 0, 0, 0, 0);
}

WRAPPED(int, fchdir, int fd)
{
	return (int)PLAIN(fchdir, fd, 0, 0, 0, 0);
}

WRAPPED(int, chmod, const char *path, mode_t mode)
{
	return (int)PLAIN(fchmodat, AT_FDCWD, path, mode, 0, 0);
}

WRAPPED(int, fchmod, int fd, mode_t mode)
{
	return (int)PLAIN(fchmod, fd, mode, 0, 0, 0);
}

WRAPPED(int, mkdir, const char *path, mode_t mode)
{
	return (int)PLAIN(mkdirat, AT_FDCWD, path, mode, 0, 0);
}

WRAPPED(int, rmdir, const char *path)
{
	return (int)PLAIN(unlinkat, AT_FDCWD, path, AT_REMOVEDIR, 0, 0);
}

WRAPPED(int, unlink, const char *path)
{
	return (int)PLAIN(unlinkat, AT_FDCWD, path, 0, 0, 0);
}

WRAPPED(int, ftruncate, int fd, off_t size)
{
	return (int)PLAIN(ftruncate, fd, size, 0, 0, 0);
}

WRAPPED(int, ftruncate64, int fd, off_t size)
{
	return (int)PLAIN(ftruncate, fd, size, 0, 0, 0);
}

WRAPPED(int, ioctl, int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	return (int)PLAIN(ioctl, fd, request, arg, 0, 0);
}

typedef int faccessat_fn(int dir_fd, const char *path, int mode, int flags);

WRAPPED(int, faccessat, int dir_fd, const char *path, int mode, int flags)
{
	return REAL(faccessat_fn, faccessat)(dir_fd, path, mode, flags);
}

/* Streams of the kernel's folders. */
typedef DIR *opendir_fn(const char *path);
typedef struct dirent *readdir_fn(DIR *dir);
typedef int dir_fn(DIR *dir);

WRAPPED(DIR *, opendir, const char *path)
{
	return REAL(opendir_fn, opendir)(path);
}

WRAPPED(struct dirent *, readdir, DIR *dir)
{
	return REAL(readdir_fn, readdir)(dir);
}

WRAPPED(struct dirent *, readdir64, DIR *dir)
{
	return REAL(readdir_fn, readdir)(dir);
}

WRAPPED(int, closedir, DIR *dir)
{
	return REAL(dir_fn, closedir)(dir);
}

WRAPPED(int, dirfd, DIR *dir)
{
	return REAL(dir_fn, dirfd)(dir);
}

WRAPPED(ssize_t, readlink, const char *path, char *buf, size_t len)
{
	return plain_readlink(path, buf, len);
}

WRAPPED(int, poll, struct pollfd *fds, nfds_t n, int timeout)
{
	const struct timespec limit = {timeout / 1000, (long)(timeout % 1000) * 1000000};
	struct timespec left = limit;

	return (int)plain_call_blocking(SYS_ppoll, (long)fds, (long)n,
					(long)(timeout < 0 ? NULL : &left), 0, 8, 0);
}

WRAPPED(int, epoll_create1, int flags)
{
	return (int)PLAIN(epoll_create1, flags, 0, 0, 0, 0);
}

WRAPPED(int, epoll_ctl, int epoll, int operation, int fd, void *event)
{
	return (int)PLAIN(epoll_ctl, epoll, operation, fd, event, 0);
}

WRAPPED(void *, mmap, void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	return (void *)syscall(SYS_mmap, at, len, prot, flags, fd, offset);
}

WRAPPED(void *, mmap64, void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	return (void *)syscall(SYS_mmap, at, len, prot, flags, fd, offset);
}
