/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QNX's <sys/procfs.h>, with glibc's header of that name, of which it is no kin, before
 * it: on some machines glibc's own <signal.h> needs types of that one.
 */
#pragma GCC system_header
#include_next <sys/procfs.h>
#ifndef _KAMIOKA_SYS_PROCFS_H
#define _KAMIOKA_SYS_PROCFS_H

#include <features.h>
#include <stdint.h>
#include <limits.h>
#include <sys/types.h>

#endif
