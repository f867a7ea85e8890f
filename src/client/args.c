// SPDX-License-Identifier: Apache-2.0
#include "client/args.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

int args_init(struct args *args, const char *first, va_list *rest)
{
	va_list count;
	size_t n = 1;

	va_copy(count, *rest);
	if (first)
		while (va_arg(count, char *))
			n++;
	va_end(count);
	args->list = n < ARGS_FEW ? args->few : malloc((n + 1) * sizeof(char *));
	if (!args->list)
		return -ENOMEM;
	/* As exec does it: declared const for the caller, never written to. */
	args->list[0] = (char *)(uintptr_t)first;
	for (size_t i = 1; first && i <= n; i++)
		args->list[i] = va_arg(*rest, char *);
	return 0;
}

void args_fini(struct args *args)
{
	if (args->list != args->few)
		free(args->list);
	args->list = NULL;
}
