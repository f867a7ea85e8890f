// SPDX-License-Identifier: Apache-2.0
/*
 * Folders. The stream of a served one is a struct of ours behind the same type; all of them are
 * in a list, and where there are none, which a load tells, every stream is glibc's.
 *
 * A folder may have several servers: opendir() opens it with all of them, and with the kernel
 * if it has it, too, and reads one after the other. A name that came before is left out.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/iomsg.h>
#include <sys/neutrino.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "client/export.h"
#include "client/real.h"
#include "client/result.h"
#include "io/dir.h"
#include "io/file.h"
#include "io/open.h"
#include "io/path.h"
#include "io/plain.h"
#include "io/stat.h"

#define DIR_BYTES 32768

struct stream {
	struct stream *next; /* of all */
	pthread_mutex_t lock;
	int fds[SERVED_MAX + 1]; /* the first is dirfd()'s */
	unsigned n_fds, at_fd;
	long position; /* entries that were told */
	size_t at, size;
	char **told; /* names, if there is more than one descriptor */
	size_t n_told;
	struct dirent entry;
	_Alignas(8) char buffer[DIR_BYTES];
};

static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct stream *all;

typedef DIR *opendir_fn(const char *path);
typedef DIR *fdopendir_fn(int fd);
typedef int dir_fn(DIR *dir);
typedef struct dirent *readdir_fn(DIR *dir);
typedef int readdir_r_fn(DIR *dir, struct dirent *entry, struct dirent **ret);
typedef void seek_fn(DIR *dir, long at);
typedef long tell_fn(DIR *dir);

/* NULL: it is glibc's. */
static struct stream *stream_of(DIR *dir)
{
	struct stream *s;

	if (!__atomic_load_n(&all, __ATOMIC_RELAXED))
		return NULL;
	pthread_mutex_lock(&all_lock);
	for (s = all; s && (void *)s != (void *)dir; s = s->next)
		;
	pthread_mutex_unlock(&all_lock);
	return s;
}

static struct stream *stream_new(const int *fds, unsigned n)
{
	struct stream *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	memset(s, 0, offsetof(struct stream, buffer));
	pthread_mutex_init(&s->lock, NULL);
	memcpy(s->fds, fds, n * sizeof(*fds));
	s->n_fds = n;
	pthread_mutex_lock(&all_lock);
	s->next = all;
	__atomic_store_n(&all, s, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&all_lock);
	return s;
}

static void forget_told(struct stream *s)
{
	for (size_t i = 0; i < s->n_told; i++)
		free(s->told[i]);
	free(s->told);
	s->told = NULL;
	s->n_told = 0;
}

static int stream_close(struct stream *s)
{
	int rc = 0;

	pthread_mutex_lock(&all_lock);
	for (struct stream **at = &all; *at; at = &(*at)->next)
		if (*at == s) {
			__atomic_store_n(at, s->next, __ATOMIC_RELAXED);
			break;
		}
	pthread_mutex_unlock(&all_lock);
	for (unsigned i = 0; i < s->n_fds; i++)
		if (close(s->fds[i]) < 0)
			rc = -1;
	forget_told(s);
	pthread_mutex_destroy(&s->lock);
	free(s);
	return rc;
}

/* ---- Reading ---- */

static ssize_t fill(int fd, char *to)
{
	const struct _io_read m = {.type = _IO_READ,
				   .combine_len = sizeof(m),
				   .nbytes = DIR_BYTES,
				   .xtype = _IO_XTYPE_READDIR};
	const struct _io_read old = {
		.type = _IO_READ, .combine_len = sizeof(m), .nbytes = DIR_BYTES};
	long rc;

	if (!file_is(fd)) {
		rc = PLAIN(getdents64, fd, to, DIR_BYTES, 0, 0);
		return rc < 0 ? -errno : rc;
	}
	/* What servers of before 7.0 know is a plain read. */
	rc = file_send(fd, &m, sizeof(m), to, DIR_BYTES);
	if (rc == -ENOSYS || rc == -EINVAL)
		rc = file_send(fd, &old, sizeof(old), to, DIR_BYTES);
	return rc > DIR_BYTES ? -EIO : rc;
}

/* The next record, checked; NULL: none, *ret_error: or why not. */
static const struct dirent *stream_record(struct stream *s, int *ret_error)
{
	*ret_error = 0;
	for (;;) {
		const struct dirent *d = (const void *)(s->buffer + s->at);
		const size_t head = offsetof(struct dirent, d_name);
		ssize_t got;

		if (s->at < s->size) {
			if (s->size - s->at <= head || d->d_reclen <= head ||
			    d->d_reclen > s->size - s->at || d->d_reclen % 4 ||
			    !memchr(d->d_name, 0, d->d_reclen - head)) {
				s->at = s->size = 0;
				*ret_error = EIO;
				return NULL;
			}
			s->at += d->d_reclen;
			return d;
		}
		if (s->at_fd == s->n_fds)
			return NULL;
		got = fill(s->fds[s->at_fd], s->buffer);
		if (got < 0) {
			*ret_error = (int)-got;
			return NULL;
		}
		s->at = 0;
		s->size = (size_t)got;
		if (got == 0)
			s->at_fd++;
	}
}

/* Another server told of that name before. */
static bool was_told(struct stream *s, const char *name)
{
	char **more;

	if (s->n_fds < 2)
		return false;
	for (size_t i = 0; i < s->n_told; i++)
		if (strcmp(s->told[i], name) == 0)
			return true;
	more = realloc(s->told, (s->n_told + 1) * sizeof(*more));
	if (!more)
		return false;
	s->told = more;
	s->told[s->n_told] = strdup(name);
	if (s->told[s->n_told])
		s->n_told++;
	return false;
}

static struct dirent *stream_read(struct stream *s, struct dirent *to, int *ret_error)
{
	const struct dirent *d;

	do {
		d = stream_record(s, ret_error);
	} while (d && (d->d_name[0] == 0 || was_told(s, d->d_name)));
	if (!d)
		return NULL;
	memset(to, 0, offsetof(struct dirent, d_name));
	to->d_ino = d->d_ino;
	to->d_off = ++s->position;
	to->d_reclen = sizeof(*to);
	to->d_type = file_is(s->fds[MIN(s->at_fd, s->n_fds - 1)]) ? DT_UNKNOWN : d->d_type;
	(void)snprintf(to->d_name, sizeof(to->d_name), "%s", d->d_name); /* ends within it */
	return to;
}

static struct dirent *read_locked(struct stream *s)
{
	struct dirent *d;
	int error;

	pthread_mutex_lock(&s->lock);
	d = stream_read(s, &s->entry, &error);
	pthread_mutex_unlock(&s->lock);
	if (error)
		errno = error;
	return d;
}

static void stream_rewind(struct stream *s)
{
	for (unsigned i = 0; i < s->n_fds; i++)
		(void)lseek(s->fds[i], 0, SEEK_SET); /* who cannot has no second time */
	s->at = s->size = 0;
	s->at_fd = 0;
	s->position = 0;
	forget_told(s);
}

static void stream_seek(struct stream *s, long to)
{
	struct dirent unused;
	int error;

	pthread_mutex_lock(&s->lock);
	if (to < s->position)
		stream_rewind(s);
	while (s->position < to && stream_read(s, &unused, &error))
		;
	pthread_mutex_unlock(&s->lock);
}

/* ---- Opening ---- */

static long opendir_plain(int dir_fd, const char *path, const void *arg)
{
	(void)arg;
	return plain_openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK, 0);
}

struct opened {
	int fds[SERVED_MAX + 1];
	unsigned n;
};

static void opened_close(void *arg)
{
	struct opened *o = arg;

	while (o->n)
		(void)fd_close(o->fds[--o->n]);
}

/* All that serve it; and the kernel's, unless nobody else is to be asked. */
static long open_all(struct served *s, struct opened *o)
{
	const struct file_wish wish = {.subtype = _IO_CONNECT_OPEN,
				       .ioflag = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
				       .access = S_IRUSR,
				       .keeps = true};
	long rc, error = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		struct served one = *s;

		one.servers[0] = s->servers[i];
		one.n = 1;
		rc = file_connect(&one, &wish);
		if (rc >= 0) {
			o->fds[o->n++] = (int)rc;
			continue;
		}
		if (o->n == 0 && rc == FILE_ELSEWHERE)
			*s = one; /* its link says where */
		if (o->n == 0 && !file_goes_on(rc) && rc != -ENOTDIR)
			return rc;
		error = rc;
	}
	if (o->n == 0)
		return error ? error : FILE_ELSEWHERE;
	if (!s->is_opaque) {
		rc = opendir_plain(AT_FDCWD, s->path, NULL);
		if (rc >= 0)
			o->fds[o->n++] = (int)rc;
	}
	return 0;
}

/* A stream of them; its address comes back by @arg. */
static long opendir_served(struct served *s, const void *arg)
{
	struct stream **ret = *(struct stream * *const *)arg;
	struct opened o = {.n = 0};
	long rc;

	pthread_cleanup_push(opened_close, &o);
	rc = open_all(s, &o);
	pthread_cleanup_pop(0);
	if (rc < 0)
		return rc;
	*ret = stream_new(o.fds, o.n);
	if (*ret)
		return 0;
	opened_close(&o);
	return -ENOMEM;
}

DIR *dir_open(const char *path)
{
	struct stream *s = NULL, **where = &s;
	const struct path_way way = {
		.plain = opendir_plain, .served = opendir_served, .follows = true, .arg = &where};
	long r;
	DIR *dir;

	if (!prefix_any())
		return REAL(opendir_fn, opendir)(path);
	r = path_run(AT_FDCWD, path, &way);
	if (r < 0 || s)
		return (DIR *)s;
	dir = REAL(fdopendir_fn, fdopendir)((int)r);
	if (!dir)
		(void)fd_close((int)r);
	return dir;
}

EXPORT DIR *opendir(const char *path)
{
	return dir_open(path);
}

EXPORT DIR *fdopendir(int fd)
{
	struct stat st;
	int rc;

	if (!file_is(fd))
		return REAL(fdopendir_fn, fdopendir)(fd);
	rc = stat_fd(fd, &st);
	if (rc == 0 && !S_ISDIR(st.st_mode))
		rc = -ENOTDIR;
	if (rc < 0) {
		errno = -rc;
		return NULL;
	}
	return (DIR *)stream_new(&fd, 1);
}

/* ---- The rest ---- */

struct dirent *dir_read(DIR *dir)
{
	struct stream *s = stream_of(dir);

	return s ? read_locked(s) : REAL(readdir_fn, readdir)(dir);
}

EXPORT struct dirent *readdir(DIR *dir)
{
	return dir_read(dir);
}

EXPORT struct dirent64 *readdir64(DIR *dir)
{
	return (struct dirent64 *)dir_read(dir);
}

static int readdir_r_any(DIR *dir, struct dirent *entry, struct dirent **ret)
{
	struct stream *s = stream_of(dir);
	int error;

	if (!s)
		return REAL(readdir_r_fn, readdir_r)(dir, entry, ret);
	pthread_mutex_lock(&s->lock);
	*ret = stream_read(s, entry, &error);
	pthread_mutex_unlock(&s->lock);
	return error;
}

EXPORT int readdir_r(DIR *restrict dir, struct dirent *restrict entry, struct dirent **restrict ret)
{
	return readdir_r_any(dir, entry, ret);
}

EXPORT int readdir64_r(DIR *restrict dir, struct dirent64 *restrict entry,
		       struct dirent64 **restrict ret)
{
	return readdir_r_any(dir, (struct dirent *)entry, (struct dirent **)ret);
}

int dir_close(DIR *dir)
{
	struct stream *s = stream_of(dir);

	return s ? stream_close(s) : REAL(dir_fn, closedir)(dir);
}

EXPORT int closedir(DIR *dir)
{
	return dir_close(dir);
}

EXPORT int dirfd(DIR *dir)
{
	struct stream *s = stream_of(dir);

	return s ? s->fds[0] : REAL(dir_fn, dirfd)(dir);
}

EXPORT void rewinddir(DIR *dir)
{
	struct stream *s = stream_of(dir);

	if (!s) {
		(void)REAL(dir_fn, rewinddir)(dir); /* it returns nothing */
		return;
	}
	pthread_mutex_lock(&s->lock);
	stream_rewind(s);
	pthread_mutex_unlock(&s->lock);
}

EXPORT long telldir(DIR *dir)
{
	struct stream *s = stream_of(dir);

	return s ? s->position : REAL(tell_fn, telldir)(dir);
}

EXPORT void seekdir(DIR *dir, long at)
{
	struct stream *s = stream_of(dir);

	if (s)
		stream_seek(s, at);
	else
		REAL(seek_fn, seekdir)(dir, at);
}

/* ---- scandir() ---- */

typedef int filter_fn(const struct dirent *);
typedef int compare_fn(const struct dirent **, const struct dirent **);

static void entries_free(struct dirent **entries, size_t n)
{
	while (n)
		free(entries[--n]);
	free(entries);
}

static int scan(const char *path, struct dirent ***ret, filter_fn *filter, compare_fn *compare)
{
	struct dirent **entries = NULL, **more, *d;
	DIR *dir = dir_open(path);
	size_t n = 0;
	int error;

	if (!dir)
		return -1;
	errno = 0;
	while ((d = dir_read(dir))) {
		if (filter && !filter(d))
			continue;
		more = realloc(entries, (n + 1) * sizeof(*entries));
		if (more)
			entries = more;
		if (!more || !(entries[n] = malloc(sizeof(*d)))) {
			errno = ENOMEM;
			break;
		}
		memcpy(entries[n++], d, MIN((size_t)d->d_reclen, sizeof(*d)));
		errno = 0;
	}
	error = errno;
	(void)dir_close(dir); /* it was read */
	if (error) {
		entries_free(entries, n);
		errno = error;
		return -1;
	}
	if (compare && n)
		qsort(entries, n, sizeof(*entries), (int (*)(const void *, const void *))compare);
	*ret = entries;
	return (int)n;
}

EXPORT int scandir(const char *restrict path, struct dirent ***restrict ret, filter_fn *filter,
		   compare_fn *compare)
{
	return scan(path, ret, filter, compare);
}

EXPORT int scandir64(const char *restrict path, struct dirent64 ***restrict ret,
		     int (*filter)(const struct dirent64 *),
		     int (*compare)(const struct dirent64 **, const struct dirent64 **))
{
	return scan(path, (struct dirent ***)ret, (filter_fn *)(void *)filter,
		    (compare_fn *)(void *)compare);
}

/* ---- The working directory: no server has it ---- */

static long chdir_plain(int dir_fd, const char *path, const void *arg)
{
	long r = PLAIN(chdir, path, 0, 0, 0, 0);

	(void)dir_fd;
	(void)arg;
	prefix_moved();
	return r;
}

static long chdir_served(struct served *s, const void *arg)
{
	const struct file_wish wish = {.subtype = _IO_CONNECT_OPEN,
				       .ioflag = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
				       .keeps = true};
	long fd = file_connect(s, &wish);

	(void)arg;
	if (fd < 0)
		return fd;
	(void)close((int)fd);
	return -ENOTSUP;
}

EXPORT int chdir(const char *path)
{
	const struct path_way way = {.plain = chdir_plain, .served = chdir_served, .follows = true};

	return (int)path_run(AT_FDCWD, path, &way);
}

EXPORT int fchdir(int fd)
{
	long r;

	if (file_is(fd))
		return result_errno(-ENOTSUP);
	r = PLAIN(fchdir, fd, 0, 0, 0, 0);
	prefix_moved();
	return (int)r;
}
