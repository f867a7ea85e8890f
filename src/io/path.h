// SPDX-License-Identifier: Apache-2.0
/* The way of a call with a path: whose is it, the kernel's or a server's? */
#pragma once

#include <stdbool.h>

#include "io/served.h"

/* What the call is for the kernel: -1 and errno; and for servers: -errno, FILE_ELSEWHERE. */
typedef long path_plain_fn(int dir_fd, const char *path, const void *arg);
typedef long path_served_fn(struct served *s, const void *arg);

struct path_way {
	path_plain_fn *plain;
	path_served_fn *served;
	bool follows; /* a symbolic link at the end */
	bool changes; /* names: what servers have is not changed beneath them */
	const void *arg;
};

/* As libc's calls: -1 and errno, or what the call returns. A hidden @dir_fd is none (EBADF). */
long path_run(int dir_fd, const char *path, const struct path_way *way);
