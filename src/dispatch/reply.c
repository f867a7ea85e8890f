// SPDX-License-Identifier: Apache-2.0
/* Answers, and the client's memory. */
#include <errno.h>
#include <limits.h>

#include "dispatch/dispatch.h"
#include "iofunc/export.h"

/* No error number of any kernel is as large. */
#define ERRNO_MAX 4095

static int reply_error(resmgr_context_t *ctp, int error)
{
	const int r = MsgError_r(ctp->rcvid, error);

	return r == EOK ? 0 : -r;
}

int reply_status(resmgr_context_t *ctp, int status)
{
	if (status == _RESMGR_NOREPLY || status == _RESMGR_DELAY_CLOSE)
		return 0;
	if (status == _RESMGR_DEFAULT)
		return reply_error(ctp, ENOSYS);
	/* Nonsense is the server's fault, but it is the client that waits. */
	if (status > ERRNO_MAX || status < -(int)ctp->extra->nparts)
		return reply_error(ctp, EIO);
	if (status > 0)
		return reply_error(ctp, status);
	return MsgReplyv_r(ctp->rcvid, ctp->status, ctp->iov, (size_t)-status);
}

static ssize_t size_with_errno(ssize_t r)
{
	if (r >= 0)
		return r;
	errno = (int)-r;
	return -1;
}

EXPORT ssize_t resmgr_msgread(resmgr_context_t *ctp, void *msg, size_t size, size_t offset)
{
	return size_with_errno(MsgRead_r(ctp->rcvid, msg, size, ctp->offset + offset));
}

EXPORT ssize_t resmgr_msgreadv(resmgr_context_t *ctp, iov_t *iov, size_t parts, size_t offset)
{
	return size_with_errno(MsgReadv_r(ctp->rcvid, iov, parts, ctp->offset + offset));
}

EXPORT int resmgr_msgget(resmgr_context_t *ctp, void *msg, size_t size, size_t offset)
{
	const ssize_t r = resmgr_msgread(ctp, msg, size, offset);

	if (r < 0)
		return -1;
	return (size_t)r == size ? 0 : with_errno(-EMSGSIZE);
}

EXPORT int resmgr_msggetv(resmgr_context_t *ctp, iov_t *iov, size_t parts, size_t offset)
{
	const ssize_t r = resmgr_msgreadv(ctp, iov, parts, offset);
	size_t size = 0;

	if (r < 0)
		return -1;
	for (size_t i = 0; i < parts; i++)
		size += iov[i].iov_len;
	return (size_t)r == size ? 0 : with_errno(-EMSGSIZE);
}

EXPORT ssize_t resmgr_msgwrite(resmgr_context_t *ctp, const void *msg, size_t size, size_t offset)
{
	return size_with_errno(MsgWrite_r(ctp->rcvid, msg, size, offset));
}

EXPORT ssize_t resmgr_msgwritev(resmgr_context_t *ctp, const iov_t *iov, size_t parts,
				size_t offset)
{
	return size_with_errno(MsgWritev_r(ctp->rcvid, iov, parts, offset));
}

EXPORT int resmgr_msgreply(resmgr_context_t *ctp, void *msg, size_t size)
{
	return with_errno(MsgReply_r(ctp->rcvid, ctp->status, msg, size));
}

EXPORT int resmgr_msgreplyv(resmgr_context_t *ctp, iov_t *iov, size_t parts)
{
	return with_errno(MsgReplyv_r(ctp->rcvid, ctp->status, iov, parts));
}
