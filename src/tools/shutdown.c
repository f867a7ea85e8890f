// SPDX-License-Identifier: Apache-2.0
/*
 * kamioka shutdown: end a node, and return when it is down.
 *
 * Exit status: 0 it is down; 2 bad usage or no such node; 125 it refused, or is
 * still up when it should long be down.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/util.h"
#include "gen/proto.h"
#include "host/linux/nodedir.h"
#include "tools/ask.h"
#include "tools/node_pick.h"
#include "tools/options.h"
#include "tools/verbs.h"

const char shutdown_help[] =
	"kamioka shutdown [-n NODE] [--grace MS]\n"
	"\n"
	"Ends a node: what runs in it gets SIGTERM, and after the grace time SIGKILL. Returns\n"
	"when the node is down.\n"
	"\n"
	"  -n, --name NODE         name or directory; without it $KAMIOKA_NODE, else the only\n"
	"                          node that is up, else the one named default\n"
	"  --grace MS              milliseconds between SIGTERM and SIGKILL; without it the node's\n"
	"                          own\n";

/* From the last SIGKILL to the end: on a busy machine, much to be collected. */
#define SHUTDOWN_PATIENCE_MS 30000
#define SHUTDOWN_GRACE_MAX   (60u * 60 * 1000)
#define SHUTDOWN_LOOK_MS     5

struct shutdown_options {
	const char *name;
	uint32_t grace_ms; /* UINT32_MAX: the node's own */
};

static bool shutdown_set_name(void *ctx, const char *value)
{
	((struct shutdown_options *)ctx)->name = value;
	return value[0] == '/' || nodedir_is_name(value);
}

static bool shutdown_set_grace(void *ctx, const char *value)
{
	struct shutdown_options *o = ctx;

	return options_number(value, 0, SHUTDOWN_GRACE_MAX, &o->grace_ms);
}

static const struct option_row shutdown_options[] = {
	{"name", 'n', true, shutdown_set_name}, {"grace", 0, true, shutdown_set_grace}, {0}};

/* The manager's answer is its last word; then the anchor takes the directory away. */
static int shutdown_wait(const char *dir)
{
	static const struct timespec look = {.tv_nsec = SHUTDOWN_LOOK_MS * 1000000L};

	for (int ms = 0; nodedir_is_up(dir); ms += SHUTDOWN_LOOK_MS) {
		if (ms > SHUTDOWN_PATIENCE_MS) {
			log_line("node %s is still up", dir);
			return STATUS_FAILED;
		}
		nanosleep(&look, NULL);
	}
	return 0;
}

static int shutdown_node(const struct node_pick *node, uint32_t grace_ms)
{
	auto_free struct wire_msg *m = malloc(sizeof(*m));
	struct proto_shutdown_in in = {.grace = grace_ms};
	uint8_t body[sizeof(in)];
	int len, err;

	if (!m)
		return STATUS_FAILED;
	len = proto_put_shutdown_in(body, sizeof(body), &in);
	err = len < 0 ? len :
			ask(node->fd, PROTO_SHUTDOWN, body, (size_t)len, m,
			    (int)MIN(grace_ms, SHUTDOWN_GRACE_MAX) + SHUTDOWN_PATIENCE_MS);
	if (err == 0)
		wire_msg_fini(m);
	/* It may be down before it could say so. */
	if (err == 0 || err == -ECONNREFUSED || err == -ECONNRESET)
		return shutdown_wait(node->dir);
	return ask_failed(node->dir, err);
}

int shutdown_main(int argc, char **argv)
{
	struct shutdown_options o = {.grace_ms = UINT32_MAX};
	struct node_pick node;
	int first, status;

	first = options_read(argc, argv, shutdown_options, shutdown_help, &o, &status);
	if (first < 0)
		return status;
	if (first < argc)
		return options_bad(argv[0], "too many words: %s", argv[first]);
	status = node_pick(o.name, &node);
	if (status)
		return status;
	status = shutdown_node(&node, o.grace_ms);
	fd_close(node.fd);
	return status;
}
