// SPDX-License-Identifier: Apache-2.0
/* write() and pwrite() as the program's: these names mean the kernel's in the library (plain.c). */
#pragma once

#include <sys/types.h>

ssize_t rw_write(int fd, const void *buf, size_t len);
ssize_t rw_pwrite(int fd, const void *buf, size_t len, off_t offset);
