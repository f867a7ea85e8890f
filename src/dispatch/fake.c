// SPDX-License-Identifier: Apache-2.0
#include "dispatch/fake.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "iofunc/access.h"
#include "message/share.h"
#include "message/space.h"

#define FAKE_CLIENTS 8
#define FAKE_CHID    1

struct fake_answer fake_answer;
unsigned fake_delivered;
struct sigevent fake_event;
int fake_detached;

static struct {
	uid_t uid;
	gid_t gid;
} clients[FAKE_CLIENTS];

static const void *message;
static size_t message_size;
static struct _pulse pulse;
static bool is_pulse;
static struct _msg_info message_info;
static int gone;
static int leaving;
static struct _msg_info leaving_info;

void fake_reset(void)
{
	memset(&fake_answer, 0, sizeof(fake_answer));
	memset(&fake_event, 0, sizeof(fake_event));
	memset(clients, 0, sizeof(clients));
	fake_delivered = 0;
	fake_detached = gone = leaving = 0;
}

void fake_client(int scoid, uid_t uid, gid_t gid)
{
	clients[(unsigned)scoid % FAKE_CLIENTS].uid = uid;
	clients[(unsigned)scoid % FAKE_CLIENTS].gid = gid;
}

void fake_gone(int rcvid)
{
	gone = rcvid;
}

void fake_wants_to_leave(int rcvid, const struct _msg_info *info)
{
	leaving = rcvid;
	leaving_info = *info;
	leaving_info.flags |= _NTO_MI_UNBLOCK_REQ;
}

void fake_message(int scoid, int coid, const void *bytes, size_t size)
{
	message = bytes;
	message_size = size;
	is_pulse = false;
	message_info = (struct _msg_info){
		.scoid = scoid, .coid = coid, .pid = 1000 + scoid, .chid = FAKE_CHID};
}

void fake_pulse(int scoid, int code, int value)
{
	pulse = (struct _pulse){.code = (int8_t)code, .scoid = scoid};
	pulse.value.sival_int = value;
	is_pulse = true;
}

int fake_send(dispatch_context_t *ctp, int scoid, int coid, const void *bytes, size_t size)
{
	fake_message(scoid, coid, bytes, size);
	return dispatch_handler(dispatch_block(ctp));
}

int fake_send_pulse(dispatch_context_t *ctp, int scoid, int code, int value)
{
	fake_pulse(scoid, code, value);
	return dispatch_handler(dispatch_block(ctp));
}

/* ---- What the library calls ---- */

int ChannelCreate_r(unsigned flags)
{
	(void)flags;
	return FAKE_CHID;
}

int ChannelDestroy_r(int chid)
{
	return chid == FAKE_CHID ? EOK : EINVAL;
}

int ConnectAttach_r(uint32_t nd, pid_t pid, int chid, unsigned index, int flags)
{
	(void)nd;
	(void)pid;
	(void)chid;
	(void)flags;
	return (int)index + 1;
}

int ConnectDetach_r(int coid)
{
	fake_detached = coid;
	return EOK;
}

int MsgReceive_r(int chid, void *msg, size_t bytes, struct _msg_info *info)
{
	(void)chid;
	if (is_pulse) {
		memcpy(msg, &pulse, sizeof(pulse));
		return 0;
	}
	memcpy(msg, message, message_size < bytes ? message_size : bytes);
	*info = message_info;
	info->msglen = (ssize_t)(message_size < bytes ? message_size : bytes);
	info->srcmsglen = (ssize_t)message_size;
	info->dstmsglen = INT_MAX;
	return 1;
}

int MsgReplyv_r(int rcvid, long status, const iov_t *iov, size_t parts)
{
	if (rcvid == gone)
		return -ESRCH;
	fake_answer.count++;
	fake_answer.rcvid = rcvid;
	fake_answer.error = 0;
	fake_answer.status = status;
	fake_answer.size = 0;
	for (size_t i = 0; i < parts; i++) {
		size_t room = sizeof(fake_answer.data) - fake_answer.size;
		size_t size = iov[i].iov_len < room ? iov[i].iov_len : room;

		memcpy(fake_answer.data + fake_answer.size, iov[i].iov_base, size);
		fake_answer.size += size;
	}
	return 0;
}

int MsgReply_r(int rcvid, long status, const void *msg, size_t bytes)
{
	iov_t iov;

	SETIOV_CONST(&iov, msg, bytes);
	return MsgReplyv_r(rcvid, status, &iov, bytes > 0);
}

int MsgError_r(int rcvid, int error)
{
	if (rcvid == gone)
		return ESRCH;
	fake_answer.count++;
	fake_answer.rcvid = rcvid;
	fake_answer.error = error;
	return EOK;
}

ssize_t MsgReadv_r(int rcvid, const iov_t *iov, size_t parts, size_t offset)
{
	size_t done = 0;

	(void)rcvid;
	for (size_t i = 0; i < parts && offset + done < message_size; i++) {
		size_t left = message_size - offset - done;
		size_t size = iov[i].iov_len < left ? iov[i].iov_len : left;

		memcpy(iov[i].iov_base, (const char *)message + offset + done, size);
		done += size;
	}
	return (ssize_t)done;
}

ssize_t MsgRead_r(int rcvid, void *msg, size_t bytes, size_t offset)
{
	iov_t iov = {msg, bytes};

	return MsgReadv_r(rcvid, &iov, 1, offset);
}

ssize_t MsgWritev_r(int rcvid, const iov_t *iov, size_t parts, size_t offset)
{
	size_t done = 0;

	(void)rcvid;
	(void)offset;
	for (size_t i = 0; i < parts; i++)
		done += iov[i].iov_len;
	return (ssize_t)done;
}

ssize_t MsgWrite_r(int rcvid, const void *msg, size_t bytes, size_t offset)
{
	iov_t iov;

	SETIOV_CONST(&iov, msg, bytes);
	return MsgWritev_r(rcvid, &iov, 1, offset);
}

int MsgInfo_r(int rcvid, struct _msg_info *info)
{
	if (rcvid != leaving)
		return ESRCH;
	*info = leaving_info;
	return EOK;
}

int MsgCurrent_r(int rcvid)
{
	(void)rcvid;
	return EOK;
}

int MsgSendPulse_r(int coid, int priority, int code, int value)
{
	(void)coid;
	(void)priority;
	(void)code;
	(void)value;
	return EOK;
}

int MsgDeliverEvent_r(int rcvid, const struct sigevent *event)
{
	(void)rcvid;
	fake_delivered++;
	fake_event = *event;
	return EOK;
}

int TimerTimeout_r(clockid_t id, int flags, const struct sigevent *notify, const uint64_t *ntime,
		   uint64_t *otime)
{
	(void)id;
	(void)flags;
	(void)notify;
	(void)ntime;
	(void)otime;
	return 0;
}

int ConnectClientInfo_r(int scoid, struct _client_info *info, int ngroups)
{
	(void)ngroups;
	memset(info, 0, offsetof(struct _client_info, cred.grouplist));
	info->pid = 1000 + scoid;
	info->cred.ruid = info->cred.euid = info->cred.suid =
		clients[(unsigned)scoid % FAKE_CLIENTS].uid;
	info->cred.rgid = info->cred.egid = info->cred.sgid =
		clients[(unsigned)scoid % FAKE_CLIENTS].gid;
	return EOK;
}

int ConnectClientInfoExt(int scoid, struct _client_info **info, int flags)
{
	(void)flags;
	*info = malloc(sizeof(**info)); /* what counts of it is set below */
	return *info ? -ConnectClientInfo_r(scoid, *info, 0) : -1;
}

int ConnectClientInfoAble(int scoid, struct _client_info **info, int flags,
			  struct _client_able *abilities, int nable)
{
	(void)abilities;
	(void)nable;
	return ConnectClientInfoExt(scoid, info, flags);
}

int ClientInfoExtFree(struct _client_info **info)
{
	free(*info);
	*info = NULL;
	return 0;
}

bool access_is_root(const resmgr_context_t *ctp)
{
	return clients[(unsigned)ctp->info.scoid % FAKE_CLIENTS].uid == 0;
}

int space_plain(const char *path, char ret[PATH_BYTES])
{
	if (strlen(path) >= PATH_BYTES)
		return -ENAMETOOLONG;
	strcpy(ret, path);
	return 0;
}

int space_attach(const char *path, int chid, uint32_t handle, int ftype, uint32_t flags)
{
	(void)path;
	(void)chid;
	(void)ftype;
	(void)flags;
	return (int)handle + 1;
}

int space_detach(int id)
{
	return id > 0 ? 0 : -EINVAL;
}

/* ---- Nobody holds what somebody else has closed ---- */

uint64_t channel_keep(int chid, int scoid, int coid)
{
	(void)chid;
	(void)scoid;
	(void)coid;
	return 0;
}

bool channel_part(int chid, int scoid, int coid)
{
	(void)chid;
	(void)scoid;
	(void)coid;
	return false;
}

void channel_set_rules(int chid, const struct link_rules *rules, void *owner)
{
	(void)chid;
	(void)rules;
	(void)owner;
}
