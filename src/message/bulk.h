// SPDX-License-Identifier: Apache-2.0
/*
 * Moving a message's bytes between the client and the server, whatever way there is: out of the
 * lane, from process to process, or handed over by the client, which is blocked and has nothing
 * else to do. The caller's lock is held and its slot is BUSY.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "message/vec.h"

struct caller;

/* For how long a client is waited for that is to hand over a little; tests do not wait. */
extern uint64_t bulk_patience_ns;

enum bulk_side { BULK_SEND, BULK_REPLY };

/* Copy from the client's send buffers at @offset to @to. Bytes; -EFAULT: the client's are bad;
 * -ESRCH: it is gone; -EREMOTEIO: ours are bad. */
ssize_t bulk_fetch(struct caller *c, size_t offset, const struct vec *to);
/* From the reply buffers, as they are now. */
ssize_t bulk_fetch_reply(struct caller *c, size_t offset, const struct vec *to);
/* Copy to its reply buffers at @offset. The same. */
ssize_t bulk_put(struct caller *c, size_t offset, const struct vec *from);

/* The answer: ends BUSY, in any case. 0, or an error that the client gets, too. */
int bulk_answer(struct caller *c, long status, const struct vec *from);
void bulk_answer_error(struct caller *c, int error);
