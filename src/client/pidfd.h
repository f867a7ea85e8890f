// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Whose descriptor it is. -ECHILD: nobody's any more; -EBADF: it is no pidfd. */
pid_t pidfd_pid(int fd);
bool pidfd_is_nonblocking(int fd);
