// SPDX-License-Identifier: Apache-2.0
/*
 * Where a channel is found: a socket in the kernel's own name space (the abstract one), named
 * for the node, the process and the channel. The name goes with the socket, so nothing is left of
 * a process that dies; that a name is whose it says, the kernel tells whoever connects.
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

struct address {
	struct sockaddr_un un;
	socklen_t len;
};

/* 0, or what node_attach() fails with. @is_private: connections of others are not for it. */
int address_of(struct address *ret, pid_t pid, int chid, bool is_private);
/* The channel that @un names in this node. False: none. */
bool address_parse(const struct sockaddr_un *un, socklen_t len, pid_t *ret_pid, int *ret_chid);
