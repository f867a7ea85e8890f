// SPDX-License-Identifier: Apache-2.0
/*
 * The library's side of epoll sets with files of servers in them, and the members that are such
 * files. What they mean stands in epoll.c.
 *
 * All of it is under the lock of watch.h, which is to be held where nothing else is said. Records
 * are never freed, only used again.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/queue.h>

#include "client/guard.h"
#include "io/watch.h"

/* What is no event. */
#define EPOLL_HOW ((uint32_t)EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)

enum epoll_member_state { QUIET, NEWS, ASKED };

struct epoll_member {
	struct watcher watcher; /* first */
	struct epoll_set *set;  /* NULL: it has left while it was asked for */
	TAILQ_ENTRY(epoll_member) of_set;
	TAILQ_ENTRY(epoll_member) of_state; /* news, or what one wait has taken */
	enum epoll_member_state state;
	bool has_news; /* told while it was asked for */
	uint32_t events;
	epoll_data_t data;
	uint32_t version;  /* of the last two */
	uint32_t reported; /* the one of what a wait reports */
	pthread_t asker;
};

TAILQ_HEAD(epoll_members, epoll_member);

struct epoll_set {
	struct guard_fd bell;
	bool is_rung;
	bool plain_first; /* the servers' have had all the room */
	uint32_t generation, hub;
	unsigned n_fds;    /* descriptors that are it */
	unsigned n_inside; /* threads that look at it */
	struct epoll_members members, news;
	struct epoll_set *next_spare;
};

/* The data of what is ours in the kernel's sets. */
extern const char epoll_hub_data, epoll_bell_data;

static inline bool epoll_is_ours(const struct epoll_event *ev)
{
	return ev->data.ptr == &epoll_hub_data || ev->data.ptr == &epoll_bell_data;
}

/* Told once by EPOLLONESHOT. */
static inline bool epoll_member_is_disabled(const struct epoll_member *m)
{
	return !(m->events & ~EPOLL_HOW);
}

/* ---- epoll_member.c ---- */

/* QUIET, and in no list. NULL: no memory. */
struct epoll_member *epoll_member_new(void);
void epoll_member_free(struct epoll_member *m);
/* What is waited for, and how. */
void epoll_member_wish(struct epoll_member *m, const struct epoll_event *ev);
/* QUIET becomes NEWS. */
void epoll_member_to_news(struct epoll_member *m);
/* NEWS or QUIET, and in no list of its state, becomes ASKED by the calling thread. */
void epoll_member_ask(struct epoll_member *m);
/* The watcher's: there may be something. */
void epoll_member_tell(struct watcher *w);
/* It leaves the set; if somebody asks for it, he frees it. */
void epoll_member_remove(struct epoll_member *m);
/* Is what was asked for still of its set? If not, it is freed. */
bool epoll_member_is_kept(struct epoll_member *m);
/* What that descriptor is in that set; those of former files under that number leave. */
struct epoll_member *epoll_member_find(const struct epoll_set *set, int fd);
/* Rung while there is news. */
void epoll_set_update_bell(struct epoll_set *set);

/* ---- epoll_set.c: without the lock ---- */

/* NULL: no file of a server was ever added to it. With the lock or without. */
struct epoll_set *epoll_set_find(int fd);
/* The set @epoll, to be left by epoll_set_leave(). NULL with *ret_rc: 0, it is not one of ours; or
 * -errno. */
struct epoll_set *epoll_set_enter(int epoll, int *ret_rc);
/* The same, and it is one from now on. */
struct epoll_set *epoll_set_want(int epoll, int *ret_rc);
void epoll_set_leave(struct epoll_set *set);
