// SPDX-License-Identifier: Apache-2.0
/* Pulses: what they carry, in which order they come, what happens when there are too many. */
#include "message/kit.h"

#include <stddef.h>
#include <sys/time.h>

TEST(a_pulse_lies_in_the_buffer_as_documented)
{
	struct channel c = channel_new(0);
	struct _pulse p;
	char in[64];

	EXPECT_EQ(offsetof(struct _pulse, code), 4);
	EXPECT_EQ(offsetof(struct _pulse, value), 8);
	memset(in, 0xee, sizeof(in));
	EXPECT_EQ(MsgSendPulse(c.self, 15, 93, 0x12345678), 0);
	EXPECT_EQ(MsgReceive(c.chid, in, sizeof(in), NULL), 0);
	memcpy(&p, in, sizeof(p));
	EXPECT_EQ(p.type, _PULSE_TYPE);
	EXPECT_EQ(p.subtype, _PULSE_SUBTYPE);
	EXPECT_EQ(p.code, 93);
	expect_all(p.zero, sizeof(p.zero), 0);
	EXPECT_EQ(p.value.sival_int, 0x12345678);
	EXPECT_GT(p.scoid, 0);
	expect_all(in + sizeof(p), sizeof(in) - sizeof(p), 0xee);
	channel_end(&c);
}

TEST(a_pulse_carries_any_int_or_pointer_and_any_code)
{
	struct channel c = channel_new(0);
	const int values[] = {0, 1, -1, INT_MAX, INT_MIN};
	void *pointers[] = {NULL, &c, (void *)UINTPTR_MAX, (void *)0x123456789abcdef0};

	for (size_t i = 0; i < 5; i++) {
		EXPECT_OK(MsgSendPulse(c.self, -1, 1, values[i]));
		EXPECT_EQ(expect_pulse(c.chid, 1).value.sival_int, values[i]);
		EXPECT_R(MsgSendPulse_r(c.self, -1, 1, values[i]), 0);
		EXPECT_EQ(expect_pulse(c.chid, 1).value.sival_int, values[i]);
	}
	for (size_t i = 0; i < 4; i++) {
		EXPECT_OK(MsgSendPulsePtr(c.self, -1, 2, pointers[i]));
		EXPECT(expect_pulse(c.chid, 2).value.sival_ptr == pointers[i]);
		EXPECT_R(MsgSendPulsePtr_r(c.self, -1, 2, pointers[i]), 0);
		EXPECT(expect_pulse(c.chid, 2).value.sival_ptr == pointers[i]);
	}
	for (int code = _PULSE_CODE_MINAVAIL; code <= _PULSE_CODE_MAXAVAIL; code++) {
		EXPECT_OK(MsgSendPulse(c.self, -1, code, code));
		(void)expect_pulse(c.chid, code);
	}
	channel_end(&c);
}

TEST(pulses_come_by_priority_and_in_order_within_one)
{
	struct channel c = channel_new(0);
	const int priorities[] = {5, 20, 1, 63, 20, 5, 255, 100};

	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 8; i++)
			EXPECT_OK(MsgSendPulse(c.self, priorities[i], priorities[i] % 128,
					       round * 8 + i));
	for (int priority = 255; priority >= 1; priority--)
		for (int n = 0; n < 24; n++)
			if (priorities[n % 8] == priority)
				EXPECT_EQ(expect_pulse(c.chid, priority % 128).value.sival_int, n);
	channel_end(&c);
}

TEST(priority_minus_1_is_the_callers)
{
	struct channel c = channel_new(0);

	EXPECT_OK(MsgSendPulse(c.self, 11, 1, 0));
	EXPECT_OK(MsgSendPulse(c.self, 9, 2, 0));
	EXPECT_OK(MsgSendPulse(c.self, -1, 3, 0)); /* 10, as nothing was said */
	(void)expect_pulse(c.chid, 1);
	(void)expect_pulse(c.chid, 3);
	(void)expect_pulse(c.chid, 2);
	channel_end(&c);
}

TEST(a_priority_that_there_is_not_is_einval)
{
	struct channel c = channel_new(0);

	EXPECT_ERRNO(MsgSendPulse(c.self, 256, 1, 1), EINVAL);
	EXPECT_ERRNO(MsgSendPulse(c.self, -2, 1, 1), EINVAL);
	EXPECT_ERRNO(MsgSendPulsePtr(c.self, 10000, 1, NULL), EINVAL);
	EXPECT_R(MsgSendPulse_r(c.self, 256, 1, 1), EINVAL);
	EXPECT_R(MsgSendPulsePtr_r(c.self, INT_MIN, 1, NULL), EINVAL);
	/* 0 becomes 1 since 7.1. */
	EXPECT_OK(MsgSendPulse(c.self, 2, 1, 0));
	EXPECT_OK(MsgSendPulse(c.self, 0, 2, 0));
	(void)expect_pulse(c.chid, 1);
	(void)expect_pulse(c.chid, 2);
	channel_end(&c);
}

TEST(pulses_alike_are_each_delivered)
{
	struct channel c = channel_new(0);

	for (int i = 0; i < 50; i++)
		EXPECT_OK(MsgSendPulse(c.self, 12, 7, 70));
	for (int i = 0; i < 50; i++)
		EXPECT_EQ(expect_pulse(c.chid, 7).value.sival_int, 70);
	channel_end(&c);
}

TEST(a_pulse_that_is_to_be_unique_is_queued_once)
{
	struct channel c = channel_new(0);

	for (int i = 0; i < 5; i++)
		EXPECT_OK(MsgSendPulse(c.self, 12, 7 | _NTO_PULSE_IF_UNIQUE, 70));
	EXPECT_EQ(expect_pulse(c.chid, 7).value.sival_int, 70);
	expect_nothing_queued(c.chid, c.self);
	EXPECT_OK(MsgSendPulse(c.self, 12, 7 | _NTO_PULSE_IF_UNIQUE, 71));
	EXPECT_EQ(expect_pulse(c.chid, 7).value.sival_int, 71);
	channel_end(&c);
}

TEST(a_pulse_that_replaces_gives_its_value_to_the_one_that_waits)
{
	struct channel c = channel_new(0);

	EXPECT_OK(MsgSendPulse(c.self, 12, 7, 70));
	EXPECT_OK(MsgSendPulse(c.self, 12, 8, 80));
	EXPECT_OK(MsgSendPulse(c.self, 12, 7 | _NTO_PULSE_REPLACE, 71));
	EXPECT_OK(MsgSendPulse(c.self, 11, 7 | _NTO_PULSE_REPLACE, 72)); /* of another priority */
	EXPECT_EQ(expect_pulse(c.chid, 7).value.sival_int, 71);
	EXPECT_EQ(expect_pulse(c.chid, 8).value.sival_int, 80);
	EXPECT_EQ(expect_pulse(c.chid, 7).value.sival_int, 72);
	channel_end(&c);
}

/* ---- Too many ---- */

static int fill(int coid, int *next)
{
	int n = 0;

	while (n < 2000000) {
		if (MsgSendPulse(coid, 10, 1, *next) == -1) {
			EXPECT_EQ(errno, EAGAIN);
			return n;
		}
		n++;
		++*next;
	}
	FAIL("%d pulses, and never EAGAIN", n);
}

/* Takes nothing before it has been asked and let go on. */
static void receive_stopped(int chid)
{
	int next = 0;
	union mail mail;

	for (;;) {
		int rcvid = EXPECT_OK(MsgReceive(chid, &mail, sizeof(mail), NULL));

		if (rcvid > 0) {
			EXPECT_OK(MsgReply(rcvid, next, NULL, 0));
			if (mail.bytes[0] == 's')
				(void)kill(getpid(), SIGSTOP);
			continue;
		}
		EXPECT_EQ(mail.pulse.code, 1);
		EXPECT_EQ(mail.pulse.value.sival_int, next);
		next++;
	}
}

TEST(too_many_pulses_are_eagain_and_none_of_the_others_is_lost)
{
	struct peer peer = peer_that(0, receive_stopped);
	int next = 0, status, n;

	for (int round = 0; round < 3; round++) {
		EXPECT_EQ(MsgSend(peer.coid, "stop", 4, NULL, 0), next);
		EXPECT_EQ(waitpid(peer.pid, &status, WUNTRACED), peer.pid);
		EXPECT(WIFSTOPPED(status));
		n = fill(peer.coid, &next);
		EXPECT_GE(n, 64);
		EXPECT_ERRNO(MsgSendPulse(peer.coid, 10, 1, next), EAGAIN);
		EXPECT_R(MsgSendPulse_r(peer.coid, 10, 1, next), EAGAIN);
		EXPECT_OK(kill(peer.pid, SIGCONT));
		EXPECT_EQ(MsgSend(peer.coid, "count", 5, NULL, 0), next);
	}
	peer_end(&peer);
}

TEST(own_pulses_that_nobody_takes_are_kept_or_refused)
{
	struct channel c = channel_new(0);
	int next = 0, n;

	for (int round = 0; round < 2; round++) {
		int from = next;

		while (next - from < 3000 && MsgSendPulse(c.self, 10, 1, next) == 0)
			next++;
		n = next - from;
		if (n < 3000)
			EXPECT_EQ(errno, EAGAIN);
		EXPECT_GE(n, 64);
		for (int i = from; i < next; i++)
			EXPECT_EQ(expect_pulse(c.chid, 1).value.sival_int, i);
	}
	channel_end(&c);
}

/* ---- Whose it is ---- */

TEST(a_pulses_scoid_is_its_senders)
{
	struct peer peer = peer_new(0);
	struct _pulse p;

	EXPECT_OK(MsgSendPulse(peer.coid, -1, 33, 1));
	p = pulse_at(peer.coid, 33);
	EXPECT_EQ(p.code, 33);
	EXPECT_EQ(p.scoid, info_at(peer.coid).scoid);
	peer_end(&peer);
}

TEST(a_pulse_stays_before_the_senders_later_message)
{
	struct peer peer = peer_new(0);

	for (int i = 1; i <= 500; i++) {
		EXPECT_OK(MsgSendPulse(peer.coid, -1, 3, i));
		EXPECT_EQ(order(peer.coid, ORDER_COUNT, 3), i);
	}
	peer_end(&peer);
}

TEST(a_pulse_to_what_is_gone_is_ebadf)
{
	struct peer peer = peer_new(0);

	end_child(peer.pid);
	EVENTUALLY(MsgSendPulse(peer.coid, -1, 1, 1) == -1);
	EXPECT_ERRNO(MsgSendPulse(peer.coid, -1, 1, 1), EBADF);
	EXPECT_OK(ConnectDetach(peer.coid));
	EXPECT_ERRNO(MsgSendPulse(peer.coid, -1, 1, 1), EBADF);
}

/* ---- Many senders ---- */

static void *send_thousand(void *arg)
{
	const int coid = *(const int *)arg;

	for (int i = 0; i < 1000; i++)
		while (MsgSendPulse(coid, -1, 44, i) == -1) {
			EXPECT_EQ(errno, EAGAIN);
			a_moment();
		}
	return NULL;
}

TEST_WITH(threads_may_send_pulses_at_once, .threads = true)
{
	struct peer peer = peer_new(0);
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		thread_runs(&threads[i], send_thousand, &peer.coid);
	for (int i = 0; i < 4; i++)
		thread_ends(threads[i]);
	EXPECT_EQ(order(peer.coid, ORDER_COUNT, 44), 4000);
	peer_end(&peer);
}

static void send_from_process(void *arg)
{
	const struct peer *p = arg;
	int coid = attach(p->pid, p->chid);

	(void)send_thousand(&coid);
}

TEST(processes_may_send_pulses_at_once)
{
	struct peer peer = peer_new(0);
	pid_t pids[4];

	for (int i = 0; i < 4; i++)
		pids[i] = child_runs(send_from_process, &peer);
	for (int i = 0; i < 4; i++)
		expect_exit(pids[i], 0);
	/* Sent before death is sent. */
	for (int i = 0; i < 500 && order(peer.coid, ORDER_COUNT, 44) != 4000; i++)
		a_moment();
	EXPECT_EQ(order(peer.coid, ORDER_COUNT, 44), 4000);
	peer_end(&peer);
}

/* ---- From signal handlers ---- */

static int coid_of_handler;
static int sent_by_handler, refused_by_handler;

static void send_in_handler(int signo)
{
	int error = errno;

	(void)signo;
	if (MsgSendPulse(coid_of_handler, -1, 55, 0) == 0)
		sent_by_handler++;
	else if (errno == EAGAIN)
		refused_by_handler++;
	else
		abort();
	errno = error;
}

static void catch_by(void (*handler)(int), int signo)
{
	struct sigaction action = {.sa_flags = SA_RESTART};

	action.sa_handler = handler;
	EXPECT_OK(sigaction(signo, &action, NULL));
}

TEST(a_signal_handler_may_send_to_the_channel_that_is_received_on)
{
	struct channel c = channel_new(0);
	const struct itimerval soon = {{0, 0}, {0, 20000}};
	union mail mail;
	int rcvid;

	coid_of_handler = c.self;
	catch_by(send_in_handler, SIGALRM);
	for (int i = 1; i <= 5; i++) {
		EXPECT_OK(setitimer(ITIMER_REAL, &soon, NULL));
		while ((rcvid = MsgReceive(c.chid, &mail, sizeof(mail), NULL)) == -1)
			EXPECT_EQ(errno, EINTR);
		EXPECT_EQ(rcvid, 0);
		EXPECT_EQ(mail.pulse.code, 55);
		EXPECT_EQ(sent_by_handler, i);
	}
	channel_end(&c);
}

TEST(pulses_of_a_handler_come_whole_whatever_it_interrupts)
{
	struct peer peer = peer_new(_NTO_CHF_UNBLOCK), plain = peer_new(0);
	const struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
	const long long end = now_ms() + 1500;
	long answered = 0, pulses = 0;

	coid_of_handler = peer.coid;
	catch_by(send_in_handler, SIGALRM);
	EXPECT_OK(setitimer(ITIMER_REAL, &often, NULL));
	while (now_ms() < end) {
		int coid = EXPECT_OK(ConnectAttach(0, plain.pid, plain.chid, _NTO_SIDE_CHANNEL, 0));

		/* What was received on the channel with UNBLOCK is answered. */
		if (order(peer.coid, ORDER_STATUS, 17) != 17)
			EXPECT_EQ(errno, EINTR);
		if (order(coid, ORDER_STATUS, 18) == 18)
			answered++;
		else
			EXPECT_EQ(errno, EINTR);
		pulses += MsgSendPulse(peer.coid, -1, 56, 0) == 0;
		EXPECT_OK(ConnectDetach(coid));
	}
	EXPECT_OK(setitimer(ITIMER_REAL, &never, NULL));
	EXPECT_GT(answered, 0);
	EXPECT_GT(sent_by_handler, 0);
	EXPECT_EQ(order(peer.coid, ORDER_COUNT, 55), sent_by_handler);
	EXPECT_EQ(order(peer.coid, ORDER_COUNT, 56), pulses);
	expect_serves(plain.coid);
	peer_end(&peer);
	peer_end(&plain);
}
