// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <errno.h>

/* From ours to theirs: a negative errno becomes -1 with errno, the rest stays. */
static inline int result_errno(int r)
{
	if (r >= 0)
		return r;
	errno = -r;
	return -1;
}
