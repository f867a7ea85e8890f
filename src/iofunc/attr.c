// SPDX-License-Identifier: Apache-2.0
/*
 * A file's attributes: how they begin, their times, the lock around them.
 *
 * The lock is lock_tid: 0, or the kernel's id of the thread that has it, with a bit if others
 * sleep for it. lock_count is the owner's alone. No memory goes with it, so a program may put
 * attributes wherever it likes and forget them without a word.
 */
#include "iofunc/attr.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "iofunc/export.h"

#define LOCK_WAITERS INT32_MIN

static __thread int32_t lock_me;

static int32_t lock_self(void)
{
	if (!lock_me)
		lock_me = (int32_t)syscall(SYS_gettid);
	return lock_me;
}

const iofunc_funcs_t *attr_funcs(const iofunc_attr_t *attr, unsigned count)
{
	const iofunc_funcs_t *funcs = attr && attr->mount ? attr->mount->funcs : NULL;

	return funcs && funcs->nfuncs >= count ? funcs : NULL;
}

uint32_t attr_conf(const iofunc_attr_t *attr)
{
	return attr->mount ? attr->mount->conf : 0;
}

int attr_writable(const iofunc_attr_t *attr)
{
	if (!attr->mount || attr->flags & IOFUNC_ATTR_SYNTHETIC)
		return EOK;
	return attr->mount->flags & _MOUNT_READONLY ? EROFS : EOK;
}

/* ---- Beginning ---- */

EXPORT void iofunc_attr_init(iofunc_attr_t *attr, mode_t mode, iofunc_attr_t *dattr,
			     struct _client_info *info)
{
	memset(attr, 0, sizeof(*attr));
	attr->mode = mode;
	attr->nlink = S_ISDIR(mode) ? 2 : 1;
	/* Without a client it is the server's own; QNX's servers are root's anyway. */
	attr->uid = info ? info->cred.euid : geteuid();
	attr->gid = info ? info->cred.egid : getegid();
	if (dattr) {
		attr->mount = dattr->mount;
		if (dattr->flags & IOFUNC_ATTR_GROUP_OWNER || dattr->mode & S_ISGID)
			attr->gid = dattr->gid;
		attr->flags |= dattr->flags & IOFUNC_ATTR_GROUP_OWNER;
	}
	attr_mark(attr, IOFUNC_ATTR_MTIME | IOFUNC_ATTR_ATIME | IOFUNC_ATTR_CTIME);
	(void)iofunc_time_update(attr);
	attr->flags &= ~(uint32_t)IOFUNC_ATTR_DIRTY_TIME;
}

EXPORT int iofunc_mount_init(iofunc_mount_t *mount, size_t size)
{
	if (!mount || size < sizeof(*mount))
		return EINVAL;
	memset(mount, 0, size);
	mount->conf = IOFUNC_PC_EXT;
	mount->size = size;
	mount->timeres = 1;
	return EOK;
}

EXPORT int iofunc_mount_fini(iofunc_mount_t *mount)
{
	return mount ? EOK : EINVAL;
}

EXPORT int iofunc_mount_set_time(iofunc_mount_t *mount, uint32_t ns_resolution)
{
	if (!mount || !(mount->conf & IOFUNC_PC_EXT) || ns_resolution == 0)
		return EINVAL;
	mount->timeres = ns_resolution;
	return EOK;
}

/* ---- Times ---- */

EXPORT int iofunc_time_update(iofunc_attr_t *attr)
{
	const uint32_t stale = attr->flags &
			       (IOFUNC_ATTR_MTIME | IOFUNC_ATTR_ATIME | IOFUNC_ATTR_CTIME);
	struct timespec now;

	if (!stale)
		return EOK;
	clock_gettime(CLOCK_REALTIME, &now);
	if (attr->mount && attr->mount->conf & IOFUNC_PC_EXT && attr->mount->timeres > 1)
		now.tv_nsec -= now.tv_nsec % attr->mount->timeres;
	if (stale & IOFUNC_ATTR_MTIME) {
		attr->mtime = now.tv_sec;
		attr->mtime_ns = (unsigned)now.tv_nsec;
	}
	if (stale & IOFUNC_ATTR_ATIME) {
		attr->atime = now.tv_sec;
		attr->atime_ns = (unsigned)now.tv_nsec;
	}
	if (stale & IOFUNC_ATTR_CTIME) {
		attr->ctime = now.tv_sec;
		attr->ctime_ns = (unsigned)now.tv_nsec;
	}
	attr->flags = (attr->flags & ~stale) | IOFUNC_ATTR_DIRTY_TIME;
	return EOK;
}

/* ---- The lock ---- */

static void lock_sleep(int32_t *word, int32_t value)
{
	(void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static bool lock_try(iofunc_attr_t *attr, int32_t me)
{
	int32_t none = 0;

	if (!__atomic_compare_exchange_n(&attr->lock_tid, &none, me, false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED))
		return false;
	attr->lock_count = 1;
	return true;
}

/* Who has slept does not know if others do, so it owns the lock with the bit set. */
static void lock_wait(iofunc_attr_t *attr, int32_t me)
{
	for (;;) {
		int32_t seen = __atomic_load_n(&attr->lock_tid, __ATOMIC_RELAXED);

		if (seen == 0) {
			if (__atomic_compare_exchange_n(&attr->lock_tid, &seen, me | LOCK_WAITERS,
							false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
				break;
			continue;
		}
		if (!(seen & LOCK_WAITERS) &&
		    !__atomic_compare_exchange_n(&attr->lock_tid, &seen, seen | LOCK_WAITERS, false,
						 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
		lock_sleep(&attr->lock_tid, seen | LOCK_WAITERS);
	}
	attr->lock_count = 1;
}

/* Whether @me has it. No other thread can make this true or untrue. */
static bool lock_mine(const iofunc_attr_t *attr, int32_t me)
{
	return (__atomic_load_n(&attr->lock_tid, __ATOMIC_RELAXED) & ~LOCK_WAITERS) == me;
}

static int lock_again(iofunc_attr_t *attr)
{
	if (attr->lock_count == UINT16_MAX)
		return EAGAIN;
	attr->lock_count++;
	return EOK;
}

EXPORT int iofunc_attr_lock(iofunc_attr_t *attr)
{
	const iofunc_funcs_t *funcs = attr_funcs(attr, 3);
	const int32_t me = lock_self();

	if (funcs && funcs->attr_lock)
		return funcs->attr_lock(attr);
	if (lock_mine(attr, me))
		return lock_again(attr);
	if (!lock_try(attr, me))
		lock_wait(attr, me);
	return EOK;
}

EXPORT int iofunc_attr_trylock(iofunc_attr_t *attr)
{
	const iofunc_funcs_t *funcs = attr_funcs(attr, 5);
	const int32_t me = lock_self();

	if (funcs && funcs->attr_trylock)
		return funcs->attr_trylock(attr);
	if (lock_mine(attr, me))
		return lock_again(attr);
	return lock_try(attr, me) ? EOK : EBUSY;
}

EXPORT int iofunc_attr_unlock(iofunc_attr_t *attr)
{
	const iofunc_funcs_t *funcs = attr_funcs(attr, 4);

	if (funcs && funcs->attr_unlock)
		return funcs->attr_unlock(attr);
	if (!lock_mine(attr, lock_self()))
		return EPERM;
	if (--attr->lock_count > 0)
		return EOK;
	if (__atomic_exchange_n(&attr->lock_tid, 0, __ATOMIC_RELEASE) & LOCK_WAITERS)
		(void)syscall(SYS_futex, &attr->lock_tid, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	return EOK;
}

EXPORT int iofunc_lock_ocb_default(resmgr_context_t *ctp, void *reserved, iofunc_ocb_t *ocb)
{
	(void)ctp;
	(void)reserved;
	return iofunc_attr_lock(ocb->attr);
}

EXPORT int iofunc_unlock_ocb_default(resmgr_context_t *ctp, void *reserved, iofunc_ocb_t *ocb)
{
	(void)ctp;
	(void)reserved;
	return iofunc_attr_unlock(ocb->attr);
}
