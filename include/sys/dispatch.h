/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server's loop: one handle, on which names, message types, pulses and descriptors are
 * attached, and contexts, with which threads wait and handle. QNX Neutrino C Library
 * Reference, pages named as the functions.
 *
 * What fails returns -1 or NULL with errno, unless it says otherwise.
 */
#pragma GCC system_header
#pragma once

#include <features.h>
#include <pthread.h>
#include <signal.h>
#include <bits/types/siginfo_t.h>
#include <bits/types/sigset_t.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ftype.h>
#include <sys/iomsg.h>
#include <sys/neutrino.h>
#include <sys/resmgr.h>
#include <sys/types.h>
#include <time.h>

__BEGIN_DECLS

/* ---- Handles ---- */

/* dispatch_create_channel()'s flags */
#define DISPATCH_FLAG_NOLOCK            0x00000001 /* without effect: locks are cheap */
#define DISPATCH_FLAG_CHANNEL_COIDDEATH 0x40000000 /* the channel has COID_DISCONNECT */

/* A handle, without a channel yet: the first attach makes one, with _NTO_CHF_UNBLOCK and
 * _NTO_CHF_DISCONNECT. ENOMEM. */
dispatch_t *dispatch_create(void);
/* The same on a channel that stays the caller's; with resmgr_attach() it needs the two flags
 * above. chid -1: make one now. */
dispatch_t *dispatch_create_channel(int chid, unsigned flags);
/* Detaches all; destroys a channel that it made. No thread may use it any more. EINVAL. */
int dispatch_destroy(dispatch_t *dpp);

/* ---- Contexts and the loop ---- */

/* select_attach()'s function gets one. */
typedef struct _select_context {
	int rcvid; /* 0 */
	struct _msg_info info;
	resmgr_iomsgs_t *msg;
	dispatch_t *dpp;
	int fd; /* what it is about */
	struct _extended_context *extra;
	size_t msg_max_size;
	long reserved[3];
	iov_t iov[0];
} select_context_t;

/* sigwait_attach()'s function would get one. */
typedef struct _sigwait_context {
	int signo;
	siginfo_t info;
	void *msg;
	dispatch_t *dpp;
	int status;
	sigset_t set;
} sigwait_context_t;

/* What dispatch_block() has received. */
typedef union _dispatch_context {
	resmgr_context_t resmgr_context;
	message_context_t message_context;
	select_context_t select_context;
	sigwait_context_t sigwait_context;
} dispatch_context_t;

/* What a message was for. */
enum dispatch_type {
	DISPATCH_ERROR = -1,
	DISPATCH_NONE = 0,
	DISPATCH_TIMEOUT,
	DISPATCH_RESMGR,
	DISPATCH_MESSAGE,
	DISPATCH_SELECT,
	DISPATCH_SIGWAIT,
	DISPATCH_MAX
};

/*
 * A context for the calling thread, with room for the largest message and the most parts
 * attached so far; attaching more than that is EINVAL from then on. NULL: EINVAL (nothing
 * attached yet), ENOMEM.
 */
dispatch_context_t *dispatch_context_alloc(dispatch_t *dpp);
void dispatch_context_free(dispatch_context_t *ctp);
/*
 * Blocks for the next message or pulse. Returns the context to go on with. NULL with errno
 * (EINTR, EFAULT, ESRCH): the old one stays good. When dispatch_timeout()'s time is over,
 * its message_context.rcvid is -1.
 */
dispatch_context_t *dispatch_block(dispatch_context_t *ctp);
/* Calls who is attached for it. 0, or -1: nobody is; a client has its answer in any case. */
int dispatch_handler(dispatch_context_t *ctp);
/* Lets all threads return that are in dispatch_block() on ctp's handle. */
void dispatch_unblock(dispatch_context_t *ctp);
/* How long dispatch_block() waits from now on; NULL or 0: for ever. 0. */
int dispatch_timeout(dispatch_t *dpp, struct timespec *reltime);

/* ---- Messages and pulses ---- */

/* message_attr_t.flags, and the flags of what follows */
#define MSG_FLAG_TYPE_PULSE   0x0001
#define MSG_FLAG_ALLOC_PULSE  0x0002 /* any free code */
#define MSG_FLAG_TYPE_SELECT  0x0004
#define MSG_FLAG_TYPE_RESMGR  0x0008
#define MSG_FLAG_DEFAULT_FUNC 0x0100 /* what nothing else handles; no range */
#define MSG_FLAG_SIDE_CHANNEL 0x0200 /* message_connect(): not among the descriptors */
#define MSG_FLAG_CROSS_ENDIAN 0x0400 /* without effect: there is one machine */

typedef struct _message_attr {
	unsigned flags; /* MSG_FLAG_* */
	unsigned nparts_max;
	size_t msg_max_size;
	unsigned reserved[5];
} message_attr_t;

/* Have func called for messages of type low to high, above _IO_MAX; it replies itself, code is
 * the type. attr may be NULL. 0, or -1: EINVAL (range, overlap, size), ENOMEM. */
int message_attach(dispatch_t *dpp, message_attr_t *attr, int low, int high,
		   int (*func)(message_context_t *ctp, int code, unsigned flags, void *handle),
		   void *handle);
/* low and high as they were attached. EINVAL. */
int message_detach(dispatch_t *dpp, int low, int high, int flags);
/* Have func called for pulses of code, or with MSG_FLAG_ALLOC_PULSE of a free one. Returns the
 * code, or -1: EAGAIN (no free one), EINVAL, ENOMEM. */
int pulse_attach(dispatch_t *dpp, int flags, int code,
		 int (*func)(message_context_t *ctp, int code, unsigned flags, void *handle),
		 void *handle);
int pulse_detach(dispatch_t *dpp, int code, int flags);
/* A connection to the handle's own channel. EINVAL: it has none yet; or ConnectAttach()'s. */
int message_connect(dispatch_t *dpp, int flags);

/* ---- Names ---- */

/*
 * Attach path, and with _RESMGR_FLAG_DIR all below it, as file_type: its clients' messages go
 * to the functions of the two tables, with handle. Tables and handle stay the caller's and
 * must live until resmgr_detach(). attr may be NULL; path NULL publishes nothing, or with
 * _RESMGR_FLAG_FTYPEONLY the type alone. Returns an id, 0 or more, or -1: EBUSY, EEXIST,
 * EINVAL, ENOMEM, ENOTDIR, EPERM.
 */
int resmgr_attach(dispatch_t *dpp, resmgr_attr_t *attr, const char *path, enum _file_type file_type,
		  unsigned flags, const resmgr_connect_funcs_t *connect_funcs,
		  const resmgr_io_funcs_t *io_funcs, RESMGR_HANDLE_T *handle);
/* Detach it; flags: _RESMGR_DETACH_*. Blocks until no handler of it runs, but for the caller's
 * own. 0, or -1: EINVAL, ENOENT (it is being detached). */
int resmgr_detach(dispatch_t *dpp, int id, unsigned flags);
/* The same from within a handler. */
int resmgr_detach_ctp(dispatch_t *dpp, resmgr_context_t *ctp, int id, unsigned flags);

/* ---- Descriptors and signals ---- */

/* select_attach()'s flags: when, and how often */
#define SELECT_FLAG_REARM     0x0001 /* again and again */
#define SELECT_FLAG_SRVEXCEPT 0x0002 /* a server of this process died; fd is ignored */
#define SELECT_FLAG_NOREARM   0x0004 /* once, until select_rearm() */
#define SELECT_FLAG_READ      _NOTIFY_COND_INPUT
#define SELECT_FLAG_WRITE     _NOTIFY_COND_OUTPUT
#define SELECT_FLAG_EXCEPT    _NOTIFY_COND_OBAND

typedef struct _select_attr {
	unsigned flags;
} select_attr_t;

/* Have func called when fd is ready as flags say. Built on ionotify(). 0, or -1: EINVAL,
 * ENOMEM, ionotify()'s. */
int select_attach(void *dpp, select_attr_t *attr, int fd, unsigned flags,
		  int (*func)(select_context_t *ctp, int fd, unsigned flags, void *handle),
		  void *handle);
/* EINVAL: it is not attached. */
int select_detach(void *dpp, int fd);
/* What ctp is about; each pointer may be NULL. */
int select_query(select_context_t *ctp, int *fd, unsigned *flags,
		 int (**func)(select_context_t *ctp, int fd, unsigned flags, void *handle),
		 void **handle);
/* Arm it again. */
dispatch_context_t *select_rearm(dispatch_context_t *ctp, int fd);

#define SIGWAIT_FLAG_ALLOC_SIG   1
#define SIGWAIT_FLAG_TYPE_SELECT 2
typedef struct _sigwait_attr {
	unsigned flags;
} sigwait_attr_t;
/* ENOSYS, as documented. */
int sigwait_attach(void *dpp, sigwait_attr_t *attr, int signo,
		   int (*func)(sigwait_context_t *ctp, void *handle), void *handle);
int sigwait_detach(void *dpp, int signo);

/* ---- Thread pools ---- */

#ifndef THREAD_POOL_HANDLE_T
#define THREAD_POOL_HANDLE_T dispatch_t
#endif

/* How threads come and go. For dispatch: define THREAD_POOL_PARAM_T as dispatch_context_t
 * before the includes, and give it the functions dispatch_*(). */
typedef struct _thread_pool_attr {
	THREAD_POOL_HANDLE_T *handle; /* for context_alloc */
	/* wait for work; returns the context to go on with, NULL on an error */
	THREAD_POOL_PARAM_T *(*block_func)(THREAD_POOL_PARAM_T *ctp);
	/* let those return who are in block_func */
	void (*unblock_func)(THREAD_POOL_PARAM_T *ctp);
	/* do it */
	int (*handler_func)(THREAD_POOL_PARAM_T *ctp);
	/* at a thread's begin and end */
	THREAD_POOL_PARAM_T *(*context_alloc)(THREAD_POOL_HANDLE_T *handle);
	void (*context_free)(THREAD_POOL_PARAM_T *ctp);
	pthread_attr_t *attr;     /* of threads; NULL: the default */
	unsigned short lo_water;  /* threads that shall wait, at least */
	unsigned short increment; /* threads that are made at a time */
	unsigned short hi_water;  /* threads that shall wait, at most */
	unsigned short maximum;   /* threads, all in all */
	const char *tid_name;     /* of threads; must stay */
	unsigned reserved[7];
} thread_pool_attr_t;

typedef struct _thread_pool thread_pool_t;

/* thread_pool_create()'s flags; 0: thread_pool_start() returns */
#define POOL_FLAG_EXIT_SELF 0x0001 /* its caller ends */
#define POOL_FLAG_USE_SELF  0x0002 /* its caller becomes one of the pool */
#define POOL_FLAG_EXITING   0x0004
#define POOL_FLAG_CHANGING  0x0008
#define POOL_FLAG_RESERVE   0x0010
#define POOL_FLAG_CONTROL   0x0020

/* thread_pool_control()'s flags: which members of attr count */
#define THREAD_POOL_CONTROL_HIWATER   0x0001
#define THREAD_POOL_CONTROL_LOWATER   0x0002
#define THREAD_POOL_CONTROL_MAXIMUM   0x0004
#define THREAD_POOL_CONTROL_INCREMENT 0x0008
#define THREAD_POOL_CONTROL_NONBLOCK  0x4000

/* Zeros; a name for programs that want one. */
extern thread_pool_attr_t *thread_pool_attr_default;

/* No thread is made yet. *attr is copied. NULL: EINVAL, ENOMEM. */
thread_pool_t *thread_pool_create(thread_pool_attr_t *attr, unsigned flags);
/* Makes lo_water threads. EOK, or -1. */
int thread_pool_start(void *pool);
/* Change the counts, and with lower and upper the number of threads: blocks until it lies
 * between them, unless NONBLOCK. 0, or -1: EINVAL. */
int thread_pool_control(thread_pool_t *pool, thread_pool_attr_t *attr, uint16_t lower,
			uint16_t upper, unsigned flags);
/* The same for the counts alone; negative: as it is. */
int thread_pool_limits(thread_pool_t *pool, int lowater, int hiwater, int maximum, int increment,
		       unsigned flags);
/* Lets all threads end, waits for them, frees the pool. Not for a thread of the pool: -1 with
 * EDEADLK. */
int thread_pool_destroy(thread_pool_t *pool);

__END_DECLS

#include <sys/name.h>
