// SPDX-License-Identifier: Apache-2.0
/* MsgSend() in all its forms: what moves, what is cut, what comes back. */
#include "message/kit.h"

#define PAGE 4096

/* ---- The forms ---- */

#define PARTS 5

/* @size bytes as PARTS parts, some of them empty. */
static void split(iov_t *parts, void *at, size_t size)
{
	const size_t cut[PARTS + 1] = {0, 1, 1, size / 3, size - 1, size};

	for (int i = 0; i < PARTS; i++)
		SETIOV(&parts[i], (char *)at + cut[i], cut[i + 1] - cut[i]);
}

enum form { PLAIN, SV, VS, V, PLAIN_NC, SV_NC, VS_NC, V_NC, FORMS };

struct exchange {
	iov_t siov[PARTS], riov[PARTS];
	char smsg[3000], rmsg[3000];
};

static long send_by(enum form form, int coid, struct exchange *e)
{
	switch (form) {
	case PLAIN:
		return MsgSend(coid, e->smsg, sizeof(e->smsg), e->rmsg, sizeof(e->rmsg));
	case SV:
		return MsgSendsv(coid, e->smsg, sizeof(e->smsg), e->riov, PARTS);
	case VS:
		return MsgSendvs(coid, e->siov, PARTS, e->rmsg, sizeof(e->rmsg));
	case V:
		return MsgSendv(coid, e->siov, PARTS, e->riov, PARTS);
	case PLAIN_NC:
		return MsgSendnc(coid, e->smsg, sizeof(e->smsg), e->rmsg, sizeof(e->rmsg));
	case SV_NC:
		return MsgSendsvnc(coid, e->smsg, sizeof(e->smsg), e->riov, PARTS);
	case VS_NC:
		return MsgSendvsnc(coid, e->siov, PARTS, e->rmsg, sizeof(e->rmsg));
	case V_NC:
		return MsgSendvnc(coid, e->siov, PARTS, e->riov, PARTS);
	case FORMS:
		break;
	}
	FAIL("no form %d", form);
}

static long send_r_by(enum form form, int coid, struct exchange *e)
{
	switch (form) {
	case PLAIN:
		return MsgSend_r(coid, e->smsg, sizeof(e->smsg), e->rmsg, sizeof(e->rmsg));
	case SV:
		return MsgSendsv_r(coid, e->smsg, sizeof(e->smsg), e->riov, PARTS);
	case VS:
		return MsgSendvs_r(coid, e->siov, PARTS, e->rmsg, sizeof(e->rmsg));
	case V:
		return MsgSendv_r(coid, e->siov, PARTS, e->riov, PARTS);
	case PLAIN_NC:
		return MsgSendnc_r(coid, e->smsg, sizeof(e->smsg), e->rmsg, sizeof(e->rmsg));
	case SV_NC:
		return MsgSendsvnc_r(coid, e->smsg, sizeof(e->smsg), e->riov, PARTS);
	case VS_NC:
		return MsgSendvsnc_r(coid, e->siov, PARTS, e->rmsg, sizeof(e->rmsg));
	case V_NC:
		return MsgSendvnc_r(coid, e->siov, PARTS, e->riov, PARTS);
	case FORMS:
		break;
	}
	FAIL("no form %d", form);
}

static void exchange_init(struct exchange *e, struct order order, unsigned seed)
{
	memset(e->rmsg, 0xee, sizeof(e->rmsg));
	pattern_fill(e->smsg + sizeof(order), sizeof(e->smsg) - sizeof(order), seed);
	memcpy(e->smsg, &order, sizeof(order));
	split(e->siov, e->smsg, sizeof(e->smsg));
	split(e->riov, e->rmsg, sizeof(e->rmsg));
}

static void exchange_expect(struct exchange *e, unsigned seed)
{
	const size_t n = sizeof(e->smsg) - sizeof(struct order);

	pattern_expect(e->rmsg, n, seed);
	expect_all(e->rmsg + n, sizeof(e->rmsg) - n, 0xee);
}

TEST(each_form_of_send_moves_the_bytes)
{
	struct peer peer = peer_new(0);
	struct exchange e;

	for (enum form form = PLAIN; form < FORMS; form++) {
		exchange_init(&e, (struct order){ORDER_TYPE, 0, ORDER_ECHO, 100 + form, 0}, form);
		EXPECT_EQ(send_by(form, peer.coid, &e), 100 + form);
		exchange_expect(&e, form);
		exchange_init(&e, (struct order){ORDER_TYPE, 0, ORDER_ECHO, 200 + form, 0}, form);
		EXPECT_R(send_r_by(form, peer.coid, &e), 200 + form);
		exchange_expect(&e, form);
	}
	peer_end(&peer);
}

TEST(each_form_of_send_reports_its_errors)
{
	struct peer peer = peer_new(0);
	struct exchange e;

	for (enum form form = PLAIN; form < FORMS; form++) {
		exchange_init(&e, (struct order){ORDER_TYPE, 0, ORDER_ERROR, EDOM, 0}, form);
		EXPECT_ERRNO(send_by(form, peer.coid, &e), EDOM);
		EXPECT_R(send_r_by(form, peer.coid, &e), -EDOM);
		expect_all(e.rmsg, sizeof(e.rmsg), 0xee);
		EXPECT_ERRNO(send_by(form, -1, &e), EBADF);
		EXPECT_R(send_r_by(form, -1, &e), -EBADF);
	}
	peer_end(&peer);
}

/* ---- Sizes ---- */

/* There and back, both ends checked; what is behind stays as it was. */
static void echo_size(int coid, size_t size, char *smsg, char *rmsg)
{
	const struct order o = {ORDER_TYPE, 0, ORDER_ECHO, (int64_t)size, 0};

	pattern_fill(smsg + sizeof(o), size, (unsigned)size);
	memcpy(smsg, &o, sizeof(o));
	memset(rmsg + size, 0xee, 64);
	EXPECT_EQ(MsgSend(coid, smsg, sizeof(o) + size, rmsg, size + 64), size);
	pattern_expect(rmsg, size, (unsigned)size);
	expect_all(rmsg + size, 64, 0xee);
}

TEST(messages_of_every_small_size_come_whole)
{
	enum { MOST = 3 * PAGE };
	struct peer peer = peer_new(0);
	static char smsg[MOST + PAGE], rmsg[MOST + PAGE];

	for (size_t size = 0; size <= 300; size++)
		echo_size(peer.coid, size, smsg, rmsg);
	for (size_t size = PAGE - 200; size <= PAGE + 40; size++)
		echo_size(peer.coid, size, smsg, rmsg);
	for (size_t size = 300; size <= MOST; size += 97)
		echo_size(peer.coid, size, smsg, rmsg);
	peer_end(&peer);
}

TEST(messages_of_large_sizes_come_whole)
{
	enum { MOST = 9 << 20 };
	struct peer peer = peer_new(0);
	char *smsg = malloc(MOST + PAGE), *rmsg = malloc(MOST + PAGE);

	EXPECT(smsg && rmsg);
	for (size_t size = 1 << 13; size <= 1 << 23; size *= 2) {
		echo_size(peer.coid, size - 1, smsg, rmsg);
		echo_size(peer.coid, size, smsg, rmsg);
		echo_size(peer.coid, size + 1, smsg, rmsg);
	}
	/* Small again after large. */
	echo_size(peer.coid, 10, smsg, rmsg);
	free(smsg);
	free(rmsg);
	peer_end(&peer);
}

TEST(an_empty_message_is_a_message)
{
	struct peer peer = peer_new(0);
	char reply = 'r';

	for (int i = 0; i < 10; i++) {
		EXPECT_EQ(MsgSend(peer.coid, NULL, 0, NULL, 0), 0);
		EXPECT_EQ(MsgSendv(peer.coid, NULL, 0, NULL, 0), 0);
		EXPECT_EQ(MsgSend(peer.coid, "a", 0, &reply, 1), 0);
		EXPECT_EQ(reply, 'r');
		EXPECT_EQ(MsgSend(peer.coid, "a", 1, &reply, 1), 1);
		EXPECT_EQ(reply, 'a');
		reply = 'r';
	}
	peer_end(&peer);
}

#define BIG   ((size_t)256 << 20)
#define PIECE ((size_t)1 << 20)

static void serve_big(int chid)
{
	char *piece = malloc(PIECE);
	struct _msg_info info;
	char first[32];
	int rcvid = EXPECT_OK(MsgReceive(chid, first, sizeof(first), &info));

	EXPECT(rcvid > 0 && piece);
	EXPECT_EQ(info.srcmsglen, BIG);
	EXPECT_EQ(info.dstmsglen, BIG);
	EXPECT_EQ(info.msglen, sizeof(first));
	for (size_t at = 0; at < BIG; at += PIECE) {
		EXPECT_EQ(MsgRead(rcvid, piece, PIECE, at), PIECE);
		pattern_expect_from(piece, PIECE, 1, at);
		for (size_t i = 0; i < PIECE; i++)
			piece[i] = (char)~piece[i];
		EXPECT_EQ(MsgWrite(rcvid, piece, PIECE, at), PIECE);
	}
	EXPECT_EQ(MsgRead(rcvid, piece, PIECE, BIG), 0);
	EXPECT_OK(MsgReply(rcvid, (long)BIG, NULL, 0));
	free(piece);
	(void)MsgReceive(chid, first, sizeof(first), NULL);
}

TEST_LIMIT(a_message_of_256_mib_goes_through_one_buffer, 60)
{
	struct peer peer = peer_that(0, serve_big);
	unsigned char *all =
		mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT(all != MAP_FAILED);
	pattern_fill(all, BIG, 1);
	EXPECT_EQ(MsgSend(peer.coid, all, BIG, all, BIG), BIG);
	for (size_t i = 0; i < BIG; i++)
		if (all[i] != (unsigned char)~pattern_byte(i, 1))
			FAIL("byte %zu is 0x%02x", i, all[i]);
	munmap(all, BIG);
	peer_end(&peer);
}

TEST(more_than_ssize_max_is_eoverflow)
{
	struct peer peer = peer_new(0);
	static char byte;
	iov_t parts[2];

	SETIOV(&parts[0], &byte, (size_t)SSIZE_MAX);
	SETIOV(&parts[1], &byte, 1);
	EXPECT_ERRNO(MsgSend(peer.coid, &byte, (size_t)SSIZE_MAX + 1, NULL, 0), EOVERFLOW);
	EXPECT_ERRNO(MsgSendvs(peer.coid, parts, 2, NULL, 0), EOVERFLOW);
	expect_serves(peer.coid);
	peer_end(&peer);
}

/* ---- Vectors ---- */

#define MANY 10000

TEST(vectors_of_10000_parts_are_sent_and_filled)
{
	struct peer peer = peer_new(0);
	const struct order o = {ORDER_TYPE, 0, ORDER_ECHO, 1, 0};
	char *smsg = malloc(MANY * 7), *rmsg = malloc(MANY * 7);
	iov_t *siov = malloc((MANY + 1) * sizeof(*siov)), *riov = malloc(MANY * sizeof(*riov));
	size_t total = 0;

	EXPECT(smsg && rmsg && siov && riov);
	pattern_fill(smsg, MANY * 7, 3);
	memset(rmsg, 0xee, MANY * 7);
	SETIOV(&siov[0], &o, sizeof(o));
	/* Parts of 0 to 6 bytes on the way there, of 3 on the way back, in 7 bytes of room each. */
	for (size_t i = 0, at = 0; i < MANY; at += i++ % 7)
		SETIOV(&siov[i + 1], smsg + at, i % 7);
	for (size_t i = 0; i < MANY; i++)
		SETIOV(&riov[i], rmsg + i * 7, 3);
	EXPECT_EQ(MsgSendv(peer.coid, siov, MANY + 1, riov, MANY), 1);
	for (size_t i = 0; i < MANY; i++)
		total += i % 7;
	for (size_t i = 0; i < MANY; i++) {
		size_t n = total > i * 3 ? total - i * 3 : 0;

		n = n < 3 ? n : 3;

		pattern_expect_from(rmsg + i * 7, n, 3, i * 3);
		expect_all(rmsg + i * 7 + n, 7 - n, 0xee);
	}
	free(smsg);
	free(rmsg);
	free(siov);
	free(riov);
	peer_end(&peer);
}

static void serve_vector(int chid)
{
	iov_t *iov = malloc(MANY * sizeof(*iov));
	char *in = malloc(MANY * 5);
	struct _msg_info info;
	int rcvid;

	EXPECT(iov && in);
	memset(in, 0xee, MANY * 5);
	for (size_t i = 0; i < MANY; i++)
		SETIOV(&iov[i], in + i * 5, 4);
	rcvid = EXPECT_OK(MsgReceivev(chid, iov, MANY, &info));
	EXPECT_EQ(info.msglen, MANY * 4);
	EXPECT_EQ(info.srcmsglen, MANY * 4);
	for (size_t i = 0; i < MANY; i++) {
		pattern_expect_from(in + i * 5, 4, 4, i * 4);
		expect_all(in + i * 5 + 4, 1, 0xee);
	}
	EXPECT_OK(MsgReplyv(rcvid, 2, iov, MANY));
	pause();
}

TEST(vectors_of_10000_parts_are_received_and_replied)
{
	struct peer peer = peer_that(0, serve_vector);
	char *smsg = malloc(MANY * 4), *rmsg = malloc(MANY * 4);

	EXPECT(smsg && rmsg);
	pattern_fill(smsg, MANY * 4, 4);
	EXPECT_EQ(MsgSend(peer.coid, smsg, MANY * 4, rmsg, MANY * 4), 2);
	pattern_expect(rmsg, MANY * 4, 4);
	free(smsg);
	free(rmsg);
	peer_end(&peer);
}

/* ---- Cut on either side ---- */

static void serve_short(int chid)
{
	char in[64];
	struct _msg_info info;
	int rcvid;

	for (;;) {
		memset(in, 0xee, sizeof(in));
		rcvid = EXPECT_OK(MsgReceive(chid, in, 40, &info));
		EXPECT_EQ(info.msglen, info.srcmsglen < 40 ? info.srcmsglen : 40);
		pattern_expect(in, (size_t)info.msglen, 5);
		expect_all(in + info.msglen, sizeof(in) - (size_t)info.msglen, 0xee);
		EXPECT_OK(MsgReply(rcvid, info.srcmsglen, in, (size_t)info.msglen));
	}
}

TEST(what_finds_no_room_is_cut_in_silence)
{
	struct peer peer = peer_that(0, serve_short);
	char smsg[200], rmsg[200];

	pattern_fill(smsg, sizeof(smsg), 5);
	for (size_t sbytes = 0; sbytes <= sizeof(smsg); sbytes += 10)
		for (size_t rbytes = 0; rbytes <= 60; rbytes += 15) {
			size_t n = sbytes < 40 ? sbytes : 40;

			n = rbytes < n ? rbytes : n;
			memset(rmsg, 0xdd, sizeof(rmsg));
			EXPECT_EQ(MsgSend(peer.coid, smsg, sbytes, rmsg, rbytes), sbytes);
			pattern_expect(rmsg, n, 5);
			expect_all(rmsg + n, sizeof(rmsg) - n, 0xdd);
		}
	peer_end(&peer);
}

TEST(one_buffer_may_be_sent_and_replied_into)
{
	struct peer peer = peer_new(0);
	char *both = malloc(1 << 20);
	const size_t sizes[] = {100, 4000, 70000, 1 << 20};

	EXPECT(both);
	for (size_t i = 0; i < 4; i++) {
		const struct order o = {ORDER_TYPE, 0, ORDER_ECHO, 6, 0};
		const size_t n = sizes[i] - sizeof(o);

		pattern_fill(both + sizeof(o), n, 6);
		memcpy(both, &o, sizeof(o));
		EXPECT_EQ(MsgSend(peer.coid, both, sizes[i], both, sizes[i]), 6);
		/* Moved down over where the order was. */
		pattern_expect(both, n, 6);
	}
	free(both);
	peer_end(&peer);
}

/* ---- What the server answers ---- */

TEST(the_status_of_the_reply_is_the_result)
{
	struct peer peer = peer_new(0);
	const long statuses[] = {0, 1, 12345, INT_MAX, 0x123456789abcdefL, LONG_MAX};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		errno = EXDEV;
		EXPECT_EQ(order(peer.coid, ORDER_STATUS, statuses[i]), statuses[i]);
		EXPECT_EQ(errno, EXDEV);
	}
	EXPECT_EQ(order(peer.coid, ORDER_STATUS, -7), -7);
	peer_end(&peer);
}

TEST(msg_error_is_what_the_client_gets)
{
	struct peer peer = peer_new(0);
	const struct order eok = {ORDER_TYPE, 0, ORDER_ERROR, EOK, 0};
	char reply[16];

	memset(reply, 0xee, sizeof(reply));
	EXPECT_EQ(MsgSend(peer.coid, &eok, sizeof(eok), reply, sizeof(reply)), 0);
	expect_all(reply, sizeof(reply), 0xee);
	EXPECT_ERRNO(order(peer.coid, ORDER_ERROR, EPERM), EPERM);
	EXPECT_ERRNO(order(peer.coid, ORDER_ERROR, EINTR), EINTR);
	EXPECT_ERRNO(order(peer.coid, ORDER_ERROR, ESRCH), ESRCH);
	EXPECT_ERRNO(order(peer.coid, ORDER_ERROR, 1234), 1234);
	expect_serves(peer.coid);
	peer_end(&peer);
}

TEST(msg_error_erestart_sends_again)
{
	struct sender *s = senders_new(1);
	int chid = EXPECT_OK(ChannelCreate(0)), rcvid;
	union mail mail;

	sender_fork(s, chid);
	for (int i = 0; i < 3; i++) {
		struct _msg_info info;

		memset(&mail, 0, sizeof(mail));
		rcvid = expect_message(chid, &mail, &info);
		EXPECT_EQ(info.msglen, 64);
		EXPECT_EQ(memcmp(mail.bytes, s->smsg, 64), 0);
		EXPECT(!LOAD(s->done));
		EXPECT_OK(MsgError(rcvid, ERESTART));
	}
	rcvid = expect_message(chid, &mail, NULL);
	EXPECT_OK(MsgReply(rcvid, 3, "abc", 3));
	sender_returns(s);
	EXPECT_EQ(s->result, 3);
	EXPECT_EQ(memcmp(s->rmsg, "abc\x77", 4), 0);
	sender_collect(s);
	EXPECT_OK(ChannelDestroy(chid));
}

/* ---- Bad buffers ---- */

TEST(a_bad_buffer_to_send_from_is_efault_and_harms_nobody)
{
	struct peer peer = peer_new(0);
	char *hole =
		mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	iov_t parts[2];

	needs_faults();
	EXPECT_OK(munmap(hole + PAGE, PAGE));
	memset(hole, 1, PAGE);
	EXPECT_ERRNO(MsgSend(peer.coid, NOWHERE, 64, NULL, 0), EFAULT);
	EXPECT_ERRNO(MsgSend(peer.coid, NOWHERE, 100000, NULL, 0), EFAULT);
	/* In what the server takes at once. */
	EXPECT_ERRNO(MsgSend(peer.coid, hole + PAGE / 2, 3 * PAGE, NULL, 0), EFAULT);
	EXPECT_ERRNO(MsgSend(peer.coid, hole + PAGE - 20, 40, NULL, 0), EFAULT);
	SETIOV(&parts[0], "abc", 3);
	SETIOV(&parts[1], NOWHERE, 3);
	EXPECT_ERRNO(MsgSendvs(peer.coid, parts, 2, NULL, 0), EFAULT);
	EXPECT_ERRNO(MsgSendvs(peer.coid, NOWHERE, 2, NULL, 0), EFAULT);
	EXPECT_R(MsgSend_r(peer.coid, NOWHERE, 64, NULL, 0), -EFAULT);
	expect_serves(peer.coid);
	munmap(hole, 4 * PAGE);
	peer_end(&peer);
}

TEST(a_bad_buffer_for_the_reply_is_efault)
{
	struct peer peer = peer_new(0);
	const struct order o = {ORDER_TYPE, 0, ORDER_STATUS, 1, 64};
	const struct order none = {ORDER_TYPE, 0, ORDER_STATUS, 5, 0};
	char *fixed = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	needs_faults();
	EXPECT_ERRNO(MsgSend(peer.coid, &o, sizeof(o), NOWHERE, 64), EFAULT);
	EXPECT_ERRNO(MsgSend(peer.coid, &o, sizeof(o), fixed, 64), EFAULT);
	/* Nothing is replied, so nothing is touched. */
	EXPECT_EQ(MsgSend(peer.coid, &none, sizeof(none), NOWHERE, 64), 5);
	expect_serves(peer.coid);
	munmap(fixed, PAGE);
	peer_end(&peer);
}

static long send_for_nowhere(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes)
{
	(void)rmsg;
	return MsgSend(coid, smsg, sbytes, NOWHERE, rbytes);
}

/* differs: a small reply is taken by the client itself, so the server may not be told. */
TEST(a_reply_into_a_clients_bad_buffer_is_efault_for_the_client)
{
	const size_t sizes[] = {8, 60, 200};

	needs_faults();
	for (int i = 0; i < 3; i++) {
		struct sender *s = senders_new(1);
		int chid = EXPECT_OK(ChannelCreate(0)), rcvid;
		static const char reply[200];
		union mail mail;

		s->send = send_for_nowhere;
		s->rbytes = 200;
		sender_fork(s, chid);
		rcvid = expect_message(chid, &mail, NULL);
		if (MsgReply(rcvid, 0, reply, sizes[i]) == -1)
			EXPECT_EQ(errno, EFAULT);
		EXPECT_ERRNO(MsgReply(rcvid, 0, reply, sizes[i]), ESRCH);
		sender_fails(s, EFAULT);
		sender_collect(s);
		EXPECT_OK(ChannelDestroy(chid));
	}
}

TEST(a_server_without_a_buffer_faults_by_itself)
{
	struct sender *s = senders_new(1);
	int chid = EXPECT_OK(ChannelCreate(0)), rcvid;
	union mail mail;

	needs_faults();
	sender_fork(s, chid);
	rcvid = expect_message(chid, &mail, NULL);
	EXPECT_ERRNO(MsgReply(rcvid, 0, NOWHERE, 40), ESRVRFAULT);
	/* Whether that was the answer is not said; but the client does not wait for ever. */
	if (MsgError(rcvid, EIO) == -1)
		EXPECT_EQ(errno, ESRCH);
	sender_returns(s);
	EXPECT_EQ(s->result, -1);
	EXPECT(s->error == ESRVRFAULT || s->error == EIO);
	sender_collect(s);
	EXPECT_OK(ChannelDestroy(chid));
}

/* ---- Many at once ---- */

static void *send_patterns(void *arg)
{
	const int coid = *(const int *)arg;
	unsigned seed = (unsigned)gettid();
	char smsg[1500], rmsg[1500];

	for (unsigned i = 0; i < 300; i++) {
		const struct order o = {ORDER_TYPE, 0, ORDER_ECHO, i, 0};
		const size_t n = sizeof(o) + (seed + i * 37) % (sizeof(smsg) - sizeof(o));

		pattern_fill(smsg + sizeof(o), n - sizeof(o), seed + i);
		memcpy(smsg, &o, sizeof(o));
		EXPECT_EQ(MsgSend(coid, smsg, n, rmsg, sizeof(rmsg)), i);
		pattern_expect(rmsg, n - sizeof(o), seed + i);
	}
	return NULL;
}

TEST_WITH(threads_that_share_a_connection_get_their_own_replies, .threads = true)
{
	struct peer peer = peer_new(0);
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		thread_runs(&threads[i], send_patterns, &peer.coid);
	for (int i = 0; i < 8; i++)
		thread_ends(threads[i]);
	peer_end(&peer);
}

static void *send_once(void *arg)
{
	expect_serves(*(const int *)arg);
	return NULL;
}

TEST_WITH(threads_that_come_and_go_leave_nothing_behind, .threads = true)
{
	struct peer peer = peer_new(0);
	pthread_t thread;

	for (int i = 0; i < 500; i++) {
		thread_runs(&thread, send_once, &peer.coid);
		thread_ends(thread);
	}
	peer_end(&peer);
}

TEST(servers_may_be_clients_of_servers)
{
	struct peer a = peer_new(0), b = peer_new(0), c = peer_new(_NTO_CHF_UNBLOCK);
	const int64_t at_b = (int64_t)b.pid << 32 | b.chid, at_c = (int64_t)c.pid << 32 | c.chid;

	for (int i = 0; i < 20; i++) {
		EXPECT_EQ(order_b(a.coid, ORDER_CALL, i, at_b), i + 1);
		EXPECT_EQ(order_b(b.coid, ORDER_CALL, i, at_c), i + 1);
		EXPECT_EQ(order_b(c.coid, ORDER_CALL, i, at_b), i + 1);
	}
	peer_end(&a);
	peer_end(&b);
	peer_end(&c);
}

TEST(a_server_started_as_a_program_serves)
{
	struct peer peer = peer_spawn(_NTO_CHF_DISCONNECT);
	static char smsg[100000], rmsg[100000];

	expect_serves(peer.coid);
	echo_size(peer.coid, 50, smsg, rmsg);
	echo_size(peer.coid, 90000, smsg, rmsg);
	peer_end(&peer);
}
