/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pseudo-terminals: openpty(), login_tty() and forkpty(), whose declarations are glibc's.
 *
 * forkpty() is ours: fork(), in a child that has a new pseudo-terminal as its 0, 1, 2 and
 * controlling terminal. Returns 0 in the child, its pid in the parent with the other
 * end's descriptor in *amaster (the caller's to close), or -1 with errno of openpty() or
 * fork(): ENOSYS in a process with threads. QNX Neutrino C Library Reference, forkpty().
 */
#pragma once

#include <sys/types.h>
#include <termios.h>
#include <sys/ioctl.h>
#include <pty.h>
#include <utmp.h>
