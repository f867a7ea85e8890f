// SPDX-License-Identifier: Apache-2.0
/*
 * None of these is a cancellation point: who sends or receives here holds locks.
 */
#include "wire/packet.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/cleanup.h"

/* Room to see that somebody sent more than he may. */
#define FDS_SEEN 16

union packet_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FDS_SEEN * sizeof(int))];
};

static int packet_send_msg(int fd, const struct msghdr *msg, int flags)
{
	int cancel = cancel_hold();
	int r = sendmsg(fd, msg, flags | MSG_NOSIGNAL) < 0 ? -errno : 0;

	cancel_let(cancel);
	return r;
}

static ssize_t packet_recv_msg(int fd, struct msghdr *msg, int flags)
{
	int cancel = cancel_hold();
	ssize_t r = recvmsg(fd, msg, flags);

	if (r < 0)
		r = -errno;
	cancel_let(cancel);
	return r;
}

int packet_send(int fd, const struct iovec *parts, size_t n, int flags)
{
	/* sendmsg() only reads; msghdr has no way to say so. */
	struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = n};

	return packet_send_msg(fd, &msg, flags);
}

int packet_send_fds(int fd, const void *record, size_t len, const int *fds, unsigned n_fds,
		    int flags)
{
	struct iovec part = {.iov_base = (void *)(uintptr_t)record, .iov_len = len};
	union packet_control control;
	struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (n_fds > PACKET_FDS_MAX)
		return -EINVAL;
	memset(&control, 0, sizeof(control));
	msg.msg_control = control.bytes;
	msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	return packet_send_msg(fd, &msg, flags);
}

ssize_t packet_recv(int fd, const struct iovec *parts, size_t n, int flags)
{
	/* Without room for descriptors, such as come along are closed by the kernel. */
	struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = n};
	return packet_recv_msg(fd, &msg, flags);
}

int packet_poll(int fd, short events, int ms)
{
	struct pollfd set = {.fd = fd, .events = events};
	struct timespec limit = {ms / 1000, ms % 1000 * 1000000L};
	/* The library's own poll() knows more of descriptors than is right here. */
	long r = syscall(SYS_ppoll, &set, 1, &limit, NULL, 8);

	if (r < 0)
		return -errno;
	return r > 0 ? set.revents : 0;
}

static void packet_take_fds(struct msghdr *msg, int fds[PACKET_FDS_MAX], unsigned *ret_n_fds)
{
	unsigned taken = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (taken < PACKET_FDS_MAX)
				fds[taken++] = fd;
			else
				fd_close(fd);
		}
	}
	*ret_n_fds = taken;
}

ssize_t packet_recv_fds(int fd, void *record, size_t len, int fds[PACKET_FDS_MAX],
			unsigned *ret_n_fds, int flags)
{
	struct iovec part = {.iov_base = record, .iov_len = len};
	union packet_control control;
	struct msghdr msg = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t got = packet_recv_msg(fd, &msg, flags | MSG_CMSG_CLOEXEC);

	*ret_n_fds = 0;
	if (got < 0)
		return got;
	packet_take_fds(&msg, fds, ret_n_fds);
	return got;
}
