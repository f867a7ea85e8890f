// SPDX-License-Identifier: Apache-2.0
/*
 * The processes behind a channel's clients, and their ends.
 *
 * The end of a socket tells that nobody has it any more, and a foreign child may have inherited it:
 * the client itself is gone when its process is, which a pidfd tells. One for each process, kept for
 * some that have no connection at the moment, as they may come back.
 */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/linux/child.h"
#include "message/caller.h"
#include "message/channel.h"
#include "message/lock.h"
#include "message/ready.h"
#include "wire/packet.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* Of a channel, without a client. */
#define PROCESSES_KEPT 16

static struct lock lock = LOCK_INIT;
static struct process *spare;

static struct process *process_record(void)
{
	struct process *p;
	sigset_t mask;

	lock_take(&lock, &mask);
	p = spare;
	if (p)
		spare = p->next;
	lock_give(&lock, &mask);
	if (p)
		return p;
	p = ready_alloc(sizeof(*p));
	if (p)
		p->pidfd.number = -1;
	return p;
}

static void process_free(struct process *p)
{
	sigset_t mask;

	guard_close(&p->pidfd);
	lock_take(&lock, &mask);
	p->next = spare;
	spare = p;
	lock_give(&lock, &mask);
}

/* Of who connected and of nobody with the same number later, where the kernel can say so. */
static int peer_pidfd(const struct link *l)
{
	socklen_t size = sizeof(int);
	int fd;

	if (getsockopt(guard_number(&l->socket), SOL_SOCKET, SO_PEERPIDFD, &fd, &size) == 0)
		return fd;
	return errno == ENOPROTOOPT ? child_pidfd(l->pid) : -errno; /* before Linux 6.5 */
}

static bool process_watch(struct channel *ch, struct process *p, const struct link *l)
{
	sigset_t mask;
	int fd, rc;

	guard_making(&mask);
	fd = peer_pidfd(l);
	rc = fd < 0 ? fd : guard_add(&p->pidfd, fd);
	guard_made(&mask);
	return rc == 0 && channel_add_fd(ch, guard_number(&p->pidfd), TAG(TAG_PROCESS, 0, l->pid),
					 EPOLLIN) == 0;
}

static bool is_over(const struct process *p)
{
	return packet_poll(guard_number(&p->pidfd), POLLIN, 0) > 0;
}

/* One that is over and one that lives may have the same number. */
static struct process *process_find(const struct channel *ch, pid_t pid, bool over)
{
	struct process *p = ch->processes;

	while (p && (p->pid != pid || is_over(p) != over))
		p = p->next;
	return p;
}

struct process *process_of(struct channel *ch, const struct link *l)
{
	struct process *p = process_find(ch, l->pid, false);

	if (p) {
		p->n_clients++;
		return p;
	}
	if (l->pid == getpid() || !(p = process_record()))
		return NULL;
	p->pid = l->pid;
	p->n_clients = 1;
	if (!process_watch(ch, p, l)) {
		process_free(p);
		return NULL;
	}
	ch->has_grown = true;
	p->next = ch->processes;
	ch->processes = p;
	return p;
}

static void process_forget(struct channel *ch, struct process *p)
{
	struct process **at = &ch->processes;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	process_free(p);
}

/* The one that was seen first of those that have no client. */
static struct process *process_unused(const struct channel *ch, unsigned *ret_n)
{
	struct process *found = NULL;

	*ret_n = 0;
	for (struct process *p = ch->processes; p; p = p->next)
		if (p->n_clients == 0) {
			found = p;
			++*ret_n;
		}
	return found;
}

void process_drop(struct channel *ch, struct process *p)
{
	struct process *unused;
	unsigned n;

	if (!p || --p->n_clients > 0)
		return;
	unused = process_unused(ch, &n);
	if (n > PROCESSES_KEPT)
		process_forget(ch, unused);
}

struct process *process_ended(struct channel *ch, pid_t pid)
{
	struct process *p = process_find(ch, pid, true);

	if (p)
		p->n_clients++; /* it stays until its clients are seen to */
	return p;
}

struct client *process_take_client(struct channel *ch, struct process *p)
{
	struct client *c = ch->clients;

	while (c && c->process != p)
		c = c->next;
	if (c) {
		c->process = NULL;
		p->n_clients--;
	}
	return c;
}

void process_release(struct channel *ch, struct process *p)
{
	if (--p->n_clients == 0)
		process_forget(ch, p);
}

void process_forget_all(struct channel *ch)
{
	while (ch->processes)
		process_forget(ch, ch->processes);
}

void process_forked(void)
{
	lock_reset(&lock);
	spare = NULL;
}
