// SPDX-License-Identifier: Apache-2.0
#include "tools/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "host/linux/nodedir.h"
#include "tools/verbs.h"

#define OPTIONS_MAX  16
/* What getopt answers for long options: above all letters. */
#define OPTIONS_LONG 256
#define OPTIONS_HELP 512

/* An hour of grace is a mistake in the units. */
#define OPTIONS_GRACE_MAX     (60u * 60 * 1000)
/* The kernel's own limit of pids. */
#define OPTIONS_PROCESSES_MAX (4u * 1024 * 1024)

void options_plain(char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
}

int options_bad(const char *verb, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	options_plain(text);
	fprintf(stderr, "kamioka %s: %s (see kamioka help %s)\n", verb, text, verb);
	return STATUS_USAGE;
}

bool options_number(const char *text, uint32_t min, uint32_t max, uint32_t *ret)
{
	unsigned long value;
	char *end;

	/* strtoul would take blanks and signs. */
	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value < min || value > max)
		return false;
	*ret = (uint32_t)value;
	return true;
}

/* getopt's two tables, made of ours. */
struct options_tables {
	char letters[OPTIONS_MAX * 2 + 4];
	struct option names[OPTIONS_MAX + 2];
};

static void options_fill(struct options_tables *t, const struct option_row *rows)
{
	char *letter = t->letters;
	int i;

	/* '+': PROGRAM's own options are not ours. ':': we say what is wrong. */
	*letter++ = '+';
	*letter++ = ':';
	for (i = 0; rows[i].name; i++) {
		assert(i < OPTIONS_MAX);
		t->names[i] = (struct option){.name = rows[i].name,
					      .has_arg = rows[i].has_value ? required_argument :
									     no_argument,
					      .val = OPTIONS_LONG + i};
		if (!rows[i].letter)
			continue;
		*letter++ = rows[i].letter;
		if (rows[i].has_value)
			*letter++ = ':';
	}
	*letter = '\0';
	t->names[i] = (struct option){.name = "help", .val = OPTIONS_HELP};
	t->names[i + 1] = (struct option){0};
}

static const struct option_row *options_find(const struct option_row *rows, int key)
{
	if (key >= OPTIONS_LONG)
		return &rows[key - OPTIONS_LONG];
	while (rows->name && rows->letter != key)
		rows++;
	return rows;
}

int options_read(int argc, char **argv, const struct option_row *rows, const char *help, void *ctx,
		 int *ret_status)
{
	struct options_tables tables;
	const char *verb = argv[0];
	int key;

	options_fill(&tables, rows);
	*ret_status = STATUS_USAGE;
	opterr = 0;
	optind = 1;
	while ((key = getopt_long(argc, argv, tables.letters, tables.names, NULL)) != -1) {
		const struct option_row *row;

		if (key == '?') {
			options_bad(verb, "no such option: %s", argv[optind - 1]);
			return -1;
		}
		if (key == ':') {
			options_bad(verb, "%s needs a value", argv[optind - 1]);
			return -1;
		}
		if (key == OPTIONS_HELP) {
			*ret_status = verbs_print(help);
			return -1;
		}
		row = options_find(rows, key);
		if (!row->set(ctx, optarg)) {
			options_bad(verb, "bad value for --%s: %s", row->name, optarg);
			return -1;
		}
	}
	return optind;
}

static bool options_set_name(void *ctx, const char *value)
{
	struct node_options *o = ctx;

	o->name = value;
	return nodedir_is_name(value);
}

static bool options_set_processes(void *ctx, const char *value)
{
	struct node_options *o = ctx;

	return options_number(value, 1, OPTIONS_PROCESSES_MAX, &o->manager.capacity);
}

static bool options_set_keep_root(void *ctx, const char *value)
{
	struct node_options *o = ctx;

	return options_number(value, 0, OPTIONS_PROCESSES_MAX, &o->manager.keep_root);
}

static bool options_set_grace(void *ctx, const char *value)
{
	struct node_options *o = ctx;

	return options_number(value, 0, OPTIONS_GRACE_MAX, &o->manager.grace_ms);
}

static bool options_set_threaded_fork(void *ctx, const char *value)
{
	struct node_options *o = ctx;

	(void)value;
	o->manager.threaded_fork = true;
	return true;
}

static bool options_set_trace(void *ctx, const char *value)
{
	struct node_options *o = ctx;

	(void)value;
	o->manager.trace_requests = true;
	return true;
}

static bool options_set_foreground(void *ctx, const char *value)
{
	struct node_options *o = ctx;

	(void)value;
	o->foreground = true;
	return true;
}

#define OPTIONS_OF_A_NODE                                                                         \
	{"name", 'n', true, options_set_name}, {"max-processes", 0, true, options_set_processes}, \
		{"keep-root", 0, true, options_set_keep_root},                                    \
		{"grace", 0, true, options_set_grace},                                            \
		{"allow-threaded-fork", 0, false, options_set_threaded_fork},                     \
	{                                                                                         \
		"trace-requests", 0, false, options_set_trace                                     \
	}

const struct option_row options_of_run[] = {OPTIONS_OF_A_NODE, {0}};
const struct option_row options_of_boot[] = {
	OPTIONS_OF_A_NODE, {"foreground", 0, false, options_set_foreground}, {0}};
