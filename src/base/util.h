// SPDX-License-Identifier: Apache-2.0
/* The few expressions that every layer needs and C does not have. */
#pragma once

#include <assert.h>
#include <stddef.h>

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* sys/param.h brings its own pair, which evaluates its arguments twice. */
#undef MIN
#undef MAX

#define MIN(a, b)                                  \
	({                                         \
		__typeof__(a) min_a_ = (a);        \
		__typeof__(b) min_b_ = (b);        \
		min_a_ < min_b_ ? min_a_ : min_b_; \
	})

#define MAX(a, b)                                  \
	({                                         \
		__typeof__(a) max_a_ = (a);        \
		__typeof__(b) max_b_ = (b);        \
		max_a_ > max_b_ ? max_a_ : max_b_; \
	})

/* By way of void: that a member's address is aligned for its struct is known
 * to us and not to -Wcast-align. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* @to is a power of two; @n is far from SIZE_MAX. */
static inline size_t align_up(size_t n, size_t to)
{
	assert(to != 0 && (to & (to - 1)) == 0);
	return (n + to - 1) & ~(to - 1);
}
