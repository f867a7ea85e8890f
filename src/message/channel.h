// SPDX-License-Identifier: Apache-2.0
/*
 * A channel and what hangs on it, the server's side.
 *
 *	channel   of this process; chid
 *	client    a process that has a connection to it; scoid
 *	link      the server's end of a connection; the client's coid
 *	caller    the server's end of a lane: one thread of a client; rcvid
 *
 * Everything of a channel is under its lock, but for the exchange with a caller whose message
 * is held: that is under the caller's own. Channel first, then caller. Records are never freed,
 * only used again.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "client/guard.h"
#include "gen/shared.h"
#include "message/queue.h"
#include "message/signals.h"
#include "message/share.h"
#include "message/spin.h"

struct caller;

struct link {
	struct guard_fd socket;
	uint32_t serial; /* of the record's uses: what an event was for */
	uint32_t index;
	struct channel *channel; /* NULL: spare */
	struct client *client;   /* NULL: has not said hello */
	pid_t pid;               /* who connected, as the kernel says */
	uid_t uid;
	gid_t gid;
	int32_t coid;
	uint32_t flags; /* _NTO_COF_* */
	int number;     /* no other link of this process ever has it */
	bool is_parted; /* its client has closed it; who else holds it keeps what was opened */
	bool is_idle;   /* its client has closed it and nobody else has it: it may use it again */
	struct share *shares; /* tickets that were said over it */
	struct link *next;    /* of the client, or of those without one */
	struct link *next_spare;
};

struct process {
	pid_t pid;
	struct guard_fd pidfd;
	unsigned n_clients;
	struct process *next; /* of the channel, or spare */
};

struct client {
	int scoid; /* 0: spare */
	struct channel *channel;
	pid_t pid;
	uid_t uid;
	gid_t gid;
	uint64_t number;         /* its own of us: another one after it has gone and come back */
	bool is_leaving;         /* no connection is left, but a thread is still in a message */
	bool is_gone;            /* disconnected; its scoid waits for ConnectDetach() */
	struct process *process; /* NULL: its end is not watched */
	struct link *links;
	struct caller *callers;
	struct client *next; /* of the channel, or spare */
};

struct pulse {
	struct queue_item item;
	int32_t scoid;
	int8_t code;
	uint64_t value;
	struct pulse *next_spare;
};

struct channel {
	int chid; /* 0: spare */
	uint32_t flags;
	uid_t uid; /* whom the kernel tells clients of */
	pthread_mutex_t lock;
	struct signals_pause pause; /* of who has it by channel_lock() */
	bool is_dying;
	struct guard_fd listener;
	struct guard_fd waits;       /* epoll set of who takes everything */
	struct guard_fd pulse_waits; /* of who takes pulses only; made when there is one */
	struct guard_fd more;        /* rung for others when something is left */
	unsigned n_inside;           /* threads between entry and exit of a receive */
	unsigned n_sleeping;         /* of these, in waits; in pulse_waits */
	unsigned n_pulse_sleeping;
	struct queue queue;
	struct client *clients;
	struct client nobody; /* has the lanes whose client is gone, until they are another's */
	struct process *processes;
	struct link *strangers; /* links that have not said hello */
	bool has_unknown_lane;  /* one is of a client that has not said hello, */
	bool has_hello;         /* and somebody has since */
	bool is_catching_up;    /* with connections that are behind their lanes */
	bool is_full;           /* a connection may wait for a descriptor that was not there */
	bool has_grown;         /* something was added whose events have not been asked for yet */
	struct caller *hot;     /* whose state word is watched before a sleep */
	bool is_spinning;       /* somebody watches */
	const struct link_rules *rules; /* NULL: nobody keeps files behind links */
	void *rules_owner;
	struct spin spin;
	struct channel *next_spare;
};

/* ---- channel.c ---- */

/* chid or -errno. */
int channel_create(uint32_t flags);
int channel_destroy(int chid);
/* With its lock held; NULL: no such channel. No handler runs until it is given back: it may want
 * the same. */
struct channel *channel_lock(int chid);
/* The same for who has seen to that himself. */
struct channel *channel_lock_blocked(int chid);
void channel_unlock(struct channel *ch);
/* Adds a descriptor to the sets of who waits. 0 or -errno. */
int channel_add_fd(struct channel *ch, int fd, uint64_t tag, uint32_t events);
int channel_want_pulse_waits(struct channel *ch);
/* What events there were may have been lost: all that still holds is told again. With the lock. */
void channel_rearm(struct channel *ch);
/* Something is left that a sleeping thread could take. */
void channel_ring_others(struct channel *ch);
/* Leaves a receive; the last one out of a dying channel takes it apart. With the lock. */
void channel_leave(struct channel *ch);
/* A pulse of the kernel, so to speak: cannot fail but for memory. With the lock. */
void channel_pulse(struct channel *ch, int priority, int code, uint64_t value, int scoid);
/* The same from anywhere to the channel that has @flag; nothing if there is none. */
void channel_pulse_to(uint32_t flag, int code, uint64_t value);
struct pulse *channel_pulse_new(void);
void channel_pulse_free(struct pulse *p);
void channel_forked(void);

/* What an event in the sets is for: kind, serial, index. */
enum tag_kind { TAG_LISTENER, TAG_MORE, TAG_LINK, TAG_CALLER, TAG_BELL, TAG_WATCH, TAG_PROCESS };
#define TAG(kind, serial, index) \
	((uint64_t)(kind) << 56 | (uint64_t)((serial)&0xffffff) << 32 | (uint32_t)(index))

/* ---- client.c ---- */

struct link *link_new(struct channel *ch, int fd);
/* The one of @ch that an event was for; NULL: it is no more. With the channel's lock. */
struct link *link_find(const struct channel *ch, uint32_t index, uint32_t serial);
/* What a client may call its own link; never 0. */
static inline uint64_t link_name(const struct link *l)
{
	return (uint64_t)(l->serial & 0xffffff) << 32 | l->index;
}
/* The next one of @ch from index *at on, which moves behind it; NULL: none. */
struct link *link_next(const struct channel *ch, uint32_t *at);
void link_close(struct link *l);
/* NULL: no memory. The client of that process, new or not. */
struct client *client_of(struct channel *ch, const struct link *l, uint64_t number);
/* NULL: it is not there (any more). */
struct client *client_numbered(const struct channel *ch, pid_t pid, uint64_t number);
/* The link has said whose it is. */
void client_add_link(struct client *c, struct link *l);
struct client *client_find(struct channel *ch, int scoid);
/* A link is gone: with the last one the client is, too, as soon as no thread of it is blocked. */
void client_lost_link(struct client *c, struct link *l);
void client_settle(struct client *c);
/* The client closes @l, which stays: it is nobody's now. client_settle() is due once the client
 * is in no message. */
void client_part_link(struct client *c, struct link *l);
/* Its process is gone. What others still hold of its links stays. */
void client_died(struct client *c);
/* ConnectDetach() of a scoid. */
int client_detach(int scoid);
/* Forget all about it: the channel goes. */
void client_end(struct client *c);
void client_forked(void);

/* ---- process.c. With the channel's lock. ---- */

/* Of who connected by @l, for a client of it. NULL: it cannot be watched. */
struct process *process_of(struct channel *ch, const struct link *l);
/* A client of it is no more. */
void process_drop(struct channel *ch, struct process *p);
/* An event says that it has ended: it, until process_release(); NULL: it has not. */
struct process *process_ended(struct channel *ch, pid_t pid);
void process_release(struct channel *ch, struct process *p);
/* A client of it, which it has no more; NULL: there is none. */
struct client *process_take_client(struct channel *ch, struct process *p);
/* The channel ends. */
void process_forget_all(struct channel *ch);
void process_forked(void);

/* ---- share.c ---- */

/* The link over which @ticket was said, and nobody can say it again. NULL: none. */
struct link *share_take(struct channel *ch, uint64_t ticket);
void share_add(struct link *l, uint64_t ticket);
/* @from introduced itself over @to, which has its client. */
void share_duplicate(struct channel *ch, const struct link *from, const struct link *to);
/* Its tickets are for nobody. */
void share_drop(struct link *l);
/* The client's process is gone, but somebody else has the link. */
void share_leave(struct channel *ch, struct link *l);
/* A link ends. */
void share_ended(struct channel *ch, struct link *l);
void share_forked(void);

/* ---- arrivals.c ---- */

struct epoll_event;
/* Take what events say into the queue. */
void arrivals_take(struct channel *ch, const struct epoll_event *events, int n);
/* What has come over one lane. */
/* @reads: its socket, too. */
void arrivals_look(struct channel *ch, struct caller *c, bool reads);
/* What has come over the links of this channel. */
void arrivals_read_links(struct channel *ch);
