// SPDX-License-Identifier: Apache-2.0
/*
 * procmgr_event_*() and procmgr_value_*(): who asked is told, of what, how often
 * and with which value. QNX Neutrino C Library Reference, procmgr_event_notify().
 */
#include "detection/child.h"

#include <pthread.h>
#include <sys/mman.h>

/* What a trigger sends to its own process has arrived when the call is over. */
static int pending_of(int signo)
{
	const struct timespec none = {0};
	sigset_t set = set_of(signo);
	int n = 0;

	while (sigtimedwait(&set, NULL, &none) == signo)
		n++;
	return n;
}

static struct sigevent signal_event(int signo, int value)
{
	struct sigevent event;

	block(signo);
	SIGEV_SIGNAL_VALUE_INT_INIT(&event, signo, value);
	return event;
}

TEST(notify_is_delivered_each_time)
{
	struct sigevent event = signal_event(SIGRTMIN, 55);

	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event));
	for (int i = 0; i < 3; i++) {
		EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
		EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, 55);
	}
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_TOD));
	expect_none(SIGRTMIN);
	EXPECT_EQ(node_figure("subscriptions"), 1);
}

TEST(second_notify_replaces_the_first)
{
	struct sigevent first = signal_event(SIGRTMIN, 1), second = signal_event(SIGRTMIN + 1, 2);

	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &first));
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_TOD, &second));
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC | PROCMGR_EVENT_TOD));
	expect_none(SIGRTMIN);
	EXPECT_EQ(take(SIGRTMIN + 1).si_value.sival_int, 2);
	EXPECT_EQ(node_figure("subscriptions"), 1);
}

TEST(notify_with_flags_0_disarms)
{
	struct sigevent event = signal_event(SIGRTMIN, 1);

	EXPECT_OK(procmgr_event_notify(0, NULL));
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event));
	EXPECT_OK(procmgr_event_notify(0, NULL));
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	expect_none(SIGRTMIN);
	EXPECT_EQ(node_figure("subscriptions"), 0);
}

TEST(added_requests_stand_beside_each_other_until_deleted)
{
	struct sigevent event = signal_event(SIGRTMIN, 1);
	int ids[5];

	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event));
	for (int i = 0; i < 5; i++) {
		ids[i] = EXPECT_OK(procmgr_event_notify_add(PROCMGR_EVENT_SYNC, &event));
		for (int k = 0; k < i; k++)
			EXPECT_NE(ids[i], ids[k]);
	}
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	EXPECT_EQ(pending_of(SIGRTMIN), 6);
	EXPECT_OK(procmgr_event_notify_delete(ids[2]));
	EXPECT_ERRNO(procmgr_event_notify_delete(ids[2]), EINVAL);
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	EXPECT_EQ(pending_of(SIGRTMIN), 5);
	EXPECT_OK(procmgr_event_notify(0, NULL));
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	EXPECT_EQ(pending_of(SIGRTMIN), 4);
	for (int i = 0; i < 5; i++)
		if (i != 2)
			EXPECT_OK(procmgr_event_notify_delete(ids[i]));
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	expect_none(SIGRTMIN);
}

TEST(bad_requests_are_einval)
{
	struct sigevent event = signal_event(SIGRTMIN, 1);

	EXPECT_ERRNO(procmgr_event_notify(PROCMGR_EVENT_SYNC, NULL), EINVAL);
	EXPECT_ERRNO(procmgr_event_notify_add(PROCMGR_EVENT_SYNC, NULL), EINVAL);
	EXPECT_ERRNO(procmgr_event_notify_add(0, &event), EINVAL);
	EXPECT_ERRNO(procmgr_event_notify_delete(-1), EINVAL);
	EXPECT_ERRNO(procmgr_event_notify_delete(12345), EINVAL);
	SIGEV_SIGNAL_INIT(&event, 0);
	EXPECT_ERRNO(procmgr_event_notify_add(PROCMGR_EVENT_SYNC, &event), EINVAL);
	SIGEV_SIGNAL_INIT(&event, 99);
	EXPECT_ERRNO(procmgr_event_notify_add(PROCMGR_EVENT_SYNC, &event), EINVAL);
	memset(&event, 0, sizeof(event));
	event.sigev_notify = 0x77;
	EXPECT_ERRNO(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event), EINVAL);
	EXPECT_EQ(node_figure("subscriptions"), 0);
}

/* ---- Deaths and births ---- */

TEST(process_death_tells_the_pid_to_who_may_be_updated)
{
	struct sigevent plain = signal_event(SIGRTMIN + 1, 5);
	pid_t pid;

	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_PROCESS_DEATH);
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_PROCESS_DEATH, &plain));
	pid = child_that_exits(1);
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, pid);
	EXPECT_EQ(take(SIGRTMIN + 1).si_value.sival_int, 5);
	expect_exit(pid, 1);
	/* Once: not at the collection too. */
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	expect_none(SIGRTMIN);
	expect_none(SIGRTMIN + 1);
}

TEST(process_death_fires_for_every_process_of_the_node)
{
	struct gate gate = gate_new();
	int ends[2];
	pid_t pid, grandchild = 0, unwaited;

	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_PROCESS_DEATH);
	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	/* A grandchild. */
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		grandchild = child_that_exits(2);
		EXPECT_EQ(write(ends[1], &grandchild, sizeof(grandchild)), sizeof(grandchild));
		close(gate.write);
		EXPECT_EQ(waitpid(grandchild, NULL, 0), grandchild);
		gate_pass(gate);
		_exit(0);
	}
	EXPECT_EQ(read(ends[0], &grandchild, sizeof(grandchild)), sizeof(grandchild));
	hear_of(SIGRTMIN, grandchild);
	gate_open(gate);
	hear_of(SIGRTMIN, pid);
	expect_exit(pid, 0);
	/* One that nobody waits for. */
	unwaited =
		EXPECT_OK(spawnl(P_NOWAITO, harness_tool("mortal"), "mortal", "exit", "1", NULL));
	hear_of(SIGRTMIN, unwaited);
	/* A foreign program. */
	pid = EXPECT_OK(spawnlp(P_NOWAIT, "true", "true", NULL));
	hear_of(SIGRTMIN, pid);
	expect_exit(pid, 0);
	close(ends[0]);
	close(ends[1]);
}

TEST(daemon_death_fires_for_session_1_only)
{
	struct gate gate = gate_new();
	pid_t pid, demon;

	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_DAEMON_DEATH);
	pid = child_that_exits(0);
	expect_exit(pid, 0);
	expect_none(SIGRTMIN);
	demon = EXPECT_OK(fork());
	if (demon == 0) {
		EXPECT_OK(procmgr_daemon(0, PROCMGR_DAEMON_NOCLOSE));
		gate_pass(gate);
		_exit(0);
	}
	expect_exit(demon, 0);
	expect_none(SIGRTMIN);
	gate_open(gate);
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, demon);
	expect_none(SIGRTMIN);
}

TEST(process_create_tells_the_pid_of_each_new_process)
{
	pid_t forked, spawned;

	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_PROCESS_CREATE);
	forked = child_that_exits(0);
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, forked);
	spawned = spawn_mortal("exit", "0");
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, spawned);
	expect_exit(forked, 0);
	expect_exit(spawned, 0);
	/* exec is no birth. */
	forked = EXPECT_OK(fork());
	if (forked == 0) {
		execl(harness_tool("mortal"), "mortal", "exit", "0", NULL);
		_exit(1);
	}
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, forked);
	expect_exit(forked, 0);
	expect_none(SIGRTMIN);
}

/* Whoever listens, also in the quiet. */
TEST(process_create_comes_while_the_parent_is_busy_elsewhere)
{
	struct gate gate = gate_new();
	pid_t parent;
	int n = 0;

	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_PROCESS_CREATE);
	parent = EXPECT_OK(fork());
	if (parent == 0) {
		for (int i = 0; i < 10; i++)
			(void)child_that_exits(0);
		gate_pass(gate);
		_exit(0);
	}
	/* Its ten children are told though it asks the manager nothing more. */
	for (; n < 11; n++)
		(void)take(SIGRTMIN);
	gate_open(gate);
	expect_exit(parent, 0);
	expect_none(SIGRTMIN);
}

/* ---- Triggers ---- */

TEST(trigger_reaches_every_process_that_asked)
{
	int ends[2];
	pid_t pids[4];
	char byte;

	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	for (int i = 0; i < 4; i++) {
		pids[i] = EXPECT_OK(fork());
		if (pids[i] == 0) {
			struct sigevent event = signal_event(SIGRTMIN, 100 + i);

			EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_CONFSTR, &event));
			EXPECT_EQ(write(ends[1], "", 1), 1);
			_exit(take(SIGRTMIN).si_value.sival_int);
		}
	}
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(read(ends[0], &byte, 1), 1);
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_CONFSTR));
	for (int i = 0; i < 4; i++)
		expect_exit(pids[i], 100 + i);
	close(ends[0]);
	close(ends[1]);
}

TEST(trigger_updateable_brings_its_value)
{
	struct sigevent fixed = signal_event(SIGRTMIN + 1, 5);

	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_SYSCONF);
	EXPECT_OK(procmgr_event_notify_add(PROCMGR_EVENT_SYSCONF, &fixed));
	EXPECT_OK(procmgr_event_trigger_updateable(PROCMGR_EVENT_SYSCONF, -77));
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, -77);
	EXPECT_EQ(take(SIGRTMIN + 1).si_value.sival_int, 5);
	/* The plain trigger changes no value. */
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYSCONF));
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, 0);
	EXPECT_EQ(take(SIGRTMIN + 1).si_value.sival_int, 5);
}

/* ---- How it is delivered ---- */

static int thread_ready, thread_value;

static void *listen_in_thread(void *arg)
{
	struct sigevent event;

	(void)arg;
	SIGEV_SIGNAL_THREAD_INIT(&event, SIGUSR1, 31, 0);
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event));
	__atomic_store_n(&thread_ready, 1, __ATOMIC_RELEASE);
	thread_value = take(SIGUSR1).si_value.sival_int;
	return NULL;
}

TEST_WITH(sigev_signal_thread_goes_to_the_thread_that_asked, .threads = true)
{
	pthread_t thread;

	block(SIGUSR1);
	EXPECT_EQ(pthread_create(&thread, NULL, listen_in_thread, NULL), 0);
	EVENTUALLY(__atomic_load_n(&thread_ready, __ATOMIC_ACQUIRE));
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	expect_none(SIGUSR1);
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_EQ(thread_value, 31);
}

static int function_calls, function_value;
static pid_t function_tid;

static void function(union sigval value)
{
	sigset_t mask;

	EXPECT_EQ(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
	EXPECT_EQ(sigismember(&mask, SIGTERM), 0);
	function_tid = gettid();
	function_value = value.sival_int;
	__atomic_add_fetch(&function_calls, 1, __ATOMIC_RELEASE);
}

static bool called(int n)
{
	return __atomic_load_n(&function_calls, __ATOMIC_ACQUIRE) >= n;
}

TEST_WITH(sigev_thread_runs_the_function_in_a_thread, .threads = true)
{
	struct sigevent event;
	pid_t pid;
	int id;

	SIGEV_THREAD_INIT(&event, function, 12, NULL);
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event));
	for (int i = 1; i <= 5; i++) {
		EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
		EVENTUALLY(called(i));
		EXPECT_EQ(function_value, 12);
		EXPECT_NE(function_tid, gettid());
	}
	EXPECT_OK(procmgr_event_notify(0, NULL));
	SIGEV_MAKE_UPDATEABLE(&event);
	id = EXPECT_OK(procmgr_event_notify_add(PROCMGR_EVENT_PROCESS_DEATH, &event));
	pid = spawn_mortal("exit", "0");
	expect_exit(pid, 0);
	EVENTUALLY(called(6));
	EXPECT_EQ(function_value, pid);
	EXPECT_OK(procmgr_event_notify_delete(id));
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	expect_exit(spawn_mortal("exit", "0"), 0);
	EXPECT(!called(7));
}

TEST_WITH(sigev_thread_calls_come_once_each, .threads = true)
{
	struct sigevent event;

	SIGEV_THREAD_INIT(&event, function, 1, NULL);
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event));
	for (int i = 0; i < 200; i++) {
		EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
		EVENTUALLY(called(i + 1));
	}
	EXPECT_OK(procmgr_event_notify(0, NULL));
	EXPECT_EQ(function_calls, 200);
}

static uint64_t function_sum;

static void add_up(union sigval value)
{
	__atomic_add_fetch(&function_sum, (uint64_t)value.sival_int, __ATOMIC_RELAXED);
	__atomic_add_fetch(&function_calls, 1, __ATOMIC_RELEASE);
}

/* More than a page holds wait in the manager for who cannot look. */
TEST_WITH(burst_of_events_loses_none, .threads = true)
{
	enum { MANY = 1000 };
	struct gate asked = gate_new();
	int status;
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		struct sigevent event;

		SIGEV_THREAD_INIT(&event, add_up, 0, NULL);
		SIGEV_MAKE_UPDATEABLE(&event);
		EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event));
		EXPECT_EQ(write(asked.write, "", 1), 1);
		EVENTUALLY(called(MANY));
		_exit(function_sum == MANY * (MANY + 1) / 2 ? 0 : 1);
	}
	EXPECT_EQ(read(asked.read, (char[1]){0}, 1), 1);
	EXPECT_OK(kill(pid, SIGSTOP));
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	for (int i = 1; i <= MANY; i++)
		EXPECT_OK(procmgr_event_trigger_updateable(PROCMGR_EVENT_SYNC, i));
	EXPECT_OK(kill(pid, SIGCONT));
	expect_exit(pid, 0);
	gate_open(asked);
}

/* Its own thread does not make the process one with threads. */
TEST(sigev_thread_does_not_forbid_fork)
{
	struct sigevent event;

	SIGEV_THREAD_INIT(&event, function, 1, NULL);
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event));
	expect_exit(child_that_exits(3), 3);
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	EVENTUALLY(called(1));
}

TEST(sigev_none_is_delivered_nowhere)
{
	struct sigevent event;

	SIGEV_NONE_INIT(&event);
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event));
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	EXPECT_OK(procmgr_event_notify(0, NULL));
}

/* ---- Whose they are ---- */

TEST(requests_are_not_inherited_by_fork)
{
	struct sigevent event = signal_event(SIGRTMIN, 1);
	pid_t pid;

	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event));
	EXPECT_OK(procmgr_event_notify_add(PROCMGR_EVENT_SYNC, &event));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
		expect_none(SIGRTMIN);
		/* Its own begin anew. */
		EXPECT_OK(procmgr_event_notify_add(PROCMGR_EVENT_SYNC, &event));
		EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
		EXPECT_EQ(pending_of(SIGRTMIN), 1);
		_exit(0);
	}
	expect_exit(pid, 0);
	EXPECT_EQ(pending_of(SIGRTMIN), 4);
	EXPECT_EQ(node_figure("subscriptions"), 2);
}

TEST(ids_of_others_cannot_be_deleted)
{
	struct sigevent event = signal_event(SIGRTMIN, 1);
	int id = EXPECT_OK(procmgr_event_notify_add(PROCMGR_EVENT_SYNC, &event));
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		EXPECT_ERRNO(procmgr_event_notify_delete(id), EINVAL);
		_exit(0);
	}
	expect_exit(pid, 0);
	EXPECT_OK(procmgr_event_notify_delete(id));
}

TEST(requests_end_with_their_process)
{
	struct sigevent event = signal_event(SIGRTMIN, 1);
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		for (int i = 0; i < 10; i++)
			EXPECT_OK(procmgr_event_notify_add(PROCMGR_EVENT_SYNC, &event));
		raise(SIGKILL);
	}
	expect_killed(pid, SIGKILL);
	EXPECT_EQ(node_figure("subscriptions"), 0);
}

TEST(requests_end_with_exec)
{
	expect_exit(spawn_mortal("exec_with_events", NULL), 0);
	EXPECT_EQ(node_figure("subscriptions"), 0);
}

TEST(many_requests_are_refused_at_some_number)
{
	struct sigevent event = signal_event(SIGRTMIN, 1);
	int n = 0;

	/* Refused, and never a node that is worse for it. */
	while (n < 100000 && procmgr_event_notify_add(PROCMGR_EVENT_TOD, &event) >= 0)
		n++;
	if (n < 100000)
		EXPECT_EQ(errno, EAGAIN);
	EXPECT_GT(n, 100);
	expect_exit(child_that_exits(1), 1);
}

/* ---- Values ---- */

TEST(value_of_free_memory_can_be_read)
{
	int id = EXPECT_OK(procmgr_value_notify_add(PROCMGR_VALUE_FREE_MEM, 0, 0, NULL));
	uint64_t value = procmgr_value_current(id);

	EXPECT_NE(value, ~UINT64_C(0));
	EXPECT_GT(value, 1024 * 1024);
	EXPECT_OK(procmgr_event_notify_delete(id));
	errno = 0;
	EXPECT_EQ(procmgr_value_current(id) == ~UINT64_C(0), 1);
	EXPECT_EQ(errno, EINVAL);
}

static char *touch(size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT(memory != MAP_FAILED);
	/* Through a volatile pointer: nobody reads it. */
	for (size_t i = 0; i < size; i += 512)
		*(volatile char *)(memory + i) = 1;
	return memory;
}

TEST(value_that_rises_to_its_limit_is_told)
{
	const size_t size = 32 * 1024 * 1024;
	struct sigevent event;
	uint64_t before, limit;
	char *memory;
	int id;

	block(SIGRTMIN);
	id = EXPECT_OK(procmgr_value_notify_add(PROCMGR_VALUE_PRIVATE_MEM, getpid(), 0, NULL));
	before = procmgr_value_current(id);
	EXPECT_OK(procmgr_event_notify_delete(id));
	limit = before + size / 2;
	SIGEV_SIGNAL_VALUE_INT_INIT(&event, SIGRTMIN, 8);
	id = EXPECT_OK(procmgr_value_notify_add(
		PROCMGR_VALUE_PRIVATE_MEM | PROCMGR_VALUE_TRIGGER_UP, getpid(), limit, &event));
	expect_none(SIGRTMIN);
	memory = touch(size);
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, 8);
	EXPECT_GE(procmgr_value_current(id), limit);
	expect_none(SIGRTMIN);
	EXPECT_OK(munmap(memory, size));
	EXPECT_OK(procmgr_event_notify_delete(id));
}

TEST(value_that_falls_to_its_limit_is_told)
{
	const size_t size = 32 * 1024 * 1024;
	struct sigevent event;
	char *memory = touch(size);
	int id;

	block(SIGRTMIN);
	SIGEV_SIGNAL_VALUE_INT_INIT(&event, SIGRTMIN, 9);
	SIGEV_MAKE_UPDATEABLE(&event);
	id = EXPECT_OK(
		procmgr_value_notify_add(PROCMGR_VALUE_PRIVATE_MEM | PROCMGR_VALUE_TRIGGER_DOWN,
					 getpid(), size / 2, &event));
	EXPECT_GT(procmgr_value_current(id), size / 2);
	EXPECT_OK(munmap(memory, size));
	EXPECT_GT(take(SIGRTMIN).si_value.sival_int, 0);
	EXPECT_LE(procmgr_value_current(id), size / 2);
	EXPECT_OK(procmgr_event_notify_delete(id));
}

TEST(bad_values_are_told)
{
	struct sigevent event = signal_event(SIGRTMIN, 0);

	EXPECT_ERRNO(procmgr_value_notify_add(77, 0, 0, &event), EINVAL);
	EXPECT_ERRNO(procmgr_value_notify_add(PROCMGR_VALUE_FREE_MEM | PROCMGR_VALUE_TRIGGER_UP, 0,
					      0, NULL),
		     EINVAL);
	EXPECT_ERRNO(procmgr_value_notify_add(PROCMGR_VALUE_PRIVATE_MEM | PROCMGR_VALUE_TRIGGER_UP,
					      0x7ffffff0, 0, &event),
		     ESRCH);
}
