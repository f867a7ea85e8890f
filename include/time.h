/* SPDX-License-Identifier: Apache-2.0 */
/* Wraps glibc's <time.h>: struct sigevent, which timer_create() takes, is whole. */
#pragma GCC system_header
#include_next <time.h>
#ifndef _KAMIOKA_TIME_H
#define _KAMIOKA_TIME_H

#include <features.h>

#ifdef __USE_QNX
#include <bits/types/sigevent_t.h>

/* differs: there is no state of low power in which this clock would not wake anybody. */
#ifndef CLOCK_SOFTTIME
#define CLOCK_SOFTTIME CLOCK_REALTIME
#endif
#endif

#endif
