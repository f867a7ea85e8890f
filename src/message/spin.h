// SPDX-License-Identifier: Apache-2.0
/*
 * Looking again for a moment before going to sleep, as far as that has paid of late. Where
 * the other side runs on another processor an answer comes sooner than a sleep begins; where
 * both share one, each look keeps the other from running. Which it is only experience tells:
 * each waiter counts its hits, looks as long as a hit took of late, and after some misses
 * stops but for rare tries.
 *
 * A try is a burst of some milliseconds. Two sides that take turns on one processor leave
 * the kernel nothing to move, as one of them always sleeps. When one looks meanwhile, both can
 * run, and its next tick or two see that and give one of them the idle processor. And where each
 * side sleeps on a processor of its own, one that looks alone gains nothing: it shows the other
 * that it does (spin_hint()), which then looks, too.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct spin {
	uint32_t success; /* of late, 0 to SPIN_SURE */
	uint32_t hit_ns;  /* what a hit took of late */
	uint32_t waits;   /* until the next try while it does not pay */
	uint32_t burst;   /* looks that are left of a try; atomic */
	uint32_t pause;   /* doubled at each try that fails */
	uint32_t tries;   /* to look again at what may run us, now and then */
};

/* For how many nanoseconds to look before this sleep; 0: not at all. */
uint32_t spin_window(struct spin *s);
/* The other side looks: an answer would come sooner than usual. From any thread. */
void spin_hint(struct spin *s);
/* It has looked: it came after @ns, or did not. */
void spin_result(struct spin *s, bool hit, uint32_t ns);

/* May anybody spin: more than one processor, and nobody has said KAMIOKA_SPIN=0. */
bool spin_is_allowed(void);

static inline void spin_pause(void)
{
#if defined __x86_64__
	__builtin_ia32_pause();
#else
	__asm__ volatile("yield");
#endif
}
