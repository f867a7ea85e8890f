// SPDX-License-Identifier: Apache-2.0
/*
 * The manager is killed, and nothing is lost: what stands stands, what waits
 * waits on, every death is told once.
 */
#include "robust/load.h"

#define SOAK_KILLS 1000

/* The one that serves now. */
static pid_t manager(void)
{
	return (pid_t)node_figure("manager ");
}

/* Answers once the next one serves. */
static void kill_manager(void)
{
	pid_t former = manager();

	EXPECT_OK(kill(former, SIGKILL));
	EVENTUALLY(manager() != former);
}

TEST_WITH(uncollected_zombies_keep_their_status, .serial = true)
{
	pid_t pids[4];

	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_PROCESS_DEATH);
	pids[0] = child_that_exits(41);
	pids[1] = child_that_dies_by(SIGTERM);
	pids[2] = child_that_dies_by(SIGSEGV);
	pids[3] = child_that_exits(0);
	for (int i = 0; i < 4; i++)
		(void)take(SIGRTMIN);
	kill_manager();
	for (int i = 0; i < 4; i++)
		EXPECT(is_zombie(pids[i]));
	expect_exit(pids[0], 41);
	kill_manager();
	expect_killed(pids[1], SIGTERM);
	expect_killed(pids[2], SIGSEGV);
	expect_exit(pids[3], 0);
	expect_no_children();
	for (int i = 0; i < 4; i++)
		EVENTUALLY(!is_there(pids[i]));
}

TEST_WITH(deaths_without_a_manager_are_told, .serial = true)
{
	struct gate gate = gate_new();
	pid_t pids[20], former;
	unsigned seen = 0;

	queue_sigchld();
	for (int i = 0; i < 20; i++)
		pids[i] = child_behind(gate, i);
	former = manager();
	/* The command's that was asked for it. */
	drain(SIGCHLD);
	EXPECT_OK(kill(former, SIGKILL));
	gate_open(gate);
	for (int i = 0; i < 20; i++) {
		siginfo_t info = take(SIGCHLD);

		EXPECT(info.si_status >= 0 && info.si_status < 20);
		EXPECT_EQ(info.si_pid, pids[info.si_status]);
		EXPECT_EQ(info.si_code, CLD_EXITED);
		EXPECT(!(seen & 1u << info.si_status));
		seen |= 1u << info.si_status;
	}
	expect_none(SIGCHLD);
	for (int i = 0; i < 20; i++)
		expect_exit(pids[i], i);
	expect_no_children();
}

TEST_WITH(blocked_wait_goes_on, .serial = true)
{
	struct gate gate = gate_new();
	pid_t waiter, victim = manager();

	waiter = EXPECT_OK(fork());
	if (waiter == 0) {
		pid_t child = child_behind(gate, 23);

		close(gate.write);
		expect_exit(child, 23);
		_exit(0);
	}
	for (int seen = 0; seen < 20; seen = state_of("/proc", waiter) == 'S' ? seen + 1 : 0)
		a_moment();
	EXPECT_OK(kill(victim, SIGKILL));
	EVENTUALLY(manager() != victim);
	EXPECT_EQ(waitpid(waiter, NULL, WNOHANG), 0);
	gate_open(gate);
	expect_exit(waiter, 0);
}

TEST_WITH(groups_daemons_and_unwaited_children_stand, .serial = true)
{
	struct gate gate = gate_new();
	pid_t member = child_behind(gate, 1), demon, unwaited;
	int status;

	EXPECT_OK(setpgid(member, member));
	demon = EXPECT_OK(fork());
	if (demon == 0) {
		EXPECT_OK(procmgr_daemon(66, PROCMGR_DAEMON_NOCLOSE));
		gate_pass(gate);
		_exit(0);
	}
	EXPECT_OK(waitid(P_PID, (id_t)demon, NULL, WEXITED | WNOWAIT));
	unwaited = EXPECT_OK(spawnl(P_NOWAITO, harness_tool("mortal"), "mortal", "pause", NULL));
	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_DAEMON_DEATH);
	(void)listen_by(SIGRTMIN + 1, PROCMGR_EVENT_PROCESS_DEATH);
	kill_manager();
	kill_manager();
	EXPECT_EQ(getsid(demon), 1);
	EXPECT_EQ(waitpid(-member, NULL, WNOHANG), 0);
	EXPECT_EQ(waitpid(-1, &status, 0), demon);
	EXPECT_EQ(WEXITSTATUS(status), 66);
	EXPECT_ERRNO(waitpid(unwaited, NULL, 0), ECHILD);
	EXPECT_OK(kill(unwaited, SIGKILL));
	hear_of(SIGRTMIN + 1, unwaited);
	gate_open(gate);
	hear_of(SIGRTMIN, demon);
	EXPECT_EQ(waitpid(-member, &status, 0), member);
	EXPECT_EQ(WEXITSTATUS(status), 1);
	expect_no_children();
}

TEST_WITH(event_requests_stand, .serial = true)
{
	struct sigevent event;
	int id;

	block(SIGRTMIN);
	SIGEV_SIGNAL_VALUE_INT_INIT(&event, SIGRTMIN, 3);
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event));
	id = EXPECT_OK(procmgr_event_notify_add(PROCMGR_EVENT_SYNC, &event));
	kill_manager();
	EXPECT_EQ(node_figure("subscriptions"), 2);
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, 3);
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, 3);
	expect_none(SIGRTMIN);
	EXPECT_OK(procmgr_event_notify_delete(id));
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	(void)take(SIGRTMIN);
	expect_none(SIGRTMIN);
}

enum { MORTALS = 100 };
static pid_t mortals[MORTALS];
static unsigned heard[MORTALS];

static void hear(union sigval value)
{
	for (int i = 0; i < MORTALS; i++)
		if (mortals[i] == value.sival_int)
			__atomic_add_fetch(&heard[i], 1, __ATOMIC_RELAXED);
}

/* What a program carries out by itself is told by serial: neither lost nor told twice. */
TEST_WITH(events_under_way_come_once_each, .serial = true)
{
	struct gate gate = gate_new();
	struct sigevent event;

	for (int i = 0; i < MORTALS; i++)
		mortals[i] = child_behind(gate, 0);
	SIGEV_THREAD_INIT(&event, hear, 0, NULL);
	SIGEV_MAKE_UPDATEABLE(&event);
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_PROCESS_DEATH, &event));
	gate_open(gate);
	for (int i = 0; i < 3; i++)
		kill_manager();
	for (int i = 0; i < MORTALS; i++)
		expect_exit(mortals[i], 0);
	for (int i = 0; i < MORTALS; i++)
		EVENTUALLY(__atomic_load_n(&heard[i], __ATOMIC_RELAXED));
	EXPECT_OK(procmgr_event_notify(0, NULL));
	for (int i = 0; i < MORTALS; i++)
		EXPECT_EQ(__atomic_load_n(&heard[i], __ATOMIC_RELAXED), 1);
}

TEST_WITH(guardians_stand, .serial = true)
{
	struct shared *s = shared_new();
	pid_t parent = EXPECT_OK(fork());

	if (parent == 0) {
		pid_t guardian, sibling, self = getpid();
		int ends[2];

		EXPECT_OK(pipe2(ends, O_CLOEXEC));
		guardian = EXPECT_OK(fork());
		if (guardian == 0) {
			EXPECT_EQ(read(ends[0], &sibling, sizeof(sibling)), sizeof(sibling));
			EVENTUALLY(!is_there(self) || is_zombie(self) || getppid() == 1);
			EVENTUALLY(getppid() == 1);
			expect_exit(sibling, 9);
			__atomic_store_n(&s->rounds, 1, __ATOMIC_RELEASE);
			_exit(0);
		}
		sibling = EXPECT_OK(fork());
		if (sibling == 0) {
			EVENTUALLY(getppid() == guardian);
			_exit(9);
		}
		EXPECT_EQ(procmgr_guardian(guardian), guardian);
		EXPECT_EQ(write(ends[1], &sibling, sizeof(sibling)), sizeof(sibling));
		__atomic_store_n(&s->stop, 1, __ATOMIC_RELEASE);
		for (;;)
			pause();
	}
	EVENTUALLY(__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE));
	kill_manager();
	EXPECT_OK(kill(parent, SIGKILL));
	expect_killed(parent, SIGKILL);
	EVENTUALLY(__atomic_load_n(&s->rounds, __ATOMIC_ACQUIRE) == 1);
	EXPECT_OK(munmap(s, sizeof(*s)));
}

TEST_WITH(manager_killed_many_times_in_a_row_comes_back, .serial = true)
{
	pid_t pid = child_that_pauses();

	for (int i = 0; i < 30; i++)
		kill_manager();
	EXPECT_EQ(node_figure("managers"), 31);
	end_child(pid);
	expect_healthy();
}

/* The manager's death in the middle of a spawn, a fork, an exec, a failing spawn. */
TEST_WITH(births_go_on_without_a_manager, .serial = true, .limit = 60)
{
	struct shared *s = shared_new();
	pid_t spawner = EXPECT_OK(fork());

	if (spawner == 0) {
		while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
			EXPECT_EQ(spawnl(P_WAIT, harness_tool("mortal"), "mortal", "exit", "3",
					 NULL),
				  3 << 8);
			expect_exit(child_that_exits(4), 4);
			EXPECT_ERRNO(spawnl(P_WAIT, "/nowhere", "nowhere", NULL), ENOENT);
			s->rounds++;
		}
		expect_no_children();
		_exit(0);
	}
	for (int i = 0; i < 40; i++)
		kill_manager();
	EXPECT_GT(__atomic_load_n(&s->rounds, __ATOMIC_ACQUIRE), 10);
	__atomic_store_n(&s->stop, 1, __ATOMIC_RELEASE);
	expect_exit(spawner, 0);
	expect_healthy();
	EXPECT_OK(munmap(s, sizeof(*s)));
}

/* ---- At random moments, under load ---- */

#define WORKERS 4

static void killer(int seconds, long kills)
{
	unsigned seed = (unsigned)getpid();
	long long end = now_ms() + seconds * 1000ll;
	long n = 0;

	while (now_ms() < end || n < kills) {
		pid_t victim = manager();

		/* Whenever: this is no wait for anything. */
		(void)poll(NULL, 0, rand_r(&seed) % 40);
		EXPECT_OK(kill(victim, SIGKILL));
		n++;
		EVENTUALLY(manager() != victim);
	}
	printf("%ld kills\n", n);
}

TEST_WITH(every_death_is_told_once_though_the_manager_is_killed, .serial = true, .soak = true,
	  .limit = 150)
{
	int seconds = harness_seconds(60);
	struct shared *s = shared_new();
	pid_t workers[WORKERS];

	for (int i = 0; i < WORKERS; i++)
		workers[i] = worker_new(s, (unsigned)(getpid() * 31 + i));
	killer(seconds, seconds > 60 ? SOAK_KILLS : 0);
	__atomic_store_n(&s->stop, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < WORKERS; i++)
		expect_exit(workers[i], 0);
	printf("%ld rounds\n", s->rounds);
	EXPECT_GT(s->rounds, WORKERS * 10);
	expect_healthy();
	EXPECT_OK(munmap(s, sizeof(*s)));
}
