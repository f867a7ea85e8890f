// SPDX-License-Identifier: Apache-2.0
/*
 * Job control: who is in the terminal's job and who is not. The front end and
 * PROGRAM are, in the group the shell made, so that Ctrl-C, Ctrl-Z and fg work
 * with no code of ours; the anchor, the manager and the agents never are, or
 * stopping one job would stop a node.
 */
#include "host/linux/tty.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/util.h"

int tty_leave_job(bool new_session)
{
	/* HUP, INT and QUIT: from a terminal that is no longer ours to obey. */
	static const int deaf_to[] = {
		SIGTTIN, SIGTTOU, SIGTSTP, SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2,
	};

	for (size_t i = 0; i < ARRAY_LEN(deaf_to); i++)
		if (signal(deaf_to[i], SIG_IGN) == SIG_ERR)
			return -errno;
	if (new_session)
		return setsid() < 0 ? -errno : 0;
	return setpgid(0, 0) < 0 ? -errno : 0;
}

int tty_join_job(pid_t pid, pid_t pgrp)
{
	if (setpgid(pid, pgrp) == 0)
		return 0;
	/* EACCES: it has executed its program, so the other one was first. */
	return errno == EACCES && pid != 0 ? 0 : -errno;
}
