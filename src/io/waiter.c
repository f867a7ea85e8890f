// SPDX-License-Identifier: Apache-2.0
#include "io/waiter.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "message/lock.h"
#include "message/ready.h"
#include "message/thread.h"

static struct lock lock = LOCK_INIT;
static struct waiter *spare;
static uint32_t spare_generation;

int bell_make(struct guard_fd *bell)
{
	sigset_t mask;
	int fd, rc;

	guard_making(&mask);
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = fd < 0 ? -errno : guard_add(bell, fd);
	guard_made(&mask);
	return rc;
}

void bell_ring(const struct guard_fd *bell)
{
	const uint64_t one = 1;

	(void)syscall(SYS_write, guard_number(bell), &one, sizeof(one)); /* rung already is rung */
}

void bell_hush(const struct guard_fd *bell)
{
	uint64_t n;

	(void)syscall(SYS_read, guard_number(bell), &n, sizeof(n)); /* silent already is silent */
}

static struct waiter *waiter_new(uint32_t generation)
{
	struct waiter *w = ready_alloc(sizeof(*w));

	if (!w)
		return NULL;
	w->generation = generation;
	w->bell.number = -1;
	return w;
}

struct waiter *waiter_take(void)
{
	uint32_t generation = thread_generation();
	struct waiter *w;
	sigset_t mask;

	if (ready() < 0)
		return NULL;
	lock_take(&lock, &mask);
	if (spare_generation != generation)
		spare = NULL;
	spare_generation = generation;
	w = spare;
	if (w)
		spare = w->next;
	lock_give(&lock, &mask);
	if (!w)
		w = waiter_new(generation);
	if (!w)
		return NULL;
	/* The program may have wanted its number, with no other one free (guard.c). */
	if (guard_number(&w->bell) < 0 && bell_make(&w->bell) < 0) {
		waiter_give(w); /* memory that is never freed: for who tries next */
		return NULL;
	}
	bell_hush(&w->bell);
	return w;
}

void waiter_give(struct waiter *w)
{
	sigset_t mask;

	lock_take(&lock, &mask);
	if (spare_generation == w->generation) {
		w->next = spare;
		spare = w;
	}
	lock_give(&lock, &mask);
}

/* Those of the parent are seen to be none by their generation. */
static void waiter_forked(void)
{
	lock_reset(&lock);
}

__attribute__((constructor)) static void waiter_register(void)
{
	(void)pthread_atfork(NULL, NULL, waiter_forked); /* no memory at start: no forks either */
}
