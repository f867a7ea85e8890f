// SPDX-License-Identifier: Apache-2.0
/*
 * What a program finds open when it starts: files of servers are its own before main(), as its
 * parent may close them at any moment (message/share.c). One poll() tells for many descriptors
 * which are there and which cannot be read from, as connections cannot; nearly always that is
 * all.
 */
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "client/node.h"
#include "io/stream.h"
#include "message/connection.h"

#define START_FDS 256

/* Any channel's, to begin with. */
static bool is_connection(int fd)
{
	static const char begin[] = "\0kamioka/";
	struct sockaddr_un un;
	socklen_t len = sizeof(un);

	return getpeername(fd, (struct sockaddr *)&un, &len) == 0 && un.sun_family == AF_UNIX &&
	       len > sizeof(begin) + offsetof(struct sockaddr_un, sun_path) &&
	       memcmp(un.sun_path, begin, sizeof(begin) - 1) == 0;
}

static void adopt(int fd)
{
	if (connection_adopt(fd) && fd <= 2)
		stream_standard(fd);
}

/* Those from @first on. False: none of them is open. */
static bool start_some(int first)
{
	struct pollfd fds[START_FDS];
	const struct timespec now = {0};
	bool any = false;

	for (int i = 0; i < START_FDS; i++)
		fds[i] = (struct pollfd){.fd = first + i, .events = POLLRDHUP};
	if (syscall(SYS_ppoll, fds, START_FDS, &now, NULL, 8) < 0)
		return false;
	for (int i = 0; i < START_FDS; i++) {
		if (fds[i].revents & POLLNVAL)
			continue;
		any = true;
		if (fds[i].revents & (POLLRDHUP | POLLHUP) && is_connection(first + i))
			adopt(first + i);
	}
	return any;
}

__attribute__((constructor)) static void start(void)
{
	if (!node_is_expected())
		return;
	for (int first = 0; start_some(first); first += START_FDS)
		;
}
