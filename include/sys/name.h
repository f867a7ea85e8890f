/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of servers that clients find by name_open(): <sys/dispatch.h> includes this. QNX
 * Neutrino C Library Reference, pages named as the functions.
 */
#pragma once

#include <features.h>
#include <sys/types.h>

typedef struct _dispatch dispatch_t;

typedef struct _name_attach {
	dispatch_t *dpp; /* what dispatch_*() take; NULL without a dispatch layer */
	int chid;        /* what MsgReceive() takes */
	int mntid;       /* link id of the name */
	int zero[2];
} name_attach_t;

/* name_attach() and name_open() */
#define NAME_FLAG_ATTACH_GLOBAL   0x00000002 /* ENOTSUP: there is no network of nodes */
#define NAME_FLAG_CROSS_ENDIAN    0x00000008 /* without effect: all clients are of this machine */
/* name_detach() */
#define NAME_FLAG_DETACH_SAVEDPP  0x00000001 /* keep dpp, for dispatch_destroy() */
/* name_open(): the connection gets that _NTO_COF_* flag */
#define _NAME_FLAG_COF_CLOEXEC    0x00010000
#define _NAME_FLAG_COF_NOEVENT    0x08000000
#define _NAME_FLAG_COF_INSECURE   0x10000000
#define _NAME_FLAG_COF_REG_EVENTS 0x20000000

__BEGIN_DECLS

/*
 * The calling process is the server of /dev/name/local/path, on dpp's channel, or for NULL
 * on one that is made here, with _NTO_CHF_DISCONNECT, _NTO_CHF_COID_DISCONNECT and
 * _NTO_CHF_UNBLOCK. The result is the library's, until name_detach(). NULL with errno:
 * EBUSY (this process has such a channel already: one only), EEXIST (the name is taken),
 * EINVAL (path is NULL, empty, absolute, or has a ".." in it), ENAMETOOLONG, ENOMEM,
 * ENOTDIR, ENOTSUP (a global name), EPERM. Does not block.
 */
name_attach_t *name_attach(dispatch_t *dpp, const char *path, unsigned flags);
/* The name goes; channel and dpp too, but for NAME_FLAG_DETACH_SAVEDPP; attach is freed.
 * EINVAL: it was never attached. */
int name_detach(name_attach_t *attach, unsigned flags);
/*
 * A side channel to the server of that name, which has answered a message _IO_CONNECT with
 * no error. Blocks until it has. -1: EINVAL, ENAMETOOLONG, ENOENT (no such server, or not
 * yet), ENOTSUP (a global name), EINTR, what ConnectAttach() says, or what the server does.
 */
int name_open(const char *name, int flags);
/* Detaches it; the server is told as of any detach, and gets no message. EBADF. */
int name_close(int coid);

__END_DECLS
