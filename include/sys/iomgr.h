/* SPDX-License-Identifier: Apache-2.0 */
/* Whose message an _IO_MSG is: struct _io_msg.mgrid. */
#pragma once

/* What a program may use for itself; the rest is the system's. */
#define _IOMGR_PRIVATE_BASE 0xf000
#define _IOMGR_PRIVATE_MAX  0xffff
