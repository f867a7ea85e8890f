// SPDX-License-Identifier: Apache-2.0
/*
 * fcntl() on what servers have: flags by devctl, locks by message; flock() and lockf() are locks,
 * too. guard.c asks here first.
 */
#include "io/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/iomsg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/export.h"
#include "client/guard.h"
#include "client/real.h"
#include "client/result.h"
#include "io/control.h"
#include "io/file.h"
#include "io/plain.h"

static long lock_send(int fd, unsigned command, struct flock *lock)
{
	/* Right behind the headers, as iomsg.h says. */
	struct __attribute__((packed)) {
		struct _io_lock i;
		struct flock data;
	} m = {.i = {.type = _IO_LOCK,
		     .combine_len = sizeof(m),
		     .subtype = command,
		     .nbytes = sizeof(m.data)},
	       .data = *lock};
	struct __attribute__((packed)) {
		struct _io_lock_reply o;
		struct flock data;
	} reply = {.data = *lock};
	long rc = file_send(fd, &m, sizeof(m), &reply, sizeof(reply));

	if (rc >= 0 && command == F_GETLK)
		*lock = reply.data;
	return rc < 0 ? rc : 0;
}

static long space_send(int fd, unsigned command, const struct flock *range)
{
	const struct _io_space m = {.type = _IO_SPACE,
				    .combine_len = sizeof(m),
				    .subtype = (uint16_t)command,
				    .whence = range->l_whence,
				    .start = (uint64_t)range->l_start,
				    .len = (uint64_t)range->l_len};
	long rc = file_send(fd, &m, sizeof(m), NULL, 0);

	return rc < 0 ? rc : 0;
}

bool lock_fcntl(int fd, int command, void *arg, long *ret)
{
	switch (command) {
	case F_GETFL:
		*ret = control_flags(fd);
		return true;
	case F_SETFL:
		*ret = control_set_flags(fd, (int)(intptr_t)arg);
		return true;
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
		*ret = lock_send(fd, (unsigned)command, arg);
		return true;
	case F_ALLOCSP:
	case F_FREESP:
		*ret = space_send(fd, (unsigned)command, arg);
		return true;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_GETFD:
	case F_SETFD:
		return false;
	default:
		*ret = -EINVAL;
		return true;
	}
}

EXPORT int flock(int fd, int operation)
{
	struct flock lock = {.l_whence = SEEK_SET};
	bool waits = !(operation & LOCK_NB);

	if (!file_is(fd))
		return (int)plain_call_blocking(SYS_flock, fd, operation, 0, 0, 0, 0);
	switch (operation & ~LOCK_NB) {
	case LOCK_SH:
		lock.l_type = F_RDLCK;
		break;
	case LOCK_EX:
		lock.l_type = F_WRLCK;
		break;
	case LOCK_UN:
		lock.l_type = F_UNLCK;
		break;
	default:
		return result_errno(-EINVAL);
	}
	if (lock.l_type == F_UNLCK)
		waits = false;
	return result_errno((int)lock_send(fd, waits ? F_SETLKW : F_SETLK, &lock));
}

typedef int lockf_fn(int fd, int command, off_t len);

static int lockf_served(int fd, int command, off_t len)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = len};
	long rc;

	switch (command) {
	case F_ULOCK:
		lock.l_type = F_UNLCK;
		return result_errno((int)lock_send(fd, F_SETLK, &lock));
	case F_LOCK:
		return result_errno((int)lock_send(fd, F_SETLKW, &lock));
	case F_TLOCK:
		return result_errno((int)lock_send(fd, F_SETLK, &lock));
	case F_TEST:
		rc = lock_send(fd, F_GETLK, &lock);
		if (rc == 0 && lock.l_type != F_UNLCK && lock.l_pid != getpid())
			rc = -EACCES;
		return result_errno((int)rc);
	default:
		return result_errno(-EINVAL);
	}
}

EXPORT int lockf(int fd, int command, off_t len)
{
	if (file_is(fd))
		return lockf_served(fd, command, len);
	return REAL(lockf_fn, lockf)(fd, command, len);
}

EXPORT int lockf64(int fd, int command, off_t len)
{
	return lockf(fd, command, len);
}
