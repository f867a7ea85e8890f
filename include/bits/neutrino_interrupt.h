/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of <sys/neutrino.h> that is about interrupts. Conventions as there. There is no
 * hardware: interrupts are raised by software, `kamioka irq N` or kamioka_irq(), and a
 * program needs no privilege for them.
 */
#pragma once

#include <features.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>

#define _NTO_INTR_FLAGS_END       0x1 /* last of who has it attached; without effect */
#define _NTO_INTR_FLAGS_NO_UNMASK 0x2 /* masked from the start */
#define _NTO_INTR_FLAGS_PROCESS   0x4 /* the process's: stays when the thread ends */
#define _NTO_INTR_FLAGS_TRK_MSK   0x8 /* maskings are counted; they always are */

/* Waits for others by going round and round; no interrupt is kept away. */
typedef struct intrspin {
	volatile unsigned value;
} intrspin_t;

static __inline__ void InterruptLock(intrspin_t *__lock)
{
	while (__atomic_exchange_n(&__lock->value, 1u, __ATOMIC_ACQUIRE))
		while (__lock->value)
			;
}

static __inline__ void InterruptUnlock(intrspin_t *__lock)
{
	__atomic_store_n(&__lock->value, 0u, __ATOMIC_RELEASE);
}

__BEGIN_DECLS

/*
 * Attaches event to interrupt intr, 0 to 1007; the id of that. At each interrupt the event
 * is delivered and the attachment masked, until InterruptUnmask(). SIGEV_INTR wakes
 * InterruptWait() in the thread that attached it. The attachment ends with that thread
 * (see the flags), and is not inherited by fork. EAGAIN (64 of them), EINVAL, EPERM (another
 * user's node).
 */
int InterruptAttachEvent(int intr, const struct sigevent *event, unsigned flags);
int InterruptAttachEvent_r(int intr, const struct sigevent *event, unsigned flags); /* neg */
/* EPERM: no program's function runs as a handler. */
int InterruptAttach(int intr, const struct sigevent *(*handler)(void *area, int id),
		    const void *area, int size, unsigned flags);
int InterruptAttach_r(int intr, const struct sigevent *(*handler)(void *area, int id),
		      const void *area, int size, unsigned flags); /* neg */
int InterruptDetach(int id);                                       /* EINVAL */
int InterruptDetach_r(int id);                                     /* pos */

/* Blocks until an event SIGEV_INTR for the calling thread, or takes one that came before,
 * of which one is remembered. flags 0, reserved NULL, else ENOTSUP. EAGAIN (128 threads
 * wait), EINTR, ETIMEDOUT (TimerTimeout()). A cancellation point. */
int InterruptWait(int flags, const uint64_t *reserved);
int InterruptWait_r(int flags, const uint64_t *reserved); /* pos */

/*
 * One masking more or less of attachment id, or with -1 of each that the process has of
 * intr; how many there are now. Unmasked, an interrupt that came meanwhile is delivered.
 * -1 with errno EINVAL. Signal handlers may call these.
 */
int InterruptMask(int intr, int id);
int InterruptUnmask(int intr, int id);

/* EPERM. */
int InterruptHookIdle(void (*handler)(uint64_t *, void *), unsigned flags);
int InterruptHookTrace(const struct sigevent *(*handler)(int), unsigned flags);

__END_DECLS
