// SPDX-License-Identifier: Apache-2.0
/*
 * Programs that write rubbish to their connections, close what is the library's, and
 * scribble over what they share with their peers: they may break themselves, and nobody
 * else. All of it by bare system calls, for the library would not.
 */
#include "message/kit.h"

#include <inttypes.h>
#include <sys/socket.h>

static unsigned draw(unsigned *state, unsigned below)
{
	return (unsigned)rand_r(state) % below;
}

/* Others are served, rightly, for as long as it takes to be sure. */
static void expect_unharmed(const struct peer *peer, int exchanges)
{
	int coid = attach(peer->pid, peer->chid);
	static char smsg[20000], reply[20000];

	for (int i = 0; i < exchanges; i++) {
		const struct order o = {ORDER_TYPE, 0, ORDER_ECHO, i, 0};
		const size_t n = sizeof(o) + (size_t)i * 37 % (sizeof(smsg) - sizeof(o));

		pattern_fill(smsg, n, (unsigned)i);
		memcpy(smsg, &o, sizeof(o));
		EXPECT_EQ(MsgSend(coid, smsg, n, reply, sizeof(reply)), i);
		EXPECT_EQ(memcmp(reply, smsg + sizeof(o), n - sizeof(o)), 0);
		expect_serves(peer->coid);
	}
	EXPECT_OK(ConnectDetach(coid));
}

/* ---- Rubbish on the descriptor ---- */

static void rubbish(char *at, size_t size, unsigned *state)
{
	static const uint32_t words[] = {0, 1, 2, 3, 4, 16, 64, 0x7fffffff, 0x80000000, 0xffffffff};

	for (size_t i = 0; i < size; i++)
		at[i] = (char)draw(state, 256);
	for (size_t i = 0; i + 4 <= size; i += 4)
		if (draw(state, 2))
			memcpy(at + i, &words[draw(state, 10)], 4);
}

static void send_descriptors(int fd, char *bytes, size_t size, int n)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * 4)];
		struct cmsghdr align;
	} control;
	struct iovec part = {bytes, size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *c;

	memset(&control, 0, sizeof(control));
	message.msg_control = control.bytes;
	message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)n);
	c = CMSG_FIRSTHDR(&message);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)n);
	memcpy(CMSG_DATA(c), (int[]){0, 1, 2, fd}, sizeof(int) * (size_t)n);
	(void)syscall(SYS_sendmsg, fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void pester(int fd, unsigned *state, int times)
{
	static char bytes[70000];

	for (int i = 0; i < times; i++) {
		static const unsigned sizes[] = {4, 16, 64, 200, 5000, sizeof(bytes)};
		const size_t size = draw(state, sizes[draw(state, 6)]);

		rubbish(bytes, size, state);
		switch (draw(state, 6)) {
		case 0:
			(void)syscall(SYS_sendto, fd, bytes, 0, MSG_DONTWAIT | MSG_NOSIGNAL, NULL,
				      0);
			break;
		case 1:
			send_descriptors(fd, bytes, size, 1 + (int)draw(state, 4));
			break;
		case 2:
			(void)syscall(SYS_recvfrom, fd, bytes, sizeof(bytes), MSG_DONTWAIT, NULL,
				      NULL);
			break;
		default:
			(void)syscall(SYS_sendto, fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL,
				      NULL, 0);
			break;
		}
	}
}

struct hostile {
	const struct peer *peer;
	unsigned seed;
	pid_t pid;
	bool ready;
};

static void write_rubbish(void *arg)
{
	struct hostile *h = arg;
	unsigned state = h->seed;
	int coid = EXPECT_OK(ConnectAttach(0, h->peer->pid, h->peer->chid, 0, 0));

	/* Used before, or not yet, when the rubbish comes. */
	if (h->seed % 2)
		expect_serves(coid);
	pester(coid, &state, 400);
	if (h->seed % 3 == 0)
		(void)syscall(SYS_shutdown, coid, SHUT_RDWR);
	/* Whatever becomes of its own messages; but the process ends. */
	(void)alarm(2);
	(void)order(coid, ORDER_STATUS, 1);
}

TEST(rubbish_written_to_a_connection_harms_nobody_else)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);
	int bystander = EXPECT_OK(ConnectAttach(0, peer.pid, peer.chid, 0, 0));

	for (unsigned seed = 1; seed <= 12; seed++) {
		struct hostile h = {.peer = &peer, .seed = seed};
		int status;
		pid_t pid = child_runs(write_rubbish, &h);

		expect_unharmed(&peer, 20);
		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT(!WIFSIGNALED(status) || WTERMSIG(status) == SIGALRM);
		expect_serves(bystander);
	}
	/* It hears of each of their ends. */
	EVENTUALLY(order(peer.coid, ORDER_COUNT, _PULSE_CODE_DISCONNECT) >= 12);
	EXPECT_OK(ConnectDetach(bystander));
	peer_end(&peer);
}

/* A shell that has inherited a connection as its output. */
TEST(a_program_that_takes_a_connection_for_its_output_harms_nobody)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);
	int coid = EXPECT_OK(ConnectAttach(0, peer.pid, peer.chid, 0, 0));

	expect_serves(coid);
	for (int i = 0; i < 5; i++) {
		pid_t pid = EXPECT_OK(
			spawn("/bin/sh", 3, (int[]){0, coid, coid}, NULL,
			      (char *const *)(const char *const[]){
				      "sh", "-c", "echo hello; cat /etc/passwd; exit 3", NULL},
			      NULL));
		int status;

		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		expect_serves(coid);
	}
	expect_unharmed(&peer, 20);
	EXPECT_OK(ConnectDetach(coid));
	peer_end(&peer);
}

/* ---- Closing what is the library's ---- */

static void close_all(void *arg)
{
	struct hostile *h = arg;
	int coid = EXPECT_OK(ConnectAttach(0, h->peer->pid, h->peer->chid, 0, 0));
	int side = attach(h->peer->pid, h->peer->chid), ends[2];
	struct pollfd quiet = {.events = POLLIN};

	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	quiet.fd = ends[0];
	expect_serves(coid);
	expect_serves(side);
	(void)syscall(SYS_close, coid);
	/* What becomes of its own messages on it is not said, but for the others. */
	(void)order(coid, ORDER_STATUS, 1);
	expect_serves(side);
	/* A file with its number is not written to. */
	EXPECT_EQ(syscall(SYS_dup3, ends[1], coid, O_CLOEXEC), coid);
	(void)order(coid, ORDER_STATUS, 1);
	(void)ConnectDetach(coid);
	EXPECT_EQ(poll(&quiet, 1, 0), 0);
	for (int fd = 3; fd < 20000; fd++)
		(void)syscall(SYS_close, fd);
	(void)alarm(2);
	(void)order(side, ORDER_STATUS, 1);
	(void)ConnectAttach(0, h->peer->pid, h->peer->chid, 0, 0);
	_exit(0);
}

TEST(a_connection_that_is_closed_behind_the_librarys_back_is_gone)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT);
	struct hostile h = {.peer = &peer};
	int status;
	pid_t pid = child_runs(close_all, &h);

	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		EXPECT_EQ(WEXITSTATUS(status), 0);
	else
		EXPECT_EQ(WTERMSIG(status), SIGALRM);
	/* Once at least: it may have come back as another client in between. */
	EVENTUALLY(order(peer.coid, ORDER_COUNT, _PULSE_CODE_DISCONNECT) >= 1);
	expect_unharmed(&peer, 20);
	peer_end(&peer);
}

/* ---- Scribbling over shared memory ---- */

#define MAPS 64

struct map {
	char *at;
	size_t size;
};

/* What is shared with others by a descriptor: those of the manager but not its page. */
static int find_maps(struct map *maps)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];
	int n = 0;

	EXPECT(f);
	while (n < MAPS && fgets(line, sizeof(line), f)) {
		uintptr_t begin, end;
		char rights[5];

		if (!strstr(line, "/memfd:") || strstr(line, "kamioka-arena") ||
		    sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &begin, &end, rights) != 3 ||
		    rights[3] != 's')
			continue;
		/* What is not ours to write stays so, or is written too. */
		if (rights[1] != 'w' &&
		    mprotect((void *)begin, end - begin, PROT_READ | PROT_WRITE) < 0)
			continue;
		maps[n++] = (struct map){(char *)begin, end - begin};
	}
	fclose(f);
	return n;
}

static void *scribble(void *arg)
{
	struct hostile *h = arg;
	struct map maps[MAPS];
	unsigned state = h->seed;
	int n = find_maps(maps);

	STORE(h->ready, true);
	for (;;) {
		for (int i = 0; i < n; i++) {
			const size_t at = draw(&state, (unsigned)maps[i].size);
			size_t size = draw(&state, 3) ? 4 : draw(&state, 4096);

			size = size < maps[i].size - at ? size : maps[i].size - at;
			switch (draw(&state, 4)) {
			case 0:
				memset(maps[i].at + at, 0, size);
				break;
			case 1:
				memset(maps[i].at + at, 0xff, size);
				break;
			case 2:
				rubbish(maps[i].at, maps[i].size < 256 ? maps[i].size : 256,
					&state);
				break;
			default:
				rubbish(maps[i].at + at, size, &state);
				break;
			}
		}
		if (n == 0)
			a_moment();
	}
	return NULL;
}

static void send_and_scribble(void *arg)
{
	struct hostile *h = arg;
	int coid = attach(h->peer->pid, h->peer->chid);
	static char smsg[5000], reply[5000];
	const struct order o = {ORDER_TYPE, 0, ORDER_ECHO, 1, 0};
	pthread_t thread;

	expect_serves(coid);
	thread_runs(&thread, scribble, h);
	memcpy(smsg, &o, sizeof(o));
	for (size_t i = 0;; i++) {
		(void)MsgSend(coid, smsg, sizeof(o) + i % 4000, reply, sizeof(reply));
		(void)MsgSendPulse(coid, -1, 3, 3);
	}
}

TEST_LIMIT(a_client_that_scribbles_over_its_slots_harms_nobody_else, 60)
{
	struct peer peer = peer_new(_NTO_CHF_DISCONNECT | _NTO_CHF_UNBLOCK);

	for (unsigned seed = 1; seed <= 6; seed++) {
		struct hostile *h = shared_memory(sizeof(*h));

		*h = (struct hostile){.peer = &peer, .seed = seed};
		h->pid = child_runs(send_and_scribble, h);
		EVENTUALLY(LOAD(h->ready) || is_zombie(h->pid));
		expect_unharmed(&peer, 150);
		/* It may have died of itself. */
		end_child(h->pid);
		expect_unharmed(&peer, 20);
	}
	EVENTUALLY(order(peer.coid, ORDER_COUNT, _PULSE_CODE_DISCONNECT) >= 6);
	peer_end(&peer);
}

/* ---- A lane that is used by hand ---- */

#define LANE_SIZE 2129920

/* Places in it (protocol/layout.golden). */
enum { AT_STATE = 0, AT_SCOID = 76, AT_SIZE = 144, AT_PEER = 224, AT_SMALL = 448 };
enum { LANE_IS_READY = 1, LANE_STATE_BITS = 7 };

struct by_hand {
	const struct peer *peer;
	int round; /* both sides' */
	uint32_t state;
};

static void by_hand_step(struct by_hand *h, int round)
{
	STORE(h->round, round);
	EVENTUALLY(LOAD(h->round) == round + 1);
}

static char *find_lane(void)
{
	struct map maps[MAPS];
	int n = find_maps(maps);

	while (n-- > 0)
		if (maps[n].size == LANE_SIZE)
			return maps[n].at;
	return NULL;
}

static uint32_t *lane_state(char *lane)
{
	return (uint32_t *)(void *)(lane + AT_STATE);
}

static void say_ready(char *lane)
{
	uint32_t *state = lane_state(lane);

	STORE(*state, ((LOAD(*state) >> 8) + 1) << 8 | LANE_IS_READY);
}

static void ring_all_bells(void)
{
	const uint64_t one = 1;
	char path[64], text[64];

	for (int fd = 0; fd < 1024; fd++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, text, sizeof(text) - 1);
		if (n > 0 && memmem(text, (size_t)n, "eventfd", 7))
			(void)syscall(SYS_write, fd, &one, sizeof(one));
	}
}

static void is_ready_for_nothing(void *arg)
{
	struct by_hand *h = arg;
	int coid = attach(h->peer->pid, h->peer->chid);
	char *lane;

	expect_serves(coid);
	lane = find_lane();
	EXPECT(lane);
	for (int i = 0; i < 20; i++) {
		uint32_t before;

		/* So that the server looks before it sleeps. */
		for (int k = 0; k < 300; k++)
			expect_serves(coid);
		before = LOAD(*lane_state(lane));
		memset(lane + AT_SIZE, 0xff, 8);
		say_ready(lane);
		by_hand_step(h, 2 * i + 1);
		STORE(*lane_state(lane), before);
	}
}

TEST(a_lane_that_is_ready_for_nothing_keeps_no_server_awake)
{
	struct peer peer = peer_new(0);
	struct by_hand *h = shared_memory(sizeof(*h));
	pid_t pid;

	h->peer = &peer;
	pid = child_runs(is_ready_for_nothing, h);
	for (int i = 0; i < 20; i++) {
		EVENTUALLY(LOAD(h->round) == 2 * i + 1);
		EVENTUALLY(state_of("/proc", peer.pid) == 'S');
		STORE(h->round, 2 * i + 2);
	}
	expect_exit(pid, 0);
	expect_unharmed(&peer, 20);
	peer_end(&peer);
}

static void sends_as_nobody(void *arg)
{
	const struct order o = {ORDER_TYPE, 0, ORDER_STATUS, 1, 0};
	const uint64_t size = sizeof(o);
	struct by_hand *h = arg;
	int coid = attach(h->peer->pid, h->peer->chid);
	char *lane;

	expect_serves(coid);
	lane = find_lane();
	EXPECT(lane);
	EXPECT_OK(ConnectDetach(coid));
	EVENTUALLY(LOAD(*(int *)(void *)(lane + AT_SCOID)) == 0);
	memset(lane + AT_PEER, 0, 8);
	memcpy(lane + AT_SIZE, &size, sizeof(size));
	memcpy(lane + AT_SMALL, &o, sizeof(o));
	say_ready(lane);
	ring_all_bells();
	by_hand_step(h, 1);
	h->state = LOAD(*lane_state(lane)) & LANE_STATE_BITS;
}

TEST(who_has_no_connection_left_is_not_heard)
{
	struct by_hand *h = shared_memory(sizeof(*h));
	struct peer peer;
	pid_t pid;

	if (getenv("KAMIOKA_LANE"))
		SKIP("only lanes with memory outlive their connections");
	peer = peer_new(_NTO_CHF_DISCONNECT);
	h->peer = &peer;
	pid = child_runs(sends_as_nobody, h);
	EVENTUALLY(LOAD(h->round) == 1);
	for (int i = 0; i < 20; i++)
		expect_serves(peer.coid);
	STORE(h->round, 2);
	expect_exit(pid, 0);
	EXPECT_EQ(h->state, LANE_IS_READY);
	peer_end(&peer);
}

static void serve_and_scribble(int chid)
{
	static struct hostile h = {.seed = 5};
	union mail mail;
	pthread_t thread;
	int rcvid = expect_message(chid, &mail, NULL);

	EXPECT_OK(MsgReply(rcvid, 0, NULL, 0));
	thread_runs(&thread, scribble, &h);
	for (;;) {
		rcvid = MsgReceive(chid, &mail, sizeof(mail), NULL);
		if (rcvid > 0)
			(void)MsgReply(rcvid, 0, "x", 1);
	}
}

static void talk_to_scribbler(void *arg)
{
	struct hostile *h = arg;
	int coid = ConnectAttach(0, h->peer->pid, h->peer->chid, _NTO_SIDE_CHANNEL, 0);
	char reply[100];

	/* It may have scribbled itself to death already. */
	if (coid == -1)
		EXPECT(errno == ENXIO || errno == ESRCH);
	STORE(h->ready, true);
	if (coid == -1)
		return;
	while (MsgSend(coid, "hello", 5, reply, sizeof(reply)) != -1 ||
	       (errno != ESRCH && errno != EBADF))
		;
}

TEST_LIMIT(clients_of_a_server_that_scribbles_leave_when_it_dies, 60)
{
	struct peer wild = peer_that(0, serve_and_scribble), good = peer_new(0);
	struct hostile *h = shared_memory(3 * sizeof(*h));

	for (int i = 0; i < 3; i++) {
		h[i].peer = &wild;
		h[i].pid = child_runs(talk_to_scribbler, &h[i]);
	}
	for (int i = 0; i < 3; i++)
		EVENTUALLY(LOAD(h[i].ready));
	expect_unharmed(&good, 300);
	end_child(wild.pid);
	for (int i = 0; i < 3; i++)
		expect_exit(h[i].pid, 0);
	EXPECT_OK(ConnectDetach(wild.coid));
	expect_unharmed(&good, 20);
	peer_end(&good);
}

/* ---- Numbers and pointers that are none ---- */

TEST(bad_arguments_are_refused_and_change_nothing)
{
	struct peer peer = peer_new(0);
	int chid = EXPECT_OK(ChannelCreate(0)), self = attach(0, chid);
	unsigned state = 11;
	union mail mail;

	for (int i = 0; i < 2000; i++) {
		const int wild = (int)((unsigned)rand_r(&state) << 1 ^ (unsigned)rand_r(&state));

		/* None of these is one of the few ids that there are. */
		if (wild == chid || wild == self || wild == peer.coid || wild == SYSMGR_COID)
			continue;
		EXPECT_EQ(MsgReply(wild, 0, "x", 1), -1);
		EXPECT_EQ(MsgError(wild, EIO), -1);
		EXPECT_EQ(MsgRead(wild, &mail, sizeof(mail), 0), -1);
		EXPECT_EQ(MsgSendPulse(wild, -1, 1, 1), -1);
		EXPECT_EQ(MsgSend(wild, "x", 1, NULL, 0), -1);
		EXPECT_EQ(ChannelDestroy(wild), -1);
		if (wild > 1000)
			EXPECT_EQ(ConnectDetach(wild), -1);
	}
	EXPECT_ERRNO(MsgReceive(chid, NOWHERE, 0, NULL), EFAULT);
	expect_nothing_queued(chid, self);
	expect_unharmed(&peer, 10);
	EXPECT_OK(ConnectDetach(self));
	EXPECT_OK(ChannelDestroy(chid));
	peer_end(&peer);
}
