// SPDX-License-Identifier: Apache-2.0
#include "client/io.h"

#include "base/util.h"

uint64_t io_flags[IO_FDS / 64];

void io_flag_set(int fd)
{
	if (fd >= 0 && fd < IO_FDS)
		__atomic_fetch_or(&io_flags[fd / 64], UINT64_C(1) << fd % 64, __ATOMIC_RELAXED);
}

void io_flag_clear(int fd)
{
	if (io_is_flagged(fd))
		__atomic_fetch_and(&io_flags[fd / 64], ~(UINT64_C(1) << fd % 64), __ATOMIC_RELAXED);
}

void io_flag_clear_range(unsigned first, unsigned last)
{
	last = MIN(last, (unsigned)IO_FDS - 1);
	for (unsigned fd = first; fd <= last; fd++) {
		if (fd % 64 == 0 && !__atomic_load_n(&io_flags[fd / 64], __ATOMIC_RELAXED))
			fd += 63;
		else
			io_flag_clear((int)fd);
	}
}

void io_flag_copy(int old, int new)
{
	if (io_is_flagged(old))
		io_flag_set(new);
	else
		io_flag_clear(new);
}
