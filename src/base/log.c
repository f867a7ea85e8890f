// SPDX-License-Identifier: Apache-2.0
/*
 * The log. A line is one write(2), so that lines of several processes which
 * share the descriptor do not mix (on a pipe up to PIPE_BUF bytes, which is why
 * a line is kept well below that). There are no levels: what is not worth
 * saying is not said.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_MAX 1024

static const char log_prefix[] = "kamioka: ";

/* The one mutable variable of this layer: set once at start. */
static int log_fd = STDERR_FILENO;

void log_set_fd(int fd)
{
	log_fd = fd;
}

__attribute__((format(printf, 3, 0))) static size_t log_format(char *line, size_t cap,
							       const char *fmt, va_list args)
{
	size_t at = sizeof(log_prefix) - 1;
	size_t room = cap - at - 1; /* the newline's byte is set aside */
	int n;

	memcpy(line, log_prefix, at);
	n = vsnprintf(line + at, room, fmt, args);
	if (n < 0)
		n = 0;
	if ((size_t)n >= room) {
		n = (int)room - 1;
		memcpy(line + at + n - 3, "...", 3);
	}
	for (size_t end = at + (size_t)n; at < end; at++) {
		unsigned char c = (unsigned char)line[at];

		if (c < 0x20 || c == 0x7f)
			line[at] = '?';
	}
	line[at++] = '\n';
	return at;
}

void log_line(const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	int saved = errno;
	ssize_t written;
	va_list args;
	size_t len;

	if (log_fd < 0)
		return;

	va_start(args, fmt);
	len = log_format(line, sizeof(line), fmt, args);
	va_end(args);

	do {
		written = write(log_fd, line, len);
	} while (written < 0 && errno == EINTR);
	errno = saved;
}
