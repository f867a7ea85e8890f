// SPDX-License-Identifier: Apache-2.0
/* Tests that must fail, for tests/runner/self. They fork by hand: no library is asked. */
#include "harness/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static pid_t native_fork(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

__attribute__((noreturn)) static void stay(void)
{
	for (;;)
		pause();
}

TEST_OUTSIDE(leaky_passes)
{
	EXPECT_EQ(1 + 1, 2);
}

TEST_OUTSIDE(leaky_expectation)
{
	EXPECT_EQ(1 + 1, 3);
}

TEST_OUTSIDE(leaky_skips)
{
	SKIP("for want of a %s", "nail");
}

TEST_OUTSIDE(leaky_descriptor)
{
	EXPECT(open("/dev/null", O_RDONLY) >= 0);
}

TEST_OUTSIDE(leaky_zombie)
{
	pid_t pid = native_fork();

	if (pid == 0)
		syscall(SYS_exit_group, 0);
	harness_wait_death(pid, 10000);
}

TEST_OUTSIDE(leaky_child)
{
	if (native_fork() == 0)
		stay();
}

/* An orphan in a session of its own: nothing but descent connects it with the test. */
TEST_OUTSIDE(leaky_orphan)
{
	struct harness_result result;

	HARNESS_RUN(&result, "sh", "-c", "setsid sleep 600 >/dev/null 2>&1 &");
	harness_result_fini(&result);
}

TEST_OUTSIDE(leaky_node)
{
	EXPECT_OK(mkdir(harness_path("kamioka"), 0700));
	EXPECT_OK(mkdir(harness_path("kamioka/left"), 0700));
}

TEST_WITH(leaky_hangs, .outside = true, .limit = 1)
{
	stay();
}

TEST_OUTSIDE(leaky_crashes)
{
	abort();
}
