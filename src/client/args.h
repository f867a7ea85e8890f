// SPDX-License-Identifier: Apache-2.0
/* The argument lists of functions with an l: as many as there are, up to a NULL. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#define ARGS_FEW 128

struct args {
	char **list;
	char *few[ARGS_FEW];
};

/*
 * @first and what follows in @rest, which then stands behind the NULL. Uses no
 * heap unless there are many: a signal handler may call execl(). 0, -ENOMEM.
 */
int args_init(struct args *args, const char *first, va_list *rest);
void args_fini(struct args *args);
