// SPDX-License-Identifier: Apache-2.0
/* What an expectation says when it does not hold. One failure ends the test:
 * what would come after it is noise. */
#include "harness/harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS_SKIP 77

/* Not exit(): handlers and buffers may be what the test has broken, and a forked child that
 * fails must not run its parent's. */
__attribute__((noreturn)) static void leave(int status)
{
	fflush(NULL);
	_exit(status);
}

void harness_fail(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	leave(EXIT_FAILURE);
}

void harness_skip(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	leave(STATUS_SKIP);
}

void harness_expect_int(const char *file, int line, const char *text, long long a, const char *op,
			bool holds, long long b)
{
	if (!holds)
		harness_fail(file, line, "expected %s; it is %lld, not %s %lld", text, a, op, b);
}

void harness_expect_str(const char *file, int line, const char *text, const char *a, const char *b)
{
	if (!a || !b || strcmp(a, b) != 0)
		harness_fail(file, line, "%s is \"%s\", not \"%s\"", text, a ? a : "(null)",
			     b ? b : "(null)");
}

void harness_expect_contains(const char *file, int line, const char *text, const char *all,
			     const char *part)
{
	if (!all || !strstr(all, part))
		harness_fail(file, line, "%s does not contain \"%s\":\n%s", text, part,
			     all ? all : "(null)");
}

void harness_expect_errno(const char *file, int line, const char *text, long long result, int got,
			  int want)
{
	if (result != -1)
		harness_fail(file, line, "%s is %lld, not -1 with %s", text, result,
			     strerrorname_np(want));
	if (got != want)
		harness_fail(file, line, "%s fails with %s, not %s", text,
			     got ? strerrorname_np(got) : "no errno", strerrorname_np(want));
}

long long harness_expect_ok(const char *file, int line, const char *text, long long result,
			    int error)
{
	if (result < 0)
		harness_fail(file, line, "%s is %lld: %s", text, result, strerror(error));
	return result;
}
