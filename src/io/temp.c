// SPDX-License-Identifier: Apache-2.0
/*
 * mkstemp() and its kin: glibc's, which make the kernel's files, and where a server may have the
 * name, ours by its own open() and mkdir().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "client/export.h"
#include "client/real.h"
#include "io/open.h"
#include "io/prefix.h"

#define TEMP_LETTERS 6
#define TEMP_TRIES   1000

typedef int temp_maker(const char *path, int flags);

/* Where the X of @template are; NULL: it has none. */
static char *temp_place(char *template, int suffix_len)
{
	static const char wanted[TEMP_LETTERS + 1] = "XXXXXX";
	size_t len = strlen(template);
	char *place;

	if (suffix_len < 0 || len < TEMP_LETTERS + (size_t)suffix_len)
		return NULL;
	place = template + len - (size_t)suffix_len - TEMP_LETTERS;
	return memcmp(place, wanted, TEMP_LETTERS) == 0 ? place : NULL;
}

static int temp_fill(char *place)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	unsigned char bytes[TEMP_LETTERS];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -1;
	for (int i = 0; i < TEMP_LETTERS; i++)
		place[i] = letters[bytes[i] % (sizeof(letters) - 1)];
	return 0;
}

static int temp_run(char *template, int suffix_len, int flags, temp_maker *make)
{
	char *place = temp_place(template, suffix_len);

	if (!place) {
		errno = EINVAL;
		return -1;
	}
	for (int i = 0; i < TEMP_TRIES; i++) {
		int made = temp_fill(place) < 0 ? -1 : make(template, flags);

		if (made >= 0 || errno != EEXIST)
			return made;
	}
	return -1;
}

static int make_file(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, (flags & ~O_ACCMODE) | O_RDWR | O_CREAT | O_EXCL,
		       S_IRUSR | S_IWUSR);
}

static int make_folder(const char *path, int flags)
{
	(void)flags;
	return mkdirat(AT_FDCWD, path, S_IRWXU);
}

static int temp_file(char *template, int suffix_len, int flags)
{
	if (prefix_is_plain(template))
		return REAL(__typeof__(mkostemps), mkostemps)(template, suffix_len, flags);
	return temp_run(template, suffix_len, flags, make_file);
}

EXPORT int mkstemp(char *template)
{
	return temp_file(template, 0, 0);
}

EXPORT int mkstemp64(char *template)
{
	return temp_file(template, 0, 0);
}

EXPORT int mkostemp(char *template, int flags)
{
	return temp_file(template, 0, flags);
}

EXPORT int mkostemp64(char *template, int flags)
{
	return temp_file(template, 0, flags);
}

EXPORT int mkstemps(char *template, int suffix_len)
{
	return temp_file(template, suffix_len, 0);
}

EXPORT int mkstemps64(char *template, int suffix_len)
{
	return temp_file(template, suffix_len, 0);
}

EXPORT int mkostemps(char *template, int suffix_len, int flags)
{
	return temp_file(template, suffix_len, flags);
}

EXPORT int mkostemps64(char *template, int suffix_len, int flags)
{
	return temp_file(template, suffix_len, flags);
}

EXPORT char *mkdtemp(char *template)
{
	if (prefix_is_plain(template))
		return REAL(__typeof__(mkdtemp), mkdtemp)(template);
	return temp_run(template, 0, 0, make_folder) < 0 ? NULL : template;
}
