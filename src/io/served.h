// SPDX-License-Identifier: Apache-2.0
/*
 * Who serves a path. A path goes through three looks:
 *
 *	served_may()    cheap: can it be served at all? Mostly that is the end of it.
 *	served_find()   by its text: who is to be asked, and for which path
 *	served_again()  when the kernel has no such file: does a symbolic link or a .. on the way
 *	                lead to a served name?
 *
 * differs: what is plain by its text and exists is the kernel's, even if links lead below a
 * served name that exists as a plain file, too.
 */
#pragma once

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "client/io.h"
#include "gen/proto.h"
#include "io/prefix.h"

#define SERVED_MAX   16
#define SERVED_LINKS 32 /* symbolic links in one path */

struct served {
	char path[PATH_BYTES]; /* plain */
	uint8_t eflag;         /* _IO_CONNECT_EFLAG_*: how it ended */
	bool is_opaque;        /* nobody else is to be asked, the kernel neither */
	bool is_in_file;       /* below something that is no folder */
	unsigned links;        /* followed so far */
	uint32_t n;
	struct path_server servers[SERVED_MAX];
};

static inline bool served_may(int dir_fd, const char *path)
{
	if (__builtin_expect(dir_fd != AT_FDCWD && path && path[0] != '/', false))
		return io_is_flagged(dir_fd);
	return !prefix_is_plain(path) && prefix_may(path);
}

/* 1: the servers in @ret are to be asked, in order; 0: it is the kernel's; -errno. */
int served_find(int dir_fd, const char *path, struct served *ret);
/* The same for an absolute path, keeping ret->links. */
int served_find_next(const char *path, struct served *ret);
/* After ENOENT. With @follows the last part's link is followed, too. */
int served_again(int dir_fd, const char *path, bool follows, struct served *ret);

/* What the whole of @path is, as far as text tells: of an open folder its own path and @path
 * behind it. -errno. */
int served_absolute(int dir_fd, const char *path, char ret[PATH_BYTES]);
