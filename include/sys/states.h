/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread is doing: 7.0's numbers. QNX Neutrino Programmer's Guide, thread states. */
#pragma once

enum _THREAD_STATE {
	STATE_DEAD = 0,
	STATE_RUNNING = 1,
	STATE_READY = 2,
	STATE_STOPPED = 3,
	STATE_SEND = 4,    /* MsgSend(), nobody has received it */
	STATE_RECEIVE = 5, /* MsgReceive() */
	STATE_REPLY = 6,   /* MsgSend(), received and not answered */
	STATE_STACK = 7,
	STATE_WAITTHREAD = 8,
	STATE_WAITPAGE = 9,
	STATE_SIGSUSPEND = 10,
	STATE_SIGWAITINFO = 11,
	STATE_NANOSLEEP = 12,
	STATE_MUTEX = 13,
	STATE_CONDVAR = 14,
	STATE_JOIN = 15,
	STATE_INTR = 16,
	STATE_SEM = 17,
	STATE_WAITCTX = 18,
	STATE_NET_SEND = 19,
	STATE_NET_REPLY = 20,
	STATE_MAX = 24
};
