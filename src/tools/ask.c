// SPDX-License-Identifier: Apache-2.0
/*
 * Asking a manager. A datagram that no manager has read yet waits in the node's
 * socket for the next one; one that a manager took to its grave shows as end of
 * file on the reply socket, and only then the request is sent again.
 */
#include "tools/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "gen/proto.h"
#include "tools/options.h"

int ask_send(int node_fd, uint16_t request, const void *body, size_t len, int fd, int *ret_fd)
{
	struct wire_head head = {
		.request = request,
		.cell = WIRE_NO_CELL,
		.size = (uint32_t)len,
	};
	auto_fd theirs = -1;
	auto_fd ours = -1;
	int pair[2], fds[2];
	int err;

	err = wire_pair(pair);
	if (err < 0)
		return err;
	ours = pair[0];
	theirs = pair[1];
	fds[0] = theirs;
	fds[1] = fd;
	err = wire_send(node_fd, &head, body, fds, fd < 0 ? 1 : 2);
	if (err < 0)
		return err;
	*ret_fd = fd_take(&ours);
	return 0;
}

int ask_receive(int fd, struct wire_msg *m)
{
	int err = wire_recv(fd, m, MSG_DONTWAIT);

	/* An answer's cell has the errno. */
	if (err == 0 && m->head.cell != 0 && m->head.cell != WIRE_NO_CELL) {
		wire_msg_fini(m);
		return m->head.cell;
	}
	return err;
}

static int64_t ask_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until @fd has one of @events, or @deadline: 0 or -ETIMEDOUT. */
static int ask_poll(int fd, short events, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = events};
	int64_t left;
	int n;

	do {
		left = deadline - ask_now();
		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : -ETIMEDOUT;
}

static int ask_once(int node_fd, uint16_t request, const void *body, size_t len, struct wire_msg *m,
		    int64_t deadline)
{
	auto_fd reply = -1;
	int err;

	/* A full queue means that no manager reads just now. */
	do {
		err = ask_send(node_fd, request, body, len, -1, &reply);
		if (err != -EAGAIN)
			break;
		err = ask_poll(node_fd, POLLOUT, deadline);
	} while (err == 0);
	if (err == 0)
		err = ask_poll(reply, POLLIN, deadline);
	return err == 0 ? ask_receive(reply, m) : err;
}

int ask(int node_fd, uint16_t request, const void *body, size_t len, struct wire_msg *m, int ms)
{
	int64_t deadline = ask_now() + ms;
	int err;

	if (fcntl(node_fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	do {
		err = ask_once(node_fd, request, body, len, m, deadline);
	} while ((err == -ECONNRESET || err == -EAGAIN) && ask_now() < deadline);
	return err;
}

int ask_failed(const char *dir, int result)
{
	if (result == -ECONNREFUSED || result == -ENOENT || result == -ECONNRESET) {
		log_line("node %s is not up", dir);
		return STATUS_USAGE;
	}
	if (result == -ETIMEDOUT)
		log_line("node %s does not answer", dir);
	else
		log_line("node %s: %s", dir, strerror(result < 0 ? -result : result));
	return STATUS_FAILED;
}
