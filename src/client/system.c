// SPDX-License-Identifier: Apache-2.0
/*
 * system(): the shell, with SIGINT and SIGQUIT ignored here while it runs, and
 * SIGCHLD blocked in the calling thread, as POSIX wants it. Several threads may
 * be at it: the first that comes ignores, the last that goes restores.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/birth.h"
#include "client/export.h"
#include "client/result.h"

static pthread_mutex_t system_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned system_users;
static struct sigaction system_int, system_quit;

struct system_course {
	uint64_t sigdef; /* what the shell gets back */
	sigset_t mask;
	pid_t pid;
};

static uint64_t system_bit(int signo, const struct sigaction *former)
{
	return former->sa_handler == SIG_IGN ? 0 : UINT64_C(1) << (signo - 1);
}

static void system_enter(struct system_course *c)
{
	struct sigaction ignore;
	sigset_t child;

	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)pthread_mutex_lock(&system_lock);
	if (system_users++ == 0) {
		(void)sigaction(SIGINT, &ignore, &system_int); /* valid signals */
		(void)sigaction(SIGQUIT, &ignore, &system_quit);
	}
	c->sigdef = system_bit(SIGINT, &system_int) | system_bit(SIGQUIT, &system_quit);
	(void)pthread_mutex_unlock(&system_lock);
	(void)pthread_sigmask(SIG_BLOCK, &child, &c->mask);
}

static void system_leave(struct system_course *c)
{
	(void)pthread_mutex_lock(&system_lock);
	if (--system_users == 0) {
		(void)sigaction(SIGINT, &system_int, NULL);
		(void)sigaction(SIGQUIT, &system_quit, NULL);
	}
	(void)pthread_mutex_unlock(&system_lock);
	(void)pthread_sigmask(SIG_SETMASK, &c->mask, NULL);
}

static pid_t system_wait(pid_t pid, int *ret_status)
{
	pid_t r;

	do {
		r = waitpid(pid, ret_status, 0);
	} while (r < 0 && errno == EINTR);
	return r;
}

/* A cancelled thread leaves neither the command nor its zombie behind. */
static void system_cancelled(void *course)
{
	struct system_course *c = course;
	int state, status;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	(void)kill(c->pid, SIGKILL);
	(void)system_wait(c->pid, &status);
	(void)pthread_setcancelstate(state, NULL);
	system_leave(c);
}

static int system_launch(struct system_course *c, const char *command)
{
	char shell[] = "sh", option[] = "-c";
	/* exec's list is not const, but nobody writes to it. */
	char *argv[] = {shell, option, (char *)(uintptr_t)command, NULL};
	struct launch l = {
		.paths = LAUNCH_SHELL,
		.n_paths = 1,
		.argv = argv,
		.envp = environ,
		.flags = LAUNCH_SIGDEF | LAUNCH_SIGMASK,
		.sigdef = c->sigdef,
	};

	memcpy(&l.sigmask, &c->mask, sizeof(l.sigmask));
	return birth_launch(&l, 0, &c->pid);
}

static int system_run(const char *command)
{
	struct system_course c;
	int status = -1;
	int rc;

	system_enter(&c);
	rc = system_launch(&c, command);
	if (rc < 0) {
		system_leave(&c);
		/* No shell is told as the shell would tell of no command. */
		return rc == -ENOENT || rc == -EACCES ? W_EXITCODE(127, 0) : result_errno(rc);
	}
	pthread_cleanup_push(system_cancelled, &c);
	rc = system_wait(c.pid, &status) < 0 ? -errno : 0;
	pthread_cleanup_pop(0);
	system_leave(&c);
	return rc < 0 ? result_errno(rc) : status;
}

EXPORT int system(const char *command)
{
	if (!command)
		return access(LAUNCH_SHELL, X_OK) == 0;
	return system_run(command);
}
