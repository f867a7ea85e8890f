// SPDX-License-Identifier: Apache-2.0
/* Whose a process is, in full, as the kernel's /proc says. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proccred {
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;
	pid_t sid;
	char state;         /* R S D T t Z X */
	bool is_background; /* it has a terminal, whose foreground group is another */
	uint32_t n_groups;  /* in all */
};

/* 0 or -errno. Up to @max of the supplementary groups go to @ret_groups. */
int proccred_read(pid_t pid, struct proccred *ret, gid_t *ret_groups, size_t max);
