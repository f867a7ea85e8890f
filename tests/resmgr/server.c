// SPDX-License-Identifier: Apache-2.0
/* Servers as QNX's pages write them: pools, pulses and messages beside names, timeouts. */
#include "resmgr/kit.h"

enum { CLIENTS = 6, ROUNDS = 200 };

static void writes_and_reads(void *arg)
{
	const struct manager *m = arg;
	char byte;

	for (int i = 0; i < ROUNDS; i++) {
		int fd = client_open(m, O_RDWR);

		EXPECT_GE(fd, 0);
		EXPECT_EQ(client_write(fd, "x", 1), 1);
		EXPECT_EQ(client_read(fd, &byte, 1), 1);
		EXPECT_EQ(byte, 'x');
		EXPECT_EQ(client_close(fd), 0);
	}
}

TEST_WITH(a_pool_serves_many_clients_and_loses_nothing, .limit = 60)
{
	struct manager m = manager_new("/dev/unit", device_pool);
	pid_t clients[CLIENTS];
	int status;

	for (int i = 0; i < CLIENTS; i++)
		clients[i] = child_runs(writes_and_reads, &m);
	for (int i = 0; i < CLIENTS; i++) {
		EXPECT_EQ(waitpid(clients[i], &status, 0), clients[i]);
		EXPECT_EQ(status, 0);
	}
	EVENTUALLY(SEEN(&m, frees) == CLIENTS * ROUNDS);
	EXPECT_EQ(SEEN(&m, close_dups), CLIENTS * ROUNDS);
	EXPECT_EQ(SEEN(&m, close_ocbs), CLIENTS * ROUNDS);
	manager_end(&m);
}

static void opens_writes_and_dies(void *arg)
{
	const struct manager *m = arg;

	for (;;) {
		int fd = client_open(m, O_RDWR);

		(void)client_write(fd, "x", 1);
		if (fd >= 0 && fd < 20)
			continue; /* it stays open */
		raise(SIGKILL);
	}
}

TEST_WITH(clients_that_die_leave_nothing_in_a_pool, .limit = 60)
{
	struct manager m = manager_new("/dev/unit", device_pool);
	int status, fd;

	for (int i = 0; i < 10; i++) {
		pid_t child = child_runs(opens_writes_and_dies, &m);

		EXPECT_EQ(waitpid(child, &status, 0), child);
		EXPECT(WIFSIGNALED(status));
		EXPECT_GT(SEEN(&m, callocs), i);
	}
	fd = client_open(&m, O_RDWR);
	EVENTUALLY(client_seen(fd).count == 1);
	EXPECT_EQ(client_close(fd), 0);
	EXPECT_EQ(SEEN(&m, frees), SEEN(&m, callocs));
	EXPECT_EQ(SEEN(&m, close_ocbs), SEEN(&m, callocs));
	manager_end(&m);
}

/* The older way, where there is nothing but names. */
static void older_loop(dispatch_t *dpp)
{
	resmgr_context_t *ctp = resmgr_context_alloc(dpp);

	EXPECT(ctp);
	while ((ctp = resmgr_block(ctp)) != NULL)
		resmgr_handler(ctp);
}

TEST(the_older_loop_serves_too)
{
	struct manager m = manager_new("/dev/unit", older_loop);
	int fd = client_open(&m, O_RDWR);
	char text[4];

	EXPECT_EQ(client_write(fd, "old", 3), 3);
	EXPECT_EQ(client_read(fd, text, sizeof(text)), 3);
	EXPECT_EQ(client_close(fd), 0);
	EXPECT_EQ(SEEN(&m, frees), 1);
	manager_end(&m);
}

/* ---- Clients that send anything ---- */

TEST_WITH(any_bytes_are_answered_and_harm_nobody, .limit = 60)
{
	struct manager m = manager_new("/dev/unit", device_pool);
	int fd = client_open(&m, O_RDWR);
	unsigned char message[300];
	uint32_t seed = 7;

	for (int i = 0; i < 3000; i++) {
		const size_t size = (seed >> 8) % sizeof(message);

		for (size_t at = 0; at < size; at++) {
			seed = seed * 1664525 + 1013904223;
			message[at] = (unsigned char)(seed >> 24 & (seed & 0x10000 ? 0xff : 0));
		}
		message[0] = (unsigned char)(seed >> 16) % 0x23;
		message[1] = 1;
		/* A read would wait, a close is a close. */
		if (message[0] == 0x01 || message[0] == 0x16 || message[0] == 0x1e)
			continue;
		(void)MsgSend(fd, message, size, NULL, 0);
	}
	EXPECT_EQ(client_write(fd, "x", 1), 1);
	EXPECT_EQ(client_close(fd), 0);
	EVENTUALLY(SEEN(&m, frees) == SEEN(&m, callocs));
	fd = client_open(&m, O_RDWR);
	EXPECT_EQ(client_seen(fd).count, 1);
	EXPECT_EQ(client_close(fd), 0);
	manager_end(&m);
}

/* ---- Messages and pulses beside ---- */

static dispatch_t *own_dpp;
static int own_pulse;

static int on_message(message_context_t *ctp, int code, unsigned flags, void *handle)
{
	(void)flags;
	(void)handle;
	return MsgReply(ctp->rcvid, code, NULL, 0);
}

static int on_pulse(message_context_t *ctp, int code, unsigned flags, void *handle)
{
	(void)code;
	(void)flags;
	*(int *)handle = ctp->msg->pulse.value.sival_int;
	return 0;
}

static void *serves_three(void *arg)
{
	dispatch_context_t *ctp = dispatch_context_alloc(own_dpp);

	(void)arg;
	EXPECT(ctp);
	for (int i = 0; i < 3; i++) {
		EXPECT(dispatch_block(ctp) == ctp);
		dispatch_handler(ctp);
	}
	dispatch_context_free(ctp);
	return NULL;
}

TEST(messages_and_pulses_come_to_their_functions)
{
	const uint16_t known[8] = {0x300}, unknown[8] = {0x400};
	pthread_t thread;
	int coid, code;

	own_dpp = dispatch_create();
	EXPECT_OK(message_attach(own_dpp, NULL, 0x300, 0x3ff, on_message, NULL));
	code = EXPECT_OK(pulse_attach(own_dpp, MSG_FLAG_ALLOC_PULSE, 0, on_pulse, &own_pulse));
	coid = EXPECT_OK(message_connect(own_dpp, MSG_FLAG_SIDE_CHANNEL));
	EXPECT_OK(MsgSendPulse(coid, -1, code, 4711));
	thread_runs(&thread, serves_three, NULL);
	EXPECT_EQ(MsgSend(coid, known, sizeof(known), NULL, 0), 0x300);
	EXPECT_ERRNO(MsgSend(coid, unknown, sizeof(unknown), NULL, 0), ENOSYS);
	thread_ends(thread);
	EXPECT_EQ(own_pulse, 4711);
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_OK(dispatch_destroy(own_dpp));
}

TEST(dispatch_timeout_returns_a_context_without_a_message)
{
	dispatch_t *dpp = dispatch_create();
	struct timespec time = {0, 1000000};
	dispatch_context_t *ctp;

	EXPECT_OK(pulse_attach(dpp, 0, 1, on_pulse, &own_pulse));
	ctp = dispatch_context_alloc(dpp);
	EXPECT_OK(dispatch_timeout(dpp, &time));
	EXPECT(dispatch_block(ctp) == ctp);
	EXPECT_EQ(ctp->message_context.rcvid, -1);
	EXPECT_EQ(dispatch_handler(ctp), 0);
	time.tv_nsec = 1000000000;
	EXPECT_ERRNO(dispatch_timeout(dpp, &time), EINVAL);
	dispatch_context_free(ctp);
	EXPECT_OK(dispatch_destroy(dpp));
}

/* ---- The end of a pool ---- */

static int pool_ended;

static void *destroys(void *arg)
{
	EXPECT_OK(thread_pool_destroy(arg));
	STORE(pool_ended, 1);
	return NULL;
}

TEST(a_pools_threads_are_unblocked_when_it_is_destroyed)
{
	dispatch_t *dpp = dispatch_create();
	thread_pool_attr_t attr = {
		.handle = dpp,
		.context_alloc = dispatch_context_alloc,
		.block_func = dispatch_block,
		.unblock_func = dispatch_unblock,
		.handler_func = dispatch_handler,
		.context_free = dispatch_context_free,
		.lo_water = 3,
		.increment = 1,
		.hi_water = 5,
		.maximum = 10,
	};
	thread_pool_t *pool = thread_pool_create(&attr, 0);
	pthread_t thread;

	EXPECT_OK(pulse_attach(dpp, 0, 1, on_pulse, &own_pulse));
	EXPECT_EQ(thread_pool_start(pool), EOK);
	thread_runs(&thread, destroys, pool);
	thread_ends(thread);
	EXPECT_EQ(LOAD(pool_ended), 1);
	EXPECT_OK(dispatch_destroy(dpp));
}

/* ---- Names of raw servers on a handle ---- */

static void *serves_a_name(void *arg)
{
	dispatch_context_t *ctp = dispatch_context_alloc(arg);

	EXPECT(ctp);
	for (int i = 0; i < 2; i++) {
		EXPECT(dispatch_block(ctp) == ctp);
		dispatch_handler(ctp);
	}
	dispatch_context_free(ctp);
	return NULL;
}

TEST(a_handle_answers_who_opens_its_name)
{
	const uint16_t known[8] = {0x300};
	dispatch_t *dpp = dispatch_create();
	name_attach_t *name;
	pthread_t thread;
	int coid;

	EXPECT_OK(message_attach(dpp, NULL, 0x300, 0x3ff, on_message, NULL));
	name = name_attach(dpp, "unit", 0);
	EXPECT(name);
	thread_runs(&thread, serves_a_name, dpp);
	coid = EXPECT_OK(name_open("unit", 0));
	EXPECT_EQ(MsgSend(coid, known, sizeof(known), NULL, 0), 0x300);
	thread_ends(thread);
	EXPECT_OK(name_close(coid));
	EXPECT_OK(name_detach(name, 0));
}
