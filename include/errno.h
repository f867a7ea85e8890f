/* SPDX-License-Identifier: Apache-2.0 */
/* Wraps glibc's <errno.h>: numbers are Linux's; what QNX has besides is added. */
#pragma GCC system_header
#include_next <errno.h>
#ifndef _KAMIOKA_ERRNO_H
#define _KAMIOKA_ERRNO_H

#if defined __USE_QNX && !defined EOK
#define EOK 0 /* no error */
#endif

/* Another node was meant and there is none; QNX's number, which Linux does not use. */
#ifndef ENOREMOTE
#define ENOREMOTE 300
#endif

#endif
