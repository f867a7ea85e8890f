// SPDX-License-Identifier: Apache-2.0
/*
 * name_attach() and name_open(): a server is known by a name of type NAME below
 * /dev/name/local, which the manager gives to one process at a time and takes back
 * with its death.
 *
 * A client that opens it says so: by _IO_CONNECT, as before 7.0 and in 7.0 with a
 * global name service. Old servers decide by it whom they accept, new ones answer what
 * they do not know with an error of their own making; whatever is no error is a yes.
 *
 * A server's own threads find its names, too: that the one who answers is not the one
 * who asks is the program's business.
 *
 * differs: global names are ENOTSUP. There is no network of nodes, and a server
 * that was told yes would wait for clients of other nodes for ever.
 */
#include "message/name.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/iomsg.h>
#include <sys/neutrino.h>

#include "base/cleanup.h"
#include "client/export.h"
#include "client/result.h"
#include "message/space.h"

#define NAME_ROOT         "/dev/name/local/"
#define NAME_COF_SHIFT    16
#define NAME_COF          (_NTO_COF_CLOEXEC | _NTO_COF_NOEVENT | _NTO_COF_INSECURE | _NTO_COF_REG_EVENTS)
#define NAME_ATTACH_FLAGS (NAME_FLAG_ATTACH_GLOBAL | NAME_FLAG_CROSS_ENDIAN)
#define NAME_OPEN_FLAGS   (NAME_FLAG_ATTACH_GLOBAL | (NAME_COF << NAME_COF_SHIFT))

_Static_assert(_NAME_FLAG_COF_CLOEXEC == _NTO_COF_CLOEXEC << NAME_COF_SHIFT, "");
_Static_assert(_NAME_FLAG_COF_NOEVENT == _NTO_COF_NOEVENT << NAME_COF_SHIFT, "");
_Static_assert(_NAME_FLAG_COF_INSECURE == _NTO_COF_INSECURE << NAME_COF_SHIFT, "");
_Static_assert(_NAME_FLAG_COF_REG_EVENTS == _NTO_COF_REG_EVENTS << NAME_COF_SHIFT, "");

/* What a client sends: no path remains below a name. */
struct name_connect {
	struct _io_connect connect;
	char path[8];
};

static int name_path(const char *name, char ret[PATH_BYTES])
{
	char path[PATH_BYTES] = NAME_ROOT;
	size_t len;
	int rc;

	if (!name || !name[0] || name[0] == '/' || strstr(name, ".."))
		return -EINVAL;
	len = strlen(name);
	if (len >= sizeof(path) - strlen(NAME_ROOT))
		return -ENAMETOOLONG;
	memcpy(path + strlen(NAME_ROOT), name, len + 1);
	rc = space_plain(path, ret);
	/* "." names the folder itself. */
	if (rc == 0 && strlen(ret) < sizeof(NAME_ROOT))
		return -EINVAL;
	return rc;
}

int name_attach_on(int chid, const char *name, unsigned flags, unsigned handle)
{
	char path[PATH_BYTES];
	int rc = name_path(name, path);

	if (rc < 0)
		return rc;
	if (flags & ~(unsigned)NAME_ATTACH_FLAGS)
		return -EINVAL;
	if (flags & NAME_FLAG_ATTACH_GLOBAL)
		return -ENOTSUP;
	return space_attach(path, chid, handle, _FTYPE_NAME, PATH_FLAG_SELF);
}

static int name_new_channel(name_attach_t *a)
{
	int chid =
		ChannelCreate_r(_NTO_CHF_DISCONNECT | _NTO_CHF_COID_DISCONNECT | _NTO_CHF_UNBLOCK);

	/* EAGAIN is none of the documented ones. */
	if (chid < 0)
		return chid == -EAGAIN ? -ENOMEM : chid;
	a->chid = chid;
	if (dispatch_name_handle) {
		a->dpp = dispatch_name_handle(chid);
		if (!a->dpp) {
			(void)ChannelDestroy_r(chid); /* it is nobody's yet */
			return -ENOMEM;
		}
	}
	return 0;
}

/* The channel that was made for a name, or found with a handle that is not to be saved. */
static void name_end_channel(name_attach_t *a)
{
	if (a->dpp && dispatch_name_end)
		dispatch_name_end(a->dpp);
	else
		(void)ChannelDestroy_r(a->chid); /* the program may have done it */
}

static int name_attach_new(dispatch_t *dpp, const char *name, unsigned flags, name_attach_t **ret)
{
	auto_free name_attach_t *a = calloc(1, sizeof(*a));
	char path[PATH_BYTES];
	int rc = name_path(name, path);

	/* Before there is a channel: what is refused leaves nothing. */
	if (rc < 0)
		return rc;
	if (flags & NAME_FLAG_ATTACH_GLOBAL)
		return -ENOTSUP;
	if (!a)
		return -ENOMEM;
	a->dpp = dpp;
	if (!dpp)
		rc = name_new_channel(a);
	else
		a->chid = rc = dispatch_name_channel ? dispatch_name_channel(dpp) : -ENOTSUP;
	if (rc < 0)
		return rc;
	rc = name_attach_on(a->chid, name, flags, 0);
	if (rc < 0) {
		if (!dpp)
			name_end_channel(a);
		return rc;
	}
	a->mntid = rc;
	*ret = ptr_take(a);
	return 0;
}

EXPORT name_attach_t *name_attach(dispatch_t *dpp, const char *path, unsigned flags)
{
	name_attach_t *a;
	int rc = name_attach_new(dpp, path, flags, &a);

	if (rc < 0) {
		errno = -rc;
		return NULL;
	}
	return a;
}

EXPORT int name_detach(name_attach_t *attach, unsigned flags)
{
	int rc;

	if (!attach || (flags & ~(unsigned)NAME_FLAG_DETACH_SAVEDPP))
		return result_errno(-EINVAL);
	rc = space_detach(attach->mntid);
	if (rc < 0)
		return result_errno(rc);
	if (!(flags & NAME_FLAG_DETACH_SAVEDPP))
		name_end_channel(attach);
	free(attach);
	return 0;
}

/* The server is gone, or nearly: as if it had not been found. */
static int name_gone(int rc)
{
	return rc == -ESRCH || rc == -ENXIO || rc == -EBADF ? -ENOENT : rc;
}

static int name_connect(const struct path_server *s, int flags)
{
	struct name_connect msg = {
		.connect = {.type = _IO_CONNECT,
			    .subtype = _IO_CONNECT_OPEN,
			    .file_type = _FTYPE_NAME,
			    .handle = s->handle,
			    .ioflag = _IO_FLAG_RD | _IO_FLAG_WR,
			    .path_len = 1},
	};
	int cof = flags >> NAME_COF_SHIFT & NAME_COF;
	long status;
	int coid;

	coid = ConnectAttach_r(0, s->pid, s->chid, _NTO_SIDE_CHANNEL, cof);
	if (coid < 0)
		return name_gone(coid);
	status = MsgSend_r(coid, &msg, sizeof(msg), NULL, 0);
	if (status >= 0)
		return coid;
	(void)ConnectDetach_r(coid); /* it was never the program's */
	return name_gone((int)status);
}

static int name_open_found(const char *name, int flags)
{
	struct proto_path_find_out found;
	char path[PATH_BYTES];
	int rc = name_path(name, path);

	if (rc < 0)
		return rc;
	if (flags & ~NAME_OPEN_FLAGS)
		return -EINVAL;
	if (flags & NAME_FLAG_ATTACH_GLOBAL)
		return -ENOTSUP;
	rc = space_find(path, _FTYPE_NAME, &found);
	if (rc < 0)
		return rc;
	rc = -ENOENT;
	for (uint32_t i = 0; i < found.count && rc == -ENOENT; i++)
		rc = name_connect(&found.servers[i], flags);
	return rc;
}

EXPORT int name_open(const char *name, int flags)
{
	return result_errno(name_open_found(name, flags));
}

EXPORT int name_close(int coid)
{
	return result_errno(ConnectDetach_r(coid) == 0 ? 0 : -EBADF);
}
