// SPDX-License-Identifier: Apache-2.0
#include "io/path.h"

#include <errno.h>
#include <string.h>

#include "client/guard.h"
#include "client/result.h"
#include "io/file.h"

static long run_elsewhere(const struct served *s, const struct path_way *way)
{
	return way->plain(AT_FDCWD, s->path, way->arg);
}

/* The very name of a server. */
static bool is_exact(const struct served *s)
{
	return s->n && s->servers[0].len == strlen(s->path);
}

/* Servers first, then the kernel, which has what nobody else has. */
static long run_served(struct served *s, int dir_fd, const char *path, const struct path_way *way)
{
	long rc = s->n ? way->served(s, way->arg) : FILE_ELSEWHERE;
	long r;

	if (rc == FILE_ELSEWHERE)
		return s->is_opaque ? result_errno(-ENOENT) : run_elsewhere(s, way);
	if (rc >= 0)
		return rc;
	if (s->is_opaque || !file_goes_on(rc) || (way->changes && is_exact(s)) ||
	    (io_is_flagged(dir_fd) && path[0] != '/'))
		return result_errno((int)rc);
	r = way->plain(dir_fd, path, way->arg);
	if (r < 0 && (errno == ENOENT || errno == ENOTDIR))
		errno = (int)-rc;
	return r;
}

static long run_found(int dir_fd, const char *path, const struct path_way *way)
{
	struct served s;
	int rc = served_find(dir_fd, path, &s);

	if (rc < 0)
		return result_errno(rc);
	return rc ? run_served(&s, dir_fd, path, way) : way->plain(dir_fd, path, way->arg);
}

static long run_again(int dir_fd, const char *path, const struct path_way *way)
{
	struct served s;
	int rc = served_again(dir_fd, path, way->follows, &s);

	if (rc > 0)
		return run_served(&s, AT_FDCWD, s.path, way);
	return result_errno(rc < 0 ? rc : -ENOENT);
}

long path_run(int dir_fd, const char *path, const struct path_way *way)
{
	long r;

	if (guard_is_hidden(dir_fd))
		return result_errno(-EBADF);
	if (served_may(dir_fd, path))
		return run_found(dir_fd, path, way);
	r = way->plain(dir_fd, path, way->arg);
	if (r < 0 && errno == ENOENT)
		return run_again(dir_fd, path, way);
	return r;
}
