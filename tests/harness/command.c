// SPDX-License-Identifier: Apache-2.0
/*
 * Commands, waiting and places. Processes are made and collected by bare system
 * calls, so that the library under test neither sees nor helps.
 */
#include "harness/harness.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How long a command may take to end once its output has. The runner's limit is shorter. */
#define PATIENCE_MS (600 * 1000)

/* ---- Places ---- */

static const char *join(const char *dir, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		FAIL("out of memory");
	return path;
}

/* The folder this program lies in. */
static const char *self_dir(void)
{
	static char dir[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", dir, sizeof(dir) - 1);

	if (size < 0)
		FAIL("/proc/self/exe: %s", strerror(errno));
	dir[size] = '\0';
	*strrchr(dir, '/') = '\0';
	return dir;
}

const char *harness_tool(const char *name)
{
	return join(self_dir(), name);
}

const char *harness_bin(const char *name)
{
	const char *dir = getenv("KAMIOKA_BIN");

	return dir ? join(dir, name) : join(join(self_dir(), "../bin"), name);
}

const char *harness_source(const char *path)
{
	const char *dir = getenv("KAMIOKA_SOURCE");

	/* By hand: the build folder lies in the sources. */
	return dir ? join(dir, path) : join(join(self_dir(), "../.."), path);
}

const char *harness_path(const char *name)
{
	const char *dir = getenv("TMPDIR");

	return join(dir ? dir : "/tmp", name);
}

int harness_seconds(int seconds)
{
	const char *soak = getenv("KAMIOKA_SOAK");

	return soak ? atoi(soak) : seconds;
}

/* ---- Waiting ---- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 0 when time is up. A signal's handler may run meanwhile; that is no event. */
static short poll_until(int fd, short events, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = events};
	int64_t left;
	int n;

	do {
		left = deadline - now_ms();
		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		FAIL("poll: %s", strerror(errno));
	return p.revents;
}

short harness_wait_fd(int fd, short events, int ms)
{
	short revents = poll_until(fd, events, now_ms() + ms);

	if (!revents)
		FAIL("descriptor %d: nothing within %d ms", fd, ms);
	return revents;
}

static ssize_t read_some(int fd, void *buffer, size_t size, int64_t deadline)
{
	ssize_t n;

	if (!poll_until(fd, POLLIN, deadline))
		FAIL("descriptor %d: nothing more to read in time", fd);
	do {
		n = read(fd, buffer, size);
	} while (n < 0 && errno == EINTR);
	/* A pty whose other side has gone says EIO. */
	if (n < 0 && errno != EIO)
		FAIL("read of descriptor %d: %s", fd, strerror(errno));
	return n < 0 ? 0 : n;
}

const char *harness_read_line(int fd, int ms)
{
	static char line[8192];
	int64_t deadline = now_ms() + ms;
	size_t n = 0;

	while (n < sizeof(line) - 1 && read_some(fd, &line[n], 1, deadline) == 1) {
		if (line[n] == '\n')
			break;
		n++;
	}
	line[n] = '\0';
	return line;
}

struct text {
	char *bytes;
	size_t size;
};

/* False at the end of file. */
static bool text_read(struct text *text, int fd, int64_t deadline)
{
	char buffer[16384];
	ssize_t n = read_some(fd, buffer, sizeof(buffer), deadline);
	char *bytes = realloc(text->bytes, text->size + (size_t)n + 1);

	if (!bytes)
		FAIL("out of memory");
	memcpy(bytes + text->size, buffer, (size_t)n);
	text->bytes = bytes;
	text->size += (size_t)n;
	text->bytes[text->size] = '\0';
	return n > 0;
}

char *harness_read_all(int fd, int ms)
{
	int64_t deadline = now_ms() + ms;
	struct text text = {0};

	while (text_read(&text, fd, deadline))
		;
	return text.bytes;
}

bool harness_wait_death(pid_t pid, int ms)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd < 0) {
		if (errno == ESRCH)
			return false;
		FAIL("pidfd_open(%d): %s", (int)pid, strerror(errno));
	}
	if (!poll_until(pidfd, POLLIN, now_ms() + ms))
		FAIL("process %d still lives after %d ms", (int)pid, ms);
	close(pidfd);
	return true;
}

/* ---- Commands ---- */

struct ends {
	int in, out, err; /* -1: stay as they are */
};

/* In the forked child. No library call that somebody may have replaced: the child is a copy
 * that the library has not been told of. */
__attribute__((noreturn)) static void child_exec(const char *const argv[], struct ends ends)
{
	const int wanted[] = {ends.in, ends.out, ends.err};
	static char path[PATH_MAX];
	const char *dir = getenv("PATH");

	for (int fd = 0; fd < 3; fd++)
		if (wanted[fd] >= 0)
			syscall(SYS_dup3, wanted[fd], fd, 0);
	if (strchr(argv[0], '/'))
		syscall(SYS_execve, argv[0], argv, environ);
	else
		for (size_t n; dir && *dir; dir += n + (dir[n] == ':')) {
			n = strcspn(dir, ":");
			snprintf(path, sizeof(path), "%.*s/%s", (int)n, dir, argv[0]);
			syscall(SYS_execve, path, argv, environ);
		}
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	syscall(SYS_exit_group, 127);
	__builtin_unreachable();
}

static pid_t start(const char *const argv[], struct ends ends)
{
	pid_t pid;

	fflush(NULL);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		child_exec(argv, ends);
	if (pid < 0)
		FAIL("clone: %s", strerror(errno));
	return pid;
}

static int collect(pid_t pid)
{
	int status;
	long got;

	harness_wait_death(pid, PATIENCE_MS);
	do {
		got = syscall(SYS_wait4, pid, &status, __WALL, NULL);
	} while (got < 0 && errno == EINTR);
	if (got != pid)
		FAIL("wait4(%d): %s", (int)pid, strerror(errno));
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Above the standard ones, so that setting those up cannot overwrite a pipe's end. */
static void make_pipe(int ends[2])
{
	int raw[2];

	if (pipe2(raw, O_CLOEXEC) < 0)
		FAIL("pipe: %s", strerror(errno));
	for (int i = 0; i < 2; i++) {
		ends[i] = fcntl(raw[i], F_DUPFD_CLOEXEC, 3);
		if (ends[i] < 0)
			FAIL("fcntl: %s", strerror(errno));
		close(raw[i]);
	}
}

/* Both streams as they come: a command must not block on the one that is read second. */
static void read_both(int out, int err, struct harness_result *ret_result)
{
	struct text texts[2] = {0};
	struct pollfd p[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		if (poll(p, 2, PATIENCE_MS) < 0 && errno != EINTR)
			FAIL("poll: %s", strerror(errno));
		for (int i = 0; i < 2; i++)
			if (p[i].fd >= 0 && p[i].revents &&
			    !text_read(&texts[i], p[i].fd, now_ms() + PATIENCE_MS))
				p[i].fd = -1;
	}
	ret_result->out = texts[0].bytes;
	ret_result->out_size = texts[0].size;
	ret_result->err = texts[1].bytes;
	ret_result->err_size = texts[1].size;
}

void harness_run(const char *const argv[], struct harness_result *ret_result)
{
	int out[2], err[2];
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid_t pid;

	make_pipe(out);
	make_pipe(err);
	pid = start(argv, (struct ends){.in = nothing, .out = out[1], .err = err[1]});
	close(nothing);
	close(out[1]);
	close(err[1]);
	read_both(out[0], err[0], ret_result);
	close(out[0]);
	close(err[0]);
	ret_result->status = collect(pid);
}

void harness_result_fini(struct harness_result *result)
{
	free(result->out);
	free(result->err);
	*result = (struct harness_result){0};
}

void harness_start(const char *const argv[], struct harness_command *ret_command)
{
	int in[2], out[2];

	make_pipe(in);
	make_pipe(out);
	ret_command->pid = start(argv, (struct ends){.in = in[0], .out = out[1], .err = -1});
	close(in[0]);
	close(out[1]);
	ret_command->in = in[1];
	ret_command->out = out[0];
}

int harness_finish(struct harness_command *command)
{
	if (command->in >= 0)
		close(command->in);
	if (command->out >= 0)
		close(command->out);
	command->in = command->out = -1;
	return collect(command->pid);
}
