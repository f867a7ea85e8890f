// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits.h>

#include "tools/options.h"

/* A node that is up. */
struct node_pick {
	char dir[PATH_MAX];
	int fd; /* sends to its request socket; the caller's */
};

/*
 * Which node is meant: @name (a name or a directory) if there is one, else
 * $KAMIOKA_NODE, else the only one that is up, else the one named "default".
 * 0; or the exit status, and a line on standard error has said what is wrong.
 */
int node_pick(const char *name, struct node_pick *ret);

/* The "-n NODE" of those verbs that only pick one: options_read()'s rows with a const char * as
 * context. */
extern const struct option_row node_pick_options[];
