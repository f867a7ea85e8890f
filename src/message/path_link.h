// SPDX-License-Identifier: Apache-2.0
/* Where attached names go: the pathname space of the node. */
#pragma once

/*
 * From now on @path (absolute; "/" with _RESMGR_FLAG_FTYPEONLY, where only the type counts)
 * leads to channel @chid of this process; connect messages carry @handle. @flags are
 * _RESMGR_FLAG_*, @ftype is one of enum _file_type. 0, or -EBUSY, -EEXIST, -ENOMEM, -ENOTDIR,
 * -EPERM.
 */
int path_attach(const char *path, int chid, unsigned handle, int ftype, unsigned flags);

/* No more. Nothing, if it was not. */
void path_detach(const char *path, int chid, unsigned handle);
