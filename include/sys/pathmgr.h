/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process manager's pathname space: who serves which path. Servers mostly come to it by
 * resmgr_attach() and name_attach(). QNX Neutrino C Library Reference.
 */
#pragma once

#include <features.h>
#include <stdint.h>
#include <sys/ftype.h>
#include <sys/types.h>

/* pathmgr_link(): the same numbers as _RESMGR_FLAG_*. */
#define PATHMGR_FLAG_BEFORE    0x0001 /* in front of others at the same path */
#define PATHMGR_FLAG_AFTER     0x0002 /* behind them */
#define PATHMGR_FLAG_OPAQUE    0x0004 /* shorter paths are not tried after it */
#define PATHMGR_FLAG_FTYPEONLY 0x0008 /* requests of exactly this type; path "/" */
#define PATHMGR_FLAG_FTYPEALL  0x0010 /* requests of every type */
#define PATHMGR_FLAG_STICKY    0x0020 /* without effect: a name ends with its server */
#define PATHMGR_FLAG_DIR       0x0100 /* what lies below the path, too */
#define PATHMGR_FLAG_SELF      0x0200 /* may be this process's own */

__BEGIN_DECLS

/*
 * Whoever resolves path is led to channel chid of the calling process (pid: its own, or 0)
 * and tells it handle. Paths are made absolute and plain by their text alone. Gone with
 * pathmgr_unlink(), the process, or its next program. Returns a link id, > 0, or -1: EEXIST
 * (another's alone), EINVAL, ENAMETOOLONG, ENOMEM (the space is full), ENOREMOTE, ENOTDIR (a
 * directory below a file, or a file above a directory), EPERM (another process; or the
 * right is missing: PROCMGR_AID_PATHSPACE in a node that root made). Does not block.
 */
int pathmgr_link(const char *path, uint32_t nd, pid_t pid, int chid, unsigned handle,
		 enum _file_type ftype, unsigned flags);

/*
 * symlink, and what lies below it, stands for path from now on, for every program of the
 * node, until pathmgr_unlink(). 0, or -1: EEXIST (there is such a link), EINVAL,
 * ENAMETOOLONG, ENOMEM, EPERM. Does not block.
 */
int pathmgr_symlink(const char *path, const char *symlink);

/*
 * Removes the link path of pathmgr_symlink(), or else all that the calling process has
 * linked there by pathmgr_link(). 0, or -1: EINVAL, ENAMETOOLONG, ENOENT, EPERM (another
 * user's).
 */
int pathmgr_unlink(const char *path);

__END_DECLS
