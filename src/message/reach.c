// SPDX-License-Identifier: Apache-2.0
#include "message/reach.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/cleanup.h"
#include "client/guard.h"
#include "gen/shared.h"
#include "host/linux/procinfo.h"
#include "message/address.h"
#include "message/connection.h"
#include "wire/packet.h"

static int reach_socket(pid_t pid, int chid, bool is_private, uid_t *ret_uid)
{
	struct address to;
	struct ucred cred;
	socklen_t size = sizeof(cred);
	auto_fd fd = -1;
	int rc = address_of(&to, pid, chid, is_private), cancel;

	if (rc < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	cancel = cancel_hold();
	rc = connect(fd, (const struct sockaddr *)&to.un, to.len) < 0 ? -errno : 0;
	cancel_let(cancel);
	if (rc < 0)
		return rc;
	/* Anybody could have taken the name; who he is he cannot hide. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0 || cred.pid != pid)
		return -ECONNREFUSED;
	(void)shutdown(fd, SHUT_RD); /* nothing comes this way; a plain read gets an end */
	*ret_uid = cred.uid;
	return fd_take(&fd);
}

/* Nobody is at the address: why? */
static int reach_refusal(pid_t pid, int chid)
{
	struct procinfo info;
	uid_t uid;
	int fd;

	if (procinfo_read(pid, false, &info) < 0)
		return -ESRCH;
	if (info.state == 'Z' || info.state == 'X')
		return -ENXIO;
	fd = reach_socket(pid, chid, true, &uid);
	if (fd < 0)
		return -ESRCH;
	guard_close_plain(fd);
	return -EPERM;
}

int reach_hello(int fd, int coid, const struct connection *c, uint64_t ticket)
{
	struct link_record hello = {
		.magic = LANE_MAGIC,
		.kind = LINK_KIND_HELLO,
		.coid = coid,
		.flags = CONNECTION_GET(c, flags),
		.tid = getpid(),
		.value = CONNECTION_GET(c, peer),
		.ticket = ticket,
	};
	struct iovec part = {.iov_base = &hello, .iov_len = sizeof(hello)};

	return packet_send(fd, &part, 1, MSG_DONTWAIT);
}

uint64_t reach_share(int fd)
{
	struct link_record share = {.magic = LANE_MAGIC, .kind = LINK_KIND_SHARE};
	struct iovec part = {.iov_base = &share, .iov_len = sizeof(share)};

	if (getrandom(&share.ticket, sizeof(share.ticket), 0) != (ssize_t)sizeof(share.ticket))
		return 0;
	return packet_send(fd, &part, 1, MSG_DONTWAIT) < 0 ? 0 : share.ticket;
}

int reach_channel(pid_t pid, int chid, uid_t *ret_uid)
{
	int fd = reach_socket(pid, chid, false, ret_uid);

	if (fd == -ECONNREFUSED && pid == getpid())
		fd = reach_socket(pid, chid, true, ret_uid);
	return fd == -ECONNREFUSED ? reach_refusal(pid, chid) : fd;
}

int reach_any(pid_t pid, int chid)
{
	uid_t uid;
	int fd = reach_socket(pid, chid, false, &uid);

	return fd == -ECONNREFUSED ? reach_socket(pid, chid, true, &uid) : fd;
}
