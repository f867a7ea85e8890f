// SPDX-License-Identifier: Apache-2.0
/*
 * A client that says anything: any bytes as records of its connections' and lanes' sockets, and
 * anything in the lanes' memory, at a channel of this process, by the library's own files. Whatever
 * it does, a pulse that comes last is received, in time, and no memory is touched that is not the
 * server's.
 *
 * An input is a series of steps, as step() has them; each takes what it needs from the front.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/neutrino.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/util.h"
#include "client/node.h"
#include "client/sigaction.h"
#include "client/signalfd.h"
#include "gen/shared.h"
#include "host/linux/memory.h"
#include "host/linux/proccred.h"
#include "host/linux/procinfo.h"
#include "io/epoll.h"
#include "io/file.h"
#include "io/lock.h"
#include "io/stream.h"
#include "message/address.h"
#include "message/bulk.h"
#include "message/deliver.h"
#include "message/registered.h"
#include "wire/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINKS     3
#define LANES     4
#define RCVIDS    8
#define LAST_CODE 100

/* ---- What the files want besides: a node without a manager, clients that cannot be reached. ---- */

uint32_t sigaction_count;

int node_attach(void)
{
	return 0;
}

const char *node_directory(void)
{
	return "/";
}

const struct node_page *node_shared(void)
{
	return NULL;
}

struct page *node_page_mine(void)
{
	return NULL;
}

bool node_owns_guard(const struct guard_fd *g)
{
	(void)g;
	return false;
}

ssize_t signalfd_read(int fd, void *buf, size_t len)
{
	(void)fd, (void)buf, (void)len;
	errno = EBADF;
	return -1;
}

/* No descriptor is a server's file here. */
bool file_is_served(int fd)
{
	(void)fd;
	return false;
}

bool lock_fcntl(int fd, int command, void *arg, long *ret)
{
	(void)fd, (void)command, (void)arg, (void)ret;
	return false;
}

void stream_standard(int fd)
{
	(void)fd;
}

/* Nor is one a set of epoll with such in it. */
void epoll_closing(int fd)
{
	(void)fd;
}

void epoll_closing_range(unsigned first, unsigned last)
{
	(void)first, (void)last;
}

void epoll_duplicated(int old, int new)
{
	(void)old, (void)new;
}

int deliver_here(const struct sigevent *event, int tid)
{
	(void)event;
	(void)tid;
	return 0;
}

void registered_open(const struct sigevent *event, struct sigevent *ret)
{
	*ret = *event;
}

ssize_t process_vm_readv(pid_t pid, const struct iovec *local, unsigned long n_local,
			 const struct iovec *remote, unsigned long n_remote, unsigned long flags)
{
	(void)pid, (void)local, (void)n_local, (void)remote, (void)n_remote, (void)flags;
	errno = EPERM;
	return -1;
}

ssize_t process_vm_writev(pid_t pid, const struct iovec *local, unsigned long n_local,
			  const struct iovec *remote, unsigned long n_remote, unsigned long flags)
{
	return process_vm_readv(pid, local, n_local, remote, n_remote, flags);
}

/* ---- The input ---- */

static const uint8_t *input;
static size_t left;

static unsigned take_byte(void)
{
	if (left == 0)
		return 0;
	left--;
	return *input++;
}

/* What is not there any more is zeroes. */
static void take(void *to, size_t len)
{
	size_t n = MIN(len, left);

	memset(to, 0, len);
	memcpy(to, input, n);
	input += n;
	left -= n;
}

/* ---- The client ---- */

struct fuzz_lane {
	int socket, bell, wake, theirs, memory_fd;
	struct lane *memory; /* NULL: none */
};

static int chid, self;
static int links[LINKS];
static struct fuzz_lane lanes[LANES];
static int rcvids[RCVIDS];
static unsigned n_rcvids;

static void link_begin(unsigned at)
{
	struct address to;

	if (links[at] >= 0)
		close(links[at]);
	links[at] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert(links[at] >= 0 && address_of(&to, getpid(), chid, false) == 0);
	(void)connect(links[at], (const struct sockaddr *)&to.un, to.len);
}

static void lane_end(struct fuzz_lane *l)
{
	if (!l->memory)
		return;
	close(l->socket);
	close(l->bell);
	close(l->wake);
	close(l->theirs);
	close(l->memory_fd);
	munmap(l->memory, LANE_BYTES);
	l->memory = NULL;
}

static void lane_begin(struct fuzz_lane *l)
{
	int ends[2];

	lane_end(l);
	assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
	l->socket = ends[0];
	l->theirs = ends[1];
	l->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	l->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	l->memory_fd = memory_lane(LANE_BYTES);
	l->memory = mmap(NULL, LANE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, l->memory_fd, 0);
	assert(l->memory != MAP_FAILED);
}

static void say_on_link(int fd, bool is_sound, const struct fuzz_lane *l, unsigned n_fds)
{
	struct link_record record;
	int fds[PACKET_FDS_MAX];

	take(&record, sizeof(record));
	if (is_sound)
		record.magic = LANE_MAGIC;
	if (!l || n_fds == 0) {
		(void)packet_send(fd, &(struct iovec){&record, sizeof(record)}, 1, MSG_DONTWAIT);
		return;
	}
	fds[0] = l->theirs;
	fds[1] = l->bell;
	fds[2] = l->memory_fd;
	fds[3] = l->wake;
	/* Others in their places, now and then. */
	if (record.spare[0] & 1)
		fds[record.spare[0] >> 1 & 3] = fds[record.spare[0] >> 3 & 3];
	(void)packet_send_fds(fd, &record, sizeof(record), fds, n_fds, MSG_DONTWAIT);
}

static void say_hello(unsigned at)
{
	const struct link_record hello = {
		.magic = LANE_MAGIC, .kind = LINK_KIND_HELLO, .coid = 5, .value = at};

	link_begin(at);
	(void)packet_send(links[at], &(struct iovec){(void *)(uintptr_t)&hello, sizeof(hello)}, 1,
			  MSG_DONTWAIT);
}

static void say_lane(unsigned at, struct fuzz_lane *l, bool is_frames)
{
	const struct link_record record = {.magic = LANE_MAGIC,
					   .kind = LINK_KIND_LANE,
					   .tid = 7,
					   .flags = is_frames ? LANE_WANT_FRAMES : 0};
	const int fds[4] = {l->theirs, l->bell, l->memory_fd, l->wake};

	(void)packet_send_fds(links[at], &record, sizeof(record), fds, is_frames ? 3 : 4,
			      MSG_DONTWAIT);
}

static void say_on_lane(struct fuzz_lane *l, bool is_sound)
{
	struct lane_record record;
	uint8_t bytes[256];
	size_t size = take_byte();

	take(&record, sizeof(record));
	take(bytes, size);
	if (is_sound) {
		record.magic = LANE_MAGIC;
		record.kind = record.kind % (LANE_KIND_PUT + 2);
		record.generation = l->memory->state >> 8;
		record.request.size %= 3 * LANE_WINDOW;
	}
	(void)packet_send(l->socket,
			  (const struct iovec[2]){{&record, sizeof(record)}, {bytes, size}}, 2,
			  MSG_DONTWAIT);
}

static void scribble(struct fuzz_lane *l)
{
	size_t at = take_byte() | take_byte() << 8, size = take_byte();

	/* Most of what is looked at is in the first pages; the pulses are behind. */
	at = at % (sizeof(struct lane) - 256);
	take((uint8_t *)l->memory + at, size);
}

static void ring(const struct fuzz_lane *l)
{
	const uint64_t one = 1;

	(void)write(l->bell, &one, sizeof(one));
}

static void publish(struct fuzz_lane *l)
{
	struct lane_request *q = &l->memory->request;

	l->memory->state = ((l->memory->state >> 8) + 1) << 8 | LANE_STATE_READY;
	q->size %= 4 * LANE_VIEW;
	q->room %= 4 * LANE_VIEW;
	ring(l);
}

/* ---- The server ---- */

static void act(int rcvid, unsigned how)
{
	static uint8_t buffer[3 * LANE_WINDOW];
	struct sigevent event;
	struct _msg_info info;

	switch (how % 8) {
	case 0:
		(void)MsgReply_r(rcvid, 1, buffer, 100);
		break;
	case 1:
		(void)MsgReply_r(rcvid, 1, buffer, sizeof(buffer));
		break;
	case 2:
		(void)MsgError_r(rcvid, -1);
		break;
	case 3:
		(void)MsgRead_r(rcvid, buffer, sizeof(buffer), 3);
		break;
	case 4:
		(void)MsgWrite_r(rcvid, buffer, 5000, 10);
		break;
	case 5:
		(void)MsgInfo_r(rcvid, &info);
		break;
	case 6:
		SIGEV_PULSE_INIT(&event, 5, 10, 1, 2);
		(void)MsgDeliverEvent_r(rcvid, &event);
		break;
	default:
		if (MsgInfo_r(rcvid, &info) == 0)
			(void)ConnectDetach_r(info.scoid);
		break;
	}
}

/* The pulse that is sent here comes, before or after all else. False: it was not it. */
static bool receive(int value)
{
	struct _msg_info info;
	union {
		struct _pulse pulse;
		uint8_t bytes[9000];
	} in;
	int rcvid = MsgReceive_r(chid, &in, sizeof(in), &info);

	assert(rcvid >= 0);
	if (rcvid > 0) {
		rcvids[n_rcvids++ % RCVIDS] = rcvid;
		return false;
	}
	if (in.pulse.code == _PULSE_CODE_DISCONNECT)
		(void)ConnectDetach_r(in.pulse.scoid);
	return in.pulse.code == LAST_CODE && in.pulse.value.sival_int == value;
}

static void receive_until(int value)
{
	unsigned n = 0;

	assert(MsgSendPulse_r(self, 1, LAST_CODE, value) == 0);
	while (!receive(value))
		assert(++n < 100000);
}

static void step(void)
{
	unsigned what = take_byte(), which = take_byte();
	struct fuzz_lane *l = &lanes[which % LANES];
	unsigned link = (which >> 2) % LINKS;

	if (!l->memory)
		lane_begin(l);
	switch (what % 12) {
	case 0:
		link_begin(link);
		break;
	case 1:
		say_hello(link);
		break;
	case 2:
		say_on_link(links[link], which & 0x80, NULL, 0);
		break;
	case 3:
		say_on_link(links[link], which & 0x80, l, 1 + (which >> 4 & 3));
		break;
	case 4:
		say_lane(link, l, which & 0x80);
		break;
	case 5:
		say_on_lane(l, which & 0x80);
		break;
	case 6:
		scribble(l);
		break;
	case 7:
		publish(l);
		break;
	case 8:
		receive_until((int)left);
		break;
	case 9:
		act(which & 0x80 ? (int)(which << 16 | take_byte()) : rcvids[which % RCVIDS],
		    take_byte());
		break;
	case 10:
		ring(l);
		break;
	default:
		lane_end(l);
		break;
	}
}

static void begin(void)
{
	chid = ChannelCreate_r(take_byte() & 1 ? _NTO_CHF_UNBLOCK | _NTO_CHF_DISCONNECT : 0);
	assert(chid > 0);
	self = ConnectAttach_r(0, 0, chid, _NTO_SIDE_CHANNEL, 0);
	assert(self >= 0);
	for (unsigned i = 0; i < LINKS; i++)
		links[i] = -1;
	memset(rcvids, 0, sizeof(rcvids));
	n_rcvids = 0;
}

static void end(void)
{
	for (unsigned i = 0; i < LANES; i++)
		lane_end(&lanes[i]);
	for (unsigned i = 0; i < LINKS; i++)
		if (links[i] >= 0)
			close(links[i]);
	receive_until(-1);
	assert(ConnectDetach_r(self) == 0);
	assert(ChannelDestroy_r(chid) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Hardly any time for a client that does not answer. */
	bulk_patience_ns = 50000;
	input = data;
	left = size;
	begin();
	for (unsigned n = 0; left > 0 && n < 200; n++)
		step();
	end();
	return 0;
}
