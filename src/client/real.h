// SPDX-License-Identifier: Apache-2.0
/* The C library's own versions of what we export under the same name. */
#pragma once

#include <sys/types.h>

/* fork() with all that belongs to it: handlers of pthread_atfork(), locks,
 * robust mutexes, thread ids. A sanitizer's, where there is one. */
pid_t real_fork(void);
