// SPDX-License-Identifier: Apache-2.0
/*
 * Looking at an address before something is done that cannot be undone.
 *
 * What lies just above our own frame is the caller's stack, the usual place of
 * a status word; only other addresses cost a system call. MADV_POPULATE_WRITE
 * (since 5.14) takes the write faults of a range without writing. On older
 * kernels a futex operation adds 0 to the first and the last word, which is as
 * good but counts as a read with valgrind.
 */
#include "client/writable.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define FRAMES_ABOVE 4096u

/* The word that the byte @at lies in: it is in the same page. */
static bool word_is_writable(uintptr_t at)
{
	static uint32_t nobody;

	at &= ~(uintptr_t)(sizeof(uint32_t) - 1);
	return syscall(SYS_futex, &nobody, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 0, 0, at,
		       FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0)) >= 0 ||
	       errno != EFAULT;
}

static bool may_populate(const void *at, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t first = (uintptr_t)at & ~(page - 1);
	uintptr_t end = ((uintptr_t)at + size + page - 1) & ~(page - 1);

	/* A range that wraps is none. */
	if (end <= first) {
		errno = EFAULT;
		return false;
	}
	return syscall(SYS_madvise, first, end - first, MADV_POPULATE_WRITE) == 0;
}

bool writable_is(const void *at, size_t size)
{
	const char *frame = __builtin_frame_address(0);
	uint32_t own = 0;

	if (!at || (uintptr_t)at - (uintptr_t)frame < FRAMES_ABOVE)
		return true;
	if (may_populate(at, size))
		return true;
	/* EINVAL: not writable, or a kernel that does not know the call. */
	if (errno != EINVAL || may_populate(&own, sizeof(own)))
		return false;
	return word_is_writable((uintptr_t)at) && word_is_writable((uintptr_t)at + size - 1);
}
