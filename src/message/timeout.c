// SPDX-License-Identifier: Apache-2.0
/*
 * TimerTimeout(), timer_timeout(): a thread's limit for its next blocking call.
 *
 * Nothing runs while a limit is armed: it is a note of the thread's own, which the next
 * call that blocks in one of the states takes (timeout_take()) and minds by itself. So it
 * costs no timer, needs no cleaning up, and dies with its thread.
 *
 * A relative limit becomes a point of CLOCK_MONOTONIC here, so that setting the clock
 * moves absolute limits of CLOCK_REALTIME only.
 *
 * differs: a signal handler between TimerTimeout() and the call that blocks shares the
 * note: if it blocks in one of the states itself, it takes it.
 */
#include "message/timeout.h"

#include <errno.h>
#include <stddef.h>
#include <sys/neutrino.h>
#include <sys/states.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/cancel.h"
#include "client/export.h"
#include "client/result.h"
#include "message/deliver.h"

#define NS_PER_S 1000000000u
/* Centuries: the same as never, and far from overflow. */
#define NEVER_NS (UINT64_MAX / 4)

#define STATES                                                                                     \
	(_NTO_TIMEOUT_RECEIVE | _NTO_TIMEOUT_SEND | _NTO_TIMEOUT_REPLY | _NTO_TIMEOUT_SIGSUSPEND | \
	 _NTO_TIMEOUT_SIGWAITINFO | _NTO_TIMEOUT_NANOSLEEP | _NTO_TIMEOUT_MUTEX |                  \
	 _NTO_TIMEOUT_CONDVAR | _NTO_TIMEOUT_JOIN | _NTO_TIMEOUT_INTR | _NTO_TIMEOUT_SEM)

__thread uint32_t timeout_states;
static __thread struct timeout armed;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now = {0};

	(void)clock_gettime(clock, &now); /* the clock was looked at before */
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / NS_PER_S),
		.tv_nsec = (long)(ns % NS_PER_S),
	};
}

void timeout_take_slow(uint32_t state, struct timeout *ret)
{
	uint32_t rest = timeout_states & ~(UINT32_C(1) << state);

	*ret = armed;
	ret->is_armed = true;
	timeout_states = state == STATE_SEND ? rest & _NTO_TIMEOUT_REPLY : 0;
}

struct timespec timeout_at(const struct timeout *t)
{
	return timespec_of(t->polls ? 0 : t->at_ns);
}

const struct timespec *timeout_left(const struct timeout *t, struct timespec *ret_left)
{
	uint64_t now;

	if (!t->is_armed)
		return NULL;
	*ret_left = (struct timespec){0};
	if (t->polls)
		return ret_left;
	now = clock_ns(t->clock);
	if (t->at_ns > now)
		*ret_left = timespec_of(t->at_ns - now);
	return ret_left;
}

int timeout_expired(struct timeout *t)
{
	t->is_armed = false;
	if (t->polls || SIGEV_GET_TYPE(&t->event) == SIGEV_UNBLOCK)
		return -ETIMEDOUT;
	(void)deliver_here(&t->event, 0); /* nobody is there to be told that it failed */
	return 0;
}

/* The call itself is the sleep. */
static int timeout_sleep(const struct timeout *t, uint64_t *ret_left_ns)
{
	struct timespec at = timeout_at(t);
	int cancel = cancel_open();
	long r = syscall(SYS_clock_nanosleep, t->clock, TIMER_ABSTIME, &at, NULL);
	int error = errno;
	uint64_t now;

	cancel_close(cancel);
	if (ret_left_ns) {
		now = clock_ns(t->clock);
		*ret_left_ns = t->at_ns > now && !t->polls ? t->at_ns - now : 0;
	}
	return r == 0 ? 0 : -error;
}

static bool clock_is_known(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
}

static int event_set(struct timeout *t, const struct sigevent *notify)
{
	int type = notify ? SIGEV_GET_TYPE(notify) : SIGEV_UNBLOCK;

	if (!notify) {
		SIGEV_UNBLOCK_INIT(&t->event);
		return 0;
	}
	if ((type == SIGEV_SIGNAL || type == SIGEV_SIGNAL_CODE || type == SIGEV_SIGNAL_THREAD) &&
	    (notify->sigev_signo < 1 || notify->sigev_signo >= NSIG))
		return -EINVAL;
	t->event = *notify;
	return 0;
}

/* @ns: NULL polls. */
static int timeout_new(clockid_t clock, int flags, const struct sigevent *notify,
		       const uint64_t *ns, struct timeout *ret)
{
	bool absolute = flags & TIMER_ABSTIME;
	uint64_t limit = ns && *ns < NEVER_NS ? *ns : NEVER_NS;

	if (!clock_is_known(clock))
		return -EINVAL;
	*ret = (struct timeout){
		.is_armed = true,
		.polls = !ns,
		.clock = absolute ? clock : CLOCK_MONOTONIC,
	};
	ret->at_ns = absolute ? limit : clock_ns(CLOCK_MONOTONIC) + limit;
	return event_set(ret, notify);
}

EXPORT int TimerTimeout_r(clockid_t id, int flags, const struct sigevent *notify,
			  const uint64_t *ntime, uint64_t *otime)
{
	uint32_t states = (uint32_t)flags & ~(uint32_t)TIMER_ABSTIME;
	int before = (int)timeout_states;
	struct timeout t;
	int r;

	if (states & ~(uint32_t)STATES)
		return -EINVAL;
	if (states == 0) {
		timeout_states = 0;
		return before;
	}
	r = timeout_new(id, flags, notify, ntime, &t);
	if (r < 0)
		return r;
	if (states == _NTO_TIMEOUT_NANOSLEEP) {
		timeout_states = 0;
		r = timeout_sleep(&t, otime);
		return r < 0 ? r : before;
	}
	armed = t;
	timeout_states = states;
	return before;
}

EXPORT int TimerTimeout(clockid_t id, int flags, const struct sigevent *notify,
			const uint64_t *ntime, uint64_t *otime)
{
	return result_errno(TimerTimeout_r(id, flags, notify, ntime, otime));
}

EXPORT int timer_timeout_r(clockid_t id, int flags, const struct sigevent *notify,
			   const struct timespec *ntime, struct timespec *otime)
{
	uint64_t ns = 0, left;
	int r;

	if (ntime && (ntime->tv_sec < 0 || ntime->tv_nsec < 0 || ntime->tv_nsec >= NS_PER_S))
		return -EINVAL;
	if (ntime && (uint64_t)ntime->tv_sec >= NEVER_NS / NS_PER_S)
		ns = NEVER_NS;
	else if (ntime)
		ns = (uint64_t)ntime->tv_sec * NS_PER_S + (uint64_t)ntime->tv_nsec;
	left = UINT64_MAX; /* not said */
	r = TimerTimeout_r(id, flags, notify, ntime ? &ns : NULL, &left);
	if (otime && left != UINT64_MAX)
		*otime = timespec_of(left);
	return r;
}

EXPORT int timer_timeout(clockid_t id, int flags, const struct sigevent *notify,
			 const struct timespec *ntime, struct timespec *otime)
{
	return result_errno(timer_timeout_r(id, flags, notify, ntime, otime));
}
