// SPDX-License-Identifier: Apache-2.0
/*
 * Who a client is, and what it may do. The order of questions is iofunc_check_access()'s page:
 * root, set-id bits, then exactly one class of permissions, whatever the others would say.
 */
#include "iofunc/access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "iofunc/attr.h"
#include "iofunc/export.h"

static void swap(uint32_t *a, uint32_t *b)
{
	const uint32_t was = *a;

	*a = *b;
	*b = was;
}

static void use_real_ids(struct _client_info *info, int ioflag)
{
	if (!(ioflag & O_REALIDS))
		return;
	swap(&info->cred.ruid, &info->cred.euid);
	swap(&info->cred.rgid, &info->cred.egid);
}

EXPORT int iofunc_client_info(resmgr_context_t *ctp, int ioflag, struct _client_info *info)
{
	int error = ConnectClientInfo_r(ctp->info.scoid, info, NGROUPS_MAX);

	if (error == EOK)
		use_real_ids(info, ioflag);
	return error;
}

EXPORT int iofunc_client_info_ext(resmgr_context_t *ctp, int ioflag, struct _client_info **info,
				  int flags)
{
	if (ConnectClientInfoExt(ctp->info.scoid, info, flags) == -1)
		return errno;
	use_real_ids(*info, ioflag);
	return EOK;
}

EXPORT int iofunc_client_info_ext_free(struct _client_info **info)
{
	return ClientInfoExtFree(info) == -1 ? errno : EOK;
}

EXPORT int iofunc_client_info_able(resmgr_context_t *ctp, int ioflag, struct _client_info **info,
				   int flags, struct _client_able *abilities, int nable)
{
	if (ConnectClientInfoAble(ctp->info.scoid, info, flags, abilities, nable) == -1)
		return errno;
	use_real_ids(*info, ioflag);
	return EOK;
}

const struct _client_info *access_info(resmgr_context_t *ctp, int ioflag,
				       const struct _client_info *given,
				       struct _client_info **ret_own)
{
	*ret_own = NULL;
	if (given)
		return given;
	if (iofunc_client_info_ext(ctp, ioflag, ret_own, _NTO_CLIENTINFO_GETGROUPS) != EOK)
		*ret_own = NULL;
	return *ret_own;
}

void access_info_free(struct _client_info *const *own)
{
	struct _client_info *info = *own;

	if (info)
		(void)ClientInfoExtFree(&info); /* nothing to do about it */
}

int access_owner(const iofunc_attr_t *attr, const struct _client_info *info)
{
	if (!info)
		return EPERM;
	return info->cred.euid == 0 || info->cred.euid == attr->uid ? EOK : EPERM;
}

static bool is_in_group(const struct _client_info *info, gid_t gid)
{
	if (info->cred.egid == gid)
		return true;
	for (uint32_t i = 0; i < info->cred.ngroups; i++) {
		if (info->cred.grouplist[i] == gid)
			return true;
	}
	return false;
}

/* The permission bits of the one class that counts for the client, as the owner's. */
static mode_t class_of(const iofunc_attr_t *attr, const struct _client_info *info)
{
	if (info->cred.euid == attr->uid)
		return attr->mode & 0700;
	if (is_in_group(info, attr->gid))
		return (attr->mode & 0070) << 3;
	return (attr->mode & 0007) << 6;
}

EXPORT int iofunc_check_access(resmgr_context_t *ctp, const iofunc_attr_t *attr, mode_t checkmode,
			       const struct _client_info *info)
{
	const mode_t rights = checkmode & (S_IRUSR | S_IWUSR | S_IXUSR);

	(void)ctp;
	if (!info)
		return ENOSYS;
	if (info->cred.euid == 0)
		return EOK;
	if (info->flags & _NTO_CI_UNABLE)
		return EACCES;
	if (checkmode & S_ISUID && info->cred.euid == attr->uid)
		return EOK;
	if (checkmode & S_ISGID && is_in_group(info, attr->gid))
		return EOK;
	if (!rights)
		return EPERM;
	return (class_of(attr, info) & rights) == rights ? EOK : EACCES;
}

int access_check(resmgr_context_t *ctp, const iofunc_attr_t *attr, mode_t rights, int ioflag,
		 const struct _client_info *given)
{
	const mode_t mode = attr->mode;
	auto_client own = NULL;

	if ((mode & mode << 3 & mode << 6 & rights) == rights)
		return EOK;
	if (!given && !(ioflag & O_REALIDS) && access_is_root(ctp))
		return EOK;
	return iofunc_check_access(ctp, attr, rights, access_info(ctp, ioflag, given, &own));
}

EXPORT int iofunc_ability_check(resmgr_context_t *ctp, unsigned ability)
{
	auto_client own = NULL;
	const struct _client_info *info = access_info(ctp, 0, NULL, &own);

	if (ability > IOFUNC_ABILITYID_EXEC)
		return EINVAL;
	return info && info->cred.euid == 0 ? EOK : EPERM;
}
