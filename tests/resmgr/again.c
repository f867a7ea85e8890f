// SPDX-License-Identifier: Apache-2.0
/* Connections whose socket was another one's before: close() leaves it to the next ConnectAttach(). */
#include "resmgr/kit.h"

/* What no server of the kit has an answer for but ENOSYS. */
static void expect_reached(int coid)
{
	const uint16_t type[8] = {0x7abc};

	EXPECT_ERRNO(MsgSend(coid, type, sizeof(type), NULL, 0), ENOSYS);
}

/* The server's own open file of @coid, so that the next close() leaves the socket. */
static void open_at(const struct manager *m, int coid)
{
	struct connect_message message;
	const size_t size = connect_fill(m, &message, _IO_CONNECT_OPEN, "", O_RDWR);

	EXPECT_EQ(MsgSend(coid, &message, size, NULL, 0), 0);
}

/* A channel with the number of one that was there before. */
static void serve_anew(dispatch_t *dpp)
{
	dispatch_context_t *ctp = dispatch_context_alloc(dpp);
	int chid = -1;

	EXPECT(ctp);
	while (__atomic_load_n(&device.seen->close_ocbs, __ATOMIC_ACQUIRE) == 0) {
		ctp = dispatch_block(ctp);
		EXPECT(ctp);
		if (ctp->resmgr_context.rcvid > 0)
			chid = ctp->resmgr_context.info.chid;
		dispatch_handler(ctp);
	}
	EXPECT_OK(ChannelDestroy(chid));
	EXPECT_EQ(ChannelCreate(0), chid);
	/* What the test waits for. */
	STORE(device.seen->count, -1);
	for (;;) {
		union mail mail;
		int rcvid = EXPECT_OK(MsgReceive(chid, &mail, sizeof(mail), NULL));

		if (rcvid > 0)
			EXPECT_OK(MsgError(rcvid, ENOSYS));
	}
}

TEST(a_channel_with_a_former_ones_number_is_not_reached_by_its_sockets)
{
	struct manager m = manager_new("/dev/unit", serve_anew);
	int fd = EXPECT_OK(client_open(&m, O_RDWR));

	EXPECT_OK(close(fd));
	EVENTUALLY(SEEN(&m, count) == -1);
	for (int i = 0; i < 3; i++) {
		fd = EXPECT_OK(ConnectAttach(0, m.pid, m.chid, 0, 0));
		expect_reached(fd);
		EXPECT_OK(ConnectDetach(fd));
	}
	manager_end(&m);
}

/* ---- Several threads at once over a connection that nobody has used ---- */

struct crowd {
	pthread_barrier_t barrier;
	int coid;
	bool is_over;
};

static void *reaches(void *arg)
{
	struct crowd *crowd = arg;

	expect_reached(crowd->coid);
	return NULL;
}

static void *reaches_again(void *arg)
{
	struct crowd *crowd = arg;

	for (;;) {
		pthread_barrier_wait(&crowd->barrier);
		if (crowd->is_over)
			return NULL;
		expect_reached(crowd->coid);
		pthread_barrier_wait(&crowd->barrier);
	}
}

TEST_WITH(threads_use_a_new_connection_at_once, .threads = true, .limit = 60)
{
	struct manager m = manager_new("/dev/unit", device_pool);
	struct crowd crowd = {.coid = EXPECT_OK(client_open(&m, O_RDWR))};
	pthread_t old[2], new;

	EXPECT_EQ(pthread_barrier_init(&crowd.barrier, NULL, 3), 0);
	for (int i = 0; i < 2; i++)
		thread_runs(&old[i], reaches_again, &crowd);
	for (int i = 0; i < 1500; i++) {
		EXPECT_OK(close(crowd.coid));
		crowd.coid = EXPECT_OK(ConnectAttach(0, m.pid, m.chid, 0, 0));
		if (i % 10 == 0)
			thread_runs(&new, reaches, &crowd);
		pthread_barrier_wait(&crowd.barrier);
		expect_reached(crowd.coid);
		pthread_barrier_wait(&crowd.barrier);
		if (i % 10 == 0)
			thread_ends(new);
		open_at(&m, crowd.coid);
	}
	crowd.is_over = true;
	pthread_barrier_wait(&crowd.barrier);
	for (int i = 0; i < 2; i++)
		thread_ends(old[i]);
	EXPECT_EQ(pthread_barrier_destroy(&crowd.barrier), 0);
	EXPECT_OK(close(crowd.coid));
	manager_end(&m);
}

/* ---- Clients that come again at once ---- */

static void comes_again(void *arg)
{
	const struct manager *m = arg;

	for (int i = 0; i < 3000; i++) {
		int fd = client_open(m, O_RDWR);

		EXPECT_GE(fd, 0);
		/* All that were before are gone, but for what the server is just at. */
		EXPECT_LT(client_who(fd).scoid & 0xffff, 200);
		EXPECT_OK(close(fd));
	}
}

TEST_WITH(a_client_that_comes_again_leaves_no_former_one_in_a_pool, .limit = 60)
{
	struct manager m = manager_new("/dev/unit", device_pool);
	pid_t clients[3];

	for (int i = 0; i < 3; i++)
		clients[i] = child_runs(comes_again, &m);
	for (int i = 0; i < 3; i++)
		expect_exit(clients[i], 0);
	manager_end(&m);
}
