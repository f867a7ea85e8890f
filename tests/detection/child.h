// SPDX-License-Identifier: Apache-2.0
/*
 * What tests of ends and their detection are made of: children that end in a
 * given way at a given moment, and the means to hear of it. Everything waits
 * for an event; where the system has none (a thread that is about to block, a
 * word that the manager writes) the condition itself is looked at, for at most
 * PATIENCE_MS.
 */
#pragma once

#include "harness/harness.h"

#include <fcntl.h>
#include <poll.h>
#include <process.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procmgr.h>
#include <sys/resource.h>
#include <sys/siginfo.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 10000
#define MAYBE       __attribute__((unused)) static

/* ---- Looking until it is so ---- */

MAYBE long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

MAYBE void a_moment(void)
{
	(void)poll(NULL, 0, 1);
}

#define EVENTUALLY(condition)                                                            \
	do {                                                                             \
		const long long eventually_ = now_ms() + PATIENCE_MS;                    \
		while (!(condition)) {                                                   \
			if (now_ms() > eventually_)                                      \
				FAIL("not so after %d ms: %s", PATIENCE_MS, #condition); \
			a_moment();                                                      \
		}                                                                        \
	} while (0)

/* One character of /proc/PID/stat: R, S, T, Z...; 0 if there is no such process. */
MAYBE char state_of(const char *dir, pid_t id)
{
	char path[64], text[512];
	const char *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%d/stat", dir, (int)id);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	end = strrchr(text, ')');
	return end ? end[2] : 0;
}

MAYBE bool is_zombie(pid_t pid)
{
	return state_of("/proc", pid) == 'Z';
}

MAYBE bool is_there(pid_t pid)
{
	return kill(pid, 0) == 0 || errno != ESRCH;
}

/* A thread of this process sleeps in the kernel. */
MAYBE bool thread_sleeps(pid_t tid)
{
	return state_of("/proc/self/task", tid) == 'S';
}

MAYBE bool task_sleeps(pid_t pid, pid_t tid)
{
	char dir[40];

	snprintf(dir, sizeof(dir), "/proc/%d/task", (int)pid);
	return state_of(dir, tid) == 'S';
}

/* Not at work any more: it blocks. A wait in passing is no rest, so it is looked at often. */
MAYBE void expect_rests(const pid_t *pid, const pid_t *tid)
{
	const long long end = now_ms() + PATIENCE_MS;

	for (int seen = 0; seen < 8; a_moment()) {
		pid_t t = __atomic_load_n(tid, __ATOMIC_ACQUIRE);

		seen = t && task_sleeps(*pid, t) ? seen + 1 : 0;
		if (now_ms() > end)
			FAIL("thread %d does not block", (int)t);
	}
}

/* ---- Gates: children that go on when they may ---- */

struct gate {
	int read, write;
};

MAYBE struct gate gate_new(void)
{
	int ends[2];

	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	return (struct gate){ends[0], ends[1]};
}

/* In the child. */
MAYBE void gate_pass(struct gate gate)
{
	char byte;

	close(gate.write);
	while (read(gate.read, &byte, 1) < 0 && errno == EINTR)
		;
	close(gate.read);
}

MAYBE void gate_open(struct gate gate)
{
	close(gate.write);
	close(gate.read);
}

/* ---- Children ---- */

__attribute__((noreturn, unused)) static void die_by(int signo)
{
	struct rlimit none = {0, 0};
	sigset_t set;

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)signal(signo, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signo);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)raise(signo);
	_exit(99);
}

MAYBE pid_t child_that_exits(int status)
{
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0)
		_exit(status);
	return pid;
}

MAYBE pid_t child_that_dies_by(int signo)
{
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0)
		die_by(signo);
	return pid;
}

MAYBE pid_t child_that_pauses(void)
{
	pid_t pid = EXPECT_OK(fork());

	while (pid == 0)
		pause();
	return pid;
}

MAYBE pid_t child_behind(struct gate gate, int status)
{
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		gate_pass(gate);
		_exit(status);
	}
	return pid;
}

/* A program of ours (tests/detection/mortal.c) with these words. */
MAYBE pid_t spawn_mortal(const char *word, const char *value)
{
	const char *path = harness_tool("mortal");

	return EXPECT_OK(spawnl(P_NOWAIT, path, "mortal", word, value, NULL));
}

/* Ends it and says nothing if it has ended. */
MAYBE void end_child(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	EXPECT_EQ(waitpid(pid, NULL, 0), pid);
}

MAYBE void expect_exit(pid_t pid, int value)
{
	int status = -1;

	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT(WIFEXITED(status));
	EXPECT_EQ(WEXITSTATUS(status), value);
}

MAYBE void expect_killed(pid_t pid, int signo)
{
	int status = -1;

	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT(WIFSIGNALED(status));
	EXPECT_EQ(WTERMSIG(status), signo);
}

MAYBE void expect_no_children_at(const char *file, int line)
{
	pid_t pid = waitpid(-1, NULL, WNOHANG);

	if (pid >= 0)
		harness_fail(file, line, "there is a child yet: waitpid(-1, WNOHANG) is %d",
			     (int)pid);
	if (errno != ECHILD)
		harness_fail(file, line, "not ECHILD: %s", strerrorname_np(errno));
}

#define expect_no_children() expect_no_children_at(__FILE__, __LINE__)

/* ---- SIGCHLD and events ---- */

MAYBE sigset_t set_of(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	return set;
}

MAYBE void block(int signo)
{
	sigset_t set = set_of(signo);

	EXPECT_OK(sigprocmask(SIG_BLOCK, &set, NULL));
}

MAYBE void unblock(int signo)
{
	sigset_t set = set_of(signo);

	EXPECT_OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

MAYBE void ignore_signal(int signo)
{
	(void)signo;
}

/* As the sample program does: a handler, so that the signal is not dropped, and blocked. */
MAYBE void queue_sigchld(void)
{
	struct sigaction action = {.sa_flags = SA_SIGINFO};

	block(SIGCHLD);
	action.sa_handler = ignore_signal;
	EXPECT_OK(sigaction(SIGCHLD, &action, NULL));
}

/* The next @signo, which must come. */
MAYBE siginfo_t take(int signo)
{
	const struct timespec patience = {.tv_sec = PATIENCE_MS / 1000};
	sigset_t set = set_of(signo);
	siginfo_t info;
	int got;

	memset(&info, 0, sizeof(info));
	do {
		got = sigtimedwait(&set, &info, &patience);
	} while (got < 0 && errno == EINTR);
	if (got != signo)
		FAIL("signal %d did not come: %s", signo, strerror(errno));
	return info;
}

/* None is pending. */
MAYBE void expect_none(int signo)
{
	const struct timespec none = {0};
	sigset_t set = set_of(signo);
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	if (sigtimedwait(&set, &info, &none) == signo)
		FAIL("signal %d is pending: code %d, pid %d, status %d", signo, info.si_code,
		     (int)info.si_pid, info.si_status);
	EXPECT_EQ(errno, EAGAIN);
}

/* @signo will bring the value of each of these events (PROCMGR_EVENT_*). */
MAYBE int listen_by(int signo, unsigned events)
{
	struct sigevent event;

	block(signo);
	SIGEV_SIGNAL_INIT(&event, signo);
	SIGEV_MAKE_UPDATEABLE(&event);
	return EXPECT_OK(procmgr_event_notify_add(events, &event));
}

/* Takes them up to the one with that value. */
MAYBE void hear_of(int signo, int value)
{
	while (take(signo).si_value.sival_int != value)
		;
}

/* By the kernel's own means: it has copies of all descriptors, and knows nothing of us. For ever. */
MAYBE pid_t foreign_child(void)
{
	pid_t pid = (pid_t)EXPECT_OK(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0));

	while (pid == 0)
		(void)syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
	return pid;
}

/* ---- What the node says of itself ---- */

MAYBE long figure_in(const char *info, const char *name)
{
	const char *at = info;

	while (at && strncmp(at, name, strlen(name)) != 0)
		at = (at = strchr(at, '\n')) ? at + 1 : NULL;
	if (!at)
		FAIL("no %s in\n%s", name, info);
	return strtol(at + strlen(name), NULL, 10);
}

/* A figure of `kamioka info`. */
MAYBE long node_figure(const char *name)
{
	struct harness_result result;
	long value;

	HARNESS_RUN(&result, harness_bin("kamioka"), "info");
	EXPECT_EQ(result.status, 0);
	value = figure_in(result.out, name);
	harness_result_fini(&result);
	return value;
}

/*
 * Everything but this process has gone, and the node's books say so. All of it at one moment:
 * children of which a killed program had not told yet become known by their deaths, and
 * may do so between two looks.
 */
MAYBE bool node_is_alone(void)
{
	struct harness_result result;
	bool is;

	HARNESS_RUN(&result, harness_bin("kamioka"), "info");
	EXPECT_EQ(result.status, 0);
	is = figure_in(result.out, "used") == 1 && figure_in(result.out, "zombies") == 0 &&
	     figure_in(result.out, "linked-programs") == 1 &&
	     figure_in(result.out, "births") == figure_in(result.out, "deaths") + 1;
	harness_result_fini(&result);
	return is;
}

/* What `kamioka list` says of a process, "" if nothing. A daemon may be there twice. */
MAYBE const char *node_line(pid_t pid)
{
	static char lines[512];
	struct harness_result result;
	size_t n = 0;

	HARNESS_RUN(&result, harness_bin("kamioka"), "list");
	EXPECT_EQ(result.status, 0);
	lines[0] = '\0';
	for (char *at = strtok(result.out, "\n"); at; at = strtok(NULL, "\n"))
		if (atoi(at) == pid && n < sizeof(lines))
			n += (size_t)snprintf(lines + n, sizeof(lines) - n, "%s\n", at);
	harness_result_fini(&result);
	return lines;
}
