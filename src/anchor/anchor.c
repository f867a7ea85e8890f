// SPDX-License-Identifier: Apache-2.0
/*
 * The anchor. It makes the node (directory, lock, socket, memory), forks the
 * manager and forks the next one when that dies; as the outermost subreaper it
 * keeps what a dead manager leaves until the next one asks (host/linux/reaper.h).
 * Everything a manager needs is made here, before the first one, so that the
 * next one finds the same descriptors and mappings by mere fork.
 *
 * It decides nothing about processes and reads no request. When the node ends
 * is decided by the manager; the anchor passes the wish on (SIGTERM, or the
 * front end is gone) and takes the directory away when the manager has ended
 * after it said SHUTDOWN.
 */
#include "anchor/anchor.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "host/linux/inherit.h"
#include "host/linux/memory.h"
#include "host/linux/nodedir.h"
#include "host/linux/reaper.h"
#include "host/linux/tooldir.h"
#include "host/linux/tty.h"
#include "wire/frame.h"

/* A node that serves nobody but itself holds some twenty. */
#define ANCHOR_MIN_FDS      64
/* Fresh names that are tried before that is an error. */
#define ANCHOR_NAMES        1000
/* So many deaths of its own doing within so long, and the manager is given up. */
#define ANCHOR_CRASHES      5
#define ANCHOR_CRASH_WINDOW 1000 /* ms */
/* If it is killed before it serves: a pause before the next, growing up to this. */
#define ANCHOR_PAUSE_MAX    200 /* ms */

enum anchor_wish {
	ANCHOR_GO_ON,
	ANCHOR_SHUT_DOWN,
	ANCHOR_SHUT_DOWN_AT_ONCE, /* it was said twice */
};

struct anchor {
	const struct anchor_options *options;
	struct nodedir dir;
	struct reaper reaper;
	struct manager_env env;
	struct manager_program program;
	int term_fd;
	int ready_fd;
	pid_t manager; /* 0: none runs */
	bool served;   /* a manager has said UP */
	bool serving;  /* the present one has */
	bool ending;   /* a manager has said SHUTDOWN */
	enum anchor_wish wish;
	int64_t crashes[ANCHOR_CRASHES]; /* when, newest first */
	unsigned early;                  /* managers in a row that never served */
	int64_t start_at;                /* the next one, if none runs */
	bool start_failed;               /* and that was told */
	bool done;
	int status;
};

static int64_t anchor_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- What it says to others ---- */

static void anchor_tell_front(struct anchor *a, enum front_op op, int status)
{
	struct front_record record = {.op = op, .pid = getpid(), .status = status};

	if (a->env.front_fd >= 0)
		(void)send(a->env.front_fd, &record, sizeof(record), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void anchor_tell_wish(struct anchor *a)
{
	struct agent_record record = {
		.op = AGENT_OP_SHUTDOWN,
		.arg = a->wish == ANCHOR_SHUT_DOWN_AT_ONCE ? 0 : ANCHOR_SHUTDOWN_DEFAULT,
	};

	if (a->wish != ANCHOR_GO_ON && a->manager)
		(void)reaper_send(&a->reaper, &record);
}

static void anchor_tell_ready(struct anchor *a)
{
	if (a->ready_fd < 0)
		return;
	if (dprintf(a->ready_fd, "%s\n", a->dir.path) < 0)
		log_line("cannot tell that node %s is up: %s", a->dir.path, strerror(errno));
	inherit_close(a->ready_fd);
	a->ready_fd = -1;
}

/* Clients look at the state in each slice of a wait, and at once if the epoch changes. */
static void anchor_tell_down(struct anchor *a)
{
	struct node_page *page = a->env.node;

	__atomic_store_n(&page->state, NODE_STATE_DOWN, __ATOMIC_RELEASE);
	__atomic_add_fetch(&page->epoch, 1, __ATOMIC_RELEASE);
	(void)syscall(SYS_futex, &page->epoch, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* ---- The manager ---- */

__attribute__((noreturn)) static void anchor_be_manager(struct anchor *a)
{
	/* The lock must go when the anchor does, so nobody else may hold it. */
	nodedir_release(&a->dir);
	reaper_fini(&a->reaper);
	a->term_fd = fd_close(a->term_fd);
	if (a->ready_fd >= 0)
		inherit_close(a->ready_fd);
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_NAME, "kamioka-manager");
	_exit(manager_main(&a->env));
}

static int anchor_start_manager(struct anchor *a)
{
	auto_fd theirs = -1;
	auto_fd ours = -1;
	int pair[2];
	pid_t pid;
	int err;

	err = wire_pair(pair);
	if (err < 0)
		return err;
	ours = pair[0];
	theirs = pair[1];
	a->serving = false;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		fd_close(fd_take(&ours));
		a->env.anchor_fd = fd_take(&theirs);
		anchor_be_manager(a);
	}
	/* Its group before anybody can signal ours. */
	(void)setpgid(pid, pid);
	a->manager = pid;
	reaper_skip(&a->reaper, pid);
	err = reaper_connect(&a->reaper, fd_take(&ours));
	if (err < 0) {
		(void)kill(pid, SIGKILL);
		return err;
	}
	anchor_tell_wish(a);
	return 0;
}

static void anchor_give_up(struct anchor *a, const char *how, int number)
{
	log_line("node %s: the manager dies again and again, at last %s %d; the node is given up",
		 a->dir.path, how, number);
	a->done = true;
	a->status = ANCHOR_EXIT_LOST;
}

/* Whether these were too many crashes in too short a time. */
static bool anchor_note_crash(struct anchor *a)
{
	int64_t now = anchor_now();

	memmove(&a->crashes[1], &a->crashes[0], sizeof(a->crashes) - sizeof(a->crashes[0]));
	a->crashes[0] = now;
	return a->crashes[ANCHOR_CRASHES - 1] > now - ANCHOR_CRASH_WINDOW;
}

/*
 * SIGKILL comes from outside: whoever kills managers may do so as often as he
 * likes, only one that never came to serve makes the next one wait a little.
 */
static void anchor_manager_died(struct anchor *a, const siginfo_t *info)
{
	bool killed = info->si_code != CLD_EXITED && info->si_status == SIGKILL;
	const char *how = info->si_code == CLD_EXITED ? "by exit" : "of signal";

	/* What it said last lies there still. */
	while (reaper_serve(&a->reaper))
		;
	a->manager = 0;
	reaper_skip(&a->reaper, 0);
	if (a->ending && info->si_code == CLD_EXITED && info->si_status == 0) {
		a->done = true;
		return;
	}
	if (!killed)
		log_line("node %s: the manager died (%s %d)", a->dir.path, how, info->si_status);
	if (!killed && anchor_note_crash(a)) {
		anchor_give_up(a, how, info->si_status);
		return;
	}
	a->early = a->serving ? 0 : a->early + 1;
	a->start_at = anchor_now() +
		      (a->early > 2 ? (a->early > 12 ? ANCHOR_PAUSE_MAX : (a->early - 2) * 20) : 0);
}

static void anchor_check_manager(struct anchor *a)
{
	siginfo_t info = {0};
	int err;

	if (a->manager && waitid(P_PID, (id_t)a->manager, &info, WEXITED | WNOHANG) == 0 &&
	    info.si_pid)
		anchor_manager_died(a, &info);
	if (a->manager || a->done || anchor_now() < a->start_at)
		return;

	err = anchor_start_manager(a);
	if (err == 0 || a->manager)
		return;
	/* Memory or processes may be had again; who waits for the node meanwhile can go on then. */
	if (!a->start_failed)
		log_line("node %s: cannot start a manager: %s", a->dir.path, strerror(-err));
	a->start_failed = true;
	a->start_at = anchor_now() + ANCHOR_PAUSE_MAX;
	if (!a->served || a->wish != ANCHOR_GO_ON) {
		a->done = true;
		a->status = ANCHOR_EXIT_LOST;
	}
}

static void anchor_up(struct anchor *a)
{
	a->serving = true;
	a->early = 0;
	a->start_failed = false;
	if (a->served)
		return;
	a->served = true;
	a->env.program = NULL;
	anchor_tell_ready(a);
	anchor_tell_front(a, FRONT_OP_UP, 0);
	inherit_drop();
}

static void anchor_keep_arena(struct anchor *a, uid_t uid, int fd)
{
	if (fd < 0 || a->env.n_arenas == MANAGER_ARENAS) {
		fd_close(fd);
		return;
	}
	a->env.arena_uids[a->env.n_arenas] = uid;
	a->env.arena_fds[a->env.n_arenas++] = fd;
}

static void anchor_hear(void *ctx, const struct agent_record *record, int fd)
{
	struct anchor *a = ctx;

	if (record->op == AGENT_OP_ARENA) {
		anchor_keep_arena(a, (uid_t)record->arg, fd);
		return;
	}
	fd_close(fd);
	if (record->op == AGENT_OP_UP)
		anchor_up(a);
	if (record->op == AGENT_OP_SHUTDOWN) {
		a->ending = true;
		if (a->wish == ANCHOR_GO_ON)
			a->wish = ANCHOR_SHUT_DOWN;
	}
}

/* ---- Who may want the node to end ---- */

static void anchor_want(struct anchor *a, enum anchor_wish wish)
{
	if (wish <= a->wish)
		return;
	a->wish = wish;
	anchor_tell_wish(a);
}

static void anchor_read_term(struct anchor *a)
{
	struct signalfd_siginfo info;

	if (read(a->term_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		anchor_want(a,
			    a->wish == ANCHOR_GO_ON ? ANCHOR_SHUT_DOWN : ANCHOR_SHUT_DOWN_AT_ONCE);
}

static void anchor_read_front(struct anchor *a)
{
	struct front_record record;
	ssize_t got = recv(a->env.front_fd, &record, sizeof(record), MSG_DONTWAIT);

	/* ECONNRESET: it went without having read all of ours; its own last word comes next. */
	if (got < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET))
		return;
	if (got != (ssize_t)sizeof(record) || record.op != FRONT_OP_STARTED)
		anchor_want(a, ANCHOR_SHUT_DOWN);
	a->env.front_fd = fd_close(a->env.front_fd);
}

/* ---- Making the node ---- */

static int anchor_refuse(const char *what, int err)
{
	log_line("cannot make a node: %s: %s", what, strerror(-err));
	return err;
}

static int anchor_raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return anchor_refuse("limit of descriptors", -errno);
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max >= ANCHOR_MIN_FDS)
		return 0;
	log_line("cannot make a node: too few descriptors: the hard limit is %llu, %d are needed "
		 "(ulimit -Hn)",
		 (unsigned long long)limit.rlim_max, ANCHOR_MIN_FDS);
	return -EMFILE;
}

static int anchor_leave(const struct anchor_options *o)
{
	int err = tty_leave_job(o->new_session);

	if (err < 0)
		return anchor_refuse("process group", err);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return anchor_refuse("subreaper", -errno);
	(void)prctl(PR_SET_NAME, "kamioka-anchor");
	return anchor_raise_limits();
}

static int anchor_make_fresh_dir(struct anchor *a)
{
	const struct anchor_options *o = a->options;
	char name[NODEDIR_NAME_MAX + 1];
	int err = -EADDRINUSE;

	/* Of dead nodes of this kind nobody would ever take the name again. */
	(void)snprintf(name, sizeof(name), "%.20s-", o->name);
	nodedir_prune(name);
	for (int i = 1; i <= ANCHOR_NAMES && err == -EADDRINUSE; i++) {
		if (i == 1)
			(void)snprintf(name, sizeof(name), "%.20s-%d", o->name, (int)o->fresh);
		else
			(void)snprintf(name, sizeof(name), "%.20s-%d-%d", o->name, (int)o->fresh,
				       i);
		err = nodedir_make(&a->dir, name, geteuid() == 0);
	}
	return err;
}

static int anchor_make_dir(struct anchor *a)
{
	char path[PATH_MAX];
	int err;

	if (a->options->fresh)
		err = anchor_make_fresh_dir(a);
	else
		err = nodedir_make(&a->dir, a->options->name, geteuid() == 0);
	if (err == -EADDRINUSE)
		log_line("node %s is up already (%s)", a->options->name, a->dir.path);
	if (err < 0)
		return err;
	err = nodedir_request_path(a->dir.path, path, sizeof(path));
	if (err == 0)
		err = wire_listen(path, geteuid() == 0 ? 0666 : 0600, &a->env.request_fd);
	if (err == 0 && setenv(NODEDIR_ENV, a->dir.path, 1) < 0)
		err = -errno;
	if (err == 0)
		err = tooldir_enter(TOOLDIR_SELF);
	if (err < 0) {
		nodedir_remove(&a->dir);
		return anchor_refuse(path, err);
	}
	return 0;
}

static int anchor_make_log(struct anchor *a)
{
	int fd;

	if (!a->options->own_log)
		return 0;
	fd = nodedir_open_log(&a->dir);
	if (fd < 0) {
		nodedir_remove(&a->dir);
		return anchor_refuse("log", fd);
	}
	inherit_log_to(fd);
	return 0;
}

static int anchor_make_memory(struct anchor *a)
{
	struct manager_env *env = &a->env;
	int err;

	env->table_size = manager_table_size(&env->options);
	env->table = memory_map(env->table_size);
	if (!env->table)
		return anchor_refuse("process table", -errno);
	err = memory_node_page(&env->node, &env->node_fd);
	if (err < 0)
		return anchor_refuse("node page", err);
	env->arena_fds[0] = memory_arena();
	if (env->arena_fds[0] < 0)
		return anchor_refuse("arena", env->arena_fds[0]);
	env->arena_uids[0] = geteuid();
	env->n_arenas = 1;
	env->node->magic = PAGE_MAGIC;
	env->node->state = NODE_STATE_STARTING;
	env->node->anchor_pid = getpid();
	env->node->uid = geteuid();
	return 0;
}

static int anchor_make(struct anchor *a)
{
	static const struct reaper_owner owner = {.other = anchor_hear};
	sigset_t term;
	int err;

	err = anchor_leave(a->options);
	if (err < 0)
		return err;
	err = reaper_init(&a->reaper, &owner, a);
	if (err < 0)
		return anchor_refuse("signals", err);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &term, NULL) < 0)
		return anchor_refuse("signals", -errno);
	a->term_fd = signalfd(-1, &term, SFD_NONBLOCK | SFD_CLOEXEC);
	if (a->term_fd < 0)
		return anchor_refuse("signals", -errno);
	err = anchor_make_memory(a);
	if (err == 0)
		err = anchor_make_dir(a);
	return err < 0 ? err : anchor_make_log(a);
}

static void anchor_init(struct anchor *a, const struct anchor_options *o)
{
	*a = (struct anchor){.options = o, .term_fd = -1, .ready_fd = o->ready_fd};
	a->dir.lock_fd = -1;
	a->program = (struct manager_program){.argv = o->argv, .pgrp = o->pgrp};
	a->env.dir = a->dir.path;
	a->env.front_fd = o->front_fd;
	a->env.options = o->manager;
	a->env.private_of = o->private_of;
	a->env.program = o->argv ? &a->program : NULL;
	/* None yet: these would pass for recent ones just after boot. */
	for (int i = 0; i < ANCHOR_CRASHES; i++)
		a->crashes[i] = INT64_MIN / 2;
}

/* ---- Running ---- */

static void anchor_loop(struct anchor *a)
{
	while (!a->done) {
		struct pollfd fds[] = {
			{.fd = a->reaper.fd, .events = POLLIN},
			{.fd = a->term_fd, .events = POLLIN},
			{.fd = a->env.front_fd, .events = POLLIN},
		};
		int64_t wait = a->manager ? -1 : a->start_at - anchor_now();

		if (poll(fds, 3, a->manager ? -1 : (int)(wait > 0 ? wait : 0)) < 0 &&
		    errno != EINTR)
			break;
		if (fds[1].revents)
			anchor_read_term(a);
		if (fds[2].revents)
			anchor_read_front(a);
		(void)reaper_serve(&a->reaper);
		anchor_check_manager(a);
	}
}

int anchor_main(const struct anchor_options *options)
{
	/* Never freed: the process ends with it. */
	struct anchor *a = malloc(sizeof(*a));
	int err;

	if (!a)
		return ANCHOR_EXIT_REFUSED;
	anchor_init(a, options);
	err = anchor_make(a);
	if (err < 0) {
		anchor_tell_front(a, FRONT_OP_REFUSED, -err);
		return ANCHOR_EXIT_REFUSED;
	}
	anchor_check_manager(a);
	anchor_loop(a);

	anchor_tell_down(a);
	nodedir_remove(&a->dir);
	return a->status;
}
