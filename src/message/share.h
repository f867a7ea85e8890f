// SPDX-License-Identifier: Apache-2.0
/* Open files behind connections that several processes hold: what a server's layer above the
 * channel has to do with it. The rules stand in share.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Whom a descriptor belongs to: a client's connection, or with scoid 0 a link by its number. */
struct link_key {
	int scoid, coid;
	pid_t pid; /* of the client */
};

/*
 * For who keeps open files behind connections. Called under the channel's lock: they must not
 * call anything of a channel.
 */
struct link_rules {
	/* @to is another descriptor of what @from is one of. True: a pulse shall say so. */
	bool (*duplicate)(void *owner, struct link_key from, struct link_key to);
	/* What @from is one of goes on as the link's. False: it is one of nothing. @is_closed: it
	 * has had its close_dup. */
	bool (*part)(void *owner, struct link_key from, int number, bool is_closed);
	/* Who has @from is gone: what it is one of stays open for who else has the link. */
	void (*inherit)(void *owner, struct link_key from, int number);
	int code;     /* of a pulse that says with a link's number that it has ended */
	int code_dup; /* of one that says with a client and its coid that this is a duplicate */
};
void channel_set_rules(int chid, const struct link_rules *rules, void *owner);

/* What our library says behind an _IO_CLOSE. */
enum close_how {
	CLOSE_IS_SHARED = 1, /* others may hold what is closed */
	CLOSE_IDLES = 2,     /* nobody does: its socket may be the client's next connection */
};

/* The answer to CLOSE_IDLES. A server that is not our dispatch layer may answer a close with anything,
 * even with what it was sent: it does not agree. */
#define CLOSE_IDLE_MAGIC 0x4b4d4944u
struct close_idle {
	uint32_t magic;
	uint32_t spare;
	uint64_t link; /* 0: not this one */
};

/* @coid of client @scoid is closed, and nobody else has it: its link waits for the client to use it
 * again. What the client is to call it; 0: it is not there. */
uint64_t channel_keep(int chid, int scoid, int coid);

/* @coid of client @scoid is closed by it, but others may hold it. False: it is not there. */
bool channel_part(int chid, int scoid, int coid);
