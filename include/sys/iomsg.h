/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of resource managers: what open(), read() and the others send. QNX Neutrino,
 * Writing a Resource Manager. In each union i is what the client sends and o what is replied.
 *
 * Members and their order are QNX's. Ours are, where no document tells: the native struct
 * stat, struct flock and struct sigevent in messages, and where a connect message's parts
 * begin (struct _io_connect says it).
 */
#pragma GCC system_header
#pragma once

#include <features.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ftype.h>
#include <sys/neutrino.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Types 0 to _IO_MAX are the system's. 0 is a pulse. */
#define _IO_BASE            0x100
#define _IO_CONNECT         0x100
#define _IO_READ            0x101
#define _IO_WRITE           0x102
#define _IO_RSVD_CLOSE_OCB  0x103 /* never sent, as the other RSVDs */
#define _IO_STAT            0x104
#define _IO_NOTIFY          0x105
#define _IO_DEVCTL          0x106
#define _IO_RSVD_UNBLOCK    0x107
#define _IO_PATHCONF        0x108
#define _IO_LSEEK           0x109
#define _IO_CHMOD           0x10a
#define _IO_CHOWN           0x10b
#define _IO_UTIME           0x10c
#define _IO_OPENFD          0x10d
#define _IO_FDINFO          0x10e
#define _IO_LOCK            0x10f
#define _IO_SPACE           0x110
#define _IO_SHUTDOWN        0x111
#define _IO_MMAP            0x112
#define _IO_MSG             0x113
#define _IO_RSVD            0x114
#define _IO_DUP             0x115
#define _IO_CLOSE           0x116
#define _IO_RSVD_LOCK_OCB   0x117
#define _IO_RSVD_UNLOCK_OCB 0x118
#define _IO_SYNC            0x119
#define _IO_POWER           0x11a
#define _IO_ACL             0x11b
#define _IO_RSVD_PAUSE      0x11c
#define _IO_RSVD_UNPAUSE    0x11d
#define _IO_READ64          0x11e
#define _IO_WRITE64         0x11f
#define _IO_NOTIFY64        0x120
#define _IO_UTIME64         0x121
#define _IO_MAX             0x1ff

/* In combine_len: another message follows behind this one. */
#define _IO_COMBINE_FLAG 0x8000

/* ioflag: open()'s flags, whose access mode counts from 1 here. */
#define _IO_FLAG_RD   0x01
#define _IO_FLAG_WR   0x02
#define _IO_FLAG_EX   0x04
#define _IO_FLAG_MASK 0x07

/* open(): act with the real ids. */
#ifndef O_REALIDS
#define O_REALIDS 0x08000000
#endif
/* fcntl(): allocate, free a range of a file. */
#ifndef F_ALLOCSP
#define F_ALLOCSP   110
#define F_FREESP    111
#define F_ALLOCSP64 F_ALLOCSP
#define F_FREESP64  F_FREESP
#endif

/* A range of a file that is locked: fcntl(F_SETLK). */
#ifndef __KAMIOKA_FLOCK_T
#define __KAMIOKA_FLOCK_T
typedef struct flock flock_t;
#endif

/* struct _msg_info with fields of fixed size, as it travels in messages. */
struct _msg_info32 {
	uint32_t nd, srcnd;
	int32_t pid, tid, chid, scoid, coid;
	int32_t msglen, srcmsglen, dstmsglen;
	int16_t priority, flags;
	uint32_t reserved;
};

/* ---- Connecting ---- */

/* struct _io_connect.subtype */
#define _IO_CONNECT_COMBINE       0 /* open, do what follows; the file stays open */
#define _IO_CONNECT_COMBINE_CLOSE 1 /* open, do what follows, close, also after an error */
#define _IO_CONNECT_OPEN          2
#define _IO_CONNECT_UNLINK        3
#define _IO_CONNECT_RENAME        4
#define _IO_CONNECT_MKNOD         5
#define _IO_CONNECT_READLINK      6
#define _IO_CONNECT_LINK          7
#define _IO_CONNECT_RSVD_UNBLOCK  8
#define _IO_CONNECT_MOUNT         9

/* struct _io_connect.extra_type: what stands behind the path */
#define _IO_CONNECT_EXTRA_NONE         0
#define _IO_CONNECT_EXTRA_LINK         1 /* io_link_extra_t: info */
#define _IO_CONNECT_EXTRA_SYMLINK      2 /* io_link_extra_t: path */
#define _IO_CONNECT_EXTRA_MQUEUE       3
#define _IO_CONNECT_EXTRA_PHOTON       4
#define _IO_CONNECT_EXTRA_SOCKET       5
#define _IO_CONNECT_EXTRA_SEM          6
#define _IO_CONNECT_EXTRA_RESMGR_LINK  7
#define _IO_CONNECT_EXTRA_PROC_SYMLINK 8
#define _IO_CONNECT_EXTRA_RENAME       9  /* io_rename_extra_t */
#define _IO_CONNECT_EXTRA_MOUNT        10 /* io_mount_extra_t */
#define _IO_CONNECT_EXTRA_MOUNT_OCB    11
#define _IO_CONNECT_EXTRA_TYMEM        12

/* struct _io_connect.eflag */
#define _IO_CONNECT_EFLAG_DIR    0x01 /* the path ended in a slash: a directory is meant */
#define _IO_CONNECT_EFLAG_DOT    0x02 /* it ended in . */
#define _IO_CONNECT_EFLAG_DOTDOT 0x04 /* it ended in .. */

/* What a connect message's status may say besides, with _IO_CONNECT_RET_FLAG. */
#define _IO_CONNECT_RET_FTYPE     0x00008000 /* the reply is _io_connect_ftype_reply */
#define _IO_CONNECT_RET_LINK      0x00010000 /* the reply is _io_connect_link_reply */
#define _IO_CONNECT_RET_TYPE_MASK 0x0001e000
#define _IO_CONNECT_RET_UMASK     0x00020000
#define _IO_CONNECT_RET_NOCTTY    0x00040000 /* a terminal that shall not control */
#define _IO_CONNECT_RET_CHROOT    0x00080000
#define _IO_CONNECT_RET_MSG       0x00100000
#define _IO_CONNECT_RET_FLAG      0x80000000u

/* In a connect handler: reply with that; _IO_SET_CONNECT_RET(ctp, _IO_CONNECT_RET_LINK). */
#define _IO_SET_CONNECT_RET(ctp, ret) _RESMGR_STATUS(ctp, (long)((ret) | _IO_CONNECT_RET_FLAG))

/*
 * What every call with a path sends. path_len counts the 0 that ends the path; what
 * extra_type names begins at the next multiple of 8 behind it, counted from the message's
 * begin, and is extra_len bytes; in a combine message the next message begins at the multiple
 * of 8 behind all that.
 */
struct _io_connect {
	uint16_t type;      /* _IO_CONNECT */
	uint16_t subtype;   /* _IO_CONNECT_* */
	uint32_t file_type; /* enum _file_type: what the caller wants */
	uint16_t reply_max; /* room for a reply, in 64 KiB at most */
	uint16_t entry_max;
	uint32_t key;
	uint32_t handle; /* resmgr_attach()'s id of the name */
	uint32_t ioflag; /* open()'s flags, access mode plus 1 */
	uint32_t mode;   /* of what is created, the umask applied; mknod: with the type */
	uint16_t sflag;  /* SH_* */
	uint16_t access; /* S_I* bits that are wanted */
	uint16_t zero;
	uint16_t path_len;
	uint8_t eflag;      /* _IO_CONNECT_EFLAG_* */
	uint8_t extra_type; /* _IO_CONNECT_EXTRA_* */
	uint16_t extra_len;
	char path[0]; /* below the attached name; no slash before, no . nor .. in it */
};

/* A server's "look there": nentries of these stand behind the reply. */
struct _io_connect_entry {
	uint32_t nd;
	int32_t pid, chid;
	uint32_t handle, key, file_type;
	uint16_t prefix_len, zero[3];
};

/* With _IO_CONNECT_RET_LINK: a new path to resolve (nentries 0), path_len counts its 0. */
struct _io_connect_link_reply {
	uint32_t reserved1;
	uint32_t file_type;
	uint8_t eflag;
	uint8_t reserved2[1];
	uint16_t chroot_len;
	uint32_t umask;
	uint16_t nentries;
	uint16_t path_len;
	/* struct _io_connect_entry entries[nentries]; char path[path_len]; */
};

/* With _IO_CONNECT_RET_FTYPE. */
struct _io_connect_ftype_reply {
	uint16_t status; /* EOK or an error */
	uint16_t reserved;
	uint32_t file_type;
};

/* What an open handler, and the other connect handlers, get. */
typedef union {
	struct _io_connect connect;
	struct _io_connect_link_reply link_reply;
	struct _io_connect_ftype_reply ftype_reply;
} io_open_t;
typedef union {
	struct _io_connect connect;
	struct _io_connect_link_reply link_reply;
	struct _io_connect_ftype_reply ftype_reply;
} io_unlink_t;
typedef union {
	struct _io_connect connect; /* path: the new name */
	struct _io_connect_link_reply link_reply;
	struct _io_connect_ftype_reply ftype_reply;
} io_rename_t;
typedef union {
	struct _io_connect connect; /* mode: with the type */
	struct _io_connect_link_reply link_reply;
	struct _io_connect_ftype_reply ftype_reply;
} io_mknod_t;
typedef union {
	struct _io_connect connect; /* reply: the target, status: its length */
	struct _io_connect_link_reply link_reply;
	struct _io_connect_ftype_reply ftype_reply;
} io_readlink_t;
typedef union {
	struct _io_connect connect; /* path: the new name */
	struct _io_connect_link_reply link_reply;
	struct _io_connect_ftype_reply ftype_reply;
} io_link_t;
typedef union {
	struct _io_connect connect;
	struct _io_connect_link_reply link_reply;
	struct _io_connect_ftype_reply ftype_reply;
} io_mount_t;

/* The old name, below the same attached name. */
typedef union _io_rename_extra {
	char path[0];
} io_rename_extra_t;

struct _io_resmgr_link_extra {
	uint32_t nd;
	int32_t pid, chid;
	uint32_t handle, flags, file_type;
	uint32_t reserved[2];
};

/* What a new link leads to. */
typedef union _io_link_extra {
	struct _msg_info32 info; /* on its way: an open file of the same server */
	void *ocb;               /* at the handler: that file, with _IO_CONNECT_EXTRA_LINK */
	struct _io_resmgr_link_extra resmgr;
	char path[0]; /* with _IO_CONNECT_EXTRA_SYMLINK */
} io_link_extra_t;

/*
 * What is mounted. On its way type, special and datalen bytes of data stand behind the
 * structure, the two names each with its 0; the handler has pointers to them.
 */
typedef struct _io_mount_extra {
	uint32_t flags;  /* _MOUNT_* */
	uint32_t nbytes; /* of the structure and what follows it */
	uint32_t datalen;
	uint32_t zero[1];
	union {
		struct {
			struct _msg_info32 info; /* special's open file, if it has one */
		} cl;
		struct {
			void *ocb;     /* special's, if it is an open file of this server */
			void *data;    /* datalen bytes; NULL: none */
			char *type;    /* of the filesystem */
			char *special; /* what is mounted */
			void *zero[4];
		} srv;
	} extra;
} io_mount_extra_t;

/* ---- Open files ---- */

/* xtype of reading and writing: what stands between the message and the data. */
#define _IO_XTYPE_NONE       0
#define _IO_XTYPE_READCOND   1 /* struct _xtype_readcond */
#define _IO_XTYPE_MQUEUE     2
#define _IO_XTYPE_TCPIP      3
#define _IO_XTYPE_TCPIP_MSG  4
#define _IO_XTYPE_OFFSET     5 /* struct _xtype_offset */
#define _IO_XTYPE_REGISTRY   6
#define _IO_XTYPE_TCPIP_MSG2 7
#define _IO_XTYPE_TCPIP_MMSG 8
#define _IO_XTYPE_READDIR    9 /* nothing: directory entries are wanted */
#define _IO_XTYPE_MASK       0xffu

/* or-ed into it */
#define _IO_XFLAG_DIR_EXTRA_HINT         0x00000100u
#define _IO_XFLAG_NONBLOCK               0x00004000u /* do not block, whatever the file says */
#define _IO_XFLAG_BLOCK                  0x00008000u /* block, whatever the file says */
#define _IO_XFLAG_DIR_STAT_FORM_T32_2001 0x00010000u
#define _IO_XFLAG_DIR_STAT_FORM_T32_2008 0x00020000u
#define _IO_XFLAG_DIR_STAT_FORM_T64_2008 0x00030000u
#define _IO_XFLAG_DIR_STAT_FORM_MASK     0x000f0000u

/* pread(), pwrite() */
struct _xtype_offset {
	int64_t offset;
};
/* readcond(); times are tenths of a second */
struct _xtype_readcond {
	int32_t min, time, timeout;
};

struct _io_read {
	uint16_t type; /* _IO_READ */
	uint16_t combine_len;
	uint32_t nbytes; /* room at the client */
	uint32_t xtype;
	uint32_t zero;
};
struct _io_read64 {
	uint16_t type; /* _IO_READ64 */
	uint16_t combine_len;
	uint32_t nbytes;
	uint32_t xtype;
	uint32_t nbytes_hi;
};
/* Reply: the data; status: its bytes, 0 at the end of the file. */
typedef union {
	struct _io_read i;
	struct _io_read64 i64;
} io_read_t;

struct _io_write {
	uint16_t type; /* _IO_WRITE */
	uint16_t combine_len;
	uint32_t nbytes; /* of data, behind this and what xtype says */
	uint32_t xtype;
	uint32_t zero;
};
struct _io_write64 {
	uint16_t type; /* _IO_WRITE64 */
	uint16_t combine_len;
	uint32_t nbytes;
	uint32_t xtype;
	uint32_t nbytes_hi;
};
/* No reply; status: bytes taken. The data begins at sizeof(msg->i). */
typedef union {
	struct _io_write i;
	struct _io_write64 i64;
} io_write_t;

/* How much it is about, whichever of the two types it has. */
#define _IO_READ_GET_NBYTES(msg)    \
	((size_t)((msg)->i.nbytes | \
		  ((msg)->i.type == _IO_READ64 ? (uint64_t)(msg)->i64.nbytes_hi << 32 : 0)))
#define _IO_WRITE_GET_NBYTES(msg)   \
	((size_t)((msg)->i.nbytes | \
		  ((msg)->i.type == _IO_WRITE64 ? (uint64_t)(msg)->i64.nbytes_hi << 32 : 0)))

/* In a handler: how many bytes read() and write() shall return. */
#define _IO_SET_READ_NBYTES(ctp, nbytes)   _RESMGR_STATUS(ctp, (long)(nbytes))
#define _IO_SET_WRITE_NBYTES(ctp, nbytes)  _RESMGR_STATUS(ctp, (long)(nbytes))
#define _IO_SET_PATHCONF_VALUE(ctp, value) _RESMGR_STATUS(ctp, (long)(value))
#define _IO_SET_FDINFO_LEN(ctp, nbytes)    _RESMGR_STATUS(ctp, (long)(nbytes))

struct _io_close {
	uint16_t type; /* _IO_CLOSE */
	uint16_t combine_len;
};
typedef union {
	struct _io_close i;
} io_close_t;

/* Which of QNX's stat structures: here there is the machine's own only. */
#define _STAT_FORM_UNSET    0 /* of old programs: T32_2001 */
#define _STAT_FORM_T32_2001 1
#define _STAT_FORM_T32_2008 2
#define _STAT_FORM_T64_2008 3
#define _STAT_FORM_SYS_2008 _STAT_FORM_T64_2008 /* what struct stat is; the status says so */

struct _io_stat {
	uint16_t type; /* _IO_STAT */
	uint16_t combine_len;
	union {
		uint32_t zero;
		uint32_t format; /* _STAT_FORM_* */
	};
};
typedef union {
	struct _io_stat i;
	struct stat o;
	struct stat o_t32_2001, o_t32_2008, o_t64_2008;
} io_stat_t;

/* io_notify_t: flags, and what ionotify() returns. */
#define _NOTIFY_COND_INPUT     0x10000000u /* there is something to read */
#define _NOTIFY_COND_OUTPUT    0x20000000u /* there is room to write */
#define _NOTIFY_COND_OBAND     0x40000000u /* there is out-of-band data */
#define _NOTIFY_COND_EXTEN     0x80000000u /* see flags_exten */
#define _NOTIFY_COND_MASK      0xf0000000u
#define _NOTIFY_DATA_MASK      0x0fffffffu
/* flags_exten */
#define _NOTIFY_CONDE_RDNORM   0x0001u
#define _NOTIFY_CONDE_WRNORM   0x0002u
#define _NOTIFY_CONDE_RDBAND   0x0004u
#define _NOTIFY_CONDE_PRI      0x0008u
#define _NOTIFY_CONDE_WRBAND   0x0010u
#define _NOTIFY_CONDE_ERR      0x0020u
#define _NOTIFY_CONDE_HUP      0x0040u
#define _NOTIFY_CONDE_NVAL     0x1000u
/* action */
#define _NOTIFY_ACTION_TRANARM 0 /* arm for the change from nothing to something; says 0 */
#define _NOTIFY_ACTION_CONDARM 1 /* arm if it is not so now */
#define _NOTIFY_ACTION_POLL    2 /* ask; what was armed before is not any more */
#define _NOTIFY_ACTION_POLLARM 3 /* ask, and arm if nothing of it is so */
#define _NOTIFY_ACTION_EDGEARM 4 /* arm for the next change */
#define _NOTIFY_ACTION_MASK    7u

/* A sigevent in the size of 32-bit programs; known for its name. */
struct __sigevent32 {
	int32_t sigev_notify, sigev_signo, sigev_value;
	int16_t sigev_code, sigev_priority;
};

struct _io_notify {
	uint16_t type; /* _IO_NOTIFY, _IO_NOTIFY64 */
	uint16_t combine_len;
	int32_t action;        /* _NOTIFY_ACTION_* */
	int32_t flags;         /* _NOTIFY_COND_*, with a count of bytes */
	struct sigevent event; /* what to deliver */
	/* the rest is there with _NOTIFY_COND_EXTEN only */
	int32_t mgr[2];
	int32_t flags_extra_mask;
	int32_t flags_exten; /* _NOTIFY_CONDE_* */
	int32_t nfds;
	int32_t fd_first;
	int32_t nfds_ready;
	int64_t timo;
	/* struct pollfd fds[nfds]; */
};
struct _io_notify_reply {
	uint32_t zero;
	uint32_t flags; /* the conditions that hold */
	int32_t flags2;
	struct sigevent event;
	int32_t mgr[2];
	int32_t flags_extra_mask;
	int32_t flags_exten;
	int32_t nfds;
	int32_t fd_first;
	int32_t nfds_ready;
	int64_t timo;
};
typedef union {
	struct _io_notify i;
	struct _io_notify i64;
	struct _io_notify_reply o;
} io_notify_t;

struct _io_devctl {
	uint16_t type; /* _IO_DEVCTL */
	uint16_t combine_len;
	int32_t dcmd;
	uint32_t nbytes; /* of data that follows, or is wanted */
	int32_t zero;
	/* char data[nbytes]; */
};
struct _io_devctl_reply {
	uint32_t zero;
	int32_t ret_val; /* devctl()'s *info */
	uint32_t nbytes; /* of data that follows */
	int32_t zero2;
	/* char data[nbytes]; */
};
typedef union {
	struct _io_devctl i;
	struct _io_devctl_reply o;
} io_devctl_t;

struct _io_pathconf {
	uint16_t type; /* _IO_PATHCONF */
	uint16_t combine_len;
	int16_t name; /* _PC_* */
	uint16_t zero;
};
/* Status: the value. */
typedef union {
	struct _io_pathconf i;
} io_pathconf_t;

#define _IO_LSEEK_IGNORE_NON_SEEKABLE 1
struct _io_lseek {
	uint16_t type; /* _IO_LSEEK */
	uint16_t combine_len;
	int16_t whence; /* SEEK_* */
	uint16_t flags;
	uint64_t offset;
};
typedef union {
	struct _io_lseek i;
	uint64_t o; /* where it is now */
} io_lseek_t;

struct _io_chmod {
	uint16_t type; /* _IO_CHMOD */
	uint16_t combine_len;
	mode_t mode;
};
typedef union {
	struct _io_chmod i;
} io_chmod_t;

struct _io_chown {
	uint16_t type; /* _IO_CHOWN */
	uint16_t combine_len;
	int32_t gid; /* -1: as it is */
	int32_t uid;
};
typedef union {
	struct _io_chown i;
} io_chown_t;

struct __utimbuf32 {
	uint32_t actime, modtime;
};
struct _io_utime {
	uint16_t type; /* _IO_UTIME */
	uint16_t combine_len;
	int32_t cur_flag; /* both become now */
	struct __utimbuf32 times;
};
struct _io_utime64 {
	uint16_t type; /* _IO_UTIME64 */
	uint16_t combine_len;
	int32_t cur_flag;
	int32_t zero;
	int64_t atime_s, atime_ns, mtime_s, mtime_ns; /* ns: or UTIME_NOW, UTIME_OMIT */
};
typedef union {
	struct _io_utime i;
	struct _io_utime64 i64;
} io_utime_t;

/* struct _io_openfd.xtype */
#define _IO_OPENFD_NONE         0
#define _IO_OPENFD_PIPE         1
#define _IO_OPENFD_KQUEUE       2
#define _IO_OPENFD_ACCEPT       3
#define _IO_OPENFD_SCTP_PEELOFF 4
struct _io_openfd {
	uint16_t type; /* _IO_OPENFD */
	uint16_t combine_len;
	uint32_t ioflag;
	uint16_t sflag;
	uint16_t xtype;
	struct _msg_info32 info; /* the file that is opened again */
	uint32_t reserved2;
	uint32_t key;
};
typedef union {
	struct _io_openfd i;
} io_openfd_t;

/* struct _fdinfo.flags */
#define _FDINFO_LOCKS 1
#define _FDINFO_MMAPS 2
struct _fdinfo {
	uint32_t mode;   /* st_mode */
	uint32_t ioflag; /* as in struct _io_connect */
	uint64_t offset;
	uint64_t size;
	uint32_t flags; /* _FDINFO_* */
	uint16_t sflag;
	uint16_t count; /* opens of it */
	uint16_t rcount, wcount;
	uint16_t rlocks, wlocks;
	uint32_t zero[6];
};
/* struct _io_fdinfo.flags: the path without the node's part */
#define _FDINFO_FLAG_LOCALPATH 1
struct _io_fdinfo {
	uint16_t type; /* _IO_FDINFO */
	uint16_t combine_len;
	uint32_t flags;
	uint32_t path_len; /* room for the path */
	uint32_t reserved;
};
struct _io_fdinfo_reply {
	uint32_t zero[2];
	struct _fdinfo info;
	/* char path[]; */
};
/* Status: the path's length. */
typedef union {
	struct _io_fdinfo i;
	struct _io_fdinfo_reply o;
} io_fdinfo_t;

struct _io_lock {
	uint16_t type; /* _IO_LOCK */
	uint16_t combine_len;
	uint32_t subtype; /* F_GETLK, F_SETLK, F_SETLKW */
	uint32_t nbytes;  /* of data that follows */
			  /* flock_t data, at sizeof(struct _io_lock) */
};
struct _io_lock_reply {
	uint32_t zero[3];
	/* flock_t data */
};
typedef union {
	struct _io_lock i;
	struct _io_lock_reply o;
} io_lock_t;

struct _io_space {
	uint16_t type; /* _IO_SPACE */
	uint16_t combine_len;
	uint16_t subtype; /* F_ALLOCSP, F_FREESP */
	int16_t whence;
	uint64_t start;
	uint64_t len; /* 0: to the end */
};
typedef union {
	struct _io_space i;
	uint64_t o; /* the file's size */
} io_space_t;

struct _io_shutdown {
	uint16_t type; /* _IO_SHUTDOWN */
	uint16_t combine_len;
};
struct _io_shutdown_reply {
	uint32_t zero;
};
typedef union {
	struct _io_shutdown i;
	struct _io_shutdown_reply o;
} io_shutdown_t;

struct _io_mmap {
	uint16_t type; /* _IO_MMAP */
	uint16_t combine_len;
	uint32_t prot; /* PROT_* */
	uint64_t offset;
	struct _msg_info32 info;
	uint32_t required_prot;
	uint32_t zero[5];
};
struct _io_mmap_reply {
	uint32_t zero;
	uint32_t allowed_prot;
	uint64_t offset;
	int32_t coid;
	int32_t fd;
};
typedef union {
	struct _io_mmap i;
	struct _io_mmap_reply o;
} io_mmap_t;

struct _io_msg {
	uint16_t type;        /* _IO_MSG */
	uint16_t combine_len; /* sizeof(struct _io_msg) */
	uint16_t mgrid;       /* of <sys/iomgr.h> */
	uint16_t subtype;
	/* what mgrid and subtype say */
};
typedef union {
	struct _io_msg i;
} io_msg_t;

struct _io_dup {
	uint16_t type; /* _IO_DUP */
	uint16_t combine_len;
	struct _msg_info32 info; /* the descriptor that this one is a duplicate of */
	uint32_t reserved;
	uint32_t key;
};
typedef union {
	struct _io_dup i;
} io_dup_t;

struct _io_sync {
	uint16_t type; /* _IO_SYNC */
	uint16_t combine_len;
	uint32_t flag; /* O_SYNC, O_DSYNC */
};
typedef union {
	struct _io_sync i;
} io_sync_t;

struct _io_power {
	uint16_t type; /* _IO_POWER */
	uint16_t combine_len;
	uint32_t subtype; /* no page tells which there are */
	uint32_t flags;
	int32_t mode;
};
typedef union {
	struct _io_power i;
	uintptr_t o;
} io_power_t;

/* struct _io_acl.subtype. A list stands behind the structures, whose layout no page tells. */
enum _io_acl_subtypes { _IO_ACL_GET, _IO_ACL_SET, _IO_ACL_CHK };
struct _io_acl {
	uint16_t type; /* _IO_ACL */
	uint16_t combine_len;
	uint32_t subtype;
	int32_t zero[2];
};
struct _io_acl_reply {
	uint32_t zero[4];
};
typedef union {
	struct _io_acl i;
	struct _io_acl_reply o;
} io_acl_t;

struct _io_combine {
	uint16_t type;
	uint16_t combine_len; /* to the next message, and _IO_COMBINE_FLAG if there is one */
};
typedef union {
	struct _io_combine i;
} io_combine_t;

typedef struct _pulse io_pulse_t;

/* ---- Clients ---- */

__BEGIN_DECLS

/*
 * Asks the server of fd which of the conditions in flags (_NOTIFY_COND_*) hold, and has it
 * deliver event once one comes to hold, as action (_NOTIFY_ACTION_*) says. Returns the
 * conditions that hold, or -1: EBADF, EBUSY (somebody else has armed it), ENOMEM, ENOSYS.
 */
int ionotify(int fd, int action, int flags, const struct sigevent *event);

/*
 * What the server of fd tells of it: *info and its path (each may be NULL), maxlen bytes at most,
 * 0 at the end. Returns the path's length, or -1: EBADF, ENOSYS.
 */
int iofdinfo(int fd, unsigned flags, struct _fdinfo *info, char *path, int maxlen);

__END_DECLS
