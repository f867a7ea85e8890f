// SPDX-License-Identifier: Apache-2.0
#include "message/spin.h"

#include <sched.h>
#include <stdlib.h>

#include "base/util.h"

#define SPIN_SURE      1024u
#define SPIN_PAYS      512u
#define SPIN_LONGEST   30000u /* ns */
#define SPIN_SLACK     2000u
#define SPIN_FIRST     1024u
#define SPIN_RAREST    65536u
#define SPIN_BURST     256u
#define SPIN_HINTED    4u
#define SPIN_REMEASURE 1024u

/* -1: not known yet */
static int allowed = -1;
static int wished = -1;

/* Once: the program may change its environment while another thread of it waits. */
static bool is_wished(void)
{
	int known = __atomic_load_n(&wished, __ATOMIC_RELAXED);
	const char *wish;

	if (known < 0) {
		wish = getenv("KAMIOKA_SPIN");
		known = !wish || wish[0] != '0';
		__atomic_store_n(&wished, known, __ATOMIC_RELAXED);
	}
	return known;
}

static int spin_measure(void)
{
	cpu_set_t cpus;

	if (!is_wished())
		return 0;
	if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		return 0;
	return CPU_COUNT(&cpus) > 1;
}

bool spin_is_allowed(void)
{
	int known = __atomic_load_n(&allowed, __ATOMIC_RELAXED);

	if (known < 0) {
		known = spin_measure();
		__atomic_store_n(&allowed, known, __ATOMIC_RELAXED);
	}
	return known;
}

uint32_t spin_window(struct spin *s)
{
	if (++s->tries % SPIN_REMEASURE == 0)
		__atomic_store_n(&allowed, -1, __ATOMIC_RELAXED);
	if (!spin_is_allowed())
		return 0;
	if (s->pause == 0) { /* a fresh one starts in good hope */
		s->pause = SPIN_FIRST;
		s->success = SPIN_SURE;
		s->hit_ns = SPIN_LONGEST;
	}
	if (s->success < SPIN_PAYS) {
		uint32_t burst = __atomic_load_n(&s->burst, __ATOMIC_RELAXED);

		if (burst == 0 && s->waits > 0) {
			s->waits--;
			return 0;
		}
		__atomic_store_n(&s->burst, burst ? burst - 1 : SPIN_BURST, __ATOMIC_RELAXED);
		return SPIN_LONGEST;
	}
	return MIN(4 * s->hit_ns + SPIN_SLACK, SPIN_LONGEST);
}

void spin_hint(struct spin *s)
{
	if (__atomic_load_n(&s->burst, __ATOMIC_RELAXED) < SPIN_HINTED)
		__atomic_store_n(&s->burst, SPIN_HINTED, __ATOMIC_RELAXED);
}

void spin_result(struct spin *s, bool hit, uint32_t ns)
{
	if (hit) {
		if (s->success < SPIN_PAYS)
			s->success = SPIN_PAYS;
		s->success += (SPIN_SURE - s->success) / 8 + (s->success < SPIN_SURE);
		s->hit_ns -= s->hit_ns / 8;
		s->hit_ns += ns / 8;
		s->pause = SPIN_FIRST;
		return;
	}
	s->success -= s->success / 4;
	if (s->success < SPIN_PAYS && __atomic_load_n(&s->burst, __ATOMIC_RELAXED) == 0) {
		s->waits = s->pause;
		s->pause = MIN(s->pause * 2, SPIN_RAREST);
	}
}
