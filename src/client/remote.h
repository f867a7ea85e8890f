// SPDX-License-Identifier: Apache-2.0
/* Births by the manager's helper, for programs of a private node (route REMOTE). */
#pragma once

#include <sys/types.h>

#include "client/birth.h"

/* As launch_run(): 0 and the pid, or a negative errno and what is left to collect. */
int remote_launch(const struct birth *b, const struct launch *l, pid_t *ret_pid);
