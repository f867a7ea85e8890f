// SPDX-License-Identifier: Apache-2.0
/*
 * Two sets of hashes, of all prefixes and of all their beginnings, by whole components. A path
 * is followed from component to component as long as it is a beginning of something; mostly it
 * is none from the first component on. What the sets take for served is looked up in the list
 * of prefixes itself.
 *
 * The sets are read without a lock. `generation` is 0 while they are being written, and a no
 * counts only if it is still the same afterwards.
 *
 * A program that has no tie to a node yet gets one here, at its first call with a path, if it
 * was started in a node; outside of one no file is anybody's.
 */
#include "io/prefix.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/util.h"
#include "client/node.h"
#include "gen/proto.h"
#include "message/lock.h"
#include "message/space.h"

#define HASH_FIRST       0x811c9dc5u
#define HASH_PRIME       0x01000193u
#define SET_BITS         4096u
#define GENERATION(word) ((uint64_t)(word) | UINT64_C(1) << 32)
/* A space that changes all the time is taken as it was seen. */
#define LIST_TRIES       8

enum walk { WALK_OFF, WALK_INNER, WALK_SERVED };

static struct lock lock = LOCK_INIT;

static struct {
	uint64_t generation; /* 0: nothing here is valid */
	bool has_root;       /* everything is served */
	uint64_t inner[SET_BITS / 64];
	uint64_t whole[SET_BITS / 64];
} sets;

/* With the lock: all prefixes, each with its 0, one after the other. */
static struct {
	char *texts;
	size_t size, room;
} list;

/* The generation for which nothing below the working directory is served, as far as can be seen. */
static uint64_t plain_cwd;
static uint32_t cwd_moves;
static bool is_outside;

static bool set_has(const uint64_t *set, uint32_t hash)
{
	uint32_t bit = (hash ^ hash >> 15) & (SET_BITS - 1);

	return __atomic_load_n(&set[bit / 64], __ATOMIC_RELAXED) >> bit % 64 & 1;
}

static void set_add(uint64_t *set, uint32_t hash)
{
	uint32_t bit = (hash ^ hash >> 15) & (SET_BITS - 1);

	__atomic_store_n(&set[bit / 64], set[bit / 64] | UINT64_C(1) << bit % 64, __ATOMIC_RELAXED);
}

/* A part is complete. @path is where it ends. */
static bool is_dots(const char *part)
{
	return part[0] == '.' && (part[1] == '/' || part[1] == 0 ||
				  (part[1] == '.' && (part[2] == '/' || part[2] == 0)));
}

/* @path is absolute. */
static enum walk walk(const char *path)
{
	uint32_t hash = HASH_FIRST;
	const char *part = path + 1, *at = part;

	for (;; at++) {
		unsigned char c = (unsigned char)*at;

		if (c && c != '/') {
			hash = (hash ^ c) * HASH_PRIME;
			continue;
		}
		if (at != part) {
			if (is_dots(part))
				return WALK_SERVED; /* for who looks at it more closely */
			hash = (hash ^ '/') * HASH_PRIME;
			if (set_has(sets.whole, hash))
				return WALK_SERVED;
			if (!set_has(sets.inner, hash))
				return WALK_OFF;
		}
		if (c == 0)
			return WALK_INNER;
		part = at + 1;
	}
}

/* ---- First letters. With the lock. ---- */

struct prefix_first *prefix_first;

static void letters_add(uint64_t letters[4], const char *at)
{
	unsigned bit = prefix_letters(at);

	letters[bit / 64] |= UINT64_C(1) << bit % 64;
}

static void first_fill(const struct node_page *node, uint32_t generation)
{
	struct prefix_first *f = prefix_first;
	uint64_t letters[4] = {0}, below[4] = {0};
	bool all_below = sets.has_root;

	for (size_t at = 0; at < list.size; at += strlen(list.texts + at) + 1)
		if (list.texts[at]) {
			const char *second = strchr(list.texts + at + 1, '/');

			letters_add(letters, list.texts + at + 1);
			if (second)
				letters_add(below, second + 1);
			else
				all_below = true;
		}
	if (!f) {
		f = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (f == MAP_FAILED)
			return; /* it is only quicker with it */
		/* Where that cannot be had (valgrind), forked() does it. */
		(void)madvise(f, 4096, MADV_WIPEONFORK);
	}
	/* What is there before and after is there in between, too. */
	for (int i = 0; i < 4; i++)
		__atomic_store_n(&f->letters[i], sets.has_root ? ~UINT64_C(0) : letters[i],
				 __ATOMIC_RELAXED);
	for (int i = 0; i < 4; i++)
		__atomic_store_n(&f->below[i], all_below ? ~UINT64_C(0) : below[i],
				 __ATOMIC_RELAXED);
	__atomic_store_n(&f->generation, generation, __ATOMIC_RELEASE);
	__atomic_store_n(&f->node, node, __ATOMIC_RELEASE);
	__atomic_store_n(&prefix_first, f, __ATOMIC_RELEASE);
}

/* ---- Learning the prefixes. With the lock. ---- */

static bool list_add(const char *text, size_t len)
{
	if (list.size + len + 1 > list.room) {
		size_t room = MAX(2 * list.room, align_up(len + 1, 4096));
		char *fresh = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				   -1, 0);

		if (fresh == MAP_FAILED)
			return false;
		if (list.room) {
			memcpy(fresh, list.texts, list.size);
			(void)munmap(list.texts, list.room); /* it is ours: cannot fail */
		}
		list.texts = fresh;
		list.room = room;
	}
	memcpy(list.texts + list.size, text, len);
	list.size += len;
	list.texts[list.size++] = 0;
	return true;
}

/* Names that only requests of one type go to are nobody's files. */
static bool is_for_files(const struct path_row *row)
{
	return !(row->flags & PATH_FLAG_FTYPEONLY);
}

/* One part of the answer: 0, 1 (there is more), -errno; -EAGAIN: begin anew. */
static int list_part(struct wire_msg *m, uint32_t *skip, uint32_t *generation)
{
	struct proto_path_list_in in = {.skip = *skip};
	struct proto_path_list_out out;
	uint8_t body[sizeof(in)];
	struct node_question q = {.request = PROTO_PATH_LIST, .body = body, .repeat = true};
	int rc = proto_put_path_list_in(body, sizeof(body), &in);

	q.len = rc > 0 ? (size_t)rc : 0;
	rc = rc < 0 ? rc : node_ask(&q, m);
	if (rc < 0)
		return rc;
	rc = proto_get_path_list_out(m->body, m->len, &out);
	if (rc == 0 && *skip && out.generation != *generation)
		rc = -EAGAIN;
	for (uint32_t i = 0; rc == 0 && i < out.rows_count; i++) {
		const struct path_row *row = &out.rows[i];

		if ((uint64_t)row->at + row->len > out.texts_len)
			rc = -EPROTO;
		else if (is_for_files(row) &&
			 !list_add((const char *)out.texts + row->at, row->len))
			rc = -ENOMEM;
	}
	*generation = out.generation;
	*skip += out.rows_count;
	wire_msg_fini(m);
	return rc < 0 ? rc : out.more && out.rows_count;
}

static int list_fetch(uint32_t *ret_generation)
{
	struct wire_msg *m = node_msg_new();
	int rc = m ? -EAGAIN : -ENOMEM;

	for (int tries = 0; rc == -EAGAIN && tries < LIST_TRIES; tries++) {
		uint32_t skip = 0;

		list.size = 0;
		do {
			rc = list_part(m, &skip, ret_generation);
		} while (rc == 1);
	}
	node_msg_free(m);
	return rc;
}

static void sets_add(const char *text)
{
	uint32_t hash = HASH_FIRST;

	if (text[0] == 0)
		sets.has_root = true;
	for (const char *at = text; *at;) {
		for (at++; *at && *at != '/'; at++)
			hash = (hash ^ (unsigned char)*at) * HASH_PRIME;
		hash = (hash ^ '/') * HASH_PRIME;
		set_add(*at ? sets.inner : sets.whole, hash);
	}
}

static void sets_fill(uint32_t generation)
{
	memset(sets.inner, 0, sizeof(sets.inner));
	memset(sets.whole, 0, sizeof(sets.whole));
	sets.has_root = false;
	for (size_t at = 0; at < list.size; at += strlen(list.texts + at) + 1)
		sets_add(list.texts + at);
	__atomic_store_n(&sets.generation, GENERATION(generation), __ATOMIC_RELEASE);
}

/* The sets are as the node's names are; false: that cannot be had. */
static bool refresh(const struct node_page *node)
{
	uint64_t now = GENERATION(__atomic_load_n(&node->path_generation, __ATOMIC_ACQUIRE));
	uint32_t generation = 0;
	sigset_t mask;
	int rc = 0;

	lock_take(&lock, &mask);
	if (sets.generation != now) {
		__atomic_store_n(&sets.generation, 0, __ATOMIC_SEQ_CST);
		rc = list_fetch(&generation);
		if (rc == 0) {
			sets_fill(generation);
			first_fill(node, generation);
		}
	}
	lock_give(&lock, &mask);
	return rc == 0;
}

/* The node's page, NULL: nothing is served to this program. */
static const struct node_page *node_now(void)
{
	const struct node_page *node = node_shared();
	int saved = errno;

	if (__builtin_expect(node != NULL, 1))
		return node;
	if (__atomic_load_n(&is_outside, __ATOMIC_RELAXED))
		return NULL;
	/* Once: where there is no node now there is none by itself. */
	if (!node_is_expected() || node_attach() < 0)
		__atomic_store_n(&is_outside, true, __ATOMIC_RELAXED);
	errno = saved;
	return node_shared();
}

bool prefix_any(void)
{
	const struct node_page *node = node_now();

	return node && __atomic_load_n(&node->n_paths, __ATOMIC_RELAXED) != 0;
}

uint64_t prefix_generation(void)
{
	const struct node_page *node = node_now();

	return node ? GENERATION(__atomic_load_n(&node->path_generation, __ATOMIC_ACQUIRE)) : 0;
}

/* ---- Asking ---- */

static bool relative_may(uint64_t generation)
{
	uint32_t moves = __atomic_load_n(&cwd_moves, __ATOMIC_ACQUIRE);
	char cwd[PATH_BYTES];

	if (__atomic_load_n(&plain_cwd, __ATOMIC_ACQUIRE) == generation)
		return false;
	if (!getcwd(cwd, sizeof(cwd)) || walk(cwd) != WALK_OFF)
		return true;
	__atomic_store_n(&plain_cwd, generation, __ATOMIC_RELEASE);
	/* Another thread may have gone elsewhere meanwhile. */
	if (__atomic_load_n(&cwd_moves, __ATOMIC_ACQUIRE) != moves)
		__atomic_store_n(&plain_cwd, 0, __ATOMIC_RELEASE);
	return false;
}

void prefix_moved(void)
{
	__atomic_fetch_add(&cwd_moves, 1, __ATOMIC_ACQ_REL);
	__atomic_store_n(&plain_cwd, 0, __ATOMIC_RELEASE);
}

static bool may(const struct node_page *node, const char *path)
{
	uint64_t generation = GENERATION(__atomic_load_n(&node->path_generation, __ATOMIC_ACQUIRE));
	bool result;
	int saved;

	if (__builtin_expect(__atomic_load_n(&sets.generation, __ATOMIC_ACQUIRE) != generation,
			     0)) {
		saved = errno;
		result = refresh(node);
		errno = saved;
		if (!result)
			return true; /* who asks the manager itself is told why */
	}
	if (sets.has_root)
		return true;
	if (path[0] != '/') {
		saved = errno;
		result = path[0] && relative_may(generation);
		errno = saved;
	} else {
		result = walk(path) == WALK_SERVED;
	}
	return result || __atomic_load_n(&sets.generation, __ATOMIC_ACQUIRE) != generation;
}

bool prefix_may(const char *path)
{
	const struct node_page *node = node_now();

	if (!node || !path)
		return false;
	if (__atomic_load_n(&node->n_paths, __ATOMIC_RELAXED) == 0) {
		/* Learnt once, so that it need not be asked again. */
		if (!prefix_first || prefix_first->node != node)
			(void)may(node, "/");
		return false;
	}
	return may(node, path);
}

/* Is @prefix @plain itself, or a folder above it? */
static bool covers(const char *prefix, size_t len, const char *plain)
{
	return strncmp(prefix, plain, len) == 0 &&
	       (len == 0 || plain[len] == 0 || plain[len] == '/');
}

bool prefix_has(const char *plain)
{
	bool has = false;
	sigset_t mask;

	if (!prefix_may(plain))
		return false;
	lock_take(&lock, &mask);
	if (__atomic_load_n(&sets.generation, __ATOMIC_RELAXED) == 0)
		has = true; /* not known: the manager is */
	for (size_t at = 0, len; !has && at < list.size; at += len + 1) {
		len = strlen(list.texts + at);
		has = covers(list.texts + at, len, plain);
	}
	lock_give(&lock, &mask);
	return has;
}

static void forked(void)
{
	/* Who held it is not here; and whose names are left out is another process. */
	lock_reset(&lock);
	sets.generation = 0;
	is_outside = false;
	if (prefix_first)
		prefix_first->node = NULL;
}

__attribute__((constructor)) static void prefix_register(void)
{
	(void)pthread_atfork(NULL, NULL, forked); /* no memory at start: no forks either */
}
