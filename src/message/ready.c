// SPDX-License-Identifier: Apache-2.0
#include "message/ready.h"

#include <pthread.h>
#include <sys/mman.h>

#include "base/util.h"
#include "client/guard.h"
#include "client/node.h"
#include "message/channel.h"
#include "message/connection.h"
#include "message/idle.h"
#include "message/deliver_event.h"
#include "message/fault.h"
#include "message/lane.h"
#include "message/lock.h"

#define CHUNK_BYTES 65536u

uint32_t ready_generation;
static bool is_used; /* by this process or by those that it is a copy of */

static struct lock lock = LOCK_INIT;
static char *chunk;
static size_t chunk_left;

static void ready_forked(void)
{
	lock_reset(&lock);
	/* Another thread may have been in the middle of taking from it. */
	chunk_left = 0;
	guard_close_all_but(node_owns_guard);
	connection_forked();
	idle_forked();
	lane_forked();
	channel_forked();
	deliver_event_forked();
	__atomic_store_n(&ready_generation, 0, __ATOMIC_RELEASE);
}

/* At once, and not at the child's first call: it may never make one. */
static void ready_in_child(void)
{
	connection_born();
	/* In a child that has not needed us yet, too: its descriptors are its own. */
	if (is_used) {
		ready_forked();
		connection_introduce();
	}
}

static void ready_before_fork(void)
{
	connection_birth();
}

__attribute__((constructor)) static void ready_register(void)
{
	(void)pthread_atfork(ready_before_fork, NULL,
			     ready_in_child); /* no memory at start: found later */
}

int ready(void)
{
	uint32_t generation = thread_generation();
	sigset_t mask;
	int rc;

	if (__builtin_expect(generation && ready_generation == generation, 1))
		return 0;
	rc = node_attach();
	if (rc < 0)
		return rc;
	/* A child that was forked behind our back. */
	if (ready_generation && ready_generation != generation)
		ready_forked();
	lock_take(&lock, &mask);
	fault_install();
	is_used = true;
	__atomic_store_n(&ready_generation, generation, __ATOMIC_RELEASE);
	lock_give(&lock, &mask);
	return 0;
}

void *ready_alloc(size_t size)
{
	void *found = NULL;
	sigset_t mask;

	size = align_up(size, 64);
	lock_take(&lock, &mask);
	if (size > chunk_left) {
		void *fresh = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		chunk = fresh == MAP_FAILED ? NULL : fresh;
		chunk_left = chunk ? CHUNK_BYTES : 0;
	}
	if (size <= chunk_left) {
		found = chunk;
		chunk += size;
		chunk_left -= size;
	}
	lock_give(&lock, &mask);
	return found;
}
