// SPDX-License-Identifier: Apache-2.0
/*
 * The rules of processes: who is whose child, who hears of a death and in
 * which order, what a wait finds, who inherits.
 *
 * Pure: no system call, no clock, no global, no allocation. All state lies in
 * one piece of memory that the caller gives (the table). Each function below
 * that changes something is one *transition*: it happens whole or not at all,
 * also when the process that runs it is killed in the middle, because old
 * contents are logged first (journal.h). What the world must now do is left
 * in the table as a list of *effects*; the caller carries them out with
 * core_effect() and core_applied(). No transition starts before the effects of
 * the former are done.
 *
 * Rules are those of the QNX process model; where its pages are silent, those
 * of a MINIX process manager, which are the same in most. Each rule stands in
 * prose at the top of the file that has it:
 *
 *	birth.c    a process comes to be; the table is full
 *	death.c    it ends: zombie, orphan, daemon, who is told
 *	wait.c     who waits for whom, and what satisfies it
 *	tracer.c   who traces hears first
 *	guardian.c who inherits children
 *	session.c  groups, sessions, hang-up, signals at a parent's death
 *	notify.c   who asked to hear of any process
 *	notice.c   what they are told in their pages, in order, when there is room
 *	ability.c  what a process may do
 *	service.c  the service manager's own fork
 *	pathspace.c who serves which path
 *
 * Beside the table stands deadlock.c: who waits for whom in a circle.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/deadlock.h"
#include "gen/shared.h"

/* The outcome of a transition. The caller handles each; none is passed on. */
enum core_result {
	CORE_OK = 0,
	CORE_BLOCKED, /* the answer will be an effect, later */
	CORE_NOT_YET, /* W_NOHANG: there are children, none has news */
	CORE_NO_CHILD,
	CORE_NO_PROCESS,
	CORE_FULL, /* no entry of some kind is left; nothing changed */
	CORE_FORBIDDEN,
	CORE_INVALID,
	CORE_BUSY,   /* somebody has that place already */
	CORE_EXISTS, /* so has somebody that name */
	CORE_NO_PATH,
	CORE_NOT_DIR,
	CORE_LOOP,
	CORE_TOO_LONG,
};

struct core_limits {
	uint32_t procs;     /* processes and zombies at once */
	uint32_t keep_root; /* of these, kept for root */
	uint32_t waiters;
	uint32_t subs;
	uint32_t notices;
	uint32_t abilities;
	uint32_t options; /* enum rule */
	uint32_t paths;   /* names in the pathname space */
	uint32_t texts;   /* pieces of PT_TEXT bytes for all of them */
};

/* A view of a table; holds nothing that the table does not say. */
struct core {
	struct pt_head *head;
	struct pt_proc *procs; /* [0] is the manager, parent of orphans */
	uint32_t *buckets;
	struct pt_waiter *waiters;
	struct pt_sub *subs;
	struct pt_notice *notices;
	struct pt_ability *abilities;
	struct pt_path *paths;
	struct pt_text *texts;
	struct pt_name *names;
	struct pt_effect *effects;
	uint8_t *undo;
	uint32_t fail_at; /* tests: the n-th allocation fails; 0 never */
	/*
	 * A hint for one transition: this process has room in its ring for so
	 * many deaths. They are told at once then, before a wait is answered,
	 * as a SIGCHLD of the kernel's own comes before wait() returns.
	 */
	uint32_t tell_parent, tell_room;
	/* Notices were added since the caller last set this false. */
	bool has_notices;
};

/* --- the table itself (ptable.c) --- */

/* Bytes that a table with these limits takes. */
size_t core_size(const struct core_limits *limits);

/* Make a fresh table in zeroed memory of core_size() bytes. */
void core_init(struct core *c, void *mem, const struct core_limits *limits);

/*
 * Look at a table that another manager left. Undoes a transition that was cut
 * short; effects of a finished one are left to be carried out. -EPROTO: this
 * is no table.
 */
int core_open(struct core *c, void *mem, size_t size);

/*
 * Forget the SIGCHLDs of children that are gone for good and that their parents
 * do not take: entries are needed. What is forgotten is merged with another, as
 * a kernel would have it anyway. How many entries that gave.
 */
uint32_t core_reclaim(struct core *c);

/* A process that lives or is the kernel's zombie; NULL: unknown. */
struct pt_proc *core_find(const struct core *c, pid_t pid);
struct pt_proc *core_get(const struct core *c, uint32_t index);
/* Any entry that is in use, for walks: NULL if @index is free. */
struct pt_proc *core_used(const struct core *c, uint32_t index);
static inline bool core_is_dead(const struct pt_proc *p)
{
	return p->life >= LIFE_TRACE_ZOMBIE;
}
static inline bool core_is_alive(const struct pt_proc *p)
{
	return p->life == LIFE_RUNNING || p->life == LIFE_HELD;
}
/* Logical parent's pid; 1 is the manager's name for programs. */
pid_t core_ppid(const struct core *c, const struct pt_proc *p);

/* Effects of the last transition: NULL if there is none left. */
const struct pt_effect *core_effect(const struct core *c);
/* The one that core_effect() told is carried out. */
void core_applied(struct core *c);

/* Where memory of a page is: 0 none, else index + 1. */
enum core_result core_set_page(struct core *c, struct pt_proc *p, uint32_t page, uint32_t arena);

/* --- birth.c --- */

struct core_birth {
	pid_t pid;
	uint32_t parent; /* index; 0: nobody here */
	uint32_t flags;  /* FLAG_NOZOMBIE, SERVICE, FOREIGN, SETID, FRONT, NATIVE, FORKED */
	uint32_t uid, euid, gid, egid;
	pid_t pgrp, sid; /* as the kernel says */
	uint64_t start;
};

struct core_ids {
	uint32_t uid, euid, gid, egid;
};

/*
 * Reserve up to @want entries for births of @p (in all, those it has count).
 * *ret_have: how many it has now. CORE_FULL: not even one.
 */
enum core_result core_reserve(struct core *c, struct pt_proc *p, uint32_t want, uint32_t *ret_have);
/* Give back @n of them. */
void core_unreserve(struct core *c, struct pt_proc *p, uint32_t n);
/* Is there room for a birth outside a pool? Says FX_FULL when not. */
enum core_result core_may_birth(struct core *c, bool root);
/* For how many births; nothing is said. */
uint32_t core_room(const struct core *c, bool root);
/* @reserved: one of the parent's reserved entries is used up. */
enum core_result core_birth(struct core *c, const struct core_birth *b, bool reserved,
			    uint32_t *ret_index);
/* It is not PROGRAM of the front end any more: its end is not told there. */
void core_resign(struct core *c, struct pt_proc *p);
/* It executed a program: a new image, perhaps with other effective ids. */
void core_exec(struct core *c, struct pt_proc *p, uint32_t euid, uint32_t egid);
/* Its ids are others now, as the kernel says. */
void core_set_ids(struct core *c, struct pt_proc *p, const struct core_ids *ids);

/* --- death.c --- */

struct core_death {
	int32_t code; /* CHILD_EXITED, _KILLED, _DUMPED */
	int32_t status;
	struct usage use;
};

void core_exit(struct core *c, struct pt_proc *p, const struct core_death *d);
void core_stop(struct core *c, struct pt_proc *p, int signo);
void core_continue(struct core *c, struct pt_proc *p);
/* procmgr_daemon(). */
enum core_result core_daemon(struct core *c, struct pt_proc *p, int status);
void core_sigchld(struct core *c, struct pt_proc *p, uint32_t mode);
/* Is a child's news waiting to be told to @p? Then core_tell() makes FX_TELL of one. */
bool core_has_untold(const struct pt_proc *p);
void core_tell(struct core *c, struct pt_proc *p);
/* May what dies of a dump signal be dumped? Not what runs with set ids. */
bool core_may_dump(const struct pt_proc *p);

/* --- wait.c --- */

struct core_wait {
	uint32_t cell, seq;
	uint32_t idtype; /* enum who */
	int32_t id;
	uint32_t options; /* enum w */
};

/*
 * CORE_OK: an FX_ANSWER is among the effects. CORE_BLOCKED: it will be some
 * day. CORE_NOT_YET, CORE_NO_CHILD, CORE_INVALID, CORE_FULL: nothing changed.
 */
enum core_result core_wait(struct core *c, struct pt_proc *p, const struct core_wait *w);
/* Would that wait be CORE_BLOCKED (or CORE_FULL)? Changes nothing. */
bool core_wait_blocks(const struct core *c, const struct pt_proc *p, const struct core_wait *w);
/* The thread behind that cell no longer waits. */
void core_wait_cancel(struct core *c, struct pt_proc *p, uint32_t cell);
bool core_is_waiting(const struct core *c, const struct pt_proc *p, uint32_t cell, uint32_t seq);
/* Group or session of a process changed, as the kernel now says. */
void core_set_group(struct core *c, struct pt_proc *p, pid_t pgrp, pid_t sid);

/* --- tracer.c --- */

enum core_result core_trace(struct core *c, struct pt_proc *tracer, struct pt_proc *p);
enum core_result core_untrace(struct core *c, struct pt_proc *tracer, struct pt_proc *p);
/* A traced process got a signal: the tracer hears once of each. */
enum core_result core_trace_signal(struct core *c, struct pt_proc *p, int signo);
/* The tracer kills; its call (@cell, @seq) ends when the victim is gone. */
enum core_result core_trace_kill(struct core *c, struct pt_proc *tracer, struct pt_proc *p,
				 uint32_t cell, uint32_t seq);

/* --- guardian.c --- */

enum core_result core_guardian(struct core *c, struct pt_proc *p, pid_t child, pid_t *ret_former);

/* --- session.c --- */

enum core_result core_pdeathsig(struct core *c, struct pt_proc *p, int signo);

/* --- notify.c --- */

/* @single: the one request of procmgr_event_notify(), replaced each time. */
enum core_result core_subscribe(struct core *c, struct pt_proc *p, uint32_t flags,
				const struct event *e, bool single, int32_t *ret_id);
enum core_result core_subscribe_value(struct core *c, struct pt_proc *p, uint32_t type,
				      uint64_t limit, int32_t sub_id, const struct event *e,
				      int32_t *ret_id);
enum core_result core_unsubscribe(struct core *c, struct pt_proc *p, int32_t id);
/* Deliver to all who asked for one of @flags. */
void core_trigger(struct core *c, uint32_t flags, bool updateable, int32_t value);
/* Deliver one value request; @edge is remembered to fire once a crossing. */
void core_trigger_value(struct core *c, struct pt_sub *s, bool beyond, uint64_t value);

/* --- notice.c --- */

/* Does an event wait for room in @p's page? Then core_notice() makes FX_NOTICE of one. */
bool core_has_notice(const struct pt_proc *p);
void core_notice(struct core *c, struct pt_proc *p);

/* --- ability.c --- */

enum core_result core_ability(struct core *c, struct pt_proc *caller, struct pt_proc *p,
			      uint32_t item, uint64_t low, uint64_t high, bool node_is_root);
bool core_may(const struct core *c, const struct pt_proc *p, uint32_t ability, uint64_t value,
	      bool otherwise);

/* The same for any ability, documented or made by a program: root has those that nobody has named
 * of it, others the few that all have. */
bool core_has_ability(const struct core *c, const struct pt_proc *p, uint32_t ability,
		      uint64_t value);

/*
 * The id behind a name that programs made up; @create makes it if it is new.
 * CORE_NO_PROCESS: no such name; CORE_FULL: too many; CORE_INVALID: no NUL.
 */
enum core_result core_ability_name(struct core *c, const uint8_t name[128], bool create,
				   uint32_t flags, int32_t *ret_id);

/* --- service.c --- */

enum core_result core_service_manager(struct core *c, struct pt_proc *p, uint32_t node_uid);
enum core_result core_may_srv_fork(const struct core *c, const struct pt_proc *p, uint32_t uid,
				   uint32_t gid);

/* --- pathspace.c --- */

/* The call that asks for a change: FX_DONE answers it in the same transition, so that a manager
 * that dies between the two cannot do it twice. NULL: nobody is to be answered. */
struct core_call {
	uint32_t cell, seq;
};

/* Paths here are absolute and plain: no empty component, no dots, no slash at the end. */
struct core_path {
	const char *path;
	int32_t chid;
	uint32_t handle;
	int32_t ftype;
	uint32_t flags; /* enum path_flag */
};

/*
 * @p serves a path. CORE_EXISTS: it is somebody's alone; CORE_NOT_DIR: a directory below a
 * file, a file above a directory; CORE_INVALID, CORE_TOO_LONG, CORE_FULL.
 */
enum core_result core_path_attach(struct core *c, struct pt_proc *p, const struct core_path *a,
				  const struct core_call *call, int32_t *ret_id);
/* CORE_INVALID: @id is none of @p's. */
enum core_result core_path_detach(struct core *c, struct pt_proc *p, int32_t id,
				  const struct core_call *call);

/* Whoever asks for @path or what lies below it is led to @target. */
enum core_result core_path_link(struct core *c, struct pt_proc *p, const char *path,
				const char *target, const struct core_call *call);
/*
 * The link @path goes, or one of those that @p serves at it; *ret_more: there is another, and
 * the call is not answered yet. CORE_NO_PATH: none; CORE_FORBIDDEN: a link of another
 * user's, and @may_any is not said.
 */
enum core_result core_path_unlink(struct core *c, struct pt_proc *p, const char *path, bool may_any,
				  const struct core_call *call, bool *ret_more);

/* A search for who serves a path: filled in, then core_path_find(), core_path_next(). */
struct core_find {
	char path[PATH_BYTES]; /* what is asked for; in the end what links made of it */
	int32_t ftype;
	uint32_t proc; /* who asks, 0 nobody: its own names are left out */
	uint32_t len;  /* these are the search's own */
	uint32_t at;
	uint32_t floor;
	bool is_linked;  /* path is another now */
	bool is_opaque;  /* known when all are told: who has shorter prefixes is not asked */
	bool is_in_file; /* ... a file is on the way to it */
};

/* CORE_LOOP, CORE_TOO_LONG, CORE_INVALID. That there are any is not said. */
enum core_result core_path_find(const struct core *c, struct core_find *f);
/* The next to be asked; NULL: no more. */
const struct pt_path *core_path_next(const struct core *c, struct core_find *f);

/* All names in the order in which they are searched. @after: 0 the first; 0: no more. */
uint32_t core_path_list(const struct core *c, uint32_t after);
/* Copies @len bytes of its text from @from on: the prefix, and behind it a link's target. */
void core_path_text(const struct core *c, const struct pt_path *e, uint32_t from, uint32_t len,
		    char *ret);

/* Names of a dead server are gone at once; their PATHSPACE events come one by one. */
bool core_has_left(const struct core *c);
void core_path_left(struct core *c);
