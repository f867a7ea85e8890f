// SPDX-License-Identifier: Apache-2.0
/* What the child of a launch does, and what it shares with who launched it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/linux/launch.h"

/* One launch under way. It lies in the caller's frame, and the child, while it
 * has the same memory, writes into it. */
struct launch_course {
	const struct launch *l;
	uint64_t mask; /* the caller's, which the child gets */
	bool has_mask; /* signals were blocked: give the mask back */
	bool is_reset; /* the kernel has reset the handlers */
	bool shared;   /* set by the child: memory is shared */
	uint32_t error;
	pid_t pid;
	int news_fd;    /* -1, or the end of a pipe to tell the error */
	bool collected; /* the failed child is reaped */
};

/* A record on the pipe. */
struct launch_news {
	int32_t pid;
	uint32_t error;
};

/* Everything before exec; 0 or a positive errno. */
int launch_child_prepare(const struct launch_course *course);
/* Exec; answers a positive errno. */
int launch_child_exec(const struct launch *l);
/* Both, from the clone on. Never returns. A launch_fn. */
long launch_child_main(void *course);
void launch_child_tell(struct launch_course *course, pid_t pid, uint32_t error);
