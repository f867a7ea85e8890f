// SPDX-License-Identifier: Apache-2.0
/*
 * How a transition happens whole or not at all.
 *
 * journal_begin() opens one; journal_edit() logs an object's old content the
 * first time the transition touches it and must come before any write to it;
 * journal_fx() adds an effect; journal_commit() makes it all true with one
 * store. If the process is killed before that, journal_recover() puts the old
 * contents back. A kill cannot reorder the stores of a thread that is gone, so
 * keeping the compiler in order is enough.
 */
#pragma once

#include "core/core.h"

void journal_begin(struct core *c);
void journal_commit(struct core *c);
/* Nothing of this transition happened. */
void journal_abort(struct core *c);
void journal_recover(struct core *c);

/* @object must begin with its uint32_t stamp. */
void journal_edit(struct core *c, void *object, size_t size);
void journal_edit_word(struct core *c, uint32_t *word);

/* A zeroed effect of the transition under way. There is always room for one. */
struct pt_effect *journal_fx(struct core *c, uint32_t kind);

/* The entry, saved and ready to be changed. */
struct pt_proc *pt_edit(struct core *c, uint32_t index);

/* Bytes and effects that the largest transition can need. */
size_t journal_undo_room(const struct core_limits *l, uint32_t buckets);
uint32_t journal_fx_room(const struct core_limits *l);
