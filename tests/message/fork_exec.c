// SPDX-License-Identifier: Apache-2.0
/*
 * Connections across fork(), exec and spawn(): those among the descriptors go along and
 * those beside them do not; dup() and close() are messages to the server.
 */
#include "message/kit.h"

#include <dirent.h>

/* What `peer info COID` said. */
struct seen {
	pid_t pid;
	int coid, scoid;
};

static struct seen seen_read(int fd)
{
	struct seen seen = {0};
	const char *line = harness_read_line(fd, PATIENCE_MS);

	if (sscanf(line, "%d %d %d", &seen.pid, &seen.coid, &seen.scoid) != 3)
		FAIL("the program says: %s", line);
	close(fd);
	return seen;
}

static int coid_of_descriptor(struct peer *peer, int flags)
{
	return EXPECT_OK(ConnectAttach(0, peer->pid, peer->chid, 0, flags));
}

/* ---- fork() ---- */

static int inherited;

static void use_inherited(void *arg)
{
	const struct _msg_info *before = arg;
	struct _msg_info info = info_at(inherited);

	EXPECT_EQ(info.pid, getpid());
	EXPECT_EQ(info.coid, inherited);
	EXPECT_NE(info.scoid, before->scoid);
	for (int i = 0; i < 20; i++)
		expect_serves(inherited);
	EXPECT_OK(MsgSendPulse(inherited, -1, 9, 99));
}

TEST(a_forked_child_uses_an_inherited_connection)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);
	struct _msg_info before;

	inherited = coid_of_descriptor(&peer, 0);
	before = info_at(inherited);
	expect_exit(child_runs(use_inherited, &before), 0);
	/* The parent's is as it was. */
	EXPECT_EQ(info_at(inherited).scoid, before.scoid);
	EXPECT_EQ(order(inherited, ORDER_COUNT, 9), 1);
	EVENTUALLY(order(inherited, ORDER_COUNT, _PULSE_CODE_DISCONNECT) == 1);
	EXPECT_OK(ConnectDetach(inherited));
	peer_end(&peer);
}

static void use_and_fork(void *arg)
{
	const int depth = *(int *)arg;
	int next = depth - 1;

	EXPECT_EQ(info_at(inherited).pid, getpid());
	if (depth > 0)
		expect_exit(child_runs(use_and_fork, &next), 0);
	expect_serves(inherited);
}

TEST(a_connection_goes_from_child_to_child)
{
	struct peer peer = peer_new(0);
	int depth = 3;

	/* Never used here. */
	inherited = coid_of_descriptor(&peer, 0);
	expect_exit(child_runs(use_and_fork, &depth), 0);
	expect_serves(inherited);
	EXPECT_OK(ConnectDetach(inherited));
	peer_end(&peer);
}

static void send_for_a_time(void *arg)
{
	for (int i = 0; i < *(int *)arg; i++) {
		const struct order o = {ORDER_TYPE, 0, ORDER_ECHO, i, 0};
		char both[1000], reply[1000];

		pattern_fill(both, sizeof(both), (unsigned)getpid() + (unsigned)i);
		memcpy(both, &o, sizeof(o));
		EXPECT_EQ(MsgSend(inherited, both, sizeof(both), reply, sizeof(reply)), i);
		EXPECT_EQ(memcmp(reply, both + sizeof(o), sizeof(both) - sizeof(o)), 0);
	}
}

TEST(parent_and_children_may_use_one_connection_at_once)
{
	struct peer peer = peer_new(0);
	int times = 500;
	pid_t pids[4];

	inherited = coid_of_descriptor(&peer, 0);
	expect_serves(inherited);
	for (int i = 0; i < 4; i++)
		pids[i] = child_runs(send_for_a_time, &times);
	send_for_a_time(&times);
	for (int i = 0; i < 4; i++)
		expect_exit(pids[i], 0);
	EXPECT_OK(ConnectDetach(inherited));
	peer_end(&peer);
}

static void side_channel_is_gone(void *arg)
{
	const struct peer *peer = arg;
	struct _server_info info;

	EXPECT_ERRNO(MsgSend(peer->coid, "x", 1, NULL, 0), EBADF);
	EXPECT_ERRNO(MsgSendPulse(peer->coid, -1, 1, 1), EBADF);
	EXPECT_ERRNO(ConnectDetach(peer->coid), EINVAL);
	EXPECT_NE(ConnectServerInfo(0, peer->coid, &info), peer->coid);
}

TEST(side_channels_are_not_inherited_by_a_forked_child)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);

	expect_serves(peer.coid);
	expect_exit(child_runs(side_channel_is_gone, &peer), 0);
	expect_serves(peer.coid);
	EXPECT_EQ(order(peer.coid, ORDER_COUNT, _PULSE_CODE_DISCONNECT), 0);
	peer_end(&peer);
}

static void close_on_exec_is_there(void *arg)
{
	(void)arg;
	EXPECT_EQ(info_at(inherited).pid, getpid());
}

TEST(fork_inherits_close_on_exec_connections_too)
{
	struct peer peer = peer_new(0);

	inherited = coid_of_descriptor(&peer, _NTO_COF_CLOEXEC);
	expect_exit(child_runs(close_on_exec_is_there, NULL), 0);
	EXPECT_OK(ConnectDetach(inherited));
	peer_end(&peer);
}

static void wait_for_gate(void *arg)
{
	gate_pass(*(struct gate *)arg);
	expect_serves(inherited);
}

TEST(a_childs_connection_outlives_its_parents)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);
	struct gate gate = gate_new();
	pid_t pid;

	inherited = coid_of_descriptor(&peer, 0);
	expect_serves(inherited);
	pid = child_runs(wait_for_gate, &gate);
	EXPECT_OK(ConnectDetach(inherited));
	gate_open(gate);
	expect_exit(pid, 0);
	expect_serves(peer.coid);
	peer_end(&peer);
}

TEST(a_forked_childs_death_is_not_its_parents)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);
	int scoid;

	inherited = coid_of_descriptor(&peer, 0);
	scoid = info_at(inherited).scoid;
	for (int i = 0; i < 5; i++)
		end_child(child_that_pauses());
	for (int i = 0; i < 5; i++)
		EXPECT_EQ(info_at(inherited).scoid, scoid);
	EXPECT_OK(ConnectDetach(inherited));
	peer_end(&peer);
}

/* ---- exec and spawn() ---- */

/* In a child: `peer info COID` with @coid. */
static pid_t exec_info(int coid, int *ret_out)
{
	int ends[2];
	char word[16];
	pid_t pid;

	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	snprintf(word, sizeof(word), "%d", coid);
	fflush(NULL);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_OK(dup2(ends[1], 1));
		execl(harness_tool("peer"), "peer", "info", word, NULL);
		_exit(99);
	}
	close(ends[1]);
	*ret_out = ends[0];
	return pid;
}

TEST(a_connection_survives_exec)
{
	struct peer peer = peer_new(0);
	struct seen seen;
	pid_t pid;
	int out;

	inherited = coid_of_descriptor(&peer, 0);
	pid = exec_info(inherited, &out);
	seen = seen_read(out);
	EXPECT_EQ(seen.pid, pid);
	EXPECT_EQ(seen.coid, inherited);
	expect_exit(pid, 0);
	expect_serves(inherited);
	EXPECT_OK(ConnectDetach(inherited));
	peer_end(&peer);
}

static void expect_ebadf_after_exec(int coid)
{
	int out;
	pid_t pid = exec_info(coid, &out);

	EXPECT_STR(harness_read_line(out, PATIENCE_MS), "EBADF");
	close(out);
	expect_exit(pid, 0);
}

TEST(close_on_exec_connections_are_gone_after_exec)
{
	struct peer peer = peer_new(0);
	int coid = coid_of_descriptor(&peer, _NTO_COF_CLOEXEC);
	int later = coid_of_descriptor(&peer, 0);

	EXPECT_OK(fcntl(later, F_SETFD, FD_CLOEXEC));
	expect_ebadf_after_exec(coid);
	expect_ebadf_after_exec(later);
	EXPECT_OK(ConnectFlags(0, coid, _NTO_COF_CLOEXEC, 0));
	inherited = coid;
	(void)seen_read(({
		int out;
		pid_t pid = exec_info(coid, &out);

		expect_exit(pid, 0);
		out;
	}));
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_OK(ConnectDetach(later));
	peer_end(&peer);
}

TEST(side_channels_are_gone_after_exec)
{
	struct peer peer = peer_new(0);

	expect_ebadf_after_exec(peer.coid);
	expect_serves(peer.coid);
	peer_end(&peer);
}

TEST(a_connection_is_inherited_by_spawn)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);
	int coid = coid_of_descriptor(&peer, 0), ends[2];
	struct seen seen;
	char word[16];
	pid_t pid;

	expect_serves(coid);
	/* All descriptors, under their own numbers. */
	EXPECT_OK(pipe(ends));
	EXPECT_OK(fcntl(ends[0], F_SETFD, FD_CLOEXEC));
	snprintf(word, sizeof(word), "%d", coid);
	fflush(NULL);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_OK(dup2(ends[1], 1));
		close(ends[1]);
		_exit(WEXITSTATUS(
			spawnl(P_WAIT, harness_tool("peer"), "peer", "info", word, NULL)));
	}
	close(ends[1]);
	seen = seen_read(ends[0]);
	EXPECT_EQ(seen.coid, coid);
	EXPECT(seen.pid != getpid() && seen.pid != pid);
	EXPECT_NE(seen.scoid, info_at(coid).scoid);
	expect_exit(pid, 0);
	EXPECT_OK(ConnectDetach(coid));
	peer_end(&peer);
}

TEST(a_connection_is_mapped_by_spawn)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);
	int coid = coid_of_descriptor(&peer, 0), ends[2];
	struct seen seen;
	pid_t pid;

	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	pid = EXPECT_OK(spawn(harness_tool("peer"), 6,
			      (int[]){0, ends[1], 2, SPAWN_FDCLOSED, SPAWN_FDCLOSED, coid}, NULL,
			      (char *const *)(const char *const[]){"peer", "info", "5", NULL},
			      NULL));
	close(ends[1]);
	seen = seen_read(ends[0]);
	EXPECT_EQ(seen.pid, pid);
	EXPECT_EQ(seen.coid, 5);
	expect_exit(pid, 0);
	/* And only what is mapped. */
	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	pid = EXPECT_OK(spawn(harness_tool("peer"), 3, (int[]){0, ends[1], 2}, NULL,
			      (char *const *)(const char *const[]){"peer", "info", "5", NULL},
			      NULL));
	close(ends[1]);
	EXPECT_STR(harness_read_line(ends[0], PATIENCE_MS), "EBADF");
	close(ends[0]);
	expect_exit(pid, 0);
	expect_serves(coid);
	EXPECT_OK(ConnectDetach(coid));
	peer_end(&peer);
}

/* ---- dup() and close() ---- */

TEST(dup_and_close_are_messages_to_the_server)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);
	int coid = coid_of_descriptor(&peer, 0), again;
	long dups = order(peer.coid, ORDER_IO, IO_DUP), closes;

	again = EXPECT_OK(dup(coid));
	EXPECT_NE(again, coid);
	EXPECT_EQ(order(peer.coid, ORDER_IO, IO_DUP), dups + 1);
	expect_serves(again);
	EXPECT_EQ(info_at(again).coid, again);
	EXPECT_EQ(info_at(again).scoid, info_at(coid).scoid);
	EXPECT_EQ(dup2(coid, 77), 77);
	EXPECT_EQ(fcntl(coid, F_DUPFD_CLOEXEC, 88), 88);
	EXPECT_EQ(order(peer.coid, ORDER_IO, IO_DUP), dups + 3);
	expect_serves(77);
	EXPECT_EQ(info_at(88).coid, 88);
	closes = order(peer.coid, ORDER_IO, IO_CLOSE);
	EXPECT_OK(close(again));
	EXPECT_EQ(order(peer.coid, ORDER_IO, IO_CLOSE), closes + 1);
	EXPECT_OK(close(coid));
	EXPECT_OK(close(77));
	EXPECT_OK(close(88));
	EXPECT_EQ(order(peer.coid, ORDER_IO, IO_CLOSE), closes + 4);
	EXPECT_ERRNO(order(coid, ORDER_STATUS, 1), EBADF);
	EXPECT_ERRNO(close(coid), EBADF);
	EXPECT_EQ(order(peer.coid, ORDER_COUNT, _PULSE_CODE_DISCONNECT), 0);
	peer_end(&peer);
}

TEST(connect_detach_sends_no_message)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);
	int coid = coid_of_descriptor(&peer, 0);
	long closes = order(peer.coid, ORDER_IO, IO_CLOSE);

	EXPECT_OK(ConnectDetach(coid));
	EXPECT_EQ(order(peer.coid, ORDER_IO, IO_CLOSE), closes);
	peer_end(&peer);
}

TEST(close_of_a_dead_servers_connection_does_not_hang)
{
	struct peer peer = peer_new(0);
	int coid = coid_of_descriptor(&peer, 0);

	expect_serves(coid);
	end_child(peer.pid);
	if (close(coid) == -1)
		EXPECT_EQ(errno, EBADF);
	EXPECT_ERRNO(fcntl(coid, F_GETFD), EBADF);
	EXPECT_OK(ConnectDetach(peer.coid));
}

TEST(the_last_close_disconnects)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		int a = coid_of_descriptor(&peer, 0), b = EXPECT_OK(dup(a));

		expect_serves(b);
		EXPECT_OK(close(a));
		expect_serves(b);
		EXPECT_OK(close(b));
		_exit(0);
	}
	expect_exit(pid, 0);
	EVENTUALLY(order(peer.coid, ORDER_COUNT, _PULSE_CODE_DISCONNECT) == 1);
	peer_end(&peer);
}

/* ---- fork() while other threads make connections ---- */

static struct peer busy_peer;
static bool busy_ends;

static void *connects(void *arg)
{
	while (!LOAD(busy_ends)) {
		int coid = attach(busy_peer.pid, busy_peer.chid);

		expect_serves(coid);
		EXPECT_OK(ConnectDetach(coid));
	}
	return arg;
}

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	EXPECT(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void say_descriptors(void *ret)
{
	*(int *)ret = descriptors();
}

static int descriptors_of_a_child(int *shared)
{
	expect_exit(child_runs(say_descriptors, shared), 0);
	return *shared;
}

TEST_WITH(a_child_has_nothing_that_another_thread_was_making, .node = "--allow-threaded-fork")
{
	int *shared = shared_memory(sizeof(*shared)), at_rest;
	pthread_t thread;

	busy_peer = peer_new(0);
	expect_serves(busy_peer.coid);
	at_rest = descriptors_of_a_child(shared);
	thread_runs(&thread, connects, NULL);
	for (int i = 0; i < 500; i++)
		EXPECT_EQ(descriptors_of_a_child(shared), at_rest);
	STORE(busy_ends, true);
	thread_ends(thread);
	peer_end(&busy_peer);
}

/* ---- Handlers of pthread_atfork() ---- */

static const struct peer *handlers_peer;
static pthread_mutex_t handlers_lock = PTHREAD_MUTEX_INITIALIZER;
static bool handlers_end;

static void connect_once(void)
{
	int coid = attach(handlers_peer->pid, handlers_peer->chid);

	EXPECT_OK(ConnectDetach(coid));
}

static void before_fork(void)
{
	EXPECT_EQ(pthread_mutex_lock(&handlers_lock), 0);
	connect_once();
}

static void after_fork(void)
{
	connect_once();
	EXPECT_EQ(pthread_mutex_unlock(&handlers_lock), 0);
}

static void *connect_with_the_lock(void *arg)
{
	(void)arg;
	while (!LOAD(handlers_end)) {
		int coid;

		EXPECT_EQ(pthread_mutex_lock(&handlers_lock), 0);
		coid = attach(handlers_peer->pid, handlers_peer->chid);
		EXPECT_EQ(order(coid, ORDER_STATUS, 5), 5);
		EXPECT_OK(ConnectDetach(coid));
		EXPECT_EQ(pthread_mutex_unlock(&handlers_lock), 0);
	}
	return NULL;
}

static void serve_child(void *arg)
{
	const struct peer *peer = arg;
	int coid = attach(peer->pid, peer->chid);

	expect_serves(coid);
}

TEST(handlers_of_a_fork_may_connect)
{
	struct peer peer = peer_new(0);

	handlers_peer = &peer;
	EXPECT_EQ(pthread_atfork(before_fork, after_fork, after_fork), 0);
	for (int i = 0; i < 5; i++)
		expect_exit(child_runs(serve_child, &peer), 0);
	expect_serves(peer.coid);
	peer_end(&peer);
}

TEST_WITH(handlers_of_a_fork_may_wait_for_a_thread_that_connects, .threads = true,
	  .node = "--allow-threaded-fork")
{
	struct peer peer = peer_new(0);
	pthread_t thread;

	handlers_peer = &peer;
	EXPECT_EQ(pthread_atfork(before_fork, after_fork, after_fork), 0);
	thread_runs(&thread, connect_with_the_lock, NULL);
	for (int i = 0; i < 50; i++)
		expect_exit(child_runs(serve_child, &peer), 0);
	STORE(handlers_end, true);
	thread_ends(thread);
	expect_serves(peer.coid);
	peer_end(&peer);
}
