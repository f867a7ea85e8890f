// SPDX-License-Identifier: Apache-2.0
/*
 * What a process of ours inherited. The note is taken once, at the start of
 * the command, and goes on by fork to the anchor, the manager and the child
 * that becomes PROGRAM; so it is this file's one piece of state.
 *
 * It never decides which process keeps what: that is its callers' knowledge.
 */
#include "host/linux/inherit.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

/* The kernel's signals, among them the two that glibc hides. */
#define INHERIT_SIGNALS   64
/* Where the search ends if there is no /proc to look into. */
#define INHERIT_BLIND_FDS 1024

static struct {
	bool noted;
	sigset_t mask;
	bool ignored[INHERIT_SIGNALS + 1];
	struct rlimit nofile;
	int *fds;
	size_t n_fds;
	bool drops_stderr;
	int log_fd;
} inherited;

static void inherit_add_fd(int fd)
{
	int *fds;

	fds = realloc(inherited.fds, (inherited.n_fds + 1) * sizeof(*fds));
	if (!fds)
		return;
	inherited.fds = fds;
	inherited.fds[inherited.n_fds++] = fd;
}

static void inherit_note_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	if (!dir) {
		for (int fd = STDERR_FILENO + 1; fd < INHERIT_BLIND_FDS; fd++)
			if (fcntl(fd, F_GETFD) >= 0)
				inherit_add_fd(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fd > STDERR_FILENO && fd != dirfd(dir))
			inherit_add_fd(fd);
	}
	closedir(dir);
}

/* O_PATH: reading and writing fail with EBADF, as on a closed descriptor. */
static int inherit_placeholder(void)
{
	return open("/", O_PATH | O_CLOEXEC);
}

static void inherit_fill_holes(void)
{
	int fd;

	do {
		fd = inherit_placeholder();
	} while (fd >= 0 && fd <= STDERR_FILENO);
	fd_close(fd);
}

void inherit_note(void)
{
	struct sigaction action;

	inherit_fill_holes();
	inherit_note_fds();
	sigprocmask(SIG_BLOCK, NULL, &inherited.mask);
	for (int signo = 1; signo <= INHERIT_SIGNALS; signo++)
		inherited.ignored[signo] = sigaction(signo, NULL, &action) == 0 &&
					   action.sa_handler == SIG_IGN;
	if (getrlimit(RLIMIT_NOFILE, &inherited.nofile) == 0)
		inherited.noted = true;
}

void inherit_restore(void)
{
	struct sigaction action = {0};

	if (!inherited.noted)
		return;
	/* Dispositions first: what is pending must not meet ours. */
	for (int signo = 1; signo <= INHERIT_SIGNALS; signo++) {
		action.sa_handler = inherited.ignored[signo] ? SIG_IGN : SIG_DFL;
		(void)sigaction(signo, &action, NULL);
	}
	(void)setrlimit(RLIMIT_NOFILE, &inherited.nofile);
	(void)sigprocmask(SIG_SETMASK, &inherited.mask, NULL);
}

void inherit_log_to(int fd)
{
	inherited.drops_stderr = true;
	inherited.log_fd = fd;
}

void inherit_close(int fd)
{
	for (size_t i = 0; i < inherited.n_fds; i++)
		if (inherited.fds[i] == fd)
			inherited.fds[i] = -1;
	fd_close(fd);
}

void inherit_drop(void)
{
	int hole = inherit_placeholder();

	for (size_t i = 0; i < inherited.n_fds; i++)
		fd_close(inherited.fds[i]);
	free(ptr_take(inherited.fds));
	inherited.n_fds = 0;

	if (hole >= 0) {
		(void)dup3(hole, STDIN_FILENO, O_CLOEXEC);
		(void)dup3(hole, STDOUT_FILENO, O_CLOEXEC);
	}
	if (inherited.drops_stderr)
		log_set_fd(inherited.log_fd);
	if (inherited.drops_stderr && hole >= 0)
		(void)dup3(hole, STDERR_FILENO, O_CLOEXEC);
	fd_close(hole);
	/* That of a directory that cannot be left is no harm done. */
	if (chdir("/") < 0)
		return;
}

bool inherit_was_ignored(int signo)
{
	return inherited.ignored[signo];
}
