// SPDX-License-Identifier: Apache-2.0
/* A thousand clients of one server, and the descriptors that they cost it. */
#include "message/kit.h"

#define CLIENTS 1000
#define SOFT    256

/* More descriptors than the soft limit allows will be needed. */
static void lower_soft_limit(void)
{
	struct rlimit files;

	EXPECT_OK(getrlimit(RLIMIT_NOFILE, &files));
	if (files.rlim_max < 8192)
		SKIP("%ld descriptors at most", (long)files.rlim_max);
	files.rlim_cur = SOFT;
	EXPECT_OK(setrlimit(RLIMIT_NOFILE, &files));
}

static void say_limit(int chid)
{
	union mail mail;
	struct _msg_info info;
	int clients = 0, rcvid;

	/* An empty message is a client's; another asks what a child's limit is. */
	for (;;) {
		rcvid = MsgReceive(chid, &mail, sizeof(mail), &info);
		if (rcvid == 0) {
			clients--;
			EXPECT_OK(ConnectDetach(mail.pulse.scoid));
		} else if (info.msglen == 0) {
			clients++;
			EXPECT_OK(MsgReply(rcvid, clients, NULL, 0));
		} else if (mail.bytes[0] == 'n') {
			EXPECT_OK(MsgReply(rcvid, clients, NULL, 0));
		} else {
			int ends[2];

			EXPECT_OK(pipe2(ends, O_CLOEXEC));
			EXPECT_OK(spawn(harness_tool("peer"), 3, (int[]){0, ends[1], 2}, NULL,
					(char *const *)(const char *const[]){"peer", "limit", NULL},
					NULL));
			close(ends[1]);
			EXPECT_OK(MsgReply(rcvid, atoi(harness_read_line(ends[0], PATIENCE_MS)),
					   NULL, 0));
			close(ends[0]);
			EXPECT_OK(wait(NULL));
		}
	}
}

struct crowd {
	struct peer *peer;
	int connected;
	bool leave;
};

static void be_one_of_many(void *arg)
{
	struct crowd *crowd = arg;
	int coid = attach(crowd->peer->pid, crowd->peer->chid);

	EXPECT_OK(MsgSend(coid, NULL, 0, NULL, 0));
	__atomic_add_fetch(&crowd->connected, 1, __ATOMIC_ACQ_REL);
	while (!LOAD(crowd->leave))
		(void)poll(NULL, 0, 50);
}

TEST_WITH(a_thousand_client_processes_are_served_and_forgotten, .limit = 120)
{
	struct peer peer;
	struct crowd *crowd = shared_memory(sizeof(*crowd));
	static pid_t pids[CLIENTS];

	lower_soft_limit();
	peer = peer_that(_NTO_CHF_DISCONNECT, say_limit);
	crowd->peer = &peer;
	for (int i = 0; i < CLIENTS; i++)
		pids[i] = child_runs(be_one_of_many, crowd);
	EVENTUALLY(LOAD(crowd->connected) == CLIENTS);
	EXPECT_EQ(MsgSend(peer.coid, "n", 1, NULL, 0), CLIENTS);
	/* The server raised its limit; its children are to have what it was given. */
	EXPECT_EQ(MsgSend(peer.coid, "limit", 5, NULL, 0), SOFT);
	STORE(crowd->leave, true);
	for (int i = 0; i < CLIENTS; i++)
		expect_exit(pids[i], 0);
	EVENTUALLY(MsgSend(peer.coid, "n", 1, NULL, 0) == 0);
	peer_end(&peer);
}

TEST(a_process_may_have_a_thousand_connections)
{
	struct peer peer;
	static int coids[CLIENTS];

	lower_soft_limit();
	peer = peer_new(_NTO_CHF_DISCONNECT);
	for (int i = 0; i < CLIENTS; i++)
		coids[i] = attach(peer.pid, peer.chid);
	for (int i = 0; i < CLIENTS; i += 7)
		EXPECT_EQ(info_at(coids[i]).coid, coids[i]);
	for (int i = 0; i < CLIENTS; i++)
		EXPECT_OK(ConnectDetach(coids[i]));
	expect_serves(peer.coid);
	EXPECT_EQ(order(peer.coid, ORDER_COUNT, _PULSE_CODE_DISCONNECT), 0);
	peer_end(&peer);
}

static void *hold_one(void *arg)
{
	struct sender *s = arg;

	STORE(s->tid, gettid());
	s->result = order(s->coid, ORDER_HOLD, 0);
	return NULL;
}

TEST_WITH(a_thousand_threads_may_be_blocked_at_once, .threads = true, .limit = 60)
{
	struct peer peer = peer_new(_NTO_CHF_UNBLOCK);
	struct sender *s = senders_new(CLIENTS);
	pthread_attr_t attr;

	EXPECT_EQ(pthread_attr_init(&attr), 0);
	EXPECT_EQ(pthread_attr_setstacksize(&attr, 256 << 10), 0);
	for (int i = 0; i < CLIENTS; i++) {
		s[i].coid = peer.coid;
		EXPECT_EQ(pthread_create(&s[i].thread, &attr, hold_one, &s[i]), 0);
	}
	for (int i = 0; i < CLIENTS; i++)
		EVENTUALLY(LOAD(s[i].tid) != 0);
	/* Those that are not yet held are answered at the next turn. */
	for (long n = 0; n < CLIENTS;)
		n += EXPECT_OK(order(peer.coid, ORDER_RELEASE, 19));
	for (int i = 0; i < CLIENTS; i++) {
		thread_ends(s[i].thread);
		EXPECT_EQ(s[i].result, 19);
	}
	EXPECT_EQ(pthread_attr_destroy(&attr), 0);
	peer_end(&peer);
}

TEST(the_soft_limit_that_a_program_sees_is_its_own)
{
	struct rlimit files;
	int chid;

	lower_soft_limit();
	chid = EXPECT_OK(ChannelCreate(0));
	EXPECT_OK(ChannelDestroy(chid));
	/* What a forked child executes has it, too. */
	if (fork() == 0) {
		execl("/bin/sh", "sh", "-c", "test $(ulimit -Sn) = 256", NULL);
		_exit(99);
	}
	{
		int status = -1;

		EXPECT_OK(wait(&status));
		EXPECT_EQ(status, 0);
	}
	EXPECT_OK(getrlimit(RLIMIT_NOFILE, &files));
	EXPECT(files.rlim_cur >= SOFT);
}
