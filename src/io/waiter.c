// SPDX-License-Identifier: Apache-2.0
#include "io/waiter.h"

#include <errno.h>
#include <sys/neutrino.h>
#include <sys/states.h>

#include "message/channel.h"
#include "message/lock.h"
#include "message/ready.h"
#include "message/thread.h"

static struct lock lock = LOCK_INIT;
static struct waiter *spare;
static uint32_t spare_generation;

static struct waiter *waiter_new(struct waiter *w, uint32_t generation)
{
	struct channel *ch;

	if (!w)
		w = ready_alloc(sizeof(*w));
	if (!w)
		return NULL;
	w->generation = generation;
	w->chid = ChannelCreate_r(_NTO_CHF_PRIVATE);
	if (w->chid < 0)
		return NULL;
	w->coid = ConnectAttach_r(0, 0, w->chid, _NTO_SIDE_CHANNEL, 0);
	ch = w->coid < 0 ? NULL : channel_lock(w->chid);
	if (!ch) {
		(void)ChannelDestroy_r(w->chid); /* it is ours */
		return NULL;
	}
	w->fd = guard_number(&ch->waits);
	channel_unlock(ch);
	return w;
}

struct waiter *waiter_take(void)
{
	uint32_t generation = thread_generation();
	struct waiter *w;
	sigset_t mask;

	if (ready() < 0)
		return NULL;
	lock_take(&lock, &mask);
	if (spare_generation != generation)
		spare = NULL;
	spare_generation = generation;
	w = spare;
	if (w)
		spare = w->next;
	lock_give(&lock, &mask);
	if (!w)
		return waiter_new(NULL, generation);
	/* Its number may be another one now (guard.c). */
	{
		struct channel *ch = channel_lock(w->chid);

		if (!ch)
			return waiter_new(w, generation);
		w->fd = guard_number(&ch->waits);
		channel_unlock(ch);
	}
	return w;
}

void waiter_give(struct waiter *w)
{
	sigset_t mask;

	lock_take(&lock, &mask);
	if (spare_generation == w->generation) {
		w->next = spare;
		spare = w;
	}
	lock_give(&lock, &mask);
}

void waiter_drain(const struct waiter *w)
{
	struct _pulse pulse;
	uint64_t none = 0;
	int rc;

	do {
		rc = TimerTimeout_r(CLOCK_MONOTONIC, 1 << STATE_RECEIVE, NULL, &none, NULL);
		if (rc < 0)
			return;
		rc = MsgReceivePulse_r(w->chid, &pulse, sizeof(pulse), NULL);
	} while (rc == 0);
}
