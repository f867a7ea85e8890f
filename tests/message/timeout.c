// SPDX-License-Identifier: Apache-2.0
/*
 * TimerTimeout() with messages. Times here are lower bounds or far away: a limit is either
 * passed on purpose or never reached.
 */
#include "message/kit.h"

#define SHORT_NS 20000000ull
#define FAR_NS   1000000000000ull

#define SEND    _NTO_TIMEOUT_SEND
#define REPLY   _NTO_TIMEOUT_REPLY
#define RECEIVE _NTO_TIMEOUT_RECEIVE

static void limit(int flags, uint64_t ns)
{
	EXPECT_OK(TimerTimeout(CLOCK_MONOTONIC, flags, NULL, &ns, NULL));
}

static void poll_only(int flags)
{
	EXPECT_OK(TimerTimeout(CLOCK_MONOTONIC, flags, NULL, NULL, NULL));
}

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* ---- SEND and REPLY ---- */

TEST(a_limit_of_send_ends_what_nobody_receives)
{
	struct channel c = channel_new(0);
	long long begin = now_ns();

	limit(SEND, SHORT_NS);
	EXPECT_ERRNO(MsgSend(c.self, "x", 1, NULL, 0), ETIMEDOUT);
	EXPECT_GE(now_ns() - begin, SHORT_NS);
	limit(SEND | REPLY, SHORT_NS);
	EXPECT_R(MsgSend_r(c.self, "x", 1, NULL, 0), -ETIMEDOUT);
	channel_end(&c);
}

TEST(a_poll_ends_a_send_that_would_block)
{
	struct channel c = channel_new(0);

	poll_only(SEND);
	EXPECT_ERRNO(MsgSend(c.self, "x", 1, NULL, 0), ETIMEDOUT);
	poll_only(SEND | REPLY);
	EXPECT_ERRNO(MsgSend(c.self, "x", 1, NULL, 0), ETIMEDOUT);
	channel_end(&c);
}

TEST(a_limit_of_reply_ends_what_is_not_answered)
{
	struct peer peer = peer_new(0);
	long long begin = now_ns();

	limit(REPLY, SHORT_NS);
	EXPECT_ERRNO(order(peer.coid, ORDER_HOLD, 0), ETIMEDOUT);
	EXPECT_GE(now_ns() - begin, SHORT_NS);
	/* The server's answer to it is refused. */
	EXPECT_EQ(order(peer.coid, ORDER_RELEASE, 0), 0);
	peer_end(&peer);
}

static void answer_after_the_limit(int chid)
{
	union mail mail;
	int rcvid = expect_message(chid, &mail, NULL);
	const long long end = now_ns() + 4 * (long long)SHORT_NS;

	while (now_ns() < end)
		a_moment();
	EXPECT_OK(MsgReply(rcvid, 24, NULL, 0));
	pause();
}

TEST(a_limit_of_send_is_none_of_reply)
{
	struct peer peer = peer_that(0, answer_after_the_limit);

	limit(SEND, SHORT_NS);
	EXPECT_EQ(MsgSend(peer.coid, "x", 1, NULL, 0), 24);
	peer_end(&peer);
}

TEST(a_limit_that_is_not_reached_changes_nothing)
{
	struct peer peer = peer_new(0);

	for (int i = 0; i < 100; i++) {
		limit(SEND | REPLY, FAR_NS);
		expect_serves(peer.coid);
	}
	peer_end(&peer);
}

TEST(a_limit_is_for_one_call)
{
	struct peer peer = peer_that(0, answer_after_the_limit), other = peer_new(0);

	limit(SEND | REPLY | RECEIVE, SHORT_NS);
	/* Taken by a call that did not need it. */
	EXPECT_EQ(order(other.coid, ORDER_STATUS, 3), 3);
	EXPECT_EQ(MsgSend(peer.coid, "x", 1, NULL, 0), 24);
	peer_end(&peer);
	peer_end(&other);
}

TEST(flags_0_cancels_a_limit)
{
	struct peer peer = peer_that(0, answer_after_the_limit);

	limit(SEND | REPLY, SHORT_NS);
	EXPECT_OK(TimerTimeout(CLOCK_MONOTONIC, 0, NULL, NULL, NULL));
	EXPECT_EQ(MsgSend(peer.coid, "x", 1, NULL, 0), 24);
	peer_end(&peer);
}

TEST(a_second_limit_replaces_the_first_and_answers_its_flags)
{
	struct channel c = channel_new(0);
	const uint64_t far = FAR_NS, soon = SHORT_NS;

	EXPECT_EQ(TimerTimeout(CLOCK_MONOTONIC, SEND | REPLY, NULL, &far, NULL), 0);
	EXPECT_EQ(TimerTimeout(CLOCK_MONOTONIC, SEND, NULL, &soon, NULL), SEND | REPLY);
	EXPECT_ERRNO(MsgSend(c.self, "x", 1, NULL, 0), ETIMEDOUT);
	channel_end(&c);
}

/* ---- RECEIVE ---- */

TEST(a_limit_of_receive_ends_it)
{
	struct channel c = channel_new(0);
	union mail mail;
	long long begin = now_ns();

	limit(RECEIVE, SHORT_NS);
	EXPECT_ERRNO(MsgReceive(c.chid, &mail, sizeof(mail), NULL), ETIMEDOUT);
	EXPECT_GE(now_ns() - begin, SHORT_NS);
	limit(RECEIVE, SHORT_NS);
	EXPECT_R(MsgReceivePulse_r(c.chid, &mail, sizeof(mail), NULL), -ETIMEDOUT);
	channel_end(&c);
}

TEST(a_poll_takes_what_is_there_and_nothing_else)
{
	struct channel c = channel_new(0);
	union mail mail;

	poll_only(RECEIVE);
	EXPECT_ERRNO(MsgReceive(c.chid, &mail, sizeof(mail), NULL), ETIMEDOUT);
	EXPECT_OK(MsgSendPulse(c.self, -1, 1, 5));
	poll_only(RECEIVE);
	EXPECT_EQ(MsgReceive(c.chid, &mail, sizeof(mail), NULL), 0);
	EXPECT_EQ(mail.pulse.value.sival_int, 5);
	poll_only(RECEIVE);
	EXPECT_ERRNO(MsgReceive(c.chid, &mail, sizeof(mail), NULL), ETIMEDOUT);
	channel_end(&c);
}

TEST(a_poll_finds_a_message_of_another_process)
{
	struct channel c = channel_new(0);
	struct sender *s = senders_new(1);
	union mail mail;
	int rcvid;

	sender_fork(s, c.chid);
	sender_blocks(s);
	poll_only(RECEIVE);
	rcvid = expect_message(c.chid, &mail, NULL);
	EXPECT_OK(MsgReply(rcvid, 0, NULL, 0));
	sender_collect(s);
	channel_end(&c);
}

/* A receiver that got something without blocking has used its limit up. */
struct once {
	pid_t pid, tid;
	int chid;
	int results[2];
};

static void receive_twice(void *arg)
{
	struct once *o = arg;
	int chid = EXPECT_OK(ChannelCreate(0)), self = attach(0, chid);
	union mail mail;

	EXPECT_OK(MsgSendPulse(self, -1, 1, 0));
	limit(RECEIVE, SHORT_NS);
	o->results[0] = MsgReceive(chid, &mail, sizeof(mail), NULL);
	STORE(o->chid, chid);
	STORE(o->tid, gettid());
	o->results[1] = MsgReceive(chid, &mail, sizeof(mail), NULL);
}

TEST(a_limit_of_receive_is_for_one_call)
{
	struct once *o = shared_memory(sizeof(*o));
	pid_t pid = child_runs(receive_twice, o);
	const long long end = now_ns() + 4 * (long long)SHORT_NS;
	int coid;

	expect_rests(&pid, &o->tid);
	while (now_ns() < end)
		a_moment();
	expect_rests(&pid, &o->tid);
	coid = attach(pid, o->chid);
	EXPECT_OK(MsgSendPulse(coid, -1, 1, 0));
	expect_exit(pid, 0);
	EXPECT_EQ(o->results[0], 0);
	EXPECT_EQ(o->results[1], 0);
	EXPECT_OK(ConnectDetach(coid));
}

TEST(an_absolute_limit_is_a_point_in_time)
{
	struct channel c = channel_new(0);
	union mail mail;
	uint64_t at = (uint64_t)now_ns() + SHORT_NS;

	EXPECT_OK(TimerTimeout(CLOCK_MONOTONIC, RECEIVE | TIMER_ABSTIME, NULL, &at, NULL));
	EXPECT_ERRNO(MsgReceive(c.chid, &mail, sizeof(mail), NULL), ETIMEDOUT);
	EXPECT_GE(now_ns(), at);
	/* Long gone. */
	EXPECT_OK(TimerTimeout(CLOCK_MONOTONIC, RECEIVE | TIMER_ABSTIME, NULL, &at, NULL));
	EXPECT_ERRNO(MsgReceive(c.chid, &mail, sizeof(mail), NULL), ETIMEDOUT);
	channel_end(&c);
}

/* ---- Events ---- */

TEST(only_sigev_unblock_ends_the_call)
{
	struct channel c = channel_new(0);
	struct sigevent event;
	const uint64_t ns = SHORT_NS;
	union mail mail;

	SIGEV_PULSE_INT_INIT(&event, c.self, 20, 99, 5);
	EXPECT_OK(TimerTimeout(CLOCK_MONOTONIC, RECEIVE, &event, &ns, NULL));
	/* It goes on, and it is the pulse itself that it receives. */
	EXPECT_EQ(MsgReceive(c.chid, &mail, sizeof(mail), NULL), 0);
	EXPECT_EQ(mail.pulse.code, 99);
	EXPECT_EQ(mail.pulse.value.sival_int, 5);
	SIGEV_UNBLOCK_INIT(&event);
	EXPECT_OK(TimerTimeout(CLOCK_MONOTONIC, RECEIVE, &event, &ns, NULL));
	EXPECT_ERRNO(MsgReceive(c.chid, &mail, sizeof(mail), NULL), ETIMEDOUT);
	channel_end(&c);
}

TEST(a_pulse_at_the_limit_does_not_end_a_send)
{
	struct peer peer = peer_that(0, answer_after_the_limit);
	struct channel c = channel_new(0);
	struct sigevent event;
	const uint64_t ns = SHORT_NS;

	SIGEV_PULSE_INT_INIT(&event, c.self, 20, 98, 6);
	EXPECT_OK(TimerTimeout(CLOCK_MONOTONIC, SEND | REPLY, &event, &ns, NULL));
	EXPECT_EQ(MsgSend(peer.coid, "x", 1, NULL, 0), 24);
	EXPECT_EQ(expect_pulse(c.chid, 98).value.sival_int, 6);
	channel_end(&c);
	peer_end(&peer);
}

static void *never_limited(void *arg)
{
	const struct channel *c = arg;
	union mail mail;

	EXPECT_EQ(MsgReceive(c->chid, &mail, sizeof(mail), NULL), 0);
	return NULL;
}

TEST_WITH(a_limit_is_of_its_thread, .threads = true)
{
	struct channel c = channel_new(0), other = channel_new(0);
	pthread_t thread;
	union mail mail;

	limit(RECEIVE, SHORT_NS);
	thread_runs(&thread, never_limited, &other);
	EXPECT_ERRNO(MsgReceive(c.chid, &mail, sizeof(mail), NULL), ETIMEDOUT);
	EXPECT_OK(MsgSendPulse(other.self, -1, 1, 0));
	thread_ends(thread);
	channel_end(&c);
	channel_end(&other);
}

/* What is left behind of each fills a socket at last. */
TEST(limits_hold_however_many_have_run_out)
{
	static char much[8000];
	struct channel c = channel_new(0);

	memset(much, 0x21, sizeof(much));
	for (int i = 0; i < 60; i++) {
		limit(SEND, 1000000);
		EXPECT_ERRNO(MsgSend(c.self, much, sizeof(much), NULL, 0), ETIMEDOUT);
	}
	/* Not even a pulse finds room now. */
	EXPECT_OK(ConnectDetach(c.self));
	EXPECT_OK(ChannelDestroy(c.chid));
}
