// SPDX-License-Identifier: Apache-2.0
/* Sockets to channels, and what is said over them first. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct connection;

/* A socket to the channel, in no place yet, and its server's user; -errno as ConnectAttach_r(). */
int reach_channel(pid_t pid, int chid, uid_t *ret_uid);
/* The same for a record that is no connection's; to private channels, too. */
int reach_any(pid_t pid, int chid);

/* Over @fd: that it is @c's, as @coid. @ticket: of the reach_share() before, 0: none. -errno. */
int reach_hello(int fd, int coid, const struct connection *c, uint64_t ticket);
/* Over an inherited socket: who says hello with that ticket has it, too. 0: it could not be said. */
uint64_t reach_share(int fd);
