// SPDX-License-Identifier: Apache-2.0
/*
 * All signals blocked for some moments, the C library's own too. Its pthread_sigmask() always
 * leaves those (32 and 33) unblocked: a thread that waits for one of them would be ended by it
 * after any use of such a pair.
 */
#pragma once

#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline void mask_all(sigset_t *ret_before)
{
	const uint64_t all = ~UINT64_C(0);

	(void)sigemptyset(ret_before); /* the kernel's is shorter */
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, ret_before, sizeof(all));
}

static inline void mask_restore(const sigset_t *before)
{
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, before, NULL, sizeof(uint64_t));
}
