// SPDX-License-Identifier: Apache-2.0
/*
 * Frames over AF_UNIX sockets. This file decides what a well-formed frame is
 * and that a frame is taken whole or not at all: whatever is wrong with one, no
 * descriptor of it stays open here. It knows no request and never looks into a
 * body.
 */
#include "wire/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

/* ucred is declared for _GNU_SOURCE only, which the build defines. */
union wire_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(WIRE_FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

static void wire_attach_fds(struct msghdr *msg, union wire_control *control, const int *fds,
			    unsigned n_fds)
{
	size_t size = n_fds * sizeof(int);
	struct cmsghdr *c;

	if (n_fds == 0)
		return;

	memset(control->bytes, 0, CMSG_SPACE(size));
	msg->msg_control = control->bytes;
	msg->msg_controllen = CMSG_SPACE(size);
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), fds, size);
}

int wire_send(int fd, const struct wire_head *head, const void *body, const int *fds,
	      unsigned n_fds)
{
	struct wire_head signed_head = *head;
	struct iovec parts[2] = {
		{.iov_base = &signed_head, .iov_len = sizeof(signed_head)},
		/* sendmsg() only reads; iovec has no way to say so. */
		{.iov_base = (void *)(uintptr_t)body, .iov_len = head->size},
	};
	struct msghdr msg = {.msg_iov = parts, .msg_iovlen = 2};
	union wire_control control;
	ssize_t sent;

	if (head->size > WIRE_MAX)
		return -EMSGSIZE;
	if (n_fds > WIRE_FDS_MAX)
		return -EINVAL;

	signed_head.magic = WIRE_MAGIC;
	wire_attach_fds(&msg, &control, fds, n_fds);
	do {
		sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);

	/* These kinds of socket take a record whole or not at all. */
	return sent < 0 ? -errno : 0;
}

static void wire_take_fds(struct wire_msg *m, struct cmsghdr *c)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	const unsigned char *data = CMSG_DATA(c);

	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, data + i * sizeof(fd), sizeof(fd));
		if (m->n_fds < WIRE_FDS_MAX)
			m->fds[m->n_fds++] = fd;
		else
			fd_close(fd);
	}
}

/*
 * What travels beside the bytes. With SO_PASSCRED the kernel itself adds the
 * sender's credentials to every message; a sender that attaches its own is
 * allowed to lie about them only if it is privileged over this node anyway.
 */
static void wire_take_control(struct wire_msg *m, struct msghdr *msg)
{
	struct ucred cred;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS) {
			wire_take_fds(m, c);
		} else if (c->cmsg_type == SCM_CREDENTIALS &&
			   c->cmsg_len >= CMSG_LEN(sizeof(cred))) {
			memcpy(&cred, CMSG_DATA(c), sizeof(cred));
			m->pid = cred.pid;
			m->uid = cred.uid;
			m->gid = cred.gid;
			m->has_cred = true;
		}
	}
}

/* An empty read: the end of a connection, or an empty datagram of a stranger,
 * which must not pass for that end. */
static int wire_nothing(int fd)
{
	socklen_t size = sizeof(int);
	int type = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
		return -errno;
	return type == SOCK_DGRAM ? -EBADMSG : -ECONNRESET;
}

/*
 * MSG_CTRUNC: our room for control data holds the most that can come, so it
 * says that this process ran out of descriptors. The kernel then hands over
 * those that fitted and drops the others; half of them are of no use.
 */
static bool wire_is_whole(const struct wire_msg *m, const struct msghdr *msg, size_t got)
{
	return !(msg->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && got >= sizeof(m->head) &&
	       m->head.magic == WIRE_MAGIC && m->head.size == got - sizeof(m->head);
}

int wire_recv(int fd, struct wire_msg *m, int flags)
{
	struct iovec parts[2] = {
		{.iov_base = &m->head, .iov_len = sizeof(m->head)},
		{.iov_base = m->body, .iov_len = sizeof(m->body)},
	};
	union wire_control control;
	struct msghdr msg = {
		.msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t got;

	m->has_cred = false;
	m->n_fds = 0;
	m->len = 0;
	do {
		got = recvmsg(fd, &msg, flags | MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;

	wire_take_control(m, &msg);
	if (got == 0) {
		wire_msg_fini(m);
		return wire_nothing(fd);
	}
	if (!wire_is_whole(m, &msg, (size_t)got)) {
		wire_msg_fini(m);
		return -EBADMSG;
	}
	m->len = m->head.size;
	return 0;
}

void wire_msg_fini(struct wire_msg *m)
{
	for (unsigned i = 0; i < m->n_fds; i++)
		m->fds[i] = fd_close(m->fds[i]);
	m->n_fds = 0;
}

int wire_pair(int ret[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0)
		return -errno;
	return 0;
}

/*
 * A socket address has room for 107 bytes, and nodes may live deep in a home or
 * test directory. /proc/self/fd/N names an open directory in a few bytes;
 * *@ret_dir keeps it open for as long as the address is used.
 */
static int wire_address(const char *path, struct sockaddr_un *addr, int *ret_dir)
{
	const char *slash = strrchr(path, '/');
	auto_str dir = NULL;
	auto_fd dir_fd = -1;
	int n;

	*addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	/* To the kernel an empty one asks for a name of its own choice. */
	if (path[0] == '\0')
		return -ENOENT;
	if (strlen(path) < sizeof(addr->sun_path)) {
		memcpy(addr->sun_path, path, strlen(path));
		return 0;
	}
	if (!slash || slash == path)
		return -ENAMETOOLONG;

	dir = strndup(path, (size_t)(slash - path));
	if (!dir)
		return -ENOMEM;
	dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return -errno;
	n = snprintf(addr->sun_path, sizeof(addr->sun_path), "/proc/self/fd/%d/%s", dir_fd,
		     slash + 1);
	if (n < 0 || (size_t)n >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;

	*ret_dir = fd_take(&dir_fd);
	return 0;
}

/*
 * The mode of the node in the file system: bind() gives it the socket's own
 * mode less the umask, so fchmod() before means that it is never wider than
 * asked, and chmod() after brings back what a umask took.
 */
static int wire_bind(int fd, const struct sockaddr_un *addr, mode_t mode)
{
	if (fchmod(fd, mode) < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0)
		return -errno;
	if (chmod(addr->sun_path, mode) < 0)
		return -errno;
	return 0;
}

int wire_listen(const char *path, mode_t mode, int *ret_fd)
{
	struct sockaddr_un addr;
	auto_fd dir = -1;
	auto_fd fd = -1;
	int on = 1;
	int err;

	err = wire_address(path, &addr, &dir);
	if (err < 0)
		return err;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* Before the name exists, or a first message could lack credentials. */
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return -errno;
	err = wire_bind(fd, &addr, mode);
	if (err < 0)
		return err;

	*ret_fd = fd_take(&fd);
	return 0;
}

int wire_connect(const char *path, int *ret_fd)
{
	struct sockaddr_un addr;
	auto_fd dir = -1;
	auto_fd fd = -1;
	int err;

	err = wire_address(path, &addr, &dir);
	if (err < 0)
		return err;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;

	*ret_fd = fd_take(&fd);
	return 0;
}
