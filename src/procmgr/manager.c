// SPDX-License-Identifier: Apache-2.0
/*
 * The manager from its fork to its end: take up what the last one left, say so,
 * serve, and leave the node in order or not at all.
 */
#include "procmgr/manager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "host/linux/inherit.h"
#include "procmgr/program.h"
#include "procmgr/state.h"

/* Descriptors that are no process's pidfd: sockets, agents, answers under way. */
#define NOFILE_RESERVE (AGENTS_MAX + MANAGER_ARENAS + WIRE_FDS_MAX + 64)

enum { LIMITED_BY_OPTION, LIMITED_BY_NOFILE, LIMITED_BY_PIDS };

static uint32_t read_pid_max(void)
{
	auto_fd fd = open("/proc/sys/kernel/pid_max", O_RDONLY | O_CLOEXEC);
	char buf[32] = "";

	if (fd < 0 || read(fd, buf, sizeof(buf) - 1) <= 0)
		return 32768;
	return (uint32_t)strtoul(buf, NULL, 10);
}

/* One descriptor for each process, so their number bounds the table. */
static uint32_t capacity_of(const struct manager_options *o, uint32_t *ret_by)
{
	uint32_t capacity = o->capacity, pids = read_pid_max();
	struct rlimit files;

	*ret_by = LIMITED_BY_OPTION;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max < capacity + NOFILE_RESERVE) {
		capacity = files.rlim_max > NOFILE_RESERVE + 16 ?
				   (uint32_t)files.rlim_max - NOFILE_RESERVE :
				   16;
		*ret_by = LIMITED_BY_NOFILE;
	}
	if (capacity > pids) {
		capacity = pids;
		*ret_by = LIMITED_BY_PIDS;
	}
	return capacity;
}

static struct core_limits limits_of(const struct manager_options *o, uint32_t *ret_by)
{
	uint32_t capacity = capacity_of(o, ret_by);

	return (struct core_limits){
		.procs = capacity,
		.keep_root = o->keep_root < capacity ? o->keep_root : 0,
		.waiters = capacity * 2 + 64,
		.subs = 1024,
		.notices = 16384,
		.abilities = 4096,
		.paths = 1024,
		.texts = 4096,
	};
}

size_t manager_table_size(const struct manager_options *o)
{
	uint32_t by;
	struct core_limits l = limits_of(o, &by);

	return core_size(&l);
}

static void raise_nofile(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l); /* then there is room for fewer processes */
	}
}

static int open_table(struct manager *m)
{
	struct core_limits l = limits_of(&m->env->options, &m->limited_by);
	const struct pt_head *h = m->env->table;

	if (h->magic)
		return core_open(&m->core, m->env->table, m->env->table_size);
	core_init(&m->core, m->env->table, &l);
	return 0;
}

static int open_sources(struct manager *m)
{
	sigset_t set;
	int r;

	m->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	m->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	m->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m->epoll_fd < 0 || m->timer_fd < 0 || m->signal_fd < 0)
		return -errno;
	m->anchor_pidfd = child_pidfd(m->env->node->anchor_pid);
	if (m->anchor_pidfd < 0)
		return m->anchor_pidfd;
	r = loop_add(m, m->env->request_fd, SOURCE_REQUEST, 0, false);
	if (r == 0)
		r = loop_add(m, m->signal_fd, SOURCE_SIGNAL, 0, false);
	if (r == 0)
		r = loop_add(m, m->timer_fd, SOURCE_TIMER, 0, false);
	if (r == 0)
		r = loop_add(m, m->env->anchor_fd, SOURCE_AGENT, 0, false);
	if (r == 0)
		r = loop_add(m, m->anchor_pidfd, SOURCE_ANCHOR_GONE, 0, false);
	return r;
}

/* A job's stops and hang-ups are not the manager's. */
static void set_signals(void)
{
	static const int ignored[] = {SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};
	sigset_t set;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)signal(ignored[i], SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
}

static void tell_front(struct manager *m, uint32_t op, pid_t pid, int status)
{
	struct front_record r = {.op = op, .pid = pid, .status = status};

	if (m->env->front_fd >= 0)
		(void)send(m->env->front_fd, &r, sizeof(r),
			   MSG_NOSIGNAL); /* gone: the anchor sees */
}

static struct pt_proc *find_program(struct manager *m)
{
	for (uint32_t i = 1; i <= m->core.head->procs_touched; i++) {
		struct pt_proc *p = core_used(&m->core, i);

		if (p && (p->flags & FLAG_FRONT))
			return p;
	}
	return NULL;
}

/* PROGRAM into the table, before anybody is told that the node is up. */
static bool know_program(struct manager *m, const struct program *pr)
{
	struct pt_proc *former = find_program(m);

	/* One that a manager left here without leave to go will never execute. */
	if (former)
		core_resign(&m->core, former);
	if (!births_adopt(m, pr->pid, FLAG_FRONT))
		return false;
	m->core.head->program = PROGRAM_STATE_KNOWN;
	return true;
}

static void start_program(struct manager *m, struct program *pr, bool known)
{
	int error = EAGAIN, r = 0;

	if (known) {
		m->core.head->program = PROGRAM_STATE_GOES;
		r = program_start(pr, &error);
	}
	if (r < 0 || error) {
		tell_front(m, FRONT_OP_FAILED, pr->pid, r < 0 ? -r : error);
		sweep_end(m, 0);
		return;
	}
	tell_front(m, FRONT_OP_STARTED, pr->pid, 0);
}

/* The last manager may have died before it said so; said twice it does no harm. */
static void tell_started_again(struct manager *m)
{
	const struct pt_proc *p = find_program(m);

	if (p && core_is_alive(p) && m->core.head->program == PROGRAM_STATE_GOES)
		tell_front(m, FRONT_OP_STARTED, p->pid, 0);
}

/* A private node ends once its owner and all that it left are gone, also if it never asks. */
static void await_owner(struct manager *m)
{
	if (!core_find(&m->core, m->env->private_of))
		(void)births_adopt(m, m->env->private_of, 0); /* gone already */
	sweep_check_end(m);
}

/* The kernel tells of what lives; what died meanwhile is ready at once. */
static void take_up(struct manager *m)
{
	apply(m); /* what was committed and not carried out, and names that were not told */
	for (uint32_t i = 1; i <= m->core.head->procs_touched; i++) {
		struct pt_proc *p = core_used(&m->core, i);

		if (!p)
			continue;
		if (core_is_alive(p))
			(void)watch_add(m, i); /* else found by SIGCHLD */
		p = core_used(&m->core, i);
		if (p && p->page) {
			/* Nobody is, yet; what was not sent is sent now. */
			atomic_store((_Atomic uint32_t *)&arena_page_of(m, p)->head.watched, 0);
			answer_recover(m, arena_page_of(m, p));
			apply_tell(m, p);
			apply_notices(m, p);
		}
	}
}

static void publish(struct manager *m, uint32_t state)
{
	struct node_page *n = m->env->node;

	n->manager_pid = getpid();
	n->capacity = m->core.head->capacity;
	n->uid = m->uid;
	n->options = m->env->options.threaded_fork ? NODE_OPTION_THREADED_FORK : 0;
	n->want_births = m->core.head->want_births;
	atomic_store((_Atomic uint32_t *)&n->state, state);
	atomic_fetch_add((_Atomic uint32_t *)&n->epoch, 1);
	answer_wake(&n->epoch);
}

/* Whoever waits for an answer looks now, and finds the node down. */
static void say_down(struct manager *m)
{
	publish(m, NODE_STATE_DOWN);
	for (uint32_t i = 1; i <= m->core.head->procs_touched; i++) {
		const struct pt_proc *p = core_used(&m->core, i);
		struct page *page = p ? arena_page_of(m, p) : NULL;

		if (page)
			answer_recover(m, page);
	}
}

static uint32_t probe(const struct manager *m)
{
	struct child_news news;
	struct rlimit rt;
	uint32_t extras = m->uid == 0 ? NODE_EXTRA_ROOT : 0;

	/* A living process has no status; a kernel that knows the question says so. */
	if (child_status_of(m->anchor_pidfd, &news) == -ENODATA)
		extras |= NODE_EXTRA_PIDFD_INFO;
	if (child_has_clone3())
		extras |= NODE_EXTRA_CLEAR_SIGHAND;
	if (m->uid == 0 || (getrlimit(RLIMIT_RTPRIO, &rt) == 0 && rt.rlim_cur > 0))
		extras |= NODE_EXTRA_RTPRIO;
	return extras;
}

static int prepare(struct manager *m)
{
	int r = open_table(m);

	if (r < 0)
		return r;
	m->capacity = m->core.head->capacity;
	m->pidfds = malloc((m->capacity + 1) * sizeof(*m->pidfds));
	if (!m->pidfds)
		return -ENOMEM;
	memset(m->pidfds, 0xff, (m->capacity + 1) * sizeof(*m->pidfds));
	agents_init(m);
	r = arena_init(m);
	if (r == 0)
		r = open_sources(m);
	if (r == 0)
		r = helper_start(m);
	m->extras = probe(m);
	return r;
}

static uint32_t program_state(const struct manager_env *env)
{
	const struct pt_head *h = env->table;

	return h->magic ? h->program : PROGRAM_STATE_NONE;
}

int manager_main(struct manager_env *env)
{
	static struct manager manager = {.helper_fd = -1};
	struct manager *m = &manager;
	struct program pr = PROGRAM_NULL;
	bool known;
	int r = 0;

	m->env = env;
	m->uid = geteuid();
	loop_clock(m);
	(void)prctl(PR_SET_NAME, "kamioka-mgr");
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* The table says whether the last one got as far as that. */
	if (env->program && program_state(env) != PROGRAM_STATE_GOES) {
		r = program_fork(&pr, env->program);
	}
	set_signals();
	raise_nofile();
	if (r == 0)
		r = prepare(m);
	if (r < 0) {
		log_line("the manager cannot start: %s", strerror(-r));
		tell_front(m, FRONT_OP_FAILED, 0, -r);
		return 1;
	}
	take_up(m);
	known = pr.pid && know_program(m, &pr);
	publish(m, NODE_STATE_UP);
	(void)send(env->anchor_fd, &(struct agent_record){.op = AGENT_OP_UP},
		   sizeof(struct agent_record), MSG_NOSIGNAL); /* gone: the loop sees */
	if (pr.pid)
		start_program(m, &pr, known);
	else
		tell_started_again(m);
	program_fini(&pr);
	if (env->private_of)
		await_owner(m);
	/* Now that PROGRAM has what the front end was started with. */
	inherit_drop();
	r = loop_run(m);
	say_down(m);
	return r < 0 ? 1 : 0;
}
