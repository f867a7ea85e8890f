/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's calls: channels, connections, messages, pulses, events.
 *
 * Every call X() returns -1 with errno on an error. Its twin X_r() leaves errno alone and
 * returns the error: negated where success is a useful number (an id, a count, a status;
 * also MsgReply_r() and MsgVerifyEvent_r()), positive where success is EOK. Each
 * prototype below says which: "neg" or "pos".
 *
 * The first call attaches the program to its node, and may fail with what that fails with:
 * EHOSTDOWN (the node is gone), ENOSYS (there is to be none).
 *
 * QNX Neutrino C Library Reference, pages named as the functions. doc/fidelity.md tells
 * what differs.
 */
#pragma once

#include <features.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <linux/limits.h> /* NGROUPS_MAX, under every standard */
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <sys/netmgr.h>
#include <sys/siginfo.h>
#include <sys/states.h>
#include <sys/types.h>
#include <sys/uio.h>

/* The release whose documented interface this is: 7.1. */
#define _NTO_VERSION 710

#ifndef __KAMIOKA_IOV_T
#define __KAMIOKA_IOV_T
typedef struct iovec iov_t;
#endif
typedef int rcvid_t;

/* The process manager: its process, its channel, and everybody's connection to it. */
#define SYSMGR_PID    1
#define SYSMGR_CHID   1
#define SYSMGR_COID   _NTO_SIDE_CHANNEL
#define SYSMGR_HANDLE 0
#define PROCMGR_PID   SYSMGR_PID
#define PROCMGR_CHID  SYSMGR_CHID
#define PROCMGR_COID  SYSMGR_COID

/* ChannelCreate() */
#define _NTO_CHF_FIXED_PRIORITY  0x0001 /* receivers keep their own priority */
#define _NTO_CHF_UNBLOCK         0x0002 /* clients leave by the server's leave only */
#define _NTO_CHF_THREAD_DEATH    0x0004 /* pulse when a thread of this process dies */
#define _NTO_CHF_DISCONNECT      0x0008 /* pulse when a client's last connection goes */
#define _NTO_CHF_NET_MSG         0x0010 /* reserved */
#define _NTO_CHF_SENDER_LEN      0x0020 /* srcmsglen is wanted; it is always there */
#define _NTO_CHF_COID_DISCONNECT 0x0040 /* pulse when a server of this process dies */
#define _NTO_CHF_REPLY_LEN       0x0080 /* dstmsglen is wanted; it is always there */
#define _NTO_CHF_STICKY          0x0100 /* reserved */
#define _NTO_CHF_PULSE_POOL      0x0100 /* without effect, as all that has no comment below */
#define _NTO_CHF_ASYNC_NONBLOCK  0x0200 /* ENOTSUP, as the next two */
#define _NTO_CHF_ASYNC           0x0400
#define _NTO_CHF_GLOBAL          0x0800
#define _NTO_CHF_PRIVATE         0x1000 /* only this process may connect */
#define _NTO_CHF_MSG_PAUSING     0x2000
#define _NTO_CHF_SIG_RESTART     0x4000
#define _NTO_CHF_INHERIT_RUNMASK 0x4000
#define _NTO_CHF_UNBLOCK_TIMER   0x8000

/* ConnectAttach(): index */
#define _NTO_SIDE_CHANNEL   0x40000000 /* not among the descriptors */
/* ConnectAttach() and ConnectFlags(): flags */
#define _NTO_COF_CLOEXEC    0x0001 /* gone at exec; FD_CLOEXEC of a descriptor */
#define _NTO_COF_DEAD       0x0002 /* told only: the channel is gone */
#define _NTO_COF_NOSHARE    0x0040
#define _NTO_COF_NETCON     0x0080
#define _NTO_COF_NONBLOCK   0x0100
#define _NTO_COF_ASYNC      0x0200
#define _NTO_COF_GLOBAL     0x0400
#define _NTO_COF_NOEVENT    0x0800 /* the server may deliver no events over it */
#define _NTO_COF_INSECURE   0x1000
#define _NTO_COF_REG_EVENTS 0x2000 /* only registered ones */

/* _msg_info.flags. Only UNBLOCK_REQ and BITS_64 are ever told. */
#define _NTO_MI_ENDIAN_BIG     0x0001
#define _NTO_MI_ENDIAN_DIFF    0x0002
#define _NTO_MI_UNBLOCK_REQ    0x0100 /* the client wants to leave */
#define _NTO_MI_NET_CRED_DIRTY 0x0200
#define _NTO_MI_CONSTRAINED    0x0400
#define _NTO_MI_CHROOT         0x0800
#define _NTO_MI_BITS_64        0x1000
#define _NTO_MI_BITS_DIFF      0x2000
#define _NTO_MI_SANDBOX        0x4000

/*
 * Who sent what. MsgReceive() and MsgInfo() fill it for a message, ConnectServerInfo()
 * for a connection (of a message only what stands behind the bar).
 */
struct _msg_info {
	uint32_t nd;       /* 0 | the server's node */
	uint32_t srcnd;    /* 0 */
	pid_t pid;         /* sender | the server */
	int32_t tid;       /* sending thread: the kernel's id of it */
	int32_t chid;      /* channel it came to | the server's channel */
	int32_t scoid;     /* the server's id of the client | the same, 0: not known yet */
	int32_t coid;      /* the CLIENT's id of the connection | the same */
	int16_t priority;  /* of the sender */
	int16_t flags;     /* _NTO_MI_* | _NTO_COF_* */
	ssize_t msglen;    /* bytes received; MsgInfo(): bytes sent */
	ssize_t srcmsglen; /* bytes sent */
	ssize_t dstmsglen; /* room of the client's reply buffer */
	uint32_t type_id;
	uint32_t reserved;
};
#define _server_info _msg_info

/* A pulse as MsgReceive() puts it into the buffer. */
#define _PULSE_TYPE    0
#define _PULSE_SUBTYPE 0
struct _pulse {
	uint16_t type;    /* _PULSE_TYPE */
	uint16_t subtype; /* _PULSE_SUBTYPE */
	int8_t code;      /* negative: the system's; _PULSE_CODE_* */
	uint8_t zero[3];
	__sigval_t value; /* union sigval */
	int32_t scoid;    /* whose connection it came over */
};

#define _PULSE_CODE_UNBLOCK         (-32) /* value: rcvid of the client that wants to leave */
#define _PULSE_CODE_DISCONNECT      (-33) /* scoid: ConnectDetach() it */
#define _PULSE_CODE_THREADDEATH     (-34) /* value: tid */
#define _PULSE_CODE_COIDDEATH       (-35) /* value: coid of this process */
/* The following are never sent. */
#define _PULSE_CODE_NET_ACK         (-36)
#define _PULSE_CODE_NET_UNBLOCK     (-37)
#define _PULSE_CODE_NET_DETACH      (-38)
#define _PULSE_CODE_RESTART         (-39)
#define _PULSE_CODE_NORESTART       (-40)
#define _PULSE_CODE_UNBLOCK_RESTART (-41)
#define _PULSE_CODE_UNBLOCK_TIMER   (-42)
/* What programs may use. */
#define _PULSE_CODE_MINAVAIL        0
#define _PULSE_CODE_MAXAVAIL        127

/* or-ed into a pulse's code: what to do if one waits that has the sender, priority and code */
#define _NTO_PULSE_IF_UNIQUE 0x1000 /* and the value: nothing more is queued */
#define _NTO_PULSE_REPLACE   0x2000 /* it gets the value */

/* MsgReadiov() */
#define _NTO_READIOV_SEND  0
#define _NTO_READIOV_REPLY 1

/* MsgKeyData() */
#define _NTO_KEYDATA_VERIFY          0
#define _NTO_KEYDATA_CALCULATE       1
#define _NTO_KEYDATA_CALCULATE_REUSE 2
#define _NTO_KEYDATA_PATHSIGN        0x8000

/* MsgRegisterEvent(): who may deliver, besides a coid */
#define _NTO_REGEVENT_ALLOW_ANY_SERVER (-1)
#define _NTO_REGEVENT_ALLOW_SELF       (-2)

struct _cred_info {
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;
	uint32_t ngroups;
	gid_t grouplist[NGROUPS_MAX]; /* last: may be cut short or made longer */
};

struct _client_info {
	uint32_t nd;
	pid_t pid;
	pid_t sid;
	uint32_t flags; /* _NTO_CI_* */
	struct _cred_info cred;
};

#define _NTO_CI_ENDIAN_BIG  0x00000001u
#define _NTO_CI_BKGND_PGRP  0x00000004u /* its group is in the background */
#define _NTO_CI_ORPHAN_PGRP 0x00000008u
#define _NTO_CI_STOPPED     0x00000080u
#define _NTO_CI_UNABLE      0x00000100u /* an ability that was asked for is missing */
#define _NTO_CI_TYPE_ID     0x00000200u
#define _NTO_CI_CHROOT      0x00000800u
#define _NTO_CI_BITS_64     0x00001000u
#define _NTO_CI_SANDBOX     0x00004000u
#define _NTO_CI_LOADER      0x00008000u
#define _NTO_CI_FULL_GROUPS 0x80000000u

/* ConnectClientInfoExt() */
#define _NTO_CLIENTINFO_GETGROUPS 1
#define _NTO_CLIENTINFO_GETTYPEID 2

struct _client_able {
	uint32_t ability, flags;
	uint64_t range_lo, range_hi;
};

/* ChannelCreatePulsePool(): without effect. */
struct nto_channel_config {
	struct sigevent event;
	unsigned num_pulses;
	unsigned rearm_threshold;
	unsigned options;
	unsigned reserved[3];
};
#define _NTO_CHO_CUSTOM_EVENT 0x1u

__BEGIN_DECLS

/* ---- Channels. None blocks. ---- */

/* A channel of the calling process. EAGAIN, EBUSY (another channel has THREAD_DEATH or
 * COID_DISCONNECT already, and one of the two is wanted), ENOTSUP (asynchronous flags). */
int ChannelCreate(unsigned flags);
int ChannelCreate_r(unsigned flags); /* neg */
/* The same: each sender has room for pulses of its own. EINVAL: no config. */
int ChannelCreatePulsePool(unsigned flags, const struct nto_channel_config *config);
int ChannelCreatePulsePool_r(unsigned flags, const struct nto_channel_config *config); /* neg */
/* EINVAL: no such channel. Who is blocked on it gets ESRCH. */
int ChannelDestroy(int chid);
int ChannelDestroy_r(int chid); /* pos */

/* ---- Connections ---- */

/*
 * A connection to channel chid of process pid (0: the caller) on node nd (0), whose id is
 * the lowest free descriptor from index on, or with _NTO_SIDE_CHANNEL none of them.
 * Belongs to the process until ConnectDetach(). EAGAIN, EINVAL (index, flags), EMFILE,
 * ENOREMOTE, ENOTSUP (the process manager among the descriptors), ENXIO (pid is dying),
 * EPERM (a private channel), ESRCH.
 */
int ConnectAttach(uint32_t nd, pid_t pid, int chid, unsigned index, int flags);
int ConnectAttach_r(uint32_t nd, pid_t pid, int chid, unsigned index, int flags); /* neg */
/* Also for a server, with the scoid of a client that has disconnected. Threads that are
 * SEND-blocked on coid get EBADF; for REPLY-blocked ones the server is asked, if it wants
 * to be. EINVAL, EPERM (SYSMGR_COID). */
int ConnectDetach(int coid);
int ConnectDetach_r(int coid); /* pos */
/* The connection coid, or the next one that there is; with info NULL the next one whose
 * server lives. Returns its id. EFAULT; EINVAL: none; ESRCH: pid is not the calling
 * process. */
int ConnectServerInfo(pid_t pid, int coid, struct _server_info *info);
int ConnectServerInfo_r(pid_t pid, int coid, struct _server_info *info); /* neg */
/* Who a client is now; ngroups: capacity of grouplist. EFAULT, EINVAL (no such client),
 * ENOMEM. */
int ConnectClientInfo(int scoid, struct _client_info *info, int ngroups);
int ConnectClientInfo_r(int scoid, struct _client_info *info, int ngroups); /* pos */
/* *info is allocated; ClientInfoExtFree() frees it and sets it NULL. EINVAL, ENOMEM. */
int ConnectClientInfoExt(int scoid, struct _client_info **info, int flags);
int ClientInfoExtFree(struct _client_info **info);
/* The same, with _NTO_CI_UNABLE in its flags if the client lacks one of the abilities; asks
 * the process manager. */
int ConnectClientInfoAble(int scoid, struct _client_info **info, int flags,
			  struct _client_able *abilities, int nable);
/* The flags before; each bit of mask becomes that of bits. EBADF, EINVAL (a bit that is not
 * the program's), ESRCH (pid is not the calling process). */
int ConnectFlags(pid_t pid, int coid, unsigned mask, unsigned bits);
int ConnectFlags_r(pid_t pid, int coid, unsigned mask, unsigned bits); /* neg */

/* ---- Sending. Block until the server has answered. ---- */

/*
 * Returns the status of the server's MsgReply(). Bytes moved are the lesser of what one
 * side has and the other has room for, both ways. Cancellation points, except the nc
 * forms. EAGAIN (a thread's first message finds no memory or descriptors), EBADF (no such
 * connection, its channel is gone), EFAULT, EINTR, ENOSYS (SYSMGR_COID), EOVERFLOW (more
 * than SSIZE_MAX), ESRCH (the server died or destroyed the channel meanwhile), ESRVRFAULT,
 * ETIMEDOUT, or what MsgError() says.
 */
long MsgSend(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes);
long MsgSendsv(int coid, const void *smsg, size_t sbytes, const iov_t *riov, size_t rparts);
long MsgSendvs(int coid, const iov_t *siov, size_t sparts, void *rmsg, size_t rbytes);
long MsgSendv(int coid, const iov_t *siov, size_t sparts, const iov_t *riov, size_t rparts);
long MsgSendnc(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes);
long MsgSendsvnc(int coid, const void *smsg, size_t sbytes, const iov_t *riov, size_t rparts);
long MsgSendvsnc(int coid, const iov_t *siov, size_t sparts, void *rmsg, size_t rbytes);
long MsgSendvnc(int coid, const iov_t *siov, size_t sparts, const iov_t *riov, size_t rparts);
/* all neg */
long MsgSend_r(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes);
long MsgSendsv_r(int coid, const void *smsg, size_t sbytes, const iov_t *riov, size_t rparts);
long MsgSendvs_r(int coid, const iov_t *siov, size_t sparts, void *rmsg, size_t rbytes);
long MsgSendv_r(int coid, const iov_t *siov, size_t sparts, const iov_t *riov, size_t rparts);
long MsgSendnc_r(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes);
long MsgSendsvnc_r(int coid, const void *smsg, size_t sbytes, const iov_t *riov, size_t rparts);
long MsgSendvsnc_r(int coid, const iov_t *siov, size_t sparts, void *rmsg, size_t rbytes);
long MsgSendvnc_r(int coid, const iov_t *siov, size_t sparts, const iov_t *riov, size_t rparts);

/* ---- Receiving ---- */

/*
 * Blocks until there is a message or a pulse. > 0: a message's rcvid, valid until it is
 * replied to; 0: a pulse, *info is left alone. The buffer must hold a struct _pulse. A
 * bad one costs a message: its client gets ESRVRFAULT. EFAULT, EINTR, ESRCH (no such
 * channel, or destroyed meanwhile), ETIMEDOUT. info may be NULL. A cancellation point.
 */
int MsgReceive(int chid, void *msg, size_t bytes, struct _msg_info *info);
int MsgReceivev(int chid, const iov_t *iov, size_t parts, struct _msg_info *info);
int MsgReceive_r(int chid, void *msg, size_t bytes, struct _msg_info *info);         /* neg */
int MsgReceivev_r(int chid, const iov_t *iov, size_t parts, struct _msg_info *info); /* neg */
/* The same for pulses only; messages stay in the queue. 0. Also EAGAIN. */
int MsgReceivePulse(int chid, void *pulse, size_t bytes, struct _msg_info *info);
int MsgReceivePulsev(int chid, const iov_t *iov, size_t parts, struct _msg_info *info);
int MsgReceivePulse_r(int chid, void *pulse, size_t bytes, struct _msg_info *info);       /* neg */
int MsgReceivePulsev_r(int chid, const iov_t *iov, size_t parts, struct _msg_info *info); /* neg */

/* ---- What a server does with a message. Any thread of the process, any order. ---- */

/* Ends the client's MsgSend(), which returns status, in any case but ESRCH: after EFAULT
 * (the client's buffer, if there is more than 1 MiB for it; of less only the client is told)
 * and ESRVRFAULT (ours) it fails with the same. ESRCH: it is not blocked on rcvid any more.
 * EOVERFLOW. */
int MsgReply(int rcvid, long status, const void *msg, size_t bytes);
int MsgReplyv(int rcvid, long status, const iov_t *iov, size_t parts);
int MsgReply_r(int rcvid, long status, const void *msg, size_t bytes);   /* neg */
int MsgReplyv_r(int rcvid, long status, const iov_t *iov, size_t parts); /* neg */
/* Ends it with -1 and error in errno; EOK: with 0; ERESTART: it is sent again; -1: with
 * what the client wanted to leave for, EINTR or ETIMEDOUT. ESRCH. */
int MsgError(int rcvid, int error);
int MsgError_r(int rcvid, int error); /* pos */
/* Copies from what the client sent, from offset on; the bytes copied, 0 at its end.
 * EFAULT, EOVERFLOW, ESRCH, ESRVRFAULT. */
ssize_t MsgRead(int rcvid, void *msg, size_t bytes, size_t offset);
ssize_t MsgReadv(int rcvid, const iov_t *iov, size_t parts, size_t offset);
ssize_t MsgRead_r(int rcvid, void *msg, size_t bytes, size_t offset);         /* neg */
ssize_t MsgReadv_r(int rcvid, const iov_t *iov, size_t parts, size_t offset); /* neg */
/* The same from the send (flags 0) or the reply buffer of the client; the latter is EFAULT
 * where only the client can reach its memory (another user's). */
ssize_t MsgReadiov(int rcvid, const iov_t *iov, size_t parts, size_t offset, int flags);
ssize_t MsgReadiov_r(int rcvid, const iov_t *iov, size_t parts, size_t offset, int flags); /* neg */
/* Copies into the client's reply buffer, which ends where it ends; the bytes copied. The
 * errors of MsgRead(). */
ssize_t MsgWrite(int rcvid, const void *msg, size_t bytes, size_t offset);
ssize_t MsgWritev(int rcvid, const iov_t *iov, size_t parts, size_t offset);
ssize_t MsgWrite_r(int rcvid, const void *msg, size_t bytes, size_t offset);   /* neg */
ssize_t MsgWritev_r(int rcvid, const iov_t *iov, size_t parts, size_t offset); /* neg */
/* What is known of it now, _NTO_MI_UNBLOCK_REQ above all. EFAULT, ESRCH. */
int MsgInfo(int rcvid, struct _msg_info *info);
int MsgInfo_r(int rcvid, struct _msg_info *info); /* pos */
/* Take that client's priority again. ESRCH. */
int MsgCurrent(int rcvid);
int MsgCurrent_r(int rcvid); /* pos */
/* Signs data that a client carries to another server, or verifies them: then *newkey is 0 if
 * key is right. Every program of the node can sign. EFAULT, EINVAL, ENOMEM, ESRCH. */
int MsgKeyData(int rcvid, int op, uint32_t key, uint32_t *newkey, const iov_t *msg, int parts);
int MsgKeyData_r(int rcvid, int op, uint32_t key, uint32_t *newkey, const iov_t *msg,
		 int parts); /* pos */
/* ENOSYS, as in 8.0. */
int MsgPause(int rcvid, unsigned cookie);
int MsgPause_r(int rcvid, unsigned cookie); /* pos */

/* ---- Pulses and events. None blocks; signal handlers may call the first two. ---- */

/* priority -1: the caller's; 0: 1. EAGAIN (no room), EBADF, EINVAL (priority), ENOSYS
 * (SYSMGR_COID), EPERM (kill()'s rule). */
int MsgSendPulse(int coid, int priority, int code, int value);
int MsgSendPulse_r(int coid, int priority, int code, int value); /* pos */
int MsgSendPulsePtr(int coid, int priority, int code, void *value);
int MsgSendPulsePtr_r(int coid, int priority, int code, void *value); /* pos */
/* Deliver a client's event to it; rcvid may be one that was replied to, as long as its
 * connection lives, or 0: to the calling process. EACCES (it may not be by this server, or
 * not over this connection), EAGAIN, EBADF, EINVAL, ENOTSUP (a type that cannot be
 * delivered to another process), EPERM (a signal, kill()'s rule), ESRCH. */
int MsgDeliverEvent(int rcvid, const struct sigevent *event);
int MsgDeliverEvent_r(int rcvid, const struct sigevent *event); /* pos */
/* Is the event well formed; with a rcvid: could it be delivered? EACCES, EBADF, EINVAL,
 * ESRCH. */
int MsgVerifyEvent(int rcvid, const struct sigevent *event);
int MsgVerifyEvent_r(int rcvid, const struct sigevent *event); /* neg */
/* Turns *event into a handle, good wherever an event is, for the server of coid alone, or as
 * _NTO_REGEVENT_* says. EAGAIN (65472 there are), EBADF, EINVAL, ENOMEM. */
int MsgRegisterEvent(struct sigevent *event, int coid);
int MsgRegisterEvent_r(struct sigevent *event, int coid); /* pos */
/* EINVAL: it is none. */
int MsgUnregisterEvent(const struct sigevent *event);
int MsgUnregisterEvent_r(const struct sigevent *event); /* pos */

__END_DECLS

/* What is not about messages. */
#include <bits/neutrino_interrupt.h>
#include <bits/neutrino_iov.h>
#include <bits/neutrino_process.h>
#include <bits/neutrino_sync.h>
#include <bits/neutrino_thread.h>
#include <bits/neutrino_time.h>
