// SPDX-License-Identifier: Apache-2.0
/*
 * The state word of a lane: how far the message under way is, and who may touch what.
 *
 *	FREE ──publish──▶ READY ──take──▶ BUSY ──complete──▶ DONE
 *	  ▲                 │             │  ▲                 │
 *	  │                 │      release▼  │claim            │
 *	  │◀────withdraw────┴────────────TAKEN                 │
 *	  └──────────────────────finish────────────────────────┘
 *
 * Only the client publishes, withdraws and finishes; only the server takes, claims,
 * releases and completes: no two ways lead to the same end, and a dead side's moves are
 * never made for it. Each move is one compare-and-swap, which fails if the other side was
 * quicker; whoever fails looks again. A client never leaves while the server is BUSY, for
 * then the server copies from or into its buffers: it raises LEAVES, and the one that is
 * BUSY wakes it at the end.
 *
 * Each publish counts the generation up. A move of the server names the generation that it
 * means, so that what comes late finds another one.
 *
 * Pure, apart from the atomic operations; slot_test.c tries all orders of two clients,
 * two receivers and a death.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "gen/shared.h"

#define SLOT_STATE_MASK 7u
#define SLOT_FLAGS \
	((uint32_t)LANE_FLAG_SLEEPS | LANE_FLAG_UNBLOCK | LANE_FLAG_LEAVES | LANE_FLAG_TIMED)
#define SLOT_GEN_SHIFT 8
#define SLOT_GEN_MASK  0xffffffu

static inline uint32_t slot_state(uint32_t word)
{
	return word & SLOT_STATE_MASK;
}

static inline uint32_t slot_gen(uint32_t word)
{
	return word >> SLOT_GEN_SHIFT;
}

static inline uint32_t slot_word(uint32_t gen, uint32_t state)
{
	return gen << SLOT_GEN_SHIFT | state;
}

static inline uint32_t slot_load(const uint32_t *st)
{
	return __atomic_load_n(st, __ATOMIC_ACQUIRE);
}

static inline bool slot_cas(uint32_t *st, uint32_t *expected, uint32_t wanted)
{
	return __atomic_compare_exchange_n(st, expected, wanted, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_ACQUIRE);
}

/* ---- The client's moves ---- */

/* What is filled in is there for the server from now on. The generation it has. Sequentially
 * consistent: the client looks next whether the server watches, which looks the other way. */
static inline uint32_t slot_publish(uint32_t *st)
{
	uint32_t gen = (slot_gen(__atomic_load_n(st, __ATOMIC_RELAXED)) + 1) & SLOT_GEN_MASK;

	/* 0 is no generation: it makes no rcvid. */
	if ((gen & 0xffff) == 0)
		gen = (gen + 1) & SLOT_GEN_MASK;
	__atomic_store_n(st, slot_word(gen, LANE_STATE_READY), __ATOMIC_SEQ_CST);
	return gen;
}

/* About to sleep. False: it is DONE, or no message of this client is under way (a server gone
 * wild); look again. */
bool slot_sleep(uint32_t *st);

/* READY to FREE: nobody has received message @gen. */
static inline bool slot_take_back(uint32_t *st, uint32_t gen)
{
	uint32_t word = slot_load(st);

	while (slot_state(word) == LANE_STATE_READY && slot_gen(word) == gen)
		if (slot_cas(st, &word, slot_word(gen, LANE_STATE_FREE)))
			return true;
	return false;
}

enum slot_leave {
	SLOT_LEFT,  /* it is FREE: the server has not seen it, or its answer finds nobody */
	SLOT_DONE,  /* answered meanwhile: that counts */
	SLOT_ASKED, /* the server must let us go, and is to be told: only the first time */
	SLOT_STAYS, /* the same, and it has been told; or it is BUSY and will wake us */
};

/* A signal, or if @timed a limit, wants the client out of message @gen. @may_leave: TAKEN may be left
 * as well (a channel without _NTO_CHF_UNBLOCK). Another thread may want that, too: if the message is
 * over by then, nothing happens and it is DONE. */
enum slot_leave slot_withdraw(uint32_t *st, uint32_t gen, bool may_leave, bool timed);

/* DONE, and the answer is copied. */
static inline void slot_finish(uint32_t *st)
{
	uint32_t word = __atomic_load_n(st, __ATOMIC_RELAXED);

	__atomic_store_n(st, slot_word(slot_gen(word), LANE_STATE_FREE), __ATOMIC_RELEASE);
}

/* ---- The server's moves ---- */

enum slot_hold {
	SLOT_HELD,
	SLOT_GONE, /* the client has left it */
};

/* READY to BUSY: it is received, once it is released. */
enum slot_hold slot_take(uint32_t *st, uint32_t gen);
/* TAKEN to BUSY: the buffers may be touched. *ret_flags: enum lane_flag. */
enum slot_hold slot_claim(uint32_t *st, uint32_t gen, uint32_t *ret_flags);
/* BUSY to TAKEN. True: the client waits to leave, and is to be woken. */
bool slot_release(uint32_t *st, uint32_t gen);
/* BUSY to DONE. True: the client sleeps, and is to be woken. */
bool slot_complete(uint32_t *st, uint32_t gen);
/* Does the client of a message that is held want to leave? */
static inline uint32_t slot_flags(const uint32_t *st, uint32_t gen)
{
	uint32_t word = slot_load(st);

	return slot_gen(word) == gen ? word & SLOT_FLAGS : 0;
}
