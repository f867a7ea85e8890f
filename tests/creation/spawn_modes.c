// SPDX-License-Identifier: Apache-2.0
/* spawnl() and its seven kin: arguments, environment, search, and the four modes. */
#include "kit.h"

#include <process.h>
#include <sched.h>

enum form { L, LE, LP, LPE, V, VE, VP, VPE, N_FORMS };

#define WORDS 5

static bool form_searches(enum form form)
{
	return form == LP || form == LPE || form == VP || form == VPE;
}

static bool form_has_environment(enum form form)
{
	return form == LE || form == LPE || form == VE || form == VPE;
}

/* The call of this form with WORDS arguments. */
static int start(enum form form, int mode, const char *file, char *const a[], char *const envp[])
{
	switch (form) {
	case L:
		return spawnl(mode, file, a[0], a[1], a[2], a[3], a[4], NULL);
	case LE:
		return spawnle(mode, file, a[0], a[1], a[2], a[3], a[4], NULL, envp);
	case LP:
		return spawnlp(mode, file, a[0], a[1], a[2], a[3], a[4], NULL);
	case LPE:
		return spawnlpe(mode, file, a[0], a[1], a[2], a[3], a[4], NULL, envp);
	case V:
		return spawnv(mode, file, a);
	case VE:
		return spawnve(mode, file, a, envp);
	case VP:
		return spawnvp(mode, file, a);
	case VPE:
		return spawnvpe(mode, file, a, envp);
	case N_FORMS:
		break;
	}
	FAIL("no form %d", (int)form);
}

/* start() of `show`, with these words at most. */
static int start_show(enum form form, int mode, const char *to, const char *w1, const char *w2)
{
	char *const *argv = KIT_ARGV("show", to, w1, w2, "--");

	return start(form, mode, harness_tool("show"), argv, environ);
}

TEST(spawn_modes_nowait_child_runs_beside_its_parent)
{
	for (enum form form = 0; form < N_FORMS; form++) {
		struct kit_talk talk = kit_talk_open();
		int gate[2];
		char eof[16];
		pid_t pid;

		EXPECT_OK(pipe(gate));
		EXPECT_OK(fcntl(gate[1], F_SETFD, FD_CLOEXEC));
		snprintf(eof, sizeof(eof), "eof=%d", gate[0]);
		pid = EXPECT_OK(start_show(form, P_NOWAIT, talk.to, "pid", eof));
		/* It says so while it waits for us. */
		EXPECT_EQ(atoi(harness_read_line(talk.in, KIT_MS)), pid);
		EXPECT_EQ(waitpid(pid, NULL, WNOHANG), 0);
		close(gate[0]);
		close(gate[1]);
		EXPECT_EQ(kit_exit_status(pid), 0);
		free(kit_talk_text(&talk));
	}
}

TEST(spawn_modes_wait_returns_the_status_word)
{
	for (enum form form = 0; form < N_FORMS; form++) {
		int status = EXPECT_OK(start_show(form, P_WAIT, "to=1", "pgid", "exit=37"));

		EXPECT(WIFEXITED(status));
		EXPECT_EQ(WEXITSTATUS(status), 37);
		status = EXPECT_OK(start_show(form, P_WAIT, "to=1", "die=15", "exit=1"));
		EXPECT(WIFSIGNALED(status));
		EXPECT_EQ(WTERMSIG(status), SIGTERM);
		kit_expect_no_children();
	}
}

TEST(spawn_modes_wait_takes_no_other_child)
{
	pid_t other = EXPECT_OK(start_show(V, P_NOWAIT, "to=1", "pgid", "exit=3"));

	EXPECT(harness_wait_death(other, KIT_MS));
	EXPECT_EQ(WEXITSTATUS(start_show(V, P_WAIT, "to=1", "pgid", "exit=4")), 4);
	EXPECT_EQ(kit_exit_status(other), 3);
}

static enum form overlay_form;
static struct kit_talk overlay_talk;

static void overlay(void)
{
	start_show(overlay_form, P_OVERLAY, overlay_talk.to, "pid", "exit=0");
	FAIL("P_OVERLAY returned: %s", strerror(errno));
}

TEST(spawn_modes_overlay_keeps_the_pid)
{
	for (overlay_form = 0; overlay_form < N_FORMS; overlay_form++) {
		pid_t pid;

		overlay_talk = kit_talk_open();
		pid = EXPECT_OK(fork());
		if (pid == 0)
			overlay();
		EXPECT_EQ(atoi(kit_talk_text(&overlay_talk)), pid);
		EXPECT_EQ(kit_exit_status(pid), 0);
	}
}

TEST(spawn_modes_overlay_failure_returns)
{
	char *const *argv = KIT_ARGV("x", "x", "x", "x", "x");

	for (enum form form = 0; form < N_FORMS; form++)
		EXPECT_ERRNO(start(form, P_OVERLAY, "/nowhere/to/be/found", argv, environ), ENOENT);
}

TEST(spawn_modes_nowaito_child_is_never_collected)
{
	for (enum form form = 0; form < N_FORMS; form++) {
		struct kit_talk talk = kit_talk_open();
		pid_t pid = EXPECT_OK(start_show(form, P_NOWAITO, talk.to, "pid", "exit=5"));

		EXPECT_ERRNO(waitpid(pid, NULL, 0), ECHILD);
		EXPECT_EQ(atoi(kit_talk_text(&talk)), pid);
		(void)harness_wait_death(pid, KIT_MS);
		EXPECT_ERRNO(waitpid(pid, NULL, WNOHANG), ECHILD);
		kit_expect_no_children();
	}
}

TEST(spawn_modes_unknown_mode_is_einval)
{
	char *const *argv = KIT_ARGV("x", "x", "x", "x", "x");

	for (enum form form = 0; form < N_FORMS; form++) {
		EXPECT_ERRNO(start(form, 4, "/bin/true", argv, environ), EINVAL);
		EXPECT_ERRNO(start(form, -1, "/bin/true", argv, environ), EINVAL);
	}
	kit_expect_no_children();
}

TEST(spawn_modes_arguments_arrive)
{
	for (enum form form = 0; form < N_FORMS; form++) {
		struct kit_talk talk = kit_talk_open();
		char *const *argv = KIT_ARGV("a name", talk.to, "args", "--", "");
		char expected[128];

		EXPECT_EQ(start(form, P_WAIT, harness_tool("show"), argv, environ), 0);
		snprintf(expected, sizeof(expected), "a name|%s|args|--|", talk.to);
		EXPECT_STR(kit_talk_text(&talk), expected);
	}
}

TEST(spawn_modes_environment_is_the_given_or_our_own)
{
	char *const *given = KIT_ARGV("KIT_WORD=given");

	EXPECT_OK(setenv("KIT_WORD", "own", 1));
	for (enum form form = 0; form < N_FORMS; form++) {
		struct kit_talk talk = kit_talk_open();
		char *const *argv = KIT_ARGV("show", talk.to, "env=KIT_WORD", "env=HOME", "--");
		char *text;

		EXPECT_EQ(start(form, P_WAIT, harness_tool("show"), argv, given), 0);
		text = kit_talk_text(&talk);
		if (form_has_environment(form))
			EXPECT_STR(text, "given\n(unset)");
		else
			EXPECT_STR(strtok(text, "\n"), "own");
	}
}

TEST(spawn_modes_null_environment_is_our_own)
{
	EXPECT_OK(setenv("KIT_WORD", "own", 1));
	for (enum form form = 0; form < N_FORMS; form++) {
		struct kit_talk talk = kit_talk_open();
		char *const *argv = KIT_ARGV("show", talk.to, "env=KIT_WORD", "--", "");

		EXPECT_EQ(start(form, P_WAIT, harness_tool("show"), argv, NULL), 0);
		EXPECT_STR(kit_talk_text(&talk), "own");
	}
}

/* Only the forms with a p look along PATH, and they look along ours, not the child's. */
TEST(spawn_modes_only_p_searches_our_path)
{
	char *const *envp = KIT_ARGV("PATH=/nowhere");
	char path[8192];

	EXPECT_OK(mkdir(harness_path("first"), 0700));
	EXPECT_OK(mkdir(harness_path("second"), 0700));
	kit_copy(harness_tool("show"), "second/kit-show");
	/* Passed over: it may not be executed. */
	kit_file("first/kit-show", "not for execution", 0600);
	snprintf(path, sizeof(path), "/nowhere:%s:%s", harness_path("first"),
		 harness_path("second"));
	EXPECT_OK(setenv("PATH", path, 1));
	for (enum form form = 0; form < N_FORMS; form++) {
		char *const *argv = KIT_ARGV("show", "exit=9", "x", "x", "x");

		if (form_searches(form))
			EXPECT_EQ(WEXITSTATUS(start(form, P_WAIT, "kit-show", argv, envp)), 9);
		else
			EXPECT_ERRNO(start(form, P_WAIT, "kit-show", argv, envp), ENOENT);
	}
	kit_expect_no_children();
}

TEST(spawn_modes_search_finds_only_what_may_not_run_is_eacces)
{
	char *const *argv = KIT_ARGV("x", "x", "x", "x", "x");

	kit_file("kit-show", "not for execution", 0600);
	EXPECT_OK(setenv("PATH", harness_path(""), 1));
	for (enum form form = 0; form < N_FORMS; form++)
		if (form_searches(form))
			EXPECT_ERRNO(start(form, P_WAIT, "kit-show", argv, environ), EACCES);
}

TEST(spawn_modes_a_slash_means_no_search)
{
	char *const *argv = KIT_ARGV("x", "x", "x", "x", "x");

	EXPECT_OK(mkdir(harness_path("dir"), 0700));
	kit_copy(harness_tool("show"), "dir/kit-show");
	EXPECT_OK(setenv("PATH", harness_path("."), 1));
	EXPECT_OK(chdir("/"));
	EXPECT_ERRNO(start(VP, P_WAIT, "dir/kit-show", argv, environ), ENOENT);
	EXPECT_OK(chdir(harness_path(".")));
	EXPECT_EQ(
		WEXITSTATUS(start(VP, P_WAIT, "dir/kit-show", KIT_ARGV("show", "exit=8"), environ)),
		8);
}

TEST(spawn_modes_only_p_gives_a_plain_text_to_the_shell)
{
	const char *path = kit_file("script", "test \"$1$2\" = 12 && exit 23\n", 0700);

	for (enum form form = 0; form < N_FORMS; form++) {
		char *const *argv = KIT_ARGV("script", "1", "2", "3", "4");

		if (form_searches(form))
			EXPECT_EQ(WEXITSTATUS(start(form, P_WAIT, path, argv, environ)), 23);
		else
			EXPECT_ERRNO(start(form, P_WAIT, path, argv, environ), ENOEXEC);
	}
	kit_expect_no_children();
}

TEST(spawn_modes_interpreter_line_needs_no_p)
{
	const char *path = kit_file("script", "#!/bin/sh -e\nfalse\nexit 1$1\n", 0700);
	char *const *argv = KIT_ARGV("script", "1", "2", "3", "4");
	const char *other = kit_file("other", "#!/bin/sh\nexit 1$1\n", 0700);

	for (enum form form = 0; form < N_FORMS; form++) {
		EXPECT_EQ(WEXITSTATUS(start(form, P_WAIT, path, argv, environ)), 1);
		EXPECT_EQ(WEXITSTATUS(start(form, P_WAIT, other, argv, environ)), 11);
	}
}

#define A10(x) x, x, x, x, x, x, x, x, x, x

TEST(spawn_modes_takes_hundreds_of_arguments)
{
	int status = EXPECT_OK(spawnlp(P_WAIT, "sh", "sh", "-c", "exit $#", "sh", A10("a"),
				       A10("a"), A10("a"), A10("a"), A10("a"), A10("a"), A10("a"),
				       A10("a"), A10("a"), A10("a"), A10("a"), A10("a"), A10("a"),
				       A10("a"), A10("a"), A10("a"), A10("a"), A10("a"), NULL));

	EXPECT_EQ(WEXITSTATUS(status), 180);
}
