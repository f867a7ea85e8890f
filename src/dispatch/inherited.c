// SPDX-License-Identifier: Apache-2.0
/*
 * Descriptors that came by fork, spawn or exec. On QNX the new process sends _IO_DUP for each;
 * here they are bound as soon as it introduces itself (message/share.c), with no message, so
 * that nobody waits for a server to be born. For a file whose table has a dup handler that is
 * called here, when a pulse says so, or before the first message or the close that comes before
 * the pulse does: once, and before all other handlers of that descriptor. Only in a pool of
 * threads another one may be at the child's first message while it runs.
 *
 * There is nobody to answer: ctp->rcvid is 0. _RESMGR_DEFAULT and what is no error leave it
 * bound; after an error the child has no open file there.
 */
#include <errno.h>

#include "dispatch/dispatch.h"

static int call_dup(resmgr_context_t *ctp, const struct open *open, const struct bound *from)
{
	struct _io_dup synthetic = {.type = _IO_DUP, .combine_len = sizeof(synthetic)};

	if (open->is_dead)
		return EBADF;
	synthetic.info.scoid = from->scoid;
	synthetic.info.coid = from->coid;
	synthetic.info.pid = from->pid;
	synthetic.info.chid = ctp->dpp->chid;
	return open->funcs->dup(ctp, (io_dup_t *)&synthetic, open->ocb);
}

bool inherited_tell(resmgr_context_t *ctp, const struct bound *key)
{
	struct bound who, from;
	struct open *open = binding_enter_untold(&ctp->dpp->bindings, key, &who, &from);
	struct attached_use use;
	struct borrowed borrowed;
	int status;

	if (!open)
		return true;
	attached_enter_again(open->attached, &use);
	context_borrow(&borrowed, ctp, &who, open->attached->id);
	status = call_dup(ctp, open, &from);
	context_give_back(&borrowed);
	attached_leave(&use);
	close_leave(ctp, open, open_replies(open));
	return status <= 0;
}

void inherited_settle(resmgr_context_t *ctp, const struct bound *key)
{
	if (!inherited_tell(ctp, key))
		close_forget_key(ctp, key);
}

void inherited_pulse(resmgr_context_t *ctp)
{
	const struct bound key = {.scoid = ctp->msg->pulse.scoid,
				  .coid = ctp->msg->pulse.value.sival_int};

	inherited_settle(ctp, &key);
}
