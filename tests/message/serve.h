// SPDX-License-Identifier: Apache-2.0
/*
 * A server that does what its clients order: what the tests' peers run, whether forked or
 * started as a program (peer.c). It uses the public calls only. A message that is too
 * short for an order is echoed.
 */
#pragma once

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/neutrino.h>
#include <unistd.h>

#define SERVE_UNUSED __attribute__((unused)) static

/* Above the types of I/O messages. */
#define ORDER_TYPE 0x7001
#define IO_BASE    0x0100
#define IO_DUP     0x0115
#define IO_CLOSE   0x0116
#define IO_MAX     0x01ff

enum order_op {
	ORDER_ECHO,    /* reply what follows the order; status a */
	ORDER_STATUS,  /* reply b bytes of 0x5c; status a */
	ORDER_ERROR,   /* MsgError(a) */
	ORDER_INFO,    /* reply the message's _msg_info */
	ORDER_HOLD,    /* no reply for now */
	ORDER_RELEASE, /* reply to all that are held, status a; then to this one with their number */
	ORDER_COUNT,   /* status: pulses with code a */
	ORDER_PULSE,   /* reply the last pulse with code a */
	ORDER_IO,      /* status: I/O messages of type a */
	ORDER_DIE,     /* SIGKILL, no reply */
	ORDER_DESTROY,    /* the channel, no reply; then stay */
	ORDER_CLIENT,     /* reply the _client_info of the sender */
	ORDER_DELIVER,    /* the event that follows, to the sender; status: errno */
	ORDER_DELIVER_TO, /* the same to the rcvid a */
	ORDER_RCVID,      /* status: the rcvid */
	ORDER_CALL,       /* send a status order (b) to pid a's channel 1..; status what it says */
	ORDER_SUM,        /* status: sum of all bytes after the order, read in pieces of a */
	ORDER_DETACH,     /* ConnectDetach(a); status: errno */
};

struct order {
	uint16_t type, subtype;
	int32_t op;
	int64_t a, b;
};

#define SERVE_HELD   1100
#define SERVE_BUFFER 4096

struct serve {
	int chid;
	int held[SERVE_HELD];
	int n_held;
	unsigned pulses[256]; /* by (uint8_t)code */
	struct _pulse last[256];
	unsigned io[IO_MAX + 1];
	union {
		struct order order;
		struct _pulse pulse;
		char bytes[SERVE_BUFFER];
	} in;
	struct _msg_info info;
};

SERVE_UNUSED int64_t serve_sum(int rcvid, size_t piece)
{
	static unsigned char buffer[1 << 20];
	size_t at = sizeof(struct order);
	int64_t sum = 0;
	ssize_t n;

	if (!piece || piece > sizeof(buffer))
		piece = sizeof(buffer);
	while ((n = MsgRead(rcvid, buffer, piece, at)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			sum += buffer[i];
		at += (size_t)n;
	}
	return n < 0 ? -errno : sum;
}

/* Everything from @skip on goes back, however long it is. */
SERVE_UNUSED void serve_echo(struct serve *s, int rcvid, size_t skip, long status)
{
	size_t size = (size_t)s->info.srcmsglen;
	char *all;

	if (size <= sizeof(s->in)) {
		(void)MsgReply(rcvid, status, s->in.bytes + skip, size - skip);
		return;
	}
	all = malloc(size);
	if (!all || MsgRead(rcvid, all, size, 0) != (ssize_t)size)
		(void)MsgError(rcvid, EIO);
	else
		(void)MsgReply(rcvid, status, all + skip, size - skip);
	free(all);
}

SERVE_UNUSED void serve_release(struct serve *s, int rcvid, const struct order *order)
{
	long n = 0;

	for (int i = 0; i < s->n_held; i++)
		n += MsgReply(s->held[i], (long)order->a, NULL, 0) != -1;
	s->n_held = 0;
	(void)MsgReply(rcvid, n, NULL, 0);
}

SERVE_UNUSED void serve_client(struct serve *s, int rcvid)
{
	struct _client_info client;

	if (ConnectClientInfo(s->info.scoid, &client, NGROUPS_MAX) == -1)
		(void)MsgError(rcvid, errno);
	else
		(void)MsgReply(rcvid, 0, &client, sizeof(client));
}

SERVE_UNUSED long serve_deliver(struct serve *s, int to)
{
	struct sigevent event;

	memcpy(&event, s->in.bytes + sizeof(struct order), sizeof(event));
	return MsgDeliverEvent(to, &event) == -1 ? errno : 0;
}

SERVE_UNUSED void serve_order(struct serve *s, int rcvid)
{
	static char filler[SERVE_BUFFER];
	const struct order o = s->in.order;

	switch ((enum order_op)o.op) {
	case ORDER_ECHO:
		serve_echo(s, rcvid, sizeof(o), (long)o.a);
		break;
	case ORDER_STATUS:
		memset(filler, 0x5c, sizeof(filler));
		(void)MsgReply(rcvid, (long)o.a, filler, (size_t)o.b);
		break;
	case ORDER_ERROR:
		(void)MsgError(rcvid, (int)o.a);
		break;
	case ORDER_INFO:
		(void)MsgReply(rcvid, 0, &s->info, sizeof(s->info));
		break;
	case ORDER_HOLD:
		s->held[s->n_held++ % SERVE_HELD] = rcvid;
		break;
	case ORDER_RELEASE:
		serve_release(s, rcvid, &o);
		break;
	case ORDER_COUNT:
		(void)MsgReply(rcvid, s->pulses[(uint8_t)o.a], NULL, 0);
		break;
	case ORDER_PULSE:
		(void)MsgReply(rcvid, 0, &s->last[(uint8_t)o.a], sizeof(struct _pulse));
		break;
	case ORDER_IO:
		(void)MsgReply(rcvid, s->io[o.a], NULL, 0);
		break;
	case ORDER_DIE:
		(void)kill(getpid(), SIGKILL);
		break;
	case ORDER_DESTROY:
		(void)ChannelDestroy(s->chid);
		for (;;)
			pause();
	case ORDER_CLIENT:
		serve_client(s, rcvid);
		break;
	case ORDER_DELIVER:
		(void)MsgReply(rcvid, serve_deliver(s, rcvid), NULL, 0);
		break;
	case ORDER_DELIVER_TO:
		(void)MsgReply(rcvid, serve_deliver(s, (int)o.a), NULL, 0);
		break;
	case ORDER_RCVID:
		(void)MsgReply(rcvid, rcvid, NULL, 0);
		break;
	case ORDER_CALL: {
		const struct order further = {ORDER_TYPE, 0, ORDER_STATUS, o.a + 1, 0};
		int coid = ConnectAttach(0, (pid_t)(o.b >> 32), (int)o.b, _NTO_SIDE_CHANNEL, 0);
		long got = coid < 0 ? -1 : MsgSend(coid, &further, sizeof(further), NULL, 0);

		if (got == -1)
			(void)MsgError(rcvid, errno);
		else
			(void)MsgReply(rcvid, got, NULL, 0);
		(void)ConnectDetach(coid);
		break;
	}
	case ORDER_SUM:
		(void)MsgReply(rcvid, (long)serve_sum(rcvid, (size_t)o.a), NULL, 0);
		break;
	case ORDER_DETACH:
		(void)MsgReply(rcvid, ConnectDetach((int)o.a) == -1 ? errno : 0, NULL, 0);
		break;
	default:
		(void)MsgError(rcvid, ENOSYS);
	}
}

/* As a raw server should: system messages are refused but for those that tell something. */
SERVE_UNUSED void serve_message(struct serve *s, int rcvid)
{
	const uint16_t type = s->in.order.type;

	if (s->info.msglen >= (ssize_t)sizeof(struct order) && type == ORDER_TYPE) {
		serve_order(s, rcvid);
	} else if (s->info.msglen >= 2 && type >= IO_BASE && type <= IO_MAX) {
		s->io[type]++;
		if (type == IO_DUP || type == IO_CLOSE)
			(void)MsgReply(rcvid, 0, NULL, 0);
		else
			(void)MsgError(rcvid, ENOSYS);
	} else {
		serve_echo(s, rcvid, 0, (long)s->info.srcmsglen);
	}
}

SERVE_UNUSED void serve_pulse(struct serve *s)
{
	const uint8_t code = (uint8_t)s->in.pulse.code;

	s->pulses[code]++;
	s->last[code] = s->in.pulse;
	if (s->in.pulse.code == _PULSE_CODE_DISCONNECT)
		(void)ConnectDetach(s->in.pulse.scoid);
}

/* Until the channel is gone. */
SERVE_UNUSED void serve(int chid)
{
	struct serve *s = calloc(1, sizeof(*s));
	int rcvid;

	if (!s)
		return;
	s->chid = chid;
	for (;;) {
		rcvid = MsgReceive(chid, &s->in, sizeof(s->in), &s->info);
		if (rcvid > 0)
			serve_message(s, rcvid);
		else if (rcvid == 0)
			serve_pulse(s);
		else if (errno != EINTR)
			break;
	}
	free(s);
}
