// SPDX-License-Identifier: Apache-2.0
/* wait(), waitpid(), wait3(), wait4(), waitid(): whom they find and what they answer. */
#include "detection/child.h"

#include <limits.h>
#include <sys/mman.h>

/* Sure to be dead for the manager, too. */
static pid_t zombie_of(int status)
{
	siginfo_t info;
	pid_t pid = child_that_exits(status);

	EXPECT_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	return pid;
}

TEST(wait_collects_any_child)
{
	int status = -1, seen = 0;

	for (int i = 1; i <= 3; i++)
		(void)child_that_exits(i);
	for (int i = 0; i < 3; i++) {
		EXPECT_GT(wait(&status), 0);
		EXPECT(WIFEXITED(status));
		seen |= 1 << WEXITSTATUS(status);
	}
	EXPECT_EQ(seen, 0xe);
	EXPECT_ERRNO(wait(&status), ECHILD);
}

TEST(waitpid_collects_the_one_it_names)
{
	pid_t first = zombie_of(1), second = zombie_of(2);

	expect_exit(second, 2);
	expect_exit(first, 1);
}

TEST(wait_blocks_until_a_child_ends)
{
	struct gate gate = gate_new();
	pid_t pid = child_behind(gate, 4), opener;

	opener = EXPECT_OK(fork());
	if (opener == 0) {
		pid_t parent = getppid();

		/* It sleeps in its wait, and has no other reason to. */
		for (int seen = 0; seen < 20;
		     seen = state_of("/proc", parent) == 'S' ? seen + 1 : 0)
			a_moment();
		_exit(0);
	}
	close(gate.write);
	expect_exit(opener, 0);
	expect_exit(pid, 4);
	close(gate.read);
}

TEST(wait_without_children_is_echild)
{
	siginfo_t info;

	EXPECT_ERRNO(wait(NULL), ECHILD);
	EXPECT_ERRNO(waitpid(-1, NULL, WNOHANG), ECHILD);
	EXPECT_ERRNO(waitpid(0, NULL, 0), ECHILD);
	EXPECT_ERRNO(wait3(NULL, 0, NULL), ECHILD);
	EXPECT_ERRNO(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
	EXPECT_ERRNO(waitid(P_PGID, 0, &info, WEXITED | WNOHANG), ECHILD);
}

TEST(wait_for_others_children_is_echild)
{
	siginfo_t info;

	EXPECT_ERRNO(waitpid(getpid(), NULL, 0), ECHILD);
	EXPECT_ERRNO(waitpid(1, NULL, WNOHANG), ECHILD);
	EXPECT_ERRNO(waitpid(INT_MAX, NULL, WNOHANG), ECHILD);
	EXPECT_ERRNO(waitpid(-INT_MAX, NULL, WNOHANG), ECHILD);
	EXPECT_ERRNO(waitid(P_PID, 1, &info, WEXITED), ECHILD);
	/* A grandchild is nobody's but its parent's. */
	{
		struct gate gate = gate_new();
		int words[2];
		pid_t pid, grandchild = 0;

		EXPECT_OK(pipe2(words, O_CLOEXEC));
		pid = EXPECT_OK(fork());
		if (pid == 0) {
			grandchild = child_behind(gate, 0);
			EXPECT_EQ(write(words[1], &grandchild, sizeof(grandchild)),
				  sizeof(grandchild));
			close(gate.write);
			EXPECT_EQ(waitpid(grandchild, NULL, 0), grandchild);
			_exit(0);
		}
		EXPECT_EQ(read(words[0], &grandchild, sizeof(grandchild)), sizeof(grandchild));
		EXPECT_ERRNO(waitpid(grandchild, NULL, WNOHANG), ECHILD);
		gate_open(gate);
		expect_exit(pid, 0);
		close(words[0]);
		close(words[1]);
	}
}

TEST(bad_options_are_einval)
{
	pid_t pid = zombie_of(0);
	siginfo_t info;

	EXPECT_ERRNO(waitpid(pid, NULL, 0x40000), EINVAL);
	EXPECT_ERRNO(wait4(pid, NULL, WNOWAIT, NULL), EINVAL);
	EXPECT_ERRNO(waitid(P_PID, (id_t)pid, &info, 0), EINVAL);
	EXPECT_ERRNO(waitid(P_PID, (id_t)pid, &info, WNOHANG | WNOWAIT), EINVAL);
	EXPECT_ERRNO(waitid(P_PID, (id_t)pid, &info, WEXITED | 0x40000), EINVAL);
	EXPECT_ERRNO(waitid(P_PID, 0, &info, WEXITED), EINVAL);
	EXPECT_ERRNO(waitid((idtype_t)99, (id_t)pid, &info, WEXITED), EINVAL);
	EXPECT_ERRNO(waitpid(INT_MIN, NULL, 0), ESRCH);
	expect_exit(pid, 0);
}

TEST(wnohang_says_0_for_a_living_child)
{
	struct gate gate = gate_new();
	pid_t pid = child_behind(gate, 0);
	int status = 0x5a5a;
	siginfo_t info;

	EXPECT_EQ(waitpid(pid, &status, WNOHANG), 0);
	EXPECT_EQ(waitpid(-1, &status, WNOHANG), 0);
	EXPECT_EQ(waitpid(0, &status, WNOHANG | WUNTRACED), 0);
	memset(&info, 0x5a, sizeof(info));
	EXPECT_EQ(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG), 0);
	EXPECT_EQ(info.si_pid, 0);
	EXPECT_EQ(info.si_signo, 0);
	gate_open(gate);
	expect_exit(pid, 0);
}

/* kill() has returned: whoever asks now must hear of it, though the death is not noticed yet. */
TEST(wnohang_finds_a_zombie_that_the_kernel_shows)
{
	for (int i = 0; i < 200; i++) {
		pid_t pid = child_that_exits(i);
		int status;

		while (!is_zombie(pid))
			;
		EXPECT_EQ(waitpid(i & 1 ? pid : -1, &status, WNOHANG), pid);
		EXPECT_EQ(WEXITSTATUS(status), i);
	}
}

TEST(wnowait_leaves_the_child_waitable)
{
	pid_t pid = child_that_exits(17);
	siginfo_t info;

	for (int i = 0; i < 3; i++) {
		memset(&info, 0, sizeof(info));
		EXPECT_OK(waitid(i == 1 ? P_ALL : P_PID, i == 1 ? 0 : (id_t)pid, &info,
				 WEXITED | WNOWAIT));
		EXPECT_EQ(info.si_signo, SIGCHLD);
		EXPECT_EQ(info.si_code, CLD_EXITED);
		EXPECT_EQ(info.si_pid, pid);
		EXPECT_EQ(info.si_status, 17);
		EXPECT_EQ(info.si_uid, getuid());
		EXPECT(is_zombie(pid));
	}
	EXPECT_OK(waitid(P_PID, (id_t)pid, &info, WEXITED));
	EXPECT_ERRNO(waitid(P_PID, (id_t)pid, &info, WEXITED), ECHILD);
}

TEST(waitid_tells_signals_apart_from_statuses)
{
	pid_t pid = child_that_dies_by(SIGKILL);
	siginfo_t info;

	EXPECT_OK(waitid(P_PID, (id_t)pid, &info, WEXITED));
	EXPECT_EQ(info.si_code, CLD_KILLED);
	EXPECT_EQ(info.si_status, SIGKILL);
	pid = child_that_exits(9);
	EXPECT_OK(waitid(P_ALL, 0, NULL, WEXITED));
	EXPECT_ERRNO(waitpid(pid, NULL, 0), ECHILD);
}

TEST(oldest_death_is_told_first)
{
	pid_t pids[8];

	for (int i = 0; i < 8; i++)
		pids[i] = zombie_of(i);
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(wait(NULL), pids[i]);
}

/* ---- Groups ---- */

TEST(pid_0_is_the_own_group_and_negative_another)
{
	struct gate gate = gate_new();
	pid_t own = child_behind(gate, 1), other = child_behind(gate, 2);
	pid_t third = child_behind(gate, 3);

	EXPECT_OK(setpgid(other, other));
	EXPECT_OK(setpgid(third, other));
	EXPECT_EQ(getpgid(third), other);
	EXPECT_EQ(waitpid(0, NULL, WNOHANG), 0);
	EXPECT_EQ(waitpid(-other, NULL, WNOHANG), 0);
	EXPECT_ERRNO(waitpid(-own, NULL, WNOHANG), ECHILD);
	gate_open(gate);
	{
		int status, seen = 0;

		for (int i = 0; i < 2; i++) {
			EXPECT_GT(waitpid(-other, &status, 0), 0);
			seen |= 1 << WEXITSTATUS(status);
		}
		EXPECT_EQ(seen, 0xc);
		EXPECT_ERRNO(waitpid(-other, &status, 0), ECHILD);
		EXPECT_EQ(waitpid(0, &status, 0), own);
		EXPECT_EQ(WEXITSTATUS(status), 1);
	}
}

/* The group counts that the child has when it is asked for, made by itself. */
TEST(group_that_a_child_made_itself_is_found)
{
	struct gate gate = gate_new();
	int ready[2];
	siginfo_t info;
	char byte;
	pid_t pid;

	EXPECT_OK(pipe2(ready, O_CLOEXEC));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_OK(setpgid(0, 0));
		EXPECT_EQ(write(ready[1], "", 1), 1);
		gate_pass(gate);
		_exit(0);
	}
	EXPECT_EQ(read(ready[0], &byte, 1), 1);
	EXPECT_ERRNO(waitpid(0, NULL, WNOHANG), ECHILD);
	EXPECT_EQ(waitpid(-pid, NULL, WNOHANG), 0);
	gate_open(gate);
	close(ready[0]);
	close(ready[1]);
	EXPECT_OK(waitid(P_PGID, (id_t)pid, &info, WEXITED));
	EXPECT_EQ(info.si_pid, pid);
}

TEST(zombie_keeps_its_group)
{
	pid_t pid = EXPECT_OK(fork());
	siginfo_t info;

	if (pid == 0)
		_exit(setpgid(0, 0) == 0 ? 0 : 1);
	EXPECT_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	EXPECT_EQ(info.si_status, 0);
	EXPECT_EQ(waitpid(-pid, NULL, 0), pid);
}

TEST(waitid_knows_all_id_types)
{
	siginfo_t info;
	pid_t pid;
	int fd;

	pid = zombie_of(1);
	EXPECT_OK(waitid(P_ALL, 12345, &info, WEXITED));
	EXPECT_EQ(info.si_pid, pid);
	pid = zombie_of(2);
	EXPECT_OK(waitid(P_PID, (id_t)pid, &info, WEXITED));
	EXPECT_EQ(info.si_pid, pid);
	pid = zombie_of(3);
	EXPECT_OK(waitid(P_PGID, (id_t)getpgrp(), &info, WEXITED));
	EXPECT_EQ(info.si_pid, pid);
	pid = zombie_of(4);
	EXPECT_OK(waitid(P_PGID, 0, &info, WEXITED));
	EXPECT_EQ(info.si_pid, pid);

	pid = child_that_pauses();
	fd = EXPECT_OK((int)syscall(SYS_pidfd_open, pid, 0));
	EXPECT_OK(waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG));
	EXPECT_EQ(info.si_pid, 0);
	EXPECT_OK(kill(pid, SIGKILL));
	EXPECT_OK(waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_status, SIGKILL);
	EXPECT_ERRNO(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), ECHILD);
	close(fd);
	EXPECT_ERRNO(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), EBADF);
	fd = EXPECT_OK((int)syscall(SYS_pidfd_open, getpid(), 0));
	EXPECT_ERRNO(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), ECHILD);
	close(fd);
}

/* ---- Stopped and continued ---- */

TEST(stop_and_continue_are_told_once_to_who_asks)
{
	pid_t pid = child_that_pauses();
	siginfo_t info;
	int status;

	EXPECT_OK(kill(pid, SIGSTOP));
	EXPECT_OK(waitid(P_PID, (id_t)pid, &info, WSTOPPED));
	EXPECT_EQ(info.si_code, CLD_STOPPED);
	EXPECT_EQ(info.si_status, SIGSTOP);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_OK(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG));
	EXPECT_EQ(info.si_pid, 0);

	EXPECT_OK(kill(pid, SIGCONT));
	EXPECT_OK(waitid(P_PID, (id_t)pid, &info, WCONTINUED));
	EXPECT_EQ(info.si_code, CLD_CONTINUED);
	EXPECT_EQ(info.si_status, SIGCONT);
	EXPECT_OK(waitid(P_PID, (id_t)pid, &info, WCONTINUED | WSTOPPED | WNOHANG));
	EXPECT_EQ(info.si_pid, 0);

	EXPECT_OK(kill(pid, SIGSTOP));
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	EXPECT(WIFSTOPPED(status));
	EXPECT_EQ(WSTOPSIG(status), SIGSTOP);
	EXPECT_OK(kill(pid, SIGCONT));
	EXPECT_EQ(waitpid(pid, &status, WCONTINUED), pid);
	EXPECT(WIFCONTINUED(status));
	end_child(pid);
}

TEST(stop_can_be_looked_at_with_wnowait)
{
	pid_t pid = child_that_pauses();
	siginfo_t info;

	EXPECT_OK(kill(pid, SIGSTOP));
	for (int i = 0; i < 3; i++) {
		EXPECT_OK(waitid(P_ALL, 0, &info, WSTOPPED | WNOWAIT));
		EXPECT_EQ(info.si_pid, pid);
	}
	EXPECT_OK(waitid(P_ALL, 0, &info, WSTOPPED));
	EXPECT_OK(waitid(P_ALL, 0, &info, WSTOPPED | WNOHANG));
	EXPECT_EQ(info.si_pid, 0);
	end_child(pid);
}

TEST(stopped_child_can_be_killed)
{
	pid_t pid = child_that_pauses();
	int status;

	EXPECT_OK(kill(pid, SIGSTOP));
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	EXPECT_EQ(waitpid(pid, &status, WNOHANG), 0);
	EXPECT_OK(kill(pid, SIGKILL));
	expect_killed(pid, SIGKILL);
}

/* Not asked for, not told: the wait goes on until the end. */
TEST(stop_does_not_wake_who_waits_for_the_end)
{
	pid_t pid = child_that_pauses(), helper;
	int status;

	helper = EXPECT_OK(fork());
	if (helper == 0) {
		(void)kill(pid, SIGSTOP);
		while (state_of("/proc", pid) != 'T')
			a_moment();
		(void)kill(pid, SIGCONT);
		while (state_of("/proc", pid) == 'T')
			a_moment();
		(void)kill(pid, SIGTERM);
		_exit(0);
	}
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT(WIFSIGNALED(status));
	expect_exit(helper, 0);
}

/* ---- What a child has used ---- */

static long long used_ms(const struct rusage *use)
{
	return (long long)(use->ru_utime.tv_sec + use->ru_stime.tv_sec) * 1000 +
	       (use->ru_utime.tv_usec + use->ru_stime.tv_usec) / 1000;
}

static void burn(int ms)
{
	struct rusage use;

	do {
		(void)getrusage(RUSAGE_SELF, &use);
	} while (used_ms(&use) < ms);
}

TEST(wait4_tells_what_the_child_used)
{
	struct rusage use;
	pid_t pid = EXPECT_OK(fork());
	int status;

	if (pid == 0) {
		burn(60);
		_exit(0);
	}
	memset(&use, 0x5a, sizeof(use));
	EXPECT_EQ(wait4(pid, &status, 0, &use), pid);
	EXPECT_GE(used_ms(&use), 50);
	EXPECT_LT(used_ms(&use), 10000);
	EXPECT_GT(use.ru_maxrss, 100);
	EXPECT_LT(use.ru_maxrss, 4 * 1024 * 1024);
	EXPECT_GT(use.ru_minflt, 0);
	EXPECT_EQ(use.ru_nswap, 0);
	pid = child_that_exits(0);
	EXPECT_EQ(wait3(&status, 0, &use), pid);
	EXPECT_LT(used_ms(&use), 50);
	EXPECT_EQ(wait4(child_that_exits(1), NULL, 0, NULL) > 0, 1);
}

static long long used_by_parent_of_burner(bool collects)
{
	struct rusage use;
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		pid_t burner = EXPECT_OK(fork());
		siginfo_t info;

		if (burner == 0) {
			burn(100);
			_exit(0);
		}
		EXPECT_OK(waitid(P_PID, (id_t)burner, &info, WEXITED | (collects ? 0 : WNOWAIT)));
		_exit(0);
	}
	EXPECT_EQ(wait4(pid, NULL, 0, &use), pid);
	return used_ms(&use);
}

TEST(times_count_for_the_parent_once_the_child_is_collected)
{
	EXPECT_GE(used_by_parent_of_burner(true), 90);
	EXPECT_LT(used_by_parent_of_burner(false), 60);
}

/* ---- Addresses that are none ---- */

static void expect_efault(void *bad)
{
	pid_t pid = zombie_of(21);

	EXPECT_ERRNO(waitpid(pid, bad, 0), EFAULT);
	EXPECT_ERRNO(waitpid(-1, bad, WNOHANG), EFAULT);
	EXPECT_ERRNO(wait(bad), EFAULT);
	EXPECT_ERRNO(wait3(NULL, 0, bad), EFAULT);
	EXPECT_ERRNO(wait4(pid, NULL, 0, bad), EFAULT);
	EXPECT_ERRNO(waitid(P_PID, (id_t)pid, bad, WEXITED), EFAULT);
	EXPECT(is_zombie(pid));
	expect_exit(pid, 21);
}

TEST(bad_address_is_efault_and_the_child_stays)
{
	static const int constant = 5;
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct rusage *across = (void *)(page + 4096 - sizeof(int));
	pid_t pid;

	EXPECT(page != MAP_FAILED);
	EXPECT_OK(mprotect(page + 4096, 4096, PROT_NONE));
	expect_efault((void *)8);
	expect_efault((void *)-1);
	expect_efault((void *)1);
	expect_efault(page + 4096);
	expect_efault((void *)(uintptr_t)&constant);
	/* Its first bytes can be written, its last cannot. */
	pid = zombie_of(22);
	EXPECT_ERRNO(wait4(pid, NULL, 0, across), EFAULT);
	expect_exit(pid, 22);
	EXPECT_OK(munmap(page, 8192));
}

/* ---- Children that nobody waits for ---- */

static pid_t spawn_unwaited(const char *word)
{
	return EXPECT_OK(spawnl(P_NOWAITO, harness_tool("mortal"), "mortal", word, NULL));
}

TEST(p_nowaito_child_is_never_seen_by_wait)
{
	siginfo_t info;
	pid_t pid;

	queue_sigchld();
	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_PROCESS_DEATH);
	pid = spawn_unwaited("pause");
	EXPECT_ERRNO(waitpid(pid, NULL, WNOHANG), ECHILD);
	EXPECT_ERRNO(waitpid(-1, NULL, 0), ECHILD);
	EXPECT_ERRNO(waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED), ECHILD);
	EXPECT_OK(kill(pid, SIGKILL));
	hear_of(SIGRTMIN, pid);
	EXPECT_ERRNO(waitpid(pid, NULL, 0), ECHILD);
	EXPECT_ERRNO(wait(NULL), ECHILD);
	expect_none(SIGCHLD);
	EVENTUALLY(!is_there(pid));
}

TEST(spawn_nozombie_is_p_nowaito)
{
	struct inheritance inherit = {.flags = SPAWN_NOZOMBIE};
	const char *argv[] = {"mortal", "exit", "3", NULL};
	pid_t pid;

	queue_sigchld();
	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_PROCESS_DEATH);
	pid = EXPECT_OK(spawn(harness_tool("mortal"), 0, NULL, &inherit,
			      (char *const *)(uintptr_t)argv, NULL));
	hear_of(SIGRTMIN, pid);
	EXPECT_ERRNO(waitpid(pid, NULL, 0), ECHILD);
	expect_none(SIGCHLD);
	EVENTUALLY(!is_there(pid));
}

TEST(p_nowaito_child_has_its_parent)
{
	pid_t pid = spawn_unwaited("pause");
	char ppid[16];

	snprintf(ppid, sizeof(ppid), " %d ", (int)getpid());
	EXPECT_CONTAINS(node_line(pid), "nozombie");
	EXPECT_CONTAINS(node_line(pid), ppid);
	EXPECT_OK(kill(pid, SIGKILL));
	EVENTUALLY(!is_there(pid));
}

TEST(waiting_parent_is_not_woken_by_a_p_nowaito_child)
{
	struct gate gate = gate_new();
	pid_t waited = child_behind(gate, 8);
	pid_t unwaited = spawn_unwaited("pause"), helper;

	helper = EXPECT_OK(fork());
	if (helper == 0) {
		pid_t parent = getppid();

		for (int seen = 0; seen < 10;
		     seen = state_of("/proc", parent) == 'S' ? seen + 1 : 0)
			a_moment();
		(void)kill(unwaited, SIGKILL);
		while (is_there(unwaited))
			a_moment();
		_exit(0); /* and opens the gate */
	}
	close(gate.write);
	for (int i = 0; i < 2; i++) {
		pid_t pid = waitpid(-1, NULL, 0);

		EXPECT(pid == helper || pid == waited);
	}
	expect_no_children();
	close(gate.read);
}

/* ---- Dispositions ---- */

TEST(sig_ign_leaves_no_zombies_and_wait_sees_nobody)
{
	struct gate gate = gate_new();
	pid_t pids[5];

	EXPECT(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	for (int i = 0; i < 5; i++)
		pids[i] = child_behind(gate, i);
	EXPECT_EQ(waitpid(-1, NULL, WNOHANG), 0);
	gate_open(gate);
	/* Blocks until all have ended. */
	EXPECT_ERRNO(wait(NULL), ECHILD);
	for (int i = 0; i < 5; i++) {
		EVENTUALLY(!is_there(pids[i]));
		EXPECT_ERRNO(waitpid(pids[i], NULL, 0), ECHILD);
	}
	EXPECT(signal(SIGCHLD, SIG_DFL) == SIG_IGN);
	expect_exit(child_that_exits(1), 1);
}

static volatile sig_atomic_t handled;

static void count(int signo)
{
	(void)signo;
	handled++;
}

TEST(sa_nocldwait_leaves_no_zombies_but_tells)
{
	struct sigaction action = {.sa_handler = count, .sa_flags = SA_NOCLDWAIT | SA_RESTART};
	struct sigaction old;
	pid_t pid;

	EXPECT_OK(sigaction(SIGCHLD, &action, NULL));
	pid = child_that_exits(2);
	EXPECT_ERRNO(waitpid(pid, NULL, 0), ECHILD);
	EVENTUALLY(handled == 1);
	EVENTUALLY(!is_there(pid));
	EXPECT_OK(sigaction(SIGCHLD, NULL, &old));
	EXPECT_EQ(old.sa_flags & SA_NOCLDWAIT, SA_NOCLDWAIT);
	EXPECT(old.sa_handler == count);
}

TEST(sig_dfl_keeps_zombies_and_drops_the_signal)
{
	pid_t pid;

	EXPECT(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
	pid = zombie_of(6);
	block(SIGCHLD);
	expect_none(SIGCHLD);
	expect_exit(pid, 6);
	unblock(SIGCHLD);
}
