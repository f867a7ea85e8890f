// SPDX-License-Identifier: Apache-2.0
#include "client/real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

typedef pid_t real_fork_fn(void);

static real_fork_fn *real_fork_found;

/* At start, when nothing is under way that dlsym() could get into. */
__attribute__((constructor)) static void real_find(void)
{
	real_fork_fn *found;

	/* POSIX's way to make a function of what dlsym() answers. */
	*(void **)&found = dlsym(RTLD_NEXT, "fork");
	__atomic_store_n(&real_fork_found, found, __ATOMIC_RELEASE);
}

pid_t real_fork(void)
{
	if (!__atomic_load_n(&real_fork_found, __ATOMIC_ACQUIRE))
		real_find();
	if (real_fork_found)
		return real_fork_found();
	errno = ENOSYS;
	return -1;
}
