/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wraps glibc's <string.h>. A program that sees GNU's names only because QNX shows all
 * by default means POSIX's strerror_r(), which returns an int, and must be free to have
 * a basename() of its own or <libgen.h>'s.
 */
#pragma GCC system_header
#include <features.h>

#if defined __KAMIOKA_GNU_IMPLIED && !defined _STRING_H
#define strerror_r __kamioka_gnu_strerror_r
#ifndef basename
#define basename basename
#define _KAMIOKA_HIDES_BASENAME
#endif
#include_next <string.h>
#undef strerror_r
#ifdef _KAMIOKA_HIDES_BASENAME
#undef basename
#undef _KAMIOKA_HIDES_BASENAME
#endif

/*
 * Puts the message for an error number into buf, of size bytes. Returns 0, or EINVAL
 * (unknown number), ERANGE (too long; cut short). QNX Neutrino C Library Reference,
 * strerror_r().
 */
__BEGIN_DECLS
extern int strerror_r(int error, char *buf, size_t size) __asm__("__xpg_strerror_r") __THROW;
__END_DECLS
#else
#include_next <string.h>
#endif
