// SPDX-License-Identifier: Apache-2.0
/*
 * Descriptors that the program sends to other processes. Of a connection that is to be known when it
 * is closed: somebody else may have what is behind it (message/share.c).
 */
#include <string.h>
#include <sys/socket.h>

#include "client/export.h"
#include "client/io.h"
#include "client/real.h"
#include "message/connection.h"
#include "message/descriptor.h"

static void pass_look(const struct msghdr *m)
{
	/* glibc's macros want one that may be written. */
	struct msghdr msg = *m;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		const size_t room =
			(size_t)((char *)msg.msg_control + msg.msg_controllen - (char *)c);
		size_t n;

		/* The kernel refuses it. */
		if (c->cmsg_len < CMSG_LEN(0) || c->cmsg_len > room)
			return;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (io_is_flagged(fd))
				descriptor_passed(fd);
		}
	}
}

static ssize_t pass_plain(int fd, const struct msghdr *msg, int flags)
{
	return REAL(__typeof__(sendmsg), sendmsg)(fd, msg, flags);
}

static int pass_plain_many(int fd, struct mmsghdr *msgs, unsigned n, int flags)
{
	return REAL(__typeof__(sendmmsg), sendmmsg)(fd, msgs, n, flags);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (msg && msg->msg_controllen)
		pass_look(msg);
	return pass_plain(fd, msg, flags);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags)
{
	for (unsigned i = 0; msgs && i < n; i++)
		if (msgs[i].msg_hdr.msg_controllen)
			pass_look(&msgs[i].msg_hdr);
	return pass_plain_many(fd, msgs, n, flags);
}

/* glibc's are found before a handler could want them, which must not look. */
__attribute__((constructor)) static void pass_start(void)
{
	(void)pass_plain(-1, NULL, 0); /* EBADF */
	(void)pass_plain_many(-1, NULL, 0, 0);
}
