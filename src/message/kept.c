// SPDX-License-Identifier: Apache-2.0
/*
 * The table grows by pieces that never move, each twice as large as the one before. A
 * place is claimed, filled and freed by one word, its handle; readers copy what lies there
 * and then look whether the handle is still the same. The words are written and read in
 * order, so that a copy with the right handle before and after is whole. No lock: what a
 * fork or a handler interrupts holds up nobody.
 *
 * A handle is the place and how often that place was used. In a forked child all places
 * of the parent are free.
 */
#include "message/kept.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "message/deliver.h"
#include "message/thread.h"

#define KEPT_FREE   0u
#define KEPT_BUSY   1u /* somebody is filling it */
#define KEPT_FIRST  64u
#define KEPT_PIECES 10u /* 64 * (2^10 - 1) places: an index has 16 bits */
#define KEPT_WORDS  (sizeof(struct kept) / sizeof(uint64_t))

_Static_assert(sizeof(struct kept) % sizeof(uint64_t) == 0, "copied by words");

struct kept_place {
	uint32_t handle; /* KEPT_FREE, KEPT_BUSY, or whose it is */
	uint32_t owner;  /* thread_generation() */
	uint32_t uses;
	uint32_t kind;
	int64_t key;
	uint64_t words[KEPT_WORDS];
};

static struct kept_place *kept_pieces[KEPT_PIECES];
static uint32_t kept_hint; /* where a free place may be */

static uint32_t kept_piece_size(unsigned piece)
{
	return KEPT_FIRST << piece;
}

static struct kept_place *kept_piece(unsigned piece)
{
	return __atomic_load_n(&kept_pieces[piece], __ATOMIC_ACQUIRE);
}

/* The places of index @at and behind, as far as their piece goes; NULL: there are no more. */
static struct kept_place *kept_at(uint32_t at)
{
	unsigned piece = 31u - (unsigned)__builtin_clz(at / KEPT_FIRST + 1);
	struct kept_place *places = piece < KEPT_PIECES ? kept_piece(piece) : NULL;

	return places ? &places[at - KEPT_FIRST * ((1u << piece) - 1)] : NULL;
}

static int kept_grow(void)
{
	struct kept_place *expected = NULL, *places;
	unsigned piece = 0;
	size_t size;

	while (piece < KEPT_PIECES && kept_piece(piece))
		piece++;
	if (piece == KEPT_PIECES)
		return -EAGAIN;
	size = kept_piece_size(piece) * sizeof(*places);
	places = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (places == MAP_FAILED)
		return -ENOMEM;
	if (!__atomic_compare_exchange_n(&kept_pieces[piece], &expected, places, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		(void)munmap(places, size); /* another was quicker; it is ours: cannot fail */
	return 0;
}

static bool kept_claim(struct kept_place *p, uint32_t owner)
{
	uint32_t handle = __atomic_load_n(&p->handle, __ATOMIC_ACQUIRE);

	if (handle != KEPT_FREE && __atomic_load_n(&p->owner, __ATOMIC_RELAXED) == owner)
		return false;
	if (!__atomic_compare_exchange_n(&p->handle, &handle, KEPT_BUSY, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return false;
	__atomic_store_n(&p->owner, owner, __ATOMIC_RELAXED);
	return true;
}

static struct kept_place *kept_claim_any(uint32_t owner, uint32_t *ret_at)
{
	uint32_t from = __atomic_load_n(&kept_hint, __ATOMIC_RELAXED);
	struct kept_place *p;

	for (int round = 0; round < 2; round++, from = 0)
		for (uint32_t at = from; (p = kept_at(at)) != NULL; at++)
			if (kept_claim(p, owner)) {
				__atomic_store_n(&kept_hint, at + 1, __ATOMIC_RELAXED);
				*ret_at = at;
				return p;
			}
	return NULL;
}

static void kept_write(struct kept_place *p, const struct kept *kept)
{
	uint64_t words[KEPT_WORDS];

	memcpy(words, kept, sizeof(words));
	for (unsigned i = 0; i < KEPT_WORDS; i++)
		__atomic_store_n(&p->words[i], words[i], __ATOMIC_RELEASE);
}

static void kept_read(const struct kept_place *p, struct kept *ret)
{
	uint64_t words[KEPT_WORDS];

	for (unsigned i = 0; i < KEPT_WORDS; i++)
		words[i] = __atomic_load_n(&p->words[i], __ATOMIC_ACQUIRE);
	memcpy(ret, words, sizeof(words));
}

/* Neither 0 nor 0xffff, so that no handle is one of the two that mean none. */
static uint32_t kept_handle(struct kept_place *p, uint32_t at)
{
	p->uses = p->uses % 0xfffe + 1;
	return p->uses << 16 | at;
}

int kept_add(enum kept_kind kind, int64_t key, const struct kept *kept, uint32_t *ret_handle)
{
	uint32_t owner = thread_generation(), at;
	struct kept_place *p;
	int rc;

	if (!owner)
		return -ENOMEM;
	while (!(p = kept_claim_any(owner, &at))) {
		rc = kept_grow();
		if (rc < 0)
			return rc;
	}
	kept_write(p, kept);
	__atomic_store_n(&p->kind, kind, __ATOMIC_RELEASE);
	__atomic_store_n(&p->key, key, __ATOMIC_RELEASE);
	*ret_handle = kept_handle(p, at);
	__atomic_store_n(&p->handle, *ret_handle, __ATOMIC_RELEASE);
	return 0;
}

static bool kept_is(const struct kept_place *p, enum kept_kind kind, uint32_t handle)
{
	return __atomic_load_n(&p->handle, __ATOMIC_ACQUIRE) == handle &&
	       __atomic_load_n(&p->kind, __ATOMIC_RELAXED) == kind &&
	       __atomic_load_n(&p->owner, __ATOMIC_RELAXED) == thread_generation();
}

static struct kept_place *kept_place(enum kept_kind kind, uint32_t handle)
{
	struct kept_place *p = handle > KEPT_BUSY ? kept_at(handle & 0xffff) : NULL;

	return p && kept_is(p, kind, handle) ? p : NULL;
}

void kept_set_key(uint32_t handle, int64_t key)
{
	struct kept_place *p = kept_at(handle & 0xffff);

	if (p && __atomic_load_n(&p->handle, __ATOMIC_ACQUIRE) == handle)
		__atomic_store_n(&p->key, key, __ATOMIC_RELEASE);
}

bool kept_get(enum kept_kind kind, uint32_t handle, struct kept *ret, int64_t *ret_key)
{
	const struct kept_place *p = kept_place(kind, handle);
	int64_t key;

	if (!p)
		return false;
	kept_read(p, ret);
	key = __atomic_load_n(&p->key, __ATOMIC_ACQUIRE);
	if (!kept_is(p, kind, handle))
		return false;
	if (SIGEV_GET_TYPE(&ret->event) == SIGEV_THREAD)
		ret->event._sigev_un._sigev_thread._attribute = &ret->attributes;
	if (ret_key)
		*ret_key = key;
	return true;
}

uint32_t kept_find(enum kept_kind kind, int64_t key)
{
	const struct kept_place *p;

	for (uint32_t at = 0; (p = kept_at(at)) != NULL; at++) {
		uint32_t handle = __atomic_load_n(&p->handle, __ATOMIC_ACQUIRE);

		if (handle > KEPT_BUSY && __atomic_load_n(&p->key, __ATOMIC_ACQUIRE) == key &&
		    kept_is(p, kind, handle))
			return handle;
	}
	return 0;
}

bool kept_remove(enum kept_kind kind, uint32_t handle)
{
	struct kept_place *p = kept_place(kind, handle);

	if (!p || !__atomic_compare_exchange_n(&p->handle, &handle, KEPT_FREE, false,
					       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return false;
	__atomic_store_n(&kept_hint, handle & 0xffff, __ATOMIC_RELAXED);
	return true;
}

void kept_init(struct kept *ret, const struct sigevent *event)
{
	memset(ret, 0, sizeof(*ret));
	ret->event = *event;
	ret->tid = thread_tid();
	if (SIGEV_GET_TYPE(event) == SIGEV_THREAD)
		deliver_attributes(event->_sigev_un._sigev_thread._attribute, &ret->attributes);
}
