// SPDX-License-Identifier: Apache-2.0
/*
 * The agent. Its one state machine is the hello: a request with a reply socket
 * and a command socket, sent again to each new manager (the command socket's
 * end tells that the last one died), and to none any more once the node's
 * request socket is gone; then the agent collects its children itself.
 *
 * PROGRAM is forked first, so that the hello can name it, and waits on a pipe
 * until the first hello was answered: the manager knows it before it runs.
 */
#include "tools/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/util.h"
#include "gen/proto.h"
#include "host/linux/inherit.h"
#include "host/linux/nodedir.h"
#include "host/linux/reaper.h"
#include "host/linux/tooldir.h"
#include "host/linux/tty.h"
#include "tools/ask.h"
#include "tools/options.h"
#include "wire/frame.h"

/* How long the first hello may take, before PROGRAM runs. A manager that is stopped in a
 * debugger is waited for later, never now. */
#define AGENT_PATIENCE_MS 10000
/* A full queue is tried again after this; so is a manager that has no room for agents. */
#define AGENT_AGAIN_MS    100

struct agent {
	const struct agent_options *options;
	struct reaper reaper;
	int front_fd;  /* -1 once it has heard the end, or has gone */
	int reply_fd;  /* the hello under way, or -1 */
	int go_fd;     /* a byte lets PROGRAM execute; -1 once sent */
	int error_fd;  /* exec's errno, or end of file for success */
	pid_t program; /* 0 once it is dead */
	bool wants_hello;
	int pause_ms; /* before it is said */
	bool failed;  /* PROGRAM never executed */
	struct wire_msg answer;
};

static void agent_tell_front(struct agent *a, enum front_op op, int code, int status)
{
	struct front_record record = {.op = op, .pid = a->program, .code = code, .status = status};

	if (a->front_fd >= 0)
		(void)send(a->front_fd, &record, sizeof(record), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* ---- PROGRAM ---- */

__attribute__((noreturn)) static void agent_be_program(const struct agent_options *o, int go_fd,
						       int error_fd)
{
	char byte;
	int err;

	/* The end of file: nobody will ever say go. */
	if (tty_join_job(0, o->pgrp) < 0 || read(go_fd, &byte, 1) != 1)
		_exit(STATUS_NOT_FOUND);
	inherit_restore();
	execvp(o->argv[0], o->argv);
	err = errno;
	if (write(error_fd, &err, sizeof(err)) < 0)
		_exit(STATUS_CANNOT);
	_exit(err == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT);
}

static int agent_fork_program(struct agent *a)
{
	auto_fd error_write = -1;
	auto_fd go_read = -1;
	int go[2], error[2];

	if (pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	go_read = go[0];
	a->go_fd = go[1];
	if (pipe2(error, O_CLOEXEC) < 0)
		return -errno;
	a->error_fd = error[0];
	error_write = error[1];
	a->program = fork();
	if (a->program < 0) {
		a->program = 0;
		return -errno;
	}
	if (a->program == 0) {
		a->go_fd = fd_close(a->go_fd);
		agent_be_program(a->options, go_read, error_write);
	}
	return tty_join_job(a->program, a->options->pgrp);
}

/* It has not run and shall not; nobody needs to know that it was there. */
static void agent_drop_program(struct agent *a)
{
	a->failed = true;
	a->go_fd = fd_close(a->go_fd);
	if (a->program)
		(void)kill(a->program, SIGKILL);
	a->reply_fd = fd_close(a->reply_fd);
	reaper_go_alone(&a->reaper);
}

static void agent_refuse(struct agent *a, int err)
{
	(void)ask_failed(a->options->dir, err);
	agent_tell_front(a, FRONT_OP_REFUSED, 0, err < 0 ? -err : err);
	agent_drop_program(a);
}

static void agent_read_exec(struct agent *a)
{
	int error = 0;
	ssize_t got = read(a->error_fd, &error, sizeof(error));

	if (got < 0 && errno == EINTR)
		return;
	a->error_fd = fd_close(a->error_fd);
	if (a->failed)
		return;
	if (got == (ssize_t)sizeof(error)) {
		a->failed = true;
		agent_tell_front(a, FRONT_OP_FAILED, 0, error);
	} else {
		agent_tell_front(a, FRONT_OP_STARTED, 0, 0);
	}
	/* Nothing is left to be said, and who reads PROGRAM's messages shall see their end. */
	inherit_log_to(-1);
	inherit_drop();
}

static void agent_died(void *ctx, const struct agent_record *death)
{
	struct agent *a = ctx;

	if (death->pid != a->program)
		return;
	/* The front end must hear of the beginning first. */
	if (a->error_fd >= 0 && a->go_fd < 0)
		agent_read_exec(a);
	if (!a->failed)
		agent_tell_front(a, FRONT_OP_ENDED, death->code, death->status);
	a->program = 0;
	a->front_fd = fd_close(a->front_fd);
}

/* ---- The hello ---- */

static void agent_node_is_gone(struct agent *a, int err)
{
	if (a->go_fd >= 0)
		agent_refuse(a, err);
	else
		reaper_go_alone(&a->reaper);
}

static void agent_say_hello(struct agent *a)
{
	struct proto_agent_in in = {.program = a->program};
	uint8_t body[sizeof(in)];
	auto_fd theirs = -1;
	auto_fd ours = -1;
	int pair[2];
	int len, err;

	len = proto_put_agent_in(body, sizeof(body), &in);
	err = len < 0 ? len : wire_pair(pair);
	if (err < 0)
		return;
	ours = pair[0];
	theirs = pair[1];
	err = ask_send(a->options->node_fd, PROTO_AGENT, body, (size_t)len, theirs, &a->reply_fd);
	a->pause_ms = AGENT_AGAIN_MS;
	if (err == -EAGAIN || err == -ENOBUFS || err == -ENOMEM)
		return;
	a->wants_hello = false;
	if (err < 0)
		agent_node_is_gone(a, err);
	else
		(void)reaper_connect(&a->reaper, fd_take(&ours));
}

static void agent_hear_hello(struct agent *a)
{
	int result = ask_receive(a->reply_fd, &a->answer);

	if (result == -EAGAIN)
		return;
	a->reply_fd = fd_close(a->reply_fd);
	if (result == 0)
		wire_msg_fini(&a->answer);
	/* A manager died with the request, or has refused what it cannot refuse any more. */
	if (result < 0 || (result > 0 && a->go_fd < 0)) {
		a->wants_hello = true;
		return;
	}
	if (result > 0) {
		agent_refuse(a, result);
		return;
	}
	a->pause_ms = 0;
	if (a->go_fd >= 0)
		agent_tell_front(a, FRONT_OP_UP, 0, 0);
	if (a->go_fd >= 0 && write(a->go_fd, "", 1) != 1)
		a->failed = true;
	a->go_fd = fd_close(a->go_fd);
}

/* ---- Running ---- */

/* Without a front end there is no job for PROGRAM to begin in. */
static void agent_read_front(struct agent *a)
{
	struct front_record record;

	if (recv(a->front_fd, &record, sizeof(record), MSG_DONTWAIT) > 0)
		return;
	a->front_fd = fd_close(a->front_fd);
	if (a->go_fd >= 0)
		agent_drop_program(a);
}

/* A manager that died while serving us well is replaced at once: no pause. */
static void agent_hello_if_wanted(struct agent *a, bool waited)
{
	if (a->reply_fd < 0 && !reaper_is_connected(&a->reaper) && !a->reaper.alone)
		a->wants_hello = true;
	if (a->reaper.alone)
		a->wants_hello = false;
	if (a->wants_hello && (waited || a->pause_ms == 0))
		agent_say_hello(a);
}

static void agent_turn(struct agent *a)
{
	struct pollfd fds[] = {
		{.fd = a->reaper.fd, .events = POLLIN},
		{.fd = a->reply_fd, .events = POLLIN},
		{.fd = a->front_fd, .events = POLLIN},
		{.fd = a->go_fd < 0 ? a->error_fd : -1, .events = POLLIN},
	};
	bool first = a->go_fd >= 0 && !a->wants_hello;
	int n;

	n = poll(fds, ARRAY_LEN(fds),
		 a->wants_hello ? a->pause_ms :
		 first          ? AGENT_PATIENCE_MS :
				  -1);
	if (n < 0)
		return;
	if (n == 0 && first)
		agent_refuse(a, -ETIMEDOUT);
	if (fds[3].revents)
		agent_read_exec(a);
	if (fds[2].revents)
		agent_read_front(a);
	(void)reaper_serve(&a->reaper);
	if (fds[1].revents && a->reply_fd >= 0)
		agent_hear_hello(a);
	agent_hello_if_wanted(a, n == 0);
}

static int agent_begin(struct agent *a)
{
	static const struct reaper_owner owner = {.died = agent_died};
	int err;

	err = tty_leave_job(false);
	if (err < 0)
		return err;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return -errno;
	(void)prctl(PR_SET_NAME, "kamioka-agent");
	/* SIGTERM is for PROGRAM; what is sent to all of a node must not end its reaper. */
	if (signal(SIGTERM, SIG_IGN) == SIG_ERR || setenv(NODEDIR_ENV, a->options->dir, 1) < 0)
		return -errno;
	if (fcntl(a->options->node_fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	err = tooldir_enter(TOOLDIR_SELF);
	if (err < 0)
		return err;
	err = reaper_init(&a->reaper, &owner, a);
	if (err == 0)
		err = agent_fork_program(a);
	inherit_drop();
	return err;
}

int agent_main(const struct agent_options *options)
{
	/* Never freed: the process ends with it. */
	struct agent *a = malloc(sizeof(*a));
	int err;

	if (!a)
		return STATUS_FAILED;
	a->options = options;
	a->front_fd = options->front_fd;
	a->reply_fd = a->go_fd = a->error_fd = -1;
	a->program = 0;
	a->wants_hello = true;
	a->pause_ms = 0;
	a->failed = false;
	err = agent_begin(a);
	if (err < 0) {
		log_line("cannot start a program: %s", strerror(-err));
		agent_tell_front(a, FRONT_OP_REFUSED, 0, -err);
		if (a->program)
			(void)kill(a->program, SIGKILL);
		return STATUS_FAILED;
	}
	agent_say_hello(a);
	while (reaper_has_children())
		agent_turn(a);
	return 0;
}
