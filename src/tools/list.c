// SPDX-License-Identifier: Apache-2.0
/*
 * kamioka list: the processes of a node, or the nodes.
 *
 * Exit status: 0; 2 bad usage or no such node; 125 the node does not answer, or
 * the list could not be written.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/util.h"
#include "gen/proto.h"
#include "host/linux/nodedir.h"
#include "tools/ask.h"
#include "tools/node_pick.h"
#include "tools/options.h"
#include "tools/verbs.h"

const char list_help[] =
	"kamioka list [-n NODE]\n"
	"kamioka list --nodes\n"
	"\n"
	"The processes of a node: pid, logical parent, group, logical session, user, state\n"
	"(run, stop, zombie), what is particular about them, and name. `1` as a parent or\n"
	"session is the manager's.\n"
	"\n"
	"  linked    uses the library          foreign   came in some other way than by spawn\n"
	"  daemon    procmgr_daemon()          nozombie  nobody is told of its death\n"
	"  service   kamioka_srv_fork()        ghost     a daemon's pretended death\n"
	"  setid     runs with other ids       front     PROGRAM of run or boot\n"
	"  native    the kernel's own child    manager   the service manager\n"
	"\n"
	"  -n, --name NODE         name or directory; without it $KAMIOKA_NODE, else the only\n"
	"                          node that is up, else the one named default\n"
	"  --nodes                 the names of the nodes that are up, a line each\n";

#define LIST_PATIENCE_MS 5000

struct list_options {
	const char *name;
	bool nodes;
};

static bool list_set_name(void *ctx, const char *value)
{
	((struct list_options *)ctx)->name = value;
	return value[0] == '/' || nodedir_is_name(value);
}

static bool list_set_nodes(void *ctx, const char *value)
{
	(void)value;
	((struct list_options *)ctx)->nodes = true;
	return true;
}

static const struct option_row list_options[] = {
	{"name", 'n', true, list_set_name}, {"nodes", 0, false, list_set_nodes}, {0}};

static int list_print_node(void *ctx, const char *name)
{
	(void)ctx;
	puts(name);
	return 0;
}

static const char *list_state(uint32_t life)
{
	static const char *const names[] = {
		[LIFE_RUNNING] = "run",   [LIFE_HELD] = "stop", [LIFE_TRACE_ZOMBIE] = "traced",
		[LIFE_ZOMBIE] = "zombie", [LIFE_GONE] = "gone",
	};

	return life < ARRAY_LEN(names) && names[life] ? names[life] : "?";
}

static const char *list_flags(uint32_t flags, char *buf, size_t cap)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {
		{FLAG_FRONT, "front"},
		{FLAG_LINKED, "linked"},
		{FLAG_FOREIGN, "foreign"},
		{FLAG_DAEMON, "daemon"},
		{FLAG_GHOST, "ghost"},
		{FLAG_SERVICE, "service"},
		{FLAG_SERVICE_MANAGER, "manager"},
		{FLAG_NOZOMBIE, "nozombie"},
		{FLAG_NATIVE, "native"},
		{FLAG_SETID, "setid"},
	};
	size_t at = 0;

	(void)snprintf(buf, cap, "-");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!(flags & names[i].bit) || at >= cap)
			continue;
		at += (size_t)snprintf(buf + at, cap - at, "%s%s", at ? "," : "", names[i].name);
	}
	return buf;
}

static void list_print(const struct proc_info *p)
{
	char name[sizeof(p->name) + 1] = {0};
	char flags[128];

	memcpy(name, p->name, sizeof(p->name));
	options_plain(name);
	printf("%7d %7d %7d %7d %5u %-6s %-20s %s\n", p->pid, p->ppid, p->pgrp, p->sid, p->uid,
	       list_state(p->life), list_flags(p->flags, flags, sizeof(flags)), name);
}

/* One answer's worth behind *@after: 0, and *@ret_more tells whether to go on. */
static int list_some(int node_fd, struct wire_msg *m, int32_t *after, bool *ret_more)
{
	struct proto_list_in in = {.after = *after};
	struct proto_list_out out;
	uint8_t body[sizeof(in)];
	int len, err;

	len = proto_put_list_in(body, sizeof(body), &in);
	err = len < 0 ? len : ask(node_fd, PROTO_LIST, body, (size_t)len, m, LIST_PATIENCE_MS);
	if (err != 0)
		return err;
	err = proto_get_list_out(m->body, m->len, &out);
	for (uint32_t i = 0; err == 0 && i < out.procs_count; i++) {
		list_print(&out.procs[i]);
		*after = out.procs[i].pid;
	}
	*ret_more = err == 0 && out.more && out.procs_count > 0;
	wire_msg_fini(m);
	return err;
}

static int list_processes(const char *name)
{
	auto_free struct wire_msg *m = malloc(sizeof(*m));
	struct node_pick node;
	int32_t after = 0;
	bool more = true;
	int status, err;

	if (!m)
		return STATUS_FAILED;
	status = node_pick(name, &node);
	if (status)
		return status;
	puts("    PID    PPID    PGRP     SID   UID STATE  FLAGS                NAME");
	for (err = 0; err == 0 && more;)
		err = list_some(node.fd, m, &after, &more);
	fd_close(node.fd);
	return err == 0 ? verbs_print("") : ask_failed(node.dir, err);
}

int list_main(int argc, char **argv)
{
	struct list_options options = {0};
	int first, status, err;

	first = options_read(argc, argv, list_options, list_help, &options, &status);
	if (first < 0)
		return status;
	if (first < argc)
		return options_bad(argv[0], "too many words: %s", argv[first]);
	if (!options.nodes)
		return list_processes(options.name);
	err = nodedir_each(list_print_node, NULL);
	if (err == 0)
		return verbs_print("");
	log_line("cannot look for nodes: %s", strerror(-err));
	return STATUS_FAILED;
}
