// SPDX-License-Identifier: Apache-2.0
/* What is made of fork(): daemon(), forkpty(), kamioka_srv_fork(). */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <kamioka.h>
#include <stdlib.h>
#include <unistd.h>
#include <unix.h>

#include "base/cleanup.h"
#include "client/export.h"
#include "client/fork.h"
#include "client/result.h"
#include "gen/proto.h"

EXPORT int daemon(int nochdir, int noclose)
{
	auto_fd null_fd = -1;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (pid > 0)
		_exit(0);
	if (setsid() < 0)
		return -1;
	if (!nochdir)
		(void)chdir("/"); /* there is one, and we may */
	if (noclose)
		return 0;
	null_fd = open("/dev/null", O_RDWR);
	if (null_fd < 0)
		return -1;
	for (int fd = 0; fd <= 2; fd++)
		(void)dup2(null_fd, fd); /* both are valid */
	if (null_fd <= 2)
		(void)fd_take(&null_fd);
	return 0;
}

EXPORT pid_t forkpty(int *amaster, char *name, const struct termios *termp,
		     const struct winsize *winp)
{
	auto_fd master = -1, slave = -1;
	pid_t pid;

	if (openpty(&master, &slave, name, termp, winp) < 0)
		return -1;
	pid = fork();
	if (pid < 0)
		return -1;
	if (pid == 0) {
		master = fd_close(master);
		/* Closes it unless it is one of the three. */
		if (login_tty(fd_take(&slave)) < 0)
			_exit(1);
		return 0;
	}
	*amaster = fd_take(&master);
	return pid;
}

/* In the child, where no failure can be told any more. */
static void service_become(uid_t uid, gid_t gid)
{
	if (geteuid() == 0 && setgroups(1, &gid) < 0)
		_exit(127);
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		_exit(127);
}

EXPORT pid_t kamioka_srv_fork(uid_t uid, gid_t gid)
{
	const struct fork_wish wish = {.flags = SLOT_FLAG_SERVICE, .uid = uid, .gid = gid};
	struct proto_may_srv_fork_in in = {.uid = uid, .gid = gid};
	struct proto_may_srv_fork_out out;
	int saved = errno;
	pid_t pid = call_may_srv_fork(&in, &out);

	if (pid == 0)
		pid = fork_run(&wish);
	else if (pid > 0)
		pid = -EPROTO;
	else
		return result_errno(pid);
	if (pid == 0)
		service_become(uid, gid);
	errno = saved;
	return result_errno(pid);
}
