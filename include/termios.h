/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wraps glibc's <termios.h>. Its functions with a descriptor are ours: of an open file of a
 * server they are the commands of <sys/dcmd_chr.h>.
 */
#pragma GCC system_header
#include_next <termios.h>
#ifndef _KAMIOKA_TERMIOS_H
#define _KAMIOKA_TERMIOS_H

#include <features.h>

#ifdef __USE_QNX
__BEGIN_DECLS

/* QNX Neutrino C Library Reference, pages named as the functions. Each returns -1 with errno if
 * it fails: EBADF, ENOSYS (the server does not know it), ENOTTY. */

/* How many characters wait to be read. */
extern int tcischars(int fd);
/* Rows and columns; each pointer may be NULL. */
extern int tcgetsize(int fd, int *rows, int *columns);
extern int tcsetsize(int fd, int rows, int columns);
/* As if n characters had been typed: with n below 0, -n of them past the editing. ENOSYS for
 * the kernel's terminals. */
extern int tcinject(int fd, char *buf, int n);
/* Hangs up for that many milliseconds, 0: 300. ENOSYS for the kernel's terminals. */
extern int tcdropline(int fd, int duration);

__END_DECLS
#endif

#endif
