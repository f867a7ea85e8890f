// SPDX-License-Identifier: Apache-2.0
/* How processes end, and what is left of them and of theirs. */
#include "detection/child.h"

static int status_of(const char *word, const char *value)
{
	return EXPECT_OK(spawnl(P_WAIT, harness_tool("mortal"), "mortal", word, value, NULL));
}

static void expect_status(int status, int value)
{
	EXPECT(WIFEXITED(status));
	EXPECT_EQ(WEXITSTATUS(status), value);
}

TEST(exit_status_is_the_low_eight_bits)
{
	static const int values[] = {0, 1, 42, 127, 128, 254, 255, 256, 257, 0x1234, -1};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		expect_exit(child_that_exits(values[i]), values[i] & 0xff);
	expect_status(status_of("exit", "300"), 300 & 0xff);
}

TEST(return_from_main_is_exit)
{
	expect_status(status_of("return", "37"), 37);
}

TEST(exit_of_any_thread_ends_the_process)
{
	expect_status(status_of("thread", "7"), 7);
}

TEST(process_goes_on_without_its_main_thread)
{
	expect_status(status_of("last", "9"), 9);
}

TEST(end_of_the_last_thread_ends_the_process)
{
	expect_status(status_of("last", "0"), 0);
}

/* What `mortal` says until its end. */
static char *said_by(const char *word, const char *value)
{
	const char *argv[] = {"mortal", word, value, NULL};
	int ends[2], map[3];
	char *text;
	pid_t pid;

	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	map[0] = 0;
	map[1] = ends[1];
	map[2] = 2;
	pid = EXPECT_OK(
		spawn(harness_tool("mortal"), 3, map, NULL, (char *const *)(uintptr_t)argv, NULL));
	close(ends[1]);
	text = harness_read_all(ends[0], PATIENCE_MS);
	close(ends[0]);
	EXPECT_EQ(waitpid(pid, NULL, 0), pid);
	return text;
}

TEST(exit_runs_handlers_and__exit_does_not)
{
	char *text = said_by("handlers", "0");

	EXPECT_STR(text, "exit handler\n");
	free(text);
	text = said_by("handlers", "1");
	EXPECT_STR(text, "");
	free(text);
}

static bool ends_a_process(int signo)
{
	static const int others[] = {SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP,
				     SIGTTIN, SIGTTOU, SIGURG,  SIGWINCH};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (signo == others[i])
			return false;
	return signo < 32 || (signo >= SIGRTMIN && signo <= SIGRTMAX);
}

TEST(every_signal_that_kills_is_told)
{
	queue_sigchld();
	for (int signo = 1; signo <= SIGRTMAX; signo++) {
		siginfo_t info;
		pid_t pid;

		if (!ends_a_process(signo))
			continue;
		pid = child_that_dies_by(signo);
		expect_killed(pid, signo);
		info = take(SIGCHLD);
		EXPECT_EQ(info.si_pid, pid);
		EXPECT_EQ(info.si_status, signo);
		EXPECT(info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED);
	}
	expect_none(SIGCHLD);
}

TEST(a_signal_from_outside_is_told)
{
	pid_t pid = child_that_pauses();

	EXPECT_OK(kill(pid, SIGTERM));
	expect_killed(pid, SIGTERM);
}

TEST(abort_and_faults_are_told_as_their_signals)
{
	int status = status_of("abort", NULL);

	EXPECT(WIFSIGNALED(status));
	EXPECT_EQ(WTERMSIG(status), SIGABRT);
	status = status_of("fault", "8");
	EXPECT(WIFSIGNALED(status));
	EXPECT_EQ(WTERMSIG(status), SIGSEGV);
}

TEST(signal_names_that_linux_lacks_exist)
{
	EXPECT_EQ(SIGEMT, SIGDEADLK);
	expect_killed(child_that_dies_by(SIGEMT), SIGEMT);
}

/* A says who its child is; the child, behind @gate, says who its parent is, twice. */
static pid_t parent_with_child(struct gate gate, int say)
{
	pid_t pid = EXPECT_OK(fork());
	pid_t ppid;

	if (pid != 0)
		return pid;
	pid = EXPECT_OK(fork());
	if (pid != 0) {
		EXPECT_EQ(write(say, &pid, sizeof(pid)), sizeof(pid));
		_exit(5);
	}
	gate_pass(gate);
	ppid = getppid();
	EXPECT_EQ(write(say, &ppid, sizeof(ppid)), sizeof(ppid));
	_exit(6);
}

static pid_t read_pid(int fd)
{
	pid_t pid = -1;

	(void)harness_wait_fd(fd, POLLIN, PATIENCE_MS);
	EXPECT_EQ(read(fd, &pid, sizeof(pid)), sizeof(pid));
	return pid;
}

TEST(children_outlive_their_parent_and_go_to_process_1)
{
	struct gate gate = gate_new(), words = gate_new();
	pid_t parent, child;

	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_PROCESS_DEATH);
	parent = parent_with_child(gate, words.write);
	child = read_pid(words.read);
	expect_exit(parent, 5);
	EXPECT(is_there(child));
	EXPECT(!is_zombie(child));
	EXPECT_ERRNO(waitpid(child, NULL, 0), ECHILD);
	gate_open(gate);
	EXPECT_EQ(read_pid(words.read), 1);
	/* Nobody waits for it, so nothing is left of it. */
	hear_of(SIGRTMIN, child);
	EVENTUALLY(!is_there(child));
	gate_open(words);
}

TEST(a_child_knows_its_parent)
{
	pid_t self = getpid();
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0)
		_exit(getppid() == self ? 0 : 1);
	expect_exit(pid, 0);
}

TEST(zombie_stays_until_it_is_waited_for)
{
	pid_t pid;

	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_PROCESS_DEATH);
	pid = child_that_exits(11);
	hear_of(SIGRTMIN, pid);
	EXPECT(is_there(pid));
	EXPECT(is_zombie(pid));
	EXPECT_CONTAINS(node_line(pid), "zombie");
	EXPECT_GE(node_figure("zombies"), 1);
	expect_exit(pid, 11);
	EXPECT_STR(node_line(pid), "");
	EVENTUALLY(!is_there(pid));
	EXPECT_EQ(node_figure("zombies"), 0);
}

TEST(zombies_of_a_dead_parent_disappear)
{
	struct gate gate = gate_new(), words = gate_new();
	pid_t parent, zombie;

	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_PROCESS_DEATH);
	parent = EXPECT_OK(fork());
	if (parent == 0) {
		zombie = child_that_exits(3);
		EXPECT_EQ(write(words.write, &zombie, sizeof(zombie)), sizeof(zombie));
		gate_pass(gate);
		_exit(0);
	}
	zombie = read_pid(words.read);
	hear_of(SIGRTMIN, zombie);
	EXPECT(is_zombie(zombie));
	gate_open(gate);
	gate_open(words);
	expect_exit(parent, 0);
	EVENTUALLY(!is_there(zombie));
	EXPECT_EQ(node_figure("zombies"), 0);
}

/* Twenty generations, each of which ends before its child does. */
TEST(a_long_line_of_orphans_ends)
{
	struct gate gate = gate_new();
	pid_t first;

	first = EXPECT_OK(fork());
	for (int i = 0; first == 0 && i < 20; i++) {
		if (EXPECT_OK(fork()) != 0)
			_exit(0);
	}
	if (first == 0) {
		EVENTUALLY(getppid() == 1);
		close(gate.write);
		_exit(0);
	}
	expect_exit(first, 0);
	close(gate.write);
	EXPECT(harness_wait_fd(gate.read, POLLIN, PATIENCE_MS) & POLLHUP);
	close(gate.read);
	expect_no_children();
}
