// SPDX-License-Identifier: Apache-2.0
/*
 * kamioka: the one command. Here is only which verb is meant; each has a file
 * of its own. Exit status: the verb's; 0 for --help and --version; 2 for a verb
 * that is none.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "host/linux/inherit.h"
#include "tools/options.h"
#include "tools/verbs.h"

#ifndef KAMIOKA_VERSION
#define KAMIOKA_VERSION "0.1.0"
#endif

struct verb {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *help;
};

static const struct verb verbs[] = {
	{"run", run_main, run_help},
	{"boot", boot_main, boot_help},
	{"exec", exec_main, exec_help},
	{"list", list_main, list_help},
	{"info", info_main, info_help},
	{"irq", irq_main, irq_help},
	{"names", names_main, names_help},
	{"shutdown", shutdown_main, shutdown_help},
	{"private", private_main, private_help},
	{"slay", slay_main, slay_help},
	{"waitfor", waitfor_main, waitfor_help},
};

/* Verbs that are commands of QNX: by these names, too, in the folder of tooldir.h. */
static const char *const own_names[] = {"slay", "waitfor"};

static const char help[] =
	"kamioka runs programs in a node: a process manager and all that it looks after.\n"
	"\n"
	"  kamioka run [options] [--] PROGRAM [ARG...]     a node for as long as PROGRAM runs\n"
	"  kamioka boot [options] [--] PROGRAM [ARG...]    a node that stays up\n"
	"  kamioka exec [-n NODE] [--] PROGRAM [ARG...]    run PROGRAM in a node that is up\n"
	"  kamioka list [-n NODE]                          its processes; --nodes: the nodes\n"
	"  kamioka info [--threads] [-n NODE]              what a node can do and has done; threads\n"
	"  kamioka irq [-n NODE] N                         raise an interrupt in a node\n"
	"  kamioka names [-n NODE] [PATH]                  who serves which path\n"
	"  kamioka shutdown [-n NODE]                      end a node\n"
	"  kamioka slay [options] NAME|PID...              signal processes of a node\n"
	"  kamioka waitfor PATH [SECONDS [MS]]             wait until a file or a name is there\n"
	"  kamioka help VERB                               more on one of these\n"
	"  kamioka --version\n"
	"\n"
	"Exit status: PROGRAM's, 128 + signal if it was killed; 2 bad usage or no such node,\n"
	"125 kamioka itself failed, 126 PROGRAM cannot be executed, 127 it is not there.\n";

int verbs_print(const char *text)
{
	/* ferror() also tells of what was printed before. */
	if (fputs(text, stdout) >= 0 && fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	log_line("cannot write: %s", strerror(errno));
	return STATUS_FAILED;
}

static const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static int verb_unknown(const char *name)
{
	log_line("no such verb: %s (see kamioka --help)", name);
	return STATUS_USAGE;
}

static int verb_help(int argc, char **argv)
{
	const struct verb *verb;

	if (argc < 2)
		return verbs_print(help);
	verb = verb_find(argv[1]);
	return verb ? verbs_print(verb->help) : verb_unknown(argv[1]);
}

/* As what this program was started, if that is a verb. */
static const struct verb *verb_called(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');
	const char *name = slash ? slash + 1 : argv0;

	for (size_t i = 0; i < ARRAY_LEN(own_names); i++)
		if (strcmp(own_names[i], name) == 0)
			return verb_find(name);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct verb *verb;

	inherit_note();
	verb = argc > 0 ? verb_called(argv[0]) : NULL;
	if (verb)
		return verb->main(argc, argv);
	if (argc < 2) {
		log_line("say what to do: kamioka --help");
		return STATUS_USAGE;
	}
	argc--;
	argv++;
	if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "help") == 0)
		return verb_help(argc, argv);
	if (strcmp(argv[0], "--version") == 0)
		return verbs_print("kamioka " KAMIOKA_VERSION "\n");
	verb = verb_find(argv[0]);
	return verb ? verb->main(argc, argv) : verb_unknown(argv[0]);
}
