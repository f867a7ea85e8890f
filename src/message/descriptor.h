// SPDX-License-Identifier: Apache-2.0
/* What the program does with descriptors that are connections: after io_is_flagged(). */
#pragma once

#include <stdbool.h>

/* @fd is about to be closed; *ret_error, if it is wanted: what the server says of it, 0 or -errno.
 * False: it is none. */
bool descriptor_closing(int fd, int *ret_error);
void descriptor_closing_range(unsigned first, unsigned last);
/* @new has become a duplicate of @old. */
void descriptor_duplicated(int old, int new);
/* @fd is sent to another process. */
void descriptor_passed(int fd);
