// SPDX-License-Identifier: Apache-2.0
/* The means that the kernel has, each with as large buffers as it lets one have. */
#include "echo.h"

#include "figure.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void is_up(void)
{
	(void)sem_post(&echo_meeting->is_up); /* cannot fail, it is 0 */
}

/* ---- A pair of pipes ---- */

static int there[2], back[2];

static void pipe_prepare(size_t size)
{
	if (pipe(there) < 0 || pipe(back) < 0)
		figure_die("pipe");
	if (size > 65536) { /* refused: it goes with smaller ones, too */
		(void)fcntl(there[1], F_SETPIPE_SZ, 1 << 20);
		(void)fcntl(back[1], F_SETPIPE_SZ, 1 << 20);
	}
}

static void read_all(int fd, char *to, size_t size)
{
	while (size > 0) {
		ssize_t n = read(fd, to, size);

		if (n <= 0)
			figure_die("read");
		to += n;
		size -= (size_t)n;
	}
}

static void write_all(int fd, const char *from, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, from, size);

		if (n <= 0)
			figure_die("write");
		from += n;
		size -= (size_t)n;
	}
}

noreturn static void pipe_serve(char *buffer, size_t size)
{
	is_up();
	for (;;) {
		read_all(there[0], buffer, size);
		write_all(back[1], buffer, size);
	}
}

static void pipe_call(const char *request, char *reply, size_t size)
{
	write_all(there[1], request, size);
	read_all(back[0], reply, size);
}

/* ---- A pair of sockets; a message that does not fit goes in several records ---- */

static int ends[2];
static size_t record;

static void seqpacket_prepare(size_t size)
{
	int want = (int)size + 65536, has;
	socklen_t len = sizeof(has);

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
		figure_die("socketpair");
	for (int i = 0; i < 2; i++) /* the first one is root's; what is refused shows below */
		if (setsockopt(ends[i], SOL_SOCKET, SO_SNDBUFFORCE, &want, sizeof(want)) < 0)
			(void)setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &want, sizeof(want));
	(void)getsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &has, &len);
	record = size < (size_t)has / 2 ? size : (size_t)has / 2;
}

static void send_all(int fd, const char *from, size_t size)
{
	for (size_t n; size > 0; from += n, size -= n) {
		n = size < record ? size : record;
		if (send(fd, from, n, MSG_NOSIGNAL) != (ssize_t)n)
			figure_die("send");
	}
}

static void receive_all(int fd, char *to, size_t size)
{
	for (size_t n; size > 0; to += n, size -= n) {
		n = size < record ? size : record;
		if (recv(fd, to, n, 0) != (ssize_t)n)
			figure_die("recv");
	}
}

noreturn static void seqpacket_serve(char *buffer, size_t size)
{
	is_up();
	for (;;) {
		receive_all(ends[1], buffer, size);
		send_all(ends[1], buffer, size);
	}
}

static void seqpacket_call(const char *request, char *reply, size_t size)
{
	send_all(ends[0], request, size);
	receive_all(ends[0], reply, size);
}

/* ---- A pair of POSIX's queues ---- */

static mqd_t queues[2];

static void mq_prepare(size_t size)
{
	struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = (long)size};
	char name[64];

	for (int i = 0; i < 2; i++) {
		(void)snprintf(name, sizeof(name), "/kamioka-bench-%d-%d", getpid(), i);
		queues[i] = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
		if (queues[i] == (mqd_t)-1) {
			perror("mq_open");
			exit(FIGURE_STATUS_SKIP); /* all of its errors are limits here */
		}
		(void)mq_unlink(name); /* it was made just now */
	}
}

static void mq_put(int i, const char *from, size_t size)
{
	if (mq_send(queues[i], from, size, 0) < 0)
		figure_die("mq_send");
}

static void mq_take(int i, char *to, size_t size)
{
	if (mq_receive(queues[i], to, size, NULL) != (ssize_t)size)
		figure_die("mq_receive");
}

noreturn static void mq_serve(char *buffer, size_t size)
{
	is_up();
	for (;;) {
		mq_take(0, buffer, size);
		mq_put(1, buffer, size);
	}
}

static void mq_call(const char *request, char *reply, size_t size)
{
	mq_put(0, request, size);
	mq_take(1, reply, size);
}

/* ---- Memory of both, and two words to wait on. It never spins. ---- */

struct half {
	_Alignas(64) _Atomic uint32_t n; /* messages so far */
	_Alignas(64) char *data;
};

static struct half *halves;

static void futex_prepare(size_t size)
{
	size_t head = 4096, data = (size + 4095) & ~(size_t)4095;
	char *memory = mmap(NULL, head + 2 * data, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		figure_die("mmap");
	memset(memory, 0, head + 2 * data);
	halves = (struct half *)(void *)memory;
	halves[0].data = memory + head;
	halves[1].data = memory + head + data;
}

static void half_put(struct half *half, const char *from, size_t size)
{
	memcpy(half->data, from, size);
	(void)atomic_fetch_add(&half->n, 1);
	(void)syscall(SYS_futex, &half->n, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void half_take(struct half *half, uint32_t last, char *to, size_t size)
{
	while (atomic_load(&half->n) == last)
		(void)syscall(SYS_futex, &half->n, FUTEX_WAIT, last, NULL, NULL, 0);
	memcpy(to, half->data, size);
}

noreturn static void futex_serve(char *buffer, size_t size)
{
	is_up();
	for (uint32_t n = 0;; n++) {
		half_take(&halves[0], n, buffer, size);
		half_put(&halves[1], buffer, size);
	}
}

static void futex_call(const char *request, char *reply, size_t size)
{
	uint32_t last = atomic_load(&halves[1].n);

	half_put(&halves[0], request, size);
	half_take(&halves[1], last, reply, size);
}

/* ---- An eventfd, which says that something has happened ---- */

static int event_fd;

static void eventfd_prepare(size_t size)
{
	(void)size;
	event_fd = eventfd(0, 0);
	if (event_fd < 0)
		figure_die("eventfd");
}

noreturn static void eventfd_serve(char *buffer, size_t size)
{
	uint64_t n;

	(void)buffer;
	(void)size;
	is_up();
	for (;;) {
		if (read(event_fd, &n, sizeof(n)) != sizeof(n))
			figure_die("read");
		(void)atomic_fetch_add(&echo_meeting->seen, n);
	}
}

static void eventfd_call(const char *request, char *reply, size_t size)
{
	const uint64_t one = 1;

	(void)request;
	(void)reply;
	(void)size;
	if (write(event_fd, &one, sizeof(one)) != sizeof(one))
		figure_die("write");
}

/* ---- Making a pair of sockets, and giving one to another process, until that has it ---- */

noreturn static void pass_serve(char *buffer, size_t size)
{
	(void)size;
	is_up();
	for (;;) {
		union {
			struct cmsghdr header;
			char room[CMSG_SPACE(sizeof(int))];
		} control;
		struct iovec part = {buffer, 1};
		struct msghdr message = {.msg_iov = &part,
					 .msg_iovlen = 1,
					 .msg_control = &control,
					 .msg_controllen = sizeof(control)};
		int fd;

		if (recvmsg(ends[1], &message, 0) != 1)
			figure_die("recvmsg");
		memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
		write_all(fd, buffer, 1);
		(void)close(fd); /* it is ours: cannot fail */
	}
}

static void pass_call(const char *request, char *reply, size_t size)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec part = {reply, 1};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int pair[2];

	(void)request;
	(void)size;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		figure_die("socketpair");
	memcpy(CMSG_DATA(&control.header), &pair[1], sizeof(pair[1]));
	if (sendmsg(ends[0], &message, 0) != 1)
		figure_die("sendmsg");
	(void)close(pair[1]); /* they are ours: cannot fail */
	read_all(pair[0], reply, 1);
	(void)close(pair[0]);
}

const struct echo_way echo_ways[] = {
	{.name = "pipe", .prepare = pipe_prepare, .serve = pipe_serve, .call = pipe_call},
	{.name = "seqpacket",
	 .prepare = seqpacket_prepare,
	 .serve = seqpacket_serve,
	 .call = seqpacket_call},
	{.name = "mq", .prepare = mq_prepare, .serve = mq_serve, .call = mq_call},
	{.name = "futex", .prepare = futex_prepare, .serve = futex_serve, .call = futex_call},
	{.name = "pass",
	 .is_unmarked = true,
	 .prepare = seqpacket_prepare,
	 .serve = pass_serve,
	 .call = pass_call},
	{.name = "eventfd",
	 .is_oneway = true,
	 .prepare = eventfd_prepare,
	 .serve = eventfd_serve,
	 .call = eventfd_call},
	{.name = NULL},
};
