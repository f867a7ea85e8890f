// SPDX-License-Identifier: Apache-2.0
/* The C library's own versions of what we export under the same name. A sanitizer's, where
 * there is one behind us. */
#pragma once

#include <pthread.h>
#include <sys/types.h>
#include <threads.h>

/* fork() with all that belongs to it: handlers of pthread_atfork(), locks,
 * robust mutexes, thread ids. A sanitizer's, where there is one. */
pid_t real_fork(void);

int real_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attr,
			void *(*function)(void *), void *arg);
int real_thrd_create(thrd_t *ret_thread, thrd_start_t function, void *arg);

/* The one of that @name, a name of glibc's; *@cached, NULL at first, keeps it. NULL in a
 * program without it. Not for signal handlers. */
void *real_function(const char *name, void **cached);
/* The same as a function of that @type; each place of it keeps its own. */
#define REAL(type, name)                                      \
	({                                                    \
		static void *cached_##name;                   \
		(type *)real_function(#name, &cached_##name); \
	})

/* What glibc's forms for _FORTIFY_SOURCE end the program with. */
extern void __chk_fail(void) __attribute__((noreturn));
