// SPDX-License-Identifier: Apache-2.0
/* Servers and clients of different users, in a node that root made. */
#include "message/kit.h"

#include <grp.h>

#define NOBODY 65534
#define OTHER  65533

static void need_root(void)
{
	if (geteuid() != 0)
		SKIP("root only");
}

static void become(uid_t uid)
{
	EXPECT_OK(setgroups(0, NULL));
	EXPECT_OK(setresgid(uid, uid, uid));
	EXPECT_OK(setresuid(uid, uid, uid));
}

static void serve_as_nobody(int chid)
{
	become(NOBODY);
	serve(chid);
}

struct visit {
	struct peer *peer;
	uid_t uid;
};

static void talk(int coid)
{
	static char large[300000], reply[300000];
	const struct order o = {ORDER_TYPE, 0, ORDER_ECHO, 5, 0};

	for (int i = 0; i < 50; i++)
		expect_serves(coid);
	pattern_fill(large, sizeof(large), 3);
	memcpy(large, &o, sizeof(o));
	EXPECT_EQ(MsgSend(coid, large, sizeof(large), reply, sizeof(reply)), 5);
	EXPECT_EQ(memcmp(reply, large + sizeof(o), sizeof(large) - sizeof(o)), 0);
}

static void visit_as(void *arg)
{
	const struct visit *v = arg;
	const struct order o = {ORDER_TYPE, 0, ORDER_CLIENT, 0, 0};
	static struct _client_info client;
	int coid;

	become(v->uid);
	coid = attach(v->peer->pid, v->peer->chid);
	talk(coid);
	EXPECT_EQ(MsgSend(coid, &o, sizeof(o), &client, sizeof(client)), 0);
	EXPECT_EQ(client.cred.euid, v->uid);
	EXPECT_EQ(client.cred.egid, v->uid);
	EXPECT_EQ(client.cred.ngroups, 0);
}

static void visitor(struct peer *peer, uid_t uid)
{
	struct visit v = {peer, uid};

	expect_exit(child_runs(visit_as, &v), 0);
}

TEST(an_ordinary_user_is_served_by_root)
{
	struct peer peer;

	need_root();
	peer = peer_new(_NTO_CHF_DISCONNECT);
	talk(peer.coid);
	visitor(&peer, NOBODY);
	visitor(&peer, OTHER);
	talk(peer.coid);
	peer_end(&peer);
}

TEST(ordinary_users_and_root_are_served_by_an_ordinary_user)
{
	struct peer peer;

	need_root();
	peer = peer_that(_NTO_CHF_DISCONNECT, serve_as_nobody);
	talk(peer.coid);
	visitor(&peer, NOBODY);
	visitor(&peer, OTHER);
	peer_end(&peer);
}

static void drop_and_talk(void *arg)
{
	const struct peer *peer = arg;
	int coid = attach(peer->pid, peer->chid);

	talk(coid);
	become(NOBODY);
	talk(coid);
}

TEST(a_client_may_change_its_user_on_a_connection)
{
	struct peer peer;

	need_root();
	peer = peer_new(0);
	expect_exit(child_runs(drop_and_talk, &peer), 0);
	peer_end(&peer);
}

static void pulse_as(void *arg)
{
	const struct visit *v = arg;
	int coid;

	become(v->uid);
	coid = attach(v->peer->pid, v->peer->chid);
	EXPECT_ERRNO(MsgSendPulse(coid, -1, 1, 1), EPERM);
	EXPECT_R(MsgSendPulsePtr_r(coid, -1, 1, NULL), EPERM);
	expect_serves(coid);
}

TEST(a_pulse_to_another_user_is_eperm)
{
	struct peer root, nobody;
	struct visit to_root = {&root, NOBODY}, to_nobody = {&nobody, OTHER};

	need_root();
	root = peer_new(0);
	nobody = peer_that(0, serve_as_nobody);
	expect_exit(child_runs(pulse_as, &to_root), 0);
	expect_exit(child_runs(pulse_as, &to_nobody), 0);
	EXPECT_EQ(order(root.coid, ORDER_COUNT, 1), 0);
	/* Root may. */
	expect_serves(nobody.coid);
	EXPECT_OK(MsgSendPulse(nobody.coid, -1, 1, 1));
	EXPECT_EQ(order(nobody.coid, ORDER_COUNT, 1), 1);
	peer_end(&root);
	peer_end(&nobody);
}

static void pulse_to_self(void *arg)
{
	const struct visit *v = arg;
	int coid;

	become(v->uid);
	coid = attach(v->peer->pid, v->peer->chid);
	EXPECT_OK(MsgSendPulse(coid, -1, 2, 1));
	EXPECT_GE(order(coid, ORDER_COUNT, 2), 1);
}

TEST(a_pulse_to_a_server_of_the_own_user_arrives)
{
	struct peer nobody;
	struct visit v = {&nobody, NOBODY};

	need_root();
	nobody = peer_that(0, serve_as_nobody);
	expect_serves(nobody.coid);
	expect_exit(child_runs(pulse_to_self, &v), 0);
	peer_end(&nobody);
}

/* A server delivers what its client asked for, whoever the two are. */
static void ask_for_event(int coid)
{
	int chid = EXPECT_OK(ChannelCreate(0)), self = attach(0, chid);
	struct {
		struct order order;
		struct sigevent event;
	} m = {.order = {ORDER_TYPE, 0, ORDER_DELIVER, 0, 0}};

	SIGEV_PULSE_INT_INIT(&m.event, self, 15, 61, 611);
	EXPECT_EQ(MsgSend(coid, &m, sizeof(m), NULL, 0), 0);
	EXPECT_EQ(expect_pulse(chid, 61).value.sival_int, 611);
	EXPECT_OK(ConnectDetach(self));
	EXPECT_OK(ChannelDestroy(chid));
}

static void ask_for_event_as(void *arg)
{
	const struct visit *v = arg;

	become(v->uid);
	ask_for_event(attach(v->peer->pid, v->peer->chid));
}

TEST(an_event_crosses_users)
{
	struct peer root, nobody;
	struct visit to_root = {&root, NOBODY}, to_nobody = {&nobody, OTHER};

	need_root();
	root = peer_new(0);
	nobody = peer_that(0, serve_as_nobody);
	expect_serves(nobody.coid);
	ask_for_event(nobody.coid);
	expect_exit(child_runs(ask_for_event_as, &to_root), 0);
	expect_exit(child_runs(ask_for_event_as, &to_nobody), 0);
	peer_end(&root);
	peer_end(&nobody);
}

TEST(a_server_of_another_user_dies_under_its_client)
{
	struct peer nobody;

	need_root();
	nobody = peer_that(0, serve_as_nobody);
	EXPECT_ERRNO(order(nobody.coid, ORDER_DIE, 0), ESRCH);
	EXPECT_ERRNO(order(nobody.coid, ORDER_STATUS, 0), EBADF);
	peer_end(&nobody);
}
