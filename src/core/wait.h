// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/ptable.h"

/* Steps of a transition. */

/* @p has news (dead or living): the first waiter that it fits gets it. */
void wait_offer(struct core *c, struct pt_proc *p);
/* The same where the parent keeps no zombie: only its own guardian may be waiting for it. */
void wait_offer_guardian(struct core *c, struct pt_proc *p);
/* A tracee has something for its tracer: dead, or stopped for a signal. */
bool wait_offer_tracer(struct core *c, struct pt_proc *p);
/* A child left @parent: a wait that no child fits any more ends with ECHILD. */
void wait_recheck(struct core *c, struct pt_proc *parent);
void wait_answer(struct core *c, const struct pt_proc *waiter, uint32_t cell, uint32_t seq,
		 int error, const struct pt_proc *p);
