// SPDX-License-Identifier: Apache-2.0
/* Reading, writing, position and flags of an open file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/dcmd_all.h>
#include <sys/mman.h>

#include "iofunc/access.h"
#include "iofunc/attr.h"
#include "iofunc/export.h"

/* What fcntl(F_SETFL) may change of the flags. */
#define FILE_SETTABLE (O_APPEND | O_NONBLOCK | O_DSYNC | O_SYNC | O_RSYNC)

static int file_nonblock(const iofunc_ocb_t *ocb, uint32_t xtype)
{
	if (xtype & _IO_XFLAG_BLOCK)
		return 0;
	return xtype & _IO_XFLAG_NONBLOCK ? O_NONBLOCK : ocb->ioflag & O_NONBLOCK;
}

/* ---- Reading and writing ---- */

EXPORT int iofunc_read_verify(resmgr_context_t *ctp, io_read_t *msg, iofunc_ocb_t *ocb,
			      int *nonblock)
{
	(void)ctp;
	if (nonblock)
		*nonblock = file_nonblock(ocb, msg->i.xtype);
	return ocb->ioflag & _IO_FLAG_RD ? EOK : EBADF;
}

EXPORT int iofunc_write_verify(resmgr_context_t *ctp, io_write_t *msg, iofunc_ocb_t *ocb,
			       int *nonblock)
{
	(void)ctp;
	if (nonblock)
		*nonblock = file_nonblock(ocb, msg->i.xtype);
	return ocb->ioflag & _IO_FLAG_WR ? EOK : EBADF;
}

EXPORT int iofunc_space_verify(resmgr_context_t *ctp, io_space_t *msg, iofunc_ocb_t *ocb,
			       int *nonblock)
{
	(void)ctp;
	if (nonblock)
		*nonblock = ocb->ioflag & O_NONBLOCK;
	if (S_ISDIR(ocb->attr->mode))
		return EISDIR;
	if (!(ocb->ioflag & _IO_FLAG_WR))
		return EBADF;
	if (msg->i.subtype != F_ALLOCSP && msg->i.subtype != F_FREESP)
		return EINVAL;
	return EOK;
}

EXPORT int iofunc_read_default(resmgr_context_t *ctp, io_read_t *msg, iofunc_ocb_t *ocb)
{
	int status = iofunc_read_verify(ctp, msg, ocb, NULL);

	if (status != EOK)
		return status;
	if ((msg->i.xtype & _IO_XTYPE_MASK) != _IO_XTYPE_NONE)
		return EINVAL;
	_IO_SET_READ_NBYTES(ctp, 0);
	return EOK;
}

EXPORT int iofunc_write_default(resmgr_context_t *ctp, io_write_t *msg, iofunc_ocb_t *ocb)
{
	int status = iofunc_write_verify(ctp, msg, ocb, NULL);

	if (status != EOK)
		return status;
	if ((msg->i.xtype & _IO_XTYPE_MASK) != _IO_XTYPE_NONE)
		return EINVAL;
	_IO_SET_WRITE_NBYTES(ctp, _IO_WRITE_GET_NBYTES(msg));
	if (_IO_WRITE_GET_NBYTES(msg) > 0)
		attr_mark(ocb->attr, IOFUNC_ATTR_MTIME | IOFUNC_ATTR_CTIME);
	return EOK;
}

/* ---- Position ---- */

EXPORT int iofunc_lseek(resmgr_context_t *ctp, io_lseek_t *msg, iofunc_ocb_t *ocb,
			iofunc_attr_t *attr)
{
	off_t from, to;

	switch (msg->i.whence) {
	case SEEK_SET:
		from = 0;
		break;
	case SEEK_CUR:
		from = ocb->offset;
		break;
	case SEEK_END:
		from = attr->nbytes;
		break;
	default:
		return EINVAL;
	}
	if (__builtin_add_overflow(from, (off_t)msg->i.offset, &to))
		return EOVERFLOW;
	if (to < 0)
		return EINVAL;
	ocb->offset = to;
	/* Of a combine message the last part replies. */
	if (msg->i.combine_len & _IO_COMBINE_FLAG)
		return EOK;
	msg->o = (uint64_t)to;
	return _RESMGR_PTR(ctp, &msg->o, sizeof(msg->o));
}

EXPORT int iofunc_lseek_default(resmgr_context_t *ctp, io_lseek_t *msg, iofunc_ocb_t *ocb)
{
	return iofunc_lseek(ctp, msg, ocb, ocb->attr);
}

/* ---- Synchronisation ---- */

EXPORT int iofunc_sync_verify(resmgr_context_t *ctp, io_sync_t *msg, iofunc_ocb_t *ocb)
{
	(void)ctp;
	(void)msg;
	return attr_conf(ocb->attr) & IOFUNC_PC_SYNC_IO ? EOK : EINVAL;
}

EXPORT int iofunc_sync_default(resmgr_context_t *ctp, io_sync_t *msg, iofunc_ocb_t *ocb)
{
	return iofunc_sync_verify(ctp, msg, ocb);
}

EXPORT int iofunc_sync(resmgr_context_t *ctp, iofunc_ocb_t *ocb, int ioflag)
{
	const int flags = (ocb ? ocb->ioflag : 0) | ioflag;

	(void)ctp;
	if ((flags & O_SYNC) == O_SYNC)
		return O_SYNC;
	return flags & O_DSYNC ? O_DSYNC : 0;
}

/* ---- Mapping ---- */

EXPORT int iofunc_mmap(resmgr_context_t *ctp, io_mmap_t *msg, iofunc_ocb_t *ocb,
		       iofunc_attr_t *attr)
{
	(void)ctp;
	if (msg->i.prot & PROT_WRITE && attr_writable(attr) != EOK)
		return EROFS;
	if (!(ocb->ioflag & _IO_FLAG_RD) ||
	    (msg->i.required_prot & PROT_WRITE && !(ocb->ioflag & _IO_FLAG_WR)))
		return EACCES;
	/* differs: there is nothing that could give the client pages. */
	return ENODEV;
}

EXPORT int iofunc_mmap_default(resmgr_context_t *ctp, io_mmap_t *msg, iofunc_ocb_t *ocb)
{
	return iofunc_mmap(ctp, msg, ocb, ocb->attr);
}

/* ---- Device control ---- */

static int devctl_opened_for(const io_devctl_t *msg, const iofunc_ocb_t *ocb, unsigned checks)
{
	const unsigned direction = (unsigned)get_device_direction(msg->i.dcmd);
	bool read = checks & _IO_DEVCTL_VERIFY_OCB_READ;
	bool write = checks & _IO_DEVCTL_VERIFY_OCB_WRITE;

	if (checks & _IO_DEVCTL_VERIFY_DIR) {
		read |= !!(direction & _POSIX_DEVDIR_FROM);
		write |= !!(direction & _POSIX_DEVDIR_TO);
	}
	if ((read && !(ocb->ioflag & _IO_FLAG_RD)) || (write && !(ocb->ioflag & _IO_FLAG_WR)))
		return EBADF;
	return EOK;
}

static int devctl_access(resmgr_context_t *ctp, const iofunc_ocb_t *ocb, unsigned checks)
{
	static const struct {
		unsigned check;
		mode_t mode;
	} rights[] = {
		{_IO_DEVCTL_VERIFY_ACC_ISUID, S_ISUID}, {_IO_DEVCTL_VERIFY_ACC_ISGID, S_ISGID},
		{_IO_DEVCTL_VERIFY_ACC_IREAD, S_IRUSR}, {_IO_DEVCTL_VERIFY_ACC_IWRITE, S_IWUSR},
		{_IO_DEVCTL_VERIFY_ACC_IEXEC, S_IXUSR},
	};
	auto_client own = NULL;
	mode_t mode = 0;

	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++)
		mode |= checks & rights[i].check ? rights[i].mode : 0;
	if (!mode)
		return EOK;
	return iofunc_check_access(ctp, ocb->attr, mode, access_info(ctp, ocb->ioflag, NULL, &own));
}

EXPORT int iofunc_devctl_verify(resmgr_context_t *ctp, io_devctl_t *msg, iofunc_ocb_t *ocb,
				unsigned checks)
{
	const size_t size = (size_t)get_device_size(msg->i.dcmd);
	int status;

	if (checks & _IO_DEVCTL_VERIFY_LEN && msg->i.nbytes < size)
		return EINVAL;
	if (checks & _IO_DEVCTL_VERIFY_MSG_LEN &&
	    (unsigned)get_device_direction(msg->i.dcmd) & _POSIX_DEVDIR_TO &&
	    ctp->size < ctp->offset + sizeof(msg->i) + size)
		return EINVAL;
	if (checks & _IO_DEVCTL_VERIFY_PRIV && !(ocb->flags & IOFUNC_OCB_PRIVILEGED))
		return EPERM;
	status = devctl_opened_for(msg, ocb, checks);
	return status == EOK ? devctl_access(ctp, ocb, checks) : status;
}

/* The flags of open(), as fcntl(F_GETFL) has them. */
static int devctl_getflags(const iofunc_ocb_t *ocb)
{
	const uint32_t flags = (uint32_t)ocb->ioflag;
	const uint32_t rights = flags & (_IO_FLAG_RD | _IO_FLAG_WR);

	return (int)((flags & ~(uint32_t)_IO_FLAG_MASK) | (rights ? rights - 1 : 0));
}

static int devctl_reply(resmgr_context_t *ctp, io_devctl_t *msg, size_t nbytes)
{
	msg->o.zero = 0;
	msg->o.ret_val = 0;
	msg->o.nbytes = (uint32_t)nbytes;
	msg->o.zero2 = 0;
	return _RESMGR_PTR(ctp, &msg->o, sizeof(msg->o) + nbytes);
}

EXPORT int iofunc_devctl(resmgr_context_t *ctp, io_devctl_t *msg, iofunc_ocb_t *ocb,
			 iofunc_attr_t *attr)
{
	int value = 0;

	switch (msg->i.dcmd) {
	case DCMD_ALL_GETFLAGS:
		value = devctl_getflags(ocb);
		break;
	case DCMD_ALL_GETMOUNTFLAGS:
		value = attr->mount ? (int)attr->mount->flags : 0;
		break;
	case DCMD_ALL_SETFLAGS:
		if (msg->i.nbytes < sizeof(value) ||
		    ctp->size < ctp->offset + sizeof(msg->i) + sizeof(value))
			return EINVAL;
		memcpy(&value, _DEVCTL_DATA(msg->i), sizeof(value));
		ocb->ioflag = (ocb->ioflag & ~FILE_SETTABLE) | (value & FILE_SETTABLE);
		return devctl_reply(ctp, msg, 0);
	default:
		return ENOTTY;
	}
	if (msg->i.nbytes < sizeof(value))
		return EINVAL;
	memcpy(_DEVCTL_DATA(msg->o), &value, sizeof(value));
	return devctl_reply(ctp, msg, sizeof(value));
}

EXPORT int iofunc_devctl_default(resmgr_context_t *ctp, io_devctl_t *msg, iofunc_ocb_t *ocb)
{
	const int class_ = get_device_command(msg->i.dcmd) >> 8;

	if (class_ != _DCMD_ALL)
		return _RESMGR_DEFAULT;
	return iofunc_devctl(ctp, msg, ocb, ocb->attr);
}

/* Neither is there here. A list that was kept, but not obeyed, would let in whom its owner
 * thinks shut out. */
EXPORT int iofunc_power_default(resmgr_context_t *ctp, io_power_t *msg, iofunc_ocb_t *ocb)
{
	(void)ctp;
	(void)msg;
	(void)ocb;
	return ENOSYS;
}

EXPORT int iofunc_acl(resmgr_context_t *ctp, io_acl_t *msg, iofunc_ocb_t *ocb, iofunc_attr_t *attr)
{
	(void)ctp;
	(void)msg;
	(void)ocb;
	(void)attr;
	return ENOSYS;
}

EXPORT int iofunc_acl_default(resmgr_context_t *ctp, io_acl_t *msg, iofunc_ocb_t *ocb)
{
	return iofunc_acl(ctp, msg, ocb, ocb->attr);
}
