// SPDX-License-Identifier: Apache-2.0
/*
 * Ownership that ends by itself. A variable declared with one of these words
 * owns what it holds until its block ends; fd_take() and ptr_take() say at the
 * place where it happens that somebody else owns it from now on.
 *
 *	auto_fd fd = -1;
 *	auto_str path = NULL;
 *	auto_free struct thing *thing = NULL;
 *
 * Initialise at the declaration, always: the end of the block looks.
 */
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"

/*
 * Close @fd if there is one; errno stays. Answers -1, for `fd = fd_close(fd)`.
 * A close that is interrupted has closed on Linux; repeating it would close
 * what another thread has opened meanwhile. No cancellation point.
 */
static inline int fd_close(int fd)
{
	int saved = errno;
	int cancel;

	if (fd >= 0) {
		cancel = cancel_hold();
		(void)close(fd);
		cancel_let(cancel);
	}
	errno = saved;
	return -1;
}

static inline int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void fd_cleanup(const int *fd)
{
	fd_close(*fd);
}

/* @where is the address of a pointer of any type; only memcpy may read it. */
static inline void free_cleanup(const void *where)
{
	void *ptr;

	memcpy(&ptr, where, sizeof(ptr));
	free(ptr);
}

#define auto_fd   __attribute__((cleanup(fd_cleanup))) int
#define auto_free __attribute__((cleanup(free_cleanup)))
#define auto_str  auto_free char *

#define ptr_take(ptr)                               \
	({                                          \
		__typeof__(ptr) taken_ptr_ = (ptr); \
		(ptr) = NULL;                       \
		taken_ptr_;                         \
	})
