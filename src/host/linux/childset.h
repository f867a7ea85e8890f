// SPDX-License-Identifier: Apache-2.0
/* The children of a reaper, by pid, and what the manager was told of each. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct childset_child {
	pid_t pid;       /* 0: an empty place */
	uint32_t sweep;  /* the last one that saw it */
	uint8_t told;    /* owner's bits */
	uint8_t due;     /* owner's bits */
	int16_t stopped; /* the signal, 0 if it runs */
};

struct childset {
	struct childset_child *places;
	size_t n_places; /* a power of two, or 0 */
	size_t n;
};

void childset_fini(struct childset *set);

/* May be NULL. Valid until the next add or remove. */
struct childset_child *childset_find(struct childset *set, pid_t pid);
/* The one there is, or a new one; NULL without memory. */
struct childset_child *childset_add(struct childset *set, pid_t pid);
void childset_remove(struct childset *set, pid_t pid);
