// SPDX-License-Identifier: Apache-2.0
/*
 * The server's end of a lane, and the message of it that is queued or held.
 *
 * An rcvid is the record's number and sixteen bits of how many messages it has held so far, whoever
 * its client was, so that one that was answered matches no other of the next 65,535. What of the
 * client's is read is read once, into `request`, and checked.
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

struct channel;
struct client;

enum caller_progress {
	CALLER_IDLE,
	CALLER_QUEUED,
	CALLER_HELD, /* received, not answered */
};

struct caller {
	struct queue_item item; /* first: the channel's lock */
	uint32_t index;
	uint32_t serial; /* of the record's uses */
	struct guard_fd socket;
	struct guard_fd bell;
	struct guard_fd wake;    /* of a client whose lane has memory */
	struct channel *channel; /* NULL: spare */
	struct client *client;
	struct caller *next; /* of the client, or spare */

	uint32_t news;        /* enum caller_news: found while somebody had the lock; atomic */
	pthread_mutex_t lock; /* all below */
	struct signals_pause pause; /* of who has it by caller_lock() */
	struct lane *memory;        /* NULL: the client is gone */
	bool is_frames;
	bool is_pulsed;      /* the unblock pulse of this message was sent */
	bool no_remote;      /* its memory cannot be reached from here */
	uint32_t progress;   /* enum caller_progress; atomic */
	uint32_t generation; /* of the message */
	uint32_t number;     /* of the messages that the record ever held */
	uint32_t n_messages; /* of these, from this client */
	uint32_t link_uses;  /* of the lane's, as far as they were looked at */
	uint32_t spilled;    /* pulses that came as records, as far as they were looked for */
	pid_t pid, tid;
	uint32_t link_flags;         /* _NTO_COF_* of the connection that it came over */
	struct lane_request request; /* checked */
	uint8_t *staged;             /* frames: the bytes that came with the record */
	size_t n_staged;
};

/* What who has the lock must see to when he gives it back. */
enum caller_news {
	CALLER_GONE = 1, /* the client's end is closed */
	CALLER_LOOK = 2, /* something came */
};

#define CALLER_MAX 32768

static inline int caller_rcvid(const struct caller *c)
{
	return (int)(c->index << 16 | (c->number & 0xffff));
}

/* A new lane: descriptors are taken in any case. With the channel's lock. NULL: no. */
struct caller *caller_new(struct channel *ch, struct client *client,
			  const struct link_record *record, const int *fds, unsigned n_fds);
struct caller *caller_at(uint32_t index);
/* The one of @ch that an event was for; NULL: it is no more. With the channel's lock. */
struct caller *caller_tagged(const struct channel *ch, uint32_t index, uint32_t serial);
/* The next one of @ch from index *at on, which moves behind it; NULL: none. With its lock. */
struct caller *caller_next(const struct channel *ch, uint32_t *at);
/* One more message is held: a new rcvid. With its lock. */
void caller_count(struct caller *c);

/* The caller whose message @rcvid is, HELD, with its lock; NULL: ESRCH. No handler runs until it is
 * given back: it may want the same. */
struct caller *caller_lock(int rcvid);
void caller_unlock(struct caller *c);
/* What it held has its answer, or nobody wants one. */
void caller_answered(struct caller *c);
/* Has its client only waited for that to be gone? */
bool caller_was_last(const struct caller *c);
/* For who looks at what came: the lock, if nobody has it; else whoever has it sees to @news. With
 * the channel's lock. */
bool caller_try_lock(struct caller *c, enum caller_news news);
/* The caller that @rcvid once was of, answered or not: for events. With its lock. */
struct caller *caller_lock_any(int rcvid);

/* Is a message of it under way? One that was taken back leaves the queue. With the channel's lock. */
bool caller_is_blocked(struct caller *c);
/* Its client has no connection any more: it waits for being another's. False: it cannot. With
 * the channel's lock. */
bool caller_park(struct caller *c);
/* It is client @to's from now on. With both locks. */
void caller_follow(struct caller *c, struct client *to);
/* The client's end is gone. With the channel's lock. */
void caller_lost(struct caller *c);
/* Forget it: the client or the channel ends. With the channel's lock. */
void caller_end(struct caller *c, int error);
/* The record itself, when nothing refers to it any more. */
void caller_free(struct caller *c);
/* Tell the client to look. */
void caller_wake(struct caller *c);
void caller_forked(void);
