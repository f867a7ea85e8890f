// SPDX-License-Identifier: Apache-2.0
/*
 * Opens: may it be, the open control block, and its end.
 *
 * What an open is refused for is looked at in this order, which no document tells: what the
 * request itself says (EEXIST, ENOTDIR, EISDIR), the mount (EROFS, EINVAL), rights (EACCES),
 * who has it open already (EBUSY).
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "iofunc/access.h"
#include "iofunc/attr.h"
#include "iofunc/export.h"

/* ---- May it be? ---- */

static mode_t open_rights(const struct _io_connect *connect)
{
	mode_t rights = connect->access & (S_IRUSR | S_IWUSR | S_IXUSR);

	if (connect->ioflag & _IO_FLAG_RD)
		rights |= S_IRUSR;
	if (connect->ioflag & _IO_FLAG_WR || connect->ioflag & O_TRUNC)
		rights |= S_IWUSR;
	if (connect->ioflag & _IO_FLAG_EX)
		rights |= S_IXUSR;
	return rights;
}

static int open_kind(const struct _io_connect *connect, const iofunc_attr_t *attr)
{
	const bool is_dir = S_ISDIR(attr->mode);

	if ((connect->ioflag & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return EEXIST;
	if (!is_dir && (connect->eflag & _IO_CONNECT_EFLAG_DIR || connect->ioflag & O_DIRECTORY))
		return ENOTDIR;
	if (is_dir && connect->ioflag & (_IO_FLAG_WR | O_TRUNC))
		return EISDIR;
	return EOK;
}

/* A device may be written to wherever its name lies. */
static int open_mount(const struct _io_connect *connect, const iofunc_attr_t *attr, mode_t rights)
{
	const bool is_data = S_ISREG(attr->mode) || S_ISDIR(attr->mode);

	if (rights & S_IWUSR && is_data && attr_writable(attr) != EOK)
		return EROFS;
	if (connect->ioflag & (O_DSYNC | O_SYNC | O_RSYNC) &&
	    !(attr_conf(attr) & IOFUNC_PC_SYNC_IO))
		return EINVAL;
	return EOK;
}

/* What @sflag denies others, as rights. */
static mode_t share_denies(unsigned sflag)
{
	switch (sflag & SH_MASK) {
	case SH_DENYRW:
		return S_IRUSR | S_IWUSR;
	case SH_DENYWR:
		return S_IWUSR;
	case SH_DENYRD:
		return S_IRUSR;
	default:
		return 0;
	}
}

static mode_t share_wants(uint32_t ioflag)
{
	return (ioflag & _IO_FLAG_RD ? S_IRUSR : 0) | (ioflag & _IO_FLAG_WR ? S_IWUSR : 0);
}

static int open_share(const iofunc_attr_t *attr, uint32_t ioflag, unsigned sflag)
{
	const mode_t wants = share_wants(ioflag), denies = share_denies(sflag);

	if ((wants & S_IRUSR && attr->rlocks > 0) || (wants & S_IWUSR && attr->wlocks > 0))
		return EBUSY;
	if ((denies & S_IRUSR && attr->rcount > 0) || (denies & S_IWUSR && attr->wcount > 0))
		return EBUSY;
	return EOK;
}

static int open_create(resmgr_context_t *ctp, const struct _io_connect *connect,
		       const iofunc_attr_t *dattr, const struct _client_info *info)
{
	int status;

	if (!S_ISDIR(dattr->mode))
		return ENOTDIR;
	if (connect->eflag & _IO_CONNECT_EFLAG_DIR)
		return EISDIR;
	if ((status = attr_writable(dattr)) != EOK)
		return status;
	if (connect->ioflag & (O_DSYNC | O_SYNC | O_RSYNC) &&
	    !(attr_conf(dattr) & IOFUNC_PC_SYNC_IO))
		return EINVAL;
	return access_check(ctp, dattr, S_IWUSR | S_IXUSR, (int)connect->ioflag, info);
}

static int open_existing(resmgr_context_t *ctp, const struct _io_connect *connect,
			 const iofunc_attr_t *attr, const struct _client_info *info)
{
	const mode_t rights = open_rights(connect);
	int status = open_kind(connect, attr);

	if (status == EOK)
		status = open_mount(connect, attr, rights);
	if (status == EOK && rights)
		status = access_check(ctp, attr, rights, (int)connect->ioflag, info);
	if (status == EOK)
		status = open_share(attr, connect->ioflag, connect->sflag);
	return status;
}

EXPORT int iofunc_open(resmgr_context_t *ctp, io_open_t *msg, iofunc_attr_t *attr,
		       iofunc_attr_t *dattr, struct _client_info *info)
{
	if (!attr && !dattr)
		return ENOENT;
	if (dattr)
		return open_create(ctp, &msg->connect, dattr, info);
	return open_existing(ctp, &msg->connect, attr, info);
}

/* ---- The open control block ---- */

EXPORT IOFUNC_OCB_T *iofunc_ocb_calloc(resmgr_context_t *ctp, IOFUNC_ATTR_T *attr)
{
	(void)ctp;
	(void)attr;
	return calloc(1, sizeof(iofunc_ocb_t));
}

EXPORT void iofunc_ocb_free(IOFUNC_OCB_T *ocb)
{
	free(ocb);
}

static iofunc_ocb_t *ocb_new(resmgr_context_t *ctp, iofunc_attr_t *attr)
{
	const iofunc_funcs_t *funcs = attr_funcs(attr, 2);

	return funcs && funcs->ocb_calloc ? funcs->ocb_calloc(ctp, attr) :
					    iofunc_ocb_calloc(ctp, attr);
}

static void ocb_drop(iofunc_ocb_t *ocb, const iofunc_attr_t *attr)
{
	const iofunc_funcs_t *funcs = attr_funcs(attr, 2);

	if (funcs && funcs->ocb_free)
		funcs->ocb_free(ocb);
	else
		iofunc_ocb_free(ocb);
}

static void ocb_count(iofunc_attr_t *attr, uint32_t ioflag, unsigned sflag)
{
	const mode_t wants = share_wants(ioflag), denies = share_denies(sflag);

	attr->count++;
	attr->rcount += !!(wants & S_IRUSR);
	attr->wcount += !!(wants & S_IWUSR);
	attr->rlocks += !!(denies & S_IRUSR);
	attr->wlocks += !!(denies & S_IWUSR);
}

/* One less, if it was one: a program may have set it to 0. Was it the last? */
static unsigned ocb_uncount(uint16_t *count, bool counted, unsigned last)
{
	if (!counted || *count == 0)
		return 0;
	return --*count == 0 ? last : 0;
}

static unsigned ocb_uncount_all(iofunc_attr_t *attr, uint32_t ioflag, unsigned sflag)
{
	const mode_t wants = share_wants(ioflag), denies = share_denies(sflag);

	return ocb_uncount(&attr->count, true, IOFUNC_OCB_LAST_INUSE) |
	       ocb_uncount(&attr->rcount, wants & S_IRUSR, IOFUNC_OCB_LAST_READER) |
	       ocb_uncount(&attr->wcount, wants & S_IWUSR, IOFUNC_OCB_LAST_WRITER) |
	       ocb_uncount(&attr->rlocks, denies & S_IRUSR, IOFUNC_OCB_LAST_RDLOCK) |
	       ocb_uncount(&attr->wlocks, denies & S_IWUSR, IOFUNC_OCB_LAST_WRLOCK);
}

/* Fill and bind @ocb (NULL: a new one) for an open with these flags. */
static int ocb_bind(resmgr_context_t *ctp, iofunc_ocb_t *ocb, iofunc_attr_t *attr, uint32_t ioflag,
		    unsigned sflag, const resmgr_io_funcs_t *io_funcs)
{
	iofunc_ocb_t *made = NULL;

	if (attr->count == UINT16_MAX)
		return ENFILE;
	if (!ocb) {
		ocb = made = ocb_new(ctp, attr);
		if (!made)
			return ENOSPC;
	}
	ocb->attr = attr;
	ocb->ioflag = (int32_t)ioflag;
	ocb->sflag = (uint16_t)sflag;
	if (access_is_root(ctp))
		ocb->flags |= IOFUNC_OCB_PRIVILEGED;
	ocb_count(attr, ioflag, sflag);
	if (resmgr_open_bind(ctp, ocb, io_funcs) == -1) {
		const int error = errno;

		(void)ocb_uncount_all(attr, ioflag, sflag);
		if (made)
			ocb_drop(made, attr);
		return error;
	}
	return EOK;
}

EXPORT int iofunc_ocb_attach(resmgr_context_t *ctp, io_open_t *msg, iofunc_ocb_t *ocb,
			     iofunc_attr_t *attr, const resmgr_io_funcs_t *io_funcs)
{
	return ocb_bind(ctp, ocb, attr, msg->connect.ioflag, msg->connect.sflag, io_funcs);
}

EXPORT int iofunc_open_default(resmgr_context_t *ctp, io_open_t *msg, iofunc_attr_t *attr,
			       void *extra)
{
	int status;

	(void)extra;
	if ((status = iofunc_attr_lock(attr)) != EOK)
		return status;
	status = iofunc_open(ctp, msg, attr, NULL, NULL);
	if (status == EOK)
		status = iofunc_ocb_attach(ctp, msg, NULL, attr, NULL);
	(void)iofunc_attr_unlock(attr); /* it is ours */
	return status;
}

/* ---- The end of it ---- */

EXPORT int iofunc_ocb_detach(resmgr_context_t *ctp, iofunc_ocb_t *ocb)
{
	(void)ctp;
	(void)iofunc_time_update(ocb->attr);
	return (int)ocb_uncount_all(ocb->attr, (uint32_t)ocb->ioflag, ocb->sflag);
}

EXPORT int iofunc_close_ocb(resmgr_context_t *ctp, iofunc_ocb_t *ocb, iofunc_attr_t *attr)
{
	int status;

	if ((status = iofunc_attr_lock(attr)) != EOK)
		return status;
	(void)iofunc_ocb_detach(ctp, ocb);
	(void)iofunc_attr_unlock(attr); /* it is ours */
	ocb_drop(ocb, attr);
	return EOK;
}

EXPORT int iofunc_close_ocb_default(resmgr_context_t *ctp, void *reserved, iofunc_ocb_t *ocb)
{
	(void)reserved;
	return iofunc_close_ocb(ctp, ocb, ocb->attr);
}

/* ---- A second open of the same file ---- */

/* Who has opened a file with functions of its own means the second open, too. */
static const resmgr_io_funcs_t *openfd_funcs(resmgr_context_t *ctp, const io_openfd_t *msg)
{
	const int coid = ctp->info.coid;
	const resmgr_io_funcs_t *funcs;

	ctp->info.coid = msg->i.info.coid;
	funcs = resmgr_iofuncs(ctp);
	ctp->info.coid = coid;
	return funcs;
}

EXPORT int iofunc_openfd(resmgr_context_t *ctp, io_openfd_t *msg, iofunc_ocb_t *ocb,
			 iofunc_attr_t *attr)
{
	const uint32_t wants = msg->i.ioflag & _IO_FLAG_MASK;
	int status;

	if (msg->i.xtype != _IO_OPENFD_NONE)
		return EINVAL;
	if (wants & ~((uint32_t)ocb->ioflag & _IO_FLAG_MASK))
		return EACCES;
	status = open_share(attr, msg->i.ioflag, msg->i.sflag);
	if (status != EOK)
		return status;
	return ocb_bind(ctp, NULL, attr, msg->i.ioflag, msg->i.sflag, openfd_funcs(ctp, msg));
}

EXPORT int iofunc_openfd_default(resmgr_context_t *ctp, io_openfd_t *msg, iofunc_ocb_t *ocb)
{
	return iofunc_openfd(ctp, msg, ocb, ocb->attr);
}
