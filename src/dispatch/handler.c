// SPDX-License-Identifier: Apache-2.0
/*
 * Who gets what was received. QNX, dispatch_handler(): attached types first, then resource
 * managers, then the function for all the rest; nobody is left without an answer.
 */
#include "dispatch/dispatch.h"

#include <errno.h>
#include <string.h>

#include "iofunc/export.h"

static int refuse(resmgr_context_t *ctp, int error)
{
	(void)MsgError_r(ctp->rcvid, error); /* who is gone needs no answer */
	return -1;
}

static int disconnected(resmgr_context_t *ctp)
{
	const int scoid = ctp->msg->pulse.scoid;
	int status = 0;

	close_client(ctp->dpp, ctp, scoid);
	/* A program that wants these pulses detaches, as the page of the flag tells it to: after
	 * that the id may be another client's, so we do not. */
	if (!pulse_call(ctp, _PULSE_CODE_DISCONNECT, &status))
		(void)ConnectDetach_r(scoid); /* done before, then */
	return 0;
}

static int pulse(resmgr_context_t *ctp)
{
	const int code = ctp->msg->pulse.code;
	int status = 0;

	switch (code) {
	case _PULSE_CODE_DISCONNECT:
		return disconnected(ctp);
	case _PULSE_CODE_UNBLOCK:
		if (!close_unblock(ctp))
			(void)pulse_call(ctp, code, &status);
		return 0;
	case _PULSE_CODE_COIDDEATH:
		if (!select_server_died(ctp))
			(void)pulse_call(ctp, code, &status);
		return 0;
	case DISPATCH_PULSE_WAKE:
		return 0;
	case DISPATCH_PULSE_LINK:
		close_link(ctp, ctp->msg->pulse.value.sival_int);
		return 0;
	case DISPATCH_PULSE_DUP:
		inherited_pulse(ctp);
		return 0;
	case DISPATCH_PULSE_SELECT:
		return select_pulse(ctp);
	default:
		if (pulse_call(ctp, code, &status))
			return status == -1 ? -1 : 0;
		return code == _PULSE_CODE_THREADDEATH ? -1 : 0;
	}
}

/* name_open() asks for no file behind the name. */
static bool is_name(const resmgr_context_t *ctp)
{
	return ctp->dpp->has_name && ctp->msg->type == _IO_CONNECT &&
	       ctp->size >= sizeof(ctp->msg->connect) &&
	       ctp->msg->connect.subtype == _IO_CONNECT_OPEN &&
	       ctp->msg->connect.file_type == _FTYPE_NAME;
}

static int message(resmgr_context_t *ctp)
{
	int status, type;

	if (ctp->size < sizeof(ctp->msg->type))
		return refuse(ctp, EBADMSG);
	type = ctp->msg->type;
	if (message_call(ctp, type, &status))
		return status == -1 ? -1 : 0;
	if (is_name(ctp)) {
		(void)MsgReply_r(ctp->rcvid, EOK, NULL, 0); /* who is gone needs no answer */
		return 0;
	}
	if (type >= _IO_BASE && type <= _IO_MAX && ctp->dpp->is_resmgr) {
		/* What the handlers' structures have and the client did not send is 0, not of the
		 * message before. */
		if (ctp->size < sizeof(*ctp->msg))
			memset(ctp->extra->buffer + ctp->size, 0, sizeof(*ctp->msg) - ctp->size);
		if (type == _IO_CONNECT)
			connect_message(ctp);
		else
			io_message(ctp);
		return 0;
	}
	if (message_call_fallback(ctp, type, &status))
		return status == -1 ? -1 : 0;
	return refuse(ctp, ENOSYS);
}

EXPORT int dispatch_handler(dispatch_context_t *context)
{
	resmgr_context_t *ctp = &context->resmgr_context;

	if (ctp->rcvid == -1)
		return 0;
	return ctp->rcvid == 0 ? pulse(ctp) : message(ctp);
}
