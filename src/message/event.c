// SPDX-License-Identifier: Apache-2.0
/*
 * Asking to be told of what happens in the node: procmgr_event_*() and
 * procmgr_value_*().
 *
 * Signals the manager sends itself. All else (pulses, functions, memory) it writes
 * as a line into the page and wakes event_head; a thread of ours sleeps there and does
 * what each line wants. What that is stays here; the manager knows it by its handle.
 * That thread is made at the first such request and is gone after fork, as the requests
 * are.
 */
#include <sys/procmgr.h>

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/neutrino.h>
#include <sys/siginfo.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "client/export.h"
#include "client/helper.h"
#include "client/node.h"
#include "client/result.h"
#include "gen/proto.h"
#include "message/deliver.h"
#include "message/kept.h"
#include "message/registered.h"
#include "message/sigevent.h"
#include "message/thread.h"

#define NO_TARGET 0u

/* How long an event is kept at the door that is full: a channel without room for a pulse,
 * no memory for a thread. Meanwhile the others wait, in the page and in the manager. */
#define EVENT_TRIES 2000
#define EVENT_PAUSE 1000000 /* ns */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t single = NO_TARGET; /* of procmgr_event_notify() */
static uint32_t owner;              /* of which generation that is */
/* Orders what a trigger comes after before what it brings about, for who does not see
 * through the manager: a thread sanitizer. */
static unsigned triggers;

static void event_begin(void)
{
	/* After a fork of a process with threads somebody may hold it for ever. */
	pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;

	lock = fresh;
	single = NO_TARGET;
}

static void event_lock(void)
{
	thread_first(&owner, event_begin);
	(void)pthread_mutex_lock(&lock); /* a plain mutex: cannot fail */
}

static void event_unlock(void)
{
	(void)pthread_mutex_unlock(&lock); /* as above */
}

static void event_pause(void)
{
	const struct timespec pause = {.tv_nsec = EVENT_PAUSE};

	(void)nanosleep(&pause, NULL); /* the caller looks again */
}

/* -EAGAIN: not now. What was asked for may be gone already: then nothing is done. */
static int event_try(const struct page_event *event)
{
	struct kept target;

	if (!kept_get(KEPT_NOTIFY, (uint32_t)event->handle, &target, NULL))
		return 0;
	target.event.sigev_value.sival_ptr = (void *)(uintptr_t)event->value;
	return deliver_here(&target.event, target.tid);
}

static void event_deliver(const struct page_event *event)
{
	static uint64_t given_up; /* the handle of a door that stays full: tried once only */
	int tries = event->handle == given_up ? 1 : EVENT_TRIES;

	while (event_try(event) == -EAGAIN) {
		if (--tries == 0) {
			given_up = event->handle;
			return;
		}
		event_pause();
	}
	if (given_up == event->handle)
		given_up = 0;
}

/* One line of the page. false: there is none. */
static bool event_take(struct page *page, struct page_event *ret, uint32_t *ret_head)
{
	uint32_t head = __atomic_load_n(&page->head.event_head, __ATOMIC_ACQUIRE);
	uint32_t tail = page->head.event_tail;

	*ret_head = head;
	if (head == tail)
		return false;
	/* Somebody scribbled there. */
	if (head - tail > PAGE_EVENTS)
		tail = head - PAGE_EVENTS;
	*ret = page->events[tail % PAGE_EVENTS];
	(void)__atomic_load_n(&triggers, __ATOMIC_ACQUIRE); /* for its order alone */
	__atomic_store_n(&page->head.event_tail, tail + 1, __ATOMIC_SEQ_CST);
	return true;
}

static void event_main(struct helper *h)
{
	struct page_event event;
	uint32_t head;

	/* As new as a process: a pulse without a priority of its own has that of none of
	 * the program's threads. */
	thread_priority_set(THREAD_PRIORITY_DEFAULT);
	helper_is_ready(h);
	for (;;) {
		struct page *page = node_page_mine();

		if (!page)
			return;
		while (event_take(page, &event, &head))
			event_deliver(&event);
		/* The manager says so before it looks for room; a node that is gone has none. */
		if (__atomic_load_n(&page->head.event_more, __ATOMIC_SEQ_CST))
			(void)node_ring();
		(void)syscall(SYS_futex, &page->head.event_head, FUTEX_WAIT, head, NULL);
	}
}

static struct helper event_helper = {.main = event_main};

static void target_free(uint32_t target)
{
	if (target != NO_TARGET)
		(void)kept_remove(KEPT_NOTIFY, target); /* only we do */
}

/*
 * @ev for the manager, with its target if it needs one (*ret_target, else
 * NO_TARGET). To be called with the lock.
 */
static int event_prepare(const struct sigevent *ev, struct event *ret, uint32_t *ret_target)
{
	struct kept kept;
	int rc;

	*ret_target = NO_TARGET;
	if (!ev)
		return -EINVAL;
	rc = registered_allows(ev, SYSMGR_COID);
	if (rc == 0)
		rc = sigevent_to_wire(ev, ret);
	if (rc < 0 || (ret->notify & SIGEV_FLAG_TYPE_MASK) != EVENT_TYPE_THREAD)
		return rc;
	rc = node_attach();
	if (rc == 0)
		rc = helper_start(&event_helper);
	if (rc < 0)
		return rc;
	kept_init(&kept, ev);
	rc = kept_add(KEPT_NOTIFY, 0, &kept, ret_target);
	if (rc == 0)
		ret->code = (int32_t)*ret_target;
	return rc;
}

static int notify_locked(unsigned flags, const struct sigevent *ev)
{
	struct proto_event_notify_in in = {.flags = flags};
	struct proto_event_notify_out out;
	uint32_t target = NO_TARGET;
	int r = 0;

	if (flags)
		r = event_prepare(ev, &in.event, &target);
	if (r == 0)
		r = call_event_notify(&in, &out);
	if (r < 0) {
		target_free(target);
		return r;
	}
	target_free(single);
	single = target;
	return 0;
}

EXPORT int procmgr_event_notify(unsigned flags, const struct sigevent *event)
{
	int r;

	event_lock();
	r = notify_locked(flags, event);
	event_unlock();
	return result_errno(r);
}

/* What both kinds of requests with an id end with. */
static int keep_target(int r, uint32_t target, int32_t id)
{
	if (r < 0) {
		target_free(target);
		return r;
	}
	if (target != NO_TARGET)
		kept_set_key(target, id);
	return id;
}

static int add_locked(unsigned flags, const struct sigevent *ev)
{
	struct proto_event_add_in in = {.flags = flags};
	struct proto_event_add_out out = {0};
	uint32_t target;
	int r = event_prepare(ev, &in.event, &target);

	if (r == 0)
		r = call_event_add(&in, &out);
	return keep_target(r, target, out.id);
}

EXPORT int procmgr_event_notify_add(unsigned flags, const struct sigevent *event)
{
	int r;

	event_lock();
	r = add_locked(flags, event);
	event_unlock();
	return result_errno(r);
}

EXPORT int procmgr_event_notify_delete(int id)
{
	struct proto_event_delete_in in = {.id = id};
	struct proto_event_delete_out out;
	int r;

	event_lock();
	r = id > 0 ? call_event_delete(&in, &out) : -EINVAL;
	if (r == 0)
		target_free(kept_find(KEPT_NOTIFY, id));
	event_unlock();
	return result_errno(r);
}

static int event_trigger(const struct proto_event_trigger_in *in)
{
	struct proto_event_trigger_out out;

	__atomic_add_fetch(&triggers, 1, __ATOMIC_RELEASE);
	return call_event_trigger(in, &out);
}

EXPORT int procmgr_event_trigger(unsigned flags)
{
	const struct proto_event_trigger_in in = {.flags = flags};

	return result_errno(event_trigger(&in));
}

EXPORT int procmgr_event_trigger_updateable(unsigned flags, int value)
{
	const struct proto_event_trigger_in in = {.flags = flags, .updateable = 1, .value = value};

	return result_errno(event_trigger(&in));
}

static int value_add_locked(struct proto_value_add_in *in, const struct sigevent *ev)
{
	const unsigned directions = PROCMGR_VALUE_TRIGGER_UP | PROCMGR_VALUE_TRIGGER_DOWN;
	struct proto_value_add_out out = {0};
	uint32_t target = NO_TARGET;
	int r = 0;

	/* Without a direction it is there to be read; nothing is ever delivered. */
	if (ev || (in->type & directions))
		r = event_prepare(ev, &in->event, &target);
	else
		in->event.notify = EVENT_TYPE_NONE;
	if (r == 0)
		r = call_value_add(in, &out);
	return keep_target(r, target, out.id);
}

EXPORT int procmgr_value_notify_add(unsigned type, int sub_id, uint64_t value,
				    const struct sigevent *event)
{
	struct proto_value_add_in in = {.type = type, .sub_id = sub_id, .value = value};
	int r;

	event_lock();
	r = value_add_locked(&in, event);
	event_unlock();
	return result_errno(r);
}

EXPORT uint64_t procmgr_value_current(int id)
{
	struct proto_value_current_in in = {.id = id};
	struct proto_value_current_out out;
	int r = call_value_current(&in, &out);

	if (r == 0)
		return out.value;
	errno = -r;
	return ~UINT64_C(0);
}
