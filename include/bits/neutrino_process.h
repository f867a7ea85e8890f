/* SPDX-License-Identifier: Apache-2.0 */
/* The part of <sys/neutrino.h> that says how processes and threads are: what the /proc
 * filesystem tells in procfs_info.flags and procfs_status.tid_flags. 7.1's numbers. */
#pragma once

#define _NTO_PF_NOCLDSTOP     0x00000001
#define _NTO_PF_LOADING       0x00000002
#define _NTO_PF_TERMING       0x00000004
#define _NTO_PF_ZOMBIE        0x00000008
#define _NTO_PF_NOZOMBIE      0x00000010
#define _NTO_PF_FORKED        0x00000020
#define _NTO_PF_ORPHAN_PGRP   0x00000040
#define _NTO_PF_STOPPED       0x00000080
#define _NTO_PF_DEBUG_STOPPED 0x00000100
#define _NTO_PF_BKGND_PGRP    0x00000200
#define _NTO_PF_NOISYNC       0x00000400
#define _NTO_PF_CONTINUED     0x00000800
#define _NTO_PF_CHECK_INTR    0x00001000
#define _NTO_PF_COREDUMP      0x00002000
#define _NTO_PF_RING0         0x00008000
#define _NTO_PF_SLEADER       0x00010000
#define _NTO_PF_WAITINFO      0x00020000
#define _NTO_PF_DESTROYALL    0x00080000
#define _NTO_PF_NOCOREDUMP    0x00100000
#define _NTO_PF_WAITDONE      0x00400000
#define _NTO_PF_TERM_WAITING  0x00800000
#define _NTO_PF_ASLR          0x01000000
#define _NTO_PF_EXECED        0x02000000
#define _NTO_PF_APP_STOPPED   0x04000000
#define _NTO_PF_64BIT         0x08000000
#define _NTO_PF_NET           0x10000000
#define _NTO_PF_NOLAZYSTACK   0x20000000
#define _NTO_PF_NOEXEC_STACK  0x40000000
#define _NTO_PF_LOADER_PERMS  0x80000000

#define _NTO_TF_INTR_PENDING   0x00010000
#define _NTO_TF_DETACHED       0x00020000
#define _NTO_TF_SHR_MUTEX      0x00040000
#define _NTO_TF_SHR_MUTEX_EUID 0x00080000
#define _NTO_TF_THREADS_HOLD   0x00100000
#define _NTO_TF_UNBLOCK_REQ    0x00400000
#define _NTO_TF_ALIGN_FAULT    0x01000000
#define _NTO_TF_SSTEP          0x02000000
#define _NTO_TF_ALLOCED_STACK  0x04000000
#define _NTO_TF_NOMULTISIG     0x08000000
#define _NTO_TF_LOW_LATENCY    0x10000000
#define _NTO_TF_IOPRIV         0x80000000
