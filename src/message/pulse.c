// SPDX-License-Identifier: Apache-2.0
/*
 * MsgSendPulse(): into the ring of the calling thread's lane, and the bell is rung. When the ring
 * is full, or bytes do not travel through memory, as a record of the lane's socket, as long as
 * that has room. What is found together is put into order by the tickets.
 *
 * A handler may interrupt its own thread in here: a place of the ring is taken with one
 * addition, and the receiver goes only as far as places have been filled.
 */
#include "message/pulse.h"

#include <errno.h>
#include <sys/neutrino.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/export.h"
#include "client/result.h"
#include "message/connection.h"
#include "message/lane.h"
#include "message/thread.h"
#include "wire/packet.h"

static int pulse_as_record(struct lane_end *l, const struct lane_pulse *p)
{
	struct lane_record record = {
		.magic = LANE_MAGIC,
		.kind = LANE_KIND_PULSE,
		.request =
			{
				.coid = p->coid,
				.priority = p->priority,
				.flags = (uint32_t)p->code,
				.send_at = p->value,
				.ticket = p->ticket,
			},
	};
	struct iovec part = {&record, sizeof(record)};
	int rc = packet_send(guard_number(&l->socket), &part, 1, MSG_DONTWAIT);

	return rc == -EPIPE || rc == -ECONNRESET || rc == -ENOTCONN ? -EBADF : rc;
}

static bool pulse_into_ring(struct lane_end *l, const struct lane_pulse *p)
{
	struct lane *m = l->memory;
	uint32_t head = __atomic_load_n(&m->pulse.head, __ATOMIC_RELAXED);
	struct lane_pulse *at;

	do {
		if (head - __atomic_load_n(&m->pulse.tail, __ATOMIC_ACQUIRE) >= LANE_PULSES)
			return false;
	} while (!__atomic_compare_exchange_n(&m->pulse.head, &head, head + 1, false,
					      __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	at = &m->pulses[head % LANE_PULSES];
	at->coid = p->coid;
	at->value = p->value;
	at->ticket = p->ticket;
	at->code = p->code;
	at->priority = p->priority;
	__atomic_store_n(&at->seq, head + 1, __ATOMIC_RELEASE);
	return true;
}

/* Whoever sees a later pulse in the ring sees this, too, and reads the records before it puts
 * what it found into order. */
static void pulse_has_spilled(struct lane_end *l)
{
	(void)__atomic_fetch_add(&l->memory->pulse.spilled, 1, __ATOMIC_RELEASE);
	lane_ring(l);
}

/* A lane that nothing has gone over for a while may have lost its other end. */
static int pulse_check(struct lane_end *l, struct connection *c, uint64_t now)
{
	if (now - l->last_ns > PULSE_FRESH_NS && lane_is_closed(l)) {
		lane_died(l, c);
		return -EBADF;
	}
	l->last_ns = now;
	return 0;
}

static int pulse_over(struct lane_end *l, struct connection *c, struct lane_pulse *p)
{
	int rc;

	p->ticket = lane_now();
	rc = pulse_check(l, c, p->ticket);
	if (rc < 0)
		return rc;
	if (!l->is_frames && pulse_into_ring(l, p)) {
		lane_ring(l);
		return 0;
	}
	rc = pulse_as_record(l, p);
	if (rc == -EBADF)
		lane_died(l, c);
	if (rc == 0 && !l->is_frames)
		pulse_has_spilled(l);
	return rc;
}

static int pulse_priority(int priority)
{
	if (priority == -1)
		return thread_priority();
	if (priority == 0)
		return THREAD_PRIORITY_MIN;
	return priority < 0 || priority > THREAD_PRIORITY_MAX ? -EINVAL : priority;
}

int pulse_send(int coid, int priority, int code, uint64_t value)
{
	struct lane_pulse p = {.coid = coid, .code = code, .value = value};
	struct connection *c = connection_find(coid);
	struct lane_end *l;
	int saved = errno;
	int rc;

	p.priority = pulse_priority(priority);
	if (p.priority < 0)
		return p.priority;
	if (!c || CONNECTION_GET(c, is_dead))
		return -EBADF;
	if (CONNECTION_GET(c, kind) == CONNECTION_SYSMGR)
		return -ENOSYS;
	rc = lane_get(c, NULL, &l);
	if (rc == 0 && !l->may_pulse)
		rc = -EPERM;
	if (rc == 0)
		rc = pulse_over(l, c, &p);
	errno = saved;
	return rc;
}

static uint64_t value_of_int(int value)
{
	return (uint32_t)value;
}

EXPORT int MsgSendPulse_r(int coid, int priority, int code, int value)
{
	return -pulse_send(coid, priority, code, value_of_int(value));
}

EXPORT int MsgSendPulse(int coid, int priority, int code, int value)
{
	return result_errno(pulse_send(coid, priority, code, value_of_int(value)));
}

EXPORT int MsgSendPulsePtr_r(int coid, int priority, int code, void *value)
{
	return -pulse_send(coid, priority, code, (uintptr_t)value);
}

EXPORT int MsgSendPulsePtr(int coid, int priority, int code, void *value)
{
	return result_errno(pulse_send(coid, priority, code, (uintptr_t)value));
}
