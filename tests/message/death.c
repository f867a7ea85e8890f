// SPDX-License-Identifier: Apache-2.0
/* Ends of servers, clients and threads, and who is told of them. */
#include "message/kit.h"

#include <process.h>

/* ---- The server dies ---- */

static void receive_and_hold(int chid)
{
	union mail mail;

	for (;;)
		(void)MsgReceive(chid, &mail, sizeof(mail), NULL);
}

static void never_receive(int chid)
{
	(void)chid;
	for (;;)
		pause();
}

static void server_dies(unsigned flags, void (*body)(int chid), int signo)
{
	enum { N = 3 };
	struct peer peer = peer_that(flags, body);
	struct sender *s = senders_new(N);

	for (int i = 0; i < N; i++) {
		s[i].server = peer.pid;
		s[i].chid = peer.chid;
		s[i].pid = child_runs(sender_in_process, &s[i]);
	}
	for (int i = 0; i < N; i++)
		sender_blocks(&s[i]);
	EXPECT_OK(kill(peer.pid, signo));
	for (int i = 0; i < N; i++) {
		sender_fails(&s[i], ESRCH);
		sender_collect(&s[i]);
	}
	EXPECT_ERRNO(MsgSend(peer.coid, "x", 1, NULL, 0), EBADF);
	peer_end(&peer);
}

TEST(reply_blocked_clients_of_a_killed_server_get_esrch)
{
	server_dies(0, receive_and_hold, SIGKILL);
	server_dies(_NTO_CHF_UNBLOCK | _NTO_CHF_DISCONNECT, receive_and_hold, SIGKILL);
}

TEST(send_blocked_clients_of_a_killed_server_get_esrch)
{
	server_dies(0, never_receive, SIGKILL);
	server_dies(_NTO_CHF_UNBLOCK | _NTO_CHF_DISCONNECT, never_receive, SIGTERM);
}

TEST(clients_of_a_server_that_exits_get_esrch_then_ebadf)
{
	struct peer peer = peer_new(0);
	int second = attach(peer.pid, peer.chid);

	expect_serves(second);
	EXPECT_ERRNO(order(peer.coid, ORDER_DIE, 0), ESRCH);
	/* Its descriptors are closed one after the other. */
	EVENTUALLY(is_zombie(peer.pid));
	for (int i = 0; i < 3; i++) {
		EXPECT_ERRNO(order(peer.coid, ORDER_STATUS, 1), EBADF);
		EXPECT_ERRNO(order(second, ORDER_STATUS, 1), EBADF);
		EXPECT_ERRNO(MsgSendPulse(second, -1, 1, 1), EBADF);
	}
	EXPECT_OK(ConnectDetach(second));
	peer_end(&peer);
}

/* Answered, then dead at once: the answer counts. */
static void answer_and_die(int chid)
{
	union mail mail;
	int rcvid = expect_message(chid, &mail, NULL);

	(void)MsgReply(rcvid, 42, "bye", 3);
	(void)kill(getpid(), SIGKILL);
}

TEST(an_answer_given_right_before_death_arrives)
{
	for (int i = 0; i < 30; i++) {
		struct peer peer = peer_that(0, answer_and_die);
		char reply[4] = "";

		EXPECT_EQ(MsgSend(peer.coid, "x", 1, reply, 3), 42);
		EXPECT_STR(reply, "bye");
		peer_end(&peer);
	}
}

TEST(a_killed_servers_pid_and_channel_are_esrch)
{
	struct peer peer = peer_new(0);

	end_child(peer.pid);
	EXPECT_ERRNO(ConnectAttach(0, peer.pid, peer.chid, _NTO_SIDE_CHANNEL, 0), ESRCH);
	EXPECT_OK(ConnectDetach(peer.coid));
}

TEST(coiddeath_tells_which_connections_died)
{
	struct channel c = channel_new(_NTO_CHF_COID_DISCONNECT);
	struct peer a = peer_new(0), b = peer_new(0);
	int second = EXPECT_OK(ConnectAttach(0, a.pid, a.chid, 0, 0));
	int first_told, second_told;

	expect_serves(second);
	expect_nothing_queued(c.chid, c.self);
	end_child(a.pid);
	first_told = expect_pulse(c.chid, _PULSE_CODE_COIDDEATH).value.sival_int;
	second_told = expect_pulse(c.chid, _PULSE_CODE_COIDDEATH).value.sival_int;
	EXPECT((first_told == a.coid && second_told == second) ||
	       (first_told == second && second_told == a.coid));
	EXPECT_NE(ConnectServerInfo(0, a.coid, NULL), a.coid);
	EXPECT_EQ(ConnectServerInfo(0, b.coid, NULL), b.coid);
	EXPECT_OK(ConnectDetach(a.coid));
	EXPECT_OK(ConnectDetach(second));
	/* A channel may go, too, without its process. */
	EXPECT_ERRNO(order(b.coid, ORDER_DESTROY, 0), ESRCH);
	EXPECT_EQ(expect_pulse(c.chid, _PULSE_CODE_COIDDEATH).value.sival_int, b.coid);
	channel_end(&c);
	peer_end(&b);
}

TEST(coiddeath_tells_of_a_duplicate_too)
{
	struct channel c = channel_new(_NTO_CHF_COID_DISCONNECT);
	struct peer peer = peer_new(0);
	int first = EXPECT_OK(ConnectAttach(0, peer.pid, peer.chid, 0, 0));
	int second = EXPECT_OK(dup(first)), told[2];

	EXPECT_OK(ConnectDetach(peer.coid));
	expect_serves(second);
	end_child(peer.pid);
	told[0] = expect_pulse(c.chid, _PULSE_CODE_COIDDEATH).value.sival_int;
	told[1] = expect_pulse(c.chid, _PULSE_CODE_COIDDEATH).value.sival_int;
	EXPECT((told[0] == first && told[1] == second) || (told[0] == second && told[1] == first));
	EXPECT_OK(close(second));
	EXPECT_OK(close(first));
	channel_end(&c);
}

TEST(coiddeath_does_not_tell_of_what_was_detached)
{
	struct channel c = channel_new(_NTO_CHF_COID_DISCONNECT);
	struct peer peer = peer_new(0);

	expect_serves(peer.coid);
	peer_end(&peer);
	peer = peer_new(0);
	expect_serves(peer.coid);
	channel_end(&c);
	peer_end(&peer);
}

TEST(without_the_flag_no_coiddeath_comes)
{
	struct channel c = channel_new(_NTO_CHF_DISCONNECT);
	struct peer peer = peer_new(0);

	end_child(peer.pid);
	EXPECT_ERRNO(order(peer.coid, ORDER_STATUS, 1), EBADF);
	EXPECT_OK(ConnectDetach(peer.coid));
	channel_end(&c);
}

static void exec_mortal(int chid)
{
	union mail mail;

	EXPECT_OK(MsgReply(expect_message(chid, &mail, NULL), 1, NULL, 0));
	/* Close-on-exec is the channel's: another program has not made it. */
	execl(harness_tool("mortal"), "mortal", "pause", NULL);
}

TEST(a_server_that_becomes_another_program_is_gone)
{
	struct channel c = channel_new(_NTO_CHF_COID_DISCONNECT);
	struct peer peer = peer_that(0, exec_mortal);

	EXPECT_EQ(MsgSend(peer.coid, "x", 1, NULL, 0), 1);
	EXPECT_EQ(expect_pulse(c.chid, _PULSE_CODE_COIDDEATH).value.sival_int, peer.coid);
	EXPECT_ERRNO(MsgSend(peer.coid, "x", 1, NULL, 0), EBADF);
	channel_end(&c);
	peer_end(&peer);
}

/* A child of the server has its open descriptors at most, not its channel. */
static void fork_and_serve(int chid)
{
	pid_t pid = fork();

	while (pid == 0)
		pause();
	serve(chid);
}

TEST(a_servers_child_does_not_keep_its_channel_alive)
{
	struct peer peer = peer_that(0, fork_and_serve);

	expect_serves(peer.coid);
	EXPECT_ERRNO(order(peer.coid, ORDER_DIE, 0), ESRCH);
	EXPECT_ERRNO(order(peer.coid, ORDER_STATUS, 0), EBADF);
	peer_end(&peer);
}

/* ---- The client dies ---- */

static void die_by_order(void *arg)
{
	struct sender *s = arg;

	s->coid = attach(s->server, s->chid);
	(void)ConnectAttach(0, s->server, s->chid, 0, 0);
	STORE(s->tid, gettid());
	(void)MsgSend(s->coid, s->smsg, s->sbytes, s->rmsg, s->rbytes);
	die_by(s->rounds);
}

/* What the server sees of a client that dies while its message is @held or after its answer. */
static void client_dies(unsigned flags, bool held, int signo)
{
	struct channel c = channel_new(flags | _NTO_CHF_DISCONNECT);
	struct sender *s = senders_new(1);
	struct _msg_info info;
	struct _pulse pulse;
	union mail mail;
	int rcvid;

	s->server = getpid();
	s->chid = c.chid;
	s->rounds = SIGKILL;
	s->pid = child_runs(die_by_order, s);
	rcvid = expect_message(c.chid, &mail, &info);
	if (held) {
		EXPECT_OK(kill(s->pid, signo));
	} else {
		EXPECT_OK(MsgReply(rcvid, 0, NULL, 0));
	}
	for (;;) {
		EXPECT_EQ(MsgReceive(c.chid, &pulse, sizeof(pulse), NULL), 0);
		if (pulse.code != _PULSE_CODE_UNBLOCK)
			break;
		/* A death that can be held back asks first. */
		EXPECT_EQ(pulse.value.sival_int, rcvid);
		(void)MsgError(rcvid, -1);
	}
	EXPECT_EQ(pulse.code, _PULSE_CODE_DISCONNECT);
	EXPECT_EQ(pulse.scoid, info.scoid);
	EXPECT_ERRNO(MsgReply(rcvid, 0, NULL, 0), ESRCH);
	EXPECT_ERRNO(MsgInfo(rcvid, &info), ESRCH);
	EXPECT_OK(ConnectDetach(info.scoid));
	expect_killed(s->pid, held ? signo : SIGKILL);
	channel_end(&c);
}

TEST(a_clients_death_is_one_disconnect_and_its_rcvid_dies)
{
	client_dies(0, false, 0);
	client_dies(0, true, SIGKILL);
	client_dies(0, true, SIGTERM);
}

/* Each thread has a lane of its own. */
static void *send_and_stay(void *arg)
{
	struct sender *s = arg;

	EXPECT_OK(MsgSend(s->coid, NULL, 0, NULL, 0));
	__atomic_add_fetch(&s->rounds, 1, __ATOMIC_ACQ_REL);
	for (;;)
		pause();
	return NULL;
}

static void leave_a_heir(void *arg)
{
	struct sender *s = arg;
	pthread_t threads[3];

	s->coid = EXPECT_OK(ConnectAttach(0, s->server, s->chid, 0, 0));
	for (int i = 0; i < 3; i++)
		thread_runs(&threads[i], send_and_stay, s);
	while (LOAD(s->rounds) < 3)
		a_moment();
	s->tid = foreign_child();
	STORE(s->done, true);
	for (;;)
		pause();
}

TEST(a_client_is_gone_with_its_process_whoever_has_its_connection)
{
	struct channel c = channel_new(_NTO_CHF_DISCONNECT);
	struct sender *s = senders_new(1);
	struct _msg_info info;
	union mail mail;

	s->server = getpid();
	s->chid = c.chid;
	s->pid = child_runs(leave_a_heir, s);
	for (int i = 0; i < 3; i++)
		EXPECT_OK(MsgReply(expect_message(c.chid, &mail, &info), 0, NULL, 0));
	EVENTUALLY(LOAD(s->done));
	end_child(s->pid);
	EXPECT_EQ(expect_pulse(c.chid, _PULSE_CODE_DISCONNECT).scoid, info.scoid);
	EXPECT_OK(kill(s->tid, 0));
	EXPECT_OK(kill(s->tid, SIGKILL));
	EXPECT_OK(ConnectDetach(info.scoid));
	channel_end(&c);
}

TEST(a_killed_client_of_an_unblock_channel_disconnects)
{
	client_dies(_NTO_CHF_UNBLOCK, false, 0);
	client_dies(_NTO_CHF_UNBLOCK, true, SIGKILL);
}

/* differs: the message may come yet, if its sender's death has not been noticed. */
TEST(a_client_that_died_send_blocked_disconnects_and_gets_nothing)
{
	struct channel c = channel_new(_NTO_CHF_DISCONNECT);
	struct sender *s = senders_new(1);
	union mail mail;
	int rcvid;

	sender_fork(s, c.chid);
	sender_blocks(s);
	end_child(s->pid);
	rcvid = EXPECT_OK(MsgReceive(c.chid, &mail, sizeof(mail), NULL));
	if (rcvid > 0) {
		(void)MsgReply(rcvid, 0, NULL, 0);
		EXPECT_ERRNO(MsgReply(rcvid, 0, NULL, 0), ESRCH);
		mail.pulse = expect_pulse(c.chid, _PULSE_CODE_DISCONNECT);
	}
	EXPECT_EQ(mail.pulse.code, _PULSE_CODE_DISCONNECT);
	EXPECT_OK(ConnectDetach(mail.pulse.scoid));
	channel_end(&c);
}

TEST(a_client_that_dies_with_pulses_under_way_has_sent_them)
{
	struct channel c = channel_new(_NTO_CHF_DISCONNECT);
	struct sender *s = senders_new(1);
	int n = 0, scoid;
	union mail mail;
	pid_t pid;

	s->server = getpid();
	s->chid = c.chid;
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		int coid = attach(s->server, s->chid);

		for (int i = 0; i < 30; i++)
			EXPECT_OK(MsgSendPulse(coid, 10, 1, i));
		die_by(SIGKILL);
	}
	expect_killed(pid, SIGKILL);
	for (;; n++) {
		EXPECT_EQ(MsgReceive(c.chid, &mail, sizeof(mail), NULL), 0);
		if (mail.pulse.code == _PULSE_CODE_DISCONNECT)
			break;
		EXPECT_EQ(mail.pulse.code, 1);
		EXPECT_EQ(mail.pulse.value.sival_int, n);
	}
	EXPECT_EQ(n, 30);
	scoid = mail.pulse.scoid;
	EXPECT_OK(ConnectDetach(scoid));
	channel_end(&c);
}

static void exec_pause(void *arg)
{
	struct sender *s = arg;

	s->coid = attach(s->server, s->chid);
	(void)MsgSend(s->coid, s->smsg, s->sbytes, NULL, 0);
	execl(harness_tool("mortal"), "mortal", "pause", NULL);
}

TEST(a_client_that_becomes_another_program_leaves_its_side_channels)
{
	struct channel c = channel_new(_NTO_CHF_DISCONNECT);
	struct sender *s = senders_new(1);
	struct _msg_info info;
	union mail mail;

	s->server = getpid();
	s->chid = c.chid;
	s->pid = child_runs(exec_pause, s);
	EXPECT_OK(MsgReply(expect_message(c.chid, &mail, &info), 0, NULL, 0));
	EXPECT_EQ(expect_pulse(c.chid, _PULSE_CODE_DISCONNECT).scoid, info.scoid);
	EXPECT_OK(ConnectDetach(info.scoid));
	end_child(s->pid);
	channel_end(&c);
}

/* ---- Threads die ---- */

static void *end_when_told(void *arg)
{
	(void)arg;
	return (void *)(uintptr_t)gettid();
}

TEST_WITH(threaddeath_tells_the_tid, .threads = true)
{
	struct channel c = channel_new(_NTO_CHF_THREAD_DEATH);
	pthread_t thread;
	void *tid;

	for (int i = 0; i < 5; i++) {
		thread_runs(&thread, end_when_told, NULL);
		EXPECT_EQ(pthread_join(thread, &tid), 0);
		EXPECT_EQ(expect_pulse(c.chid, _PULSE_CODE_THREADDEATH).value.sival_int,
			  (uintptr_t)tid);
	}
	channel_end(&c);
}

static void *use_messages_and_end(void *arg)
{
	expect_serves(*(const int *)arg);
	pthread_exit((void *)(uintptr_t)gettid());
}

TEST_WITH(threaddeath_tells_of_threads_that_sent_messages, .threads = true)
{
	struct peer peer = peer_new(0);
	struct channel c = channel_new(_NTO_CHF_THREAD_DEATH | _NTO_CHF_COID_DISCONNECT);
	pthread_t thread;
	void *tid;

	thread_runs(&thread, use_messages_and_end, &peer.coid);
	EXPECT_EQ(pthread_join(thread, &tid), 0);
	EXPECT_EQ(expect_pulse(c.chid, _PULSE_CODE_THREADDEATH).value.sival_int, (uintptr_t)tid);
	channel_end(&c);
	peer_end(&peer);
}

static void *hold_and_end(void *arg)
{
	int *rcvid = arg;
	union mail mail;

	*rcvid = EXPECT_OK(MsgReceive(*rcvid, &mail, sizeof(mail), NULL));
	return NULL;
}

TEST_WITH(a_message_outlives_the_thread_that_received_it, .threads = true)
{
	struct channel c = channel_new(0);
	struct sender *s = senders_new(1);
	pthread_t thread;
	int rcvid = c.chid;

	sender_fork(s, c.chid);
	thread_runs(&thread, hold_and_end, &rcvid);
	thread_ends(thread);
	EXPECT_GT(rcvid, 0);
	EXPECT(!LOAD(s->done));
	EXPECT_OK(MsgReply(rcvid, 4, NULL, 0));
	sender_returns(s);
	EXPECT_EQ(s->result, 4);
	sender_collect(s);
	channel_end(&c);
}

/* ---- Clients that go in between ---- */

static void give_up_and_detach(void *arg)
{
	struct sender *s = arg;
	uint64_t ns = 1000000;

	s->coid = attach(s->server, s->chid);
	EXPECT_OK(TimerTimeout(CLOCK_MONOTONIC, _NTO_TIMEOUT_SEND, NULL, &ns, NULL));
	EXPECT_ERRNO(MsgSend(s->coid, "x", 1, NULL, 0), ETIMEDOUT);
	EXPECT_OK(ConnectDetach(s->coid));
	while (!LOAD(s->answered))
		a_moment();
}

TEST(who_gave_up_and_detached_is_disconnected_while_it_lives)
{
	struct channel c = channel_new(_NTO_CHF_DISCONNECT);
	struct sender *s = senders_new(1);
	struct _pulse pulse;
	uint64_t ns;

	s->server = getpid();
	s->chid = c.chid;
	s->pid = child_runs(give_up_and_detach, s);
	/* Its message is in the queue, as who receives looks at all that came. */
	do {
		ns = 1000000;
		EXPECT_OK(TimerTimeout(CLOCK_MONOTONIC, _NTO_TIMEOUT_RECEIVE, NULL, &ns, NULL));
	} while (MsgReceivePulse(c.chid, &pulse, sizeof(pulse), NULL) != 0);
	EXPECT_EQ(pulse.code, _PULSE_CODE_DISCONNECT);
	EXPECT_OK(ConnectDetach(pulse.scoid));
	sender_collect(s);
	channel_end(&c);
}

TEST(the_rcvid_of_a_dead_client_is_not_the_next_ones)
{
	struct channel c = channel_new(_NTO_CHF_DISCONNECT);
	struct sender *s = senders_new(2);
	union mail mail;
	int first, second;

	sender_fork(&s[0], c.chid);
	first = expect_message(c.chid, &mail, NULL);
	end_child(s[0].pid);
	/* From then on its record is free. */
	EXPECT_OK(ConnectDetach(expect_pulse(c.chid, _PULSE_CODE_DISCONNECT).scoid));
	sender_fork(&s[1], c.chid);
	second = expect_message(c.chid, &mail, NULL);
	EXPECT_NE(first, second);
	EXPECT_ERRNO(MsgReply(first, 1, NULL, 0), ESRCH);
	EXPECT(!LOAD(s[1].done));
	EXPECT_OK(MsgReply(second, 2, NULL, 0));
	sender_returns(&s[1]);
	EXPECT_EQ(s[1].result, 2);
	sender_collect(&s[1]);
	EXPECT_OK(ConnectDetach(expect_pulse(c.chid, _PULSE_CODE_DISCONNECT).scoid));
	channel_end(&c);
}

TEST(pulses_alone_are_received_beside_a_dead_clients_message)
{
	struct channel c = channel_new(_NTO_CHF_UNBLOCK | _NTO_CHF_DISCONNECT);
	struct sender *s = senders_new(1);
	struct _pulse pulse;
	union mail mail;
	int rcvid, scoid;

	sender_fork(s, c.chid);
	rcvid = expect_message(c.chid, &mail, NULL);
	end_child(s->pid);
	expect_pulse(c.chid, _PULSE_CODE_UNBLOCK);
	scoid = expect_pulse(c.chid, _PULSE_CODE_DISCONNECT).scoid;
	EXPECT_OK(MsgSendPulse(c.self, -1, 9, 1));
	EXPECT_EQ(MsgReceivePulse(c.chid, &pulse, sizeof(pulse), NULL), 0);
	EXPECT_EQ(pulse.code, 9);
	EXPECT_ERRNO(MsgReply(rcvid, 0, NULL, 0), ESRCH);
	EXPECT_OK(ConnectDetach(scoid));
	channel_end(&c);
}
