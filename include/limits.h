/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wraps the compiler's and glibc's <limits.h>: a QNX program has the limits of the file
 * system under every language standard. Our sys/ headers bring this in, as QNX's do.
 */
#pragma GCC system_header
#include_next <limits.h>
#ifndef _KAMIOKA_LIMITS_H
#define _KAMIOKA_LIMITS_H

#include <features.h>

#if defined __USE_QNX && !defined PATH_MAX
#include <linux/limits.h>
#endif

#endif
