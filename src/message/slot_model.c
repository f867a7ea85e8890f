// SPDX-License-Identifier: Apache-2.0
#include "message/slot_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gen/shared.h"

static uint32_t step_load(const uint32_t *st, int order);
static void step_store(uint32_t *st, uint32_t value);
static uint32_t step_exchange(uint32_t *st, uint32_t value);
static bool step_cas(uint32_t *st, uint32_t *expected, uint32_t wanted);

#define __atomic_load_n(st, order)            step_load(st, order)
#define __atomic_store_n(st, value, order)    step_store(st, value)
#define __atomic_exchange_n(st, value, order) step_exchange(st, value)
#define __atomic_compare_exchange_n(st, expected, wanted, weak, order, order_failed) \
	step_cas(st, expected, wanted)
/* The library's own are linked as well. */
#define slot_sleep    tried_sleep
#define slot_withdraw tried_withdraw
#define slot_take     tried_take
#define slot_claim    tried_claim
#define slot_release  tried_release
#define slot_complete tried_complete
#include "message/slot.c"

#define DEPTH_MAX 4000

static const char *const pc_names[] = {
	"publish",   "ring",  "look",     "sleep",      "asleep",    "withdraw",  "answer",
	"last look", "end",   "idle",     "look",       "take",      "release",   "wake",
	"have it",   "claim", "complete", "end: claim", "end: load", "end: take",
};

struct model_rules model_rules;

/* The step under way, and the way to it. */
static struct world *w;
static unsigned me;
static unsigned n_replayed;
static bool is_spent;
static jmp_buf left;
static struct {
	uint8_t side, pc;
} way[DEPTH_MAX];
static unsigned depth;

bool model_is_client(unsigned side)
{
	return side < CLIENTS;
}

static void __attribute__((noreturn)) trouble(const char *what)
{
	for (unsigned i = 0; i < depth; i++)
		fprintf(stderr, "%s %u: %s\n", model_is_client(way[i].side) ? "client" : "receiver",
			model_is_client(way[i].side) ? way[i].side : way[i].side - CLIENTS,
			pc_names[way[i].pc]);
	for (unsigned i = 0; i < CLIENTS; i++)
		fprintf(stderr, "word %u: %x\n", i, w->word[i]);
	fail_msg("%s", what);
	abort();
}

void model_want(bool is_so, const char *otherwise)
{
	if (!is_so)
		trouble(otherwise);
}

/* ---- Atomic operations ---- */

/* True: this one is done for real; false: it has been, *ret is what it has seen. */
static bool step_begins(uint32_t *ret)
{
	struct side *s = &w->side[me];

	if (n_replayed < s->n_seen) {
		*ret = s->seen[n_replayed++];
		return false;
	}
	if (is_spent)
		longjmp(left, 1);
	is_spent = true;
	return true;
}

static void step_ends(uint32_t seen)
{
	struct side *s = &w->side[me];

	model_want(s->n_seen < LOG_MAX && seen <= UINT16_MAX, "a call goes round and round");
	s->seen[s->n_seen++] = (uint16_t)seen;
	n_replayed = s->n_seen;
}

static void check_move(uint32_t from, uint32_t to)
{
	uint32_t state = slot_state(to);

	if (state == slot_state(from) && slot_gen(to) == slot_gen(from)) {
		model_want(model_is_client(me), "the server has set a flag");
		return;
	}
	if (state == LANE_STATE_FREE || state == LANE_STATE_READY)
		model_want(model_is_client(me), "the server has made a move of the client's");
	else
		model_want(!model_is_client(me), "a client has made a move of the server's");
	if (slot_gen(to) != slot_gen(from))
		model_want(state == LANE_STATE_READY && slot_state(from) == LANE_STATE_FREE,
			   "another generation, but no other message");
	if (model_is_client(me))
		model_want(slot_state(from) != LANE_STATE_BUSY,
			   "a client has left a server that is BUSY");
	if (state == LANE_STATE_DONE)
		model_want(slot_state(from) == LANE_STATE_BUSY, "answered without being BUSY");
}

static uint32_t *word_of(const uint32_t *st)
{
	return &w->word[st - w->word];
}

static uint32_t step_load(const uint32_t *st, int order)
{
	uint32_t seen;

	if (order == __ATOMIC_RELAXED) {
		/* No step: nobody else may write now. */
		model_want(model_is_client(me) && (slot_state(*st) == LANE_STATE_FREE ||
						   slot_state(*st) == LANE_STATE_DONE),
			   "a relaxed look at what another side writes");
		return *st;
	}
	if (step_begins(&seen)) {
		seen = *st;
		step_ends(seen);
	}
	return seen;
}

static uint32_t step_exchange(uint32_t *st, uint32_t value)
{
	uint32_t seen;

	if (step_begins(&seen)) {
		seen = *st;
		check_move(seen, value);
		*word_of(st) = value;
		step_ends(seen);
	}
	return seen;
}

static void step_store(uint32_t *st, uint32_t value)
{
	(void)step_exchange(st, value);
}

static bool step_cas(uint32_t *st, uint32_t *expected, uint32_t wanted)
{
	uint32_t seen;

	if (step_begins(&seen)) {
		seen = *st;
		if (seen == *expected) {
			check_move(seen, wanted);
			*word_of(st) = wanted;
		}
		step_ends(seen);
	}
	if (seen == *expected)
		return true;
	*expected = seen;
	return false;
}

/* ---- A client's steps ---- */

static unsigned message_of(unsigned client)
{
	return w->side[client].message;
}

bool model_is_parked(unsigned client, unsigned message)
{
	return client == 0 && message + 1 == model_rules.n_messages[0];
}

static void message_ends(struct side *s, enum outcome outcome)
{
	unsigned m = s->message;

	model_want(w->caller[me].busy == 0 || w->is_server_dead,
		   "a client has returned under a server");
	model_want(w->outcome[me][m] == OPEN, "a message has ended twice");
	model_want(outcome != WITHDRAWN || !w->is_completed[me][m], "an answer has been lost");
	model_want(outcome != ANSWERED || w->is_completed[me][m], "an answer that nobody gave");
	w->outcome[me][m] = (uint8_t)outcome;
	s->message++;
	s->n_signals = 0;
	s->is_asked = s->wants_leave = false;
	s->pc = s->message < model_rules.n_messages[me] && outcome != LOST ? C_PUBLISH : C_END;
}

static void client_publish(struct side *s)
{
	w->request[me] = (uint8_t)(s->message + 1);
	s->gen = (uint16_t)slot_publish(&w->word[me]);
	s->pc = C_RING;
}

static void client_look(struct side *s)
{
	uint32_t state = slot_state(slot_load(&w->word[me]));

	model_want(state != LANE_STATE_FREE, "a message has gone that nobody took back");
	if (state == LANE_STATE_DONE)
		s->pc = C_ANSWER;
	else if (s->wants_leave && s->pc == C_LOOK && state == LANE_STATE_TAKEN)
		s->pc = C_WITHDRAW;
	else if (s->pc == C_LAST_LOOK)
		message_ends(s, LOST);
	else
		s->pc = C_SLEEP;
}

static void client_withdraw(struct side *s)
{
	switch (slot_withdraw(&w->word[me], slot_gen(w->word[me]), model_rules.may_leave, false)) {
	case SLOT_LEFT:
		message_ends(s, WITHDRAWN);
		break;
	case SLOT_DONE:
		s->pc = C_LOOK;
		break;
	case SLOT_ASKED:
		s->is_asked = true;
		s->pc = C_RING;
		break;
	case SLOT_STAYS:
		s->wants_leave = true;
		s->pc = C_LOOK;
		break;
	}
}

static void client_answer(struct side *s)
{
	model_want(w->reply[me] == s->message + 1, "the answer of another message");
	slot_finish(&w->word[me]);
	message_ends(s, ANSWERED);
}

static void client_step(struct side *s)
{
	switch (s->pc) {
	case C_PUBLISH:
		client_publish(s);
		break;
	case C_RING:
		w->bell[me] = true;
		s->pc = C_LOOK;
		break;
	case C_LOOK:
	case C_LAST_LOOK:
		client_look(s);
		break;
	case C_SLEEP:
		s->pc = slot_sleep(&w->word[me]) ? C_ASLEEP : C_LOOK;
		break;
	case C_WITHDRAW:
		client_withdraw(s);
		break;
	default:
		client_answer(s);
		break;
	}
}

/* ---- A receiver's steps ---- */

static uint8_t my_mark(void)
{
	return (uint8_t)(me + 1);
}

void model_side_idle(struct side *s)
{
	memset(s, 0, sizeof(*s));
	s->pc = R_IDLE;
}

static void caller_give(struct side *s)
{
	w->caller[s->slot].lock = 0;
	if (w->channel_lock == my_mark())
		w->channel_lock = 0;
	if (s->will_stay)
		s->pc = R_HAVE;
	else
		model_side_idle(s);
}

/* BUSY from here on. */
static void busy_begins(struct side *s)
{
	model_want(w->caller[s->slot].busy == 0, "two are BUSY with one message");
	w->caller[s->slot].busy = my_mark();
	model_want(w->is_dead[s->slot] || (w->request[s->slot] == message_of(s->slot) + 1 &&
					   s->message == message_of(s->slot) + 1),
		   "another message than the one meant");
	model_want(slot_gen(w->word[s->slot]) == s->gen, "another generation than the one meant");
}

static void receiver_look(struct side *s)
{
	struct model_caller *c = &w->caller[s->slot];
	uint32_t word = slot_load(&w->word[s->slot]);
	uint16_t gen = (uint16_t)slot_gen(word);

	if (slot_state(word) == LANE_STATE_READY && !(c->progress == QUEUED && c->gen == gen)) {
		c->gen = gen;
		c->is_pulsed = false;
		c->progress = QUEUED;
	} else if ((word & LANE_FLAG_UNBLOCK) && c->progress == HELD && c->gen == gen &&
		   !c->is_pulsed) {
		c->is_pulsed = true;
		c->pulse = gen;
		c->pulse_message = w->request[s->slot];
	}
	s->will_stay = false;
	caller_give(s);
}

static void receiver_take(struct side *s)
{
	struct model_caller *c = &w->caller[s->slot];

	s->gen = c->gen;
	s->will_stay = false;
	if (slot_take(&w->word[s->slot], s->gen) == SLOT_HELD) {
		c->progress = HELD;
		w->channel_lock = 0;
		s->message = w->request[s->slot];
		busy_begins(s);
		s->has_read = false;
		s->pc = R_RELEASE;
		return;
	}
	c->progress = IDLE;
	caller_give(s);
}

static void receiver_release(struct side *s)
{
	bool wakes = slot_release(&w->word[s->slot], s->gen);

	w->caller[s->slot].busy = 0;
	s->will_stay = true;
	if (wakes)
		s->pc = R_WAKE;
	else
		caller_give(s);
}

static void receiver_claim(struct side *s)
{
	struct model_caller *c = &w->caller[s->slot];
	uint32_t flags;

	if (slot_claim(&w->word[s->slot], s->gen, &flags) == SLOT_HELD) {
		busy_begins(s);
		s->pc = s->for_reply ? R_COMPLETE : R_RELEASE;
		return;
	}
	/* A reply forgets what its client has left. */
	if (s->for_reply)
		c->progress = IDLE;
	s->will_stay = !s->for_reply;
	caller_give(s);
}

static void receiver_complete(struct side *s)
{
	unsigned m = message_of(s->slot);
	bool wakes;

	w->reply[s->slot] = (uint8_t)(m + 1);
	w->caller[s->slot].progress = IDLE;
	wakes = slot_complete(&w->word[s->slot], s->gen);
	model_want(w->is_dead[s->slot] || w->outcome[s->slot][m] == OPEN,
		   "a message that has ended is answered");
	model_want(!w->is_completed[s->slot][m], "a message is answered twice");
	w->is_completed[s->slot][m] = true;
	w->caller[s->slot].busy = 0;
	s->will_stay = false;
	if (wakes)
		s->pc = R_WAKE;
	else
		caller_give(s);
}

/* The client is dead: what it has under way is answered, for who else holds the memory. */
static void receiver_end(struct side *s)
{
	uint32_t flags;
	enum slot_hold hold = s->pc == R_END ? slot_claim(&w->word[s->slot], s->gen, &flags) :
					       slot_take(&w->word[s->slot], s->gen);

	s->will_stay = false;
	w->caller[s->slot].is_ended = true;
	if (hold == SLOT_HELD) {
		busy_begins(s);
		s->pc = R_COMPLETE;
		return;
	}
	w->caller[s->slot].progress = IDLE;
	caller_give(s);
}

static void receiver_step(struct side *s)
{
	switch (s->pc) {
	case R_LOOK:
		receiver_look(s);
		break;
	case R_TAKE:
		receiver_take(s);
		break;
	case R_RELEASE:
		receiver_release(s);
		break;
	case R_WAKE:
		w->wake[s->slot] = true;
		caller_give(s);
		break;
	case R_CLAIM:
		receiver_claim(s);
		break;
	case R_COMPLETE:
		receiver_complete(s);
		break;
	case R_END_LOAD:
		s->gen = (uint16_t)slot_gen(slot_load(&w->word[s->slot]));
		s->pc = R_END_TAKE;
		break;
	default:
		receiver_end(s);
		break;
	}
}

void model_way_push(const struct world *from, unsigned at)
{
	model_want(depth < DEPTH_MAX, "an order without end");
	way[depth].side = (uint8_t)at;
	way[depth++].pc = from->side[at].pc;
}

void model_way_pop(void)
{
	depth--;
}

void model_look_at(const struct world *world)
{
	w = (struct world *)(uintptr_t)world; /* only to be shown */
}

void model_step(struct world *next, unsigned at)
{
	struct side *s = &next->side[at];

	w = next;
	me = at;
	n_replayed = 0;
	is_spent = false;
	if (setjmp(left) != 0)
		return;
	if (model_is_client(at))
		client_step(s);
	else
		receiver_step(s);
	/* The call has returned. */
	memset(s->seen, 0, sizeof(s->seen));
	s->n_seen = 0;
}
