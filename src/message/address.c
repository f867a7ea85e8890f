// SPDX-License-Identifier: Apache-2.0
#include "message/address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "client/node.h"

/* Of this node; "" until it is known. */
static char node_name[64];

static int address_learn_node(void)
{
	struct stat st;
	char name[sizeof(node_name)];
	int rc;

	/* A forked child knows it without a tie of its own. */
	if (__atomic_load_n(&node_name[0], __ATOMIC_ACQUIRE))
		return 0;
	rc = node_attach();
	if (rc < 0)
		return rc;
	if (stat(node_directory(), &st) < 0)
		return -EHOSTDOWN;
	(void)snprintf(name, sizeof(name), "kamioka/%lx.%lx/", (unsigned long)st.st_dev,
		       (unsigned long)st.st_ino);
	/* Two threads write the same; the first letter last, so that it is whole. */
	memcpy(node_name + 1, name + 1, sizeof(name) - 1);
	__atomic_store_n(&node_name[0], name[0], __ATOMIC_RELEASE);
	return 0;
}

int address_of(struct address *ret, pid_t pid, int chid, bool is_private)
{
	int rc = address_learn_node();
	int len;

	if (rc < 0)
		return rc;
	memset(ret, 0, sizeof(*ret));
	ret->un.sun_family = AF_UNIX;
	len = snprintf(ret->un.sun_path + 1, sizeof(ret->un.sun_path) - 1, "%s%d.%d%s", node_name,
		       (int)pid, chid, is_private ? ".p" : "");
	ret->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
	return 0;
}

bool address_parse(const struct sockaddr_un *un, socklen_t len, pid_t *ret_pid, int *ret_chid)
{
	char text[sizeof(un->sun_path) + 1] = {0};
	size_t size = len - offsetof(struct sockaddr_un, sun_path);
	size_t start;
	char rest;

	if (len <= offsetof(struct sockaddr_un, sun_path) + 1 || un->sun_family != AF_UNIX ||
	    un->sun_path[0] != 0 || size > sizeof(un->sun_path) || address_learn_node() < 0)
		return false;
	memcpy(text, un->sun_path + 1, size - 1);
	start = strlen(node_name);
	if (strncmp(text, node_name, start) != 0)
		return false;
	return sscanf(text + start, "%d.%d%c", ret_pid, ret_chid, &rest) >= 2;
}
