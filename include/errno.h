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
/* A resource manager's own structures are broken; QNX's number, as above. */
#ifndef EBADFSYS
#define EBADFSYS 302
#endif

/* More of QNX's names and numbers that Linux does not use. ERESTART is Linux's. */
#ifdef __USE_QNX
#ifndef EBADRPC
#define EBADRPC 272 /* a remote procedure call's structure is bad */
#endif
#ifndef EBADFSYS
#define EBADFSYS 302 /* a damaged file system was found */
#endif
#ifndef EMORE
#define EMORE 309 /* there is more than fits */
#endif
#ifndef ECTRLTERM
#define ECTRLTERM 310 /* the controlling terminal would be lost */
#endif
#ifndef ESRVRFAULT
#define ESRVRFAULT 312 /* the server's memory is not there */
#endif
#endif

#endif
