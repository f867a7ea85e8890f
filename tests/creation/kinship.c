// SPDX-License-Identifier: Apache-2.0
/*
 * What the kernel asks a parent for, where the kernel's parent is another process:
 * groups, the terminal, pidfds, the parent's pid and its death.
 */
#include "kit.h"

#include <process.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* A child made by fork() that lives until its gate is closed, then exits with 0. */
struct gated {
	pid_t pid;
	int gate;
};

static struct gated gated_fork(void)
{
	struct gated child;
	int ends[2];
	char c;

	kit_pipe(ends);
	child.pid = EXPECT_OK(fork());
	if (child.pid == 0) {
		close(ends[1]);
		_exit((int)read(ends[0], &c, 1));
	}
	close(ends[0]);
	child.gate = ends[1];
	return child;
}

/* The same by spawn(). */
static struct gated gated_spawn(const struct inheritance *inherit)
{
	struct gated child;
	int ends[2];

	kit_pipe(ends);
	child.pid = EXPECT_OK(spawn(harness_tool("show"), 3, (int[]){ends[0], 1, 2}, inherit,
				    KIT_ARGV("show", "eof=0"), NULL));
	close(ends[0]);
	child.gate = ends[1];
	return child;
}

static void gated_end(struct gated *child)
{
	close(child->gate);
	EXPECT_EQ(kit_exit_status(child->pid), 0);
}

TEST(setpgid_of_a_forked_child_before_exec)
{
	struct gated child = gated_fork();

	EXPECT_EQ(getpgid(child.pid), getpgrp());
	EXPECT_OK(setpgid(child.pid, 0));
	EXPECT_EQ(getpgid(child.pid), child.pid);
	EXPECT_OK(setpgid(child.pid, getpgrp()));
	EXPECT_EQ(getpgid(child.pid), getpgrp());
	EXPECT_OK(setpgid(child.pid, child.pid));
	EXPECT_EQ(getpgid(child.pid), child.pid);
	gated_end(&child);
}

TEST(setpgid_makes_a_group_of_several_children)
{
	struct gated a = gated_fork(), b = gated_fork();

	EXPECT_OK(setpgid(a.pid, a.pid));
	EXPECT_OK(setpgid(b.pid, a.pid));
	EXPECT_EQ(getpgid(b.pid), a.pid);
	EXPECT_OK(kill(-a.pid, SIGTERM));
	EXPECT_EQ(WTERMSIG(kit_collect(a.pid)), SIGTERM);
	EXPECT_EQ(WTERMSIG(kit_collect(b.pid)), SIGTERM);
	close(a.gate);
	close(b.gate);
}

TEST(setpgid_after_exec_is_eacces)
{
	struct gated child = gated_spawn(NULL);

	EXPECT_ERRNO(setpgid(child.pid, 0), EACCES);
	EXPECT_EQ(getpgid(child.pid), getpgrp());
	gated_end(&child);
}

TEST(setpgid_of_a_forked_child_after_its_exec_is_eacces)
{
	int ends[2], said[2];
	pid_t pid;

	kit_pipe(ends);
	kit_pipe(said);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		dup2(ends[0], 0);
		dup2(said[1], 1);
		execl(harness_tool("show"), "show", "say=here", "eof=0", NULL);
		_exit(1);
	}
	EXPECT_STR(harness_read_line(said[0], KIT_MS), "here");
	EXPECT_ERRNO(setpgid(pid, 0), EACCES);
	close(ends[0]);
	close(ends[1]);
	EXPECT_EQ(kit_exit_status(pid), 0);
	close(said[0]);
	close(said[1]);
}

TEST(setpgid_of_no_child_is_esrch)
{
	struct gated child = gated_fork();
	pid_t pid;

	EXPECT_ERRNO(setpgid(getppid(), 0), ESRCH);
	EXPECT_ERRNO(setpgid(999999, 0), ESRCH);
	/* A sibling is no child, nor is a parent. */
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_ERRNO(setpgid(child.pid, 0), ESRCH);
		EXPECT_ERRNO(setpgid(getppid(), 0), ESRCH);
		_exit(0);
	}
	EXPECT_EQ(kit_exit_status(pid), 0);
	gated_end(&child);
	EXPECT_ERRNO(setpgid(child.pid, 0), ESRCH);
}

TEST(setpgid_errors_are_the_kernels)
{
	struct inheritance inherit = {.flags = SPAWN_SETSID};
	struct gated child = gated_fork(), away = gated_spawn(&inherit);

	EXPECT_ERRNO(setpgid(child.pid, -2), EINVAL);
	/* A group of another session. */
	EXPECT_ERRNO(setpgid(child.pid, away.pid), EPERM);
	/* A group that is not there. */
	EXPECT_ERRNO(setpgid(child.pid, 999999), EPERM);
	gated_end(&child);
	gated_end(&away);
}

TEST(setpgid_of_oneself)
{
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		EXPECT_OK(setpgid(0, 0));
		EXPECT_EQ(getpgrp(), getpid());
		EXPECT_OK(setpgid(getpid(), getpgid(getppid())));
		EXPECT_OK(setpgrp());
		_exit(getpgrp() == getpid() ? 0 : 1);
	}
	EXPECT_EQ(kit_exit_status(pid), 0);
}

TEST(getpgid_and_getsid_of_children)
{
	struct inheritance inherit = {.flags = SPAWN_SETSID};
	struct gated child = gated_spawn(NULL), away = gated_spawn(&inherit);

	EXPECT_EQ(getpgid(child.pid), getpgrp());
	EXPECT_EQ(getsid(child.pid), getsid(0));
	EXPECT_EQ(getpgid(away.pid), away.pid);
	EXPECT_EQ(getsid(away.pid), away.pid);
	gated_end(&child);
	gated_end(&away);
	EXPECT_ERRNO(getsid(away.pid), ESRCH);
}

static void give_terminal_elsewhere(void)
{
	struct gated child = gated_fork();

	/* The kernel lets only a parent of the same session do it. */
	EXPECT_ERRNO(setpgid(child.pid, child.pid), EPERM);
	gated_end(&child);
}

TEST(setpgid_of_a_child_in_another_session_than_the_nodes_is_eperm)
{
	kit_on_terminal(give_terminal_elsewhere);
}

/* In the session of the node's own terminal, where `kamioka run` was typed. */
TEST_OUTSIDE(tcsetpgrp_gives_the_terminal_to_a_child)
{
	struct harness_result result;

	HARNESS_RUN(&result, harness_tool("terminal"), harness_bin("kamioka"), "run", "--",
		    harness_tool("kin"), "give-terminal");
	EXPECT_STR(result.out, "ok\r\n");
	EXPECT_EQ(result.status, 0);
	harness_result_fini(&result);
}

TEST(waitid_by_pidfd)
{
	struct gated child = gated_spawn(NULL);
	int fd = (int)EXPECT_OK(syscall(SYS_pidfd_open, child.pid, 0));
	siginfo_t info = {0};

	EXPECT_OK(waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG));
	EXPECT_EQ(info.si_pid, 0);
	EXPECT_OK(kill(child.pid, SIGTERM));
	EXPECT_OK(waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
	EXPECT_EQ(info.si_pid, child.pid);
	EXPECT_EQ(info.si_code, CLD_KILLED);
	EXPECT_EQ(info.si_status, SIGTERM);
	EXPECT_ERRNO(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), ECHILD);
	close(fd);
	EXPECT_ERRNO(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), EBADF);
	close(child.gate);
}

TEST(waitid_by_pidfd_of_no_child_is_echild)
{
	int fd = (int)EXPECT_OK(syscall(SYS_pidfd_open, kit_kernel_parent(getpid()), 0));
	siginfo_t info;

	EXPECT_ERRNO(waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG), ECHILD);
	close(fd);
}

TEST(getppid_of_spawned_and_forked_children_is_their_maker)
{
	struct kit_talk talk = kit_talk_open();
	pid_t self = getpid(), pid;

	EXPECT_OK(dup2(talk.out, 20));
	pid = EXPECT_OK(spawn(harness_tool("kin"), 3, (int[]){0, talk.out, 2}, NULL,
			      KIT_ARGV("kin", "ppid"), NULL));
	close(20);
	EXPECT_EQ(atoi(harness_read_line(talk.in, KIT_MS)), self);
	EXPECT_EQ(kit_exit_status(pid), 0);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_OK(dup2(talk.out, 1));
		/* Through an exec, too. */
		execl(harness_tool("kin"), "kin", "ppid", NULL);
		_exit(1);
	}
	EXPECT_EQ(atoi(kit_talk_text(&talk)), self);
	EXPECT_EQ(kit_exit_status(pid), 0);
}

/* ---- The parent's death. ---- */

/* A middle process that has made a child of `kin mourn` and waits at a gate; *ret_said is
 * where the child speaks, *ret_keep what keeps it alive. */
static struct gated family(pid_t *ret_child, int *ret_said, int *ret_keep)
{
	int gate[2], said[2], keep[2], pids[2];
	struct gated middle;
	char c;

	kit_pipe(gate);
	kit_pipe(said);
	kit_pipe(keep);
	kit_pipe(pids);
	middle.pid = EXPECT_OK(fork());
	if (middle.pid == 0) {
		pid_t child = spawn(harness_tool("kin"), 3, (int[]){keep[0], said[1], 2}, NULL,
				    KIT_ARGV("kin", "mourn"), NULL);

		(void)!write(pids[1], &child, sizeof(child));
		close(gate[1]);
		close(said[1]);
		close(keep[1]);
		_exit((int)read(gate[0], &c, 1));
	}
	close(gate[0]);
	close(said[1]);
	close(keep[0]);
	close(pids[1]);
	EXPECT_EQ(read(pids[0], ret_child, sizeof(*ret_child)), sizeof(*ret_child));
	close(pids[0]);
	EXPECT_OK(*ret_child);
	EXPECT_STR(harness_read_line(said[0], KIT_MS), "ready");
	middle.gate = gate[1];
	*ret_said = said[0];
	*ret_keep = keep[1];
	return middle;
}

TEST(pdeathsig_fires_at_the_logical_parents_death)
{
	pid_t child;
	int said, keep;
	struct gated middle = family(&child, &said, &keep);

	gated_end(&middle);
	/* SIGUSR1 has killed it: it has not said that it was not told. */
	EXPECT_STR(kit_read(said), "");
	(void)harness_wait_death(child, KIT_MS);
	close(keep);
}

TEST(pdeathsig_does_not_fire_at_anothers_death)
{
	pid_t child;
	int said, keep;
	struct gated middle = family(&child, &said, &keep);
	struct gated other = gated_spawn(NULL), forked = gated_fork();

	/* In this order: what is forked has a copy of the other's gate. */
	gated_end(&forked);
	gated_end(&other);
	close(keep);
	EXPECT_STR(kit_read(said), "not told");
	gated_end(&middle);
}

static void *spawn_mourner(void *arg)
{
	struct gated *child = arg;
	int in[2], out[2];

	kit_pipe(in);
	kit_pipe(out);
	child->pid = EXPECT_OK(spawn(harness_tool("kin"), 3, (int[]){in[0], out[1], 2}, NULL,
				     KIT_ARGV("kin", "mourn"), NULL));
	close(in[0]);
	close(out[1]);
	child->gate = in[1];
	EXPECT_STR(harness_read_line(out[0], KIT_MS), "ready");
	return (void *)(intptr_t)out[0];
}

/* The process is the parent: the thread that made the child may go. */
TEST(pdeathsig_does_not_fire_at_a_threads_end)
{
	struct gated child;
	pthread_t thread;
	void *said;

	EXPECT_EQ(pthread_create(&thread, NULL, spawn_mourner, &child), 0);
	EXPECT_EQ(pthread_join(thread, &said), 0);
	gated_end(&child);
	EXPECT_STR(kit_read((int)(intptr_t)said), "not told");
}

TEST(pdeathsig_is_told_and_not_inherited_by_fork)
{
	pid_t pid = EXPECT_OK(fork());
	int signo = -1;

	if (pid == 0) {
		EXPECT_OK(prctl(PR_SET_PDEATHSIG, SIGUSR1));
		EXPECT_OK(prctl(PR_GET_PDEATHSIG, &signo));
		EXPECT_EQ(signo, SIGUSR1);
		pid = fork();
		if (pid == 0) {
			EXPECT_OK(prctl(PR_GET_PDEATHSIG, &signo));
			_exit(signo);
		}
		EXPECT_EQ(kit_exit_status(pid), 0);
		EXPECT_OK(prctl(PR_SET_PDEATHSIG, 0));
		EXPECT_OK(prctl(PR_GET_PDEATHSIG, &signo));
		EXPECT_ERRNO(prctl(PR_SET_PDEATHSIG, 99), EINVAL);
		_exit(signo);
	}
	EXPECT_EQ(kit_exit_status(pid), 0);
}

/* What outlives its parent has the manager for a parent, which is called 1. */
TEST(getppid_after_the_parents_death_is_1)
{
	int gate[2], said[2];
	pid_t ppids[2], middle;
	char c;

	kit_pipe(gate);
	kit_pipe(said);
	middle = EXPECT_OK(fork());
	if (middle == 0) {
		if (fork() != 0)
			_exit(0);
		close(gate[1]);
		ppids[0] = getppid();
		(void)!read(gate[0], &c, 1);
		ppids[1] = getppid();
		_exit(write(said[1], ppids, sizeof(ppids)) < 0);
	}
	EXPECT_EQ(kit_exit_status(middle), 0);
	close(gate[0]);
	close(gate[1]);
	close(said[1]);
	EXPECT_EQ(read(said[0], ppids, sizeof(ppids)), sizeof(ppids));
	EXPECT_EQ(ppids[1], 1);
	EXPECT_EQ(read(said[0], &c, 1), 0);
	close(said[0]);
	kit_expect_no_children();
}

/* ---- The seeds: a parent that dies does not take its children along. ---- */

TEST(children_outlive_their_parent)
{
	struct kit_talk talk = kit_talk_open();
	int gate[2];
	pid_t middle;

	kit_pipe(gate);
	middle = EXPECT_OK(fork());
	if (middle == 0) {
		spawn(harness_tool("show"), 2, (int[]){gate[0], talk.out}, NULL,
		      KIT_ARGV("show", "eof=0", "say=alive"), NULL);
		_exit(0);
	}
	EXPECT_EQ(kit_exit_status(middle), 0);
	close(gate[0]);
	close(gate[1]);
	EXPECT_STR(kit_talk_text(&talk), "alive");
}
