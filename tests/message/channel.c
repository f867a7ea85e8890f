// SPDX-License-Identifier: Apache-2.0
/* Channels: making and destroying them, whose they are, what their flags allow. */
#include "message/kit.h"

TEST(channels_have_ids_of_their_own_from_1_on)
{
	int a = EXPECT_OK(ChannelCreate(0)), b = EXPECT_OK(ChannelCreate(0));
	int c = ChannelCreate_r(0);

	EXPECT_GE(a, 1);
	EXPECT_GE(b, 1);
	EXPECT_GE(c, 1);
	EXPECT(a != b && b != c && a != c);
	EXPECT_EQ(ChannelDestroy(b), 0);
	EXPECT_R(ChannelDestroy_r(a), 0);
	EXPECT_OK(ChannelDestroy(c));
}

TEST(destroying_what_is_no_channel_is_einval)
{
	int chid = EXPECT_OK(ChannelCreate(0));

	EXPECT_ERRNO(ChannelDestroy(chid + 1000), EINVAL);
	EXPECT_ERRNO(ChannelDestroy(0), EINVAL);
	EXPECT_ERRNO(ChannelDestroy(-1), EINVAL);
	EXPECT_ERRNO(ChannelDestroy(INT_MAX), EINVAL);
	EXPECT_ERRNO(ChannelDestroy(INT_MIN), EINVAL);
	EXPECT_OK(ChannelDestroy(chid));
	EXPECT_ERRNO(ChannelDestroy(chid), EINVAL);
	EXPECT_R(ChannelDestroy_r(chid), EINVAL);
}

TEST(receiving_on_no_channel_is_esrch)
{
	int chid = EXPECT_OK(ChannelCreate(0));
	union mail mail;
	iov_t part;

	SETIOV(&part, &mail, sizeof(mail));
	EXPECT_OK(ChannelDestroy(chid));
	EXPECT_ERRNO(MsgReceive(chid, &mail, sizeof(mail), NULL), ESRCH);
	EXPECT_ERRNO(MsgReceivev(chid + 1000, &part, 1, NULL), ESRCH);
	EXPECT_ERRNO(MsgReceivePulse(0, &mail, sizeof(mail), NULL), ESRCH);
	EXPECT_R(MsgReceive_r(INT_MAX, &mail, sizeof(mail), NULL), -ESRCH);
	EXPECT_R(MsgReceivePulse_r(-5, &mail, sizeof(mail), NULL), -ESRCH);
}

TEST(thread_death_and_coid_disconnect_belong_to_one_channel)
{
	const unsigned first[] = {_NTO_CHF_COID_DISCONNECT, _NTO_CHF_THREAD_DEATH,
				  _NTO_CHF_COID_DISCONNECT | _NTO_CHF_THREAD_DEATH};
	int again;

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		int one = EXPECT_OK(ChannelCreate(first[i])), other;

		EXPECT_ERRNO(ChannelCreate(_NTO_CHF_COID_DISCONNECT), EBUSY);
		EXPECT_ERRNO(ChannelCreate(_NTO_CHF_THREAD_DEATH | _NTO_CHF_DISCONNECT), EBUSY);
		EXPECT_R(ChannelCreate_r(_NTO_CHF_COID_DISCONNECT), -EBUSY);
		other = EXPECT_OK(ChannelCreate(_NTO_CHF_DISCONNECT | _NTO_CHF_UNBLOCK));
		EXPECT_OK(ChannelDestroy(other));
		EXPECT_OK(ChannelDestroy(one));
	}
	again = EXPECT_OK(ChannelCreate(_NTO_CHF_COID_DISCONNECT));
	EXPECT_OK(ChannelDestroy(again));
}

TEST(asynchronous_channels_are_enotsup)
{
	EXPECT_ERRNO(ChannelCreate(_NTO_CHF_ASYNC), ENOTSUP);
	EXPECT_R(ChannelCreate_r(_NTO_CHF_ASYNC | _NTO_CHF_ASYNC_NONBLOCK), -ENOTSUP);
}

TEST(channels_with_every_other_flag_work)
{
	const unsigned flags = _NTO_CHF_FIXED_PRIORITY | _NTO_CHF_UNBLOCK | _NTO_CHF_DISCONNECT |
			       _NTO_CHF_SENDER_LEN | _NTO_CHF_REPLY_LEN | _NTO_CHF_PRIVATE |
			       _NTO_CHF_THREAD_DEATH | _NTO_CHF_COID_DISCONNECT;
	int chid = EXPECT_OK(ChannelCreate(flags));
	int coid = attach(0, chid);

	EXPECT_OK(MsgSendPulse(coid, -1, 5, 55));
	EXPECT_EQ(expect_pulse(chid, 5).value.sival_int, 55);
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_OK(ChannelDestroy(chid));
}

TEST(flags_without_effect_are_accepted)
{
	const unsigned flags = _NTO_CHF_NET_MSG | _NTO_CHF_STICKY | _NTO_CHF_PULSE_POOL |
			       _NTO_CHF_MSG_PAUSING | _NTO_CHF_SIG_RESTART |
			       _NTO_CHF_INHERIT_RUNMASK | _NTO_CHF_UNBLOCK_TIMER;
	int chid = EXPECT_OK(ChannelCreate(flags)), coid = attach(0, chid);

	EXPECT_OK(MsgSendPulse(coid, -1, 5, 55));
	EXPECT_EQ(expect_pulse(chid, 5).value.sival_int, 55);
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_OK(ChannelDestroy(chid));
}

TEST(a_channel_with_a_pulse_pool_is_a_channel)
{
	struct nto_channel_config config = {.num_pulses = 10};
	int chid = EXPECT_OK(ChannelCreatePulsePool(_NTO_CHF_DISCONNECT, &config));
	int other = ChannelCreatePulsePool_r(0, &config), coid = attach(0, chid);

	EXPECT_GE(other, 1);
	EXPECT_OK(MsgSendPulse(coid, -1, 5, 55));
	EXPECT_EQ(expect_pulse(chid, 5).value.sival_int, 55);
	EXPECT_ERRNO(ChannelCreatePulsePool(0, NULL), EINVAL);
	EXPECT_R(ChannelCreatePulsePool_r(0, NULL), -EINVAL);
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_OK(ChannelDestroy(chid));
	EXPECT_OK(ChannelDestroy(other));
}

static int open_files(void)
{
	int n = 0;

	for (int fd = 0; fd < 20000; fd++)
		n += syscall(SYS_fcntl, fd, F_GETFD) >= 0;
	return n;
}

TEST(a_channel_leaves_nothing_behind)
{
	int most = 0, before = 0;

	for (int i = 0; i < 3000; i++) {
		int chid = EXPECT_OK(ChannelCreate(_NTO_CHF_DISCONNECT | _NTO_CHF_UNBLOCK));
		int coid = attach(0, chid);

		EXPECT_OK(MsgSendPulse(coid, -1, 1, i));
		EXPECT_EQ(expect_pulse(chid, 1).value.sival_int, i);
		if (i % 2)
			EXPECT_OK(ConnectDetach(coid));
		EXPECT_OK(ChannelDestroy(chid));
		if (i % 2 == 0)
			EXPECT_OK(ConnectDetach(coid));
		most = chid > most ? chid : most;
		if (i == 10)
			before = open_files();
	}
	EXPECT_EQ(open_files(), before);
	/* An id is a small number: it is used again. */
	EXPECT_LT(most, 1000);
}

TEST(a_connection_to_a_destroyed_channel_does_not_reach_its_successor)
{
	struct peer other = peer_new(0);
	int old = EXPECT_OK(ChannelCreate(0)), chid;
	int coid = attach(0, old), self;

	EXPECT_OK(ChannelDestroy(old));
	for (int i = 0; i < 20; i++) {
		chid = EXPECT_OK(ChannelCreate(0));
		EXPECT_ERRNO(MsgSendPulse(coid, -1, 1, 1), EBADF);
		EXPECT_ERRNO(MsgSend(coid, "x", 1, NULL, 0), EBADF);
		self = attach(0, chid);
		expect_nothing_queued(chid, self);
		EXPECT_OK(ConnectDetach(self));
		EXPECT_OK(ChannelDestroy(chid));
	}
	EXPECT_OK(ConnectDetach(coid));
	expect_serves(other.coid);
	peer_end(&other);
}

TEST(a_hundred_channels_do_not_mix)
{
	enum { N = 100 };
	int chids[N], coids[N];

	for (int i = 0; i < N; i++) {
		chids[i] = EXPECT_OK(ChannelCreate(0));
		coids[i] = attach(0, chids[i]);
	}
	for (int i = 0; i < N; i++)
		EXPECT_OK(MsgSendPulse(coids[i], -1, 3, i));
	for (int i = N - 1; i >= 0; i--)
		EXPECT_EQ(expect_pulse(chids[i], 3).value.sival_int, i);
	for (int i = 0; i < N; i++) {
		EXPECT_OK(ConnectDetach(coids[i]));
		EXPECT_OK(ChannelDestroy(chids[i]));
	}
}

static void be_refused(void *arg)
{
	const int *where = arg;

	EXPECT_ERRNO(ConnectAttach(0, where[0], where[1], _NTO_SIDE_CHANNEL, 0), EPERM);
	EXPECT_ERRNO(ConnectAttach(0, where[0], where[1], 0, 0), EPERM);
	EXPECT_R(ConnectAttach_r(0, where[0], where[1], _NTO_SIDE_CHANNEL, 0), -EPERM);
}

TEST(a_private_channel_is_eperm_for_other_processes)
{
	int chid = EXPECT_OK(ChannelCreate(_NTO_CHF_PRIVATE));
	int where[] = {getpid(), chid};
	int coid = attach(0, chid);

	expect_exit(child_runs(be_refused, where), 0);
	EXPECT_OK(MsgSendPulse(coid, -1, 5, 1));
	(void)expect_pulse(chid, 5);
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_OK(ChannelDestroy(chid));
}

static void have_no_channels(void *arg)
{
	int chid = *(int *)arg, own, coid;
	union mail mail;

	EXPECT_ERRNO(MsgReceive(chid, &mail, sizeof(mail), NULL), ESRCH);
	EXPECT_ERRNO(ChannelDestroy(chid), EINVAL);
	EXPECT_ERRNO(ConnectAttach(0, 0, chid, _NTO_SIDE_CHANNEL, 0), ESRCH);
	/* The parent claimed COID_DISCONNECT, not the child. */
	own = EXPECT_OK(ChannelCreate(_NTO_CHF_COID_DISCONNECT));
	coid = attach(0, own);
	EXPECT_OK(MsgSendPulse(coid, -1, 5, 77));
	EXPECT_EQ(expect_pulse(own, 5).value.sival_int, 77);
}

TEST(a_forked_child_has_none_of_its_parents_channels)
{
	int chid = EXPECT_OK(ChannelCreate(_NTO_CHF_COID_DISCONNECT | _NTO_CHF_DISCONNECT));
	int coid = attach(0, chid);

	EXPECT_OK(MsgSendPulse(coid, -1, 5, 66));
	expect_exit(child_runs(have_no_channels, &chid), 0);
	EXPECT_EQ(expect_pulse(chid, 5).value.sival_int, 66);
	EXPECT_OK(MsgSendPulse(coid, -1, 5, 67));
	EXPECT_EQ(expect_pulse(chid, 5).value.sival_int, 67);
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_OK(ChannelDestroy(chid));
}

static void *make_channel(void *ret)
{
	*(int *)ret = ChannelCreate(0);
	return NULL;
}

TEST_WITH(a_channel_outlives_the_thread_that_made_it, .threads = true)
{
	pthread_t thread;
	int chid = -1, coid;

	thread_runs(&thread, make_channel, &chid);
	thread_ends(thread);
	coid = attach(0, EXPECT_OK(chid));
	EXPECT_OK(MsgSendPulse(coid, -1, 5, 1));
	(void)expect_pulse(chid, 5);
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_OK(ChannelDestroy(chid));
}

/* ---- Destroyed while somebody is blocked on it ---- */

struct receiver {
	pthread_t thread;
	pid_t pid, tid;
	int chid, result, error;
	bool done, pulses_only;
};

static void *receive_in_thread(void *arg)
{
	struct receiver *r = arg;
	union mail mail;

	r->pid = getpid();
	STORE(r->tid, gettid());
	r->result =
		(r->pulses_only ? MsgReceivePulse : MsgReceive)(r->chid, &mail, sizeof(mail), NULL);
	r->error = errno;
	STORE(r->done, true);
	return NULL;
}

TEST_WITH(destroying_a_channel_ends_its_receivers_with_esrch, .threads = true)
{
	struct receiver r[3] = {0};
	int chid = EXPECT_OK(ChannelCreate(0));

	for (int i = 0; i < 3; i++) {
		r[i].chid = chid;
		r[i].pulses_only = i == 2;
		thread_runs(&r[i].thread, receive_in_thread, &r[i]);
	}
	for (int i = 0; i < 3; i++)
		expect_rests(&r[i].pid, &r[i].tid);
	EXPECT_OK(ChannelDestroy(chid));
	for (int i = 0; i < 3; i++) {
		thread_ends(r[i].thread);
		EXPECT_EQ(r[i].result, -1);
		EXPECT_EQ(r[i].error, ESRCH);
	}
}

static void destroy_under_clients(unsigned flags, bool received)
{
	struct sender *s = senders_new(2);
	int chid = EXPECT_OK(ChannelCreate(flags)), rcvid[2];
	union mail mail;

	for (int i = 0; i < 2; i++) {
		sender_fork(&s[i], chid);
		if (received)
			rcvid[i] = expect_message(chid, &mail, NULL);
	}
	for (int i = 0; i < 2; i++)
		sender_blocks(&s[i]);
	EXPECT_OK(ChannelDestroy(chid));
	for (int i = 0; i < 2; i++) {
		sender_fails(&s[i], ESRCH);
		if (received)
			EXPECT_ERRNO(MsgReply(rcvid[i], 0, NULL, 0), ESRCH);
		sender_collect(&s[i]);
	}
}

TEST(destroying_a_channel_ends_send_blocked_clients_with_esrch)
{
	destroy_under_clients(0, false);
	destroy_under_clients(_NTO_CHF_UNBLOCK, false);
}

TEST(destroying_a_channel_ends_reply_blocked_clients_with_esrch)
{
	destroy_under_clients(0, true);
	destroy_under_clients(_NTO_CHF_UNBLOCK | _NTO_CHF_DISCONNECT, true);
}

TEST(a_connection_to_a_destroyed_channel_is_dead_until_it_is_detached)
{
	struct peer peer = peer_new(0);
	struct _server_info info;

	EXPECT_ERRNO(order(peer.coid, ORDER_DESTROY, 0), ESRCH);
	EXPECT_ERRNO(order(peer.coid, ORDER_STATUS, 1), EBADF);
	EXPECT_ERRNO(MsgSendPulse(peer.coid, -1, 1, 1), EBADF);
	EXPECT_EQ(ConnectServerInfo(0, peer.coid, &info), peer.coid);
	EXPECT(info.flags & _NTO_COF_DEAD);
	EXPECT_NE(ConnectServerInfo(0, peer.coid, NULL), peer.coid);
	EXPECT_OK(ConnectDetach(peer.coid));
	EXPECT_ERRNO(ConnectDetach(peer.coid), EINVAL);
	peer.coid = -1;
	peer_end(&peer);
}

TEST(pulses_that_wait_go_with_their_channel)
{
	int chid = EXPECT_OK(ChannelCreate(0)), coid = attach(0, chid), next, self;

	for (int i = 0; i < 20; i++)
		EXPECT_OK(MsgSendPulse(coid, -1, 1, i));
	EXPECT_OK(ChannelDestroy(chid));
	next = EXPECT_OK(ChannelCreate(0));
	self = attach(0, next);
	expect_nothing_queued(next, self);
	EXPECT_OK(ConnectDetach(self));
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_OK(ChannelDestroy(next));
}
