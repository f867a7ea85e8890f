// SPDX-License-Identifier: Apache-2.0
/* exec*(): the process stays what it is, the program is another. */
#include "kit.h"

#include <process.h>
#include <pthread.h>

enum form { L, LE, LP, LPE, V, VE, VP, VPE, N_FORMS };

/* The call of this form; the list has 4 words. */
static int become(enum form form, const char *file, char *const a[], char *const envp[])
{
	switch (form) {
	case L:
		return execl(file, a[0], a[1], a[2], a[3], NULL);
	case LE:
		return execle(file, a[0], a[1], a[2], a[3], NULL, envp);
	case LP:
		return execlp(file, a[0], a[1], a[2], a[3], NULL);
	case LPE:
		return execlpe(file, a[0], a[1], a[2], a[3], NULL, envp);
	case V:
		return execv(file, a);
	case VE:
		return execve(file, a, envp);
	case VP:
		return execvp(file, a);
	case VPE:
		return execvpe(file, a, envp);
	case N_FORMS:
		break;
	}
	FAIL("no form %d", (int)form);
}

static bool form_searches(enum form form)
{
	return form == LP || form == LPE || form == VP || form == VPE;
}

static bool form_has_environment(enum form form)
{
	return form == LE || form == LPE || form == VE || form == VPE;
}

/* What `show` says when a child of ours has become it. */
static char *show_become(enum form form, const char *file, const char *w1, const char *w2,
			 pid_t *ret_pid)
{
	struct kit_talk talk = kit_talk_open();
	char *const *argv = KIT_ARGV("a name", talk.to, w1, w2);
	char *const *envp = KIT_ARGV("KIT_WORD=given");
	char *text;
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		become(form, file, argv, envp);
		FAIL("form %d: %s", (int)form, strerror(errno));
	}
	text = kit_talk_text(&talk);
	EXPECT_EQ(kit_exit_status(pid), 0);
	if (ret_pid)
		*ret_pid = pid;
	return text;
}

TEST(exec_forms_keep_the_pid)
{
	for (enum form form = 0; form < N_FORMS; form++) {
		pid_t pid;

		EXPECT_EQ(atoi(show_become(form, harness_tool("show"), "pid", "--", &pid)), pid);
	}
}

TEST(exec_forms_pass_arguments)
{
	for (enum form form = 0; form < N_FORMS; form++) {
		char *text = show_become(form, harness_tool("show"), "args", "--", NULL);

		EXPECT_EQ(strncmp(text, "a name|to=", 10), 0);
		EXPECT_CONTAINS(text, "|args|--");
	}
}

TEST(exec_forms_environment_is_the_given_or_our_own)
{
	EXPECT_OK(setenv("KIT_WORD", "own", 1));
	for (enum form form = 0; form < N_FORMS; form++)
		EXPECT_STR(show_become(form, harness_tool("show"), "env=KIT_WORD", "--", NULL),
			   form_has_environment(form) ? "given" : "own");
}

TEST(exec_forms_with_p_search_path)
{
	char *const *argv = KIT_ARGV("x", "x", "x", "x");

	kit_copy(harness_tool("show"), "kit-show");
	EXPECT_OK(setenv("PATH", harness_path("."), 1));
	for (enum form form = 0; form < N_FORMS; form++)
		if (form_searches(form))
			EXPECT_STR(show_become(form, "kit-show", "say=found", "--", NULL), "found");
	EXPECT_OK(chdir("/"));
	for (enum form form = 0; form < N_FORMS; form++)
		if (!form_searches(form))
			EXPECT_ERRNO(become(form, "kit-show", argv, environ), ENOENT);
}

TEST(exec_forms_with_p_give_a_text_to_the_shell)
{
	const char *path = kit_file("script", "exit 4$3\n", 0700);
	char *const *argv = KIT_ARGV("x", "1", "2", "3");

	for (enum form form = 0; form < N_FORMS; form++) {
		pid_t pid;

		if (!form_searches(form)) {
			EXPECT_ERRNO(become(form, path, argv, environ), ENOEXEC);
			continue;
		}
		pid = EXPECT_OK(fork());
		if (pid == 0) {
			become(form, path, argv, environ);
			_exit(1);
		}
		EXPECT_EQ(kit_exit_status(pid), 43);
	}
}

static void go_on_after_failure(void)
{
	char *const *argv = KIT_ARGV("x", "x", "x", "x");
	pid_t child = EXPECT_OK(spawnl(P_NOWAIT, "/bin/sh", "sh", "-c", "exit 9", NULL));

	for (enum form form = 0; form < N_FORMS; form++) {
		EXPECT_ERRNO(become(form, "/nowhere/at/all", argv, environ), ENOENT);
		EXPECT_ERRNO(become(form, "/usr", argv, environ), EACCES);
	}
	EXPECT_EQ(kit_exit_status(child), 9);
	EXPECT_EQ(WEXITSTATUS(spawnl(P_WAIT, "/bin/sh", "sh", "-c", "exit 8", NULL)), 8);
}

TEST(exec_failure_returns_and_the_caller_goes_on)
{
	kit_in_child(go_on_after_failure);
}

TEST(exec_closes_what_is_cloexec_and_nothing_else)
{
	int kept = EXPECT_OK(open("/dev/null", O_RDONLY));
	int closed = EXPECT_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
	char *fds = show_become(L, harness_tool("show"), "fds", "--", NULL);

	EXPECT(kit_has(fds, kept));
	EXPECT(!kit_has(fds, closed));
	/* Nor is there anything of the library's: 0, 1, 2, this one and what it talks to. */
	EXPECT_EQ(strspn(fds, "0123456789 "), strlen(fds));
	EXPECT_LT(strlen(fds), sizeof("0 1 2 33 55"));
	close(kept);
	close(closed);
}

static void handle(int signo)
{
	(void)signo;
}

TEST(exec_caught_signals_become_default_ignored_ones_stay)
{
	const char *caught;

	kit_on_signal(SIGUSR1, handle);
	kit_on_signal(SIGCHLD, handle);
	EXPECT(signal(SIGUSR2, SIG_IGN) != SIG_ERR);
	caught = show_become(L, harness_tool("show"), "caught", "--", NULL);
	EXPECT(!kit_has(caught, SIGUSR1) && !kit_has(caught, SIGCHLD));
	EXPECT(kit_has(show_become(L, harness_tool("show"), "ignored", "--", NULL), SIGUSR2));
}

TEST(exec_mask_and_pending_signals_stay)
{
	sigset_t set = kit_set(SIGUSR1);
	struct kit_talk talk = kit_talk_open();
	pid_t pid;

	EXPECT_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_OK(kill(getpid(), SIGUSR1));
		execl(harness_tool("show"), "show", talk.to, "mask", "pending", NULL);
		_exit(1);
	}
	EXPECT_STR(kit_talk_text(&talk), "10\n10");
	EXPECT_EQ(kit_exit_status(pid), 0);
}

/* A linked program that becomes a linked program keeps its children: `kin` collects them. */
TEST(exec_children_and_zombies_stay_the_processs_own)
{
	struct kit_talk talk = kit_talk_open();
	char pids[2][16];
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		pid_t dead = spawnl(P_NOWAIT, harness_tool("show"), "show", "exit=5", NULL);
		pid_t live =
			spawnl(P_NOWAIT, harness_tool("show"), "show", "eof=0", "exit=6", NULL);

		EXPECT(dead > 0 && live > 0);
		EXPECT(harness_wait_death(dead, KIT_MS));
		snprintf(pids[0], sizeof(pids[0]), "%d", (int)dead);
		snprintf(pids[1], sizeof(pids[1]), "%d", (int)live);
		EXPECT_OK(dup2(talk.out, 1));
		execl(harness_tool("kin"), "kin", "collect", pids[0], pids[1], NULL);
		_exit(1);
	}
	EXPECT_STR(kit_talk_text(&talk), "5\n6\nECHILD");
	EXPECT_EQ(kit_exit_status(pid), 0);
}

/* The same with a foreign program in between: the kernel's pid is all that stays. */
TEST(exec_through_a_foreign_program_keeps_children)
{
	struct kit_talk talk = kit_talk_open();
	char command[4096 + 100];
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		pid_t child = spawnl(P_NOWAIT, harness_tool("show"), "show", "exit=5", NULL);

		EXPECT(child > 0);
		EXPECT_OK(dup2(talk.out, 1));
		snprintf(command, sizeof(command), "exec %s collect %d", harness_tool("kin"),
			 (int)child);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(1);
	}
	EXPECT_STR(kit_talk_text(&talk), "5\nECHILD");
	EXPECT_EQ(kit_exit_status(pid), 0);
}

/* A shell's child that becomes a program of ours: it has a native child from before. */
TEST(exec_native_children_of_the_former_program_can_be_collected)
{
	struct harness_result result;
	char command[4096 + 100];

	snprintf(command, sizeof(command), "sh -c 'exit 7' & exec %s collect $!",
		 harness_tool("kin"));
	HARNESS_RUN(&result, "sh", "-c", command);
	EXPECT_STR(result.out, "7\nECHILD\n");
	harness_result_fini(&result);
}

static void *exec_from_here(void *arg)
{
	const char *to = arg;

	execl(harness_tool("show"), "show", to, "pid", NULL);
	FAIL("execl: %s", strerror(errno));
}

TEST_WITH(exec_from_any_thread, .node = "--allow-threaded-fork")
{
	struct kit_talk talk = kit_talk_open();
	pid_t pid = EXPECT_OK(fork());
	pthread_t thread;

	if (pid == 0) {
		EXPECT_EQ(pthread_create(&thread, NULL, exec_from_here, talk.to), 0);
		pthread_join(thread, NULL);
		_exit(1);
	}
	EXPECT_EQ(atoi(kit_talk_text(&talk)), pid);
	EXPECT_EQ(kit_exit_status(pid), 0);
}

TEST(fexecve_and_execveat_work)
{
	struct kit_talk talk = kit_talk_open();
	int file = EXPECT_OK(open(harness_tool("show"), O_RDONLY | O_CLOEXEC));
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		fexecve(file, KIT_ARGV("show", talk.to, "pid"), environ);
		_exit(1);
	}
	close(file);
	EXPECT_EQ(atoi(kit_talk_text(&talk)), pid);
	EXPECT_EQ(kit_exit_status(pid), 0);
}
