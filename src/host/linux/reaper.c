// SPDX-License-Identifier: Apache-2.0
/*
 * The reap agent. How it learns of its children:
 *
 * SIGCHLD is pending once for any number of deaths, and its siginfo names only
 * one of them; an orphan that lives comes with no signal at all. So a signal
 * means: look at the one it names, and then sweep, that is look at each child
 * by its number. waitid(P_ALL) would answer the same kept zombie for ever.
 * A sweep with thousands of children takes milliseconds, so sweeps are spaced
 * to take a tenth of the time at most.
 *
 * Deaths are looked at with WNOWAIT and remain to be seen. Stops are consumed,
 * because a second stop of the same child could not be told from the first
 * otherwise; so this file remembers who is stopped.
 *
 * A report that finds the socket full stays due in the child's entry: it costs
 * no memory and cannot be lost. Answers wait in a list, and while that cannot
 * grow no command is read.
 */
#include "host/linux/reaper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/linux/child.h"
#include "host/linux/children.h"

/* Bits of child.told. */
#define TOLD_OWNER 1u /* its death, to our owner: once for all managers */
#define TOLD_THERE 2u /* the manager knows that it exists */
#define TOLD_DEATH 4u

/* Bits of child.due. */
#define DUE_ORPHAN   1u
#define DUE_STOP     2u
#define DUE_CONTINUE 4u
#define DUE_DEATH    8u

#define REAPER_SIGNALS     32  /* read at once */
#define REAPER_COMMANDS    256 /* served before our owner has its turn */
#define REAPER_SWEEP_SHARE 10
#define REAPER_ANSWERS_MIN 64

/* ---- Asking the kernel ---- */

static void reaper_fill(struct agent_record *ret, const struct child_news *news)
{
	ret->code = news->code;
	ret->status = news->status;
	ret->uid = news->uid;
	ret->use = news->use;
}

/* A record of DEATH, ALIVE or NOCHILD. A child that a debugger keeps from being seen dead
 * counts as alive; SIGCHLD comes when it lets go. */
static void reaper_ask(pid_t pid, struct agent_record *ret)
{
	struct child_news news;

	*ret = (struct agent_record){.op = AGENT_OP_ALIVE, .pid = pid};
	switch (child_peek(pid, &news)) {
	case CHILD_LIVES:
		break;
	case CHILD_DEAD:
		ret->op = AGENT_OP_DEATH;
		reaper_fill(ret, &news);
		break;
	case CHILD_NOT_OURS:
		ret->op = AGENT_OP_NOCHILD;
		break;
	}
}

bool reaper_has_children(void)
{
	siginfo_t info = {0};

	return syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL, NULL) ==
	       0;
}

/* ---- What is known of a child ---- */

static void reaper_set_due(struct reaper *r, struct childset_child *child, unsigned due)
{
	if (!child->due && due)
		r->n_due++;
	else if (child->due && !due)
		r->n_due--;
	child->due = (uint8_t)due;
}

static void reaper_forget(struct reaper *r, pid_t pid)
{
	struct childset_child *child = childset_find(&r->children, pid);

	if (!child)
		return;
	reaper_set_due(r, child, 0);
	childset_remove(&r->children, pid);
}

/* The owner's hook must not touch the set: it gets a copy of the record only. */
static void reaper_note_death(struct reaper *r, struct childset_child *child,
			      const struct agent_record *death)
{
	if (child && (child->told & TOLD_OWNER))
		return;
	if (child)
		child->told |= TOLD_OWNER;
	if (r->owner->died)
		r->owner->died(r->ctx, death);
}

static void reaper_collect(struct reaper *r, pid_t pid, struct agent_record *ret)
{
	reaper_ask(pid, ret);
	if (ret->op == AGENT_OP_DEATH) {
		reaper_note_death(r, childset_find(&r->children, pid), ret);
		(void)child_reap(pid);
	}
	if (ret->op != AGENT_OP_ALIVE)
		reaper_forget(r, pid);
}

static void reaper_look_stopped(struct reaper *r, struct childset_child *child)
{
	unsigned due = child->due;
	struct child_news news;

	if (!(child->told & TOLD_THERE))
		due |= DUE_ORPHAN;
	if (child_peek_stop(child->pid, &news) != CHILD_DEAD) {
		reaper_set_due(r, child, due);
		return;
	}
	if (news.code == CLD_CONTINUED) {
		child->stopped = 0;
		due = (due & ~DUE_STOP) | DUE_CONTINUE;
	} else {
		child->stopped = (int16_t)news.status;
		due = (due & ~DUE_CONTINUE) | DUE_STOP;
	}
	reaper_set_due(r, child, due);
}

static void reaper_look(struct reaper *r, pid_t pid)
{
	struct agent_record now;
	struct childset_child *child;

	if (pid == r->skip)
		return;
	reaper_ask(pid, &now);
	if (now.op == AGENT_OP_NOCHILD) {
		reaper_forget(r, pid);
		return;
	}
	if (now.op == AGENT_OP_DEATH && r->alone) {
		reaper_collect(r, pid, &now);
		return;
	}
	child = childset_add(&r->children, pid);
	if (!child) {
		/* No memory: a later sweep will see it. */
		r->sweep_owed = true;
		return;
	}
	child->sweep = r->sweep;
	if (now.op == AGENT_OP_ALIVE) {
		reaper_look_stopped(r, child);
		return;
	}
	reaper_note_death(r, child, &now);
	reaper_set_due(r, child, child->told & TOLD_DEATH ? 0 : DUE_DEATH);
}

/* ---- Sweeping ---- */

static int64_t reaper_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void reaper_set_timer(struct reaper *r, int64_t at)
{
	struct itimerspec when = {
		.it_value = {.tv_sec = at / 1000000000, .tv_nsec = at % 1000000000},
	};

	(void)timerfd_settime(r->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void reaper_sweep(struct reaper *r)
{
	int64_t begin = reaper_now();
	auto_free pid_t *pids = NULL;
	struct childset *set = &r->children;
	size_t n = 0;
	int err;

	r->sweep++;
	r->sweep_owed = false;
	err = children_list(&pids, &n);
	for (size_t i = 0; i < n; i++)
		reaper_look(r, pids[i]);
	if (err < 0)
		r->sweep_owed = true;

	/* Who was not seen is no child of ours any more. Those that move up while one goes may
	 * escape until the next sweep. */
	for (size_t i = 0; err == 0 && i < set->n_places; i++)
		if (set->places[i].pid && set->places[i].sweep != r->sweep)
			reaper_forget(r, set->places[i].pid);

	r->sweep_after = reaper_now();
	r->sweep_after += (r->sweep_after - begin) * REAPER_SWEEP_SHARE;
}

static void reaper_sweep_if_owed(struct reaper *r)
{
	if (!r->sweep_owed)
		return;
	if (reaper_now() >= r->sweep_after)
		reaper_sweep(r);
	if (r->sweep_owed)
		reaper_set_timer(r, r->sweep_after + 1);
}

static void reaper_read_signals(struct reaper *r)
{
	struct signalfd_siginfo infos[REAPER_SIGNALS];
	uint64_t ticks;
	ssize_t got;

	if (read(r->timer_fd, &ticks, sizeof(ticks)) > 0)
		r->sweep_owed = true;
	while ((got = read(r->signal_fd, infos, sizeof(infos))) > 0) {
		for (size_t i = 0; i < (size_t)got / sizeof(infos[0]); i++)
			if (infos[i].ssi_signo == SIGCHLD)
				reaper_look(r, (pid_t)infos[i].ssi_pid);
		r->sweep_owed = true;
	}
}

/* ---- The manager's socket ---- */

static void reaper_set_interest(struct reaper *r, uint32_t interest)
{
	struct epoll_event event = {.events = interest};

	if (r->socket < 0 || interest == r->interest)
		return;
	if (epoll_ctl(r->fd, EPOLL_CTL_MOD, r->socket, &event) == 0)
		r->interest = interest;
}

static void reaper_disconnect(struct reaper *r)
{
	r->socket = fd_close(r->socket);
	r->n_answers = 0;
	r->first_answer = 0;
}

/* Whether there is room for one more answer. */
static bool reaper_reserve(struct reaper *r)
{
	struct agent_record *answers;
	size_t cap;

	if (r->n_answers < r->cap_answers)
		return true;
	cap = r->cap_answers ? r->cap_answers * 2 : REAPER_ANSWERS_MIN;
	answers = realloc(r->answers, cap * sizeof(*answers));
	if (!answers)
		return false;
	r->answers = answers;
	r->cap_answers = cap;
	return true;
}

int reaper_send(struct reaper *r, const struct agent_record *record)
{
	if (r->socket < 0)
		return -ENOTCONN;
	if (!reaper_reserve(r))
		return -ENOMEM;
	r->answers[r->n_answers++] = *record;
	reaper_set_interest(r, r->interest | EPOLLOUT);
	return 0;
}

static bool reaper_transmit(struct reaper *r, const struct agent_record *record)
{
	ssize_t sent;

	do {
		sent = send(r->socket, record, sizeof(*record), MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)sizeof(*record);
}

/* One child's reports, in the order in which things happened. */
static bool reaper_report(struct reaper *r, struct childset_child *child)
{
	struct agent_record record = {.pid = child->pid};

	if (child->due & DUE_DEATH) {
		reaper_ask(child->pid, &record);
		if (record.op == AGENT_OP_DEATH && !reaper_transmit(r, &record))
			return false;
		child->told |= TOLD_THERE | TOLD_DEATH;
		reaper_set_due(r, child, 0);
		return true;
	}
	if (child->due & DUE_ORPHAN) {
		record.op = AGENT_OP_ORPHAN;
		if (!reaper_transmit(r, &record))
			return false;
		child->told |= TOLD_THERE;
		reaper_set_due(r, child, child->due & ~DUE_ORPHAN);
	}
	if (child->due) {
		record.op = child->due & DUE_STOP ? AGENT_OP_STOP : AGENT_OP_CONTINUE;
		record.code = child->due & DUE_STOP ? CLD_STOPPED : CLD_CONTINUED;
		record.status = child->due & DUE_STOP ? child->stopped : SIGCONT;
		if (!reaper_transmit(r, &record))
			return false;
		reaper_set_due(r, child, 0);
	}
	return true;
}

/* False if the socket is full (or ended, which reading will find). */
static bool reaper_flush(struct reaper *r)
{
	while (r->first_answer < r->n_answers) {
		if (!reaper_transmit(r, &r->answers[r->first_answer]))
			return false;
		r->first_answer++;
	}
	r->first_answer = 0;
	r->n_answers = 0;

	for (size_t i = 0; r->n_due > 0 && i < r->children.n_places; i++) {
		struct childset_child *child = &r->children.places[i];

		if (child->pid && child->due && !reaper_report(r, child))
			return false;
	}
	return true;
}

static void reaper_peek(struct reaper *r, const struct agent_record *command)
{
	struct agent_record now;
	struct childset_child *child;

	reaper_ask(command->pid, &now);
	child = now.op == AGENT_OP_NOCHILD ? NULL : childset_add(&r->children, command->pid);
	if (now.op == AGENT_OP_DEATH)
		reaper_note_death(r, child, &now);
	if (child) {
		child->told |= TOLD_THERE;
		if (now.op == AGENT_OP_DEATH) {
			child->told |= TOLD_DEATH;
			reaper_set_due(r, child, 0);
		} else {
			reaper_set_due(r, child, child->due & ~DUE_ORPHAN);
		}
	}
	now.tag = command->tag;
	(void)reaper_send(r, &now);
}

static void reaper_obey(struct reaper *r, const struct agent_record *command, int fd)
{
	struct agent_record answer = {.op = AGENT_OP_DONE, .pid = command->pid};

	switch ((enum agent_op)command->op) {
	case AGENT_OP_PEEK:
		reaper_peek(r, command);
		break;
	case AGENT_OP_REAP:
		reaper_collect(r, command->pid, &answer);
		answer.tag = command->tag;
		if (command->tag)
			(void)reaper_send(r, &answer);
		break;
	case AGENT_OP_SETPGID:
		answer.tag = command->tag;
		answer.status = setpgid(command->pid, command->arg) < 0 ? errno : 0;
		(void)reaper_send(r, &answer);
		break;
	case AGENT_OP_DEATH:
	case AGENT_OP_STOP:
	case AGENT_OP_CONTINUE:
	case AGENT_OP_ALIVE:
	case AGENT_OP_NOCHILD:
	case AGENT_OP_DONE:
	case AGENT_OP_SHUTDOWN:
	case AGENT_OP_ORPHAN:
	case AGENT_OP_UP:
	case AGENT_OP_ARENA:
	default:
		if (r->owner->other) {
			r->owner->other(r->ctx, command, fd);
			return;
		}
	}
	fd_close(fd);
}

static int reaper_take_fd(struct msghdr *msg)
{
	int taken = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		    c->cmsg_len >= CMSG_LEN(sizeof(int)))
			memcpy(&taken, CMSG_DATA(c), sizeof(int));
	}
	return taken;
}

/* A whole record, 0 at the end, -EAGAIN, or -EBADMSG for anything else. */
static int reaper_receive(struct reaper *r, struct agent_record *ret, int *ret_fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {.iov_base = ret, .iov_len = sizeof(*ret)};
	struct msghdr msg = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	auto_fd fd = -1;
	ssize_t got;

	/* ECONNRESET is told once, before what is still there to be read. */
	do {
		got = recvmsg(r->socket, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (got < 0 && (errno == EINTR || errno == ECONNRESET));
	if (got <= 0)
		return got < 0 && errno == EAGAIN ? -EAGAIN : 0;
	fd = reaper_take_fd(&msg);
	if (got != (ssize_t)sizeof(*ret) || (msg.msg_flags & MSG_TRUNC))
		return -EBADMSG;

	*ret_fd = fd_take(&fd);
	return (int)got;
}

/* Whether there may be more. */
static bool reaper_read_commands(struct reaper *r)
{
	for (int i = 0; i < REAPER_COMMANDS; i++) {
		struct agent_record command;
		int fd = -1;
		int got;

		if (r->socket < 0 || !reaper_reserve(r))
			return false;
		got = reaper_receive(r, &command, &fd);
		if (got == -EAGAIN)
			return false;
		if (got == 0)
			reaper_disconnect(r);
		else if (got > 0)
			reaper_obey(r, &command, fd);
	}
	return true;
}

/* ---- For the owner ---- */

bool reaper_serve(struct reaper *r)
{
	bool more, room, sent;

	reaper_read_signals(r);
	reaper_sweep_if_owed(r);
	more = reaper_read_commands(r);
	if (r->socket < 0)
		return false;
	sent = reaper_flush(r);
	room = reaper_reserve(r);
	reaper_set_interest(r, (room ? EPOLLIN : 0u) | (sent ? 0u : EPOLLOUT));
	return more;
}

int reaper_connect(struct reaper *r, int socket)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT};

	reaper_disconnect(r);
	for (size_t i = 0; i < r->children.n_places; i++) {
		struct childset_child *child = &r->children.places[i];

		if (!child->pid)
			continue;
		child->told &= TOLD_OWNER;
		reaper_set_due(r, child, child->stopped ? DUE_STOP : 0);
	}
	if (epoll_ctl(r->fd, EPOLL_CTL_ADD, socket, &event) < 0) {
		int err = -errno;

		fd_close(socket);
		return err;
	}
	r->socket = socket;
	r->interest = event.events;
	reaper_sweep(r);
	reaper_sweep_if_owed(r);
	return 0;
}

bool reaper_is_connected(const struct reaper *r)
{
	return r->socket >= 0;
}

void reaper_skip(struct reaper *r, pid_t pid)
{
	r->skip = pid;
	if (pid)
		reaper_forget(r, pid);
}

void reaper_go_alone(struct reaper *r)
{
	reaper_disconnect(r);
	r->alone = true;
	reaper_sweep(r);
	reaper_sweep_if_owed(r);
}

static int reaper_watch(struct reaper *r, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(r->fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int reaper_init(struct reaper *r, const struct reaper_owner *owner, void *ctx)
{
	sigset_t chld;
	int err;

	*r = (struct reaper){
		.fd = -1, .signal_fd = -1, .timer_fd = -1, .socket = -1, .owner = owner, .ctx = ctx};
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	/* Ignored, it would make the kernel collect our children. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR || sigprocmask(SIG_BLOCK, &chld, NULL) < 0)
		return -errno;

	r->fd = epoll_create1(EPOLL_CLOEXEC);
	r->signal_fd = signalfd(-1, &chld, SFD_NONBLOCK | SFD_CLOEXEC);
	r->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	err = r->fd < 0 || r->signal_fd < 0 || r->timer_fd < 0 ? -errno : 0;
	if (err == 0)
		err = reaper_watch(r, r->signal_fd);
	if (err == 0)
		err = reaper_watch(r, r->timer_fd);
	if (err < 0)
		reaper_fini(r);
	return err;
}

void reaper_fini(struct reaper *r)
{
	reaper_disconnect(r);
	r->timer_fd = fd_close(r->timer_fd);
	r->signal_fd = fd_close(r->signal_fd);
	r->fd = fd_close(r->fd);
	childset_fini(&r->children);
	free(ptr_take(r->answers));
	r->cap_answers = 0;
}
