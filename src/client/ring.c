// SPDX-License-Identifier: Apache-2.0
/*
 * Reading the death ring.
 *
 * A reader copies the entry at the tail and then moves the tail by one compare
 * and swap: who loses the race throws its copy away. The manager does not write
 * where the tail has not passed, so a copy whose swap succeeded is whole. The
 * page is writable for the whole program; positions that make no sense are
 * taken for an empty ring, not for an endless one.
 */
#include "client/ring.h"

#include <string.h>
#include <time.h>

/* The kernel counts these ticks a second in what user programs see, on every machine. */
#define TICKS_PER_SECOND      100
#define MICROSECONDS_PER_TICK (1000000 / TICKS_PER_SECOND)

union sigval ring_kick_value(uint32_t serial)
{
	uint64_t value = (uint64_t)serial << 32 | RING_KICK;

	return (union sigval){.sival_ptr = (void *)(uintptr_t)value};
}

bool ring_is_kick_value(int code, uint64_t value, uint32_t *ret_serial)
{
	if (code != SI_QUEUE || (uint32_t)value != RING_KICK)
		return false;
	*ret_serial = (uint32_t)(value >> 32);
	return true;
}

bool ring_is_kick(const siginfo_t *info, uint32_t *ret_serial)
{
	return ring_is_kick_value(info->si_code, (uintptr_t)info->si_value.sival_ptr, ret_serial);
}

static unsigned ring_count_from(const struct page *page, uint32_t tail)
{
	uint32_t head = __atomic_load_n(&page->head.ring_head, __ATOMIC_ACQUIRE);

	return head - tail <= PAGE_RING ? head - tail : 0;
}

unsigned ring_count(const struct page *page)
{
	return ring_count_from(page, __atomic_load_n(&page->head.ring_tail, __ATOMIC_ACQUIRE));
}

static bool ring_peek(const struct page *page, uint32_t *ret_tail, struct page_death *ret)
{
	uint32_t tail = __atomic_load_n(&page->head.ring_tail, __ATOMIC_ACQUIRE);

	if (ring_count_from(page, tail) == 0)
		return false;
	*ret = page->ring[tail % PAGE_RING];
	*ret_tail = tail;
	return true;
}

/* false: another reader was faster. */
static bool ring_pass(struct page *page, uint32_t tail)
{
	return __atomic_compare_exchange_n(&page->head.ring_tail, &tail, tail + 1, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

uint32_t ring_serial(const struct page *page)
{
	struct page_death death;
	uint32_t tail;

	return ring_peek(page, &tail, &death) ? death.serial : 0;
}

bool ring_next_serial(const struct page *page, uint32_t *ret)
{
	uint32_t head = __atomic_load_n(&page->head.ring_head, __ATOMIC_ACQUIRE);

	if (ring_count(page) == 0)
		return false;
	*ret = page->ring[(head - 1) % PAGE_RING].serial + 1;
	return true;
}

void ring_drop_before(struct page *page, uint32_t serial)
{
	struct page_death death;
	uint32_t tail;

	while (ring_peek(page, &tail, &death) && (int32_t)(death.serial - serial) < 0)
		(void)ring_pass(page, tail); /* lost the race: dropped all the same */
}

void ring_drop(struct page *page)
{
	struct page_death death;
	uint32_t tail;

	for (unsigned n = ring_count(page); n > 0 && ring_peek(page, &tail, &death); n--)
		(void)ring_pass(page, tail); /* as above */
}

bool ring_take(struct page *page, struct page_death *ret)
{
	struct page_death death;
	uint32_t tail;

	while (ring_peek(page, &tail, &death)) {
		if (!ring_pass(page, tail))
			continue;
		*ret = death;
		return true;
	}
	return false;
}

void ring_siginfo(const struct page_death *death, siginfo_t *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->si_signo = SIGCHLD;
	ret->si_code = death->code;
	ret->si_pid = death->pid;
	ret->si_uid = death->uid;
	ret->si_status = death->status;
	ret->si_utime = (clock_t)(death->utime / MICROSECONDS_PER_TICK);
	ret->si_stime = (clock_t)(death->stime / MICROSECONDS_PER_TICK);
}
