// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdbool.h>

/* fcntl() of an open file of a server. False: the kernel does that, of the descriptor alone; else
 * *ret is the result or -errno. */
bool lock_fcntl(int fd, int command, void *arg, long *ret);
