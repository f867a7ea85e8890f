// SPDX-License-Identifier: Apache-2.0
/*
 * Ends. close_dup runs for each key that goes, whether by a message, by the client's death or
 * by resmgr_detach(); close_ocb once, after the last of them. And who wants to leave before it
 * is answered is handed to an unblock handler.
 */
#include <errno.h>
#include <string.h>

#include "dispatch/dispatch.h"
#include "iofunc/export.h"
#include "message/share.h"

void close_end(resmgr_context_t *ctp, struct open *open)
{
	struct attached_use use;
	struct borrowed borrowed;

	if (!open->is_dead && ctp && open->funcs->nfuncs > 2 && open->funcs->close_ocb) {
		attached_enter_again(open->attached, &use);
		context_borrow(&borrowed, ctp, NULL, open->attached->id);
		(void)open->funcs->close_ocb(ctp, NULL, open->ocb); /* there is nobody to tell */
		context_give_back(&borrowed);
		attached_leave(&use);
	}
	open_free(open);
}

void close_leave(resmgr_context_t *ctp, struct open *open, bool is_ender)
{
	open_leave(&ctp->dpp->bindings, open, is_ender);
	if (is_ender)
		close_end(ctp, open);
}

static int call_close_dup(resmgr_context_t *ctp, struct open *open)
{
	struct _io_close synthetic = {.type = _IO_CLOSE};
	struct attached_use use;
	int status = _RESMGR_DEFAULT;

	if (open->is_dead || open->funcs->nfuncs <= _IO_CLOSE - _IO_READ || !open->funcs->close_dup)
		return EOK;
	synthetic.combine_len = sizeof(synthetic);
	attached_enter_again(open->attached, &use);
	if (ctp->rcvid == 0)
		status = open->funcs->close_dup(ctp, (io_close_t *)&synthetic, open->ocb);
	else
		status = open->funcs->close_dup(ctp, &ctp->msg->close, open->ocb);
	attached_leave(&use);
	return status == _RESMGR_DEFAULT ? EOK : status;
}

/* The caller has taken the key for itself and is in @open. */
static void key_end(resmgr_context_t *ctp, dispatch_t *dpp, const struct bound *who,
		    struct open *open)
{
	struct open *end;

	open_leave_close(open);
	if (binding_drop(&dpp->bindings, who, &end) == 0 && end)
		close_end(ctp, end);
}

/* What our own library says behind an _IO_CLOSE: enum close_how. */
static uint32_t close_how(const resmgr_context_t *ctp)
{
	uint32_t word = 0;

	if (ctp->size >= sizeof(struct _io_close) + sizeof(word))
		memcpy(&word, ctp->extra->buffer + sizeof(struct _io_close), sizeof(word));
	return word;
}

/* It is closed, and what the client may call its connection from now on. */
static void reply_idle(const resmgr_context_t *ctp, const struct bound *who)
{
	const struct close_idle answer = {
		.magic = CLOSE_IDLE_MAGIC,
		.link = channel_keep(ctp->dpp->chid, who->scoid, who->coid),
	};

	(void)MsgReply_r(ctp->rcvid, EOK, &answer, sizeof(answer)); /* gone: none to tell */
}

void close_message(resmgr_context_t *ctp)
{
	const struct bound who = context_who(ctp);
	const uint32_t how = close_how(ctp);
	struct open *open;
	int status;

	inherited_settle(ctp, &who);
	open = binding_enter_close(&ctp->dpp->bindings, &who);
	if (!open) {
		(void)reply_status(ctp, EBADF); /* gone: none to tell */
		return;
	}
	ctp->id = open->attached->id;
	status = call_close_dup(ctp, open);
	if (status == _RESMGR_DELAY_CLOSE) {
		binding_delay_close(&ctp->dpp->bindings, &who, open);
		/* Who completed it while we were in it has left the end to us. */
		close_leave(ctp, open, open_replies(open));
		return;
	}
	/* Before the reply: a client that closed knows that the server has closed. */
	if (how == CLOSE_IS_SHARED && channel_part(ctp->dpp->chid, who.scoid, who.coid))
		close_leave(ctp, open, open_replies(open));
	else
		key_end(ctp, ctp->dpp, &who, open);
	if (how == CLOSE_IDLES && status == EOK)
		reply_idle(ctp, &who);
	else
		(void)reply_status(ctp, status); /* it is closed, told or not */
}

EXPORT int _resmgr_complete_delayed_close(resmgr_context_t *ctp)
{
	const struct bound who = context_who(ctp);
	struct open *end;

	if (binding_drop(&ctp->dpp->bindings, &who, &end) < 0) {
		errno = ESRCH;
		return -1;
	}
	if (end)
		close_end(ctp, end);
	(void)MsgReply_r(ctp->rcvid, EOK, NULL, 0); /* gone: none to tell */
	return 0;
}

void close_forget_key(resmgr_context_t *ctp, const struct bound *who)
{
	struct open *open = binding_enter_close(&ctp->dpp->bindings, who);

	if (open)
		key_end(ctp, ctp->dpp, who, open);
}

void close_forget(resmgr_context_t *ctp)
{
	const struct bound who = context_who(ctp);

	close_forget_key(ctp, &who);
}

static void close_key(resmgr_context_t *ctp, const struct bound *who, struct open *open)
{
	const bool is_held = inherited_tell(ctp, who);
	struct borrowed borrowed;

	context_borrow(&borrowed, ctp, who, open->attached->id);
	if (is_held)
		(void)call_close_dup(ctp, open); /* nobody waits for the answer */
	key_end(ctp, ctp->dpp, who, open);
	context_give_back(&borrowed);
}

void close_stale(resmgr_context_t *ctp)
{
	const struct bound who = context_who(ctp);
	struct open *open = binding_enter_close(&ctp->dpp->bindings, &who);

	if (open)
		close_key(ctp, &who, open);
}

void close_link(resmgr_context_t *ctp, int number)
{
	const struct bound who = {.coid = number};
	struct bound was = {.scoid = 0};
	struct open *open = binding_enter_close_link(&ctp->dpp->bindings, number, &was);
	struct borrowed borrowed;
	bool is_held;

	if (!open)
		return;
	is_held = inherited_tell(ctp, &who);
	context_borrow(&borrowed, ctp, was.scoid ? &was : &who, open->attached->id);
	if (was.scoid && is_held)
		(void)call_close_dup(ctp, open); /* nobody waits for the answer */
	key_end(ctp, ctp->dpp, &who, open);
	context_give_back(&borrowed);
}

void close_client(dispatch_t *dpp, resmgr_context_t *ctp, int scoid)
{
	struct bound who;
	struct open *open;

	while ((open = binding_enter_close_any(&dpp->bindings, scoid, &who)))
		close_key(ctp, &who, open);
}

void close_name(dispatch_t *dpp, resmgr_context_t *ctp, const struct attached *attached, bool run)
{
	dispatch_context_t *own = NULL;
	struct bound who;
	struct open *open;

	if (run && !ctp && (own = dispatch_context_alloc(dpp)))
		ctp = &own->resmgr_context;
	while ((open = binding_enter_close_name(&dpp->bindings, attached, &who))) {
		if (run && ctp)
			close_key(ctp, &who, open);
		else
			key_end(NULL, dpp, &who, open);
	}
	dispatch_context_free(own);
}

/* ---- Leaving early ---- */

/* A handler answered the request, or nothing was found; a client that waits may go on to. */
static void unblock_status(resmgr_context_t *ctp, int status)
{
	if (status > 0)
		(void)MsgError_r(ctp->rcvid, status); /* answered meanwhile: as good */
}

static bool unblock_io(resmgr_context_t *ctp, io_pulse_t *pulse)
{
	const struct bound who = context_who(ctp);
	struct open *open = binding_enter(&ctp->dpp->bindings, &who, true);
	struct attached_use use;
	int status = _RESMGR_DEFAULT;

	if (!open)
		return false;
	attached_enter_again(open->attached, &use);
	ctp->id = open->attached->id;
	if (!open->is_dead && open->funcs->nfuncs > _IO_RSVD_UNBLOCK - _IO_READ &&
	    open->funcs->unblock)
		status = open->funcs->unblock(ctp, pulse, open->ocb);
	unblock_status(ctp, status);
	close_leave(ctp, open, open_replies(open));
	attached_leave(&use);
	return true;
}

/* Which name the request is about stands in it, still at the client. */
static bool unblock_connect(resmgr_context_t *ctp, io_pulse_t *pulse)
{
	const resmgr_connect_funcs_t *funcs;
	struct _io_connect connect;
	struct attached_use use;
	struct attached *attached;
	int status = _RESMGR_DEFAULT;

	if (MsgRead_r(ctp->rcvid, &connect, sizeof(connect), 0) != sizeof(connect) ||
	    connect.type != _IO_CONNECT)
		return false;
	attached = attached_enter(ctp->dpp, (int)connect.handle, &use);
	if (!attached)
		return false;
	ctp->id = attached->id;
	funcs = attached->connect_funcs;
	if (funcs->nfuncs > _IO_CONNECT_RSVD_UNBLOCK - _IO_CONNECT_OPEN && funcs->unblock)
		status = funcs->unblock(ctp, pulse, attached->handle, NULL);
	unblock_status(ctp, status);
	attached_leave(&use);
	return true;
}

bool close_unblock(resmgr_context_t *ctp)
{
	struct _pulse pulse = ctp->msg->pulse;
	struct _msg_info info;
	struct borrowed borrowed;
	bool found;

	/* Answered before we came here, or the rcvid is another request's by now. */
	if (MsgInfo_r(pulse.value.sival_int, &info) != EOK || !(info.flags & _NTO_MI_UNBLOCK_REQ))
		return true;
	context_borrow(&borrowed, ctp, NULL, -1);
	ctp->rcvid = pulse.value.sival_int;
	ctp->info = info;
	found = unblock_io(ctp, &pulse) || unblock_connect(ctp, &pulse);
	context_give_back(&borrowed);
	return found;
}
