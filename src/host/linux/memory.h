// SPDX-License-Identifier: Apache-2.0
/* The memory of a node that outlives its managers. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "gen/shared.h"

/* Memory for processes of ours alone: a manager gets it by fork. NULL: errno. */
void *memory_map(size_t size);

/*
 * The node page: *@ret_page is writable here and in forked children; through
 * *@ret_fd it can only be read, also by who opens that anew. 0 or -errno.
 */
int memory_node_page(struct node_page **ret_page, int *ret_fd);

/* An empty arena: it can grow, never shrink, and its seals are final. A file
 * descriptor or -errno. */
int memory_arena(void);

/* Memory of @size bytes for two programs, zeroed; neither can make it smaller under the other. A
 * file descriptor or -errno. */
int memory_lane(size_t size);

/* Send a record with one descriptor over a socket pair: 0 or -errno. */
int memory_send(int socket, const void *record, size_t len, int fd);
