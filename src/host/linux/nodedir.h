// SPDX-License-Identifier: Apache-2.0
/*
 * The directory of a node: base/NAME with the files `lock` and `request`, and
 * `log` if the node has no standard error to write to.
 * Whether a node is up is decided by the lock alone: it belongs to the anchor's
 * open file and goes with it, whatever kills the anchor.
 *
 * The base is $XDG_RUNTIME_DIR/kamioka, for root without that /run/kamioka,
 * else $TMPDIR/kamioka-UID or /tmp/kamioka-UID. A variable that is not an
 * absolute path is as good as none; so is an XDG_RUNTIME_DIR of another user,
 * which is what su leaves behind.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define NODEDIR_NAME_MAX 64
#define NODEDIR_ENV      "KAMIOKA_NODE"
/* In it: interrupts by software (irq.h), once somebody used one. */
#define NODEDIR_IRQ      "irq"

/* Letters, digits, '.', '_' and '-', not one of the latter two or '.' at the start, at most
 * NODEDIR_NAME_MAX of them; "none" is no name. */
bool nodedir_is_name(const char *name);

/* Where nodes are of whoever calls; nothing is made. -ENAMETOOLONG. */
int nodedir_base(char *buf, size_t cap);

/* The directory of a node by its name, or an absolute path as it is. -EINVAL for what is
 * neither, -ENAMETOOLONG. It need not exist. */
int nodedir_path(const char *name_or_path, char *buf, size_t cap);

/* The same for what $KAMIOKA_NODE says: -ENOENT if it is unset or empty, -ENOSYS for "none". */
int nodedir_from_env(char *buf, size_t cap);

/* The request socket in @dir, a path of nodedir_path(). -ENAMETOOLONG. */
int nodedir_request_path(const char *dir, char *buf, size_t cap);

/* 0 if @dir belongs to the caller or to root, so that what serves there may be trusted; -EPERM
 * if not, else -errno. */
int nodedir_check_owner(const char *dir);

/* Whether somebody holds the lock. False also if that cannot be told. */
bool nodedir_is_up(const char *dir);

/* Calls @each with the name of every node of this user that is up, sorted. 0 (also if there is
 * no base yet), what @each answered if that was not 0, or -errno. */
int nodedir_each(int (*each)(void *ctx, const char *name), void *ctx);

/* A node's directory while it is ours. */
struct nodedir {
	int lock_fd;
	char path[PATH_MAX];
};

/*
 * Make the directory and take its lock, from a dead node if there is one. The
 * directory is closed to others unless @for_all. -EADDRINUSE if the node is up;
 * else -errno, and a log line has said why. nodedir_remove() or _release().
 */
int nodedir_make(struct nodedir *node, const char *name, bool for_all);

/* A file in the directory for the log of what has no terminal, made anew: a descriptor to append
 * with, or -errno. */
int nodedir_open_log(const struct nodedir *node);

/* Take the directory away, with the lock last: the node is down. */
void nodedir_remove(struct nodedir *node);

/* In a forked child: the lock is the parent's. */
void nodedir_release(struct nodedir *node);

/* Take away the directories of dead nodes whose names start with @prefix. */
void nodedir_prune(const char *prefix);
