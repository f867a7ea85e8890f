// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* read() of a descriptor that signalfd() made: bytes, or -1 with errno. */
ssize_t signalfd_read(int fd, void *buf, size_t len);
