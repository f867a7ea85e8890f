// SPDX-License-Identifier: Apache-2.0
/*
 * Node directories: where they are, who holds one, and how a dead node's is
 * taken over.
 *
 * The lock is one of open file descriptions (F_OFD_*), not flock(): it dies
 * with the anchor in the same way, and it can be asked about without being
 * taken, so that who merely looks never makes a node that starts believe its
 * name is taken.
 *
 * Whoever has locked the file must look whether it is still the one in the
 * directory: the former holder may have removed it in between. Then the lock is
 * on a file that nobody else will ever find, and all starts again.
 */
#include "host/linux/nodedir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

#define NODEDIR_LOCK    "lock"
#define NODEDIR_REQUEST "request"
#define NODEDIR_LOG     "log"

/* How often a directory may vanish under us before that is an error. */
#define NODEDIR_TRIES        100
/* Somebody who prunes holds a dead node's lock for a moment. */
#define NODEDIR_LOCK_TRIES   20
#define NODEDIR_LOCK_WAIT_NS (2 * 1000 * 1000)

__attribute__((format(printf, 3, 4))) static int nodedir_print(char *buf, size_t cap,
							       const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(buf, cap, fmt, args);
	va_end(args);
	return n < 0 || (size_t)n >= cap ? -ENAMETOOLONG : 0;
}

/* ---- Names and paths ---- */

bool nodedir_is_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t len = strlen(name);

	return len > 0 && len <= NODEDIR_NAME_MAX && strspn(name, letters) == len &&
	       name[0] != '.' && name[0] != '-' && strcmp(name, "none") != 0;
}

static const char *nodedir_env_path(const char *variable)
{
	const char *value = getenv(variable);

	return value && value[0] == '/' ? value : NULL;
}

/* $XDG_RUNTIME_DIR, also if there is nothing yet at that place. */
static const char *nodedir_runtime(void)
{
	const char *dir = nodedir_env_path("XDG_RUNTIME_DIR");
	struct stat st;

	if (dir && stat(dir, &st) == 0 && st.st_uid != geteuid())
		return NULL;
	return dir;
}

/* *@ret_parent: what must be there, "" for what always is. */
static int nodedir_find_base(char *buf, size_t cap, const char **ret_parent, bool *ret_shared)
{
	const char *runtime = nodedir_runtime();
	const char *tmp;

	*ret_shared = false;
	if (runtime) {
		*ret_parent = runtime;
		return nodedir_print(buf, cap, "%s/kamioka", runtime);
	}
	if (geteuid() == 0) {
		*ret_parent = "/run";
		return nodedir_print(buf, cap, "/run/kamioka");
	}
	tmp = nodedir_env_path("TMPDIR");
	*ret_parent = tmp ? tmp : "/tmp";
	*ret_shared = true;
	return nodedir_print(buf, cap, "%s/kamioka-%u", *ret_parent, (unsigned)geteuid());
}

int nodedir_base(char *buf, size_t cap)
{
	const char *parent;
	bool shared;

	return nodedir_find_base(buf, cap, &parent, &shared);
}

int nodedir_path(const char *name_or_path, char *buf, size_t cap)
{
	char base[PATH_MAX];
	int err;

	if (name_or_path[0] == '/')
		return nodedir_print(buf, cap, "%s", name_or_path);
	if (!nodedir_is_name(name_or_path))
		return -EINVAL;
	err = nodedir_base(base, sizeof(base));
	return err < 0 ? err : nodedir_print(buf, cap, "%s/%s", base, name_or_path);
}

int nodedir_from_env(char *buf, size_t cap)
{
	const char *value = getenv(NODEDIR_ENV);

	if (!value || value[0] == '\0')
		return -ENOENT;
	if (strcmp(value, "none") == 0)
		return -ENOSYS;
	return nodedir_path(value, buf, cap);
}

int nodedir_request_path(const char *dir, char *buf, size_t cap)
{
	return nodedir_print(buf, cap, "%s/%s", dir, NODEDIR_REQUEST);
}

/* ---- Looking ---- */

int nodedir_check_owner(const char *dir)
{
	struct stat st;

	if (stat(dir, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return st.st_uid == 0 || st.st_uid == geteuid() || st.st_uid == getuid() ? 0 : -EPERM;
}

static bool nodedir_is_locked(int lock_fd)
{
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

	return fcntl(lock_fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool nodedir_is_up(const char *dir)
{
	char path[PATH_MAX];
	auto_fd fd = -1;

	if (nodedir_print(path, sizeof(path), "%s/%s", dir, NODEDIR_LOCK) < 0)
		return false;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && nodedir_is_locked(fd);
}

static int nodedir_filter(const struct dirent *entry)
{
	return nodedir_is_name(entry->d_name);
}

/* The base's directories, dead or alive: a count, or -errno. */
static int nodedir_scan(const char *base, struct dirent ***ret_entries)
{
	int n = scandir(base, ret_entries, nodedir_filter, alphasort);

	if (n >= 0)
		return n;
	return errno == ENOENT ? 0 : -errno;
}

static void nodedir_free_entries(struct dirent **entries, int n)
{
	for (int i = 0; i < n; i++)
		free(entries[i]);
	if (n > 0)
		free(entries);
}

int nodedir_each(int (*each)(void *ctx, const char *name), void *ctx)
{
	struct dirent **entries = NULL;
	char path[PATH_MAX];
	char base[PATH_MAX];
	int err, n;

	err = nodedir_base(base, sizeof(base));
	if (err < 0)
		return err;
	n = nodedir_scan(base, &entries);
	if (n < 0)
		return n;
	for (int i = 0; i < n && err == 0; i++) {
		err = nodedir_print(path, sizeof(path), "%s/%s", base, entries[i]->d_name);
		if (err == 0 && nodedir_is_up(path))
			err = each(ctx, entries[i]->d_name);
	}
	nodedir_free_entries(entries, n);
	return err;
}

/* ---- Making ---- */

/* A directory that is there must be one that nobody else can have prepared. */
static int nodedir_check_mine(const char *path, bool shared)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode)) {
		log_line("%s: not a directory", path);
		return -ENOTDIR;
	}
	if (st.st_uid != geteuid()) {
		log_line("%s: belongs to user %u, not to us", path, (unsigned)st.st_uid);
		return -EPERM;
	}
	if (st.st_mode & (shared ? 077 : 022)) {
		log_line("%s: mode %03o lets others in; it must be 0700", path,
			 (unsigned)st.st_mode & 0777);
		return -EPERM;
	}
	return 0;
}

/* 0 if the directory is there now; whatever the umask says, it has @mode if it was made. */
static int nodedir_mkdir(const char *path, mode_t mode)
{
	if (mkdir(path, mode) < 0)
		return errno == EEXIST ? 0 : -errno;
	return chmod(path, mode) < 0 ? -errno : 0;
}

static int nodedir_make_base(char *base, size_t cap)
{
	const char *parent;
	struct stat st;
	bool shared;
	int err;

	err = nodedir_find_base(base, cap, &parent, &shared);
	if (err < 0) {
		log_line("the runtime directory's path is too long");
		return err;
	}
	if (stat(parent, &st) < 0) {
		err = -errno;
		log_line("runtime directory %s: %s (see XDG_RUNTIME_DIR)", parent, strerror(-err));
		return err;
	}
	/* A root's node may serve other users, who must pass through. */
	err = nodedir_mkdir(base, geteuid() == 0 && !shared ? 0711 : 0700);
	if (err < 0) {
		log_line("cannot make runtime directory %s: %s", base, strerror(-err));
		return err;
	}
	return nodedir_check_mine(base, shared);
}

static bool nodedir_lock_is_current(const char *path, int lock_fd)
{
	struct stat there, ours;

	return fstat(lock_fd, &ours) == 0 && stat(path, &there) == 0 &&
	       there.st_ino == ours.st_ino && there.st_dev == ours.st_dev;
}

/* 0, -EADDRINUSE (held), -ESTALE (to be tried again), or -errno. */
static int nodedir_lock(const char *dir, bool make, int *ret_fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[PATH_MAX];
	auto_fd fd = -1;

	if (nodedir_print(path, sizeof(path), "%s/%s", dir, NODEDIR_LOCK) < 0)
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | (make ? O_CREAT : 0), 0600);
	if (fd < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	/* Without the umask, or we could not look at it later. */
	(void)fchmod(fd, 0600);
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
		return errno == EAGAIN || errno == EACCES ? -EADDRINUSE : -errno;
	if (!nodedir_lock_is_current(path, fd))
		return -ESTALE;

	*ret_fd = fd_take(&fd);
	return 0;
}

/* For people who look; nothing depends on it, so a full disk is no reason to fail. */
static void nodedir_write_pid(int lock_fd)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (ftruncate(lock_fd, 0) < 0 || pwrite(lock_fd, text, (size_t)n, 0) < 0)
		return;
}

static int nodedir_try(struct nodedir *node, mode_t mode)
{
	int err;

	err = nodedir_mkdir(node->path, mode);
	if (err == 0)
		err = nodedir_check_mine(node->path, false);
	if (err < 0)
		return err == -ENOENT ? -ESTALE : err;
	for (int i = 0; i < NODEDIR_LOCK_TRIES; i++) {
		static const struct timespec pause = {.tv_nsec = NODEDIR_LOCK_WAIT_NS};

		err = nodedir_lock(node->path, true, &node->lock_fd);
		if (err != -EADDRINUSE)
			break;
		nanosleep(&pause, NULL);
	}
	return err;
}

static void nodedir_unlink(const char *dir, const char *file)
{
	char path[PATH_MAX];

	if (nodedir_print(path, sizeof(path), "%s/%s", dir, file) == 0)
		(void)unlink(path);
}

static int nodedir_fail(const char *path, int err)
{
	/* The latter two have been told. */
	if (err == -EADDRINUSE || err == -EPERM || err == -ENOTDIR)
		return err;
	log_line("cannot make node directory %s: %s", path, strerror(-err));
	/* Ours or not: it goes only if it is empty. */
	(void)rmdir(path);
	return err;
}

int nodedir_make(struct nodedir *node, const char *name, bool for_all)
{
	char base[PATH_MAX];
	int err;

	node->lock_fd = -1;
	err = nodedir_make_base(base, sizeof(base));
	if (err < 0)
		return err;
	err = nodedir_print(node->path, sizeof(node->path), "%s/%s", base, name);
	for (int i = 0; i < NODEDIR_TRIES && err == 0; i++) {
		err = nodedir_try(node, for_all ? 0711 : 0700);
		if (err != -ESTALE)
			break;
		err = i + 1 < NODEDIR_TRIES ? 0 : -ESTALE;
	}
	if (err < 0)
		return nodedir_fail(node->path, err);
	/* What a killed node left. */
	nodedir_unlink(node->path, NODEDIR_REQUEST);
	nodedir_unlink(node->path, NODEDIR_LOG);
	nodedir_unlink(node->path, NODEDIR_IRQ);
	(void)chmod(node->path, for_all ? 0711 : 0700);
	nodedir_write_pid(node->lock_fd);
	return 0;
}

int nodedir_open_log(const struct nodedir *node)
{
	char path[PATH_MAX];
	int fd;

	if (nodedir_print(path, sizeof(path), "%s/%s", node->path, NODEDIR_LOG) < 0)
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	(void)fchmod(fd, 0600);
	return fd;
}

/* ---- Taking away ---- */

void nodedir_remove(struct nodedir *node)
{
	nodedir_unlink(node->path, NODEDIR_REQUEST);
	nodedir_unlink(node->path, NODEDIR_LOG);
	nodedir_unlink(node->path, NODEDIR_IRQ);
	nodedir_unlink(node->path, NODEDIR_LOCK);
	(void)rmdir(node->path);
	nodedir_release(node);
}

void nodedir_release(struct nodedir *node)
{
	node->lock_fd = fd_close(node->lock_fd);
}

void nodedir_prune(const char *prefix)
{
	struct dirent **entries = NULL;
	char base[PATH_MAX];
	int n;

	if (nodedir_base(base, sizeof(base)) < 0)
		return;
	n = nodedir_scan(base, &entries);
	for (int i = 0; i < n; i++) {
		struct nodedir dead = {.lock_fd = -1};
		const char *name = entries[i]->d_name;

		if (strncmp(name, prefix, strlen(prefix)) != 0)
			continue;
		if (nodedir_print(dead.path, sizeof(dead.path), "%s/%s", base, name) == 0 &&
		    nodedir_lock(dead.path, false, &dead.lock_fd) == 0)
			nodedir_remove(&dead);
	}
	nodedir_free_entries(entries, n);
}
