// SPDX-License-Identifier: Apache-2.0
/*
 * ClockTime(), ClockId(), ClockCycles(), ClockPeriod(), ClockAdjust().
 *
 * A cycle is a nanosecond of CLOCK_MONOTONIC: the processor's own counter may stop, differ
 * between processors or be slow to read in a virtual machine, and nobody tells an ordinary
 * user how fast it is.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/neutrino.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "client/export.h"
#include "client/result.h"

#define NS_PER_S 1000000000u

static int clock_get(clockid_t id, uint64_t *ret_ns)
{
	struct timespec now;

	if (clock_gettime(id, &now) < 0)
		return errno;
	*ret_ns = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
	return EOK;
}

static int clock_put(clockid_t id, uint64_t ns)
{
	const struct timespec at = {
		.tv_sec = (time_t)(ns / NS_PER_S),
		.tv_nsec = (long)(ns % NS_PER_S),
	};

	return clock_settime(id, &at) < 0 ? errno : EOK;
}

EXPORT int ClockTime_r(clockid_t id, const uint64_t *new_time, uint64_t *old)
{
	uint64_t fresh = new_time ? *new_time : 0, former = 0; /* may be the same place */
	int r = clock_get(id, &former);

	if (r == EOK && new_time)
		r = clock_put(id, fresh);
	if (r == EOK && old)
		*old = former;
	return r;
}

EXPORT int ClockTime(clockid_t id, const uint64_t *new_time, uint64_t *old)
{
	return result_errno(-ClockTime_r(id, new_time, old));
}

/* The kernel's numbers of such clocks: the id's complement, and what it is an id of. */
enum { CPU_CLOCK_SCHED = 2, CPU_CLOCK_THREAD = 4 };

EXPORT int ClockId_r(pid_t pid, int tid)
{
	struct timespec resolution;
	clockid_t id;

	if (pid < 0 || tid < 0)
		return -ESRCH;
	if (pid == 0)
		pid = getpid();
	if (tid == 0)
		id = (clockid_t)(~(unsigned)pid << 3 | CPU_CLOCK_SCHED);
	else
		id = (clockid_t)(~(unsigned)(tid == 1 ? pid : tid) << 3 | CPU_CLOCK_SCHED |
				 CPU_CLOCK_THREAD);
	/* differs: the kernel knows the threads of the calling process only. */
	return clock_getres(id, &resolution) < 0 ? -ESRCH : id;
}

EXPORT int ClockId(pid_t pid, int tid)
{
	int r = ClockId_r(pid, tid);

	/* A clock's number is negative itself, and far from an errno's. */
	return r < 0 && r >= -ESRCH ? result_errno(r) : r;
}

EXPORT uint64_t ClockCycles(void)
{
	uint64_t now = 0;

	(void)clock_get(CLOCK_MONOTONIC, &now); /* cannot fail */
	return now;
}

/* What the process has asked for; 0: nothing. */
static uint32_t period_noted;

EXPORT int ClockPeriod_r(clockid_t id, const struct _clockperiod *period, struct _clockperiod *old,
			 int reserved)
{
	uint32_t noted = __atomic_load_n(&period_noted, __ATOMIC_RELAXED);
	struct timespec resolution;

	if (reserved != 0 || (id != CLOCK_REALTIME && id != CLOCK_MONOTONIC) ||
	    (period && period->fract != 0) || clock_getres(id, &resolution) < 0)
		return EINVAL;
	if (period && period->nsec != 0)
		__atomic_store_n(&period_noted, period->nsec, __ATOMIC_RELAXED);
	if (old) {
		old->nsec = noted ? noted : (uint32_t)resolution.tv_nsec;
		old->fract = 0;
	}
	return EOK;
}

EXPORT int ClockPeriod(clockid_t id, const struct _clockperiod *period, struct _clockperiod *old,
		       int reserved)
{
	return result_errno(-ClockPeriod_r(id, period, old, reserved));
}

/* What is left of an adjustment: in ticks of a microsecond. */
static void adjust_tell(long left_us, struct _clockadjust *ret)
{
	ret->tick_nsec_inc = left_us < 0 ? -1000 : left_us > 0 ? 1000 : 0;
	ret->tick_count = (uint32_t)(left_us < 0 ? -left_us : left_us);
}

EXPORT int ClockAdjust_r(clockid_t id, const struct _clockadjust *adjust, struct _clockadjust *old)
{
	struct timex left = {.modes = ADJ_OFFSET_SS_READ};
	struct timex offset = {.modes = ADJ_OFFSET_SINGLESHOT};

	if (id != CLOCK_REALTIME)
		return EINVAL;
	if (adjust)
		offset.offset = (long)((int64_t)adjust->tick_nsec_inc * adjust->tick_count / 1000);
	if (adjtimex(&left) < 0 || (adjust && adjtimex(&offset) < 0))
		return errno;
	if (old)
		adjust_tell(left.offset, old);
	return EOK;
}

EXPORT int ClockAdjust(clockid_t id, const struct _clockadjust *adjust, struct _clockadjust *old)
{
	return result_errno(-ClockAdjust_r(id, adjust, old));
}
