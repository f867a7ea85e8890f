// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * Leave the terminal's job: into a process group of one's own, or with
 * @new_session into a session of one's own (no terminal at all). From then on
 * nothing typed there reaches this process, and it is never stopped for
 * reading or writing. 0 or -errno. Not for a process that leads a group.
 */
int tty_leave_job(bool new_session);

/*
 * Put @pid (0: the caller) into the group @pgrp of this session, or for 0 into
 * one of its own. Parent and child both call it, and whoever is first wins: so
 * the group is right before either goes on. 0 or -errno.
 */
int tty_join_job(pid_t pid, pid_t pgrp);
