/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wraps glibc's <signal.h>: the names and numbers are Linux's. Ours are struct sigevent,
 * with all of QNX's types, and the signals that Linux lacks.
 *
 * libkamioka takes the place of sigaction(), signal(), sigwaitinfo(), sigtimedwait(),
 * sigpending() and signalfd() so that each child's death gives one exact siginfo_t; their
 * declarations are glibc's.
 */
#pragma GCC system_header
/* On some machines it includes <sys/procfs.h>, and then wants glibc's only. */
#define _KAMIOKA_IN_SIGNAL_H
#include_next <signal.h>
#undef _KAMIOKA_IN_SIGNAL_H
#ifndef _KAMIOKA_SIGNAL_H
#define _KAMIOKA_SIGNAL_H

#include <sys/siginfo.h>

/*
 * SIGEMT, one of the signals that dump, is the number of a signal that nothing on Linux
 * sends. SIGSTKFLT goes, as QNX has none, and a table of signals must not hold a number
 * twice.
 */
#ifdef __USE_QNX
#ifndef SIGEMT
#if !defined SIGSTKFLT || SIGSTKFLT != 16
#error "SIGEMT needs the number of SIGSTKFLT"
#endif
#undef SIGSTKFLT
#define SIGEMT 16
#endif
#ifndef SIGDEADLK
#define SIGDEADLK SIGEMT
#endif
#endif

#endif
