// SPDX-License-Identifier: Apache-2.0
/* fork(), vfork(), forkpty(), daemon(): a child that is a copy. */
#include "kit.h"

#include <process.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/times.h>

/* In the child: tells by its status whether it is so. */
#define SAY(condition) _exit((condition) ? 0 : __LINE__ & 0x7f)

TEST(fork_child_is_a_copy_with_memory_of_its_own)
{
	volatile int *value = malloc(sizeof(*value));
	int ends[2];
	pid_t pid;

	kit_pipe(ends);
	*value = 1;
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		bool is_copy = *value == 1;

		*value = 2;
		EXPECT_EQ(write(ends[1], "x", 1), 1);
		SAY(is_copy);
	}
	close(ends[1]);
	EXPECT_STR(kit_read(ends[0]), "x");
	EXPECT_EQ(*value, 1);
	EXPECT_EQ(kit_exit_status(pid), 0);
	free((void *)value);
}

TEST(fork_pids_are_the_kernels_and_true_on_both_sides)
{
	int ends[2];
	pid_t pid, said;

	kit_pipe(ends);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		said = getpid();
		SAY(write(ends[1], &said, sizeof(said)) == sizeof(said));
	}
	EXPECT_EQ(read(ends[0], &said, sizeof(said)), sizeof(said));
	EXPECT_EQ(said, pid);
	EXPECT_NE(said, getpid());
	EXPECT_EQ(kit_exit_status(pid), 0);
	close(ends[0]);
	close(ends[1]);
}

/* From the first instruction on; not only once somebody has been asked. */
TEST(fork_child_has_its_parent_at_once)
{
	pid_t self = getpid();

	for (int i = 0; i < 200; i++) {
		pid_t pid = EXPECT_OK(fork());

		if (pid == 0)
			SAY(getppid() == self);
		EXPECT_EQ(kit_exit_status(pid), 0);
	}
}

TEST(fork_generations_know_and_collect_their_own)
{
	pid_t self = getpid(), pid = EXPECT_OK(fork());

	if (pid == 0) {
		pid_t child = getpid(), grandchild = fork();

		if (grandchild == 0) {
			pid_t great = fork();

			if (great == 0)
				SAY(getppid() != child && getppid() != self);
			SAY(getppid() == child && kit_exit_status(great) == 0);
		}
		/* Not the siblings' of our parent, and not twice. */
		EXPECT_EQ(kit_exit_status(grandchild), 0);
		kit_expect_no_children();
		SAY(getppid() == self);
	}
	EXPECT_EQ(kit_exit_status(pid), 0);
	kit_expect_no_children();
}

TEST(fork_child_does_not_have_the_parents_children)
{
	pid_t dead = EXPECT_OK(spawnl(P_NOWAIT, "/bin/sh", "sh", "-c", "exit 3", NULL));
	pid_t pid;

	EXPECT(harness_wait_death(dead, KIT_MS));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_ERRNO(waitpid(dead, NULL, 0), ECHILD);
		EXPECT_ERRNO(wait(NULL), ECHILD);
		SAY(true);
	}
	EXPECT_EQ(kit_exit_status(pid), 0);
	EXPECT_EQ(kit_exit_status(dead), 3);
}

static char order[64];

static void note(const char *text)
{
	strcat(order, text);
}

static void prepare_1(void)
{
	note("p1 ");
}

static void parent_1(void)
{
	note("P1 ");
}

static void child_1(void)
{
	note("C1 ");
}

static void prepare_2(void)
{
	note("p2 ");
}

static void parent_2(void)
{
	note("P2 ");
}

static void child_2(void)
{
	note("C2 ");
}

TEST(fork_atfork_handlers_run_once_and_in_order)
{
	pid_t pid;

	EXPECT_EQ(pthread_atfork(prepare_1, parent_1, child_1), 0);
	EXPECT_EQ(pthread_atfork(prepare_2, parent_2, child_2), 0);
	pid = EXPECT_OK(fork());
	if (pid == 0)
		SAY(strcmp(order, "p2 p1 C1 C2 ") == 0);
	EXPECT_STR(order, "p2 p1 P1 P2 ");
	EXPECT_EQ(kit_exit_status(pid), 0);
}

static pid_t atfork_ppid;

static void atfork_ask(void)
{
	atfork_ppid = getppid();
}

TEST(fork_atfork_child_handler_sees_the_parent)
{
	pid_t self = getpid(), pid;

	EXPECT_EQ(pthread_atfork(NULL, NULL, atfork_ask), 0);
	for (int i = 0; i < 50; i++) {
		pid = EXPECT_OK(fork());
		if (pid == 0) {
			EXPECT_EQ(atfork_ppid, self);
			/* It has been to the manager before fork() returned, and goes on. */
			EXPECT_EQ(spawnl(P_WAIT, "/bin/true", "true", NULL), 0);
			SAY(getppid() == self);
		}
		EXPECT_EQ(kit_exit_status(pid), 0);
	}
}

TEST(fork_child_may_use_malloc_and_stdio)
{
	FILE *f = fopen(harness_path("file"), "w+e");
	char line[64] = "";
	pid_t pid;

	EXPECT(f);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		for (int i = 0; i < 10000; i++) {
			char *p = malloc((size_t)i + 1);

			memset(p, i, (size_t)i + 1);
			free(p);
		}
		fprintf(f, "child %d", 1);
		exit(0);
	}
	EXPECT_EQ(kit_exit_status(pid), 0);
	rewind(f);
	EXPECT(fgets(line, sizeof(line), f));
	EXPECT_STR(line, "child 1");
	fclose(f);
}

static int exit_fd = -1;

static void at_exit(void)
{
	if (exit_fd >= 0)
		(void)!write(exit_fd, "exited", 6);
}

TEST(fork_child_runs_exit_handlers_at_exit)
{
	int ends[2];
	pid_t pid;

	kit_pipe(ends);
	EXPECT_EQ(atexit(at_exit), 0);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		exit_fd = ends[1];
		exit(0);
	}
	close(ends[1]);
	EXPECT_STR(kit_read(ends[0]), "exited");
	EXPECT_EQ(kit_exit_status(pid), 0);
}

TEST(fork_child_has_all_descriptors_cloexec_or_not)
{
	int plain = EXPECT_OK(open("/dev/null", O_RDONLY));
	int cloexec = EXPECT_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0)
		SAY(fcntl(plain, F_GETFD) == 0 && fcntl(cloexec, F_GETFD) == FD_CLOEXEC);
	EXPECT_EQ(kit_exit_status(pid), 0);
	close(plain);
	close(cloexec);
}

TEST(fork_child_shares_seek_positions)
{
	int file = EXPECT_OK(open(kit_file("file", "0123456789", 0600), O_RDONLY | O_CLOEXEC));
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0)
		SAY(lseek(file, 6, SEEK_SET) == 6);
	EXPECT_EQ(kit_exit_status(pid), 0);
	EXPECT_EQ(lseek(file, 0, SEEK_CUR), 6);
	close(file);
}

TEST(fork_child_has_no_locks_pending_signals_alarm_or_times)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int file = EXPECT_OK(open(kit_file("file", "x", 0600), O_RDWR | O_CLOEXEC));
	sigset_t set = kit_set(SIGUSR1);
	pid_t pid;

	EXPECT_OK(fcntl(file, F_SETLK, &lock));
	EXPECT_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	EXPECT_OK(kill(getpid(), SIGUSR1));
	alarm(1000);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		sigset_t pending, mask;
		struct tms t;

		EXPECT_ERRNO(fcntl(file, F_SETLK, &lock), EAGAIN);
		EXPECT_OK(sigpending(&pending));
		EXPECT(!sigismember(&pending, SIGUSR1));
		EXPECT_OK(sigprocmask(SIG_BLOCK, NULL, &mask));
		EXPECT(sigismember(&mask, SIGUSR1) && !sigismember(&mask, SIGTERM));
		times(&t);
		EXPECT_EQ(t.tms_cutime + t.tms_cstime, 0);
		SAY(alarm(0) == 0);
	}
	EXPECT_EQ(kit_exit_status(pid), 0);
	EXPECT(alarm(0) > 0);
	close(file);
}

static volatile sig_atomic_t handled;

static void handle(int signo)
{
	handled = signo;
}

TEST(fork_child_keeps_handlers_and_mask)
{
	sigset_t before, after;
	pid_t pid;

	kit_on_signal(SIGUSR1, handle);
	EXPECT_OK(sigprocmask(SIG_BLOCK, NULL, &before));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		raise(SIGUSR1);
		SAY(handled == SIGUSR1);
	}
	EXPECT_EQ(kit_exit_status(pid), 0);
	EXPECT_OK(sigprocmask(SIG_BLOCK, NULL, &after));
	EXPECT_EQ(memcmp(&before, &after, 8), 0);
	EXPECT_EQ(handled, 0);
}

/* The portable way of setting up a child: fork, dup2, close, exec. */
TEST(fork_dup2_close_exec_is_the_portable_way)
{
	int ends[2], file = EXPECT_OK(open(kit_file("input", "words\n", 0600), O_RDONLY));
	pid_t pid;

	EXPECT_OK(pipe(ends));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		close(ends[0]);
		dup2(file, 0);
		close(file);
		dup2(ends[1], 1);
		close(ends[1]);
		execlp("sh", "sh", "-c", "tr a-z A-Z; ls /proc/self/fd | tr '\\n' ' '; exit 3",
		       NULL);
		_exit(1);
	}
	close(ends[1]);
	close(file);
	EXPECT_STR(kit_read(ends[0]), "WORDS\n0 1 2 3 ");
	EXPECT_EQ(kit_exit_status(pid), 3);
}

/* A pipeline as textbooks have it, with dup() taking the lowest number. */
TEST(fork_pipeline_by_close_and_dup)
{
	int first[2], last[2];
	pid_t a, b;

	kit_pipe(first);
	kit_pipe(last);
	a = EXPECT_OK(fork());
	if (a == 0) {
		close(1);
		if (dup(first[1]) != 1)
			_exit(1);
		execlp("echo", "echo", "one two", NULL);
		_exit(1);
	}
	b = EXPECT_OK(fork());
	if (b == 0) {
		close(0);
		if (dup(first[0]) != 0)
			_exit(1);
		close(first[1]);
		dup2(last[1], 1);
		execlp("wc", "wc", "-w", NULL);
		_exit(1);
	}
	close(first[0]);
	close(first[1]);
	close(last[1]);
	EXPECT_EQ(atoi(kit_read(last[0])), 2);
	EXPECT_EQ(kit_exit_status(a), 0);
	EXPECT_EQ(kit_exit_status(b), 0);
}

/* What the child closes is its own table's; the library's tie to the node is hidden. */
TEST(fork_child_may_close_everything)
{
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		for (int fd = 3; fd < 4096; fd++)
			close(fd);
		closefrom(3);
		EXPECT_EQ(WEXITSTATUS(spawnlp(P_WAIT, "sh", "sh", "-c", "exit 5", NULL)), 5);
		pid = fork();
		if (pid == 0)
			_exit(6);
		EXPECT_EQ(kit_exit_status(pid), 6);
		SAY(true);
	}
	EXPECT_EQ(kit_exit_status(pid), 0);
}

TEST(fork_child_that_dies_holding_a_robust_mutex_is_noticed)
{
	pthread_mutex_t *mutex =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attr;
	pid_t pid;

	EXPECT(mutex != MAP_FAILED);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	EXPECT_EQ(pthread_mutex_init(mutex, &attr), 0);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		pthread_mutex_lock(mutex);
		kill(getpid(), SIGKILL);
	}
	EXPECT_EQ(WTERMSIG(kit_collect(pid)), SIGKILL);
	EXPECT_EQ(pthread_mutex_lock(mutex), EOWNERDEAD);
	pthread_mutex_consistent(mutex);
	pthread_mutex_unlock(mutex);
	munmap(mutex, 4096);
}

static void *answer(void *arg)
{
	return arg;
}

TEST(fork_child_may_start_threads)
{
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		pthread_t thread;
		void *result = NULL;

		EXPECT_EQ(pthread_create(&thread, NULL, answer, &pid), 0);
		EXPECT_EQ(pthread_join(thread, &result), 0);
		SAY(result == &pid);
	}
	EXPECT_EQ(kit_exit_status(pid), 0);
}

static void fork_in_handler(int signo)
{
	pid_t pid = fork();

	(void)signo;
	if (pid == 0)
		_exit(0);
	handled = pid > 0 && waitpid(pid, NULL, 0) == pid;
}

TEST(fork_works_in_a_signal_handler)
{
	kit_on_signal(SIGUSR1, fork_in_handler);
	raise(SIGUSR1);
	EXPECT_EQ(handled, 1);
}

TEST_LIMIT(fork_a_thousand_times, 60)
{
	for (int i = 0; i < 1000; i++) {
		pid_t pid = EXPECT_OK(fork());

		if (pid == 0)
			_exit(i & 0x7f);
		EXPECT_EQ(kit_exit_status(pid), i & 0x7f);
	}
}

TEST(fork_collected_child_is_gone_at_once)
{
	for (int i = 0; i < 200; i++) {
		pid_t pid = EXPECT_OK(fork());

		if (pid == 0)
			_exit(0);
		EXPECT_EQ(kit_exit_status(pid), 0);
		EXPECT_ERRNO(kill(pid, 0), ESRCH);
	}
}

TEST(fork_hundred_children_at_once)
{
	pid_t pids[100];

	for (int i = 0; i < 100; i++) {
		pids[i] = EXPECT_OK(fork());
		if (pids[i] == 0)
			_exit(i);
	}
	for (int i = 99; i >= 0; i--)
		EXPECT_EQ(kit_exit_status(pids[i]), i);
	kit_expect_no_children();
}

/* ---- Threads ---- */

static int gate[2];

static void *wait_at_gate(void *arg)
{
	char c;

	(void)!read(gate[0], &c, 1);
	return arg;
}

static pthread_t start_thread(void)
{
	pthread_t thread;

	kit_pipe(gate);
	EXPECT_EQ(pthread_create(&thread, NULL, wait_at_gate, NULL), 0);
	return thread;
}

static void end_thread(pthread_t thread)
{
	close(gate[1]);
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	close(gate[0]);
}

TEST_WITH(fork_in_a_process_with_threads_is_enosys, .threads = true)
{
	pthread_t thread = start_thread();
	int master;

	EXPECT_ERRNO(fork(), ENOSYS);
	EXPECT_ERRNO(vfork(), ENOSYS);
	EXPECT_ERRNO(forkpty(&master, NULL, NULL, NULL), ENOSYS);
	kit_expect_no_children();
	/* Spawning is what such a process does instead. */
	EXPECT_EQ(WEXITSTATUS(spawnlp(P_WAIT, "sh", "sh", "-c", "exit 5", NULL)), 5);
	EXPECT_EQ(WEXITSTATUS(system("exit 6")), 6);
	end_thread(thread);
}

TEST_WITH(fork_in_a_process_with_threads_where_allowed, .node = "--allow-threaded-fork")
{
	pthread_t thread = start_thread();
	pid_t self = getpid(), pid = EXPECT_OK(fork());
	char *text;
	int master;

	if (pid == 0) {
		free(malloc(1000));
		SAY(getppid() == self && kit_stat(getpid(), 20) == 1);
	}
	EXPECT_EQ(kit_exit_status(pid), 0);
	pid = EXPECT_OK(forkpty(&master, NULL, NULL, NULL));
	if (pid == 0)
		SAY(isatty(0));
	text = harness_read_all(master, KIT_MS);
	close(master);
	EXPECT_EQ(kit_exit_status(pid), 0);
	free(text);
	end_thread(thread);
}

/* ---- vfork ---- */

TEST(vfork_child_execs)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "exit 31", NULL);
		_exit(1);
	}
	EXPECT_OK(pid);
	EXPECT_EQ(kit_exit_status(pid), 31);
}

TEST(vfork_child_exits)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(32);
	EXPECT_OK(pid);
	EXPECT_EQ(kit_exit_status(pid), 32);
	kit_expect_no_children();
}

/* ---- forkpty ---- */

TEST(forkpty_child_has_the_terminal)
{
	struct winsize size = {.ws_row = 33, .ws_col = 77};
	struct termios mode;
	char name[256] = "", *text;
	int master;
	pid_t pid;

	cfmakeraw(&mode);
	memset(&mode, 0, sizeof(mode));
	mode.c_oflag = 0;
	mode.c_lflag = ICANON;
	mode.c_cflag = CREAD | CS8;
	cfsetspeed(&mode, B38400);
	pid = EXPECT_OK(forkpty(&master, name, &mode, &size));
	if (pid == 0) {
		struct winsize got;
		struct termios now;

		EXPECT(isatty(0) && isatty(1) && isatty(2));
		EXPECT_STR(ttyname(0), name);
		EXPECT_OK(ioctl(0, TIOCGWINSZ, &got));
		EXPECT(got.ws_row == 33 && got.ws_col == 77);
		EXPECT_OK(tcgetattr(0, &now));
		EXPECT_EQ(now.c_lflag & (ECHO | ICANON), ICANON);
		EXPECT_EQ(getsid(0), getpid());
		EXPECT_EQ(tcgetpgrp(0), getpgrp());
		EXPECT_OK(open("/dev/tty", O_RDWR));
		printf("all well");
		fflush(stdout);
		_exit(0);
	}
	EXPECT(fcntl(master, F_GETFD) >= 0);
	text = harness_read_all(master, KIT_MS);
	EXPECT_STR(text, "all well");
	EXPECT_EQ(kit_exit_status(pid), 0);
	close(master);
}

TEST(forkpty_carries_what_is_typed)
{
	int master;
	pid_t pid = EXPECT_OK(forkpty(&master, NULL, NULL, NULL));

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "stty -echo; echo go; read x; exit $x", NULL);
		_exit(1);
	}
	EXPECT_STR(harness_read_line(master, KIT_MS), "go\r");
	EXPECT_EQ(write(master, "17\n", 3), 3);
	EXPECT_EQ(kit_exit_status(pid), 17);
	close(master);
}

/* ---- daemon ---- */

/* What a daemon says of itself; it ends when its pipe's reader does not matter any more. */
static char *daemon_says(int nochdir, int noclose)
{
	int ends[2];
	char *text;
	pid_t pid;

	kit_pipe(ends);
	fflush(NULL);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		char line[512], cwd[256], file[64] = "";
		pid_t before = getpid();
		int n;

		if (daemon(nochdir, noclose) != 0)
			_exit(1);
		n = (int)readlink("/proc/self/fd/1", file, sizeof(file) - 1);
		snprintf(line, sizeof(line), "%s %s %s %s", getpid() != before ? "new" : "same",
			 getsid(0) == getpid() ? "leads" : "follows",
			 getcwd(cwd, sizeof(cwd)) ? cwd : "?", n > 0 ? file : "closed");
		_exit(write(ends[1], line, strlen(line)) < 0);
	}
	close(ends[1]);
	/* The parent ends with status 0, whatever the daemon does. */
	EXPECT_EQ(kit_exit_status(pid), 0);
	text = kit_read(ends[0]);
	/* It is nobody's child. */
	kit_expect_no_children();
	return text;
}

TEST(daemon_is_a_new_process_with_its_own_session)
{
	EXPECT_OK(chdir("/usr"));
	EXPECT_STR(daemon_says(0, 0), "new leads / /dev/null");
}

TEST(daemon_keeps_directory_and_descriptors_if_asked)
{
	char file[64] = "", expected[128];

	EXPECT(readlink("/proc/self/fd/1", file, sizeof(file) - 1) > 0);
	EXPECT_OK(chdir("/usr"));
	snprintf(expected, sizeof(expected), "new leads /usr %s", file);
	EXPECT_STR(daemon_says(1, 1), expected);
}
