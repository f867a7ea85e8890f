// SPDX-License-Identifier: Apache-2.0
/*
 * Datagrams come in, are looked at, and go to their handlers (request_*.c).
 *
 * The kernel says who sent one. The frame's cell must be SENT with the frame's
 * number: a frame that was sent twice, or whose sender has withdrawn, is dropped
 * there, so that each call happens once.
 */
#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "gen/proto.h"
#include "procmgr/state.h"

_Static_assert(PROTO_CELL_OUT_MAX <= PAGE_CELL_DATA, "an answer fits into a cell");

/* One round takes so many, then deaths have their turn. */
#define AT_ONCE 64

int request_errno(enum core_result r)
{
	switch (r) {
	case CORE_OK:
		return 0;
	case CORE_NO_CHILD:
		return ECHILD;
	case CORE_NO_PROCESS:
		return ESRCH;
	case CORE_FULL:
		return EAGAIN;
	case CORE_FORBIDDEN:
		return EPERM;
	case CORE_INVALID:
		return EINVAL;
	case CORE_BUSY:
		return EBUSY;
	case CORE_EXISTS:
		return EEXIST;
	case CORE_NO_PATH:
		return ENOENT;
	case CORE_NOT_DIR:
		return ENOTDIR;
	case CORE_LOOP:
		return ELOOP;
	case CORE_TOO_LONG:
		return ENAMETOOLONG;
	case CORE_BLOCKED:
	case CORE_NOT_YET:
		break;
	}
	assert(!"an outcome that is no errno");
	return EINVAL;
}

static void trace_in(pid_t pid, uint16_t number, const void *body, size_t len)
{
	char text[512];

	proto_print_in(text, sizeof(text), number, body, len);
	log_line("%d -> %s", pid, text);
}

static void trace_out(pid_t pid, uint16_t number, int error, const void *out, size_t len)
{
	char text[512];

	if (error > 0)
		snprintf(text, sizeof(text), "%s error=%d", proto_request_name(number), error);
	else
		proto_print_out(text, sizeof(text), number, out, len);
	log_line("%d <- %s", pid, text);
}

void request_trace_later(struct manager *m, uint32_t proc, uint16_t number, int error,
			 const void *out, size_t len)
{
	const struct pt_proc *p = core_used(&m->core, proc);

	if (p)
		trace_out(p->pid, number, error, out, len);
}

/* The node is its user's; one that root made is everybody's. */
static bool is_welcome(const struct manager *m, const struct wire_msg *msg)
{
	return msg->has_cred && msg->pid > 0 &&
	       (m->uid == 0 || msg->uid == m->uid || msg->uid == 0);
}

static void reply_socket(struct manager *m, struct wire_msg *msg, int error, const void *out,
			 size_t len)
{
	struct wire_head head = {
		.request = msg->head.request,
		.cell = (uint16_t)error, /* a socket answer has no cell: the word is the errno */
		.seq = msg->head.seq,
		.size = error ? 0 : (uint32_t)len,
	};

	if (!msg->n_fds || msg->fds[0] < 0)
		return;
	(void)wire_send(msg->fds[0], &head, out, m->ret_fds, error ? 0 : m->n_ret_fds);
}

/* @msg is NULL if the request was found in its cell. */
static void run(struct request *r, struct wire_msg *msg, const void *body, size_t body_len)
{
	_Alignas(8) static uint8_t out[WIRE_MAX];
	struct manager *m = r->m;
	size_t len = 0;
	int e;

	m->n_ret_fds = 0;
	e = proto_dispatch(r, r->number, body, body_len, out, sizeof(out), &len);
	if (e < 0)
		/* Ours, or no request at all: what the caller can do about it is the same. */
		e = e == -EBADMSG ? EINVAL : e == -ENOSYS ? ENOSYS : EAGAIN;
	else if (e && e != REQUEST_LATER)
		assert(proto_may_fail(r->number, e));
	if (e == REQUEST_LATER)
		return;
	if (m->env->options.trace_requests)
		trace_out(msg ? msg->pid : r->p->pid, r->number, e, out, len);
	if (r->cell != WIRE_NO_CELL)
		answer_cell(r->page, r->cell, r->seq, (uint32_t)e, out, e ? 0 : len);
	else
		reply_socket(m, msg, e, out, len);
}

static struct pt_proc *sender(struct manager *m, const struct wire_msg *msg)
{
	struct pt_proc *p = core_find(&m->core, msg->pid);

	if (!p && births_find(m, msg->pid, true))
		p = core_find(&m->core, msg->pid);
	return p && core_is_alive(p) ? p : NULL;
}

static bool is_sent(struct page *page, uint16_t cell, uint32_t seq)
{
	struct page_cell *c = &page->cells[cell];

	return atomic_load((_Atomic uint32_t *)&c->seq) == seq &&
	       atomic_load((_Atomic uint32_t *)&c->state) == CELL_STATE_SENT;
}

static void take(struct manager *m, struct wire_msg *msg)
{
	struct request r = {
		.m = m,
		.cell = WIRE_NO_CELL,
		.seq = msg->head.seq,
		.number = msg->head.request,
	};
	enum proto_reply kind = proto_reply_kind(r.number);

	if (!is_welcome(m, msg)) {
		if (kind == PROTO_REPLY_SOCKET)
			reply_socket(m, msg, EPERM, NULL, 0);
		return;
	}
	m->n_requests++;
	if (m->env->options.trace_requests)
		trace_in(msg->pid, r.number, msg->body, msg->len);
	if (msg->n_fds < proto_fds_min(r.number) || msg->n_fds > proto_fds_max(r.number))
		return;
	r.p = sender(m, msg);
	if (r.p) {
		r.page = arena_page_of(m, r.p);
		births_take(m, r.p);
	}
	if (kind == PROTO_REPLY_CELL) {
		/* A wait that would block keeps its cell SENT, so that it can be withdrawn. */
		if (!r.page || msg->head.cell >= PAGE_CELLS ||
		    !is_sent(r.page, msg->head.cell, r.seq))
			return;
		r.cell = msg->head.cell;
		if (r.number != PROTO_WAIT && !answer_claim(r.page, r.cell, r.seq))
			return;
	}
	run(&r, msg, msg->body, msg->len);
}

/* A wait that nobody has told us of. One that does not block is always sent. */
static bool is_unsent(struct manager *m, struct pt_proc *p, struct page *page, uint16_t cell,
		      uint32_t *ret_seq, uint8_t body[sizeof(struct proto_wait_in)])
{
	struct page_cell *c = &page->cells[cell];
	struct proto_wait_in in;

	if (atomic_load((_Atomic uint32_t *)&c->state) != CELL_STATE_SENT ||
	    c->request != PROTO_WAIT)
		return false;
	*ret_seq = atomic_load((_Atomic uint32_t *)&c->seq);
	memcpy(body, c->data, sizeof(in));
	return !core_is_waiting(&m->core, p, cell, *ret_seq) &&
	       proto_get_wait_in(body, sizeof(in), &in) == 0 && !(in.options & W_NOHANG);
}

void request_look(struct manager *m, struct pt_proc *p)
{
	_Alignas(8) uint8_t body[sizeof(struct proto_wait_in)];
	struct page *page = arena_page_of(m, p);
	struct request r = {.m = m, .p = p, .page = page, .number = PROTO_WAIT};
	uint32_t seq;

	if (!page || !core_is_alive(p))
		return;
	for (r.cell = 0; r.cell < PAGE_CELLS; r.cell++) {
		if (!is_unsent(m, p, page, r.cell, &seq, body))
			continue;
		/* What it waits for was BORN before it was asked. Not so what
		 * another wait in this cell is for, asked while we looked; its
		 * child's death is still to come. */
		births_take(m, p);
		if (is_unsent(m, p, page, r.cell, &r.seq, body) && r.seq == seq)
			run(&r, NULL, body, sizeof(body));
	}
}

void request_ready(struct manager *m)
{
	for (int i = 0; i < AT_ONCE && !m->ended; i++) {
		int e = wire_recv(m->env->request_fd, &m->msg, MSG_DONTWAIT);

		if (e == -EBADMSG)
			continue;
		if (e < 0)
			return;
		take(m, &m->msg);
		wire_msg_fini(&m->msg);
	}
}
