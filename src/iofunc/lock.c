// SPDX-License-Identifier: Apache-2.0
/*
 * Advisory locks: whose messages wait for which ranges (range.h) of which file.
 *
 * Locks belong to processes, so all that a process has of a file goes when it closes any
 * descriptor of it. Who must wait is not answered: it is in the file's list of waiters until it
 * has the lock, closes, or wants to leave.
 *
 * One mutex is around all lists of all files, as who waits for whom must be seen at once: a
 * wait that would close a circle is EDEADLK. No message is sent to anybody who could call back
 * while it is held.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "iofunc/attr.h"
#include "iofunc/export.h"
#include "iofunc/range.h"

struct waiter {
	struct waiter *next;     /* of this file */
	struct waiter *next_all; /* of all files */
	struct _iofunc_lock_list *file;
	int rcvid;
	int scoid, coid;
	struct range want;
	struct range *spare; /* two: to have it without asking for memory */
	bool seen;           /* by the search for circles */
};

/* attr->lock_list: there is one as long as anything is in it. */
struct _iofunc_lock_list {
	struct range *ranges;
	struct waiter *waiters; /* the oldest first */
};

static pthread_mutex_t lock_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct waiter *lock_waiters;

EXPORT iofunc_lock_list_t *iofunc_lock_calloc(resmgr_context_t *ctp, IOFUNC_ATTR_T *attr,
					      size_t size)
{
	(void)ctp;
	(void)attr;
	return calloc(1, size);
}

EXPORT void iofunc_lock_free(iofunc_lock_list_t *lock, size_t size)
{
	(void)size;
	free(lock);
}

/* ---- Memory ---- */

static void spare_free(struct range *spare)
{
	while (spare) {
		struct range *next = spare->next;

		free(spare);
		spare = next;
	}
}

static struct range *spare_new(void)
{
	struct range *first = calloc(1, sizeof(*first)), *second = calloc(1, sizeof(*second));

	if (!first || !second) {
		free(first);
		free(second);
		return NULL;
	}
	first->next = second;
	return first;
}

static struct _iofunc_lock_list *list_get(resmgr_context_t *ctp, iofunc_attr_t *attr)
{
	if (!attr->lock_list)
		attr->lock_list = iofunc_lock_calloc(ctp, attr, sizeof(*attr->lock_list));
	return attr->lock_list;
}

static void list_tidy(iofunc_attr_t *attr)
{
	struct _iofunc_lock_list *list = attr->lock_list;

	if (list && !list->ranges && !list->waiters) {
		attr->lock_list = NULL;
		iofunc_lock_free(list, sizeof(*list));
	}
}

/* ---- Waiters ---- */

static void waiter_unlink_all(struct waiter *waiter)
{
	struct waiter **where = &lock_waiters;

	while (*where != waiter)
		where = &(*where)->next_all;
	*where = waiter->next_all;
}

/* Out of both lists; frees it. */
static void waiter_remove(struct waiter **where)
{
	struct waiter *waiter = *where;

	*where = waiter->next;
	waiter_unlink_all(waiter);
	spare_free(waiter->spare);
	free(waiter);
}

/* Everybody who can have his lock now has it, the oldest wish first. */
static void waiters_serve(struct _iofunc_lock_list *list)
{
	struct waiter **where = &list->waiters;

	while (*where) {
		struct waiter *waiter = *where;

		if (range_conflict(list->ranges, &waiter->want)) {
			where = &waiter->next;
			continue;
		}
		waiter->spare = range_set(&list->ranges, &waiter->want, false, waiter->spare);
		/* If the client is gone, its descriptors are closed soon, and its locks go. */
		(void)MsgReply_r(waiter->rcvid, 0, NULL, 0);
		waiter_remove(where);
	}
}

/* Does @pid wait, directly or through others, for something that @for_pid has? */
static bool waits_for(pid_t pid, pid_t for_pid)
{
	for (struct waiter *waiter = lock_waiters; waiter; waiter = waiter->next_all) {
		if (waiter->want.pid != pid || waiter->seen)
			continue;
		waiter->seen = true;
		for (struct range *range = range_conflict(waiter->file->ranges, &waiter->want);
		     range; range = range_conflict(range->next, &waiter->want)) {
			if (range->pid == for_pid || waits_for(range->pid, for_pid))
				return true;
		}
	}
	return false;
}

static bool is_circle(struct _iofunc_lock_list *list, const struct range *want)
{
	for (struct waiter *waiter = lock_waiters; waiter; waiter = waiter->next_all)
		waiter->seen = false;
	for (struct range *range = range_conflict(list->ranges, want); range;
	     range = range_conflict(range->next, want)) {
		if (waits_for(range->pid, want->pid))
			return true;
	}
	return false;
}

static int waiter_add(resmgr_context_t *ctp, struct _iofunc_lock_list *list,
		      const struct range *want, struct range *spare)
{
	struct waiter *waiter, **end = &list->waiters;

	const bool circle = is_circle(list, want);

	waiter = circle ? NULL : calloc(1, sizeof(*waiter));
	if (!waiter) {
		spare_free(spare);
		return circle ? EDEADLK : ENOMEM;
	}
	waiter->file = list;
	waiter->rcvid = ctp->rcvid;
	waiter->scoid = ctp->info.scoid;
	waiter->coid = ctp->info.coid;
	waiter->want = *want;
	waiter->spare = spare;
	while (*end)
		end = &(*end)->next;
	*end = waiter;
	waiter->next_all = lock_waiters;
	lock_waiters = waiter;
	return _RESMGR_NOREPLY;
}

/* ---- The request ---- */

/* The bytes that @flock names. EINVAL: before the first; EOVERFLOW. */
static int range_of(const struct flock *flock, const iofunc_ocb_t *ocb, const iofunc_attr_t *attr,
		    struct range *ret_range)
{
	off_t start = 0, end;

	if (flock->l_whence == SEEK_CUR)
		start = ocb->offset;
	else if (flock->l_whence == SEEK_END)
		start = attr->nbytes;
	else if (flock->l_whence != SEEK_SET)
		return EINVAL;
	if (__builtin_add_overflow(start, flock->l_start, &start))
		return EOVERFLOW;
	if (flock->l_len == 0) {
		if (start < 0)
			return EINVAL;
		ret_range->start = (uint64_t)start;
		ret_range->end = RANGE_EOF;
		return EOK;
	}
	if (__builtin_add_overflow(start, flock->l_len, &end))
		return EOVERFLOW;
	if (flock->l_len < 0) {
		const off_t was = start;

		start = end;
		end = was;
	}
	if (start < 0)
		return EINVAL;
	ret_range->start = (uint64_t)start;
	ret_range->end = (uint64_t)end - 1;
	return EOK;
}

static int lock_test(resmgr_context_t *ctp, io_lock_t *msg, const struct range *conflict,
		     struct flock *flock)
{
	if (conflict) {
		flock->l_type = conflict->is_write ? F_WRLCK : F_RDLCK;
		flock->l_whence = SEEK_SET;
		flock->l_start = (off_t)conflict->start;
		flock->l_len = conflict->end == RANGE_EOF ?
				       0 :
				       (off_t)(conflict->end - conflict->start + 1);
		flock->l_pid = conflict->pid;
	} else {
		flock->l_type = F_UNLCK;
	}
	memset(&msg->o, 0, sizeof(msg->o));
	memcpy((char *)msg + sizeof(msg->o), flock, sizeof(*flock));
	return _RESMGR_PTR(ctp, &msg->o, sizeof(msg->o) + sizeof(*flock));
}

static int lock_set(resmgr_context_t *ctp, struct _iofunc_lock_list *list, const struct range *want,
		    bool unlock, bool wait)
{
	struct range *spare;

	if (!unlock && !wait && range_conflict(list->ranges, want))
		return EAGAIN;
	if (!(spare = spare_new()))
		return ENOMEM;
	if (!unlock && range_conflict(list->ranges, want))
		return waiter_add(ctp, list, want, spare);
	spare_free(range_set(&list->ranges, want, unlock, spare));
	/* Less than before may be locked, also by a lock that replaces a stronger one. */
	waiters_serve(list);
	return EOK;
}

static int lock_locked(resmgr_context_t *ctp, io_lock_t *msg, iofunc_attr_t *attr,
		       struct range *want, struct flock *flock)
{
	struct _iofunc_lock_list *list = list_get(ctp, attr);

	if (!list)
		return ENOMEM;
	switch (msg->i.subtype) {
	case F_GETLK:
		return lock_test(ctp, msg, range_conflict(list->ranges, want), flock);
	case F_SETLK:
		return lock_set(ctp, list, want, flock->l_type == F_UNLCK, false);
	case F_SETLKW:
		return lock_set(ctp, list, want, flock->l_type == F_UNLCK, true);
	default:
		return EINVAL;
	}
}

/* A lock needs the right to do what it keeps others from. */
static int lock_right(const io_lock_t *msg, const struct flock *flock, const iofunc_ocb_t *ocb)
{
	if (flock->l_type != F_RDLCK && flock->l_type != F_WRLCK && flock->l_type != F_UNLCK)
		return EINVAL;
	if (msg->i.subtype == F_GETLK)
		return EOK;
	if ((flock->l_type == F_RDLCK && !(ocb->ioflag & _IO_FLAG_RD)) ||
	    (flock->l_type == F_WRLCK && !(ocb->ioflag & _IO_FLAG_WR)))
		return EBADF;
	return EOK;
}

EXPORT int iofunc_lock(resmgr_context_t *ctp, io_lock_t *msg, iofunc_ocb_t *ocb,
		       iofunc_attr_t *attr)
{
	struct range want = {.pid = ctp->info.pid};
	struct flock flock;
	int status;

	if (msg->i.nbytes < sizeof(flock) ||
	    ctp->size < ctp->offset + sizeof(msg->i) + sizeof(flock))
		return EINVAL;
	memcpy(&flock, (const char *)msg + sizeof(msg->i), sizeof(flock));
	if ((status = lock_right(msg, &flock, ocb)) != EOK)
		return status;
	if ((status = range_of(&flock, ocb, attr, &want)) != EOK)
		return status;
	want.is_write = flock.l_type == F_WRLCK;
	pthread_mutex_lock(&lock_mutex);
	status = lock_locked(ctp, msg, attr, &want, &flock);
	list_tidy(attr);
	pthread_mutex_unlock(&lock_mutex);
	return status;
}

EXPORT int iofunc_lock_default(resmgr_context_t *ctp, io_lock_t *msg, iofunc_ocb_t *ocb)
{
	return iofunc_lock(ctp, msg, ocb, ocb->attr);
}

/* ---- The ends ---- */

static void lock_close(struct _iofunc_lock_list *list, const struct _msg_info *info)
{
	const struct range all = {.end = RANGE_EOF, .pid = info->pid};
	struct waiter **where = &list->waiters;

	while (*where) {
		struct waiter *waiter = *where;

		if (waiter->scoid == info->scoid && waiter->coid == info->coid) {
			(void)MsgError_r(waiter->rcvid, EBADF); /* gone: none to tell */
			waiter_remove(where);
		} else {
			where = &waiter->next;
		}
	}
	/* All of it: nothing is split, so nothing is needed. */
	spare_free(range_set(&list->ranges, &all, true, NULL));
	waiters_serve(list);
}

EXPORT int iofunc_close_dup(resmgr_context_t *ctp, io_close_t *msg, iofunc_ocb_t *ocb,
			    iofunc_attr_t *attr)
{
	(void)msg;
	(void)ocb;
	pthread_mutex_lock(&lock_mutex);
	if (attr->lock_list) {
		lock_close(attr->lock_list, &ctp->info);
		list_tidy(attr);
	}
	pthread_mutex_unlock(&lock_mutex);
	return EOK;
}

EXPORT int iofunc_close_dup_default(resmgr_context_t *ctp, io_close_t *msg, iofunc_ocb_t *ocb)
{
	return iofunc_close_dup(ctp, msg, ocb, ocb->attr);
}

/* Is @rcvid a waiter's? Then it is one no more. */
static bool lock_leave(struct _iofunc_lock_list *list, int rcvid)
{
	for (struct waiter **where = &list->waiters; *where; where = &(*where)->next) {
		if ((*where)->rcvid == rcvid) {
			waiter_remove(where);
			return true;
		}
	}
	return false;
}

EXPORT int iofunc_unblock(resmgr_context_t *ctp, iofunc_attr_t *attr)
{
	bool left = false;

	pthread_mutex_lock(&lock_mutex);
	if (attr->lock_list) {
		left = lock_leave(attr->lock_list, ctp->rcvid);
		list_tidy(attr);
	}
	pthread_mutex_unlock(&lock_mutex);
	if (!left)
		return _RESMGR_DEFAULT;
	/* With what it leaves for: EINTR, or ETIMEDOUT. */
	(void)MsgError_r(ctp->rcvid, -1);
	return _RESMGR_NOREPLY;
}

EXPORT int iofunc_unblock_default(resmgr_context_t *ctp, io_pulse_t *msg, iofunc_ocb_t *ocb)
{
	(void)msg;
	return iofunc_unblock(ctp, ocb->attr);
}
