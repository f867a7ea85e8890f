// SPDX-License-Identifier: Apache-2.0
/* The system page, filled in at its first use. */
#include <sys/syspage.h>

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/neutrino.h>
#include <time.h>
#include <unistd.h>

#include "client/export.h"

#define CPUS_MAX 1024
#define NS_PER_S 1000000000u

static struct qtime_entry qtime;
static struct cpuinfo_entry cpus[CPUS_MAX];
static struct system_private_entry system_private;
static struct syspage_entry page;
static pthread_once_t page_once = PTHREAD_ONCE_INIT;

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now = {0};

	(void)clock_gettime(clock, &now); /* cannot fail for these */
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void qtime_fill(void)
{
	struct _clockperiod period = {0};
	uint64_t wall = now_ns(CLOCK_REALTIME);

	(void)ClockPeriod_r(CLOCK_MONOTONIC, NULL, &period, 0); /* cannot fail */
	qtime.cycles_per_sec = NS_PER_S;
	qtime.nsec = now_ns(CLOCK_MONOTONIC);
	qtime.nsec_tod_adjust = wall - qtime.nsec;
	qtime.nsec_inc = period.nsec;
	qtime.boot_time = (uint32_t)((wall - now_ns(CLOCK_BOOTTIME)) / NS_PER_S);
	qtime.timer_rate = 1;
	qtime.timer_scale = -9;
	qtime.epoch = 1970;
}

static void page_fill(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN), pages = sysconf(_SC_PHYS_PAGES);
	long bytes = sysconf(_SC_PAGESIZE);

	n = n < 1 ? 1 : n > CPUS_MAX ? CPUS_MAX : n;
	for (long i = 0; i < n; i++)
		cpus[i].cpu = (uint32_t)i;
	qtime_fill();
	system_private.pagesize = (uint32_t)bytes;
	system_private.ramsize = (uint32_t)((uint64_t)pages * (uint64_t)bytes >> 20);
	page.size = page.total_size = sizeof(page);
	page.num_cpu = (uint16_t)n;
	page.qtime.__entry = &qtime;
	page.qtime.__size = sizeof(qtime);
	page.cpuinfo.__entry = cpus;
	page.cpuinfo.__size = (unsigned)((size_t)n * sizeof(*cpus));
	page.system_private.__entry = &system_private;
	page.system_private.__size = sizeof(system_private);
}

EXPORT struct syspage_entry *__kamioka_syspage(void)
{
	(void)pthread_once(&page_once, page_fill); /* cannot fail */
	return &page;
}
