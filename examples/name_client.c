// SPDX-License-Identifier: Apache-2.0
/*
 * Finds a server by its name (name_server.c), waiting for it if it is not up yet, and
 * greets it.
 *
 *   name_client [WHO]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/iofunc.h>
#include <sys/dispatch.h>
#include <sys/neutrino.h>
#include <unistd.h>

#include "greeting.h"

#define TRIES 100

static int open_patiently(const char *name)
{
	for (int i = 0; i < TRIES; i++) {
		int coid = name_open(name, 0);

		if (coid != -1 || errno != ENOENT)
			return coid;
		usleep(50000); /* nobody has the name: not yet? */
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct greeting greeting = {.type = GREETING_TYPE};
	char reply[64];
	long length;
	int coid;

	coid = open_patiently(GREETING_NAME);
	if (coid == -1) {
		perror("name_open() failed");
		return EXIT_FAILURE;
	}
	snprintf(greeting.from, sizeof(greeting.from), "%s", argc > 1 ? argv[1] : "nobody");
	length = MsgSend(coid, &greeting, sizeof(greeting), reply, sizeof(reply));
	if (length == -1) {
		perror("MsgSend() failed");
		return EXIT_FAILURE;
	}
	printf("client: the server says \"%s\", %ld characters\n", reply, length);
	name_close(coid);
	return EXIT_SUCCESS;
}
