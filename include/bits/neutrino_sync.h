/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of <sys/neutrino.h> that is about locks between threads. Conventions as there.
 * Programs mostly use POSIX's instead, which are glibc's and know nothing of these.
 */
#pragma once

#include <features.h>
#include <stdint.h>
#include <signal.h>

/* A mutex, condition or semaphore; may lie in memory that processes share. Zeros are a free
 * mutex, a condition, a semaphore of 0. */
typedef struct _sync {
	uint32_t __word;    /* mutex: holder's tid; condition: signals so far; semaphore: count */
	uint32_t __waiters; /* of a condition or semaphore */
	uint32_t __count;   /* how often the holder has it */
	uint32_t __kind;    /* as SyncTypeCreate() made it */
} sync_t;

/* SyncTypeCreate(): attributes; NULL for the defaults. */
struct _sync_attr {
	int protocol; /* recorded nowhere: mutexes always hand their priority on */
	int flags;    /* _NTO_SYNC_* */
	int prioceiling;
	int clockid;
	int reserved[4];
};
typedef struct _sync_attr sync_attr_t;

/* SyncTypeCreate(): types. */
#define _NTO_SYNC_MUTEX_FREE   0
#define _NTO_SYNC_SEM          1
#define _NTO_SYNC_COND         2
/* _sync_attr.flags */
#define _NTO_SYNC_NONRECURSIVE 0x1 /* its holder gets EDEADLK; else it counts */
#define _NTO_SYNC_NOERRORCHECK 0x2

/* SyncCtl() */
#define _NTO_SCTL_SETPRIOCEILING   1
#define _NTO_SCTL_GETPRIOCEILING   2
#define _NTO_SCTL_SETEVENT         3
#define _NTO_SCTL_MUTEX_WAKEUP     4
#define _NTO_SCTL_MUTEX_CONSISTENT 5
#define _NTO_SCTL_SEM_VALUE        6

__BEGIN_DECLS

/* EINVAL. Of a semaphore the value is set by SyncSemPost(). */
int SyncTypeCreate(unsigned type, sync_t *sync, const struct _sync_attr *attr);
int SyncTypeCreate_r(unsigned type, sync_t *sync, const struct _sync_attr *attr); /* pos */
/* EBUSY (a mutex that is held), EINVAL (destroyed before). */
int SyncDestroy(sync_t *sync);
int SyncDestroy_r(sync_t *sync); /* pos */

/* Blocks. EDEADLK, EINVAL, EOWNERDEAD (held now; its former holder died), ETIMEDOUT. */
int SyncMutexLock(sync_t *sync);
int SyncMutexLock_r(sync_t *sync); /* pos */
/* EPERM: the caller does not hold it. */
int SyncMutexUnlock(sync_t *sync);
int SyncMutexUnlock_r(sync_t *sync); /* pos */
/* The holder says that what a dead holder left is in order. EINVAL: nobody died. */
int SyncMutexRevive(sync_t *sync);
int SyncMutexRevive_r(sync_t *sync); /* pos */
/* ENOTSUP: who waits is told of a holder's death instead. */
int SyncMutexEvent(sync_t *sync, const struct sigevent *event);
int SyncMutexEvent_r(sync_t *sync, const struct sigevent *event); /* pos */

/* Gives the mutex up while it blocks, and has it again at each return. EINTR, EINVAL,
 * EPERM, ETIMEDOUT. */
int SyncCondvarWait(sync_t *sync, sync_t *mutex);
int SyncCondvarWait_r(sync_t *sync, sync_t *mutex); /* pos */
/* Wakes one, or all. */
int SyncCondvarSignal(sync_t *sync, int all);
int SyncCondvarSignal_r(sync_t *sync, int all); /* pos */

/* EAGAIN: the largest count. */
int SyncSemPost(sync_t *sync);
int SyncSemPost_r(sync_t *sync); /* pos */
/* Blocks, unless try_only: EAGAIN. EINTR, EINVAL, ETIMEDOUT. */
int SyncSemWait(sync_t *sync, int try_only);
int SyncSemWait_r(sync_t *sync, int try_only); /* pos */

/* _NTO_SCTL_SEM_VALUE: the count into *(unsigned *)data; _NTO_SCTL_MUTEX_CONSISTENT: as
 * SyncMutexRevive(). Else ENOTSUP. */
int SyncCtl(int cmd, sync_t *sync, void *data);
int SyncCtl_r(int cmd, sync_t *sync, void *data); /* pos */

__END_DECLS
