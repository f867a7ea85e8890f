// SPDX-License-Identifier: Apache-2.0
/*
 * kamioka info: what a node is, can do and has done.
 *
 * Exit status: 0; 2 bad usage or no such node; 125 the node does not answer, or
 * its words could not be written.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "gen/proto.h"
#include "host/linux/nodedir.h"
#include "tools/ask.h"
#include "tools/info_threads.h"
#include "tools/node_pick.h"
#include "tools/options.h"
#include "tools/verbs.h"

const char info_help[] =
	"kamioka info [-n NODE]\n"
	"kamioka info --threads [-n NODE]\n"
	"\n"
	"What a node is, what it can do on this machine, and what it has done so far; a line\n"
	"each, name and value.\n"
	"\n"
	"With --threads: all threads of its processes, with QNX's states and what they wait for:\n"
	"SEND and REPLY whom, as PID or PID:CHANNEL (PID 1 is the system), RECEIVE the thread's\n"
	"own channel, JOIN a thread. Then a line for each circle of processes that wait for each\n"
	"other: `cycle: 100 waits for 200 waits for 100`.\n"
	"\n"
	"  -n, --name NODE         name or directory; without it $KAMIOKA_NODE, else the only\n"
	"                          node that is up, else the one named default\n"
	"  --threads               threads and what they wait for\n";

#define INFO_PATIENCE_MS 5000

struct info_options {
	const char *name;
	bool threads;
};

static bool info_set_name(void *ctx, const char *value)
{
	((struct info_options *)ctx)->name = value;
	return value[0] == '/' || nodedir_is_name(value);
}

static bool info_set_threads(void *ctx, const char *value)
{
	(void)value;
	((struct info_options *)ctx)->threads = true;
	return true;
}

static const struct option_row info_options[] = {
	{"name", 'n', true, info_set_name}, {"threads", 0, false, info_set_threads}, {0}};

static const char *info_limit(uint32_t limited_by)
{
	static const char *const names[] = {"option", "descriptors", "pids"};

	return limited_by < ARRAY_LEN(names) ? names[limited_by] : "?";
}

static const char *info_yes(uint32_t bits, uint32_t bit)
{
	return bits & bit ? "yes" : "no";
}

static void info_print(const char *dir, const struct node_info *i)
{
	printf("directory        %s\n", dir);
	printf("anchor           %d\n", i->anchor_pid);
	printf("manager          %d\n", i->manager_pid);
	printf("managers         %u\n", i->epoch);
	printf("table            %u (limited by %s)\n", i->capacity, info_limit(i->limited_by));
	printf("used             %u\n", i->used);
	printf("reserved         %u\n", i->reserved);
	printf("zombies          %u\n", i->zombies);
	printf("kept-for-root    %u\n", i->keep_root);
	printf("linked-programs  %u\n", i->clients);
	printf("subscriptions    %u\n", i->subscriptions);
	printf("descriptors      %u\n", i->nofile);
	printf("births           %" PRIu64 "\n", i->births);
	printf("deaths           %" PRIu64 "\n", i->deaths);
	printf("requests         %" PRIu64 "\n", i->requests);
	printf("threaded-fork    %s\n", info_yes(i->options, NODE_OPTION_THREADED_FORK));
	printf("serves-all-users %s\n", info_yes(i->extras, NODE_EXTRA_ROOT));
	printf("real-time        %s\n", info_yes(i->extras, NODE_EXTRA_RTPRIO));
	printf("pidfd-status     %s\n", info_yes(i->extras, NODE_EXTRA_PIDFD_INFO));
	printf("clear-sighand    %s\n", info_yes(i->extras, NODE_EXTRA_CLEAR_SIGHAND));
}

static int info_ask(int node_fd, struct wire_msg *m, struct proto_info_out *ret)
{
	struct proto_info_in in = {0};
	uint8_t body[sizeof(in)];
	int len, err;

	len = proto_put_info_in(body, sizeof(body), &in);
	err = len < 0 ? len : ask(node_fd, PROTO_INFO, body, (size_t)len, m, INFO_PATIENCE_MS);
	if (err != 0)
		return err;
	err = proto_get_info_out(m->body, m->len, ret);
	wire_msg_fini(m);
	return err;
}

int info_main(int argc, char **argv)
{
	auto_free struct wire_msg *m = malloc(sizeof(*m));
	struct info_options options = {0};
	struct proto_info_out out;
	struct node_pick node;
	int first, status, err;

	if (!m)
		return STATUS_FAILED;
	first = options_read(argc, argv, info_options, info_help, &options, &status);
	if (first < 0)
		return status;
	if (first < argc)
		return options_bad(argv[0], "too many words: %s", argv[first]);
	status = node_pick(options.name, &node);
	if (status)
		return status;
	err = options.threads ? info_threads(node.fd, m) : info_ask(node.fd, m, &out);
	fd_close(node.fd);
	if (err != 0)
		return ask_failed(node.dir, err);
	if (!options.threads)
		info_print(node.dir, &out.info);
	return verbs_print("");
}
