// SPDX-License-Identifier: Apache-2.0
/* What a server learns of who its clients are. */
#include "message/kit.h"

#include <grp.h>
#include <sys/procmgr.h>

static struct _client_info *client_at(int coid)
{
	static struct _client_info client;
	const struct order o = {ORDER_TYPE, 0, ORDER_CLIENT, 0, 0};

	memset(&client, 0x5a, sizeof(client));
	EXPECT_EQ(MsgSend(coid, &o, sizeof(o), &client, sizeof(client)), 0);
	return &client;
}

static void expect_is_me(const struct _client_info *client)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;

	EXPECT_OK(getresuid(&ruid, &euid, &suid));
	EXPECT_OK(getresgid(&rgid, &egid, &sgid));
	EXPECT_EQ(client->nd, 0);
	EXPECT_EQ(client->pid, getpid());
	EXPECT_EQ(client->sid, getsid(0));
	EXPECT_EQ(client->cred.ruid, ruid);
	EXPECT_EQ(client->cred.euid, euid);
	EXPECT_EQ(client->cred.suid, suid);
	EXPECT_EQ(client->cred.rgid, rgid);
	EXPECT_EQ(client->cred.egid, egid);
	EXPECT_EQ(client->cred.sgid, sgid);
}

TEST(connect_client_info_tells_who_a_client_is)
{
	struct peer peer = peer_new(0);
	const struct _client_info *client = client_at(peer.coid);
	static gid_t groups[NGROUPS_MAX];
	int n = EXPECT_OK(getgroups(NGROUPS_MAX, groups));

	expect_is_me(client);
	EXPECT_EQ(client->cred.ngroups, n);
	EXPECT_EQ(memcmp(client->cred.grouplist, groups, (size_t)n * sizeof(gid_t)), 0);
	EXPECT_EQ(client->flags & (_NTO_CI_ENDIAN_BIG | _NTO_CI_STOPPED | _NTO_CI_UNABLE), 0);
	peer_end(&peer);
}

struct server {
	int chid, scoid, rcvid;
	struct sender *sender;
};

static struct server server_with_client(void)
{
	struct server s = {.chid = EXPECT_OK(ChannelCreate(0)), .sender = senders_new(1)};
	struct _msg_info info;
	union mail mail;

	sender_fork(s.sender, s.chid);
	s.rcvid = expect_message(s.chid, &mail, &info);
	s.scoid = info.scoid;
	return s;
}

static void server_end(struct server *s)
{
	EXPECT_OK(MsgReply(s->rcvid, 0, NULL, 0));
	sender_collect(s->sender);
	EXPECT_OK(ChannelDestroy(s->chid));
}

TEST(with_no_room_for_groups_their_number_is_told)
{
	struct server s = server_with_client();
	static struct _client_info all, none;

	EXPECT_EQ(ConnectClientInfo(s.scoid, &all, NGROUPS_MAX), 0);
	memset(&none, 0x5a, sizeof(none));
	EXPECT_R(ConnectClientInfo_r(s.scoid, &none, 0), 0);
	EXPECT_EQ(none.pid, s.sender->pid);
	EXPECT_EQ(none.cred.ngroups, all.cred.ngroups);
	expect_all(none.cred.grouplist, sizeof(none.cred.grouplist), 0x5a);
	server_end(&s);
}

TEST(of_no_client_nothing_is_told)
{
	struct server s = server_with_client();
	static struct _client_info client;
	struct _client_info *allocated = NULL;

	needs_faults();
	EXPECT_ERRNO(ConnectClientInfo(s.scoid + 500, &client, 0), EINVAL);
	EXPECT_ERRNO(ConnectClientInfo(-1, &client, 0), EINVAL);
	EXPECT_R(ConnectClientInfo_r(s.scoid + 500, &client, 0), EINVAL);
	EXPECT_ERRNO(ConnectClientInfo(s.scoid, NOWHERE, 0), EFAULT);
	EXPECT_ERRNO(ConnectClientInfoExt(s.scoid + 500, &allocated, 0), EINVAL);
	EXPECT(allocated == NULL);
	server_end(&s);
}

TEST(connect_client_info_ext_allocates_and_frees)
{
	struct server s = server_with_client();
	struct _client_info *client = NULL;
	static struct _client_info plain;

	EXPECT_EQ(ConnectClientInfo(s.scoid, &plain, NGROUPS_MAX), 0);
	EXPECT_EQ(ConnectClientInfoExt(s.scoid, &client, _NTO_CLIENTINFO_GETGROUPS), 0);
	EXPECT(client != NULL);
	EXPECT_EQ(client->pid, s.sender->pid);
	EXPECT_EQ(client->cred.euid, geteuid());
	EXPECT_EQ(client->cred.ngroups, plain.cred.ngroups);
	EXPECT_EQ(memcmp(client->cred.grouplist, plain.cred.grouplist,
			 plain.cred.ngroups * sizeof(gid_t)),
		  0);
	EXPECT_EQ(ClientInfoExtFree(&client), 0);
	EXPECT(client == NULL);
	EXPECT_EQ(ConnectClientInfoExt(s.scoid, &client, 0), 0);
	EXPECT_EQ(client->pid, s.sender->pid);
	EXPECT_EQ(ClientInfoExtFree(&client), 0);
	server_end(&s);
}

/* A client that is root or, as @arg says, nobody, until it is answered. */
static void be_able_or_not(void *arg)
{
	struct sender *s = arg;

	if (s->rounds)
		EXPECT_OK(setresuid(65534, 65534, 65534));
	sender_in_process(s);
}

static uint32_t flags_of_able(bool is_nobody)
{
	struct server s = {.chid = EXPECT_OK(ChannelCreate(0)), .sender = senders_new(1)};
	struct _client_able able = {.ability = PROCMGR_AID_SETUID, .range_hi = UINT64_MAX};
	struct _client_info *client = NULL;
	struct _msg_info info;
	union mail mail;
	uint32_t flags;

	s.sender->server = getpid();
	s.sender->chid = s.chid;
	s.sender->rounds = is_nobody;
	s.sender->pid = child_runs(be_able_or_not, s.sender);
	s.rcvid = expect_message(s.chid, &mail, &info);
	EXPECT_EQ(ConnectClientInfoAble(info.scoid, &client, 0, &able, 1), 0);
	EXPECT_EQ(client->pid, s.sender->pid);
	flags = client->flags;
	EXPECT_EQ(ClientInfoExtFree(&client), 0);
	server_end(&s);
	return flags;
}

TEST(abilities_that_are_missing_make_a_client_unable)
{
	const bool is_root = geteuid() == 0;

	EXPECT_EQ(flags_of_able(is_root) & _NTO_CI_UNABLE, _NTO_CI_UNABLE);
	if (is_root)
		EXPECT_EQ(flags_of_able(false) & _NTO_CI_UNABLE, 0);
}

static void become_leader(void *arg)
{
	const struct peer *peer = arg;
	int coid = attach(peer->pid, peer->chid);

	expect_is_me(client_at(coid));
	EXPECT_OK(setsid());
	EXPECT_EQ(client_at(coid)->sid, getpid());
	expect_is_me(client_at(coid));
}

TEST(a_clients_new_session_is_seen)
{
	struct peer peer = peer_new(0);

	expect_exit(child_runs(become_leader, &peer), 0);
	peer_end(&peer);
}

/* Also on a connection that was made before the ids changed: it is the client that is asked of. */
static void change_ids(void *arg)
{
	const struct peer *peer = arg;
	const gid_t groups[] = {7, 8, 9};
	int coid = attach(peer->pid, peer->chid);
	const struct _client_info *client;

	EXPECT_OK(setgroups(3, groups));
	EXPECT_OK(setresgid(11, 12, 13));
	EXPECT_OK(setresuid(21, 0, 23));
	client = client_at(coid);
	expect_is_me(client);
	EXPECT_EQ(client->cred.ruid, 21);
	EXPECT_EQ(client->cred.ngroups, 3);
	EXPECT_EQ(client->cred.grouplist[0], 7);
	EXPECT_EQ(client->cred.grouplist[2], 9);
}

TEST(a_clients_changed_ids_are_seen)
{
	struct peer peer;

	if (geteuid() != 0)
		SKIP("root only");
	peer = peer_new(0);
	expect_exit(child_runs(change_ids, &peer), 0);
	peer_end(&peer);
}
