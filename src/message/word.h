// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdint.h>

#include "message/timeout.h"

/*
 * Sleeps while *@word, of this or several processes, is @value. 0: it may be another now;
 * ETIMEDOUT: @limit says so; EINTR. A cancellation point.
 */
int word_wait(uint32_t *word, uint32_t value, struct timeout *limit);
/* Wakes @n sleepers at most. Also for signal handlers. */
void word_wake(uint32_t *word, int n);
