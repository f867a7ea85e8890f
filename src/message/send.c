// SPDX-License-Identifier: Apache-2.0
/*
 * MsgSend*(): the client's side of a message.
 *
 * What is sent is described in the lane, the state word is moved to READY, the server's bell is
 * rung. Then the client looks for a moment, and sleeps in a receive on the lane's socket: a
 * record there says "look", brings the answer, or asks for bytes; its end says that the server
 * is gone; a signal ends the receive, whatever SA_RESTART says, as on QNX.
 *
 * Where the client may not leave by itself (_NTO_CHF_UNBLOCK) signals are held back meanwhile.
 * Until the lane has been taken up it is not known whether that is so, and it is taken for so.
 */
#include "message/send.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/neutrino.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "client/cancel.h"
#include "client/export.h"
#include "message/connection.h"
#include "message/lane.h"
#include "message/publish.h"
#include "message/ready.h"
#include "message/signals.h"
#include "message/slot.h"
#include "message/timeout.h"
#include "wire/packet.h"

/* A server that died so long ago was dead before the message. */
#define SEND_FRESH_NS  50000
/* How often to look whether a message was received, when only the time behind that is limited. */
#define SEND_LOOK_NS   10000000
/* An attempt to block that is to fail at once: as long as a waiting server takes to receive. */
#define SEND_POLL_NS   2000000
#define SEND_PARTS_MAX 256

struct sending {
	struct connection *c;
	struct lane_end *l;
	struct lane *m;
	const struct vec *send, *reply;
	struct signals signals;
	struct timeout limit;
	bool limits_send, limits_reply;
	bool is_cancellable;
	bool is_asked;   /* the server knows that we want to leave */
	bool is_told;    /* published that we are blocked */
	bool has_answer; /* frames: the REPLY record is here */
	int leave_error; /* why we wanted to */
	struct lane_reply answer;
};

/* A record, and what may come behind one. */
struct send_buffer {
	struct lane_record record;
	uint8_t bytes[LANE_FRAME];
};

/* ---- Giving the message away ---- */

static void fill_request(struct sending *s, struct lane_request *q)
{
	const struct vec *out = s->send, *in = s->reply;
	bool is_one = out->n == 1, is_one_in = in->n == 1;

	q->coid = CONNECTION_GET(s->c, coid);
	q->tid = s->l->tid;
	q->priority = thread_priority();
	q->flags = CONNECTION_GET(s->c, flags);
	q->size = out->size;
	q->room = in->size;
	q->ticket = s->l->last_ns;
	q->send_at = (uintptr_t)(is_one ? out->parts[0].iov_base : (const void *)out->parts);
	q->reply_at = (uintptr_t)(is_one_in ? in->parts[0].iov_base : (const void *)in->parts);
	q->send_parts = is_one ? 0 : (uint32_t)out->n;
	q->reply_parts = is_one_in ? 0 : (uint32_t)in->n;
}

static int give_in_memory(struct sending *s)
{
	struct lane *m = s->m;
	struct lane_request *q = &m->request;
	ssize_t rc;

	fill_request(s, q);
	rc = vec_gather(s->send, 0, lane_request_place(m, q->size, q->send_at), LANE_HERE(q->size));
	if (rc < 0)
		return (int)rc;
	__atomic_store_n(&s->l->generation, slot_publish(&m->state), __ATOMIC_RELEASE);
	/* It says that it looks, and looks again after it has said no more: one of us sees
	 * the other. */
	if (!__atomic_load_n(&m->watched, __ATOMIC_SEQ_CST))
		lane_ring(s->l);
	else
		spin_hint(&s->l->spin);
	return 0;
}

/* ---- Leaving ---- */

/* @error is why. True: it has left. */
static bool leave(struct sending *s, int error)
{
	switch (lane_withdraw(s->m, s->l->generation, error == -ETIMEDOUT)) {
	case SLOT_LEFT:
		s->leave_error = error;
		return true;
	case SLOT_DONE:
		return false;
	case SLOT_ASKED:
		lane_ring(s->l);
		s->is_asked = true;
		return false;
	case SLOT_STAYS:
		s->leave_error = error;
		/* Who detached the connection has asked already. */
		s->is_asked = !lane_may_leave(s->m);
		return false;
	}
	return false;
}

/* ---- What the server asks meanwhile ---- */

/* Without access to our memory it asks us for the bytes. */
static void serve_fetch(struct sending *s, const struct lane_record *ask)
{
	struct lane_record record = {
		.magic = LANE_MAGIC,
		.kind = LANE_KIND_DATA,
		.generation = ask->generation,
		.offset = ask->offset,
	};
	size_t want = MIN(ask->size, (uint64_t)LANE_WINDOW);
	uint8_t *window =
		mmap(NULL, LANE_WINDOW, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec parts[2] = {{&record, sizeof(record)}, {window, 0}};
	ssize_t got = window == MAP_FAILED ? -ENOMEM :
					     vec_gather(s->send, ask->offset, window, want);

	if (got < 0 || (size_t)got < ask->size)
		record.error = got < 0 ? (int)-got : EFAULT;
	else
		record.size = parts[1].iov_len = (size_t)got;
	/* If it fails the server is gone, which the next receive tells, or has given up asking. */
	(void)packet_send(guard_number(&s->l->socket), parts, 2, MSG_DONTWAIT);
	if (window != MAP_FAILED)
		(void)munmap(window, LANE_WINDOW); /* it is ours: cannot fail */
}

static void serve_put(struct sending *s, const struct lane_record *ask)
{
	struct lane_record record = {
		.magic = LANE_MAGIC,
		.kind = LANE_KIND_DATA,
		.generation = ask->generation,
		.offset = ask->offset,
	};
	uint8_t *window =
		mmap(NULL, LANE_WINDOW, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec part = {window, window == MAP_FAILED ? 0 : LANE_WINDOW};
	struct iovec answer = {&record, sizeof(record)};
	ssize_t got = packet_recv(guard_number(&s->l->socket), &part, 1, 0);

	if (window == MAP_FAILED)
		got = -ENOMEM;
	if (got > 0)
		got = vec_scatter(s->reply, ask->offset, window, (size_t)got);
	if (got < 0)
		record.error = (int)-got;
	(void)packet_send(guard_number(&s->l->socket), &answer, 1, MSG_DONTWAIT); /* as above */
	if (window != MAP_FAILED)
		(void)munmap(window, LANE_WINDOW); /* as above */
}

/* The bytes behind the record are in @b. */
static void take_answer(struct sending *s, const struct send_buffer *b, size_t len)
{
	const struct lane_record *record = &b->record;

	s->has_answer = true;
	s->answer.status = (int64_t)record->offset;
	s->answer.error = record->error;
	s->answer.size = 0;
	if (len > 0 && vec_scatter(s->reply, 0, b->bytes, MIN(len, s->reply->size)) < 0)
		s->answer.error = EFAULT;
}

static void take_record(struct sending *s, const struct send_buffer *b, size_t len)
{
	const struct lane_record *record = &b->record;

	if (len < sizeof(*record) || record->magic != LANE_MAGIC ||
	    record->generation != s->l->generation)
		return; /* a wake-up for a former message */
	switch ((enum lane_kind)record->kind) {
	case LANE_KIND_REPLY:
		take_answer(s, b, len - sizeof(*record));
		break;
	case LANE_KIND_FETCH:
		serve_fetch(s, record);
		break;
	case LANE_KIND_PUT:
		serve_put(s, record);
		break;
	case LANE_KIND_WAKE:
	case LANE_KIND_SEND:
	case LANE_KIND_PULSE:
	case LANE_KIND_DATA:
		break;
	}
}

/* ---- Sleeping ---- */

/* How long at most; NULL: for ever. */
static const struct timespec *sleep_limit(const struct sending *s, struct timespec *ret)
{
	if (s->limit.is_armed && s->limit.polls) {
		ret->tv_sec = 0;
		ret->tv_nsec = SEND_POLL_NS;
		return ret;
	}
	return timeout_left(&s->limit, ret);
}

static long raw_ppoll(struct pollfd *fds, unsigned n, const struct timespec *limit,
		      const sigset_t *mask)
{
	struct timespec left;

	if (limit)
		left = *limit; /* the kernel writes what is left into it */
	return syscall(SYS_ppoll, fds, n, limit ? &left : NULL, mask, 8);
}

/* Until something is there: 0; a signal is held back, or a handler ran: -EINTR; -ETIMEDOUT. */
static int sleep_poll(struct sending *s, short events)
{
	struct pollfd fds[2] = {
		{.fd = guard_number(&s->l->socket), .events = events},
		{.fd = s->is_asked ? -1 : s->signals.fd, .events = POLLIN},
	};
	unsigned n = fds[1].fd >= 0 ? 2 : 1;
	/* Where it may leave, handlers run in the sleep itself and end it. */
	const sigset_t *mask =
		s->signals.is_held && s->signals.fd < 0 && !s->is_asked ? &s->signals.before : NULL;
	struct timespec room;
	const struct timespec *limit = sleep_limit(s, &room);
	int cancel = s->is_cancellable ? cancel_open() : -1;
	long r = raw_ppoll(fds, n, limit, mask);
	int error = errno;

	cancel_close(cancel);
	if (r < 0)
		return -error;
	if (r == 0)
		return -ETIMEDOUT;
	if (fds[0].revents)
		return 0;
	return -EINTR;
}

static ssize_t sleep_receive(struct sending *s, struct send_buffer *b, int flags)
{
	struct iovec part = {.iov_base = b, .iov_len = sizeof(*b)};
	struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};
	int cancel = s->is_cancellable && !flags ? cancel_open() : -1;
	ssize_t got = syscall(SYS_recvmsg, guard_number(&s->l->socket), &msg, flags);
	int error = errno;

	cancel_close(cancel);
	return got < 0 ? -error : got;
}

/* One record, 0 (the server is gone), or -errno. */
static ssize_t sleep_for_record(struct sending *s, struct send_buffer *b)
{
	int rc;

	if (!s->signals.is_held && !s->limit.is_armed)
		return sleep_receive(s, b, 0);
	rc = sleep_poll(s, POLLIN);
	return rc < 0 ? rc : sleep_receive(s, b, MSG_DONTWAIT);
}

static long raw_epoll(const struct sending *s, struct epoll_event *events, int n,
		      const struct timespec *limit)
{
	int fd = guard_number(&s->l->waits);
	long r;

	if (!limit)
		return syscall(SYS_epoll_pwait, fd, events, n, -1, NULL, 8);
	r = syscall(SYS_epoll_pwait2, fd, events, n, limit, NULL, 8);
	if (r < 0 && errno == ENOSYS) /* before 5.11 */
		r = syscall(SYS_epoll_pwait, fd, events, n,
			    (int)(limit->tv_sec * 1000 + limit->tv_nsec / 1000000 + 1), NULL, 8);
	return r;
}

/* The same where a bell tells of most things, and records are rare. */
static ssize_t sleep_for_bell(struct sending *s, struct send_buffer *b)
{
	static const struct timespec at_once = {0, 0};
	struct epoll_event events[3];
	struct timespec room;
	const struct timespec *limit = sleep_limit(s, &room);
	/* Where it may leave, handlers run in the sleep itself and end it. */
	bool lets_in = s->signals.is_held && s->signals.fd < 0 && !s->is_asked;
	struct pollfd set = {.fd = guard_number(&s->l->waits), .events = POLLIN};
	int cancel = s->is_cancellable ? cancel_open() : -1;
	/* Unlike an epoll_wait() a poll is ended by a handler and by nothing else, such as the
	 * process having been stopped. */
	long r = lets_in ? raw_ppoll(&set, 1, limit, &s->signals.before) :
			   raw_epoll(s, events, 3, limit);
	int error = errno;

	cancel_close(cancel);
	if (r > 0 && lets_in)
		r = raw_epoll(s, events, 3, &at_once);
	if (r < 0)
		return lets_in ? -error : -EAGAIN;
	if (r == 0)
		return -ETIMEDOUT;
	for (long i = 0; i < r; i++)
		if (events[i].data.u32 == LANE_WAITS_SIGNAL && !s->is_asked)
			return -EINTR;
	for (long i = 0; i < r; i++)
		if (events[i].data.u32 == LANE_WAITS_SOCKET)
			return sleep_receive(s, b, MSG_DONTWAIT);
	return -EAGAIN;
}

static ssize_t sleep_once(struct sending *s, struct send_buffer *b)
{
	return s->l->is_frames ? sleep_for_record(s, b) : sleep_for_bell(s, b);
}

/* A time limit has passed. True: left. */
static bool time_is_up(struct sending *s)
{
	bool is_received = slot_state(slot_load(&s->m->state)) != LANE_STATE_READY;
	int rc;

	if (is_received ? !s->limits_reply : !s->limits_send) {
		/* It limits what comes after: look again in a while. */
		if (is_received) {
			s->limit.is_armed = false;
		} else {
			s->limit.polls = false;
			s->limit.clock = CLOCK_MONOTONIC;
			s->limit.at_ns = lane_now() + SEND_LOOK_NS;
		}
		return false;
	}
	rc = timeout_expired(&s->limit);
	s->limit.is_armed = false;
	return rc == -ETIMEDOUT && leave(s, -ETIMEDOUT);
}

/* True: what it says has come; false: time to sleep. */
static bool look(struct sending *s)
{
	struct spin *spin = &s->l->spin;
	uint32_t window = s->l->is_frames ? 0 : spin_window(spin);
	uint64_t begin, ns = 0;

	if (window == 0)
		return false;
	begin = lane_now();
	do {
		for (int i = 0; i < 32; i++) {
			if (slot_state(slot_load(&s->m->state)) == LANE_STATE_DONE) {
				spin_result(spin, true, (uint32_t)(lane_now() - begin));
				return true;
			}
			spin_pause();
		}
		ns = lane_now() - begin;
	} while (ns < window);
	spin_result(spin, false, (uint32_t)ns);
	return false;
}

static void tell_blocked(struct sending *s)
{
	publish_send(CONNECTION_GET(s->c, pid), CONNECTION_GET(s->c, chid));
	s->is_told = true;
}

/* ---- Giving it as a record ---- */

/* There is no room: much of what was sent before has not been looked at. 0: there may be now. */
static int await_room(struct sending *s)
{
	int rc;

	tell_blocked(s);
	rc = sleep_poll(s, POLLOUT);
	if (rc == -EINTR && s->signals.is_held && leave(s, -EINTR))
		return s->leave_error;
	if (rc == -ETIMEDOUT && time_is_up(s))
		return s->leave_error;
	return 0;
}

static int give_as_record(struct sending *s)
{
	struct lane_record record = {.magic = LANE_MAGIC, .kind = LANE_KIND_SEND};
	struct iovec parts[SEND_PARTS_MAX + 1];
	size_t n, len;
	int rc;

	fill_request(s, &record.request);
	n = vec_slice(s->send, 0, LANE_FRAME, parts + 1, SEND_PARTS_MAX, &len);
	parts[0].iov_base = &record;
	parts[0].iov_len = sizeof(record);
	record.generation = slot_publish(&s->m->state);
	__atomic_store_n(&s->l->generation, record.generation, __ATOMIC_RELEASE);
	do {
		rc = packet_send(guard_number(&s->l->socket), parts, n + 1, MSG_DONTWAIT);
		if (rc != -EAGAIN)
			break;
		rc = await_room(s);
	} while (rc == 0);
	if (rc == 0)
		return 0;
	/* Nobody has seen it. */
	(void)slot_take_back(&s->m->state, s->l->generation);
	return rc == -EPIPE || rc == -ECONNRESET ? -EBADF : rc;
}

static int give(struct sending *s)
{
	uint64_t now = lane_now();
	int rc;

	if (now - s->l->last_ns > SEND_FRESH_NS && lane_is_closed(s->l))
		return -EBADF;
	s->l->last_ns = now;
	__atomic_store_n(&s->l->coid, CONNECTION_GET(s->c, coid), __ATOMIC_RELEASE);
	rc = s->l->is_frames ? give_as_record(s) : give_in_memory(s);
	return rc;
}

/* ---- Waiting for the answer ---- */

/* A signal that ends the process waits for the answer, too, once we sleep; before, it does not
 * matter when it comes. */
static void hold_fatal(struct sending *s)
{
	if (s->signals.is_held || lane_may_leave(s->m))
		return;
	signals_hold(&s->signals);
	if (!s->l->is_frames)
		lane_wait_signals(s->l, s->signals.fd);
}

static bool is_detached(const struct sending *s)
{
	return __atomic_load_n(&s->l->is_detached, __ATOMIC_ACQUIRE);
}

/* 0: answered; else why there will be no answer. */
static int await_answer(struct sending *s)
{
	bool was_fresh = true;
	struct send_buffer b;

	for (;;) {
		uint32_t state = slot_state(slot_load(&s->m->state));
		ssize_t got;

		if (state == LANE_STATE_DONE && (!s->l->is_frames || s->has_answer))
			return 0;
		if (state == LANE_STATE_FREE) {
			/* Taken back by who detached the connection; or scribbled over. */
			s->l->is_dead = true;
			return is_detached(s) ? -EBADF : -ESRCH;
		}
		/* It was BUSY when we wanted to leave, and is not any more. */
		if (s->leave_error && state == LANE_STATE_TAKEN && !s->is_asked &&
		    leave(s, s->leave_error))
			return s->leave_error;
		if (was_fresh && look(s))
			continue;
		was_fresh = false;
		/* It stayed because somebody was BUSY, and was woken as that is over. */
		if (s->leave_error && state == LANE_STATE_TAKEN && leave(s, s->leave_error))
			return s->leave_error;
		if (state != LANE_STATE_DONE && !slot_sleep(&s->m->state))
			continue;
		hold_fatal(s);
		tell_blocked(s);
		got = sleep_once(s, &b);
		if (got > 0)
			take_record(s, &b, (size_t)got);
		else if (got == -EINTR && s->signals.is_held) {
			if (leave(s, -EINTR))
				return s->leave_error;
		} else if (got == -ETIMEDOUT) {
			if (time_is_up(s))
				return s->leave_error;
		} else if (got != -EINTR && got != -EAGAIN) {
			s->l->is_dead = true;
			/* Its answer may have been its last deed. */
			if (slot_state(slot_load(&s->m->state)) == LANE_STATE_DONE &&
			    !s->l->is_frames)
				return 0;
			if (is_detached(s))
				return -EBADF;
			lane_died(s->l, s->c);
			return -ESRCH;
		}
	}
}

/* ---- The whole ---- */

static int take_reply(struct sending *s, long *ret_status)
{
	const struct lane_reply *reply = s->l->is_frames ? &s->answer : &s->m->reply;
	uint64_t size = LANE_HERE(reply->size);
	int error = reply->error;

	if (error == 0 && size > 0 &&
	    vec_scatter(s->reply, 0, lane_reply_place(s->m, size, s->m->request.reply_at), size) <
		    0)
		error = EFAULT;
	*ret_status = (long)reply->status;
	slot_finish(&s->m->state);
	s->l->is_left = false;
	return -error;
}

static void send_end(struct sending *s)
{
	if (s->is_told)
		publish_running();
	__atomic_store_n(&s->l->coid, 0, __ATOMIC_RELEASE);
	s->l->is_in_use = false;
	signals_release(&s->signals);
}

/* The thread is cancelled. Where it may not leave it stays for the answer. */
static void send_cancelled(void *sending)
{
	struct sending *s = sending;
	long status;

	s->is_cancellable = false;
	if (!leave(s, -EINTR) && await_answer(s) == 0)
		(void)take_reply(s, &status);
	send_end(s);
}

static void take_limit(struct sending *s)
{
	s->limits_send = timeout_states >> STATE_SEND & 1;
	s->limits_reply = timeout_states >> STATE_REPLY & 1;
	s->limit.is_armed = false;
	/* One limit for both, if it is for both. */
	if (s->limits_send)
		timeout_take(STATE_SEND, &s->limit);
	if (s->limits_reply)
		timeout_take(STATE_REPLY, &s->limit);
}

/* Before the message is given away, so that none is missed between that and the sleep. */
static void hold_signals(struct sending *s)
{
	if (lane_may_leave(s->m)) {
		signals_hold_caught(&s->signals);
		return;
	}
	signals_hold(&s->signals);
	if (!s->l->is_frames)
		lane_wait_signals(s->l, s->signals.fd);
}

static int send_over(struct sending *s, long *ret_status)
{
	bool is_given;
	int rc;

	s->l->is_in_use = true;
	s->l->is_left = true; /* until the answer is here */
	s->m = s->l->memory;
	__atomic_store_n(&s->l->is_detached, false, __ATOMIC_RELAXED);
	s->signals.is_held = false;
	s->signals.fd = -1;
	if (signals_have_handler())
		hold_signals(s);
	pthread_cleanup_push(send_cancelled, s);
	rc = give(s);
	is_given = rc == 0;
	if (is_given)
		rc = await_answer(s);
	pthread_cleanup_pop(0);
	if (!is_given && rc == -EBADF)
		lane_died(s->l, s->c);
	if (rc == 0)
		rc = take_reply(s, ret_status);
	/* By a server that destroyed its channel: there is nobody to send to from now on. */
	if (rc == -ESRCH && connection_is_dead(s->c))
		lane_died(s->l, s->c);
	send_end(s);
	return rc;
}

static int send_once(int coid, const struct vec *out, const struct vec *in, bool is_cancellable,
		     long *ret_status)
{
	struct timeout none = {.is_armed = false};
	struct sending s;
	int rc;

	s.c = connection_find(coid);
	if (!s.c || CONNECTION_GET(s.c, is_dead))
		return -EBADF;
	if (CONNECTION_GET(s.c, kind) == CONNECTION_SYSMGR)
		return -ENOSYS;
	take_limit(&s);
	rc = lane_get(s.c, s.limits_send ? &s.limit : &none, &s.l);
	if (rc < 0)
		return rc;
	s.send = out;
	s.reply = in;
	s.is_cancellable = is_cancellable;
	s.is_asked = s.is_told = s.has_answer = false;
	s.leave_error = 0;
	return send_over(&s, ret_status);
}

int send_message(int coid, const struct vec *out, const struct vec *in, bool is_cancellable,
		 long *ret_status)
{
	int saved = errno;
	int rc;

	do {
		rc = send_once(coid, out, in, is_cancellable, ret_status);
	} while (rc == -ERESTART);
	errno = saved;
	return rc;
}
