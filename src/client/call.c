// SPDX-License-Identifier: Apache-2.0
/*
 * Calls with an answer in a cell: the program's half of what page.msg says of
 * enum cell_state.
 *
 * Who waits sleeps on the cell's state word, a second at most. The manager wakes
 * all cells when it is a new one; then, and after each second, an unanswered
 * call is sent again, which is also how it is noticed that nobody is there.
 */
#include "client/call.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "client/nap.h"
#include "client/node.h"

#define CALL_SLICE_MS 1000

struct call {
	struct page_cell *cell;
	unsigned index;
	uint32_t epoch; /* of the last send */
	struct wire_head head;
	const void *body;
};

static uint32_t call_state(const struct call *c)
{
	return __atomic_load_n(&c->cell->state, __ATOMIC_ACQUIRE);
}

static bool call_move(struct call *c, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&c->cell->state, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static int call_send(struct call *c)
{
	c->epoch = node_epoch();
	if (node_is_down())
		return -EHOSTDOWN;
	return node_send(&c->head, c->body, NULL, 0);
}

static int call_begin(struct call *c, uint16_t request, const void *body, size_t len)
{
	struct page *page;
	int rc = node_attach();

	if (rc < 0)
		return rc;
	page = node_page_mine();
	c->index = node_cell_take();
	c->cell = &page->cells[c->index];
	c->body = body;
	c->head = (struct wire_head){
		.request = request,
		.cell = (uint16_t)c->index,
		.seq = __atomic_add_fetch(&page->head.seq, 1, __ATOMIC_RELAXED),
		.size = (uint32_t)len,
	};
	c->cell->error = 0;
	c->cell->request = request;
	/* For a manager that looks before it hears (call_cell_child()). */
	if (len <= sizeof(c->cell->data))
		memcpy(c->cell->data, body, len);
	__atomic_store_n(&c->cell->seq, c->head.seq, __ATOMIC_RELAXED);
	__atomic_store_n(&c->cell->state, CELL_STATE_SENT, __ATOMIC_RELEASE);
	return 0;
}

/* The node is gone, or cannot be reached: what the cell says is nobody's now. */
static int call_abandon(struct call *c, int rc)
{
	__atomic_store_n(&c->cell->state, CELL_STATE_FREE, __ATOMIC_RELEASE);
	node_cell_give(c->index);
	return rc;
}

static int call_end(struct call *c, void *out, size_t out_len)
{
	uint32_t error = c->cell->error;

	if (error == 0 && out)
		memcpy(out, c->cell->data, MIN(out_len, sizeof(c->cell->data)));
	__atomic_store_n(&c->cell->state, CELL_STATE_FREE, __ATOMIC_RELEASE);
	node_cell_give(c->index);
	return -(int)error;
}

/* Sleep as long as the state is @state, a slice at most. */
static int call_sleep(struct call *c, uint32_t state)
{
	const struct timespec slice = {.tv_sec = CALL_SLICE_MS / 1000,
				       .tv_nsec = CALL_SLICE_MS % 1000 * 1000000L};
	long rc = syscall(SYS_futex, &c->cell->state, FUTEX_WAIT, state, &slice);

	return rc < 0 ? -errno : 0;
}

static int call_sleep_intr(struct call *c, uint32_t state)
{
	struct nap_word word = {.word = &c->cell->state, .value = state, .shared = true};

	return nap(&word, 1, CALL_SLICE_MS);
}

/* After a sleep without an answer: 0, or the call is at its end. */
static int call_again(struct call *c, int slept)
{
	int rc = 0;

	if (slept == -ETIMEDOUT || c->epoch != node_epoch() || node_is_down())
		rc = call_send(c);
	/* Short of memory for the moment: the next slice tries again. */
	return rc == -ENOBUFS || rc == -ENOMEM || rc == -EAGAIN ? 0 : rc;
}

/* 1: answered, to be ended. Else it is over. */
static int call_await(struct call *c)
{
	for (;;) {
		uint32_t state = call_state(c);
		int slept, rc;

		if (state == CELL_STATE_DONE)
			return 1;
		slept = call_sleep(c, state);
		if (call_state(c) == CELL_STATE_DONE)
			return 1;
		rc = call_again(c, slept);
		if (rc < 0)
			return call_abandon(c, rc);
	}
}

int call_cell(uint16_t request, const void *body, size_t len, void *out, size_t out_len)
{
	struct call c;
	int saved = errno;
	int rc = call_begin(&c, request, body, len);

	if (rc < 0)
		return rc;
	rc = call_send(&c);
	rc = rc < 0 ? call_abandon(&c, rc) : call_await(&c);
	if (rc == 1)
		rc = call_end(&c, out, out_len);
	errno = saved;
	return rc;
}

/*
 * Give the call up: -EINTR. Or the manager has it in its hands, for an instant;
 * when it has answered that counts: 1.
 */
static int call_withdraw(struct call *c)
{
	for (;;) {
		uint32_t state = call_state(c);

		if (state == CELL_STATE_DONE)
			return 1;
		if (call_move(c, CELL_STATE_SENT, CELL_STATE_FREE)) {
			node_cell_give(c->index);
			return -EINTR;
		}
		if (node_is_down() ||
		    (call_sleep(c, CELL_STATE_TAKEN) == -ETIMEDOUT && call_send(c) < 0))
			return call_abandon(c, -EHOSTDOWN);
	}
}

static void call_cancelled(void *call)
{
	struct call *c = call;

	if (call_withdraw(c) == 1)
		(void)call_end(c, NULL, 0);
}

static int call_await_intr(struct call *c)
{
	for (;;) {
		uint32_t state = call_state(c);
		int slept, rc;

		if (state == CELL_STATE_DONE)
			return 1;
		slept = call_sleep_intr(c, state);
		if (slept == -EINTR)
			return call_withdraw(c);
		if (call_state(c) == CELL_STATE_DONE)
			return 1;
		rc = call_again(c, slept);
		if (rc < 0)
			return call_abandon(c, rc);
	}
}

/*
 * Will the manager look at this call without being told? It does so at the next
 * death while we are watched, and a child whose slot it has not taken cannot
 * have been found dead before. It takes the slot first and looks at the cells
 * then; the cell was SENT before we look at the slot: one of us sees the other.
 */
static bool call_is_seen(struct call *c, pid_t child)
{
	struct page *page = node_page_mine();

	/* In the one order of all such accesses; a fence is not known to TSan. */
	(void)__atomic_fetch_or(&c->cell->state, 0, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&page->head.watched, __ATOMIC_SEQ_CST))
		return false;
	for (unsigned i = 0; i < PAGE_SLOTS; i++)
		if (__atomic_load_n(&page->slots[i].pid, __ATOMIC_SEQ_CST) == child)
			return __atomic_load_n(&page->slots[i].state, __ATOMIC_SEQ_CST) ==
			       SLOT_STATE_BORN;
	return false;
}

int call_cell_intr(uint16_t request, const void *body, size_t len, void *out, size_t out_len)
{
	return call_cell_child(request, body, len, out, out_len, 0);
}

int call_cell_child(uint16_t request, const void *body, size_t len, void *out, size_t out_len,
		    pid_t child)
{
	struct call c;
	int saved = errno;
	int rc = call_begin(&c, request, body, len);

	if (rc < 0)
		return rc;
	c.epoch = node_epoch();
	rc = child > 0 && call_is_seen(&c, child) ? 0 : call_send(&c);
	if (rc < 0) {
		errno = saved;
		return call_abandon(&c, rc);
	}
	pthread_cleanup_push(call_cancelled, &c);
	rc = call_await_intr(&c);
	pthread_cleanup_pop(0);
	if (rc == 1)
		rc = call_end(&c, out, out_len);
	errno = saved;
	return rc;
}

int call_none(uint16_t request, const void *body, size_t len)
{
	struct wire_head head = {.request = request, .cell = WIRE_NO_CELL, .size = (uint32_t)len};
	int saved = errno;
	int rc = node_attach();

	if (rc == 0)
		rc = node_send(&head, body, NULL, 0);
	errno = saved;
	return rc;
}
