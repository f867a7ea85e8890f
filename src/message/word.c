// SPDX-License-Identifier: Apache-2.0
#include "message/word.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/cancel.h"

int word_wait(uint32_t *word, uint32_t value, struct timeout *limit)
{
	int op = FUTEX_WAIT_BITSET;
	struct timespec at;
	int cancel, r;

	if (limit->is_armed) {
		at = timeout_at(limit);
		if (limit->clock == CLOCK_REALTIME)
			op |= FUTEX_CLOCK_REALTIME;
	}
	cancel = cancel_open();
	r = (int)syscall(SYS_futex, word, op, value, limit->is_armed ? &at : NULL, NULL,
			 FUTEX_BITSET_MATCH_ANY);
	if (r < 0)
		r = errno;
	cancel_close(cancel);
	if (r == ETIMEDOUT)
		r = -timeout_expired(limit);
	return r == EAGAIN ? 0 : r;
}

void word_wake(uint32_t *word, int n)
{
	int saved = errno;

	(void)syscall(SYS_futex, word, FUTEX_WAKE, n); /* nobody there is no failure */
	errno = saved;
}
