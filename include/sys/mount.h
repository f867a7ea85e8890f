/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wraps glibc's <sys/mount.h>: adds the names of QNX's flags, which a resource manager has in
 * iofunc_mount_t.flags. mount() and umount() are Linux's.
 */
#pragma GCC system_header
#include_next <sys/mount.h>
#ifndef _KAMIOKA_SYS_MOUNT_H
#define _KAMIOKA_SYS_MOUNT_H

#define _MOUNT_READONLY  0x0001
#define _MOUNT_NOEXEC    0x0002
#define _MOUNT_NOSUID    0x0004
#define _MOUNT_NOCREAT   0x0008
#define _MOUNT_OFF32     0x0010
#define _MOUNT_NOATIME   0x0020
#define _MOUNT_BEFORE    0x0040
#define _MOUNT_AFTER     0x0080
#define _MOUNT_OPAQUE    0x0100
#define _MOUNT_UNMOUNT   0x0200
#define _MOUNT_REMOUNT   0x0400
#define _MOUNT_FORCE     0x0800
#define _MOUNT_IMPLIED   0x1000
#define _MOUNT_ATTACH    0x2000
#define _MOUNT_ENUMERATE 0x4000
/* What of it stays with the mount. */
#define _MOUNT_MASK      0x00ff

#endif
