// SPDX-License-Identifier: Apache-2.0
/* What spawn(), posix_spawn() and their kin have in common. */
#pragma once

#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/linux/launch.h"

/* Each value counts only with its flag. */
struct spawn_attr {
	uint32_t flags; /* POSIX_SPAWN_* */
	pid_t pgroup;
	sigset_t sigmask;
	sigset_t sigdefault;
	sigset_t sigignore;
	uint32_t stack_max;
	uint32_t nd;
	uint32_t runmask;
	int policy;
	int priority;
	uid_t uid;
	gid_t gid;
	int cwd_fd;
	posix_spawnattr_aslr_t aslr;
	bool is_posix; /* what is not allowed is a failure; PARAM may come alone */
};

struct spawn_plan {
	const char *file;
	const struct spawn_attr *attr;
	const int *map; /* whole, if n_map */
	int n_map;
	const struct launch_op *ops;
	unsigned n_ops;
	char *const *argv;
	char *const *envp; /* NULL: environ */
};

/* 0 and the pid, or a negative errno. Does not return on success if the flags
 * say that the caller is to be replaced. */
int spawn_run(const struct spawn_plan *plan, pid_t *ret_pid);
