// SPDX-License-Identifier: Apache-2.0
/*
 * What a client sent, against what was received, before anybody believes it. A message that
 * speaks of more than it holds is EBADMSG.
 *
 * Messages may be longer than the receive buffer: of a write, the handler fetches the rest by
 * resmgr_msgread(). What must be in the buffer are the structures and the paths.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/util.h"
#include "dispatch/dispatch.h"

#include <devctl.h>

/* ---- Connect messages ---- */

/* As the client's library resolves it: below the name, no dots, no empty parts. */
static bool is_resolved(const char *path)
{
	while (*path) {
		const size_t length = strcspn(path, "/");

		if (length == 0 || (length == 1 && path[0] == '.') ||
		    (length == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += length;
		if (*path == '/' && *++path == '\0')
			return false;
	}
	return true;
}

static int check_path(const struct _io_connect *connect)
{
	/* No bytes are the empty path, if its end can be written behind them. */
	if (connect->path_len == 0)
		return connect->extra_len == 0 && connect->subtype > _IO_CONNECT_COMBINE_CLOSE ?
			       EOK :
			       EBADMSG;
	if (strnlen(connect->path, connect->path_len) != connect->path_len - 1u)
		return EBADMSG;
	return is_resolved(connect->path) ? EOK : EINVAL;
}

/* What a handler takes for a string ends within the message. */
static bool is_string(const char *text, size_t size)
{
	return size > 0 && memchr(text, '\0', size);
}

static int check_mount(const io_mount_extra_t *mount, size_t size)
{
	const char *text;
	size_t left, length;

	if (size < sizeof(*mount))
		return EBADMSG;
	text = (const char *)(mount + 1);
	left = size - sizeof(*mount);
	for (int i = 0; i < 2; i++) { /* type, special */
		if (!is_string(text, left))
			return EBADMSG;
		length = strlen(text) + 1;
		text += length;
		left -= length;
	}
	return mount->datalen <= left ? EOK : EBADMSG;
}

static int check_extra(const struct _io_connect *connect, const void *extra)
{
	const size_t size = connect->extra_len;

	switch (connect->extra_type) {
	case _IO_CONNECT_EXTRA_LINK:
		return size >= sizeof(struct _msg_info32) ? EOK : EBADMSG;
	case _IO_CONNECT_EXTRA_SYMLINK:
	case _IO_CONNECT_EXTRA_RENAME:
	case _IO_CONNECT_EXTRA_PROC_SYMLINK:
		return is_string(extra, size) ? EOK : EBADMSG;
	case _IO_CONNECT_EXTRA_RESMGR_LINK:
		return size >= sizeof(struct _io_resmgr_link_extra) ? EOK : EBADMSG;
	case _IO_CONNECT_EXTRA_MOUNT:
		return check_mount(extra, size);
	default:
		return EOK;
	}
}

/* A handler of that request looks at its extra without asking. */
static bool is_extra_needed(const struct _io_connect *connect)
{
	switch (connect->subtype) {
	case _IO_CONNECT_RENAME:
		return connect->extra_type != _IO_CONNECT_EXTRA_RENAME;
	case _IO_CONNECT_LINK:
		return connect->extra_type != _IO_CONNECT_EXTRA_LINK &&
		       connect->extra_type != _IO_CONNECT_EXTRA_SYMLINK &&
		       connect->extra_type != _IO_CONNECT_EXTRA_RESMGR_LINK;
	case _IO_CONNECT_MOUNT:
		return connect->extra_type != _IO_CONNECT_EXTRA_MOUNT;
	default:
		return false;
	}
}

int check_connect(const struct _io_connect *connect, size_t size, void **ret_extra,
		  size_t *ret_next)
{
	size_t extra_at, end;
	int error;

	if (size < sizeof(*connect) || size - sizeof(*connect) < connect->path_len)
		return EBADMSG;
	error = check_path(connect);
	if (error != EOK)
		return error;
	*ret_extra = NULL;
	end = sizeof(*connect) + connect->path_len;
	if (is_extra_needed(connect))
		return EBADMSG;
	if (connect->extra_len > 0) {
		extra_at = align_up(end, 8);
		if (extra_at > size || size - extra_at < connect->extra_len)
			return EBADMSG;
		*ret_extra = (char *)(uintptr_t)connect + extra_at;
		end = extra_at + connect->extra_len;
	}
	error = check_extra(connect, *ret_extra);
	*ret_next = align_up(end, 8);
	return error;
}

/* ---- I/O messages ---- */

/* The least that must have come, of each type from _IO_READ on; 0: no such message. */
static const uint8_t io_least[] = {
	[_IO_READ - _IO_READ] = sizeof(struct _io_read),
	[_IO_WRITE - _IO_READ] = sizeof(struct _io_write),
	[_IO_STAT - _IO_READ] = sizeof(struct _io_combine),
	[_IO_NOTIFY - _IO_READ] = offsetof(struct _io_notify, mgr),
	[_IO_DEVCTL - _IO_READ] = sizeof(struct _io_devctl),
	[_IO_PATHCONF - _IO_READ] = offsetof(struct _io_pathconf, zero),
	[_IO_LSEEK - _IO_READ] = sizeof(struct _io_lseek),
	[_IO_CHMOD - _IO_READ] = sizeof(struct _io_chmod),
	[_IO_CHOWN - _IO_READ] = sizeof(struct _io_chown),
	[_IO_UTIME - _IO_READ] = sizeof(struct _io_utime),
	[_IO_OPENFD - _IO_READ] = sizeof(struct _io_openfd),
	[_IO_FDINFO - _IO_READ] = sizeof(struct _io_fdinfo),
	[_IO_LOCK - _IO_READ] = sizeof(struct _io_lock),
	[_IO_SPACE - _IO_READ] = sizeof(struct _io_space),
	[_IO_SHUTDOWN - _IO_READ] = sizeof(struct _io_shutdown),
	[_IO_MMAP - _IO_READ] = sizeof(struct _io_mmap),
	[_IO_MSG - _IO_READ] = sizeof(struct _io_msg),
	[_IO_DUP - _IO_READ] = sizeof(struct _io_dup),
	[_IO_CLOSE - _IO_READ] = sizeof(struct _io_close),
	[_IO_SYNC - _IO_READ] = sizeof(struct _io_sync),
	[_IO_POWER - _IO_READ] = sizeof(struct _io_power),
	[_IO_ACL - _IO_READ] = sizeof(struct _io_acl),
	[_IO_READ64 - _IO_READ] = sizeof(struct _io_read64),
	[_IO_WRITE64 - _IO_READ] = sizeof(struct _io_write64),
	[_IO_NOTIFY64 - _IO_READ] = offsetof(struct _io_notify, mgr),
	[_IO_UTIME64 - _IO_READ] = sizeof(struct _io_utime64),
};

/* What stands between a read or write and its data. */
static size_t xtype_size(uint32_t xtype)
{
	switch (xtype & _IO_XTYPE_MASK) {
	case _IO_XTYPE_OFFSET:
		return sizeof(struct _xtype_offset);
	case _IO_XTYPE_READCOND:
		return sizeof(struct _xtype_readcond);
	default:
		return 0;
	}
}

/* @follows bytes behind a header of @head at @offset: are they in the buffer, or at least with
 * the client? */
static bool has(size_t follows, size_t head, size_t offset, size_t end)
{
	return end >= offset + head && follows <= end - offset - head;
}

static int check_data(const resmgr_iomsgs_t *msg, size_t offset, size_t size, size_t sent)
{
	const struct _io_devctl *devctl = &msg->devctl.i;
	size_t xtype;

	switch (msg->type) {
	case _IO_READ:
	case _IO_READ64:
		xtype = xtype_size(msg->read.i.xtype);
		return has(xtype, sizeof(msg->read.i), offset, size) ? EOK : EBADMSG;
	case _IO_WRITE:
	case _IO_WRITE64:
		xtype = xtype_size(msg->write.i.xtype);
		if (!has(xtype, sizeof(msg->write.i), offset, size) ||
		    !has(_IO_WRITE_GET_NBYTES(&msg->write), sizeof(msg->write.i) + xtype, offset,
			 sent))
			return EBADMSG;
		return EOK;
	case _IO_DEVCTL:
		if ((unsigned)get_device_direction(devctl->dcmd) & _POSIX_DEVDIR_TO &&
		    !has(devctl->nbytes, sizeof(*devctl), offset, sent))
			return EBADMSG;
		return EOK;
	case _IO_LOCK:
		return has(msg->lock.i.nbytes, sizeof(msg->lock.i), offset, sent) ? EOK : EBADMSG;
	default:
		return EOK;
	}
}

int check_io(const resmgr_iomsgs_t *msg, size_t offset, size_t size, size_t sent)
{
	const size_t left = size > offset ? size - offset : 0;
	size_t index;

	if (left < sizeof(struct _io_combine))
		return EBADMSG;
	index = (size_t)msg->type - _IO_READ;
	if (msg->type < _IO_READ || index >= ARRAY_LEN(io_least) || io_least[index] == 0)
		return ENOSYS;
	if (left < io_least[index])
		return EBADMSG;
	return check_data(msg, offset, size, MAX(sent, size));
}
