// SPDX-License-Identifier: Apache-2.0
/*
 * A make-believe kernel for tests and fuzzers of iofunc and dispatch: one message at a time
 * goes in, what would be replied comes out. No channel, no other process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <sys/iofunc.h>
#include <sys/dispatch.h>

/* What came of the last message. */
struct fake_answer {
	unsigned count; /* of replies and errors since fake_reset() */
	int rcvid;
	int error; /* of MsgError(); 0: a reply */
	long status;
	size_t size; /* of the reply's data, cut to what there is room for */
	unsigned char data[4096];
};
extern struct fake_answer fake_answer;

/* What deliveries and detaches there were. */
extern unsigned fake_delivered;
extern struct sigevent fake_event;
extern int fake_detached; /* the last scoid; 0: none */

/* The ids of the client with scoid n; 0: root. */
void fake_client(int scoid, uid_t uid, gid_t gid);
/* Replies to rcvid answer ESRCH from now on; 0: to none. */
void fake_gone(int rcvid);
/* MsgInfo() of rcvid says that the client of @info wants to leave. */
void fake_wants_to_leave(int rcvid, const struct _msg_info *info);

void fake_reset(void);
/* The next MsgReceive() gives these bytes, from that client's descriptor, with rcvid 1. */
void fake_message(int scoid, int coid, const void *message, size_t size);
void fake_pulse(int scoid, int code, int value);

/* Both in one: has @dpp's message handled, with a context made once for each handle. */
int fake_send(dispatch_context_t *ctp, int scoid, int coid, const void *message, size_t size);
int fake_send_pulse(dispatch_context_t *ctp, int scoid, int code, int value);
