// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/ptable.h"

/* Steps of a transition. */

/* @p has died: does somebody else than its parent trace it, and hear first? */
bool tracer_hears_first(struct core *c, struct pt_proc *p);
/* @p, which may trace others, has died. */
void tracer_died(struct core *c, struct pt_proc *p);
bool tracer_has_news(const struct pt_proc *p, uint32_t options);
/* Finish a tracer's wait with @p's news. */
void tracer_answer(struct core *c, struct pt_proc *tracer, uint32_t cell, uint32_t seq,
		   struct pt_proc *p, uint32_t options);
