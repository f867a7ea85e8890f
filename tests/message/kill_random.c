// SPDX-License-Identifier: Apache-2.0
/*
 * Clients and servers that are killed at random moments: nobody hangs, no byte is wrong,
 * everything received is answered or refused, and who was not killed does not notice.
 */
#include "message/kit.h"

#define LARGE 150000

static int open_files(void)
{
	int n = 0;

	for (int fd = 0; fd < 20000; fd++)
		n += syscall(SYS_fcntl, fd, F_GETFD) >= 0;
	return n;
}

static unsigned draw(unsigned *state, unsigned below)
{
	return (unsigned)rand_r(state) % below;
}

/* What goes to and fro: the order's a is the seed of what follows, b its length. */
struct parcel {
	struct order order;
	char bytes[LARGE];
};

static void parcel_fill(struct parcel *p, unsigned *state)
{
	static const unsigned sizes[] = {1, 60, 3000, 5000, LARGE};
	const unsigned seed = draw(state, 1u << 30);

	p->order = (struct order){ORDER_TYPE, 0, 0, seed, draw(state, sizes[draw(state, 5)])};
	pattern_fill(p->bytes, (size_t)p->order.b, seed);
}

/* One exchange; the answer is the pattern of seed + 1. 0 or errno. */
static int parcel_send(int coid, struct parcel *p, unsigned *state)
{
	const struct order o = (parcel_fill(p, state), p->order);

	if (MsgSend(coid, p, sizeof(o) + (size_t)o.b, p->bytes, LARGE) == -1)
		return errno;
	pattern_expect(p->bytes, (size_t)o.b, (unsigned)o.a + 1);
	return 0;
}

/* 0, or -1 if the client is not there any more. */
static int parcel_answer(int rcvid, struct parcel *p, size_t got)
{
	const size_t size = (size_t)p->order.b;
	ssize_t more = 0;

	if (got < sizeof(p->order) + size) {
		more = MsgRead(rcvid, (char *)p + got, sizeof(p->order) + size - got, got);
		if (more == -1)
			return -1;
		EXPECT_EQ(more, sizeof(p->order) + size - got);
	}
	pattern_expect(p->bytes, size, (unsigned)p->order.a);
	pattern_fill(p->bytes, size, (unsigned)p->order.a + 1);
	return MsgReply(rcvid, (long)size, p->bytes, size);
}

/* ---- Clients are killed ---- */

struct field {
	pid_t server;
	int chid;
	bool stop;
	int attempts, killed, attached, healthy;
	long long end;
};

static void be_victim(struct field *f, unsigned seed)
{
	static struct parcel parcel;
	int coid = ConnectAttach(0, f->server, f->chid, seed % 2 ? _NTO_SIDE_CHANNEL : 0, 0);

	EXPECT_OK(coid);
	__atomic_add_fetch(&f->attached, 1, __ATOMIC_ACQ_REL);
	for (unsigned state = seed;;) {
		EXPECT_EQ(parcel_send(coid, &parcel, &state), 0);
		if (draw(&state, 8) == 0)
			(void)MsgSendPulse(coid, -1, 1, 1);
	}
}

static void kill_clients(void *arg)
{
	struct field *f = arg;
	unsigned state = (unsigned)getpid();

	while (now_ms() < f->end) {
		unsigned seed = draw(&state, 1u << 30);
		int status = 0;
		pid_t pid = EXPECT_OK(fork());

		if (pid == 0)
			be_victim(f, seed);
		(void)usleep(draw(&state, draw(&state, 2) ? 400 : 3000));
		EXPECT_OK(kill(pid, SIGKILL));
		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT(WIFSIGNALED(status));
		__atomic_add_fetch(&f->killed, 1, __ATOMIC_ACQ_REL);
	}
}

static void be_healthy(void *arg)
{
	struct field *f = arg;
	static struct parcel parcel;
	int coid = attach(f->server, f->chid);

	for (unsigned state = 99; !LOAD(f->stop);) {
		EXPECT_EQ(parcel_send(coid, &parcel, &state), 0);
		__atomic_add_fetch(&f->healthy, 1, __ATOMIC_ACQ_REL);
	}
}

struct books {
	long received, replied, refused, disconnects;
	int held[16], n_held;
};

/* Answers one that was held, with what is read again. */
static void books_settle(struct books *b, struct parcel *p, int at)
{
	int rcvid = b->held[at];

	b->held[at] = b->held[--b->n_held];
	if (MsgRead(rcvid, &p->order, sizeof(p->order), 0) == (ssize_t)sizeof(p->order) &&
	    parcel_answer(rcvid, p, sizeof(p->order)) == 0) {
		b->replied++;
	} else {
		EXPECT_EQ(errno, ESRCH);
		b->refused++;
	}
}

static void books_take(struct books *b, int chid, struct parcel *p, unsigned *state)
{
	struct _msg_info info;
	int rcvid = EXPECT_OK(MsgReceive(chid, p, sizeof(p->order) + 4000, &info));

	if (rcvid == 0) {
		const struct _pulse *pulse = (const struct _pulse *)p;

		if (pulse->code == _PULSE_CODE_DISCONNECT) {
			b->disconnects++;
			EXPECT_OK(ConnectDetach(pulse->scoid));
		}
		return;
	}
	b->received++;
	if (draw(state, 6) == 0 && b->n_held < 16) {
		b->held[b->n_held++] = rcvid;
	} else if (parcel_answer(rcvid, p, (size_t)info.msglen) == 0) {
		b->replied++;
	} else {
		EXPECT_EQ(errno, ESRCH);
		b->refused++;
	}
}

static void clients_are_killed(unsigned flags, int seconds)
{
	struct field *f = shared_memory(sizeof(*f));
	static struct parcel parcel;
	struct books b = {0};
	unsigned state = 7;
	pid_t killers[2], healthy;
	int self, files, left = 2;

	f->server = getpid();
	f->chid = EXPECT_OK(ChannelCreate(flags | _NTO_CHF_DISCONNECT));
	self = attach(0, f->chid);
	f->end = now_ms() + seconds * 1000LL;
	healthy = child_runs(be_healthy, f);
	for (int i = 0; i < 2; i++)
		killers[i] = child_runs(kill_clients, f);
	for (int i = 0; i < 50; i++) {
		/* The healthy one may be held, and no victim live for long enough to send. */
		EXPECT_OK(MsgSendPulse(self, 1, 2, 0));
		books_take(&b, f->chid, &parcel, &state);
	}
	files = open_files();
	while (left) {
		/* The healthy one keeps it turning. */
		books_take(&b, f->chid, &parcel, &state);
		while (b.n_held && draw(&state, 3) == 0)
			books_settle(&b, &parcel, (int)draw(&state, (unsigned)b.n_held));
		/* Held are the victims' and, now and then, the healthy one's. */
		if (b.n_held > 8)
			books_settle(&b, &parcel, 0);
		for (int i = 0; i < 2; i++)
			if (killers[i] && waitpid(killers[i], NULL, WNOHANG) == killers[i]) {
				killers[i] = 0;
				left--;
			}
		if (b.n_held && now_ms() > f->end)
			books_settle(&b, &parcel, 0);
		EXPECT_OK(MsgSendPulse(self, 1, 2, 0));
	}
	STORE(f->stop, true);
	while (waitpid(healthy, NULL, WNOHANG) == 0) {
		while (b.n_held)
			books_settle(&b, &parcel, 0);
		EXPECT_OK(MsgSendPulse(self, 1, 2, 0));
		books_take(&b, f->chid, &parcel, &state);
	}
	/* Who attached is told of, and the healthy one; one that died in between may be. */
	for (const long long end = now_ms() + PATIENCE_MS; b.disconnects < f->attached + 1;) {
		EXPECT_OK(MsgSendPulse(self, 1, 2, 0));
		books_take(&b, f->chid, &parcel, &state);
		if (now_ms() > end)
			FAIL("%ld disconnects of %d", b.disconnects, f->attached + 1);
	}
	printf("%d killed, %d attached, %ld received, %ld replied, %ld refused, %d healthy\n",
	       f->killed, f->attached, b.received, b.replied, b.refused, f->healthy);
	EXPECT_LE(b.disconnects, f->killed + 1);
	EXPECT_EQ(b.received, b.replied + b.refused);
	EXPECT_GT(f->healthy, 100);
	EXPECT_GT(f->killed, seconds * 4);
	EXPECT_LE(open_files(), files + 20);
	EXPECT_OK(ConnectDetach(self));
	EXPECT_OK(ChannelDestroy(f->chid));
}

TEST_WITH(clients_killed_at_random_harm_nobody, .soak = true, .limit = 90)
{
	clients_are_killed(0, harness_seconds(5));
}

TEST_WITH(clients_of_an_unblock_channel_killed_at_random_harm_nobody, .soak = true, .limit = 90)
{
	clients_are_killed(_NTO_CHF_UNBLOCK, harness_seconds(4));
}

/* ---- Servers are killed ---- */

#define FRIENDS 3

struct stage {
	pid_t server;
	int chid;
	int generation; /* of the two above; 0: they are being changed */
	bool stop;
	struct {
		int reached; /* the last generation that answered */
		long exchanges, ends;
	} friends[FRIENDS];
};

static void serve_parcels(struct stage *stage, int generation)
{
	static struct parcel parcel;
	struct _msg_info info;
	unsigned state = (unsigned)generation;
	int held = 0, rcvid;

	STORE(stage->generation, 0);
	stage->server = getpid();
	stage->chid = EXPECT_OK(ChannelCreate(draw(&state, 2) ? _NTO_CHF_UNBLOCK : 0));
	STORE(stage->generation, generation);
	for (;;) {
		rcvid = EXPECT_OK(MsgReceive(stage->chid, &parcel, sizeof(parcel), &info));
		/* One of them waits for the next one's turn: never all. */
		if (rcvid && !held && draw(&state, 4) == 0) {
			held = rcvid;
		} else if (rcvid) {
			EXPECT_EQ(parcel_answer(rcvid, &parcel, (size_t)info.msglen), 0);
			if (held && MsgRead(held, &parcel.order, sizeof(parcel.order), 0) > 0)
				EXPECT_EQ(parcel_answer(held, &parcel, sizeof(parcel.order)), 0);
			held = 0;
		}
	}
}

/* Until the server is gone. */
static void befriend(struct stage *stage, int me, unsigned *state)
{
	static struct parcel parcel;
	const int generation = LOAD(stage->generation);
	const pid_t server = stage->server;
	int coid, error;

	coid = generation ? ConnectAttach(0, server, stage->chid, _NTO_SIDE_CHANNEL, 0) : -1;
	if (coid == -1) {
		EXPECT(!generation || errno == ESRCH || errno == ENXIO || errno == EAGAIN);
		a_moment();
		return;
	}
	if (LOAD(stage->generation) != generation) {
		EXPECT_OK(ConnectDetach(coid));
		return;
	}
	while ((error = parcel_send(coid, &parcel, state)) == 0) {
		STORE(stage->friends[me].reached, generation);
		stage->friends[me].exchanges++;
		if (LOAD(stage->stop))
			break;
	}
	EXPECT(error == 0 || error == ESRCH || error == EBADF);
	EXPECT_OK(ConnectDetach(coid));
	stage->friends[me].ends++;
}

TEST_WITH(servers_killed_at_random_leave_no_client_blocked, .soak = true, .limit = 90)
{
	struct stage *stage = shared_memory(sizeof(*stage));
	const long long end = now_ms() + harness_seconds(5) * 1000LL;
	pid_t friends[FRIENDS], server = 0;
	unsigned state = 3;
	int generation = 0;
	struct peer bystander = peer_new(0);

	for (int i = 0; i < FRIENDS; i++) {
		friends[i] = EXPECT_OK(fork());
		if (friends[i] == 0) {
			unsigned own = (unsigned)i + 50;

			while (!LOAD(stage->stop))
				befriend(stage, i, &own);
			_exit(0);
		}
	}
	while (now_ms() < end) {
		if (server) {
			end_child(server);
			expect_serves(bystander.coid);
		}
		generation++;
		server = EXPECT_OK(fork());
		if (server == 0)
			serve_parcels(stage, generation);
		(void)usleep(draw(&state, draw(&state, 2) ? 2000 : 12000));
	}
	/* Everybody comes to the last one. */
	for (int i = 0; i < FRIENDS; i++)
		EVENTUALLY(LOAD(stage->friends[i].reached) == generation);
	STORE(stage->stop, true);
	/* The one that is held waits for another message; its server's end will do as well. */
	EXPECT_OK(kill(server, SIGKILL));
	for (int i = 0; i < FRIENDS; i++) {
		expect_exit(friends[i], 0);
		printf("friend %d: %ld exchanges, %ld ends\n", i, stage->friends[i].exchanges,
		       stage->friends[i].ends);
		EXPECT_GT(stage->friends[i].exchanges, 0);
	}
	printf("%d servers\n", generation);
	EXPECT_GT(generation, 5);
	expect_killed(server, SIGKILL);
	peer_end(&bystander);
}
