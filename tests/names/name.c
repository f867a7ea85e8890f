// SPDX-License-Identifier: Apache-2.0
/*
 * name_attach(), name_open() and their kind, between processes and threads. QNX Neutrino C
 * Library Reference, name_attach(): its sample server is what serve() does.
 */
#include "names/kit.h"

#include <pthread.h>
#include <sys/dispatch.h>

enum { ADD_ONE = _IO_MAX + 1, STOP, ASK };

/* What ASK answers. */
struct seen {
	uint16_t type, subtype;
	uint32_t file_type, ioflag;
	int32_t messages, disconnects;
};

union message {
	uint16_t type;
	struct _pulse pulse;
	struct _io_connect connect;
	struct {
		uint16_t type;
		int32_t value;
	} order;
	char room[64];
};

static int serve_one(name_attach_t *a, struct seen *seen, int verdict)
{
	union message m;
	int rcvid = EXPECT_OK(MsgReceive(a->chid, &m, sizeof(m), NULL));

	if (rcvid == 0) {
		if (m.pulse.code == _PULSE_CODE_DISCONNECT) {
			EXPECT_OK(ConnectDetach(m.pulse.scoid));
			seen->disconnects++;
		}
		return 0;
	}
	if (m.type == _IO_CONNECT) {
		seen->type = m.type;
		seen->subtype = m.connect.subtype;
		seen->file_type = m.connect.file_type;
		seen->ioflag = m.connect.ioflag;
		/* Who has left meanwhile is no failure. */
		(void)(verdict < 0 ? MsgError(rcvid, -verdict) : MsgReply(rcvid, verdict, NULL, 0));
		return 0;
	}
	seen->messages++;
	if (m.type == ASK)
		EXPECT_OK(MsgReply(rcvid, 0, seen, sizeof(*seen)));
	else if (m.type > _IO_MAX)
		EXPECT_OK(MsgReply(rcvid, m.order.value + 1, NULL, 0));
	else
		EXPECT_OK(MsgError(rcvid, ENOSYS));
	return m.type == STOP;
}

static void serve(name_attach_t *a, int verdict)
{
	struct seen seen = {0};

	while (!serve_one(a, &seen, verdict))
		;
}

/* A process that serves the name until it is told to stop. @verdict: what opens get. */
static pid_t named_server(const char *name, int verdict)
{
	struct gate ready = gate_new();
	pid_t pid = EXPECT_OK(fork());
	char byte;

	if (pid == 0) {
		name_attach_t *a = name_attach(NULL, name, 0);

		EXPECT(a);
		gate_open(ready);
		serve(a, verdict);
		EXPECT_OK(name_detach(a, 0));
		_exit(0);
	}
	EXPECT_OK(close(ready.write));
	EXPECT_EQ(read(ready.read, &byte, 1), 0);
	EXPECT_OK(close(ready.read));
	return pid;
}

static long order(int coid, uint16_t type, int value)
{
	union message m = {.order = {.type = type, .value = value}};

	return MsgSend(coid, &m, sizeof(m), NULL, 0);
}

static struct seen ask(int coid)
{
	union message m = {.type = ASK};
	struct seen seen;

	EXPECT_EQ(MsgSend(coid, &m, sizeof(m), &seen, sizeof(seen)), 0);
	return seen;
}

static void stop(int coid, pid_t server)
{
	EXPECT_EQ(order(coid, STOP, 0), 1);
	EXPECT_OK(name_close(coid));
	expect_exit(server, 0);
}

static name_attach_t *expect_name(const char *name)
{
	name_attach_t *a = name_attach(NULL, name, 0);

	if (!a)
		FAIL("name_attach(%s): %s", name, strerror(errno));
	return a;
}

static void expect_no_name(const char *name, unsigned flags, int error)
{
	errno = 0;
	EXPECT(!name_attach(NULL, name, flags));
	EXPECT_EQ(errno, error);
}

TEST(name_is_opened_once_it_is_attached)
{
	struct seen seen;
	pid_t server;
	int coid;

	EXPECT_ERRNO(name_open("calc", 0), ENOENT);
	server = named_server("calc", EOK);
	EXPECT(is_listed("/dev/name/local/calc"));
	coid = EXPECT_OK(name_open("calc", 0));
	EXPECT(coid & _NTO_SIDE_CHANNEL);
	EXPECT_EQ(order(coid, ADD_ONE, 41), 42);
	seen = ask(coid);
	EXPECT_EQ(seen.type, 0x100);
	EXPECT_EQ(seen.subtype, _IO_CONNECT_OPEN);
	EXPECT_EQ(seen.file_type, _FTYPE_NAME);
	EXPECT_EQ(seen.ioflag, _IO_FLAG_RD | _IO_FLAG_WR);
	EXPECT_ERRNO(order(coid, _IO_DUP, 0), ENOSYS);
	EXPECT_ERRNO(name_open("calc/more", 0), ENOENT);
	EXPECT_ERRNO(name_open("cal", 0), ENOENT);
	stop(coid, server);
	EXPECT_ERRNO(name_open("calc", 0), ENOENT);
}

TEST(name_may_have_several_parts)
{
	pid_t server = named_server("group/./calc//", EOK);
	int coid;

	EXPECT(is_listed("/dev/name/local/group/calc"));
	coid = EXPECT_OK(name_open("group/calc", 0));
	EXPECT_ERRNO(name_open("group", 0), ENOENT);
	stop(coid, server);
}

TEST(taken_name_is_eexist_until_it_is_free)
{
	pid_t server = named_server("calc", EOK);
	int coid = EXPECT_OK(name_open("calc", 0));
	name_attach_t *a;

	/* And what was made for it is gone: else the next one would be EBUSY. */
	for (int i = 0; i < 3; i++)
		expect_no_name("calc", 0, EEXIST);
	stop(coid, server);
	a = expect_name("calc");
	EXPECT_OK(name_detach(a, 0));
	a = expect_name("calc");
	EXPECT_OK(name_detach(a, 0));
}

TEST(second_name_of_a_process_is_ebusy)
{
	name_attach_t *a = expect_name("one");

	EXPECT_EQ(a->zero[0], 0);
	EXPECT_EQ(a->zero[1], 0);
	expect_no_name("two", 0, EBUSY);
	free(names_of("/dev/name/local/two", 1));
	EXPECT_OK(name_detach(a, 0));
	a = expect_name("two");
	EXPECT_OK(name_detach(a, 0));
}

TEST(detached_name_takes_its_channel_along)
{
	name_attach_t *a = expect_name("calc");
	int chid = a->chid;

	EXPECT_OK(name_detach(a, 0));
	EXPECT_ERRNO(ChannelDestroy(chid), EINVAL);
	EXPECT_ERRNO(name_detach(NULL, 0), EINVAL);
}

TEST(bad_names_are_einval)
{
	static const char *const bad[] = {NULL,   "",     "/calc",  "/", "..", "../calc",
					  "a/..", "a..b", "a/../b", ".", "./"};
	static char name[5000];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect_no_name(bad[i], 0, EINVAL);
		EXPECT_ERRNO(name_open(bad[i], 0), EINVAL);
	}
	memset(name, 'x', sizeof(name) - 1);
	expect_no_name(name, 0, ENAMETOOLONG);
	EXPECT_ERRNO(name_open(name, 0), ENAMETOOLONG);
	expect_no_name("calc", 0x100, EINVAL);
	EXPECT_ERRNO(name_open("calc", 0x100), EINVAL);
}

TEST(global_names_are_enotsup)
{
	name_attach_t *a;

	expect_no_name("calc", NAME_FLAG_ATTACH_GLOBAL, ENOTSUP);
	EXPECT_ERRNO(name_open("calc", NAME_FLAG_ATTACH_GLOBAL), ENOTSUP);
	a = name_attach(NULL, "calc", NAME_FLAG_CROSS_ENDIAN);
	EXPECT(a);
	EXPECT_OK(name_detach(a, 0));
}

TEST(server_says_who_may_open)
{
	pid_t server = named_server("no", -EACCES);

	EXPECT_ERRNO(name_open("no", 0), EACCES);
	end_child(server);
	server = named_server("any", 17);
	stop(EXPECT_OK(name_open("any", 0)), server);
}

TEST(name_close_is_a_disconnect_and_no_message)
{
	pid_t server = named_server("calc", EOK);
	int first = EXPECT_OK(name_open("calc", 0)), second;
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		int coid = EXPECT_OK(name_open("calc", 0));

		EXPECT_OK(name_close(coid));
		EXPECT_ERRNO(name_close(coid), EBADF);
		_exit(0);
	}
	expect_exit(pid, 0);
	EVENTUALLY(ask(first).disconnects == 1);
	/* One client, however often it opens. */
	second = EXPECT_OK(name_open("calc", 0));
	EXPECT_OK(name_close(second));
	EXPECT_EQ(order(first, ADD_ONE, 1), 2);
	EXPECT_EQ(ask(first).disconnects, 1);
	stop(first, server);
	EXPECT_ERRNO(name_close(-1), EBADF);
}

TEST(name_of_a_killed_server_is_free_at_once)
{
	for (int i = 0; i < 10; i++) {
		pid_t server = named_server("calc", EOK);
		name_attach_t *a;
		int coid;

		coid = EXPECT_OK(name_open("calc", 0));
		EXPECT_OK(name_close(coid));
		end_child(server);
		EXPECT_ERRNO(name_open("calc", 0), ENOENT);
		a = expect_name("calc");
		EXPECT_OK(name_detach(a, 0));
	}
}

/* One that has the name and answers nobody. */
static void *kills(void *pid)
{
	/* It blocks; before it does, the kill only comes sooner. */
	(void)poll(NULL, 0, 5);
	(void)kill(*(pid_t *)pid, SIGKILL);
	return NULL;
}

TEST(open_of_a_server_that_dies_is_enoent)
{
	struct gate ready = gate_new();
	pid_t pid = EXPECT_OK(fork());
	pthread_t thread;
	char byte;

	if (pid == 0) {
		EXPECT(name_attach(NULL, "mute", 0));
		gate_open(ready);
		for (;;)
			pause();
	}
	EXPECT_OK(close(ready.write));
	EXPECT_EQ(read(ready.read, &byte, 1), 0);
	EXPECT_OK(close(ready.read));
	EXPECT_EQ(pthread_create(&thread, NULL, kills, &pid), 0);
	EXPECT_ERRNO(name_open("mute", 0), ENOENT);
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	end_child(pid);
}

TEST_WITH(name_outlives_the_manager, .serial = true)
{
	pid_t former = (pid_t)node_figure("manager "), server = named_server("calc", EOK);
	int coid = EXPECT_OK(name_open("calc", 0));

	EXPECT_OK(kill(former, SIGKILL));
	EVENTUALLY((pid_t)node_figure("manager ") != former);
	EXPECT_EQ(order(coid, ADD_ONE, 1), 2);
	expect_no_name("calc", 0, EEXIST);
	EXPECT_OK(name_close(coid));
	coid = EXPECT_OK(name_open("calc", 0));
	stop(coid, server);
	EXPECT_ERRNO(name_open("calc", 0), ENOENT);
}

static void *opens(void *unused)
{
	int coid = EXPECT_OK(name_open("self", 0));

	(void)unused;
	EXPECT_EQ(order(coid, ADD_ONE, 1), 2);
	EXPECT_EQ(order(coid, STOP, 0), 1);
	EXPECT_OK(name_close(coid));
	return NULL;
}

TEST(thread_of_the_server_may_open_its_name)
{
	name_attach_t *a = expect_name("self");
	pthread_t thread;

	EXPECT_EQ(pthread_create(&thread, NULL, opens, NULL), 0);
	serve(a, EOK);
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_OK(name_detach(a, 0));
}

TEST(name_open_sets_the_flags_of_its_connection)
{
	pid_t server = named_server("calc", EOK);
	int plain = EXPECT_OK(name_open("calc", 0));
	int flagged = EXPECT_OK(name_open("calc", _NAME_FLAG_COF_CLOEXEC | _NAME_FLAG_COF_NOEVENT));
	const int both = _NTO_COF_CLOEXEC | _NTO_COF_NOEVENT;

	EXPECT_EQ(ConnectFlags(0, plain, 0, 0) & _NTO_COF_NOEVENT, 0);
	EXPECT_EQ(ConnectFlags(0, flagged, 0, 0) & both, both);
	EXPECT_OK(name_close(flagged));
	stop(plain, server);
}
