// SPDX-License-Identifier: Apache-2.0
/* Events that a client hands to a server, which delivers them later. */
#include "message/kit.h"

/* The server delivers @event to @rcvid, or where the order comes from (0). What it got. */
static int deliver(int coid, int rcvid, const struct sigevent *event)
{
	struct {
		struct order order;
		struct sigevent event;
	} m = {{ORDER_TYPE, 0, rcvid ? ORDER_DELIVER_TO : ORDER_DELIVER, rcvid, 0}, *event};

	return (int)EXPECT_OK(MsgSend(coid, &m, sizeof(m), NULL, 0));
}

static int rcvid_of(int coid)
{
	return (int)EXPECT_OK(order(coid, ORDER_RCVID, 0));
}

TEST(a_pulse_event_comes_to_the_clients_channel)
{
	struct peer peer = peer_new(0);
	struct channel c = channel_new(0);
	struct sigevent event;
	struct _pulse pulse;

	SIGEV_PULSE_INT_INIT(&event, c.self, 15, 41, -41);
	EXPECT_EQ(deliver(peer.coid, 0, &event), 0);
	pulse = expect_pulse(c.chid, 41);
	EXPECT_EQ(pulse.value.sival_int, -41);
	SIGEV_PULSE_PTR_INIT(&event, c.self, SIGEV_PULSE_PRIO_INHERIT, 42, (void *)0x123456789abc);
	EXPECT_EQ(deliver(peer.coid, 0, &event), 0);
	EXPECT(expect_pulse(c.chid, 42).value.sival_ptr == (void *)0x123456789abc);
	channel_end(&c);
	peer_end(&peer);
}

TEST(an_event_is_delivered_after_the_reply_as_often_as_wanted)
{
	struct peer peer = peer_new(0);
	struct channel c = channel_new(0);
	struct sigevent event;
	int rcvid = rcvid_of(peer.coid);

	SIGEV_PULSE_INT_INIT(&event, c.self, 15, 41, 7);
	for (int i = 0; i < 10; i++)
		EXPECT_EQ(deliver(peer.coid, rcvid, &event), 0);
	for (int i = 0; i < 10; i++)
		EXPECT_EQ(expect_pulse(c.chid, 41).value.sival_int, 7);
	channel_end(&c);
	peer_end(&peer);
}

TEST(after_the_clients_detach_a_delivery_fails)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);
	struct channel c = channel_new(0);
	struct sigevent event;
	int rcvid = rcvid_of(peer.coid), error;
	pid_t pid;

	/* Asked by another process, so that this one's connection can be gone. */
	SIGEV_PULSE_INT_INIT(&event, c.self, 15, 41, 7);
	EXPECT_EQ(deliver(peer.coid, rcvid, &event), 0);
	(void)expect_pulse(c.chid, 41);
	EXPECT_OK(ConnectDetach(peer.coid));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		int coid = attach(peer.pid, peer.chid);

		EVENTUALLY(order(coid, ORDER_COUNT, _PULSE_CODE_DISCONNECT) >= 1);
		error = deliver(coid, rcvid, &event);
		EXPECT(error == EBADF || error == ESRCH);
		_exit(0);
	}
	expect_exit(pid, 0);
	channel_end(&c);
	peer.coid = -1;
	peer_end(&peer);
}

TEST(a_signal_event_comes_with_its_value)
{
	struct peer peer = peer_new(0);
	struct sigevent event;
	siginfo_t info;

	block(SIGRTMIN);
	block(SIGUSR1);
	SIGEV_SIGNAL_VALUE_INT_INIT(&event, SIGRTMIN, 4242);
	EXPECT_EQ(deliver(peer.coid, 0, &event), 0);
	info = take(SIGRTMIN);
	EXPECT_EQ(info.si_value.sival_int, 4242);
	SIGEV_SIGNAL_CODE_INT_INIT(&event, SIGRTMIN, 4343, -70);
	EXPECT_EQ(deliver(peer.coid, rcvid_of(peer.coid), &event), 0);
	info = take(SIGRTMIN);
	EXPECT_EQ(info.si_value.sival_int, 4343);
	EXPECT_EQ(info.si_code, -70);
	SIGEV_SIGNAL_INIT(&event, SIGUSR1);
	EXPECT_EQ(deliver(peer.coid, 0, &event), 0);
	(void)take(SIGUSR1);
	peer_end(&peer);
}

TEST(a_signal_event_to_a_blocked_client_ends_its_send_as_any_signal)
{
	struct channel c = channel_new(0);
	struct sender *s = senders_new(1);
	struct sigevent event;
	union mail mail;
	int rcvid;

	s->prepare = catch_usr1;
	sender_fork(s, c.chid);
	rcvid = expect_message(c.chid, &mail, NULL);
	sender_blocks(s);
	SIGEV_SIGNAL_INIT(&event, SIGUSR1);
	EXPECT_OK(MsgDeliverEvent(rcvid, &event));
	sender_fails(s, EINTR);
	EXPECT_EQ(LOAD(s->signals), 1);
	sender_collect(s);
	channel_end(&c);
}

TEST(an_event_of_type_none_delivers_nothing)
{
	struct peer peer = peer_new(0);
	struct sigevent event;

	SIGEV_NONE_INIT(&event);
	EXPECT_EQ(deliver(peer.coid, 0, &event), 0);
	peer_end(&peer);
}

static void run_here(union sigval value)
{
	(void)value;
	abort();
}

TEST(what_only_the_client_could_carry_out_is_enotsup)
{
	struct peer peer = peer_new(0);
	struct sigevent event;
	unsigned word = 40;

	SIGEV_MEMORY_INIT(&event, &word, 2, SIGEV_MEM_ADD);
	EXPECT_EQ(deliver(peer.coid, 0, &event), ENOTSUP);
	EXPECT_EQ(word, 40);
	SIGEV_THREAD_INIT(&event, run_here, 1, NULL);
	EXPECT_EQ(deliver(peer.coid, 0, &event), ENOTSUP);
	SIGEV_INTR_INIT(&event);
	EXPECT_EQ(deliver(peer.coid, 0, &event), ENOTSUP);
	peer_end(&peer);
}

TEST(an_event_to_rcvid_0_is_the_callers_own)
{
	struct channel c = channel_new(0);
	struct sigevent event;
	volatile unsigned word = 40;

	SIGEV_PULSE_INT_INIT(&event, c.self, 15, 12, 120);
	EXPECT_OK(MsgDeliverEvent(0, &event));
	EXPECT_R(MsgDeliverEvent_r(0, &event), 0);
	EXPECT_EQ(expect_pulse(c.chid, 12).value.sival_int, 120);
	EXPECT_EQ(expect_pulse(c.chid, 12).value.sival_int, 120);
	block(SIGUSR2);
	SIGEV_SIGNAL_INIT(&event, SIGUSR2);
	EXPECT_OK(MsgDeliverEvent(0, &event));
	(void)take(SIGUSR2);
	SIGEV_MEMORY_INIT(&event, &word, 2, SIGEV_MEM_ADD);
	EXPECT_OK(MsgDeliverEvent(0, &event));
	EXPECT_EQ(word, 42);
	channel_end(&c);
}

TEST(events_that_are_none_are_einval)
{
	struct peer peer = peer_new(0);
	struct sigevent event;

	memset(&event, 0, sizeof(event));
	event.sigev_notify = 0x7f;
	EXPECT_ERRNO(MsgDeliverEvent(0, &event), EINVAL);
	EXPECT_R(MsgDeliverEvent_r(0, &event), EINVAL);
	EXPECT_ERRNO(MsgVerifyEvent(0, &event), EINVAL);
	EXPECT_EQ(deliver(peer.coid, 0, &event), EINVAL);
	SIGEV_SIGNAL_INIT(&event, 1000);
	EXPECT_ERRNO(MsgDeliverEvent(0, &event), EINVAL);
	EXPECT_ERRNO(MsgVerifyEvent(0, &event), EINVAL);
	EXPECT_EQ(deliver(peer.coid, 0, &event), EINVAL);
	peer_end(&peer);
}

TEST(a_pulse_event_over_no_connection_is_ebadf)
{
	struct peer peer = peer_new(0);
	struct channel c = channel_new(0);
	struct sigevent event;
	int gone = attach(0, c.chid);

	EXPECT_OK(ConnectDetach(gone));
	SIGEV_PULSE_INT_INIT(&event, gone, 15, 12, 1);
	EXPECT_ERRNO(MsgDeliverEvent(0, &event), EBADF);
	EXPECT_ERRNO(MsgVerifyEvent(0, &event), ESRCH);
	SIGEV_PULSE_INT_INIT(&event, c.self, 15, 12, 1);
	EXPECT_EQ(MsgVerifyEvent(0, &event), 0);
	EXPECT_R(MsgVerifyEvent_r(0, &event), 0);
	channel_end(&c);
	EXPECT_EQ(MsgVerifyEvent(0, &event), -1);
	EXPECT(errno == EBADF || errno == ESRCH);
	peer_end(&peer);
}

TEST(msg_verify_event_knows_what_is_well_formed)
{
	struct sigevent event;

	SIGEV_NONE_INIT(&event);
	EXPECT_EQ(MsgVerifyEvent(0, &event), 0);
	SIGEV_SIGNAL_INIT(&event, SIGUSR1);
	EXPECT_EQ(MsgVerifyEvent(0, &event), 0);
	SIGEV_UNBLOCK_INIT(&event);
	EXPECT_EQ(MsgVerifyEvent(0, &event), 0);
	event.sigev_notify = 0x6e;
	EXPECT_R(MsgVerifyEvent_r(0, &event), -EINVAL);
}

TEST(events_for_a_rcvid_that_is_none_are_refused)
{
	struct sigevent event;
	int result;

	SIGEV_SIGNAL_INIT(&event, SIGUSR1);
	result = MsgDeliverEvent_r(12345, &event);
	EXPECT(result == ESRCH || result == EBADF);
	EXPECT_EQ(MsgDeliverEvent(-77, &event), -1);
	EXPECT(errno == ESRCH || errno == EBADF);
	EXPECT_EQ(MsgVerifyEvent(12345, &event), -1);
}

/* ---- Registered events ---- */

TEST(a_registered_event_is_a_handle_that_delivers)
{
	struct peer peer = peer_new(0);
	struct channel c = channel_new(0);
	struct sigevent event, kept;

	SIGEV_PULSE_INT_INIT(&event, c.self, 15, 41, 11);
	kept = event;
	EXPECT_EQ(MsgRegisterEvent(&event, peer.coid), 0);
	EXPECT(memcmp(&event, &kept, sizeof(event)) != 0);
	EXPECT(event.sigev_notify & SIGEV_FLAG_HANDLE);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(deliver(peer.coid, 0, &event), 0);
		EXPECT_EQ(expect_pulse(c.chid, 41).value.sival_int, 11);
	}
	EXPECT_EQ(MsgUnregisterEvent(&event), 0);
	EXPECT_NE(deliver(peer.coid, 0, &event), 0);
	EXPECT_EQ(MsgUnregisterEvent(&event), -1);
	channel_end(&c);
	peer_end(&peer);
}

TEST(a_registered_event_is_for_its_server_alone)
{
	struct peer mine = peer_new(0), other = peer_new(0);
	struct channel c = channel_new(0);
	struct sigevent event, any, self;

	SIGEV_PULSE_INT_INIT(&event, c.self, 15, 41, 11);
	any = self = event;
	EXPECT_R(MsgRegisterEvent_r(&event, mine.coid), 0);
	EXPECT_NE(deliver(other.coid, 0, &event), 0);
	expect_nothing_queued(c.chid, c.self);
	EXPECT_EQ(deliver(mine.coid, 0, &event), 0);
	(void)expect_pulse(c.chid, 41);
	EXPECT_OK(MsgRegisterEvent(&any, _NTO_REGEVENT_ALLOW_ANY_SERVER));
	EXPECT_EQ(deliver(mine.coid, 0, &any), 0);
	EXPECT_EQ(deliver(other.coid, 0, &any), 0);
	(void)expect_pulse(c.chid, 41);
	(void)expect_pulse(c.chid, 41);
	EXPECT_OK(MsgRegisterEvent(&self, _NTO_REGEVENT_ALLOW_SELF));
	EXPECT_NE(deliver(mine.coid, 0, &self), 0);
	EXPECT_OK(MsgDeliverEvent(0, &self));
	(void)expect_pulse(c.chid, 41);
	EXPECT_OK(MsgUnregisterEvent(&event));
	EXPECT_OK(MsgUnregisterEvent(&any));
	EXPECT_R(MsgUnregisterEvent_r(&self), 0);
	channel_end(&c);
	peer_end(&mine);
	peer_end(&other);
}

TEST(a_forged_handle_delivers_nothing)
{
	struct peer peer = peer_new(0);
	struct channel c = channel_new(0);
	struct sigevent event, forged;

	SIGEV_PULSE_INT_INIT(&event, c.self, 15, 41, 11);
	EXPECT_OK(MsgRegisterEvent(&event, peer.coid));
	for (unsigned i = 0; i < 50; i++) {
		forged = event;
		forged.sigev_signo = (int)(i < 25 ? i * 0x01234567u + 77 : ~i);
		if (forged.sigev_signo != event.sigev_signo)
			EXPECT_NE(deliver(peer.coid, 0, &forged), 0);
	}
	expect_nothing_queued(c.chid, c.self);
	EXPECT_OK(MsgUnregisterEvent(&event));
	EXPECT_ERRNO(MsgRegisterEvent(&event, peer.coid), EINVAL);
	SIGEV_PULSE_INT_INIT(&event, c.self, 15, 41, 11);
	EXPECT_ERRNO(MsgRegisterEvent(&event, 55555), EBADF);
	channel_end(&c);
	peer_end(&peer);
}

/* ---- What a connection allows ---- */

TEST(noevent_and_reg_events_connections_refuse_with_eacces)
{
	struct peer peer = peer_new(0);
	struct channel c = channel_new(0);
	struct sigevent event, registered;

	SIGEV_PULSE_INT_INIT(&event, c.self, 15, 41, 11);
	registered = event;
	EXPECT_OK(ConnectFlags(0, peer.coid, _NTO_COF_NOEVENT, _NTO_COF_NOEVENT));
	EXPECT_EQ(deliver(peer.coid, 0, &event), EACCES);
	EXPECT_OK(ConnectFlags(0, peer.coid, _NTO_COF_NOEVENT, 0));
	EXPECT_EQ(deliver(peer.coid, 0, &event), 0);
	(void)expect_pulse(c.chid, 41);
	EXPECT_OK(ConnectFlags(0, peer.coid, _NTO_COF_REG_EVENTS, _NTO_COF_REG_EVENTS));
	EXPECT_EQ(deliver(peer.coid, 0, &event), EACCES);
	EXPECT_OK(MsgRegisterEvent(&registered, peer.coid));
	EXPECT_EQ(deliver(peer.coid, 0, &registered), 0);
	(void)expect_pulse(c.chid, 41);
	EXPECT_OK(MsgUnregisterEvent(&registered));
	channel_end(&c);
	peer_end(&peer);
}

TEST(a_pulse_event_to_a_full_channel_is_eagain)
{
	struct peer peer = peer_new(0);
	struct channel c = channel_new(0);
	struct sigevent event;
	int n = 0, error = 0;

	SIGEV_PULSE_INT_INIT(&event, c.self, 15, 41, 11);
	while (n < 200000 && (error = MsgDeliverEvent_r(0, &event)) == 0)
		n++;
	EXPECT(error == 0 || error == EAGAIN);
	for (int i = 0; i < n; i++)
		(void)expect_pulse(c.chid, 41);
	channel_end(&c);
	peer_end(&peer);
}
