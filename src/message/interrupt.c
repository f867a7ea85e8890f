// SPDX-License-Identifier: Apache-2.0
/*
 * Interrupts, raised by software: who has attached what in this process, and its delivery.
 *
 * The node has a count of each interrupt in memory that all its programs share
 * (host/linux/irq.h). Who has attached one remembers the count that it has seen; a thread of
 * ours looks whenever anything was raised, and what has grown is delivered. So nobody knows
 * who has attached what but himself, and whoever dies leaves nothing behind.
 *
 * An attachment is masked when it is delivered, as a driver's source is by the kernel; what
 * comes meanwhile makes it pending, once. differs: each attachment has its own mask.
 *
 * A thread that waits has a place with one word: set when SIGEV_INTR comes, cleared by
 * InterruptWait(). Setting needs no lock, for events may come from anywhere.
 */
#include <errno.h>
#include <kamioka.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/neutrino.h>
#include <sys/states.h>
#include <unistd.h>

#include "client/export.h"
#include "client/helper.h"
#include "client/node.h"
#include "client/result.h"
#include "host/linux/irq.h"
#include "message/deliver.h"
#include "message/lock.h"
#include "message/thread.h"
#include "message/timeout.h"
#include "message/word.h"

_Static_assert(KAMIOKA_IRQ_MAX == IRQS - 1, "as the header says");

#define ATTACHMENTS 64
#define WAITERS     128

struct attachment {
	bool used;
	bool pending;   /* came while it was masked */
	unsigned masks; /* 0: it is delivered at once */
	unsigned flags; /* _NTO_INTR_FLAGS_* */
	int intr;
	pid_t tid;     /* of the thread that attached it */
	uint32_t seen; /* of the node's count */
	struct sigevent event;
};

/* Something to be delivered, once the lock is given back. */
struct due {
	bool is_due;
	pid_t tid;
	struct sigevent event;
};

struct waiter {
	pid_t tid;     /* 0: free */
	uint32_t came; /* futex */
};

static void interrupt_main(struct helper *helper);

static struct lock interrupt_lock = LOCK_INIT;
static uint32_t interrupt_owner; /* of which generation all this is */
static struct attachment attachments[ATTACHMENTS];
static struct waiter waiters[WAITERS];
static struct helper interrupt_helper = {.main = interrupt_main};
static struct irq_page *interrupt_page; /* the node's; the same in forked children */

static void interrupt_begin(void)
{
	lock_reset(&interrupt_lock);
	memset(attachments, 0, sizeof(attachments));
	memset(waiters, 0, sizeof(waiters));
}

static void interrupt_own(void)
{
	thread_first(&interrupt_owner, interrupt_begin);
}

static int interrupt_map(struct irq_page **ret)
{
	struct irq_page *page = __atomic_load_n(&interrupt_page, __ATOMIC_ACQUIRE);
	struct irq_page *expected = NULL;
	int r;

	if (!page) {
		r = node_attach();
		if (r == 0)
			r = irq_map(node_directory(), &page);
		if (r < 0)
			return r;
		/* Twice does no harm: it is the same memory. */
		(void)__atomic_compare_exchange_n(&interrupt_page, &expected, page, false,
						  __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	}
	*ret = page;
	return 0;
}

EXPORT int kamioka_irq(int irq)
{
	struct irq_page *page;
	int r;

	if (irq < 0 || irq > KAMIOKA_IRQ_MAX)
		return result_errno(-EINVAL);
	r = interrupt_map(&page);
	if (r == 0)
		irq_raise(page, (unsigned)irq);
	return result_errno(r);
}

/* ---- Who waits ---- */

static struct waiter *waiter_find(pid_t tid)
{
	for (int i = 0; i < WAITERS; i++)
		if (__atomic_load_n(&waiters[i].tid, __ATOMIC_ACQUIRE) == tid)
			return &waiters[i];
	return NULL;
}

/* The calling thread's place. NULL: none is left. */
static struct waiter *waiter_mine(void)
{
	pid_t self = thread_tid();
	struct waiter *w = waiter_find(self);

	for (int i = 0; !w && i < WAITERS; i++) {
		pid_t nobody = 0;

		if (__atomic_compare_exchange_n(&waiters[i].tid, &nobody, self, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			w = &waiters[i];
	}
	return w;
}

static void waiter_post(struct waiter *w)
{
	if (w && __atomic_exchange_n(&w->came, 1, __ATOMIC_ACQ_REL) == 0)
		word_wake(&w->came, INT_MAX);
}

/* SIGEV_INTR of others than interrupts: whoever waits. */
int interrupt_post(int id)
{
	(void)id;
	for (int i = 0; i < WAITERS; i++)
		if (__atomic_load_n(&waiters[i].tid, __ATOMIC_ACQUIRE) != 0)
			waiter_post(&waiters[i]);
	return 0;
}

EXPORT int InterruptWait_r(int flags, const uint64_t *reserved)
{
	struct timeout limit;
	struct waiter *w;
	int r = EOK;

	timeout_take(STATE_INTR, &limit);
	if (flags != 0 || reserved)
		return ENOTSUP;
	interrupt_own();
	w = waiter_mine();
	if (!w)
		return EAGAIN;
	while (r == EOK && __atomic_exchange_n(&w->came, 0, __ATOMIC_ACQ_REL) == 0)
		r = word_wait(&w->came, 0, &limit);
	return r;
}

EXPORT int InterruptWait(int flags, const uint64_t *reserved)
{
	return result_errno(-InterruptWait_r(flags, reserved));
}

/* ---- Delivery ---- */

/* With the lock: what follows from an interrupt that has come, or comes to light. */
static void attachment_fire(struct attachment *a, struct due *ret)
{
	if (a->masks > 0) {
		a->pending = true;
		return;
	}
	a->pending = false;
	a->masks = 1;
	*ret = (struct due){.is_due = true, .tid = a->tid, .event = a->event};
}

static void due_deliver(const struct due *due)
{
	if (!due->is_due)
		return;
	if (SIGEV_GET_TYPE(&due->event) == SIGEV_INTR)
		waiter_post(waiter_find(due->tid));
	else
		(void)deliver_here(&due->event, due->tid); /* no room: as lost as on QNX */
}

static void attachment_look(struct attachment *a, const struct irq_page *page)
{
	struct due due = {0};
	sigset_t mask;
	uint32_t count;

	lock_take(&interrupt_lock, &mask);
	if (a->used) {
		count = __atomic_load_n(&page->counts[a->intr], __ATOMIC_ACQUIRE);
		if (count != a->seen)
			attachment_fire(a, &due);
		a->seen = count;
	}
	lock_give(&interrupt_lock, &mask);
	due_deliver(&due);
}

static void interrupt_main(struct helper *helper)
{
	struct irq_page *page = __atomic_load_n(&interrupt_page, __ATOMIC_ACQUIRE);

	/* A pulse without a priority of its own has that of none of the program's threads. */
	thread_priority_set(THREAD_PRIORITY_DEFAULT);
	helper_is_ready(helper);
	for (;;) {
		uint32_t moment = irq_moment(page);

		for (int i = 0; i < ATTACHMENTS; i++)
			attachment_look(&attachments[i], page);
		irq_wait(page, moment);
	}
}

/* ---- Attaching ---- */

/* With the lock. Ids begin with 1. */
static struct attachment *attachment_find(int id)
{
	if (id < 1 || id > ATTACHMENTS || !attachments[id - 1].used)
		return NULL;
	return &attachments[id - 1];
}

/* With the lock. */
static int attachment_new(int intr, const struct sigevent *event, unsigned flags,
			  const struct irq_page *page)
{
	int at = 0;

	while (at < ATTACHMENTS && attachments[at].used)
		at++;
	if (at == ATTACHMENTS)
		return -EAGAIN;
	attachments[at] = (struct attachment){
		.used = true,
		.masks = flags & _NTO_INTR_FLAGS_NO_UNMASK ? 1 : 0,
		.flags = flags,
		.intr = intr,
		.tid = thread_tid(),
		.seen = __atomic_load_n(&page->counts[intr], __ATOMIC_ACQUIRE),
		.event = *event,
	};
	return at + 1;
}

static int event_check(const struct sigevent *event)
{
	if (!event)
		return -EINVAL;
	if (SIGEV_GET_TYPE(event) == SIGEV_INTR)
		return waiter_mine() ? 0 : -EAGAIN;
	return MsgVerifyEvent_r(0, event);
}

EXPORT int InterruptAttachEvent_r(int intr, const struct sigevent *event, unsigned flags)
{
	struct irq_page *page;
	sigset_t mask;
	int r;

	if (intr < 0 || intr > KAMIOKA_IRQ_MAX)
		return -EINVAL;
	interrupt_own();
	r = event_check(event);
	if (r == 0)
		r = interrupt_map(&page);
	if (r == 0)
		r = helper_start(&interrupt_helper);
	if (r < 0)
		return r;
	lock_take(&interrupt_lock, &mask);
	r = attachment_new(intr, event, flags, page);
	lock_give(&interrupt_lock, &mask);
	return r;
}

EXPORT int InterruptAttachEvent(int intr, const struct sigevent *event, unsigned flags)
{
	return result_errno(InterruptAttachEvent_r(intr, event, flags));
}

EXPORT int InterruptDetach_r(int id)
{
	struct attachment *a;
	sigset_t mask;

	interrupt_own();
	lock_take(&interrupt_lock, &mask);
	a = attachment_find(id);
	if (a)
		a->used = false;
	lock_give(&interrupt_lock, &mask);
	return a ? EOK : EINVAL;
}

EXPORT int InterruptDetach(int id)
{
	return result_errno(-InterruptDetach_r(id));
}

/* A thread ends: what it attached for itself goes, and its place. */
static void interrupt_thread_ends(void)
{
	pid_t self = thread_tid();
	struct waiter *w;
	sigset_t mask;

	if (__atomic_load_n(&interrupt_owner, __ATOMIC_ACQUIRE) != thread_generation())
		return;
	lock_take(&interrupt_lock, &mask);
	for (int i = 0; i < ATTACHMENTS; i++)
		if (attachments[i].tid == self && !(attachments[i].flags & _NTO_INTR_FLAGS_PROCESS))
			attachments[i].used = false;
	lock_give(&interrupt_lock, &mask);
	w = waiter_find(self);
	if (!w)
		return;
	__atomic_store_n(&w->came, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&w->tid, 0, __ATOMIC_RELEASE);
}

__attribute__((constructor)) static void interrupt_init(void)
{
	thread_on_exit(interrupt_thread_ends);
}

/* ---- Masking ---- */

/* With the lock. */
static void mask_change(struct attachment *a, bool mask, struct due *ret)
{
	if (mask)
		a->masks++;
	else if (a->masks > 0 && --a->masks == 0 && a->pending)
		attachment_fire(a, ret);
}

static int mask_one(struct attachment *a, int intr, bool mask, struct due *ret)
{
	unsigned level;

	if (!a || a->intr != intr)
		return -EINVAL;
	mask_change(a, mask, ret);
	/* As it was before what was pending masked it again. */
	level = ret->is_due ? 0 : a->masks;
	return (int)level;
}

static int mask_any(int intr, int id, bool mask)
{
	struct due due = {0};
	sigset_t signals;
	int r;

	interrupt_own();
	lock_take(&interrupt_lock, &signals);
	r = mask_one(attachment_find(id), intr, mask, &due);
	lock_give(&interrupt_lock, &signals);
	due_deliver(&due);
	return r;
}

/* Each that the process has of @intr; the highest level. */
static int mask_each(int intr, bool mask)
{
	int level = -EINVAL;

	if (intr < 0 || intr > KAMIOKA_IRQ_MAX)
		return -EINVAL;
	for (int id = 1; id <= ATTACHMENTS; id++) {
		int r = mask_any(intr, id, mask);

		if (r > level)
			level = r;
	}
	return level;
}

EXPORT int InterruptMask(int intr, int id)
{
	return result_errno(id == -1 ? mask_each(intr, true) : mask_any(intr, id, true));
}

EXPORT int InterruptUnmask(int intr, int id)
{
	return result_errno(id == -1 ? mask_each(intr, false) : mask_any(intr, id, false));
}

/* ---- What no program here may do ---- */

EXPORT int InterruptAttach_r(int intr, const struct sigevent *(*handler)(void *area, int id),
			     const void *area, int size, unsigned flags)
{
	(void)intr;
	(void)handler;
	(void)area;
	(void)size;
	(void)flags;
	return -EPERM;
}

EXPORT int InterruptAttach(int intr, const struct sigevent *(*handler)(void *area, int id),
			   const void *area, int size, unsigned flags)
{
	return result_errno(InterruptAttach_r(intr, handler, area, size, flags));
}

EXPORT int InterruptHookIdle(void (*handler)(uint64_t *, void *), unsigned flags)
{
	(void)handler;
	(void)flags;
	return result_errno(-EPERM);
}

EXPORT int InterruptHookTrace(const struct sigevent *(*handler)(int), unsigned flags)
{
	(void)handler;
	(void)flags;
	return result_errno(-EPERM);
}

EXPORT void *mmap_device_memory(void *addr, size_t len, int prot, int flags, uint64_t physical)
{
	(void)addr;
	(void)len;
	(void)prot;
	(void)flags;
	(void)physical;
	errno = EPERM;
	return MAP_FAILED;
}

EXPORT uintptr_t mmap_device_io(size_t len, uint64_t io)
{
	(void)len;
	(void)io;
	errno = EPERM;
	return MAP_DEVICE_FAILED;
}

EXPORT int munmap_device_memory(void *addr, size_t len)
{
	(void)addr;
	(void)len;
	return result_errno(-EINVAL);
}

EXPORT int munmap_device_io(uintptr_t io, size_t len)
{
	(void)io;
	(void)len;
	return result_errno(-EINVAL);
}
