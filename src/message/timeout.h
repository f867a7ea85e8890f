// SPDX-License-Identifier: Apache-2.0
/*
 * TimerTimeout(): a limit for the next call of this thread that blocks in one of the states
 * that it named. Whoever is about to block takes it, whether or not it then blocks.
 *
 * Taking it for one state disarms all others, but for SEND and REPLY, which are of one call:
 * who takes SEND takes REPLY, too, before it returns.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct timeout {
	bool is_armed;
	bool polls;      /* the attempt to block fails at once */
	clockid_t clock; /* what at_ns is of */
	uint64_t at_ns;
	struct sigevent event; /* SIGEV_UNBLOCK: the call fails; else delivered, once */
};

/* Bits of STATE_* that are armed; 0 nearly always. */
extern __thread uint32_t timeout_states __attribute__((tls_model("initial-exec")));

void timeout_take_slow(uint32_t state, struct timeout *ret);

/* @state: one of STATE_*. What was armed for it is ret's from now on. */
static inline void timeout_take(uint32_t state, struct timeout *ret)
{
	if (__builtin_expect(timeout_states >> state & 1, 0))
		timeout_take_slow(state, ret);
	else
		ret->is_armed = false;
}

/* What is left, never negative; NULL if @t is not armed: for ppoll() and its kind. */
const struct timespec *timeout_left(const struct timeout *t, struct timespec *ret_left);

/* When it is, of @t's clock. The past, if it polls. */
struct timespec timeout_at(const struct timeout *t);

/* Has the time come? */
static inline bool timeout_is_over(const struct timeout *t)
{
	struct timespec left;

	return timeout_left(t, &left) && left.tv_sec == 0 && left.tv_nsec == 0;
}

/* The time is over. -ETIMEDOUT, or the event is delivered, @t disarmed, and 0: block on. */
int timeout_expired(struct timeout *t);
