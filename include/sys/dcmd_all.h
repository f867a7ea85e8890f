/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that every resource manager knows: iofunc_devctl_default() has them. */
#pragma once

#include <devctl.h>
#include <stdint.h>
#include <sys/types.h>

/* The flags of the open file: what fcntl(F_GETFL) and (F_SETFL) use. */
#define DCMD_ALL_GETFLAGS      __DIOF(_DCMD_ALL, 1, int)
#define DCMD_ALL_SETFLAGS      __DIOT(_DCMD_ALL, 2, int)
/* The _MOUNT_* flags of what it lies on. */
#define DCMD_ALL_GETMOUNTFLAGS __DIOF(_DCMD_ALL, 3, int)
/* Who gets SIGIO: fcntl(F_GETOWN) and (F_SETOWN). */
#define DCMD_ALL_GETOWN        __DIOF(_DCMD_ALL, 4, pid_t)
#define DCMD_ALL_SETOWN        __DIOT(_DCMD_ALL, 5, pid_t)
/* posix_fadvise() */
struct _fadvise {
	uint64_t start, len;
	int32_t advice;
	uint32_t spare[2];
};
#define DCMD_ALL_FADVISE __DIOT(_DCMD_ALL, 6, struct _fadvise)
