// SPDX-License-Identifier: Apache-2.0
/*
 * All orders in which clients and receivers can move a lane's state word.
 *
 * What runs is slot.c itself. Each of its atomic operations is one step of one side; between any
 * two steps any other side may go on, or die. A side in the middle of a call is kept as what the
 * operations of that call have returned so far: the call is begun again with these results, does
 * one operation more for real, and is left by longjmp(). So the whole world is one plain struct,
 * which can be copied, and known again.
 *
 * What surrounds the slot is modelled here in steps as small: the bell, the wake-up, the queue,
 * the locks of channel and caller as in arrivals.c, receive.c, reply.c and caller.c, the client
 * as in send.c. Clients send messages one after another; each may be signalled once while it
 * sleeps. The last message of client 0 is answered only if its client asks to leave. Operations
 * happen in one order for all, which is what sequential consistency promises and x86_64 and
 * aarch64 do for one word.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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

#define CLIENTS   2
#define RECEIVERS 2
#define SIDES     (CLIENTS + RECEIVERS)
#define MESSAGES  2
#define LOG_MAX   10
#define DEPTH_MAX 4000

/* ---- The world ---- */

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

static const char *const pc_names[] = {
	"publish",   "ring",  "look",     "sleep",      "asleep",    "withdraw",  "answer",
	"last look", "end",   "idle",     "look",       "take",      "release",   "wake",
	"have it",   "claim", "complete", "end: claim", "end: load", "end: take",
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

static struct {
	bool may_leave; /* a channel without _NTO_CHF_UNBLOCK */
	unsigned n_messages[CLIENTS];
} rules;

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

static bool is_client(unsigned side)
{
	return side < CLIENTS;
}

static void __attribute__((noreturn)) trouble(const char *what)
{
	for (unsigned i = 0; i < depth; i++)
		fprintf(stderr, "%s %u: %s\n", is_client(way[i].side) ? "client" : "receiver",
			is_client(way[i].side) ? way[i].side : way[i].side - CLIENTS,
			pc_names[way[i].pc]);
	for (unsigned i = 0; i < CLIENTS; i++)
		fprintf(stderr, "word %u: %x\n", i, w->word[i]);
	fail_msg("%s", what);
	abort();
}

static void want(bool is_so, const char *otherwise)
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

	want(s->n_seen < LOG_MAX && seen <= UINT16_MAX, "a call goes round and round");
	s->seen[s->n_seen++] = (uint16_t)seen;
	n_replayed = s->n_seen;
}

static void check_move(uint32_t from, uint32_t to)
{
	uint32_t state = slot_state(to);

	if (state == slot_state(from) && slot_gen(to) == slot_gen(from)) {
		want(is_client(me), "the server has set a flag");
		return;
	}
	if (state == LANE_STATE_FREE || state == LANE_STATE_READY)
		want(is_client(me), "the server has made a move of the client's");
	else
		want(!is_client(me), "a client has made a move of the server's");
	if (slot_gen(to) != slot_gen(from))
		want(state == LANE_STATE_READY && slot_state(from) == LANE_STATE_FREE,
		     "another generation, but no other message");
	if (is_client(me))
		want(slot_state(from) != LANE_STATE_BUSY,
		     "a client has left a server that is BUSY");
	if (state == LANE_STATE_DONE)
		want(slot_state(from) == LANE_STATE_BUSY, "answered without being BUSY");
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
		want(is_client(me) && (slot_state(*st) == LANE_STATE_FREE ||
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

static bool is_parked(unsigned client, unsigned message)
{
	return client == 0 && message + 1 == rules.n_messages[0];
}

static void message_ends(struct side *s, enum outcome outcome)
{
	unsigned m = s->message;

	want(w->caller[me].busy == 0 || w->is_server_dead, "a client has returned under a server");
	want(w->outcome[me][m] == OPEN, "a message has ended twice");
	want(outcome != WITHDRAWN || !w->is_completed[me][m], "an answer has been lost");
	want(outcome != ANSWERED || w->is_completed[me][m], "an answer that nobody gave");
	w->outcome[me][m] = (uint8_t)outcome;
	s->message++;
	s->n_signals = 0;
	s->is_asked = s->wants_leave = false;
	s->pc = s->message < rules.n_messages[me] && outcome != LOST ? C_PUBLISH : C_END;
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

	want(state != LANE_STATE_FREE, "a message has gone that nobody took back");
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
	switch (slot_withdraw(&w->word[me], rules.may_leave, false)) {
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
	want(w->reply[me] == s->message + 1, "the answer of another message");
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

/* Nothing is left that would make one idle receiver another than the next. */
static void side_idle(struct side *s)
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
		side_idle(s);
}

/* BUSY from here on. */
static void busy_begins(struct side *s)
{
	want(w->caller[s->slot].busy == 0, "two are BUSY with one message");
	w->caller[s->slot].busy = my_mark();
	want(w->is_dead[s->slot] || (w->request[s->slot] == message_of(s->slot) + 1 &&
				     s->message == message_of(s->slot) + 1),
	     "another message than the one meant");
	want(slot_gen(w->word[s->slot]) == s->gen, "another generation than the one meant");
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
	want(w->is_dead[s->slot] || w->outcome[s->slot][m] == OPEN,
	     "a message that has ended is answered");
	want(!w->is_completed[s->slot][m], "a message is answered twice");
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

/* ---- All orders ---- */

static uint64_t *known;
static size_t known_room, n_known;

static uint64_t hash_of(const struct world *world)
{
	const uint8_t *at = (const uint8_t *)world;
	uint64_t h = 0x9e3779b97f4a7c15u;

	_Static_assert(sizeof(*world) % 8 == 0, "hashed by eights");
	for (size_t i = 0; i < sizeof(*world); i += 8) {
		uint64_t part;

		memcpy(&part, at + i, sizeof(part));
		h = (h ^ part) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return h ? h : 1;
}

static bool known_put(uint64_t h)
{
	size_t i = h & (known_room - 1);

	while (known[i] != 0 && known[i] != h)
		i = (i + 1) & (known_room - 1);
	if (known[i] == h)
		return false;
	known[i] = h;
	n_known++;
	return true;
}

static void known_grow(void)
{
	uint64_t *former = known;
	size_t room = known_room;

	known_room = room ? room * 2 : 1 << 16;
	known = calloc(known_room, sizeof(*known));
	assert_non_null(known);
	n_known = 0;
	for (size_t i = 0; i < room; i++)
		if (former[i])
			(void)known_put(former[i]);
	free(former);
}

static uint8_t swapped(uint8_t mark)
{
	return mark == 0 ? 0 : (uint8_t)(CLIENTS + SIDES + 1 - mark);
}

/* Which of two receivers does what makes no difference. */
static void put_in_order(struct world *world)
{
	struct side *a = &world->side[CLIENTS], *b = &world->side[CLIENTS + 1];
	struct side former = *a;

	_Static_assert(RECEIVERS == 2, "they are swapped");
	if (memcmp(a, b, sizeof(*a)) <= 0)
		return;
	*a = *b;
	*b = former;
	world->channel_lock = swapped(world->channel_lock);
	for (unsigned i = 0; i < CLIENTS; i++) {
		world->caller[i].lock = swapped(world->caller[i].lock);
		world->caller[i].busy = swapped(world->caller[i].busy);
	}
}

/* False: it has been here before. */
static bool is_new(const struct world *world)
{
	struct world same = *world;

	put_in_order(&same);
	if (n_known * 2 >= known_room)
		known_grow();
	return known_put(hash_of(&same));
}

static void explore(const struct world *from);

/* The call that @at is in, up to and with its next atomic operation. */
static void step_do(struct world *next, unsigned at)
{
	struct side *s = &next->side[at];

	w = next;
	me = at;
	n_replayed = 0;
	is_spent = false;
	if (setjmp(left) != 0)
		return;
	if (is_client(at))
		client_step(s);
	else
		receiver_step(s);
	/* The call has returned. */
	memset(s->seen, 0, sizeof(s->seen));
	s->n_seen = 0;
}

/* @at goes one step from @from, and everything goes on from there. */
static void explore_step(const struct world *from, unsigned at)
{
	struct world next = *from;

	step_do(&next, at);
	explore(&next);
}

static void way_push(const struct world *from, unsigned at)
{
	want(depth < DEPTH_MAX, "an order without end");
	way[depth].side = (uint8_t)at;
	way[depth++].pc = from->side[at].pc;
}

/* A step that is not a call: @at goes to @pc, in a world that is @next already. */
static void explore_to(struct world *next, unsigned at, enum pc pc)
{
	next->side[at].pc = (uint8_t)pc;
	explore(next);
}

static bool explore_asleep(const struct world *from, unsigned at)
{
	const struct side *s = &from->side[at];
	bool may_signal = !s->is_asked && !s->wants_leave &&
			  (s->n_signals == 0 || is_parked(at, s->message));
	struct world next;

	if (from->wake[at]) {
		next = *from;
		next.wake[at] = false;
		explore_to(&next, at, C_LOOK);
	}
	if (may_signal) {
		next = *from;
		next.side[at].n_signals = 1;
		explore_to(&next, at, C_WITHDRAW);
	}
	if (from->is_server_dead) {
		next = *from;
		explore_to(&next, at, C_LAST_LOOK);
	}
	/* A signal may come or not: nobody may need one. */
	return from->wake[at] || from->is_server_dead;
}

/* Takes the locks, which are free, and goes on at once: what others do meanwhile they could do
 * before. False: they are not free. */
static bool explore_locked(struct world *next, unsigned at, enum pc pc, bool with_channel)
{
	struct side *s = &next->side[at];
	struct model_caller *c = &next->caller[s->slot];

	if (c->lock || (with_channel && next->channel_lock))
		return false;
	c->lock = (uint8_t)(at + 1);
	if (with_channel)
		next->channel_lock = (uint8_t)(at + 1);
	s->pc = (uint8_t)pc;
	if (pc == R_CLAIM && (c->progress != HELD || c->gen != s->gen)) {
		c->lock = 0; /* ESRCH */
		side_idle(s);
		explore(next);
	} else {
		explore_step(next, at);
	}
	return true;
}

static bool explore_end(struct world *next, unsigned at)
{
	const struct model_caller *c = &next->caller[next->side[at].slot];

	next->side[at].gen = c->gen;
	return explore_locked(next, at, c->progress == HELD ? R_END : R_END_LOAD, true);
}

/* What a receiver without work may find at client @i. */
static bool explore_idle(const struct world *from, unsigned at, unsigned i)
{
	const struct model_caller *c = &from->caller[i];
	struct world next = *from;

	next.side[at].slot = (uint8_t)i;
	if (c->pulse) {
		next.side[at].gen = c->pulse;
		next.side[at].message = c->pulse_message;
		next.side[at].for_reply = true;
		next.caller[i].pulse = 0;
		next.caller[i].pulse_message = 0;
		return explore_locked(&next, at, R_CLAIM, false);
	}
	if (c->is_ended)
		return false;
	if (from->bell[i]) {
		next.bell[i] = false;
		return explore_locked(&next, at, R_LOOK, true);
	}
	if (c->progress == QUEUED)
		return explore_locked(&next, at, R_TAKE, true);
	return from->is_dead[i] && explore_end(&next, at);
}

/* It has a message: reads from it, answers it, or keeps it until its client asks. */
static bool explore_have(const struct world *from, unsigned at)
{
	const struct side *s = &from->side[at];
	bool is_kept = is_parked(s->slot, from->request[s->slot] - 1u) && !from->is_dead[s->slot];
	bool has_moved = false;
	struct world next = *from;

	if (!s->has_read) {
		next.side[at].has_read = true;
		next.side[at].for_reply = false;
		has_moved |= explore_locked(&next, at, R_CLAIM, false);
	}
	next = *from;
	if (is_kept) {
		side_idle(&next.side[at]);
		explore(&next);
		return true;
	}
	next.side[at].for_reply = true;
	return explore_locked(&next, at, R_CLAIM, false) || has_moved;
}

/* True: it could move. */
static bool explore_side(const struct world *from, unsigned at)
{
	const struct side *s = &from->side[at];
	enum pc pc = (enum pc)s->pc;

	if (is_client(at) ? pc == C_END || from->is_dead[at] : from->is_server_dead)
		return false;
	if (pc == C_ASLEEP)
		return explore_asleep(from, at);
	if (pc == R_HAVE)
		return explore_have(from, at);
	if (pc == R_IDLE) {
		bool has_moved = false;

		for (unsigned i = 0; i < CLIENTS; i++)
			has_moved |= explore_idle(from, at, i);
		return has_moved;
	}
	explore_step(from, at);
	return true;
}

/* All but how many it had sent. */
static void client_forget(struct side *s)
{
	uint8_t message = s->message;

	memset(s, 0, sizeof(*s));
	s->message = message;
	s->pc = C_END;
}

/* One death at most, of anybody, at any point. */
static void explore_deaths(const struct world *from)
{
	bool is_first = !from->is_server_dead;
	struct world next;

	for (unsigned i = 0; i < CLIENTS; i++)
		is_first &= !from->is_dead[i];
	if (!is_first)
		return;
	next = *from;
	next.is_server_dead = true;
	/* What it knew and did makes no difference any more. */
	memset(&next.side[CLIENTS], 0, sizeof(next.side[0]) * RECEIVERS);
	memset(next.caller, 0, sizeof(next.caller));
	memset(next.bell, 0, sizeof(next.bell));
	next.channel_lock = 0;
	explore(&next);
	for (unsigned i = 0; i < CLIENTS; i++)
		if (from->side[i].pc != C_END) {
			next = *from;
			next.is_dead[i] = true;
			client_forget(&next.side[i]);
			next.wake[i] = false;
			explore(&next);
		}
}

/* It was told nothing, wants nothing and is to be told nothing. */
static bool is_kept_waiting(const struct world *at, unsigned client)
{
	const struct side *s = &at->side[client];

	return s->pc == C_ASLEEP && is_parked(client, s->message) && !s->is_asked &&
	       !s->wants_leave && slot_state(at->word[client]) == LANE_STATE_TAKEN;
}

static void check_client_end(const struct world *at, unsigned client)
{
	unsigned n = 0, n_sent = at->side[client].message;

	for (unsigned m = 0; m < rules.n_messages[client]; m++)
		n += at->outcome[client][m] != OPEN;
	want(n == n_sent, "the books do not balance");
	if (at->is_server_dead || is_kept_waiting(at, client)) {
		want(!at->is_server_dead || at->side[client].pc == C_END,
		     "a client waits for a dead server");
		return;
	}
	want(at->side[client].pc == C_END, "a client sleeps and nobody wakes it");
	want(n == rules.n_messages[client], "a message has been lost");
	want(slot_state(at->word[client]) == LANE_STATE_FREE, "a client has ended in the middle");
}

/* Nobody has to move any more. */
static void check_end(const struct world *at)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (!at->is_dead[i])
			check_client_end(at, i);
	for (unsigned i = CLIENTS; i < SIDES && !at->is_server_dead; i++)
		want(at->side[i].pc == R_IDLE, "a receiver waits for ever");
}

static void explore(const struct world *from)
{
	bool has_moved = false;

	if (!is_new(from))
		return;
	for (unsigned i = 0; i < SIDES; i++) {
		way_push(from, i);
		has_moved |= explore_side(from, i);
		depth--;
	}
	explore_deaths(from);
	w = (struct world *)(uintptr_t)from;
	if (!has_moved)
		check_end(from);
}

static void all_orders(bool may_leave, unsigned first, unsigned second)
{
	struct world world;

	memset(&world, 0, sizeof(world));
	rules.may_leave = may_leave;
	rules.n_messages[0] = first;
	rules.n_messages[1] = second;
	for (unsigned i = 0; i < SIDES; i++)
		world.side[i].pc = is_client(i) ? C_PUBLISH : R_IDLE;
	if (second == 0)
		world.side[1].pc = C_END;
	known_room = 0;
	known = NULL;
	depth = 0;
	known_grow();
	explore(&world);
	fprintf(stderr, "%zu states\n", n_known);
	free(known);
}

static void one_client_that_may_leave(void **state)
{
	(void)state;
	all_orders(true, 2, 0);
}

static void one_client_that_must_ask(void **state)
{
	(void)state;
	all_orders(false, 2, 0);
}

static void two_clients_that_may_leave(void **state)
{
	(void)state;
	all_orders(true, 2, 1);
}

static void two_clients_that_must_ask(void **state)
{
	(void)state;
	all_orders(false, 2, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_client_that_may_leave),
		cmocka_unit_test(one_client_that_must_ask),
		cmocka_unit_test(two_clients_that_may_leave),
		cmocka_unit_test(two_clients_that_must_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
