// SPDX-License-Identifier: Apache-2.0
/*
 * Cells: how an answer reaches a program. The state word of a cell is the only
 * word that both sides change, always by compare-and-swap; page.msg has the
 * table of who may move it from where.
 */
#include <linux/futex.h>
#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "procmgr/state.h"

static _Atomic uint32_t *atomic(uint32_t *word)
{
	return (_Atomic uint32_t *)word;
}

void answer_wake(const uint32_t *word)
{
	(void)syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL,
		      0); /* nobody there is fine */
}

static bool move(struct page_cell *c, uint32_t from, uint32_t to)
{
	return atomic_compare_exchange_strong(atomic(&c->state), &from, to);
}

bool answer_claim(struct page *page, uint32_t cell, uint32_t seq)
{
	struct page_cell *c;

	if (!page || cell >= PAGE_CELLS)
		return false;
	c = &page->cells[cell];
	return atomic_load(atomic(&c->seq)) == seq && move(c, CELL_STATE_SENT, CELL_STATE_TAKEN);
}

void answer_release(struct page *page, uint32_t cell, uint32_t seq)
{
	struct page_cell *c;

	if (!page || cell >= PAGE_CELLS)
		return;
	c = &page->cells[cell];
	if (atomic_load(atomic(&c->seq)) == seq && move(c, CELL_STATE_TAKEN, CELL_STATE_SENT))
		/* A thread that wants to withdraw sleeps until it may. */
		answer_wake(&c->state);
}

void answer_cell(struct page *page, uint32_t cell, uint32_t seq, uint32_t error, const void *data,
		 size_t len)
{
	struct page_cell *c;

	if (!page || cell >= PAGE_CELLS || len > sizeof(c->data))
		return;
	c = &page->cells[cell];
	/* Repeated after a restart: the program may have gone on already. */
	if (atomic_load(atomic(&c->seq)) != seq ||
	    atomic_load(atomic(&c->state)) != CELL_STATE_TAKEN)
		return;
	if (len)
		memcpy(c->data, data, len);
	c->error = error;
	if (move(c, CELL_STATE_TAKEN, CELL_STATE_DONE))
		answer_wake(&c->state);
}

void answer_recover(struct manager *m, struct page *page)
{
	(void)m;
	for (uint32_t i = 0; i < PAGE_CELLS; i++) {
		(void)move(&page->cells[i], CELL_STATE_TAKEN, CELL_STATE_SENT); /* or none was */
		answer_wake(&page->cells[i].state);
	}
	atomic_fetch_add(atomic(&page->head.news), 1);
	answer_wake(&page->head.news);
}
