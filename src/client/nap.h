// SPDX-License-Identifier: Apache-2.0
/*
 * Sleeping on words of memory, with the kernel's rule for signals: after a
 * handler with SA_RESTART the sleep goes on, after one without it ends.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct nap_word {
	uint32_t *word;
	uint32_t value; /* the sleep ends, or does not begin, when it is another */
	bool shared;    /* with other processes */
};

/*
 * Sleep until a word may have changed (0), @ms have passed (-ETIMEDOUT) or a
 * handler without SA_RESTART has run (-EINTR). At most two words. A
 * cancellation point.
 */
int nap(const struct nap_word *words, unsigned n, unsigned ms);
/* Wake who sleeps on @word of this process. Also for signal handlers. */
void nap_wake(uint32_t *word);

/*
 * Kernels before 5.16 cannot do it: their futex sleeps with a time limit end
 * after any handler. nap() then guesses: interrupted if a handler without
 * SA_RESTART could have run. This is the guess, for other sleeps of the kind.
 */
bool nap_was_interrupted(void);
