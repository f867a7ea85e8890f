// SPDX-License-Identifier: Apache-2.0
/*
 * Which descriptors are not what the kernel takes them for. One bit each, so
 * that a read of a plain file costs a load and a test; who changes descriptors
 * (close, dup and their kind) keeps the bits right.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Descriptors from here on are always plain. */
#define IO_FDS (1 << 20)

extern uint64_t io_flags[IO_FDS / 64];

static inline bool io_is_flagged(int fd)
{
	unsigned n = (unsigned)fd;

	return __builtin_expect(
		n < IO_FDS && (__atomic_load_n(&io_flags[n / 64], __ATOMIC_RELAXED) >> n % 64 & 1),
		false);
}

void io_flag_set(int fd);
void io_flag_clear(int fd);
/* All from @first to @last. */
void io_flag_clear_range(unsigned first, unsigned last);
/* @new is a duplicate of @old from now on. */
void io_flag_copy(int old, int new);
