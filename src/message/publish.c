// SPDX-License-Identifier: Apache-2.0
/*
 * A thread claims a line of the page at the first time that it blocks, and keeps it until it
 * ends. A forked child's page is another one: what was claimed in the parent's is forgotten.
 */
#include "message/publish.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/node.h"
#include "message/thread.h"

struct publish {
	struct page_thread *at; /* NULL: none claimed */
	uint32_t generation;    /* of the process whose page that is in */
	uint32_t refused;       /* counter of what was given back, when all were taken */
	bool is_refused;
	bool is_over; /* the thread ends; nobody would give a line back */
};

static THREAD_OWN struct publish publish_mine;
/* Lines given back so far: before it moves there is no use in looking again. */
static uint32_t publish_given;

static struct page_thread *publish_find_free(struct page *page, int32_t tid)
{
	/* Threads begin to look at different places. */
	for (uint32_t i = 0; i < PAGE_THREADS; i++) {
		struct page_thread *at = &page->threads[((uint32_t)tid + i) % PAGE_THREADS];
		int32_t nobody = 0;

		if (__atomic_load_n(&at->tid, __ATOMIC_RELAXED) == 0 &&
		    __atomic_compare_exchange_n(&at->tid, &nobody, tid, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return at;
	}
	return NULL;
}

static struct page_thread *publish_claim(uint32_t generation)
{
	struct publish *mine = &publish_mine;
	uint32_t given = __atomic_load_n(&publish_given, __ATOMIC_RELAXED);
	struct page *page = node_page_mine();

	if (!page || mine->is_over || !generation)
		return NULL;
	if (mine->is_refused && mine->generation == generation && mine->refused == given)
		return NULL;
	mine->at = NULL;
	mine->generation = generation;
	mine->refused = given;
	/* A handler in between claims a second line; both go when the thread does. */
	mine->at = publish_find_free(page, thread_tid());
	mine->is_refused = !mine->at;
	return mine->at;
}

/* NULL: there is none yet. */
static struct page_thread *publish_line(uint32_t generation)
{
	return publish_mine.generation == generation ? publish_mine.at : NULL;
}

static void publish_state(uint32_t state, pid_t pid, int chid)
{
	uint32_t generation = thread_generation();
	struct page_thread *at = publish_line(generation);

	if (!at)
		at = publish_claim(generation);
	if (!at)
		return;
	/* In this order: no reader takes half of this for half of what stood there. */
	__atomic_store_n(&at->state, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&at->seq, at->seq + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&at->pid, pid, __ATOMIC_RELEASE);
	__atomic_store_n(&at->chid, chid, __ATOMIC_RELAXED);
	__atomic_store_n(&at->state, state, __ATOMIC_RELEASE);
}

void publish_send(pid_t pid, int chid)
{
	publish_state(THREAD_STATE_SEND, pid, chid);
}

void publish_receive(int chid)
{
	publish_state(THREAD_STATE_RECEIVE, 0, chid);
}

void publish_running(void)
{
	struct page_thread *at = publish_line(thread_generation());

	if (at)
		__atomic_store_n(&at->state, 0, __ATOMIC_RELEASE);
}

void publish_hold(unsigned index, pid_t pid, pid_t tid)
{
	struct page *page = node_page_mine();

	if (!page || index >= PAGE_HELD)
		return;
	__atomic_store_n(&page->held[index].tid, tid, __ATOMIC_RELAXED);
	__atomic_store_n(&page->held[index].pid, pid, __ATOMIC_RELEASE);
}

void publish_release(unsigned index)
{
	struct page *page = node_page_mine();

	if (page && index < PAGE_HELD)
		__atomic_store_n(&page->held[index].pid, 0, __ATOMIC_RELEASE);
}

static void publish_end(void)
{
	uint32_t generation = thread_generation();
	struct page *page = node_page_mine();
	pid_t tid;

	publish_mine.is_over = true;
	if (!publish_line(generation))
		return;
	publish_mine.at = NULL;
	tid = thread_tid();
	for (uint32_t i = 0; page && i < PAGE_THREADS; i++) {
		struct page_thread *at = &page->threads[i];

		if (__atomic_load_n(&at->tid, __ATOMIC_RELAXED) != tid)
			continue;
		__atomic_store_n(&at->state, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&at->tid, 0, __ATOMIC_RELEASE);
	}
	__atomic_add_fetch(&publish_given, 1, __ATOMIC_RELAXED);
}

__attribute__((constructor)) static void publish_init(void)
{
	thread_on_exit(publish_end);
}
