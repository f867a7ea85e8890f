// SPDX-License-Identifier: Apache-2.0
/* MsgKeyData(): what one server signs, another one verifies, and the client cannot forge. */
#include "message/kit.h"

#define SIGN   1
#define VERIFY 2

/* A message: what to do, the public key, the data. */
struct key_message {
	int op;
	uint32_t key;
	char data[40];
};

struct key_reply {
	uint32_t key;
	int error;
};

static void sign_and_verify(int chid)
{
	struct key_message m;
	struct key_reply reply;
	iov_t parts[2];
	int rcvid;

	SETIOV(&parts[0], m.data, 7);
	SETIOV(&parts[1], m.data + 7, sizeof(m.data) - 7);
	for (;;) {
		rcvid = EXPECT_OK(MsgReceive(chid, &m, sizeof(m), NULL));
		reply.key = 0x5a5a5a5a;
		errno = 0;
		if (m.op == SIGN)
			(void)MsgKeyData(rcvid, _NTO_KEYDATA_CALCULATE, 0x12345678u, &reply.key,
					 parts, 2);
		else
			(void)MsgKeyData(rcvid, _NTO_KEYDATA_VERIFY, m.key, &reply.key, parts, 2);
		reply.error = errno;
		EXPECT_OK(MsgReply(rcvid, 0, &reply, sizeof(reply)));
	}
}

static struct key_reply ask(int coid, int op, struct key_message *m)
{
	struct key_reply reply = {0};

	m->op = op;
	EXPECT_EQ(MsgSend(coid, m, sizeof(*m), &reply, sizeof(reply)), 0);
	EXPECT_EQ(reply.error, 0);
	return reply;
}

TEST(what_one_server_signs_another_verifies)
{
	struct peer a = peer_that(0, sign_and_verify), b = peer_that(0, sign_and_verify);
	struct key_message m = {0};

	pattern_fill(m.data, sizeof(m.data), 1);
	m.key = ask(a.coid, SIGN, &m).key;
	EXPECT_EQ(ask(b.coid, VERIFY, &m).key, 0);
	EXPECT_EQ(ask(a.coid, VERIFY, &m).key, 0);
	/* Each bit counts. */
	for (size_t i = 0; i < sizeof(m.data); i++) {
		m.data[i] ^= 4;
		EXPECT_NE(ask(b.coid, VERIFY, &m).key, 0);
		m.data[i] ^= 4;
	}
	m.key ^= 1;
	EXPECT_NE(ask(b.coid, VERIFY, &m).key, 0);
	m.key ^= 1;
	EXPECT_EQ(ask(b.coid, VERIFY, &m).key, 0);
	peer_end(&a);
	peer_end(&b);
}

TEST(signing_for_no_client_is_esrch)
{
	uint32_t key;
	iov_t part;

	SETIOV(&part, "data", 4);
	EXPECT_ERRNO(MsgKeyData(12345, _NTO_KEYDATA_CALCULATE, 1, &key, &part, 1), ESRCH);
	EXPECT_R(MsgKeyData_r(-1, _NTO_KEYDATA_VERIFY, 1, &key, &part, 1), ESRCH);
}
