// SPDX-License-Identifier: Apache-2.0
/*
 * What the tests of messages have in common: peers that serve orders, senders that block
 * in a thread or a process of their own, and a view of what the kernel says of them.
 * Processes are forked before there are threads: a process with threads may not fork.
 */
#pragma once

#include "detection/child.h"
#include "message/serve.h"

#include <pthread.h>
#include <sys/mman.h>

/* No address of this process. */
#define NOWHERE ((void *)16)

#define LOAD(word)         __atomic_load_n(&(word), __ATOMIC_ACQUIRE)
#define STORE(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELEASE)

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED_ADDRESSES true
#else
#define SANITIZED_ADDRESSES false
#endif

/* For tests of what a bad address does. */
MAYBE void needs_faults(void)
{
	if (SANITIZED_ADDRESSES)
		SKIP("an address sanitizer takes every fault for the end");
}

/* @call of the _r kind answers @want and leaves errno alone. */
#define EXPECT_R(call, want)             \
	do {                             \
		errno = EXDEV;           \
		EXPECT_EQ(call, want);   \
		EXPECT_EQ(errno, EXDEV); \
	} while (0)

/* Zeroes, which children that are forked later share. */
MAYBE void *shared_memory(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	EXPECT(at != MAP_FAILED);
	return at;
}

MAYBE pid_t child_runs(void (*body)(void *), void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		body(arg);
		fflush(NULL);
		_exit(0);
	}
	return pid;
}

MAYBE void thread_runs(pthread_t *ret, void *(*body)(void *), void *arg)
{
	EXPECT_EQ(pthread_create(ret, NULL, body, arg), 0);
}

MAYBE void thread_ends(pthread_t thread)
{
	EXPECT_EQ(pthread_join(thread, NULL), 0);
}

MAYBE int attach(pid_t pid, int chid)
{
	return EXPECT_OK(ConnectAttach(0, pid, chid, _NTO_SIDE_CHANNEL, 0));
}

/* What fills a message: neither zeroes nor a period that a copy by pages would hide. */
MAYBE unsigned char pattern_byte(size_t at, unsigned seed)
{
	return (unsigned char)((at * 31 + (at >> 8) * 7 + seed * 101) ^ 0x5a);
}

MAYBE void pattern_fill(void *buffer, size_t size, unsigned seed)
{
	for (size_t i = 0; i < size; i++)
		((unsigned char *)buffer)[i] = pattern_byte(i, seed);
}

/* @buffer has the bytes of the pattern from @from on. */
MAYBE void pattern_expect_from(const void *buffer, size_t size, unsigned seed, size_t from)
{
	for (size_t i = 0; i < size; i++)
		if (((const unsigned char *)buffer)[i] != pattern_byte(from + i, seed))
			FAIL("byte %zu of %zu is 0x%02x, not 0x%02x", i, size,
			     ((const unsigned char *)buffer)[i], pattern_byte(from + i, seed));
}

MAYBE void pattern_expect(const void *buffer, size_t size, unsigned seed)
{
	pattern_expect_from(buffer, size, seed, 0);
}

MAYBE void expect_all(const void *buffer, size_t size, int byte)
{
	for (size_t i = 0; i < size; i++)
		if (((const unsigned char *)buffer)[i] != (unsigned char)byte)
			FAIL("byte %zu of %zu is 0x%02x, not 0x%02x", i, size,
			     ((const unsigned char *)buffer)[i], (unsigned char)byte);
}

/* ---- Peers: processes that serve orders ---- */

struct peer {
	pid_t pid;
	int chid;
	int coid; /* of the test */
};

/* Runs @body on a channel of a child. */
MAYBE struct peer peer_that(unsigned flags, void (*body)(int chid))
{
	struct peer peer = {.coid = -1};
	struct gate gate = gate_new();

	fflush(NULL);
	peer.pid = EXPECT_OK(fork());
	if (peer.pid == 0) {
		int chid = EXPECT_OK(ChannelCreate(flags));

		EXPECT_EQ(write(gate.write, &chid, sizeof(chid)), sizeof(chid));
		gate_open(gate);
		body(chid);
		fflush(NULL);
		_exit(0);
	}
	close(gate.write);
	if (read(gate.read, &peer.chid, sizeof(peer.chid)) != sizeof(peer.chid))
		FAIL("the peer has no channel");
	close(gate.read);
	peer.coid = attach(peer.pid, peer.chid);
	return peer;
}

MAYBE struct peer peer_new(unsigned flags)
{
	return peer_that(flags, serve);
}

/* The same as a program that knows nothing of the test's memory. */
MAYBE struct peer peer_spawn(unsigned flags)
{
	struct peer peer;
	char word[16];
	int ends[2];

	snprintf(word, sizeof(word), "%u", flags);
	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	peer.pid = EXPECT_OK(
		spawn(harness_tool("peer"), 3, (int[]){0, ends[1], 2}, NULL,
		      (char *const *)(const char *const[]){"peer", "serve", word, NULL}, NULL));
	close(ends[1]);
	peer.chid = atoi(harness_read_line(ends[0], PATIENCE_MS));
	close(ends[0]);
	EXPECT_GT(peer.chid, 0);
	peer.coid = attach(peer.pid, peer.chid);
	return peer;
}

MAYBE void peer_end(struct peer *peer)
{
	if (peer->coid >= 0)
		EXPECT_OK(ConnectDetach(peer->coid));
	end_child(peer->pid);
}

MAYBE long order_b(int coid, int op, int64_t a, int64_t b)
{
	const struct order order = {ORDER_TYPE, 0, op, a, b};

	return MsgSend(coid, &order, sizeof(order), NULL, 0);
}

MAYBE long order(int coid, int op, int64_t a)
{
	return order_b(coid, op, a, 0);
}

/* The server is alive and answers rightly. */
MAYBE void expect_serves(int coid)
{
	static int count = 1000;

	count++;
	EXPECT_EQ(order(coid, ORDER_STATUS, count), count);
}

MAYBE struct _msg_info info_at(int coid)
{
	const struct order question = {ORDER_TYPE, 0, ORDER_INFO, 0, 0};
	struct _msg_info info;

	EXPECT_EQ(MsgSend(coid, &question, sizeof(question), &info, sizeof(info)), 0);
	return info;
}

MAYBE struct _pulse pulse_at(int coid, int code)
{
	const struct order question = {ORDER_TYPE, 0, ORDER_PULSE, code, 0};
	struct _pulse pulse;

	EXPECT_EQ(MsgSend(coid, &question, sizeof(question), &pulse, sizeof(pulse)), 0);
	return pulse;
}

/* ---- The test as a server ---- */

/* A message or pulse of tests that receive themselves. */
union mail {
	struct _pulse pulse;
	struct order order;
	char bytes[256];
};

/* Takes a pulse, which must be the next thing; answers it. */
MAYBE struct _pulse expect_pulse(int chid, int code)
{
	union mail mail;
	int rcvid;

	memset(&mail, 0, sizeof(mail));
	rcvid = EXPECT_OK(MsgReceive(chid, &mail, sizeof(mail), NULL));
	if (rcvid > 0)
		FAIL("a message of type 0x%x instead of pulse %d", mail.pulse.type, code);
	EXPECT_EQ(mail.pulse.type, _PULSE_TYPE);
	EXPECT_EQ(mail.pulse.code, code);
	return mail.pulse;
}

/* Nothing else waits on @chid: a pulse of lowest priority is all that comes. @self: a
 * connection to it. */
MAYBE void expect_nothing_queued(int chid, int self)
{
	EXPECT_OK(MsgSendPulse(self, 1, 126, 4711));
	EXPECT_EQ(expect_pulse(chid, 126).value.sival_int, 4711);
}

/* A channel of the test, and a connection to it. */
struct channel {
	int chid, self;
};

MAYBE struct channel channel_new(unsigned flags)
{
	struct channel c = {.chid = EXPECT_OK(ChannelCreate(flags))};

	c.self = attach(0, c.chid);
	return c;
}

/* All that came to it has been taken. */
MAYBE void channel_end(struct channel *c)
{
	expect_nothing_queued(c->chid, c->self);
	EXPECT_OK(ConnectDetach(c->self));
	EXPECT_OK(ChannelDestroy(c->chid));
}

/* Takes a message, which must be the next thing. */
MAYBE int expect_message(int chid, union mail *mail, struct _msg_info *info)
{
	int rcvid = EXPECT_OK(MsgReceive(chid, mail, sizeof(*mail), info));

	if (rcvid == 0)
		FAIL("pulse %d instead of a message", mail->pulse.code);
	return rcvid;
}

/* ---- Senders: what blocks in MsgSend() beside the test ---- */

struct sender {
	/* by the test */
	pid_t server;
	int chid;
	int coid; /* a thread's, or made by the process from the two above */
	size_t sbytes, rbytes;
	long (*send)(int, const void *, size_t, void *, size_t); /* NULL: MsgSend() */
	void (*prepare)(struct sender *s);
	bool warms; /* a first round trip, which the test must answer */
	int rounds; /* 0: one */
	unsigned seed;
	/* by the sender */
	pid_t pid, tid;
	bool done;
	long result;
	int error;
	int signals;            /* handlers that ran */
	bool signal_saw_answer; /* the handler found .answered */
	bool answered;          /* by the test, before it replies */
	char smsg[256], rmsg[256];
	pthread_t thread;
};

MAYBE struct sender *senders_new(size_t n)
{
	struct sender *s = shared_memory(n * sizeof(*s));

	for (size_t i = 0; i < n; i++) {
		s[i].coid = -1;
		s[i].sbytes = s[i].rbytes = 64;
		s[i].seed = (unsigned)i;
		pattern_fill(s[i].smsg, sizeof(s[i].smsg), s[i].seed);
		s[i].smsg[0] = 0x34;
		s[i].smsg[1] = 0x12;
		memset(s[i].rmsg, 0x77, sizeof(s[i].rmsg));
	}
	return s;
}

MAYBE void sender_sends(struct sender *s)
{
	STORE(s->tid, gettid());
	s->result = (s->send ? s->send : MsgSend)(s->coid, s->smsg, s->sbytes, s->rmsg, s->rbytes);
	s->error = errno;
	STORE(s->done, true);
}

MAYBE void *sender_in_thread(void *arg)
{
	struct sender *s = arg;

	if (s->prepare)
		s->prepare(s);
	s->pid = getpid();
	sender_sends(s);
	return NULL;
}

MAYBE void sender_in_process(void *arg)
{
	struct sender *s = arg;

	s->coid = attach(s->server, s->chid);
	if (s->prepare)
		s->prepare(s);
	if (s->warms)
		EXPECT_OK(MsgSend(s->coid, NULL, 0, NULL, 0));
	sender_sends(s);
	/* Its connection goes when the test lets it. */
	while (!LOAD(s->answered))
		a_moment();
}

/* A process that connects to a channel of the test and sends. */
MAYBE void sender_fork(struct sender *s, int chid)
{
	s->server = getpid();
	s->chid = chid;
	s->pid = child_runs(sender_in_process, s);
	if (s->warms) {
		union mail mail;

		EXPECT_OK(MsgReply(expect_message(chid, &mail, NULL), 0, NULL, 0));
	}
}

/* A thread of the test that sends on @coid. */
MAYBE void sender_thread(struct sender *s, int coid)
{
	s->coid = coid;
	thread_runs(&s->thread, sender_in_thread, s);
}

MAYBE void sender_blocks(struct sender *s)
{
	expect_rests(&s->pid, &s->tid);
	EXPECT(!LOAD(s->done));
}

MAYBE void sender_returns(struct sender *s)
{
	EVENTUALLY(LOAD(s->done));
}

MAYBE void sender_fails(struct sender *s, int error)
{
	sender_returns(s);
	EXPECT_EQ(s->result, -1);
	EXPECT_EQ(s->error, error);
}

/* Ends the process. */
MAYBE void sender_collect(struct sender *s)
{
	STORE(s->answered, true);
	expect_exit(s->pid, 0);
}

/* Each @signo that comes is counted. @flags: of sigaction(). */
static struct sender *sender_of_handler;

MAYBE void sender_on_signal(int signo)
{
	(void)signo;
	if (LOAD(sender_of_handler->answered))
		STORE(sender_of_handler->signal_saw_answer, true);
	__atomic_add_fetch(&sender_of_handler->signals, 1, __ATOMIC_ACQ_REL);
}

MAYBE void sender_catches(struct sender *s, int signo, int flags)
{
	struct sigaction action = {.sa_flags = flags};

	sender_of_handler = s;
	action.sa_handler = sender_on_signal;
	EXPECT_OK(sigaction(signo, &action, NULL));
}

/* .prepare */
MAYBE void catch_usr1(struct sender *s)
{
	sender_catches(s, SIGUSR1, 0);
}

/* A signal that comes before the thread has blocked ends nothing: so again, until it is done. */
MAYBE void sender_poke(struct sender *s, int signo)
{
	sender_blocks(s);
	EVENTUALLY((LOAD(s->done) || kill(s->pid, signo) == 0) && LOAD(s->done));
}
