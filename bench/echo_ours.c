// SPDX-License-Identifier: Apache-2.0
/* Messages and pulses of a program written against our headers, in a node. */
#include "echo.h"

#include "figure.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <sys/neutrino.h>
#include <unistd.h>

#define CODE 1

static int coid;

static int create(unsigned flags)
{
	int chid = ChannelCreate(flags);

	if (chid == -1)
		figure_die("ChannelCreate");
	echo_meeting->server = getpid();
	echo_meeting->chid = chid;
	(void)sem_post(&echo_meeting->is_up); /* cannot fail, it is 0 */
	return chid;
}

noreturn static void serve(char *buffer, size_t size)
{
	const bool is_careful = getenv("ECHO_UNBLOCK");
	int chid = create(is_careful ? _NTO_CHF_UNBLOCK | _NTO_CHF_DISCONNECT : 0), rcvid;

	for (;;) {
		rcvid = MsgReceive(chid, buffer, size, NULL);
		if (rcvid > 0 && MsgReply(rcvid, EOK, buffer, size) == -1 && errno != ESRCH)
			figure_die("MsgReply");
		if (rcvid == -1 && errno != EINTR)
			figure_die("MsgReceive");
		if (rcvid == 0 && ((struct _pulse *)(void *)buffer)->code == _PULSE_CODE_DISCONNECT)
			(void)ConnectDetach(((struct _pulse *)(void *)buffer)->scoid);
	}
}

static void attach(size_t size)
{
	(void)size;
	coid = ConnectAttach(ND_LOCAL_NODE, echo_meeting->server, echo_meeting->chid,
			     _NTO_SIDE_CHANNEL, 0);
	if (coid == -1)
		figure_die("ConnectAttach");
}

static void send(const char *request, char *reply, size_t size)
{
	if (MsgSend(coid, request, size, reply, size) == -1)
		figure_die("MsgSend");
}

noreturn static void take_pulses(char *buffer, size_t size)
{
	int chid = create(0);
	struct _pulse pulse;

	(void)buffer;
	(void)size;
	for (;;) {
		if (MsgReceive(chid, &pulse, sizeof(pulse), NULL) == 0 && pulse.code == CODE)
			(void)atomic_fetch_add(&echo_meeting->seen, 1);
	}
}

static void send_pulse(const char *request, char *reply, size_t size)
{
	static int n;

	(void)request;
	(void)reply;
	(void)size;
	if (MsgSendPulse(coid, -1, CODE, n++) == -1)
		figure_die("MsgSendPulse");
}

const struct echo_way echo_ways[] = {
	{.name = "message", .serve = serve, .connect = attach, .call = send},
	{.name = "pulse",
	 .is_oneway = true,
	 .serve = take_pulses,
	 .connect = attach,
	 .call = send_pulse},
	{.name = NULL},
};
