// SPDX-License-Identifier: Apache-2.0
#include "message/idle.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include "base/util.h"
#include "client/guard.h"
#include "message/lock.h"
#include "wire/packet.h"

#define IDLE_MAX 8

extern int __fcntl(int fd, int cmd, ...);

struct idle {
	struct guard_fd socket;
	struct idle_key key;
	uid_t server_uid;
	uint64_t link;
	uint64_t age; /* of all that were ever kept, the one that it was */
};

static struct lock lock = LOCK_INIT;
static struct idle idles[IDLE_MAX] = {[0 ... IDLE_MAX - 1] = {.socket = GUARD_FD_NULL}};
static uint64_t kept_so_far;

static bool is_same(const struct idle_key *a, const struct idle_key *b)
{
	return a->pid == b->pid && a->chid == b->chid && a->own_uid == b->own_uid &&
	       a->own_gid == b->own_gid && a->births == b->births;
}

static struct idle *oldest(void)
{
	struct idle *found = &idles[0];

	for (struct idle *i = idles; i < idles + IDLE_MAX; i++) {
		if (guard_number(&i->socket) < 0)
			return i;
		if (i->age < found->age)
			found = i;
	}
	return found;
}

void idle_keep(const struct idle_key *key, int fd, uid_t server_uid, uint64_t link)
{
	struct idle *i;
	sigset_t mask;

	guard_making(&mask);
	lock_take_masked(&lock);
	i = oldest();
	guard_close_making(&i->socket);
	if (guard_add_copy(&i->socket, fd) == 0) {
		i->key = *key;
		i->server_uid = server_uid;
		i->link = link;
		i->age = ++kept_so_far;
	}
	lock_give_masked(&lock);
	guard_made(&mask);
}

/* The youngest, which is the likeliest to be in all caches. */
static struct idle *find(const struct idle_key *key)
{
	struct idle *found = NULL;

	for (struct idle *i = idles; i < idles + IDLE_MAX; i++)
		if (guard_number(&i->socket) >= 0 && is_same(&i->key, key) &&
		    (!found || i->age > found->age))
			found = i;
	return found;
}

static int take(struct idle *i, unsigned index, bool is_cloexec)
{
	int fd = -1, r = packet_poll(guard_number(&i->socket), POLLOUT, 0);

	/* The channel that had this number before is gone. */
	if (r > 0 && !(r & (POLLHUP | POLLERR)) && guard_is_intact(&i->socket))
		fd = __fcntl(guard_number(&i->socket), is_cloexec ? F_DUPFD_CLOEXEC : F_DUPFD,
			     (int)index);
	guard_close_making(&i->socket);
	return fd;
}

int idle_take(const struct idle_key *key, unsigned index, bool is_cloexec, struct idle_taken *ret)
{
	struct idle *i;
	int fd = -1;

	lock_take_masked(&lock);
	while (fd < 0 && (i = find(key)) != NULL) {
		*ret = (struct idle_taken){i->server_uid, i->link, i->socket.inode};
		fd = take(i, index, is_cloexec);
	}
	lock_give_masked(&lock);
	return fd;
}

void idle_forked(void)
{
	lock_reset(&lock); /* the sockets are closed as all that is hidden */
}
