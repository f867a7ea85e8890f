// SPDX-License-Identifier: Apache-2.0
/*
 * The process manager, as the anchor starts it. One runs at a time; what it
 * leaves when it dies (table, pages, sockets) the next one takes up.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gen/shared.h"

#define MANAGER_ARENAS 64

struct manager_options {
	uint32_t capacity; /* entries wanted; limits may allow fewer */
	uint32_t keep_root;
	uint32_t grace_ms; /* between SIGTERM and SIGKILL at the end */
	bool threaded_fork;
	bool trace_requests;
	bool ends_with_program; /* `run`: PROGRAM's end is the node's */
	bool ends_when_empty;   /* a private node: ends when nothing is left in it */
};

/* PROGRAM, for the first manager of a node: inherits all but its group from the anchor. */
struct manager_program {
	char *const *argv;
	pid_t pgrp; /* 0: its own */
};

struct manager_env {
	void *table; /* manager_table_size() bytes, shared, zeroed at first */
	size_t table_size;
	struct node_page *node;
	int node_fd; /* read-only, for programs */
	int arena_fds[MANAGER_ARENAS];
	uint32_t arena_uids[MANAGER_ARENAS];
	unsigned n_arenas;
	int request_fd;
	int anchor_fd; /* struct agent_record, both ways */
	int front_fd;  /* struct front_record, or -1 */
	const char *dir;
	struct manager_options options;
	const struct manager_program *program; /* NULL for a successor */
	pid_t private_of;                      /* a private node: whose; else 0 */
};

size_t manager_table_size(const struct manager_options *o);

/* Runs until the node ends; what the manager's process shall exit with. */
int manager_main(struct manager_env *env);
