/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of class _DCMD_PROC: which numbers are whose. Those of the /proc filesystem are in
 * <sys/procfs.h>. */
#pragma once

#include <devctl.h>

#define __PROC_SUBCMD_PROCFS 0   /* DCMD_PROC_* */
#define __PROC_SUBCMD_MEMMGR 100 /* unused here */
#define __PROC_SUBCMD_USER   200 /* for anybody, to 255 */
