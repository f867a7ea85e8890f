// SPDX-License-Identifier: Apache-2.0
#include "message/slot.h"

bool slot_sleep(uint32_t *st)
{
	uint32_t word = slot_load(st);

	for (;;) {
		uint32_t state = slot_state(word);

		if (state == LANE_STATE_DONE || state == LANE_STATE_FREE)
			return false;
		if (word & LANE_FLAG_SLEEPS)
			return true;
		if (slot_cas(st, &word, word | LANE_FLAG_SLEEPS))
			return true;
	}
}

enum slot_leave slot_withdraw(uint32_t *st, uint32_t gen, bool may_leave, bool timed)
{
	uint32_t word = slot_load(st);
	uint32_t why = timed ? (uint32_t)LANE_FLAG_TIMED : 0;

	for (;;) {
		uint32_t free_word = slot_word(gen, LANE_STATE_FREE);

		if (slot_gen(word) != gen)
			return SLOT_DONE;

		switch (slot_state(word)) {
		case LANE_STATE_FREE:
			return SLOT_LEFT;
		case LANE_STATE_READY:
			if (slot_cas(st, &word, free_word))
				return SLOT_LEFT;
			continue;
		case LANE_STATE_DONE:
			return SLOT_DONE;
		default:
			break;
		}
		if (!may_leave) {
			if (word & LANE_FLAG_UNBLOCK)
				return SLOT_STAYS;
			if (slot_cas(st, &word, word | LANE_FLAG_UNBLOCK | why))
				return SLOT_ASKED;
		} else if (slot_state(word) == LANE_STATE_TAKEN) {
			if (slot_cas(st, &word, free_word))
				return SLOT_LEFT;
		} else if (slot_cas(st, &word, word | LANE_FLAG_LEAVES | LANE_FLAG_SLEEPS | why)) {
			return SLOT_STAYS;
		}
	}
}

/* From @from to @to, flags kept; a word of another generation or state is nobody's. */
static enum slot_hold slot_move(uint32_t *st, uint32_t gen, uint32_t from, uint32_t to,
				uint32_t *ret_flags)
{
	uint32_t word = slot_load(st);

	do {
		if (slot_gen(word) != gen || slot_state(word) != from)
			return SLOT_GONE;
	} while (!slot_cas(st, &word, slot_word(gen, to) | (word & SLOT_FLAGS)));
	*ret_flags = word & SLOT_FLAGS;
	return SLOT_HELD;
}

enum slot_hold slot_take(uint32_t *st, uint32_t gen)
{
	uint32_t flags;

	return slot_move(st, gen, LANE_STATE_READY, LANE_STATE_BUSY, &flags);
}

enum slot_hold slot_claim(uint32_t *st, uint32_t gen, uint32_t *ret_flags)
{
	return slot_move(st, gen, LANE_STATE_TAKEN, LANE_STATE_BUSY, ret_flags);
}

bool slot_release(uint32_t *st, uint32_t gen)
{
	uint32_t flags = 0;

	/* GONE: the client scribbled over its own word; nobody else is harmed. */
	(void)slot_move(st, gen, LANE_STATE_BUSY, LANE_STATE_TAKEN, &flags);
	return flags & LANE_FLAG_LEAVES;
}

bool slot_complete(uint32_t *st, uint32_t gen)
{
	uint32_t word = __atomic_exchange_n(st, slot_word(gen, LANE_STATE_DONE), __ATOMIC_SEQ_CST);

	return word & (LANE_FLAG_SLEEPS | LANE_FLAG_LEAVES);
}
