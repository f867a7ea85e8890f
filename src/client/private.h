// SPDX-License-Identifier: Apache-2.0
/* A node for one program that was started outside any. */
#pragma once

#include <stddef.h>

/* Start it and wait until it serves: its directory. -ENOSYS: the command that
 * does it is not found; -ECHILD: it could not; else -errno. */
int private_start(char *buf, size_t cap);
