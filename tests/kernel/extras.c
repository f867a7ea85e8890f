// SPDX-License-Identifier: Apache-2.0
/* Names of nodes, and what QNX's C library has besides. */
#include "harness/harness.h"

#include <limits.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/neutrino.h>
#include <sys/slog.h>
#include <sys/slog2.h>
#include <sys/trace.h>
#include <unistd.h>

TEST(netmgr_knows_the_local_node)
{
	char name[300], own[256], *end;

	EXPECT_OK(gethostname(own, sizeof(own)));
	EXPECT_EQ(netmgr_ndtostr(ND2S_DIR_HIDE, ND_LOCAL_NODE, name, sizeof(name)), strlen(own));
	EXPECT_STR(name, own);
	EXPECT_EQ(netmgr_strtond(name, NULL), ND_LOCAL_NODE);
	EXPECT_GT(netmgr_ndtostr(0, ND_LOCAL_NODE, name, sizeof(name)), 5);
	EXPECT_EQ(strncmp(name, "/net/", 5), 0);
	strcat(name, "~preferred/dev/x");
	EXPECT_EQ(netmgr_strtond(name, &end), ND_LOCAL_NODE);
	EXPECT_STR(end, "/dev/x");
	EXPECT_OK(netmgr_ndtostr(ND2S_DIR_HIDE | ND2S_LOCAL_STR | ND2S_SEP_FORCE, 0, name, 300));
	EXPECT_STR(name, "localhost/");
	EXPECT_EQ(netmgr_remote_nd(ND_LOCAL_NODE, ND_LOCAL_NODE), ND_LOCAL_NODE);
}

TEST(netmgr_knows_no_other_node)
{
	char name[4];

	EXPECT_ERRNO(netmgr_strtond("no-such-node-anywhere", NULL), ENOREMOTE);
	EXPECT_ERRNO(netmgr_ndtostr(0, 3, name, sizeof(name)), EINVAL);
	EXPECT_ERRNO(netmgr_ndtostr(0, ND_LOCAL_NODE, name, sizeof(name)), ERANGE);
	EXPECT_ERRNO(netmgr_remote_nd(3, ND_LOCAL_NODE), ENOREMOTE);
	EXPECT_EQ(ND_NODE_CMP(0x10001, 1), 0);
	EXPECT_NE(ND_NODE_CMP(2, 1), 0);
}

TEST(numbers_become_text_in_each_radix)
{
	char buf[80];

	EXPECT_STR(itoa(-12, buf, 10), "-12");
	EXPECT_STR(itoa(-1, buf, 16), "ffffffff");
	EXPECT_STR(itoa(0, buf, 2), "0");
	EXPECT_STR(utoa(35, buf, 36), "z");
	EXPECT_STR(ltoa(-5000000000, buf, 10), "-5000000000");
	EXPECT_STR(ultoa(255, buf, 16), "ff");
	EXPECT_STR(lltoa(LLONG_MIN, buf, 10), "-9223372036854775808");
	EXPECT_STR(ulltoa(~0ull, buf, 2),
		   "1111111111111111111111111111111111111111111111111111111111111111");
	EXPECT(itoa(1, buf, 1) == NULL);
	EXPECT_EQ(max(1, 2), 2);
	EXPECT_EQ(min(1, 2), 1);
}

TEST(strings_change_case_and_order)
{
	char text[] = "Abc", buf[8];

	EXPECT_STR(strlwr(text), "abc");
	EXPECT_STR(strupr(text), "ABC");
	EXPECT_STR(strrev(text), "CBA");
	EXPECT_STR(strnset(text, 'x', 2), "xxA");
	EXPECT_STR(strset(text, 'y'), "yyy");
	EXPECT_EQ(stricmp("aB", "Ab"), 0);
	EXPECT_LT(strcmpi("aa", "AB"), 0);
	EXPECT_EQ(strnicmp("abX", "ABy", 2), 0);
	EXPECT_EQ(memicmp("ab\0c", "AB\0C", 4), 0);
	EXPECT_EQ(strlcpy(buf, "123456789", sizeof(buf)), 9);
	EXPECT_STR(buf, "1234567");
	buf[2] = 0;
	EXPECT_EQ(strlcat(buf, "abcdefg", sizeof(buf)), 9);
	EXPECT_STR(buf, "12abcde");
}

TEST(errno_names_are_distinct_and_positive)
{
	const int numbers[] = {ESRVRFAULT, EBADFSYS, EMORE,    ECTRLTERM,
			       EBADRPC,    ERESTART, ENOREMOTE};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		EXPECT_GT(numbers[i], 0);
		for (size_t k = 0; k < i; k++)
			EXPECT_NE(numbers[i], numbers[k]);
	}
	EXPECT_EQ(EOK, 0);
}

TEST(iov_macros_take_pointers_to_parts)
{
	static const char fixed[] = "fixed";
	char text[4];
	iov_t iov[2];

	SETIOV(iov, text, sizeof(text));
	SETIOV_CONST(iov + 1, fixed, 5);
	EXPECT(GETIOVBASE(&iov[0]) == text);
	EXPECT_EQ(GETIOVLEN(&iov[0]), 4);
	EXPECT_EQ(GETIOVLEN(iov + 1), 5);
}

TEST(slogf_says_it_somewhere)
{
	slog2_buffer_set_config_t config = {
		.num_buffers = 1,
		.buffer_set_name = "set",
		.verbosity_level = SLOG2_ERROR,
		.buffer_config = {{"buffer", 1}},
	};
	slog2_buffer_t buffer;
	int pipe_fds[2], kept, i[] = {1, 2};
	const char *line;

	if (access("/dev/log", W_OK) == 0)
		SKIP("a logger takes the lines");
	EXPECT_OK(pipe(pipe_fds));
	kept = EXPECT_OK(dup(2));
	EXPECT_OK(dup2(pipe_fds[1], 2));
	EXPECT_EQ(slogf(_SLOG_SETCODE(1, 2), _SLOG_ERROR, "%d\n", 42), 2);
	EXPECT_EQ(slogb(_SLOG_SETCODE(1, 2), _SLOG_INFO, i, 1), 1);
	EXPECT_EQ(slogi(_SLOG_SETCODE(1, 2), _SLOG_INFO, 2, 1, 2), 8);
	EXPECT_OK(slog2_register(&config, &buffer, 0));
	(void)slog2_set_default_buffer(buffer);
	EXPECT_EQ(slog2f(NULL, 0, SLOG2_INFO, "too little"), 0);
	EXPECT_EQ(slog2c(buffer, 0, SLOG2_ERROR, "enough"), 0);
	EXPECT_OK(dup2(kept, 2));
	line = harness_read_line(pipe_fds[0], 5000);
	EXPECT_STR(line, "42");
	EXPECT_STR(harness_read_line(pipe_fds[0], 5000), "01");
	EXPECT_STR(harness_read_line(pipe_fds[0], 5000), "00000001 00000002");
	EXPECT_STR(harness_read_line(pipe_fds[0], 5000), "buffer: enough");
	EXPECT_ERRNO(slogf(0, 99, "x"), EINVAL);
	EXPECT_OK(close(pipe_fds[0]));
	EXPECT_OK(close(pipe_fds[1]));
	EXPECT_OK(close(kept));
}

TEST(traceevent_is_enotsup)
{
	EXPECT_ERRNO(TraceEvent(_NTO_TRACE_INSERTUSRSTREVENT, 1, "x"), ENOTSUP);
	EXPECT_ERRNO(trace_logf(1, "%d", 2), ENOTSUP);
}
