// SPDX-License-Identifier: Apache-2.0
#include "message/vec.h"

#include <errno.h>
#include <limits.h>

#include "base/util.h"
#include "gen/shared.h"
#include "host/linux/guarded.h"

int vec_of_parts(struct vec *v, const struct iovec *parts, size_t n)
{
	struct iovec part;
	size_t size = 0;

	if (n > LANE_PARTS)
		return -EOVERFLOW;
	for (size_t i = 0; i < n; i++) {
		if (guarded_copy(&part, &parts[i], sizeof(part)) < 0)
			return -EFAULT;
		if (part.iov_len > (size_t)SSIZE_MAX - size)
			return -EOVERFLOW;
		size += part.iov_len;
	}
	v->parts = parts;
	v->n = n;
	v->size = size;
	return 0;
}

size_t vec_slice(const struct vec *v, size_t offset, size_t len, struct iovec *ret, size_t max,
		 size_t *ret_len)
{
	size_t n = 0, at = 0;

	*ret_len = 0;
	for (size_t i = 0; i < v->n && n < max && *ret_len < len; i++) {
		size_t part = v->parts[i].iov_len;
		size_t skip = MIN(part, offset - at);

		at += skip;
		part = MIN(part - skip, len - *ret_len);
		if (part == 0)
			continue;
		ret[n].iov_base = (char *)v->parts[i].iov_base + skip;
		ret[n++].iov_len = part;
		*ret_len += part;
	}
	return n;
}

static ssize_t vec_copy(const struct vec *v, size_t offset, void *to, const void *from, size_t len)
{
	size_t done = 0, at = 0;

	for (size_t i = 0; i < v->n && done < len; i++) {
		size_t skip = MIN(v->parts[i].iov_len, offset - at);
		size_t part = MIN(v->parts[i].iov_len - skip, len - done);
		char *here = (char *)v->parts[i].iov_base + skip;
		int rc;

		at += skip;
		if (part == 0)
			continue;
		rc = to ? guarded_copy((char *)to + done, here, part) :
			  guarded_copy(here, (const char *)from + done, part);
		if (rc < 0)
			return rc;
		done += part;
	}
	return (ssize_t)done;
}

ssize_t vec_gather(const struct vec *v, size_t offset, void *to, size_t len)
{
	return vec_copy(v, offset, to, NULL, len);
}

ssize_t vec_scatter(const struct vec *v, size_t offset, const void *from, size_t len)
{
	return vec_copy(v, offset, NULL, from, len);
}
