// SPDX-License-Identifier: Apache-2.0
/*
 * procmgr_daemon(): the caller keeps its pid and becomes what nobody waits for.
 *
 * The manager is told last, when all else is done: by then the parent may look
 * at its daemon. What can fail without a trace is done first: the node must be
 * there, and /dev/null.
 *
 * For the manager a daemon is in session 1, whatever the kernel says. For the
 * kernel it leaves its terminal as well as it can: into a session of its own;
 * if it leads a group, which forbids that, it first steps into another group of
 * its session; if that does not help either, because children are left in the
 * group it gave its name, it gives up the terminal alone.
 */
#include <sys/procmgr.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/export.h"
#include "client/node.h"
#include "client/result.h"
#include "client/sigaction.h"
#include "gen/proto.h"

#define DAEMON_FLAGS                                                                  \
	(PROCMGR_DAEMON_NOCHDIR | PROCMGR_DAEMON_NOCLOSE | PROCMGR_DAEMON_NODEVNULL | \
	 PROCMGR_DAEMON_KEEPUMASK)

/* A session's leader that lets go of the terminal hangs up its own foreground group. */
static void give_up_terminal(void)
{
	static const int signals[] = {SIGHUP, SIGCONT};
	struct sigaction ignore, old[2];
	auto_fd tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (tty < 0)
		return;
	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	for (int i = 0; i < 2; i++)
		(void)__sigaction(signals[i], &ignore, &old[i]); /* valid signals */
	(void)ioctl(tty, TIOCNOTTY); /* fails where there was nothing to give up */
	for (int i = 0; i < 2; i++)
		(void)__sigaction(signals[i], &old[i], NULL);
}

static bool may_make_session(void)
{
	return syscall(SYS_setsid) >= 0;
}

/* Step aside into @pgrp and try again from there. */
static bool may_make_session_from(pid_t pgrp)
{
	if (pgrp <= 0 || pgrp == getpid() || syscall(SYS_setpgid, 0, pgrp) != 0)
		return false;
	if (may_make_session())
		return true;
	(void)syscall(SYS_setpgid, 0, 0); /* back to the children */
	return false;
}

static void leave_terminal(void)
{
	pid_t sid = (pid_t)syscall(SYS_getsid, 0);

	if (may_make_session())
		return;
	if (sid != getpid() &&
	    (may_make_session_from(sid) ||
	     may_make_session_from((pid_t)syscall(SYS_getpgid, syscall(SYS_getppid)))))
		return;
	give_up_terminal();
}

static int to_dev_null(int null)
{
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(null, fd) < 0)
			return -errno;
	return 0;
}

static int open_dev_null(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int be_daemon(int status, unsigned flags)
{
	struct proto_daemon_in in = {.status = status};
	struct proto_daemon_out out;
	auto_fd null = -1;
	int r;

	if (flags & ~DAEMON_FLAGS)
		return -EINVAL;
	r = node_attach();
	if (r < 0)
		return r;
	if (!(flags & PROCMGR_DAEMON_NODEVNULL)) {
		r = null = open_dev_null();
		if (r < 0)
			return r;
	}
	leave_terminal();
	if (!(flags & PROCMGR_DAEMON_NOCHDIR) && chdir("/") < 0)
		return -errno;
	if (!(flags & PROCMGR_DAEMON_KEEPUMASK))
		(void)umask(0);
	if (null >= 0) {
		r = to_dev_null(null);
		/* It may be one of them itself, where that was closed; then it stays. */
		if (null <= 2)
			(void)fcntl(fd_take(&null), F_SETFD, 0); /* it is open */
		if (r < 0)
			return r;
	}
	if (!(flags & PROCMGR_DAEMON_NOCLOSE)) {
		null = fd_close(null);
		closefrom(3); /* ours: the library's own stay */
	}
	return call_daemon(&in, &out);
}

EXPORT int procmgr_daemon(int status, unsigned flags)
{
	return result_errno(be_daemon(status, flags));
}
