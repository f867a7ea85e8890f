// SPDX-License-Identifier: Apache-2.0
#include "io/waiter.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/neutrino.h>
#include <sys/states.h>

#include "message/channel.h"
#include "message/lock.h"
#include "message/ready.h"
#include "message/thread.h"

static struct lock lock = LOCK_INIT;
static struct waiter *spare;
static uint32_t spare_generation;

/* Which descriptor its channel has; false: there is no channel. */
static bool waiter_look(struct waiter *w)
{
	struct channel *ch = channel_lock(w->chid);

	if (!ch)
		return false;
	w->fd = guard_number(&ch->waits);
	channel_unlock(ch);
	return true;
}

static bool waiter_init(struct waiter *w)
{
	w->chid = ChannelCreate_r(_NTO_CHF_PRIVATE);
	if (w->chid < 0)
		return false;
	w->coid = ConnectAttach_r(0, 0, w->chid, _NTO_SIDE_CHANNEL, 0);
	if (w->coid >= 0 && waiter_look(w))
		return true;
	(void)ChannelDestroy_r(w->chid); /* it is ours */
	return false;
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
	/* Its number may be another one now (guard.c). */
	if (w && waiter_look(w))
		return w;
	if (!w)
		w = ready_alloc(sizeof(*w));
	if (!w)
		return NULL;
	w->generation = generation;
	if (waiter_init(w))
		return w;
	waiter_give(w); /* memory that is never freed: for who tries next */
	return NULL;
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

/* Those of the parent are seen to be none by their generation. */
static void waiter_forked(void)
{
	lock_reset(&lock);
}

__attribute__((constructor)) static void waiter_register(void)
{
	(void)pthread_atfork(NULL, NULL, waiter_forked); /* no memory at start: no forks either */
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
