// SPDX-License-Identifier: Apache-2.0
/*
 * What a handle and a context are inside, and who does what with a message:
 *
 *	handler.c   routes it: pulse, attached type, resource manager
 *	connect.c   a message with a path: open and its kind
 *	io.c        a message for an open file, combined ones too
 *	inherited.c a descriptor that came by fork, spawn or exec
 *	close.c     a descriptor, a client, a name is gone; somebody wants to leave
 *	reply.c     what a handler's return value means
 *
 * All come here with a context that holds a received message, and nothing else of a channel:
 * tests and fuzzers put any bytes there. What the client sent is checked in check.c, before a
 * handler sees it.
 */
#pragma once

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <sys/dispatch.h>

#include "dispatch/attached.h"
#include "dispatch/binding.h"

/* The least that a context has room for: any connect message with two paths. */
#define DISPATCH_MSG_MIN   (2 * 4096 + 512)
#define DISPATCH_PARTS_MIN 8
/* Behind the receive buffer: handlers write replies into it, whose header may be longer than
 * the message was, and data of a devctl, which is below 16 KiB. */
#define DISPATCH_MSG_SLACK (16384 + 1024)

/* Pulses of our own. */
#define DISPATCH_PULSE_WAKE   (-64)
#define DISPATCH_PULSE_SELECT (-65)
#define DISPATCH_PULSE_LINK   (-66) /* a connection has ended without a word: its number */
#define DISPATCH_PULSE_DUP    (-67) /* a descriptor was inherited: its coid, and the scoid */

struct message_range {
	struct message_range *next;
	int low, high;
	int (*func)(message_context_t *ctp, int code, unsigned flags, void *handle);
	void *handle;
};

struct pulse_code {
	struct pulse_code *next;
	int code;
	int (*func)(message_context_t *ctp, int code, unsigned flags, void *handle);
	void *handle;
};

struct selected;

struct _dispatch {
	pthread_mutex_t lock; /* around all lists here */
	int chid;             /* -1: none yet */
	bool owns_channel;
	unsigned flags; /* DISPATCH_FLAG_* */
	bool is_frozen; /* contexts exist: no larger messages */
	bool has_name;  /* of name_attach(): opens of it are answered */
	bool is_resmgr; /* something was attached by resmgr_attach() */
	size_t msg_max;
	unsigned nparts;
	struct bindings bindings;
	struct message_range *ranges, fallback; /* fallback.func: NULL */
	struct pulse_code *pulses;
	struct selected *selected;
	_Atomic uint64_t timeout_ns; /* of a block; 0: none */
	_Atomic int wake_coid;       /* to the channel; -1: none yet */
	_Atomic unsigned n_blocked;
};

/* Behind ctp->extra. */
struct _extended_context {
	dispatch_context_t *ctp; /* behind it parts, behind them the buffer */
	char *buffer;
	unsigned nparts;
	bool is_bound; /* an open was bound by this message */
};

/* For callers of the library: a negative errno becomes -1 with errno, the rest stays. */
static inline int with_errno(int r)
{
	if (r >= 0)
		return r;
	errno = -r;
	return -1;
}

/* ---- handle.c ---- */

/* Make the channel if there is none. 0, -errno. */
int dispatch_need_channel(dispatch_t *dpp);
/* Room for such messages; @dpp->lock is held. -EINVAL: too late. */
int dispatch_need_room(dispatch_t *dpp, size_t msg_max, unsigned nparts);
/* A connection to the own channel. A coid, -errno. */
int dispatch_wake_coid(dispatch_t *dpp);

/* For name_attach(): the channel of a handle, made if it has none, or -errno; a handle that
 * has this channel for its own, NULL: no memory; its end. It answers the opens of names. */
int dispatch_name_channel(dispatch_t *dpp);
dispatch_t *dispatch_name_handle(int chid);
void dispatch_name_end(dispatch_t *dpp);

/* ---- handler.c ---- */

/* Whom the message is from. */
static inline struct bound context_who(const resmgr_context_t *ctp)
{
	return (struct bound){ctp->info.scoid, ctp->info.coid, ctp->info.pid};
}

/* ---- context.c ---- */

/* A context to call handlers with that have nobody to answer: the thread's own, for a while. */
struct borrowed {
	resmgr_context_t *ctp;
	int rcvid, id;
	struct _msg_info info;
	long status;
	size_t offset, size;
};

/* With @who its message is as if from there. */
void context_borrow(struct borrowed *ret, resmgr_context_t *ctp, const struct bound *who, int id);
void context_give_back(const struct borrowed *borrowed);

/* ---- message.c ---- */

/* False: nothing attached. Else *ret_status is what it returned. */
bool message_call(resmgr_context_t *ctp, int type, int *ret_status);
bool message_call_fallback(resmgr_context_t *ctp, int type, int *ret_status);
bool pulse_call(resmgr_context_t *ctp, int code, int *ret_status);

/* ---- select.c ---- */

int select_pulse(resmgr_context_t *ctp);
/* A server died: true if somebody wants to know. */
bool select_server_died(resmgr_context_t *ctp);
void select_fini(dispatch_t *dpp);

/* ---- check.c ---- */

/* Does @size received bytes (of @sent) hold a connect message, with all that it speaks of? 0,
 * or an error for the client. *ret_extra is what stands behind the path (NULL: nothing),
 * *ret_next where a combined message goes on. */
int check_connect(const struct _io_connect *connect, size_t size, void **ret_extra,
		  size_t *ret_next);
/* The same for an I/O message at @offset of a message. */
int check_io(const resmgr_iomsgs_t *msg, size_t offset, size_t size, size_t sent);

/* ---- connect.c, io.c, close.c ---- */

/* Each answers the client, or leaves it to the handler. */
void connect_message(resmgr_context_t *ctp);
void io_message(resmgr_context_t *ctp);
/* All messages of @ctp from @offset on, in order. What the last handler returned. The caller is
 * in @open. */
int io_components(resmgr_context_t *ctp, struct open *open, size_t offset);

/* The dup handler of @key, if it was inherited and that has not run yet: before anything else
 * of it. False: the handler refuses it, it has to go. */
bool inherited_tell(resmgr_context_t *ctp, const struct bound *key);
/* The same; what is refused goes without close_dup. */
void inherited_settle(resmgr_context_t *ctp, const struct bound *key);
/* The pulse that says so. */
void inherited_pulse(resmgr_context_t *ctp);

void close_message(resmgr_context_t *ctp);
/* The key of @ctp's message, or @who, goes, without close_dup. */
void close_forget(resmgr_context_t *ctp);
void close_forget_key(resmgr_context_t *ctp, const struct bound *who);
/* The same with close_dup, for a key that is left of a descriptor that went without a word. */
void close_stale(resmgr_context_t *ctp);
/* All is over for @open, nobody is in it: its close_ocb. */
void close_end(resmgr_context_t *ctp, struct open *open);
/* Any of its handlers ran and its reply is out. */
void close_leave(resmgr_context_t *ctp, struct open *open, bool is_ender);
/* The link of that number has ended. */
void close_link(resmgr_context_t *ctp, int number);
void close_client(dispatch_t *dpp, resmgr_context_t *ctp, int scoid);
/* False: no request of a resource manager is known that wants to leave. */
bool close_unblock(resmgr_context_t *ctp);
/* All keys of @attached, or with NULL all. With @run close handlers are called. */
void close_name(dispatch_t *dpp, resmgr_context_t *ctp, const struct attached *attached, bool run);

/* ---- reply.c ---- */

/* Do what a handler's return value says. -ESRCH: the client is not there any more. */
int reply_status(resmgr_context_t *ctp, int status);
