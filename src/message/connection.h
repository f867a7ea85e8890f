// SPDX-License-Identifier: Apache-2.0
/*
 * The connections of this process, by their ids: where MsgSend() finds whom to send to.
 *
 * Records are never freed, only used again, so whoever has one may look at it at any time;
 * whether it is still what it was its `serial` tells.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "client/guard.h"
#include "message/idle.h"

enum connection_kind {
	CONNECTION_FREE,
	CONNECTION_CHANNEL, /* a channel of some process */
	CONNECTION_SYSMGR,  /* the process manager, which is no channel yet */
};

struct connection {
	uint32_t kind;   /* enum connection_kind */
	uint32_t serial; /* of its uses */
	int coid;
	uint32_t flags;         /* _NTO_COF_* */
	struct guard_fd socket; /* of a side channel; else the socket is the coid itself */
	bool is_dead;           /* its channel is gone */
	bool is_mourned;        /* COIDDEATH was sent for it */
	bool is_inherited;      /* by a fork: to be made anew before it is used */
	pid_t pid;              /* whose channel */
	int chid;
	uid_t uid;     /* of that process */
	uid_t own_uid; /* as whom it knows us */
	gid_t own_gid;
	uint64_t inode;   /* of the socket in descriptor space: another is not it */
	uint64_t seen_ns; /* when it was last looked at */
	uint64_t peer;    /* the same number for all connections to that channel, and never again */
	uint32_t births;  /* of children, before it was made */
	bool is_passed;   /* another process may have been given it */
	uint64_t link;    /* the server's name of a socket that was idle; 0: it knows whose it is */
	struct connection *next;
};

/* The fields of a record may change while they are looked at. */
#define CONNECTION_GET(c, field)        __atomic_load_n(&(c)->field, __ATOMIC_RELAXED)
#define CONNECTION_SET(c, field, value) __atomic_store_n(&(c)->field, value, __ATOMIC_RELAXED)

/* NULL: there is none with that id. Finds, and makes its own, what was inherited. */
struct connection *connection_find(int coid);
/* The same, only if it is known and this process's: no system call. */
struct connection *connection_at(int coid);

static inline int connection_fd(const struct connection *c)
{
	return guard_number(&c->socket) >= 0 ? guard_number(&c->socket) : CONNECTION_GET(c, coid);
}

/* Is its descriptor still what it was? A system call. */
bool connection_is_at(const struct connection *c, int fd);
/* All descriptors that are connections are below. */
int connection_fd_end(void);
/* What its socket is good for when it is closed. */
struct idle_key connection_idle_key(const struct connection *c);

/* The next one from @coid on, NULL: none. */
struct connection *connection_next(int coid);

/* The id, or -errno as ConnectAttach_r(). */
int connection_attach(pid_t pid, int chid, unsigned index, uint32_t flags);
/* 0, -EINVAL, -EPERM. */
int connection_detach(int coid);
/* Its channel is gone. */
void connection_died(struct connection *c);

/* kill()'s rule: our real or effective user is one of the server's, or we are root. */
bool connection_may_pulse(const struct connection *c);

/* Is its channel gone? Asks the kernel if that is not known. */
bool connection_is_dead(const struct connection *c);

/* Is there a connection to a channel of process @pid? */
bool connection_has_server(pid_t pid);
/* Is there still a connection to that peer? */
bool connection_has_peer(uint64_t peer);

/* A channel wants to hear of the end of every server: all connections' sockets, now and to
 * come, are given to it; -1: no more. */
void connection_watch(int (*watch)(int fd, int coid));
bool connection_is_watched(void);

/* Its socket was idle: the server is told whose it is now, over it. Once, or by some at once. */
void connection_hello(struct connection *c);
/* The same has been said in a lane. */
void connection_said(struct connection *c, uint64_t link);

/* A child is about to be made: it may have all descriptors that are open now. */
void connection_birth(void);
/* The same, and until it is made, or is not, all that are opened meanwhile. */
void connection_birth_begins(void);
void connection_birth_ended(void);
/* In the child: its parent's births are not its own. */
void connection_born(void);
/* In a forked child: what was inherited is its own before it does anything else. */
void connection_introduce(void);
/* May others have what @c is the socket of? */
bool connection_is_shared(const struct connection *c);

/* Is @fd, of which nothing is known, a connection that came by exec or spawn? Then it is ours. */
bool connection_adopt(int fd);
/* @fd has become a duplicate of one: a connection of its own. NULL: it cannot be. */
struct connection *connection_adopt_duplicate(int fd);
/* Its descriptor is closed: nothing of it is known any more. True: there was one. */
bool connection_forget(int fd);

/* In a forked child, before anything else of this is used. */
void connection_forked(void);
