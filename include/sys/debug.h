/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a debugger is told and tells: processes, threads, breakpoints, registers. The commands
 * that carry these are in <sys/procfs.h>. QNX Neutrino Programmer's Guide, controlling processes
 * via the /proc filesystem.
 *
 * differs: thread ids are int32_t, as pthread_t is no number here; sets of signals and siginfo_t are
 * Linux's, and larger than QNX's. Times are nanoseconds, addresses the target's.
 */
#pragma once

#include <features.h>
#include <stdint.h>
#include <time.h>
#include <bits/neutrino_process.h>
#include <bits/neutrino_time.h>
#include <bits/types/sigevent_t.h>
#include <bits/types/siginfo_t.h>
#include <bits/types/sigset_t.h>
#include <sys/fault.h>
#include <sys/states.h>
#include <sys/types.h>
#include <aarch64/context.h>
#include <x86_64/context.h>

/* Of FLT* numbers. sigemptyset(), sigaddset() and their kind are for it, too; glibc's refuse 32
 * and 33, so FLTNMI and FLTDBLFLT, which no program can meet here, are in no set. */
typedef sigset_t fltset_t;

/* ---- Threads ---- */

/* debug_thread_t.flags */
#define _DEBUG_FLAG_STOPPED      0x00000001 /* it does not run */
#define _DEBUG_FLAG_ISTOP        0x00000002 /* stopped at a point of interest */
#define _DEBUG_FLAG_IPINVAL      0x00000010 /* ip is not valid */
#define _DEBUG_FLAG_ISSYS        0x00000020 /* of the system process */
#define _DEBUG_FLAG_SSTEP        0x00000040 /* stopped after a single step */
#define _DEBUG_FLAG_CURTID       0x00000080 /* the current thread */
#define _DEBUG_FLAG_TRACE_EXEC   0x00000100 /* stopped at a breakpoint, */
#define _DEBUG_FLAG_TRACE_RD     0x00000200 /* by reading what is watched, */
#define _DEBUG_FLAG_TRACE_WR     0x00000400 /* by writing it, */
#define _DEBUG_FLAG_TRACE_MODIFY 0x00000800 /* or as it has changed */
#define _DEBUG_FLAG_TRACE                                                       \
	(_DEBUG_FLAG_TRACE_EXEC | _DEBUG_FLAG_TRACE_RD | _DEBUG_FLAG_TRACE_WR | \
	 _DEBUG_FLAG_TRACE_MODIFY)
/* DCMD_PROC_SET_FLAG and DCMD_PROC_CLEAR_FLAG change these. */
#define _DEBUG_FLAG_RLC       0x00010000 /* the process runs on at the last close */
#define _DEBUG_FLAG_KLC       0x00020000 /* it is killed at the last close */
#define _DEBUG_FLAG_FORK      0x00040000 /* its children inherit the flags and stop */
#define _DEBUG_FLAG_EXEC      0x00080000 /* it stops at exec */
#define _DEBUG_FLAG_MASK      0x000f0000
#define _DEBUG_FLAG_THREAD_EV 0x00100000 /* it stops when a thread begins or ends */
#define _DEBUG_FLAG_64BIT     0x00200000
#define _DEBUG_FLAG_DETACHING 0x00400000

/* debug_thread_t.why; what is behind the name */
#define _DEBUG_WHY_REQUESTED  0 /* DCMD_PROC_STOP */
#define _DEBUG_WHY_SIGNALLED  1 /* a signal of the traced set: its number */
#define _DEBUG_WHY_FAULTED    2 /* a fault of the traced set: FLT* */
#define _DEBUG_WHY_JOBCONTROL 3 /* job control: the signal */
#define _DEBUG_WHY_TERMINATED 4 /* its end: the status */
#define _DEBUG_WHY_CHILD      5 /* a child is there, blocked.fork_event: _DEBUG_WHAT_FORK ... */
#define _DEBUG_WHY_EXEC       6
#define _DEBUG_WHY_THREAD     7 /* blocked.thread_event: _DEBUG_WHAT_CREATED, _DESTROYED */

#define _DEBUG_WHAT_FORK      0
#define _DEBUG_WHAT_VFORK     1
#define _DEBUG_WHAT_SPAWN     2
#define _DEBUG_WHAT_DESTROYED 0
#define _DEBUG_WHAT_CREATED   1

#define BLOCKED_CONNECT_FLAGS_SERVERMON 0x01

typedef struct _debug_thread_info {
	pid_t pid;
	int32_t tid; /* from 1 on */
	uint32_t flags;
	uint16_t why, what;
	uint64_t ip, sp;
	uint64_t stkbase; /* lowest address of the stack */
	uint64_t tls;
	uint32_t stksize;
	uint32_t tid_flags;    /* _NTO_TF_* */
	uint8_t priority;      /* may be another thread's, while that waits */
	uint8_t real_priority; /* its own */
	uint8_t policy;        /* SCHED_* */
	uint8_t state;         /* STATE_* */
	int16_t syscall;       /* the last one */
	uint16_t last_cpu;
	uint32_t timeout;  /* 1 << STATE_*: of TimerTimeout() */
	int32_t last_chid; /* where it received last */
	sigset_t sig_blocked;
	sigset_t sig_pending;
	union {
		struct {
			int32_t tid;
		} join; /* STATE_JOIN, STATE_WAITTHREAD */
		struct {
			int64_t id;
			uint64_t sync; /* address */
		} sync;                /* STATE_MUTEX, STATE_CONDVAR, STATE_SEM */
		struct {
			uint32_t nd;
			pid_t pid;
			int32_t coid, chid, scoid;
			uint32_t flags; /* BLOCKED_CONNECT_FLAGS_* */
		} connect;              /* STATE_SEND, STATE_REPLY */
		struct {
			int32_t chid;
		} channel; /* STATE_RECEIVE */
		struct {
			pid_t pid;
			uint32_t flags;
			uint64_t vaddr;
		} waitpage; /* STATE_WAITPAGE */
		struct {
			uint32_t size;
		} stack; /* STATE_STACK */
		struct {
			int32_t tid;
		} thread_event; /* _DEBUG_WHY_THREAD */
		struct {
			pid_t child;
		} fork_event; /* _DEBUG_WHY_CHILD */
		uint64_t filler[4];
	} blocked;
	uint64_t start_time;
	uint64_t sutime; /* has run, in user and system mode */
	uint8_t extsched[8];
	uint64_t nsec_since_block; /* 0: READY or RUNNING */
	siginfo_t info;            /* what stopped or killed it */
	uint64_t reserved2[4];
} debug_thread_t;
typedef debug_thread_t debug_thread64_t;

/* ---- Processes ---- */

typedef struct _debug_process_info {
	pid_t pid, parent;
	uint32_t flags; /* _NTO_PF_* */
	uint32_t umask;
	pid_t child, sibling; /* its first child, the next child of its parent; 0: none */
	pid_t pgrp, sid;
	uint64_t base_address;  /* of the program */
	uint64_t initial_stack; /* argc, argv and environ are there */
	uid_t uid;
	gid_t gid;
	uid_t euid;
	gid_t egid;
	uid_t suid;
	gid_t sgid;
	sigset_t sig_ignore;
	sigset_t sig_queue;
	sigset_t sig_pending;
	uint32_t num_chancons, num_fdcons, num_threads, num_timers;
	uint64_t start_time;
	uint64_t utime, stime, cutime, cstime;
	uint8_t priority;
	uint8_t crit_proc;
	uint8_t reserved2[6];
	uint8_t extsched[8];
	uint64_t pls, sigstub, canstub; /* 0 */
	uint64_t private_mem;           /* bytes */
	uint32_t appid, type_id;        /* 0 */
	uint64_t reserved[8];
} debug_process_t;

typedef struct _debug_aspace {
	uint64_t as_size, as_used; /* bytes */
	uint64_t map_count, map_private, map_shared;
	uint64_t rss; /* bytes */
	uint64_t reserved[10];
} debug_aspace_t;

typedef struct _debug_channel {
	unsigned chid;
	uint8_t type;
	uint8_t zero;
	uint16_t flags; /* _NTO_CHF_* */
	unsigned send_queue_depth, pulse_queue_depth, receive_queue_depth, reply_queue_depth;
	unsigned type_id;
	unsigned pad[5];
} debug_channel_t;

typedef struct _debug_timer {
	int32_t id;
	unsigned spare;
	struct _timer_info info;
} debug_timer_t;

typedef struct _debug_irq {
	pid_t pid;
	int32_t tid;
	unsigned flags;
	unsigned latency;
	unsigned mask_count;
	int id;
	unsigned vector;
	uint64_t handler, area;
	struct sigevent event;
} debug_irq_t;

/* ---- Going on ---- */

/* debug_run_t.flags */
#define _DEBUG_RUN_CLRSIG   0x00000001 /* forget the signal that stopped it */
#define _DEBUG_RUN_CLRFLT   0x00000002 /* forget the fault that stopped it */
#define _DEBUG_RUN_TRACE    0x00000004 /* stop at the signals of trace */
#define _DEBUG_RUN_HOLD     0x00000008 /* hold is given */
#define _DEBUG_RUN_FAULT    0x00000010 /* stop at the faults of fault */
#define _DEBUG_RUN_VADDR    0x00000020 /* go on at ip */
#define _DEBUG_RUN_STEP     0x00000040 /* one instruction of the thread, the others stand */
#define _DEBUG_RUN_STEP_ALL 0x00000080 /* one instruction of the thread, the others run */
#define _DEBUG_RUN_CURTID   0x00000100 /* tid becomes the current thread */
#define _DEBUG_RUN_ARM      0x00000200 /* deliver DCMD_PROC_EVENT's event at the next stop */
#define _DEBUG_RUN_THREAD   0x00000400 /* stop when threads begin and end */
#define _DEBUG_RUN_CHILD    0x00000800 /* deliver when it forks or spawns */
#define _DEBUG_RUN_EXEC     0x00001000 /* deliver when it executes */

typedef struct _debug_run {
	uint32_t flags;
	int32_t tid;
	sigset_t trace;
	sigset_t hold;
	fltset_t fault;
	uint64_t ip;
} debug_run_t;
typedef debug_run_t debug_run64_t;

/* debug_break_t.type */
#define _DEBUG_BREAK_EXEC   0x0001
#define _DEBUG_BREAK_RD     0x0002
#define _DEBUG_BREAK_WR     0x0004
#define _DEBUG_BREAK_RW     0x0006
#define _DEBUG_BREAK_MODIFY 0x0008 /* or-ed to the others: this one, if they cannot be had */
#define _DEBUG_BREAK_RDM    0x000a
#define _DEBUG_BREAK_WRM    0x000c
#define _DEBUG_BREAK_RWM    0x000e
#define _DEBUG_BREAK_MASK   0x000f
#define _DEBUG_BREAK_HW     0x0010 /* by the processor only */
#define _DEBUG_BREAK_SOFT   0x8000

typedef struct _debug_break {
	uint16_t type;
	int16_t size; /* 0: breakpoint; 1..8: bytes watched; -1: take it away */
	uint64_t addr;
} debug_break_t;
typedef debug_break_t debug_break64_t;

/* ---- Registers: the machine's member is filled ---- */

typedef union _debug_gregs {
	X86_64_CPU_REGISTERS x86_64;
	AARCH64_CPU_REGISTERS aarch64;
	uint64_t padding[1024];
} debug_greg_t;

typedef union _debug_fpregs {
	X86_64_FPU_REGISTERS x86_64;
	AARCH64_FPU_REGISTERS aarch64;
	uint64_t padding[1024];
} debug_fpreg_t;

/* Neither machine has any. */
typedef union _debug_altregs {
	uint64_t padding[1024];
} debug_altreg_t;

typedef union _debug_perfregs {
	X86_64_PERF_REGISTERS x86_64;
	uint64_t padding[1024];
} debug_perfreg_t;
