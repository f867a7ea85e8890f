// SPDX-License-Identifier: Apache-2.0
/*
 * Who waits for what of servers' files in this process: poll(), select() and epoll alike. The
 * rules stand in watch.c.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct connection;

struct watcher {
	/* Called with the lock: what was armed is no more, ask again. */
	void (*tell)(struct watcher *w);
	uint32_t wants; /* _NOTIFY_COND_* */
	bool is_edge;   /* wants to hear of changes: armed also while what it wants is so */
	bool stays;     /* a fork's child has it, too */
	/* Its own, to be looked at: */
	bool is_armed;     /* its server has it in its books, or is being asked */
	bool may_be_armed; /* there is something to be taken back */
	bool is_asking, is_listed;
	int fd;
	const struct connection *file; /* with the serial: which open file */
	uint32_t serial;
	struct watcher *next; /* of the same descriptor */
};

/* Before anything else, in each process. 0 or -errno. */
int watch_begin(void);
/* Readable: there is news for somebody, to be heard by watch_hear(). */
int watch_fd(void);
/* Another number: what was known as watch_fd() before is not it. */
uint32_t watch_serial(void);
void watch_hear(void);

/* Around all below that says so. All signals are blocked. */
void watch_lock(sigset_t *ret_mask);
void watch_unlock(const sigset_t *mask);

/* With the lock. @w is for @fd, which file_is(), until it is unlisted. 0 or -errno. */
int watch_list(struct watcher *w, int fd);
void watch_unlist(struct watcher *w);
/* Is it still the file that it was? */
bool watch_is_open(const struct watcher *w);
/* The first one of that descriptor, NULL: none. */
struct watcher *watch_first(int fd);

/*
 * Without the lock. What of @w's wishes is so (_NOTIFY_COND_*), or -errno. If nothing is, it is armed
 * and will be told; an edge is armed in any case. Sends messages, may be cancelled.
 */
long watch_ask(struct watcher *w);
/* The same, and unlists it: its server is to forget it, unless others wait for the same file. */
long watch_take_back(struct watcher *w);

/* From events of poll(), which epoll's are, and back. */
uint32_t watch_conditions(uint32_t events);
/* What a watch_ask() for @wanted says: events, or -EINTR. */
long watch_events(long rc, uint32_t wanted);
