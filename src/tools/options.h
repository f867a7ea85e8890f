// SPDX-License-Identifier: Apache-2.0
/*
 * Command lines: how one is read, what bad usage says, and the exit statuses
 * that all verbs share. Those of PROGRAM are passed on besides (a signal's
 * number + 128).
 */
#pragma once

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#include "procmgr/manager.h"

#define STATUS_USAGE     2   /* bad usage; or no such node, or which one is not clear */
#define STATUS_FAILED    125 /* the command itself could not do its work */
#define STATUS_CANNOT    126 /* PROGRAM is there and cannot be executed */
#define STATUS_NOT_FOUND 127 /* PROGRAM is not there */

/* One row for each option that a verb knows. */
struct option_row {
	const char *name; /* without the dashes */
	char letter;      /* 0: none */
	bool has_value;
	/* False if @value is none; what is wrong with it is then said for us. */
	bool (*set)(void *ctx, const char *value);
};

/*
 * Read @argv's options up to the first other word or "--"; `--help` prints
 * @help. Answers the index of the first word behind the options, or -1 when the
 * verb is to end with *@ret_status.
 */
int options_read(int argc, char **argv, const struct option_row *rows, const char *help, void *ctx,
		 int *ret_status);

/* Processes, threads and servers name themselves; a terminal must not obey them. */
void options_plain(char *text);

/* One line on standard error, "kamioka VERB: ... (see kamioka help VERB)". STATUS_USAGE. */
int options_bad(const char *verb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Decimal, nothing else, in [@min, @max]. */
bool options_number(const char *text, uint32_t min, uint32_t max, uint32_t *ret);

/* What makes a node: -n and the manager's options. Rows for run and boot. */
struct node_options {
	const char *name; /* NULL: none was given */
	bool foreground;  /* boot only */
	struct manager_options manager;
};

#define NODE_OPTIONS_DEFAULT                                                      \
	{                                                                         \
		.manager = {.capacity = 32768, .keep_root = 2, .grace_ms = 2000}, \
	}

extern const struct option_row options_of_run[];
extern const struct option_row options_of_boot[];
