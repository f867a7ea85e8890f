// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

/* fstat() of an open file of a server. 0, -errno. */
int stat_fd(int fd, struct stat *st);
