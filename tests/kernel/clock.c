// SPDX-License-Identifier: Apache-2.0
/* Clocks and timers in the kernel's form, and the system page. */
#include "harness/harness.h"

#include <signal.h>
#include <sys/neutrino.h>
#include <sys/syspage.h>
#include <time.h>
#include <unistd.h>

#define S UINT64_C(1000000000)

static sigset_t blocked(int signo)
{
	sigset_t set;

	EXPECT_OK(sigemptyset(&set));
	EXPECT_OK(sigaddset(&set, signo));
	EXPECT_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	return set;
}

TEST(clocktime_is_the_clock_in_nanoseconds)
{
	struct timespec before, after;
	uint64_t now = 0;

	EXPECT_OK(clock_gettime(CLOCK_REALTIME, &before));
	EXPECT_OK(ClockTime(CLOCK_REALTIME, NULL, &now));
	EXPECT_OK(clock_gettime(CLOCK_REALTIME, &after));
	EXPECT_GE(now, (uint64_t)before.tv_sec * S + (uint64_t)before.tv_nsec);
	EXPECT_LE(now, (uint64_t)after.tv_sec * S + (uint64_t)after.tv_nsec);
	EXPECT_EQ(ClockTime_r(99, NULL, &now), EINVAL);
	EXPECT_ERRNO(ClockTime(CLOCK_MONOTONIC, &now, NULL), EINVAL);
}

TEST(clocktime_may_be_set_by_whom_the_kernel_lets)
{
	uint64_t now;

	if (geteuid() == 0)
		SKIP("root may set the clock");
	EXPECT_OK(ClockTime(CLOCK_REALTIME, NULL, &now));
	EXPECT_ERRNO(ClockTime(CLOCK_REALTIME, &now, NULL), EPERM);
}

TEST(clockid_is_a_clock_of_processor_time)
{
	struct timespec used;
	int process = ClockId(0, 0), thread = ClockId(0, gettid());

	EXPECT_OK(clock_gettime(process, &used));
	EXPECT_OK(clock_gettime(thread, &used));
	EXPECT_NE(process, thread);
	EXPECT_ERRNO(ClockId(0x0fffffff, 0), ESRCH);
}

TEST(clockcycles_and_syspage_measure_time)
{
	uint64_t cycles = ClockCycles(), ns, after;
	struct timespec moment = {.tv_nsec = 1000000};

	EXPECT_GT(SYSPAGE_ENTRY(qtime)->cycles_per_sec, 0);
	EXPECT_OK(nanosleep(&moment, NULL));
	after = ClockCycles();
	ns = (uint64_t)((double)(after - cycles) * (double)S /
			(double)SYSPAGE_ENTRY(qtime)->cycles_per_sec);
	EXPECT_GE(ns, 1000000);
}

TEST(syspage_knows_the_processors)
{
	EXPECT_EQ(_syspage_ptr->num_cpu, sysconf(_SC_NPROCESSORS_ONLN));
	EXPECT_EQ(SYSPAGE_ENTRY(cpuinfo)[0].cpu, 0);
	EXPECT_EQ(SYSPAGE_ENTRY_SIZE(cpuinfo),
		  _syspage_ptr->num_cpu * sizeof(struct cpuinfo_entry));
	EXPECT_EQ(SYSPAGE_CPU_ENTRY(x86, system_private)->pagesize, sysconf(_SC_PAGESIZE));
}

TEST(clockperiod_is_fine_and_what_was_asked_for)
{
	struct _clockperiod period = {0}, fresh = {.nsec = 500000};

	EXPECT_OK(ClockPeriod(CLOCK_REALTIME, NULL, &period, 0));
	EXPECT_GT(period.nsec, 0);
	EXPECT_LE(period.nsec, 10000000);
	EXPECT_OK(ClockPeriod(CLOCK_REALTIME, &fresh, NULL, 0));
	EXPECT_OK(ClockPeriod(CLOCK_REALTIME, NULL, &period, 0));
	EXPECT_EQ(period.nsec, 500000);
	EXPECT_EQ(ClockPeriod_r(99, NULL, &period, 0), EINVAL);
}

TEST(clockadjust_may_be_done_by_whom_the_kernel_lets)
{
	struct _clockadjust adjust = {.tick_nsec_inc = 1000, .tick_count = 1},
			    old = {.tick_count = 7};

	EXPECT_OK(ClockAdjust(CLOCK_REALTIME, NULL, &old));
	EXPECT_EQ(ClockAdjust_r(CLOCK_MONOTONIC, NULL, &old), EINVAL);
	if (geteuid() == 0)
		SKIP("root may adjust the clock");
	EXPECT_ERRNO(ClockAdjust(CLOCK_REALTIME, &adjust, NULL), EPERM);
}

TEST(timercreate_timer_fires_and_is_told_of)
{
	sigset_t set = blocked(SIGUSR1);
	struct _itimer itime = {.nsec = 1000000, .interval_nsec = 3600 * S}, old;
	struct _timer_info about;
	struct sigevent event;
	siginfo_t info;
	int id;

	SIGEV_SIGNAL_VALUE_INT_INIT(&event, SIGUSR1, 5);
	id = EXPECT_OK(TimerCreate(CLOCK_MONOTONIC, &event));
	EXPECT_EQ(TimerInfo(0, id, 0, &about), id);
	EXPECT_EQ(about.flags & _NTO_TI_ACTIVE, 0);
	EXPECT_OK(TimerSettime(id, 0, &itime, &old));
	EXPECT_EQ(old.nsec, 0);
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGUSR1);
	EXPECT_EQ(info.si_value.sival_int, 5);
	EXPECT_EQ(TimerInfo(getpid(), 0, _NTO_TIMER_SEARCH, &about), id);
	EXPECT_EQ(about.flags & _NTO_TI_ACTIVE, _NTO_TI_ACTIVE);
	EXPECT_EQ(about.otime.interval_nsec, itime.interval_nsec);
	EXPECT_EQ(about.clockid, CLOCK_MONOTONIC);
	EXPECT_EQ(about.event.sigev_signo, SIGUSR1);
	EXPECT_OK(TimerDestroy(id));
	EXPECT_ERRNO(TimerDestroy(id), EINVAL);
	EXPECT_EQ(TimerInfo_r(0, 0, _NTO_TIMER_SEARCH, &about), -EINVAL);
}

TEST(timercreate_without_event_is_sigalrm)
{
	sigset_t set = blocked(SIGALRM);
	struct _itimer itime = {.nsec = 1}; /* of the clock: long past */
	int id = EXPECT_OK(TimerCreate(CLOCK_REALTIME, NULL));

	EXPECT_OK(TimerSettime(id, TIMER_ABSTIME, &itime, NULL));
	EXPECT_EQ(sigwaitinfo(&set, NULL), SIGALRM);
	EXPECT_OK(TimerDestroy(id));
	EXPECT_EQ(TimerSettime_r(id, 0, &itime, NULL), EINVAL);
}

TEST(timeralarm_is_a_sigalrm_and_tells_the_former)
{
	sigset_t set = blocked(SIGALRM);
	struct _itimer itime = {.nsec = 3600 * S}, old = {0};

	EXPECT_OK(TimerAlarm(CLOCK_REALTIME, &itime, NULL));
	itime.nsec = 1;
	EXPECT_OK(TimerAlarm(CLOCK_REALTIME, &itime, &old));
	EXPECT_GT(old.nsec, 3000 * S);
	EXPECT_EQ(sigwaitinfo(&set, NULL), SIGALRM);
	EXPECT_EQ(TimerAlarm_r(99, &itime, NULL), EINVAL);
}
