/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the system tells of itself: the entries that programs look at. The page is the
 * library's, filled in at the first use. QNX's books on building systems, system page.
 */
#pragma once

#include <features.h>
#include <stdint.h>

/* Time. Each ClockCycles() is a nanosecond, so cycles_per_sec is 1000000000. */
struct qtime_entry {
	uint64_t cycles_per_sec;
	uint64_t nsec_tod_adjust; /* CLOCK_REALTIME less CLOCK_MONOTONIC, when first looked at */
	uint64_t nsec;            /* CLOCK_MONOTONIC then */
	uint32_t nsec_inc;        /* as ClockPeriod() tells */
	uint32_t boot_time;       /* seconds of CLOCK_REALTIME */
	uint64_t timer_rate;
	int32_t timer_scale;
	uint32_t timer_load;
	int32_t intr;
	uint32_t epoch; /* 1970 */
	uint32_t flags;
};

/* One for each processor. */
struct cpuinfo_entry {
	uint32_t cpu;   /* its number */
	uint32_t speed; /* MHz; 0: not known */
	uint32_t flags;
	uint8_t name;
	uint8_t ins_cache;
	uint8_t data_cache;
};

struct system_private_entry {
	uint32_t pagesize;
	uint32_t ramsize; /* MiB */
};

/* An entry's place and size; look through SYSPAGE_ENTRY() and SYSPAGE_ENTRY_SIZE(). */
#define __KAMIOKA_SYSPAGE_ENTRY(type) \
	struct {                      \
		struct type *__entry; \
		unsigned __size;      \
	}

struct syspage_entry {
	uint16_t size;
	uint16_t total_size;
	uint16_t type;
	uint16_t num_cpu; /* processors that are on */
	__KAMIOKA_SYSPAGE_ENTRY(qtime_entry) qtime;
	__KAMIOKA_SYSPAGE_ENTRY(cpuinfo_entry) cpuinfo;
	__KAMIOKA_SYSPAGE_ENTRY(system_private_entry) system_private;
};

/* Pointer to (the first of) an entry: SYSPAGE_ENTRY(qtime)->cycles_per_sec. */
#define SYSPAGE_ENTRY(entry)               (_syspage_ptr->entry.__entry)
#define SYSPAGE_ENTRY_SIZE(entry)          (_syspage_ptr->entry.__size)
/* The same for one processor. */
#define SYSPAGE_CPU_ENTRY(cpu, entry)      SYSPAGE_ENTRY(entry)
#define SYSPAGE_ARRAY_ELT_SIZE(entry)      ((unsigned)sizeof(*SYSPAGE_ENTRY(entry)))
#define _SYSPAGE_ENTRY(page, entry)        ((page)->entry.__entry)
#define _SYSPAGE_ENTRY_SIZE(page, entry)   ((page)->entry.__size)
#define _SYSPAGE_CPU_ENTRY(page, c, entry) _SYSPAGE_ENTRY(page, entry)

__BEGIN_DECLS

/* Never NULL. A macro, so that a program which does not look pays nothing. */
struct syspage_entry *__kamioka_syspage(void);
#define _syspage_ptr (__kamioka_syspage())

__END_DECLS
