// SPDX-License-Identifier: Apache-2.0
/* A message as its owner describes it: bytes in one piece or in many. Addresses are the
 * program's, and may be bad. */
#pragma once

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

struct vec {
	const struct iovec *parts;
	size_t n;
	size_t size; /* in all */
	struct iovec one;
};

/* @v must stay where it is: it points into itself. */
static inline void vec_of(struct vec *v, const void *at, size_t size)
{
	v->one.iov_base = (void *)(size_t)at;
	v->one.iov_len = size;
	v->parts = &v->one;
	v->n = 1;
	v->size = size;
}

/* 0, -EFAULT (the vector itself cannot be read), -EOVERFLOW (more than SSIZE_MAX, or
 * than LANE_PARTS parts). */
int vec_of_parts(struct vec *v, const struct iovec *parts, size_t n);

/* Copy @len bytes from, or to, @offset on; what lies beyond its end is not there. The bytes
 * copied, or -EFAULT. */
ssize_t vec_gather(const struct vec *v, size_t offset, void *to, size_t len);
ssize_t vec_scatter(const struct vec *v, size_t offset, const void *from, size_t len);

/* Up to @max parts that are @len bytes from @offset on. How many there are in @ret; *ret_len:
 * the bytes that they are. */
size_t vec_slice(const struct vec *v, size_t offset, size_t len, struct iovec *ret, size_t max,
		 size_t *ret_len);
