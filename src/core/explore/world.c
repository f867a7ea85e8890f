// SPDX-License-Identifier: Apache-2.0
/*
 * One move: first with each of its allocations failing, then for good; what the
 * journal has logged must lead back to where it began; then the effects are
 * carried out, in the ledger.
 */
#include "core/explore/world.h"

#include <string.h>

#include "core/ptable.h"

/* The table is two runs of bytes: what lies before the names, and the hash. */
static size_t head_bytes(const struct core *c)
{
	return (size_t)((const uint8_t *)c->names - (const uint8_t *)c->head);
}

static size_t hash_bytes(const struct core *c)
{
	return c->head->buckets * sizeof(uint32_t);
}

static size_t hash_at(const struct core *c)
{
	return (size_t)((const uint8_t *)c->buckets - (const uint8_t *)c->head);
}

/* The words of the head that are the journal's own. */
#define JOURNAL_FROM offsetof(struct pt_head, stamp)
#define JOURNAL_TO   offsetof(struct pt_head, capacity)

static bool is_same(const struct world *w, const uint8_t *a, const uint8_t *b)
{
	const struct core *c = &w->core;

	return memcmp(a, b, JOURNAL_FROM) == 0 &&
	       memcmp(a + JOURNAL_TO, b + JOURNAL_TO, head_bytes(c) - JOURNAL_TO) == 0 &&
	       memcmp(a + hash_at(c), b + hash_at(c), hash_bytes(c)) == 0;
}

static void copy(const struct world *w, uint8_t *to, const uint8_t *from)
{
	const struct core *c = &w->core;

	memcpy(to, from, head_bytes(c));
	memcpy(to + hash_at(c), from + hash_at(c), hash_bytes(c));
}

void world_init(struct world *w, const struct core_limits *l)
{
	memset(w, 0, sizeof(*w));
	w->size = core_size(l);
	core_init(&w->core, w->mem, l);
	/* Only for its pointers: what they lead to is copied before each move. */
	core_init(&w->old, w->before, l);
}

size_t world_bytes(const struct world *w)
{
	return head_bytes(&w->core) + hash_bytes(&w->core) + sizeof(w->ledger);
}

size_t world_save(const struct world *w, void *to)
{
	const struct core *c = &w->core;
	uint8_t *at = to;

	memcpy(at, w->mem, head_bytes(c));
	memcpy(at + head_bytes(c), c->buckets, hash_bytes(c));
	memcpy(at + head_bytes(c) + hash_bytes(c), &w->ledger, sizeof(w->ledger));
	return world_bytes(w);
}

void world_restore(struct world *w, const void *from)
{
	const struct core *c = &w->core;
	const uint8_t *at = from;

	memcpy(w->mem, at, head_bytes(c));
	memcpy(c->buckets, at + head_bytes(c), hash_bytes(c));
	memcpy(&w->ledger, at + head_bytes(c) + hash_bytes(c), sizeof(w->ledger));
}

/* A manager that starts at this moment: what does it find? */
static const char *check_restart(struct world *w)
{
	const struct pt_head *h = w->core.head;
	struct pt_head *cut = (void *)w->scratch;
	const uint8_t *effects = (const uint8_t *)w->core.effects;
	struct core c;

	copy(w, w->scratch, w->mem);
	memcpy(w->scratch + (w->core.undo - w->mem), w->core.undo, h->undo_bytes);
	for (uint32_t n = 0; n <= h->n_effects; n++) {
		cut->state = JOURNAL_COMMITTED;
		cut->n_applied = n;
		if (core_open(&c, w->scratch, w->size) != 0 || !is_same(w, w->scratch, w->mem))
			return "a restart after the commit changes the table";
		if ((n == h->n_effects) != !core_effect(&c))
			return "a restart forgets an effect, or invents one";
		if (n < h->n_effects && (const uint8_t *)core_effect(&c) - w->scratch !=
						effects + n * sizeof(struct pt_effect) - w->mem)
			return "a restart goes on with another effect";
	}
	cut->state = JOURNAL_OPEN;
	if (core_open(&c, w->scratch, w->size) != 0 || cut->state != JOURNAL_IDLE)
		return "a restart before the commit is refused";
	if (!is_same(w, w->scratch, w->before))
		return "something was written without being logged";
	return NULL;
}

static const char *check_room(const struct world *w)
{
	const struct pt_head *h = w->core.head;
	struct core_limits l = {
		.procs = h->capacity,
		.waiters = h->waiters,
		.subs = h->subs,
		.notices = h->notices,
		.abilities = h->abilities,
		.paths = h->paths,
		.texts = h->texts,
	};

	if (h->n_effects > journal_fx_room(&l))
		return "more effects than there is room for";
	if (h->undo_bytes > journal_undo_room(&l, h->buckets))
		return "more is logged than there is room for";
	return NULL;
}

static const char *check_journal(struct world *w)
{
	const struct pt_head *h = w->core.head;
	const char *fault;

	if (h->state == JOURNAL_OPEN)
		return "a transition was left open";
	/* None began: then the log is an older one's. */
	if (h->transition == w->old.head->transition)
		return is_same(w, w->mem, w->before) ? NULL : "something was written outside";
	fault = check_room(w);
	return fault ? fault : check_restart(w);
}

/* The move fails whole whichever allocation fails; the last round makes it. */
static const char *make(struct world *w, const struct move *m)
{
	for (uint32_t n = 1;; n++) {
		w->core.fail_at = n;
		w->result = moves_make(w, m);
		if (w->core.fail_at)
			break;
		if (w->result != CORE_FULL)
			return "an allocation failed and the move succeeded";
		if (!is_same(w, w->mem, w->before) || w->core.head->state != JOURNAL_IDLE)
			return "an allocation failed and something has changed";
	}
	w->core.fail_at = 0;
	return NULL;
}

static const char *move(struct world *w, const struct move *m)
{
	const char *fault;

	copy(w, w->before, w->mem);
	w->born = 0;
	fault = make(w, m);
	if (!fault)
		fault = check_journal(w);
	if (!fault)
		fault = ledger_judge(w, m);
	return fault ? fault : invariant_broken(&w->core);
}

static bool may_reclaim(const struct world *w, const struct move *m)
{
	const struct pt_proc *p = &w->core.procs[m->proc];
	bool is_root = m->kind == MOVE_BIRTH ? m->form & BIRTH_ROOT : p->euid == 0;

	return (m->kind == MOVE_BIRTH || m->kind == MOVE_DAEMON || m->kind == MOVE_RESERVE) &&
	       !pt_has_room(&w->core, is_root);
}

const char *world_move(struct world *w, const struct move *m)
{
	struct move reclaim = {.kind = MOVE_RECLAIM, .proc = m->proc};
	const char *fault = NULL;

	/* A transition of its own, which is judged so. */
	if (may_reclaim(w, m))
		fault = move(w, &reclaim);
	return fault ? fault : move(w, m);
}
