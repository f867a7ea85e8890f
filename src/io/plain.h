// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's own calls, for what nobody serves. As libc's: -1 and errno. The library's own
 * code, too, means these whatever name it calls (plain.c).
 */
#pragma once

#include <poll.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

int plain_openat(int dir_fd, const char *path, int flags, mode_t mode);
ssize_t plain_readlink(const char *path, char *buf, size_t len);
/* 0 or -1. */
int plain_getcwd(char *buf, size_t len);
int plain_fstatat(int dir_fd, const char *path, struct stat *st, int flags);
int plain_fstat(int fd, struct stat *st);

/* Some system call with its arguments; _blocking: a cancellation point. */
long plain_call(long number, long a, long b, long c, long d, long e);
long plain_call_blocking(long number, long a, long b, long c, long d, long e, long f);
#define PLAIN(name, a, b, c, d, e) \
	plain_call(SYS_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))
