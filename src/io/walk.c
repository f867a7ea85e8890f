// SPDX-License-Identifier: Apache-2.0
/*
 * ftw() and nftw() over servers' folders: libc's own go by calls that are inside it. In a process
 * that has no served names around, libc's are called; FTW_CHDIR, too, is libc's, since no server
 * has the working directory: it says of a served folder what it says of one that is not there.
 *
 * The names of a folder are read before any of them is told, so that one descriptor is open
 * at a time, however few are allowed. Links are followed unless FTW_PHYS says otherwise, but not
 * into a folder that is above.
 */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "client/export.h"
#include "client/real.h"
#include "client/result.h"
#include "io/dir.h"
#include "io/prefix.h"
#include "io/served.h"
#include "io/stat.h"

typedef int ftw_fn(const char *path, const struct stat *st, int flag);
typedef int nftw_fn(const char *path, const struct stat *st, int flag, struct FTW *at);
typedef int real_ftw_fn(const char *path, ftw_fn *fn, int n);
typedef int real_nftw_fn(const char *path, nftw_fn *fn, int n, int flags);

struct above {
	const struct above *above;
	dev_t dev;
	ino_t ino;
};

struct walk {
	ftw_fn *ftw; /* one of these */
	nftw_fn *nftw;
	int flags;
	dev_t dev; /* where it began */
	char path[PATH_BYTES];
};

/* Names one behind the other, each with its 0. */
struct names {
	char *bytes;
	size_t used, room;
};

static void names_fini(struct names *n)
{
	free(n->bytes);
}

static int names_add(struct names *n, const char *name)
{
	size_t len = strlen(name) + 1;

	if (n->room - n->used < len) {
		size_t room = 2 * n->room + len + 256;
		char *bytes = realloc(n->bytes, room);

		if (!bytes)
			return -ENOMEM;
		n->bytes = bytes;
		n->room = room;
	}
	memcpy(n->bytes + n->used, name, len);
	n->used += len;
	return 0;
}

static void dir_fini(DIR **dir)
{
	if (*dir)
		(void)dir_close(*dir); /* it was read */
}

/* 0 or -errno; *ret_is_open: what failed is not the opening. */
static int names_read(struct names *n, const char *path, bool *ret_is_open)
{
	__attribute__((cleanup(dir_fini))) DIR *dir = dir_open(path);
	const struct dirent *d;
	int rc = 0;

	*ret_is_open = dir;
	if (!dir)
		return -errno;
	while (rc == 0) {
		errno = 0;
		d = dir_read(dir);
		if (!d)
			return -errno;
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			rc = names_add(n, d->d_name);
	}
	return rc;
}

/* What is told of it; -errno. */
static int look(const struct walk *w, struct stat *st)
{
	int error;

	if ((w->flags & FTW_PHYS ? stat_link(w->path, st) : stat_path(w->path, st)) == 0)
		return S_ISDIR(st->st_mode) ? FTW_D : S_ISLNK(st->st_mode) ? FTW_SL : FTW_F;
	error = errno;
	if (error != EACCES && error != ENOENT)
		return -error;
	if (!(w->flags & FTW_PHYS) && stat_link(w->path, st) == 0 && S_ISLNK(st->st_mode))
		return w->nftw ? FTW_SLN : FTW_NS;
	memset(st, 0, sizeof(*st));
	errno = error;
	return FTW_NS;
}

static int tell(const struct walk *w, const struct stat *st, int flag, int base, int level)
{
	struct FTW at = {.base = base, .level = level};

	return w->nftw ? w->nftw(w->path, st, flag, &at) : w->ftw(w->path, st, flag);
}

/* Has the program answered that, as it may? */
static bool is_action(const struct walk *w, int rc, int action)
{
	return w->flags & FTW_ACTIONRETVAL && rc == action;
}

static int walk_one(struct walk *w, int base, int level, const struct above *above);

static int base_of(const char *path)
{
	const char *end = strrchr(path, '/');

	return end && end[1] ? (int)(end + 1 - path) : 0;
}

/* All in the folder w->path. */
static int walk_inside(struct walk *w, const struct names *n, int level, const struct above *here)
{
	size_t len = strlen(w->path), name_len;
	const char *slash = len && w->path[len - 1] == '/' ? "" : "/";
	int rc = 0;

	for (size_t at = 0; at < n->used && rc == 0; at += name_len + 1) {
		int base = (int)(len + strlen(slash));

		name_len = strlen(n->bytes + at);
		if ((size_t)base + name_len >= sizeof(w->path))
			return result_errno(-ENAMETOOLONG);
		(void)snprintf(w->path + len, sizeof(w->path) - len, "%s%s", slash, n->bytes + at);
		rc = walk_one(w, base, level + 1, here);
		w->path[len] = 0;
	}
	return is_action(w, rc, FTW_SKIP_SIBLINGS) ? 0 : rc;
}

static int walk_folder(struct walk *w, const struct stat *st, int base, int level,
		       const struct above *above)
{
	const struct above here = {above, st->st_dev, st->st_ino};
	__attribute__((cleanup(names_fini))) struct names n = {NULL, 0, 0};
	bool is_open;
	int rc = names_read(&n, w->path, &is_open);

	if (rc == -EACCES && !is_open)
		return tell(w, st, FTW_DNR, base, level);
	if (rc < 0)
		return result_errno(rc);
	if (!(w->flags & FTW_DEPTH))
		rc = tell(w, st, FTW_D, base, level);
	if (rc == 0)
		rc = walk_inside(w, &n, level, &here);
	if (rc == 0 && w->flags & FTW_DEPTH)
		rc = tell(w, st, FTW_DP, base, level);
	return rc;
}

/* By a link only: servers need not have numbers of their own for each folder. */
static bool is_above(const struct walk *w, const struct stat *st, const struct above *above)
{
	struct stat link;

	for (; above; above = above->above)
		if (above->dev == st->st_dev && above->ino == st->st_ino)
			return stat_link(w->path, &link) == 0 && S_ISLNK(link.st_mode);
	return false;
}

static int walk_one(struct walk *w, int base, int level, const struct above *above)
{
	struct stat st;
	int flag = look(w, &st), rc = 0;

	/* Where it begins it must be there. */
	if (flag < 0 || (level == 0 && flag == FTW_NS))
		return flag < 0 ? result_errno(flag) : -1;
	if (level == 0)
		w->dev = st.st_dev;
	else if (w->flags & FTW_MOUNT && st.st_dev != w->dev)
		return 0;
	if (flag != FTW_D)
		rc = tell(w, &st, flag, base, level);
	else if (w->flags & FTW_PHYS || !is_above(w, &st, above))
		rc = walk_folder(w, &st, base, level, above);
	return is_action(w, rc, FTW_SKIP_SUBTREE) ? 0 : rc;
}

static int walk_run(struct walk *w, const char *path)
{
	size_t len = strlen(path);
	int rc;

	if (!path[0])
		return result_errno(-ENOENT);
	if (len >= sizeof(w->path))
		return result_errno(-ENAMETOOLONG);
	memcpy(w->path, path, len + 1);
	while (len > 1 && w->path[len - 1] == '/')
		w->path[--len] = 0;
	rc = walk_one(w, base_of(w->path), 0, NULL);
	return is_action(w, rc, FTW_SKIP_SIBLINGS) ? 0 : rc;
}

EXPORT int ftw(const char *path, ftw_fn *fn, int n)
{
	struct walk w = {.ftw = fn};

	if (!prefix_any())
		return REAL(real_ftw_fn, ftw)(path, fn, n);
	return walk_run(&w, path);
}

EXPORT int nftw(const char *path, nftw_fn *fn, int n, int flags)
{
	struct walk w = {.nftw = fn, .flags = flags};

	if (!prefix_any() || flags & FTW_CHDIR)
		return REAL(real_nftw_fn, nftw)(path, fn, n, flags);
	return walk_run(&w, path);
}

EXPORT int ftw64(const char *path, __ftw64_func_t fn, int n)
{
	return ftw(path, (ftw_fn *)(void *)fn, n);
}

EXPORT int nftw64(const char *path, __nftw64_func_t fn, int n, int flags)
{
	return nftw(path, (nftw_fn *)(void *)fn, n, flags);
}
