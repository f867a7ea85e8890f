// SPDX-License-Identifier: Apache-2.0
/* poll(), select() and ionotify() on what servers have, alone and beside plain descriptors. */
#include "harness/harness.h"
#include "io/server.h"

#include <poll.h>
#include <pthread.h>
#include <sys/select.h>

TEST(poll_tells_at_once_what_is_so)
{
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/event", O_RDWR));
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
	char byte;

	EXPECT_EQ(poll(&p, 1, -1), 1);
	EXPECT_EQ(p.revents, POLLOUT);
	EXPECT_EQ(s.seen->notifies, 1);
	p.events = POLLIN;
	EXPECT_EQ(poll(&p, 1, 0), 0);
	/* Asked, and told to forget it. */
	EXPECT_EQ(s.seen->notifies, 3);
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(poll(&p, 1, -1), 1);
	EXPECT_EQ(p.revents, POLLIN);
	EXPECT_EQ(read(fd, &byte, 1), 1);
	EXPECT_EQ(poll(&p, 1, 10), 0);
	EXPECT_OK(close(fd));
	server_stop(&s);
}

TEST(poll_sleeps_until_a_server_or_a_pipe_says_so)
{
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/event", O_RDWR));
	int ends[2];
	struct pollfd p[2];
	char byte;
	pid_t pid;

	EXPECT_OK(pipe(ends));
	p[0] = (struct pollfd){.fd = ends[0], .events = POLLIN};
	p[1] = (struct pollfd){.fd = fd, .events = POLLIN};
	pid = writer(fd);
	EXPECT_EQ(poll(p, 2, -1), 1);
	EXPECT_EQ(p[0].revents, 0);
	EXPECT_EQ(p[1].revents, POLLIN);
	expect_exit(pid, 0);
	EXPECT_EQ(read(fd, &byte, 1), 1);
	pid = writer(ends[1]);
	EXPECT_EQ(poll(p, 2, -1), 1);
	EXPECT_EQ(p[0].revents, POLLIN);
	EXPECT_EQ(p[1].revents, 0);
	expect_exit(pid, 0);
	EXPECT_OK(close(fd));
	EXPECT_OK(close(ends[0]));
	EXPECT_OK(close(ends[1]));
	server_stop(&s);
}

TEST(a_time_that_is_none_is_einval)
{
	const struct timespec negative = {-1, 0}, too_many = {0, 1000000000}, far = {INT64_MAX, 0};
	struct timeval before = {-1, 0};
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/event", O_RDWR));
	struct pollfd p = {.fd = fd, .events = POLLIN};
	fd_set in;

	FD_ZERO(&in);
	FD_SET(fd, &in);
	EXPECT_ERRNO(ppoll(&p, 1, &negative, NULL), EINVAL);
	EXPECT_ERRNO(ppoll(&p, 1, &too_many, NULL), EINVAL);
	EXPECT_ERRNO(pselect(fd + 1, &in, NULL, NULL, &too_many, NULL), EINVAL);
	EXPECT_ERRNO(select(fd + 1, &in, NULL, NULL, &before), EINVAL);
	EXPECT_EQ(before.tv_sec, -1);
	p.events = POLLOUT;
	EXPECT_EQ(ppoll(&p, 1, &far, NULL), 1);
	EXPECT_OK(close(fd));
	server_stop(&s);
}

static unsigned count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	EXPECT(dir);
	while (readdir(dir))
		n++;
	EXPECT_OK(closedir(dir));
	return n;
}

struct poller {
	int fd;
	pid_t tid;
};

static void *polls(void *arg)
{
	struct poller *poller = arg;
	struct pollfd p = {.fd = poller->fd, .events = POLLIN};

	__atomic_store_n(&poller->tid, gettid(), __ATOMIC_RELEASE);
	(void)poll(&p, 1, -1);
	return NULL;
}

static void cancel_a_poll(int fd)
{
	struct poller poller = {.fd = fd};
	pthread_t thread;
	void *result;

	EXPECT_EQ(pthread_create(&thread, NULL, polls, &poller), 0);
	EVENTUALLY(thread_sleeps(__atomic_load_n(&poller.tid, __ATOMIC_ACQUIRE)));
	EXPECT_EQ(pthread_cancel(thread), 0);
	EXPECT_EQ(pthread_join(thread, &result), 0);
	EXPECT(result == PTHREAD_CANCELED);
}

TEST(a_cancelled_poll_leaves_nothing_open)
{
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/event", O_RDWR));
	struct pollfd p = {.fd = fd, .events = POLLIN};
	unsigned n;

	/* Here, since a thread may sleep and be cancelled before it has what it waits with. */
	EXPECT_EQ(poll(&p, 1, 0), 0);
	n = count_fds();
	for (int i = 0; i < 8; i++)
		cancel_a_poll(fd);
	EXPECT_EQ(count_fds(), n);
	/* What they have left behind is as good as new. */
	EXPECT_EQ(poll(&p, 1, 10), 0);
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(poll(&p, 1, -1), 1);
	EXPECT_OK(close(fd));
	server_stop(&s);
}

TEST(select_of_both_kinds)
{
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/event", O_RDWR));
	struct timeval limit = {0, 1000};
	int ends[2], most, status;
	fd_set in, out;
	pid_t pid;

	EXPECT_OK(pipe(ends));
	most = (fd > ends[1] ? fd : ends[1]) + 1;
	FD_ZERO(&in);
	FD_SET(fd, &in);
	FD_SET(ends[0], &in);
	EXPECT_EQ(select(most, &in, NULL, NULL, &limit), 0);
	EXPECT(!FD_ISSET(fd, &in));
	EXPECT_EQ(limit.tv_usec, 0);
	FD_ZERO(&out);
	FD_SET(fd, &out);
	FD_SET(ends[1], &out);
	EXPECT_EQ(select(most, NULL, &out, NULL, NULL), 2);
	FD_SET(fd, &in);
	FD_SET(ends[0], &in);
	pid = writer(fd);
	EXPECT_EQ(select(most, &in, NULL, NULL, NULL), 1);
	EXPECT(FD_ISSET(fd, &in));
	EXPECT(!FD_ISSET(ends[0], &in));
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_OK(close(fd));
	EXPECT_OK(close(ends[0]));
	EXPECT_OK(close(ends[1]));
	server_stop(&s);
}

TEST(ionotify_delivers_its_event)
{
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/event", O_RDWR));
	int chid = EXPECT_OK(ChannelCreate(0));
	int coid = EXPECT_OK(ConnectAttach(0, 0, chid, _NTO_SIDE_CHANNEL, 0));
	struct sigevent event;
	struct _pulse pulse;

	SIGEV_PULSE_INIT(&event, coid, 10, 5, 7);
	EXPECT_EQ(ionotify(fd, _NOTIFY_ACTION_POLLARM, _NOTIFY_COND_INPUT, &event), 0);
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_OK(MsgReceivePulse(chid, &pulse, sizeof(pulse), NULL));
	EXPECT_EQ(pulse.code, 5);
	EXPECT_EQ(ionotify(fd, _NOTIFY_ACTION_POLLARM, _NOTIFY_COND_INPUT, &event),
		  _NOTIFY_COND_INPUT);
	EXPECT_ERRNO(ionotify(0, _NOTIFY_ACTION_POLL, _NOTIFY_COND_INPUT, &event), ENOSYS);
	EXPECT_OK(close(fd));
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_OK(ChannelDestroy(chid));
	server_stop(&s);
}
