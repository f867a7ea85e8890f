/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to the system logger: here to syslog(3) where there is one, else to standard
 * error, a line each. QNX Neutrino C Library Reference, slogf().
 */
#pragma once

#include <features.h>
#include <stdarg.h>
#include <sys/slogcodes.h>

__BEGIN_DECLS

/* severity: _SLOG_*. Bytes of text, or -1 with errno EINVAL. */
int slogf(int opcode, int severity, const char *fmt, ...)
	__attribute__((__format__(__printf__, 3, 4)));
int vslogf(int opcode, int severity, const char *fmt, va_list arg)
	__attribute__((__format__(__printf__, 3, 0)));
/* size bytes, or nints ints, as hexadecimal numbers. */
int slogb(int opcode, int severity, void *data, int size);
int slogi(int opcode, int severity, int nints, ...);

__END_DECLS
