// SPDX-License-Identifier: Apache-2.0
/*
 * What the tests of process creation have in common: starting `show` and reading
 * what it says, collecting children, files to be executed, a terminal of one's own.
 * Memory that is handed out stays.
 */
#pragma once

#include "harness/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unix.h>

#define KIT_MS 20000

/* An argument list or an environment of texts, some of them literals. */
#define KIT_ARGV(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})

/* The status word of a child of ours that ends. */
static inline int kit_collect(pid_t pid)
{
	int status = -1;

	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

/* The exit status of a child that must not have been killed. */
static inline int kit_exit_status(pid_t pid)
{
	int status = kit_collect(pid);

	if (!WIFEXITED(status))
		FAIL("child %d was killed by signal %d", (int)pid, WTERMSIG(status));
	return WEXITSTATUS(status);
}

static inline void kit_expect_no_children(void)
{
	EXPECT_ERRNO(waitpid(-1, NULL, WNOHANG), ECHILD);
}

/* One field of the kernel's stat line, 3 being the state's letter; 0 without a process. */
static inline long kit_stat(pid_t pid, int field)
{
	char path[64], line[1024] = "";
	FILE *f;
	char *word;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	word = strrchr(line, ')');
	if (!word)
		return 0;
	word = strtok(word + 1, " ");
	for (int i = 3; word && i < field; i++)
		word = strtok(NULL, " ");
	if (!word)
		return 0;
	return field == 3 ? word[0] : atol(word);
}

static inline char kit_state(pid_t pid)
{
	return (char)kit_stat(pid, 3);
}

static inline pid_t kit_kernel_parent(pid_t pid)
{
	return (pid_t)kit_stat(pid, 4);
}

/* Everything is close-on-exec. */
static inline void kit_pipe(int ends[2])
{
	EXPECT_OK(pipe2(ends, O_CLOEXEC));
}

/* Until the end of file, without the last newline; closes. */
static inline char *kit_read(int fd)
{
	char *text = harness_read_all(fd, KIT_MS);
	size_t length = strlen(text);

	close(fd);
	if (length && text[length - 1] == '\n')
		text[length - 1] = '\0';
	return text;
}

/* A pipe whose writing end children inherit; .to is the word for `show`. */
struct kit_talk {
	int in, out;
	char to[24];
};

static inline struct kit_talk kit_talk_open(void)
{
	struct kit_talk talk;
	int ends[2];

	kit_pipe(ends);
	talk.in = ends[0];
	talk.out = ends[1];
	EXPECT_OK(fcntl(talk.out, F_SETFD, 0));
	snprintf(talk.to, sizeof(talk.to), "to=%d", talk.out);
	return talk;
}

/* What all who had the writing end have said. */
static inline char *kit_talk_text(struct kit_talk *talk)
{
	close(talk->out);
	return kit_read(talk->in);
}

/* All fields are nonsense, which a flag that is clear must make harmless. */
static inline struct inheritance kit_garbage(uint32_t flags)
{
	struct inheritance inherit;

	memset(&inherit, 0xa5, sizeof(inherit));
	inherit.flags = flags;
	return inherit;
}

/* `show` as @inherit says, its output in *ret_fd. */
static inline pid_t kit_show_start(const struct inheritance *inherit, const char *word, int *ret_fd)
{
	int ends[2];
	pid_t pid;

	kit_pipe(ends);
	pid = EXPECT_OK(spawn(harness_tool("show"), 3, (int[]){0, ends[1], 2}, inherit,
			      KIT_ARGV("show", word), NULL));
	close(ends[1]);
	*ret_fd = ends[0];
	return pid;
}

/* What `show WORD` says as a child that is as @inherit says. */
static inline char *kit_show(const struct inheritance *inherit, const char *word, pid_t *ret_pid)
{
	int fd;
	pid_t pid = kit_show_start(inherit, word, &fd);
	char *text = kit_read(fd);

	EXPECT_EQ(kit_exit_status(pid), 0);
	if (ret_pid)
		*ret_pid = pid;
	return text;
}

static inline long kit_show_number(const struct inheritance *inherit, const char *word)
{
	return atol(kit_show(inherit, word, NULL));
}

/* Whether a list of numbers has this one. */
static inline bool kit_has(const char *list, int number)
{
	char wanted[16], all[1024];

	snprintf(wanted, sizeof(wanted), " %d ", number);
	snprintf(all, sizeof(all), " %s ", list);
	return strstr(all, wanted) != NULL;
}

/* Without this program the test is skipped. */
static inline void kit_needs(const char *path)
{
	if (access(path, X_OK) < 0)
		SKIP("no %s", path);
}

/* A file in the test's directory. */
static inline const char *kit_file(const char *name, const char *text, mode_t mode)
{
	const char *path = harness_path(name);
	int fd = EXPECT_OK(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));

	EXPECT_EQ(write(fd, text, strlen(text)), strlen(text));
	EXPECT_OK(fchmod(fd, mode));
	close(fd);
	return path;
}

/* A copy of a program under another name. */
static inline const char *kit_copy(const char *from, const char *name)
{
	struct harness_result result;
	const char *path = harness_path(name);

	HARNESS_RUN(&result, "cp", from, path);
	EXPECT_EQ(result.status, 0);
	harness_result_fini(&result);
	return path;
}

static inline void kit_on_signal(int signo, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	EXPECT_OK(sigaction(signo, &action, NULL));
}

static inline sigset_t kit_set(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	if (signo)
		sigaddset(&set, signo);
	return set;
}

/* Runs @body in a child and expects that it returns. A failure in there is said on stderr. */
static inline void kit_in_child(void (*body)(void))
{
	pid_t pid;

	fflush(NULL);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		body();
		fflush(NULL);
		_exit(0);
	}
	EXPECT_EQ(kit_exit_status(pid), 0);
}

/* Runs @body as the leader of a session whose terminal is 0, 1 and 2, and expects that it
 * returns. What is written there is told only if it does not. */
static inline void kit_on_terminal(void (*body)(void))
{
	int master;
	char *text;
	pid_t pid;

	fflush(NULL);
	pid = EXPECT_OK(forkpty(&master, NULL, NULL, NULL));
	if (pid == 0) {
		body();
		fflush(NULL);
		_exit(0);
	}
	text = harness_read_all(master, KIT_MS);
	close(master);
	if (kit_collect(pid) != 0)
		FAIL("on the terminal: %s", text);
	free(text);
}
