// SPDX-License-Identifier: Apache-2.0
/*
 * A connection is a socket to the channel's own. In descriptor space it is an ordinary
 * descriptor of the program, so that the kernel does inheritance, exec and close; a side
 * channel's is hidden, and so a child has none.
 *
 * What came by fork, spawn or exec is another process's socket, or one that this program's
 * former image had lanes over. So before it is used it is made anew: a connection of our own
 * to the same channel takes the descriptor's place. Which channel, the socket's other end
 * tells.
 */
#include "message/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/neutrino.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "client/io.h"
#include "gen/shared.h"
#include "host/linux/proccred.h"
#include "message/address.h"
#include "message/idle.h"
#include "message/lane.h"
#include "message/lock.h"
#include "message/reach.h"
#include "message/ready.h"
#include "wire/packet.h"

#define SIDE_MAX            65536
/* So long a descriptor that a raw system call closed may be taken for what it was. */
#define CONNECTION_FRESH_NS 50000

#define SIDE_AT(coid) ((unsigned)(coid) & ~(unsigned)_NTO_SIDE_CHANNEL)

/* glibc's own, under the names that it exports for itself: what is ours here is not for our
 * wrappers, which would look for connections. */
extern int __fcntl(int fd, int cmd, ...);

static struct lock lock = LOCK_INIT;
/* Only those pages are ever touched that have some. */
static struct connection *by_fd[IO_FDS];
static struct connection *by_side[SIDE_MAX];
static int fd_end;            /* above all that ever were one */
static unsigned side_end = 1; /* 0 is SYSMGR_COID */
static struct connection *spare;
static struct connection blocks[64];
static unsigned n_blocks;
static uint64_t peers_so_far;
static uint32_t births_so_far;
static uint32_t births_now; /* under way */
static int (*watcher)(int fd, int coid);

static struct connection sysmgr = {
	.kind = CONNECTION_SYSMGR,
	.coid = SYSMGR_COID,
	.socket = GUARD_FD_NULL,
	.pid = SYSMGR_PID,
	.chid = SYSMGR_CHID,
};

static bool is_side(int coid)
{
	return (unsigned)coid & _NTO_SIDE_CHANNEL;
}

static struct connection **place_of(int coid)
{
	if (coid < 0)
		return NULL;
	if (is_side(coid))
		return SIDE_AT(coid) < SIDE_MAX ? &by_side[SIDE_AT(coid)] : NULL;
	return coid < IO_FDS ? &by_fd[coid] : NULL;
}

struct connection *connection_at(int coid)
{
	struct connection **place;
	struct connection *c;

	if (coid == SYSMGR_COID)
		return &sysmgr;
	place = place_of(coid);
	c = place ? __atomic_load_n(place, __ATOMIC_ACQUIRE) : NULL;
	return c && !__atomic_load_n(&c->is_inherited, __ATOMIC_ACQUIRE) ? c : NULL;
}

/* ---- Records. With the lock. ---- */

static struct connection *record_new(void)
{
	struct connection *c = spare;

	if (c) {
		spare = c->next;
	} else if (n_blocks < ARRAY_LEN(blocks)) {
		c = &blocks[n_blocks++];
	} else {
		c = ready_alloc(sizeof(*c));
		if (!c)
			return NULL;
	}
	c->serial++;
	CONNECTION_SET(c, flags, 0);
	__atomic_store_n(&c->socket.number, -1, __ATOMIC_RELEASE);
	CONNECTION_SET(c, is_dead, false);
	CONNECTION_SET(c, is_inherited, false);
	CONNECTION_SET(c, is_mourned, false);
	CONNECTION_SET(c, births, __atomic_load_n(&births_so_far, __ATOMIC_RELAXED));
	CONNECTION_SET(c, is_passed, false);
	CONNECTION_SET(c, link, 0);
	CONNECTION_SET(c, seen_ns, 0);
	return c;
}

static void record_free(struct connection *c)
{
	CONNECTION_SET(c, kind, CONNECTION_FREE);
	c->next = spare;
	spare = c;
}

static uint64_t peer_of(pid_t pid, int chid)
{
	for (int coid = -1;;) {
		const struct connection *c = connection_next(coid + 1);

		if (!c)
			return ++peers_so_far;
		/* To the channel that had this number before it is no way. */
		if (CONNECTION_GET(c, pid) == pid && CONNECTION_GET(c, chid) == chid &&
		    CONNECTION_GET(c, kind) == CONNECTION_CHANNEL && !connection_is_dead(c))
			return CONNECTION_GET(c, peer);
		coid = CONNECTION_GET(c, coid);
	}
}

static struct connection *next_fd(int from)
{
	int end = __atomic_load_n(&fd_end, __ATOMIC_ACQUIRE);

	for (int fd = MAX(from, 0); fd < end; fd++) {
		if (fd % 64 == 0 && !__atomic_load_n(&io_flags[fd / 64], __ATOMIC_RELAXED)) {
			fd += 63;
			continue;
		}
		if (connection_at(fd))
			return connection_at(fd);
	}
	return NULL;
}

struct connection *connection_next(int coid)
{
	unsigned end = __atomic_load_n(&side_end, __ATOMIC_ACQUIRE);

	if (!is_side(coid)) {
		struct connection *c = next_fd(coid);

		if (c)
			return c;
		coid = _NTO_SIDE_CHANNEL;
	}
	if (coid == SYSMGR_COID)
		return &sysmgr;
	for (unsigned at = SIDE_AT(coid); at < end; at++)
		if (connection_at((int)(at | _NTO_SIDE_CHANNEL)))
			return connection_at((int)(at | _NTO_SIDE_CHANNEL));
	return NULL;
}

bool connection_has_peer(uint64_t peer)
{
	for (int coid = 0;;) {
		const struct connection *c = connection_next(coid);

		if (!c)
			return false;
		if (CONNECTION_GET(c, peer) == peer &&
		    CONNECTION_GET(c, kind) == CONNECTION_CHANNEL && !CONNECTION_GET(c, is_dead))
			return true;
		coid = CONNECTION_GET(c, coid) + 1;
	}
}

bool connection_has_server(pid_t pid)
{
	for (int coid = 0;;) {
		const struct connection *c = connection_next(coid);

		if (!c)
			return false;
		if (CONNECTION_GET(c, pid) == pid && CONNECTION_GET(c, kind) == CONNECTION_CHANNEL)
			return true;
		coid = CONNECTION_GET(c, coid) + 1;
	}
}

/* ---- Making one ---- */

bool connection_may_pulse(const struct connection *c)
{
	struct proccred cred;
	uid_t real, effective;

	if (CONNECTION_GET(c, uid) == CONNECTION_GET(c, own_uid))
		return true;
	real = getuid();
	effective = geteuid();
	if (effective == 0 || CONNECTION_GET(c, uid) == effective || CONNECTION_GET(c, uid) == real)
		return true;
	/* It may have become another since it connected its channel. */
	return proccred_read(CONNECTION_GET(c, pid), &cred, NULL, 0) == 0 &&
	       (cred.ruid == real || cred.ruid == effective || cred.euid == real ||
		cred.euid == effective);
}

static int place_side(struct connection *c, int fd)
{
	unsigned at = 1;
	int rc;

	while (at < side_end && by_side[at])
		at++;
	if (at == SIDE_MAX) {
		guard_close_plain(fd);
		return -EAGAIN;
	}
	rc = guard_add(&c->socket, fd);
	if (rc < 0)
		return rc;
	CONNECTION_SET(c, coid, (int)(at | _NTO_SIDE_CHANNEL));
	__atomic_store_n(&by_side[at], c, __ATOMIC_RELEASE);
	if (at == side_end)
		__atomic_store_n(&side_end, at + 1, __ATOMIC_RELEASE);
	return 0;
}

static uint64_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

bool connection_is_at(const struct connection *c, int fd)
{
	return inode_of(fd) == CONNECTION_GET(c, inode);
}

/* From now on others find it: the rest of the record is there. */
static void put_fd(int fd, struct connection *c)
{
	__atomic_store_n(&c->is_inherited, false, __ATOMIC_RELEASE);
	__atomic_store_n(&fd_end, MAX(fd_end, fd + 1), __ATOMIC_RELEASE);
	__atomic_store_n(&by_fd[fd], c, __ATOMIC_RELEASE);
	io_flag_set(fd);
}

/* @fd, or the lowest free one from @index on; @fd is taken. */
static int move_fd(int fd, unsigned index, bool is_cloexec)
{
	int at, error;

	/* The kernel gave the lowest of all. */
	if (fd >= (int)index) {
		(void)__fcntl(fd, F_SETFD, is_cloexec ? FD_CLOEXEC : 0);
		return fd;
	}
	at = __fcntl(fd, is_cloexec ? F_DUPFD_CLOEXEC : F_DUPFD, (int)index);
	error = errno;
	guard_close_plain(fd);
	return at < 0 ? -error : at;
}

static int place_fd(struct connection *c, int fd, unsigned index)
{
	int at = move_fd(fd, index, CONNECTION_GET(c, flags) & _NTO_COF_CLOEXEC);

	if (at < 0)
		return at;
	if (at >= IO_FDS) {
		guard_close_plain(at);
		return -EMFILE;
	}
	CONNECTION_SET(c, coid, at);
	CONNECTION_SET(c, inode, inode_of(at));
	put_fd(at, c);
	return 0;
}

static void unplace(struct connection *c)
{
	__atomic_store_n(place_of(CONNECTION_GET(c, coid)), NULL, __ATOMIC_RELEASE);
	if (!is_side(CONNECTION_GET(c, coid)))
		io_flag_clear(CONNECTION_GET(c, coid));
}

static void tell_watcher(const struct connection *c)
{
	if (watcher)
		(void)watcher(connection_fd(c),
			      CONNECTION_GET(c, coid)); /* no memory: that death is not told */
}

/* One that was idle is where and as it is to be. */
static int place_idle(struct connection *c, int fd, uint64_t inode)
{
	if (fd >= IO_FDS) {
		guard_close_plain(fd);
		return -EMFILE;
	}
	CONNECTION_SET(c, coid, fd);
	CONNECTION_SET(c, inode, inode);
	put_fd(fd, c);
	return 0;
}

static int place(struct connection *c, int fd, const struct connection *like, unsigned index)
{
	if (like->link)
		return place_idle(c, fd, like->inode);
	return is_side((int)index) ? place_side(c, fd) : place_fd(c, fd, index);
}

/* With the lock. @fd is taken in any case. */
static int attach_locked(int fd, const struct connection *like, unsigned index)
{
	struct connection *c = record_new();
	int rc;

	if (!c) {
		guard_close_plain(fd);
		return -EAGAIN;
	}
	CONNECTION_SET(c, pid, like->pid);
	CONNECTION_SET(c, chid, like->chid);
	CONNECTION_SET(c, uid, like->uid);
	CONNECTION_SET(c, own_uid, like->own_uid);
	CONNECTION_SET(c, own_gid, like->own_gid);
	CONNECTION_SET(c, flags, like->flags);
	CONNECTION_SET(c, link, like->link);
	CONNECTION_SET(c, peer, peer_of(CONNECTION_GET(c, pid), CONNECTION_GET(c, chid)));
	CONNECTION_SET(c, kind, CONNECTION_CHANNEL);
	rc = place(c, fd, like, index);
	if (rc < 0) {
		record_free(c);
		return rc;
	}
	if (!like->link)
		(void)reach_hello(connection_fd(c), CONNECTION_GET(c, coid), c,
				  0); /* there is room */
	tell_watcher(c);
	return CONNECTION_GET(c, coid);
}

static int check_index(unsigned index)
{
	struct rlimit limit;

	if (index & _NTO_SIDE_CHANNEL || index == 0)
		return 0;
	if (index >= IO_FDS || getrlimit(RLIMIT_NOFILE, &limit) < 0 || index >= limit.rlim_cur)
		return -EINVAL;
	return 0;
}

/* The manager has no channel: in descriptor space something must stand for it. */
static int attach_sysmgr(unsigned index, uint32_t flags)
{
	if (index & _NTO_SIDE_CHANNEL)
		return SYSMGR_COID;
	(void)flags;
	return -ENOTSUP;
}

struct idle_key connection_idle_key(const struct connection *c)
{
	return (struct idle_key){.pid = CONNECTION_GET(c, pid),
				 .chid = CONNECTION_GET(c, chid),
				 .own_uid = CONNECTION_GET(c, own_uid),
				 .own_gid = CONNECTION_GET(c, own_gid),
				 .births = CONNECTION_GET(c, births)};
}

/* The socket of a connection that was closed, or a new one. */
static int attach_socket(struct connection *like, unsigned index)
{
	const struct idle_key key = connection_idle_key(like);
	struct idle_taken taken;
	int fd = is_side((int)index) ?
			 -1 :
			 idle_take(&key, index, like->flags & _NTO_COF_CLOEXEC, &taken);

	if (fd >= 0) {
		like->uid = taken.server_uid;
		like->link = taken.link;
		like->inode = taken.inode;
		return fd;
	}
	fd = reach_channel(like->pid, like->chid, &like->uid);
	if (fd >= 0)
		(void)__fcntl(fd, F_SETFL, 0); /* it was non-blocking for the connect alone */
	return fd;
}

static int attach_channel(struct connection *like, unsigned index)
{
	int fd, rc;

	like->own_uid = geteuid();
	like->own_gid = getegid();
	like->births = __atomic_load_n(&births_so_far, __ATOMIC_SEQ_CST);
	fd = attach_socket(like, index);
	if (fd < 0)
		return fd;
	lock_take_masked(&lock);
	rc = attach_locked(fd, like, index);
	lock_give_masked(&lock);
	return rc;
}

int connection_attach(pid_t pid, int chid, unsigned index, uint32_t flags)
{
	struct connection like = {.chid = chid, .flags = flags};
	sigset_t mask;
	int rc = check_index(index);

	if (rc == 0)
		rc = ready();
	if (rc < 0)
		return rc;
	like.pid = pid ? pid : getpid();
	if (pid == SYSMGR_PID && chid == SYSMGR_CHID)
		return attach_sysmgr(index, flags);
	if (chid <= 0 || like.pid <= 0)
		return -ESRCH;
	guard_making(&mask);
	rc = attach_channel(&like, index);
	guard_made(&mask);
	return rc;
}

/* Between guard_making() and guard_made(), which come before the lock wherever both are. */
static int detach(int coid, struct connection *c)
{
	lock_take_masked(&lock);
	if (connection_at(coid) != c) {
		lock_give_masked(&lock);
		return -EINVAL;
	}
	unplace(c);
	if (guard_number(&c->socket) >= 0)
		guard_close_making(&c->socket);
	else
		guard_close_plain(coid);
	record_free(c);
	lock_give_masked(&lock);
	return 0;
}

int connection_detach(int coid)
{
	struct connection *c;
	sigset_t mask;
	int rc;

	if (coid == SYSMGR_COID)
		return -EPERM;
	c = connection_find(coid);
	if (!c)
		return -EINVAL;
	guard_making(&mask);
	rc = detach(coid, c);
	guard_made(&mask);
	return rc;
}

static void mark_dead(struct connection *c)
{
	__atomic_store_n(&c->is_dead, true, __ATOMIC_RELEASE);
	__atomic_fetch_or(&c->flags, _NTO_COF_DEAD, __ATOMIC_RELAXED);
}

void connection_died(struct connection *c)
{
	uint64_t peer = CONNECTION_GET(c, peer);

	mark_dead(c);
	for (int coid = 0;;) {
		struct connection *other = connection_next(coid);

		if (!other)
			return;
		if (CONNECTION_GET(other, peer) == peer &&
		    CONNECTION_GET(other, kind) == CONNECTION_CHANNEL)
			mark_dead(other);
		coid = CONNECTION_GET(other, coid) + 1;
	}
}

bool connection_is_dead(const struct connection *c)
{
	int r;

	if (CONNECTION_GET(c, kind) != CONNECTION_CHANNEL || CONNECTION_GET(c, is_dead))
		return CONNECTION_GET(c, is_dead);
	/* Our receiving side is shut: only the other end's close makes a hang-up of it. */
	r = packet_poll(connection_fd(c), POLLOUT, 0);
	return r > 0 && r & (POLLHUP | POLLERR);
}

void connection_watch(int (*watch)(int fd, int coid))
{
	sigset_t mask;

	lock_take(&lock, &mask);
	watcher = watch;
	for (int coid = 0; watch;) {
		struct connection *c = connection_next(coid);

		if (!c)
			break;
		if (CONNECTION_GET(c, kind) == CONNECTION_CHANNEL)
			tell_watcher(c);
		coid = CONNECTION_GET(c, coid) + 1;
	}
	lock_give(&lock, &mask);
}

/* ---- What was inherited ---- */

/*
 * @fresh, a socket of ours to the same channel, takes the place of @fd. What @fd was bound to it
 * is bound to, unless @is_dup: then who calls says so. It is all said before the old socket goes,
 * which may be the last that the server knows us by.
 */
static void take_over(struct connection *c, int fd, int fresh, bool is_dup)
{
	int flags = __fcntl(fd, F_GETFD);
	uint64_t ticket = is_dup ? 0 : reach_share(fd);

	(void)__fcntl(fresh, F_SETFL, 0);
	(void)reach_hello(fresh, fd, c, ticket); /* a new socket has room */
	(void)syscall(SYS_dup3, fresh, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0); /* both are open */
	guard_close_plain(fresh);
}

/* The record of @fd, to be filled; NULL: @fd is no connection to any channel. */
static struct connection *adopt_record(int fd, pid_t *ret_pid, int *ret_chid)
{
	struct sockaddr_un un;
	socklen_t len = sizeof(un);

	if (getpeername(fd, (struct sockaddr *)&un, &len) < 0 ||
	    !address_parse(&un, len, ret_pid, ret_chid))
		return NULL;
	return by_fd[fd] ? by_fd[fd] : record_new();
}

static struct connection *adopt_locked(int fd, bool is_dup)
{
	struct connection *c = by_fd[fd];
	int fresh, chid;
	uid_t uid = 0;
	pid_t pid;

	if (c && !CONNECTION_GET(c, is_inherited))
		return c;
	c = adopt_record(fd, &pid, &chid);
	if (!c)
		return NULL;
	fresh = reach_channel(pid, chid, &uid);
	if (fresh == -EAGAIN) {
		/* Its server is too busy to have another one now. */
		if (c != by_fd[fd])
			record_free(c);
		return NULL;
	}
	/* That channel is gone, and the connection with it. */
	CONNECTION_SET(c, is_dead, fresh < 0);
	CONNECTION_SET(c, births, __atomic_load_n(&births_so_far, __ATOMIC_RELAXED));
	CONNECTION_SET(c, uid, uid);
	CONNECTION_SET(c, own_uid, geteuid());
	CONNECTION_SET(c, own_gid, getegid());
	CONNECTION_SET(c, flags, __fcntl(fd, F_GETFD) & FD_CLOEXEC ? _NTO_COF_CLOEXEC : 0);
	CONNECTION_SET(c, pid, pid);
	CONNECTION_SET(c, chid, chid);
	CONNECTION_SET(c, coid, fd);
	CONNECTION_SET(c, link, 0); /* that was a former socket's */
	__atomic_store_n(&c->socket.number, -1, __ATOMIC_RELEASE);
	CONNECTION_SET(c, kind, CONNECTION_CHANNEL);
	CONNECTION_SET(c, peer, fresh < 0 ? ++peers_so_far : peer_of(pid, chid));
	if (fresh < 0)
		CONNECTION_SET(c, flags, CONNECTION_GET(c, flags) | _NTO_COF_DEAD);
	else
		take_over(c, fd, fresh, is_dup);
	CONNECTION_SET(c, inode, inode_of(fd));
	put_fd(fd, c);
	tell_watcher(c);
	return c;
}

static struct connection *adopt_as(int fd, bool is_dup)
{
	struct connection *c;
	sigset_t mask;

	guard_making(&mask);
	lock_take_masked(&lock);
	c = adopt_locked(fd, is_dup);
	lock_give_masked(&lock);
	guard_made(&mask);
	return c;
}

/* An id that is not known: a descriptor that came by exec or fork? */
static struct connection *adopt(int fd)
{
	struct connection *c;
	int saved = errno;

	if (fd < 0 || fd >= IO_FDS || guard_is_hidden(fd) || ready() < 0)
		return NULL;
	c = adopt_as(fd, false);
	errno = saved; /* of a call that leaves it alone, perhaps */
	return c;
}

/* A look costs half as much as a message does: one that was used just now is not looked at. */
static bool is_still_there(struct connection *c)
{
	uint64_t now = lane_now();

	if (now - CONNECTION_GET(c, seen_ns) < CONNECTION_FRESH_NS)
		return true;
	if (inode_of(CONNECTION_GET(c, coid)) != CONNECTION_GET(c, inode))
		return false;
	CONNECTION_SET(c, seen_ns, now);
	return true;
}

struct connection *connection_find(int coid)
{
	struct connection *c = connection_at(coid);

	if (__builtin_expect(c && ready_is_current(), 1)) {
		if (is_side(coid) || is_still_there(c))
			return c;
		/* Closed by a raw system call. */
		(void)connection_forget(coid);
	}
	if (is_side(coid))
		return ready() < 0 ? NULL : connection_at(coid);
	return adopt(coid);
}

/* ---- What the program does with descriptors ---- */

static bool drop_locked(int fd)
{
	struct connection *c = by_fd[fd];

	if (!c)
		return false;
	unplace(c);
	record_free(c);
	return true;
}

bool connection_forget(int fd)
{
	sigset_t mask;
	bool was;

	if (fd < 0 || fd >= IO_FDS || !__atomic_load_n(&by_fd[fd], __ATOMIC_ACQUIRE))
		return false;
	lock_take(&lock, &mask);
	was = drop_locked(fd);
	lock_give(&lock, &mask);
	return was;
}

void connection_said(struct connection *c, uint64_t link)
{
	(void)__atomic_compare_exchange_n(&c->link, &link, 0, false, __ATOMIC_RELEASE,
					  __ATOMIC_RELAXED); /* somebody else has said it */
}

void connection_hello(struct connection *c)
{
	uint64_t link = __atomic_load_n(&c->link, __ATOMIC_ACQUIRE);

	if (link == 0)
		return;
	/* The server reads its links; if not, the socket has ended. */
	(void)reach_hello(connection_fd(c), CONNECTION_GET(c, coid), c, 0);
	connection_said(c, link);
}

bool connection_is_shared(const struct connection *c)
{
	return CONNECTION_GET(c, is_passed) || __atomic_load_n(&births_now, __ATOMIC_SEQ_CST) > 0 ||
	       CONNECTION_GET(c, births) != __atomic_load_n(&births_so_far, __ATOMIC_SEQ_CST);
}

bool connection_is_watched(void)
{
	return watcher != NULL;
}

int connection_fd_end(void)
{
	return __atomic_load_n(&fd_end, __ATOMIC_ACQUIRE);
}

void connection_forked(void)
{
	lock_reset(&lock);
	watcher = NULL;
	for (unsigned at = 1; at < side_end; at++) {
		if (by_side[at])
			record_free(by_side[at]);
		by_side[at] = NULL;
	}
	side_end = 1;
	for (int fd = 0; fd < fd_end; fd++)
		if (by_fd[fd])
			CONNECTION_SET(by_fd[fd], is_inherited, true);
}

void connection_birth(void)
{
	(void)__atomic_fetch_add(&births_so_far, 1, __ATOMIC_SEQ_CST);
}

void connection_birth_begins(void)
{
	(void)__atomic_fetch_add(&births_now, 1, __ATOMIC_SEQ_CST);
	connection_birth();
}

void connection_birth_ended(void)
{
	/* What was opened meanwhile the child may have. */
	connection_birth();
	(void)__atomic_fetch_sub(&births_now, 1, __ATOMIC_SEQ_CST);
}

void connection_born(void)
{
	births_now = 0;
}

/* A server that is too busy is told at the first use. */
void connection_introduce(void)
{
	sigset_t mask;

	lock_take(&lock, &mask);
	for (int fd = 0; fd < fd_end; fd++)
		if (by_fd[fd] && CONNECTION_GET(by_fd[fd], is_inherited))
			(void)adopt_locked(fd, false); /* as the comment says */
	lock_give(&lock, &mask);
}

struct connection *connection_adopt_duplicate(int fd)
{
	return adopt_as(fd, true);
}

bool connection_adopt(int fd)
{
	return adopt(fd) != NULL;
}
