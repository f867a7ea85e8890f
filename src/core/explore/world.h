// SPDX-License-Identifier: Apache-2.0
/*
 * A world to be explored: a small table, and beside it a ledger of what has
 * been promised to whom. A *move* is one thing that may happen. world_move()
 * makes one and judges it:
 *
 *	invariant.c  the table is whole: lists, counts, nobody blocked for nothing
 *	ledger.c     the effects are owed: each death once, to whom it belongs
 *	world.c      it can be undone to the byte, and fails whole
 *	moves.c      which moves there are, and how each is made
 *	canon.c      when two worlds are the same
 *
 * Nothing here prints or ends the program: a fault is a text that the caller
 * gets. Whoever calls also brings the memory.
 */
#pragma once

#include "core/core.h"

enum {
	WORLD_PROCS = 16,   /* most entries of a table here */
	WORLD_WAITERS = 12, /* most waits that can be blocked */
	WORLD_CALLS = WORLD_WAITERS + WORLD_PROCS,
	WORLD_SUBS = 4,
	WORLD_ABILITIES = 8,
	WORLD_PATHS = 4,
	WORLD_BYTES = 48 * 1024, /* room for a table with all that */
	WORLD_MOVES = 8192,      /* most moves that one world offers */
};

enum move_kind {
	MOVE_BIRTH, /* form: FLAG_NOZOMBIE, FLAG_NATIVE or 0 in few bits */
	MOVE_PAGE,  /* form: 1 gets one, 0 loses it */
	MOVE_EXIT,  /* form: how many deaths the parent's ring has room for */
	MOVE_STOP,
	MOVE_CONTINUE,
	MOVE_WAIT,    /* form: of wait_forms; other: whose pid or group */
	MOVE_CANCEL,  /* form: the cell */
	MOVE_DAEMON,  /* form: the same */
	MOVE_SIGCHLD, /* form: the mode */
	MOVE_TRACE,   /* proc traces other */
	MOVE_UNTRACE,
	MOVE_TRACE_SIGNAL, /* form: the signal, for proc */
	MOVE_TRACE_KILL,
	MOVE_GUARDIAN, /* proc names other; 0 nobody */
	MOVE_TELL,
	MOVE_GROUP, /* proc leaves for the group of other */
	MOVE_EXEC,
	MOVE_RESERVE, /* form: how many it wants to have */
	MOVE_UNRESERVE,
	MOVE_SUBSCRIBE, /* form: 1 with notify_add, 0 the single one */
	MOVE_ABILITY,   /* form: 1 for the children too */
	MOVE_RECLAIM,   /* of whom does not matter */
	MOVE_ATTACH,    /* form: 0 a name, 1 a directory above it */
	MOVE_DETACH,    /* the one that it attached last */
	MOVE_LEFT,      /* of whom does not matter */
	MOVE_KINDS
};

/* Entries are named by their index in the table. */
struct move {
	uint8_t kind;
	uint8_t proc;
	uint8_t other;
	uint8_t form;
};

enum { BIRTH_NOZOMBIE = 1, BIRTH_NATIVE = 2, BIRTH_RESERVED = 4, BIRTH_ROOT = 8 };

struct wait_form {
	uint32_t idtype;
	uint32_t options;
};
enum { WAIT_FORMS = 12 };
extern const struct wait_form wait_forms[WAIT_FORMS];

/* A process or a ghost, as the world outside the table remembers it. */
struct deed {
	int32_t pid;
	uint32_t sigs;  /* traced signals that nobody has heard of */
	uint16_t order; /* of what is owed: the smaller first */
	uint8_t used;
	uint8_t ghost;
	uint8_t nozombie;
	uint8_t native;
	uint8_t dead;
	uint8_t for_tracer; /* dead, and the tracer must hear first */
	uint8_t announced;  /* dead, and the parent's side was decided */
	uint8_t moved;      /* its parent has died since: to be decided again */
	uint8_t zombie;     /* the parent can collect it */
	uint8_t collected;
	uint8_t reaped; /* the kernel's zombie is gone */
	uint8_t owed;   /* a SIGCHLD is */
	uint8_t told;   /* in this move, before it was owed */
	uint8_t parent;
	uint8_t tracer;
};

/* A call that waits for its answer. */
struct call {
	uint8_t proc;
	uint8_t kill; /* a tracer's kill of... */
	uint8_t victim;
	uint8_t now; /* of the move that is being made */
	uint32_t cell;
	uint32_t seq;
	uint32_t idtype;
	int32_t id;
	uint32_t options;
};

struct ledger {
	_Alignas(8) struct deed deeds[WORLD_PROCS + 1]; /* by entry; [0]: the ghost of this move */
	struct call calls[WORLD_CALLS];
	uint32_t n_calls;
	uint32_t seq;
};

struct world {
	struct core core;
	struct core old; /* the table before the move */
	size_t size;
	struct ledger ledger;
	/* What the last move ended with. */
	enum core_result result;
	uint32_t born;
	uint32_t n_told;
	/* Waits that ended with "no child" in this move. */
	struct call refused[WORLD_CALLS];
	uint32_t n_refused;
	/* Alignment of what lies in them. */
	_Alignas(64) uint8_t mem[WORLD_BYTES];
	_Alignas(64) uint8_t before[WORLD_BYTES];
	_Alignas(64) uint8_t scratch[WORLD_BYTES];
};

/* What of all moves is explored, in how large a world. */
struct scope {
	uint32_t moves;  /* 1 << enum move_kind */
	uint32_t forms;  /* 1 << index into wait_forms */
	uint32_t births; /* 1 << form of MOVE_BIRTH */
	uint32_t modes;  /* 1 << enum sigchld_mode */
	uint32_t alive;  /* most processes that the kernel knows */
	uint32_t calls;  /* most calls that are blocked */
};

/* --- world.c --- */

/* A world of nobody. */
void world_init(struct world *w, const struct core_limits *l);
/* Make the move, which must be possible, and judge it. NULL: all is well. */
const char *world_move(struct world *w, const struct move *m);
/* The state itself, without what is only of the move: to save and to restore. */
size_t world_save(const struct world *w, void *to);
void world_restore(struct world *w, const void *from);
size_t world_bytes(const struct world *w);

/* --- moves.c --- */

uint32_t moves_list(const struct world *w, const struct scope *s, struct move *to);
bool moves_may(const struct world *w, const struct move *m);
/* Only the transition. */
enum core_result moves_make(struct world *w, const struct move *m);
/* What a wait of that form names. */
int32_t moves_wait_id(const struct world *w, const struct move *m);
uint32_t moves_free_cell(const struct world *w, uint32_t proc);
const char *moves_name(enum move_kind kind);

/* --- invariant.c --- */

const char *invariant_broken(const struct core *c);
/* May @w's wait be about entry @p at all; and does @p satisfy it now? Naively. */
bool invariant_fits(const struct core *c, uint32_t w, const struct call *k, uint32_t p);
bool invariant_satisfies(const struct core *c, uint32_t w, const struct call *k, uint32_t p);

/* --- ledger.c --- */

const char *ledger_judge(struct world *w, const struct move *m);

/* --- canon.c --- */

/* The same number for worlds that behave the same. */
uint64_t canon_number(const struct world *w);
