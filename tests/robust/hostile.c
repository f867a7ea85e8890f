// SPDX-License-Identifier: Apache-2.0
/*
 * Programs that send rubbish and scribble over what they share with the
 * manager: it survives, and others do not notice. What a program of that kind
 * can know of the layout stands here as numbers, for nothing of ours is used.
 */
#include "robust/load.h"

#include <inttypes.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Frames begin so. */
struct head {
	uint32_t magic;
	uint16_t request, cell;
	uint32_t seq, size;
};

#define MAGIC      0x30574d4bu
#define PAGE       8192
#define CELLS_AT   768
#define CELL       192
#define CELLS      16
#define THREADS_AT 6784
#define THREAD     20
#define THREADS    44
#define REQUESTS   50
#define FRAME      70000
#define SESSION    13 /* may signal others, as it should */
#define SHUTDOWN   32 /* ends the node, as it should */

struct hostile {
	unsigned seed;
	int fd;
	char *page; /* shared with the manager; NULL: no page */
	char frame[FRAME];
};

static unsigned draw(struct hostile *h, unsigned below)
{
	return (unsigned)rand_r(&h->seed) % below;
}

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

/* The page that the manager shares with this process. */
static char *own_page(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	uintptr_t begin = 0, end;

	EXPECT(maps);
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "kamioka-arena") && strstr(line, "rw") &&
		    sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &begin, &end) == 2)
			break;
	fclose(maps);
	EXPECT(begin);
	return (char *)begin;
}

static void scribble(struct hostile *h, char *at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		*(volatile char *)(at + i) = (char)draw(h, 256);
}

/* Small numbers and big ones: what lengths, counts and indices are tried with. */
static void rubbish(struct hostile *h, char *at, size_t size)
{
	static const uint32_t words[] = {0,  1,  2,          3,          4,          16,    17,
					 64, 65, 0x7fffffff, 0x80000000, 0xffffffff, 0xffff};

	scribble(h, at, size);
	for (size_t i = 0; i + 4 <= size; i += 4)
		if (draw(h, 2))
			memcpy(at + i, &words[draw(h, sizeof(words) / sizeof(words[0]))], 4);
}

static void send_frame(struct hostile *h, size_t size, int n_fds)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * 8)];
		struct cmsghdr align;
	} control;
	struct iovec part = {.iov_base = h->frame, .iov_len = size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	int ends[8];

	for (int i = 0; i < n_fds; i += 2)
		EXPECT_OK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, &ends[i]));
	if (n_fds) {
		struct cmsghdr *c;

		memset(&control, 0, sizeof(control));
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)n_fds);
		c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)n_fds);
		memcpy(CMSG_DATA(c), ends, sizeof(int) * (size_t)n_fds);
	}
	/* Too long a one is refused here. */
	if (sendmsg(h->fd, &message, MSG_NOSIGNAL) < 0 && errno != EMSGSIZE && errno != ENOBUFS &&
	    errno != ETOOMANYREFS)
		FAIL("sendmsg: %s", strerror(errno));
	for (int i = 0; i < (n_fds + 1) / 2 * 2; i++)
		close(ends[i]);
}

/* Not even frames. */
static void send_rubbish(struct hostile *h)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 100, 4096, 65552, 65553, FRAME};
	size_t size = draw(h, 2) ? sizes[draw(h, sizeof(sizes) / sizeof(sizes[0]))] : draw(h, 300);

	rubbish(h, h->frame, size);
	send_frame(h, size, (int)draw(h, 9));
}

/* Frames of every request, with bodies that are none. */
static void send_request(struct hostile *h)
{
	struct head head = {.magic = MAGIC, .cell = (uint16_t)draw(h, 20)};
	size_t size = draw(h, 2) ? draw(h, 20) * 8 : draw(h, 2000);

	do {
		head.request = (uint16_t)draw(h, REQUESTS);
	} while (head.request == SHUTDOWN || head.request == SESSION);
	if (draw(h, 8) == 0)
		head.cell = (uint16_t)draw(h, 65536);
	head.seq = (uint32_t)rand_r(&h->seed);
	head.size = (uint32_t)(draw(h, 16) ? size : draw(h, 70000));
	rubbish(h, h->frame + sizeof(head), size);
	memcpy(h->frame, &head, sizeof(head));
	/* As if it waited for the answer. */
	if (h->page && head.cell < CELLS) {
		uint32_t words[2] = {1, head.seq};

		memcpy(h->page + CELLS_AT + head.cell * CELL, words, sizeof(words));
	}
	send_frame(h, sizeof(head) + size, (int)draw(h, 4));
}

static void scribble_and_send(struct hostile *h)
{
	size_t at = draw(h, PAGE), size = draw(h, 64) ? draw(h, 64) : PAGE;

	if (at + size > PAGE)
		size = PAGE - at;
	rubbish(h, h->page + at, size);
	if (draw(h, 2))
		send_request(h);
}

/* Its own death and those of its children are told to a page like that, too. */
static void scribble_and_fork(struct hostile *h)
{
	scribble_and_send(h);
	if (draw(h, 100) == 0 && syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) == 0)
		syscall(SYS_exit_group, 0);
}

static pid_t hostile_new(void (*act)(struct hostile *h), bool with_page, unsigned seed)
{
	static struct hostile h;
	pid_t pid = EXPECT_OK(fork());

	if (pid)
		return pid;
	EXPECT(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	if (with_page) {
		/* And children that die when they may, slots that were used. */
		EXPECT_OK(spawnl(P_NOWAIT, harness_tool("mortal"), "mortal", "pause", NULL));
		h.page = own_page();
	}
	h.seed = seed;
	h.fd = node_socket();
	for (;;)
		act(&h);
}

static void survive(void (*act)(struct hostile *h), bool with_page)
{
	struct shared *s = shared_new();
	long long end = now_ms() + harness_seconds(5) * 1000ll;
	unsigned seed = (unsigned)getpid();
	pid_t witness = worker_new(s, seed), pids[2];

	while (now_ms() < end) {
		for (int i = 0; i < 2; i++)
			pids[i] = hostile_new(act, with_page, (unsigned)rand_r(&seed));
		/* So long, then new ones: a page that is full of rubbish is no use any more. */
		(void)poll(NULL, 0, 500);
		for (int i = 0; i < 2; i++) {
			EXPECT_OK(kill(pids[i], SIGKILL));
			EXPECT_EQ(waitpid(pids[i], NULL, 0), pids[i]);
		}
	}
	__atomic_store_n(&s->stop, 1, __ATOMIC_RELEASE);
	expect_exit(witness, 0);
	printf("%ld rounds beside them\n", s->rounds);
	EXPECT_GT(s->rounds, 10);
	EXPECT_OK(munmap(s, sizeof(*s)));
	/* It is the same manager. */
	EXPECT_EQ(node_figure("managers"), 1);
	end_others();
	EVENTUALLY(node_figure("used") == 1);
	expect_exit(child_that_exits(3), 3);
}

TEST_WITH(rubbish_in_datagrams_harms_nobody, .serial = true, .soak = true, .limit = 60)
{
	survive(send_rubbish, false);
}

TEST_WITH(requests_with_rubbish_harm_nobody, .serial = true, .soak = true, .limit = 60)
{
	survive(send_request, false);
}

TEST_WITH(answers_into_a_cell_of_rubbish_harm_nobody, .serial = true, .soak = true, .limit = 60)
{
	survive(send_request, true);
}

TEST_WITH(page_of_rubbish_harms_nobody, .serial = true, .soak = true, .limit = 60)
{
	survive(scribble_and_send, true);
}

TEST_WITH(page_of_rubbish_with_deaths_harms_nobody, .serial = true, .soak = true, .limit = 60)
{
	survive(scribble_and_fork, true);
}

/* Says that threads, here or not, send to whoever: itself, others, nobody. */
static void lie_about_threads(struct hostile *h)
{
	int32_t line[THREAD / 4] = {getpid(), 4 + (int)draw(h, 2), getpid() - (int)draw(h, 4),
				    (int)draw(h, 3), (int)draw(h, 3)};

	if (draw(h, 4) == 0)
		line[0] -= (int)draw(h, 4);
	if (draw(h, 16))
		memcpy(h->page + THREADS_AT + draw(h, THREADS) * THREAD, line, sizeof(line));
	else
		rubbish(h, h->page + THREADS_AT, PAGE - THREADS_AT);
	if (draw(h, 100) == 0)
		(void)poll(NULL, 0, 1);
}

TEST_LIMIT(lies_about_threads_harm_nobody, 60)
{
	pid_t pids[3];

	for (unsigned i = 0; i < 3; i++)
		pids[i] = hostile_new(lie_about_threads, true, i + 1);
	for (int i = 0; i < 30; i++) {
		struct harness_result r;

		HARNESS_RUN(&r, harness_bin("kamioka"), "info", "--threads");
		EXPECT_STR(r.err, "");
		EXPECT_EQ(r.status, 0);
		harness_result_fini(&r);
	}
	for (int i = 0; i < 3; i++) {
		EXPECT_OK(kill(pids[i], SIGKILL));
		EXPECT_EQ(waitpid(pids[i], NULL, 0), pids[i]);
	}
	EXPECT_EQ(node_figure("managers"), 1);
	end_others();
}

/* A sender that is faster than the manager blocks; nobody is starved for it. */
static void flood(struct hostile *h)
{
	for (int i = 0; i < 100; i++) {
		struct head head = {.magic = MAGIC, .request = 5, .cell = 0xffff, .size = 8};

		memcpy(h->frame, &head, sizeof(head));
		memset(h->frame + sizeof(head), 0, 8);
		send_frame(h, sizeof(head) + 8, 0);
	}
}

TEST_WITH(flood_of_requests_starves_nobody, .serial = true, .soak = true, .limit = 60)
{
	survive(flood, false);
}
