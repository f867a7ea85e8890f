// SPDX-License-Identifier: Apache-2.0
/* Sending a message, whatever its bytes lie in. */
#pragma once

#include <stdbool.h>

#include "message/vec.h"

struct connection;

/* Blocks until the server has answered: 0 and its status, or -errno as MsgSend_r(). */
int send_message(int coid, const struct vec *send, const struct vec *reply, bool is_cancellable,
		 long *ret_status);
