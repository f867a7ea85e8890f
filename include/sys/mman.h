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
#include <stdint.h>

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
#ifndef PROT_NOCACHE
#define PROT_NOCACHE 0 /* there is no memory of devices that would need it */
#endif

/* What mmap_device_io() answers when it fails. */
#define MAP_DEVICE_FAILED ((uintptr_t)-1)

__BEGIN_DECLS

/* Memory and ports of devices: no program here may touch them. MAP_FAILED and
 * MAP_DEVICE_FAILED with errno EPERM; unmapping: -1 with errno EINVAL. */
extern void *mmap_device_memory(void *addr, size_t len, int prot, int flags, uint64_t physical);
extern uintptr_t mmap_device_io(size_t len, uint64_t io);
extern int munmap_device_memory(void *addr, size_t len);
extern int munmap_device_io(uintptr_t io, size_t len);

__END_DECLS
#endif

#endif
