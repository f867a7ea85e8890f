// SPDX-License-Identifier: Apache-2.0
/*
 * A server that is found by its name. Its channel brings more than what its clients send:
 * the connect message of each name_open(), and pulses when clients go.
 *
 *   name_server [CLIENTS]    ends when so many clients have gone (without: never)
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/iofunc.h>
#include <sys/dispatch.h>
#include <sys/neutrino.h>

#include "greeting.h"

union message {
	uint16_t type;
	struct _pulse pulse;
	struct greeting greeting;
};

/* How many clients have gone: 0 or 1. */
static int on_pulse(const struct _pulse *pulse)
{
	if (pulse->code != _PULSE_CODE_DISCONNECT)
		return 0; /* UNBLOCK: we answer at once, so that client is answered by now */
	printf("server: client 0x%x has gone\n", (unsigned)pulse->scoid);
	ConnectDetach(pulse->scoid); /* else the id would stay taken */
	return 1;
}

static void answer(int rcvid, const union message *message, const struct _msg_info *info)
{
	char reply[64];

	if (message->type == _IO_CONNECT) {
		printf("server: a client has opened the name\n");
		MsgReply(rcvid, EOK, NULL, 0);
	} else if (message->type > _IO_BASE && message->type <= _IO_MAX) {
		MsgError(rcvid, ENOSYS); /* others of the system's */
	} else if (message->type == GREETING_TYPE &&
		   info->msglen >= (ssize_t)sizeof(struct greeting)) {
		int length =
			snprintf(reply, sizeof(reply), "Hello, %.31s!", message->greeting.from);

		MsgReply(rcvid, length, reply, (size_t)length + 1);
	} else {
		MsgError(rcvid, EBADMSG);
	}
}

int main(int argc, char **argv)
{
	int clients = argc > 1 ? atoi(argv[1]) : INT_MAX;
	name_attach_t *attach = name_attach(NULL, GREETING_NAME, 0);

	if (!attach) {
		perror("name_attach() failed");
		return EXIT_FAILURE;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("server: I am %s\n", GREETING_NAME);
	while (clients > 0) {
		union message message;
		struct _msg_info info;
		int rcvid = MsgReceive(attach->chid, &message, sizeof(message), &info);

		if (rcvid == -1) {
			perror("MsgReceive() failed");
			return EXIT_FAILURE;
		}
		if (rcvid == 0)
			clients -= on_pulse(&message.pulse);
		else
			answer(rcvid, &message, &info);
	}
	name_detach(attach, 0);
	printf("server: that was the last one\n");
	return EXIT_SUCCESS;
}
