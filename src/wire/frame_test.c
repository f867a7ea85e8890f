// SPDX-License-Identifier: Apache-2.0
/*
 * A frame arrives whole, with what travels beside it, or not at all; and no
 * test leaves a descriptor open.
 */
#include "wire/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"

/* Too large for a stack. */
static struct wire_msg msg;
static uint8_t body[WIRE_MAX + 1];

static char folder[PATH_MAX / 2];
static int open_before;

static int count_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int remember_open(void **state)
{
	(void)state;
	open_before = count_open();
	return 0;
}

static int compare_open(void **state)
{
	(void)state;
	return count_open() == open_before ? 0 : -1;
}

/* A frame as a stranger may write it. */
static void send_raw(int fd, const struct wire_head *head, size_t len, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control = {.bytes = {0}};
	struct iovec parts[2] = {{(void *)(uintptr_t)head, sizeof(*head)}, {body, 0}};
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};
	struct cmsghdr *c;

	if (len < sizeof(*head))
		parts[0].iov_len = len;
	else
		parts[1].iov_len = len - sizeof(*head);
	if (n_fds) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	assert_int_equal(sendmsg(fd, &m, MSG_NOSIGNAL), len);
}

static void frame_arrives_as_sent(void **state)
{
	struct wire_head head = {.request = 7, .cell = 3, .seq = 0x80000001, .size = 5};
	int pair[2];

	(void)state;
	assert_int_equal(wire_pair(pair), 0);
	assert_int_equal(wire_send(pair[0], &head, "hello", NULL, 0), 0);
	assert_int_equal(wire_recv(pair[1], &msg, 0), 0);
	assert_int_equal(msg.head.request, 7);
	assert_int_equal(msg.head.cell, 3);
	assert_int_equal(msg.head.seq, 0x80000001);
	assert_int_equal(msg.len, 5);
	assert_memory_equal(msg.body, "hello", 5);
	assert_int_equal(msg.n_fds, 0);
	assert_false(msg.has_cred);

	head.size = 0;
	assert_int_equal(wire_send(pair[1], &head, NULL, NULL, 0), 0);
	assert_int_equal(wire_recv(pair[0], &msg, 0), 0);
	assert_int_equal(msg.len, 0);
	assert_int_equal(wire_recv(pair[0], &msg, MSG_DONTWAIT), -EAGAIN);
	fd_close(pair[0]);
	fd_close(pair[1]);
}

static void largest_body_fits_a_larger_one_does_not(void **state)
{
	struct wire_head head = {.size = WIRE_MAX};
	int pair[2];

	(void)state;
	memset(body, 0xa5, sizeof(body));
	assert_int_equal(wire_pair(pair), 0);
	assert_int_equal(wire_send(pair[0], &head, body, NULL, 0), 0);
	assert_int_equal(wire_recv(pair[1], &msg, 0), 0);
	assert_memory_equal(msg.body, body, WIRE_MAX);

	head.size = WIRE_MAX + 1;
	assert_int_equal(wire_send(pair[0], &head, body, NULL, 0), -EMSGSIZE);
	head.magic = WIRE_MAGIC;
	send_raw(pair[0], &head, sizeof(head) + WIRE_MAX + 1, NULL, 0);
	assert_int_equal(wire_recv(pair[1], &msg, MSG_DONTWAIT), -EBADMSG);
	fd_close(pair[0]);
	fd_close(pair[1]);
}

static void descriptors_travel(void **state)
{
	struct wire_head head = {.size = 1};
	int fds[WIRE_FDS_MAX + 1];
	int pair[2];

	(void)state;
	assert_int_equal(wire_pair(pair), 0);
	for (unsigned i = 0; i <= WIRE_FDS_MAX; i++)
		fds[i] = pair[i % 2];
	assert_int_equal(wire_send(pair[0], &head, "", fds, WIRE_FDS_MAX + 1), -EINVAL);
	assert_int_equal(wire_send(pair[0], &head, "", fds, WIRE_FDS_MAX), 0);
	assert_int_equal(wire_recv(pair[1], &msg, 0), 0);
	assert_int_equal(msg.n_fds, WIRE_FDS_MAX);
	assert_int_equal(fcntl(msg.fds[WIRE_FDS_MAX - 1], F_GETFD), FD_CLOEXEC);

	/* The third one is somebody else's from here on. */
	fds[0] = fd_take(&msg.fds[2]);
	wire_msg_fini(&msg);
	assert_int_equal(msg.n_fds, 0);
	assert_int_equal(count_open(), open_before + 3);
	fd_close(fds[0]);
	fd_close(pair[0]);
	fd_close(pair[1]);
}

static void bad_frames_are_dropped_with_their_descriptors(void **state)
{
	static const struct {
		const char *what;
		struct wire_head head;
		size_t len;
	} bad[] = {
		{"wrong magic", {.magic = WIRE_MAGIC + 1, .size = 4}, 20},
		{"size too small", {.magic = WIRE_MAGIC, .size = 3}, 20},
		{"size too large", {.magic = WIRE_MAGIC, .size = 5}, 20},
		{"size beyond all", {.magic = WIRE_MAGIC, .size = UINT32_MAX}, 20},
		{"half a head", {.magic = WIRE_MAGIC}, 15},
		{"one byte", {.magic = WIRE_MAGIC}, 1},
	};
	int pair[2];

	(void)state;
	assert_int_equal(wire_pair(pair), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		print_message("%s\n", bad[i].what);
		send_raw(pair[0], &bad[i].head, bad[i].len, pair, 2);
		assert_int_equal(wire_recv(pair[1], &msg, MSG_DONTWAIT), -EBADMSG);
		assert_int_equal(msg.n_fds, 0);
		assert_int_equal(count_open(), open_before + 2);
	}
	fd_close(pair[0]);
	fd_close(pair[1]);
}

/* The kernel hands over as many as there is room for, and we keep none. */
static void frame_for_a_full_process_is_dropped(void **state)
{
	struct wire_head head = {.size = 0};
	struct rlimit before, low;
	int fds[8];
	int pair[2];

	(void)state;
	assert_int_equal(wire_pair(pair), 0);
	for (size_t i = 0; i < 8; i++)
		fds[i] = pair[0];
	assert_int_equal(wire_send(pair[0], &head, NULL, fds, 8), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = before;
	low.rlim_cur = (rlim_t)(pair[0] > pair[1] ? pair[0] : pair[1]) + 4;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(wire_recv(pair[1], &msg, 0), -EBADMSG);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(count_open(), open_before + 2);
	fd_close(pair[0]);
	fd_close(pair[1]);
}

static void end_of_a_pair_is_told(void **state)
{
	struct wire_head head = {.seq = 1};
	int pair[2];

	(void)state;
	assert_int_equal(wire_pair(pair), 0);
	assert_int_equal(wire_send(pair[0], &head, NULL, NULL, 0), 0);
	fd_close(pair[0]);
	assert_int_equal(wire_recv(pair[1], &msg, 0), 0);
	assert_int_equal(wire_recv(pair[1], &msg, 0), -ECONNRESET);
	assert_int_equal(wire_send(pair[1], &head, NULL, NULL, 0), -EPIPE);
	fd_close(pair[1]);
}

/* A node's socket at a path of @depth folders, each of 40 letters. */
static void node_at_depth(int depth)
{
	struct wire_head head = {.request = 2, .size = 2};
	char path[PATH_MAX];
	struct stat st;
	int node, client, status;
	pid_t child;

	strcpy(path, folder);
	for (int i = 0; i < depth; i++) {
		strcat(path, "/a123456789b123456789c123456789d123456789");
		assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
	}
	strcat(path, "/request");
	assert_int_equal(wire_connect(path, &client), -ENOENT);
	assert_int_equal(wire_listen(path, 0666, &node), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0666);
	assert_int_equal(wire_listen(path, 0600, &client), -EADDRINUSE);
	assert_int_equal(wire_recv(node, &msg, 0), -EAGAIN);

	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		/* Real ids, whatever the effective ones are. */
		if (getuid() == 0 && (setresgid(1234, 0, 0) || setresuid(2345, 0, 0)))
			_exit(1);
		if (wire_connect(path, &client) < 0)
			_exit(2);
		_exit(wire_send(client, &head, "hi", &client, 1) ? 3 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(wire_recv(node, &msg, 0), 0);
	assert_true(msg.has_cred);
	assert_int_equal(msg.pid, child);
	assert_int_equal(msg.uid, getuid() == 0 ? 2345 : getuid());
	assert_int_equal(msg.gid, getuid() == 0 ? 1234 : getgid());
	assert_int_equal(msg.n_fds, 1);
	wire_msg_fini(&msg);

	fd_close(node);
	assert_int_equal(wire_connect(path, &client), -ECONNREFUSED);
	assert_int_equal(unlink(path), 0);
}

static void node_tells_who_sent(void **state)
{
	(void)state;
	node_at_depth(0);
}

static void node_may_lie_deep(void **state)
{
	char name[PATH_MAX];
	int fd;

	(void)state;
	node_at_depth(5);
	memset(name, 'n', 200);
	name[200] = '\0';
	assert_int_equal(wire_listen(name, 0600, &fd), -ENAMETOOLONG);
	snprintf(name, sizeof(name), "%s/%0100d", folder, 0);
	assert_int_equal(wire_listen(name, 0600, &fd), -ENAMETOOLONG);
	assert_int_equal(wire_listen("", 0600, &fd), -ENOENT);
}

static void umask_does_not_widen_or_narrow(void **state)
{
	mode_t before = umask(077);

	(void)state;
	node_at_depth(0);
	umask(0);
	node_at_depth(0);
	umask(before);
}

static void empty_datagram_is_no_end(void **state)
{
	struct wire_head head = {.seq = 1};
	char path[PATH_MAX];
	int node, client;

	(void)state;
	snprintf(path, sizeof(path), "%s/request", folder);
	assert_int_equal(wire_listen(path, 0600, &node), 0);
	assert_int_equal(wire_connect(path, &client), 0);
	assert_int_equal(send(client, "", 0, 0), 0);
	assert_int_equal(wire_recv(node, &msg, 0), -EBADMSG);
	assert_int_equal(wire_recv(node, &msg, 0), -EAGAIN);
	fd_close(node);
	assert_int_equal(wire_send(client, &head, NULL, NULL, 0), -ECONNREFUSED);
	fd_close(client);
	assert_int_equal(unlink(path), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, remember_open, compare_open)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(frame_arrives_as_sent),
		CASE(largest_body_fits_a_larger_one_does_not),
		CASE(descriptors_travel),
		CASE(bad_frames_are_dropped_with_their_descriptors),
		CASE(frame_for_a_full_process_is_dropped),
		CASE(end_of_a_pair_is_told),
		CASE(node_tells_who_sent),
		CASE(node_may_lie_deep),
		CASE(umask_does_not_widen_or_narrow),
		CASE(empty_datagram_is_no_end),
	};
	const char *tmp = getenv("TMPDIR");
	char command[PATH_MAX];
	int failed;

	snprintf(folder, sizeof(folder), "%s/frame_test.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	return system(command) != 0 || failed;
}
