// SPDX-License-Identifier: Apache-2.0
/*
 * MsgReceive*(): one round looks at all that has come, takes what is first, and only if there is
 * nothing sleeps. A message that is taken may have been withdrawn meanwhile, or its bytes may
 * turn out to be nowhere: then its client has its answer, and the next one is taken.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/neutrino.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "client/cancel.h"
#include "client/export.h"
#include "client/result.h"
#include "host/linux/guarded.h"
#include "message/bulk.h"
#include "message/caller.h"
#include "message/channel.h"
#include "message/info.h"
#include "message/lane.h"
#include "message/publish.h"
#include "message/ready.h"
#include "message/signals.h"
#include "message/slot.h"
#include "message/thread.h"
#include "message/timeout.h"
#include "message/vec.h"

#define RECEIVE_EVENTS 64
/* How often to look whether there is a descriptor for who was not let in: nothing tells. */
#define FULL_LOOK_NS   100000000

struct receiving {
	struct channel *ch;
	const struct vec *to;
	struct _msg_info *info; /* may be NULL */
	bool pulses_only;
	struct timeout limit;
	struct signals signals;
	int result;
};

/* ---- Taking ---- */

static void adopt_priority(const struct channel *ch, int priority)
{
	if (!(ch->flags & _NTO_CHF_FIXED_PRIORITY))
		thread_priority_set(priority);
}

/* 0, or -EFAULT. Takes the pulse in any case. */
static int give_pulse(struct receiving *r, struct pulse *p)
{
	struct _pulse out;

	memset(&out, 0, sizeof(out));
	out.type = _PULSE_TYPE;
	out.subtype = _PULSE_SUBTYPE;
	out.code = p->code;
	out.value.sival_ptr = (void *)(uintptr_t)p->value;
	out.scoid = p->scoid;
	adopt_priority(r->ch, p->item.priority);
	channel_pulse_free(p);
	return vec_scatter(r->to, 0, &out, sizeof(out)) < 0 ? -EFAULT : 0;
}

/* The client gets @error and is done with. With the lock and BUSY. */
static void refuse(struct caller *c, int error)
{
	caller_answered(c);
	bulk_answer_error(c, error);
}

/* The bytes of a message that is BUSY, and what is to be known of it. Bytes or -EREMOTEIO: ours are
 * bad; else the client's are. */
static ssize_t copy_message(struct receiving *r, struct caller *c)
{
	ssize_t got = bulk_fetch(c, 0, r->to);
	struct _msg_info info;

	if (got < 0 || !r->info)
		return got;
	info_of(c, &info);
	info.msglen = got;
	return guarded_copy(r->info, &info, sizeof(info)) < 0 ? -EREMOTEIO : got;
}

/* 0: it is held; -EFAULT: our buffers are bad; -EAGAIN: the client's are. Either way it has its
 * answer. */
static int hold_message(struct receiving *r, struct caller *c)
{
	ssize_t got = copy_message(r, c);

	if (got < 0) {
		refuse(c, got == -EREMOTEIO ? ESRVRFAULT : got == -ESRCH ? EINTR : EFAULT);
		return got == -EREMOTEIO ? -EFAULT : -EAGAIN;
	}
	if (slot_release(&c->memory->state, c->generation))
		caller_wake(c);
	publish_hold(c->index, c->pid, c->tid);
	adopt_priority(r->ch, c->item.priority);
	return 0;
}

/* Its client has taken it back. Gives its lock back; with the channel's. */
static void caller_withdrawn(struct caller *c)
{
	struct client *client = c->client;

	__atomic_store_n(&c->progress, CALLER_IDLE, __ATOMIC_RELEASE);
	(void)pthread_mutex_unlock(&c->lock); /* as above */
	/* That may be all that kept it from being gone. */
	client_settle(client);
}

/* rcvid; -EAGAIN: look for another; -EFAULT. Gives the channel's lock back while much is copied. */
static int give_message(struct receiving *r, struct caller *c)
{
	bool is_much = c->request.size > (c->is_frames ? c->n_staged : LANE_INLINE);
	struct client *client;
	int rcvid, rc;

	(void)pthread_mutex_lock(&c->lock); /* a plain mutex: cannot fail */
	if (!c->memory || slot_take(&c->memory->state, c->generation) != SLOT_HELD) {
		caller_withdrawn(c);
		return -EAGAIN;
	}
	c->progress = CALLER_HELD;
	caller_count(c);
	rcvid = caller_rcvid(c);
	if (is_much)
		channel_unlock(r->ch);
	rc = hold_message(r, c);
	if (is_much) {
		caller_unlock(c);
		(void)pthread_mutex_lock(&r->ch->lock); /* as above */
	} else {
		client = c->client;
		(void)pthread_mutex_unlock(&c->lock); /* who has the channel brings the news */
		if (rc < 0)
			client_settle(client);
	}
	return rc < 0 ? rc : rcvid;
}

/* What is first: > 0, 0, or -errno; -EAGAIN: there is nothing. */
static int take_first(struct receiving *r)
{
	struct channel *ch = r->ch;

	for (;;) {
		struct queue_item *item = queue_first(&ch->queue, r->pulses_only);
		int rc;

		if (!item)
			return ch->is_dying ? -ESRCH : -EAGAIN;
		queue_remove(&ch->queue, item);
		if (queue_first(&ch->queue, false))
			channel_ring_others(ch);
		if (item->is_pulse)
			return give_pulse(r, (struct pulse *)item);
		rc = give_message(r, (struct caller *)item);
		if (rc != -EAGAIN)
			return rc;
	}
}

/* ---- Waiting ---- */

static const struct timespec at_once = {0, 0};

static int wait_events(const struct guard_fd *set, struct epoll_event *events, int n,
		       const struct timespec *limit)
{
	int cancel, r, error;

	if (limit && limit->tv_sec == 0 && limit->tv_nsec == 0) {
		r = (int)syscall(SYS_epoll_pwait, guard_number(set), events, n, 0, NULL, 8);
		return r < 0 ? -errno : r;
	}
	cancel = cancel_open();
	if (limit) {
		r = (int)syscall(SYS_epoll_pwait2, guard_number(set), events, n, limit, NULL, 8);
		if (r < 0 && errno == ENOSYS) /* before 5.11 */
			r = (int)syscall(SYS_epoll_pwait, guard_number(set), events, n,
					 (int)(limit->tv_sec * 1000 + limit->tv_nsec / 1000000 + 1),
					 NULL, 8);
	} else {
		r = (int)syscall(SYS_epoll_pwait, guard_number(set), events, n, -1, NULL, 8);
	}
	error = errno;
	cancel_close(cancel);
	return r < 0 ? -error : r;
}

/*
 * The same with @mask as the thread's own for the time of the sleep: unlike an epoll_wait() a poll is
 * ended by a handler and by nothing else, such as the process having been stopped. It takes
 * nothing: several threads may be woken.
 */
static int poll_events(const struct guard_fd *set, const struct timespec *limit,
		       const sigset_t *mask)
{
	struct pollfd fd = {.fd = guard_number(set), .events = POLLIN};
	struct timespec left;
	int cancel, r, error;

	if (limit)
		left = *limit; /* the kernel writes what is left into it */
	cancel = cancel_open();
	r = (int)syscall(SYS_ppoll, &fd, 1, limit ? &left : NULL, mask, 8);
	error = errno;
	cancel_close(cancel);
	return r < 0 ? -error : r;
}

/* All that there is now, into the queue. */
static void look_round(struct receiving *r)
{
	struct epoll_event events[RECEIVE_EVENTS];
	const struct guard_fd *set = r->pulses_only ? &r->ch->pulse_waits : &r->ch->waits;
	int n;

	do {
		r->ch->has_grown = false;
		n = wait_events(set, events, RECEIVE_EVENTS, &at_once);
		if (n > 0)
			arrivals_take(r->ch, events, n);
	} while (n == RECEIVE_EVENTS || r->ch->has_grown);
	queue_close_round(&r->ch->queue);
}

struct sleeper {
	struct channel *ch;
	unsigned *count;
};

/* Also when the thread is cancelled: it holds no lock while it sleeps. */
static void woken(void *arg)
{
	struct sleeper *s = arg;

	(void)pthread_mutex_lock(&s->ch->lock);
	--*s->count;
}

static void cancelled(void *arg)
{
	struct sleeper *s = arg;

	woken(arg);
	/* What it was told of, perhaps, in the moment before, is another's. */
	channel_rearm(s->ch);
	channel_ring_others(s->ch);
	channel_leave(s->ch);
}

/* Watches the lane that was used last; true: something came. Without the channel's lock. */
static bool watch_hot(struct channel *ch, struct caller *c, uint32_t *state, uint32_t *watched,
		      uint32_t window)
{
	uint64_t begin = lane_now(), ns = 0;
	bool hit = false;

	(void)c;
	__atomic_store_n(watched, 1, __ATOMIC_SEQ_CST);
	do {
		for (int i = 0; i < 32 && !hit; i++) {
			hit = slot_state(__atomic_load_n(state, __ATOMIC_SEQ_CST)) ==
			      LANE_STATE_READY;
			spin_pause();
		}
		ns = lane_now() - begin;
	} while (!hit && ns < window);
	__atomic_store_n(watched, 0, __ATOMIC_SEQ_CST);
	/* Who saw the word before it was taken back has not rung. */
	if (!hit)
		hit = slot_state(__atomic_load_n(state, __ATOMIC_SEQ_CST)) == LANE_STATE_READY;
	spin_result(&ch->spin, hit, (uint32_t)ns);
	return hit;
}

/* True: the lane that is watched has a message, and it is in the queue. */
static bool spin_for_hot(struct receiving *r)
{
	struct channel *ch = r->ch;
	struct caller *c = ch->hot;
	uint32_t serial, window;
	bool hit;

	if (!c || ch->is_spinning || r->pulses_only || c->is_frames || r->limit.is_armed)
		return false;
	window = spin_window(&ch->spin);
	if (window == 0 || pthread_mutex_trylock(&c->lock) != 0)
		return false;
	if (!c->memory || c->progress != CALLER_IDLE) {
		(void)pthread_mutex_unlock(&c->lock);
		return false;
	}
	/* The caller's lock keeps its memory mapped; who else wants it leaves us word. */
	serial = c->serial;
	ch->is_spinning = true;
	channel_unlock(ch);
	hit = watch_hot(ch, c, &c->memory->state, &c->memory->watched, window);
	caller_unlock(c);
	(void)pthread_mutex_lock(&ch->lock);
	ch->is_spinning = false;
	if (!hit || c->channel != ch || c->serial != serial || ch->is_dying)
		return false;
	arrivals_look(ch, c, false);
	if (queue_first(&ch->queue, false))
		return true;
	/* It says so and is not to be had: it must ring. */
	if (ch->hot == c)
		ch->hot = NULL;
	return false;
}

/* How long at most; NULL: for ever. */
static const struct timespec *sleep_limit(const struct receiving *r, struct timespec *ret)
{
	const struct timespec *limit = timeout_left(&r->limit, ret);

	if (!r->ch->is_full || (limit && limit->tv_sec == 0 && limit->tv_nsec < FULL_LOOK_NS))
		return limit;
	*ret = (struct timespec){.tv_nsec = FULL_LOOK_NS};
	return ret;
}

static int sleep_round(struct receiving *r)
{
	struct channel *ch = r->ch;
	struct epoll_event events[RECEIVE_EVENTS];
	const struct guard_fd *set = r->pulses_only ? &ch->pulse_waits : &ch->waits;
	struct sleeper s = {ch, r->pulses_only ? &ch->n_pulse_sleeping : &ch->n_sleeping};
	struct timespec room;
	const struct timespec *limit = sleep_limit(r, &room);
	int n;

	++*s.count;
	publish_receive(ch->chid);
	channel_unlock(ch);
	pthread_cleanup_push(cancelled, &s);
	n = r->signals.is_held ? poll_events(set, limit, &r->signals.before) :
				 wait_events(set, events, RECEIVE_EVENTS, limit);
	pthread_cleanup_pop(0);
	woken(&s);
	publish_running();
	if (n > 0 && r->signals.is_held)
		n = wait_events(set, events, RECEIVE_EVENTS, &at_once);
	if (n > 0 || (n == 0 && ch->is_full))
		arrivals_take(ch, events, n);
	if (n > 0 && n < RECEIVE_EVENTS)
		queue_close_round(&ch->queue);
	return n;
}

/* 0: look again, at what more there may be if *ret_looks; else why not. */
static int wait_round(struct receiving *r, bool *ret_looks)
{
	int n;

	*ret_looks = true;
	if (spin_for_hot(r))
		return 0;
	if (r->ch->is_dying)
		return -ESRCH;
	if (r->limit.is_armed && r->limit.polls)
		return timeout_expired(&r->limit);
	n = sleep_round(r);
	*ret_looks = n == RECEIVE_EVENTS || r->ch->has_grown;
	if (n == -EINTR)
		return r->signals.is_held ? -EINTR : 0;
	/* A limit that has run out ends as an empty sleep; so does one that another thread was
	 * quicker in. */
	if (n == 0 && r->limit.is_armed && timeout_is_over(&r->limit))
		return timeout_expired(&r->limit);
	return n < 0 ? n : 0;
}

/* Is something there that came after what is queued? Then the order is not known yet. */
static bool must_look(const struct receiving *r)
{
	return r->ch->queue.n[0] > 0 || r->ch->queue.n[1] > 0 ||
	       (r->limit.is_armed && r->limit.polls);
}

static void release_signals(void *signals)
{
	signals_release(signals);
}

static int receive_on(struct receiving *r)
{
	bool looks = must_look(r);
	int rc = r->pulses_only ? channel_want_pulse_waits(r->ch) : 0;

	if (rc < 0) {
		channel_unlock(r->ch);
		return rc;
	}
	r->ch->n_inside++;
	for (;;) {
		int taken;

		if (looks)
			look_round(r);
		taken = take_first(r);
		if (taken != -EAGAIN) {
			rc = taken;
			break;
		}
		rc = wait_round(r, &looks);
		if (rc < 0)
			break;
	}
	/* What we leave may be what we were woken for. */
	if (rc < 0 && queue_first(&r->ch->queue, false))
		channel_ring_others(r->ch);
	channel_leave(r->ch);
	return rc;
}

/*
 * A handler that runs before the sleep begins must end it all the same, as on QNX, where the call is
 * one: so signals with a handler are blocked until the kernel itself lets them in.
 */
static int receive_held(struct receiving *r, int chid)
{
	r->result = -ESRCH;
	if (signals_have_handler())
		signals_hold_caught(&r->signals);
	r->ch = channel_lock_blocked(chid);
	pthread_cleanup_push(release_signals, &r->signals);
	if (r->ch)
		r->result = receive_on(r);
	pthread_cleanup_pop(1);
	return r->result;
}

static int receive(int chid, const struct vec *to, struct _msg_info *info, bool pulses_only)
{
	struct receiving r = {.to = to, .info = info, .pulses_only = pulses_only};
	int saved = errno;
	int rc;

	timeout_take(STATE_RECEIVE, &r.limit);
	if (to->size < sizeof(struct _pulse))
		return -EFAULT;
	rc = receive_held(&r, chid);
	errno = saved;
	return rc;
}

/* ---- The calls ---- */

static int receive_flat(int chid, void *msg, size_t bytes, struct _msg_info *info, bool pulses_only)
{
	struct vec to;

	vec_of(&to, msg, bytes);
	return receive(chid, &to, info, pulses_only);
}

static int receive_parts(int chid, const iov_t *iov, size_t parts, struct _msg_info *info,
			 bool pulses_only)
{
	struct vec to;

	/* Whatever is wrong with our own vector is EFAULT here. */
	if (vec_of_parts(&to, iov, parts) < 0)
		return -EFAULT;
	return receive(chid, &to, info, pulses_only);
}

EXPORT int MsgReceive_r(int chid, void *msg, size_t bytes, struct _msg_info *info)
{
	return receive_flat(chid, msg, bytes, info, false);
}

EXPORT int MsgReceive(int chid, void *msg, size_t bytes, struct _msg_info *info)
{
	return result_errno(receive_flat(chid, msg, bytes, info, false));
}

EXPORT int MsgReceivev_r(int chid, const iov_t *iov, size_t parts, struct _msg_info *info)
{
	return receive_parts(chid, iov, parts, info, false);
}

EXPORT int MsgReceivev(int chid, const iov_t *iov, size_t parts, struct _msg_info *info)
{
	return result_errno(receive_parts(chid, iov, parts, info, false));
}

EXPORT int MsgReceivePulse_r(int chid, void *pulse, size_t bytes, struct _msg_info *info)
{
	return receive_flat(chid, pulse, bytes, info, true);
}

EXPORT int MsgReceivePulse(int chid, void *pulse, size_t bytes, struct _msg_info *info)
{
	return result_errno(receive_flat(chid, pulse, bytes, info, true));
}

EXPORT int MsgReceivePulsev_r(int chid, const iov_t *iov, size_t parts, struct _msg_info *info)
{
	return receive_parts(chid, iov, parts, info, true);
}

EXPORT int MsgReceivePulsev(int chid, const iov_t *iov, size_t parts, struct _msg_info *info)
{
	return result_errno(receive_parts(chid, iov, parts, info, true));
}
