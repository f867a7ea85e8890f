// SPDX-License-Identifier: Apache-2.0
/* slay: by name or pid, in the node only; the exit status counts. */
#include "harness/harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <process.h>
#include <spawn.h>

#define PATIENCE 20000

/* A link to sleep with a name that nobody else has. */
static const char *sleeper(const char *name)
{
	const char *path = harness_path(name);

	(void)symlink("/bin/sleep", path);
	return path;
}

static pid_t start(const char *name)
{
	return EXPECT_OK(spawnl(P_NOWAIT, sleeper(name), name, "1000", NULL));
}

static void expect_signalled(pid_t pid, int signo)
{
	int status;

	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT(WIFSIGNALED(status));
	EXPECT_EQ(WTERMSIG(status), signo);
}

static void end(pid_t pid)
{
	EXPECT_OK(kill(pid, SIGKILL));
	expect_signalled(pid, SIGKILL);
}

/* Runs the command; what it says must hold @out and @err, NULL: nothing. */
static void expect(const char *const argv[], int status, const char *out, const char *err)
{
	struct harness_result r;

	harness_run(argv, &r);
	EXPECT_STR(r.out, out ? out : "");
	if (err)
		EXPECT_CONTAINS(r.err, err);
	else
		EXPECT_STR(r.err, "");
	EXPECT_EQ(r.status, status);
	harness_result_fini(&r);
}

#define SLAY(status, out, err, ...) \
	expect((const char *const[]){"slay", __VA_ARGS__, NULL}, status, out, err)

static const char *text_of(pid_t pid)
{
	static char text[32];

	(void)snprintf(text, sizeof(text), "%d", pid);
	return text;
}

static const char *asking_of(pid_t pid)
{
	static char text[64];

	(void)snprintf(text, sizeof(text), "(pid %d)? (y/n)", pid);
	return text;
}

static const char *lines_of(pid_t a, pid_t b)
{
	static char text[64];

	(void)snprintf(text, sizeof(text), "%d\n%d\n", a, b);
	return text;
}

TEST(slay_by_name_sends_sigterm_and_counts)
{
	pid_t pid = start("sheep");

	SLAY(1, NULL, NULL, "sheep");
	expect_signalled(pid, SIGTERM);
	SLAY(0, NULL, "no process", "sheep");
	SLAY(0, NULL, NULL, "-Q", "sheep");
}

TEST(slay_by_pid_hits_that_one_only)
{
	pid_t a = start("sheep"), b = start("sheep");

	SLAY(1, NULL, NULL, text_of(a));
	expect_signalled(a, SIGTERM);
	SLAY(1, NULL, NULL, "sheep");
	expect_signalled(b, SIGTERM);
}

TEST(slay_without_a_terminal_hits_all_of_a_name)
{
	pid_t a = start("sheep"), b = start("sheep"), c = start("goat");

	SLAY(2, NULL, NULL, "-9", "sheep");
	expect_signalled(a, SIGKILL);
	expect_signalled(b, SIGKILL);
	SLAY(1, NULL, NULL, "-s", "SIGINT", "sheep", "goat");
	expect_signalled(c, SIGINT);
}

TEST(slay_knows_a_name_of_more_than_15_letters)
{
	pid_t pid = start("a_name_that_the_kernel_cuts");

	SLAY(0, NULL, "no process", "a_name_that_the");
	SLAY(1, NULL, NULL, "a_name_that_the_kernel_cuts");
	expect_signalled(pid, SIGTERM);
}

TEST(slay_p_prints_and_hits_none)
{
	pid_t a = start("sheep"), b = start("sheep");
	char line[32];

	(void)snprintf(line, sizeof(line), "%d\n", a);
	SLAY(2, lines_of(a < b ? a : b, a < b ? b : a), NULL, "-p", "sheep");
	SLAY(0, NULL, "no process", "-p", "-m", "name", text_of(a));
	SLAY(1, line, NULL, "-p", "-m", "pid", text_of(a));
	end(a);
	end(b);
}

TEST(slay_holds_and_lets_go)
{
	pid_t pid = start("sheep");
	int status;

	SLAY(1, NULL, NULL, "-h", "sheep");
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	EXPECT(WIFSTOPPED(status));
	SLAY(1, NULL, NULL, "-u", "sheep");
	EXPECT_EQ(waitpid(pid, &status, WCONTINUED), pid);
	EXPECT(WIFCONTINUED(status));
	end(pid);
}

TEST(slay_q_asks_for_each)
{
	static const char script[] = "printf 'y\\nn\\n' | slay -q sheep 2>$0; echo $?";
	const char *said = harness_path("said");
	struct harness_result r;
	pid_t a = start("sheep"), b = start("sheep");
	pid_t first = a < b ? a : b, second = a < b ? b : a;

	HARNESS_RUN(&r, "sh", "-c", script, said);
	EXPECT_STR(r.out, "1\n");
	harness_result_fini(&r);
	expect_signalled(first, SIGTERM);
	HARNESS_RUN(&r, "cat", said);
	EXPECT_CONTAINS(r.out, asking_of(first));
	EXPECT_CONTAINS(r.out, asking_of(second));
	harness_result_fini(&r);
	/* Nobody answers: no. */
	SLAY(0, NULL, "(y/n)", "-q", "sheep");
	end(second);
}

TEST(slay_asks_at_a_terminal_when_there_are_several)
{
	static const char script[] = "printf 'n\\nn\\n' | script -qec 'slay sheep; echo status $?' "
				     "/dev/null";
	struct harness_result r;
	pid_t a, b;

	HARNESS_RUN(&r, "sh", "-c", "command -v script");
	if (r.status != 0)
		SKIP("script(1) is not here");
	harness_result_fini(&r);
	a = start("sheep");
	b = start("sheep");
	HARNESS_RUN(&r, "sh", "-c", script);
	EXPECT_CONTAINS(r.out, "(y/n)");
	EXPECT_CONTAINS(r.out, "status 0");
	harness_result_fini(&r);
	end(a);
	end(b);
}

TEST(slay_s_spares_parents)
{
	struct harness_result r;
	const char *name = harness_path("flock");
	pid_t pid;

	(void)symlink("/bin/sh", name);
	pid = EXPECT_OK(spawnl(P_NOWAIT, name, "flock", "-c",
			       "trap 'kill $!; exit 3' TERM; sleep 1000 & wait", NULL));
	/* Until it has its child, and the node knows. */
	do
		HARNESS_RUN(&r, "slay", "-p", "-S", "flock");
	while (r.status != 0 && (harness_result_fini(&r), true));
	EXPECT_STR(r.out, "");
	harness_result_fini(&r);
	SLAY(1, NULL, NULL, "flock");
	EXPECT_EQ(waitpid(pid, NULL, 0), pid);
}

TEST(slay_bad_usage_hits_none)
{
	SLAY(0, NULL, "no such option", "-z", "sheep");
	SLAY(0, NULL, "no such signal", "-99", "sheep");
	SLAY(0, NULL, "bad value", "-s", "SIGNONE", "sheep");
	SLAY(0, NULL, "missing", "-f");
	SLAY(0, NULL, "needs a value", "-s");
}

/* A machine's other processes are not the node's. */
TEST_OUTSIDE(slay_sees_its_node_only)
{
	const char *path = sleeper("sheep");
	struct harness_command c;
	struct harness_result r;

	harness_start((const char *const[]){path, "1000", NULL}, &c);
	HARNESS_RUN(&r, harness_bin("kamioka"), "run", "slay", "sheep");
	EXPECT_EQ(r.status, 0);
	EXPECT_CONTAINS(r.err, "no process");
	harness_result_fini(&r);
	HARNESS_RUN(&r, harness_bin("kamioka"), "run", "slay", text_of(c.pid));
	EXPECT_EQ(r.status, 0);
	harness_result_fini(&r);
	EXPECT_OK(syscall(SYS_kill, c.pid, SIGKILL));
	EXPECT_EQ(harness_finish(&c), 128 + SIGKILL);
}

/* The names are the node's: outside a distribution's own stand. */
TEST_OUTSIDE(own_names_are_first_in_a_nodes_path)
{
	static const char script[] = "case ${PATH%%:*} in */libexec/kamioka) ;; *) exit 1 ;; esac; "
				     "command -v slay";
	struct harness_result r;

	HARNESS_RUN(&r, "sh", "-c", script);
	EXPECT_NE(r.status, 0);
	harness_result_fini(&r);
	HARNESS_RUN(&r, harness_bin("kamioka"), "run", "sh", "-c", script);
	EXPECT_EQ(r.status, 0);
	EXPECT_CONTAINS(r.out, "/libexec/kamioka/slay");
	harness_result_fini(&r);
	/* Once, however often one enters. */
	HARNESS_RUN(&r, harness_bin("kamioka"), "run", "sh", "-c",
		    "a=$PATH; \"$0\" run sh -c 'test \"$PATH\" = \"$0\"' \"$a\"",
		    harness_bin("kamioka"));
	EXPECT_EQ(r.status, 0);
	harness_result_fini(&r);
	HARNESS_RUN(&r, harness_bin("kamioka"), "boot", "-n", "one", "true");
	EXPECT_EQ(r.status, 0);
	harness_result_fini(&r);
	HARNESS_RUN(&r, harness_bin("kamioka"), "exec", "sh", "-c", script);
	EXPECT_EQ(r.status, 0);
	harness_result_fini(&r);
	HARNESS_RUN(&r, harness_bin("kamioka"), "shutdown");
	EXPECT_EQ(r.status, 0);
	harness_result_fini(&r);
}
