// SPDX-License-Identifier: Apache-2.0
/* Contexts: memory of one thread for one message after the other, and waiting for them. */
#include "dispatch/dispatch.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "iofunc/export.h"

EXPORT dispatch_context_t *dispatch_context_alloc(dispatch_t *dpp)
{
	struct _extended_context *extra;
	dispatch_context_t *ctp;
	size_t first, parts;

	if (!dpp || dpp->chid == -1) {
		errno = EINVAL;
		return NULL;
	}
	pthread_mutex_lock(&dpp->lock);
	dpp->is_frozen = true;
	pthread_mutex_unlock(&dpp->lock);
	first = align_up(sizeof(*extra), 16);
	parts = align_up(sizeof(*ctp) + dpp->nparts * sizeof(iov_t), 16);
	extra = calloc(1, first + parts + dpp->msg_max + DISPATCH_MSG_SLACK);
	if (!extra)
		return NULL;
	extra->ctp = ctp = (void *)((char *)extra + first);
	extra->buffer = (char *)ctp + parts;
	extra->nparts = dpp->nparts;
	ctp->resmgr_context.msg = (void *)extra->buffer;
	ctp->resmgr_context.dpp = dpp;
	ctp->resmgr_context.extra = extra;
	ctp->resmgr_context.msg_max_size = dpp->msg_max;
	return ctp;
}

EXPORT void dispatch_context_free(dispatch_context_t *ctp)
{
	if (ctp)
		free(ctp->resmgr_context.extra);
}

/* Whatever happens in between, the limit is for the receive alone: it goes with it. */
static int context_receive(resmgr_context_t *ctp)
{
	dispatch_t *dpp = ctp->dpp;
	const uint64_t ns = atomic_load_explicit(&dpp->timeout_ns, memory_order_relaxed);
	int rcvid;

	atomic_fetch_add_explicit(&dpp->n_blocked, 1, memory_order_relaxed);
	if (ns)
		(void)TimerTimeout_r(CLOCK_MONOTONIC, _NTO_TIMEOUT_RECEIVE, NULL, &ns, NULL);
	rcvid = MsgReceive_r(dpp->chid, ctp->extra->buffer, ctp->msg_max_size, &ctp->info);
	atomic_fetch_sub_explicit(&dpp->n_blocked, 1, memory_order_relaxed);
	return rcvid;
}

EXPORT dispatch_context_t *dispatch_block(dispatch_context_t *context)
{
	resmgr_context_t *ctp = &context->resmgr_context;
	int rcvid = context_receive(ctp);

	if (rcvid < 0 && rcvid != -ETIMEDOUT) {
		errno = -rcvid;
		return NULL;
	}
	/* A select function may have changed it: the context is a union. */
	ctp->msg = (void *)ctp->extra->buffer;
	ctp->rcvid = rcvid < 0 ? -1 : rcvid;
	ctp->id = -1;
	ctp->status = 0;
	ctp->offset = 0;
	ctp->size = rcvid > 0 ? (size_t)ctp->info.msglen : sizeof(struct _pulse);
	if (rcvid == 0) {
		memset(&ctp->info, 0, sizeof(ctp->info));
		ctp->info.scoid = ctp->msg->pulse.scoid;
		ctp->info.coid = -1;
	}
	return context;
}

void context_borrow(struct borrowed *ret, resmgr_context_t *ctp, const struct bound *who, int id)
{
	*ret = (struct borrowed){ctp,         ctp->rcvid,  ctp->id,  ctp->info,
				 ctp->status, ctp->offset, ctp->size};
	ctp->rcvid = 0;
	ctp->id = id;
	ctp->status = 0;
	ctp->offset = 0;
	if (!who)
		return;
	memset(&ctp->info, 0, sizeof(ctp->info));
	ctp->info.scoid = who->scoid;
	ctp->info.coid = who->coid;
	ctp->info.pid = who->pid;
	ctp->info.chid = ctp->dpp->chid;
}

void context_give_back(const struct borrowed *borrowed)
{
	borrowed->ctp->rcvid = borrowed->rcvid;
	borrowed->ctp->id = borrowed->id;
	borrowed->ctp->info = borrowed->info;
	borrowed->ctp->status = borrowed->status;
	borrowed->ctp->offset = borrowed->offset;
	borrowed->ctp->size = borrowed->size;
}

EXPORT void dispatch_unblock(dispatch_context_t *context)
{
	dispatch_t *dpp = context->resmgr_context.dpp;
	const unsigned blocked = atomic_load(&dpp->n_blocked);
	const int coid = dispatch_wake_coid(dpp);

	/* Each of them lets one thread return. */
	for (unsigned i = 0; i < blocked && coid >= 0; i++)
		(void)MsgSendPulse_r(coid, -1, DISPATCH_PULSE_WAKE, 0); /* no memory: fewer wake */
}

/* ---- The same for resource managers alone ---- */

EXPORT resmgr_context_t *resmgr_context_alloc(dispatch_t *dpp)
{
	dispatch_context_t *context = dispatch_context_alloc(dpp);

	return context ? &context->resmgr_context : NULL;
}

EXPORT resmgr_context_t *resmgr_block(resmgr_context_t *ctp)
{
	dispatch_context_t *context = dispatch_block(ctp->extra->ctp);

	return context ? &context->resmgr_context : NULL;
}

EXPORT int resmgr_handler(resmgr_context_t *ctp)
{
	return dispatch_handler(ctp->extra->ctp);
}

EXPORT void resmgr_unblock(resmgr_context_t *ctp)
{
	dispatch_unblock(ctp->extra->ctp);
}

EXPORT void resmgr_context_free(resmgr_context_t *ctp)
{
	if (ctp)
		dispatch_context_free(ctp->extra->ctp);
}
