// SPDX-License-Identifier: Apache-2.0
/*
 * read() and its kin. For a descriptor without a flag they are glibc's, after
 * one load and one test; of the flagged there is one kind so far, signalfds
 * that tell of SIGCHLD.
 */
#include "client/io.h"

#include <limits.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/util.h"
#include "client/cancel.h"
#include "client/export.h"
#include "client/signalfd.h"
#include "message/connection.h"

uint64_t io_flags[IO_FDS / 64];

/* glibc's own, under the names that it exports for itself. */
extern ssize_t __read(int fd, void *buf, size_t len);
extern void __chk_fail(void) __attribute__((noreturn));
ssize_t __read_chk(int fd, void *buf, size_t len, size_t buf_len);

void io_flag_set(int fd)
{
	if (fd >= 0 && fd < IO_FDS)
		__atomic_fetch_or(&io_flags[fd / 64], UINT64_C(1) << fd % 64, __ATOMIC_RELAXED);
}

void io_flag_clear(int fd)
{
	if (io_is_flagged(fd))
		__atomic_fetch_and(&io_flags[fd / 64], ~(UINT64_C(1) << fd % 64), __ATOMIC_RELAXED);
}

void io_flag_clear_range(unsigned first, unsigned last)
{
	last = MIN(last, (unsigned)IO_FDS - 1);
	for (unsigned fd = first; fd <= last; fd++) {
		if (fd % 64 == 0 && !__atomic_load_n(&io_flags[fd / 64], __ATOMIC_RELAXED))
			fd += 63;
		else
			io_flag_clear((int)fd);
	}
}

void io_flag_copy(int old, int new)
{
	if (io_is_flagged(old))
		io_flag_set(new);
	else
		io_flag_clear(new);
}

EXPORT ssize_t read(int fd, void *buf, size_t len)
{
	if (io_is_flagged(fd) && !connection_at(fd))
		return signalfd_read(fd, buf, len);
	return __read(fd, buf, len);
}

/* read() of a program compiled with _FORTIFY_SOURCE. */
EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t buf_len)
{
	if (len > buf_len)
		__chk_fail();
	return read(fd, buf, len);
}

static ssize_t plain_readv(int fd, const struct iovec *iov, int n)
{
	int cancel = cancel_open();
	ssize_t got = syscall(SYS_readv, fd, iov, n);

	cancel_close(cancel);
	return got;
}

static void scatter(const struct iovec *iov, int n, const char *from, size_t len)
{
	for (int i = 0; i < n && len > 0; i++) {
		size_t part = MIN(len, iov[i].iov_len);

		memcpy(iov[i].iov_base, from, part);
		from += part;
		len -= part;
	}
}

static ssize_t signalfd_readv(int fd, const struct iovec *iov, int n)
{
	struct signalfd_siginfo infos[16];
	size_t room = 0;
	ssize_t got;

	for (int i = 0; i < n && room < sizeof(infos); i++)
		room += MIN(iov[i].iov_len, sizeof(infos));
	got = signalfd_read(fd, infos, MIN(room, sizeof(infos)));
	if (got > 0)
		scatter(iov, n, (const char *)infos, (size_t)got);
	return got;
}

EXPORT ssize_t readv(int fd, const struct iovec *iov, int n)
{
	if (io_is_flagged(fd) && !connection_at(fd) && n > 0 && n <= IOV_MAX)
		return signalfd_readv(fd, iov, n);
	return plain_readv(fd, iov, n);
}
