// SPDX-License-Identifier: Apache-2.0
#include "client/real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

typedef pid_t real_fork_fn(void);
typedef int real_pthread_create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
typedef int real_thrd_create_fn(thrd_t *, thrd_start_t, void *);

static real_fork_fn *real_fork_found;
static real_pthread_create_fn *real_pthread_create_found;
static real_thrd_create_fn *real_thrd_create_found;

/* At start, when nothing is under way that dlsym() could get into. */
__attribute__((constructor)) static void real_find(void)
{
	real_fork_fn *found;
	real_pthread_create_fn *found_create;
	real_thrd_create_fn *found_thrd;

	/* POSIX's way to make a function of what dlsym() answers. */
	*(void **)&found = dlsym(RTLD_NEXT, "fork");
	*(void **)&found_create = dlsym(RTLD_NEXT, "pthread_create");
	*(void **)&found_thrd = dlsym(RTLD_NEXT, "thrd_create");
	__atomic_store_n(&real_pthread_create_found, found_create, __ATOMIC_RELEASE);
	__atomic_store_n(&real_thrd_create_found, found_thrd, __ATOMIC_RELEASE);
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

int real_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attr,
			void *(*function)(void *), void *arg)
{
	if (!__atomic_load_n(&real_pthread_create_found, __ATOMIC_ACQUIRE))
		real_find();
	if (!real_pthread_create_found)
		return EAGAIN;
	return real_pthread_create_found(ret_thread, attr, function, arg);
}

int real_thrd_create(thrd_t *ret_thread, thrd_start_t function, void *arg)
{
	if (!__atomic_load_n(&real_thrd_create_found, __ATOMIC_ACQUIRE))
		real_find();
	return real_thrd_create_found ? real_thrd_create_found(ret_thread, function, arg) :
					thrd_error;
}

void *real_function(const char *name, void **cached)
{
	void *found = __atomic_load_n(cached, __ATOMIC_RELAXED);

	if (!found) {
		found = dlsym(RTLD_NEXT, name);
		__atomic_store_n(cached, found, __ATOMIC_RELAXED);
	}
	return found;
}
