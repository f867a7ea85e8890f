/* SPDX-License-Identifier: Apache-2.0 */
/* Macros for one part of a vector; <unistd.h> and <sys/neutrino.h> have them. */
#pragma once

#include <sys/uio.h>

/* iov is a pointer to a part: it is set to len bytes at addr. */
#define SETIOV(iov, addr, len) \
	((void)((iov)->iov_base = (void *)(addr), (iov)->iov_len = (size_t)(len)))
/* The same for what is only read. */
#define SETIOV_CONST(iov, addr, len) \
	((void)((iov)->iov_base = (void *)(__UINTPTR_TYPE__)(addr), (iov)->iov_len = (size_t)(len)))
#define GETIOVBASE(iov) ((iov)->iov_base)
#define GETIOVLEN(iov)  ((iov)->iov_len)
