// SPDX-License-Identifier: Apache-2.0
/*
 * What a server does with a message that it holds: MsgReply*(), MsgError(), MsgRead*(), MsgWrite*(),
 * MsgInfo(), MsgCurrent(). Any thread, each message by one at a time; none of them needs its channel.
 */
#include <errno.h>
#include <string.h>
#include <sys/neutrino.h>
#include <unistd.h>

#include "client/export.h"
#include "client/result.h"
#include "host/linux/guarded.h"
#include "message/bulk.h"
#include "message/caller.h"
#include "message/channel.h"
#include "message/info.h"
#include "message/publish.h"
#include "message/slot.h"
#include "message/thread.h"
#include "message/vec.h"

/* With its lock and BUSY; NULL: ESRCH. *ret_flags: enum lane_flag. */
static struct caller *hold(int rcvid, uint32_t *ret_flags)
{
	struct caller *c = caller_lock(rcvid);

	if (!c)
		return NULL;
	if (c->memory && slot_claim(&c->memory->state, c->generation, ret_flags) == SLOT_HELD)
		return c;
	caller_unlock(c);
	return NULL;
}

static void let_go(struct caller *c)
{
	if (slot_release(&c->memory->state, c->generation))
		caller_wake(c);
	caller_unlock(c);
}

/* A message whose client is gone, or has left, is answered all the same: nobody hears it. */
static int forget(int rcvid)
{
	struct caller *c = caller_lock(rcvid);
	struct channel *ch;

	if (!c)
		return -ESRCH;
	caller_answered(c);
	ch = c->channel;
	caller_unlock(c);
	ch = ch ? channel_lock(ch->chid) : NULL;
	if (!ch)
		return -ESRCH;
	if (c->channel == ch && !c->memory)
		caller_lost(c);
	channel_ring_others(ch);
	channel_unlock(ch);
	return -ESRCH;
}

static int reply(int rcvid, long status, const struct vec *from)
{
	uint32_t flags;
	struct caller *c = hold(rcvid, &flags);
	int rc;

	if (!c)
		return forget(rcvid);
	caller_answered(c);
	rc = bulk_answer(c, status, from);
	caller_unlock(c);
	return rc;
}

static int reply_flat(int rcvid, long status, const void *msg, size_t bytes)
{
	struct vec from;

	vec_of(&from, msg, bytes);
	return reply(rcvid, status, &from);
}

static int reply_parts(int rcvid, long status, const iov_t *iov, size_t parts)
{
	struct vec from;
	int rc = vec_of_parts(&from, iov, parts);

	if (rc == -EFAULT)
		return -ESRVRFAULT;
	return rc < 0 ? rc : reply(rcvid, status, &from);
}

static int reply_error(int rcvid, int error)
{
	uint32_t flags;
	struct caller *c = hold(rcvid, &flags);

	if (!c)
		return forget(rcvid);
	/* What the client wanted to leave for. */
	if (error == -1)
		error = flags & LANE_FLAG_TIMED ? ETIMEDOUT : EINTR;
	caller_answered(c);
	bulk_answer_error(c, error);
	caller_unlock(c);
	return 0;
}

/* ---- Reading and writing ---- */

typedef ssize_t bulk_fn(struct caller *c, size_t offset, const struct vec *v);

static ssize_t move(int rcvid, const struct vec *v, size_t offset, bulk_fn *fn)
{
	uint32_t flags;
	struct caller *c = hold(rcvid, &flags);
	ssize_t rc;

	if (!c)
		return -ESRCH;
	rc = fn(c, offset, v);
	let_go(c);
	return rc == -EREMOTEIO ? -ESRVRFAULT : rc;
}

static ssize_t move_flat(int rcvid, const void *msg, size_t bytes, size_t offset, bulk_fn *fn)
{
	struct vec v;

	vec_of(&v, msg, bytes);
	return move(rcvid, &v, offset, fn);
}

static ssize_t move_parts(int rcvid, const iov_t *iov, size_t parts, size_t offset, bulk_fn *fn)
{
	struct vec v;
	int rc = vec_of_parts(&v, iov, parts);

	if (rc == -EFAULT)
		return -ESRVRFAULT;
	return rc < 0 ? rc : move(rcvid, &v, offset, fn);
}

static ssize_t result_size(ssize_t r)
{
	if (r >= 0)
		return r;
	errno = (int)-r;
	return -1;
}

/* ---- Information ---- */

void info_of(const struct caller *c, struct _msg_info *ret)
{
	uint32_t flags = c->memory ? slot_flags(&c->memory->state, c->generation) :
				     (uint32_t)LANE_FLAG_UNBLOCK;

	memset(ret, 0, sizeof(*ret));
	ret->pid = c->pid;
	ret->tid = c->tid;
	ret->chid = c->channel->chid;
	ret->scoid = c->client->scoid;
	ret->coid = c->request.coid;
	ret->priority = c->item.priority;
	ret->flags = _NTO_MI_BITS_64;
	if (flags & LANE_FLAG_UNBLOCK)
		ret->flags |= _NTO_MI_UNBLOCK_REQ;
	ret->srcmsglen = (ssize_t)c->request.size;
	ret->dstmsglen = (ssize_t)c->request.room;
}

static int tell_info(int rcvid, struct _msg_info *ret)
{
	struct caller *c = caller_lock(rcvid);
	struct _msg_info info;

	if (!c)
		return -ESRCH;
	info_of(c, &info);
	info.msglen = info.srcmsglen;
	caller_unlock(c);
	return guarded_copy(ret, &info, sizeof(info));
}

static int current(int rcvid)
{
	struct caller *c = caller_lock(rcvid);

	if (!c)
		return -ESRCH;
	thread_priority_set(c->item.priority);
	caller_unlock(c);
	return 0;
}

/* ---- The calls ---- */

EXPORT int MsgReply_r(int rcvid, long status, const void *msg, size_t bytes)
{
	return reply_flat(rcvid, status, msg, bytes);
}

EXPORT int MsgReply(int rcvid, long status, const void *msg, size_t bytes)
{
	return result_errno(reply_flat(rcvid, status, msg, bytes));
}

EXPORT int MsgReplyv_r(int rcvid, long status, const iov_t *iov, size_t parts)
{
	return reply_parts(rcvid, status, iov, parts);
}

EXPORT int MsgReplyv(int rcvid, long status, const iov_t *iov, size_t parts)
{
	return result_errno(reply_parts(rcvid, status, iov, parts));
}

EXPORT int MsgError_r(int rcvid, int error)
{
	return -reply_error(rcvid, error);
}

EXPORT int MsgError(int rcvid, int error)
{
	return result_errno(reply_error(rcvid, error));
}

EXPORT ssize_t MsgRead_r(int rcvid, void *msg, size_t bytes, size_t offset)
{
	return move_flat(rcvid, msg, bytes, offset, bulk_fetch);
}

EXPORT ssize_t MsgRead(int rcvid, void *msg, size_t bytes, size_t offset)
{
	return result_size(move_flat(rcvid, msg, bytes, offset, bulk_fetch));
}

EXPORT ssize_t MsgReadv_r(int rcvid, const iov_t *iov, size_t parts, size_t offset)
{
	return move_parts(rcvid, iov, parts, offset, bulk_fetch);
}

EXPORT ssize_t MsgReadv(int rcvid, const iov_t *iov, size_t parts, size_t offset)
{
	return result_size(move_parts(rcvid, iov, parts, offset, bulk_fetch));
}

EXPORT ssize_t MsgReadiov_r(int rcvid, const iov_t *iov, size_t parts, size_t offset, int flags)
{
	return move_parts(rcvid, iov, parts, offset,
			  flags & _NTO_READIOV_REPLY ? bulk_fetch_reply : bulk_fetch);
}

EXPORT ssize_t MsgReadiov(int rcvid, const iov_t *iov, size_t parts, size_t offset, int flags)
{
	return result_size(MsgReadiov_r(rcvid, iov, parts, offset, flags));
}

EXPORT ssize_t MsgWrite_r(int rcvid, const void *msg, size_t bytes, size_t offset)
{
	return move_flat(rcvid, msg, bytes, offset, bulk_put);
}

EXPORT ssize_t MsgWrite(int rcvid, const void *msg, size_t bytes, size_t offset)
{
	return result_size(move_flat(rcvid, msg, bytes, offset, bulk_put));
}

EXPORT ssize_t MsgWritev_r(int rcvid, const iov_t *iov, size_t parts, size_t offset)
{
	return move_parts(rcvid, iov, parts, offset, bulk_put);
}

EXPORT ssize_t MsgWritev(int rcvid, const iov_t *iov, size_t parts, size_t offset)
{
	return result_size(move_parts(rcvid, iov, parts, offset, bulk_put));
}

EXPORT int MsgInfo_r(int rcvid, struct _msg_info *info)
{
	return -tell_info(rcvid, info);
}

EXPORT int MsgInfo(int rcvid, struct _msg_info *info)
{
	return result_errno(tell_info(rcvid, info));
}

EXPORT int MsgCurrent_r(int rcvid)
{
	return -current(rcvid);
}

EXPORT int MsgCurrent(int rcvid)
{
	return result_errno(current(rcvid));
}

EXPORT int MsgPause_r(int rcvid, unsigned cookie)
{
	(void)rcvid;
	(void)cookie;
	return ENOSYS;
}

EXPORT int MsgPause(int rcvid, unsigned cookie)
{
	return result_errno(-MsgPause_r(rcvid, cookie));
}
