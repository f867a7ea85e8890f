/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wraps glibc's <sys/mman.h>. Numbers are Linux's; a flag of QNX's that asks for nothing
 * a mapping on Linux could do otherwise is 0. What cannot be kept (MAP_PHYS) is absent.
 */
#pragma GCC system_header
#include_next <sys/mman.h>
#ifndef _KAMIOKA_SYS_MMAN_H
#define _KAMIOKA_SYS_MMAN_H

#include <features.h>

#ifdef __USE_QNX
#define NOFD (-1) /* for mmap() with MAP_ANON */
#ifndef MAP_LAZY
#define MAP_LAZY 0 /* memory comes when touched: always so */
#endif
#ifndef MAP_NOINIT
#define MAP_NOINIT 0 /* memory need not be zeroed: it always is */
#endif
#ifndef MAP_NOSYNCFILE
#define MAP_NOSYNCFILE 0
#endif
#ifndef MAP_BELOW
#define MAP_BELOW 0
#endif
#endif

#endif
