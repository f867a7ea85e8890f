// SPDX-License-Identifier: Apache-2.0
/*
 * Which node is meant. What was said, on the command line or in the
 * environment, is never replaced by a guess: if that node is not up, the
 * command says so.
 */
#include "tools/node_pick.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "host/linux/nodedir.h"
#include "tools/options.h"
#include "wire/frame.h"

#define NODE_PICK_DEFAULT "default"
#define NODE_PICK_PRIVATE "private-"

static int node_pick_connect(struct node_pick *n)
{
	char path[PATH_MAX];
	int err;

	err = nodedir_request_path(n->dir, path, sizeof(path));
	if (err == 0)
		err = nodedir_check_owner(n->dir);
	if (err == 0)
		err = wire_connect(path, &n->fd);
	if (err == 0)
		return 0;
	if (err == -ENOENT || err == -ECONNREFUSED || err == -ENOTDIR) {
		log_line("node %s is not up", n->dir);
		return STATUS_USAGE;
	}
	if (err == -EPERM)
		log_line("node %s belongs to somebody else", n->dir);
	else
		log_line("node %s: %s", n->dir, strerror(-err));
	return STATUS_FAILED;
}

static int node_pick_named(const char *name, struct node_pick *n)
{
	int err = nodedir_path(name, n->dir, sizeof(n->dir));

	if (err == 0)
		return node_pick_connect(n);
	log_line("not a node's name: %s", name);
	return STATUS_USAGE;
}

struct node_pick_all {
	unsigned n;
	unsigned n_private;
	bool has_default;
	char only[NODEDIR_NAME_MAX + 1];
	char private[NODEDIR_NAME_MAX + 1];
	char names[200];
};

static int node_pick_count(void *ctx, const char *name)
{
	struct node_pick_all *all = ctx;
	size_t used = strlen(all->names);

	/* Somebody's own, and soon gone: meant only if there is no other. */
	if (strncmp(name, NODE_PICK_PRIVATE, strlen(NODE_PICK_PRIVATE)) == 0) {
		all->n_private++;
		(void)snprintf(all->private, sizeof(all->private), "%s", name);
		return 0;
	}
	if (strcmp(name, NODE_PICK_DEFAULT) == 0)
		all->has_default = true;
	if (all->n++ == 0)
		(void)snprintf(all->only, sizeof(all->only), "%s", name);
	(void)snprintf(all->names + used, sizeof(all->names) - used, "%s%s", used ? ", " : "",
		       name);
	return 0;
}

static int node_pick_any(struct node_pick *n)
{
	struct node_pick_all all = {0};
	int err = nodedir_each(node_pick_count, &all);

	if (err < 0) {
		log_line("cannot look for nodes: %s", strerror(-err));
		return STATUS_FAILED;
	}
	if (all.n == 1)
		return node_pick_named(all.only, n);
	if (all.n == 0 && all.n_private == 1)
		return node_pick_named(all.private, n);
	if (all.has_default)
		return node_pick_named(NODE_PICK_DEFAULT, n);
	if (all.n == 0)
		log_line("no node is up");
	else
		log_line("several nodes are up (%s): say which with -n", all.names);
	return STATUS_USAGE;
}

int node_pick(const char *name, struct node_pick *ret)
{
	int err;

	ret->fd = -1;
	if (name)
		return node_pick_named(name, ret);
	err = nodedir_from_env(ret->dir, sizeof(ret->dir));
	if (err == 0)
		return node_pick_connect(ret);
	/* "none" keeps the library from making nodes; it is not about commands. */
	if (err == -ENOENT || err == -ENOSYS)
		return node_pick_any(ret);
	log_line("$" NODEDIR_ENV " is not a node");
	return STATUS_USAGE;
}

static bool node_pick_set(void *ctx, const char *value)
{
	*(const char **)ctx = value;
	return value[0] == '/' || nodedir_is_name(value);
}

const struct option_row node_pick_options[] = {{"name", 'n', true, node_pick_set}, {0}};
