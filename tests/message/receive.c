// SPDX-License-Identifier: Apache-2.0
/* MsgReceive(): what comes when, what is told of it, and who may answer. */
#include "message/kit.h"

/* ---- The buffer ---- */

TEST(a_receive_buffer_smaller_than_a_pulse_is_efault)
{
	struct channel c = channel_new(0);
	char small[sizeof(struct _pulse)];
	iov_t parts[2];

	EXPECT_ERRNO(MsgReceive(c.chid, small, sizeof(small) - 1, NULL), EFAULT);
	EXPECT_ERRNO(MsgReceive(c.chid, NULL, 0, NULL), EFAULT);
	EXPECT_ERRNO(MsgReceivePulse(c.chid, small, sizeof(small) - 1, NULL), EFAULT);
	EXPECT_R(MsgReceive_r(c.chid, small, 1, NULL), -EFAULT);
	SETIOV(&parts[0], small, 8);
	SETIOV(&parts[1], small + 8, sizeof(small) - 9);
	EXPECT_ERRNO(MsgReceivev(c.chid, parts, 2, NULL), EFAULT);
	EXPECT_ERRNO(MsgReceivePulsev(c.chid, parts, 2, NULL), EFAULT);
	EXPECT_OK(MsgSendPulse(c.self, -1, 1, 9));
	EXPECT_ERRNO(MsgReceive(c.chid, small, sizeof(small) - 1, NULL), EFAULT);
	SETIOV(&parts[1], small + 8, sizeof(small) - 8);
	EXPECT_EQ(MsgReceivev(c.chid, parts, 2, NULL), 0);
	EXPECT_EQ(((struct _pulse *)(void *)small)->value.sival_int, 9);
	channel_end(&c);
}

TEST(a_receive_buffer_that_is_not_there_loses_no_message)
{
	struct channel c = channel_new(0);
	struct sender *s = senders_new(1);
	union mail mail;
	int rcvid;

	needs_faults();
	sender_fork(s, c.chid);
	sender_blocks(s);
	EXPECT_EQ(MsgReceive(c.chid, NOWHERE, 100, NULL), -1);
	EXPECT(errno == EFAULT || errno == ESRVRFAULT);
	/* Either it was lost for the client, who is told, or it waits yet. */
	EXPECT_OK(MsgSendPulse(c.self, 1, 126, 0));
	rcvid = EXPECT_OK(MsgReceive(c.chid, &mail, sizeof(mail), NULL));
	if (rcvid > 0) {
		EXPECT_OK(MsgReply(rcvid, 0, NULL, 0));
		(void)expect_pulse(c.chid, 126);
		sender_returns(s);
		EXPECT_EQ(s->result, 0);
	} else {
		sender_fails(s, ESRVRFAULT);
	}
	sender_collect(s);
	channel_end(&c);
}

/* ---- What is told ---- */

TEST(msg_info_tells_all_of_a_message)
{
	struct channel c = channel_new(_NTO_CHF_SENDER_LEN | _NTO_CHF_REPLY_LEN);
	struct sender *s = senders_new(1);
	struct _msg_info info, again;
	char in[40];
	int rcvid;

	s->sbytes = 100;
	s->rbytes = 37;
	sender_fork(s, c.chid);
	memset(&info, 0x5a, sizeof(info));
	rcvid = EXPECT_OK(MsgReceive(c.chid, in, sizeof(in), &info));
	EXPECT_GT(rcvid, 0);
	EXPECT_EQ(info.nd, 0);
	EXPECT_EQ(info.srcnd, 0);
	EXPECT_EQ(info.pid, s->pid);
	EXPECT_EQ(info.tid, LOAD(s->tid));
	EXPECT_EQ(info.chid, c.chid);
	EXPECT_GT(info.scoid, 0);
	EXPECT_EQ(info.coid, s->coid);
	EXPECT_EQ(info.priority, 10);
	EXPECT_EQ(info.flags & _NTO_MI_UNBLOCK_REQ, 0);
	EXPECT_EQ(info.flags & (_NTO_MI_ENDIAN_BIG | _NTO_MI_ENDIAN_DIFF), 0);
	EXPECT_EQ(info.msglen, 40);
	EXPECT_EQ(info.srcmsglen, 100);
	EXPECT_EQ(info.dstmsglen, 37);
	memset(&again, 0xa5, sizeof(again));
	EXPECT_OK(MsgInfo(rcvid, &again));
	EXPECT_EQ(again.pid, info.pid);
	EXPECT_EQ(again.tid, info.tid);
	EXPECT_EQ(again.chid, info.chid);
	EXPECT_EQ(again.scoid, info.scoid);
	EXPECT_EQ(again.coid, info.coid);
	EXPECT_EQ(again.priority, info.priority);
	EXPECT_EQ(again.srcmsglen, 100);
	EXPECT_EQ(again.dstmsglen, 37);
	EXPECT_OK(MsgReply(rcvid, 0, NULL, 0));
	EXPECT_ERRNO(MsgInfo(rcvid, &again), ESRCH);
	EXPECT_R(MsgInfo_r(rcvid, &again), ESRCH);
	sender_collect(s);
	channel_end(&c);
}

TEST_WITH(a_thread_of_the_own_process_is_a_client_as_any, .threads = true)
{
	struct channel c = channel_new(0);
	struct sender *s = senders_new(1);
	struct _msg_info info;
	union mail mail;
	int rcvid;

	sender_thread(s, c.self);
	rcvid = expect_message(c.chid, &mail, &info);
	EXPECT_EQ(memcmp(mail.bytes, s->smsg, 64), 0);
	EXPECT_EQ(info.pid, getpid());
	EXPECT_EQ(info.tid, LOAD(s->tid));
	EXPECT_EQ(info.coid, c.self);
	EXPECT_OK(MsgReply(rcvid, 21, "answer", 6));
	thread_ends(s->thread);
	EXPECT_EQ(s->result, 21);
	EXPECT_EQ(memcmp(s->rmsg, "answer", 6), 0);
	channel_end(&c);
}

TEST(the_info_is_optional_and_left_alone_by_a_pulse)
{
	struct channel c = channel_new(0);
	struct sender *s = senders_new(1);
	struct _msg_info info;
	union mail mail;
	int rcvid;

	needs_faults();
	memset(&info, 0x5a, sizeof(info));
	EXPECT_OK(MsgSendPulse(c.self, -1, 4, 1));
	EXPECT_EQ(MsgReceive(c.chid, &mail, sizeof(mail), &info), 0);
	expect_all(&info, sizeof(info), 0x5a);
	sender_fork(s, c.chid);
	rcvid = EXPECT_OK(MsgReceive(c.chid, &mail, sizeof(mail), NULL));
	EXPECT_OK(MsgInfo(rcvid, &info));
	EXPECT_EQ(info.pid, s->pid);
	EXPECT_ERRNO(MsgInfo(rcvid, NOWHERE), EFAULT);
	EXPECT_OK(MsgReply(rcvid, 0, NULL, 0));
	sender_collect(s);
	channel_end(&c);
}

TEST(a_message_of_type_0_is_no_pulse)
{
	struct channel c = channel_new(0);
	struct sender *s = senders_new(1);
	union mail mail;
	int rcvid;

	memset(s->smsg, 0, sizeof(s->smsg));
	sender_fork(s, c.chid);
	memset(&mail, 0x77, sizeof(mail));
	rcvid = expect_message(c.chid, &mail, NULL);
	EXPECT_EQ(mail.pulse.type, 0);
	EXPECT_OK(MsgReply(rcvid, 0, NULL, 0));
	sender_collect(s);
	channel_end(&c);
}

/* ---- Receive ids ---- */

TEST(a_rcvid_is_answered_once)
{
	struct channel c = channel_new(0);
	struct sender *s = senders_new(1);
	char byte;
	union mail mail;
	int rcvid;

	sender_fork(s, c.chid);
	rcvid = expect_message(c.chid, &mail, NULL);
	EXPECT_OK(MsgReply(rcvid, 1, NULL, 0));
	EXPECT_ERRNO(MsgReply(rcvid, 2, NULL, 0), ESRCH);
	EXPECT_R(MsgReply_r(rcvid, 2, NULL, 0), -ESRCH);
	EXPECT_ERRNO(MsgReplyv(rcvid, 2, NULL, 0), ESRCH);
	EXPECT_ERRNO(MsgError(rcvid, EPERM), ESRCH);
	EXPECT_R(MsgError_r(rcvid, EPERM), ESRCH);
	EXPECT_ERRNO(MsgRead(rcvid, &byte, 1, 0), ESRCH);
	EXPECT_ERRNO(MsgWrite(rcvid, &byte, 1, 0), ESRCH);
	EXPECT_ERRNO(MsgCurrent(rcvid), ESRCH);
	EXPECT_R(MsgCurrent_r(rcvid), ESRCH);
	sender_returns(s);
	EXPECT_EQ(s->result, 1);
	sender_collect(s);
	channel_end(&c);
}

TEST(what_is_no_rcvid_is_esrch)
{
	struct channel c = channel_new(0);
	const int bad[] = {0, -1, 1, 12345, INT_MAX, INT_MIN, 0x01010101};
	struct _msg_info info;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT_ERRNO(MsgReply(bad[i], 0, "x", 1), ESRCH);
		EXPECT_ERRNO(MsgError(bad[i], EPERM), ESRCH);
		EXPECT_ERRNO(MsgInfo(bad[i], &info), ESRCH);
		EXPECT_ERRNO(MsgRead(bad[i], &info, 1, 0), ESRCH);
		EXPECT_ERRNO(MsgWrite(bad[i], &info, 1, 0), ESRCH);
		EXPECT_ERRNO(MsgCurrent(bad[i]), ESRCH);
	}
	channel_end(&c);
}

static void send_many(void *arg)
{
	struct sender *s = arg;
	int coid = attach(s->server, s->chid);

	for (int i = 0; i < s->rounds; i++)
		EXPECT_EQ(MsgSend(coid, &i, sizeof(i), NULL, 0), i);
}

TEST(a_stale_rcvid_does_not_answer_the_next_message)
{
	struct channel c = channel_new(0);
	struct sender *s = senders_new(1);
	int rcvid, before = 0, value;
	pid_t pid;

	s->server = getpid();
	s->chid = c.chid;
	s->rounds = 500;
	pid = child_runs(send_many, s);
	for (int i = 0; i < s->rounds; i++) {
		char in[64];

		rcvid = EXPECT_OK(MsgReceive(c.chid, in, sizeof(in), NULL));
		EXPECT_GT(rcvid, 0);
		memcpy(&value, in, sizeof(value));
		EXPECT_EQ(value, i);
		/* The documents let the same number come again; another number must be dead. */
		if (before && before != rcvid) {
			EXPECT_ERRNO(MsgReply(before, 99999, NULL, 0), ESRCH);
			EXPECT_ERRNO(MsgRead(before, in, 1, 0), ESRCH);
		}
		EXPECT_OK(MsgReply(rcvid, i, NULL, 0));
		EXPECT_ERRNO(MsgReply(rcvid, 99999, NULL, 0), ESRCH);
		before = rcvid;
	}
	expect_exit(pid, 0);
	channel_end(&c);
}

TEST(rcvids_that_are_held_differ_and_may_be_answered_in_any_order)
{
	enum { N = 24 };
	struct channel c = channel_new(0);
	struct sender *s = senders_new(N);
	struct {
		int rcvid;
		pid_t pid;
	} held[N];
	struct _msg_info info;
	union mail mail;

	for (int i = 0; i < N; i++)
		sender_fork(&s[i], c.chid);
	for (int i = 0; i < N; i++) {
		held[i].rcvid = expect_message(c.chid, &mail, &info);
		held[i].pid = info.pid;
		for (int k = 0; k < i; k++) {
			EXPECT_NE(held[k].rcvid, held[i].rcvid);
			EXPECT_NE(held[k].pid, held[i].pid);
		}
	}
	for (int i = 0, at = 0; i < N; i++, at = (at + 7) % N)
		EXPECT_OK(MsgReply(held[at].rcvid, held[at].pid, &held[at].pid, sizeof(pid_t)));
	for (int i = 0; i < N; i++) {
		sender_returns(&s[i]);
		EXPECT_EQ(s[i].result, s[i].pid);
		EXPECT_EQ(memcmp(s[i].rmsg, &s[i].pid, sizeof(pid_t)), 0);
		sender_collect(&s[i]);
	}
	channel_end(&c);
}

static void *reply_in_thread(void *arg)
{
	const int rcvid = *(const int *)arg;
	char in[4];

	EXPECT_EQ(MsgRead(rcvid, in, 4, 8), 4);
	EXPECT_EQ(MsgWrite(rcvid, "late", 4, 10), 4);
	EXPECT_OK(MsgReply(rcvid, 44, in, 4));
	return NULL;
}

TEST_WITH(any_thread_may_answer, .threads = true)
{
	struct channel c = channel_new(0);
	struct sender *s = senders_new(1);
	union mail mail;
	pthread_t thread;
	int rcvid;

	sender_fork(s, c.chid);
	rcvid = expect_message(c.chid, &mail, NULL);
	thread_runs(&thread, reply_in_thread, &rcvid);
	thread_ends(thread);
	sender_returns(s);
	EXPECT_EQ(s->result, 44);
	EXPECT_EQ(memcmp(s->rmsg, s->smsg + 8, 4), 0);
	EXPECT_EQ(memcmp(s->rmsg + 10, "late", 4), 0);
	sender_collect(s);
	channel_end(&c);
}

static void reply_in_child(void *arg)
{
	const int rcvid = *(const int *)arg;

	EXPECT_ERRNO(MsgReply(rcvid, 0, NULL, 0), ESRCH);
	EXPECT_ERRNO(MsgError(rcvid, EPERM), ESRCH);
}

TEST(no_other_process_may_answer)
{
	struct channel c = channel_new(0);
	struct sender *s = senders_new(1);
	union mail mail;
	int rcvid;

	sender_fork(s, c.chid);
	rcvid = expect_message(c.chid, &mail, NULL);
	expect_exit(child_runs(reply_in_child, &rcvid), 0);
	EXPECT(!LOAD(s->done));
	EXPECT_OK(MsgReply(rcvid, 6, NULL, 0));
	sender_returns(s);
	EXPECT_EQ(s->result, 6);
	sender_collect(s);
	channel_end(&c);
}

/* ---- Order ---- */

TEST(messages_and_pulses_wait_in_one_queue_by_priority)
{
	struct channel c = channel_new(0);
	struct sender *s = senders_new(1);
	union mail mail;
	int rcvid;

	s->warms = true;
	sender_fork(s, c.chid);
	sender_blocks(s);
	EXPECT_OK(MsgSendPulse(c.self, 9, 1, 0));
	EXPECT_OK(MsgSendPulse(c.self, 11, 2, 0));
	EXPECT_OK(MsgSendPulse(c.self, 60, 3, 0));
	EXPECT_OK(MsgSendPulse(c.self, 10, 4, 0)); /* the message's own, but later */
	(void)expect_pulse(c.chid, 3);
	(void)expect_pulse(c.chid, 2);
	rcvid = expect_message(c.chid, &mail, NULL);
	EXPECT_OK(MsgReply(rcvid, 0, NULL, 0));
	(void)expect_pulse(c.chid, 4);
	(void)expect_pulse(c.chid, 1);
	sender_collect(s);
	channel_end(&c);
}

TEST(messages_of_one_priority_come_first_in_first_out)
{
	enum { N = 6 };
	struct channel c = channel_new(0);
	struct sender *s = senders_new(N);
	struct _msg_info info;
	union mail mail;
	int rcvid;

	/* Each blocks before the next one is there: nobody has received yet. */
	for (int i = 0; i < N; i++) {
		sender_fork(&s[i], c.chid);
		sender_blocks(&s[i]);
	}
	for (int i = 0; i < N; i++) {
		rcvid = expect_message(c.chid, &mail, &info);
		EXPECT_EQ(info.pid, s[i].pid);
		EXPECT_OK(MsgReply(rcvid, 0, NULL, 0));
	}
	for (int i = 0; i < N; i++)
		sender_collect(&s[i]);
	channel_end(&c);
}

/* ---- Pulses only ---- */

TEST(msg_receive_pulse_leaves_messages_where_they_are)
{
	struct channel c = channel_new(0);
	struct sender *s = senders_new(1);
	struct _msg_info info;
	struct _pulse pulse;
	union mail mail;
	iov_t part;

	SETIOV(&part, &pulse, sizeof(pulse));
	sender_fork(s, c.chid);
	sender_blocks(s);
	for (int i = 0; i < 3; i++) {
		EXPECT_OK(MsgSendPulse(c.self, 1 + i, 8, i));
		memset(&info, 0x5a, sizeof(info));
		if (i == 0)
			EXPECT_EQ(MsgReceivePulse(c.chid, &pulse, sizeof(pulse), &info), 0);
		else if (i == 1)
			EXPECT_EQ(MsgReceivePulsev(c.chid, &part, 1, &info), 0);
		else
			EXPECT_R(MsgReceivePulse_r(c.chid, &pulse, sizeof(pulse), &info), 0);
		EXPECT_EQ(pulse.code, 8);
		EXPECT_EQ(pulse.value.sival_int, i);
		expect_all(&info, sizeof(info), 0x5a);
	}
	EXPECT(!LOAD(s->done));
	EXPECT_OK(MsgReply(expect_message(c.chid, &mail, NULL), 0, NULL, 0));
	sender_collect(s);
	channel_end(&c);
}

/* ---- Several receivers ---- */

struct worker {
	pthread_t thread;
	pid_t pid, tid;
	int chid;
	int messages;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	union mail mail;

	w->pid = getpid();
	STORE(w->tid, gettid());
	for (;;) {
		int rcvid = EXPECT_OK(MsgReceive(w->chid, &mail, sizeof(mail), NULL));

		if (rcvid == 0)
			return NULL; /* a pulse ends one of them */
		w->messages++;
		EXPECT_OK(MsgReply(rcvid, mail.order.a, &mail.order.b, sizeof(mail.order.b)));
	}
}

struct burst {
	pid_t server;
	int chid;
};

static void send_burst(void *arg)
{
	const struct burst *b = arg;
	int coid = attach(b->server, b->chid);

	for (int64_t i = 1; i <= 400; i++) {
		const struct order o = {ORDER_TYPE, 0, 0, i, i * getpid()};
		int64_t reply = 0;

		EXPECT_EQ(MsgSend(coid, &o, sizeof(o), &reply, sizeof(reply)), i);
		EXPECT_EQ(reply, i * getpid());
	}
}

TEST_WITH(threads_receive_on_one_channel_each_message_once, .threads = true)
{
	struct channel c = channel_new(0);
	struct burst burst = {getpid(), c.chid};
	struct worker w[4] = {0};
	pid_t clients[6];
	int sum = 0;

	for (int i = 0; i < 6; i++)
		clients[i] = child_runs(send_burst, &burst);
	for (int i = 0; i < 4; i++) {
		w[i].chid = c.chid;
		thread_runs(&w[i].thread, work, &w[i]);
	}
	for (int i = 0; i < 6; i++)
		expect_exit(clients[i], 0);
	for (int i = 0; i < 4; i++)
		EXPECT_OK(MsgSendPulse(c.self, -1, 1, 0));
	for (int i = 0; i < 4; i++) {
		thread_ends(w[i].thread);
		sum += w[i].messages;
	}
	EXPECT_EQ(sum, 6 * 400);
	channel_end(&c);
}

TEST_WITH(a_pulse_wakes_one_receiver, .threads = true)
{
	struct channel c = channel_new(0);
	struct worker w[3] = {0};

	for (int i = 0; i < 3; i++) {
		w[i].chid = c.chid;
		thread_runs(&w[i].thread, work, &w[i]);
	}
	for (int left = 3; left > 0; left--) {
		int alive = 0;

		for (int i = 0; i < 3; i++)
			if (w[i].thread)
				expect_rests(&w[i].pid, &w[i].tid);
		EXPECT_OK(MsgSendPulse(c.self, -1, 1, 0));
		EVENTUALLY(({
			alive = 0;
			for (int i = 0; i < 3; i++) {
				if (w[i].thread && pthread_tryjoin_np(w[i].thread, NULL) == 0)
					w[i].thread = 0;
				alive += w[i].thread != 0;
			}
			alive < left;
		}));
		EXPECT_EQ(alive, left - 1);
	}
	channel_end(&c);
}

static void *one_message_of_each(void *arg)
{
	const struct channel *c = arg;
	union mail mail;
	int rcvid = expect_message(c->chid, &mail, NULL);

	EXPECT_OK(MsgReply(rcvid, 1, NULL, 0));
	return NULL;
}

TEST_WITH(one_thread_may_receive_on_channel_after_channel, .threads = true)
{
	struct channel a = channel_new(0), b = channel_new(0);
	pthread_t thread;

	for (int i = 0; i < 10; i++) {
		struct channel *now = i % 2 ? &a : &b;

		thread_runs(&thread, one_message_of_each, now);
		EXPECT_EQ(MsgSend(now->self, "x", 1, NULL, 0), 1);
		thread_ends(thread);
		EXPECT_OK(MsgSendPulse(now->self, -1, 1, i));
		EXPECT_EQ(expect_pulse(now->chid, 1).value.sival_int, i);
	}
	channel_end(&a);
	channel_end(&b);
}

/* ---- Interrupted ---- */

struct interrupted {
	pid_t pid, tid;
	int results[2], errors[2], handled;
};

static struct interrupted *interrupted;

static void count_signal(int signo)
{
	(void)signo;
	__atomic_add_fetch(&interrupted->handled, 1, __ATOMIC_ACQ_REL);
}

static void receive_and_be_interrupted(void *arg)
{
	struct sigaction action = {.sa_flags = SA_RESTART};
	int chid = EXPECT_OK(ChannelCreate(0));
	union mail mail;

	interrupted = arg;
	action.sa_handler = count_signal;
	EXPECT_OK(sigaction(SIGUSR1, &action, NULL));
	interrupted->pid = getpid();
	STORE(interrupted->tid, gettid());
	for (int i = 0; i < 2; i++) {
		interrupted->results[i] = i ? MsgReceivePulse(chid, &mail, sizeof(mail), NULL) :
					      MsgReceive(chid, &mail, sizeof(mail), NULL);
		interrupted->errors[i] = errno;
	}
}

TEST(a_signal_ends_a_receive_with_eintr)
{
	struct interrupted *i = shared_memory(sizeof(*i));
	pid_t pid = child_runs(receive_and_be_interrupted, i);

	expect_rests(&pid, &i->tid);
	EVENTUALLY(kill(pid, SIGUSR1) == 0 && is_zombie(pid));
	expect_exit(pid, 0);
	EXPECT_GE(LOAD(i->handled), 2);
	for (int k = 0; k < 2; k++) {
		EXPECT_EQ(i->results[k], -1);
		EXPECT_EQ(i->errors[k], EINTR);
	}
}

static void receive_and_be_stopped(void *arg)
{
	struct interrupted *i = arg;
	int chid = EXPECT_OK(ChannelCreate(0)), coid = attach(0, chid);
	union mail mail;

	i->handled = coid;
	i->results[0] = chid;
	STORE(i->tid, gettid());
	i->results[1] = MsgReceive(chid, &mail, sizeof(mail), NULL);
	i->errors[1] = errno;
	EXPECT_EQ(i->results[1], 0);
	EXPECT_EQ(mail.pulse.code, 19);
}

TEST(stop_and_continue_do_not_end_a_receive)
{
	struct interrupted *i = shared_memory(sizeof(*i));
	pid_t pid = child_runs(receive_and_be_stopped, i);
	int status, coid;

	for (int k = 0; k < 3; k++) {
		expect_rests(&pid, &i->tid);
		EXPECT_OK(kill(pid, SIGSTOP));
		EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
		EXPECT(WIFSTOPPED(status));
		EXPECT_OK(kill(pid, SIGCONT));
		EVENTUALLY(state_of("/proc", pid) != 'T');
	}
	expect_rests(&pid, &i->tid);
	coid = attach(pid, LOAD(i->results[0]));
	EXPECT_OK(MsgSendPulse(coid, -1, 19, 0));
	expect_exit(pid, 0);
	EXPECT_OK(ConnectDetach(coid));
}

static void *receive_until_cancelled(void *arg)
{
	struct worker *w = arg;
	union mail mail;

	w->pid = getpid();
	STORE(w->tid, gettid());
	(void)MsgReceive(w->chid, &mail, sizeof(mail), NULL);
	return NULL;
}

TEST_WITH(receiving_is_a_cancellation_point, .threads = true)
{
	struct channel c = channel_new(0);
	struct worker w = {.chid = c.chid};
	void *result;

	for (int i = 0; i < 5; i++) {
		w.tid = 0;
		thread_runs(&w.thread, receive_until_cancelled, &w);
		expect_rests(&w.pid, &w.tid);
		EXPECT_EQ(pthread_cancel(w.thread), 0);
		EXPECT_EQ(pthread_join(w.thread, &result), 0);
		EXPECT(result == PTHREAD_CANCELED);
	}
	/* Nothing is held by the dead. */
	EXPECT_OK(MsgSendPulse(c.self, -1, 3, 0));
	(void)expect_pulse(c.chid, 3);
	channel_end(&c);
}

/* ---- Priorities ---- */

TEST(a_receiver_takes_over_the_priority_of_what_it_receives)
{
	struct channel c = channel_new(0);
	struct sender *s = senders_new(1);
	struct _msg_info info;
	union mail mail;
	int rcvid;

	EXPECT_OK(setprio(0, 25)); /* the child's, too */
	sender_fork(s, c.chid);
	EXPECT_OK(setprio(0, 7));
	rcvid = expect_message(c.chid, &mail, &info);
	EXPECT_EQ(info.priority, 25);
	EXPECT_EQ(getprio(0), 25);
	EXPECT_OK(MsgSendPulse(c.self, 3, 1, 0));
	(void)expect_pulse(c.chid, 1);
	EXPECT_EQ(getprio(0), 3);
	EXPECT_OK(MsgCurrent(rcvid));
	EXPECT_EQ(getprio(0), 25);
	EXPECT_OK(setprio(0, 8));
	EXPECT_R(MsgCurrent_r(rcvid), 0);
	EXPECT_OK(MsgReply(rcvid, 0, NULL, 0));
	EXPECT_EQ(getprio(0), 25);
	sender_collect(s);
	channel_end(&c);
}

TEST(on_a_channel_of_fixed_priority_a_receiver_keeps_its_own)
{
	struct channel c = channel_new(_NTO_CHF_FIXED_PRIORITY);

	EXPECT_OK(MsgSendPulse(c.self, 30, 1, 0));
	(void)expect_pulse(c.chid, 1);
	EXPECT_EQ(getprio(0), 10);
	channel_end(&c);
}

TEST(msg_pause_is_enosys)
{
	EXPECT_ERRNO(MsgPause(1, 0), ENOSYS);
	EXPECT_R(MsgPause_r(1, 0), ENOSYS);
}
