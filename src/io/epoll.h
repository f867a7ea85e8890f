// SPDX-License-Identifier: Apache-2.0
/* Sets of epoll with files of servers in them: what happens to descriptors. */
#pragma once

#include <stdbool.h>

/* @fd, which is flagged, is closed by the program: it leaves the sets, or is one no more. */
void epoll_closing(int fd);
void epoll_closing_range(unsigned first, unsigned last);
/* @new is a duplicate of @old, which is flagged and no file of a server's. */
void epoll_duplicated(int old, int new);

/* @fd is flagged: if it is a set that was inherited by a fork, it is this process's own from now on.
 * 0 or -errno. */
int epoll_own(int fd);
/* Is it a set with files of servers? */
bool epoll_is(int fd);
