// SPDX-License-Identifier: Apache-2.0
/*
 * The table of processes: entries, and the lists that tie them together.
 * Only for the rules in this folder; every function here is a step of a
 * transition that is under way.
 *
 * A process is in its parent's *live* list until it has died and whoever traces
 * it knows; then in the parent's *dead* list until it is collected. Entry 0 is
 * the manager, parent of all who have no other.
 */
#pragma once

#include "core/core.h"
#include "core/journal.h"

/* A fresh entry, zeroed and saved; NULL: the table is full. */
struct pt_proc *pt_take(struct core *c);
void pt_drop(struct core *c, struct pt_proc *p);
/* Would pt_take() succeed for somebody of that kind, leaving what is reserved? */
bool pt_has_room(const struct core *c, bool root);
/* Entries have become free: a full table may be said again. */
void pt_room_made(struct core *c);

/* The entry behind an index, 0 included; not saved. */
static inline struct pt_proc *pt_at(const struct core *c, uint32_t index)
{
	return &c->procs[index];
}

void pt_hash(struct core *c, struct pt_proc *p);
void pt_unhash(struct core *c, struct pt_proc *p);

void pt_live_add(struct core *c, struct pt_proc *parent, struct pt_proc *p);
void pt_live_remove(struct core *c, struct pt_proc *p);
void pt_dead_add(struct core *c, struct pt_proc *parent, struct pt_proc *p);
void pt_dead_remove(struct core *c, struct pt_proc *p);

void pt_untold_add(struct core *c, struct pt_proc *p);
/* Take the oldest; NULL: none. */
struct pt_proc *pt_untold_take(struct core *c, struct pt_proc *parent);
void pt_untold_remove(struct core *c, struct pt_proc *p);

struct pt_waiter *pt_waiter_take(struct core *c);
/* Unlink the waiter behind *@link (a word of its predecessor) and free it. */
void pt_waiter_drop(struct core *c, struct pt_proc *p, uint32_t index);

/* Count towards the n-th allocation that tests let fail. */
bool pt_alloc_fails(struct core *c);
