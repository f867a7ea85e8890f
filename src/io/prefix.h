// SPDX-License-Identifier: Apache-2.0
/*
 * Which paths some server of the node may serve: a copy of the registered prefixes, as long as
 * the node page says that they are still the same.
 *
 * prefix_may() is what each call with a path asks first, and for plain files all that it asks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gen/shared.h"

/*
 * May @path be served? No is certain, but for a path with .. or a symbolic link in it, which
 * is looked at again when the kernel does not find it. Outside any node: no. @path may be
 * NULL. Asks the manager if its names have changed.
 */
bool prefix_may(const char *path);

/* The same for a plain path (space_plain()), letter by letter. */
bool prefix_has(const char *plain);

/* What most paths are told from: the first two letters of prefixes. In memory that a fork wipes. */
struct prefix_first {
	const struct node_page *node; /* NULL: nothing here is valid */
	uint32_t generation;
	uint64_t letters[4];
	uint64_t below[4]; /* the same of their second parts; all, if one has none */
};
extern struct prefix_first *prefix_first;

static inline unsigned prefix_letters(const char *at)
{
	return ((unsigned char)at[0] * 8u ^ (unsigned char)at[1]) & 255;
}

static inline bool prefix_letters_are(const uint64_t set[4], const char *at)
{
	unsigned bit = prefix_letters(at);

	return __atomic_load_n(&set[bit / 64], __ATOMIC_RELAXED) >> bit % 64 & 1;
}

/* Yes is certain; no says nothing. */
static inline bool prefix_is_plain(const char *path)
{
	const struct prefix_first *f = __atomic_load_n(&prefix_first, __ATOMIC_ACQUIRE);
	const struct node_page *node = f ? __atomic_load_n(&f->node, __ATOMIC_ACQUIRE) : NULL;

	/* libc says that it is never NULL, the kernel that this is EFAULT. */
	__asm__("" : "+r"(path));
	/* Dots and slashes come before the digits. */
	if (!node || !path || path[0] != '/' || (unsigned char)path[1] <= '/' ||
	    __atomic_load_n(&node->path_generation, __ATOMIC_ACQUIRE) != f->generation)
		return false;
	if (!prefix_letters_are(f->letters, path + 1))
		return true;
	for (path++; *path && *path != '/'; path++)
		;
	return *path && (unsigned char)path[1] > '/' && !prefix_letters_are(f->below, path + 1);
}

/* Are there any names at all? */
bool prefix_any(void);

/* Of the names as they are now, another number after each change; 0: there are none. */
uint64_t prefix_generation(void);

/* The working directory is another one. */
void prefix_moved(void);
