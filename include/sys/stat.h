/* SPDX-License-Identifier: Apache-2.0 */
/* Wraps glibc's <sys/stat.h>: adds QNX's file type for names that are no files. */
#pragma GCC system_header
#include_next <sys/stat.h>
#ifndef _KAMIOKA_SYS_STAT_H
#define _KAMIOKA_SYS_STAT_H

/* Special named file. 0x5000 is QNX's number, and no file type of Linux has it. */
#ifndef S_IFNAM
#define S_IFNAM 0x5000
#endif
#ifndef S_ISNAM
#define S_ISNAM(mode) (((mode)&0xf000) == S_IFNAM)
#endif

#endif
