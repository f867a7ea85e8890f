// SPDX-License-Identifier: Apache-2.0
/* Connections: their ids, what the two sides are told of them, how they end. */
#include "message/kit.h"

#include <dirent.h>

static int lowest_free(int from)
{
	int fd = EXPECT_OK(fcntl(0, F_DUPFD_CLOEXEC, from));

	close(fd);
	return fd;
}

TEST(a_connection_is_the_lowest_free_descriptor_from_index_on)
{
	int chid = EXPECT_OK(ChannelCreate(0)), low = lowest_free(0);
	int a, b, c, d;

	a = EXPECT_OK(ConnectAttach(0, 0, chid, 0, 0));
	EXPECT_EQ(a, low);
	b = EXPECT_OK(ConnectAttach(0, 0, chid, 50, 0));
	EXPECT_EQ(b, 50);
	c = ConnectAttach_r(0, 0, chid, 50, 0);
	EXPECT_EQ(c, 51);
	EXPECT_OK(ConnectDetach(b));
	d = EXPECT_OK(ConnectAttach(0, 0, chid, 50, 0));
	EXPECT_EQ(d, 50);
	EXPECT_OK(fcntl(a, F_GETFD));
	EXPECT_OK(fcntl(d, F_GETFD));
	/* No file can get its number meanwhile. */
	EXPECT_NE(lowest_free(a), a);
	EXPECT_OK(ConnectDetach(a));
	EXPECT_EQ(lowest_free(0), low);
	EXPECT_OK(ConnectDetach(c));
	EXPECT_OK(ConnectDetach(d));
	EXPECT_OK(ChannelDestroy(chid));
}

TEST(side_channel_ids_have_bit_30_and_are_no_descriptors)
{
	int chid = EXPECT_OK(ChannelCreate(0)), low = lowest_free(0);
	int a = EXPECT_OK(ConnectAttach(0, 0, chid, _NTO_SIDE_CHANNEL, 0));
	/* The other bits of index mean nothing then. */
	int b = EXPECT_OK(ConnectAttach(0, 0, chid, _NTO_SIDE_CHANNEL | 5000, 0));
	int c = EXPECT_OK(ConnectAttach(0, 0, chid, ~0u, 0)), again;

	EXPECT(a & _NTO_SIDE_CHANNEL && b & _NTO_SIDE_CHANNEL && c & _NTO_SIDE_CHANNEL);
	EXPECT(a > 0 && b > 0 && c > 0);
	EXPECT(a != b && b != c && a != c);
	EXPECT(a != SYSMGR_COID && b != SYSMGR_COID && c != SYSMGR_COID);
	EXPECT_ERRNO(fcntl(a, F_GETFD), EBADF);
	EXPECT_EQ(lowest_free(0), low);
	EXPECT_OK(ConnectDetach(a));
	again = EXPECT_OK(ConnectAttach(0, 0, chid, _NTO_SIDE_CHANNEL, 0));
	EXPECT_EQ(again, a);
	EXPECT_OK(MsgSendPulse(again, -1, 1, 7));
	EXPECT_EQ(expect_pulse(chid, 1).value.sival_int, 7);
	EXPECT_OK(ConnectDetach(again));
	EXPECT_OK(ConnectDetach(b));
	EXPECT_OK(ConnectDetach(c));
	EXPECT_OK(ChannelDestroy(chid));
}

TEST(connect_attach_to_what_is_not_there_says_so)
{
	int chid = EXPECT_OK(ChannelCreate(0));
	struct peer peer = peer_new(0);
	pid_t gone = child_that_exits(0);

	expect_exit(gone, 0);
	EXPECT_ERRNO(ConnectAttach(0, gone, 1, _NTO_SIDE_CHANNEL, 0), ESRCH);
	EXPECT_R(ConnectAttach_r(0, gone, 1, 0, 0), -ESRCH);
	EXPECT_ERRNO(ConnectAttach(0, 0, chid + 1000, _NTO_SIDE_CHANNEL, 0), ESRCH);
	EXPECT_ERRNO(ConnectAttach(0, 0, 0, _NTO_SIDE_CHANNEL, 0), ESRCH);
	EXPECT_ERRNO(ConnectAttach(0, 0, -1, _NTO_SIDE_CHANNEL, 0), ESRCH);
	EXPECT_ERRNO(ConnectAttach(0, peer.pid, peer.chid + 1000, _NTO_SIDE_CHANNEL, 0), ESRCH);
	EXPECT_ERRNO(ConnectAttach(0, -1, 1, _NTO_SIDE_CHANNEL, 0), ESRCH);
	EXPECT_ERRNO(ConnectAttach(5, 0, chid, _NTO_SIDE_CHANNEL, 0), ENOREMOTE);
	EXPECT_OK(ChannelDestroy(chid));
	EXPECT_ERRNO(ConnectAttach(0, 0, chid, _NTO_SIDE_CHANNEL, 0), ESRCH);
	peer_end(&peer);
}

TEST(connect_attach_to_a_process_without_channels_is_esrch)
{
	pid_t pid = child_that_pauses();

	EXPECT_ERRNO(ConnectAttach(0, pid, 1, _NTO_SIDE_CHANNEL, 0), ESRCH);
	end_child(pid);
}

TEST(connect_attach_to_a_zombie_is_enxio)
{
	pid_t pid = child_that_exits(0);

	EVENTUALLY(is_zombie(pid));
	EXPECT_ERRNO(ConnectAttach(0, pid, 1, _NTO_SIDE_CHANNEL, 0), ENXIO);
	expect_exit(pid, 0);
}

TEST(connect_attach_beyond_all_descriptors_is_einval)
{
	int chid = EXPECT_OK(ChannelCreate(0));

	EXPECT_ERRNO(ConnectAttach(0, 0, chid, 0x20000000, 0), EINVAL);
	EXPECT_R(ConnectAttach_r(0, 0, chid, 0x3fffffff, 0), -EINVAL);
	EXPECT_OK(ChannelDestroy(chid));
}

static void fill_descriptors(void *unused)
{
	struct rlimit few = {64, 64};
	int chid = EXPECT_OK(ChannelCreate(0)), fd;
	int side = attach(0, chid);

	(void)unused;
	/* What a first message needs is there. */
	EXPECT_OK(MsgSendPulse(side, -1, 1, 2));
	(void)expect_pulse(chid, 1);
	EXPECT_OK(setrlimit(RLIMIT_NOFILE, &few));
	while ((fd = dup(0)) >= 0)
		;
	EXPECT_EQ(errno, EMFILE);
	EXPECT_ERRNO(ConnectAttach(0, 0, chid, 0, 0), EMFILE);
	/* What there is goes on. */
	EXPECT_OK(MsgSendPulse(side, -1, 1, 3));
	EXPECT_EQ(expect_pulse(chid, 1).value.sival_int, 3);
	close(10);
	EXPECT_EQ(ConnectAttach(0, 0, chid, 0, 0), 10);
}

TEST(connect_attach_without_a_free_descriptor_is_emfile)
{
	expect_exit(child_runs(fill_descriptors, NULL), 0);
}

static void serve_without_descriptors(int chid)
{
	struct rlimit few = {64, 64};
	union mail mail;

	/* What a first client needs is there. */
	EXPECT_OK(MsgReply(expect_message(chid, &mail, NULL), 1, NULL, 0));
	EXPECT_OK(setrlimit(RLIMIT_NOFILE, &few));
	while (dup(0) >= 0)
		;
	EXPECT_EQ(errno, EMFILE);
	EXPECT_OK(MsgReply(expect_message(chid, &mail, NULL), 2, NULL, 0));
	EXPECT_OK(MsgReply(expect_message(chid, &mail, NULL), 3, NULL, 0));
	closefrom(20);
	serve(chid);
}

TEST_LIMIT(a_server_without_a_free_descriptor_serves_whom_it_knows, 10)
{
	struct peer peer = peer_that(0, serve_without_descriptors);
	int further;

	EXPECT_EQ(MsgSend(peer.coid, "x", 1, NULL, 0), 1);
	EXPECT_EQ(MsgSend(peer.coid, "x", 1, NULL, 0), 2);
	/* It cannot be let in, and the limit cannot be raised. */
	further = attach(peer.pid, peer.chid);
	EXPECT_EQ(MsgSend(peer.coid, "x", 1, NULL, 0), 3);
	/* As there is room now, nobody need tell that he waits. */
	expect_serves(further);
	EXPECT_OK(ConnectDetach(further));
	peer_end(&peer);
}

TEST(pid_0_and_the_own_pid_are_the_caller)
{
	int chid = EXPECT_OK(ChannelCreate(0));
	int a = attach(0, chid), b = attach(getpid(), chid);
	struct _server_info info;

	EXPECT_OK(MsgSendPulse(a, -1, 1, 1));
	EXPECT_EQ(expect_pulse(chid, 1).value.sival_int, 1);
	EXPECT_OK(MsgSendPulse(b, -1, 2, 2));
	EXPECT_EQ(expect_pulse(chid, 2).value.sival_int, 2);
	EXPECT_EQ(ConnectServerInfo(0, a, &info), a);
	EXPECT_EQ(info.pid, getpid());
	EXPECT_OK(ConnectDetach(a));
	EXPECT_OK(ConnectDetach(b));
	EXPECT_OK(ChannelDestroy(chid));
}

TEST(what_is_no_connection_is_ebadf)
{
	int chid = EXPECT_OK(ChannelCreate(0)), coid = attach(0, chid);
	const int bad[] = {-1, 0, lowest_free(3), coid + 1000, INT_MAX, INT_MIN};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT_ERRNO(MsgSend(bad[i], "x", 1, NULL, 0), EBADF);
		EXPECT_R(MsgSend_r(bad[i], "x", 1, NULL, 0), -EBADF);
		EXPECT_ERRNO(MsgSendPulse(bad[i], -1, 1, 1), EBADF);
		EXPECT_R(MsgSendPulse_r(bad[i], -1, 1, 1), EBADF);
		EXPECT_ERRNO(ConnectFlags(0, bad[i], 0, 0), EBADF);
		EXPECT_ERRNO(ConnectDetach(bad[i]), EINVAL);
		EXPECT_R(ConnectDetach_r(bad[i]), EINVAL);
	}
	EXPECT_OK(fcntl(0, F_GETFD)); /* a file, and it is there yet */
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_ERRNO(ConnectDetach(coid), EINVAL);
	EXPECT_ERRNO(MsgSend(coid, "x", 1, NULL, 0), EBADF);
	EXPECT_ERRNO(MsgSendPulse(coid, -1, 1, 1), EBADF);
	EXPECT_OK(ChannelDestroy(chid));
}

TEST(a_file_is_no_connection)
{
	int ends[2];

	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	EXPECT_ERRNO(MsgSend(ends[1], "x", 1, NULL, 0), EBADF);
	EXPECT_ERRNO(MsgSendPulse(ends[1], -1, 1, 1), EBADF);
	EXPECT_ERRNO(ConnectDetach(ends[1]), EINVAL);
	/* A connection's number that a file has taken over is the file's. */
	close(ends[0]);
	close(ends[1]);
}

TEST(the_number_of_a_detached_connection_may_be_a_files)
{
	struct peer peer = peer_new(0);
	int coid = EXPECT_OK(ConnectAttach(0, peer.pid, peer.chid, 0, 0));

	expect_serves(coid);
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_EQ(open("/dev/null", O_RDWR | O_CLOEXEC), coid);
	EXPECT_ERRNO(order(coid, ORDER_STATUS, 1), EBADF);
	EXPECT_EQ(write(coid, "x", 1), 1);
	close(coid);
	EXPECT_EQ(ConnectAttach(0, peer.pid, peer.chid, 0, 0), coid);
	expect_serves(coid);
	EXPECT_OK(ConnectDetach(coid));
	peer_end(&peer);
}

TEST(sysmgr_coid_is_not_the_callers_to_detach)
{
	EXPECT_ERRNO(ConnectDetach(SYSMGR_COID), EPERM);
	EXPECT_R(ConnectDetach_r(SYSMGR_COID), EPERM);
}

/* ---- Flags ---- */

TEST(cloexec_is_fd_cloexec)
{
	int chid = EXPECT_OK(ChannelCreate(0));
	int a = EXPECT_OK(ConnectAttach(0, 0, chid, 0, 0));
	int b = EXPECT_OK(ConnectAttach(0, 0, chid, 0, _NTO_COF_CLOEXEC));

	EXPECT_EQ(fcntl(a, F_GETFD), 0);
	EXPECT_EQ(fcntl(b, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(ConnectFlags(0, a, 0, 0) & _NTO_COF_CLOEXEC, 0);
	EXPECT_EQ(ConnectFlags(0, b, 0, 0) & _NTO_COF_CLOEXEC, _NTO_COF_CLOEXEC);
	EXPECT_OK(fcntl(a, F_SETFD, FD_CLOEXEC));
	EXPECT_EQ(ConnectFlags(0, a, 0, 0) & _NTO_COF_CLOEXEC, _NTO_COF_CLOEXEC);
	EXPECT_OK(ConnectFlags(0, b, _NTO_COF_CLOEXEC, 0));
	EXPECT_EQ(fcntl(b, F_GETFD), 0);
	EXPECT_OK(ConnectDetach(a));
	EXPECT_OK(ConnectDetach(b));
	EXPECT_OK(ChannelDestroy(chid));
}

TEST(connect_flags_answers_the_flags_before)
{
	int chid = EXPECT_OK(ChannelCreate(0)), coid = attach(0, chid);
	const int both = _NTO_COF_CLOEXEC | _NTO_COF_NOEVENT;
	pid_t other = child_that_pauses();

	EXPECT_EQ(ConnectFlags(0, coid, both, _NTO_COF_NOEVENT) & both, 0);
	EXPECT_EQ(ConnectFlags(getpid(), coid, 0, both) & both, _NTO_COF_NOEVENT);
	EXPECT_EQ(ConnectFlags(0, coid, both, _NTO_COF_CLOEXEC) & both, _NTO_COF_NOEVENT);
	EXPECT_EQ(ConnectFlags(0, coid, 0, 0) & both, _NTO_COF_CLOEXEC);
	EXPECT_R(ConnectFlags_r(0, coid + 100, 0, 0), -EBADF);
	EXPECT_ERRNO(ConnectFlags(other, coid, 0, 0), ESRCH);
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_ERRNO(ConnectFlags(0, coid, 0, 0), EBADF);
	EXPECT_OK(ChannelDestroy(chid));
	end_child(other);
}

TEST(flags_that_are_not_the_programs_are_einval)
{
	const int bad[] = {_NTO_COF_DEAD, _NTO_COF_NETCON, _NTO_COF_NONBLOCK, _NTO_COF_ASYNC,
			   _NTO_COF_GLOBAL};
	int chid = EXPECT_OK(ChannelCreate(0)), coid = attach(0, chid);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT_ERRNO(ConnectAttach(0, 0, chid, _NTO_SIDE_CHANNEL, bad[i]), EINVAL);
		EXPECT_R(ConnectFlags_r(0, coid, (unsigned)bad[i], 0), -EINVAL);
	}
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_OK(ChannelDestroy(chid));
}

TEST(insecure_and_noshare_are_kept_and_told)
{
	const int both = _NTO_COF_INSECURE | _NTO_COF_NOSHARE;
	int chid = EXPECT_OK(ChannelCreate(0));
	int coid = EXPECT_OK(ConnectAttach(0, 0, chid, _NTO_SIDE_CHANNEL, both));

	EXPECT_EQ(ConnectFlags(0, coid, _NTO_COF_NOSHARE, 0) & both, both);
	EXPECT_EQ(ConnectFlags(0, coid, 0, 0) & both, _NTO_COF_INSECURE);
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_OK(ChannelDestroy(chid));
}

TEST(the_process_manager_takes_no_messages)
{
	EXPECT_EQ(ConnectAttach(0, SYSMGR_PID, SYSMGR_CHID, _NTO_SIDE_CHANNEL, 0), SYSMGR_COID);
	EXPECT_ERRNO(ConnectAttach(0, SYSMGR_PID, SYSMGR_CHID, 0, 0), ENOTSUP);
	EXPECT_ERRNO(MsgSend(SYSMGR_COID, "x", 1, NULL, 0), ENOSYS);
	EXPECT_ERRNO(MsgSendPulse(SYSMGR_COID, -1, 1, 1), ENOSYS);
}

/* ---- What a client is told of its connections ---- */

TEST(connect_server_info_tells_who_serves)
{
	struct peer peer = peer_new(0);
	struct _msg_info seen = info_at(peer.coid);
	struct _server_info info;

	memset(&info, 0x5a, sizeof(info));
	EXPECT_EQ(ConnectServerInfo(0, peer.coid, &info), peer.coid);
	EXPECT_EQ(info.nd, 0);
	EXPECT_EQ(info.pid, peer.pid);
	EXPECT_EQ(info.chid, peer.chid);
	EXPECT_EQ(info.coid, peer.coid);
	EXPECT_EQ(info.scoid, seen.scoid);
	EXPECT_EQ(info.flags & _NTO_COF_DEAD, 0);
	EXPECT_EQ(ConnectServerInfo(getpid(), peer.coid, &info), peer.coid);
	EXPECT_R(ConnectServerInfo_r(0, peer.coid, NULL), peer.coid);
	EXPECT_ERRNO(ConnectServerInfo(peer.pid, peer.coid, &info), ESRCH);
	EXPECT_R(ConnectServerInfo_r(peer.pid, peer.coid, &info), -ESRCH);
	peer_end(&peer);
}

TEST(connect_server_info_goes_on_to_the_next_higher_connection)
{
	int chid = EXPECT_OK(ChannelCreate(0));
	int low = EXPECT_OK(ConnectAttach(0, 0, chid, 40, 0));
	int high = EXPECT_OK(ConnectAttach(0, 0, chid, 60, 0));
	struct _server_info info;

	EXPECT_EQ(ConnectServerInfo(0, 41, &info), 60);
	EXPECT_EQ(info.coid, 60);
	EXPECT_EQ(ConnectServerInfo(0, 20, NULL), 40);
	EXPECT_OK(ConnectDetach(low));
	EXPECT_EQ(ConnectServerInfo(0, 20, &info), 60);
	EXPECT_OK(ConnectDetach(high));
	EXPECT_NE(ConnectServerInfo(0, 20, &info), 60);
	EXPECT_ERRNO(ConnectServerInfo(0, INT_MAX, &info), EINVAL);
	EXPECT_OK(ChannelDestroy(chid));
}

TEST(connect_server_info_without_a_buffer_skips_the_dead)
{
	struct peer dead = peer_new(0), live = peer_new(0);
	int at = EXPECT_OK(ConnectAttach(0, dead.pid, dead.chid, 70, 0));
	int next = EXPECT_OK(ConnectAttach(0, live.pid, live.chid, 71, 0));
	struct _server_info info;

	EXPECT_EQ(ConnectServerInfo(0, at, NULL), at);
	end_child(dead.pid);
	EVENTUALLY(ConnectServerInfo(0, at, NULL) == next);
	EXPECT_EQ(ConnectServerInfo(0, at, &info), at);
	EXPECT(info.flags & _NTO_COF_DEAD);
	EXPECT_EQ(info.pid, dead.pid);
	EXPECT_EQ(ConnectFlags(0, at, 0, 0) & _NTO_COF_DEAD, _NTO_COF_DEAD);
	EXPECT_EQ(ConnectFlags(0, next, 0, 0) & _NTO_COF_DEAD, 0);
	EXPECT_OK(ConnectDetach(at));
	EXPECT_OK(ConnectDetach(next));
	EXPECT_OK(ConnectDetach(dead.coid));
	peer_end(&live);
}

/* ---- What a server is told of its clients ---- */

TEST(connections_of_one_process_share_a_scoid)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);
	int a = attach(peer.pid, peer.chid);
	int b = EXPECT_OK(ConnectAttach(0, peer.pid, peer.chid, 0, 0));
	struct _msg_info at_a = info_at(a), at_b = info_at(b), first = info_at(peer.coid);

	EXPECT_EQ(at_a.scoid, at_b.scoid);
	EXPECT_EQ(at_a.scoid, first.scoid);
	EXPECT_EQ(at_a.coid, a);
	EXPECT_EQ(at_b.coid, b);
	EXPECT_EQ(first.coid, peer.coid);
	EXPECT_OK(ConnectDetach(a));
	EXPECT_OK(ConnectDetach(b));
	EXPECT_EQ(info_at(peer.coid).scoid, first.scoid);
	peer_end(&peer);
}

struct client {
	pid_t server;
	int chid;
	int step; /* by the test: what the client may do */
	int done; /* by the client: what it has done */
	int scoid;
};

static void client_waits(struct client *c, int step)
{
	STORE(c->done, step - 1);
	while (LOAD(c->step) < step)
		a_moment();
}

static void client_steps(struct client *c, int step)
{
	STORE(c->step, step);
	EVENTUALLY(LOAD(c->done) >= step);
}

static void connect_twice(void *arg)
{
	struct client *c = arg;
	int a = attach(c->server, c->chid), b;

	EXPECT_OK(MsgSend(a, NULL, 0, NULL, 0));
	b = EXPECT_OK(ConnectAttach(0, c->server, c->chid, 0, 0));
	EXPECT_OK(MsgSend(b, NULL, 0, NULL, 0));
	client_waits(c, 1);
	EXPECT_OK(ConnectDetach(a));
	client_waits(c, 2);
	EXPECT_OK(ConnectDetach(b));
	client_waits(c, 3);
}

static pid_t client_new(struct client *c, int chid, void (*body)(void *))
{
	c->server = getpid();
	c->chid = chid;
	return child_runs(body, c);
}

static int answer_one(int chid)
{
	union mail mail;
	struct _msg_info info;
	int rcvid = expect_message(chid, &mail, &info);

	EXPECT_OK(MsgReply(rcvid, 0, NULL, 0));
	return info.scoid;
}

TEST(disconnect_comes_once_at_the_last_detach)
{
	struct client *c = shared_memory(sizeof(*c));
	int chid = EXPECT_OK(ChannelCreate(_NTO_CHF_DISCONNECT)), self = attach(0, chid);
	pid_t pid = client_new(c, chid, connect_twice);
	int scoid = answer_one(chid);

	EXPECT_EQ(answer_one(chid), scoid);
	client_steps(c, 1);
	expect_nothing_queued(chid, self);
	client_steps(c, 2);
	EXPECT_EQ(expect_pulse(chid, _PULSE_CODE_DISCONNECT).scoid, scoid);
	EXPECT_OK(ConnectDetach(scoid));
	EXPECT_ERRNO(ConnectDetach(scoid), EINVAL);
	STORE(c->step, 3);
	expect_exit(pid, 0);
	expect_nothing_queued(chid, self);
	EXPECT_OK(ConnectDetach(self));
	EXPECT_OK(ChannelDestroy(chid));
}

static void connect_once(void *arg)
{
	struct client *c = arg;

	EXPECT_OK(MsgSend(attach(c->server, c->chid), NULL, 0, NULL, 0));
	client_waits(c, 1);
}

TEST(a_scoid_is_reserved_until_the_server_detaches_it)
{
	struct client *c = shared_memory(12 * sizeof(*c));
	int chid = EXPECT_OK(ChannelCreate(_NTO_CHF_DISCONNECT)), scoids[12];
	struct _client_info info;

	for (int i = 0; i < 10; i++) {
		pid_t pid = client_new(&c[i], chid, connect_once);

		scoids[i] = answer_one(chid);
		for (int k = 0; k < i; k++)
			EXPECT_NE(scoids[i], scoids[k]);
		STORE(c[i].step, 1);
		expect_exit(pid, 0);
		EXPECT_EQ(expect_pulse(chid, _PULSE_CODE_DISCONNECT).scoid, scoids[i]);
	}
	for (int i = 0; i < 10; i++)
		EXPECT_OK(ConnectDetach(scoids[i]));
	for (int i = 0; i < 10; i++)
		EXPECT_ERRNO(ConnectClientInfo(scoids[i], &info, 0), EINVAL);
	EXPECT_OK(ChannelDestroy(chid));
}

TEST(scoids_that_are_detached_do_not_run_out)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);
	int most = 0;

	for (int i = 0; i < 200; i++) {
		int coid, scoid;

		EXPECT_OK(ConnectDetach(peer.coid));
		coid = attach(peer.pid, peer.chid);
		scoid = info_at(coid).scoid;
		most = scoid > most ? scoid : most;
		peer.coid = coid;
	}
	/* The pulse of the one before may be under way. */
	EXPECT_GE(order(peer.coid, ORDER_COUNT, _PULSE_CODE_DISCONNECT), 190);
	EXPECT_LT(most & 0xffff, 150);
	peer_end(&peer);
}

TEST(without_the_flag_no_disconnect_comes)
{
	struct client *c = shared_memory(sizeof(*c));
	int chid = EXPECT_OK(ChannelCreate(0)), self = attach(0, chid);
	pid_t pid = client_new(c, chid, connect_once);

	(void)answer_one(chid);
	STORE(c->step, 1);
	expect_exit(pid, 0);
	expect_nothing_queued(chid, self);
	expect_nothing_queued(chid, self);
	EXPECT_OK(ConnectDetach(self));
	EXPECT_OK(ChannelDestroy(chid));
}

TEST(a_client_that_connects_again_is_a_new_one)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);

	for (int i = 0; i < 50; i++) {
		expect_serves(peer.coid);
		EXPECT_OK(ConnectDetach(peer.coid));
		peer.coid = attach(peer.pid, peer.chid);
	}
	EVENTUALLY(order(peer.coid, ORDER_COUNT, _PULSE_CODE_DISCONNECT) == 50);
	peer_end(&peer);
}

static void come_again(void *arg)
{
	struct client *c = arg;

	for (int i = 0; i < 20; i++) {
		int coid = attach(c->server, c->chid);

		EXPECT_OK(MsgSendPulse(coid, -1, 2 * i, 0));
		/* Sometimes the server has seen all that, sometimes nothing. */
		if (i % 3)
			EXPECT_OK(MsgSend(coid, NULL, 0, NULL, 0));
		EXPECT_OK(MsgSendPulse(coid, -1, 2 * i + 1, 0));
		EXPECT_OK(ConnectDetach(coid));
	}
}

/* Of each visit: which client it was, and how much of it has come. */
struct visits {
	int scoids[20];
	int pulses[20];
	int ended;
};

static void visit_pulse(struct visits *v, const struct _pulse *pulse)
{
	int i = pulse->code / 2;

	EXPECT_EQ(pulse->code, 2 * i + v->pulses[i]++);
	if (v->pulses[i] == 1)
		v->scoids[i] = pulse->scoid;
	EXPECT_EQ(pulse->scoid, v->scoids[i]);
}

static void visit_ended(struct visits *v, int scoid)
{
	int i = 0;

	while (i < 20 && v->scoids[i] != scoid)
		i++;
	EXPECT_LT(i, 20);
	/* What it had sent before comes first, and nothing behind. */
	EXPECT_EQ(v->pulses[i], 2);
	v->ended++;
}

TEST(pulses_are_the_clients_that_its_process_was_when_it_sent_them)
{
	struct client *c = shared_memory(sizeof(*c));
	int chid = EXPECT_OK(ChannelCreate(_NTO_CHF_DISCONNECT)), self = attach(0, chid);
	pid_t pid = client_new(c, chid, come_again);
	struct visits v = {.ended = 0};
	struct _msg_info info;
	union mail mail;

	while (v.ended < 20) {
		int rcvid = EXPECT_OK(MsgReceive(chid, &mail, sizeof(mail), &info));

		if (rcvid > 0) {
			EXPECT_OK(MsgReply(rcvid, 0, NULL, 0));
		} else if (mail.pulse.code == _PULSE_CODE_DISCONNECT) {
			visit_ended(&v, mail.pulse.scoid);
		} else {
			visit_pulse(&v, &mail.pulse);
		}
	}
	expect_exit(pid, 0);
	for (int i = 0; i < 20; i++) {
		for (int k = 0; k < i; k++)
			EXPECT_NE(v.scoids[i], v.scoids[k]);
		EXPECT_OK(ConnectDetach(v.scoids[i]));
	}
	expect_nothing_queued(chid, self);
	EXPECT_OK(ConnectDetach(self));
	EXPECT_OK(ChannelDestroy(chid));
}

static int descriptors(pid_t pid)
{
	char path[64];
	DIR *dir;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	EXPECT(dir);
	while (readdir(dir))
		n++;
	EXPECT_OK(closedir(dir));
	return n;
}

TEST(who_comes_and_goes_leaves_no_descriptors)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);
	int here, there;

	expect_serves(peer.coid);
	here = descriptors(getpid());
	there = descriptors(peer.pid);
	for (int i = 0; i < 300; i++) {
		EXPECT_OK(ConnectDetach(peer.coid));
		peer.coid = attach(peer.pid, peer.chid);
		expect_serves(peer.coid);
	}
	/* The thread's signalfd is made at its first sleep, whenever that is. */
	EXPECT_LE(descriptors(getpid()), here + 1);
	/* The end of the one before may be under way. */
	EVENTUALLY(descriptors(peer.pid) == there);
	peer_end(&peer);
}

TEST(lanes_to_servers_that_are_left_do_not_add_up)
{
	int here = descriptors(getpid());

	for (int i = 0; i < 20; i++) {
		struct peer peer = peer_new(0);

		expect_serves(peer.coid);
		peer_end(&peer);
	}
	EXPECT_LT(descriptors(getpid()), here + 40);
}

/* ---- Detached under a thread that sends on it ---- */

TEST_WITH(detaching_ends_a_send_blocked_thread_with_ebadf, .threads = true)
{
	struct sender *s = senders_new(1);
	int chid = EXPECT_OK(ChannelCreate(0)), coid = attach(0, chid), self = attach(0, chid);

	sender_thread(s, coid);
	sender_blocks(s);
	EXPECT_OK(ConnectDetach(coid));
	sender_fails(s, EBADF);
	thread_ends(s->thread);
	expect_nothing_queued(chid, self);
	EXPECT_OK(ConnectDetach(self));
	EXPECT_OK(ChannelDestroy(chid));
}

TEST_WITH(detaching_asks_to_unblock_a_reply_blocked_thread, .threads = true)
{
	struct sender *s = senders_new(1);
	int chid = EXPECT_OK(ChannelCreate(_NTO_CHF_UNBLOCK)), coid = attach(0, chid), rcvid;
	union mail mail;

	sender_thread(s, coid);
	rcvid = expect_message(chid, &mail, NULL);
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_EQ(expect_pulse(chid, _PULSE_CODE_UNBLOCK).value.sival_int, rcvid);
	EXPECT(!LOAD(s->done));
	EXPECT_OK(MsgReply(rcvid, 9, NULL, 0));
	sender_returns(s);
	EXPECT_EQ(s->result, 9);
	thread_ends(s->thread);
	EXPECT_OK(ChannelDestroy(chid));
}

static void *connect_and_detach(void *arg)
{
	const struct peer *p = arg;

	for (int k = 0; k < 200; k++) {
		int coid = EXPECT_OK(
			ConnectAttach(0, p->pid, p->chid, k % 2 ? _NTO_SIDE_CHANNEL : 0, 0));

		EXPECT_EQ(order(coid, ORDER_STATUS, k), k);
		EXPECT_OK(ConnectDetach(coid));
	}
	return NULL;
}

TEST_WITH(threads_may_connect_and_detach_at_once, .threads = true)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		thread_runs(&threads[i], connect_and_detach, &peer);
	for (int i = 0; i < 4; i++)
		thread_ends(threads[i]);
	expect_serves(peer.coid);
	peer_end(&peer);
}

static void echo(int chid)
{
	char bytes[256];

	for (;;) {
		struct _msg_info info;
		int rcvid = MsgReceive(chid, bytes, sizeof(bytes), &info);

		if (rcvid > 0)
			(void)MsgReply(rcvid, EOK, bytes, (size_t)info.msglen);
	}
}

/* What it answers to a close is no word of its library's. */
TEST(a_server_that_echoes_all_is_reached_by_the_next_connection)
{
	struct peer peer = peer_that(_NTO_CHF_DISCONNECT, echo);

	EXPECT_OK(ConnectDetach(peer.coid));
	peer.coid = -1;
	for (int i = 0; i < 5; i++) {
		int coid = EXPECT_OK(ConnectAttach(0, peer.pid, peer.chid, 0, 0));
		char word[4] = "";

		EXPECT_EQ(MsgSend(coid, "abc", 4, word, sizeof(word)), 0);
		EXPECT_STR(word, "abc");
		EXPECT_OK(close(coid));
	}
	peer_end(&peer);
}
