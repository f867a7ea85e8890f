// SPDX-License-Identifier: Apache-2.0
/*
 * What may end a MsgSend() before its answer: signals, time limits, cancellation; and what
 * a server that has _NTO_CHF_UNBLOCK is asked instead. Fact: who is SEND-blocked always
 * leaves by itself.
 */
#include "message/kit.h"

struct server {
	int chid, self;
	struct sender *sender;
	union mail mail;
	struct _msg_info info;
	int rcvid;
};

static struct server server_new(unsigned flags)
{
	struct server s = {.chid = EXPECT_OK(ChannelCreate(flags)), .sender = senders_new(1)};

	s.self = attach(0, s.chid);
	s.sender->prepare = catch_usr1;
	return s;
}

/* A client that is REPLY-blocked. */
static struct server server_with_client(unsigned flags)
{
	struct server s = server_new(flags);

	sender_fork(s.sender, s.chid);
	s.rcvid = expect_message(s.chid, &s.mail, &s.info);
	EXPECT_EQ(s.info.flags & _NTO_MI_UNBLOCK_REQ, 0);
	sender_blocks(s.sender);
	return s;
}

static void server_end(struct server *s)
{
	if (s->sender->pid != getpid())
		sender_collect(s->sender);
	expect_nothing_queued(s->chid, s->self);
	EXPECT_OK(ConnectDetach(s->self));
	EXPECT_OK(ChannelDestroy(s->chid));
}

/* The server is asked, and the client waits. */
static void expect_asked(struct server *s)
{
	struct _msg_info info;
	struct _pulse pulse = expect_pulse(s->chid, _PULSE_CODE_UNBLOCK);

	EXPECT_EQ(pulse.value.sival_int, s->rcvid);
	EXPECT_EQ(pulse.scoid, s->info.scoid);
	EXPECT_OK(MsgInfo(s->rcvid, &info));
	EXPECT(info.flags & _NTO_MI_UNBLOCK_REQ);
	EXPECT_EQ(info.pid, s->info.pid);
	EXPECT(!LOAD(s->sender->done));
	EXPECT_EQ(LOAD(s->sender->signals), 0);
}

/* ---- Signals ---- */

static void send_blocked_leaves(unsigned flags)
{
	struct server s = server_new(flags);

	sender_fork(s.sender, s.chid);
	sender_poke(s.sender, SIGUSR1);
	sender_fails(s.sender, EINTR);
	EXPECT_GE(LOAD(s.sender->signals), 1);
	expect_nothing_queued(s.chid, s.self);
	server_end(&s);
}

TEST(a_signal_ends_a_send_blocked_send_unseen)
{
	send_blocked_leaves(0);
}

TEST(a_signal_ends_a_send_blocked_send_unseen_with_unblock)
{
	send_blocked_leaves(_NTO_CHF_UNBLOCK);
}

TEST(a_signal_ends_a_reply_blocked_send_and_the_reply_is_esrch)
{
	struct server s = server_with_client(0);

	EXPECT_OK(kill(s.sender->pid, SIGUSR1));
	sender_fails(s.sender, EINTR);
	EXPECT_EQ(LOAD(s.sender->signals), 1);
	EXPECT_ERRNO(MsgReply(s.rcvid, 0, "late", 4), ESRCH);
	EXPECT_ERRNO(MsgInfo(s.rcvid, &s.info), ESRCH);
	expect_all(s.sender->rmsg, sizeof(s.sender->rmsg), 0x77);
	server_end(&s);
}

static void catch_usr1_restarting(struct sender *s)
{
	sender_catches(s, SIGUSR1, SA_RESTART);
}

TEST(sa_restart_does_not_restart_a_send)
{
	struct server s = server_new(0);

	s.sender->prepare = catch_usr1_restarting;
	sender_fork(s.sender, s.chid);
	s.rcvid = expect_message(s.chid, &s.mail, NULL);
	EXPECT_OK(kill(s.sender->pid, SIGUSR1));
	sender_fails(s.sender, EINTR);
	server_end(&s);
}

TEST(with_unblock_a_signal_asks_and_the_answer_comes_before_the_handler)
{
	struct server s = server_with_client(_NTO_CHF_UNBLOCK);

	EXPECT_OK(kill(s.sender->pid, SIGUSR1));
	expect_asked(&s);
	STORE(s.sender->answered, true);
	EXPECT_OK(MsgReply(s.rcvid, 77, "answer", 6));
	sender_returns(s.sender);
	EXPECT_EQ(s.sender->result, 77);
	EXPECT_EQ(memcmp(s.sender->rmsg, "answer", 6), 0);
	expect_exit(s.sender->pid, 0);
	EXPECT_EQ(s.sender->signals, 1);
	EXPECT(s.sender->signal_saw_answer);
	expect_nothing_queued(s.chid, s.self);
	EXPECT_OK(ConnectDetach(s.self));
	EXPECT_OK(ChannelDestroy(s.chid));
}

TEST(with_unblock_the_server_is_asked_once)
{
	struct server s = server_with_client(_NTO_CHF_UNBLOCK);

	EXPECT_OK(kill(s.sender->pid, SIGUSR1));
	expect_asked(&s);
	for (int i = 0; i < 5; i++)
		EXPECT_OK(kill(s.sender->pid, SIGUSR1));
	sender_blocks(s.sender);
	expect_nothing_queued(s.chid, s.self);
	EXPECT_OK(MsgError(s.rcvid, EDOM));
	sender_fails(s.sender, EDOM);
	EVENTUALLY(LOAD(s.sender->signals) >= 1);
	server_end(&s);
}

TEST(msg_error_minus_1_after_a_signal_is_eintr)
{
	struct server s = server_with_client(_NTO_CHF_UNBLOCK);

	EXPECT_OK(kill(s.sender->pid, SIGUSR1));
	expect_asked(&s);
	EXPECT_OK(MsgError(s.rcvid, -1));
	sender_fails(s.sender, EINTR);
	server_end(&s);
}

TEST(with_unblock_a_deadly_signal_waits_for_the_answer)
{
	struct server s = server_with_client(_NTO_CHF_UNBLOCK);

	EXPECT_OK(kill(s.sender->pid, SIGTERM));
	expect_asked(&s);
	sender_blocks(s.sender);
	EXPECT_OK(MsgReply(s.rcvid, 0, NULL, 0));
	expect_killed(s.sender->pid, SIGTERM);
	expect_nothing_queued(s.chid, s.self);
	EXPECT_OK(ConnectDetach(s.self));
	EXPECT_OK(ChannelDestroy(s.chid));
}

static void send_three_times(struct sender *s)
{
	catch_usr1(s);
	/* The first two here, the last by who called. */
	for (int i = 0; i < 2; i++)
		(void)MsgSend(s->coid, s->smsg, s->sbytes, s->rmsg, s->rbytes);
}

TEST(unblock_req_is_of_one_message)
{
	struct server s = server_new(_NTO_CHF_UNBLOCK);

	s.sender->prepare = send_three_times;
	sender_fork(s.sender, s.chid);
	for (int i = 0; i < 3; i++) {
		s.rcvid = expect_message(s.chid, &s.mail, &s.info);
		EXPECT_EQ(s.info.flags & _NTO_MI_UNBLOCK_REQ, 0);
		EXPECT_OK(MsgInfo(s.rcvid, &s.info));
		EXPECT_EQ(s.info.flags & _NTO_MI_UNBLOCK_REQ, 0);
		if (i == 0) {
			EXPECT_OK(kill(s.info.pid, SIGUSR1));
			expect_asked(&s);
		}
		EXPECT_OK(MsgReply(s.rcvid, i, NULL, 0));
	}
	sender_returns(s.sender);
	EXPECT_EQ(s.sender->result, 2);
	server_end(&s);
}

TEST(a_server_may_ignore_the_question)
{
	struct server s = server_with_client(_NTO_CHF_UNBLOCK);
	char in[10];

	EXPECT_OK(kill(s.sender->pid, SIGUSR1));
	expect_asked(&s);
	/* The message is as good as before. */
	EXPECT_EQ(MsgRead(s.rcvid, in, 10, 5), 10);
	EXPECT_EQ(memcmp(in, s.sender->smsg + 5, 10), 0);
	EXPECT_EQ(MsgWrite(s.rcvid, "xy", 2, 30), 2);
	EXPECT_OK(MsgReply(s.rcvid, 1, "z", 1));
	sender_returns(s.sender);
	EXPECT_EQ(s.sender->result, 1);
	EXPECT_EQ(memcmp(s.sender->rmsg + 29, "\x77xy\x77", 4), 0);
	server_end(&s);
}

/* What ends no call ends no MsgSend() either. */
static void leave_alone(struct sender *s)
{
	sigset_t set = set_of(SIGUSR2);

	catch_usr1(s);
	(void)signal(SIGTERM, SIG_IGN);
	EXPECT_OK(sigprocmask(SIG_BLOCK, &set, NULL));
}

static void signals_that_end_nothing(unsigned flags)
{
	struct server s = server_new(flags);

	s.sender->prepare = leave_alone;
	sender_fork(s.sender, s.chid);
	s.rcvid = expect_message(s.chid, &s.mail, &s.info);
	sender_blocks(s.sender);
	EXPECT_OK(kill(s.sender->pid, SIGTERM));  /* ignored */
	EXPECT_OK(kill(s.sender->pid, SIGUSR2));  /* blocked */
	EXPECT_OK(kill(s.sender->pid, SIGWINCH)); /* ignored by default */
	EXPECT_OK(kill(s.sender->pid, SIGCONT));
	sender_blocks(s.sender);
	expect_nothing_queued(s.chid, s.self);
	EXPECT_OK(MsgInfo(s.rcvid, &s.info));
	EXPECT_EQ(s.info.flags & _NTO_MI_UNBLOCK_REQ, 0);
	EXPECT_OK(MsgReply(s.rcvid, 5, NULL, 0));
	sender_returns(s.sender);
	EXPECT_EQ(s.sender->result, 5);
	server_end(&s);
}

TEST(signals_that_are_ignored_or_blocked_do_not_end_a_send)
{
	signals_that_end_nothing(0);
}

TEST(signals_that_are_ignored_or_blocked_do_not_ask_the_server)
{
	signals_that_end_nothing(_NTO_CHF_UNBLOCK);
}

static void stop_and_continue(unsigned flags, bool received)
{
	struct server s = received ? server_with_client(flags) : server_new(flags);
	int status;

	if (!received)
		sender_fork(s.sender, s.chid);
	for (int i = 0; i < 2; i++) {
		sender_blocks(s.sender);
		EXPECT_OK(kill(s.sender->pid, SIGSTOP));
		EXPECT_EQ(waitpid(s.sender->pid, &status, WUNTRACED), s.sender->pid);
		EXPECT(WIFSTOPPED(status));
		EXPECT_OK(kill(s.sender->pid, SIGCONT));
		EVENTUALLY(state_of("/proc", s.sender->pid) != 'T');
	}
	sender_blocks(s.sender);
	if (!received)
		s.rcvid = expect_message(s.chid, &s.mail, &s.info);
	else
		expect_nothing_queued(s.chid, s.self);
	EXPECT_OK(MsgReply(s.rcvid, 6, NULL, 0));
	sender_returns(s.sender);
	EXPECT_EQ(s.sender->result, 6);
	server_end(&s);
}

TEST(stop_and_continue_do_not_end_a_send)
{
	stop_and_continue(0, true);
	stop_and_continue(0, false);
}

TEST(stop_and_continue_do_not_ask_the_server)
{
	stop_and_continue(_NTO_CHF_UNBLOCK, true);
	stop_and_continue(_NTO_CHF_UNBLOCK, false);
}

TEST(a_stopped_client_may_be_answered)
{
	struct server s = server_with_client(0);
	int status;

	EXPECT_OK(kill(s.sender->pid, SIGSTOP));
	EXPECT_EQ(waitpid(s.sender->pid, &status, WUNTRACED), s.sender->pid);
	EXPECT_OK(MsgReply(s.rcvid, 8, "abc", 3));
	EXPECT_OK(kill(s.sender->pid, SIGCONT));
	sender_returns(s.sender);
	EXPECT_EQ(s.sender->result, 8);
	EXPECT_EQ(memcmp(s.sender->rmsg, "abc", 3), 0);
	server_end(&s);
}

/* ---- A handler that sends itself ---- */

static struct peer peer_of_handler;
static int got_in_handler;

static void send_in_handler(int signo)
{
	int error = errno;

	(void)signo;
	got_in_handler = (int)order(peer_of_handler.coid, ORDER_STATUS, 31);
	errno = error;
}

static void catch_and_send(struct sender *s)
{
	struct sigaction action = {.sa_flags = 0};

	(void)s;
	peer_of_handler.coid = attach(peer_of_handler.pid, peer_of_handler.chid);
	action.sa_handler = send_in_handler;
	EXPECT_OK(sigaction(SIGUSR1, &action, NULL));
}

static long send_and_tell_of_handler(int coid, const void *smsg, size_t sbytes, void *rmsg,
				     size_t rbytes)
{
	long result = MsgSend(coid, smsg, sbytes, rmsg, rbytes);

	if (got_in_handler != 31)
		return -2;
	return result;
}

TEST(a_signal_handler_may_send_while_a_send_is_interrupted)
{
	struct server s = server_new(0);

	peer_of_handler = peer_new(0);
	s.sender->prepare = catch_and_send;
	s.sender->send = send_and_tell_of_handler;
	sender_fork(s.sender, s.chid);
	s.rcvid = expect_message(s.chid, &s.mail, NULL);
	sender_blocks(s.sender);
	EXPECT_OK(kill(s.sender->pid, SIGUSR1));
	sender_fails(s.sender, EINTR);
	EXPECT_ERRNO(MsgReply(s.rcvid, 0, NULL, 0), ESRCH);
	server_end(&s);
	peer_end(&peer_of_handler);
}

TEST(a_signal_handler_may_send_after_an_unblock_was_answered)
{
	struct server s = server_new(_NTO_CHF_UNBLOCK);

	peer_of_handler = peer_new(0);
	s.sender->prepare = catch_and_send;
	s.sender->send = send_and_tell_of_handler;
	sender_fork(s.sender, s.chid);
	s.rcvid = expect_message(s.chid, &s.mail, &s.info);
	sender_blocks(s.sender);
	EXPECT_OK(kill(s.sender->pid, SIGUSR1));
	expect_asked(&s);
	EXPECT_OK(MsgReply(s.rcvid, 90, NULL, 0));
	sender_returns(s.sender);
	EXPECT_EQ(s.sender->result, 90);
	server_end(&s);
	peer_end(&peer_of_handler);
}

/* ---- Time limits ---- */

#define SOON_NS 30000000u

static long send_for_a_while(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes)
{
	const uint64_t ns = SOON_NS;

	if (TimerTimeout(CLOCK_MONOTONIC, _NTO_TIMEOUT_SEND | _NTO_TIMEOUT_REPLY, NULL, &ns,
			 NULL) == -1)
		return -3;
	return MsgSend(coid, smsg, sbytes, rmsg, rbytes);
}

static struct server server_timed(unsigned flags)
{
	struct server s = server_new(flags);

	s.sender->send = send_for_a_while;
	sender_fork(s.sender, s.chid);
	return s;
}

TEST(with_unblock_a_time_limit_asks_and_the_answer_counts)
{
	struct server s = server_timed(_NTO_CHF_UNBLOCK);

	s.rcvid = expect_message(s.chid, &s.mail, &s.info);
	expect_asked(&s);
	EXPECT_OK(MsgReply(s.rcvid, 12, "x", 1));
	sender_returns(s.sender);
	EXPECT_EQ(s.sender->result, 12);
	server_end(&s);
}

TEST(msg_error_minus_1_after_a_time_limit_is_etimedout)
{
	struct server s = server_timed(_NTO_CHF_UNBLOCK);

	s.rcvid = expect_message(s.chid, &s.mail, &s.info);
	expect_asked(&s);
	EXPECT_OK(MsgError(s.rcvid, -1));
	sender_fails(s.sender, ETIMEDOUT);
	server_end(&s);
}

TEST(a_time_limit_ends_a_send_blocked_send_unseen_even_with_unblock)
{
	struct server s = server_timed(_NTO_CHF_UNBLOCK);

	sender_fails(s.sender, ETIMEDOUT);
	expect_nothing_queued(s.chid, s.self);
	server_end(&s);
}

/* ---- Cancellation ---- */

/* A thread that sends in a process whose main thread cancels it when told. */
struct cancelled {
	struct sender *sender;
	bool cancel, sent_cancel, ended, was_cancelled;
	int cancel_state;
};

static void *send_cancellable(void *arg)
{
	struct cancelled *c = arg;
	struct sender *s = c->sender;

	(void)pthread_setcancelstate(c->cancel_state, NULL);
	s->pid = getpid();
	sender_sends(s);
	(void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	pthread_testcancel();
	return NULL;
}

static void cancel_the_sender(void *arg)
{
	struct cancelled *c = arg;
	pthread_t thread;
	void *result;

	c->sender->coid = attach(c->sender->server, c->sender->chid);
	thread_runs(&thread, send_cancellable, c);
	while (!LOAD(c->cancel))
		a_moment();
	EXPECT_EQ(pthread_cancel(thread), 0);
	STORE(c->sent_cancel, true);
	EXPECT_EQ(pthread_join(thread, &result), 0);
	c->was_cancelled = result == PTHREAD_CANCELED;
	STORE(c->ended, true);
	/* The process and its connection are well. */
	EXPECT_EQ(MsgSend(c->sender->coid, "again", 5, NULL, 0), 5);
}

static struct cancelled *cancelled_new(struct server *s)
{
	struct cancelled *c = shared_memory(sizeof(*c));

	c->sender = s->sender;
	s->sender->server = getpid();
	s->sender->chid = s->chid;
	return c;
}

static void cancelled_end(struct cancelled *c, struct server *s, pid_t pid)
{
	EVENTUALLY(LOAD(c->ended));
	EXPECT(c->was_cancelled);
	s->rcvid = expect_message(s->chid, &s->mail, NULL);
	EXPECT_EQ(memcmp(s->mail.bytes, "again", 5), 0);
	EXPECT_OK(MsgReply(s->rcvid, 5, NULL, 0));
	expect_exit(pid, 0);
	s->sender->pid = getpid();
	server_end(s);
}

static void cancel_send_blocked(unsigned flags)
{
	struct server s = server_new(flags);
	struct cancelled *c = cancelled_new(&s);
	pid_t pid = child_runs(cancel_the_sender, c);

	sender_blocks(s.sender);
	STORE(c->cancel, true);
	EVENTUALLY(LOAD(c->ended));
	EXPECT(!LOAD(s.sender->done));
	cancelled_end(c, &s, pid);
}

TEST_WITH(cancelling_a_send_blocked_thread_withdraws_its_message, .threads = true)
{
	cancel_send_blocked(0);
	cancel_send_blocked(_NTO_CHF_UNBLOCK);
}

TEST_WITH(cancelling_a_reply_blocked_thread_ends_it, .threads = true)
{
	struct server s = server_new(0);
	struct cancelled *c = cancelled_new(&s);
	pid_t pid = child_runs(cancel_the_sender, c);

	s.rcvid = expect_message(s.chid, &s.mail, NULL);
	STORE(c->cancel, true);
	EVENTUALLY(LOAD(c->ended));
	EXPECT(!LOAD(s.sender->done));
	EXPECT_ERRNO(MsgReply(s.rcvid, 0, "late", 4), ESRCH);
	cancelled_end(c, &s, pid);
}

TEST_WITH(with_unblock_cancelling_asks_the_server, .threads = true)
{
	struct server s = server_new(_NTO_CHF_UNBLOCK);
	struct cancelled *c = cancelled_new(&s);
	pid_t pid = child_runs(cancel_the_sender, c);

	s.rcvid = expect_message(s.chid, &s.mail, &s.info);
	STORE(c->cancel, true);
	expect_asked(&s);
	EXPECT(!LOAD(c->ended));
	EXPECT_OK(MsgReply(s.rcvid, 3, NULL, 0));
	cancelled_end(c, &s, pid);
}

static void not_cancelled(unsigned flags, bool nc)
{
	struct server s = server_new(flags);
	struct cancelled *c = cancelled_new(&s);
	pid_t pid;

	if (nc)
		s.sender->send = MsgSendnc;
	else
		c->cancel_state = PTHREAD_CANCEL_DISABLE;
	pid = child_runs(cancel_the_sender, c);
	s.rcvid = expect_message(s.chid, &s.mail, NULL);
	STORE(c->cancel, true);
	EVENTUALLY(LOAD(c->sent_cancel));
	sender_blocks(s.sender);
	expect_nothing_queued(s.chid, s.self);
	EXPECT(!LOAD(s.sender->done));
	EXPECT_OK(MsgReply(s.rcvid, 14, NULL, 0));
	sender_returns(s.sender);
	EXPECT_EQ(s.sender->result, 14);
	cancelled_end(c, &s, pid);
}

TEST_WITH(the_nc_forms_are_no_cancellation_points, .threads = true)
{
	not_cancelled(0, true);
	not_cancelled(_NTO_CHF_UNBLOCK, true);
}

TEST_WITH(a_thread_that_disables_cancellation_is_not_cancelled, .threads = true)
{
	not_cancelled(0, false);
	not_cancelled(_NTO_CHF_UNBLOCK, false);
}

/* ---- All at random ---- */

static int caught;

static void count_caught(int signo)
{
	(void)signo;
	caught++;
}

static long random_send(int coid, unsigned *state, int64_t i)
{
	const struct order o = {ORDER_TYPE, 0, ORDER_ECHO, i, 0};
	const uint64_t ns = (uint64_t)rand_r(state) % 60000;
	int64_t both[8];
	long got;

	memcpy(both, &o, sizeof(o));
	for (int k = sizeof(o) / 8; k < 8; k++)
		both[k] = i * k;
	if (rand_r(state) % 2)
		EXPECT_OK(TimerTimeout(CLOCK_MONOTONIC, _NTO_TIMEOUT_SEND | _NTO_TIMEOUT_REPLY,
				       NULL, &ns, NULL));
	got = MsgSend(coid, both, sizeof(both), both, sizeof(both));
	if (got == -1) {
		if (errno != ETIMEDOUT && errno != EINTR)
			FAIL("MsgSend says %s", strerror(errno));
		return 0;
	}
	EXPECT_EQ(got, i);
	for (int k = sizeof(o) / 8; k < 8; k++)
		EXPECT_EQ(both[k - sizeof(o) / 8], i * k);
	return 1;
}

struct withdrawer {
	struct peer *peer;
	unsigned seed;
	int seconds;
	long answered, left;
};

static void withdraw_at_random(void *arg)
{
	struct withdrawer *w = arg;
	int coid = attach(w->peer->pid, w->peer->chid);
	const long long end = now_ms() + w->seconds * 1000LL;
	unsigned state = w->seed;

	for (int64_t i = 1; now_ms() < end; i++) {
		if (random_send(coid, &state, i))
			w->answered++;
		else
			w->left++;
	}
}

TEST_WITH(withdrawals_at_random_mix_no_replies, .soak = true)
{
	const int seconds = harness_seconds(3);
	struct peer peer = peer_new(0);
	struct withdrawer *w = shared_memory(3 * sizeof(*w));
	pid_t pids[3];
	unsigned state = 1;
	struct sigaction action = {.sa_flags = 0};

	/* The children's, before a signal can come. */
	action.sa_handler = count_caught;
	EXPECT_OK(sigaction(SIGUSR1, &action, NULL));
	for (int i = 0; i < 3; i++) {
		w[i] = (struct withdrawer){&peer, (unsigned)i + 1, seconds, 0, 0};
		pids[i] = child_runs(withdraw_at_random, &w[i]);
	}
	for (const long long end = now_ms() + seconds * 900LL; now_ms() < end;) {
		(void)kill(pids[(unsigned)rand_r(&state) % 3], SIGUSR1);
		(void)poll(NULL, 0, (int)((unsigned)rand_r(&state) % 3));
	}
	for (int i = 0; i < 3; i++) {
		expect_exit(pids[i], 0);
		EXPECT_GT(w[i].answered, 0);
		EXPECT_GT(w[i].left, 0);
	}
	expect_serves(peer.coid);
	peer_end(&peer);
}
