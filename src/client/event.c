// SPDX-License-Identifier: Apache-2.0
/*
 * Asking to be told of what happens in the node: procmgr_event_*() and
 * procmgr_value_*().
 *
 * Signals the manager sends itself. For a function (SIGEV_THREAD) it writes a
 * line into the page and wakes event_head; a thread of ours sleeps there and
 * starts one for each line, which runs the function. What to run stays here, in
 * the targets; the manager knows a target by its handle. That thread is made
 * at the first such request, has all signals blocked, and is gone after fork,
 * as the requests are.
 */
#include <sys/procmgr.h>

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/siginfo.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/event.h"
#include "client/export.h"
#include "client/node.h"
#include "client/result.h"
#include "client/sigevent.h"
#include "gen/proto.h"

#define TARGETS   256
#define NO_TARGET (-1)

struct event_target {
	void (*function)(union sigval value); /* NULL: free */
	pthread_attr_t attributes;
	int32_t id;      /* of the request, to find it when that is deleted; 0: not told yet */
	uint32_t number; /* counts its users, so that a late line for a former one is seen */
};

/* One run of a function. */
struct event_run {
	void (*function)(union sigval value);
	union sigval value;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct event_target targets[TARGETS];
static int32_t single = NO_TARGET; /* of procmgr_event_notify() */
static pid_t owner;                /* whose all this is: a forked child begins anew */
static bool helper_runs;

static void event_lock(void)
{
	pid_t self = getpid();

	if (__atomic_load_n(&owner, __ATOMIC_ACQUIRE) != self) {
		/* After a fork of a process with threads somebody may hold it for ever. */
		pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;

		lock = fresh;
		helper_runs = false;
		single = NO_TARGET;
		for (int i = 0; i < TARGETS; i++)
			targets[i].function = NULL;
		__atomic_store_n(&owner, self, __ATOMIC_RELEASE);
	}
	(void)pthread_mutex_lock(&lock); /* a plain mutex: cannot fail */
}

static void event_unlock(void)
{
	(void)pthread_mutex_unlock(&lock); /* as above */
}

unsigned event_own_threads(void)
{
	return __atomic_load_n(&helper_runs, __ATOMIC_ACQUIRE) && owner == getpid();
}

static uint32_t handle_of(int at)
{
	return targets[at].number * TARGETS + (uint32_t)at;
}

/* NO_TARGET: what was asked for is gone already. */
static int target_of(uint64_t handle)
{
	int at = (int)(handle % TARGETS);

	return targets[at].function && handle_of(at) == (uint32_t)handle ? at : NO_TARGET;
}

static void *run_function(void *arg)
{
	auto_free struct event_run *mine = arg;
	struct event_run run = *mine;
	sigset_t none;

	free(ptr_take(mine)); /* the function may end the thread */
	sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL); /* cannot fail */
	run.function(run.value);
	return NULL;
}

/* differs: an event whose thread cannot be made is lost; nobody is there to tell. */
static void event_deliver(const struct page_event *event)
{
	auto_free struct event_run *run = malloc(sizeof(*run));
	pthread_t thread;
	int at;

	if (!run)
		return;
	event_lock();
	at = target_of(event->handle);
	if (at != NO_TARGET) {
		run->function = targets[at].function;
		run->value.sival_ptr = (void *)(uintptr_t)event->value;
		if (pthread_create(&thread, &targets[at].attributes, run_function, run) == 0)
			(void)ptr_take(run);
	}
	event_unlock();
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
	__atomic_store_n(&page->head.event_tail, tail + 1, __ATOMIC_SEQ_CST);
	return true;
}

static void *event_loop(void *unused)
{
	struct page_event event;
	uint32_t head;

	(void)unused;
	for (;;) {
		struct page *page = node_page_mine();

		if (!page)
			return NULL;
		while (event_take(page, &event, &head))
			event_deliver(&event);
		/* The manager says so before it looks for room; a node that is gone has none. */
		if (__atomic_load_n(&page->head.event_more, __ATOMIC_SEQ_CST))
			(void)node_ring();
		(void)syscall(SYS_futex, &page->head.event_head, FUTEX_WAIT, head, NULL);
	}
}

static int helper_start(void)
{
	pthread_t thread;
	pthread_attr_t attr;
	sigset_t all, old;
	int r;

	if (helper_runs)
		return 0;
	sigfillset(&all);
	(void)pthread_attr_init(&attr);                                    /* cannot fail */
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED); /* same */
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);                    /* same */
	r = pthread_create(&thread, &attr, event_loop, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)pthread_attr_destroy(&attr);
	__atomic_store_n(&helper_runs, r == 0, __ATOMIC_RELEASE);
	return -r;
}

/*
 * The attributes of the program's threads, which are detached whatever they
 * say. A stack of the program's own is not taken: two may run at once.
 */
static void copy_attributes(const pthread_attr_t *from, pthread_attr_t *ret)
{
	struct sched_param param;
	size_t size;
	int value;

	(void)pthread_attr_init(
		ret); /* these fail for bad values only, and then the default holds */
	(void)pthread_attr_setdetachstate(ret, PTHREAD_CREATE_DETACHED);
	if (!from)
		return;
	if (pthread_attr_getstacksize(from, &size) == 0)
		(void)pthread_attr_setstacksize(ret, size);
	if (pthread_attr_getguardsize(from, &size) == 0)
		(void)pthread_attr_setguardsize(ret, size);
	if (pthread_attr_getschedpolicy(from, &value) == 0)
		(void)pthread_attr_setschedpolicy(ret, value);
	if (pthread_attr_getschedparam(from, &param) == 0)
		(void)pthread_attr_setschedparam(ret, &param);
	if (pthread_attr_getinheritsched(from, &value) == 0)
		(void)pthread_attr_setinheritsched(ret, value);
}

static int target_new(const struct sigevent *ev)
{
	int at = 0;

	while (at < TARGETS && targets[at].function)
		at++;
	if (at == TARGETS)
		return -EAGAIN;
	targets[at].function = ev->_sigev_un._sigev_thread._function;
	targets[at].id = 0;
	targets[at].number++;
	copy_attributes(ev->_sigev_un._sigev_thread._attribute, &targets[at].attributes);
	return at;
}

static void target_free(int at)
{
	if (at == NO_TARGET)
		return;
	targets[at].function = NULL;
	(void)pthread_attr_destroy(&targets[at].attributes);
}

/*
 * @ev for the manager, with its target if it needs one (*ret_target, else
 * NO_TARGET). To be called with the lock.
 */
static int event_prepare(const struct sigevent *ev, struct event *ret, int *ret_target)
{
	int r, at;

	*ret_target = NO_TARGET;
	if (!ev)
		return -EINVAL;
	r = sigevent_to_wire(ev, ret);
	if (r < 0 || SIGEV_GET_TYPE(ev) != SIGEV_THREAD)
		return r;
	r = node_attach();
	if (r < 0)
		return r;
	r = helper_start();
	if (r < 0)
		return r;
	at = target_new(ev);
	if (at < 0)
		return at;
	ret->code = (int32_t)handle_of(at);
	*ret_target = at;
	return 0;
}

static int notify_locked(unsigned flags, const struct sigevent *ev)
{
	struct proto_event_notify_in in = {.flags = flags};
	struct proto_event_notify_out out;
	int target = NO_TARGET;
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
static int keep_target(int r, int target, int32_t id)
{
	if (r < 0) {
		target_free(target);
		return r;
	}
	if (target != NO_TARGET)
		targets[target].id = id;
	return id;
}

static int add_locked(unsigned flags, const struct sigevent *ev)
{
	struct proto_event_add_in in = {.flags = flags};
	struct proto_event_add_out out = {0};
	int target;
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
	for (int at = 0; r == 0 && at < TARGETS; at++)
		if (targets[at].function && targets[at].id == id)
			target_free(at);
	event_unlock();
	return result_errno(r);
}

EXPORT int procmgr_event_trigger(unsigned flags)
{
	struct proto_event_trigger_in in = {.flags = flags};
	struct proto_event_trigger_out out;

	return result_errno(call_event_trigger(&in, &out));
}

EXPORT int procmgr_event_trigger_updateable(unsigned flags, int value)
{
	struct proto_event_trigger_in in = {.flags = flags, .updateable = 1, .value = value};
	struct proto_event_trigger_out out;

	return result_errno(call_event_trigger(&in, &out));
}

static int value_add_locked(struct proto_value_add_in *in, const struct sigevent *ev)
{
	const unsigned directions = PROCMGR_VALUE_TRIGGER_UP | PROCMGR_VALUE_TRIGGER_DOWN;
	struct proto_value_add_out out = {0};
	int target = NO_TARGET;
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
