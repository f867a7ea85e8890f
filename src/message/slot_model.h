// SPDX-License-Identifier: Apache-2.0
/*
 * What surrounds a lane's state word, for slot_test.c: clients and receivers that move it by
 * slot.c itself, one atomic operation a step.
 *
 * Between any two steps any other side may go on, or die. A side in the middle of a call is kept
 * as what the operations of that call have returned so far: the call is begun again with these
 * results, does one operation more for real, and is left by longjmp(). So the whole world is one
 * plain struct, which can be copied, and known again.
 *
 * The bell, the wake-up, the queue, the locks of channel and caller are as in arrivals.c,
 * receive.c, reply.c and caller.c, in steps as small, the client as in send.c. Operations happen in
 * one order for all, which is what sequential consistency promises and x86_64 and aarch64 do for
 * one word.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CLIENTS   2
#define RECEIVERS 2
#define SIDES     (CLIENTS + RECEIVERS)
#define MESSAGES  2
#define LOG_MAX   10

enum pc {
	C_PUBLISH,
	C_RING,
	C_LOOK,
	C_SLEEP,
	C_ASLEEP,
	C_WITHDRAW,
	C_ANSWER,
	C_LAST_LOOK,
	C_END,
	R_IDLE,
	R_LOOK,
	R_TAKE,
	R_RELEASE,
	R_WAKE,
	R_HAVE,
	R_CLAIM,
	R_COMPLETE,
	R_END,
	R_END_LOAD,
	R_END_TAKE,
};

enum caller_progress { IDLE, QUEUED, HELD };

/* A client or a receiver. */
struct side {
	uint16_t seen[LOG_MAX]; /* by the call under way: words of small generations */
	uint16_t gen;
	uint8_t n_seen;
	uint8_t pc;
	uint8_t message; /* client: which one, from 0; receiver: the one it means, from 1 */
	uint8_t slot;    /* receiver: whose */
	uint8_t n_signals;
	bool is_asked;    /* client: the server knows that it wants to leave */
	bool wants_leave; /* client: it leaves as soon as it may */
	bool for_reply;   /* receiver: claims to reply, else to read */
	bool has_read;
	bool will_stay; /* receiver: after the wake-up it still has the message */
};

/* What a server knows of a lane. */
struct model_caller {
	uint16_t gen;
	uint8_t pulse_message;
	uint16_t pulse; /* generation whose client wants to leave, to be received; 0: none */
	uint8_t progress;
	uint8_t lock; /* the receiver, from 1; 0: nobody */
	uint8_t busy; /* who may touch the client's buffers */
	bool is_pulsed;
	bool is_ended;
};

enum outcome { OPEN, ANSWERED, WITHDRAWN, LOST };

struct world {
	_Alignas(8) uint32_t word[CLIENTS];
	struct side side[SIDES];
	struct model_caller caller[CLIENTS];
	uint8_t request[CLIENTS], reply[CLIENTS]; /* of which message the bytes are, from 1 */
	uint8_t outcome[CLIENTS][MESSAGES];
	bool is_completed[CLIENTS][MESSAGES];
	bool bell[CLIENTS], wake[CLIENTS];
	bool is_dead[CLIENTS];
	bool is_server_dead;
	uint8_t channel_lock;
};

/* Which channel, and what is sent. */
struct model_rules {
	bool may_leave; /* a channel without _NTO_CHF_UNBLOCK */
	unsigned n_messages[CLIENTS];
};
extern struct model_rules model_rules;

bool model_is_client(unsigned side);
/* Is that message answered only if its client asks to leave? */
bool model_is_parked(unsigned client, unsigned message);
/* A receiver without work: nothing is left that would make it another than the next. */
void model_side_idle(struct side *s);

/* The call that @at is in, up to and with its next atomic operation. */
void model_step(struct world *next, unsigned at);

/* The way to the present step, which is told if something is wrong. */
void model_way_push(const struct world *from, unsigned at);
void model_way_pop(void);
void model_look_at(const struct world *world);
/* Fails the test if it is not so. */
void model_want(bool is_so, const char *otherwise);
