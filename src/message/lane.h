// SPDX-License-Identifier: Apache-2.0
/*
 * A thread's lane to a channel, the client's end: made at its first message or pulse, gone
 * with the thread. It outlives the process's last connection to that channel, for the next one:
 * of such the thread keeps a few.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "client/guard.h"
#include "gen/shared.h"
#include "message/slot.h"
#include "message/spin.h"
#include "message/vec.h"

struct connection;
struct timeout;

/* What an event of `waits` is for. */
enum lane_waits { LANE_WAITS_BELL, LANE_WAITS_SOCKET, LANE_WAITS_SIGNAL };

struct lane_end {
	struct guard_fd socket;
	struct guard_fd bell;
	struct guard_fd wake;  /* rung by the server; frames: none */
	struct guard_fd waits; /* epoll: wake and socket, and in time a signalfd; frames: none */
	/* The server's: the memory, the socket's other end. Closed here once they are sent. */
	struct guard_fd given_memory, given_socket;
	int signal_fd; /* which one is in waits */
	struct lane *memory;
	uint64_t peer;       /* of which connections */
	pid_t pid;           /* of these: whose channel, */
	int chid;            /* which one, */
	uid_t uid, own_uid;  /* who the two are */
	bool is_dead;        /* the other end is gone */
	bool is_frames;      /* bytes travel as records */
	bool may_pulse;      /* the users are the right ones */
	bool is_in_use;      /* by a message; a handler that sends meanwhile takes another */
	uint32_t link_uses;  /* idle links that were said in it */
	bool is_left;        /* its last message was, and may still be known to the server */
	uint64_t last_ns;    /* when a message was last under way */
	uint32_t generation; /* of that message */
	int coid;            /* over which connection, for who detaches it; 0: none is */
	bool is_detached;    /* it was, by another thread, which took the message back */
	pid_t tid;
	struct spin spin;
	struct lane_end *next;     /* of the same thread, or spare */
	const void *owner;         /* that thread */
	struct lane_end *next_all; /* of the process */
};

/*
 * The calling thread's lane for @c, not in use. *ret; 0, -EBADF (the channel is gone), -EAGAIN. When
 * the server has more on its way than there is room for: with a @limit, armed or not, wait until it
 * has taken some: -EINTR, -ETIMEDOUT.
 */
int lane_get(struct connection *c, struct timeout *limit, struct lane_end **ret);

/* The server is gone: nothing goes this way any more. */
void lane_died(struct lane_end *l, struct connection *c);

/* Has the thread's signalfd among what is slept in. */
void lane_wait_signals(struct lane_end *l, int fd);

/* Is the other end closed? Takes old wake-ups away on the same occasion. A system call. */
bool lane_is_closed(const struct lane_end *l);

/* The server is to look. */
void lane_ring(struct lane_end *l);

/* May a message be left that was received? Not known before the lane has been taken up. */
bool lane_may_leave(const struct lane *m);
/* Takes message @gen back if that may be, and asks the server otherwise (slot_withdraw()). */
enum slot_leave lane_withdraw(struct lane *m, uint32_t gen, bool timed);

/* The server's id of this process, as one of its lanes to @peer has been told; 0: none has. */
int lane_scoid(uint64_t peer);

/* Threads of this process that have a message under way over @coid are to leave it. */
void lane_leave_all(struct connection *c);

/* What servers are told of this process, in all its lanes: a connection @key to its own channel
 * @value, or the registered event @key for the process @value. As many as LANE_PAIRS of each. */
enum lane_pairs { LANE_OWN_CHANNELS, LANE_REGISTERED };
void lane_tell(enum lane_pairs which, int key, int value);
void lane_untell(enum lane_pairs which, int key);

/*
 * Where in the lane's memory a message of @size bytes lies that its owner has @at: small ones in
 * the first page, larger ones in a window, at the same place of a page as with the owner, as that
 * is how copying is fast.
 */
uint8_t *lane_request_place(struct lane *m, uint64_t size, uint64_t at);
uint8_t *lane_reply_place(struct lane *m, uint64_t size, uint64_t at);
/* As many bytes of a message as lie in the lane. */
#define LANE_HERE(size) MIN((uint64_t)(size), (uint64_t)LANE_VIEW)

/* Nanoseconds, for tickets. */
uint64_t lane_now(void);

/* In a forked child. */
void lane_forked(void);
