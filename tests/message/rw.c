// SPDX-License-Identifier: Apache-2.0
/* MsgRead() and MsgWrite(): offsets, where they are clipped, when they are refused. */
#include "message/kit.h"

#include <sys/time.h>

#include <stddef.h>

/* A client that sends parts of uneven sizes and has the like for the reply. */
#define SENT  5000
#define ROOM  4000
#define PARTS 9

struct client {
	pid_t server;
	int chid;
	bool done;
	long result;
	char reply[ROOM + 64];
};

static void uneven(iov_t *parts, char *at, size_t size)
{
	size_t from = 0;

	for (size_t i = 0; i < PARTS; i++) {
		size_t n = i == PARTS - 1 ? size - from : (i * i * 37) % 700;

		SETIOV(&parts[i], at + from, n);
		from += n;
	}
}

static void send_uneven(void *arg)
{
	struct client *c = arg;
	static char sent[SENT];
	iov_t siov[PARTS], riov[PARTS];

	pattern_fill(sent, SENT, 1);
	memset(c->reply, 0xee, sizeof(c->reply));
	uneven(siov, sent, SENT);
	uneven(riov, c->reply, ROOM);
	c->result = MsgSendv(attach(c->server, c->chid), siov, PARTS, riov, PARTS);
	STORE(c->done, true);
}

struct server {
	struct client *client;
	pid_t pid;
	int chid, rcvid;
};

static struct server server_new(void)
{
	struct server s = {.client = shared_memory(sizeof(struct client))};
	struct _msg_info info;
	union mail mail;

	s.chid = EXPECT_OK(ChannelCreate(0));
	s.client->server = getpid();
	s.client->chid = s.chid;
	s.pid = child_runs(send_uneven, s.client);
	s.rcvid = expect_message(s.chid, &mail, &info);
	EXPECT_EQ(info.srcmsglen, SENT);
	EXPECT_EQ(info.dstmsglen, ROOM);
	pattern_expect(mail.bytes, sizeof(mail), 1);
	return s;
}

/* The client has what @want says, and nothing behind it. */
static void server_end(struct server *s, const char *want, size_t n)
{
	expect_exit(s->pid, 0);
	for (size_t i = 0; i < n; i++)
		if (s->client->reply[i] != want[i])
			FAIL("reply's byte %zu is 0x%02x", i, (unsigned char)s->client->reply[i]);
	expect_all(s->client->reply + n, sizeof(s->client->reply) - n, 0xee);
	EXPECT_OK(ChannelDestroy(s->chid));
}

TEST(msg_read_reads_from_any_offset_and_ends_at_the_messages_end)
{
	struct server s = server_new();
	static const struct {
		size_t offset, bytes, got;
	} reads[] = {
		{0, 10, 10},        {0, SENT, SENT},     {0, SENT + 500, SENT},
		{4999, 1, 1},       {4999, 100, 1},      {SENT, 1, 0},
		{SENT + 1, 1, 0},   {1, SENT, SENT - 1}, {1234, 777, 777},
		{4000, 2000, 1000}, {100000, 10, 0},     {0, 0, 0},
		{SENT - 1, 0, 0},   {SIZE_MAX, 10, 0},   {(size_t)SSIZE_MAX, 10, 0},
	};
	static char in[SENT + 1000];

	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		memset(in, 0xee, sizeof(in));
		EXPECT_EQ(MsgRead(s.rcvid, in, reads[i].bytes, reads[i].offset), reads[i].got);
		pattern_expect_from(in, reads[i].got, 1, reads[i].offset);
		expect_all(in + reads[i].got, sizeof(in) - reads[i].got, 0xee);
		EXPECT_R(MsgRead_r(s.rcvid, in, reads[i].bytes, reads[i].offset), reads[i].got);
	}
	EXPECT_OK(MsgReply(s.rcvid, 0, NULL, 0));
	server_end(&s, NULL, 0);
}

TEST(msg_readv_scatters)
{
	struct server s = server_new();
	char a[100], b[1000], c[3000];
	iov_t parts[4];

	SETIOV(&parts[0], a, sizeof(a));
	SETIOV(&parts[1], NULL, 0);
	SETIOV(&parts[2], b, sizeof(b));
	SETIOV(&parts[3], c, sizeof(c));
	EXPECT_EQ(MsgReadv(s.rcvid, parts, 4, 33), 4100);
	pattern_expect_from(a, sizeof(a), 1, 33);
	pattern_expect_from(b, sizeof(b), 1, 133);
	pattern_expect_from(c, sizeof(c), 1, 1133);
	EXPECT_EQ(MsgReadv(s.rcvid, parts, 4, 3950), 1050);
	pattern_expect_from(a, sizeof(a), 1, 3950);
	pattern_expect_from(b, 950, 1, 4050);
	EXPECT_R(MsgReadv_r(s.rcvid, parts, 0, 0), 0);
	EXPECT_R(MsgReadv_r(s.rcvid, parts, 1, 0), 100);
	EXPECT_OK(MsgReply(s.rcvid, 0, NULL, 0));
	server_end(&s, NULL, 0);
}

TEST(msg_readiov_reads_either_buffer)
{
	struct server s = server_new();
	char in[50];
	iov_t part;

	SETIOV(&part, in, sizeof(in));
	EXPECT_EQ(MsgReadiov(s.rcvid, &part, 1, 70, _NTO_READIOV_SEND), 50);
	pattern_expect_from(in, 50, 1, 70);
	EXPECT_EQ(MsgWrite(s.rcvid, "hello", 5, 20), 5);
	EXPECT_EQ(MsgReadiov(s.rcvid, &part, 1, 20, _NTO_READIOV_REPLY), 50);
	EXPECT_EQ(memcmp(in, "hello\xee", 6), 0);
	EXPECT_R(MsgReadiov_r(s.rcvid, &part, 1, SENT, _NTO_READIOV_SEND), 0);
	EXPECT_OK(MsgReply(s.rcvid, 0, NULL, 0));
	expect_exit(s.pid, 0);
	EXPECT_OK(ChannelDestroy(s.chid));
}

TEST(msg_write_writes_at_any_offset_and_ends_at_the_buffers_end)
{
	struct server s = server_new();
	static const struct {
		size_t offset, bytes, put;
	} writes[] = {
		{0, 10, 10},       {3990, 10, 10},    {3999, 10, 1}, {ROOM, 10, 0},
		{ROOM + 1, 1, 0},  {500, 1000, 1000}, {900, 5, 5},   {2000, 5000, 2000},
		{SIZE_MAX, 10, 0}, {100, 0, 0},
	};
	static char want[ROOM], out[5000];

	memset(want, 0xee, sizeof(want));
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		pattern_fill(out, sizeof(out), (unsigned)i);
		EXPECT_EQ(MsgWrite(s.rcvid, out, writes[i].bytes, writes[i].offset), writes[i].put);
		if (writes[i].put)
			memcpy(want + writes[i].offset, out, writes[i].put);
		EXPECT(!LOAD(s.client->done));
	}
	/* An empty reply leaves what was written. */
	EXPECT_OK(MsgReply(s.rcvid, 31, NULL, 0));
	server_end(&s, want, ROOM);
	EXPECT_EQ(s.client->result, 31);
}

TEST(msg_writev_gathers_and_a_reply_begins_at_0)
{
	struct server s = server_new();
	static char want[ROOM];
	iov_t parts[3];

	memset(want, 0xee, sizeof(want));
	SETIOV(&parts[0], "one", 3);
	SETIOV(&parts[1], NULL, 0);
	SETIOV(&parts[2], "twothree", 8);
	EXPECT_EQ(MsgWritev(s.rcvid, parts, 3, 0), 11);
	EXPECT_R(MsgWritev_r(s.rcvid, parts, 3, 100), 11);
	EXPECT_EQ(MsgWritev(s.rcvid, parts, 3, ROOM - 5), 5);
	EXPECT_R(MsgWrite_r(s.rcvid, "z", 1, 200), 1);
	EXPECT_OK(MsgReply(s.rcvid, 0, "ONE", 3));
	memcpy(want, "ONEtwothree", 11);
	memcpy(want + 100, "onetwothree", 11);
	memcpy(want + ROOM - 5, "onetw", 5);
	want[200] = 'z';
	server_end(&s, want, ROOM);
}

TEST(msg_replyv_gathers_and_is_cut)
{
	struct server s = server_new();
	static char want[ROOM], all[6000];
	iov_t parts[3];

	pattern_fill(all, sizeof(all), 8);
	SETIOV(&parts[0], all, 1000);
	SETIOV(&parts[1], all + 1000, 1);
	SETIOV(&parts[2], all + 1001, 4999);
	EXPECT_OK(MsgReplyv(s.rcvid, 4, parts, 3));
	memcpy(want, all, ROOM);
	server_end(&s, want, ROOM);
	EXPECT_EQ(s.client->result, 4);
}

TEST(reads_and_writes_at_random_agree_with_a_model)
{
	for (unsigned seed = 1; seed <= 5; seed++) {
		struct server s = server_new();
		static char want[ROOM], buffer[6000];
		unsigned state = seed;

		memset(want, 0xee, sizeof(want));
		for (int i = 0; i < 200; i++) {
			size_t offset = (size_t)rand_r(&state) % 5500;
			size_t bytes = (size_t)rand_r(&state) % 2000, n;

			if (rand_r(&state) % 2) {
				n = offset >= SENT        ? 0 :
				    SENT - offset < bytes ? SENT - offset :
							    bytes;
				EXPECT_EQ(MsgRead(s.rcvid, buffer, bytes, offset), n);
				pattern_expect_from(buffer, n, 1, offset);
			} else {
				n = offset >= ROOM        ? 0 :
				    ROOM - offset < bytes ? ROOM - offset :
							    bytes;
				pattern_fill(buffer, bytes, state);
				EXPECT_EQ(MsgWrite(s.rcvid, buffer, bytes, offset), n);
				if (n)
					memcpy(want + offset, buffer, n);
			}
		}
		EXPECT_OK(MsgReply(s.rcvid, 0, NULL, 0));
		server_end(&s, want, ROOM);
	}
}

TEST(a_servers_own_bad_buffer_is_esrvrfault_and_the_client_waits_on)
{
	struct server s = server_new();

	needs_faults();
	EXPECT_ERRNO(MsgRead(s.rcvid, NOWHERE, 100, 0), ESRVRFAULT);
	EXPECT_R(MsgRead_r(s.rcvid, NOWHERE, 100, 0), -ESRVRFAULT);
	EXPECT_ERRNO(MsgWrite(s.rcvid, NOWHERE, 100, 0), ESRVRFAULT);
	EXPECT(!LOAD(s.client->done));
	EXPECT_OK(MsgReply(s.rcvid, 0, "ok", 2));
	server_end(&s, "ok", 2);
}

TEST(large_messages_are_read_and_written_in_pieces)
{
	struct peer peer = peer_new(0);
	const size_t size = 3 << 20;
	char *all = malloc(size);
	int64_t sum = 0;

	EXPECT(all);
	pattern_fill(all, size, 2);
	for (size_t i = sizeof(struct order); i < size; i++)
		sum += (unsigned char)all[i];
	for (int64_t piece = 1000; piece <= 1 << 20; piece = piece * 4 + 1) {
		const struct order o = {ORDER_TYPE, 0, ORDER_SUM, piece, 0};

		memcpy(all, &o, sizeof(o));
		EXPECT_EQ(MsgSend(peer.coid, all, size, NULL, 0), sum);
	}
	free(all);
	peer_end(&peer);
}

TEST(after_the_client_has_left_reads_and_writes_are_esrch)
{
	struct sender *s = senders_new(1);
	int chid = EXPECT_OK(ChannelCreate(0)), rcvid;
	union mail mail;
	iov_t part;

	SETIOV(&part, &mail, sizeof(mail));
	s->prepare = catch_usr1;
	sender_fork(s, chid);
	rcvid = expect_message(chid, &mail, NULL);
	EXPECT_EQ(MsgRead(rcvid, &mail, 10, 0), 10);
	sender_poke(s, SIGUSR1);
	EXPECT_EQ(s->error, EINTR);
	EXPECT_ERRNO(MsgRead(rcvid, &mail, 10, 0), ESRCH);
	EXPECT_ERRNO(MsgReadv(rcvid, &part, 1, 0), ESRCH);
	EXPECT_ERRNO(MsgWrite(rcvid, "abc", 3, 0), ESRCH);
	EXPECT_ERRNO(MsgWritev(rcvid, &part, 1, 0), ESRCH);
	EXPECT_ERRNO(MsgReadiov(rcvid, &part, 1, 0, _NTO_READIOV_REPLY), ESRCH);
	EXPECT_ERRNO(MsgReply(rcvid, 0, "abc", 3), ESRCH);
	expect_all(s->rmsg, sizeof(s->rmsg), 0x77);
	sender_collect(s);
	EXPECT_OK(ChannelDestroy(chid));
}

/* Two threads of the server at one client's buffers. */
struct both {
	int rcvid;
	unsigned seed;
};

static void *read_and_write(void *arg)
{
	const struct both *b = arg;
	const size_t from = b->seed * 1000;
	char in[1000];

	for (int i = 0; i < 200; i++) {
		EXPECT_EQ(MsgRead(b->rcvid, in, sizeof(in), from), sizeof(in));
		pattern_expect_from(in, sizeof(in), 1, from);
		EXPECT_EQ(MsgWrite(b->rcvid, in, sizeof(in), from), sizeof(in));
	}
	return NULL;
}

TEST_WITH(threads_may_read_and_write_one_message_at_once, .threads = true)
{
	struct server s = server_new();
	struct both both[4];
	pthread_t threads[4];
	static char want[ROOM];

	for (unsigned i = 0; i < 4; i++) {
		both[i] = (struct both){s.rcvid, i};
		thread_runs(&threads[i], read_and_write, &both[i]);
	}
	for (int i = 0; i < 4; i++)
		thread_ends(threads[i]);
	EXPECT_OK(MsgReply(s.rcvid, 0, NULL, 0));
	pattern_fill(want, ROOM, 1);
	server_end(&s, want, ROOM);
}

#define MUCH (1 << 20)

static int handler_rcvid, handler_ran;

static void read_again(int signo)
{
	char byte;

	(void)signo;
	EXPECT_EQ(MsgRead_r(handler_rcvid, &byte, 1, 0), 1);
	EXPECT_EQ(MsgRead_r(handler_rcvid + 1, &byte, 1, 0), -ESRCH);
	handler_ran++;
}

static void send_much(void *server)
{
	const struct peer *to = server;

	EXPECT_EQ(MsgSend(attach(to->pid, to->chid), calloc(1, MUCH), MUCH, NULL, 0), 7);
}

TEST_LIMIT(a_handler_may_read_what_its_thread_is_reading, 10)
{
	const struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
	struct peer here = {.pid = getpid(), .chid = EXPECT_OK(ChannelCreate(0))};
	pid_t pid = child_runs(send_much, &here);
	char *much = malloc(MUCH);
	union mail mail;

	handler_rcvid = expect_message(here.chid, &mail, NULL);
	EXPECT(signal(SIGALRM, read_again) != SIG_ERR);
	EXPECT_OK(setitimer(ITIMER_REAL, &often, NULL));
	while (handler_ran < 200)
		EXPECT_EQ(MsgRead(handler_rcvid, much, MUCH, 0), MUCH);
	EXPECT_OK(setitimer(ITIMER_REAL, &never, NULL));
	EXPECT_OK(MsgReply(handler_rcvid, 7, NULL, 0));
	expect_exit(pid, 0);
	free(much);
	EXPECT_OK(ChannelDestroy(here.chid));
}
