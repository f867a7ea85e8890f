// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* fork() with flags and ids for the slot: the child's pid, 0 in the child, or a
 * negative errno. */
struct fork_wish {
	uint32_t flags; /* enum slot_flag */
	uid_t uid;
	gid_t gid;
};
pid_t fork_run(const struct fork_wish *wish);

/* Who forked this process, if it is the kernel's child of that; else 0. It may be dead. */
pid_t fork_native_parent(void);
