// SPDX-License-Identifier: Apache-2.0
/* Memory with a descriptor, that several processes map. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* An empty one that can grow but never shrink; or -errno. */
int memory_create(const char *name);
/* Send a record with one descriptor over a socket pair. */
int memory_send(int socket, const void *record, size_t len, int fd);
