// SPDX-License-Identifier: Apache-2.0
/*
 * Waiting for PROGRAM, which is not our child: its kernel parent (manager or
 * agent) tells of it over a socket.
 *
 * Which signals are passed on: those that another process has sent to us. What
 * the terminal sends goes to the whole group, so PROGRAM has it already; the
 * kernel marks it SI_KERNEL. Stops are nobody's business: PROGRAM and we stop
 * and go on together.
 *
 * Before PROGRAM is in the group we stand for it there: a signal of that time
 * reaches it when it has started. A second one ends the attempt, should the
 * node never come up. FRONT_OP_UP draws the line: it is said after PROGRAM has
 * joined and before it executes.
 *
 * If child and node are lost while PROGRAM runs, it lives on. We then wait for
 * its end all the same, since it may have the terminal, but cannot tell its
 * status any more.
 */
#include "tools/front.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/util.h"
#include "gen/shared.h"
#include "host/linux/inherit.h"
#include "tools/options.h"
#include "wire/frame.h"

static const int front_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

/*
 * Before the fork, so that nothing is lost: the child inherits the blocked mask
 * and makes of it what it wants. A signal that was ignored when we came stays
 * so, for PROGRAM as for us.
 */
static int front_catch(struct front *f)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < ARRAY_LEN(front_signals); i++)
		if (!inherit_was_ignored(front_signals[i]))
			sigaddset(&set, front_signals[i]);
	/* Ignored, SIGCHLD would make the kernel collect our child. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	f->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return f->signal_fd < 0 ? -errno : 0;
}

pid_t front_fork(struct front *f, int *ret_socket)
{
	auto_fd theirs = -1;
	auto_fd ours = -1;
	int pair[2];
	pid_t pid;
	int err;

	f->program_fd = -1;
	f->socket = -1;
	err = front_catch(f);
	if (err == 0)
		err = wire_pair(pair);
	if (err < 0)
		return err;
	ours = pair[0];
	theirs = pair[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		f->signal_fd = fd_close(f->signal_fd);
		*ret_socket = fd_take(&theirs);
		return 0;
	}
	f->child = pid;
	f->socket = fd_take(&ours);
	/* What PROGRAM closes shall be closed. */
	inherit_drop();
	return pid;
}

/* ---- What happens ---- */

static void front_send(const struct front *f, int signo)
{
	if (f->program_fd >= 0)
		(void)syscall(SYS_pidfd_send_signal, f->program_fd, signo, NULL, 0);
}

static void front_started(struct front *f, pid_t pid)
{
	if (f->started)
		return;
	f->started = true;
	/* If it is dead already there is nothing to be passed on. */
	f->program_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (f->early)
		front_send(f, f->early);
}

/* Closing our end is also how the anchor hears that nobody waits for the node any more. */
static void front_hang_up(struct front *f)
{
	f->socket = fd_close(f->socket);
	f->program_fd = fd_close(f->program_fd);
}

static void front_failed(struct front *f, int error)
{
	log_line("cannot run %s: %s", f->program, strerror(error));
	f->status = error == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT;
	f->ended = true;
	front_hang_up(f);
}

static void front_ended(struct front *f, const struct front_record *record)
{
	/* A booted node does not end with what it was booted by, and is judged by its own end. */
	if (f->until == FRONT_UNTIL_DOWN || f->until == FRONT_UNTIL_STARTED)
		return;
	f->status = record->code == CLD_EXITED ? record->status & 0xff : 128 + record->status;
	f->started = true;
	f->ended = true;
	front_hang_up(f);
}

static void front_read_socket(struct front *f)
{
	struct front_record record;
	ssize_t got = recv(f->socket, &record, sizeof(record), MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET))
		return;
	if (got != (ssize_t)sizeof(record)) {
		f->socket = fd_close(f->socket);
		return;
	}
	switch ((enum front_op)record.op) {
	case FRONT_OP_STARTED:
		front_started(f, record.pid);
		break;
	case FRONT_OP_FAILED:
		front_failed(f, record.status);
		break;
	case FRONT_OP_ENDED:
		front_ended(f, &record);
		break;
	case FRONT_OP_REFUSED:
		f->status = STATUS_FAILED;
		f->ended = true;
		front_hang_up(f);
		break;
	case FRONT_OP_UP:
		f->up = true;
		break;
	}
}

/* Nobody is there any more who could tell of PROGRAM. */
static void front_lose(struct front *f)
{
	if (f->ended || f->lost)
		return;
	f->lost = true;
	f->status = STATUS_FAILED;
	if (f->started)
		log_line("the node is gone, and with it the exit status of %s", f->program);
	else
		log_line("%s was not started: the node is gone", f->program);
	f->ended = f->program_fd < 0;
}

static void front_check_child(struct front *f)
{
	if (f->child && waitpid(f->child, &f->child_status, WNOHANG) == f->child)
		f->child = 0;
}

static void front_hold(struct front *f, int signo, bool from_terminal)
{
	if (f->early) {
		f->ended = true;
		f->status = 128 + signo;
		front_hang_up(f);
	} else if (!from_terminal || !f->up) {
		f->early = signo;
	}
}

static void front_pass_on(struct front *f, const struct signalfd_siginfo *info)
{
	bool from_terminal = info->ssi_code == SI_KERNEL;
	int signo = (int)info->ssi_signo;
	bool ends = signo != SIGUSR1 && signo != SIGUSR2;

	if (ends && f->child && (f->ended || f->until == FRONT_UNTIL_DOWN)) {
		/* To the anchor: twice means at once. */
		(void)kill(f->child, SIGTERM);
		return;
	}
	if (!f->started && !f->ended)
		front_hold(f, signo, from_terminal);
	else if (!from_terminal)
		front_send(f, signo);
}

static void front_read_signals(struct front *f)
{
	struct signalfd_siginfo info;

	while (read(f->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			front_check_child(f);
		else
			front_pass_on(f, &info);
	}
}

static bool front_is_done(const struct front *f)
{
	if (f->lost)
		return f->ended;
	switch (f->until) {
	case FRONT_UNTIL_STARTED:
		/* What failed takes the node down with it. */
		return f->ended ? f->child == 0 : f->started;
	case FRONT_UNTIL_ENDED:
		return f->ended;
	case FRONT_UNTIL_NODE_ENDED:
	case FRONT_UNTIL_DOWN:
	default:
		return f->child == 0;
	}
}

/* All that the child said lies in the socket when its end is seen. */
static void front_drain(struct front *f)
{
	struct pollfd socket = {.fd = f->socket, .events = POLLIN};

	while (f->socket >= 0 && poll(&socket, 1, 0) > 0) {
		front_read_socket(f);
		socket.fd = f->socket;
	}
}

static void front_turn(struct front *f)
{
	struct pollfd fds[] = {
		{.fd = f->signal_fd, .events = POLLIN},
		{.fd = f->socket, .events = POLLIN},
		{.fd = f->lost ? f->program_fd : -1, .events = POLLIN},
	};

	if (poll(fds, ARRAY_LEN(fds), -1) < 0)
		return;
	/* First what has happened to PROGRAM, for what a signal means depends on it. */
	if (fds[1].revents)
		front_drain(f);
	front_read_signals(f);
	if (f->child == 0 && f->socket >= 0)
		front_drain(f);
	if (f->child == 0 && f->until != FRONT_UNTIL_DOWN)
		front_lose(f);
	if (fds[2].revents)
		f->ended = true;
}

/* The node need not end with us: it stands for itself now. */
static void front_let_go(struct front *f)
{
	struct front_record record = {.op = FRONT_OP_STARTED};

	(void)send(f->socket, &record, sizeof(record), MSG_NOSIGNAL);
}

int front_wait(struct front *f, enum front_until until)
{
	f->until = until;
	while (!front_is_done(f))
		front_turn(f);
	if (until == FRONT_UNTIL_STARTED && !f->ended)
		front_let_go(f);
	if (until == FRONT_UNTIL_DOWN && f->status == 0 && f->child_status != 0)
		return STATUS_FAILED;
	return f->status;
}
