// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <stdbool.h>
#include <sys/types.h>

/* openat(), for our own calls that open for the program. */
int open_at(int dir_fd, const char *path, int flags, mode_t mode);

/* Has open() with these flags a third argument? */
static inline bool open_takes_mode(int flags)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}
