// SPDX-License-Identifier: Apache-2.0
/* What is known of a file, and what owners may change of it. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "iofunc/access.h"
#include "iofunc/attr.h"
#include "iofunc/export.h"

#define STAT_BLOCK     512
#define STAT_BLOCKSIZE 4096

EXPORT int iofunc_stat(resmgr_context_t *ctp, iofunc_attr_t *attr, struct stat *stat)
{
	const iofunc_mount_t *mount = attr->mount;
	dev_t dev = 0;
	ino_t inode = 0;

	(void)resmgr_devino(ctp->id, &dev, &inode); /* 0, then */
	memset(stat, 0, sizeof(*stat));
	stat->st_dev = mount && mount->dev ? mount->dev : dev;
	stat->st_ino = attr->inode ? attr->inode : inode;
	stat->st_mode = attr->mode;
	stat->st_nlink = attr->nlink;
	stat->st_uid = attr->uid;
	stat->st_gid = attr->gid;
	stat->st_rdev = attr->rdev;
	stat->st_size = attr->nbytes;
	stat->st_blksize = mount && mount->blocksize > 0 ? mount->blocksize : STAT_BLOCKSIZE;
	stat->st_blocks = attr->nbytes > 0 ? (attr->nbytes - 1) / STAT_BLOCK + 1 : 0;
	stat->st_atim = (struct timespec){attr->atime, attr->atime_ns};
	stat->st_mtim = (struct timespec){attr->mtime, attr->mtime_ns};
	stat->st_ctim = (struct timespec){attr->ctime, attr->ctime_ns};
	return EOK;
}

EXPORT int iofunc_stat_default(resmgr_context_t *ctp, io_stat_t *msg, iofunc_ocb_t *ocb)
{
	int status;

	(void)iofunc_time_update(ocb->attr);
	status = iofunc_stat(ctp, ocb->attr, &msg->o);
	if (status != EOK)
		return status;
	/* Whatever form was asked for: this is the one that there is. */
	_RESMGR_STATUS(ctp, _STAT_FORM_SYS_2008);
	return _RESMGR_PTR(ctp, &msg->o, sizeof(msg->o));
}

/* ---- Changes ---- */

/* The owner's right to change, on a mount that may change. */
static int may_change(resmgr_context_t *ctp, const iofunc_attr_t *attr,
		      const struct _client_info *info)
{
	(void)ctp;
	if (attr_writable(attr) != EOK)
		return EROFS;
	return access_owner(attr, info);
}

EXPORT int iofunc_chmod(resmgr_context_t *ctp, io_chmod_t *msg, iofunc_ocb_t *ocb,
			iofunc_attr_t *attr)
{
	auto_client own = NULL;
	const struct _client_info *info = access_info(ctp, ocb->ioflag, NULL, &own);
	int status = may_change(ctp, attr, info);

	if (status != EOK)
		return status;
	attr->mode = (attr->mode & ~(mode_t)07777) | (msg->i.mode & 07777);
	attr_mark(attr, IOFUNC_ATTR_CTIME | IOFUNC_ATTR_DIRTY_TIME | IOFUNC_ATTR_DIRTY_MODE);
	return EOK;
}

EXPORT int iofunc_chmod_default(resmgr_context_t *ctp, io_chmod_t *msg, iofunc_ocb_t *ocb)
{
	return iofunc_chmod(ctp, msg, ocb, ocb->attr);
}

static bool is_group_of(const struct _client_info *info, gid_t gid)
{
	const iofunc_attr_t probe = {.gid = gid};

	return info->cred.euid == 0 || iofunc_check_access(NULL, &probe, S_ISGID, info) == EOK;
}

/* Owners may give a file to another group of theirs; to another user where the mount has no
 * objections. */
static int chown_may(const iofunc_attr_t *attr, const struct _client_info *info, uid_t uid,
		     gid_t gid)
{
	if (attr_writable(attr) != EOK)
		return EROFS;
	if (access_owner(attr, info) != EOK)
		return EPERM;
	if (info->cred.euid == 0 || !(attr_conf(attr) & IOFUNC_PC_CHOWN_RESTRICTED))
		return EOK;
	if (uid != attr->uid || (gid != attr->gid && !is_group_of(info, gid)))
		return EPERM;
	return EOK;
}

EXPORT int iofunc_chown(resmgr_context_t *ctp, io_chown_t *msg, iofunc_ocb_t *ocb,
			iofunc_attr_t *attr)
{
	auto_client own = NULL;
	const struct _client_info *info = access_info(ctp, ocb->ioflag, NULL, &own);
	const uid_t uid = msg->i.uid == -1 ? attr->uid : (uid_t)msg->i.uid;
	const gid_t gid = msg->i.gid == -1 ? attr->gid : (gid_t)msg->i.gid;
	int status = chown_may(attr, info, uid, gid);

	if (status != EOK)
		return status;
	attr->uid = uid;
	attr->gid = gid;
	if (info->cred.euid != 0 && attr->mode & (S_ISUID | S_ISGID)) {
		attr->mode &= ~(mode_t)(S_ISUID | S_ISGID);
		attr_mark(attr, IOFUNC_ATTR_DIRTY_MODE);
	}
	attr_mark(attr, IOFUNC_ATTR_CTIME | IOFUNC_ATTR_DIRTY_TIME | IOFUNC_ATTR_DIRTY_OWNER);
	return EOK;
}

EXPORT int iofunc_chown_default(resmgr_context_t *ctp, io_chown_t *msg, iofunc_ocb_t *ocb)
{
	return iofunc_chown(ctp, msg, ocb, ocb->attr);
}

/* One time of a message: as given, now, or left alone. */
static void utime_set(iofunc_attr_t *attr, int64_t seconds, int64_t ns, uint32_t stale,
		      time_t *ret_seconds, unsigned *ret_ns)
{
	if (ns == UTIME_OMIT)
		return;
	if (ns == UTIME_NOW) {
		attr_mark(attr, stale);
		return;
	}
	attr->flags &= ~stale;
	*ret_seconds = (time_t)seconds;
	*ret_ns = (unsigned)ns;
}

static bool is_ns(int64_t ns)
{
	return ns == UTIME_NOW || ns == UTIME_OMIT || (ns >= 0 && ns < 1000000000);
}

static void utime_given(iofunc_attr_t *attr, const io_utime_t *msg)
{
	if (msg->i.type == _IO_UTIME64) {
		utime_set(attr, msg->i64.atime_s, msg->i64.atime_ns, IOFUNC_ATTR_ATIME,
			  &attr->atime, &attr->atime_ns);
		utime_set(attr, msg->i64.mtime_s, msg->i64.mtime_ns, IOFUNC_ATTR_MTIME,
			  &attr->mtime, &attr->mtime_ns);
		return;
	}
	utime_set(attr, msg->i.times.actime, 0, IOFUNC_ATTR_ATIME, &attr->atime, &attr->atime_ns);
	utime_set(attr, msg->i.times.modtime, 0, IOFUNC_ATTR_MTIME, &attr->mtime, &attr->mtime_ns);
}

/* "Now" is what the right to write is enough for. */
static int utime_may(resmgr_context_t *ctp, const iofunc_attr_t *attr, bool now,
		     const struct _client_info *info)
{
	if (attr_writable(attr) != EOK)
		return EROFS;
	if (access_owner(attr, info) == EOK)
		return EOK;
	if (!now)
		return EPERM;
	return iofunc_check_access(ctp, attr, S_IWUSR, info) == EOK ? EOK : EACCES;
}

EXPORT int iofunc_utime(resmgr_context_t *ctp, io_utime_t *msg, iofunc_ocb_t *ocb,
			iofunc_attr_t *attr)
{
	auto_client own = NULL;
	const struct _client_info *info = access_info(ctp, ocb->ioflag, NULL, &own);
	const bool now = msg->i.cur_flag != 0;
	int status;

	if (!now && msg->i.type == _IO_UTIME64 &&
	    !(is_ns(msg->i64.atime_ns) && is_ns(msg->i64.mtime_ns)))
		return EINVAL;
	status = utime_may(ctp, attr, now, info);
	if (status != EOK)
		return status;
	if (now)
		attr_mark(attr, IOFUNC_ATTR_ATIME | IOFUNC_ATTR_MTIME);
	else
		utime_given(attr, msg);
	attr_mark(attr, IOFUNC_ATTR_CTIME | IOFUNC_ATTR_DIRTY_TIME);
	return iofunc_time_update(attr);
}

EXPORT int iofunc_utime_default(resmgr_context_t *ctp, io_utime_t *msg, iofunc_ocb_t *ocb)
{
	return iofunc_utime(ctp, msg, ocb, ocb->attr);
}

/* ---- Limits, and what a descriptor is ---- */

EXPORT int iofunc_pathconf(resmgr_context_t *ctp, io_pathconf_t *msg, iofunc_ocb_t *ocb,
			   iofunc_attr_t *attr)
{
	const uint32_t conf = attr_conf(attr);
	uint32_t bit;

	(void)ocb;
	switch (msg->i.name) {
	case _PC_CHOWN_RESTRICTED:
		bit = IOFUNC_PC_CHOWN_RESTRICTED;
		break;
	case _PC_NO_TRUNC:
		bit = IOFUNC_PC_NO_TRUNC;
		break;
	case _PC_SYNC_IO:
		bit = IOFUNC_PC_SYNC_IO;
		break;
	default:
		return _RESMGR_DEFAULT;
	}
	_IO_SET_PATHCONF_VALUE(ctp, conf & bit ? 1 : 0);
	return EOK;
}

EXPORT int iofunc_pathconf_default(resmgr_context_t *ctp, io_pathconf_t *msg, iofunc_ocb_t *ocb)
{
	const int status = iofunc_pathconf(ctp, msg, ocb, ocb->attr);

	return status == _RESMGR_DEFAULT ? EINVAL : status;
}

EXPORT int iofunc_fdinfo(resmgr_context_t *ctp, iofunc_ocb_t *ocb, iofunc_attr_t *attr,
			 struct _fdinfo *info)
{
	(void)ctp;
	memset(info, 0, sizeof(*info));
	if (!attr)
		attr = ocb->attr;
	info->mode = attr->mode;
	info->ioflag = (uint32_t)ocb->ioflag;
	info->offset = (uint64_t)ocb->offset;
	info->size = (uint64_t)attr->nbytes;
	info->flags = attr->lock_list ? _FDINFO_LOCKS : 0;
	info->sflag = ocb->sflag;
	info->count = attr->count;
	info->rcount = attr->rcount;
	info->wcount = attr->wcount;
	info->rlocks = attr->rlocks;
	info->wlocks = attr->wlocks;
	return EOK;
}

EXPORT int iofunc_fdinfo_default(resmgr_context_t *ctp, io_fdinfo_t *msg, iofunc_ocb_t *ocb)
{
	/* Behind the message: the receive buffer is always larger than both. */
	char *path = (char *)msg + sizeof(msg->o);
	const size_t used = ctp->offset + sizeof(msg->o);
	const size_t room = ctp->msg_max_size > used ? ctp->msg_max_size - used : 0;
	const uint32_t flags = msg->i.flags, wanted = msg->i.path_len;
	int length = 0;

	if (wanted > 0 && room > 0) {
		length = resmgr_pathname(
			ctp->id, flags & _FDINFO_FLAG_LOCALPATH ? _RESMGR_PATHNAME_LOCALPATH : 0,
			path, (int)(wanted < room ? wanted : room));
		if (length < 0)
			return EMSGSIZE;
	}
	memset(msg->o.zero, 0, sizeof(msg->o.zero));
	(void)iofunc_fdinfo(ctp, ocb, ocb->attr, &msg->o.info);
	_IO_SET_FDINFO_LEN(ctp, length);
	return _RESMGR_PTR(ctp, &msg->o, sizeof(msg->o) + (size_t)length);
}
