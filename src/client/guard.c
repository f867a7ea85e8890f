// SPDX-License-Identifier: Apache-2.0
/*
 * close(), dup2() and their kin: as glibc's, but for descriptors of ours, which
 * are not there for the program. A number that the program chooses is its own:
 * ours moves away.
 *
 * In the usual case this is one comparison, as ours are the highest; and one bit
 * to look at for descriptors that are more than the kernel knows (io.h).
 */
#include "client/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/mask.h"
#include "base/util.h"
#include "client/export.h"
#include "client/io.h"
#include "io/epoll.h"
#include "io/file.h"
#include "io/lock.h"
#include "io/stream.h"
#include "message/connection.h"
#include "message/descriptor.h"
#include "message/thread.h"

/* The kernel copies the table up to the highest number at each clone: so not
 * as high as the limit lets us. */
#define GUARD_TOP  256
#define GUARD_ROOM 8
/* A program that may have fewer descriptors needs them itself. */
#define GUARD_MANY 512

/* glibc's own, under the names that it exports for itself. */
extern int __close(int fd);
extern int __fcntl(int fd, int cmd, ...);

int guard_lowest = INT_MAX;
/* By number. Of the many only those pages are ever touched that have some. */
static struct guard_fd *guard_at[IO_FDS];
static int guard_highest = -1;

/* Who makes one reads, who forks writes. Readers come first, so that they may be nested. */
static pthread_rwlock_t guard_gate = PTHREAD_RWLOCK_INITIALIZER;
/* Who has it for a fork, and whether that is until its handlers are over. */
enum gate { GATE_OPEN, GATE_SHUT, GATE_SHUT_AROUND };
static THREAD_OWN enum gate gate_mine;

/* The soft limit of descriptors. Written once, by whoever comes first. */
static struct {
	bool is_begun;
	bool is_raised; /* the others count */
	rlim_t former;
	rlim_t raised;
} limit_of;

void guard_making(sigset_t *ret_mask)
{
	/* A handler that forks would wait for the thread that it interrupts. */
	mask_all(ret_mask);
	/* Other handlers of the fork may make some. */
	if (gate_mine == GATE_OPEN)
		(void)pthread_rwlock_rdlock(&guard_gate); /* not so many readers: cannot fail */
}

void guard_made(const sigset_t *mask)
{
	if (gate_mine == GATE_OPEN)
		(void)pthread_rwlock_unlock(&guard_gate); /* as above */
	mask_restore(mask);
}

void guard_fork_begins(void)
{
	(void)pthread_rwlock_wrlock(&guard_gate); /* by no reader: cannot fail */
	gate_mine = GATE_SHUT_AROUND;
}

void guard_fork_ended(void)
{
	if (gate_mine == GATE_OPEN)
		return;
	gate_mine = GATE_OPEN;
	(void)pthread_rwlock_unlock(&guard_gate); /* as above */
}

/*
 * The program's own handlers may wait for a thread that makes a descriptor, or make one: so the gate
 * is shut after those that come before the fork, and opened before those that come behind it.
 */
static void guard_shut(void)
{
	if (gate_mine != GATE_OPEN)
		return;
	(void)pthread_rwlock_wrlock(&guard_gate); /* as above */
	gate_mine = GATE_SHUT;
}

static void guard_open(void)
{
	if (gate_mine == GATE_SHUT)
		guard_fork_ended();
}

static void guard_forked(void)
{
	pthread_rwlock_t fresh = PTHREAD_RWLOCK_INITIALIZER;

	guard_gate = fresh;
	gate_mine = GATE_OPEN;
}

/* What is first here is last before a fork. */
__attribute__((constructor(GUARD_ATFORK_GATE))) static void guard_register(void)
{
	(void)pthread_atfork(guard_shut, guard_open, guard_forked); /* no memory: no forks either */
}

static bool limit_is_raised(void)
{
	return __atomic_load_n(&limit_of.is_raised, __ATOMIC_ACQUIRE);
}

int guard_number(const struct guard_fd *g)
{
	return __atomic_load_n(&g->number, __ATOMIC_ACQUIRE);
}

bool guard_is_intact(const struct guard_fd *g)
{
	int fd = guard_number(g);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == g->inode && st.st_dev == g->device;
}

static struct guard_fd *guard_find(int fd)
{
	if (fd < 0 || fd >= IO_FDS)
		return NULL;
	return __atomic_load_n(&guard_at[fd], __ATOMIC_ACQUIRE);
}

bool guard_is_hidden_slow(int fd)
{
	const struct guard_fd *g = guard_find(fd);

	return g && guard_number(g) == fd && guard_is_intact(g);
}

static void guard_widen(int fd)
{
	int lowest = __atomic_load_n(&guard_lowest, __ATOMIC_RELAXED);
	int highest = __atomic_load_n(&guard_highest, __ATOMIC_RELAXED);

	while (fd < lowest && !__atomic_compare_exchange_n(&guard_lowest, &lowest, fd, false,
							   __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	while (fd > highest && !__atomic_compare_exchange_n(&guard_highest, &highest, fd, false,
							    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

bool guard_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= limit.rlim_max ||
	    __atomic_exchange_n(&limit_of.is_begun, true, __ATOMIC_ACQ_REL))
		return false;
	limit_of.former = limit.rlim_cur;
	limit.rlim_cur = MIN(limit.rlim_max, (rlim_t)IO_FDS);
	limit_of.raised = limit.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return false;
	__atomic_store_n(&limit_of.is_raised, true, __ATOMIC_RELEASE);
	return true;
}

bool guard_has_raised(rlim_t *ret_former)
{
	struct rlimit limit;

	if (!limit_is_raised() || getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    limit.rlim_cur != limit_of.raised)
		return false;
	*ret_former = limit_of.former;
	return true;
}

void guard_lend_limit(bool puts_back)
{
	static bool is_lent;
	struct rlimit limit;

	if (!limit_is_raised() || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (puts_back && limit.rlim_cur == limit_of.raised)
		is_lent = true;
	else if (puts_back || !is_lent)
		return;
	else
		is_lent = false;
	limit.rlim_cur = puts_back ? limit_of.former : limit_of.raised;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* below the hard one */
}

/*
 * Where the first free number is looked for: below the limit that the program knows, as long as
 * there is room; else above it, so that none of its numbers are taken. @limit is the soft one
 * now, 0: not known.
 */
static int guard_floor(rlim_t limit)
{
	if (limit_is_raised())
		return (int)limit_of.former;
	if (limit <= GUARD_ROOM)
		return 3;
	return (int)(MIN(limit, (rlim_t)GUARD_TOP) - GUARD_ROOM);
}

static rlim_t guard_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) < 0 ? 0 : limit.rlim_cur;
}

/* A duplicate of @fd, high, but below the soft limit; -1 if that is full. */
static int guard_lift(int fd, int floor)
{
	int high = __fcntl(fd, F_DUPFD_CLOEXEC, floor);

	return high >= 0 ? high : __fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static void guard_put(struct guard_fd *g, int number)
{
	__atomic_store_n(&g->number, number, __ATOMIC_RELEASE);
	if (number < 0 || number >= IO_FDS)
		return;
	guard_widen(number);
	__atomic_store_n(&guard_at[number], g, __ATOMIC_RELEASE);
}

/* Half of what the program may have is the most that we take of it. There must be room left in
 * time: descriptors that come with a record and find none are lost. */
static int guard_lift_or_raise(int fd)
{
	rlim_t limit = limit_is_raised() ? 0 : guard_limit(), most = limit / 2;
	int floor = guard_floor(limit), high = guard_lift(fd, floor);

	if (limit_is_raised() || limit == 0)
		return high;
	/* From its floor on it counts the program's own, too. */
	if (high >= floor)
		most = MAX(most, (rlim_t)GUARD_TOP);
	if (high < 0 || (rlim_t)high > most)
		(void)guard_raise_limit(); /* then there is no more room */
	return high >= 0 ? high : guard_lift(fd, guard_floor(guard_limit()));
}

void guard_close_plain(int fd)
{
	int saved = errno, cancel = cancel_hold();

	(void)__close(fd);
	cancel_let(cancel);
	errno = saved;
}

static int guard_hide(struct guard_fd *g, int high)
{
	struct stat st;

	if (fstat(high, &st) < 0)
		return -errno;
	g->device = st.st_dev;
	g->inode = st.st_ino;
	guard_put(g, high);
	return 0;
}

int guard_add(struct guard_fd *g, int fd)
{
	int high = guard_lift_or_raise(fd);

	if (high >= 0)
		guard_close_plain(fd);
	return guard_hide(g, high >= 0 ? high : fd);
}

int guard_add_copy(struct guard_fd *g, int fd)
{
	rlim_t limit = limit_is_raised() ? 0 : guard_limit();
	int high;

	if (!limit_is_raised() && limit < GUARD_MANY)
		return -EMFILE;
	high = __fcntl(fd, F_DUPFD_CLOEXEC, guard_floor(limit));
	return high < 0 ? -EMFILE : guard_hide(g, high);
}

void guard_close_making(struct guard_fd *g)
{
	/* Else a raw system call has closed it, and the number may be the program's by now. */
	bool is_ours = guard_is_intact(g);
	int fd = __atomic_exchange_n(&g->number, -1, __ATOMIC_ACQ_REL);

	if (fd >= 0 && guard_find(fd) == g)
		__atomic_store_n(&guard_at[fd], NULL, __ATOMIC_RELEASE);
	if (fd >= 0 && is_ours)
		guard_close_plain(fd); /* nothing was written */
}

void guard_close(struct guard_fd *g)
{
	sigset_t mask;

	if (guard_number(g) < 0)
		return;
	guard_making(&mask);
	guard_close_making(g);
	guard_made(&mask);
}

void guard_close_all_but(bool (*keeps)(const struct guard_fd *g))
{
	int highest = __atomic_load_n(&guard_highest, __ATOMIC_ACQUIRE);

	for (int fd = __atomic_load_n(&guard_lowest, __ATOMIC_ACQUIRE); fd <= highest; fd++) {
		struct guard_fd *g = guard_find(fd);

		if (g && !keeps(g))
			guard_close(g);
	}
}

/* The program wants the number: the descriptor goes elsewhere. */
static void guard_make_way(int fd)
{
	struct guard_fd *g = guard_find(fd);
	sigset_t mask;

	if (!g || guard_number(g) != fd || !guard_is_intact(g))
		return;
	guard_making(&mask);
	__atomic_store_n(&guard_at[fd], NULL, __ATOMIC_RELEASE);
	/* Without room it is lost, and made again at the next need. */
	guard_put(g, guard_lift(fd, guard_floor(guard_limit())));
	guard_made(&mask);
}

static int guard_refuse(void)
{
	errno = EBADF;
	return -1;
}

/* A server's answer to its close is the result. */
static int guard_close_flagged(int fd)
{
	int error, rc;

	epoll_closing(fd);
	if (!descriptor_closing(fd, &error))
		io_flag_clear(fd);
	rc = __close(fd);
	if (rc < 0 || error == 0)
		return rc;
	errno = -error;
	return -1;
}

EXPORT int close(int fd)
{
	if (guard_is_hidden(fd))
		return guard_refuse();
	if (io_is_flagged(fd))
		return guard_close_flagged(fd);
	return __close(fd);
}

/* @fd is a duplicate of @from now. */
static void guard_copied(int from, int fd)
{
	if (!io_is_flagged(from) && !io_is_flagged(fd))
		return;
	if (io_is_flagged(fd)) {
		epoll_closing(fd);
		(void)descriptor_closing(fd, NULL);
	}
	if (connection_at(from)) {
		descriptor_duplicated(from, fd);
	} else {
		io_flag_copy(from, fd);
		epoll_duplicated(from, fd);
	}
	if (fd <= 2)
		stream_standard(fd);
}

static int guard_dup_to(int from, int to, int flags)
{
	int fd;

	if (guard_is_hidden(from))
		return guard_refuse();
	if (guard_is_hidden(to) && from != to)
		guard_make_way(to);
	fd = (int)syscall(SYS_dup3, from, to, flags);
	if (fd >= 0)
		guard_copied(from, fd);
	return fd;
}

EXPORT int dup3(int from, int to, int flags)
{
	return guard_dup_to(from, to, flags);
}

EXPORT int dup2(int from, int to)
{
	if (from != to)
		return guard_dup_to(from, to, 0);
	/* Only asks whether it is open. */
	if (guard_is_hidden(from))
		return guard_refuse();
	return __fcntl(from, F_GETFD) < 0 ? -1 : from;
}

EXPORT int dup(int from)
{
	int fd;

	if (guard_is_hidden(from))
		return guard_refuse();
	fd = (int)syscall(SYS_dup, from);
	if (fd >= 0)
		guard_copied(from, fd);
	return fd;
}

static int guard_fcntl(int fd, int cmd, void *arg)
{
	long served;
	int result;

	if (guard_is_hidden(fd))
		return guard_refuse();
	if (file_is(fd) && lock_fcntl(fd, cmd, arg, &served)) {
		if (served >= 0)
			return (int)served;
		errno = (int)-served;
		return -1;
	}
	result = __fcntl(fd, cmd, arg);
	if (result >= 0 && (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC))
		guard_copied(fd, result);
	return result;
}

EXPORT int fcntl(int fd, int cmd, ...)
{
	va_list args;
	void *arg;

	/* As in glibc: an int or a pointer, both are one register. */
	va_start(args, cmd);
	arg = va_arg(args, void *);
	va_end(args);
	return guard_fcntl(fd, cmd, arg);
}

/* fcntl() of a program compiled with 64 bit file offsets. */
EXPORT int fcntl64(int fd, int cmd, ...)
{
	va_list args;
	void *arg;

	va_start(args, cmd);
	arg = va_arg(args, void *);
	va_end(args);
	return guard_fcntl(fd, cmd, arg);
}

static int guard_close_span(unsigned first, unsigned last, int flags)
{
	struct rlimit limit;

	if (first > last)
		return 0;
	epoll_closing_range(first, last);
	descriptor_closing_range(first, last);
	io_flag_clear_range(first, last);
	if (syscall(SYS_close_range, first, last, flags) == 0)
		return 0;
	/* Without the call (a filter), only closing can be done by hand. */
	if ((errno != ENOSYS && errno != EPERM) || flags != 0 || getrlimit(RLIMIT_NOFILE, &limit))
		return -1;
	for (unsigned fd = first; fd <= last && fd < limit.rlim_max; fd++)
		(void)__close((int)fd);
	return 0;
}

/* The lowest hidden descriptor of @first to @last, or -1. */
static int guard_next(unsigned first, unsigned last)
{
	int lowest = __atomic_load_n(&guard_lowest, __ATOMIC_ACQUIRE);
	int highest = __atomic_load_n(&guard_highest, __ATOMIC_ACQUIRE);

	if (highest < 0 || first > (unsigned)highest)
		return -1;
	for (int fd = MAX((int)first, lowest); fd <= highest && (unsigned)fd <= last; fd++)
		if (guard_is_hidden_slow(fd))
			return fd;
	return -1;
}

static int guard_close_all(unsigned first, unsigned last, int flags)
{
	int fd;

	while ((fd = guard_next(first, last)) >= 0) {
		if ((unsigned)fd > first && guard_close_span(first, (unsigned)fd - 1, flags) < 0)
			return -1;
		first = (unsigned)fd + 1;
	}
	return guard_close_span(first, last, flags);
}

EXPORT void closefrom(int first)
{
	(void)guard_close_all(first < 0 ? 0 : (unsigned)first, ~0U, 0);
}

EXPORT int close_range(unsigned first, unsigned last, int flags)
{
	if (first > last) {
		errno = EINVAL;
		return -1;
	}
	/* Marking for exec does not harm what is so marked. */
	if (flags & (int)CLOSE_RANGE_CLOEXEC)
		return (int)syscall(SYS_close_range, first, last, flags);
	return guard_close_all(first, last, flags);
}
