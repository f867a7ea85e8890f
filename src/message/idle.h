// SPDX-License-Identifier: Apache-2.0
/*
 * Connections in descriptor space that the program has closed, kept for the next one to the same
 * channel: to connect anew costs more than all the messages between an open() and its close().
 *
 * The server has agreed (channel_keep() in share.h): its end, the link, is nobody's until the
 * client says again whose it is. Who knows that others may have a copy of the socket does not
 * keep it, as theirs would become another open file.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What a connection must agree in to be the next one. */
struct idle_key {
	pid_t pid;
	int chid;
	uid_t own_uid; /* as whom the server knows us */
	gid_t own_gid;
	uint32_t births; /* of our children so far: who was forked since may have the socket */
};

/* A copy of @fd, which is about to be closed; @link is the server's name of it. Without room for it
 * nothing is kept. */
void idle_keep(const struct idle_key *key, int fd, uid_t server_uid, uint64_t link);
/* What is known of one that is taken again. */
struct idle_taken {
	uid_t server_uid;
	uint64_t link;
	uint64_t inode;
};
/* The lowest descriptor from @index on, closed at exec or not; -1: there is none, or no room. Between
 * guard_making() and guard_made(). */
int idle_take(const struct idle_key *key, unsigned index, bool is_cloexec, struct idle_taken *ret);
/* In a forked child: they were the parent's. */
void idle_forked(void);
