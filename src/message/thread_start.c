// SPDX-License-Identifier: Apache-2.0
/*
 * Threads are made here, so that each has its creator's QNX priority and its end is heard
 * of, whether or not it ever calls the library.
 *
 * What the new thread needs to know lies in a course. The thread must not free it: under a
 * thread sanitizer it is not yet allowed to. It leaves it to who makes the next thread.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include "base/cleanup.h"
#include "client/export.h"
#include "client/real.h"
#include "message/thread.h"

struct thread_course {
	struct thread_course *next; /* of those that are spent */
	void *(*function)(void *);  /* or */
	int (*function11)(void *);
	void *arg;
	int priority;
};

static struct thread_course *thread_spent;
/* What orders the writing of a course before its end, for who does not see into the new
 * thread: a thread sanitizer. */
static unsigned thread_started;

static void thread_free_spent(void)
{
	struct thread_course *c = __atomic_exchange_n(&thread_spent, NULL, __ATOMIC_ACQUIRE);

	(void)__atomic_load_n(&thread_started, __ATOMIC_ACQUIRE); /* for its order alone */
	while (c) {
		struct thread_course *next = c->next;

		free(c);
		c = next;
	}
}

static struct thread_course *thread_course_new(void *arg, int priority)
{
	struct thread_course *c;

	thread_free_spent();
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->arg = arg;
	c->priority = priority;
	return c;
}

/* A copy; the other is spent. Below a sanitizer, as thread_begin(). */
__attribute__((no_sanitize("address"), no_sanitize("thread"))) static struct thread_course
thread_course_take(struct thread_course *c)
{
	struct thread_course copy = *c;

	c->next = __atomic_load_n(&thread_spent, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&thread_spent, &c->next, c, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
	return copy;
}

__attribute__((no_sanitize("address"), no_sanitize("thread"))) static void *thread_main(void *arg)
{
	struct thread_course c = thread_course_take(arg);

	thread_begin(c.priority);
	return c.function(c.arg);
}

__attribute__((no_sanitize("address"), no_sanitize("thread"))) static int thread_main11(void *arg)
{
	struct thread_course c = thread_course_take(arg);

	thread_begin(c.priority);
	return c.function11(c.arg);
}

static bool thread_is_explicit(const pthread_attr_t *attr, int *ret_priority)
{
	struct sched_param param;
	int inherit;

	if (!attr || pthread_attr_getinheritsched(attr, &inherit) != 0 ||
	    inherit != PTHREAD_EXPLICIT_SCHED || pthread_attr_getschedparam(attr, &param) != 0)
		return false;
	/* Linux's ordinary policies know no other priority than 0. */
	if (param.sched_priority > 0)
		*ret_priority = param.sched_priority;
	return true;
}

EXPORT int pthread_create(pthread_t *ret_thread, const pthread_attr_t *attr,
			  void *(*function)(void *), void *arg)
{
	int priority = thread_priority();
	bool is_explicit = thread_is_explicit(attr, &priority);
	auto_free struct thread_course *c = thread_course_new(arg, priority);
	pthread_attr_t ordinary;
	int r;

	if (!c)
		return EAGAIN;
	c->function = function;
	__atomic_add_fetch(&thread_started, 1, __ATOMIC_RELEASE);
	r = real_pthread_create(ret_thread, attr, thread_main, c);
	/* EINVAL: an ordinary policy with one of QNX's priorities. */
	if ((r == EPERM || r == EINVAL) && is_explicit) {
		/* differs: scheduling that the machine does not grant is let be. A view of
		 * what the program's attributes say, not one of our own: never destroyed. */
		memcpy(&ordinary, attr, sizeof(ordinary));
		(void)pthread_attr_setinheritsched(&ordinary, PTHREAD_INHERIT_SCHED);
		r = real_pthread_create(ret_thread, &ordinary, thread_main, c);
	}
	if (r == 0)
		(void)ptr_take(c);
	return r;
}

EXPORT int thrd_create(thrd_t *ret_thread, thrd_start_t function, void *arg)
{
	auto_free struct thread_course *c = thread_course_new(arg, thread_priority());
	int r;

	if (!c)
		return thrd_nomem;
	c->function11 = function;
	__atomic_add_fetch(&thread_started, 1, __ATOMIC_RELEASE);
	r = real_thrd_create(ret_thread, thread_main11, c);
	if (r == thrd_success)
		(void)ptr_take(c);
	return r;
}
