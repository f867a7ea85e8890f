// SPDX-License-Identifier: Apache-2.0
/* epoll with files of servers beside plain descriptors in one set. */
#include "harness/harness.h"
#include "io/server.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#define DATA UINT64_C(0x123456789abcdef0)

static struct epoll_event event_of(uint32_t events, uint64_t data)
{
	return (struct epoll_event){.events = events, .data.u64 = data};
}

static void add(int set, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = event_of(events, data);

	EXPECT_OK(epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev));
}

static void change(int set, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = event_of(events, data);

	EXPECT_OK(epoll_ctl(set, EPOLL_CTL_MOD, fd, &ev));
}

/* Exactly this one, at once or within patience. */
static void expect_event(int set, uint32_t events, uint64_t data)
{
	struct epoll_event got[4];

	EXPECT_EQ(epoll_wait(set, got, 4, PATIENCE_MS), 1);
	EXPECT_EQ(got[0].events, events);
	EXPECT_EQ(got[0].data.u64, data);
}

static void expect_none_of(int set)
{
	struct epoll_event got;

	EXPECT_EQ(epoll_wait(set, &got, 1, 0), 0);
}

/* These two and no others, together or one after the other. */
static void expect_both(int set, uint64_t a, uint64_t b)
{
	const long long end = now_ms() + PATIENCE_MS;
	struct epoll_event got[4];
	bool has_a = false, has_b = false;

	while (!has_a || !has_b) {
		int n = EXPECT_OK(epoll_wait(set, got, 4, PATIENCE_MS));

		for (int i = 0; i < n; i++) {
			EXPECT(got[i].data.u64 == a || got[i].data.u64 == b);
			has_a |= got[i].data.u64 == a;
			has_b |= got[i].data.u64 == b;
		}
		EXPECT_LT(now_ms(), end);
	}
}

static void fill(int fd)
{
	EXPECT_EQ(write(fd, "x", 1), 1);
}

static void drain(int fd)
{
	char byte;

	EXPECT_EQ(read(fd, &byte, 1), 1);
}

/* A set with /srv/event in it. */
struct fixture {
	struct server s;
	int set, fd;
};

static struct fixture fixture_new(uint32_t events)
{
	struct fixture f = {.s = server_start()};

	f.fd = EXPECT_OK(open("/srv/event", O_RDWR));
	f.set = EXPECT_OK(epoll_create1(EPOLL_CLOEXEC));
	add(f.set, f.fd, events, DATA);
	return f;
}

static void fixture_end(struct fixture *f)
{
	EXPECT_OK(close(f->set));
	EXPECT_OK(close(f->fd));
	server_stop(&f->s);
}

TEST(epoll_has_servers_and_pipes_in_one_set)
{
	struct fixture f = fixture_new(EPOLLIN);
	int ends[2];

	EXPECT_OK(pipe(ends));
	add(f.set, ends[0], EPOLLIN, 7);
	expect_none_of(f.set);
	fill(f.fd);
	expect_event(f.set, EPOLLIN, DATA);
	fill(ends[1]);
	expect_both(f.set, DATA, 7);
	drain(f.fd);
	expect_event(f.set, EPOLLIN, 7);
	drain(ends[0]);
	expect_none_of(f.set);
	EXPECT_OK(close(ends[0]));
	EXPECT_OK(close(ends[1]));
	fixture_end(&f);
}

TEST(epoll_tells_a_level_until_it_is_over)
{
	struct fixture f = fixture_new(EPOLLIN | EPOLLOUT);

	expect_event(f.set, EPOLLOUT, DATA);
	fill(f.fd);
	for (int i = 0; i < 3; i++)
		expect_event(f.set, EPOLLIN | EPOLLOUT, DATA);
	drain(f.fd);
	expect_event(f.set, EPOLLOUT, DATA);
	change(f.set, f.fd, EPOLLIN, 5);
	expect_none_of(f.set);
	fill(f.fd);
	expect_event(f.set, EPOLLIN, 5);
	fixture_end(&f);
}

TEST(epoll_tells_an_edge_once_for_each_change)
{
	struct fixture f;

	f = fixture_new(EPOLLIN | EPOLLET);
	expect_none_of(f.set);
	for (int i = 0; i < 3; i++) {
		fill(f.fd);
		expect_event(f.set, EPOLLIN, DATA);
		expect_none_of(f.set);
	}
	/* More of what is there already is a change, too; reading is none. */
	drain(f.fd);
	expect_none_of(f.set);
	fill(f.fd);
	expect_event(f.set, EPOLLIN, DATA);
	/* As the kernel: a new wish tells what is so. */
	change(f.set, f.fd, EPOLLIN | EPOLLET, 6);
	expect_event(f.set, EPOLLIN, 6);
	expect_none_of(f.set);
	fixture_end(&f);
}

TEST(epoll_tells_a_oneshot_once_until_it_is_wished_again)
{
	struct fixture f = fixture_new(EPOLLIN | EPOLLONESHOT);

	fill(f.fd);
	expect_event(f.set, EPOLLIN, DATA);
	expect_none_of(f.set);
	fill(f.fd);
	expect_none_of(f.set);
	change(f.set, f.fd, EPOLLIN | EPOLLONESHOT, 8);
	expect_event(f.set, EPOLLIN, 8);
	expect_none_of(f.set);
	drain(f.fd);
	change(f.set, f.fd, EPOLLIN | EPOLLONESHOT, 9);
	expect_none_of(f.set);
	fill(f.fd);
	expect_event(f.set, EPOLLIN, 9);
	fixture_end(&f);
}

TEST(epoll_ctl_of_a_served_file_refuses_as_the_kernel)
{
	struct fixture f = fixture_new(EPOLLIN);
	struct epoll_event ev = event_of(EPOLLIN, 1);
	int other = EXPECT_OK(open("/srv/event", O_RDWR)), plain = EXPECT_OK(eventfd(0, 0));
	int memory = EXPECT_OK(open("/srv/memory", O_RDWR));

	EXPECT_ERRNO(epoll_ctl(f.set, EPOLL_CTL_ADD, f.fd, &ev), EEXIST);
	EXPECT_ERRNO(epoll_ctl(f.set, EPOLL_CTL_MOD, other, &ev), ENOENT);
	EXPECT_ERRNO(epoll_ctl(f.set, EPOLL_CTL_DEL, other, NULL), ENOENT);
	EXPECT_ERRNO(epoll_ctl(f.set, 77, f.fd, &ev), EINVAL);
	EXPECT_ERRNO(epoll_ctl(plain, EPOLL_CTL_ADD, f.fd, &ev), EINVAL);
	EXPECT_ERRNO(epoll_ctl(f.fd, EPOLL_CTL_ADD, other, &ev), EINVAL);
	EXPECT_ERRNO(epoll_ctl(999, EPOLL_CTL_ADD, f.fd, &ev), EBADF);
	EXPECT_ERRNO(epoll_ctl(f.set, EPOLL_CTL_ADD, 999, &ev), EBADF);
	EXPECT_ERRNO(epoll_ctl(f.set, EPOLL_CTL_ADD, other, (void *)8), EFAULT);
	/* Without _IO_NOTIFY: a file that cannot be waited for. */
	EXPECT_ERRNO(epoll_ctl(f.set, EPOLL_CTL_ADD, memory, &ev), EPERM);
	EXPECT_ERRNO(epoll_ctl(f.set, EPOLL_CTL_DEL, memory, NULL), ENOENT);
	ev.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT;
	EXPECT_ERRNO(epoll_ctl(f.set, EPOLL_CTL_ADD, other, &ev), EINVAL);
	ev.events = EPOLLIN | EPOLLEXCLUSIVE;
	EXPECT_ERRNO(epoll_ctl(f.set, EPOLL_CTL_MOD, f.fd, &ev), EINVAL);
	EXPECT_OK(epoll_ctl(f.set, EPOLL_CTL_ADD, other, &ev));
	ev.events = EPOLLIN;
	EXPECT_ERRNO(epoll_ctl(f.set, EPOLL_CTL_MOD, other, &ev), EINVAL);
	EXPECT_OK(epoll_ctl(f.set, EPOLL_CTL_DEL, other, NULL));
	EXPECT_OK(epoll_ctl(f.set, EPOLL_CTL_DEL, f.fd, NULL));
	fill(f.fd);
	expect_none_of(f.set);
	EXPECT_OK(close(memory));
	EXPECT_OK(close(plain));
	EXPECT_OK(close(other));
	fixture_end(&f);
}

TEST(epoll_wait_refuses_as_the_kernel)
{
	const struct timespec negative = {-1, 0}, too_many = {0, 1000000000};
	struct fixture f = fixture_new(EPOLLIN);
	struct epoll_event got, *volatile nowhere = (void *)8;
	volatile int below_0 = -1;

	EXPECT_ERRNO(epoll_wait(f.set, &got, 0, 0), EINVAL);
	EXPECT_ERRNO(epoll_wait(f.set, &got, below_0, 0), EINVAL);
	EXPECT_ERRNO(epoll_wait(f.fd, &got, 1, 0), EINVAL);
	EXPECT_ERRNO(epoll_pwait2(f.set, &got, 1, &negative, NULL), EINVAL);
	EXPECT_ERRNO(epoll_pwait2(f.set, &got, 1, &too_many, NULL), EINVAL);
	EXPECT_ERRNO(epoll_create(0), EINVAL);
	EXPECT_ERRNO(epoll_create1(1), EINVAL);
	fill(f.fd);
	EXPECT_ERRNO(epoll_wait(f.set, nowhere, 1, 0), EFAULT);
	/* Which is no way to lose it. */
	expect_event(f.set, EPOLLIN, DATA);
	fixture_end(&f);
}

TEST(epoll_sleeps_until_a_server_or_a_pipe_says_so)
{
	struct fixture f = fixture_new(EPOLLIN);
	const struct timespec patience = {PATIENCE_MS / 1000, 1};
	struct epoll_event got;
	int ends[2];
	pid_t pid;

	EXPECT_OK(pipe(ends));
	add(f.set, ends[0], EPOLLIN, 7);
	for (int i = 0; i < 3; i++) {
		pid = writer(f.fd);
		EXPECT_EQ(epoll_wait(f.set, &got, 1, i ? -1 : PATIENCE_MS), 1);
		EXPECT_EQ(got.data.u64, DATA);
		expect_exit(pid, 0);
		drain(f.fd);
		pid = writer(ends[1]);
		EXPECT_EQ(epoll_pwait2(f.set, &got, 1, i ? NULL : &patience, NULL), 1);
		EXPECT_EQ(got.data.u64, 7);
		expect_exit(pid, 0);
		drain(ends[0]);
	}
	EXPECT_OK(close(ends[0]));
	EXPECT_OK(close(ends[1]));
	fixture_end(&f);
}

TEST(epoll_waits_as_long_as_it_is_told)
{
	struct fixture f = fixture_new(EPOLLIN);
	const struct timespec limit = {0, 30000000};
	struct epoll_event got;
	long long begin = now_ms();

	EXPECT_EQ(epoll_wait(f.set, &got, 1, 30), 0);
	EXPECT_EQ(epoll_pwait(f.set, &got, 1, 30, NULL), 0);
	EXPECT_EQ(epoll_pwait2(f.set, &got, 1, &limit, NULL), 0);
	EXPECT_GE(now_ms() - begin, 89);
	/* Asked once, when it was added: who is armed would have told. */
	EXPECT_EQ(f.s.seen->notifies, 1);
	fixture_end(&f);
}

TEST(epoll_with_room_for_one_tells_of_both_kinds)
{
	struct fixture f = fixture_new(EPOLLIN);
	unsigned served = 0, plain = 0;
	struct epoll_event got;
	int ends[2];

	EXPECT_OK(pipe(ends));
	add(f.set, ends[0], EPOLLIN, 7);
	fill(f.fd);
	fill(ends[1]);
	for (int i = 0; i < 8; i++) {
		EXPECT_EQ(epoll_wait(f.set, &got, 1, -1), 1);
		served += got.data.u64 == DATA;
		plain += got.data.u64 == 7;
	}
	EXPECT_EQ(served + plain, 8);
	EXPECT_GE(served, 3);
	EXPECT_GE(plain, 3);
	EXPECT_OK(close(ends[0]));
	EXPECT_OK(close(ends[1]));
	fixture_end(&f);
}

/* ---- Descriptors ---- */

TEST(a_closed_descriptor_leaves_its_epoll_sets)
{
	struct fixture f = fixture_new(EPOLLIN);
	int copy = EXPECT_OK(dup(f.fd)), fd;

	fill(copy);
	expect_event(f.set, EPOLLIN, DATA);
	EXPECT_OK(close(f.fd));
	expect_none_of(f.set);
	/* The number is another file's. */
	fd = EXPECT_OK(open("/srv/event", O_RDWR));
	EXPECT_EQ(fd, f.fd);
	expect_none_of(f.set);
	add(f.set, fd, EPOLLIN, 3);
	expect_event(f.set, EPOLLIN, 3);
	/* What takes its place is not it. */
	EXPECT_EQ(dup2(copy, fd), fd);
	expect_none_of(f.set);
	add(f.set, fd, EPOLLIN, 4);
	expect_event(f.set, EPOLLIN, 4);
	EXPECT_OK(close_range((unsigned)fd, (unsigned)fd, 0));
	expect_none_of(f.set);
	f.fd = copy;
	fixture_end(&f);
}

TEST(a_duplicate_of_an_epoll_set_is_the_same_set)
{
	struct fixture f = fixture_new(EPOLLIN);
	int copy = EXPECT_OK(dup(f.set));

	fill(f.fd);
	expect_event(copy, EPOLLIN, DATA);
	change(copy, f.fd, EPOLLIN, 2);
	expect_event(f.set, EPOLLIN, 2);
	EXPECT_OK(close(f.set));
	expect_event(copy, EPOLLIN, 2);
	EXPECT_OK(close(copy));
	/* Its number has a set without anything. */
	f.set = EXPECT_OK(epoll_create(1));
	expect_none_of(f.set);
	fixture_end(&f);
}

TEST(an_epoll_set_that_ends_leaves_its_files_alone)
{
	struct fixture f = fixture_new(EPOLLIN);
	int other = EXPECT_OK(epoll_create1(0));

	add(other, f.fd, EPOLLIN, 2);
	fill(f.fd);
	EXPECT_OK(close(f.set));
	f.set = other;
	expect_event(f.set, EPOLLIN, 2);
	fixture_end(&f);
}

TEST(a_dead_server_is_hup_and_err_for_who_waits)
{
	struct fixture f = fixture_new(EPOLLIN);
	struct pollfd p = {.fd = EXPECT_OK(open("/srv/event", O_RDWR)), .events = POLLIN};
	const pid_t self = getpid();
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		expect_rests(&self, &self);
		_exit(kill(f.s.pid, SIGKILL) == 0 ? 0 : 1);
	}
	EXPECT_EQ(poll(&p, 1, -1), 1);
	EXPECT_EQ(p.revents, POLLHUP | POLLERR);
	expect_event(f.set, EPOLLHUP | EPOLLERR, DATA);
	expect_event(f.set, EPOLLHUP | EPOLLERR, DATA);
	expect_exit(pid, 0);
	EXPECT_OK(close(p.fd));
	fixture_end(&f);
}

/* ---- Sets in sets ---- */

TEST(an_epoll_set_can_be_polled_for_its_servers)
{
	struct fixture f = fixture_new(EPOLLIN);
	int outer = EXPECT_OK(epoll_create1(0));
	struct pollfd p = {.fd = f.set, .events = POLLIN};
	pid_t pid;

	add(outer, f.set, EPOLLIN, 1);
	EXPECT_EQ(poll(&p, 1, 0), 0);
	expect_none_of(outer);
	pid = writer(f.fd);
	EXPECT_EQ(poll(&p, 1, -1), 1);
	expect_event(outer, EPOLLIN, 1);
	expect_event(f.set, EPOLLIN, DATA);
	expect_event(outer, EPOLLIN, 1);
	expect_exit(pid, 0);
	drain(f.fd);
	expect_none_of(f.set);
	EXPECT_EQ(poll(&p, 1, 0), 0);
	expect_none_of(outer);
	EXPECT_OK(close(outer));
	fixture_end(&f);
}

/* ---- Signals ---- */

static volatile int n_handled;

static void count_signal(int signo)
{
	(void)signo;
	n_handled++;
}

static pid_t signaller(void)
{
	const pid_t parent = getpid();
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		expect_rests(&parent, &parent);
		_exit(kill(parent, SIGUSR1) == 0 ? 0 : 1);
	}
	return pid;
}

TEST(a_signal_ends_an_epoll_wait)
{
	struct sigaction action = {.sa_handler = count_signal, .sa_flags = SA_RESTART};
	struct fixture f = fixture_new(EPOLLIN);
	struct epoll_event got;
	sigset_t none;
	pid_t pid;

	EXPECT_OK(sigaction(SIGUSR1, &action, NULL));
	pid = signaller();
	EXPECT_ERRNO(epoll_wait(f.set, &got, 1, -1), EINTR);
	EXPECT_EQ(n_handled, 1);
	expect_exit(pid, 0);
	/* With the mask of the wait, and only then. */
	block(SIGUSR1);
	EXPECT_OK(raise(SIGUSR1));
	EXPECT_EQ(epoll_wait(f.set, &got, 1, 1), 0);
	EXPECT_EQ(n_handled, 1);
	sigemptyset(&none);
	EXPECT_ERRNO(epoll_pwait(f.set, &got, 1, -1, &none), EINTR);
	EXPECT_EQ(n_handled, 2);
	EXPECT_OK(raise(SIGUSR1));
	EXPECT_ERRNO(epoll_pwait2(f.set, &got, 1, NULL, &none), EINTR);
	EXPECT_EQ(n_handled, 3);
	fixture_end(&f);
}

/* ---- Forks ---- */

static int child_of_fork(struct fixture *f, int plain)
{
	struct epoll_event got[4];
	int other = open("/srv/event", O_RDWR);
	struct epoll_event ev = event_of(EPOLLIN, 5);

	/* What was in the set is: here, too. */
	if (epoll_wait(f->set, got, 4, 0) != 0)
		return 1;
	if (write(f->fd, "x", 1) != 1 || epoll_wait(f->set, got, 4, -1) != 1 ||
	    got[0].data.u64 != DATA)
		return 2;
	if (write(plain, "xxxxxxxx", 8) != 8)
		return 3;
	expect_both(f->set, DATA, 7);
	/* What is done here is not done to the parent's. */
	if (epoll_ctl(f->set, EPOLL_CTL_ADD, other, &ev) < 0 ||
	    epoll_ctl(f->set, EPOLL_CTL_DEL, f->fd, NULL) < 0 ||
	    epoll_ctl(f->set, EPOLL_CTL_DEL, plain, NULL) < 0)
		return 4;
	if (epoll_wait(f->set, got, 4, -1) != 1 || got[0].data.u64 != 5)
		return 5;
	return close(f->fd) == 0 && close(f->set) == 0 && close(other) == 0 ? 0 : 6;
}

TEST(a_forked_childs_epoll_set_is_its_own)
{
	struct fixture f = fixture_new(EPOLLIN);
	int plain = EXPECT_OK(eventfd(0, 0));
	uint64_t n;
	pid_t pid;

	add(f.set, plain, EPOLLIN, 7);
	for (int i = 0; i < 3; i++) {
		pid = EXPECT_OK(fork());
		if (pid == 0)
			_exit(child_of_fork(&f, plain));
		expect_exit(pid, 0);
		expect_both(f.set, DATA, 7);
		drain(f.fd);
		EXPECT_EQ(read(plain, &n, sizeof(n)), sizeof(n));
		expect_none_of(f.set);
		/* It sleeps as before. */
		pid = writer(f.fd);
		expect_event(f.set, EPOLLIN, DATA);
		expect_exit(pid, 0);
		drain(f.fd);
	}
	EXPECT_OK(close(plain));
	fixture_end(&f);
}

TEST(a_forked_child_that_leaves_its_epoll_set_alone_harms_nobody)
{
	struct fixture f = fixture_new(EPOLLIN);
	struct gate gate = gate_new();
	pid_t pid = EXPECT_OK(fork());
	struct pollfd p;

	if (pid == 0) {
		gate_pass(gate);
		p = (struct pollfd){.fd = f.set, .events = POLLIN};
		_exit(poll(&p, 1, -1) == 1 ? 0 : 1);
	}
	fill(f.fd);
	expect_event(f.set, EPOLLIN, DATA);
	gate_open(gate);
	expect_exit(pid, 0);
	drain(f.fd);
	expect_none_of(f.set);
	fixture_end(&f);
}

/* ---- Threads ---- */

#define THREADS 4

struct waiter {
	int set;
	pid_t tid;
	struct epoll_event got;
	int n;
	pthread_t thread;
};

static void *waits(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	w->n = epoll_wait(w->set, &w->got, 1, -1);
	return NULL;
}

static void waiters_start(struct waiter *w, int n, int set)
{
	for (int i = 0; i < n; i++) {
		w[i] = (struct waiter){.set = set};
		EXPECT_EQ(pthread_create(&w[i].thread, NULL, waits, &w[i]), 0);
	}
	for (int i = 0; i < n; i++)
		EVENTUALLY(thread_sleeps(__atomic_load_n(&w[i].tid, __ATOMIC_ACQUIRE)));
}

static void waiters_join(struct waiter *w, int n)
{
	for (int i = 0; i < n; i++)
		EXPECT_EQ(pthread_join(w[i].thread, NULL), 0);
}

TEST(a_thread_in_epoll_wait_hears_of_what_is_added)
{
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/event", O_RDWR));
	int set = EXPECT_OK(epoll_create1(0));
	struct waiter w[THREADS];

	waiters_start(w, THREADS, set);
	add(set, fd, EPOLLIN, DATA);
	fill(fd);
	waiters_join(w, THREADS);
	for (int i = 0; i < THREADS; i++) {
		EXPECT_EQ(w[i].n, 1);
		EXPECT_EQ(w[i].got.data.u64, DATA);
	}
	EXPECT_OK(close(set));
	EXPECT_OK(close(fd));
	server_stop(&s);
}

TEST(of_several_threads_one_gets_a_oneshot)
{
	struct fixture f = fixture_new(EPOLLIN | EPOLLONESHOT);
	struct waiter w[THREADS];
	int plain = EXPECT_OK(eventfd(0, 0)), served = 0;

	add(f.set, plain, EPOLLIN, 7);
	for (int round = 0; round < 10; round++) {
		uint64_t n = 1;

		served = 0;
		waiters_start(w, THREADS, f.set);
		fill(f.fd);
		EVENTUALLY(__atomic_load_n(&w[0].n, __ATOMIC_ACQUIRE) +
			   __atomic_load_n(&w[1].n, __ATOMIC_ACQUIRE) +
			   __atomic_load_n(&w[2].n, __ATOMIC_ACQUIRE) +
			   __atomic_load_n(&w[3].n, __ATOMIC_ACQUIRE));
		EXPECT_EQ(write(plain, &n, sizeof(n)), sizeof(n));
		waiters_join(w, THREADS);
		for (int i = 0; i < THREADS; i++)
			served += w[i].got.data.u64 == DATA;
		EXPECT_EQ(served, 1);
		EXPECT_EQ(read(plain, &n, sizeof(n)), sizeof(n));
		drain(f.fd);
		change(f.set, f.fd, EPOLLIN | EPOLLONESHOT, DATA);
	}
	EXPECT_OK(close(plain));
	fixture_end(&f);
}

TEST(sets_and_polls_of_one_descriptor_all_hear)
{
	struct fixture f = fixture_new(EPOLLIN);
	struct pollfd p = {.fd = f.fd, .events = POLLIN};
	struct waiter w[2];
	int other = EXPECT_OK(epoll_create1(0)), out = EXPECT_OK(epoll_create1(0));

	add(other, f.fd, EPOLLIN | EPOLLET, 2);
	add(out, f.fd, EPOLLOUT, 3);
	for (int round = 0; round < 10; round++) {
		waiters_start(&w[0], 1, f.set);
		waiters_start(&w[1], 1, other);
		/* One who asks and goes takes nothing from the others. */
		EXPECT_EQ(poll(&p, 1, 0), 0);
		expect_event(out, EPOLLOUT, 3);
		fill(f.fd);
		waiters_join(w, 2);
		EXPECT_EQ(w[0].got.data.u64, DATA);
		EXPECT_EQ(w[1].got.data.u64, 2);
		EXPECT_EQ(poll(&p, 1, -1), 1);
		drain(f.fd);
		expect_none_of(f.set);
	}
	EXPECT_OK(close(other));
	EXPECT_OK(close(out));
	fixture_end(&f);
}

TEST(a_cancelled_epoll_wait_loses_nothing)
{
	struct fixture f = fixture_new(EPOLLIN | EPOLLET);
	struct waiter w;
	void *result;

	for (int i = 0; i < 8; i++) {
		waiters_start(&w, 1, f.set);
		EXPECT_EQ(pthread_cancel(w.thread), 0);
		EXPECT_EQ(pthread_join(w.thread, &result), 0);
		EXPECT(result == PTHREAD_CANCELED);
	}
	fill(f.fd);
	expect_event(f.set, EPOLLIN, DATA);
	expect_none_of(f.set);
	fixture_end(&f);
}

/* ---- All at once ---- */

#define ROUNDS 300

struct muddle {
	int set, other;
	unsigned seed;
};

static void *muddles(void *arg)
{
	struct muddle *m = arg;
	struct epoll_event ev, got[4];
	int fd = -1;

	for (int i = 0; i < ROUNDS; i++) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		if (fd < 0)
			fd = open("/srv/event", O_RDWR);
		ev = event_of((rand_r(&m->seed) & 1 ? EPOLLIN : EPOLLIN | EPOLLOUT) |
				      (rand_r(&m->seed) & 1 ? EPOLLET : 0) |
				      (rand_r(&m->seed) & 1 ? EPOLLONESHOT : 0),
			      9);
		switch (rand_r(&m->seed) % 8) {
		case 0:
			(void)epoll_ctl(m->set, EPOLL_CTL_ADD, fd, &ev);
			break;
		case 1:
			(void)epoll_ctl(m->other, EPOLL_CTL_ADD, fd, &ev);
			break;
		case 2:
			(void)epoll_ctl(m->set, EPOLL_CTL_MOD, fd, &ev);
			break;
		case 3:
			(void)epoll_ctl(m->set, EPOLL_CTL_DEL, fd, NULL);
			break;
		case 4:
			fill(fd);
			break;
		case 5:
			(void)poll(&p, 1, 0);
			break;
		case 6:
			(void)epoll_wait(rand_r(&m->seed) & 1 ? m->set : m->other, got, 4, 1);
			break;
		default:
			EXPECT_OK(close(fd));
			fd = -1;
		}
	}
	if (fd >= 0)
		EXPECT_OK(close(fd));
	return NULL;
}

TEST(epoll_sets_bear_all_that_threads_do)
{
	struct fixture f = fixture_new(EPOLLIN);
	struct muddle m[THREADS];
	pthread_t threads[THREADS];
	int other = EXPECT_OK(epoll_create1(0));
	struct waiter w[2];
	char byte;

	for (unsigned i = 0; i < THREADS; i++) {
		m[i] = (struct muddle){f.set, other, i};
		EXPECT_EQ(pthread_create(&threads[i], NULL, muddles, &m[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		EXPECT_EQ(pthread_join(threads[i], NULL), 0);
	/* They have closed what was theirs: ours is left, and is heard of. */
	(void)read(f.fd, &byte, 1);
	expect_none_of(f.set);
	expect_none_of(other);
	add(other, f.fd, EPOLLIN, DATA);
	waiters_start(&w[0], 1, f.set);
	waiters_start(&w[1], 1, other);
	fill(f.fd);
	waiters_join(w, 2);
	EXPECT_EQ(w[0].got.data.u64, DATA);
	EXPECT_EQ(w[1].got.data.u64, DATA);
	EXPECT_OK(close(other));
	fixture_end(&f);
}
