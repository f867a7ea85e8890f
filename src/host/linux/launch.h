// SPDX-License-Identifier: Apache-2.0
/*
 * Starting a program: what shall be done is data (struct launch), and there is
 * one executor of it, whoever the child's parent will be.
 *
 * The child works in its parent's memory while the parent waits, so nothing is
 * copied, and nothing that lies in that memory may change until it has executed
 * its program.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

enum launch_flag {
	LAUNCH_SIGMASK = 1 << 0,
	LAUNCH_SIGDEF = 1 << 1,
	LAUNCH_SIGIGN = 1 << 2,
	LAUNCH_SETSID = 1 << 3,
	LAUNCH_PGROUP = 1 << 4,
	LAUNCH_FOREGROUND = 1 << 5, /* the child's group becomes its terminal's */
	LAUNCH_STACK = 1 << 6,
	LAUNCH_SCHED = 1 << 7,        /* policy and priority */
	LAUNCH_PARAM = 1 << 8,        /* priority alone */
	LAUNCH_SCHED_STRICT = 1 << 9, /* not allowed is a failure; else it is let be */
	LAUNCH_CPUS = 1 << 10,
	LAUNCH_RESETIDS = 1 << 11, /* effective ids become the real ones */
	LAUNCH_CRED = 1 << 12,
	LAUNCH_UMASK = 1 << 13,
	LAUNCH_CWD = 1 << 14,   /* by descriptor */
	LAUNCH_MAP = 1 << 15,   /* the map tells the whole table */
	LAUNCH_HOLD = 1 << 16,  /* stopped before the program's first instruction */
	LAUNCH_TABLE = 1 << 17, /* fds tells the table to begin with */
	LAUNCH_JOIN = 1 << 18,  /* pgroup, but let it be if that cannot be */
	LAUNCH_ASLR_ON = 1 << 19,
	LAUNCH_ASLR_OFF = 1 << 20,
	LAUNCH_ASLR_INVERT = 1 << 21,
};

/* Every flag there is. */
#define LAUNCH_FLAGS ((1u << 22) - 1)

#define LAUNCH_SHELL "/bin/sh"

#define LAUNCH_FD_CLOSED (-1) /* in a map: not there in the child */
#define LAUNCH_FD_OPEN   (-2) /* in a map: as it is in the parent */

enum launch_op_kind {
	LAUNCH_OP_OPEN = 1,  /* path, flags, mode: becomes fd */
	LAUNCH_OP_CLOSE,     /* fd; one that is not open does no harm */
	LAUNCH_OP_DUP2,      /* from becomes fd, not close-on-exec even if they are equal */
	LAUNCH_OP_CLOSEFROM, /* fd and all above */
	LAUNCH_OP_CHDIR,     /* path */
	LAUNCH_OP_FCHDIR,    /* fd */
	LAUNCH_OP_TCSETPGRP, /* fd is the terminal */
};

/* Operations are done in their order. */
struct launch_op {
	uint32_t kind; /* enum launch_op_kind */
	int fd;
	int from;
	int flags;
	mode_t mode;
	const char *path;
};

/* One descriptor of the table to begin with. */
struct launch_fd {
	int fd;     /* in the process that launches */
	int number; /* in the child */
	bool cloexec;
};

struct launch_limit {
	int resource;
	struct rlimit value;
};

struct launch {
	/* Texts one after another: the candidates, of which the first that can
	 * be executed is. More than one only for a search along PATH. */
	const char *paths;
	unsigned n_paths;
	char *const *argv;
	char *const *envp;
	/* NULL, or what to execute when the file is no program the kernel
	 * knows: {LAUNCH_SHELL, room for the file's path, argv[1]...}. */
	char **script;

	/* LAUNCH_MAP: child's descriptor i is the parent's map[i]; above n_map
	 * nothing is open. spare is room for n_map words. */
	const int *map;
	int *spare;
	unsigned n_map;
	/* Without LAUNCH_MAP. */
	const struct launch_op *ops;
	unsigned n_ops;
	struct launch_fd *fds; /* LAUNCH_TABLE; the child uses their fd as room */
	unsigned n_fds;
	const struct launch_limit *limits;
	unsigned n_limits;

	uint32_t flags;   /* enum launch_flag: what below is looked at */
	pid_t pgroup;     /* 0: the child's own */
	uint64_t sigmask; /* signal n is bit n-1 */
	uint64_t sigdef;
	uint64_t sigign;
	uint64_t stack_max; /* bytes */
	uint64_t cpus;      /* CPU n is bit n */
	int policy;
	int priority;
	uid_t uid;
	gid_t gid;
	mode_t mode_mask; /* LAUNCH_UMASK */
	int cwd_fd;

	/* Where to write what becomes of it, for who shares that memory with
	 * us; may be NULL. The pid is there before the child runs. After a
	 * failure it is 0 if nothing is left of the child, else its parent
	 * still has to collect it. The error is 0 or exec's errno. */
	pid_t *pid;
	uint32_t *error;
};

/* Whose child it becomes for the kernel. */
enum launch_route {
	LAUNCH_CHILD,   /* the caller's */
	LAUNCH_SIBLING, /* the caller's parent's */
	LAUNCH_ORPHAN,  /* of whoever gets the caller's orphans */
};

/*
 * Start it. Answers 0 and the pid once the child executes its program (if
 * it is held: once it is stopped); else a negative errno: of the clone, or of
 * what failed in the child. A child that failed is collected here if it is ours
 * (CHILD, mostly ORPHAN); as a SIBLING it is left to the parent, and *ret_pid
 * tells it, 0 if nothing is left.
 * No handler of the caller runs in the child; the caller's cannot run while it
 * waits. Any thread may call it.
 */
int launch_run(const struct launch *l, enum launch_route route, pid_t *ret_pid);

/* Do the same to the calling process and execute the program in it. Answers
 * only if that failed, a negative errno; what was done already stays done. */
int launch_overlay(const struct launch *l);

/*
 * A plan as bytes, for another process to execute: all but pid, error and the
 * descriptors themselves, which travel beside it in the order of @l->fds, then
 * cwd_fd with LAUNCH_CWD. @buf has launch_pack_size() bytes.
 */
size_t launch_pack_size(const struct launch *l);
void launch_pack(const struct launch *l, void *buf);

/*
 * Read a plan of a process that is not trusted. @fds are the descriptors that
 * came with it. *ret_l points into @buf and into *ret_heap, which is the
 * caller's to free. 0, -EBADMSG, -ENOMEM.
 */
int launch_unpack(const void *buf, size_t len, const int *fds, unsigned n_fds, struct launch *ret_l,
		  void **ret_heap);
