// SPDX-License-Identifier: Apache-2.0
/* waitfor: until a file or a name is there. */
#include "harness/harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sys/dispatch.h>
#include <sys/ftype.h>
#include <sys/neutrino.h>
#include <sys/pathmgr.h>

#define WAITFOR(wanted, ...)                              \
	do {                                              \
		struct harness_result r_;                 \
		HARNESS_RUN(&r_, "waitfor", __VA_ARGS__); \
		EXPECT_STR(r_.out, "");                   \
		EXPECT_EQ(r_.status, wanted);             \
		harness_result_fini(&r_);                 \
	} while (0)

static void touch(const char *path)
{
	int fd = EXPECT_OK(open(path, O_CREAT | O_WRONLY, 0600));

	EXPECT_OK(close(fd));
}

TEST(waitfor_what_is_there_is_at_once)
{
	WAITFOR(0, "/", "0");
	WAITFOR(0, "/etc/passwd");
}

TEST(waitfor_ends_when_the_time_is_up)
{
	WAITFOR(1, "/nowhere/at/all", "0.1");
	WAITFOR(1, "/nowhere/at/all", "0");
}

/* It would look again by itself only after the test's limit: the kernel tells. */
TEST(waitfor_is_told_of_a_file_and_of_the_directories_above)
{
	const char *dir = harness_path("one");
	const char *path = harness_path("one/two/three");
	struct harness_command c;

	harness_start((const char *const[]){"waitfor", path, "1000", "1000000", NULL}, &c);
	EXPECT_OK(mkdir(dir, 0700));
	EXPECT_OK(mkdir(harness_path("one/two"), 0700));
	touch(path);
	EXPECT_EQ(harness_finish(&c), 0);
}

TEST(waitfor_is_told_of_a_file_that_is_moved_there)
{
	const char *path = harness_path("there");
	struct harness_command c;

	touch(harness_path("here"));
	harness_start((const char *const[]){"waitfor", path, "1000", "1000000", NULL}, &c);
	EXPECT_OK(rename(harness_path("here"), path));
	EXPECT_EQ(harness_finish(&c), 0);
}

TEST(waitfor_a_link_is_there_when_its_target_is)
{
	const char *path = harness_path("link"), *target = harness_path("target");
	struct harness_command c;

	EXPECT_OK(symlink(target, path));
	WAITFOR(1, path, "0");
	harness_start((const char *const[]){"waitfor", path, "1000", "1", NULL}, &c);
	touch(target);
	EXPECT_EQ(harness_finish(&c), 0);
}

TEST(waitfor_a_name_of_the_node)
{
	struct harness_command c;
	int chid = EXPECT_OK(ChannelCreate(0));

	WAITFOR(1, "/kamioka/test/name", "0");
	harness_start((const char *const[]){"waitfor", "/kamioka/test/name", "1000", "1", NULL},
		      &c);
	EXPECT_OK(pathmgr_link("/kamioka/test/name", 0, getpid(), chid, 1, _FTYPE_ANY, 0));
	EXPECT_EQ(harness_finish(&c), 0);
	EXPECT_OK(ChannelDestroy(chid));
}

TEST(waitfor_bad_usage_is_2)
{
	WAITFOR(2, "--");
	WAITFOR(2, "/", "soon");
	WAITFOR(2, "/", "1.25");
	WAITFOR(2, "/", "-1");
	WAITFOR(2, "/", "1", "0");
	WAITFOR(2, "/", "1", "1", "1");
	WAITFOR(2, "-n", "no-such-node", "/");
}

TEST_OUTSIDE(waitfor_outside_a_node_waits_for_files)
{
	struct harness_result r;

	HARNESS_RUN(&r, harness_bin("kamioka"), "waitfor", "/etc/passwd");
	EXPECT_EQ(r.status, 0);
	harness_result_fini(&r);
	HARNESS_RUN(&r, harness_bin("kamioka"), "waitfor", "/nowhere", "0");
	EXPECT_EQ(r.status, 1);
	EXPECT_STR(r.err, "");
	harness_result_fini(&r);
}
