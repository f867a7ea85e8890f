/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device control: commands of a device, and how a command's number is made. QNX Neutrino C
 * Library Reference, devctl().
 */
#pragma once

#include <features.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Which way data goes, in the upper two bits of a command, seen from the client. */
#define _POSIX_DEVDIR_NONE          0
#define _POSIX_DEVDIR_TO            0x80000000u /* to the device */
#define _POSIX_DEVDIR_FROM          0x40000000u /* from the device */
#define _POSIX_DEVDIR_TOFROM        (_POSIX_DEVDIR_TO | _POSIX_DEVDIR_FROM)
#define _POSIX_DEVDIR_CMD_SIZE_MASK 0x3fffu

/*
 * A command: class and number in the lower 16 bits, the size of its data (below 16 KiB) above
 * them, the direction on top. An int, so that it can be a case of a switch on io_devctl_t's
 * dcmd.
 */
#define __KAMIOKA_DCMD(class_, cmd, size, direction)                    \
	((int)((((unsigned)(size)&_POSIX_DEVDIR_CMD_SIZE_MASK) << 16) | \
	       ((unsigned)(class_) << 8) | (unsigned)(cmd) | (unsigned)(direction)))
#define __DIOF(class_, cmd, type)  __KAMIOKA_DCMD(class_, cmd, sizeof(type), _POSIX_DEVDIR_FROM)
#define __DIOT(class_, cmd, type)  __KAMIOKA_DCMD(class_, cmd, sizeof(type), _POSIX_DEVDIR_TO)
#define __DIOTF(class_, cmd, type) __KAMIOKA_DCMD(class_, cmd, sizeof(type), _POSIX_DEVDIR_TOFROM)
#define __DION(class_, cmd)        __KAMIOKA_DCMD(class_, cmd, 0, _POSIX_DEVDIR_NONE)

/* The parts of a command. */
#define get_device_command(cmd)   ((int)((unsigned)(cmd)&0xffffu))
#define get_device_direction(cmd) ((int)((unsigned)(cmd)&_POSIX_DEVDIR_TOFROM))
#define get_device_size(cmd)      ((int)((unsigned)(cmd) >> 16 & _POSIX_DEVDIR_CMD_SIZE_MASK))

/* Classes. */
#define _DCMD_ALL   0x01 /* every resource manager */
#define _DCMD_FSYS  0x02
#define _DCMD_BLK   0x02
#define _DCMD_CHR   0x03
#define _DCMD_NET   0x04
#define _DCMD_MISC  0x05 /* for everybody */
#define _DCMD_IP    0x06
#define _DCMD_MIXER 0x07
#define _DCMD_PROC  0x08
#define _DCMD_MEM   0x09
#define _DCMD_INPUT 0x0a
#define _DCMD_CAM   0x0c
#define _DCMD_USB   0x0d
#define _DCMD_MEDIA 0x0e

/*
 * The data behind the header of a devctl message, in a resource manager: its argument is the
 * structure itself, _DEVCTL_DATA(msg->i) or _DEVCTL_DATA(msg->o).
 */
#define _DEVCTL_DATA(header) ((void *)((char *)&(header) + sizeof(header)))

__BEGIN_DECLS

/*
 * Sends command dcmd to the device behind fd; data goes there, comes back, or both, as the
 * command's direction says, nbytes at most. *info (may be NULL) is what the device says
 * besides. Returns EOK or an error number, never -1: EAGAIN, EBADF, EINTR, EINVAL, EIO,
 * ENOSYS (not known here), ENOTTY, ENXIO, EPERM, or the device's own. Blocks until the device
 * has answered.
 */
int devctl(int fd, int dcmd, void *data, size_t nbytes, int *info);
/* The same with data in parts: sv (sparts of them) goes there, rv (rparts) takes what comes. */
int devctlv(int fd, int dcmd, int sparts, int rparts, const struct iovec *sv,
	    const struct iovec *rv, int *info);
/* POSIX.26's name of devctl(). */
int posix_devctl(int fd, int dcmd, void *__restrict data, size_t nbytes, int *__restrict info);

__END_DECLS
