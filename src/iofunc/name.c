// SPDX-License-Identifier: Apache-2.0
/*
 * Rights and rules of what is done with names. What a directory's sticky bit asks for is
 * POSIX's: only the owner of the file or of the directory may take a name out of it.
 */
#include <errno.h>
#include <string.h>

#include "iofunc/access.h"
#include "iofunc/attr.h"
#include "iofunc/export.h"

/* May the client change what stands in @dattr? */
static int name_directory(resmgr_context_t *ctp, const iofunc_attr_t *dattr,
			  const struct _client_info *info)
{
	if (!S_ISDIR(dattr->mode))
		return ENOTDIR;
	if (attr_writable(dattr) != EOK)
		return EROFS;
	return iofunc_check_access(ctp, dattr, S_IWUSR | S_IXUSR, info);
}

static int name_sticky(const iofunc_attr_t *attr, const iofunc_attr_t *dattr,
		       const struct _client_info *info)
{
	if (!(dattr->mode & S_ISVTX))
		return EOK;
	if (access_owner(attr, info) == EOK || access_owner(dattr, info) == EOK)
		return EOK;
	return EPERM;
}

/* "." and ".." are no names to take away. */
static bool is_dot(const struct _io_connect *connect)
{
	const char *slash = strrchr(connect->path, '/');
	const char *last = slash ? slash + 1 : connect->path;

	return connect->eflag & (_IO_CONNECT_EFLAG_DOT | _IO_CONNECT_EFLAG_DOTDOT) ||
	       strcmp(last, ".") == 0 || strcmp(last, "..") == 0;
}

EXPORT int iofunc_link(resmgr_context_t *ctp, io_link_t *msg, iofunc_attr_t *attr,
		       iofunc_attr_t *dattr, struct _client_info *info)
{
	auto_client own = NULL;
	const struct _client_info *client = access_info(ctp, 0, info, &own);
	int status;

	(void)msg;
	if (!attr || !dattr)
		return EBADFSYS;
	if (S_ISDIR(attr->mode) &&
	    (!(attr_conf(attr) & IOFUNC_PC_LINK_DIR) || !client || client->cred.euid != 0))
		return EPERM;
	status = name_directory(ctp, dattr, client);
	if (status != EOK)
		return status;
	attr->nlink++;
	attr_mark(attr, IOFUNC_ATTR_CTIME | IOFUNC_ATTR_DIRTY_NLINK);
	attr_mark(dattr, IOFUNC_ATTR_MTIME | IOFUNC_ATTR_CTIME);
	return EOK;
}

EXPORT int iofunc_mknod(resmgr_context_t *ctp, io_mknod_t *msg, iofunc_attr_t *attr,
			iofunc_attr_t *dattr, struct _client_info *info)
{
	auto_client own = NULL;
	const struct _client_info *client = access_info(ctp, 0, info, &own);
	const mode_t type = msg->connect.mode & S_IFMT;

	(void)attr;
	if (!dattr)
		return EBADFSYS;
	if (type != S_IFDIR && type != S_IFIFO && type != S_IFREG && type != 0 &&
	    (!client || client->cred.euid != 0))
		return EPERM;
	return name_directory(ctp, dattr, client);
}

EXPORT int iofunc_readlink(resmgr_context_t *ctp, io_readlink_t *msg, iofunc_attr_t *attr,
			   struct _client_info *info)
{
	(void)ctp;
	(void)msg;
	(void)info;
	if (!attr)
		return EBADFSYS;
	if (!S_ISLNK(attr->mode))
		return EINVAL;
	attr_mark(attr, IOFUNC_ATTR_ATIME);
	return EOK;
}

/* A directory takes the place of a directory only, and an empty one. */
static int rename_onto(const iofunc_attr_t *oldattr, const iofunc_attr_t *newattr)
{
	const bool is_dir = S_ISDIR(oldattr->mode);

	if (!newattr || newattr == oldattr)
		return EOK;
	if (is_dir && !S_ISDIR(newattr->mode))
		return ENOTDIR;
	if (!is_dir && S_ISDIR(newattr->mode))
		return EISDIR;
	return is_dir && newattr->nlink > 2 ? ENOTEMPTY : EOK;
}

EXPORT int iofunc_rename(resmgr_context_t *ctp, io_rename_t *msg, iofunc_attr_t *oldattr,
			 iofunc_attr_t *olddattr, iofunc_attr_t *newattr, iofunc_attr_t *newdattr,
			 struct _client_info *info)
{
	auto_client own = NULL;
	const struct _client_info *client = access_info(ctp, 0, info, &own);
	int status;

	if (!oldattr || !olddattr || !newdattr)
		return EBADFSYS;
	if (is_dot(&msg->connect))
		return EINVAL;
	status = name_directory(ctp, olddattr, client);
	if (status == EOK && newdattr != olddattr)
		status = name_directory(ctp, newdattr, client);
	if (status == EOK)
		status = rename_onto(oldattr, newattr);
	if (status == EOK)
		status = name_sticky(oldattr, olddattr, client);
	if (status == EOK && newattr)
		status = name_sticky(newattr, newdattr, client);
	return status;
}

EXPORT int iofunc_unlink(resmgr_context_t *ctp, io_unlink_t *msg, iofunc_attr_t *attr,
			 iofunc_attr_t *dattr, struct _client_info *info)
{
	auto_client own = NULL;
	const struct _client_info *client = access_info(ctp, 0, info, &own);
	const bool as_dir = msg->connect.eflag & _IO_CONNECT_EFLAG_DIR ||
			    S_ISDIR(msg->connect.mode);
	int status;

	if (!attr || !dattr)
		return EBADFSYS;
	if (is_dot(&msg->connect))
		return EINVAL;
	status = name_directory(ctp, dattr, client);
	if (status != EOK)
		return status;
	if (as_dir && !S_ISDIR(attr->mode))
		return ENOTDIR;
	if (!as_dir && S_ISDIR(attr->mode))
		return EISDIR;
	if (as_dir && attr->nlink > 2)
		return ENOTEMPTY;
	status = name_sticky(attr, dattr, client);
	if (status != EOK)
		return status;
	attr->nlink -= attr->nlink == 0 ? 0 : as_dir ? attr->nlink : 1;
	attr_mark(attr, IOFUNC_ATTR_CTIME | IOFUNC_ATTR_DIRTY_NLINK);
	attr_mark(dattr, IOFUNC_ATTR_MTIME | IOFUNC_ATTR_CTIME);
	return EOK;
}
