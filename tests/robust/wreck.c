// SPDX-License-Identifier: Apache-2.0
/*
 * A program whose node goes away under it. Its processes are in the middle of
 * every kind of call, or make them one after the other; "ready" says so. Each
 * that is refused says its name and the errno, and ends.
 */
#include <errno.h>
#include <process.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procmgr.h>
#include <sys/siginfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kamioka.h>
#include <sys/pathmgr.h>

static pid_t sleeper_new(void)
{
	pid_t pid = fork();

	while (pid == 0)
		pause();
	return pid;
}

static pid_t sleeper;

static int wait_for_one(void)
{
	return waitpid(sleeper, NULL, 0) < 0 ? -1 : 0;
}

static int wait_for_any(void)
{
	return wait(NULL) < 0 ? -1 : 0;
}

static int wait_for_id(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED);
}

static int fork_some(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid(pid, NULL, 0) < 0 ? -1 : 0;
}

static int spawn_some(void)
{
	return spawnlp(P_WAIT, "true", "true", NULL) < 0 ? -1 : 0;
}

static int spawn_unwaited(void)
{
	return spawnlp(P_NOWAITO, "true", "true", NULL) < 0 ? -1 : 0;
}

static int spawn_posix(void)
{
	char *argv[] = {(char[]){"true"}, NULL};
	pid_t pid;
	int error = posix_spawnp(&pid, "true", NULL, NULL, argv, NULL);

	errno = error;
	return error || waitpid(pid, NULL, 0) < 0 ? -1 : 0;
}

static int trigger(void)
{
	return procmgr_event_trigger(PROCMGR_EVENT_SYNC);
}

static int subscribe(void)
{
	struct sigevent event;

	SIGEV_NONE_INIT(&event);
	return procmgr_event_notify(PROCMGR_EVENT_SYNC, &event);
}

static int name_guardian(void)
{
	return procmgr_guardian(sleeper) < 0 ? -1 : 0;
}

static int read_value(void)
{
	return procmgr_value_notify_add(PROCMGR_VALUE_FREE_MEM, 0, 0, NULL) < 0 && errno != EAGAIN ?
		       -1 :
		       0;
}

static int be_manager(void)
{
	return kamioka_service_manager() < 0 && errno != EBUSY ? -1 : 0;
}

static int name_path(void)
{
	if (pathmgr_link("/dev/wreck", 0, 0, 1, 0, _FTYPE_ANY, 0) < 0)
		return -1;
	return pathmgr_unlink("/dev/wreck");
}

static const struct {
	const char *name;
	int (*call)(void);
} workers[] = {
	{"waitpid", wait_for_one},    {"wait", wait_for_any}, {"waitid", wait_for_id},
	{"fork", fork_some},          {"spawn", spawn_some},  {"spawn_unwaited", spawn_unwaited},
	{"posix_spawn", spawn_posix}, {"trigger", trigger},   {"notify", subscribe},
	{"guardian", name_guardian},  {"value", read_value},  {"service_manager", be_manager},
	{"name", name_path},
};

#define N (sizeof(workers) / sizeof(workers[0]))

__attribute__((noreturn)) static void work(size_t i, int ready)
{
	sleeper = sleeper_new();
	if (sleeper < 0 || write(ready, "", 1) != 1)
		_exit(1);
	do {
		errno = 0;
	} while (workers[i].call() == 0);
	dprintf(1, "%s %s\n", workers[i].name, strerrorname_np(errno));
	(void)kill(sleeper, SIGKILL);
	_exit(0);
}

int main(void)
{
	int ready[2];
	char byte;

	if (pipe(ready) < 0)
		return 1;
	for (size_t i = 0; i < N; i++) {
		pid_t pid = fork();

		if (pid == 0)
			work(i, ready[1]);
		if (pid < 0)
			return 1;
	}
	for (size_t i = 0; i < N; i++)
		if (read(ready[0], &byte, 1) != 1)
			return 1;
	dprintf(1, "ready %zu\n", N);
	/* What it does without the node it still can. */
	while (read(0, &byte, 1) > 0)
		;
	dprintf(1, "alive\n");
	return 17;
}
