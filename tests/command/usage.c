// SPDX-License-Identifier: Apache-2.0
/* The command line: what is said about bad usage, and which statuses are passed on. */
#include "harness/harness.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static void expect_bad(const char *const argv[])
{
	struct harness_result r;

	harness_run(argv, &r);
	EXPECT_EQ(r.status, 2);
	EXPECT_STR(r.out, "");
	EXPECT(r.err_size > 0 && strchr(r.err, '\n') == r.err + r.err_size - 1);
	EXPECT_EQ(strncmp(r.err, "kamioka", 7), 0);
	harness_result_fini(&r);
}

#define EXPECT_BAD(...) expect_bad((const char *const[]){harness_bin("kamioka"), __VA_ARGS__})

TEST_OUTSIDE(bad_usage_is_one_line_and_status_2)
{
	EXPECT_BAD(NULL);
	EXPECT_BAD("walk", NULL);
	EXPECT_BAD("help", "walk", NULL);
	EXPECT_BAD("run", NULL);
	EXPECT_BAD("run", "--", NULL);
	EXPECT_BAD("run", "--no-such-option", "true", NULL);
	EXPECT_BAD("run", "-x", "true", NULL);
	EXPECT_BAD("run", "--name", NULL);
	EXPECT_BAD("run", "--name", "a/b", "true", NULL);
	EXPECT_BAD("run", "--name", "..", "true", NULL);
	EXPECT_BAD("run", "--name", "none", "true", NULL);
	EXPECT_BAD("run", "--name", "a\nb", "true", NULL);
	EXPECT_BAD("run", "--grace", "-1", "true", NULL);
	EXPECT_BAD("run", "--grace", "1s", "true", NULL);
	EXPECT_BAD("run", "--max-processes", "0", "true", NULL);
	EXPECT_BAD("run", "--max-processes", "99999999999", "true", NULL);
	EXPECT_BAD("run", "--foreground", "true", NULL);
	EXPECT_BAD("boot", NULL);
	EXPECT_BAD("exec", NULL);
	EXPECT_BAD("list", "x", NULL);
	EXPECT_BAD("info", "x", NULL);
	EXPECT_BAD("info", "--threads", "x", NULL);
	EXPECT_BAD("irq", NULL);
	EXPECT_BAD("irq", "1008", NULL);
	EXPECT_BAD("names", "/x", "y", NULL);
	EXPECT_BAD("shutdown", "x", NULL);
	EXPECT_BAD("private", NULL);
	EXPECT_BAD("private", "--pid", "1", "--ready-fd", "1", NULL);
}

TEST_OUTSIDE(help_goes_to_standard_output)
{
	static const char *const verbs[] = {"run", "boot",  "exec",     "list",   "info",
					    "irq", "names", "shutdown", "private"};
	struct harness_result r;

	HARNESS_RUN(&r, harness_bin("kamioka"), "--help");
	EXPECT_EQ(r.status, 0);
	EXPECT_CONTAINS(r.out, "kamioka boot");
	harness_result_fini(&r);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		struct harness_result again;

		HARNESS_RUN(&r, harness_bin("kamioka"), "help", verbs[i]);
		HARNESS_RUN(&again, harness_bin("kamioka"), verbs[i], "--help");
		EXPECT_EQ(r.status, 0);
		EXPECT_EQ(again.status, 0);
		EXPECT_CONTAINS(r.out, verbs[i]);
		EXPECT_STR(r.out, again.out);
		harness_result_fini(&r);
		harness_result_fini(&again);
	}
	HARNESS_RUN(&r, harness_bin("kamioka"), "--version");
	EXPECT_EQ(r.status, 0);
	EXPECT_CONTAINS(r.out, "kamioka 0.");
	harness_result_fini(&r);
}

TEST_OUTSIDE(output_that_cannot_be_written_is_status_125)
{
	struct harness_result r;

	HARNESS_RUN(&r, "sh", "-c", "exec \"$0\" --version >/dev/full", harness_bin("kamioka"));
	EXPECT_EQ(r.status, 125);
	EXPECT_CONTAINS(r.err, "No space left");
	harness_result_fini(&r);
}

static int run(const char *word, const char *script)
{
	struct harness_result r;
	int status;

	if (script)
		HARNESS_RUN(&r, harness_bin("kamioka"), "run", "--", word, "-c", script);
	else
		HARNESS_RUN(&r, harness_bin("kamioka"), "run", "--", word);
	status = r.status;
	if (status == 126 || status == 127)
		EXPECT_CONTAINS(r.err, "cannot run");
	else
		EXPECT_STR(r.err, "");
	harness_result_fini(&r);
	return status;
}

TEST_OUTSIDE(run_ends_with_the_status_of_its_program)
{
	EXPECT_EQ(run("true", NULL), 0);
	EXPECT_EQ(run("false", NULL), 1);
	EXPECT_EQ(run("sh", "exit 77"), 77);
	EXPECT_EQ(run("sh", "kill -9 $$"), 128 + SIGKILL);
	EXPECT_EQ(run("sh", "kill -15 $$"), 128 + SIGTERM);
	EXPECT_EQ(run("sh", "sleep 1000 & exit 3"), 3);
}

TEST_OUTSIDE(run_says_why_a_program_cannot_run)
{
	/* A directory that one may not search is "permission denied" for what is nowhere. */
	EXPECT_OK(setenv("PATH", "/usr/bin:/bin", 1));
	EXPECT_EQ(run("/no/such/program", NULL), 127);
	EXPECT_EQ(run("no-such-program", NULL), 127);
	EXPECT_EQ(run("/etc/passwd", NULL), 126);
	EXPECT_EQ(run("/", NULL), 126);
}

TEST_OUTSIDE(a_program_gets_what_the_command_got)
{
	struct harness_result r;

	/* Ignored and blocked signals, limits, umask, directory, descriptors. */
	HARNESS_RUN(
		&r, "sh", "-c",
		"trap '' USR1 HUP; umask 027; ulimit -Sn 100; cd /usr; exec 7</proc/version; "
		"s='grep SigIgn /proc/self/status; grep SigBlk /proc/self/status; ulimit -n; umask; "
		"pwd; readlink /proc/self/fd/7'; sh -c \"$s\" >\"$1\"; \"$0\" run sh -c \"$s\" >\"$2\"; "
		"cmp \"$1\" \"$2\"",
		harness_bin("kamioka"), harness_path("plain"), harness_path("node"));
	EXPECT_STR(r.err, "");
	EXPECT_STR(r.out, "");
	EXPECT_EQ(r.status, 0);
	harness_result_fini(&r);
}

TEST_OUTSIDE(closed_standard_descriptors_stay_closed)
{
	struct harness_result r;

	HARNESS_RUN(&r, "sh", "-c",
		    "exec 7>&1 <&- >&- 2>&-; \"$0\" run sh -c 'for i in 0 1 2; do "
		    "test -e /proc/self/fd/$i && echo $i >&7; done; exit 5'; echo $? >&7; "
		    "\"$0\" list --nodes; echo $? >&7",
		    harness_bin("kamioka"));
	EXPECT_STR(r.out, "5\n0\n");
	harness_result_fini(&r);
}

TEST_OUTSIDE(run_does_not_keep_what_its_program_closes)
{
	struct harness_result r;

	/* The reader ends when PROGRAM closes its output, and only then PROGRAM goes on. */
	HARNESS_RUN(
		&r, "sh", "-c",
		"mkfifo \"$1\"; (exec \"$0\" run sh -c 'exec >&-; read x <\"$0\"; exit 6' \"$1\") | "
		"{ cat; echo go >\"$1\"; }",
		harness_bin("kamioka"), harness_path("fifo"));
	EXPECT_STR(r.err, "");
	EXPECT_EQ(r.status, 0);
	harness_result_fini(&r);
}
