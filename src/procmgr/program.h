// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include "procmgr/manager.h"

struct program {
	pid_t pid;
	int go_fd;
	int result_fd;
};

#define PROGRAM_NULL                                   \
	{                                              \
		.pid = 0, .go_fd = -1, .result_fd = -1 \
	}

/* Make the process, which waits. */
int program_fork(struct program *pr, const struct manager_program *p);
/* Let it execute; *ret_error: 0, or why it could not. Waits for that moment. */
int program_start(struct program *pr, int *ret_error);
void program_fini(struct program *pr);
