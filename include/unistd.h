/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wraps glibc's <unistd.h>. libkamioka takes the place of fork(), vfork(), setpgid(),
 * tcsetpgrp(), getppid() and daemon() in what it links; the declarations are glibc's.
 */
#pragma GCC system_header
#include_next <unistd.h>
#ifndef _KAMIOKA_UNISTD_H
#define _KAMIOKA_UNISTD_H

#include <features.h>

__BEGIN_DECLS

/* The environment, NULL at its end; seen without any feature macro, as on QNX. */
extern char **environ;

#ifdef __USE_QNX
/*
 * Suspends the calling thread for duration milliseconds. Returns 0, or the milliseconds
 * not slept when a signal handler ran; with EINTR in errno. QNX Neutrino C Library
 * Reference, delay().
 */
extern unsigned int delay(unsigned int duration);
#endif

__END_DECLS

#ifdef __USE_QNX
#include <bits/neutrino_iov.h>
#include <sys/process.h>
#endif

#endif
