// SPDX-License-Identifier: Apache-2.0
/* Handles: their channel, their limits, their end. */
#include "dispatch/dispatch.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/util.h"
#include "iofunc/export.h"
#include "message/share.h"

EXPORT dispatch_t *dispatch_create(void)
{
	dispatch_t *dpp = calloc(1, sizeof(*dpp));

	if (!dpp || bindings_init(&dpp->bindings) < 0) {
		free(dpp);
		errno = ENOMEM;
		return NULL;
	}
	pthread_mutex_init(&dpp->lock, NULL);
	dpp->chid = -1;
	dpp->wake_coid = -1;
	dpp->msg_max = DISPATCH_MSG_MIN;
	dpp->nparts = DISPATCH_PARTS_MIN;
	return dpp;
}

EXPORT dispatch_t *dispatch_create_channel(int chid, unsigned flags)
{
	dispatch_t *dpp = dispatch_create();
	int r = 0;

	if (!dpp)
		return NULL;
	dpp->flags = flags;
	if (chid == -1)
		r = dispatch_need_channel(dpp);
	else
		dpp->chid = chid;
	if (r < 0) {
		(void)dispatch_destroy(dpp); /* nothing is attached: it cannot fail */
		errno = -r;
		return NULL;
	}
	return dpp;
}

int dispatch_need_channel(dispatch_t *dpp)
{
	unsigned flags = _NTO_CHF_UNBLOCK | _NTO_CHF_DISCONNECT;
	int r = 0;

	if (dpp->flags & DISPATCH_FLAG_CHANNEL_COIDDEATH)
		flags |= _NTO_CHF_COID_DISCONNECT;
	pthread_mutex_lock(&dpp->lock);
	if (dpp->chid == -1) {
		r = ChannelCreate_r(flags);
		if (r >= 0) {
			dpp->chid = r;
			dpp->owns_channel = true;
			r = 0;
		}
	}
	pthread_mutex_unlock(&dpp->lock);
	return r;
}

int dispatch_name_channel(dispatch_t *dpp)
{
	const int r = dispatch_need_channel(dpp);

	if (r < 0)
		return r;
	dpp->has_name = true;
	return dpp->chid;
}

dispatch_t *dispatch_name_handle(int chid)
{
	dispatch_t *dpp = dispatch_create_channel(chid, 0);

	if (dpp)
		dpp->owns_channel = dpp->has_name = true;
	return dpp;
}

void dispatch_name_end(dispatch_t *dpp)
{
	(void)dispatch_destroy(dpp); /* it is one */
}

int dispatch_need_room(dispatch_t *dpp, size_t msg_max, unsigned nparts)
{
	if (dpp->is_frozen && (msg_max > dpp->msg_max || nparts > dpp->nparts))
		return -EINVAL;
	dpp->msg_max = MAX(dpp->msg_max, msg_max);
	dpp->nparts = MAX(dpp->nparts, nparts);
	return 0;
}

int dispatch_wake_coid(dispatch_t *dpp)
{
	int coid = dpp->wake_coid;

	if (coid != -1)
		return coid;
	pthread_mutex_lock(&dpp->lock);
	coid = dpp->wake_coid;
	if (coid == -1 && dpp->chid == -1)
		coid = -EINVAL;
	if (coid == -1) {
		coid = ConnectAttach_r(0, 0, dpp->chid, _NTO_SIDE_CHANNEL, 0);
		if (coid >= 0)
			dpp->wake_coid = coid;
	}
	pthread_mutex_unlock(&dpp->lock);
	return coid;
}

EXPORT int message_connect(dispatch_t *dpp, int flags)
{
	if (!dpp || dpp->chid == -1)
		return with_errno(-EINVAL);
	return with_errno(ConnectAttach_r(
		0, 0, dpp->chid, flags & MSG_FLAG_SIDE_CHANNEL ? _NTO_SIDE_CHANNEL : 0, 0));
}

EXPORT int dispatch_timeout(dispatch_t *dpp, struct timespec *reltime)
{
	if (!dpp || (reltime && (reltime->tv_sec < 0 || reltime->tv_nsec < 0 ||
				 reltime->tv_nsec >= 1000000000)))
		return with_errno(-EINVAL);
	dpp->timeout_ns =
		reltime ? (uint64_t)reltime->tv_sec * 1000000000u + (uint64_t)reltime->tv_nsec : 0;
	return 0;
}

static void lists_free(dispatch_t *dpp)
{
	while (dpp->ranges) {
		struct message_range *next = dpp->ranges->next;

		free(dpp->ranges);
		dpp->ranges = next;
	}
	while (dpp->pulses) {
		struct pulse_code *next = dpp->pulses->next;

		free(dpp->pulses);
		dpp->pulses = next;
	}
}

EXPORT int dispatch_destroy(dispatch_t *dpp)
{
	int id;

	if (!dpp)
		return with_errno(-EINVAL);
	while ((id = attached_any(dpp)) >= 0)
		(void)resmgr_detach(dpp, id, _RESMGR_DETACH_ALL); /* ours to detach */
	if (dpp->is_resmgr)
		channel_set_rules(dpp->chid, NULL, NULL);
	close_name(dpp, NULL, NULL, false);
	select_fini(dpp);
	if (dpp->wake_coid != -1)
		(void)ConnectDetach_r(dpp->wake_coid); /* gone, then */
	if (dpp->owns_channel)
		(void)ChannelDestroy_r(dpp->chid); /* gone, then */
	lists_free(dpp);
	bindings_fini(&dpp->bindings);
	pthread_mutex_destroy(&dpp->lock);
	free(dpp);
	return 0;
}
