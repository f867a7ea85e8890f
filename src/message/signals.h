// SPDX-License-Identifier: Apache-2.0
/*
 * Signals while a client may not leave (_NTO_CHF_UNBLOCK): they stay pending until the server
 * has answered, and are then acted on. So they are blocked, and a descriptor tells that one
 * came.
 *
 * Held are those that would run a handler or end the process; not held are faults, stops and
 * SIGKILL, and what the thread has blocked itself.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/sigaction.h"

struct signals {
	bool is_held;
	sigset_t before;
	int fd; /* readable when one has come; -1: it cannot be told */
};

void signals_hold(struct signals *s);
/* Only those with a handler, for a sleep that lets them in itself; no descriptor. */
void signals_hold_caught(struct signals *s);
/* What has come is acted on now. Nothing if they are not held. */
void signals_release(struct signals *s);

/*
 * Around a lock that a handler of the same thread may want, too: those with a handler are blocked.
 * Nothing in a program without one. Whoever has the lock keeps it there.
 */
struct signals_pause {
	bool is_blocked;
	uint64_t before;
};

/* Without one nothing ends a call but its own end: what else makes the kernel say EINTR (stopping
 * and going on) does not count. */
bool signals_have_handler_slow(void);

extern uint64_t signals_caught;
extern uint32_t signals_known_count;

static inline bool signals_have_handler(void)
{
	if (__builtin_expect(__atomic_load_n(&signals_known_count, __ATOMIC_ACQUIRE) ==
				     __atomic_load_n(&sigaction_count, __ATOMIC_ACQUIRE),
			     1))
		return __atomic_load_n(&signals_caught, __ATOMIC_RELAXED) != 0;
	return signals_have_handler_slow();
}

/* *ret_before: the mask as it was. */
void signals_block_caught(uint64_t *ret_before);
void signals_unblock(uint64_t before);

static inline void signals_pause(struct signals_pause *p)
{
	p->is_blocked = signals_have_handler();
	if (__builtin_expect(p->is_blocked, 0))
		signals_block_caught(&p->before);
}

static inline void signals_resume(const struct signals_pause *p)
{
	if (__builtin_expect(p->is_blocked, 0))
		signals_unblock(p->before);
}
