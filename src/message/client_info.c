// SPDX-License-Identifier: Apache-2.0
/*
 * Who a client is. The kernel told its pid when it connected; the rest is asked for when somebody
 * wants to know, so that it is what is true now. Of a client that is gone is told what was known.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/neutrino.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "client/export.h"
#include "client/result.h"
#include "host/linux/guarded.h"
#include "host/linux/proccred.h"
#include "gen/proto.h"
#include "message/channel.h"

#define GROUPS_AT offsetof(struct _client_info, cred.grouplist)

struct identity {
	struct proccred cred;
	pid_t pid;
};

static int identity_of(int scoid, struct identity *ret, gid_t *ret_groups, size_t max)
{
	const struct client *c = client_find(NULL, scoid);
	struct channel *ch = c ? __atomic_load_n(&c->channel, __ATOMIC_ACQUIRE) : NULL;

	ch = ch ? channel_lock(ch->chid) : NULL;
	if (!ch)
		return -EINVAL;
	c = client_find(ch, scoid);
	memset(ret, 0, sizeof(*ret));
	if (c) {
		ret->pid = c->pid;
		ret->cred.ruid = ret->cred.euid = ret->cred.suid = c->uid;
		ret->cred.rgid = ret->cred.egid = ret->cred.sgid = c->gid;
	}
	channel_unlock(ch);
	if (!c)
		return -EINVAL;
	(void)proccred_read(ret->pid, &ret->cred, ret_groups, max); /* gone: as it was */
	return 0;
}

static void fill(const struct identity *id, struct _client_info *ret)
{
	ret->nd = ND_LOCAL_NODE;
	ret->pid = id->pid;
	ret->sid = id->cred.sid;
	ret->flags = _NTO_CI_BITS_64;
	if (id->cred.is_background)
		ret->flags |= _NTO_CI_BKGND_PGRP;
	if (id->cred.state == 'T' || id->cred.state == 't')
		ret->flags |= _NTO_CI_STOPPED;
	ret->cred.ruid = id->cred.ruid;
	ret->cred.euid = id->cred.euid;
	ret->cred.suid = id->cred.suid;
	ret->cred.rgid = id->cred.rgid;
	ret->cred.egid = id->cred.egid;
	ret->cred.sgid = id->cred.sgid;
	ret->cred.ngroups = id->cred.n_groups;
}

/* A record with room for all its groups; NULL: no memory. */
static struct _client_info *record_new(size_t groups)
{
	return calloc(1, MAX(sizeof(struct _client_info), GROUPS_AT + groups * sizeof(gid_t)));
}

static int client_info(int scoid, struct _client_info *ret, int ngroups)
{
	size_t max = (size_t)MAX(ngroups, 0);
	auto_free struct _client_info *info = record_new(max);
	struct identity id;
	int rc;

	if (!info)
		return -ENOMEM;
	rc = identity_of(scoid, &id, info->cred.grouplist, max);
	if (rc < 0)
		return rc;
	fill(&id, info);
	return guarded_copy(ret, info, GROUPS_AT + MIN(max, id.cred.n_groups) * sizeof(gid_t));
}

EXPORT int ConnectClientInfo_r(int scoid, struct _client_info *info, int ngroups)
{
	return -client_info(scoid, info, ngroups);
}

EXPORT int ConnectClientInfo(int scoid, struct _client_info *info, int ngroups)
{
	return result_errno(client_info(scoid, info, ngroups));
}

static int client_info_ext(int scoid, struct _client_info **ret, int flags)
{
	size_t max = flags & _NTO_CLIENTINFO_GETGROUPS ? NGROUPS_MAX : 0;
	auto_free struct _client_info *info = record_new(max);
	struct identity id;
	int rc;

	if (!info)
		return -ENOMEM;
	rc = identity_of(scoid, &id, info->cred.grouplist, max);
	if (rc < 0)
		return rc;
	fill(&id, info);
	if (max)
		info->flags |= _NTO_CI_FULL_GROUPS;
	*ret = ptr_take(info);
	return 0;
}

EXPORT int ConnectClientInfoExt(int scoid, struct _client_info **info, int flags)
{
	return result_errno(client_info_ext(scoid, info, flags));
}

EXPORT int ClientInfoExtFree(struct _client_info **info)
{
	free(*info);
	*info = NULL;
	return 0;
}

/* The manager knows. One that it cannot tell is none. */
static bool is_able(pid_t pid, const struct _client_able *able)
{
	struct proto_able_in in = {.pid = pid, .ability = able->ability, .value = able->range_lo};
	struct proto_able_out out = {0};

	if (call_able(&in, &out) != 0 || !out.may)
		return false;
	if (able->range_hi == able->range_lo || able->range_hi == UINT64_MAX)
		return true;
	in.value = able->range_hi;
	return call_able(&in, &out) == 0 && out.may;
}

EXPORT int ConnectClientInfoAble(int scoid, struct _client_info **info, int flags,
				 struct _client_able *abilities, int nable)
{
	int rc = client_info_ext(scoid, info, flags);

	for (int i = 0; rc == 0 && i < nable; i++)
		if (!is_able((*info)->pid, &abilities[i]))
			(*info)->flags |= _NTO_CI_UNABLE;
	return result_errno(rc);
}
