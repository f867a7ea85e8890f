// SPDX-License-Identifier: Apache-2.0
#include "message/sigevent.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/neutrino.h>
#include <sys/siginfo.h>
#include <unistd.h>

_Static_assert(SIGEV_SIGNAL == (int)EVENT_TYPE_SIGNAL && SIGEV_NONE == (int)EVENT_TYPE_NONE &&
		       SIGEV_THREAD == (int)EVENT_TYPE_THREAD &&
		       SIGEV_THREAD_ID == (int)EVENT_TYPE_THREAD_ID,
	       "types on the wire are Linux's");
_Static_assert(SIGEV_FLAG_UPDATEABLE == (int)EVENT_FLAG_UPDATEABLE, "flags on the wire");

static int check_signal(const struct sigevent *ev)
{
	return ev->sigev_signo < 1 || ev->sigev_signo >= NSIG ? -EINVAL : 0;
}

/* Priority 0 is refused; as elsewhere what is too high is no matter of form. */
static int check_pulse(const struct sigevent *ev)
{
	if (ev->sigev_priority < SIGEV_PULSE_PRIO_INHERIT || ev->sigev_priority == 0)
		return -EINVAL;
	return ev->sigev_code < INT8_MIN || ev->sigev_code > INT8_MAX ? -EINVAL : 0;
}

static int check_memory(const struct sigevent *ev)
{
	if (!ev->sigev_addr || (uintptr_t)ev->sigev_addr % sizeof(unsigned))
		return -EINVAL;
	return ev->sigev_memop < SIGEV_MEM_ASSIGN || ev->sigev_memop > SIGEV_MEM_BITTOGGLE ?
		       -EINVAL :
		       0;
}

int sigevent_check(const struct sigevent *ev)
{
	switch (SIGEV_GET_TYPE(ev)) {
	case SIGEV_NONE:
	case SIGEV_UNBLOCK:
	case SIGEV_INTR:
		return 0;
	case SIGEV_SIGNAL:
	case SIGEV_SIGNAL_CODE:
	case SIGEV_SIGNAL_THREAD:
		return check_signal(ev);
	case SIGEV_THREAD_ID:
		return ev->_sigev_un._tid > 0 ? check_signal(ev) : -EINVAL;
	case SIGEV_THREAD:
		return ev->_sigev_un._sigev_thread._function ? 0 : -EINVAL;
	case SIGEV_PULSE:
		return check_pulse(ev);
	case SIGEV_MEMORY:
		return check_memory(ev);
	case SIGEV_SEM:
		return ev->sigev_addr ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

union sigval sigevent_value(const struct sigevent *ev)
{
	union sigval value = ev->sigev_value;

	if (ev->sigev_notify & SIGEV_FLAG_SIVAL_INT)
		value.sival_ptr = (void *)(uintptr_t)(unsigned)ev->sigev_value.sival_int;
	return value;
}

/* Its wire type, where the manager itself can do it; else EVENT_TYPE_THREAD. */
static uint32_t wire_type(const struct sigevent *ev)
{
	if (ev->sigev_notify & SIGEV_FLAG_HANDLE)
		return EVENT_TYPE_THREAD;
	switch (SIGEV_GET_TYPE(ev)) {
	case SIGEV_NONE:
		return EVENT_TYPE_NONE;
	case SIGEV_SIGNAL:
		return EVENT_TYPE_SIGNAL;
	case SIGEV_SIGNAL_CODE:
		return EVENT_TYPE_SIGNAL_CODE;
	case SIGEV_SIGNAL_THREAD:
	case SIGEV_THREAD_ID:
		return EVENT_TYPE_THREAD_ID;
	default:
		return EVENT_TYPE_THREAD;
	}
}

int sigevent_to_wire(const struct sigevent *ev, struct event *ret)
{
	/* Nobody waits in a call that it could end. */
	if (SIGEV_GET_TYPE(ev) == SIGEV_UNBLOCK)
		return -EINVAL;
	if (!(ev->sigev_notify & SIGEV_FLAG_HANDLE) && sigevent_check(ev) < 0)
		return -EINVAL;
	memset(ret, 0, sizeof(*ret));
	ret->notify = (uint32_t)(ev->sigev_notify & ~SIGEV_FLAG_TYPE_MASK) | wire_type(ev);
	ret->value = (uintptr_t)sigevent_value(ev).sival_ptr;
	if (wire_type(ev) == EVENT_TYPE_THREAD || wire_type(ev) == EVENT_TYPE_NONE)
		return 0;
	ret->signo = ev->sigev_signo;
	if (SIGEV_GET_TYPE(ev) == SIGEV_SIGNAL_CODE || SIGEV_GET_TYPE(ev) == SIGEV_SIGNAL_THREAD)
		ret->code = ev->sigev_code;
	if (SIGEV_GET_TYPE(ev) == SIGEV_THREAD_ID)
		ret->tid = ev->_sigev_un._tid;
	if (SIGEV_GET_TYPE(ev) == SIGEV_SIGNAL_THREAD)
		ret->tid = gettid();
	return 0;
}

bool sigevent_to_libc(const struct sigevent *ev, struct sigevent *ret)
{
	int type = SIGEV_GET_TYPE(ev);

	if (ev->sigev_notify & SIGEV_FLAG_HANDLE)
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->sigev_value = ev->sigev_value;
	ret->sigev_signo = ev->sigev_signo;
	switch (type) {
	case SIGEV_NONE:
	case SIGEV_SIGNAL:
		break;
	case SIGEV_SIGNAL_THREAD:
		type = SIGEV_THREAD_ID;
		ret->_sigev_un._tid = gettid();
		break;
	case SIGEV_THREAD_ID:
	case SIGEV_THREAD:
		ret->_sigev_un = ev->_sigev_un;
		break;
	default:
		return false;
	}
	ret->sigev_notify = type;
	return true;
}
