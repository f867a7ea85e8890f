// SPDX-License-Identifier: Apache-2.0
/*
 * Which paths some server of the node may serve: a copy of the registered prefixes, as long as
 * the node page says that they are still the same.
 *
 * prefix_may() is what each call with a path asks first, and for plain files all that it asks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * May @path be served? No is certain, but for a path with .. or a symbolic link in it, which
 * is looked at again when the kernel does not find it. Outside any node: no. @path may be
 * NULL. Asks the manager if its names have changed.
 */
bool prefix_may(const char *path);

/* The same for a plain path (space_plain()), letter by letter. */
bool prefix_has(const char *plain);

/* Which names there are: another number, others. 0: not known. */
uint64_t prefix_generation(void);

/* Are there any names at all? */
bool prefix_any(void);

/* The working directory is another one. */
void prefix_moved(void);
