// SPDX-License-Identifier: Apache-2.0
/*
 * Which open control block is behind a client's descriptor.
 *
 * A key is a client (scoid) and its descriptor (coid). Several keys can lead to one *open*: a
 * duplicate, a forked child. The open ends with its last key, and not while somebody uses it:
 *
 *	binding_enter()    a message's handlers are about to run
 *	open_replies()     they have run; the reply goes out
 *	open_leave()       it is out
 *
 * A key is closed by one thread only: binding_enter_close() takes it, and from then on no
 * message finds it; binding_drop() takes it away. Who drops an open's last key waits for
 * replies that are going out (this is soon) and ends it. If handlers still run, the last of
 * them ends it: a close cannot wait for what another thread of the client began.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <sys/resmgr.h>

struct attached;

struct open {
	void *ocb;
	const resmgr_io_funcs_t *funcs;
	struct attached *attached; /* counted */
	unsigned keys;             /* under the table's lock */
	_Atomic uint32_t uses;
	_Atomic bool is_dead; /* detached: only there to be closed, no handler is called */
};

struct key;
struct client;

struct bindings {
	pthread_mutex_t lock;
	pthread_cond_t left; /* the last use of a closed open is over */
	struct key **keys;   /* hashed; as many lists as clients below */
	struct client **clients;
	size_t lists;
	size_t count;            /* keys */
	_Atomic unsigned untold; /* of these, inherited ones whose dup handler has not run */
};

/* Who a message is from. */
struct bound {
	int scoid, coid;
	pid_t pid;
};

int bindings_init(struct bindings *table);
/* There must be no keys any more. */
void bindings_fini(struct bindings *table);

/* -ENOMEM, -EEXIST. */
int binding_add(struct bindings *table, const struct bound *who, void *ocb,
		const resmgr_io_funcs_t *funcs, struct attached *attached);
/* @to is another key of what @from has. -EBADF: it has nothing; -EEXIST, -ENOMEM. */
int binding_dup(struct bindings *table, const struct bound *from, const struct bound *to);

/* For connections that end without a word, or are held by others when they are closed
 * (message/share.c). */
extern const struct link_rules binding_rules; /* the owner is a struct bindings */
/* The key that goes on as link @number's, to close it; *ret_was: whose it was, scoid 0: it has
 * had its close_dup. */
struct open *binding_enter_close_link(struct bindings *table, int number, struct bound *ret_was);

/* An inherited key whose dup handler is to run, by the caller, who is in the open then; it is
 * told only once. *ret_who: whose it is, *ret_from: what it is a duplicate of; coid -1: of what
 * was closed meanwhile. NULL: told already, or no such key. */
struct open *binding_enter_untold(struct bindings *table, const struct bound *key,
				  struct bound *ret_who, struct bound *ret_from);

/* NULL: no such key. With @any also one that is being closed. */
struct open *binding_enter(struct bindings *table, const struct bound *who, bool any);
struct open *binding_enter_close(struct bindings *table, const struct bound *who);
/* Any key of that client, to close it; *ret_who: which. NULL: no more. */
struct open *binding_enter_close_any(struct bindings *table, int scoid, struct bound *ret_who);
/* Any key that leads to an open of @attached, to close it. */
struct open *binding_enter_close_name(struct bindings *table, const struct attached *attached,
				      struct bound *ret_who);
/* The close of @open, which the caller is in, goes on later: until then the client's death may
 * take the key. It may be complete already. */
void binding_delay_close(struct bindings *table, const struct bound *who, const struct open *open);

/* Take the key away; -ESRCH: there is none. *ret_end: if not NULL, end it, now. The caller is
 * not in it any more: open_leave_close(). */
int binding_drop(struct bindings *table, const struct bound *who, struct open **ret_end);

/* All opens of @attached are dead. */
void bindings_kill(struct bindings *table, const struct attached *attached);

/* True: the caller is to end it, once open_leave() says that nobody is in it. */
bool open_replies(struct open *open);
void open_leave(struct bindings *table, struct open *open, bool is_ender);
/* Out of binding_enter_close(): the key is still there. */
void open_leave_close(struct open *open);
/* The memory and its count of the name. */
void open_free(struct open *open);
