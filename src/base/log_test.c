// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int ends[2];
static char line[4096];

static int open_pipe(void **state)
{
	(void)state;
	if (pipe(ends) < 0)
		return -1;
	log_set_fd(ends[1]);
	return 0;
}

static int close_pipe(void **state)
{
	(void)state;
	log_set_fd(STDERR_FILENO);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static const char *read_line(void)
{
	ssize_t n = read(ends[0], line, sizeof(line) - 1);

	assert_true(n > 0);
	line[n] = '\0';
	return line;
}

static void line_has_prefix_and_end(void **state)
{
	(void)state;
	errno = EBUSY;
	log_line("%s is %d", "five", 5);
	assert_int_equal(errno, EBUSY);
	assert_string_equal(read_line(), "kamioka: five is 5\n");
}

static void client_cannot_forge_a_line(void **state)
{
	(void)state;
	log_line("no program %s", "a\nkamioka: \x1b[2Jb");
	assert_string_equal(read_line(), "kamioka: no program a?kamioka: ?[2Jb\n");
}

static void long_line_is_cut(void **state)
{
	char text[2000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_line("%s", text);
	assert_true(strlen(read_line()) < 1100);
	assert_string_equal(line + strlen(line) - 5, "x...\n");
}

static void nowhere_is_a_place(void **state)
{
	(void)state;
	log_set_fd(-1);
	log_line("not heard");
	log_set_fd(ends[1]);
	log_line("heard");
	assert_string_equal(read_line(), "kamioka: heard\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(line_has_prefix_and_end, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(client_cannot_forge_a_line, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(long_line_is_cut, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(nowhere_is_a_place, open_pipe, close_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
