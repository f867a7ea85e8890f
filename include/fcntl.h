/* SPDX-License-Identifier: Apache-2.0 */
/* Wraps glibc's <fcntl.h>: a QNX program finds the S_* names for open() here too. */
#pragma GCC system_header
#include_next <fcntl.h>
#ifndef _KAMIOKA_FCNTL_H
#define _KAMIOKA_FCNTL_H

#include <features.h>

#ifdef __USE_QNX
#include <sys/stat.h>
#endif

#endif
