/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wraps glibc's <stdlib.h>. The whole file is guarded after glibc's, not before: a C++
 * library's stdlib.h in between includes this one a second time to reach it.
 */
#pragma GCC system_header
#include_next <stdlib.h>
#ifndef _KAMIOKA_STDLIB_H
#define _KAMIOKA_STDLIB_H

#include <features.h>

#ifdef __USE_QNX
__BEGIN_DECLS

/*
 * Runs on in the background: forks, the parent ends with status 0, and the child, whose
 * pid is a new one, leads a session of its own. Unless nochdir, its working directory is
 * /; unless noclose, 0, 1 and 2 are /dev/null. Returns 0 in the child, or -1 with errno
 * of fork() or setsid(). procmgr_daemon() keeps the pid. QNX Neutrino C Library
 * Reference, daemon().
 */
extern int daemon(int nochdir, int noclose) __THROW;

/*
 * A number as text in radix 2 to 36, into buf, which must have room (33 or 65 bytes for
 * radix 2, a sign, a 0); itoa(), ltoa() and lltoa() write a sign in radix 10 only.
 * Return buf; NULL for another radix. QNX Neutrino C Library Reference, itoa() and others.
 */
extern char *itoa(int value, char *buf, int radix) __THROW;
extern char *utoa(unsigned int value, char *buf, int radix) __THROW;
extern char *ltoa(long value, char *buf, int radix) __THROW;
extern char *ultoa(unsigned long value, char *buf, int radix) __THROW;
extern char *lltoa(long long value, char *buf, int radix) __THROW;
extern char *ulltoa(unsigned long long value, char *buf, int radix) __THROW;

#ifndef __cplusplus
#ifndef max
#define max(a, b) ((a) > (b) ? (a) : (b))
#endif
#ifndef min
#define min(a, b) ((a) < (b) ? (a) : (b))
#endif
#endif

__END_DECLS
#endif

#endif
