// SPDX-License-Identifier: Apache-2.0
#include "io/served.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/iomsg.h>
#include <unistd.h>

#include "base/util.h"
#include "client/node.h"
#include "io/file.h"
#include "io/plain.h"
#include "message/lock.h"
#include "message/space.h"
#include "message/thread.h"

/* ---- The text of a path ---- */

static uint8_t ending_of(const char *path)
{
	size_t len = strlen(path);

	if (len && path[len - 1] == '/')
		return _IO_CONNECT_EFLAG_DIR;
	if (len && path[len - 1] == '.' && (len == 1 || path[len - 2] == '/'))
		return _IO_CONNECT_EFLAG_DOT;
	if (len >= 2 && path[len - 1] == '.' && path[len - 2] == '.' &&
	    (len == 2 || path[len - 3] == '/'))
		return _IO_CONNECT_EFLAG_DOTDOT;
	return 0;
}

/* The path of an open folder. */
static int folder_of(int fd, char ret[PATH_BYTES])
{
	char name[64];
	ssize_t n;

	if (io_is_flagged(fd))
		return file_path(fd, ret);
	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = plain_readlink(name, ret, PATH_BYTES - 1);
	if (n < 0)
		return -EBADF;
	ret[n] = 0;
	return ret[0] == '/' ? 0 : -ENOTDIR;
}

int served_absolute(int dir_fd, const char *path, char ret[PATH_BYTES])
{
	size_t len, n = strlen(path);
	int rc;

	if (n >= PATH_BYTES)
		return -ENAMETOOLONG;
	if (path[0] == '/') {
		memcpy(ret, path, n + 1);
		return 0;
	}
	if (dir_fd != AT_FDCWD)
		rc = folder_of(dir_fd, ret);
	else
		rc = plain_getcwd(ret, PATH_BYTES) < 0 ? -errno : 0;
	if (rc < 0)
		return rc;
	len = strlen(ret);
	if (len + n + 2 > PATH_BYTES)
		return -ENAMETOOLONG;
	ret[len] = '/';
	memcpy(ret + len + 1, path, n + 1);
	return 0;
}

/* ---- Asking the manager ---- */

static void take_servers(struct served *ret, const struct path_server *servers, uint32_t n)
{
	size_t len = strlen(ret->path);

	ret->n = 0;
	for (uint32_t i = 0; i < n && ret->n < SERVED_MAX; i++)
		if (servers[i].len <= len)
			ret->servers[ret->n++] = servers[i];
}

/* Links of the manager led elsewhere, or there are many: *ret->path changes. */
static int ask_all(struct served *ret)
{
	struct proto_path_all_in in = {.path = ret->path, .path_len = (uint32_t)strlen(ret->path)};
	struct proto_path_all_out out;
	uint8_t body[PATH_BYTES + 64];
	struct node_question q = {.request = PROTO_PATH_ALL, .body = body, .repeat = true};
	struct wire_msg *m = node_msg_new();
	int rc = m ? proto_put_path_all_in(body, sizeof(body), &in) : -ENOMEM;

	q.len = rc > 0 ? (size_t)rc : 0;
	rc = rc < 0 ? rc : node_ask(&q, m);
	if (rc == 0) {
		rc = proto_get_path_all_out(m->body, m->len, &out);
		if (rc == 0 && out.path_len < PATH_BYTES) {
			memcpy(ret->path, out.path, out.path_len);
			ret->path[out.path_len] = 0;
			take_servers(ret, out.servers, out.servers_count);
		}
		wire_msg_fini(m);
	}
	node_msg_free(m);
	return rc;
}

/* The last answer, which is good as long as the names are the same, and for this process: its own
 * names are left out. */
static struct lock lock = LOCK_INIT;
static struct {
	uint64_t generation; /* 0: none */
	uint32_t process;
	char path[PATH_BYTES];
	struct proto_path_find_out found;
} last;

static bool last_get(const char *path, uint64_t generation, struct proto_path_find_out *ret)
{
	sigset_t mask;
	bool is_it;

	lock_take(&lock, &mask);
	is_it = generation && last.generation == generation &&
		last.process == thread_generation() && strcmp(last.path, path) == 0;
	if (is_it)
		*ret = last.found;
	lock_give(&lock, &mask);
	return is_it;
}

static void last_set(const char *path, uint64_t generation, const struct proto_path_find_out *found)
{
	sigset_t mask;

	lock_take(&lock, &mask);
	last.generation = generation;
	last.process = thread_generation();
	memcpy(last.path, path, strlen(path) + 1);
	last.found = *found;
	lock_give(&lock, &mask);
}

static void last_forked(void)
{
	lock_reset(&lock);
}

__attribute__((constructor)) static void served_register(void)
{
	(void)pthread_atfork(NULL, NULL, last_forked); /* no memory at start: no forks either */
}

static int find(const char *path, struct proto_path_find_out *ret)
{
	uint64_t generation = prefix_generation();
	int rc;

	if (last_get(path, generation, ret))
		return 0;
	rc = space_find(path, FILE_TYPE_ANY, ret);
	/* Names that changed meanwhile have another generation. */
	if (rc == 0)
		last_set(path, generation, ret);
	return rc;
}

/* ret->path is plain. */
static int ask(struct served *ret)
{
	struct proto_path_find_out found;
	int rc = find(ret->path, &found);

	if (rc < 0)
		return rc;
	ret->is_opaque = found.flags & FOUND_OPAQUE;
	ret->is_in_file = found.flags & FOUND_IN_FILE;
	take_servers(ret, found.servers, MIN(found.count, (uint32_t)ARRAY_LEN(found.servers)));
	if (found.flags & (FOUND_LINKED | FOUND_MORE)) {
		rc = ask_all(ret);
		if (rc < 0)
			return rc;
	}
	if (ret->n == 0 && ret->is_in_file)
		return -ENOTDIR;
	/* What links of the manager led to is to be opened there. */
	return ret->n || ret->is_opaque || found.flags & FOUND_LINKED;
}

int served_find_next(const char *path, struct served *ret)
{
	int rc;

	ret->eflag = ending_of(path);
	ret->n = 0;
	ret->is_opaque = ret->is_in_file = false;
	rc = space_plain(path, ret->path);
	if (rc < 0)
		return rc;
	return prefix_has(ret->path) ? ask(ret) : 0;
}

int served_find(int dir_fd, const char *path, struct served *ret)
{
	char absolute[PATH_BYTES];
	int rc;

	ret->links = 0;
	if (!path[0])
		return 0; /* the kernel knows what to say of it */
	rc = served_absolute(dir_fd, path, absolute);
	/* A path that is too long, a folder that is none: the kernel says it in its own order. */
	if (rc < 0)
		return io_is_flagged(dir_fd) && path[0] != '/' ? rc : 0;
	return served_find_next(absolute, ret);
}

/* ---- Links of the kernel's file systems ---- */

struct tour {
	char at[PATH_BYTES];   /* what has been walked, plain */
	char rest[PATH_BYTES]; /* what comes */
	size_t len;
};

/* The rest begins with what the link says. */
static int tour_follow(struct tour *t, const char *target)
{
	char rest[2 * PATH_BYTES];
	int n = snprintf(rest, sizeof(rest), "%s%s", target, t->rest);

	if (n >= PATH_BYTES)
		return -ENAMETOOLONG;
	memcpy(t->rest, rest, (size_t)n + 1);
	if (target[0] == '/') {
		t->len = 0;
	} else {
		while (t->len && t->at[--t->len] != '/')
			;
	}
	t->at[t->len] = 0;
	return 0;
}

/* One part of the rest. True: there was one. */
static bool tour_step(struct tour *t, bool *ret_is_new)
{
	const char *from = t->rest + strspn(t->rest, "/");
	size_t n = strcspn(from, "/");

	*ret_is_new = false;
	if (n == 0)
		return false;
	if (n == 2 && from[0] == '.' && from[1] == '.') {
		while (t->len && t->at[--t->len] != '/')
			;
	} else if ((n != 1 || from[0] != '.') && t->len + n + 2 < PATH_BYTES) {
		t->at[t->len++] = '/';
		memcpy(t->at + t->len, from, n);
		t->len += n;
		*ret_is_new = true;
	}
	t->at[t->len] = 0;
	memmove(t->rest, from + n, strlen(from + n) + 1);
	return true;
}

/* The whole path, once what has been walked is served. */
static int tour_arrive(struct tour *t, struct served *ret)
{
	char whole[2 * PATH_BYTES];
	unsigned links = ret->links;
	int rc;

	(void)snprintf(whole, sizeof(whole), "%s%s", t->at, t->rest);
	rc = served_find_next(whole, ret);
	ret->links = links;
	return rc;
}

int served_again(int dir_fd, const char *path, bool follows, struct served *ret)
{
	struct tour t = {.len = 0};
	char target[PATH_BYTES];
	bool is_new;

	ret->links = 0;
	if (!path || !path[0] || !prefix_any() || served_absolute(dir_fd, path, t.rest) < 0)
		return 0;
	while (tour_step(&t, &is_new)) {
		ssize_t n;

		if (!is_new)
			continue;
		if (prefix_has(t.at))
			return tour_arrive(&t, ret);
		if (!follows && t.rest[strspn(t.rest, "/")] == 0)
			return 0;
		n = plain_readlink(t.at, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		if (ret->links++ == SERVED_LINKS)
			return 0; /* the kernel has said so */
		target[n] = 0;
		if (tour_follow(&t, target) < 0)
			return 0;
	}
	return 0;
}
