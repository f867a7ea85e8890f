// SPDX-License-Identifier: Apache-2.0
/*
 * A calculator that is asked by messages: the smallest server there is. It makes a
 * channel, says its number, and answers one request after the other until it is killed.
 *
 *   calculator_server
 *
 * calculator_client.c asks it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/neutrino.h>
#include <unistd.h>

#include "calculator.h"

/* Pulses come through the same channel, and into the same buffer. */
union message {
	struct _pulse pulse;
	struct calculator_request request;
};

/* The numbers stay with the client, who is blocked; we fetch some at a time. */
static int sum(int rcvid, uint32_t count, double *ret)
{
	size_t offset = sizeof(struct calculator_request);
	double numbers[64];

	*ret = 0;
	while (count > 0) {
		uint32_t n = count < 64 ? count : 64;
		ssize_t bytes = (ssize_t)(n * sizeof(double));

		if (MsgRead(rcvid, numbers, (size_t)bytes, offset) != bytes)
			return EBADMSG;
		for (uint32_t i = 0; i < n; i++)
			*ret += numbers[i];
		offset += (size_t)bytes;
		count -= n;
	}
	return EOK;
}

static int calculate(int rcvid, const struct calculator_request *request, double *ret)
{
	switch (request->operation) {
	case CALCULATOR_ADD:
		*ret = request->a + request->b;
		return EOK;
	case CALCULATOR_SUBTRACT:
		*ret = request->a - request->b;
		return EOK;
	case CALCULATOR_MULTIPLY:
		*ret = request->a * request->b;
		return EOK;
	case CALCULATOR_DIVIDE:
		if (request->b == 0)
			return EDOM;
		*ret = request->a / request->b;
		return EOK;
	case CALCULATOR_SUM:
		return sum(rcvid, request->count, ret);
	default:
		return ENOSYS;
	}
}

static void answer(int rcvid, const union message *message, const struct _msg_info *info)
{
	double result;
	int error = EBADMSG;

	if (info->msglen >= (ssize_t)sizeof(message->request))
		error = calculate(rcvid, &message->request, &result);
	if (error)
		MsgError(rcvid, error);
	else
		MsgReply(rcvid, EOK, &result, sizeof(result));
}

int main(void)
{
	int chid = ChannelCreate(_NTO_CHF_DISCONNECT);

	if (chid == -1) {
		perror("ChannelCreate() failed");
		return EXIT_FAILURE;
	}
	printf("calculator: pid %d, chid %d\n", getpid(), chid);
	fflush(stdout);
	for (;;) {
		union message message;
		struct _msg_info info;
		int rcvid = MsgReceive(chid, &message, sizeof(message), &info);

		if (rcvid == -1) {
			perror("MsgReceive() failed");
			return EXIT_FAILURE;
		}
		if (rcvid > 0)
			answer(rcvid, &message, &info);
		else if (message.pulse.code == _PULSE_CODE_DISCONNECT)
			ConnectDetach(message.pulse.scoid);
	}
}
