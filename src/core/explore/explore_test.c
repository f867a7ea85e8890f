// SPDX-License-Identifier: Apache-2.0
/*
 * Every order of events, for a few processes, as deep as the time allows:
 * breadth first, worlds that behave the same visited once, each move judged
 * (world.h). The orders are explored in several scopes, because a scope with few
 * kinds of moves reaches deeper in the same time; the last has them all.
 *
 *	--seconds N   in all (default 60; $KAMIOKA_SOAK goes before it)
 *	--depth N     no deeper
 *	--only NAME   one scope
 *
 * A fault ends the program with the moves that lead to it.
 */
#include "core/explore/world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BIT(n)    (1u << (n))
#define ALL_FORMS (BIT(WAIT_FORMS) - 1)
/* Of worlds that are still to be looked at. */
#define MEMORY    ((size_t)768 << 20)
/* Fewer would mean that the exploration does not explore. */
#define SANE      2000

struct plan {
	const char *name;
	struct scope scope;
	uint32_t procs; /* entries of the table */
	const struct move *start;
	uint32_t n_start;
};

#define EVENTS (BIT(MOVE_BIRTH) | BIT(MOVE_EXIT) | BIT(MOVE_WAIT) | BIT(MOVE_TELL))

/* The top one is entry 1; others are children of whom `proc` says. */
static const struct move one[] = {{MOVE_BIRTH, 0, 0, 0}};
static const struct move family[] = {
	{MOVE_BIRTH, 0, 0, 0},
	{MOVE_BIRTH, 1, 0, 0},
	{MOVE_BIRTH, 1, 0, 0},
	{MOVE_BIRTH, 1, 0, 0},
};
static const struct move line[] = {
	{MOVE_BIRTH, 0, 0, 0},
	{MOVE_BIRTH, 1, 0, 0},
	{MOVE_BIRTH, 2, 0, 0},
	{MOVE_BIRTH, 1, 0, 0},
};

#define START(moves) .start = (moves), .n_start = sizeof(moves) / sizeof((moves)[0])

static const struct plan plans[] = {
	{
		.name = "life",
		.scope = {.moves = EVENTS | BIT(MOVE_SIGCHLD) | BIT(MOVE_CANCEL) | BIT(MOVE_RECLAIM),
			  .forms = BIT(0) | BIT(1) | BIT(3) | BIT(4),
			  .births = BIT(0) | BIT(BIRTH_NOZOMBIE),
			  .modes = BIT(0) | BIT(1) | BIT(3),
			  .alive = 4,
			  .calls = 2},
		.procs = 7,
		START(one),
	},
	{
		.name = "waits",
		.scope = {.moves = EVENTS | BIT(MOVE_CANCEL) | BIT(MOVE_STOP) | BIT(MOVE_CONTINUE) |
				   BIT(MOVE_GROUP),
			  .forms = ALL_FORMS,
			  .births = BIT(0),
			  .alive = 4,
			  .calls = 3},
		.procs = 7,
		START(family),
	},
	{
		.name = "heirs",
		.scope = {.moves = EVENTS | BIT(MOVE_GUARDIAN) | BIT(MOVE_DAEMON) |
				   BIT(MOVE_SIGCHLD) | BIT(MOVE_STOP),
			  .forms = BIT(0) | BIT(1) | BIT(6),
			  .births = BIT(0) | BIT(BIRTH_NOZOMBIE),
			  .modes = BIT(0) | BIT(1) | BIT(3),
			  .alive = 5,
			  .calls = 2},
		.procs = 6,
		START(family),
	},
	{
		.name = "tracers",
		.scope = {.moves = EVENTS | BIT(MOVE_TRACE) | BIT(MOVE_UNTRACE) |
				   BIT(MOVE_TRACE_SIGNAL) | BIT(MOVE_TRACE_KILL) |
				   BIT(MOVE_GUARDIAN) | BIT(MOVE_EXEC) | BIT(MOVE_STOP),
			  .forms = BIT(0) | BIT(1) | BIT(4) | BIT(5),
			  .births = BIT(0) | BIT(BIRTH_NOZOMBIE),
			  .alive = 4,
			  .calls = 2},
		.procs = 7,
		START(line),
	},
	{
		.name = "rooms",
		.scope = {.moves = EVENTS | BIT(MOVE_RECLAIM) | BIT(MOVE_PAGE) | BIT(MOVE_DAEMON) |
				   BIT(MOVE_EXEC) | BIT(MOVE_RESERVE) | BIT(MOVE_UNRESERVE) |
				   BIT(MOVE_SUBSCRIBE) | BIT(MOVE_ABILITY),
			  .forms = BIT(0) | BIT(3),
			  .births = BIT(0) | BIT(BIRTH_NATIVE) | BIT(BIRTH_RESERVED) |
				    BIT(BIRTH_ROOT),
			  .alive = 5,
			  .calls = 1},
		.procs = 6,
		START(one),
	},
	{
		.name = "names",
		.scope = {.moves = BIT(MOVE_BIRTH) | BIT(MOVE_EXIT) | BIT(MOVE_EXEC) |
				   BIT(MOVE_ATTACH) | BIT(MOVE_DETACH) | BIT(MOVE_LEFT) |
				   BIT(MOVE_SUBSCRIBE),
			  .births = BIT(0),
			  .alive = 4},
		.procs = 5,
		START(family),
	},
	{
		.name = "all",
		.scope = {.moves = BIT(MOVE_KINDS) - 1,
			  .forms = ALL_FORMS,
			  .births = BIT(0) | BIT(BIRTH_NOZOMBIE) | BIT(BIRTH_NATIVE) |
				    BIT(BIRTH_RESERVED),
			  .modes = BIT(0) | BIT(1) | BIT(2) | BIT(3),
			  .alive = 5,
			  .calls = 3},
		.procs = 7,
		START(line),
	},
};

enum { N_PLANS = sizeof(plans) / sizeof(plans[0]) };

/* --- worlds seen, and the way to each --- */

struct node {
	uint32_t from;
	struct move by;
};

static struct {
	uint64_t *slots;
	size_t n_slots;
	struct node *nodes; /* [0] is the start */
	size_t n_nodes;
	size_t room;
} seen;

static void *must(void *mem)
{
	if (!mem) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	return mem;
}

static void seen_init(void)
{
	free(seen.slots);
	free(seen.nodes);
	seen.n_slots = 1 << 16;
	seen.slots = must(calloc(seen.n_slots, sizeof(*seen.slots)));
	seen.room = 1 << 15;
	seen.nodes = must(malloc(seen.room * sizeof(*seen.nodes)));
	seen.n_nodes = 0;
}

static bool insert(uint64_t *slots, size_t n, uint64_t number)
{
	size_t i = number & (n - 1);

	while (slots[i] && slots[i] != number)
		i = (i + 1) & (n - 1);
	if (slots[i])
		return false;
	slots[i] = number;
	return true;
}

static void seen_grow(void)
{
	uint64_t *slots = must(calloc(2 * seen.n_slots, sizeof(*slots)));

	for (size_t i = 0; i < seen.n_slots; i++)
		if (seen.slots[i])
			insert(slots, 2 * seen.n_slots, seen.slots[i]);
	free(seen.slots);
	seen.slots = slots;
	seen.n_slots *= 2;
	seen.room *= 2;
	seen.nodes = must(realloc(seen.nodes, seen.room * sizeof(*seen.nodes)));
}

/* Is it new? */
static bool seen_add(uint64_t number, uint32_t from, const struct move *by)
{
	if (seen.n_nodes == seen.room)
		seen_grow();
	if (!insert(seen.slots, seen.n_slots, number))
		return false;
	seen.nodes[seen.n_nodes++] = (struct node){.from = from, .by = *by};
	return true;
}

/* --- worlds to be looked at: mostly zeros, so kept without them --- */

struct level {
	uint64_t *words;
	size_t n_words;
	size_t room;
	uint32_t n;
	uint32_t first; /* node of the first */
};

static bool level_put(struct level *l, const uint64_t *state, size_t n)
{
	uint64_t *at;

	if (l->room - l->n_words < n + n / 64 + 1) {
		if (l->room * sizeof(*at) >= MEMORY / 2)
			return false;
		l->room = l->room ? 2 * l->room : 1 << 20;
		l->words = must(realloc(l->words, l->room * sizeof(*at)));
	}
	at = l->words + l->n_words;
	for (size_t i = 0; i < n; i += 64) {
		uint64_t *mask = at++;

		*mask = 0;
		for (size_t k = i; k < n && k < i + 64; k++)
			if (state[k]) {
				*mask |= 1ull << (k - i);
				*at++ = state[k];
			}
	}
	l->n_words = (size_t)(at - l->words);
	l->n++;
	return true;
}

static const uint64_t *level_get(const uint64_t *at, uint64_t *state, size_t n)
{
	memset(state, 0, n * sizeof(*state));
	for (size_t i = 0; i < n; i += 64)
		for (uint64_t mask = *at++; mask; mask &= mask - 1)
			state[i + (size_t)__builtin_ctzll(mask)] = *at++;
	return at;
}

/* --- one plan --- */

static struct world world;
static struct move offered[WORLD_MOVES];
static uint64_t state[WORLD_BYTES / sizeof(uint64_t)];
static uint64_t child[WORLD_BYTES / sizeof(uint64_t)];

/* For whoever tells of a fault, also when an assert of the rules has ended it. */
static struct {
	const struct plan *plan;
	uint32_t node;
	struct move move;
} now;

static void print_move(const struct move *m)
{
	fprintf(stderr, "# %s: %u", moves_name(m->kind), m->proc);
	if (m->other)
		fprintf(stderr, " -> %u", m->other);
	if (m->kind == MOVE_WAIT)
		fprintf(stderr, ", id type %u, options %#x", wait_forms[m->form].idtype,
			wait_forms[m->form].options);
	else if (m->form)
		fprintf(stderr, ", %u", m->form);
	fprintf(stderr, "\n");
}

static void print_way(uint32_t node)
{
	if (node) {
		print_way(seen.nodes[node].from);
		print_move(&seen.nodes[node].by);
	}
}

static void print_fault(const char *fault)
{
	fprintf(stderr, "# %s: %s, after\n", now.plan->name, fault);
	for (uint32_t i = 0; i < now.plan->n_start; i++)
		print_move(&now.plan->start[i]);
	fprintf(stderr, "# and then\n");
	print_way(now.node);
	print_move(&now.move);
	for (uint32_t i = 1; i <= world.core.head->procs_touched; i++) {
		const struct pt_proc *p = &world.core.procs[i];

		fprintf(stderr,
			"#   %u: pid %d life %u parent %u flags %#x tracer %u guardian %u "
			"mode %u page %u group %d untold %u waiter %u\n",
			i, p->pid, p->life, p->parent, p->flags, p->tracer, p->guardian, p->sigchld,
			p->page, p->pgrp, p->first_untold, p->first_waiter);
	}
}

static void on_abort(int signo)
{
	(void)signo;
	print_fault("an assert of the rules");
}

static void judge(const char *fault)
{
	if (!fault)
		return;
	print_fault(fault);
	printf("not ok 1 - explore_%s\n", now.plan->name);
	exit(1);
}

/* A newborn has a page at once, unless pages are what is explored. */
static void move(const struct move *m)
{
	struct move page = {.kind = MOVE_PAGE, .form = 1};

	now.move = *m;
	judge(world_move(&world, m));
	if (m->kind != MOVE_BIRTH || world.result != CORE_OK ||
	    (now.plan->scope.moves & BIT(MOVE_PAGE)))
		return;
	page.proc = (uint8_t)world.born;
	judge(world_move(&world, &page));
}

static void begin(const struct plan *plan, struct level *first)
{
	struct core_limits limits = {
		.procs = plan->procs,
		.keep_root = 1,
		.waiters = 4,
		.subs = 2,
		.notices = 4,
		.abilities = 3,
		.paths = 3,
		.texts = 3,
	};

	now.plan = plan;
	now.node = 0;
	seen_init();
	world_init(&world, &limits);
	for (uint32_t i = 0; i < plan->n_start; i++)
		move(&plan->start[i]);
	seen_add(canon_number(&world), 0, &plan->start[0]);
	world_save(&world, state);
	level_put(first, state, world_bytes(&world) / sizeof(uint64_t));
}

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct count {
	uint64_t moves;
	uint32_t depth; /* levels that were explored whole */
	bool whole;     /* nothing is left */
	bool last;      /* no memory for another level: its worlds are judged, not kept */
};

/* All moves of one world. */
static void look(const struct plan *plan, struct level *next, struct count *count)
{
	size_t words = world_bytes(&world) / sizeof(uint64_t);
	uint32_t n;

	world_restore(&world, state);
	n = moves_list(&world, &plan->scope, offered);
	for (uint32_t i = 0; i < n; i++) {
		world_restore(&world, state);
		move(&offered[i]);
		count->moves++;
		if (count->last || !seen_add(canon_number(&world), now.node, &offered[i]))
			continue;
		world_save(&world, child);
		count->last = !level_put(next, child, words);
	}
}

static bool look_at_level(const struct plan *plan, const struct level *this, struct level *next,
			  struct count *count, double until)
{
	const uint64_t *at = this->words;
	size_t words = world_bytes(&world) / sizeof(uint64_t);

	next->first = (uint32_t)seen.n_nodes;
	for (uint32_t i = 0; i < this->n; i++) {
		at = level_get(at, state, words);
		now.node = this->first + i;
		look(plan, next, count);
		if ((i & 63) == 0 && seconds_now() > until)
			return i + 1 == this->n;
	}
	return true;
}

static struct count explore(const struct plan *plan, uint32_t depth, double until)
{
	struct level levels[2] = {{.n = 0}};
	struct count count = {.moves = 0};

	begin(plan, &levels[0]);
	while (count.depth < depth) {
		struct level *this = &levels[count.depth % 2], *next = &levels[1 - count.depth % 2];

		next->n_words = next->n = 0;
		if (!look_at_level(plan, this, next, &count, until))
			break;
		count.depth++;
		count.whole = !next->n && !count.last;
		if (count.whole || count.last)
			break;
	}
	free(levels[0].words);
	free(levels[1].words);
	return count;
}

/* --- far away: moves by chance, many in a row --- */

static uint32_t chance(uint32_t below)
{
	static uint64_t x = 0x9e3779b97f4a7c15ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)((x >> 32) % below);
}

enum { WALK = 400 };

/* One walk from the start. */
static void walk(const struct plan *plan)
{
	struct level first = {.n = 0};

	begin(plan, &first);
	free(first.words);
	for (uint32_t n = 0; n < WALK;) {
		uint32_t touched = world.core.head->procs_touched;
		struct move m = {
			.kind = (uint8_t)chance(MOVE_KINDS),
			.proc = (uint8_t)chance(touched + 1),
			.other = (uint8_t)chance(touched + 1),
			.form = (uint8_t)chance(16),
		};

		if (!moves_may(&world, &m))
			continue;
		move(&m);
		seen.nodes[seen.n_nodes] = (struct node){.from = now.node, .by = m};
		now.node = (uint32_t)seen.n_nodes++;
		n++;
	}
}

static const struct plan walks = {
	.name = "walks",
	.scope = {.moves = BIT(MOVE_KINDS) - 1},
	.procs = 11,
	START(line),
};

/* --- the program --- */

static struct {
	double seconds;
	uint32_t depth;
	const char *only;
} options = {.seconds = 60, .depth = UINT32_MAX};

static bool run_plan(const struct plan *plan, double until)
{
	double from = seconds_now();
	struct count n = explore(plan, options.depth, until);

	printf("# %s: %zu states, %llu moves, depth %u%s, %.1f s\n", plan->name, seen.n_nodes,
	       (unsigned long long)n.moves, n.depth, n.whole ? ", all there are" : "",
	       seconds_now() - from);
	return n.whole || n.depth >= options.depth || seen.n_nodes >= SANE;
}

static bool run_walks(const struct plan *plan, double until)
{
	double from = seconds_now();
	uint64_t n = 0;

	do {
		walk(plan);
		n++;
	} while (seconds_now() < until);
	printf("# %s: %llu of %d moves, %.1f s\n", plan->name, (unsigned long long)n, WALK,
	       seconds_now() - from);
	return true;
}

static void read_options(int argc, char **argv)
{
	const char *soak = getenv("KAMIOKA_SOAK");

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--seconds") == 0)
			options.seconds = atof(argv[i + 1]);
		else if (strcmp(argv[i], "--depth") == 0)
			options.depth = (uint32_t)atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--only") == 0)
			options.only = argv[i + 1];
	}
	if (soak)
		options.seconds = atof(soak);
}

int main(int argc, char **argv)
{
	double start = seconds_now();
	uint32_t left = N_PLANS + 1;
	int status = 0;

	read_options(argc, argv);
	signal(SIGABRT, on_abort);
	for (uint32_t i = 0; i <= N_PLANS; i++) {
		const struct plan *plan = i < N_PLANS ? &plans[i] : &walks;
		double from = seconds_now();
		double share = options.only ? 1 : left--;
		double until = from + (start + options.seconds - from) / share;
		bool is_sane;

		if (options.only && strcmp(options.only, plan->name) != 0)
			continue;
		is_sane = plan == &walks ? run_walks(plan, until) : run_plan(plan, until);
		status |= !is_sane;
		printf("%sok %u - explore_%s\n", is_sane ? "" : "not ", i + 1, plan->name);
		fflush(stdout);
	}
	free(seen.slots);
	free(seen.nodes);
	return status;
}
