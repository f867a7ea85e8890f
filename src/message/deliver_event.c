// SPDX-License-Identifier: Apache-2.0
/*
 * MsgDeliverEvent(): what a client has asked for, done on its behalf. Signals the server sends
 * itself. A pulse goes to one of the client's own channels: its lane says which of its connections
 * lead where, and the record that brings it says that it is the client's own pulse.
 *
 * differs: an event that only the client itself could carry out (a function, a word of memory, a
 * semaphore, an interrupt) is ENOTSUP for another process.
 */
#include <errno.h>
#include <string.h>
#include <sys/neutrino.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "client/export.h"
#include "client/guard.h"
#include "client/result.h"
#include "message/caller.h"
#include "message/channel.h"
#include "message/connection.h"
#include "message/reach.h"
#include "message/deliver.h"
#include "message/deliver_event.h"
#include "message/lane.h"
#include "message/lock.h"
#include "message/registered.h"
#include "message/sigevent.h"
#include "message/thread.h"
#include "wire/packet.h"

/* Sockets to clients' channels that are kept for the next event. */
#define REACHED_MAX 64

struct reached {
	struct guard_fd socket;
	pid_t pid;
	int chid;
};

static struct lock lock = LOCK_INIT;
static struct reached reached[REACHED_MAX];
static unsigned n_reached, next_victim;

/* The client of an event. */
struct target {
	pid_t pid, tid;
	int chid; /* of its own, where a pulse goes; 0: none */
};

/* ---- Pulses ---- */

void deliver_event_forked(void)
{
	lock_reset(&lock);
	/* They are closed. */
	n_reached = 0;
}

static struct reached *reached_find(pid_t pid, int chid)
{
	for (unsigned i = 0; i < n_reached; i++)
		if (guard_number(&reached[i].socket) >= 0 && reached[i].pid == pid &&
		    reached[i].chid == chid)
			return &reached[i];
	return NULL;
}

/* With the lock, and guard_making(). */
static int reach_anew(pid_t pid, int chid, struct reached **ret)
{
	int fd = reach_any(pid, chid);
	struct reached *r;
	int rc;

	if (fd < 0)
		return -EBADF;
	if (n_reached < REACHED_MAX) {
		r = &reached[n_reached++];
		r->socket.number = -1;
	} else {
		r = &reached[next_victim++ % REACHED_MAX];
		guard_close(&r->socket);
	}
	rc = guard_add(&r->socket, fd);
	r->pid = pid;
	r->chid = chid;
	*ret = r;
	return rc < 0 ? -EAGAIN : 0;
}

/* With the lock. */
static int reach(pid_t pid, int chid, struct reached **ret)
{
	sigset_t mask;
	int rc;

	guard_making(&mask);
	rc = reach_anew(pid, chid, ret);
	guard_made(&mask);
	return rc;
}

static int pulse_locked(pid_t pid, int chid, const struct link_record *record)
{
	struct iovec part = {(void *)(uintptr_t)record, sizeof(*record)};
	struct reached *r = reached_find(pid, chid);
	bool is_old = r;
	int rc = r ? 0 : reach(pid, chid, &r);

	if (rc == 0)
		rc = packet_send(guard_number(&r->socket), &part, 1, MSG_DONTWAIT);
	if ((rc == -EPIPE || rc == -ECONNRESET) && is_old) {
		/* Another process may have the number now. */
		guard_close(&r->socket);
		rc = reach(pid, chid, &r);
		if (rc == 0)
			rc = packet_send(guard_number(&r->socket), &part, 1, MSG_DONTWAIT);
	}
	return rc == -EPIPE || rc == -ECONNRESET ? -EBADF : rc;
}

static int deliver_pulse(const struct target *to, const struct sigevent *ev, int priority)
{
	struct link_record record = {
		.magic = LANE_MAGIC,
		.kind = LINK_KIND_PULSE,
		.coid = ev->sigev_coid,
		.code = ev->sigev_code,
		.priority = priority,
		.ticket = lane_now(),
	};
	sigset_t mask;
	int rc;

	if (!to->chid)
		return -EBADF;
	record.value = ev->sigev_notify & SIGEV_FLAG_SIVAL_INT ?
			       (uint32_t)ev->sigev_value.sival_int :
			       (uintptr_t)ev->sigev_value.sival_ptr;
	lock_take(&lock, &mask);
	rc = pulse_locked(to->pid, to->chid, &record);
	lock_give(&lock, &mask);
	return rc;
}

/* ---- Signals ---- */

static int deliver_signal(const struct target *to, const struct sigevent *ev, bool to_thread)
{
	int type = SIGEV_GET_TYPE(ev);
	siginfo_t info;
	long r;

	memset(&info, 0, sizeof(info));
	info.si_signo = ev->sigev_signo;
	info.si_code = type == SIGEV_SIGNAL ? SI_QUEUE : ev->sigev_code;
	/* The kernel lets nobody claim to be itself. */
	if (info.si_code >= 0)
		info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value = ev->sigev_value;
	r = to_thread ? syscall(SYS_rt_tgsigqueueinfo, to->pid, to->tid, ev->sigev_signo, &info) :
			-1;
	/* That thread is gone: any other of the process. */
	if (!to_thread || (r < 0 && errno == ESRCH))
		r = syscall(SYS_rt_sigqueueinfo, to->pid, ev->sigev_signo, &info);
	return r < 0 ? -errno : 0;
}

/* ---- The whole ---- */

/* 0: there is no such pair; else *ret is its value. */
static bool pair_find(const struct lane_pair *pairs, int key, int *ret)
{
	for (unsigned i = 0; i < LANE_PAIRS; i++) {
		if (__atomic_load_n(&pairs[i].key, __ATOMIC_ACQUIRE) != key || key == 0)
			continue;
		*ret = __atomic_load_n(&pairs[i].value, __ATOMIC_RELAXED);
		return true;
	}
	return false;
}

/* What its client allows. */
static int check_rules(const struct caller *c, const struct sigevent *event)
{
	bool is_handle = event->sigev_notify & SIGEV_FLAG_HANDLE;
	int server;

	if (c->link_flags & _NTO_COF_NOEVENT || (c->link_flags & _NTO_COF_REG_EVENTS && !is_handle))
		return -EACCES;
	if (!is_handle || !c->memory)
		return 0;
	if (!pair_find(c->memory->registered, (int)event->sigev_handle, &server))
		return -EINVAL;
	return server == 0 || server == getpid() ? 0 : -EACCES;
}

/* @event as it came, @opened what it stands for. */
static int target_of(int rcvid, const struct sigevent *event, const struct sigevent *opened,
		     struct target *ret)
{
	struct caller *c = caller_lock_any(rcvid);
	int rc;

	if (!c)
		return rcvid > 0 && caller_at((uint32_t)rcvid >> 16) ? -EBADF : -ESRCH;
	ret->pid = c->pid;
	ret->tid = c->tid;
	if (!c->memory || !pair_find(c->memory->own, opened->sigev_coid, &ret->chid))
		ret->chid = 0;
	rc = check_rules(c, event);
	caller_unlock(c);
	return rc;
}

static int deliver(const struct target *to, const struct sigevent *ev)
{
	int priority = ev->sigev_priority;

	switch (SIGEV_GET_TYPE(ev)) {
	case SIGEV_NONE:
	case SIGEV_UNBLOCK:
		return 0;
	case SIGEV_PULSE:
		return deliver_pulse(to, ev, priority < 0 ? thread_priority() : priority);
	case SIGEV_SIGNAL:
	case SIGEV_SIGNAL_CODE:
		return deliver_signal(to, ev, false);
	case SIGEV_SIGNAL_THREAD:
	case SIGEV_THREAD_ID:
		return deliver_signal(to, ev, true);
	default:
		return -ENOTSUP;
	}
}

static int deliver_event(int rcvid, const struct sigevent *event)
{
	struct sigevent opened;
	struct target to = {.pid = 0};
	int rc;

	if (!event)
		return -EINVAL;
	if (rcvid == 0)
		return deliver_here(event, 0);
	registered_open(event, &opened);
	rc = sigevent_check(&opened);
	if (rc == 0)
		rc = target_of(rcvid, event, &opened, &to);
	if (rc < 0)
		return rc;
	return to.pid == getpid() ? deliver_here(event, to.tid) : deliver(&to, &opened);
}

EXPORT int MsgDeliverEvent_r(int rcvid, const struct sigevent *event)
{
	int saved = errno;
	int rc = deliver_event(rcvid, event);

	errno = saved;
	return -rc;
}

EXPORT int MsgDeliverEvent(int rcvid, const struct sigevent *event)
{
	return result_errno(-MsgDeliverEvent_r(rcvid, event));
}

int deliver_event_verify(int rcvid, const struct sigevent *event)
{
	struct sigevent opened;
	struct target to = {.pid = 0};
	int rc;

	registered_open(event, &opened);
	rc = target_of(rcvid, event, &opened, &to);
	if (rc < 0)
		return rc == -EBADF ? -ESRCH : rc;
	return SIGEV_GET_TYPE(&opened) == SIGEV_PULSE && !to.chid ? -EBADF : 0;
}
