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

#ifndef _KAMIOKA_STRING_H
#define _KAMIOKA_STRING_H

#ifdef __USE_QNX
__BEGIN_DECLS

/* QNX Neutrino C Library Reference, pages named as the functions. All of ASCII only. */
extern char *strlwr(char *s) __THROW;                     /* to lower case, in place; s */
extern char *strupr(char *s) __THROW;                     /* to upper case, in place; s */
extern char *strrev(char *s) __THROW;                     /* backwards, in place; s */
extern char *strset(char *s, int c) __THROW;              /* each character becomes c; s */
extern char *strnset(char *s, int c, size_t n) __THROW;   /* the first n at most; s */
extern int stricmp(const char *a, const char *b) __THROW; /* as strcasecmp() */
extern int strcmpi(const char *a, const char *b) __THROW; /* the same */
extern int strnicmp(const char *a, const char *b, size_t n) __THROW; /* as strncasecmp() */
extern int memicmp(const void *a, const void *b, size_t n) __THROW;  /* n bytes, case aside */

/* Copy or append to dst, a buffer of size bytes, and always end it. The length that there
 * would be with enough room. */
#if !__GLIBC_PREREQ(2, 38)
extern size_t strlcpy(char *dst, const char *src, size_t size) __THROW;
extern size_t strlcat(char *dst, const char *src, size_t size) __THROW;
#endif

__END_DECLS
#endif

#endif
