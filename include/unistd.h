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

/*
 * Reads from a terminal-like device: up to n bytes, as soon as there are min of them, or time
 * tenths of a second have passed behind the last, or timeout tenths at all (0: no such limit).
 * Returns how many bytes, or -1: EBADF, EINTR, EINVAL, ENOSYS (no file of a server that has it).
 * Blocks. QNX Neutrino C Library Reference, readcond().
 */
extern int readcond(int fd, void *buf, int n, int min, int time, int timeout);

/* Opens the file of fd once more, with a position of its own and no more rights than fd has.
 * Returns a descriptor, or -1: EACCES, EBADF, EBUSY, ENOSYS (a file of the kernel's). QNX
 * Neutrino C Library Reference, openfd(). */
extern int openfd(int fd, int oflag);
#endif

__END_DECLS

#ifdef __USE_QNX
#include <bits/neutrino_iov.h>
#include <sys/process.h>
#endif

#endif
