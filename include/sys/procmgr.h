/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program asks of the process manager: to become a daemon, to hear of events, to
 * name a guardian, sessions and abilities.
 *
 * Every call is a question to the manager of the caller's node and blocks until it has
 * answered, which it does at once. Where no other error fits: ENOSYS outside a node that
 * was forbidden (KAMIOKA_NODE=none), EHOSTDOWN when the node is gone.
 *
 * QNX Neutrino C Library Reference, pages named as the functions.
 */
#pragma once

#include <features.h>
#include <stdint.h>
#include <limits.h>
#include <sys/types.h>
#include <bits/types/sigevent_t.h>

/* procmgr_daemon() */
#define PROCMGR_DAEMON_NOCHDIR   0x00000001 /* else the working directory becomes / */
#define PROCMGR_DAEMON_NOCLOSE   0x00000002 /* else all descriptors but 0, 1, 2 are closed */
#define PROCMGR_DAEMON_NODEVNULL 0x00000004 /* else 0, 1 and 2 become /dev/null */
#define PROCMGR_DAEMON_KEEPUMASK 0x00000008 /* else the umask becomes 0 */

/*
 * procmgr_event_notify() and its kin. With SIGEV_FLAG_UPDATEABLE the event's sigev_value
 * tells what is in brackets.
 */
#define PROCMGR_EVENT_SYNC              0x00000001 /* sync() was called */
#define PROCMGR_EVENT_PATHSPACE         0x00000002 /* a name came or went [hash of the path] */
#define PROCMGR_EVENT_TOD               0x00000004 /* the time of day was set */
#define PROCMGR_EVENT_SYSCONF           0x00010000 /* a sysconf() value was set [which] */
#define PROCMGR_EVENT_CONFSTR           0x00020000 /* a confstr() string was set [which] */
#define PROCMGR_EVENT_DAEMON_DEATH      0x00040000 /* a process of session 1 died [pid] */
#define PROCMGR_EVENT_CONTIG_ALLOC_FAIL 0x00080000
#define PROCMGR_EVENT_PROCESS_DEATH     0x00100000 /* any process died [pid] */
#define PROCMGR_EVENT_APS_BANKRUPTCY    0x00200000
#define PROCMGR_EVENT_PROCESS_CREATE    0x00400000 /* a process came to be [pid] */
/* Those that only a process with PROCMGR_AID_EVENT may trigger. */
#define PROCMGR_EVENT_PRIVILEGED        0xffff0000u

/* procmgr_value_notify_add() */
#define PROCMGR_VALUE_FREE_MEM     0           /* bytes; sub_id 0: total, 1: resident */
#define PROCMGR_VALUE_PRIVATE_MEM  1           /* bytes; sub_id: the process */
#define PROCMGR_VALUE_TRIGGER_UP   0x40000000u /* when it rises to the value */
#define PROCMGR_VALUE_TRIGGER_DOWN 0x80000000u /* when it falls to the value */

/* procmgr_session() */
#define PROCMGR_SESSION_SETSID        0 /* sid and id 0: setsid() */
#define PROCMGR_SESSION_TCSETSID      1 /* id: descriptor, controlling terminal for sid */
#define PROCMGR_SESSION_SETPGRP       2 /* id: foreground group in session sid */
#define PROCMGR_SESSION_SIGNAL_LEADER 3 /* id: signal to the leader of session sid */
#define PROCMGR_SESSION_SIGNAL_PGRP   4 /* id: signal to its foreground group */
#define PROCMGR_SESSION_SIGNAL_PID    5 /* id: signal to process sid */

/*
 * Abilities. An item of procmgr_ability() is one AID or-ed with operations and domains.
 * Those that concern processes have QNX's numbers; the others, whose numbers no document
 * tells, have our own. All are recorded and inherited; doc/fidelity.md says which ones a
 * node enforces.
 */
#define PROCMGR_AOP_DENY        0x00010000u
#define PROCMGR_AOP_ALLOW       0x00020000u
#define PROCMGR_AOP_SUBRANGE    0x00040000u /* two uint64_t follow: lowest and highest */
#define PROCMGR_AOP_LOCK        0x00080000u /* no change from now on */
#define PROCMGR_AOP_INHERIT_YES 0x00400000u /* spawned processes have it too */
#define PROCMGR_AOP_INHERIT_NO  0x00800000u
#define PROCMGR_ADN_ROOT        0x10000000u /* while the effective user id is 0 */
#define PROCMGR_ADN_NONROOT     0x20000000u /* while it is another */

#define PROCMGR_AID_MASK      0x0000ffffu
#define PROCMGR_AID_EOL       PROCMGR_AID_MASK /* ends the list */
#define PROCMGR_AID_UNCREATED 0x00100000u      /* looked up, but not created yet */

enum {
	PROCMGR_AID_SPAWN_SETUID = 0,
	PROCMGR_AID_SPAWN_SETGID = 1,
	PROCMGR_AID_SETUID = 2,
	PROCMGR_AID_SETGID = 3,
	PROCMGR_AID_GETID = 4,
	PROCMGR_AID_PATHSPACE = 5,
	PROCMGR_AID_REBOOT = 6,
	PROCMGR_AID_CPUMODE = 7,
	PROCMGR_AID_RUNSTATE = 8,
	PROCMGR_AID_CONFSET = 9,
	PROCMGR_AID_RSRCDBMGR = 10,
	PROCMGR_AID_SESSION = 11,
	PROCMGR_AID_UMASK = 12,
	PROCMGR_AID_EVENT = 13,
	PROCMGR_AID_RLIMIT = 14,
	PROCMGR_AID_MEM_ADD = 15,
	PROCMGR_AID_MEM_PHYS = 16,
	PROCMGR_AID_MEM_SPECIAL = 17,
	PROCMGR_AID_MEM_GLOBAL = 18,
	PROCMGR_AID_MEM_PEER = 19,
	PROCMGR_AID_MEM_LOCK = 20,
	PROCMGR_AID_SPAWN = 21,
	PROCMGR_AID_FORK = 22,
	PROCMGR_AID_PROT_EXEC = 23,
	PROCMGR_AID_WAIT = 24,
	PROCMGR_AID_CLOCKSET = 27,
	PROCMGR_AID_CLOCKPERIOD = 28,
	PROCMGR_AID_INTERRUPT = 29,
	PROCMGR_AID_KEYDATA = 30,
	PROCMGR_AID_TRACE = 31,
	PROCMGR_AID_IO = 32,
	PROCMGR_AID_PRIORITY = 33,
	PROCMGR_AID_CONNECTION = 34,
	PROCMGR_AID_SCHEDULE = 35,
	PROCMGR_AID_SIGNAL = 36,
	PROCMGR_AID_TIMER = 37,
	PROCMGR_AID_PGRP = 38,
	PROCMGR_AID_MAP_FIXED = 42,
	PROCMGR_AID_CHILD_NEWAPP = 43,
	PROCMGR_AID_PUBLIC_CHANNEL = 44,
	PROCMGR_AID_ABLE_CREATE = 46,
	PROCMGR_AID_XTHREAD_THREADCTL = 49,
	PROCMGR_AID_XPROCESS_QUERY = 50,
	PROCMGR_AID_CHROOT = 51,
	PROCMGR_AID_RLIMIT_PEER = 57,
	PROCMGR_AID_PROT_WRITE_AND_EXEC = 58,
	PROCMGR_AID_SETTYPEID = 60,
	PROCMGR_AID_XPROCESS_ABLE = 62,
	PROCMGR_AID_XPROCESS_DEBUG = 64,
	PROCMGR_AID_XPROCESS_MEM_READ = 65,
	PROCMGR_AID_UNTRUSTED_EXEC = 67
};

/* Room for the name of an ability, the null byte included. */
#define PROCMGR_ABILITY_NAME_MAX 128

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Makes the caller a daemon, with the pid it has: it leaves its terminal and its parent,
 * belongs to session 1, and its parent is told as if it had called exit(status). Its real
 * end is an event (PROCMGR_EVENT_DAEMON_DEATH) and nothing to the old parent. flags are
 * PROCMGR_DAEMON_*. Returns a value that is not -1, or -1 with errno: EINVAL (flags), or
 * what open() of /dev/null said; without PROCMGR_DAEMON_NOCLOSE, 0, 1 and 2 are then in
 * no known state.
 */
int procmgr_daemon(int status, unsigned flags);

/*
 * Asks for *event (copied) to be delivered each time one of the events in flags happens,
 * until changed or the process ends; a child does not inherit it. There is one such
 * request in a process: a second call replaces the first, flags 0 takes it back and may
 * have a NULL event. Signals and functions (SIGEV_THREAD) can be delivered. Returns 0, or
 * -1 with errno: EINVAL (event), ENOTSUP (a pulse), EAGAIN (no room).
 */
int procmgr_event_notify(unsigned flags, const struct sigevent *event);

/* The same for any number of requests: returns the id of this one, or -1 with errno. */
int procmgr_event_notify_add(unsigned flags, const struct sigevent *event);

/* Takes back what procmgr_event_notify_add() or procmgr_value_notify_add() returned id
 * for. Returns 0, or -1 with errno EINVAL: no such id of this process. */
int procmgr_event_notify_delete(int id);

/*
 * Has the events in flags delivered to all who asked for them. Returns 0, or -1 with
 * errno EPERM: one of PROCMGR_EVENT_PRIVILEGED without the ability. The second puts value
 * into the sigev_value of those with SIGEV_FLAG_UPDATEABLE.
 */
int procmgr_event_trigger(unsigned flags);
int procmgr_event_trigger_updateable(unsigned flags, int value);

/*
 * Asks for *event (copied) when a value crosses a point: type is PROCMGR_VALUE_*, with
 * the direction or-ed in, or without one only to read the value. Returns an id for
 * procmgr_value_current() and procmgr_event_notify_delete(), or -1 with errno: EINVAL,
 * ESRCH (no such process), EAGAIN (no room).
 */
int procmgr_value_notify_add(unsigned type, int sub_id, uint64_t value,
			     const struct sigevent *event);

/* The value of that id now, in its unit, or ~(uint64_t)0 with errno EINVAL. */
uint64_t procmgr_value_current(int id);

/*
 * Names a child of the caller as its guardian: when the caller dies it becomes the parent
 * of the caller's other children, and it may wait for its own parent and its siblings
 * from now on. Returns pid, or -1 with errno: ESRCH or ECHILD (not a child of the caller).
 */
pid_t procmgr_guardian(pid_t pid);

/*
 * Does to a session what event says, for those that drive terminals; nd must be
 * ND_LOCAL_NODE. xid 0, which procmgr_session() gives, means nothing. Returns 0, or -1
 * with errno: ENOREMOTE, EINVAL (event), ESRCH (session or process), EPERM (another user's),
 * ENOSYS (PROCMGR_SESSION_TCSETSID and _SETPGRP: the kernel has the terminals here).
 */
int procmgr_session(uint32_t nd, pid_t sid, int id, unsigned event);
int procmgr_session_ext(uint32_t nd, pid_t sid, int xid, int id, unsigned event);

/*
 * Changes what a process (0: the caller) may do: items of type unsigned, each AID, AOP
 * and ADN or-ed together and followed by two uint64_t if PROCMGR_AOP_SUBRANGE, up to one
 * with PROCMGR_AID_EOL, whose operation holds for all abilities neither named nor locked.
 * Returns EOK, or an error number (not -1): EINVAL, ESRCH, EPERM (another process without
 * the right; a locked ability; what the node cannot grant).
 */
int procmgr_ability(pid_t pid, unsigned ability, ...);

/*
 * Abilities named by servers ("service/ability"). create makes one that the domains in
 * flags (PROCMGR_ADN_*) have by default; lookup finds one that was made. Both return its
 * id, for procmgr_ability(), or a negative error number: -EPERM, -EINVAL (name too long),
 * -ENOENT (not made), -EAGAIN (no room). name writes the name of an id, cut to size bytes with a null
 * byte, and returns EOK, or a negative error number: -EINVAL, -ENOENT.
 */
int procmgr_ability_create(const char *name, unsigned flags);
int procmgr_ability_lookup(const char *name);
int procmgr_ability_name(unsigned ability, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
