// SPDX-License-Identifier: Apache-2.0
/*
 * Requests about names that no library sends: cut short, with a NUL inside, too long, with
 * lengths that lie. All are refused, and the manager goes on. Numbers stand here as such
 * a program could know them.
 */
#include "names/kit.h"

#include <sys/socket.h>
#include <sys/un.h>

#define MAGIC  0x30574d4bu
#define ATTACH 40
#define DETACH 41
#define FIND   42
#define ALL    43
#define LIST   44
#define LINK   45
#define UNLINK 46

struct frame {
	uint32_t magic;
	uint16_t request, cell;
	uint32_t seq, size;
	char body[16384];
};

static struct frame frame;

static int node_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = EXPECT_OK(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	EXPECT_LT(snprintf(address.sun_path, sizeof(address.sun_path), "%s/request",
			   getenv("KAMIOKA_NODE")),
		  sizeof(address.sun_path));
	EXPECT_OK(connect(fd, (const struct sockaddr *)&address, sizeof(address)));
	return fd;
}

static void send_with(int fd, size_t size, int passed)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {.bytes = {0}};
	struct iovec part = {.iov_base = &frame, .iov_len = offsetof(struct frame, body) + size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (passed >= 0) {
		struct cmsghdr *c;

		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &passed, sizeof(int));
	}
	EXPECT_OK(sendmsg(fd, &message, MSG_NOSIGNAL));
}

/* The errno that the manager answers to @size bytes of body over a socket; 0: it was done. */
static int answer_to(uint16_t request, size_t size)
{
	int fd = node_socket(), ends[2];
	struct {
		uint32_t magic;
		uint16_t request, error;
		uint32_t seq, size;
	} head;

	EXPECT_OK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
	frame.magic = MAGIC;
	frame.request = request;
	frame.cell = 0xffff;
	frame.size = (uint32_t)size;
	send_with(fd, size, ends[1]);
	EXPECT_OK(close(ends[1]));
	(void)harness_wait_fd(ends[0], POLLIN, PATIENCE_MS);
	EXPECT_GE(recv(ends[0], &head, sizeof(head), 0), (ssize_t)sizeof(head));
	EXPECT_OK(close(ends[0]));
	EXPECT_OK(close(fd));
	return head.error == 0xffff ? 0 : head.error;
}

/* A body of path_all: type, padding, length, gap, text, NUL. */
static size_t body_of(const char *path, size_t len)
{
	uint32_t words[4] = {0, 0, (uint32_t)len, 0};

	memset(frame.body, 0, sizeof(frame.body));
	memcpy(frame.body, words, sizeof(words));
	memcpy(frame.body + sizeof(words), path, len);
	return sizeof(words) + len + 1;
}

static void set_word(size_t at, uint32_t word)
{
	memcpy(frame.body + at, &word, sizeof(word));
}

TEST(search_that_is_no_body_is_einval)
{
	size_t whole = body_of("/a/b", 4);

	EXPECT_EQ(answer_to(ALL, whole), 0);
	for (size_t size = 0; size < whole; size++)
		EXPECT_EQ(answer_to(ALL, size), EINVAL);
	EXPECT_EQ(answer_to(ALL, whole + 1), EINVAL);
	(void)body_of("/a\0b", 4);
	EXPECT_EQ(answer_to(ALL, whole), EINVAL);
	static const uint32_t lies[] = {0, 3, 5, 100, 0x7fffffff, 0xfffffffe, 0xffffffff};

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		(void)body_of("/a/b", 4);
		set_word(8, lies[i]);
		EXPECT_EQ(answer_to(ALL, whole), EINVAL);
	}
	/* What is padding stays so. */
	(void)body_of("/a/b", 4);
	set_word(4, 1);
	EXPECT_EQ(answer_to(ALL, whole), EINVAL);
	EXPECT_EQ(node_figure("managers"), 1);
}

TEST(path_that_is_not_plain_is_einval_and_a_long_one_enametoolong)
{
	static const char *const bad[] = {"", "a", "//", "/a/", "/a//b", "/.", "/a/..", "/../a"};
	static char path[8192];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT_EQ(answer_to(ALL, body_of(bad[i], strlen(bad[i]))), EINVAL);
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	EXPECT_EQ(answer_to(ALL, body_of(path, 4095)), 0);
	EXPECT_EQ(answer_to(ALL, body_of(path, 4096)), ENAMETOOLONG);
	EXPECT_EQ(answer_to(ALL, body_of(path, sizeof(path))), ENAMETOOLONG);
	/* As many components as can be, and a type that is none. */
	for (int i = 0; i < 4094; i += 2)
		path[i] = '/';
	(void)body_of(path, 4094);
	set_word(0, 0x80000000);
	EXPECT_EQ(answer_to(ALL, 16 + 4094 + 1), 0);
	EXPECT_EQ(node_figure("managers"), 1);
}

TEST(list_from_anywhere_ends)
{
	EXPECT_OK(links("/a", 3, 0));
	memset(frame.body, 0, sizeof(frame.body));
	EXPECT_EQ(answer_to(LIST, 8), 0);
	set_word(0, 0xffffffff);
	EXPECT_EQ(answer_to(LIST, 8), 0);
	EXPECT_EQ(answer_to(LIST, 7), EINVAL);
	EXPECT_EQ(answer_to(LIST, 0), EINVAL);
	EXPECT_EQ(node_figure("managers"), 1);
}

/* Without a cell, without a page: nobody can be answered, and nothing is done. */
TEST(change_that_nobody_can_be_told_of_is_not_made)
{
	static const uint16_t requests[] = {ATTACH, DETACH, FIND, LINK, UNLINK};
	static const uint32_t attach[] = {3, 0, 0, 0, 2, 0};
	int fd = node_socket();

	memset(&frame, 0, sizeof(frame));
	frame.magic = MAGIC;
	memcpy(frame.body, attach, sizeof(attach));
	memcpy(frame.body + sizeof(attach), "/z", 3);
	frame.size = sizeof(attach) + 3;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		frame.request = requests[i];
		for (unsigned cell = 0; cell < 20; cell++) {
			frame.cell = (uint16_t)cell;
			frame.seq = cell * 77;
			send_with(fd, frame.size, -1);
			send_with(fd, frame.size, fd);
		}
		frame.cell = 0xffff;
		send_with(fd, frame.size, -1);
	}
	EXPECT_OK(close(fd));
	free(names_of("/z", 1));
	EXPECT_EQ(node_figure("managers"), 1);
	EXPECT_OK(links("/z", 3, 0));
	EXPECT_STR(channels_of("/z"), "3");
}
