// SPDX-License-Identifier: Apache-2.0
/* Types of messages and codes of pulses that a program attached functions to. */
#include "dispatch/dispatch.h"

#include <errno.h>
#include <stdlib.h>

#include "iofunc/export.h"

/* ---- Messages ---- */

static bool is_overlap(const dispatch_t *dpp, int low, int high)
{
	for (const struct message_range *range = dpp->ranges; range; range = range->next) {
		if (low <= range->high && range->low <= high)
			return true;
	}
	return false;
}

static int range_add(dispatch_t *dpp, const message_attr_t *attr, const struct message_range *what)
{
	const bool is_fallback = attr && attr->flags & MSG_FLAG_DEFAULT_FUNC;
	struct message_range *range;
	int r = dispatch_need_room(dpp, attr ? attr->msg_max_size : 0, attr ? attr->nparts_max : 0);

	if (r < 0)
		return r;
	if (is_fallback) {
		dpp->fallback = *what;
		return 0;
	}
	if (what->low <= _IO_MAX || what->high > UINT16_MAX || what->low > what->high ||
	    is_overlap(dpp, what->low, what->high))
		return -EINVAL;
	if (!(range = malloc(sizeof(*range))))
		return -ENOMEM;
	*range = *what;
	range->next = dpp->ranges;
	dpp->ranges = range;
	return 0;
}

EXPORT int message_attach(dispatch_t *dpp, message_attr_t *attr, int low, int high,
			  int (*func)(message_context_t *ctp, int code, unsigned flags,
				      void *handle),
			  void *handle)
{
	const struct message_range range = {NULL, low, high, func, handle};
	int r;

	if (!dpp || !func)
		return with_errno(-EINVAL);
	r = dispatch_need_channel(dpp);
	if (r < 0)
		return with_errno(r);
	pthread_mutex_lock(&dpp->lock);
	r = range_add(dpp, attr, &range);
	pthread_mutex_unlock(&dpp->lock);
	return with_errno(r);
}

EXPORT int message_detach(dispatch_t *dpp, int low, int high, int flags)
{
	struct message_range *found = NULL, **where;
	int r = -EINVAL;

	if (!dpp)
		return with_errno(r);
	pthread_mutex_lock(&dpp->lock);
	if (flags & MSG_FLAG_DEFAULT_FUNC) {
		r = dpp->fallback.func ? 0 : -EINVAL;
		dpp->fallback.func = NULL;
	} else {
		for (where = &dpp->ranges; *where; where = &(*where)->next) {
			if ((*where)->low == low && (*where)->high == high) {
				found = *where;
				*where = found->next;
				r = 0;
				break;
			}
		}
	}
	pthread_mutex_unlock(&dpp->lock);
	free(found);
	return with_errno(r);
}

bool message_call(resmgr_context_t *ctp, int type, int *ret_status)
{
	dispatch_t *dpp = ctp->dpp;
	struct message_range found = {0};

	if (type <= _IO_MAX)
		return false;
	pthread_mutex_lock(&dpp->lock);
	for (const struct message_range *range = dpp->ranges; range; range = range->next) {
		if (type >= range->low && type <= range->high)
			found = *range;
	}
	pthread_mutex_unlock(&dpp->lock);
	if (!found.func)
		return false;
	*ret_status = found.func(ctp, type, 0, found.handle);
	return true;
}

bool message_call_fallback(resmgr_context_t *ctp, int type, int *ret_status)
{
	dispatch_t *dpp = ctp->dpp;
	struct message_range found;

	pthread_mutex_lock(&dpp->lock);
	found = dpp->fallback;
	pthread_mutex_unlock(&dpp->lock);
	if (!found.func)
		return false;
	*ret_status = found.func(ctp, type, MSG_FLAG_DEFAULT_FUNC, found.handle);
	return true;
}

/* ---- Pulses ---- */

static struct pulse_code **code_where(dispatch_t *dpp, int code)
{
	struct pulse_code **where = &dpp->pulses;

	while (*where && (*where)->code != code)
		where = &(*where)->next;
	return where;
}

static bool is_own(int code)
{
	return code == DISPATCH_PULSE_WAKE || code == DISPATCH_PULSE_SELECT ||
	       code == DISPATCH_PULSE_LINK;
}

static int code_add(dispatch_t *dpp, struct pulse_code *pulse, bool any)
{
	if (any) {
		pulse->code = _PULSE_CODE_MINAVAIL;
		while (pulse->code <= _PULSE_CODE_MAXAVAIL && *code_where(dpp, pulse->code))
			pulse->code++;
		if (pulse->code > _PULSE_CODE_MAXAVAIL)
			return -EAGAIN;
	}
	if (*code_where(dpp, pulse->code))
		return -EINVAL;
	pulse->next = dpp->pulses;
	dpp->pulses = pulse;
	return 0;
}

EXPORT int pulse_attach(dispatch_t *dpp, int flags, int code,
			int (*func)(message_context_t *ctp, int code, unsigned flags, void *handle),
			void *handle)
{
	const bool any = flags & MSG_FLAG_ALLOC_PULSE || (unsigned)code == _RESMGR_PULSE_ALLOC;
	struct pulse_code *pulse;
	int r;

	if (!dpp || !func || (!any && (code < INT8_MIN || code > INT8_MAX || is_own(code))))
		return with_errno(-EINVAL);
	if ((r = dispatch_need_channel(dpp)) < 0)
		return with_errno(r);
	if (!(pulse = malloc(sizeof(*pulse))))
		return with_errno(-ENOMEM);
	*pulse = (struct pulse_code){NULL, code, func, handle};
	pthread_mutex_lock(&dpp->lock);
	r = code_add(dpp, pulse, any);
	code = pulse->code;
	pthread_mutex_unlock(&dpp->lock);
	if (r < 0) {
		free(pulse);
		return with_errno(r);
	}
	return code;
}

EXPORT int pulse_detach(dispatch_t *dpp, int code, int flags)
{
	struct pulse_code *found = NULL, **where;

	(void)flags;
	if (!dpp)
		return with_errno(-EINVAL);
	pthread_mutex_lock(&dpp->lock);
	where = code_where(dpp, code);
	if ((found = *where))
		*where = found->next;
	pthread_mutex_unlock(&dpp->lock);
	if (!found)
		return with_errno(-EINVAL);
	free(found);
	return 0;
}

bool pulse_call(resmgr_context_t *ctp, int code, int *ret_status)
{
	dispatch_t *dpp = ctp->dpp;
	struct pulse_code found = {0};

	pthread_mutex_lock(&dpp->lock);
	if (*code_where(dpp, code))
		found = **code_where(dpp, code);
	pthread_mutex_unlock(&dpp->lock);
	if (!found.func)
		return false;
	*ret_status = found.func(ctp, code, 0, found.handle);
	return true;
}
