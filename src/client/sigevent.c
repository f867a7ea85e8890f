// SPDX-License-Identifier: Apache-2.0
/*
 * struct sigevent, ours, put into the words of those who take it: the manager,
 * and glibc's timer_create() and mq_notify().
 *
 * differs: a SIGEV_SIGNAL_CODE timer or queue sends its signal with the code
 * that the kernel gives to such signals.
 */
#include "client/sigevent.h"

#include <dlfcn.h>
#include <errno.h>
#include <mqueue.h>
#include <string.h>
#include <sys/siginfo.h>
#include <time.h>
#include <unistd.h>

#include "client/export.h"
#include "client/result.h"

_Static_assert(SIGEV_SIGNAL == (int)EVENT_TYPE_SIGNAL && SIGEV_NONE == (int)EVENT_TYPE_NONE &&
		       SIGEV_THREAD == (int)EVENT_TYPE_THREAD &&
		       SIGEV_THREAD_ID == (int)EVENT_TYPE_THREAD_ID,
	       "types on the wire are Linux's");
_Static_assert(SIGEV_FLAG_UPDATEABLE == (int)EVENT_FLAG_UPDATEABLE, "flags on the wire");

static int signal_to_wire(const struct sigevent *ev, uint32_t type, struct event *ret)
{
	if (ev->sigev_signo < 1 || ev->sigev_signo >= NSIG)
		return -EINVAL;
	ret->notify |= type;
	ret->signo = ev->sigev_signo;
	return 0;
}

int sigevent_to_wire(const struct sigevent *ev, struct event *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->notify = (uint32_t)(ev->sigev_notify & ~SIGEV_FLAG_TYPE_MASK);
	if (ev->sigev_notify & SIGEV_FLAG_SIVAL_INT)
		ret->value = (uint32_t)ev->sigev_value.sival_int;
	else
		ret->value = (uintptr_t)ev->sigev_value.sival_ptr;
	switch (SIGEV_GET_TYPE(ev)) {
	case SIGEV_NONE:
		ret->notify |= EVENT_TYPE_NONE;
		return 0;
	case SIGEV_SIGNAL:
		return signal_to_wire(ev, EVENT_TYPE_SIGNAL, ret);
	case SIGEV_SIGNAL_CODE:
		ret->code = ev->sigev_code;
		return signal_to_wire(ev, EVENT_TYPE_SIGNAL_CODE, ret);
	case SIGEV_SIGNAL_THREAD:
		ret->code = ev->sigev_code;
		ret->tid = gettid();
		return signal_to_wire(ev, EVENT_TYPE_THREAD_ID, ret);
	case SIGEV_THREAD_ID:
		ret->tid = ev->_sigev_un._tid;
		return ret->tid > 0 ? signal_to_wire(ev, EVENT_TYPE_THREAD_ID, ret) : -EINVAL;
	case SIGEV_THREAD:
		ret->notify |= EVENT_TYPE_THREAD;
		return ev->_sigev_un._sigev_thread._function ? 0 : -EINVAL;
	case SIGEV_PULSE:
		return -ENOTSUP;
	default:
		return -EINVAL;
	}
}

int sigevent_to_libc(const struct sigevent *ev, struct sigevent *ret)
{
	int type = SIGEV_GET_TYPE(ev);

	memset(ret, 0, sizeof(*ret));
	ret->sigev_value = ev->sigev_value;
	ret->sigev_signo = ev->sigev_signo;
	switch (type) {
	case SIGEV_NONE:
	case SIGEV_SIGNAL:
		break;
	case SIGEV_SIGNAL_CODE:
		type = SIGEV_SIGNAL;
		break;
	case SIGEV_SIGNAL_THREAD:
		type = SIGEV_THREAD_ID;
		ret->_sigev_un._tid = gettid();
		break;
	case SIGEV_THREAD_ID:
	case SIGEV_THREAD:
		ret->_sigev_un = ev->_sigev_un;
		break;
	case SIGEV_PULSE:
		return -ENOTSUP;
	default:
		return -EINVAL;
	}
	ret->sigev_notify = type;
	return 0;
}

/* glibc's own; NULL in a program without it. */
static void *libc_function(const char *name, void **cached)
{
	void *found = __atomic_load_n(cached, __ATOMIC_RELAXED);

	if (!found) {
		found = dlsym(RTLD_NEXT, name);
		__atomic_store_n(cached, found, __ATOMIC_RELAXED);
	}
	return found;
}

EXPORT int timer_create(clockid_t clock, struct sigevent *ev, timer_t *ret_timer)
{
	static void *cached;
	int (*make)(clockid_t, struct sigevent *, timer_t *);
	struct sigevent plain;
	int r = ev ? sigevent_to_libc(ev, &plain) : 0;
	void *found = libc_function("timer_create", &cached);

	if (r < 0 || !found)
		return result_errno(r < 0 ? r : -ENOSYS);
	memcpy(&make, &found, sizeof(make));
	return make(clock, ev ? &plain : NULL, ret_timer);
}

EXPORT int mq_notify(mqd_t queue, const struct sigevent *ev)
{
	static void *cached;
	int (*notify)(mqd_t, const struct sigevent *);
	struct sigevent plain;
	int r = ev ? sigevent_to_libc(ev, &plain) : 0;
	void *found = libc_function("mq_notify", &cached);

	if (r < 0 || !found)
		return result_errno(r < 0 ? r : -ENOSYS);
	memcpy(&notify, &found, sizeof(notify));
	return notify(queue, ev ? &plain : NULL);
}
