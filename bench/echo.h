// SPDX-License-Identifier: Apache-2.0
/*
 * What differs between the means by which two processes exchange messages. The loop that
 * is measured (echo.c) is the same for all: a client sends so many bytes out of private
 * memory, and has as many back in private memory; so has the server in between.
 */
#pragma once

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct echo_way {
	const char *name;
	/* Nothing comes back: call() sends, and serve() counts echo_meeting->seen. */
	bool is_oneway;
	/* What comes back, if anything does, is not what was sent. */
	bool is_unmarked;
	/* Before the fork: what both sides are to have. May be NULL. */
	void (*prepare)(size_t size);
	/* The server, for ever. It posts echo_meeting->is_up when a client may connect. */
	void (*serve)(char *buffer, size_t size) __attribute__((noreturn));
	/* A client, which has waited for the post; any number of times, in one process each.
	 * May be NULL. */
	void (*connect)(size_t size);
	void (*call)(const char *request, char *reply, size_t size);
};

/* Shared by all processes of the run. */
struct echo_meeting {
	sem_t is_up;
	pid_t server; /* set by serve() for connect(), as the next */
	int chid;
	_Atomic uint64_t seen;
	_Atomic int idle; /* clients that are connected, and sleep */
};
extern struct echo_meeting *echo_meeting;

/* Ended by one without a name. */
extern const struct echo_way echo_ways[];
