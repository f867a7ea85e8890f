/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of <sys/neutrino.h> that is about threads, their scheduling, and signals.
 * Conventions as there. A tid is the kernel's id of a thread, 0 the calling thread or the
 * whole process as the call says; 1 names a process's first thread, as on QNX.
 */
#pragma once
#pragma GCC system_header /* C++ has no arrays without a size */

#include <features.h>
#include <stdint.h>
#include <sched.h>
#include <signal.h>
#include <sys/types.h>

/* ThreadCtl(): what data is stands beside the command. */
#define _NTO_TCTL_IO_PRIV                     1  /* as _NTO_TCTL_IO */
#define _NTO_TCTL_THREADS_HOLD                2  /* ENOTSUP */
#define _NTO_TCTL_THREADS_CONT                3  /* ENOTSUP */
#define _NTO_TCTL_RUNMASK                     4  /* the mask itself, a bit for each processor */
#define _NTO_TCTL_ALIGN_FAULT                 5  /* int *: > 0 on, < 0 off; in return the former */
#define _NTO_TCTL_RUNMASK_GET_AND_SET         6  /* unsigned *: 0 only gets; in return the former */
#define _NTO_TCTL_PERFCOUNT                   7  /* ENOTSUP */
#define _NTO_TCTL_ONE_THREAD_HOLD             8  /* ENOTSUP */
#define _NTO_TCTL_ONE_THREAD_CONT             9  /* ENOTSUP */
#define _NTO_TCTL_RUNMASK_GET_AND_SET_INHERIT 10 /* struct _thread_runmask * */
#define _NTO_TCTL_NAME                        11 /* struct _thread_name * */
#define _NTO_TCTL_RCM_GET_AND_SET             12 /* int *: recorded; in return the former */
#define _NTO_TCTL_SHR_MUTEX                   13 /* ENOTSUP */
#define _NTO_TCTL_IO                          14 /* EPERM: no program here may do I/O */
#define _NTO_TCTL_LOW_LATENCY                 16 /* accepted, without effect */
#define _NTO_TCTL_ADD_EXIT_EVENT              17 /* ENOTSUP */
#define _NTO_TCTL_DEL_EXIT_EVENT              18 /* ENOTSUP */
#define _NTO_TCTL_IO_LEVEL                    19 /* EPERM, but for _NTO_IO_LEVEL_NONE */

#define _NTO_IO_LEVEL_NONE    1
#define _NTO_IO_LEVEL_1       2
#define _NTO_IO_LEVEL_2       3
#define _NTO_IO_LEVEL_INHERIT 0x10000

/* The longest name of a thread, its 0 included. */
#define _NTO_THREAD_NAME_MAX 100

struct _thread_name {
	int new_name_len; /* < 0: only get; 0: remove; else of name_buf */
	int name_buf_len; /* bytes for the former name, its 0 included */
	char name_buf[];  /* the new name; in return the former */
};

/*
 * Two masks of size unsigneds each follow: where the thread runs, and what its future
 * threads inherit. A mask of zeros is not set. In return the former ones.
 */
struct _thread_runmask {
	int size;
	unsigned masks[];
};
/* For a mask of a number of processors: its unsigneds; set, clear, look at one's bit. */
#define RMSK_SIZE(n_cpu)      (((n_cpu)-1) / (int)(8 * sizeof(unsigned)) + 1)
#define RMSK_SET(cpu, mask)   ((mask)[(cpu) / 32] |= 1u << ((cpu) % 32))
#define RMSK_CLR(cpu, mask)   ((mask)[(cpu) / 32] &= ~(1u << ((cpu) % 32)))
#define RMSK_ISSET(cpu, mask) ((mask)[(cpu) / 32] & (1u << ((cpu) % 32)))

/* SchedInfo(). */
struct _sched_info {
	int priority_lo;   /* lowest and */
	int priority_hi;   /* highest priority of the policy */
	uint64_t interval; /* nanoseconds between two threads of one priority; 0: for ever */
	int priority_priv; /* the lowest for which a program needs a privilege */
	int reserved[11];
};

__BEGIN_DECLS

/* Controls the calling thread. None blocks. EINVAL, ENOTSUP, EPERM; see the commands. */
int ThreadCtl(int cmd, void *data);
int ThreadCtl_r(int cmd, void *data); /* pos */
/* Thread tid of process pid, which must be the calling one (0, or by its id). ESRCH. */
int ThreadCtlExt(pid_t pid, int tid, int cmd, void *data);
int ThreadCtlExt_r(pid_t pid, int tid, int cmd, void *data); /* pos */

/*
 * Policy (returned; 0 is SCHED_OTHER) and priority of a thread: of the caller with pid and
 * tid 0. QNX's priorities, 1 to 255, order messages; the kernel schedules by them as far as
 * it lets the user. ESRCH.
 */
int SchedGet(pid_t pid, int tid, struct sched_param *param);
int SchedGet_r(pid_t pid, int tid, struct sched_param *param); /* neg */
/* EINVAL (a priority that there is not), ESRCH; never EPERM for an own thread. */
int SchedSet(pid_t pid, int tid, int policy, const struct sched_param *param);
int SchedSet_r(pid_t pid, int tid, int policy, const struct sched_param *param); /* pos */
/* What a policy has. EINVAL, ESRCH. */
int SchedInfo(pid_t pid, int policy, struct _sched_info *info);
int SchedInfo_r(pid_t pid, int policy, struct _sched_info *info); /* pos */
/* Lets other threads of the same priority run. */
int SchedYield(void);
int SchedYield_r(void); /* pos */

/*
 * A signal to process pid (> 0), its thread tid (if > 0), the own group (0) or group -pid;
 * signo 0: is it there? With code and value; a code that only the kernel may use, 0 or
 * more, goes as SI_USER and without value, as all to groups. nd: this node. EAGAIN,
 * EINVAL, ENOREMOTE, EPERM, ESRCH.
 */
int SignalKill(uint32_t nd, pid_t pid, int tid, int signo, int code, int value);
int SignalKill_r(uint32_t nd, pid_t pid, int tid, int signo, int code, int value); /* pos */
int SignalKillSigval(uint32_t nd, pid_t pid, int tid, int signo, int code, const __sigval_t *value);
int SignalKillSigval_r(uint32_t nd, pid_t pid, int tid, int signo, int code,
		       const __sigval_t *value); /* pos */

__END_DECLS
