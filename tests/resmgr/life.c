// SPDX-License-Identifier: Apache-2.0
/* The lives of descriptors, and what a resource manager hears of their ends. */
#include "resmgr/kit.h"
#include "names/kit.h"

TEST(a_descriptor_is_opened_used_and_closed)
{
	struct manager m = manager_new("/dev/unit", device_loop);
	char text[8];
	int fd = client_open(&m, O_RDWR);

	EXPECT_GE(fd, 0);
	EXPECT_EQ(client_write(fd, "hello", 5), 5);
	EXPECT_EQ(client_read(fd, text, sizeof(text)), 5);
	EXPECT_EQ(memcmp(text, "hello", 5), 0);
	EXPECT_EQ(client_close(fd), 0);
	EXPECT_EQ(SEEN(&m, close_ocbs), 1);
	EXPECT_EQ(SEEN(&m, frees), 1);
	manager_end(&m);
}

TEST(duplicates_share_one_open_and_each_is_closed)
{
	struct manager m = manager_new("/dev/unit", device_loop);
	int fd = client_open(&m, O_RDWR), second, third;
	struct who who = client_who(fd);

	second = client_dup(&m, &who);
	third = client_dup(&m, &who);
	EXPECT_EQ(client_seen(third).count, 1);
	EXPECT_EQ(client_close(fd), 0);
	EXPECT_EQ(client_close(third), 0);
	EXPECT_EQ(SEEN(&m, close_dups), 2);
	EXPECT_EQ(SEEN(&m, close_ocbs), 0);
	EXPECT_EQ(client_write(second, "x", 1), 1);
	EXPECT_EQ(client_close(second), 0);
	EXPECT_EQ(SEEN(&m, close_dups), 3);
	EXPECT_EQ(SEEN(&m, close_ocbs), 1);
	EXPECT_EQ(SEEN(&m, frees), 1);
	EXPECT_EQ(SEEN(&m, callocs), 1);
	manager_end(&m);
}

struct shared_client {
	struct manager m;
	struct who who;
	struct gate ready;
	int fd;
};

static void keeps_a_duplicate(void *arg)
{
	const struct shared_client *c = arg;

	/* Inherited by the fork, as any descriptor. */
	EXPECT_NE(client_who(c->fd).scoid, c->who.scoid);
	gate_open(c->ready);
	for (;;)
		pause();
}

TEST(a_childs_duplicate_outlives_its_parents_descriptor)
{
	struct manager m = manager_new("/dev/unit", device_loop);
	struct shared_client c = {.m = m, .ready = gate_new()};
	pid_t child;
	int fd = client_open(&m, O_RDWR);

	c.fd = fd;
	c.who = client_who(fd);
	child = child_runs(keeps_a_duplicate, &c);
	gate_pass(c.ready);
	EXPECT_EQ(client_close(fd), 0);
	EXPECT_EQ(SEEN(&m, close_dups), 1);
	EXPECT_EQ(SEEN(&m, close_ocbs), 0);
	end_child(child);
	EVENTUALLY(SEEN(&m, frees) == 1);
	EXPECT_EQ(SEEN(&m, close_dups), 2);
	EXPECT_EQ(SEEN(&m, close_ocbs), 1);
	manager_end(&m);
}

static void opens_and_waits(void *arg)
{
	struct shared_client *c = arg;

	EXPECT_GE(client_open(&c->m, O_RDWR), 0);
	EXPECT_GE(client_open(&c->m, O_RDONLY), 0);
	gate_open(c->ready);
	for (;;)
		pause();
}

TEST(a_killed_clients_descriptors_are_closed)
{
	struct manager m = manager_new("/dev/unit", device_loop);
	struct shared_client c = {.m = m, .ready = gate_new()};
	pid_t child = child_runs(opens_and_waits, &c);

	gate_pass(c.ready);
	end_child(child);
	EVENTUALLY(SEEN(&m, frees) == 2);
	EXPECT_EQ(SEEN(&m, close_dups), 2);
	EXPECT_EQ(SEEN(&m, close_ocbs), 2);
	manager_end(&m);
}

static void opens_and_reads(void *arg)
{
	struct shared_client *c = arg;
	char byte;
	int fd = client_open(&c->m, O_RDWR);

	EXPECT_GE(fd, 0);
	(void)client_read(fd, &byte, 1);
}

TEST(a_client_killed_in_a_read_leaves_nothing)
{
	struct manager m = manager_new("/dev/unit", device_loop);
	struct shared_client c = {.m = m};
	pid_t child = child_runs(opens_and_reads, &c);
	int fd;

	EVENTUALLY(SEEN(&m, parked) == 1);
	end_child(child);
	EVENTUALLY(SEEN(&m, frees) == 1);
	EXPECT_EQ(SEEN(&m, parked), 0);
	/* What is written next is not lost to somebody who is gone. */
	fd = client_open(&m, O_RDWR);
	EXPECT_EQ(client_write(fd, "x", 1), 1);
	EXPECT_EQ(client_read(fd, &(char){0}, 1), 1);
	EXPECT_EQ(client_close(fd), 0);
	manager_end(&m);
}

static void *reads_in_a_thread(void *arg)
{
	struct shared_client *c = arg;
	char byte;

	EXPECT_ERRNO(client_read(c->fd, &byte, 1), EBADF);
	return NULL;
}

TEST(a_close_ends_reads_of_other_threads)
{
	struct manager m = manager_new("/dev/unit", device_loop);
	struct shared_client c = {.m = m, .fd = client_open(&m, O_RDWR)};
	const struct who who = client_who(c.fd);
	const struct _io_close close_ = {_IO_CLOSE, sizeof(close_)};
	pthread_t thread;

	thread_runs(&thread, reads_in_a_thread, &c);
	EVENTUALLY(SEEN(&m, parked) == 1);
	EXPECT_EQ(MsgSend(c.fd, &close_, sizeof(close_), NULL, 0), 0);
	thread_ends(thread);
	EXPECT_EQ(m.seen->last_scoid, who.scoid);
	EXPECT_EQ(m.seen->last_coid, who.coid);
	EXPECT_EQ(SEEN(&m, frees), 1);
	EXPECT_OK(ConnectDetach(c.fd));
	manager_end(&m);
}

static void on_signal(int signo)
{
	(void)signo;
}

static void reads_until_a_signal(void *arg)
{
	struct shared_client *c = arg;
	struct sigaction action = {.sa_handler = on_signal};
	char byte;
	int fd = client_open(&c->m, O_RDWR);

	EXPECT_OK(sigaction(SIGUSR1, &action, NULL));
	EXPECT_ERRNO(client_read(fd, &byte, 1), EINTR);
	/* It is as it was. */
	EXPECT_EQ(client_write(fd, "x", 1), 1);
	EXPECT_EQ(client_read(fd, &byte, 1), 1);
	EXPECT_EQ(client_close(fd), 0);
}

TEST(a_signal_ends_a_read_through_the_unblock_handler)
{
	struct manager m = manager_new("/dev/unit", device_loop);
	struct shared_client c = {.m = m};
	pid_t child = child_runs(reads_until_a_signal, &c);
	int status;

	EVENTUALLY(SEEN(&m, parked) == 1);
	EXPECT_OK(kill(child, SIGUSR1));
	EXPECT_EQ(waitpid(child, &status, 0), child);
	EXPECT_EQ(status, 0);
	EXPECT_EQ(SEEN(&m, unblocks), 1);
	EXPECT_EQ(SEEN(&m, frees), 1);
	manager_end(&m);
}

TEST(stat_by_path_opens_and_closes_in_one_message)
{
	struct manager m = manager_new("/dev/unit", device_loop);
	const struct _io_stat stat_ = {.type = _IO_STAT, .combine_len = sizeof(stat_)};
	struct connect_message message;
	size_t at = connect_fill(&m, &message, _IO_CONNECT_COMBINE_CLOSE, "", O_RDONLY);
	int coid = EXPECT_OK(ConnectAttach(0, m.pid, m.chid, _NTO_SIDE_CHANNEL, 0));
	struct stat got;

	at = (at + 7) & ~(size_t)7;
	memcpy((char *)&message + at, &stat_, sizeof(stat_));
	EXPECT_EQ(MsgSend(coid, &message, at + sizeof(stat_), &got, sizeof(got)),
		  _STAT_FORM_SYS_2008);
	EXPECT_EQ(got.st_mode, S_IFNAM | 0666);
	EXPECT_EQ(SEEN(&m, opens), 1);
	EXPECT_EQ(SEEN(&m, close_ocbs), 1);
	EXPECT_EQ(SEEN(&m, frees), 1);
	EXPECT_OK(ConnectDetach(coid));
	manager_end(&m);
}

TEST(marked_times_are_seen_by_the_next_stat)
{
	struct manager m = manager_new("/dev/unit", device_loop);
	const struct _io_stat stat_ = {.type = _IO_STAT, .combine_len = sizeof(stat_)};
	int fd = client_open(&m, O_RDWR);
	struct stat before, after;

	EXPECT_EQ(MsgSend(fd, &stat_, sizeof(stat_), &before, sizeof(before)), _STAT_FORM_SYS_2008);
	EXPECT_EQ(client_write(fd, "x", 1), 1);
	/* The clock of files may be coarse: until it has moved on. */
	EVENTUALLY(client_write(fd, "x", 1) == 1 &&
		   MsgSend(fd, &stat_, sizeof(stat_), &after, sizeof(after)) >= 0 &&
		   (after.st_mtim.tv_sec != before.st_mtim.tv_sec ||
		    after.st_mtim.tv_nsec != before.st_mtim.tv_nsec));
	EXPECT_EQ(after.st_atim.tv_nsec, before.st_atim.tv_nsec);
	EXPECT_EQ(client_close(fd), 0);
	manager_end(&m);
}

TEST(more_data_than_the_receive_buffer_is_read_in_pieces)
{
	struct manager m = manager_new("/dev/unit", device_loop);
	enum { SIZE = 300000 };
	unsigned char *data = malloc(SIZE);
	struct _io_devctl message = {.type = _IO_DEVCTL, .dcmd = DCMD_TAKE, .nbytes = SIZE};
	struct _io_devctl_reply reply;
	int fd = client_open(&m, O_RDWR);
	unsigned sum = 0;
	iov_t parts[2];

	pattern_fill(data, SIZE, 1);
	for (int i = 0; i < SIZE; i++)
		sum += data[i];
	SETIOV(&parts[0], &message, sizeof(message));
	SETIOV(&parts[1], data, SIZE);
	EXPECT_EQ(MsgSendvs(fd, parts, 2, &reply, sizeof(reply)), 0);
	EXPECT_EQ((unsigned)reply.ret_val, sum);
	/* It speaks of more than there is. */
	message.nbytes = SIZE + 1;
	EXPECT_ERRNO(MsgSendvs(fd, parts, 2, &reply, sizeof(reply)), EBADMSG);
	EXPECT_EQ(client_close(fd), 0);
	free(data);
	manager_end(&m);
}

TEST(an_armed_event_is_delivered_once)
{
	struct manager m = manager_new("/dev/unit", device_loop);
	int fd = client_open(&m, O_RDWR);
	int chid = EXPECT_OK(ChannelCreate(0));
	int coid = EXPECT_OK(ConnectAttach(0, 0, chid, _NTO_SIDE_CHANNEL, 0));
	struct _io_notify message = {.type = _IO_NOTIFY,
				     .action = _NOTIFY_ACTION_POLLARM,
				     .flags = (int)_NOTIFY_COND_INPUT};
	struct _io_notify_reply reply;
	struct _pulse pulse;
	const size_t size = offsetof(struct _io_notify, mgr);

	SIGEV_PULSE_INIT(&message.event, coid, SIGEV_PULSE_PRIO_INHERIT, 7, 0);
	SIGEV_MAKE_UPDATEABLE(&message.event);
	EXPECT_EQ(MsgSend(fd, &message, size, &reply, sizeof(reply)), 0);
	EXPECT_EQ(reply.flags, 0);
	EXPECT_EQ(client_write(fd, "x", 1), 1);
	EXPECT_EQ(client_write(fd, "x", 1), 1);
	EXPECT_EQ(MsgReceivePulse(chid, &pulse, sizeof(pulse), NULL), 0);
	EXPECT_EQ(pulse.code, 7);
	EXPECT_EQ((unsigned)pulse.value.sival_int, _NOTIFY_COND_INPUT);
	/* Now it is ready: nothing is armed. */
	EXPECT_EQ(MsgSend(fd, &message, size, &reply, sizeof(reply)), 0);
	EXPECT_EQ(reply.flags, _NOTIFY_COND_INPUT);
	EXPECT_OK(MsgSendPulse(coid, 1, 8, 0));
	EXPECT_EQ(MsgReceivePulse(chid, &pulse, sizeof(pulse), NULL), 0);
	EXPECT_EQ(pulse.code, 8);
	EXPECT_EQ(client_close(fd), 0);
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_OK(ChannelDestroy(chid));
	manager_end(&m);
}

TEST(an_attached_name_is_in_the_pathname_space_until_its_end)
{
	struct manager m = manager_new("/dev/unit", device_loop);
	char listed[32];

	snprintf(listed, sizeof(listed), "%d", m.chid);
	EXPECT_STR(channels_of("/dev/unit"), listed);
	manager_end(&m);
	EVENTUALLY(!is_listed("/dev/unit"));
}

TEST(a_detached_name_is_gone_at_once)
{
	resmgr_connect_funcs_t connect;
	resmgr_io_funcs_t io;
	dispatch_t *dpp = dispatch_create();
	int id;

	iofunc_func_init(_RESMGR_CONNECT_NFUNCS, &connect, _RESMGR_IO_NFUNCS, &io);
	id = EXPECT_OK(
		resmgr_attach(dpp, NULL, "/dev/soon", _FTYPE_ANY, 0, &connect, &io, &device));
	EXPECT(is_listed("/dev/soon"));
	EXPECT_OK(resmgr_detach(dpp, id, 0));
	EXPECT(!is_listed("/dev/soon"));
	EXPECT_OK(dispatch_destroy(dpp));
}

TEST(a_directory_below_a_file_is_enotdir)
{
	resmgr_connect_funcs_t connect;
	resmgr_io_funcs_t io;
	dispatch_t *dpp = dispatch_create();

	iofunc_func_init(_RESMGR_CONNECT_NFUNCS, &connect, _RESMGR_IO_NFUNCS, &io);
	EXPECT_OK(resmgr_attach(dpp, NULL, "/a/b", _FTYPE_ANY, 0, &connect, &io, &device));
	EXPECT_ERRNO(resmgr_attach(dpp, NULL, "/a/b/c", _FTYPE_ANY, _RESMGR_FLAG_DIR, &connect, &io,
				   &device),
		     ENOTDIR);
	EXPECT_OK(dispatch_destroy(dpp));
}
