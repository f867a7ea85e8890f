// SPDX-License-Identifier: Apache-2.0
/* Waits of several threads, waits that signals interrupt, children that are not the node's. */
#include "detection/child.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED_ADDRESSES true
#else
#define SANITIZED_ADDRESSES false
#endif

#include <dlfcn.h>
#include <pthread.h>

#define MANY 40

static void go(pthread_t *ret, void *(*function)(void *), void *arg)
{
	EXPECT_EQ(pthread_create(ret, NULL, function, arg), 0);
}

static void join(pthread_t thread)
{
	EXPECT_EQ(pthread_join(thread, NULL), 0);
}

struct waiter {
	pthread_t thread;
	pid_t tid;
	pid_t want, got;
	int options, status, error;
};

static void *wait_in_thread(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	w->got = waitpid(w->want, &w->status, w->options);
	w->error = errno;
	return NULL;
}

static void waiter_start(struct waiter *w, pid_t want)
{
	w->want = want;
	w->got = -2;
	go(&w->thread, wait_in_thread, w);
}

/* Not at work any more, so in its wait. */
static void waiter_blocks(struct waiter *w)
{
	for (int seen = 0; seen < 5; a_moment()) {
		pid_t tid = __atomic_load_n(&w->tid, __ATOMIC_ACQUIRE);

		seen = tid && thread_sleeps(tid) ? seen + 1 : 0;
	}
}

TEST_WITH(each_thread_that_waits_gets_another_child, .threads = true)
{
	static struct waiter waiters[8];
	static pid_t pids[8];
	int seen = 0;

	for (int i = 0; i < 8; i++)
		pids[i] = spawn_mortal("pause", NULL);
	for (int i = 0; i < 8; i++)
		waiter_start(&waiters[i], -1);
	for (int i = 0; i < 8; i++)
		waiter_blocks(&waiters[i]);
	for (int i = 0; i < 8; i++)
		EXPECT_OK(kill(pids[i], SIGTERM));
	for (int i = 0; i < 8; i++) {
		join(waiters[i].thread);
		for (int k = 0; k < 8; k++)
			if (pids[k] == waiters[i].got)
				seen |= 1 << k;
		EXPECT_EQ(WTERMSIG(waiters[i].status), SIGTERM);
	}
	EXPECT_EQ(seen, 0xff);
	expect_no_children();
}

TEST_WITH(threads_that_wait_in_vain_get_echild, .threads = true)
{
	static struct waiter waiters[5];
	pid_t pid = spawn_mortal("pause", NULL);
	int found = 0;

	for (int i = 0; i < 5; i++)
		waiter_start(&waiters[i], i & 1 ? pid : -1);
	for (int i = 0; i < 5; i++)
		waiter_blocks(&waiters[i]);
	EXPECT_OK(kill(pid, SIGKILL));
	for (int i = 0; i < 5; i++) {
		join(waiters[i].thread);
		if (waiters[i].got == pid) {
			found++;
			continue;
		}
		EXPECT_EQ(waiters[i].got, -1);
		EXPECT_EQ(waiters[i].error, ECHILD);
	}
	EXPECT_EQ(found, 1);
}

TEST_WITH(forty_threads_wait_for_forty_children, .threads = true)
{
	static struct waiter waiters[MANY];
	static pid_t pids[MANY];

	for (int i = 0; i < MANY; i++)
		pids[i] = spawn_mortal("pause", NULL);
	for (int i = 0; i < MANY; i++)
		waiter_start(&waiters[i], pids[i]);
	for (int i = 0; i < MANY; i++)
		waiter_blocks(&waiters[i]);
	/* Each is answered at the end of its child, whatever the others do. */
	for (int i = 0; i < MANY; i++) {
		int k = (i * 17 + 5) % MANY;

		EXPECT_OK(kill(pids[k], k & 1 ? SIGKILL : SIGTERM));
		join(waiters[k].thread);
		EXPECT_EQ(waiters[k].got, pids[k]);
		EXPECT_EQ(WTERMSIG(waiters[k].status), k & 1 ? SIGKILL : SIGTERM);
	}
	expect_no_children();
}

TEST_WITH(calls_go_on_while_threads_wait, .threads = true)
{
	static struct waiter waiters[20];
	pid_t pid = spawn_mortal("pause", NULL);

	for (int i = 0; i < 20; i++)
		waiter_start(&waiters[i], pid);
	for (int i = 0; i < 20; i++)
		waiter_blocks(&waiters[i]);
	for (int i = 0; i < 50; i++)
		expect_exit(spawn_mortal("exit", "3"), 3);
	EXPECT_EQ(procmgr_event_trigger(PROCMGR_EVENT_SYNC), 0);
	EXPECT_OK(kill(pid, SIGKILL));
	for (int i = 0; i < 20; i++)
		join(waiters[i].thread);
	expect_no_children();
}

/* A thread that is cancelled in its wait takes no child with it. */
TEST_WITH(cancelled_wait_loses_no_child, .threads = true)
{
	static struct waiter waiter;
	pid_t pid;

	if (SANITIZED_ADDRESSES)
		SKIP("AddressSanitizer does not survive the unwinding of a cancelled thread");
	pid = spawn_mortal("pause", NULL);
	waiter_start(&waiter, pid);
	waiter_blocks(&waiter);
	EXPECT_EQ(pthread_cancel(waiter.thread), 0);
	join(waiter.thread);
	EXPECT_OK(kill(pid, SIGKILL));
	expect_killed(pid, SIGKILL);
}

/* ---- Signals ---- */

static volatile sig_atomic_t n_signals;

static void count_signal(int signo)
{
	(void)signo;
	n_signals++;
}

static void catch (int signo, int flags)
{
	struct sigaction action = {.sa_handler = count_signal, .sa_flags = flags};

	EXPECT_OK(sigaction(signo, &action, NULL));
}

struct pest {
	pthread_t victim;
	pid_t victim_tid, child;
	int n;
	bool stop;
};

static void *send_until_told(void *arg)
{
	struct pest *p = arg;

	while (!__atomic_load_n(&p->stop, __ATOMIC_ACQUIRE)) {
		EXPECT_EQ(pthread_kill(p->victim, SIGUSR1), 0);
		a_moment();
	}
	return NULL;
}

TEST_WITH(handler_without_sa_restart_interrupts_the_wait, .threads = true)
{
	struct pest pest = {.victim = pthread_self()};
	pid_t pid = spawn_mortal("pause", NULL);
	siginfo_t info;
	pthread_t thread;

	catch (SIGUSR1, 0);
	go(&thread, send_until_told, &pest);
	EXPECT_ERRNO(waitpid(pid, NULL, 0), EINTR);
	EXPECT_ERRNO(wait(NULL), EINTR);
	EXPECT_ERRNO(wait3(NULL, 0, NULL), EINTR);
	EXPECT_ERRNO(waitid(P_PID, (id_t)pid, &info, WEXITED), EINTR);
	__atomic_store_n(&pest.stop, true, __ATOMIC_RELEASE);
	join(thread);
	EXPECT_GT(n_signals, 3);
	/* It took no child with it. */
	EXPECT_EQ(waitpid(pid, NULL, WNOHANG), 0);
	EXPECT_OK(kill(pid, SIGKILL));
	expect_killed(pid, SIGKILL);
}

static void *send_some_and_kill(void *arg)
{
	struct pest *p = arg;

	for (int i = 0; i < p->n; i++) {
		int before = n_signals;

		while (!thread_sleeps(p->victim_tid))
			a_moment();
		EXPECT_EQ(pthread_kill(p->victim, SIGUSR1), 0);
		while (n_signals == before)
			a_moment();
	}
	EXPECT_OK(kill(p->child, SIGKILL));
	return NULL;
}

TEST_WITH(sa_restart_lets_the_wait_go_on, .threads = true)
{
	struct pest pest = {.victim = pthread_self(), .victim_tid = gettid(), .n = 20};
	pthread_t thread;

	catch (SIGUSR1, SA_RESTART);
	pest.child = spawn_mortal("pause", NULL);
	go(&thread, send_some_and_kill, &pest);
	expect_killed(pest.child, SIGKILL);
	join(thread);
	EXPECT_EQ(n_signals, 20);
}

/* Signals that no handler takes wake nobody. */
TEST_WITH(ignored_signal_does_not_interrupt_the_wait, .threads = true)
{
	pid_t pid = spawn_mortal("pause", NULL);
	struct waiter waiter = {0};

	EXPECT(signal(SIGUSR2, SIG_IGN) != SIG_ERR);
	waiter_start(&waiter, pid);
	waiter_blocks(&waiter);
	for (int i = 0; i < 20; i++)
		EXPECT_EQ(pthread_kill(waiter.thread, SIGUSR2), 0);
	EXPECT_OK(kill(pid, SIGTERM));
	join(waiter.thread);
	EXPECT_EQ(waiter.got, pid);
}

/* Interrupted or answered, never both: every child is collected exactly once. */
TEST_WITH(interrupted_waits_lose_no_child, .threads = true, .limit = 60)
{
	struct pest pest = {.victim = pthread_self()};
	pthread_t thread;
	int collected = 0, status;

	catch (SIGUSR1, 0);
	go(&thread, send_until_told, &pest);
	for (int i = 0; i < 300; i++) {
		pid_t pid = spawnl(P_NOWAIT, harness_tool("mortal"), "mortal", "exit", "1", NULL),
		      got;

		EXPECT_GT(pid, 0);
		while ((got = waitpid(i & 1 ? pid : -1, &status, 0)) < 0)
			EXPECT_EQ(errno, EINTR);
		EXPECT_EQ(got, pid);
		EXPECT_EQ(WEXITSTATUS(status), 1);
		collected++;
	}
	__atomic_store_n(&pest.stop, true, __ATOMIC_RELEASE);
	join(thread);
	EXPECT_EQ(collected, 300);
	expect_no_children();
}

/* ---- Children that the kernel has as ours, beside the node's ---- */

static pid_t native_child(struct gate gate, int status)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	char byte;

	if (pid == 0) {
		syscall(SYS_close, gate.write);
		syscall(SYS_read, gate.read, &byte, 1);
		syscall(SYS_exit_group, status);
	}
	return EXPECT_OK(pid);
}

TEST(native_child_is_collected_by_every_form)
{
	struct gate gate = gate_new();
	struct rusage use;
	siginfo_t info;
	pid_t pids[4];
	int status, fd;

	for (int i = 0; i < 4; i++)
		pids[i] = native_child(gate, 30 + i);
	EXPECT_EQ(waitpid(pids[0], &status, WNOHANG), 0);
	EXPECT_EQ(waitpid(-1, &status, WNOHANG), 0);
	gate_open(gate);
	expect_exit(pids[0], 30);
	EXPECT_EQ(wait4(pids[1], &status, 0, &use), pids[1]);
	EXPECT_EQ(WEXITSTATUS(status), 31);
	EXPECT_GT(use.ru_minflt, 0);
	EXPECT_OK(waitid(P_PID, (id_t)pids[2], &info, WEXITED));
	EXPECT_EQ(info.si_status, 32);
	fd = EXPECT_OK((int)syscall(SYS_pidfd_open, pids[3], 0));
	EXPECT_OK(waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
	EXPECT_EQ(info.si_status, 33);
	close(fd);
	expect_no_children();
}

TEST(wait_finds_native_and_managed_children)
{
	struct gate gate = gate_new();
	int status, seen = 0;

	for (int i = 0; i < 3; i++) {
		(void)child_behind(gate, i);
		(void)native_child(gate, 3 + i);
	}
	gate_open(gate);
	for (int i = 0; i < 6; i++) {
		EXPECT_GT(wait(&status), 0);
		EXPECT(WIFEXITED(status));
		seen |= 1 << WEXITSTATUS(status);
	}
	EXPECT_EQ(seen, 0x3f);
	expect_no_children();
}

/* A blocked wait for any is ended by either kind: the first is let go once the wait blocks. */
static void blocked_wait_is_ended_by(bool native)
{
	struct gate first = gate_new(), second;
	pid_t pids[2], opener;
	int status;

	pids[0] = native ? native_child(first, 1) : child_behind(first, 1);
	opener = EXPECT_OK(fork());
	if (opener == 0) {
		pid_t parent = getppid();

		for (int seen = 0; seen < 10;
		     seen = state_of("/proc", parent) == 'S' ? seen + 1 : 0)
			a_moment();
		close(first.write);
		/* Not before the others are told. */
		for (;;)
			pause();
	}
	gate_open(first);
	second = gate_new();
	pids[1] = native ? child_behind(second, 2) : native_child(second, 2);
	EXPECT_EQ(wait(&status), pids[0]);
	EXPECT_EQ(WEXITSTATUS(status), 1);
	gate_open(second);
	EXPECT_EQ(wait(&status), pids[1]);
	EXPECT_EQ(WEXITSTATUS(status), 2);
	end_child(opener);
}

TEST(blocked_wait_is_ended_by_a_native_child)
{
	blocked_wait_is_ended_by(true);
}

TEST(blocked_wait_is_ended_by_a_managed_child_beside_a_native_one)
{
	blocked_wait_is_ended_by(false);
}

typedef int libc_posix_spawn(pid_t *pid, const char *path, const void *actions,
			     const void *attributes, char *const argv[], char *const envp[]);

TEST(child_of_glibcs_own_posix_spawn_is_found)
{
	const char *argv[] = {"true", NULL};
	libc_posix_spawn *native_spawn;
	void *found = dlsym(RTLD_NEXT, "posix_spawn");
	pid_t pid = 0, managed;
	int status;

	EXPECT(found);
	memcpy(&native_spawn, &found, sizeof(native_spawn));
	managed = child_that_exits(5);
	EXPECT_EQ(native_spawn(&pid, "/bin/true", NULL, NULL, (char *const *)(uintptr_t)argv,
			       environ),
		  0);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	expect_exit(managed, 5);
	EXPECT_EQ(native_spawn(&pid, "/bin/true", NULL, NULL, (char *const *)(uintptr_t)argv,
			       environ),
		  0);
	EXPECT_EQ(wait(&status), pid);
	expect_no_children();
}

TEST(native_childs_sigchld_is_the_kernels)
{
	struct gate gate = gate_new();
	siginfo_t info;
	pid_t pid;

	queue_sigchld();
	pid = native_child(gate, 44);
	gate_open(gate);
	info = take(SIGCHLD);
	EXPECT_EQ(info.si_code, CLD_EXITED);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_status, 44);
	EXPECT_EQ(info.si_uid, getuid());
	expect_exit(pid, 44);
	pid = child_that_exits(45);
	info = take(SIGCHLD);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_status, 45);
	expect_exit(pid, 45);
	expect_none(SIGCHLD);
}

TEST_WITH(native_stop_is_told, .threads = true)
{
	struct gate gate = gate_new();
	pid_t pid = native_child(gate, 0);
	int status;

	EXPECT_OK(kill(pid, SIGSTOP));
	EXPECT_EQ(waitpid(-1, &status, WUNTRACED), pid);
	EXPECT(WIFSTOPPED(status));
	EXPECT_OK(kill(pid, SIGCONT));
	EXPECT_EQ(waitpid(pid, &status, WCONTINUED), pid);
	EXPECT(WIFCONTINUED(status));
	gate_open(gate);
	expect_exit(pid, 0);
}
