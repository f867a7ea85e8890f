/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What POSIX asks of a file, for resource managers that do not want to write it themselves:
 * attributes, open control blocks, rights, times, locks, notification. QNX Neutrino, Writing a
 * Resource Manager, and C Library Reference, pages named as the functions.
 *
 * A program with structures of its own declares them, defines IOFUNC_ATTR_T, IOFUNC_OCB_T or
 * IOFUNC_MOUNT_T as their names, includes this first, and begins each with QNX's structure.
 * The functions take QNX's structures, the first members.
 *
 * All functions return EOK, an error number or a _RESMGR_* value, unless it says otherwise.
 * None blocks but iofunc_attr_lock() and what takes that lock.
 */
#pragma GCC system_header
#pragma once

#include <features.h>

struct _iofunc_attr;
struct _iofunc_ocb;
struct _iofunc_mount;

#ifndef IOFUNC_ATTR_T
#define IOFUNC_ATTR_T struct _iofunc_attr
#endif
#ifndef IOFUNC_OCB_T
#define IOFUNC_OCB_T struct _iofunc_ocb
#endif
#ifndef IOFUNC_MOUNT_T
#define IOFUNC_MOUNT_T struct _iofunc_mount
#endif
#ifndef RESMGR_HANDLE_T
#define RESMGR_HANDLE_T IOFUNC_ATTR_T
#endif
#ifndef RESMGR_OCB_T
#define RESMGR_OCB_T IOFUNC_OCB_T
#endif

#include <limits.h>
#include <share.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/iomsg.h>
#include <sys/neutrino.h>
#include <sys/resmgr.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

typedef struct _iofunc_attr iofunc_attr_t;
typedef struct _iofunc_ocb iofunc_ocb_t;
typedef struct _iofunc_mount iofunc_mount_t;
typedef struct _iofunc_lock_list iofunc_lock_list_t;
typedef struct _iofunc_mmap_list iofunc_mmap_list_t;

/* ---- The file ---- */

/* iofunc_attr_t.flags: what is to become "now" at the next iofunc_time_update() */
#define IOFUNC_ATTR_MTIME         0x0001
#define IOFUNC_ATTR_ATIME         0x0002
#define IOFUNC_ATTR_CTIME         0x0004
/* what has changed since the program last cleared it */
#define IOFUNC_ATTR_DIRTY_SIZE    0x0010
#define IOFUNC_ATTR_DIRTY_OWNER   0x0020
#define IOFUNC_ATTR_DIRTY_TIME    0x0040
#define IOFUNC_ATTR_DIRTY_MODE    0x0080
#define IOFUNC_ATTR_DIRTY_NLINK   0x0100
#define IOFUNC_ATTR_DIRTY_RDEV    0x0200
#define IOFUNC_ATTR_DIRTY_ACL     0x0400
#define IOFUNC_ATTR_DIRTY_SPARE   0x0800
#define IOFUNC_ATTR_DIRTY_MASK    0x0ff0
#define IOFUNC_ATTR_NS_TIMESTAMPS 0x1000 /* the members *time_ns count */
#define IOFUNC_ATTR_GROUP_OWNER   0x4000
#define IOFUNC_ATTR_SYNTHETIC     0x8000 /* may change on a read-only mount */
#define IOFUNC_ATTR_RSVD          0x0000ffffu
#define IOFUNC_ATTR_PRIVATE       0xffff0000u /* the program's */

/* A file, device or directory. One for each name, made by iofunc_attr_init(), the program's. */
struct _iofunc_attr {
	IOFUNC_MOUNT_T *mount; /* NULL, or what it lies on */
	uint32_t flags;        /* IOFUNC_ATTR_* */
	int32_t lock_tid;      /* the library's: who has the lock */
	uint16_t lock_count;   /* how often; 0: nobody */
	uint16_t count;        /* open control blocks that use it */
	uint16_t rcount;       /* those that may read */
	uint16_t wcount;       /* those that may write */
	uint16_t rlocks;       /* those that let nobody else read: SH_DENYRD, SH_DENYRW */
	uint16_t wlocks;       /* write: SH_DENYWR, SH_DENYRW */
	struct _iofunc_mmap_list *mmap_list; /* the library's */
	struct _iofunc_lock_list *lock_list; /* the library's */
	void *lockobj;                       /* the library's */
	void *acl;
	off_t nbytes; /* the size; 0 where there is none */
	ino_t inode;  /* unique on the mount; 0: the library finds one */
	uid_t uid;
	gid_t gid;
	time_t mtime; /* seconds */
	time_t atime;
	time_t ctime;
	mode_t mode; /* type and permissions */
	nlink_t nlink;
	dev_t rdev;        /* the number of a device; the kind of an S_IFNAM */
	unsigned mtime_ns; /* nanoseconds */
	unsigned atime_ns;
	unsigned ctime_ns;
};

/* ---- The open file ---- */

/* iofunc_ocb_t.flags */
#define IOFUNC_OCB_PRIVILEGED    0x0001 /* opened by root */
#define IOFUNC_OCB_MMAP          0x0002
#define IOFUNC_OCB_MMAP_UNIQUE   0x0004
#define IOFUNC_OCB_FLAGS_PRIVATE 0xf000 /* the program's */

/* An open control block: one for each open(), shared by descriptors that were duplicated. */
struct _iofunc_ocb {
	IOFUNC_ATTR_T *attr;
	int32_t ioflag; /* open()'s flags, access mode plus 1: _IO_FLAG_RD, _IO_FLAG_WR */
	off_t offset;   /* moved by the program's handlers and by lseek() */
	uint16_t sflag; /* SH_* */
	uint16_t flags; /* IOFUNC_OCB_* */
	void *reserved;
};

/* ---- What it lies on ---- */

/* How the program makes its structures and locks; NULL: as the library does. ocb_calloc and
 * ocb_free go together. */
typedef struct _iofunc_funcs {
	unsigned nfuncs; /* _IOFUNC_NFUNCS */
	/* zeroed; NULL: no memory */
	IOFUNC_OCB_T *(*ocb_calloc)(resmgr_context_t *ctp, IOFUNC_ATTR_T *attr);
	/* the last use of it */
	void (*ocb_free)(IOFUNC_OCB_T *ocb);
	int (*attr_lock)(IOFUNC_ATTR_T *attr);
	int (*attr_unlock)(IOFUNC_ATTR_T *attr);
	int (*attr_trylock)(IOFUNC_ATTR_T *attr);
} iofunc_funcs_t;
#define _IOFUNC_NFUNCS 5

/* iofunc_mount_t.flags: _MOUNT_* of <sys/mount.h>, and */
#define IOFUNC_MOUNT_32BIT         0x00000100u
#define IOFUNC_MOUNT_FLAGS_PRIVATE 0xfffff000u /* the program's */
/* iofunc_mount_t.conf */
#define IOFUNC_PC_CHOWN_RESTRICTED 0x0001u /* only root gives files away */
#define IOFUNC_PC_NO_TRUNC         0x0002u /* long names are errors */
#define IOFUNC_PC_SYNC_IO          0x0004u /* O_SYNC and O_DSYNC are there */
#define IOFUNC_PC_LINK_DIR         0x0008u /* directories may have links */
#define IOFUNC_PC_ACL              0x0010u
#define IOFUNC_PC_EXT              0x0020u /* the members behind power count */
#define IOFUNC_PC_SYMLINK          0x0040u

struct _iofunc_mount {
	uint32_t flags;
	uint32_t conf; /* IOFUNC_PC_* */
	dev_t dev;     /* st_dev; 0: the library finds one */
	int32_t blocksize;
	iofunc_funcs_t *funcs; /* NULL: the library's */
	void *power;
	/* after iofunc_mount_init() only */
	size_t size;
	uint32_t ext_flags;
	uint32_t timeres; /* nanoseconds that times are cut to */
	uint64_t reserved[4];
};

/* iofunc_ocb_detach(): what this was the last of */
#define IOFUNC_OCB_LAST_INUSE  0x0001
#define IOFUNC_OCB_LAST_READER 0x0002
#define IOFUNC_OCB_LAST_WRITER 0x0004
#define IOFUNC_OCB_LAST_RDLOCK 0x0008
#define IOFUNC_OCB_LAST_WRLOCK 0x0010

/* iofunc_devctl_verify()'s checks */
#define _IO_DEVCTL_VERIFY_LEN        0x0001 /* nbytes is at least what the command says */
#define _IO_DEVCTL_VERIFY_DIR        0x0002 /* open for the command's direction */
#define _IO_DEVCTL_VERIFY_PRIV       0x0004 /* opened by root */
#define _IO_DEVCTL_VERIFY_OCB_READ   0x0008
#define _IO_DEVCTL_VERIFY_OCB_WRITE  0x0010
#define _IO_DEVCTL_VERIFY_ACC_ISUID  0x0020
#define _IO_DEVCTL_VERIFY_ACC_ISGID  0x0040
#define _IO_DEVCTL_VERIFY_ACC_IREAD  0x0080
#define _IO_DEVCTL_VERIFY_ACC_IWRITE 0x0100
#define _IO_DEVCTL_VERIFY_ACC_IEXEC  0x0200
#define _IO_DEVCTL_VERIFY_MSG_LEN    0x0400 /* the data came with the message */

/* iofunc_ability_check() */
#define IOFUNC_ABILITYID_CHOWN 0
#define IOFUNC_ABILITYID_READ  1
#define IOFUNC_ABILITYID_DUP   2
#define IOFUNC_ABILITYID_EXEC  3

/* ---- Notification ---- */

#define IOFUNC_NOTIFY_INPUT  0
#define IOFUNC_NOTIFY_OUTPUT 1
#define IOFUNC_NOTIFY_OBAND  2
#define IOFUNC_NOTIFY_RDNORM IOFUNC_NOTIFY_INPUT
#define IOFUNC_NOTIFY_WRNORM IOFUNC_NOTIFY_OUTPUT
#define IOFUNC_NOTIFY_RDBAND IOFUNC_NOTIFY_OBAND
#define IOFUNC_NOTIFY_PRI    3
#define IOFUNC_NOTIFY_WRBAND 4
#define IOFUNC_NOTIFY_ERR    5
#define IOFUNC_NOTIFY_HUP    6
#define IOFUNC_NOTIFY_NVAL   12

/* A client that wants to be told. The library's. */
typedef struct _iofunc_notify_event {
	struct _iofunc_notify_event *next;
	int rcvid; /* for MsgDeliverEvent() */
	int scoid;
	int cnt; /* how much there must be */
	struct __sigevent32 old_event;
	unsigned flags;
	int coid;
	union {
		struct sigevent event;
		struct __sigevent32 event32;
		struct sigevent event64;
	};
} iofunc_notify_event_t;

/* Of one condition. A program has an array of at least three in its attributes, made by
 * IOFUNC_NOTIFY_INIT(). */
typedef struct _iofunc_notify {
	int cnt; /* the least of the list; INT_MAX: nobody */
	struct _iofunc_notify_event *list;
} iofunc_notify_t;

#define IOFUNC_NOTIFY_INIT(nop)                                       \
	do {                                                          \
		iofunc_notify_t *__nop = (nop);                       \
		__nop[0].cnt = __nop[1].cnt = __nop[2].cnt = INT_MAX; \
		__nop[0].list = __nop[1].list = __nop[2].list = NULL; \
	} while (0)
#define IOFUNC_NOTIFY_DISARM(nop, index) ((nop)[index].cnt = INT_MAX)
/* Is iofunc_notify_trigger() worth calling, now that there are cnt; tran: there were none. */
#define IOFUNC_NOTIFY_INPUT_CHECK(nop, n, tran) \
	((nop)[IOFUNC_NOTIFY_INPUT].cnt <= (n) && ((nop)[IOFUNC_NOTIFY_INPUT].cnt || (tran)))
#define IOFUNC_NOTIFY_OUTPUT_CHECK(nop, n) ((nop)[IOFUNC_NOTIFY_OUTPUT].cnt <= (n))
#define IOFUNC_NOTIFY_OBAND_CHECK(nop, n, tran) \
	((nop)[IOFUNC_NOTIFY_OBAND].cnt <= (n) && ((nop)[IOFUNC_NOTIFY_OBAND].cnt || (tran)))

__BEGIN_DECLS

/* ---- At the start ---- */

/* Fill the first nconnect and nio entries with the functions below, and nfuncs. */
void iofunc_func_init(unsigned nconnect, resmgr_connect_funcs_t *connect, unsigned nio,
		      resmgr_io_funcs_t *io);
/* A file of that mode; owner from info, mount and other defaults from dattr, the directory it
 * lies in; both may be NULL: the owner is the process's. */
void iofunc_attr_init(iofunc_attr_t *attr, mode_t mode, iofunc_attr_t *dattr,
		      struct _client_info *info);
/* A mount of size bytes: zeros but for IOFUNC_PC_EXT. EINVAL: size. */
int iofunc_mount_init(iofunc_mount_t *mount, size_t size);
int iofunc_mount_fini(iofunc_mount_t *mount);
/* Times are cut to multiples of that many nanoseconds. */
int iofunc_mount_set_time(iofunc_mount_t *mount, uint32_t ns_resolution);

/* ---- The lock of a file: a thread may take it again. ---- */

/* EOK, EAGAIN (too often). Blocks while another thread has it. */
int iofunc_attr_lock(iofunc_attr_t *attr);
/* EBUSY: another thread has it. */
int iofunc_attr_trylock(iofunc_attr_t *attr);
int iofunc_attr_unlock(iofunc_attr_t *attr);

/* ---- Opening and closing ---- */

/* Rights and flags of an open(): of attr, or with dattr of making a file in that directory.
 * info NULL: looked up. EACCES, EBUSY (shared otherwise), EEXIST, EINVAL, EISDIR, ENOTDIR,
 * EROFS. */
int iofunc_open(resmgr_context_t *ctp, io_open_t *msg, iofunc_attr_t *attr, iofunc_attr_t *dattr,
		struct _client_info *info);
int iofunc_open_default(resmgr_context_t *ctp, io_open_t *msg, iofunc_attr_t *attr, void *extra);
/* Bind ocb (NULL: one is made) for attr, which counts it; io_funcs NULL: the name's. ENOMEM,
 * ENOSPC. */
int iofunc_ocb_attach(resmgr_context_t *ctp, io_open_t *msg, iofunc_ocb_t *ocb, iofunc_attr_t *attr,
		      const resmgr_io_funcs_t *io_funcs);
/* The reverse, at the last close, without freeing. Returns IOFUNC_OCB_LAST_* bits. */
int iofunc_ocb_detach(resmgr_context_t *ctp, iofunc_ocb_t *ocb);
/* The library's open control blocks, zeroed; NULL: no memory. */
IOFUNC_OCB_T *iofunc_ocb_calloc(resmgr_context_t *ctp, IOFUNC_ATTR_T *attr);
void iofunc_ocb_free(IOFUNC_OCB_T *ocb);
/* A descriptor is closed: the process's advisory locks go. */
int iofunc_close_dup(resmgr_context_t *ctp, io_close_t *msg, iofunc_ocb_t *ocb,
		     iofunc_attr_t *attr);
int iofunc_close_dup_default(resmgr_context_t *ctp, io_close_t *msg, iofunc_ocb_t *ocb);
/* The last one was: detached and freed. */
int iofunc_close_ocb(resmgr_context_t *ctp, iofunc_ocb_t *ocb, iofunc_attr_t *attr);
int iofunc_close_ocb_default(resmgr_context_t *ctp, void *reserved, iofunc_ocb_t *ocb);
/* A second open of ocb's file, with no more rights. EACCES, EBUSY, EINVAL, ENOMEM. */
int iofunc_openfd(resmgr_context_t *ctp, io_openfd_t *msg, iofunc_ocb_t *ocb, iofunc_attr_t *attr);
int iofunc_openfd_default(resmgr_context_t *ctp, io_openfd_t *msg, iofunc_ocb_t *ocb);
/* What is done around the handlers of a message: iofunc_attr_lock() and _unlock(). */
int iofunc_lock_ocb_default(resmgr_context_t *ctp, void *reserved, iofunc_ocb_t *ocb);
int iofunc_unlock_ocb_default(resmgr_context_t *ctp, void *reserved, iofunc_ocb_t *ocb);

/* ---- Rights ---- */

/* Who the client is. ioflag with O_REALIDS: real ids in the place of effective ones. EINVAL. */
int iofunc_client_info(resmgr_context_t *ctp, int ioflag, struct _client_info *info);
/* The same with all groups; iofunc_client_info_ext_free() frees *info. */
int iofunc_client_info_ext(resmgr_context_t *ctp, int ioflag, struct _client_info **info,
			   int flags);
int iofunc_client_info_ext_free(struct _client_info **info);
/* With _NTO_CI_UNABLE in flags, if it lacks an ability. */
int iofunc_client_info_able(resmgr_context_t *ctp, int ioflag, struct _client_info **info,
			    int flags, struct _client_able *abilities, int nable);
/* May the client do what checkmode (S_ISUID, S_ISGID, S_IREAD, S_IWRITE, S_IEXEC; 0: root only)
 * asks? EACCES, EPERM; ENOSYS: info is NULL. */
int iofunc_check_access(resmgr_context_t *ctp, const iofunc_attr_t *attr, mode_t checkmode,
			const struct _client_info *info);
/* Has the client this ability? EOK for root, EPERM for others. */
int iofunc_ability_check(resmgr_context_t *ctp, unsigned ability);

/* ---- Reading and writing ---- */

/* Is it open for that? EBADF. *nonblock (may be NULL): not 0 if the call must not block. */
int iofunc_read_verify(resmgr_context_t *ctp, io_read_t *msg, iofunc_ocb_t *ocb, int *nonblock);
int iofunc_write_verify(resmgr_context_t *ctp, io_write_t *msg, iofunc_ocb_t *ocb, int *nonblock);
/* EBADF, EISDIR, EINVAL. */
int iofunc_space_verify(resmgr_context_t *ctp, io_space_t *msg, iofunc_ocb_t *ocb, int *nonblock);
/* The end of the file. */
int iofunc_read_default(resmgr_context_t *ctp, io_read_t *msg, iofunc_ocb_t *ocb);
/* Takes all that comes. */
int iofunc_write_default(resmgr_context_t *ctp, io_write_t *msg, iofunc_ocb_t *ocb);
int iofunc_lseek(resmgr_context_t *ctp, io_lseek_t *msg, iofunc_ocb_t *ocb, iofunc_attr_t *attr);
int iofunc_lseek_default(resmgr_context_t *ctp, io_lseek_t *msg, iofunc_ocb_t *ocb);
/* EINVAL: this file cannot be synchronised. */
int iofunc_sync_verify(resmgr_context_t *ctp, io_sync_t *msg, iofunc_ocb_t *ocb);
int iofunc_sync_default(resmgr_context_t *ctp, io_sync_t *msg, iofunc_ocb_t *ocb);
/* What the open file and ioflag ask of a write: O_SYNC, O_DSYNC or 0. */
int iofunc_sync(resmgr_context_t *ctp, iofunc_ocb_t *ocb, int ioflag);
/* differs: ends in ENODEV, files of resource managers cannot be mapped. EACCES, EROFS. */
int iofunc_mmap(resmgr_context_t *ctp, io_mmap_t *msg, iofunc_ocb_t *ocb, iofunc_attr_t *attr);
int iofunc_mmap_default(resmgr_context_t *ctp, io_mmap_t *msg, iofunc_ocb_t *ocb);

/* ---- Attributes ---- */

int iofunc_stat(resmgr_context_t *ctp, iofunc_attr_t *attr, struct stat *stat);
int iofunc_stat_default(resmgr_context_t *ctp, io_stat_t *msg, iofunc_ocb_t *ocb);
/* What the flags say becomes now. */
int iofunc_time_update(iofunc_attr_t *attr);
/* EPERM, EROFS. */
int iofunc_chmod(resmgr_context_t *ctp, io_chmod_t *msg, iofunc_ocb_t *ocb, iofunc_attr_t *attr);
int iofunc_chmod_default(resmgr_context_t *ctp, io_chmod_t *msg, iofunc_ocb_t *ocb);
int iofunc_chown(resmgr_context_t *ctp, io_chown_t *msg, iofunc_ocb_t *ocb, iofunc_attr_t *attr);
int iofunc_chown_default(resmgr_context_t *ctp, io_chown_t *msg, iofunc_ocb_t *ocb);
/* EACCES, EPERM, EROFS. */
int iofunc_utime(resmgr_context_t *ctp, io_utime_t *msg, iofunc_ocb_t *ocb, iofunc_attr_t *attr);
int iofunc_utime_default(resmgr_context_t *ctp, io_utime_t *msg, iofunc_ocb_t *ocb);
int iofunc_pathconf(resmgr_context_t *ctp, io_pathconf_t *msg, iofunc_ocb_t *ocb,
		    iofunc_attr_t *attr);
int iofunc_pathconf_default(resmgr_context_t *ctp, io_pathconf_t *msg, iofunc_ocb_t *ocb);
int iofunc_fdinfo(resmgr_context_t *ctp, iofunc_ocb_t *ocb, iofunc_attr_t *attr,
		  struct _fdinfo *info);
int iofunc_fdinfo_default(resmgr_context_t *ctp, io_fdinfo_t *msg, iofunc_ocb_t *ocb);
/* Checks as its flags say. EBADF, EINVAL, EPERM, EACCES. */
int iofunc_devctl_verify(resmgr_context_t *ctp, io_devctl_t *msg, iofunc_ocb_t *ocb,
			 unsigned checks);
/* DCMD_ALL_*. ENOTTY for others; the default says _RESMGR_DEFAULT for other classes. */
int iofunc_devctl(resmgr_context_t *ctp, io_devctl_t *msg, iofunc_ocb_t *ocb, iofunc_attr_t *attr);
int iofunc_devctl_default(resmgr_context_t *ctp, io_devctl_t *msg, iofunc_ocb_t *ocb);
/* differs: ENOSYS, all three. There is no power to manage, and lists of who may do what would
 * have to be obeyed. */
int iofunc_power_default(resmgr_context_t *ctp, io_power_t *msg, iofunc_ocb_t *ocb);
int iofunc_acl(resmgr_context_t *ctp, io_acl_t *msg, iofunc_ocb_t *ocb, iofunc_attr_t *attr);
int iofunc_acl_default(resmgr_context_t *ctp, io_acl_t *msg, iofunc_ocb_t *ocb);

/* ---- Names: rights and rules only; what they ask for is the program's to do. ---- */

/* EACCES, EPERM, EROFS, EBADFSYS (a pointer is missing). */
int iofunc_link(resmgr_context_t *ctp, io_link_t *msg, iofunc_attr_t *attr, iofunc_attr_t *dattr,
		struct _client_info *info);
int iofunc_mknod(resmgr_context_t *ctp, io_mknod_t *msg, iofunc_attr_t *attr, iofunc_attr_t *dattr,
		 struct _client_info *info);
/* EINVAL: attr is no symbolic link. */
int iofunc_readlink(resmgr_context_t *ctp, io_readlink_t *msg, iofunc_attr_t *attr,
		    struct _client_info *info);
/* newattr: what has the new name now, or NULL. EEXIST, EISDIR, ENOTDIR, ENOTEMPTY too. */
int iofunc_rename(resmgr_context_t *ctp, io_rename_t *msg, iofunc_attr_t *oldattr,
		  iofunc_attr_t *olddattr, iofunc_attr_t *newattr, iofunc_attr_t *newdattr,
		  struct _client_info *info);
/* Also counts nlink down and marks times. */
int iofunc_unlink(resmgr_context_t *ctp, io_unlink_t *msg, iofunc_attr_t *attr,
		  iofunc_attr_t *dattr, struct _client_info *info);

/* ---- Advisory locks ---- */

/* fcntl(F_GETLK), (F_SETLK), (F_SETLKW). A client that must wait is not answered until it has
 * the lock, or leaves by iofunc_unblock() or iofunc_close_dup(). EACCES never, EAGAIN, EBADF,
 * EDEADLK, EINVAL, ENOMEM, EOVERFLOW. */
int iofunc_lock(resmgr_context_t *ctp, io_lock_t *msg, iofunc_ocb_t *ocb, iofunc_attr_t *attr);
int iofunc_lock_default(resmgr_context_t *ctp, io_lock_t *msg, iofunc_ocb_t *ocb);
/* Memory for them. */
iofunc_lock_list_t *iofunc_lock_calloc(resmgr_context_t *ctp, IOFUNC_ATTR_T *attr, size_t size);
void iofunc_lock_free(iofunc_lock_list_t *lock, size_t size);
/* A client wants to leave: does it wait here? Then it is answered EINTR, and _RESMGR_NOREPLY;
 * else _RESMGR_DEFAULT. */
int iofunc_unblock(resmgr_context_t *ctp, iofunc_attr_t *attr);
int iofunc_unblock_default(resmgr_context_t *ctp, io_pulse_t *msg, iofunc_ocb_t *ocb);

/* ---- Notification: ionotify(), select(), poll() ---- */

/*
 * What a notify handler returns: trig are the conditions that hold (_NOTIFY_COND_*),
 * notifycounts how much there must be of each (NULL: 1), *armed (may be NULL) becomes 1 if the
 * client shall be told later. EBUSY, ENOMEM.
 */
int iofunc_notify(resmgr_context_t *ctp, io_notify_t *msg, iofunc_notify_t *nop, int trig,
		  const int *notifycounts, int *armed);
/* There are cnt now: tell all who wait for that many or fewer, and disarm them. */
void iofunc_notify_trigger(iofunc_notify_t *nop, int cnt, int index);
/* Only those of the descriptor of ctp's message; NULL: all. */
void iofunc_notify_trigger_strict(resmgr_context_t *ctp, iofunc_notify_t *nop, int cnt, int index);
/* Forget those of ctp's client; NULL: all. In three lists, or lim. */
void iofunc_notify_remove(resmgr_context_t *ctp, iofunc_notify_t *nop);
void iofunc_notify_remove_strict(resmgr_context_t *ctp, iofunc_notify_t *nop, int lim);

__END_DECLS
