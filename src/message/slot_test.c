// SPDX-License-Identifier: Apache-2.0
/*
 * All orders in which clients and receivers can move a lane's state word (slot_model.h): after
 * each step each side may be the next, and one of them may die at any point.
 *
 * Clients send messages one after another; each may be signalled once while it sleeps. The last
 * message of client 0 is answered only if its client asks to leave.
 */
#include "message/slot_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gen/shared.h"
#include "message/slot.h"

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

/* @at goes one step from @from, and everything goes on from there. */
static void explore_step(const struct world *from, unsigned at)
{
	struct world next = *from;

	model_step(&next, at);
	explore(&next);
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
			  (s->n_signals == 0 || model_is_parked(at, s->message));
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
		model_side_idle(s);
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
	bool is_kept = model_is_parked(s->slot, from->request[s->slot] - 1u) &&
		       !from->is_dead[s->slot];
	bool has_moved = false;
	struct world next = *from;

	if (!s->has_read) {
		next.side[at].has_read = true;
		next.side[at].for_reply = false;
		has_moved |= explore_locked(&next, at, R_CLAIM, false);
	}
	next = *from;
	if (is_kept) {
		model_side_idle(&next.side[at]);
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

	if (model_is_client(at) ? pc == C_END || from->is_dead[at] : from->is_server_dead)
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

	return s->pc == C_ASLEEP && model_is_parked(client, s->message) && !s->is_asked &&
	       !s->wants_leave && slot_state(at->word[client]) == LANE_STATE_TAKEN;
}

static void check_client_end(const struct world *at, unsigned client)
{
	unsigned n = 0, n_sent = at->side[client].message;

	for (unsigned m = 0; m < model_rules.n_messages[client]; m++)
		n += at->outcome[client][m] != OPEN;
	model_want(n == n_sent, "the books do not balance");
	if (at->is_server_dead || is_kept_waiting(at, client)) {
		model_want(!at->is_server_dead || at->side[client].pc == C_END,
			   "a client waits for a dead server");
		return;
	}
	model_want(at->side[client].pc == C_END, "a client sleeps and nobody wakes it");
	model_want(n == model_rules.n_messages[client], "a message has been lost");
	model_want(slot_state(at->word[client]) == LANE_STATE_FREE,
		   "a client has ended in the middle");
}

/* Nobody has to move any more. */
static void check_end(const struct world *at)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (!at->is_dead[i])
			check_client_end(at, i);
	for (unsigned i = CLIENTS; i < SIDES && !at->is_server_dead; i++)
		model_want(at->side[i].pc == R_IDLE, "a receiver waits for ever");
}

static void explore(const struct world *from)
{
	bool has_moved = false;

	if (!is_new(from))
		return;
	for (unsigned i = 0; i < SIDES; i++) {
		model_way_push(from, i);
		has_moved |= explore_side(from, i);
		model_way_pop();
	}
	explore_deaths(from);
	model_look_at(from);
	if (!has_moved)
		check_end(from);
}

static void all_orders(bool may_leave, unsigned first, unsigned second)
{
	struct world world;

	memset(&world, 0, sizeof(world));
	model_rules.may_leave = may_leave;
	model_rules.n_messages[0] = first;
	model_rules.n_messages[1] = second;
	for (unsigned i = 0; i < SIDES; i++)
		world.side[i].pc = model_is_client(i) ? C_PUBLISH : R_IDLE;
	if (second == 0)
		world.side[1].pc = C_END;
	known_room = 0;
	known = NULL;
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
