/* SPDX-License-Identifier: Apache-2.0 */
/* How an open file may be shared, for sopen() and a resource manager's iofunc_ocb_t.sflag. */
#pragma once

#define SH_COMPAT 0x00 /* as if nothing was said */
#define SH_DENYRW 0x10 /* nobody else may read or write */
#define SH_DENYWR 0x20 /* nobody else may write */
#define SH_DENYRD 0x30 /* nobody else may read */
#define SH_DENYNO 0x40 /* everybody may do both */
#define SH_MASK   0x70
