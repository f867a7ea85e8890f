// SPDX-License-Identifier: Apache-2.0
/*
 * read(), write() and their kin. For a descriptor without a flag they are glibc's, after one
 * load and one test; of the flagged there are signalfds that tell of SIGCHLD, and open files of
 * servers.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/iomsg.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/util.h"
#include "client/export.h"
#include "client/guard.h"
#include "client/real.h"
#include "client/result.h"
#include "client/signalfd.h"
#include "io/file.h"
#include "io/plain.h"
#include "io/rw.h"

/* glibc's own, under the names that it exports for itself. */
extern ssize_t __read(int fd, void *buf, size_t len);
extern ssize_t __write(int fd, const void *buf, size_t len);
extern off_t __lseek(int fd, off_t offset, int whence);
extern ssize_t __pread64(int fd, void *buf, size_t len, off_t offset);
extern ssize_t __pwrite64(int fd, const void *buf, size_t len, off_t offset);
ssize_t __read_chk(int fd, void *buf, size_t len, size_t buf_len);
ssize_t __pread_chk(int fd, void *buf, size_t len, off_t offset, size_t buf_len);
ssize_t __pread64_chk(int fd, void *buf, size_t len, off_t offset, size_t buf_len);

/* Of a write: the header, what the xtype says, the data. */
#define PARTS_MAX (IOV_MAX + 2)

struct transfer {
	int fd;
	const struct iovec *parts;
	int n;
	size_t size;
	uint32_t xtype;
	const void *extra; /* what xtype says */
	size_t extra_len;
};

/* 0 or -EINVAL, as for the kernel's readv(). */
static int transfer_measure(struct transfer *t)
{
	t->size = 0;
	if (t->n < 0 || t->n > IOV_MAX)
		return -EINVAL;
	for (int i = 0; i < t->n; i++) {
		if (t->parts[i].iov_len > SSIZE_MAX - t->size)
			return -EINVAL;
		t->size += t->parts[i].iov_len;
	}
	return 0;
}

/* More than was asked for is nonsense. */
static ssize_t counted(long rc, size_t most)
{
	return rc > 0 && (size_t)rc > most ? -EIO : rc;
}

static ssize_t transfer_read(struct transfer *t)
{
	struct {
		struct _io_read64 i;
		char extra[sizeof(struct _xtype_readcond) + 8];
	} m = {.i = {.type = t->size >> 32 ? _IO_READ64 : _IO_READ,
		     .combine_len = sizeof(m.i),
		     .nbytes = (uint32_t)t->size,
		     .xtype = t->xtype,
		     .nbytes_hi = (uint32_t)(t->size >> 32)}};
	const struct iovec out = {&m, sizeof(m.i) + t->extra_len};

	memcpy(m.extra, t->extra ? t->extra : "", t->extra_len);
	return counted(file_sendv(t->fd, &out, 1, t->parts, t->n), t->size);
}

static ssize_t transfer_write(struct transfer *t)
{
	const struct _io_write64 i = {.type = t->size >> 32 ? _IO_WRITE64 : _IO_WRITE,
				      .combine_len = sizeof(i),
				      .nbytes = (uint32_t)t->size,
				      .xtype = t->xtype,
				      .nbytes_hi = (uint32_t)(t->size >> 32)};
	struct iovec out[PARTS_MAX];
	int n = 0;

	out[n++] = (struct iovec){(void *)(uintptr_t)&i, sizeof(i)};
	if (t->extra_len)
		out[n++] = (struct iovec){(void *)(uintptr_t)t->extra, t->extra_len};
	memcpy(out + n, t->parts, (size_t)t->n * sizeof(*out));
	return counted(file_sendv(t->fd, out, n + t->n, NULL, 0), t->size);
}

static ssize_t read_parts(int fd, const struct iovec *parts, int n, const off_t *at)
{
	struct transfer t = {.fd = fd, .parts = parts, .n = n};
	const struct _xtype_offset offset = {.offset = at ? *at : 0};
	ssize_t rc = transfer_measure(&t);

	if (at) {
		t.xtype = _IO_XTYPE_OFFSET;
		t.extra = &offset;
		t.extra_len = sizeof(offset);
		if (*at < 0)
			rc = -EINVAL;
	}
	if (rc == 0)
		rc = transfer_read(&t);
	return rc < 0 ? result_errno((int)rc) : rc;
}

static ssize_t write_parts(int fd, const struct iovec *parts, int n, const off_t *at)
{
	struct transfer t = {.fd = fd, .parts = parts, .n = n};
	const struct _xtype_offset offset = {.offset = at ? *at : 0};
	ssize_t rc = transfer_measure(&t);

	if (at) {
		t.xtype = _IO_XTYPE_OFFSET;
		t.extra = &offset;
		t.extra_len = sizeof(offset);
		if (*at < 0)
			rc = -EINVAL;
	}
	if (rc == 0)
		rc = transfer_write(&t);
	if (rc == -EPIPE)
		(void)raise(SIGPIPE); /* cannot fail */
	return rc < 0 ? result_errno((int)rc) : rc;
}

/* ---- Signalfds ---- */

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

/* ---- Reading ---- */

static ssize_t read_flagged(int fd, void *buf, size_t len)
{
	const struct iovec part = {buf, MIN(len, (size_t)SSIZE_MAX)};

	if (!file_is_served(fd))
		return signalfd_read(fd, buf, len);
	return read_parts(fd, &part, 1, NULL);
}

EXPORT ssize_t read(int fd, void *buf, size_t len)
{
	if (io_is_flagged(fd))
		return read_flagged(fd, buf, len);
	return __read(fd, buf, len);
}

/* read() of a program compiled with _FORTIFY_SOURCE. */
EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t buf_len)
{
	if (len > buf_len)
		__chk_fail();
	return read(fd, buf, len);
}

EXPORT ssize_t readv(int fd, const struct iovec *iov, int n)
{
	if (file_is(fd))
		return read_parts(fd, iov, n, NULL);
	if (io_is_flagged(fd) && n > 0 && n <= IOV_MAX)
		return signalfd_readv(fd, iov, n);
	return plain_call_blocking(SYS_readv, fd, (long)iov, n, 0, 0, 0);
}

static ssize_t pread_any(int fd, void *buf, size_t len, off_t offset)
{
	const struct iovec part = {buf, MIN(len, (size_t)SSIZE_MAX)};

	return file_is(fd) ? read_parts(fd, &part, 1, &offset) : __pread64(fd, buf, len, offset);
}

EXPORT ssize_t pread(int fd, void *buf, size_t len, off_t offset)
{
	return pread_any(fd, buf, len, offset);
}

EXPORT ssize_t pread64(int fd, void *buf, size_t len, off_t offset)
{
	return pread_any(fd, buf, len, offset);
}

EXPORT ssize_t __pread_chk(int fd, void *buf, size_t len, off_t offset, size_t buf_len)
{
	if (len > buf_len)
		__chk_fail();
	return pread_any(fd, buf, len, offset);
}

EXPORT ssize_t __pread64_chk(int fd, void *buf, size_t len, off_t offset, size_t buf_len)
{
	return __pread_chk(fd, buf, len, offset, buf_len);
}

static ssize_t preadv_any(int fd, const struct iovec *iov, int n, off_t offset)
{
	if (file_is(fd))
		return read_parts(fd, iov, n, &offset);
	return plain_call_blocking(SYS_preadv, fd, (long)iov, n, offset, 0, 0);
}

EXPORT ssize_t preadv(int fd, const struct iovec *iov, int n, off_t offset)
{
	return preadv_any(fd, iov, n, offset);
}

EXPORT ssize_t preadv64(int fd, const struct iovec *iov, int n, off_t offset)
{
	return preadv_any(fd, iov, n, offset);
}

/* With flags: those that nobody need mind may be given. */
static ssize_t preadv2_any(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
	if (!file_is(fd))
		return plain_call_blocking(SYS_preadv2, fd, (long)iov, n, offset, 0, flags);
	if (flags & ~RWF_HIPRI)
		return result_errno(-EOPNOTSUPP);
	return read_parts(fd, iov, n, offset == -1 ? NULL : &offset);
}

EXPORT ssize_t preadv2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
	return preadv2_any(fd, iov, n, offset, flags);
}

EXPORT ssize_t preadv64v2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
	return preadv2_any(fd, iov, n, offset, flags);
}

EXPORT int readcond(int fd, void *buf, int n, int min, int time, int timeout)
{
	const struct _xtype_readcond cond = {.min = min, .time = time, .timeout = timeout};
	const struct iovec part = {buf, n < 0 ? 0 : (size_t)n};
	struct transfer t = {.fd = fd,
			     .parts = &part,
			     .n = 1,
			     .size = part.iov_len,
			     .xtype = _IO_XTYPE_READCOND,
			     .extra = &cond,
			     .extra_len = sizeof(cond)};

	if (n < 0)
		return result_errno(-EINVAL);
	if (file_is(fd))
		return result_errno((int)transfer_read(&t));
	return result_errno(file_not_served(fd));
}

/* ---- Writing ---- */

static ssize_t write_flagged(int fd, const void *buf, size_t len)
{
	const struct iovec part = {(void *)(uintptr_t)buf, MIN(len, (size_t)SSIZE_MAX)};

	return file_is_served(fd) ? write_parts(fd, &part, 1, NULL) : __write(fd, buf, len);
}

ssize_t rw_write(int fd, const void *buf, size_t len)
{
	return write(fd, buf, len);
}

EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
	if (io_is_flagged(fd))
		return write_flagged(fd, buf, len);
	return __write(fd, buf, len);
}

EXPORT ssize_t writev(int fd, const struct iovec *iov, int n)
{
	if (file_is(fd))
		return write_parts(fd, iov, n, NULL);
	return plain_call_blocking(SYS_writev, fd, (long)iov, n, 0, 0, 0);
}

ssize_t rw_pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	const struct iovec part = {(void *)(uintptr_t)buf, MIN(len, (size_t)SSIZE_MAX)};

	return file_is(fd) ? write_parts(fd, &part, 1, &offset) : __pwrite64(fd, buf, len, offset);
}

EXPORT ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	return rw_pwrite(fd, buf, len, offset);
}

EXPORT ssize_t pwrite64(int fd, const void *buf, size_t len, off_t offset)
{
	return rw_pwrite(fd, buf, len, offset);
}

static ssize_t pwritev_any(int fd, const struct iovec *iov, int n, off_t offset)
{
	if (file_is(fd))
		return write_parts(fd, iov, n, &offset);
	return plain_call_blocking(SYS_pwritev, fd, (long)iov, n, offset, 0, 0);
}

EXPORT ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t offset)
{
	return pwritev_any(fd, iov, n, offset);
}

EXPORT ssize_t pwritev64(int fd, const struct iovec *iov, int n, off_t offset)
{
	return pwritev_any(fd, iov, n, offset);
}

static ssize_t pwritev2_any(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
	if (!file_is(fd))
		return plain_call_blocking(SYS_pwritev2, fd, (long)iov, n, offset, 0, flags);
	if (flags & ~RWF_HIPRI)
		return result_errno(-EOPNOTSUPP);
	return write_parts(fd, iov, n, offset == -1 ? NULL : &offset);
}

EXPORT ssize_t pwritev2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
	return pwritev2_any(fd, iov, n, offset, flags);
}

EXPORT ssize_t pwritev64v2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
	return pwritev2_any(fd, iov, n, offset, flags);
}

/* ---- The position ---- */

static off_t seek_any(int fd, off_t offset, int whence)
{
	struct _io_lseek m = {.type = _IO_LSEEK,
			      .combine_len = sizeof(m),
			      .whence = (int16_t)whence,
			      .offset = (uint64_t)offset};
	uint64_t now = 0;
	long rc;

	if (!file_is(fd))
		return __lseek(fd, offset, whence);
	rc = file_send(fd, &m, sizeof(m), &now, sizeof(now));
	return rc < 0 ? result_errno((int)rc) : (off_t)now;
}

EXPORT off_t lseek(int fd, off_t offset, int whence)
{
	return seek_any(fd, offset, whence);
}

EXPORT off_t lseek64(int fd, off_t offset, int whence)
{
	return seek_any(fd, offset, whence);
}

off_t llseek(int fd, off_t offset, int whence);
EXPORT off_t llseek(int fd, off_t offset, int whence)
{
	return seek_any(fd, offset, whence);
}
