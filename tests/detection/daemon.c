// SPDX-License-Identifier: Apache-2.0
/*
 * procmgr_daemon(): the process lives on, its parent is told that it has ended.
 * differs: nothing; QNX Neutrino C Library Reference, procmgr_daemon().
 */
#include "detection/child.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/stat.h>

/* What a daemon says of itself once it is one. */
struct look {
	int result, error;
	pid_t pid, ppid, sid, kernel_sid, pgrp;
	bool has_tty, at_root, fds_closed, on_null;
	mode_t umask;
};

/* What it is before. */
enum situation { PLAIN, GROUP_LEADER, LEADER_WITH_CHILDREN, SESSION_LEADER };

static bool is_null(int fd)
{
	struct stat is, null;

	return fstat(fd, &is) == 0 && stat("/dev/null", &null) == 0 && is.st_rdev == null.st_rdev &&
	       S_ISCHR(is.st_mode);
}

static struct look look_at_myself(int result, int extra_fd)
{
	struct look look = {.result = result, .error = errno};
	char cwd[64] = "";
	int tty = open("/dev/tty", O_RDWR | O_NOCTTY);

	look.has_tty = tty >= 0;
	if (tty >= 0)
		close(tty);
	look.pid = getpid();
	look.ppid = getppid();
	look.sid = getsid(0);
	look.kernel_sid = (pid_t)syscall(SYS_getsid, 0);
	look.pgrp = getpgrp();
	look.at_root = getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/") == 0;
	look.fds_closed = fcntl(extra_fd, F_GETFD) == -1 && errno == EBADF;
	look.on_null = is_null(0) && is_null(1) && is_null(2);
	look.umask = umask(0);
	return look;
}

static void become(enum situation situation)
{
	switch (situation) {
	case PLAIN:
		break;
	case GROUP_LEADER:
		EXPECT_OK(setpgid(0, 0));
		break;
	case LEADER_WITH_CHILDREN:
		EXPECT_OK(setpgid(0, 0));
		(void)child_that_pauses();
		break;
	case SESSION_LEADER:
		EXPECT_GT(setsid(), 0);
		break;
	}
}

/* The words go through a file's name, since its descriptors may all be closed. */
static const char *words;

static void say(const struct look *look)
{
	int fd = open(words, O_WRONLY);

	if (fd < 0 || write(fd, look, sizeof(*look)) != sizeof(*look))
		_exit(80);
	close(fd);
}

struct demon {
	pid_t pid;
	struct look look;
};

__attribute__((noreturn)) static void be_demon(enum situation situation, int status, unsigned flags)
{
	struct look look;
	int extra;

	/* 0 to 2 that are no /dev/null, one more, and a mask that is none of ours. */
	for (int fd = 0; fd < 3; fd++)
		(void)dup2(open("/dev/zero", O_RDWR), fd);
	extra = open("/dev/zero", O_RDONLY);
	(void)umask(027);
	become(situation);
	errno = 0;
	look = look_at_myself(procmgr_daemon(status, flags), extra);
	say(&look);
	for (;;)
		pause();
}

static struct demon demon_new(enum situation situation, int status, unsigned flags)
{
	struct demon demon;
	int fd;

	words = harness_path("words");
	(void)unlink(words);
	EXPECT_OK(mkfifo(words, 0600));
	fd = EXPECT_OK(open(words, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	demon.pid = EXPECT_OK(fork());
	if (demon.pid == 0)
		be_demon(situation, status, flags);
	(void)harness_wait_fd(fd, POLLIN, PATIENCE_MS);
	EXPECT_EQ(read(fd, &demon.look, sizeof(demon.look)), sizeof(demon.look));
	close(fd);
	EXPECT_EQ(demon.look.result < 0 ? demon.look.error : 0, 0);
	return demon;
}

static void demon_end(const struct demon *demon)
{
	EXPECT_OK(kill(demon->pid, SIGKILL));
	EVENTUALLY(!is_there(demon->pid));
}

#define ALL_FLAGS                                                                     \
	(PROCMGR_DAEMON_NOCHDIR | PROCMGR_DAEMON_NOCLOSE | PROCMGR_DAEMON_NODEVNULL | \
	 PROCMGR_DAEMON_KEEPUMASK)

TEST(daemon_flags_leave_alone_what_they_name)
{
	for (unsigned flags = 0; flags <= ALL_FLAGS; flags++) {
		struct demon demon = demon_new(PLAIN, 0, flags);

		EXPECT_EQ(demon.look.at_root, !(flags & PROCMGR_DAEMON_NOCHDIR));
		EXPECT_EQ(demon.look.fds_closed, !(flags & PROCMGR_DAEMON_NOCLOSE));
		EXPECT_EQ(demon.look.on_null, !(flags & PROCMGR_DAEMON_NODEVNULL));
		EXPECT_EQ(demon.look.umask, flags & PROCMGR_DAEMON_KEEPUMASK ? 027 : 0);
		expect_exit(demon.pid, 0);
		demon_end(&demon);
	}
}

TEST(daemon_flags_that_are_none_are_einval)
{
	EXPECT_ERRNO(procmgr_daemon(0, 0x10), EINVAL);
	EXPECT_ERRNO(procmgr_daemon(0, ~0u), EINVAL);
	EXPECT_NE(getsid(0), 1);
}

/* The rules that hold whatever it was before. */
static void check_situation(enum situation situation)
{
	struct demon demon;
	siginfo_t info;

	queue_sigchld();
	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_DAEMON_DEATH);
	(void)listen_by(SIGRTMIN + 1, PROCMGR_EVENT_PROCESS_DEATH);
	demon = demon_new(situation, 42, 0);
	EXPECT_EQ(demon.look.pid, demon.pid);
	EXPECT_EQ(demon.look.sid, 1);
	EXPECT_EQ(demon.look.ppid, 1);
	EXPECT_EQ(getsid(demon.pid), 1);
	EXPECT(!demon.look.has_tty);
	EXPECT_CONTAINS(node_line(demon.pid), "daemon");

	/* As if it had exited. */
	info = take(SIGCHLD);
	EXPECT_EQ(info.si_pid, demon.pid);
	EXPECT_EQ(info.si_code, CLD_EXITED);
	EXPECT_EQ(info.si_status, 42);
	expect_exit(demon.pid, 42);
	expect_no_children();
	EXPECT(is_there(demon.pid));
	EXPECT(!is_zombie(demon.pid));
	/* It has not died for the others. */
	expect_none(SIGRTMIN);
	expect_none(SIGRTMIN + 1);

	/* Its real end is not its old parent's to know, but anyone's. */
	EXPECT_OK(kill(demon.pid, SIGTERM));
	hear_of(SIGRTMIN, demon.pid);
	hear_of(SIGRTMIN + 1, demon.pid);
	EXPECT_ERRNO(waitpid(demon.pid, NULL, 0), ECHILD);
	expect_no_children();
	expect_none(SIGCHLD);
	EVENTUALLY(!is_there(demon.pid));
}

TEST(daemon_of_a_plain_process)
{
	check_situation(PLAIN);
}

TEST(daemon_of_a_group_leader)
{
	check_situation(GROUP_LEADER);
}

TEST(daemon_of_a_session_leader)
{
	check_situation(SESSION_LEADER);
}

TEST(daemon_of_a_group_leader_with_children_in_its_group)
{
	check_situation(LEADER_WITH_CHILDREN);
	/* Its child outlives it; it ends with the node. */
}

TEST(daemon_status_is_the_low_eight_bits)
{
	struct demon demon = demon_new(PLAIN, 0x1ff, ALL_FLAGS);

	expect_exit(demon.pid, 0xff);
	demon_end(&demon);
}

/* A session leader loses its terminal, and is not hung up by that. */
TEST(daemon_of_a_session_leader_gives_up_its_terminal)
{
	struct demon demon;
	int master, fd;
	pid_t pid;

	words = harness_path("words");
	EXPECT_OK(mkfifo(words, 0600));
	fd = EXPECT_OK(open(words, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	pid = EXPECT_OK(forkpty(&master, NULL, NULL, NULL));
	if (pid == 0) {
		struct look look;

		EXPECT_EQ(getsid(0), getpid());
		look = look_at_myself(procmgr_daemon(3, 0), 99);
		say(&look);
		for (;;)
			pause();
	}
	(void)harness_wait_fd(fd, POLLIN, PATIENCE_MS);
	EXPECT_EQ(read(fd, &demon.look, sizeof(demon.look)), sizeof(demon.look));
	close(fd);
	demon.pid = pid;
	EXPECT(!demon.look.has_tty);
	EXPECT_EQ(demon.look.sid, 1);
	expect_exit(pid, 3);
	/* The terminal goes away under it, and that is nothing to it. */
	close(master);
	EXPECT(is_there(pid));
	EXPECT(!is_zombie(pid));
	demon_end(&demon);
}

TEST(daemon_called_twice_tells_its_parent_once)
{
	int ends[2];
	char byte;
	pid_t pid;

	queue_sigchld();
	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_OK(procmgr_daemon(1, ALL_FLAGS));
		EXPECT_OK(procmgr_daemon(2, ALL_FLAGS));
		EXPECT_EQ(write(ends[1], "", 1), 1);
		for (;;)
			pause();
	}
	EXPECT_EQ(read(ends[0], &byte, 1), 1);
	expect_exit(pid, 1);
	EXPECT_EQ(take(SIGCHLD).si_pid, pid);
	expect_none(SIGCHLD);
	expect_no_children();
	demon_end(&(struct demon){.pid = pid});
	close(ends[0]);
	close(ends[1]);
}

TEST(children_of_a_daemon_stay_its_own)
{
	struct gate gate = gate_new();
	int ends[2], answer = -1;
	pid_t pid;

	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		pid_t child = child_behind(gate, 5);
		int told = 1;

		EXPECT_OK(procmgr_daemon(0, ALL_FLAGS));
		gate_open(gate);
		expect_exit(child, 5);
		/* And its new ones are in session 1 as it is. */
		child = EXPECT_OK(fork());
		if (child == 0)
			_exit(getsid(0) == 1 ? 0 : 1);
		expect_exit(child, 0);
		EXPECT_EQ(write(ends[1], &told, sizeof(told)), sizeof(told));
		_exit(0);
	}
	gate_open(gate);
	expect_exit(pid, 0);
	EXPECT_EQ(read(ends[0], &answer, sizeof(answer)), sizeof(answer));
	EXPECT_EQ(answer, 1);
	close(ends[0]);
	close(ends[1]);
	EVENTUALLY(!is_there(pid));
}

/* A blocked wait ends at the call. */
TEST(waiting_parent_is_woken_by_procmgr_daemon)
{
	struct gate gate = gate_new();
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		pid_t parent = getppid();

		for (int seen = 0; seen < 10;
		     seen = state_of("/proc", parent) == 'S' ? seen + 1 : 0)
			a_moment();
		EXPECT_OK(procmgr_daemon(6, PROCMGR_DAEMON_NOCLOSE));
		gate_pass(gate);
		_exit(0);
	}
	expect_exit(pid, 6);
	EXPECT(is_there(pid));
	gate_open(gate);
	EVENTUALLY(!is_there(pid));
}

TEST(ghost_of_a_daemon_is_a_zombie_of_its_parent)
{
	struct demon demon = demon_new(PLAIN, 9, ALL_FLAGS);
	siginfo_t info;

	EXPECT_OK(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT));
	EXPECT_EQ(info.si_pid, demon.pid);
	EXPECT_EQ(info.si_status, 9);
	/* The true end comes first: still only the pretended one is told. */
	demon_end(&demon);
	EXPECT_OK(waitid(P_PID, (id_t)demon.pid, &info, WEXITED | WNOWAIT));
	EXPECT_EQ(info.si_code, CLD_EXITED);
	EXPECT_EQ(info.si_status, 9);
	expect_exit(demon.pid, 9);
	EXPECT_ERRNO(waitpid(demon.pid, NULL, 0), ECHILD);
}

TEST(p_nowaito_child_becomes_a_daemon_unnoticed)
{
	struct demon demon;

	queue_sigchld();
	/* A child whose parent ignores SIGCHLD leaves no ghost either. */
	EXPECT(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	demon = demon_new(PLAIN, 9, ALL_FLAGS);
	EXPECT_ERRNO(waitpid(demon.pid, NULL, 0), ECHILD);
	demon_end(&demon);
	expect_no_children();
}
