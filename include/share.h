/* SPDX-License-Identifier: Apache-2.0 */
/* How an open file may be shared, for sopen() and a resource manager's iofunc_ocb_t.sflag. */
#pragma once

#define SH_COMPAT 0x00 /* as if nothing was said */
#define SH_DENYRW 0x10 /* nobody else may read or write */
#define SH_DENYWR 0x20 /* nobody else may write */
#define SH_DENYRD 0x30 /* nobody else may read */
#define SH_DENYNO 0x40 /* everybody may do both */
#define SH_MASK   0x70

#include <features.h>

__BEGIN_DECLS

/* open() that shares the file as sflag (SH_*) says; a mode follows with O_CREAT. What the kernel
 * has is opened as if nothing was said. Errors: open()'s; EBUSY. */
int sopen(const char *path, int oflag, int sflag, ...);
/* openfd() with sflag. */
int sopenfd(int fd, int oflag, int sflag);

__END_DECLS
