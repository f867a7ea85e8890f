/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wraps glibc's <sys/wait.h>. Options, status words and P_* are Linux's. libkamioka takes
 * the place of wait(), waitpid(), wait3(), wait4() and waitid(), which report managed and
 * native children alike. A child made with P_NOWAITO or SPAWN_NOZOMBIE is never reported,
 * one that called procmgr_daemon() once, at that call.
 */
#pragma GCC system_header
#include_next <sys/wait.h>
#ifndef _KAMIOKA_SYS_WAIT_H
#define _KAMIOKA_SYS_WAIT_H

/*
 * waitid(): also report a child that stopped at a point of interest to its debugger.
 * The number is ours, of a bit that Linux's wait calls refuse.
 */
#define WTRAPPED 0x00100000

/* spawn() reports its errors itself, never by a status. */
#define WIFSPAWNFAIL(status) ((void)(status), 0)
#define WSPAWNERRNO(status)  ((void)(status), 0)

#endif
