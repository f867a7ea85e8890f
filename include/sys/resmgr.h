/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resource managers: tables of handlers, the context they get, what they may return. QNX
 * Neutrino, Writing a Resource Manager. Attaching is in <sys/dispatch.h>.
 *
 * A program with structures of its own defines RESMGR_HANDLE_T and RESMGR_OCB_T before it
 * includes this, or better IOFUNC_ATTR_T and IOFUNC_OCB_T before <sys/iofunc.h>, included
 * first. They are what handlers get pointers to; the library never looks behind them.
 */
#pragma GCC system_header
#pragma once

#include <features.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/iomsg.h>
#include <sys/neutrino.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef RESMGR_HANDLE_T
#define RESMGR_HANDLE_T void
#endif
#ifndef RESMGR_OCB_T
#define RESMGR_OCB_T void
#endif
#ifndef THREAD_POOL_PARAM_T
#define THREAD_POOL_PARAM_T resmgr_context_t
#endif

typedef struct _dispatch dispatch_t;

/* All messages that a resource manager gets. */
typedef union _resmgr_iomsgs {
	unsigned short type;
	struct _pulse pulse;
	struct _io_connect connect;
	io_open_t open;
	io_unlink_t unlink;
	io_rename_t rename;
	io_mknod_t mknod;
	io_readlink_t readlink;
	io_link_t link;
	io_mount_t mount;
	io_combine_t combine;
	io_close_t close;
	io_write_t write;
	io_read_t read;
	io_stat_t stat;
	io_notify_t notify;
	io_devctl_t devctl;
	io_pathconf_t pathconf;
	io_lseek_t lseek;
	io_chmod_t chmod;
	io_chown_t chown;
	io_utime_t utime;
	io_openfd_t openfd;
	io_fdinfo_t fdinfo;
	io_lock_t lock;
	io_space_t space;
	io_shutdown_t shutdown;
	io_msg_t msg;
	io_mmap_t mmap;
	io_dup_t dup;
	io_sync_t sync;
	io_power_t power;
	io_acl_t acl;
} resmgr_iomsgs_t;

struct _extended_context;

/*
 * One message on its way through the server. It belongs to the thread and is used again for
 * the thread's next message: who answers later keeps rcvid, info.scoid and info.coid, not
 * this. iov and status are the handler's to write, the rest is to be read.
 */
typedef struct _resmgr_context {
	int rcvid; /* whom to answer; 0: nobody */
	struct _msg_info info;
	resmgr_iomsgs_t *msg;
	dispatch_t *dpp;
	int id; /* resmgr_attach()'s of the name */
	struct _extended_context *extra;
	size_t msg_max_size; /* of the receive buffer, which msg points into */
	long status;         /* what the client's call returns: _RESMGR_STATUS() */
	size_t offset;       /* of this message in a combine message */
	size_t size;         /* bytes received */
	iov_t iov[0];        /* nparts_max of them, for the reply */
} resmgr_context_t;
typedef resmgr_context_t message_context_t;

/* ---- What a handler returns: an error number, or one of these. ---- */

/* Reply with n parts of ctp->iov and ctp->status. 0 parts: EOK. */
#define _RESMGR_NPARTS(n)           (-(n))
/* Reply with these bytes. */
#define _RESMGR_PTR(ctp, addr, len) (SETIOV((ctp)->iov, addr, len), _RESMGR_NPARTS(1))
/* The client gets this error. Old: the number alone is the same. */
#define _RESMGR_ERRNO(error)        (error)
/* No reply now: the handler has replied or will. */
#define _RESMGR_NOREPLY             (INT_MIN)
/* Do what is done without a handler: mostly ENOSYS. */
#define _RESMGR_DEFAULT             (INT_MIN + 1)
/* From close_dup only: _resmgr_complete_delayed_close() will end it. */
#define _RESMGR_DELAY_CLOSE         (INT_MIN + 2)

/* What the client's call returns if it does not fail. */
#define _RESMGR_STATUS(ctp, value) ((ctp)->status = (value))

/* ---- Handlers ---- */

/*
 * What is done with paths. Called without any lock held; handle is resmgr_attach()'s. A NULL
 * entry answers ENOSYS. The order is that of _IO_CONNECT_OPEN and its followers.
 */
typedef struct _resmgr_connect_funcs {
	unsigned nfuncs; /* entries that are there */
	/* open(): binds an open control block, mostly by iofunc_open_default() */
	int (*open)(resmgr_context_t *ctp, io_open_t *msg, RESMGR_HANDLE_T *handle, void *extra);
	/* unlink(), rmdir() */
	int (*unlink)(resmgr_context_t *ctp, io_unlink_t *msg, RESMGR_HANDLE_T *handle,
		      void *reserved);
	int (*rename)(resmgr_context_t *ctp, io_rename_t *msg, RESMGR_HANDLE_T *handle,
		      io_rename_extra_t *extra);
	/* mknod(), mkdir(), mkfifo() */
	int (*mknod)(resmgr_context_t *ctp, io_mknod_t *msg, RESMGR_HANDLE_T *handle,
		     void *reserved);
	int (*readlink)(resmgr_context_t *ctp, io_readlink_t *msg, RESMGR_HANDLE_T *handle,
			void *reserved);
	/* link(), symlink() */
	int (*link)(resmgr_context_t *ctp, io_link_t *msg, RESMGR_HANDLE_T *handle,
		    io_link_extra_t *extra);
	/* a client that waits for one of these wants to leave */
	int (*unblock)(resmgr_context_t *ctp, io_pulse_t *msg, RESMGR_HANDLE_T *handle,
		       void *reserved);
	/* mount(), umount() */
	int (*mount)(resmgr_context_t *ctp, io_mount_t *msg, RESMGR_HANDLE_T *handle,
		     io_mount_extra_t *extra);
} resmgr_connect_funcs_t;
#define _RESMGR_CONNECT_NFUNCS 8

/*
 * What is done with open files. lock_ocb is called before, unlock_ocb behind each message's
 * handlers, close_ocb, close_dup and unblock excepted. A NULL entry answers ENOSYS. Entry i
 * is for message _IO_READ + i.
 */
typedef struct _resmgr_io_funcs {
	unsigned nfuncs; /* entries that are there */
	int (*read)(resmgr_context_t *ctp, io_read_t *msg, RESMGR_OCB_T *ocb);
	int (*write)(resmgr_context_t *ctp, io_write_t *msg, RESMGR_OCB_T *ocb);
	/* the last descriptor of it is gone; ctp->rcvid is 0 */
	int (*close_ocb)(resmgr_context_t *ctp, void *reserved, RESMGR_OCB_T *ocb);
	int (*stat)(resmgr_context_t *ctp, io_stat_t *msg, RESMGR_OCB_T *ocb);
	int (*notify)(resmgr_context_t *ctp, io_notify_t *msg, RESMGR_OCB_T *ocb);
	int (*devctl)(resmgr_context_t *ctp, io_devctl_t *msg, RESMGR_OCB_T *ocb);
	/* a client that waits wants to leave: ctp->rcvid says which */
	int (*unblock)(resmgr_context_t *ctp, io_pulse_t *msg, RESMGR_OCB_T *ocb);
	int (*pathconf)(resmgr_context_t *ctp, io_pathconf_t *msg, RESMGR_OCB_T *ocb);
	int (*lseek)(resmgr_context_t *ctp, io_lseek_t *msg, RESMGR_OCB_T *ocb);
	int (*chmod)(resmgr_context_t *ctp, io_chmod_t *msg, RESMGR_OCB_T *ocb);
	int (*chown)(resmgr_context_t *ctp, io_chown_t *msg, RESMGR_OCB_T *ocb);
	int (*utime)(resmgr_context_t *ctp, io_utime_t *msg, RESMGR_OCB_T *ocb);
	/* ocb: of the file that is opened again */
	int (*openfd)(resmgr_context_t *ctp, io_openfd_t *msg, RESMGR_OCB_T *ocb);
	int (*fdinfo)(resmgr_context_t *ctp, io_fdinfo_t *msg, RESMGR_OCB_T *ocb);
	int (*lock)(resmgr_context_t *ctp, io_lock_t *msg, RESMGR_OCB_T *ocb);
	int (*space)(resmgr_context_t *ctp, io_space_t *msg, RESMGR_OCB_T *ocb);
	int (*shutdown)(resmgr_context_t *ctp, io_shutdown_t *msg, RESMGR_OCB_T *ocb);
	int (*mmap)(resmgr_context_t *ctp, io_mmap_t *msg, RESMGR_OCB_T *ocb);
	int (*msg)(resmgr_context_t *ctp, io_msg_t *msg, RESMGR_OCB_T *ocb);
	int (*reserved)(resmgr_context_t *ctp, void *msg, RESMGR_OCB_T *ocb);
	/* instead of the library's own; mostly NULL. Of what a child inherited: ctp->rcvid is 0,
	 * and the library has done its own already */
	int (*dup)(resmgr_context_t *ctp, io_dup_t *msg, RESMGR_OCB_T *ocb);
	/* each close of a descriptor, also for a client that died (ctp->rcvid is 0 then) */
	int (*close_dup)(resmgr_context_t *ctp, io_close_t *msg, RESMGR_OCB_T *ocb);
	int (*lock_ocb)(resmgr_context_t *ctp, void *reserved, RESMGR_OCB_T *ocb);
	int (*unlock_ocb)(resmgr_context_t *ctp, void *reserved, RESMGR_OCB_T *ocb);
	int (*sync)(resmgr_context_t *ctp, io_sync_t *msg, RESMGR_OCB_T *ocb);
	int (*power)(resmgr_context_t *ctp, io_power_t *msg, RESMGR_OCB_T *ocb);
	int (*acl)(resmgr_context_t *ctp, io_acl_t *msg, RESMGR_OCB_T *ocb);
	/* never called: nothing has to be paused */
	int (*pause)(resmgr_context_t *ctp, void *reserved, RESMGR_OCB_T *ocb);
	int (*unpause)(resmgr_context_t *ctp, io_pulse_t *msg, RESMGR_OCB_T *ocb);
	/* NULL: what the ones without 64 do */
	int (*read64)(resmgr_context_t *ctp, io_read_t *msg, RESMGR_OCB_T *ocb);
	int (*write64)(resmgr_context_t *ctp, io_write_t *msg, RESMGR_OCB_T *ocb);
	int (*notify64)(resmgr_context_t *ctp, io_notify_t *msg, RESMGR_OCB_T *ocb);
	int (*utime64)(resmgr_context_t *ctp, io_utime_t *msg, RESMGR_OCB_T *ocb);
} resmgr_io_funcs_t;
#define _RESMGR_IO_NFUNCS 33

/* ---- Attaching: resmgr_attach() in <sys/dispatch.h> ---- */

/* resmgr_attr_t.flags */
#define RESMGR_FLAG_NO_DEFAULT_FUNC  0x0001 /* without effect */
#define RESMGR_FLAG_ATTACH_LOCAL     0x0002 /* do not publish the path */
#define RESMGR_FLAG_ATTACH_OTHERFUNC 0x0004 /* other_func is there */
#define RESMGR_FLAG_CROSS_ENDIAN     0x0008 /* without effect: there is one machine */
#define RESMGR_FLAG_RCM              0x0010 /* without effect */

typedef struct _resmgr_attr {
	unsigned flags;      /* RESMGR_FLAG_* */
	unsigned nparts_max; /* of a reply; raised to what the library needs, as the next */
	size_t msg_max_size; /* of the receive buffer */
	/* I/O messages that nothing else handles */
	int (*other_func)(resmgr_context_t *ctp, void *msg);
	unsigned reserved[4];
} resmgr_attr_t;

/* resmgr_attach()'s flags */
#define _RESMGR_FLAG_BEFORE     0x0001 /* in front of others at the same path */
#define _RESMGR_FLAG_AFTER      0x0002 /* behind them */
#define _RESMGR_FLAG_OPAQUE     0x0004 /* shorter paths are not tried after it */
#define _RESMGR_FLAG_FTYPEONLY  0x0008 /* requests of exactly this type; path NULL */
#define _RESMGR_FLAG_FTYPEALL   0x0010 /* requests of every type; _FTYPE_ALL */
#define _RESMGR_FLAG_DIR        0x0100 /* what lies below the path, too */
#define _RESMGR_FLAG_SELF       0x0200 /* may be this process's own */
#define _RESMGR_FLAG_MASK       0x031f
#define _RESMGR_FLAG_DETACH_CTP 0x80000000u

/* resmgr_detach()'s flags */
#define _RESMGR_DETACH_ALL      0x0000 /* the name and what is open */
#define _RESMGR_DETACH_PATHNAME 0x0001 /* the name only: what is open stays */
#define _RESMGR_DETACH_CLOSE    0x8000 /* with ALL: run the close handlers, too */

/* pulse_attach(): any free code */
#define _RESMGR_PULSE_ALLOC (~0U)

/* resmgr_pathname()'s flags */
#define _RESMGR_PATHNAME_LOCALPATH 1

__BEGIN_DECLS

/* ---- In a handler ---- */

/* Copies what the client sent, from offset on in the message that is handled (of a combine
 * message this one, not the first). Returns the bytes, or -1: EFAULT, ESRCH, ESRVRFAULT. */
ssize_t resmgr_msgread(resmgr_context_t *ctp, void *msg, size_t size, size_t offset);
ssize_t resmgr_msgreadv(resmgr_context_t *ctp, iov_t *iov, size_t parts, size_t offset);
/* The same; size bytes, fewer are an error: 0, or -1 with EMSGSIZE. */
int resmgr_msgget(resmgr_context_t *ctp, void *msg, size_t size, size_t offset);
int resmgr_msggetv(resmgr_context_t *ctp, iov_t *iov, size_t parts, size_t offset);
/* Copies to the client's reply buffer, from offset on. Returns the bytes, or -1. */
ssize_t resmgr_msgwrite(resmgr_context_t *ctp, const void *msg, size_t size, size_t offset);
ssize_t resmgr_msgwritev(resmgr_context_t *ctp, const iov_t *iov, size_t parts, size_t offset);
/* Replies with ctp->status now; the handler returns _RESMGR_NOREPLY then. 0, or -1: ESRCH. */
int resmgr_msgreply(resmgr_context_t *ctp, void *msg, size_t size);
int resmgr_msgreplyv(resmgr_context_t *ctp, iov_t *iov, size_t parts);

/*
 * Bind an open control block to the descriptor that is being opened; io_funcs NULL: those of
 * the name. The block must be complete: messages may come at once. It stays the program's,
 * which gets it back in close_ocb. 0, or -1: EINVAL, ENOMEM.
 */
int resmgr_open_bind(resmgr_context_t *ctp, void *ocb, const resmgr_io_funcs_t *io_funcs);
/* Undo it for the descriptor of this message; no handler is called. 0, or -1: ESRCH. */
int resmgr_unbind(resmgr_context_t *ctp);
/* The block of the descriptor of this message, its functions. NULL: ESRCH. */
void *resmgr_ocb(resmgr_context_t *ctp);
const resmgr_io_funcs_t *resmgr_iofuncs(resmgr_context_t *ctp);

/* Handle again the message of a client that was not answered. -1: ESRCH, EFAULT. */
int resmgr_msg_again(resmgr_context_t *ctp, int rcvid);
/* Against deadlocks that do not happen here. EDEADLK, always: answer it as an error. */
int resmgr_pause_queue(resmgr_context_t *ctp, const void *private_data, size_t extra_size);
/* For an unpause handler, which is never called. ENOENT, always: nothing is paused. */
int resmgr_pause_resume(resmgr_context_t *ctp, RESMGR_OCB_T *ocb,
			int (*callback)(resmgr_context_t *ctp, RESMGR_OCB_T *ocb,
					void *private_data));
/* End a close whose handler returned _RESMGR_DELAY_CLOSE: ctp as it was then, or a copy. */
int _resmgr_complete_delayed_close(resmgr_context_t *ctp);

/* The path that was attached as id, with a slash at the end if it is a directory's, into
 * path. Returns its length with the 0, or -1: EINVAL, ENAMETOOLONG. */
int resmgr_pathname(int id, unsigned flags, char *path, int maxbuf);
/* Numbers for stat() that no other attached name of the machine has. -1: EINVAL. */
int resmgr_devino(int id, dev_t *devno, ino_t *inode);

/* ---- Contexts, where there are neither messages nor pulses besides ---- */

/* As dispatch_context_alloc(), _block(), _handler(), _unblock(), _context_free(). */
resmgr_context_t *resmgr_context_alloc(dispatch_t *dpp);
resmgr_context_t *resmgr_block(resmgr_context_t *ctp);
int resmgr_handler(resmgr_context_t *ctp);
void resmgr_unblock(resmgr_context_t *ctp);
void resmgr_context_free(resmgr_context_t *ctp);

/* ---- Room for handles: nothing to tune here. ---- */

/* 0: there is room for min more. */
int resmgr_handle_grow(unsigned min);
/* 0; what was in force before goes where the pointers (may be NULL) say. */
int resmgr_handle_tune(int min_handles, int min_clients, int max_client_handles,
		       int *old_min_handles, int *old_min_clients, int *old_max_client_handles);

__END_DECLS
