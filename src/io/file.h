// SPDX-License-Identifier: Apache-2.0
/*
 * Messages to who serves a path or an open file. All answer a number that is not negative, or
 * -errno; what a server says is believed only as far as it cannot harm: a count of bytes that
 * it was not asked for is -EIO.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "client/io.h"
#include "gen/proto.h"

struct served;

#define FILE_TYPE_ANY  0
/* The path led to a file of the kernel's: struct served.path. No errno. */
#define FILE_ELSEWHERE (-5000)

/* In ioflag: no reading or writing is meant. */
#define FILE_NO_ACCESS O_ACCMODE

/* A message with a path. */
struct file_wish {
	uint16_t subtype; /* _IO_CONNECT_* */
	uint32_t ioflag;  /* open()'s flags: the message has file_ioflag() of them */
	mode_t mode;      /* with the type; the umask is applied */
	uint16_t sflag;
	uint16_t access;
	uint8_t extra_type;
	const void *extra;
	size_t extra_len;
	const void *part; /* a combined message behind it */
	size_t part_len;
	void *reply; /* what the answer is to be copied to, all of it or nothing */
	size_t reply_len;
	bool keeps; /* an open: the result is the descriptor */
};

/* Ask the servers one after the other, follow their links. FILE_ELSEWHERE; else the status, or
 * the descriptor. */
long file_connect(struct served *s, const struct file_wish *wish);
/* May the next one be asked after that error? */
bool file_goes_on(long error);

/* A message for an open file; the answer is as long as the server likes, up to @in_len. */
long file_send(int fd, const void *out, size_t out_len, void *in, size_t in_len);
long file_sendv(int fd, const struct iovec *out, int n_out, const struct iovec *in, int n_in);

/* A flagged descriptor: is it an open file of a server? Finds what was inherited. */
bool file_is_served(int fd);

static inline bool file_is(int fd)
{
	return io_is_flagged(fd) && file_is_served(fd);
}

/* What a call that only servers know says of any other @fd: -EBADF, -ENOSYS. */
int file_not_served(int fd);

/* open()'s flags as servers have them: O_RDONLY, O_WRONLY, O_RDWR are 1, 2, 3; FILE_NO_ACCESS 0. */
uint32_t file_ioflag(uint32_t flags);
/* A status that says no more than that it went well. */
static inline long file_done(long status)
{
	return status > 0 ? 0 : status;
}

/* The path by which it was opened; -errno. */
int file_path(int fd, char ret[PATH_BYTES]);

/* Of the process, without changing it for a moment. */
mode_t file_umask(void);
