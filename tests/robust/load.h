// SPDX-License-Identifier: Apache-2.0
/*
 * Work for a node: rounds of births and deaths, each of which counts what it
 * was told. Every death must be told exactly once by wait*() and exactly once by
 * SIGCHLD, whatever happens to the manager meanwhile. A round that finds
 * otherwise ends its process as a failed test does.
 */
#pragma once

#include "detection/child.h"

#include <sys/mman.h>

/* A manager that was killed needs its time to come back; this is much of it. */
#define ROUND_MAX 6

struct work {
	unsigned seed;
	pid_t pids[ROUND_MAX];
	int ends[ROUND_MAX]; /* exit status, or -signal */
	int n;
};

MAYBE unsigned work_random(struct work *w, unsigned below)
{
	return (unsigned)rand_r(&w->seed) % below;
}

MAYBE void work_linger(struct work *w, int below_ms)
{
	(void)poll(NULL, 0, (int)work_random(w, (unsigned)below_ms));
}

__attribute__((noreturn)) MAYBE void work_end(int end, int linger_ms)
{
	if (linger_ms)
		(void)poll(NULL, 0, linger_ms);
	if (end < 0)
		die_by(-end);
	_exit(end);
}

MAYBE void work_births(struct work *w)
{
	w->n = 1 + (int)work_random(w, ROUND_MAX);
	for (int i = 0; i < w->n; i++) {
		int end = work_random(w, 3) ? (int)work_random(w, 200) :
			  work_random(w, 2) ? -SIGKILL :
					      -SIGTERM;
		int linger = work_random(w, 2) ? (int)work_random(w, 8) : 0;
		char text[16];

		if (end > 0 && work_random(w, 3) == 0) {
			snprintf(text, sizeof(text), "%d", end);
			w->pids[i] = EXPECT_OK(spawnl(P_NOWAIT, harness_tool("mortal"), "mortal",
						      "exit", text, NULL));
		} else {
			w->pids[i] = EXPECT_OK(fork());
			if (w->pids[i] == 0)
				work_end(end, linger);
		}
		w->ends[i] = end;
	}
}

MAYBE int work_find(struct work *w, pid_t pid)
{
	for (int i = 0; i < w->n; i++)
		if (w->pids[i] == pid)
			return i;
	FAIL("told of %d, which is no child", (int)pid);
}

MAYBE void work_check(struct work *w, int i, int code, int status)
{
	if (w->ends[i] >= 0) {
		EXPECT_EQ(code, CLD_EXITED);
		EXPECT_EQ(status, w->ends[i]);
	} else {
		EXPECT(code == CLD_KILLED || code == CLD_DUMPED);
		EXPECT_EQ(status, -w->ends[i]);
	}
}

MAYBE void work_check_status(struct work *w, int i, int status)
{
	if (WIFEXITED(status))
		work_check(w, i, CLD_EXITED, WEXITSTATUS(status));
	else
		work_check(w, i, CLD_KILLED, WTERMSIG(status));
}

/* Each once, by a form of wait that is drawn. */
MAYBE void work_collect(struct work *w)
{
	unsigned seen = 0, form = work_random(w, 4);
	siginfo_t info;
	int status;

	for (int k = 0; k < w->n; k++) {
		int i = k;

		memset(&info, 0, sizeof(info));
		switch (form) {
		case 0:
			i = work_find(w, EXPECT_OK(wait(&status)));
			work_check_status(w, i, status);
			break;
		case 1:
			EXPECT_EQ(waitpid(w->pids[k], &status, 0), w->pids[k]);
			work_check_status(w, i, status);
			break;
		case 2:
			EXPECT_OK(waitid(P_PID, (id_t)w->pids[k], &info, WEXITED | WNOWAIT));
			work_check(w, i, info.si_code, info.si_status);
			EXPECT_OK(waitid(P_PID, (id_t)w->pids[k], &info, WEXITED));
			EXPECT_EQ(info.si_pid, w->pids[k]);
			work_check(w, i, info.si_code, info.si_status);
			break;
		default:
			i = work_find(w, EXPECT_OK(waitpid(-getpgrp(), &status, 0)));
			work_check_status(w, i, status);
			break;
		}
		EXPECT(!(seen & 1u << i));
		seen |= 1u << i;
	}
	expect_no_children();
}

/* Each once, by SIGCHLD. */
MAYBE void work_hear(struct work *w)
{
	unsigned seen = 0;

	for (int k = 0; k < w->n; k++) {
		siginfo_t info = take(SIGCHLD);
		int i = work_find(w, info.si_pid);

		work_check(w, i, info.si_code, info.si_status);
		EXPECT_EQ(info.si_uid, getuid());
		EXPECT(!(seen & 1u << i));
		seen |= 1u << i;
	}
}

MAYBE void round_of_deaths(struct work *w)
{
	bool hear_first = work_random(w, 2);

	work_births(w);
	if (hear_first)
		work_hear(w);
	work_collect(w);
	if (!hear_first)
		work_hear(w);
	expect_none(SIGCHLD);
}

MAYBE void round_of_daemon(struct work *w)
{
	int status = (int)work_random(w, 256);
	pid_t pid = EXPECT_OK(fork());
	siginfo_t info;

	if (pid == 0) {
		EXPECT_OK(
			procmgr_daemon(status, PROCMGR_DAEMON_NOCLOSE | PROCMGR_DAEMON_NODEVNULL));
		for (;;)
			pause();
	}
	expect_exit(pid, status);
	info = take(SIGCHLD);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_status, status);
	EXPECT_EQ(getsid(pid), 1);
	EXPECT_OK(kill(pid, SIGKILL));
	EVENTUALLY(!is_there(pid));
	expect_no_children();
	expect_none(SIGCHLD);
}

MAYBE void round_of_unwaited(struct work *w)
{
	const char *path = harness_tool("mortal");
	pid_t pid = EXPECT_OK(spawnl(P_NOWAITO, path, "mortal", "exit", "1", NULL));

	(void)w;
	EXPECT_ERRNO(waitpid(pid, NULL, 0), ECHILD);
	EVENTUALLY(!is_there(pid));
	EXPECT_EQ(spawnl(P_WAIT, path, "mortal", "exit", "7", NULL), 7 << 8);
	EXPECT_EQ(take(SIGCHLD).si_status, 7);
	EXPECT_ERRNO(spawnl(P_NOWAIT, "/nowhere", "nowhere", NULL), ENOENT);
	expect_no_children();
	expect_none(SIGCHLD);
}

/* A child dies with children of its own, which outlive it. */
MAYBE void round_of_orphans(struct work *w)
{
	struct gate gate = gate_new();
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		for (int i = 0; i < 2; i++) {
			if (EXPECT_OK(fork()) != 0)
				continue;
			EVENTUALLY(getppid() == 1);
			_exit(0);
		}
		work_linger(w, 3);
		_exit(3);
	}
	close(gate.write);
	expect_exit(pid, 3);
	EXPECT_EQ(take(SIGCHLD).si_pid, pid);
	/* Their copies of the gate are closed once they are gone. */
	EXPECT(harness_wait_fd(gate.read, POLLIN, PATIENCE_MS) & POLLHUP);
	close(gate.read);
	expect_no_children();
	expect_none(SIGCHLD);
}

MAYBE void drain(int signo)
{
	const struct timespec none = {0};
	sigset_t set = set_of(signo);

	while (sigtimedwait(&set, NULL, &none) == signo)
		;
}

MAYBE void round_of_events(struct work *w)
{
	struct sigevent event;
	int value = (int)work_random(w, 1000), id;

	block(SIGRTMIN);
	SIGEV_SIGNAL_VALUE_INT_INIT(&event, SIGRTMIN, value);
	id = EXPECT_OK(procmgr_event_notify_add(PROCMGR_EVENT_CONFSTR, &event));
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_CONFSTR, &event));
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_CONFSTR));
	(void)take(SIGRTMIN);
	(void)take(SIGRTMIN);
	EXPECT_OK(procmgr_event_notify_delete(id));
	EXPECT_OK(procmgr_event_notify(0, NULL));
	/* Others' triggers, and what a manager that was killed in between did twice. */
	drain(SIGRTMIN);
}

MAYBE void round_of_stops(struct work *w)
{
	pid_t pid = child_that_pauses();
	int status;

	(void)w;
	EXPECT_OK(kill(pid, SIGSTOP));
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	EXPECT(WIFSTOPPED(status));
	EXPECT_OK(kill(pid, SIGKILL));
	expect_killed(pid, SIGKILL);
	/* The stop's and the end's. */
	while (take(SIGCHLD).si_code != CLD_KILLED)
		;
	expect_no_children();
	expect_none(SIGCHLD);
}

/* One process's share of the load, until *stop. Every kind of round; seeds differ. */
__attribute__((noreturn)) MAYBE void work_until(const int *stop, unsigned seed, long *rounds)
{
	static void (*const kinds[])(struct work *) = {
		round_of_deaths,   round_of_deaths,  round_of_deaths, round_of_daemon,
		round_of_unwaited, round_of_orphans, round_of_events, round_of_stops,
	};
	struct work w = {.seed = seed};

	queue_sigchld();
	/* A group of its own, so that waits for the group find nobody else. */
	if (getpgrp() != getpid())
		EXPECT_OK(setpgid(0, 0));
	while (!__atomic_load_n(stop, __ATOMIC_ACQUIRE)) {
		kinds[work_random(&w, sizeof(kinds) / sizeof(kinds[0]))](&w);
		__atomic_add_fetch(rounds, 1, __ATOMIC_RELAXED);
	}
	_exit(0);
}

/* What the processes of a test share. */
struct shared {
	int stop;
	long rounds;
};

MAYBE struct shared *shared_new(void)
{
	struct shared *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	EXPECT(s != MAP_FAILED);
	return s;
}

MAYBE pid_t worker_new(struct shared *s, unsigned seed)
{
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0)
		work_until(&s->stop, seed, &s->rounds);
	return pid;
}

/* One of this test's: the same program, or the one that it spawns. */
MAYBE bool is_own(pid_t pid)
{
	char path[64], exe[4096], self[4096];
	ssize_t n, own = readlink("/proc/self/exe", self, sizeof(self) - 1);

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	if (n <= 0 || own <= 0)
		return false;
	exe[n] = self[own] = '\0';
	return strcmp(exe, self) == 0 || strcmp(strrchr(exe, '/'), "/mortal") == 0;
}

/* Ends what is left of the node's processes, but for the caller. Nobody else's, whatever
 * the node says. */
MAYBE void end_others(void)
{
	struct harness_result result;

	HARNESS_RUN(&result, harness_bin("kamioka"), "list");
	EXPECT_EQ(result.status, 0);
	for (char *at = strtok(result.out, "\n"); at; at = strtok(NULL, "\n"))
		if (atoi(at) > 1 && atoi(at) != getpid() && is_own(atoi(at)))
			(void)kill(atoi(at), SIGKILL);
	harness_result_fini(&result);
}

/* The node's books are as if nothing had happened. */
MAYBE void expect_healthy(void)
{
	expect_no_children();
	EVENTUALLY(node_is_alone());
	EXPECT_EQ(node_figure("subscriptions"), 0);
	expect_exit(child_that_exits(5), 5);
}
