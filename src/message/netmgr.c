// SPDX-License-Identifier: Apache-2.0
/* netmgr_*(): names of the local node, as there is no other. */
#include <sys/netmgr.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/export.h"
#include "client/result.h"

#define NODE_NAME_MAX 256
#define NET           "/net/"
#define LOCALHOST     "localhost"

static void node_name(char *ret_name)
{
	if (gethostname(ret_name, NODE_NAME_MAX) < 0 || !ret_name[0])
		memcpy(ret_name, LOCALHOST, sizeof(LOCALHOST));
	ret_name[NODE_NAME_MAX - 1] = 0;
}

EXPORT int netmgr_ndtostr(unsigned flags, int nd, char *buf, size_t maxlen)
{
	char name[NODE_NAME_MAX] = LOCALHOST;
	char *dot;
	int len;

	if (ND_NODE_CMP((unsigned)nd, ND_LOCAL_NODE) != 0)
		return result_errno(-EINVAL);
	if (!(flags & ND2S_LOCAL_STR))
		node_name(name);
	dot = strchr(name, '.');
	if (dot && (flags & ND2S_DOMAIN_HIDE))
		*dot = 0;
	len = snprintf(buf, maxlen, "%s%s%s", flags & ND2S_DIR_HIDE ? "" : NET,
		       flags & ND2S_NAME_HIDE ? "" : name, flags & ND2S_SEP_FORCE ? "/" : "");
	return len < 0 || (size_t)len >= maxlen ? result_errno(-ERANGE) : len;
}

static bool is_node_name(const char *name, size_t len)
{
	char own[NODE_NAME_MAX];
	size_t own_len, host_len;

	node_name(own);
	own_len = strlen(own);
	host_len = strcspn(own, ".");
	return len == 0 || (len == strlen(LOCALHOST) && strncmp(name, LOCALHOST, len) == 0) ||
	       ((len == own_len || len == host_len) && strncmp(name, own, len) == 0);
}

EXPORT int netmgr_strtond(const char *nodename, char **endstr)
{
	const char *name = nodename, *end;

	if (strncmp(name, NET, strlen(NET)) == 0)
		name += strlen(NET);
	end = name + strcspn(name, "/");
	if (!is_node_name(name, strcspn(name, "/~")))
		return result_errno(-ENOREMOTE);
	if (endstr)
		*endstr = (char *)(uintptr_t)end; /* as strtol() does */
	return ND_LOCAL_NODE;
}

EXPORT int netmgr_remote_nd(int remote_nd, int local_nd)
{
	if (ND_NODE_CMP((unsigned)remote_nd, ND_LOCAL_NODE) != 0 ||
	    ND_NODE_CMP((unsigned)local_nd, ND_LOCAL_NODE) != 0)
		return result_errno(-ENOREMOTE);
	return ND_LOCAL_NODE;
}
