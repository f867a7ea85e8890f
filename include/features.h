/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wraps glibc's <features.h>, which every one of its headers includes first: here is
 * decided what a program compiled for QNX sees of them.
 *
 * __USE_QNX is on for a program compiled as a QNX one (kamcc defines __QNXNTO__) or
 * that says _QNX_SOURCE: then the wrapped headers add what QNX has and Linux lacks.
 * Without it they are glibc's, so that ordinary code keeps its names for itself.
 *
 * _QNX_SOURCE means, as on QNX, "everything", and is on by default where the program
 * asked for no particular standard. Everything is what _GNU_SOURCE shows; that macro is
 * defined only while glibc looks at it, because a source may well define it itself, and
 * must not be warned of a redefinition. _KAMIOKA_NO_GNU_SOURCE switches the default off.
 */
#pragma GCC system_header
#ifndef _KAMIOKA_FEATURES_H
#define _KAMIOKA_FEATURES_H

#if defined __QNXNTO__ && !defined _QNX_SOURCE && !defined __STRICT_ANSI__ &&           \
	!defined _POSIX_SOURCE && !defined _POSIX_C_SOURCE && !defined _XOPEN_SOURCE && \
	!defined _DEFAULT_SOURCE && !defined _BSD_SOURCE && !defined _SVID_SOURCE &&    \
	!defined _KAMIOKA_NO_GNU_SOURCE
#define _QNX_SOURCE 1
#endif

#if defined __QNXNTO__ || defined _QNX_SOURCE
#define __USE_QNX 1
#endif

#if defined _QNX_SOURCE && !defined _GNU_SOURCE
#define _GNU_SOURCE 1
#include_next <features.h>
#undef _GNU_SOURCE
/* Where GNU's and POSIX's function differ behind one name, such a program gets POSIX's. */
#define __KAMIOKA_GNU_IMPLIED 1
#else
#include_next <features.h>
#endif

#endif
