// SPDX-License-Identifier: Apache-2.0
/*
 * A timer that sends pulses. The program makes a channel, a connection to it, and a timer
 * whose event is a pulse over that connection; so ticks come by MsgReceive(), as
 * everything else would that a server waits for.
 *
 *   pulse_timer [TICKS [MILLISECONDS]]
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/neutrino.h>
#include <time.h>

#define CODE_TICK _PULSE_CODE_MINAVAIL

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static timer_t start(int coid, int ms)
{
	struct timespec period = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
	struct itimerspec times = {.it_value = period, .it_interval = period};
	struct sigevent event;
	timer_t timer;

	SIGEV_PULSE_INIT(&event, coid, SIGEV_PULSE_PRIO_INHERIT, CODE_TICK, ms);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) == -1)
		fail("timer_create() failed");
	if (timer_settime(timer, 0, &times, NULL) == -1)
		fail("timer_settime() failed");
	return timer;
}

int main(int argc, char **argv)
{
	int ticks = argc > 1 ? atoi(argv[1]) : 5, ms = argc > 2 ? atoi(argv[2]) : 100;
	int chid = ChannelCreate(0), coid, tick = 0;
	struct _pulse pulse;
	timer_t timer;

	if (chid == -1)
		fail("ChannelCreate() failed");
	coid = ConnectAttach(ND_LOCAL_NODE, 0, chid, _NTO_SIDE_CHANNEL, 0);
	if (coid == -1)
		fail("ConnectAttach() failed");
	timer = start(coid, ms);
	while (tick < ticks) {
		/* It would be a message's id if somebody sent one; there is nobody who could. */
		if (MsgReceive(chid, &pulse, sizeof(pulse), NULL) != 0)
			fail("MsgReceive() failed");
		if (pulse.code == CODE_TICK)
			printf("tick %d of %d, every %d ms\n", ++tick, ticks,
			       pulse.value.sival_int);
	}
	timer_delete(timer);
	ConnectDetach(coid);
	ChannelDestroy(chid);
	return EXIT_SUCCESS;
}
