// SPDX-License-Identifier: Apache-2.0
/*
 * A device that has something to tell now and then, and readers who wait for it:
 * /dev/tour/events. A timer brings the events; a real device would have interrupts.
 *
 * Who reads when there is nothing is parked: no reply is sent, and the loop goes on. Who
 * waits in select(), or by ionotify(), is told by iofunc_notify_trigger(). A reader who
 * does not want to wait any longer is let go by the unblock handler, and one who closes
 * or dies is forgotten by that of close_dup.
 *
 *   event_device [MILLISECONDS]    between two events; without: 100
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/iofunc.h>
#include <sys/dispatch.h>
#include <sys/neutrino.h>
#include <sys/stat.h>
#include <time.h>

#define PARKED 32

static iofunc_attr_t attr;
static iofunc_notify_t notify[3]; /* to read, to write, out of band */
static struct {
	int rcvid; /* 0: this place is free */
	int scoid, coid;
	size_t nbytes;
} parked[PARKED];
static int events, told; /* so many have been, so many were read */

static size_t say(char text[32], size_t nbytes)
{
	size_t length = (size_t)snprintf(text, 32, "event %d\n", ++told);

	return length < nbytes ? length : nbytes;
}

static int park(const resmgr_context_t *ctp, size_t nbytes)
{
	for (int i = 0; i < PARKED; i++) {
		if (parked[i].rcvid)
			continue;
		parked[i].rcvid = ctp->rcvid;
		parked[i].scoid = ctp->info.scoid;
		parked[i].coid = ctp->info.coid;
		parked[i].nbytes = nbytes;
		return _RESMGR_NOREPLY;
	}
	return EAGAIN;
}

static int event_read(resmgr_context_t *ctp, io_read_t *msg, RESMGR_OCB_T *ocb)
{
	static char text[32];
	size_t nbytes = _IO_READ_GET_NBYTES(msg);
	int nonblock, status = iofunc_read_verify(ctp, msg, ocb, &nonblock);

	if (status != EOK)
		return status;
	if ((msg->i.xtype & _IO_XTYPE_MASK) != _IO_XTYPE_NONE)
		return ENOSYS;
	if (told == events)
		return nonblock ? EAGAIN : park(ctp, nbytes);
	nbytes = say(text, nbytes);
	_IO_SET_READ_NBYTES(ctp, nbytes);
	return _RESMGR_PTR(ctp, text, nbytes);
}

static int event_notify(resmgr_context_t *ctp, io_notify_t *msg, RESMGR_OCB_T *ocb)
{
	int now = told < events ? (int)_NOTIFY_COND_INPUT : 0;

	(void)ocb;
	return iofunc_notify(ctp, msg, notify, now, NULL, NULL);
}

/* A signal, or a time limit: that client is to have EINTR, if it is here. */
static int event_unblock(resmgr_context_t *ctp, io_pulse_t *pulse, RESMGR_OCB_T *ocb)
{
	int status = iofunc_unblock_default(ctp, pulse, ocb);

	if (status != _RESMGR_DEFAULT)
		return status;
	for (int i = 0; i < PARKED; i++) {
		if (parked[i].rcvid != ctp->rcvid)
			continue;
		parked[i].rcvid = 0;
		return EINTR;
	}
	return _RESMGR_DEFAULT;
}

static int event_close_dup(resmgr_context_t *ctp, io_close_t *msg, RESMGR_OCB_T *ocb)
{
	for (int i = 0; i < PARKED; i++) {
		if (!parked[i].rcvid || parked[i].scoid != ctp->info.scoid ||
		    parked[i].coid != ctp->info.coid)
			continue;
		MsgError(parked[i].rcvid, EBADF);
		parked[i].rcvid = 0;
	}
	iofunc_notify_remove(ctp, notify);
	return iofunc_close_dup_default(ctp, msg, ocb);
}

/* The timer: whoever waited first is served, then those are told who only look. */
static int on_tick(message_context_t *ctp, int code, unsigned flags, void *handle)
{
	char text[32];
	size_t nbytes;

	(void)ctp;
	(void)code;
	(void)flags;
	(void)handle;
	iofunc_attr_lock(&attr);
	events++;
	for (int i = 0; i < PARKED && told < events; i++) {
		if (!parked[i].rcvid)
			continue;
		nbytes = say(text, parked[i].nbytes);
		if (MsgReply(parked[i].rcvid, (long)nbytes, text, nbytes) == -1)
			told--; /* it has gone: somebody else will hear of it */
		parked[i].rcvid = 0;
	}
	if (IOFUNC_NOTIFY_INPUT_CHECK(notify, events - told, 0))
		iofunc_notify_trigger(notify, events - told, IOFUNC_NOTIFY_INPUT);
	iofunc_attr_unlock(&attr);
	return 0;
}

static int start_timer(dispatch_t *dpp, int ms)
{
	struct itimerspec every = {{ms / 1000, ms % 1000 * 1000000L},
				   {ms / 1000, ms % 1000 * 1000000L}};
	struct sigevent event;
	timer_t timer;
	int code = pulse_attach(dpp, MSG_FLAG_ALLOC_PULSE, 0, on_tick, NULL);
	int coid = message_connect(dpp, MSG_FLAG_SIDE_CHANNEL);

	if (code == -1 || coid == -1)
		return -1;
	SIGEV_PULSE_INIT(&event, coid, SIGEV_PULSE_PRIO_INHERIT, code, 0);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) == -1)
		return -1;
	return timer_settime(timer, 0, &every, NULL);
}

int main(int argc, char **argv)
{
	static resmgr_connect_funcs_t connect_funcs;
	static resmgr_io_funcs_t io_funcs;
	dispatch_t *dpp = dispatch_create();
	dispatch_context_t *ctp;

	iofunc_func_init(_RESMGR_CONNECT_NFUNCS, &connect_funcs, _RESMGR_IO_NFUNCS, &io_funcs);
	io_funcs.read = event_read;
	io_funcs.notify = event_notify;
	io_funcs.unblock = event_unblock;
	io_funcs.close_dup = event_close_dup;
	iofunc_attr_init(&attr, S_IFCHR | 0444, NULL, NULL);
	IOFUNC_NOTIFY_INIT(notify);
	if (resmgr_attach(dpp, NULL, "/dev/tour/events", _FTYPE_ANY, 0, &connect_funcs, &io_funcs,
			  &attr) == -1 ||
	    start_timer(dpp, argc > 1 ? atoi(argv[1]) : 100) == -1) {
		perror("event_device");
		return EXIT_FAILURE;
	}
	ctp = dispatch_context_alloc(dpp);
	while ((ctp = dispatch_block(ctp)))
		dispatch_handler(ctp);
	perror("dispatch_block() failed");
	return EXIT_FAILURE;
}
