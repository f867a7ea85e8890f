/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QNX's <sys/procfs.h>, with glibc's header of that name, of which it is no kin, before
 * it: on some machines glibc's own <signal.h> needs types of that one.
 *
 * Commands to /proc/PID/as and /proc/PID/ctl. Each takes at least the bytes of its structure;
 * devctl() returns EOK or: EBADF, EINVAL (too few bytes, or they say nothing sensible), EPERM
 * (W: the descriptor must be open for writing), ESRCH (process or thread are gone), EBUSY (it
 * must be stopped for that, or must not be), ENOTTY. Those that fill an array store the number of all
 * there are where devctl()'s last argument points, and fill what there is room for; NULL
 * and 0 bytes ask for the number alone. None blocks, DCMD_PROC_WAITSTOP apart.
 */
#pragma GCC system_header
#include_next <sys/procfs.h>
/* Not while <signal.h> is half read: what follows needs all of it. */
#if !defined _KAMIOKA_SYS_PROCFS_H && !defined _KAMIOKA_IN_SIGNAL_H
#define _KAMIOKA_SYS_PROCFS_H

#include <features.h>
#include <stdint.h>
#include <limits.h>
#include <sys/types.h>

#ifdef __USE_QNX
#include <sys/dcmd_proc.h>
#include <sys/debug.h>
#include <sys/mman.h>
#include <sys/syspage.h>

typedef struct syspage_entry procfs_sysinfo;
typedef debug_process_t procfs_info;
typedef debug_thread_t procfs_status;
typedef debug_run_t procfs_run;
typedef debug_break_t procfs_break;
typedef debug_greg_t procfs_greg;
typedef debug_fpreg_t procfs_fpreg;
typedef debug_altreg_t procfs_altreg;
typedef debug_irq_t procfs_irq;
typedef debug_timer_t procfs_timer;
typedef debug_channel_t procfs_channel;
typedef debug_aspace_t procfs_asinfo;
typedef debug_thread_t procfs_status64;
typedef debug_run_t procfs_run64;
typedef debug_break_t procfs_break64;
typedef debug_irq_t procfs_irq64;
typedef debug_timer_t procfs_timer64;

typedef struct _procfs_signal {
	int32_t tid; /* 0: the process */
	int32_t signo;
	int32_t code;
	int32_t value;
} procfs_signal;

/*
 * A mapping. flags: MAP_SHARED, MAP_PRIVATE, MAP_ANON, MAP_STACK, MAP_ELF, PG_*, and how it may be
 * used. differs: as Linux's PROT_READ has the number of MAP_SHARED, the protection stands
 * eight bits higher: PROCFS_PROT() makes PROT_* of it.
 */
typedef struct _procfs_map_info {
	uint64_t vaddr;
	uint64_t size;
	uint32_t flags;
	dev_t dev;
	off_t offset;
	ino_t ino;
	uint64_t paddr; /* 0: nobody is told */
} procfs_mapinfo;

#define PROCFS_PROT_SHIFT  8
#define PROCFS_PROT(flags) ((int)((flags) >> PROCFS_PROT_SHIFT & 7u))

#ifndef MAP_ELF
#define MAP_ELF 0x01000000 /* of a program or library; only told, never asked for */
#endif
#ifndef PG_MASK
#define PG_MODIFIED   0x00100000
#define PG_REFERENCED 0x00200000
#define PG_HWMAPPED   0x00400000
#define PG_MASK       0x00700000
#endif

/* The caller puts room for the name behind it. */
typedef struct _procfs_debuginfo {
	uint64_t vaddr;
	char path[1]; /* ends with a 0 */
} procfs_debuginfo;

#define REGSET_GPREGS    0
#define REGSET_FPREGS    1
#define REGSET_ALTREGS   2
#define REGSET_PERFREGS  3
#define REGSET_STARTCPU  0x4000
#define REGSET_STARTPRIV 0x8000

typedef struct _procfs_regset {
	uint32_t id; /* REGSET_* */
	char buf[8192];
} procfs_regset;

typedef struct _procfs_threadctl {
	uint32_t tid;
	int32_t cmd;     /* _NTO_TCTL_* */
	char data[1024]; /* what ThreadCtl()'s pointer would lead to */
} procfs_threadctl;

#define PROCFS_ABILITY_ALLOW_ROOT      0x0001
#define PROCFS_ABILITY_ALLOW_NONROOT   0x0002
#define PROCFS_ABILITY_LOCK            0x0040
#define PROCFS_ABILITY_INHERIT         0x0080
#define PROCFS_ABILITY_DEFAULT_ROOT    0x0200
#define PROCFS_ABILITY_DEFAULT_NONROOT 0x0400
#define PROCFS_ABILITY_SUBRANGE        0x4000
#define PROCFS_ABILITY_UNCREATED       0x8000

/* Behind the abilities lie the ranges. */
typedef struct _procfs_abilities {
	uint32_t nbytes; /* in all */
	uint16_t snables, dnables;
	uint32_t nranges;
	uint16_t eol_flags;
	uint16_t ables[1];
} __attribute__((__packed__)) procfs_abilities;

typedef struct _procfs_ability_range {
	uint64_t lo, hi;
	uint16_t id, able;
} __attribute__((__packed__)) procfs_ability_range;

#define __KAMIOKA_PROC_OF(n, type)  __DIOF(_DCMD_PROC, __PROC_SUBCMD_PROCFS + (n), type)
#define __KAMIOKA_PROC_TO(n, type)  __DIOT(_DCMD_PROC, __PROC_SUBCMD_PROCFS + (n), type)
#define __KAMIOKA_PROC_TOF(n, type) __DIOTF(_DCMD_PROC, __PROC_SUBCMD_PROCFS + (n), type)

/* The system page. */
#define DCMD_PROC_SYSINFO       __KAMIOKA_PROC_OF(0, procfs_sysinfo)
/* The process. */
#define DCMD_PROC_INFO          __KAMIOKA_PROC_OF(1, procfs_info)
/* Its mappings, an array. */
#define DCMD_PROC_MAPINFO       __KAMIOKA_PROC_OF(2, procfs_mapinfo)
/* Which file is mapped at vaddr, and for which address it was linked; of the program. */
#define DCMD_PROC_MAPDEBUG      __KAMIOKA_PROC_TOF(3, procfs_debuginfo)
#define DCMD_PROC_MAPDEBUG_BASE __KAMIOKA_PROC_OF(3, procfs_debuginfo)
/* A signal to it or to a thread. */
#define DCMD_PROC_SIGNAL        __KAMIOKA_PROC_TO(4, procfs_signal)
/* W: all threads stop; the current one's status. NULL and 0 are allowed. */
#define DCMD_PROC_STOP          __KAMIOKA_PROC_OF(5, procfs_status)
/* W: waits until it stops. EINTR. */
#define DCMD_PROC_WAITSTOP      __KAMIOKA_PROC_OF(6, procfs_status)
/* The current thread; the thread tid or the next higher one. */
#define DCMD_PROC_STATUS        __KAMIOKA_PROC_OF(7, procfs_status)
#define DCMD_PROC_TIDSTATUS     __KAMIOKA_PROC_TOF(7, procfs_status)
/* This descriptor's current thread. A pthread_t's bytes are enough, too. */
#define DCMD_PROC_CURTHREAD     __KAMIOKA_PROC_TO(8, int32_t)
/* W: it goes on. */
#define DCMD_PROC_RUN           __KAMIOKA_PROC_TO(9, procfs_run)
/* The current thread's registers; their real size is stored besides. Setting: W. */
#define DCMD_PROC_GETGREG       __KAMIOKA_PROC_OF(10, procfs_greg)
#define DCMD_PROC_SETGREG       __KAMIOKA_PROC_TO(11, procfs_greg)
#define DCMD_PROC_GETFPREG      __KAMIOKA_PROC_OF(12, procfs_fpreg)
#define DCMD_PROC_SETFPREG      __KAMIOKA_PROC_TO(13, procfs_fpreg)
/* W: a breakpoint or watchpoint is set or taken away. */
#define DCMD_PROC_BREAK         __KAMIOKA_PROC_TOF(14, procfs_break)
/* W: a thread that is not to run, until it is thawed. */
#define DCMD_PROC_FREEZETHREAD  __KAMIOKA_PROC_TO(15, int32_t)
#define DCMD_PROC_THAWTHREAD    __KAMIOKA_PROC_TO(16, int32_t)
/* What is delivered at a stop, if armed by _DEBUG_RUN_ARM; goes with the descriptor. */
#define DCMD_PROC_EVENT         __KAMIOKA_PROC_TO(17, struct sigevent)
/* Bits of _DEBUG_FLAG_MASK. */
#define DCMD_PROC_SET_FLAG      __KAMIOKA_PROC_TO(18, uint32_t)
#define DCMD_PROC_CLEAR_FLAG    __KAMIOKA_PROC_TO(19, uint32_t)
/* DCMD_PROC_MAPINFO with PG_* flags. */
#define DCMD_PROC_PAGEDATA      __KAMIOKA_PROC_OF(20, procfs_mapinfo)
/* Neither machine has such registers. */
#define DCMD_PROC_GETALTREG     __KAMIOKA_PROC_OF(21, procfs_altreg)
#define DCMD_PROC_SETALTREG     __KAMIOKA_PROC_TO(22, procfs_altreg)
/* Arrays. */
#define DCMD_PROC_TIMERS        __KAMIOKA_PROC_OF(23, procfs_timer)
#define DCMD_PROC_IRQS          __KAMIOKA_PROC_OF(24, procfs_irq)
/* Registers by the set's id. Setting: W. */
#define DCMD_PROC_GETREGSET     __KAMIOKA_PROC_TOF(25, procfs_regset)
#define DCMD_PROC_SETREGSET     __KAMIOKA_PROC_TOF(26, procfs_regset)
/* ThreadCtl() in a thread. */
#define DCMD_PROC_THREADCTL     __KAMIOKA_PROC_TOF(27, procfs_threadctl)
/* W: what DCMD_PROC_BREAK has set, an array; channels, an array. */
#define DCMD_PROC_GET_BREAKLIST __KAMIOKA_PROC_OF(28, procfs_break)
#define DCMD_PROC_CHANNELS      __KAMIOKA_PROC_OF(29, procfs_channel)
/* Sums of the address space. */
#define DCMD_PROC_ASINFO        __KAMIOKA_PROC_OF(30, procfs_asinfo)
/* Mappings as the page tables have them, from the first element's vaddr on. */
#define DCMD_PROC_PTINFO        __KAMIOKA_PROC_TOF(34, procfs_mapinfo)
/* procmgr_ability() */
#define DCMD_PROC_ABILITIES     __KAMIOKA_PROC_OF(35, procfs_abilities)

/* The same: there are no other ones here. */
#define DCMD_PROC_STOP64          DCMD_PROC_STOP
#define DCMD_PROC_WAITSTOP64      DCMD_PROC_WAITSTOP
#define DCMD_PROC_STATUS64        DCMD_PROC_STATUS
#define DCMD_PROC_TIDSTATUS64     DCMD_PROC_TIDSTATUS
#define DCMD_PROC_RUN64           DCMD_PROC_RUN
#define DCMD_PROC_BREAK64         DCMD_PROC_BREAK
#define DCMD_PROC_EVENT64         DCMD_PROC_EVENT
#define DCMD_PROC_TIMERS64        DCMD_PROC_TIMERS
#define DCMD_PROC_IRQS64          DCMD_PROC_IRQS
#define DCMD_PROC_GET_BREAKLIST64 DCMD_PROC_GET_BREAKLIST
#endif

#endif
