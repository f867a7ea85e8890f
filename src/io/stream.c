// SPDX-License-Identifier: Apache-2.0
/*
 * stdio on files of servers: streams by fopencookie(), which call our read() and write(). What
 * glibc's own streams do with a descriptor never comes by here, so that a stream that is made of
 * a served descriptor must be one of ours from its beginning; stdin, stdout and stderr are
 * variables, which become such streams as long as 0, 1 and 2 are served.
 *
 * differs: freopen() that leads from a plain file to a served one, or back, returns another
 * stream, and the old one is closed.
 */
#include "io/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/export.h"
#include "client/guard.h"
#include "client/real.h"
#include "client/result.h"
#include "io/file.h"
#include "io/open.h"
#include "io/rw.h"
#include "io/served.h"

struct cookie {
	struct cookie *next;
	FILE *stream;
	int fd;
	bool keeps_fd; /* a standard stream that is one for a while only */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cookie *all;
static FILE *former[3]; /* glibc's, while ours is there */

typedef FILE *fopen_fn(const char *path, const char *mode);
typedef FILE *fdopen_fn(int fd, const char *mode);
typedef FILE *freopen_fn(const char *path, const char *mode, FILE *stream);
typedef int fileno_fn(FILE *stream);

/* ---- Cookies ---- */

static ssize_t cookie_read(void *cookie, char *buf, size_t len)
{
	return read(((struct cookie *)cookie)->fd, buf, len);
}

static ssize_t cookie_write(void *cookie, const char *buf, size_t len)
{
	ssize_t n = rw_write(((struct cookie *)cookie)->fd, buf, len);

	/* fopencookie() knows no -1 here. */
	return n < 0 ? 0 : n;
}

static int cookie_seek(void *cookie, off64_t *offset, int whence)
{
	off_t now = lseek(((struct cookie *)cookie)->fd, *offset, whence);

	if (now < 0)
		return -1;
	*offset = now;
	return 0;
}

static int cookie_close(void *cookie)
{
	struct cookie *c = cookie;
	int rc;

	pthread_mutex_lock(&lock);
	for (struct cookie **at = &all; *at; at = &(*at)->next)
		if (*at == c) {
			__atomic_store_n(at, c->next, __ATOMIC_RELAXED);
			break;
		}
	pthread_mutex_unlock(&lock);
	rc = c->keeps_fd ? 0 : close(c->fd);
	free(c);
	return rc;
}

static FILE *cookie_stream(int fd, const char *mode, bool keeps_fd)
{
	const cookie_io_functions_t functions = {cookie_read, cookie_write, cookie_seek,
						 cookie_close};
	struct cookie *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->fd = fd;
	c->keeps_fd = keeps_fd;
	c->stream = fopencookie(c, mode, functions);
	if (!c->stream) {
		free(c);
		return NULL;
	}
	pthread_mutex_lock(&lock);
	c->next = all;
	__atomic_store_n(&all, c, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&lock);
	return c->stream;
}

static struct cookie *cookie_of(const FILE *stream)
{
	struct cookie *c;

	if (!__atomic_load_n(&all, __ATOMIC_RELAXED))
		return NULL;
	pthread_mutex_lock(&lock);
	for (c = all; c && c->stream != stream; c = c->next)
		;
	pthread_mutex_unlock(&lock);
	return c;
}

/* ---- Opening ---- */

/* open()'s flags of fopen()'s mode; -1 and EINVAL: it is none. */
static int mode_flags(const char *mode)
{
	int flags;

	switch (mode[0]) {
	case 'r':
		flags = O_RDONLY;
		break;
	case 'w':
		flags = O_WRONLY | O_CREAT | O_TRUNC;
		break;
	case 'a':
		flags = O_WRONLY | O_CREAT | O_APPEND;
		break;
	default:
		return result_errno(-EINVAL);
	}
	for (const char *at = mode + 1; *at && *at != ','; at++) {
		if (*at == '+')
			flags = (flags & ~O_ACCMODE) | O_RDWR;
		if (*at == 'e')
			flags |= O_CLOEXEC;
		if (*at == 'x')
			flags |= O_EXCL;
	}
	return flags;
}

static FILE *stream_of(int fd, const char *mode)
{
	FILE *stream;
	int error;

	if (fd < 0)
		return NULL;
	stream = file_is(fd) ? cookie_stream(fd, mode, false) : REAL(fdopen_fn, fdopen)(fd, mode);
	if (stream)
		return stream;
	error = errno;
	(void)close(fd);
	errno = error;
	return NULL;
}

static FILE *open_any(const char *path, const char *mode)
{
	int flags = mode_flags(mode);

	return flags < 0 ? NULL : stream_of(open_at(AT_FDCWD, path, flags, 0666), mode);
}

static FILE *fopen_any(const char *path, const char *mode)
{
	FILE *stream;

	if (served_may(AT_FDCWD, path))
		return open_any(path, mode);
	stream = REAL(fopen_fn, fopen)(path, mode);
	/* A link may lead to a server. */
	if (!stream && errno == ENOENT && prefix_any())
		return open_any(path, mode);
	return stream;
}

EXPORT FILE *fopen(const char *restrict path, const char *restrict mode)
{
	return fopen_any(path, mode);
}

EXPORT FILE *fopen64(const char *restrict path, const char *restrict mode)
{
	return fopen_any(path, mode);
}

EXPORT FILE *fdopen(int fd, const char *mode)
{
	if (!file_is(fd))
		return REAL(fdopen_fn, fdopen)(fd, mode);
	return mode_flags(mode) < 0 ? NULL : cookie_stream(fd, mode, false);
}

EXPORT int fileno(FILE *stream)
{
	const struct cookie *c = cookie_of(stream);

	return c ? c->fd : REAL(fileno_fn, fileno)(stream);
}

EXPORT int fileno_unlocked(FILE *stream)
{
	return fileno(stream);
}

/* ---- dprintf() ---- */

typedef int vdprintf_fn(int fd, const char *format, va_list args);

static __attribute__((format(printf, 2, 0))) int dprintf_any(int fd, const char *format,
							     va_list args)
{
	auto_str text = NULL;
	int n;

	if (!file_is(fd))
		return REAL(vdprintf_fn, vdprintf)(fd, format, args);
	n = vasprintf(&text, format, args);
	if (n < 0) {
		text = NULL;
		return -1;
	}
	return rw_write(fd, text, (size_t)n) == n ? n : -1;
}

EXPORT int vdprintf(int fd, const char *restrict format, va_list args)
{
	return dprintf_any(fd, format, args);
}

EXPORT int dprintf(int fd, const char *restrict format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = dprintf_any(fd, format, args);
	va_end(args);
	return n;
}

int __dprintf_chk(int fd, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));
EXPORT int __dprintf_chk(int fd, int flag, const char *format, ...)
{
	va_list args;
	int n;

	(void)flag;
	va_start(args, format);
	n = dprintf_any(fd, format, args);
	va_end(args);
	return n;
}

int __vdprintf_chk(int fd, int flag, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));
EXPORT int __vdprintf_chk(int fd, int flag, const char *format, va_list args)
{
	(void)flag;
	return dprintf_any(fd, format, args);
}

/* ---- The standard streams ---- */

static FILE **standard(int fd)
{
	return fd == 0 ? &stdin : fd == 1 ? &stdout : &stderr;
}

void stream_standard(int fd)
{
	FILE **where = standard(fd);
	struct cookie *c = cookie_of(*where);
	FILE *fresh;

	if (fd < 0 || fd > 2)
		return;
	if (!c && file_is(fd)) {
		fresh = cookie_stream(fd, fd == 0 ? "r" : "w", true);
		if (!fresh)
			return;
		if (fd == 2)
			(void)setvbuf(fresh, NULL, _IONBF, 0); /* no buffer: nothing to fail */
		former[fd] = *where;
		*where = fresh;
	} else if (c && former[fd] && !file_is(fd)) {
		fresh = *where;
		*where = former[fd];
		former[fd] = NULL;
		(void)fclose(fresh); /* what it had left had its file */
	}
}

/* ---- freopen() ---- */

static int standard_of(const FILE *stream)
{
	for (int fd = 0; fd < 3; fd++)
		if (stream == *standard(fd))
			return fd;
	return -1;
}

static FILE *reopen_standard(const char *path, const char *mode, int to)
{
	int flags = mode_flags(mode);
	int fd = flags < 0 ? -1 : open_at(AT_FDCWD, path, flags, 0666);

	if (fd < 0)
		return NULL;
	(void)fflush(*standard(to)); /* as freopen(): its errors are nobody's */
	if (fd != to) {
		(void)dup2(fd, to); /* both are ours */
		(void)close(fd);
	}
	stream_standard(to);
	return *standard(to);
}

static FILE *freopen_any(const char *path, const char *mode, FILE *stream)
{
	int fd;

	if (!cookie_of(stream) && (!path || !served_may(AT_FDCWD, path)))
		return REAL(freopen_fn, freopen)(path, mode, stream);
	/* Another mode of the same file is none that a server has. */
	if (!path) {
		errno = EBADF;
		return NULL;
	}
	fd = standard_of(stream);
	if (fd >= 0)
		return reopen_standard(path, mode, fd);
	(void)fclose(stream); /* as above */
	return fopen_any(path, mode);
}

EXPORT FILE *freopen(const char *restrict path, const char *restrict mode, FILE *restrict stream)
{
	return freopen_any(path, mode, stream);
}

EXPORT FILE *freopen64(const char *restrict path, const char *restrict mode, FILE *restrict stream)
{
	return freopen_any(path, mode, stream);
}
