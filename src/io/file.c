// SPDX-License-Identifier: Apache-2.0
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/iomsg.h>
#include <sys/neutrino.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "io/plain.h"
#include "io/served.h"
#include "message/connection.h"
#include "message/lock.h"
#include "message/ready.h"
#include "message/send.h"

#define FILE_EXTRA_MAX (PATH_BYTES + 64)
#define FILE_REPLY_MAX (PATH_BYTES + 64)
/* open()'s flags of the kernel's that no server has a use for. */
#define FILE_OWN_FLAGS (O_CLOEXEC)

/* ---- By which path ---- */

struct name {
	struct name *next; /* spare */
	size_t room;
	uint32_t serial; /* of the connection */
	char path[];
};

static struct lock lock = LOCK_INIT;
static struct name *names[IO_FDS]; /* only those pages are ever touched that have some */
static struct name *spare[2];

static struct name *name_new(size_t len)
{
	int kind = len > 120;
	size_t room = kind ? PATH_BYTES : 120;
	struct name *n = spare[kind];

	if (n)
		spare[kind] = n->next;
	else
		n = ready_alloc(sizeof(*n) + room);
	if (n)
		n->room = room;
	return n;
}

static void name_set(int fd, const char *path)
{
	const struct connection *c = connection_at(fd);
	size_t len = strlen(path) + 1;
	struct name *n;
	sigset_t mask;

	if (!c || fd < 0 || fd >= IO_FDS)
		return;
	lock_take(&lock, &mask);
	n = names[fd];
	if (n && n->room < len) {
		n->next = spare[n->room > 120];
		spare[n->room > 120] = n;
		n = NULL;
	}
	if (!n)
		n = name_new(len);
	names[fd] = n;
	if (n) {
		n->serial = c->serial;
		memcpy(n->path, path, len);
	}
	lock_give(&lock, &mask);
}

static bool name_get(int fd, char ret[PATH_BYTES])
{
	const struct connection *c = connection_at(fd);
	bool has = false;
	sigset_t mask;

	lock_take(&lock, &mask);
	if (c && names[fd] && names[fd]->serial == c->serial) {
		memcpy(ret, names[fd]->path, strlen(names[fd]->path) + 1);
		has = true;
	}
	lock_give(&lock, &mask);
	return has;
}

int file_path(int fd, char ret[PATH_BYTES])
{
	const struct _io_fdinfo ask = {
		.type = _IO_FDINFO, .combine_len = sizeof(ask), .path_len = PATH_BYTES};
	struct {
		struct _io_fdinfo_reply reply;
		char path[PATH_BYTES];
	} answer = {.path = ""};
	long rc;

	if (name_get(fd, ret))
		return 0;
	rc = file_send(fd, &ask, sizeof(ask), &answer, sizeof(answer));
	if (rc < 0)
		return (int)rc;
	answer.path[PATH_BYTES - 1] = 0;
	if (answer.path[0] != '/')
		return -ENOTSUP;
	memcpy(ret, answer.path, strlen(answer.path) + 1);
	return 0;
}

static void file_forked(void)
{
	lock_reset(&lock);
}

__attribute__((constructor)) static void file_register(void)
{
	(void)pthread_atfork(NULL, NULL, file_forked); /* no memory at start: no forks either */
}

/* ---- A message with a path ---- */

struct connect_message {
	struct _io_connect connect;
	char rest[PATH_BYTES + FILE_EXTRA_MAX + 64];
};

struct connect_reply {
	union {
		struct _io_connect_link_reply link;
		struct _io_connect_ftype_reply ftype;
		char bytes[FILE_REPLY_MAX];
	};
};

mode_t file_umask(void)
{
	char text[1024];
	auto_fd fd = plain_openat(AT_FDCWD, "/proc/self/status", O_RDONLY | O_CLOEXEC, 0);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *at;
	mode_t mask;

	text[n > 0 ? n : 0] = 0;
	at = strstr(text, "\nUmask:");
	if (at)
		return (mode_t)strtoul(at + 7, NULL, 8);
	/* A kernel without it, or no /proc: for a moment it is another. */
	mask = umask(022);
	(void)umask(mask); /* cannot fail */
	return mask;
}

uint32_t file_ioflag(uint32_t flags)
{
	return (flags & ~(uint32_t)(FILE_OWN_FLAGS | O_ACCMODE)) |
	       (((flags & O_ACCMODE) + 1) & O_ACCMODE);
}

/* How much of @path the server's own name is, and what is left for it. */
static const char *path_below(const struct served *s, const struct path_server *server)
{
	const char *at = s->path + MIN((size_t)server->len, strlen(s->path));

	return at + (*at == '/');
}

static int message_fill(struct connect_message *m, const struct served *s,
			const struct path_server *server, const struct file_wish *w,
			size_t *ret_len)
{
	const char *path = path_below(s, server);
	size_t n = strlen(path) + 1, at;

	if (w->extra_len > FILE_EXTRA_MAX || w->part_len > 64)
		return -ENAMETOOLONG;
	memset(&m->connect, 0, sizeof(m->connect));
	m->connect.type = _IO_CONNECT;
	m->connect.subtype = w->subtype;
	m->connect.file_type = FILE_TYPE_ANY;
	m->connect.reply_max = FILE_REPLY_MAX;
	m->connect.handle = server->handle;
	m->connect.ioflag = file_ioflag(w->ioflag);
	m->connect.mode = w->mode;
	m->connect.sflag = w->sflag;
	m->connect.access = w->access;
	m->connect.eflag = s->eflag;
	m->connect.path_len = (uint16_t)n;
	memcpy(m->connect.path, path, n);
	at = sizeof(m->connect) + n;
	if (w->extra_len) {
		m->connect.extra_type = w->extra_type;
		m->connect.extra_len = (uint16_t)w->extra_len;
		memset((char *)m + at, 0, align_up(at, 8) - at);
		at = align_up(at, 8);
		memcpy((char *)m + at, w->extra, w->extra_len);
		at += w->extra_len;
	}
	if (w->part_len) {
		memset((char *)m + at, 0, align_up(at, 8) - at);
		at = align_up(at, 8);
		memcpy((char *)m + at, w->part, w->part_len);
		at += w->part_len;
	}
	*ret_len = at;
	return 0;
}

static void undo(void *coid)
{
	(void)connection_detach(*(int *)coid); /* it is ours */
}

static int gone(int rc)
{
	return rc == -EBADF || rc == -ECONNREFUSED || rc == -EHOSTDOWN ? -ESRCH : rc;
}

/* The whole exchange with one server. */
static long exchange(const struct path_server *server, const struct file_wish *w,
		     const struct connect_message *m, size_t len, struct connect_reply *reply)
{
	struct vec out, in;
	long status = 0;
	int coid, rc;

	coid = connection_attach(server->pid, server->chid, w->keeps ? 0 : _NTO_SIDE_CHANNEL,
				 !w->keeps || w->ioflag & O_CLOEXEC ? _NTO_COF_CLOEXEC : 0);
	/* It died as we came: whoever asks is not to hear of a device that is not there. */
	if (coid < 0)
		return coid == -ENXIO ? -ESRCH : gone(coid);
	memset(reply, 0, sizeof(reply->link));
	vec_of(&out, m, len);
	vec_of(&in, reply, sizeof(*reply));
	pthread_cleanup_push(undo, &coid);
	rc = send_message(coid, &out, &in, true, &status);
	pthread_cleanup_pop(0);
	if (rc == 0 && w->keeps && !(status & _IO_CONNECT_RET_LINK))
		return coid;
	(void)connection_detach(coid); /* it is ours */
	return rc < 0 ? gone(rc) : status;
}

/* The server says: look there. */
static int follow(struct served *s, const struct connect_reply *reply)
{
	const char *to = (const char *)(&reply->link + 1);
	size_t room = sizeof(*reply) - sizeof(reply->link);
	/* What the caller wants stays as it was, wherever the link leads: rmdir() a folder. */
	const uint8_t eflag = s->eflag | (reply->link.eflag & _IO_CONNECT_EFLAG_DIR);
	char path[2 * PATH_BYTES];
	char *end;
	int rc;

	if (++s->links > SERVED_LINKS)
		return -ELOOP;
	if (reply->link.nentries || reply->link.path_len == 0 || reply->link.path_len > room ||
	    !memchr(to, 0, reply->link.path_len) || !to[0])
		return -EIO;
	/* A relative one stands for the last part of the path. */
	memcpy(path, s->path, strlen(s->path) + 1);
	end = strrchr(path, '/');
	(void)snprintf(to[0] == '/' ? path : end + 1, PATH_BYTES, "%s", to);
	rc = served_find_next(path, s);
	s->eflag |= eflag;
	return rc;
}

static long reply_take(const struct file_wish *w, const struct connect_reply *reply, long status)
{
	if (w->keeps)
		return status;
	if (status < 0 || (w->subtype == _IO_CONNECT_READLINK && status > (long)w->reply_len))
		status = w->subtype == _IO_CONNECT_READLINK ? (long)w->reply_len : -EIO;
	if (status >= 0 && w->reply)
		memcpy(w->reply, reply, MIN(w->reply_len, sizeof(*reply)));
	return status;
}

bool file_goes_on(long error)
{
	return error == -ENOSYS || error == -ENOENT || error == -ENXIO || error == -ESRCH;
}

/* Which of two refusals tells more. */
static long clearer(long a, long b)
{
	if (a == 0 || a == -ESRCH)
		return b;
	if (b == 0 || b == -ESRCH)
		return a;
	return a == -ENOENT ? b : a;
}

long file_connect(struct served *s, const struct file_wish *w)
{
	struct connect_message m;
	struct connect_reply reply;
	long error = 0;
	uint32_t i = 0;

	while (i < s->n) {
		size_t len = 0;
		long rc = message_fill(&m, s, &s->servers[i], w, &len);

		if (rc == 0)
			rc = exchange(&s->servers[i], w, &m, len, &reply);
		/* A descriptor has no such bits. */
		if (rc >= 0 && rc & (long)_IO_CONNECT_RET_FLAG && rc & _IO_CONNECT_RET_LINK) {
			rc = follow(s, &reply);
			if (rc < 0)
				return rc;
			if (rc == 0)
				return FILE_ELSEWHERE;
			error = 0;
			i = 0;
			continue;
		}
		if (rc >= 0) {
			if (w->keeps)
				name_set((int)rc, s->path);
			return reply_take(w, &reply, rc);
		}
		if (!file_goes_on(rc))
			return rc;
		error = clearer(error, rc);
		i++;
	}
	/* None of them, and nothing to be found at all: links of the manager led to a plain one. */
	return error ? error : FILE_ELSEWHERE;
}

/* ---- Messages for open files ---- */

bool file_is_served(int fd)
{
	const struct connection *c = connection_at(fd);

	/* Whether it is still the same who sends sees. */
	if (!c)
		c = connection_find(fd);
	return c && c->kind == CONNECTION_CHANNEL;
}

int file_not_served(int fd)
{
	return plain_call(SYS_fcntl, fd, F_GETFD, 0, 0, 0) < 0 ? -EBADF : -ENOSYS;
}

long file_send(int fd, const void *out, size_t out_len, void *in, size_t in_len)
{
	struct vec send, reply;
	long status = 0;
	int rc;

	vec_of(&send, out, out_len);
	vec_of(&reply, in, in_len);
	rc = send_message(fd, &send, &reply, true, &status);
	return rc < 0 ? rc : status;
}

long file_sendv(int fd, const struct iovec *out, int n_out, const struct iovec *in, int n_in)
{
	struct vec send, reply;
	long status = 0;
	int rc = vec_of_parts(&send, out, (size_t)n_out);

	if (rc == 0)
		rc = vec_of_parts(&reply, in, (size_t)n_in);
	if (rc == 0)
		rc = send_message(fd, &send, &reply, true, &status);
	return rc < 0 ? rc : status;
}
