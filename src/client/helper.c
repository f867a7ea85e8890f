// SPDX-License-Identifier: Apache-2.0
#include "client/helper.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static struct helper *helpers;

static void helper_pause(void)
{
	const struct timespec pause = {.tv_nsec = 50 * 1000};

	(void)nanosleep(&pause, NULL); /* the caller looks again */
}

static void helper_list(struct helper *h)
{
	if (__atomic_exchange_n(&h->is_listed, true, __ATOMIC_ACQ_REL))
		return;
	h->next = __atomic_load_n(&helpers, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&helpers, &h->next, h, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
}

void helper_is_elsewhere(struct helper *h)
{
	helper_list(h);
	__atomic_store_n(&h->runs_in, getpid(), __ATOMIC_RELEASE);
}

unsigned helper_own_threads(void)
{
	pid_t self = getpid();
	unsigned n = 0;

	for (struct helper *h = __atomic_load_n(&helpers, __ATOMIC_ACQUIRE); h; h = h->next)
		n += __atomic_load_n(&h->runs_in, __ATOMIC_ACQUIRE) == self;
	return n;
}

void helper_is_ready(struct helper *h)
{
	__atomic_store_n(&h->tid, gettid(), __ATOMIC_RELEASE);
}

static void *helper_main(void *arg)
{
	struct helper *h = arg;

	h->main(h);
	__atomic_store_n(&h->runs_in, 0, __ATOMIC_RELEASE);
	return NULL;
}

static int helper_create(struct helper *h)
{
	pthread_t thread;
	pthread_attr_t attr;
	sigset_t all, old;
	int r;

	sigfillset(&all);
	(void)pthread_attr_init(&attr);                                    /* cannot fail */
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED); /* same */
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);                    /* same */
	r = pthread_create(&thread, &attr, helper_main, h);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)pthread_attr_destroy(&attr);
	return r ? -EAGAIN : 0;
}

/* The only one who starts it now. */
static int helper_start_alone(struct helper *h, pid_t self)
{
	int rc;

	helper_list(h);
	__atomic_store_n(&h->tid, 0, __ATOMIC_RELEASE);
	rc = helper_create(h);
	if (rc < 0)
		return rc;
	__atomic_store_n(&h->runs_in, self, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&h->tid, __ATOMIC_ACQUIRE))
		helper_pause();
	return 0;
}

int helper_start(struct helper *h)
{
	pid_t self = getpid(), by;
	int rc = 0;

	for (;;) {
		if (__atomic_load_n(&h->runs_in, __ATOMIC_ACQUIRE) == self &&
		    __atomic_load_n(&h->tid, __ATOMIC_ACQUIRE))
			return 0;
		by = __atomic_load_n(&h->started_by, __ATOMIC_ACQUIRE);
		/* Another process's: it was forked away from its starter. */
		if (by != self && __atomic_compare_exchange_n(&h->started_by, &by, self, false,
							      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			break;
		helper_pause();
	}
	if (__atomic_load_n(&h->runs_in, __ATOMIC_ACQUIRE) != self)
		rc = helper_start_alone(h, self);
	__atomic_store_n(&h->started_by, 0, __ATOMIC_RELEASE);
	return rc;
}
