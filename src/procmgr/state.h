// SPDX-License-Identifier: Apache-2.0
/*
 * What a manager has besides the table. All of it can be made again from the
 * table and the kernel: a manager may be killed at any instruction.
 *
 *	loop.c      one wait for everything; who is called for what
 *	arena.c     the programs' pages
 *	births.c    slots in pages become entries of the table
 *	watch.c     deaths and stops, from pidfds and SIGCHLD
 *	agents.c    the kernel parents that are not this process
 *	apply.c     effects of the core become system calls
 *	answer.c    cells, the death ring, events: what is written into pages
 *	request.c   datagrams come in; request_*.c the handlers
 *	program.c   PROGRAM of `kamioka run`; helper.c births on behalf of others
 *	sweep.c     orphans that nobody announced, values, the end of the node
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/core.h"
#include "gen/shared.h"
#include "host/linux/child.h"
#include "procmgr/manager.h"
#include "wire/frame.h"

#define AGENTS_MAX  64
#define RECENT      8
#define CLAIMED_MAX 64
#define REAPED      8

struct arena {
	uint32_t uid;
	int fd;
	struct page *pages; /* capacity of them mapped, n_pages of them there */
	uint32_t n_pages;
	uint64_t *used;        /* a bit for each page */
	uint32_t *rests_until; /* seconds: not to be used again before */
};

struct agent {
	pid_t pid;
	int fd; /* -1: free */
};

/* An agent was asked; the call in @cell of @proc ends with its answer. */
struct errand {
	uint64_t tag;
	uint32_t proc, cell, seq;
	uint16_t request;
};

struct manager {
	struct manager_env *env;
	struct core core;
	uint32_t capacity;
	uint32_t limited_by;
	uint32_t extras; /* enum node_extra */
	uid_t uid;       /* whose node */

	int epoll_fd;
	int signal_fd;
	int timer_fd;
	int helper_fd;
	pid_t helper_pid;
	int anchor_pidfd;

	int *pidfds; /* by index: -1 none */
	struct arena arenas[MANAGER_ARENAS];
	unsigned n_arenas;
	uint32_t clients;     /* pages in use */
	pid_t reaped[REAPED]; /* the latest: their SIGCHLD may still be on its way */
	unsigned n_reaped;
	uint32_t recent[RECENT];         /* indices of who had births lately */
	struct agent agents[AGENTS_MAX]; /* [0] the anchor */
	pid_t *reaping;                  /* agents.c: zombies that agents were told to collect */
	size_t n_reaping, cap_reaping;
	struct errand errands[64];
	uint64_t next_tag;

	/* sweep.c */
	uint64_t now_ms;
	pid_t front; /* known zombie that the last sweep met first */
	uint64_t sweep_at, sweep_pause, walk_at, value_at, kill_at, next_kill_at;

	bool ending;   /* SIGTERM was sent to all */
	bool ended;    /* the loop is to be left */
	int enders[8]; /* reply sockets of who asked for the end */
	unsigned n_enders;
	uint32_t grace_ms;

	uint32_t claimed[CLAIMED_MAX]; /* apply.c: whose waits the manager holds */
	unsigned n_claimed;

	uint64_t n_requests;
	struct wire_msg msg; /* the one under way */
	int ret_fds[4];      /* descriptors that its answer takes along; not owned */
	unsigned n_ret_fds;
};

/* loop.c: what a descriptor in epoll is for, in the low bits of its data. */
enum source {
	SOURCE_REQUEST,
	SOURCE_SIGNAL,
	SOURCE_TIMER,
	SOURCE_PROCESS, /* index of the entry */
	SOURCE_AGENT,   /* index of the agent */
	SOURCE_ANCHOR_GONE,
	SOURCE_HELPER,
};
int loop_add(struct manager *m, int fd, enum source source, uint32_t index, bool edge);
int loop_run(struct manager *m);
void loop_clock(struct manager *m);
uint64_t loop_now(void);

/* arena.c */
int arena_init(struct manager *m);
/* The page of an entry; NULL: it has none. */
struct page *arena_page(struct manager *m, uint32_t arena, uint32_t page);
struct page *arena_page_of(struct manager *m, const struct pt_proc *p);
/* A zeroed page for a process of @uid; *ret_page is index + 1. */
int arena_take(struct manager *m, uint32_t uid, uint32_t *ret_arena, uint32_t *ret_page);
void arena_give(struct manager *m, uint32_t arena, uint32_t page);
void arena_give_later(struct manager *m, uint32_t arena, uint32_t page);

/* births.c */
/*
 * Programs that had births lately are *watched*: their slots and cells are looked
 * at whenever anything dies, so that they need not tell of a wait. This looks.
 */
void births_look(struct manager *m);
void births_grant(struct manager *m, struct pt_proc *p, uint32_t want, uint32_t *ret_granted);
/* Look at all slots of @p's page. */
void births_take(struct manager *m, struct pt_proc *p);
/* The ids that the kernel says now: before a decision that depends on them. */
void births_refresh_ids(struct manager *m, struct pt_proc *p);
/* Of all: before somebody is told who there is. */
void births_take_everywhere(struct manager *m);
/*
 * Whose slot has this pid? Makes the birth known if it is finished, or if @lives:
 * the child was heard of, so that it is no attempt any more. True: somebody's.
 */
bool births_find(struct manager *m, pid_t pid, bool lives);
/* Is somebody between taking a slot and the kernel's writing of the pid? Then a child that
 * is in nobody's slot may yet be somebody's. */
bool births_under_way(struct manager *m);
/* The table is full: take back what idle programs hold for births to come. */
void births_reclaim(struct manager *m, const struct pt_proc *except);
/* True: a child of it was under way and may still write into the page. */
bool births_owner_died(struct manager *m, struct pt_proc *p);
/* A process that announced itself or was found. Its index, or 0. */
uint32_t births_adopt(struct manager *m, pid_t pid, uint32_t flags);

/* watch.c */
int watch_add(struct manager *m, uint32_t index);
void watch_remove(struct manager *m, uint32_t index);
void watch_ready(struct manager *m, uint32_t index, uint32_t events);
void watch_signals(struct manager *m);
/* It is dead, as @news tells: the core hears, its effects are carried out. */
void watch_died(struct manager *m, struct pt_proc *p, const struct child_news *news);
void watch_stopped(struct manager *m, struct pt_proc *p, const struct child_news *news);
/* A wait asks about it: what the kernel knows and has not told yet. */
void watch_look(struct manager *m, pid_t pid);
void watch_refresh_groups(struct manager *m, struct pt_proc *parent);

/* agents.c */
void agents_init(struct manager *m);
int agents_add(struct manager *m, pid_t pid, int fd);
void agents_ready(struct manager *m, uint32_t index);
/* Is that process a parent for the kernel on the node's behalf? */
bool agents_has(const struct manager *m, pid_t pid);
/* Ask the kernel parent of @pid; -ESRCH: it is none of ours. */
int agents_ask(struct manager *m, pid_t pid, uint32_t op, int32_t arg, uint64_t tag);
/* Let it collect a zombie, and hear no more of that. */
int agents_reap(struct manager *m, pid_t pid);
uint64_t agents_errand(struct manager *m, uint32_t proc, uint32_t cell, uint32_t seq,
		       uint16_t request);

/* apply.c: carry out all effects, and tell the deaths and lost names that this makes known. */
void apply(struct manager *m);
/*
 * Around a transition that gives news of @p: hold the waits that it may answer.
 * A thread that has withdrawn must not be given a child that nobody then has.
 */
void apply_claim(struct manager *m, const struct pt_proc *p);
/* The same around a transition in which @p collects a child. */
void apply_claim_own(struct manager *m, const struct pt_proc *p);
void apply_release(struct manager *m);
void apply_tell(struct manager *m, struct pt_proc *p);
/* As many of the events that wait for @p as its page has room for. */
void apply_notices(struct manager *m, struct pt_proc *p);

/* answer.c */
void answer_cell(struct page *page, uint32_t cell, uint32_t seq, uint32_t error, const void *data,
		 size_t len);
bool answer_claim(struct page *page, uint32_t cell, uint32_t seq);
void answer_release(struct page *page, uint32_t cell, uint32_t seq);
/* All cells TAKEN by a dead manager are SENT again; everybody looks. */
void answer_recover(struct manager *m, struct page *page);
void answer_wake(const uint32_t *word);

/* request.c */
struct request {
	struct manager *m;
	struct pt_proc *p; /* NULL: a process that the table does not know */
	struct page *page;
	uint16_t cell;
	uint32_t seq;
	uint16_t number;
};
/* A handler's result when the answer was or will be given by somebody else. */
#define REQUEST_LATER 0x10000
void request_ready(struct manager *m);
/* --trace-requests: an answer that was not given at once. */
void request_trace_later(struct manager *m, uint32_t proc, uint16_t number, int error,
			 const void *out, size_t len);
/* Waits in @p's cells that were not sent because @p is watched. */
void request_look(struct manager *m, struct pt_proc *p);
/* A core outcome as the errno that a client gets. */
int request_errno(enum core_result r);

/* helper.c */
struct proto_spawn_in;
int helper_start(struct manager *m);
int helper_pass(struct manager *m, const struct pt_proc *p, const struct proto_spawn_in *in);
void helper_ready(struct manager *m);
/* Is that a helper, of this manager or one before? */
bool helper_is(const struct manager *m, pid_t pid);

/* sweep.c */
void sweep_timer(struct manager *m);
void sweep_soon(struct manager *m);
void sweep_end(struct manager *m, uint32_t grace_ms);
void sweep_check_end(struct manager *m);
void sweep_values(struct manager *m);
bool sweep_value_now(const struct pt_sub *s, uint64_t *ret);
struct procinfo;
/* Does a chain of parents lead from it to a reaper of this node? */
bool sweep_is_of_node(struct manager *m, const struct procinfo *p);
