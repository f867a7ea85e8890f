// SPDX-License-Identifier: Apache-2.0
/*
 * Calls to the manager whose answer comes into a cell. A call happens exactly
 * once, whatever the manager dies of in between: a cell that nobody has taken is
 * sent again, one that was taken is given back by the next manager.
 *
 * All attach first and answer 0 or a negative errno: the manager's, or what
 * node_attach() and node_send() fail with.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gen/proto.h"

/* call_cell() and call_none() are declared there. call_cell() is no
 * cancellation point and goes on after any signal handler. */

/*
 * For what may block: ends with -EINTR after a signal handler without
 * SA_RESTART, unless the manager has done it meanwhile; then that is the answer.
 * A cancellation point.
 */
int call_cell_intr(uint16_t request, const void *body, size_t len, void *out, size_t out_len);

/*
 * The same for a wait that only the end of @child (0: no such one) can answer. If
 * the manager is sure to look at it by itself it is not even told.
 */
int call_cell_child(uint16_t request, const void *body, size_t len, void *out, size_t out_len,
		    pid_t child);
