/* SPDX-License-Identifier: Apache-2.0 */
/* Codes and severities for slogf() and its kind. QNX Neutrino C Library Reference, slogf(). */
#pragma once

/* An opcode: who speaks (major) and, for its own use, of what (minor). */
#define _SLOG_SETCODE(major, minor) (((major) << 16) | (minor))
#define _SLOG_GETMAJOR(code)        ((unsigned)(code) >> 16)
#define _SLOG_GETMINOR(code)        ((code)&0xffff)

/* Severities. */
#define _SLOG_SHUTDOWN 0
#define _SLOG_CRITICAL 1
#define _SLOG_ERROR    2
#define _SLOG_WARNING  3
#define _SLOG_NOTICE   4
#define _SLOG_INFO     5
#define _SLOG_DEBUG1   6
#define _SLOG_DEBUG2   7

/* Majors; from _SLOGC_TEST_START on a program's own. The numbers are ours. */
#define _SLOGC_TEST               0
#define _SLOGC_PROC               1
#define _SLOGC_SLOGGER            2
#define _SLOGC_CHAR               3
#define _SLOGC_CONSOLE            4
#define _SLOGC_PCI                5
#define _SLOGC_USB                6
#define _SLOGC_AUDIO              7
#define _SLOGC_MEDIA              8
#define _SLOGC_NETWORK            9
#define _SLOGC_FSYS               10
#define _SLOGC_SIM_START          20
#define _SLOGC_GRAPHICS           30
#define _SLOGC_INPUT              31
#define _SLOGC_PRIVATE_START      10000
#define _SLOGC_PRIVATE_END        19999
#define _SLOGC_3RDPARTY_OEM_START 20000
