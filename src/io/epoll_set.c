// SPDX-License-Identifier: Apache-2.0
#include "io/epoll_set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "client/io.h"
#include "io/epoll.h"
#include "io/plain.h"
#include "io/waiter.h"
#include "message/lock.h"
#include "message/ready.h"
#include "message/thread.h"

static struct epoll_set *sets[IO_FDS]; /* only those pages are ever touched that have some */
static int sets_end;
static struct epoll_set *spare;

const char epoll_hub_data, epoll_bell_data;

struct epoll_set *epoll_set_find(int fd)
{
	return fd >= 0 && fd < IO_FDS ? __atomic_load_n(&sets[fd], __ATOMIC_RELAXED) : NULL;
}

static bool epoll_set_is_used(const struct epoll_set *set)
{
	return set->n_fds > 0 || set->n_inside > 0;
}

/* Nobody has it any more. With the lock; then without it, for the bell. */
static void epoll_set_empty(struct epoll_set *set)
{
	struct epoll_member *m;

	while ((m = TAILQ_FIRST(&set->members)) != NULL)
		epoll_member_remove(m);
}

static void epoll_set_free(struct epoll_set *set)
{
	sigset_t mask;

	guard_close(&set->bell);
	watch_lock(&mask);
	set->next_spare = spare;
	spare = set;
	watch_unlock(&mask);
}

/* NULL: no memory, or no descriptor. */
static struct epoll_set *epoll_set_new(void)
{
	struct epoll_set *set;
	sigset_t mask;

	watch_lock(&mask);
	set = spare;
	if (set)
		spare = set->next_spare;
	watch_unlock(&mask);
	if (!set) {
		set = ready_alloc(sizeof(*set));
		if (!set)
			return NULL;
		set->bell.number = -1;
		TAILQ_INIT(&set->members);
		TAILQ_INIT(&set->news);
	}
	set->is_rung = set->plain_first = false;
	set->n_fds = set->n_inside = 0;
	set->hub = 0;
	set->generation = thread_generation();
	if (bell_make(&set->bell) == 0)
		return set;
	epoll_set_free(set);
	return NULL;
}

static int kernel_add(int epoll, int fd, const void *data)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = (void *)(uintptr_t)data};

	return PLAIN(epoll_ctl, epoll, EPOLL_CTL_ADD, fd, &ev, 0) == 0 || errno == EEXIST ? 0 :
											    -errno;
}

/* What wakes who waits is in the kernel's set. With the lock. */
static int epoll_set_connect(struct epoll_set *set, int epoll, bool with_bell)
{
	int rc = with_bell ? kernel_add(epoll, guard_number(&set->bell), &epoll_bell_data) : 0;

	if (rc == 0 && set->hub != watch_serial())
		rc = kernel_add(epoll, watch_fd(), &epoll_hub_data);
	if (rc == 0)
		set->hub = watch_serial();
	return rc;
}

static void epoll_set_put(struct epoll_set *set, int fd)
{
	__atomic_store_n(&sets[fd], set, __ATOMIC_RELAXED);
	sets_end = MAX(sets_end, fd + 1);
	set->n_fds++;
	io_flag_set(fd);
}

/* @fd is not that set any more. True: nothing is, epoll_set_free() is due. With the lock. */
static bool epoll_set_drop(int fd)
{
	struct epoll_set *set = sets[fd];

	__atomic_store_n(&sets[fd], NULL, __ATOMIC_RELAXED);
	set->n_fds--;
	if (epoll_set_is_used(set))
		return false;
	epoll_set_empty(set);
	return true;
}

void epoll_set_leave(struct epoll_set *set)
{
	bool is_over;
	sigset_t mask;

	watch_lock(&mask);
	set->n_inside--;
	is_over = !epoll_set_is_used(set);
	if (is_over)
		epoll_set_empty(set);
	watch_unlock(&mask);
	if (is_over)
		epoll_set_free(set);
}

/* ---- In a forked child ---- */

struct plain_member {
	int fd;
	struct epoll_event event;
	unsigned long inode;
	unsigned device;
};

/* As the kernel has it in fdinfo. */
static bool plain_member_parse(const char *line, struct plain_member *ret)
{
	unsigned long long data;
	unsigned events;

	if (sscanf(line, "tfd: %d events: %x data: %llx pos:%*x ino:%lx sdev:%x", &ret->fd, &events,
		   &data, &ret->inode, &ret->device) != 5)
		return false;
	ret->event = (struct epoll_event){.events = events, .data.u64 = data};
	return true;
}

/* What is closed here, or another file, is left out. */
static void plain_member_add(const struct plain_member *m, int epoll)
{
	struct epoll_event ev = m->event;
	struct stat st;

	if (epoll_is_ours(&ev) || fstat(m->fd, &st) < 0 || st.st_ino != m->inode ||
	    st.st_dev != makedev(m->device >> 20, m->device & 0xfffff))
		return;
	/* No room: as if it was closed. */
	(void)PLAIN(epoll_ctl, epoll, EPOLL_CTL_ADD, m->fd, &ev, 0);
}

static int plain_members_copy(int from, int to)
{
	char path[48], line[256];
	struct plain_member m;
	auto_fd fd = -1;
	size_t len = 0;
	char c[512];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", from); /* fits */
	fd = plain_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	while ((n = syscall(SYS_read, fd, c, sizeof(c))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (c[i] != '\n') {
				line[len] = c[i];
				len += len < sizeof(line) - 1;
				continue;
			}
			line[len] = 0;
			len = 0;
			if (plain_member_parse(line, &m))
				plain_member_add(&m, to);
		}
	}
	return n < 0 ? -errno : 0;
}

/* @fresh takes the places of all descriptors of the set. With the lock. */
static void epoll_set_replace(struct epoll_set *set, int fresh)
{
	for (int fd = 0; fd < sets_end; fd++) {
		int flags;

		if (sets[fd] != set)
			continue;
		flags = (int)syscall(SYS_fcntl, fd, F_GETFD);
		if (flags >= 0)
			(void)syscall(SYS_dup3, fresh, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0);
	}
}

/* All is asked for anew. With the lock. */
static int epoll_set_reconnect(struct epoll_set *set, int epoll, bool with_bell)
{
	struct epoll_member *m;
	int rc = epoll_set_connect(set, epoll, with_bell);

	if (rc < 0)
		return rc;
	set->is_rung &= !with_bell;
	for (m = TAILQ_FIRST(&set->members); m; m = TAILQ_NEXT(m, of_set))
		if (m->state == QUIET && !m->watcher.is_armed && !epoll_member_is_disabled(m))
			epoll_member_to_news(m);
	epoll_set_update_bell(set);
	return 0;
}

static int epoll_set_move(struct epoll_set *set, int epoll)
{
	auto_fd fresh = (int)syscall(SYS_epoll_create1, EPOLL_CLOEXEC);
	sigset_t mask;
	int rc;

	if (fresh < 0)
		return -errno;
	rc = plain_members_copy(epoll, fresh);
	if (rc < 0)
		return rc;
	watch_lock(&mask);
	set->hub = 0;
	rc = epoll_set_reconnect(set, fresh, true);
	if (rc == 0) {
		epoll_set_replace(set, fresh);
		set->generation = thread_generation();
	}
	watch_unlock(&mask);
	return rc;
}

static bool epoll_set_is_good(const struct epoll_set *set)
{
	/* The program may have wanted the bell's number, with no other one free (guard.c). */
	return set->generation == thread_generation() && guard_number(&set->bell) >= 0 &&
	       set->hub == watch_serial();
}

/* One thread at a time, and without the lock of watch.h: a descriptor is made. */
static int epoll_set_renew_alone(struct epoll_set *set, int epoll)
{
	bool is_silent = guard_number(&set->bell) < 0;
	sigset_t mask;
	int rc;

	if (epoll_set_is_good(set))
		return 0;
	if (is_silent && (rc = bell_make(&set->bell)) < 0)
		return rc;
	if (set->generation != thread_generation())
		return epoll_set_move(set, epoll);
	watch_lock(&mask);
	rc = epoll_set_reconnect(set, epoll, is_silent);
	watch_unlock(&mask);
	return rc;
}

static struct lock renewing = LOCK_INIT;

static int epoll_set_renew(struct epoll_set *set, int epoll)
{
	sigset_t making, mask;
	int rc;

	/* Other threads' children do not have what is half made. */
	guard_making(&making);
	lock_take(&renewing, &mask);
	rc = epoll_set_renew_alone(set, epoll);
	lock_give(&renewing, &mask);
	guard_made(&making);
	return rc;
}

struct epoll_set *epoll_set_enter(int epoll, int *ret_rc)
{
	struct epoll_set *set;
	bool is_good = true;
	sigset_t mask;

	*ret_rc = watch_begin();
	if (*ret_rc < 0)
		return NULL;
	watch_lock(&mask);
	set = epoll_set_find(epoll);
	if (set) {
		set->n_inside++;
		is_good = epoll_set_is_good(set);
	}
	watch_unlock(&mask);
	if (is_good)
		return set;
	*ret_rc = epoll_set_renew(set, epoll);
	if (*ret_rc == 0)
		return set;
	epoll_set_leave(set);
	return NULL;
}

struct epoll_set *epoll_set_want(int epoll, int *ret_rc)
{
	struct epoll_set *set = epoll_set_enter(epoll, ret_rc), *fresh;
	sigset_t mask;

	if (set || *ret_rc < 0)
		return set;
	fresh = epoll < IO_FDS ? epoll_set_new() : NULL;
	*ret_rc = fresh ? 0 : -ENOMEM;
	if (!fresh)
		return NULL;
	watch_lock(&mask);
	set = epoll_set_find(epoll);
	if (!set) {
		/* Flagged first: who is woken by what we add looks there. */
		epoll_set_put(fresh, epoll);
		*ret_rc = epoll_set_connect(fresh, epoll, true);
		if (*ret_rc < 0) {
			(void)epoll_set_drop(epoll); /* nothing is in it */
			io_flag_clear(epoll);
		} else {
			set = fresh;
			fresh = NULL;
		}
	}
	if (set)
		set->n_inside++;
	watch_unlock(&mask);
	if (fresh)
		epoll_set_free(fresh);
	return set;
}

/* What other threads had in their hands nobody has here. */
static void in_child(void)
{
	struct epoll_member *m;

	lock_reset(&renewing);
	for (int fd = 0; fd < sets_end; fd++) {
		if (!sets[fd])
			continue;
		for (m = TAILQ_FIRST(&sets[fd]->members); m; m = TAILQ_NEXT(m, of_set))
			if (m->state == ASKED && !pthread_equal(m->asker, pthread_self()))
				m->state = QUIET;
	}
}

__attribute__((constructor)) static void epoll_register(void)
{
	(void)pthread_atfork(NULL, NULL, in_child); /* no memory at start: no forks either */
}

bool epoll_is(int fd)
{
	return epoll_set_find(fd);
}

int epoll_own(int fd)
{
	struct epoll_set *set;
	int rc;

	set = epoll_set_enter(fd, &rc);
	if (set)
		epoll_set_leave(set);
	return set ? 0 : rc;
}

/* ---- What happens to descriptors ---- */

void epoll_closing(int fd)
{
	struct epoll_set *set = NULL;
	sigset_t mask;

	watch_lock(&mask);
	if (epoll_set_find(fd)) {
		set = sets[fd];
		if (!epoll_set_drop(fd))
			set = NULL;
	}
	for (struct watcher *w = watch_first(fd), *next; w; w = next) {
		next = w->next;
		if (w->tell == epoll_member_tell)
			epoll_member_remove((struct epoll_member *)w);
	}
	watch_unlock(&mask);
	if (set)
		epoll_set_free(set);
}

void epoll_closing_range(unsigned first, unsigned last)
{
	last = MIN(last, (unsigned)IO_FDS - 1);
	for (unsigned fd = first; fd <= last; fd++) {
		if (fd % 64 == 0 && !__atomic_load_n(&io_flags[fd / 64], __ATOMIC_RELAXED))
			fd += 63;
		else if (io_is_flagged((int)fd))
			epoll_closing((int)fd);
	}
}

void epoll_duplicated(int old, int new)
{
	struct epoll_set *set;
	sigset_t mask;

	watch_lock(&mask);
	set = epoll_set_find(old);
	if (set && new >= 0 && new < IO_FDS && !sets[new])
		epoll_set_put(set, new);
	watch_unlock(&mask);
}
