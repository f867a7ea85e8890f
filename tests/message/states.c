// SPDX-License-Identifier: Apache-2.0
/* Who waits for whom, as `kamioka info --threads` shows it. Thread states: System Architecture,
 * "Thread life cycle". */
#include "command/threads_kit.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/neutrino.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 20000

/* A child with a channel. What it says and is told goes through pipes. */
struct peer {
	pid_t pid;
	int chid;
	int in, out; /* ours: it reads what we write to in, and we read from out */
};

/* In the child: its own ends. */
static int peer_in, peer_out, peer_chid;

static void peer_say(int value)
{
	EXPECT_EQ(write(peer_out, &value, sizeof(value)), (ssize_t)sizeof(value));
}

static int peer_hear(void)
{
	int value;

	EXPECT_EQ(read(peer_in, &value, sizeof(value)), (ssize_t)sizeof(value));
	return value;
}

static void tell(const struct peer *p, int value)
{
	EXPECT_EQ(write(p->in, &value, sizeof(value)), (ssize_t)sizeof(value));
}

static int hear(const struct peer *p)
{
	int value;

	harness_wait_fd(p->out, POLLIN, PATIENCE);
	EXPECT_EQ(read(p->out, &value, sizeof(value)), (ssize_t)sizeof(value));
	return value;
}

static void start(struct peer *ret, void (*body)(void))
{
	int down[2], up[2];

	EXPECT_OK(pipe2(down, O_CLOEXEC));
	EXPECT_OK(pipe2(up, O_CLOEXEC));
	ret->pid = EXPECT_OK(fork());
	if (ret->pid == 0) {
		EXPECT_OK(close(down[1]));
		EXPECT_OK(close(up[0]));
		peer_in = down[0];
		peer_out = up[1];
		peer_chid = EXPECT_OK(ChannelCreate(0));
		peer_say(peer_chid);
		body();
		_exit(0);
	}
	EXPECT_OK(close(down[0]));
	EXPECT_OK(close(up[1]));
	ret->in = down[1];
	ret->out = up[0];
	ret->chid = hear(ret);
}

static void end(struct peer *p)
{
	EXPECT_OK(kill(p->pid, SIGKILL));
	EXPECT_EQ(waitpid(p->pid, NULL, 0), p->pid);
	EXPECT_OK(close(p->in));
	EXPECT_OK(close(p->out));
}

static const char *on_channel(pid_t pid, int chid)
{
	static char text[32];

	(void)snprintf(text, sizeof(text), "%d:%d", pid, chid);
	return text;
}

static void wait_for_ever(void)
{
	for (;;)
		(void)pause();
}

static void send_to(pid_t pid, int chid)
{
	int coid = EXPECT_OK(ConnectAttach(ND_LOCAL_NODE, pid, chid, _NTO_SIDE_CHANNEL, 0));
	int word = 0;

	(void)MsgSend(coid, &word, sizeof(word), &word, sizeof(word));
	(void)ConnectDetach(coid);
}

static rcvid_t receive(void)
{
	struct _pulse room; /* the least that it takes */

	return EXPECT_OK(MsgReceive(peer_chid, &room, sizeof(room), NULL));
}

/* ---- One client, one server. ---- */

static void serve(void)
{
	for (;;) {
		rcvid_t rcvid = receive();

		if (rcvid > 0)
			EXPECT_OK(MsgReply(rcvid, 0, NULL, 0));
	}
}

static void receive_and_keep(void)
{
	(void)receive();
	(void)peer_hear();
	wait_for_ever();
}

/* Sends to whom it is told, then once more. */
static void send_as_told(void)
{
	for (;;) {
		pid_t pid = peer_hear();

		send_to(pid, peer_hear());
		peer_say(0);
	}
}

static void tell_to_send(const struct peer *client, const struct peer *server)
{
	tell(client, server->pid);
	tell(client, server->chid);
}

TEST(states_a_server_waits_in_receive)
{
	struct peer server;
	char own[16];

	start(&server, serve);
	(void)snprintf(own, sizeof(own), ":%d", server.chid);
	threads_await(server.pid, server.pid, "RECEIVE", own);
	end(&server);
}

TEST(states_a_client_is_send_blocked_until_it_is_received)
{
	struct peer server, client;

	start(&server, wait_for_ever);
	start(&client, send_as_told);
	tell_to_send(&client, &server);
	threads_await(client.pid, client.pid, "SEND", on_channel(server.pid, server.chid));
	threads_await(server.pid, server.pid, "SIGSUSPEND", "-");
	end(&client);
	end(&server);
}

TEST(states_a_client_is_reply_blocked_once_it_is_received)
{
	struct peer server, client;

	start(&server, receive_and_keep);
	start(&client, send_as_told);
	tell_to_send(&client, &server);
	threads_await(client.pid, client.pid, "REPLY", on_channel(server.pid, server.chid));
	threads_await(server.pid, server.pid, "REPLY", "1");
	end(&client);
	end(&server);
}

TEST(states_a_client_that_was_answered_waits_no_more)
{
	struct peer server, client;

	start(&server, serve);
	start(&client, send_as_told);
	tell_to_send(&client, &server);
	(void)hear(&client);
	threads_await(client.pid, client.pid, "REPLY", "1");
	end(&client);
	end(&server);
}

/* ---- Threads. ---- */

static void *send_once(void *to)
{
	const struct peer *server = to;

	send_to(server->pid, server->chid);
	return NULL;
}

static pid_t waiting_tid;

static void *send_and_stay(void *to)
{
	__atomic_store_n(&waiting_tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	return send_once(to);
}

/* The page has room for some dozens that block at once, not for as many as ever lived. */
TEST_WITH(states_are_told_of_threads_after_many_have_ended, .limit = 60)
{
	struct peer server, deaf;
	pthread_t thread;
	pid_t tid = 0;

	start(&server, serve);
	start(&deaf, wait_for_ever);
	for (int i = 0; i < 200; i++) {
		EXPECT_EQ(pthread_create(&thread, NULL, send_once, &server), 0);
		EXPECT_EQ(pthread_join(thread, NULL), 0);
	}
	EXPECT_EQ(pthread_create(&thread, NULL, send_and_stay, &deaf), 0);
	while (!tid)
		tid = __atomic_load_n(&waiting_tid, __ATOMIC_ACQUIRE);
	threads_await(getpid(), tid, "SEND", on_channel(deaf.pid, deaf.chid));
	end(&deaf); /* and so the thread is free */
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	end(&server);
}

/* ---- Circles. ---- */

static void expect_cycle(const pid_t *pids, int n)
{
	char line[256];
	int len = snprintf(line, sizeof(line), "cycle: %d", pids[0]);
	char *table;

	for (int i = 1; i <= n; i++)
		len += snprintf(line + len, sizeof(line) - (size_t)len, " waits for %d",
				pids[i % n]);
	(void)snprintf(line + len, sizeof(line) - (size_t)len, "\n");
	table = threads_table();
	EXPECT_CONTAINS(table, line);
	free(table);
}

static void expect_no_cycle(void)
{
	char *table = threads_table();

	EXPECT(!strstr(table, "cycle:"));
	free(table);
}

TEST(states_two_that_send_to_each_other_are_a_cycle)
{
	struct peer a, b;

	start(&a, send_as_told);
	start(&b, send_as_told);
	tell_to_send(&a, &b);
	threads_await(a.pid, a.pid, "SEND", on_channel(b.pid, b.chid));
	expect_no_cycle();
	tell_to_send(&b, &a);
	threads_await(b.pid, b.pid, "SEND", on_channel(a.pid, a.chid));
	expect_cycle((pid_t[]){a.pid < b.pid ? a.pid : b.pid, a.pid < b.pid ? b.pid : a.pid}, 2);
	end(&a);
	expect_no_cycle();
	end(&b);
}

static void receive_and_send_as_told(void)
{
	(void)receive();
	send_as_told();
}

TEST(states_reply_blocked_clients_are_in_cycles)
{
	struct peer peers[3];
	pid_t pids[3];
	int low = 0;

	for (int i = 0; i < 3; i++)
		start(&peers[i], i == 0 ? send_as_told : receive_and_send_as_told);
	for (int i = 0; i < 3; i++) {
		const struct peer *to = &peers[(i + 1) % 3];

		tell_to_send(&peers[i], to);
		threads_await(peers[i].pid, peers[i].pid, i < 2 ? "REPLY" : "SEND",
			      on_channel(to->pid, to->chid));
		if (peers[i].pid < peers[low].pid)
			low = i;
	}
	for (int i = 0; i < 3; i++)
		pids[i] = peers[(low + i) % 3].pid;
	expect_cycle(pids, 3);
	for (int i = 0; i < 3; i++)
		end(&peers[i]);
}

static void *serve_in_thread(void *unused)
{
	(void)unused;
	peer_say((int)syscall(SYS_gettid));
	serve();
	return NULL;
}

/* Its main thread waits for who waits for it, but another one still receives. */
static void receive_send_and_serve(void)
{
	pthread_t thread;

	(void)receive();
	EXPECT_EQ(pthread_create(&thread, NULL, serve_in_thread, NULL), 0);
	send_as_told();
}

TEST(states_who_can_still_receive_is_in_no_cycle)
{
	struct peer a, b;
	char own[16];
	pid_t tid;

	start(&a, send_as_told);
	start(&b, receive_send_and_serve);
	tell_to_send(&a, &b);
	tid = hear(&b);
	(void)snprintf(own, sizeof(own), ":%d", b.chid);
	tell_to_send(&b, &a);
	threads_await(a.pid, a.pid, "REPLY", on_channel(b.pid, b.chid));
	threads_await(b.pid, b.pid, "SEND", on_channel(a.pid, a.chid));
	threads_await(b.pid, tid, "RECEIVE", own);
	expect_no_cycle();
	end(&a);
	end(&b);
}
