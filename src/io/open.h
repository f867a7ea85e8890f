// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

/* openat(), for our own calls that open for the program. */
int open_at(int dir_fd, const char *path, int flags, mode_t mode);
