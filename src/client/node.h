// SPDX-License-Identifier: Apache-2.0
/*
 * The program's tie to its node: a page of its own, the node's page, and the
 * socket that requests go into. All of it comes at the first need and goes by
 * itself in the child of a fork, however that was made.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "gen/shared.h"
#include "wire/frame.h"

/*
 * 0 once there is a page; cheap then. Finds the node that $KAMIOKA_NODE names;
 * outside any node starts a private one. -ENOSYS: the program wants no node
 * (said once on standard error); -EHOSTDOWN: the node is gone; -EPERM, -EAGAIN,
 * -EMFILE, -ENOMEM. Any thread, and signal handlers too.
 */
int node_attach(void);
bool node_attached(void);
/* Outside any node nobody has managed children, and a wait need not attach. */
bool node_is_expected(void);

/* NULL while not attached. Both stay mapped until the process ends. */
struct page *node_page_mine(void);
const struct node_page *node_shared(void);

pid_t node_self(void);
/* Of an attached program: the node's directory. */
const char *node_directory(void);
struct guard_fd;
bool node_owns_guard(const struct guard_fd *g);

/* Has the manager look at our slots and the ring, without an answer. */
int node_ring(void);

/* Is nothing answered any more? */
bool node_is_down(void);
uint32_t node_epoch(void);

/* One frame to the manager; -EHOSTDOWN if there is nobody. */
int node_send(const struct wire_head *head, const void *body, const int *fds, unsigned n_fds);

/*
 * A forked child: the page is the parent's. @born_in is the parent's slot for
 * it: before it attaches it waits, for a moment, until the parent has said there
 * that it is born, as the manager would else take it for a stranger.
 */
void node_forget(const struct page_slot *born_in);
/*
 * Around a fork, in the thread that forks: the slot of the birth, then NULL. Handlers that
 * fork() runs in the child may attach before node_forget() is called there.
 */
void node_forking(const struct page_slot *slot);

/*
 * Ask with an answer over a socket that travels along, before the @n_fds others.
 * @m is the answer, wire_msg_fini() owed, after 0. A manager that dies with the
 * request is asked again if @repeat, else -ECONNRESET.
 */
struct node_question {
	uint16_t request;
	const void *body;
	size_t len;
	const int *fds;
	unsigned n_fds;
	bool repeat;
	bool is_locked; /* by node_attach(), which has just looked at the socket */
};
int node_ask(const struct node_question *q, struct wire_msg *ret_m);

/* Room for an answer, without malloc(), whose lock a handler may have interrupted. */
struct wire_msg *node_msg_new(void);
void node_msg_free(struct wire_msg *m);

/* One of our page's cells for the calling thread, and back. Waits for one. */
unsigned node_cell_take(void);
void node_cell_give(unsigned cell);
