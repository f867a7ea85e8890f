// SPDX-License-Identifier: Apache-2.0
/* ConnectAttach() and its kin. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/neutrino.h>
#include <unistd.h>

#include "client/export.h"
#include "client/result.h"
#include "host/linux/guarded.h"
#include "host/linux/procinfo.h"
#include "message/channel.h"
#include "message/connection.h"
#include "message/lane.h"
#include "message/ready.h"

/* What a program may set. */
#define CONNECT_FLAGS                                                                           \
	((unsigned)_NTO_COF_CLOEXEC | _NTO_COF_NOSHARE | _NTO_COF_NOEVENT | _NTO_COF_INSECURE | \
	 _NTO_COF_REG_EVENTS)

static int attach(uint32_t nd, pid_t pid, int chid, unsigned index, int flags)
{
	int coid;

	if (ND_NODE_CMP(nd, ND_LOCAL_NODE) != 0)
		return -ENOREMOTE;
	if ((unsigned)flags & ~CONNECT_FLAGS)
		return -EINVAL;
	if (pid < 0)
		return -ESRCH;
	coid = connection_attach(pid, chid, index, (uint32_t)flags);
	if (coid >= 0 && (pid == 0 || pid == getpid()))
		lane_tell(LANE_OWN_CHANNELS, coid, chid);
	return coid;
}

EXPORT int ConnectAttach_r(uint32_t nd, pid_t pid, int chid, unsigned index, int flags)
{
	int saved = errno;
	int rc = attach(nd, pid, chid, index, flags);

	errno = saved;
	return rc;
}

EXPORT int ConnectAttach(uint32_t nd, pid_t pid, int chid, unsigned index, int flags)
{
	return result_errno(attach(nd, pid, chid, index, flags));
}

static int detach(int coid)
{
	struct connection *c;

	/* A scoid looks like a high descriptor; what is one is none. */
	if (!connection_at(coid) && client_detach(coid) == 0)
		return 0;
	c = connection_find(coid);
	if (c && CONNECTION_GET(c, kind) == CONNECTION_CHANNEL) {
		lane_leave_all(c);
		if (CONNECTION_GET(c, pid) == getpid())
			lane_untell(LANE_OWN_CHANNELS, coid);
	}
	return connection_detach(coid);
}

EXPORT int ConnectDetach_r(int coid)
{
	int saved = errno;
	int rc = -detach(coid);

	errno = saved;
	return rc;
}

EXPORT int ConnectDetach(int coid)
{
	return result_errno(detach(coid));
}

static uint32_t flags_of(const struct connection *c)
{
	uint32_t flags = CONNECTION_GET(c, flags);

	if (guard_number(&c->socket) < 0 && CONNECTION_GET(c, kind) == CONNECTION_CHANNEL) {
		int fd_flags = fcntl(CONNECTION_GET(c, coid), F_GETFD);

		flags &= ~(uint32_t)_NTO_COF_CLOEXEC;
		if (fd_flags >= 0 && fd_flags & FD_CLOEXEC)
			flags |= _NTO_COF_CLOEXEC;
	}
	return connection_is_dead(c) ? flags | _NTO_COF_DEAD : flags;
}

/* The connection itself, or the next; with @skips_dead the next whose server lives. */
static struct connection *next_in_use(int coid, bool skips_dead)
{
	struct connection *c = connection_find(coid);

	while (!c || (skips_dead && connection_is_dead(c))) {
		c = connection_next(c ? CONNECTION_GET(c, coid) + 1 : coid);
		if (!c)
			return NULL;
		if (!skips_dead || !connection_is_dead(c))
			return c;
		coid = CONNECTION_GET(c, coid) + 1;
		c = NULL;
	}
	return c;
}

EXPORT int ConnectServerInfo_r(pid_t pid, int coid, struct _server_info *info)
{
	struct _server_info out;
	struct connection *c;

	if (pid != 0 && pid != getpid())
		return -ESRCH;
	if (coid < 0)
		return -EINVAL;
	(void)ready(); /* without a node there are no connections */
	c = next_in_use(coid, !info);
	if (!c)
		return -EINVAL;
	if (!info)
		return CONNECTION_GET(c, coid);
	memset(&out, 0, sizeof(out));
	out.pid = CONNECTION_GET(c, pid);
	out.chid = CONNECTION_GET(c, chid);
	out.scoid = lane_scoid(CONNECTION_GET(c, peer));
	out.coid = CONNECTION_GET(c, coid);
	out.flags = (int16_t)flags_of(c);
	return guarded_copy(info, &out, sizeof(out)) < 0 ? -EFAULT : CONNECTION_GET(c, coid);
}

EXPORT int ConnectServerInfo(pid_t pid, int coid, struct _server_info *info)
{
	return result_errno(ConnectServerInfo_r(pid, coid, info));
}

EXPORT int ConnectFlags_r(pid_t pid, int coid, unsigned mask, unsigned bits)
{
	struct connection *c;
	uint32_t old;

	if (pid != 0 && pid != getpid())
		return -ESRCH;
	if (mask & ~CONNECT_FLAGS)
		return -EINVAL;
	c = connection_find(coid);
	if (!c)
		return -EBADF;
	old = flags_of(c);
	CONNECTION_SET(c, flags, (CONNECTION_GET(c, flags) & ~mask) | (bits & mask));
	if (mask & _NTO_COF_CLOEXEC && guard_number(&c->socket) < 0)
		(void)fcntl(coid, F_SETFD, bits & _NTO_COF_CLOEXEC ? FD_CLOEXEC : 0); /* is open */
	return (int)old;
}

EXPORT int ConnectFlags(pid_t pid, int coid, unsigned mask, unsigned bits)
{
	return result_errno(ConnectFlags_r(pid, coid, mask, bits));
}
