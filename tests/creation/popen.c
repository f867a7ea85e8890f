// SPDX-License-Identifier: Apache-2.0
/* popen(), pclose() and system(): the shell as a child. */
#include "kit.h"

#include <process.h>
#include <pthread.h>

/* All that comes of a stream. */
static const char *drain(FILE *f)
{
	static char text[8192];
	size_t n = fread(text, 1, sizeof(text) - 1, f);

	text[n] = '\0';
	return text;
}

TEST(popen_reads_what_the_command_writes)
{
	FILE *f = popen("echo one; echo two", "r");

	EXPECT(f);
	EXPECT_STR(drain(f), "one\ntwo\n");
	EXPECT_EQ(pclose(f), 0);
	kit_expect_no_children();
}

TEST(popen_writes_what_the_command_reads)
{
	const char *path = harness_path("copy");
	char command[4200];
	FILE *f;
	int file;

	snprintf(command, sizeof(command), "cat >'%s'; exit 3", path);
	f = popen(command, "w");
	EXPECT(f);
	EXPECT(fputs("words\n", f) >= 0);
	EXPECT_EQ(WEXITSTATUS(pclose(f)), 3);
	file = EXPECT_OK(open(path, O_RDONLY | O_CLOEXEC));
	EXPECT_STR(kit_read(file), "words");
}

TEST(pclose_returns_the_status_word)
{
	int status = pclose(popen("exit 42", "r"));

	EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	status = pclose(popen("kill -TERM $$", "r"));
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	status = pclose(popen("no-such-command-at-all 2>/dev/null", "r"));
	EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 127);
}

TEST(popen_of_a_bad_mode_is_einval)
{
	const char *const modes[] = {"", "x", "rw", "wr"};

	for (int i = 0; i < 4; i++) {
		errno = 0;
		EXPECT(!popen("true", modes[i]));
		EXPECT_EQ(errno, EINVAL);
	}
	kit_expect_no_children();
}

TEST(popen_with_e_is_close_on_exec)
{
	FILE *plain = popen("cat", "w"), *cloexec = popen("cat", "we");

	EXPECT(plain && cloexec);
	EXPECT_EQ(fcntl(fileno(plain), F_GETFD), 0);
	EXPECT_EQ(fcntl(fileno(cloexec), F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(pclose(plain), 0);
	EXPECT_EQ(pclose(cloexec), 0);
}

/* Else the first would never see the end of its input. */
TEST(popen_child_has_no_other_popens_stream)
{
	FILE *first = popen("cat >/dev/null; exit 1", "w");
	FILE *second = popen("cat >/dev/null; exit 2", "w");
	FILE *third = popen("cat >/dev/null; exit 3", "w");

	EXPECT(first && second && third);
	EXPECT_EQ(WEXITSTATUS(pclose(first)), 1);
	EXPECT_EQ(WEXITSTATUS(pclose(second)), 2);
	EXPECT_EQ(WEXITSTATUS(pclose(third)), 3);
}

TEST(pclose_collects_its_own_child_only)
{
	pid_t other = EXPECT_OK(spawnlp(P_NOWAIT, "sh", "sh", "-c", "exit 5", NULL));
	FILE *f = popen("exit 6", "r");

	EXPECT(harness_wait_death(other, KIT_MS));
	EXPECT_EQ(WEXITSTATUS(pclose(f)), 6);
	EXPECT_EQ(kit_exit_status(other), 5);
}

TEST(pclose_of_a_collected_child_is_echild)
{
	FILE *f = popen("exit 6", "r");

	EXPECT(f);
	EXPECT_OK(wait(NULL));
	EXPECT_ERRNO(pclose(f), ECHILD);
}

TEST(popen_works_with_standard_descriptors_closed)
{
	pid_t pid = EXPECT_OK(fork());
	FILE *f;

	if (pid == 0) {
		close(0);
		close(1);
		f = popen("echo hello", "r");
		_exit(f && strcmp(drain(f), "hello\n") == 0 && pclose(f) == 0 ? 0 : 1);
	}
	EXPECT_EQ(kit_exit_status(pid), 0);
}

TEST(popen_many_at_once)
{
	FILE *f[64];

	for (int i = 0; i < 64; i++) {
		char command[32];

		snprintf(command, sizeof(command), "exit %d", i);
		f[i] = popen(command, "r");
		EXPECT(f[i]);
	}
	for (int i = 63; i >= 0; i--)
		EXPECT_EQ(WEXITSTATUS(pclose(f[i])), i);
	kit_expect_no_children();
}

static void handle(int signo)
{
	(void)signo;
}

TEST(pclose_goes_on_after_a_signal)
{
	FILE *f;

	kit_on_signal(SIGUSR1, handle);
	kit_on_signal(SIGCHLD, handle);
	for (int i = 0; i < 50; i++) {
		f = popen("kill -USR1 $PPID 2>/dev/null; exit 4", "r");
		EXPECT(f);
		kill(getpid(), SIGUSR1);
		EXPECT_EQ(WEXITSTATUS(pclose(f)), 4);
	}
}

TEST(system_returns_the_status_word)
{
	int status = system("exit 21");

	EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 21);
	status = system("kill -9 $$");
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	EXPECT_EQ(WEXITSTATUS(system("no-such-command-at-all 2>/dev/null")), 127);
	kit_expect_no_children();
}

TEST(system_of_null_says_that_there_is_a_shell)
{
	EXPECT_NE(system(NULL), 0);
}

static volatile sig_atomic_t interrupts;

static void count(int signo)
{
	(void)signo;
	interrupts++;
}

/* The command sends them to us while we wait; then they count again. */
TEST(system_ignores_int_and_quit_meanwhile)
{
	char command[64];

	kit_on_signal(SIGINT, count);
	kit_on_signal(SIGQUIT, count);
	snprintf(command, sizeof(command), "kill -INT %d; kill -QUIT %d", (int)getpid(),
		 (int)getpid());
	EXPECT_EQ(system(command), 0);
	EXPECT_EQ(interrupts, 0);
	EXPECT_OK(kill(getpid(), SIGINT));
	EXPECT_EQ(interrupts, 1);
}

/* The command itself may be interrupted: it does not inherit the ignoring. */
TEST(system_command_can_be_interrupted)
{
	int status = system("kill -INT $$; exit 3");

	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	EXPECT(signal(SIGINT, SIG_IGN) != SIG_ERR);
	EXPECT_EQ(WEXITSTATUS(system("kill -INT $$; exit 3")), 3);
}

/* Blocked while the command runs, as POSIX has it: the thread's mask is as before. */
TEST(system_keeps_the_mask)
{
	sigset_t before, after, set = kit_set(SIGUSR1);

	EXPECT_OK(sigprocmask(SIG_BLOCK, &set, &before));
	EXPECT_EQ(WEXITSTATUS(system("exit 5")), 5);
	EXPECT_OK(sigprocmask(SIG_BLOCK, NULL, &after));
	EXPECT(sigismember(&after, SIGUSR1) && !sigismember(&after, SIGCHLD));
}

TEST(system_collects_its_own_child_only)
{
	pid_t other = EXPECT_OK(spawnlp(P_NOWAIT, "sh", "sh", "-c", "exit 5", NULL));

	EXPECT(harness_wait_death(other, KIT_MS));
	EXPECT_EQ(WEXITSTATUS(system("exit 6")), 6);
	EXPECT_EQ(kit_exit_status(other), 5);
}

static void *run_commands(void *arg)
{
	int first = *(int *)arg;
	char command[32];

	for (int i = 0; i < 20; i++) {
		int want = (first + i) & 0x7f;
		FILE *f;

		snprintf(command, sizeof(command), "exit %d", want);
		EXPECT_EQ(WEXITSTATUS(system(command)), want);
		f = popen(command, "r");
		EXPECT(f);
		EXPECT_EQ(WEXITSTATUS(pclose(f)), want);
	}
	return NULL;
}

TEST_WITH(popen_and_system_work_in_threads, .threads = true)
{
	pthread_t threads[4];
	int first[4];

	for (int i = 0; i < 4; i++) {
		first[i] = i * 30;
		EXPECT_EQ(pthread_create(&threads[i], NULL, run_commands, &first[i]), 0);
	}
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(pthread_join(threads[i], NULL), 0);
	kit_expect_no_children();
}
