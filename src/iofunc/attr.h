// SPDX-License-Identifier: Apache-2.0
/* What the other files need of a file's attributes. */
#pragma once

#include <stdbool.h>
#include <sys/iofunc.h>

/* EROFS if @attr lies on a read-only mount and may not change there, else EOK. */
int attr_writable(const iofunc_attr_t *attr);

/* The IOFUNC_PC_* bits that hold for @attr. */
uint32_t attr_conf(const iofunc_attr_t *attr);

/* The program's functions for @attr, of which at least @count are there; NULL: the library's. */
const iofunc_funcs_t *attr_funcs(const iofunc_attr_t *attr, unsigned count);

/* Mark times (IOFUNC_ATTR_?TIME) and what has changed (IOFUNC_ATTR_DIRTY_*). */
static inline void attr_mark(iofunc_attr_t *attr, uint32_t flags)
{
	attr->flags |= flags;
}
