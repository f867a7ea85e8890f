// SPDX-License-Identifier: Apache-2.0
/*
 * Sets of hashes: of all prefixes, of all their beginnings by whole components, and of the
 * letters with which components begin. A path is followed from component to component as long
 * as it is a beginning of something; mostly it is none from its first letters on. What the sets
 * take for served is looked up in the list of prefixes itself.
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
#define MARKS_BITS       12
#define GENERATION(word) ((uint64_t)(word) | UINT64_C(1) << 32)
/* A space that changes all the time is taken as it was seen. */
#define LIST_TRIES       8

enum mark {
	MARK_START = 1, /* so a component of a prefix begins, below its folder */
	MARK_INNER = 2, /* so far a prefix goes, and on */
	MARK_WHOLE = 4, /* this is one */
};

enum walk { WALK_OFF, WALK_INNER, WALK_SERVED };

static struct lock lock = LOCK_INIT;

static struct {
	uint64_t generation;            /* 0: nothing here is valid */
	bool has_root;                  /* everything is served */
	uint8_t marks[1 << MARKS_BITS]; /* by hash */
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

static inline unsigned marks_of(uint32_t hash)
{
	return __atomic_load_n(&sets.marks[hash >> (32 - MARKS_BITS)], __ATOMIC_RELAXED);
}

static void mark(uint32_t hash, enum mark what)
{
	uint8_t *at = &sets.marks[hash >> (32 - MARKS_BITS)];

	__atomic_store_n(at, (uint8_t)(*at | what), __ATOMIC_RELAXED);
}

/* A component that begins with these, below what @hash is of. */
static inline uint32_t start_of(uint32_t hash, char first, char second)
{
	return (hash ^ (uint32_t)(unsigned char)first << 8 ^ (unsigned char)second) * HASH_PRIME;
}

/* @path is absolute. */
static inline enum walk walk(const char *path)
{
	uint32_t hash = HASH_FIRST;
	const char *at = path;

	for (;;) {
		unsigned char c;
		unsigned marks;

		do
			c = (unsigned char)*++at;
		while (__builtin_expect(c == '/', false));
		if (__builtin_expect(c == 0, false))
			return WALK_INNER;
		if (__builtin_expect(c == '.', false) &&
		    (at[1] == '.' || at[1] == '/' || at[1] == 0))
			return WALK_SERVED; /* for who looks at it more closely */
		/* Mostly it is none of theirs from its first letters on. */
		if (!(marks_of(start_of(hash, *at, at[1])) & MARK_START))
			return WALK_OFF;
		do {
			hash = (hash ^ c) * HASH_PRIME;
			c = (unsigned char)*++at;
		} while (c > '/' || (c && c != '/'));
		hash = (hash ^ '/') * HASH_PRIME;
		marks = marks_of(hash);
		if (marks & MARK_WHOLE)
			return WALK_SERVED;
		if (!(marks & MARK_INNER))
			return WALK_OFF;
		if (!c)
			return WALK_INNER;
	}
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
		at++;
		mark(start_of(hash, at[0], at[1]), MARK_START);
		/* In a path that goes on, or does not. */
		if (!at[1] || at[1] == '/')
			mark(start_of(hash, at[0], at[1] ? 0 : '/'), MARK_START);
		for (; *at && *at != '/'; at++)
			hash = (hash ^ (unsigned char)*at) * HASH_PRIME;
		hash = (hash ^ '/') * HASH_PRIME;
		mark(hash, *at ? MARK_INNER : MARK_WHOLE);
	}
}

static void sets_fill(uint32_t generation)
{
	memset(sets.marks, 0, sizeof(sets.marks));
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
		if (rc == 0)
			sets_fill(generation);
	}
	lock_give(&lock, &mask);
	return rc == 0;
}

__attribute__((noinline)) static const struct node_page *node_first(void)
{
	int saved = errno;

	if (__atomic_load_n(&is_outside, __ATOMIC_RELAXED))
		return NULL;
	/* Once: where there is no node now there is none by itself. */
	if (!node_is_expected() || node_attach() < 0)
		__atomic_store_n(&is_outside, true, __ATOMIC_RELAXED);
	errno = saved;
	return node_shared();
}

/* The node's page, NULL: nothing is served to this program. */
static inline const struct node_page *node_now(void)
{
	const struct node_page *node = node_shared();

	return __builtin_expect(node != NULL, 1) ? node : node_first();
}

uint64_t prefix_generation(void)
{
	const struct node_page *node = node_now();

	return node ? GENERATION(__atomic_load_n(&node->path_generation, __ATOMIC_ACQUIRE)) : 0;
}

bool prefix_any(void)
{
	const struct node_page *node = node_now();

	return node && __atomic_load_n(&node->n_paths, __ATOMIC_RELAXED) != 0;
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

/* The rarer cases. */
__attribute__((noinline)) static bool may(const struct node_page *node, const char *path,
					  uint64_t generation)
{
	bool result = true;
	int saved = errno;

	if (__atomic_load_n(&sets.generation, __ATOMIC_ACQUIRE) != generation)
		result = refresh(node);
	/* Not known, or all: who asks the manager itself is told why. */
	if (!result || sets.has_root)
		result = true;
	else if (path[0] != '/')
		result = path[0] && relative_may(generation);
	else
		result = walk(path) == WALK_SERVED;
	if (__atomic_load_n(&sets.generation, __ATOMIC_ACQUIRE) != generation)
		result = true;
	errno = saved;
	return result;
}

bool prefix_may(const char *path)
{
	const struct node_page *node = node_now();
	uint64_t generation;

	if (!node || !path || __atomic_load_n(&node->n_paths, __ATOMIC_RELAXED) == 0)
		return false;
	generation = GENERATION(__atomic_load_n(&node->path_generation, __ATOMIC_ACQUIRE));
	if (__builtin_expect(path[0] == '/' && !sets.has_root &&
				     __atomic_load_n(&sets.generation, __ATOMIC_ACQUIRE) ==
					     generation,
			     true)) {
		enum walk to = walk(path);

		/* A no counts if they are still the same. */
		if (__atomic_load_n(&sets.generation, __ATOMIC_ACQUIRE) == generation)
			return to == WALK_SERVED;
	}
	return may(node, path, generation);
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
}

__attribute__((constructor)) static void prefix_register(void)
{
	(void)pthread_atfork(NULL, NULL, forked); /* no memory at start: no forks either */
}
