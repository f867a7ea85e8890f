// SPDX-License-Identifier: Apache-2.0
/*
 * A peer that is a program of its own. `peer serve [FLAGS]` serves orders (serve.h) on a
 * channel whose number it says first; `peer info COID` sends on a connection that it has
 * inherited and says what the server saw: PID COID SCOID, or the error's name. `peer
 * limit` says its soft limit of descriptors.
 */
#include "serve.h"

#include <stdio.h>
#include <sys/resource.h>

static int info(int coid)
{
	const struct order order = {ORDER_TYPE, 0, ORDER_INFO, 0, 0};
	struct _msg_info seen;

	if (MsgSend(coid, &order, sizeof(order), &seen, sizeof(seen)) == -1)
		printf("%s\n", strerrorname_np(errno));
	else
		printf("%d %d %d\n", (int)seen.pid, seen.coid, seen.scoid);
	return 0;
}

static int limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return 3;
	printf("%ld\n", (long)files.rlim_cur);
	return 0;
}

int main(int argc, char **argv)
{
	int chid;

	if (argc > 2 && strcmp(argv[1], "info") == 0)
		return info(atoi(argv[2]));
	if (argc > 1 && strcmp(argv[1], "limit") == 0)
		return limit();
	if (argc < 2 || strcmp(argv[1], "serve") != 0)
		return 2;
	chid = ChannelCreate(argc > 2 ? (unsigned)atoi(argv[2]) : 0);
	printf("%d\n", chid);
	fflush(stdout);
	if (chid >= 0)
		serve(chid);
	return 1;
}
