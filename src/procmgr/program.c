// SPDX-License-Identifier: Apache-2.0
/*
 * PROGRAM of `kamioka run` and `boot`: the first process of a node.
 *
 * It is forked before the manager has done anything, so that it gets all that
 * the front end had: directory, limits, descriptors, terminal. It waits until
 * it stands in the table, joins the job's group, and executes.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/linux/inherit.h"
#include "procmgr/program.h"

__attribute__((noreturn)) static void become(const struct manager_program *p, int go_fd,
					     int result_fd)
{
	char byte;
	int error;

	if (p->pgrp >= 0)
		(void)setpgid(0, p->pgrp); /* the job may be over already */
	/* End of file without a byte: the manager died. */
	if (read(go_fd, &byte, 1) != 1)
		_exit(127);
	execvp(p->argv[0], p->argv);
	error = errno;
	(void)!write(result_fd, &error, sizeof(error));
	_exit(error == ENOENT ? 127 : 126);
}

int program_fork(struct program *pr, const struct manager_program *p)
{
	auto_fd go_read = -1, result_write = -1;
	int go[2], result[2];

	if (pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	go_read = go[0];
	pr->go_fd = go[1];
	if (pipe2(result, O_CLOEXEC) < 0)
		return -errno;
	pr->result_fd = result[0];
	result_write = result[1];
	pr->pid = fork();
	if (pr->pid < 0)
		return -errno;
	if (pr->pid == 0) {
		(void)fd_close(pr->go_fd);
		inherit_restore();
		become(p, go_read, result_write);
	}
	/* Both do it, so that it is done whoever comes first. */
	(void)setpgid(pr->pid, p->pgrp); /* the job may be over already */
	return 0;
}

int program_start(struct program *pr, int *ret_error)
{
	int error = 0;
	ssize_t n;

	if (write(pr->go_fd, "", 1) != 1)
		return -errno;
	do {
		n = read(pr->result_fd, &error, sizeof(error));
	} while (n < 0 && errno == EINTR);
	*ret_error = n == sizeof(error) ? error : 0;
	return 0;
}

void program_fini(struct program *pr)
{
	pr->go_fd = fd_close(pr->go_fd);
	pr->result_fd = fd_close(pr->result_fd);
}
