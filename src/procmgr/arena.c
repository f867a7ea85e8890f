// SPDX-License-Identifier: Apache-2.0
/*
 * The programs' pages: one memfd for each user, mapped once for as many pages as
 * the table has entries; the file grows as pages are needed. A program maps its
 * own page of it. The anchor holds the files, so that pages outlive a manager;
 * which pages are used stands in the table.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/linux/memory.h"
#include "procmgr/state.h"

static int map(struct manager *m, struct arena *a, int fd, uint32_t uid)
{
	size_t size = (size_t)m->capacity * PAGE_BYTES;
	struct stat st;

	a->used = calloc((m->capacity + 63) / 64, sizeof(*a->used));
	a->rests_until = calloc(m->capacity, sizeof(*a->rests_until));
	if (!a->used || !a->rests_until)
		return -ENOMEM;
	a->pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (a->pages == MAP_FAILED || fstat(fd, &st) < 0)
		return -errno;
	a->uid = uid;
	a->fd = fd;
	a->n_pages = (uint32_t)(st.st_size / PAGE_BYTES);
	if (a->n_pages > m->capacity)
		a->n_pages = m->capacity;
	return 0;
}

static void mark(struct arena *a, uint32_t index, bool used)
{
	uint64_t bit = 1ULL << (index % 64);

	if (used)
		a->used[index / 64] |= bit;
	else
		a->used[index / 64] &= ~bit;
}

int arena_init(struct manager *m)
{
	for (unsigned i = 0; i < m->env->n_arenas; i++) {
		int r = map(m, &m->arenas[i], m->env->arena_fds[i], m->env->arena_uids[i]);

		if (r < 0)
			return r;
		m->n_arenas++;
	}
	for (uint32_t i = 1; i <= m->core.head->procs_touched; i++) {
		const struct pt_proc *p = core_used(&m->core, i);

		if (p && p->page && p->arena < m->n_arenas) {
			mark(&m->arenas[p->arena], p->page - 1, true);
			m->clients++;
		}
	}
	return 0;
}

struct page *arena_page(struct manager *m, uint32_t arena, uint32_t page)
{
	if (!page || arena >= m->n_arenas || page > m->arenas[arena].n_pages)
		return NULL;
	return &m->arenas[arena].pages[page - 1];
}

struct page *arena_page_of(struct manager *m, const struct pt_proc *p)
{
	return arena_page(m, p->arena, p->page);
}

/* The anchor keeps the file for the next manager. */
static int make(struct manager *m, uint32_t uid)
{
	struct agent_record r = {.op = AGENT_OP_ARENA, .arg = (int32_t)uid};
	auto_fd fd = -1;
	int e;

	if (m->n_arenas == MANAGER_ARENAS)
		return -EMFILE;
	fd = memory_arena();
	if (fd < 0)
		return fd;
	e = memory_send(m->env->anchor_fd, &r, sizeof(r), fd);
	if (e < 0)
		return e;
	e = map(m, &m->arenas[m->n_arenas], fd, uid);
	if (e < 0)
		return e;
	(void)fd_take(&fd);
	return (int)m->n_arenas++;
}

static int find(struct manager *m, uint32_t uid)
{
	for (unsigned i = 0; i < m->n_arenas; i++)
		if (m->arenas[i].uid == uid)
			return (int)i;
	return make(m, uid);
}

void arena_give(struct manager *m, uint32_t arena, uint32_t page)
{
	if (!arena_page(m, arena, page))
		return;
	mark(&m->arenas[arena], page - 1, false);
	m->clients--;
}

/*
 * A child that its dead owner was just launching still works in the owner's
 * memory and may write into its slot; only some seconds later, no more.
 */
#define REST_S 10

static uint32_t seconds(const struct manager *m)
{
	return (uint32_t)(m->now_ms / 1000);
}

void arena_give_later(struct manager *m, uint32_t arena, uint32_t page)
{
	if (!arena_page(m, arena, page))
		return;
	m->arenas[arena].rests_until[page - 1] = seconds(m) + REST_S;
	arena_give(m, arena, page);
}

static int64_t first_free(const struct arena *a, uint32_t capacity, uint32_t now)
{
	for (uint32_t w = 0; w < (capacity + 63) / 64; w++)
		for (uint64_t left = ~a->used[w]; left; left &= left - 1) {
			uint32_t index = w * 64 + (uint32_t)__builtin_ctzll(left);

			if (index >= capacity)
				return -1;
			if (a->rests_until[index] <= now)
				return index;
		}
	return -1;
}

/* A program may have made it longer already, to no avail; shorter it cannot. */
static int grow(int fd, off_t size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_size < size && ftruncate(fd, size) < 0 ? -errno : 0;
}

int arena_take(struct manager *m, uint32_t uid, uint32_t *ret_arena, uint32_t *ret_page)
{
	int arena = find(m, uid);
	struct arena *a;
	int64_t index;
	int r;

	if (arena < 0)
		return arena;
	a = &m->arenas[arena];
	index = first_free(a, m->capacity, seconds(m));
	if (index < 0)
		return -EAGAIN;
	if (index >= a->n_pages) {
		/* By 16 pages: each growth is a system call. */
		uint32_t n = (uint32_t)index + 16;

		n = n < m->capacity ? n : m->capacity;
		r = grow(a->fd, (off_t)n * PAGE_BYTES);
		if (r < 0)
			return r;
		a->n_pages = n;
	}
	memset(&a->pages[index], 0, sizeof(a->pages[index]));
	mark(a, (uint32_t)index, true);
	m->clients++;
	*ret_arena = (uint32_t)arena;
	*ret_page = (uint32_t)index + 1;
	return 0;
}
