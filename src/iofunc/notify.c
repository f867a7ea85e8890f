// SPDX-License-Identifier: Apache-2.0
/*
 * Notification: ionotify(), and with it select() and poll().
 *
 * A condition has a number: its place in the program's array, and its bit among the extended
 * conditions. INPUT, OUTPUT and OBAND of the older interface are the first three.
 *
 * The lists are the program's, in its attributes, and its attributes' lock is around them.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <sys/iofunc.h>

#include "iofunc/export.h"

#define NOTIFY_LISTS 3

static unsigned of_old(uint32_t flags)
{
	return (flags & _NOTIFY_COND_INPUT ? 1u : 0) | (flags & _NOTIFY_COND_OUTPUT ? 2u : 0) |
	       (flags & _NOTIFY_COND_OBAND ? 4u : 0);
}

static uint32_t to_old(unsigned conditions)
{
	return (conditions & 1 ? _NOTIFY_COND_INPUT : 0) |
	       (conditions & 2 ? _NOTIFY_COND_OUTPUT : 0) |
	       (conditions & 4 ? _NOTIFY_COND_OBAND : 0);
}

/* ---- Lists ---- */

static void list_count(iofunc_notify_t *list)
{
	list->cnt = INT_MAX;
	for (const iofunc_notify_event_t *event = list->list; event; event = event->next) {
		if (event->cnt < list->cnt)
			list->cnt = event->cnt;
	}
}

static bool is_of(const iofunc_notify_event_t *event, const resmgr_context_t *ctp)
{
	return !ctp || (event->scoid == ctp->info.scoid && event->coid == ctp->info.coid);
}

static void list_remove(iofunc_notify_t *list, const resmgr_context_t *ctp)
{
	iofunc_notify_event_t **where = &list->list;

	while (*where) {
		iofunc_notify_event_t *event = *where;

		if (!is_of(event, ctp)) {
			where = &event->next;
			continue;
		}
		*where = event->next;
		free(event);
	}
	list_count(list);
}

EXPORT void iofunc_notify_remove_strict(resmgr_context_t *ctp, iofunc_notify_t *nop, int lim)
{
	for (int i = 0; i < lim; i++)
		list_remove(&nop[i], ctp);
}

EXPORT void iofunc_notify_remove(resmgr_context_t *ctp, iofunc_notify_t *nop)
{
	iofunc_notify_remove_strict(ctp, nop, NOTIFY_LISTS);
}

/* ---- Telling ---- */

static void event_deliver(iofunc_notify_event_t *event, int index)
{
	struct sigevent *what = &event->event;
	const unsigned bit = index < NOTIFY_LISTS ? _NOTIFY_COND_INPUT << index :
						    _NOTIFY_COND_EXTEN;

	if (what->sigev_code == SI_NOTIFY || what->sigev_notify & SIGEV_FLAG_UPDATEABLE)
		what->sigev_value.sival_int = (int)((unsigned)what->sigev_value.sival_int | bit);
	(void)MsgDeliverEvent_r(event->rcvid, what); /* a client that is gone misses nothing */
}

EXPORT void iofunc_notify_trigger_strict(resmgr_context_t *ctp, iofunc_notify_t *nop, int cnt,
					 int index)
{
	iofunc_notify_event_t **where = &nop[index].list;

	while (*where) {
		iofunc_notify_event_t *event = *where;

		if (event->cnt > cnt || !is_of(event, ctp)) {
			where = &event->next;
			continue;
		}
		*where = event->next;
		event_deliver(event, index);
		free(event);
	}
	list_count(&nop[index]);
}

EXPORT void iofunc_notify_trigger(iofunc_notify_t *nop, int cnt, int index)
{
	iofunc_notify_trigger_strict(NULL, nop, cnt, index);
}

/* ---- Asking ---- */

struct notify_ask {
	bool is_exten;
	bool is_change;      /* from nothing to something: a count of 0 */
	unsigned conditions; /* that the client asks about */
	unsigned holds;      /* of them now */
	int count;           /* what the client says there must be; 0: nothing */
	int lists;
};

static int list_add(resmgr_context_t *ctp, const io_notify_t *msg, iofunc_notify_t *list, int count)
{
	iofunc_notify_event_t *event = calloc(1, sizeof(*event));

	if (!event)
		return ENOMEM;
	event->rcvid = ctp->rcvid;
	event->scoid = ctp->info.scoid;
	event->coid = ctp->info.coid;
	event->cnt = count;
	event->flags = (unsigned)msg->i.flags;
	event->event = msg->i.event;
	event->next = list->list;
	list->list = event;
	list_count(list);
	return EOK;
}

static int ask_count(const struct notify_ask *ask, const int *counts, int index)
{
	if (ask->is_change)
		return 0;
	if (ask->count)
		return ask->count;
	return counts ? counts[index] : 1;
}

static int notify_arm(resmgr_context_t *ctp, const io_notify_t *msg, iofunc_notify_t *nop,
		      const struct notify_ask *ask, const int *counts)
{
	int status = EOK;

	iofunc_notify_remove_strict(ctp, nop, ask->lists);
	for (int i = 0; i < ask->lists && status == EOK; i++) {
		if (!(ask->conditions & 1u << i))
			continue;
		status = list_add(ctp, msg, &nop[i], ask_count(ask, counts, i));
	}
	if (status != EOK)
		iofunc_notify_remove_strict(ctp, nop, ask->lists);
	return status;
}

/* Only one client of a file may wait for a change: another one would take it away. */
static bool is_taken(const resmgr_context_t *ctp, const iofunc_notify_t *nop,
		     const struct notify_ask *ask)
{
	for (int i = 0; i < ask->lists; i++) {
		for (const iofunc_notify_event_t *event = nop[i].list; event; event = event->next) {
			if (ask->conditions & 1u << i && event->cnt == 0 && !is_of(event, ctp))
				return true;
		}
	}
	return false;
}

static int notify_reply(resmgr_context_t *ctp, io_notify_t *msg, const struct notify_ask *ask,
			unsigned holds)
{
	const struct _io_notify in = msg->i;

	memset(&msg->o, 0, sizeof(msg->o));
	msg->o.flags = to_old(holds);
	msg->o.flags2 = in.flags;
	msg->o.event = in.event;
	if (!ask->is_exten)
		return _RESMGR_PTR(ctp, &msg->o, offsetof(struct _io_notify_reply, mgr));
	msg->o.flags |= _NOTIFY_COND_EXTEN;
	msg->o.flags_extra_mask = in.flags_extra_mask;
	msg->o.flags_exten = (int32_t)holds;
	msg->o.nfds = in.nfds;
	msg->o.fd_first = in.fd_first;
	msg->o.nfds_ready = holds ? 1 : 0;
	msg->o.timo = in.timo;
	return _RESMGR_PTR(ctp, &msg->o, sizeof(msg->o));
}

static void ask_read(const resmgr_context_t *ctp, const io_notify_t *msg, unsigned trig, int lists,
		     struct notify_ask *ret_ask)
{
	const uint32_t flags = (uint32_t)msg->i.flags;
	const unsigned now = of_old(trig) | (trig & ~_NOTIFY_COND_MASK);

	/* Who says that there is more has sent it. */
	ret_ask->is_exten = flags & _NOTIFY_COND_EXTEN && ctp->size >= ctp->offset + sizeof(msg->i);
	ret_ask->is_change = false;
	ret_ask->conditions = of_old(flags);
	if (ret_ask->is_exten)
		ret_ask->conditions |= (unsigned)msg->i.flags_exten;
	ret_ask->lists = ret_ask->is_exten && lists > NOTIFY_LISTS ? lists : NOTIFY_LISTS;
	ret_ask->conditions &= (1u << ret_ask->lists) - 1;
	ret_ask->holds = ret_ask->conditions & now;
	ret_ask->count = (int)(flags & _NOTIFY_DATA_MASK);
}

EXPORT int iofunc_notify(resmgr_context_t *ctp, io_notify_t *msg, iofunc_notify_t *nop, int trig,
			 const int *notifycounts, int *armed)
{
	const int action = msg->i.action & (int)_NOTIFY_ACTION_MASK;
	const int lists = armed && *armed > 0 && *armed < 31 ? *armed : NOTIFY_LISTS;
	struct notify_ask ask;
	bool arm;
	int status = EOK;

	ask_read(ctp, msg, (unsigned)trig, lists, &ask);
	switch (action) {
	case _NOTIFY_ACTION_TRANARM:
		if (is_taken(ctp, nop, &ask))
			return EBUSY;
		arm = ask.is_change = true;
		break;
	case _NOTIFY_ACTION_EDGEARM:
		arm = true;
		break;
	case _NOTIFY_ACTION_CONDARM:
	case _NOTIFY_ACTION_POLLARM:
		arm = !ask.holds;
		break;
	case _NOTIFY_ACTION_POLL:
		arm = false;
		break;
	default:
		return EINVAL;
	}
	if (arm)
		status = notify_arm(ctp, msg, nop, &ask, notifycounts);
	else
		iofunc_notify_remove_strict(ctp, nop, ask.lists);
	if (armed)
		*armed = arm && status == EOK;
	if (status != EOK)
		return status;
	if (action == _NOTIFY_ACTION_CONDARM)
		return arm ? EAGAIN : notify_reply(ctp, msg, &ask, 0);
	return notify_reply(ctp, msg, &ask, action == _NOTIFY_ACTION_TRANARM ? 0 : ask.holds);
}
