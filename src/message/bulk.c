// SPDX-License-Identifier: Apache-2.0
/*
 * differs: where a client's memory cannot be reached (another user's, not dumpable, a tracer's
 * rule of the machine) and it is stopped, its server waits for it, a few seconds at most.
 */
#include "message/bulk.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/neutrino.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "host/linux/guarded.h"
#include "message/caller.h"
#include "message/channel.h"
#include "message/lane.h"
#include "message/slot.h"
#include "wire/packet.h"

/* Parts that one call takes. */
#define BULK_PARTS 256
/* A client that does not hand over what it is asked for is as good as dead: in all it is waited for
 * so long, and a little for each piece. */
uint64_t bulk_patience_ns = 3000000000;
#define BULK_PIECES_PER_PATIENCE 150

/* ---- From process to process ---- */

/* The client's buffers, as far as they are looked at at once. */
struct remote {
	uint64_t at;    /* bytes, or the vector */
	uint32_t parts; /* of the vector; 0: none */
	uint64_t size;
};

static struct remote remote_of(const struct caller *c, enum bulk_side side)
{
	const struct lane_request *q = &c->request;
	struct remote sending = {q->send_at, q->send_parts, q->size};
	struct remote replying = {q->reply_at, q->reply_parts, q->room};

	return side == BULK_SEND ? sending : replying;
}

static ssize_t remote_copy(pid_t pid, const struct iovec *local, size_t n_local,
			   const struct iovec *there, size_t n_there, bool is_write)
{
	ssize_t n = is_write ? process_vm_writev(pid, local, n_local, there, n_there, 0) :
			       process_vm_readv(pid, local, n_local, there, n_there, 0);

	return n < 0 ? -errno : n;
}

/* A piece of the client's vector, which it may change meanwhile: to its own harm. */
static int remote_parts(pid_t pid, const struct remote *r, uint32_t first, struct iovec *ret,
			size_t n)
{
	struct iovec local = {ret, n * sizeof(*ret)};
	struct iovec there = {(void *)(uintptr_t)(r->at + first * sizeof(*ret)), local.iov_len};
	ssize_t got = remote_copy(pid, &local, 1, &there, 1, false);

	if (got < 0)
		return (int)got;
	return (size_t)got == local.iov_len ? 0 : -EFAULT;
}

/* All of @there and @v from *@done on are as many bytes. 0 or -errno. */
static int remote_move(pid_t pid, const struct vec *v, size_t *done, const struct iovec *there,
		       size_t n_there, size_t len, bool is_write)
{
	struct iovec local[BULK_PARTS], rest[BULK_PARTS];
	struct vec remote = {.parts = there, .n = n_there, .size = len};
	size_t moved = 0;

	while (moved < len) {
		size_t n_len, r_len;
		size_t n = vec_slice(v, *done, len - moved, local, BULK_PARTS, &n_len);
		size_t r = vec_slice(&remote, moved, n_len, rest, BULK_PARTS, &r_len);
		ssize_t got = n_len == r_len ? remote_copy(pid, local, n, rest, r, is_write) :
					       -EFAULT;

		if (got <= 0)
			return got < 0 ? (int)got : -EFAULT;
		moved += (size_t)got;
		*done += (size_t)got;
	}
	return 0;
}

static ssize_t remote_run(struct caller *c, enum bulk_side side, size_t offset, const struct vec *v,
			  size_t len, bool is_write)
{
	struct remote r = remote_of(c, side);
	struct iovec parts[BULK_PARTS];
	size_t done = 0, skip = offset;
	int rc;

	if (r.parts == 0) {
		parts[0].iov_base = (void *)(uintptr_t)(r.at + offset);
		parts[0].iov_len = len;
		rc = remote_move(c->pid, v, &done, parts, 1, len, is_write);
		return rc < 0 ? rc : (ssize_t)done;
	}
	for (uint32_t at = 0; at < r.parts && done < len; at += BULK_PARTS) {
		size_t n = MIN(r.parts - at, (uint32_t)BULK_PARTS), here = 0, first = 0;

		rc = remote_parts(c->pid, &r, at, parts, n);
		if (rc < 0)
			return rc;
		while (first < n && skip >= parts[first].iov_len)
			skip -= parts[first++].iov_len;
		if (first == n)
			continue;
		parts[first].iov_base = (char *)parts[first].iov_base + skip;
		parts[first].iov_len -= skip;
		skip = 0;
		for (size_t i = first; i < n; i++) {
			parts[i].iov_len = MIN(parts[i].iov_len, len - done - here);
			here += parts[i].iov_len;
		}
		rc = remote_move(c->pid, v, &done, parts + first, n - first, here, is_write);
		if (rc < 0)
			return rc;
	}
	return (ssize_t)done;
}

/* ---- Handed over by the client ---- */

static uint64_t patience(size_t len)
{
	return lane_now() + bulk_patience_ns +
	       len / LANE_WINDOW * (bulk_patience_ns / BULK_PIECES_PER_PATIENCE);
}

/*
 * Waits until @end for the DATA that answers @ask, into @window if bytes are to come. An answer to
 * something that was asked before, and given up, is passed over; what else comes is not for this
 * moment and is refused.
 */
static int await_data(struct caller *c, const struct lane_record *ask, uint8_t *window,
		      uint64_t end)
{
	struct lane_record record;
	struct iovec parts[2] = {{&record, sizeof(record)}, {window, window ? LANE_WINDOW : 0}};
	size_t wanted = sizeof(record) + (window ? ask->size : 0);
	int fd = guard_number(&c->socket);

	for (uint64_t now = lane_now(); now < end; now = lane_now()) {
		int r = packet_poll(fd, POLLIN, (int)((end - now) / 1000000) + 1);
		ssize_t got = r > 0 ? packet_recv(fd, parts, 2, MSG_DONTWAIT) : -EAGAIN;

		if (got == -EAGAIN || got == -EINTR)
			continue;
		if (got < (ssize_t)sizeof(record) || record.magic != LANE_MAGIC ||
		    record.kind != LANE_KIND_DATA)
			return -ESRCH;
		if (record.generation != c->generation || record.offset != ask->offset)
			continue;
		if (record.error)
			return -EFAULT;
		if ((size_t)got == wanted)
			return 0;
	}
	return -ESRCH;
}

static ssize_t serve_fetch(struct caller *c, size_t offset, const struct vec *to, size_t len)
{
	auto_free uint8_t *window = malloc(LANE_WINDOW);
	uint64_t end = patience(len);
	size_t done = 0;

	if (!window)
		return -ENOMEM;
	while (done < len) {
		struct lane_record ask = {
			.magic = LANE_MAGIC,
			.kind = LANE_KIND_FETCH,
			.generation = c->generation,
			.offset = offset + done,
			.size = MIN(len - done, (size_t)LANE_WINDOW),
		};
		struct iovec part = {&ask, sizeof(ask)};
		int rc;

		if (packet_send(guard_number(&c->socket), &part, 1, MSG_DONTWAIT) < 0)
			return -ESRCH;
		rc = await_data(c, &ask, window, end);
		if (rc < 0)
			return rc;
		if (vec_scatter(to, done, window, ask.size) < 0)
			return -EREMOTEIO;
		done += ask.size;
	}
	return (ssize_t)done;
}

static ssize_t serve_put(struct caller *c, size_t offset, const struct vec *from, size_t len)
{
	auto_free uint8_t *window = malloc(LANE_WINDOW);
	uint64_t end = patience(len);
	size_t done = 0;

	if (!window)
		return -ENOMEM;
	while (done < len) {
		size_t n = MIN(len - done, (size_t)LANE_WINDOW);
		struct lane_record say = {
			.magic = LANE_MAGIC,
			.kind = LANE_KIND_PUT,
			.generation = c->generation,
			.offset = offset + done,
			.size = n,
		};
		struct iovec head = {&say, sizeof(say)}, body = {window, n};
		int rc;

		if (vec_gather(from, done, window, n) < 0)
			return -EREMOTEIO;
		if (packet_send(guard_number(&c->socket), &head, 1, MSG_DONTWAIT) < 0)
			return -ESRCH;
		if (packet_send(guard_number(&c->socket), &body, 1, MSG_DONTWAIT) < 0) {
			/* It takes what comes next for the bytes. */
			(void)shutdown(guard_number(&c->socket), SHUT_RDWR);
			return -ESRCH;
		}
		rc = await_data(c, &say, NULL, end);
		if (rc < 0)
			return rc;
		done += n;
	}
	return (ssize_t)done;
}

/* ---- Choosing ---- */

static bool is_out_of_reach(ssize_t rc)
{
	return rc == -EPERM || rc == -ENOSYS;
}

/* Is it us, or the client? The kernel says EFAULT for both. */
static ssize_t whose_fault(const struct vec *v, size_t len, bool is_write)
{
	uint8_t byte;

	for (size_t i = 0, at = 0; i < v->n && at < len; at += v->parts[i++].iov_len) {
		char *first = v->parts[i].iov_base;
		size_t n = MIN(v->parts[i].iov_len, len - at);

		if (n == 0)
			continue;
		if (guarded_copy(&byte, first, 1) < 0 || guarded_copy(&byte, first + n - 1, 1) < 0)
			return -EREMOTEIO;
		if (!is_write && (guarded_copy(first, first, 1) < 0 ||
				  guarded_copy(first + n - 1, first + n - 1, 1) < 0))
			return -EREMOTEIO;
	}
	return -EFAULT;
}

static ssize_t bulk_remote(struct caller *c, enum bulk_side side, size_t offset,
			   const struct vec *v, size_t len, bool is_write)
{
	ssize_t rc = c->no_remote ? -EPERM : remote_run(c, side, offset, v, len, is_write);

	if (is_out_of_reach(rc)) {
		c->no_remote = true;
		/* What is there cannot be read back where only the client reaches it. */
		if (side == BULK_REPLY && !is_write)
			return -EFAULT;
		rc = is_write ? serve_put(c, offset, v, len) : serve_fetch(c, offset, v, len);
	}
	return rc == -EFAULT ? whose_fault(v, len, is_write) : rc;
}

/* What lies here already: in the lane, or with the record. */
static size_t bulk_here(const struct caller *c, const uint8_t **ret)
{
	if (c->is_frames) {
		*ret = c->staged;
		return c->n_staged;
	}
	*ret = lane_request_place(c->memory, c->request.size, c->request.send_at);
	return LANE_HERE(c->request.size);
}

static size_t clip(uint64_t size, size_t offset, size_t len)
{
	return offset >= size ? 0 : MIN(len, size - offset);
}

ssize_t bulk_fetch(struct caller *c, size_t offset, const struct vec *to)
{
	size_t len = clip(c->request.size, offset, to->size);
	const uint8_t *here;
	size_t n_here = bulk_here(c, &here);

	if (len == 0)
		return 0;
	if (offset + len > n_here)
		return bulk_remote(c, BULK_SEND, offset, to, len, false);
	return vec_scatter(to, 0, here + offset, len) < 0 ? -EREMOTEIO : (ssize_t)len;
}

ssize_t bulk_fetch_reply(struct caller *c, size_t offset, const struct vec *to)
{
	size_t len = clip(c->request.room, offset, to->size);

	return len == 0 ? 0 : bulk_remote(c, BULK_REPLY, offset, to, len, false);
}

ssize_t bulk_put(struct caller *c, size_t offset, const struct vec *from)
{
	size_t len = clip(c->request.room, offset, from->size);

	return len == 0 ? 0 : bulk_remote(c, BULK_REPLY, offset, from, len, true);
}

/* ---- The answer ---- */

static void answer_in_memory(struct caller *c, long status, int error, size_t size)
{
	struct lane_reply *reply = &c->memory->reply;

	reply->status = status;
	reply->error = error;
	reply->size = size;
	if (slot_complete(&c->memory->state, c->generation))
		caller_wake(c);
	else
		spin_hint(&c->channel->spin);
}

static void answer_as_record(struct caller *c, long status, int error, const uint8_t *bytes,
			     size_t size)
{
	struct lane_record record = {
		.magic = LANE_MAGIC,
		.kind = LANE_KIND_REPLY,
		.generation = c->generation,
		.error = error,
		.offset = (uint64_t)status,
		.size = size,
	};
	struct iovec parts[2] = {
		{&record, sizeof(record)},
		{(void *)(uintptr_t)bytes, size},
	};

	(void)slot_complete(&c->memory->state, c->generation);
	/* Only a client that does not read its answers has no room for one. */
	if (packet_send(guard_number(&c->socket), parts, size ? 2 : 1, MSG_DONTWAIT) < 0)
		(void)shutdown(guard_number(&c->socket), SHUT_RDWR);
}

static void answer(struct caller *c, long status, int error, const uint8_t *bytes, size_t size)
{
	if (c->is_frames)
		answer_as_record(c, status, error, bytes, size);
	else
		answer_in_memory(c, status, error, size);
}

void bulk_answer_error(struct caller *c, int error)
{
	answer(c, 0, error, NULL, 0);
}

int bulk_answer(struct caller *c, long status, const struct vec *from)
{
	size_t len = MIN(from->size, c->request.room);
	size_t most = c->is_frames ? LANE_FRAME : LANE_VIEW;
	uint8_t frame[LANE_FRAME];
	uint8_t *bytes = c->is_frames ? frame :
					lane_reply_place(c->memory, len, c->request.reply_at);
	ssize_t rc;

	if (len <= most) {
		rc = vec_gather(from, 0, bytes, len) < 0 ? -EREMOTEIO : 0;
	} else {
		rc = bulk_put(c, 0, from);
		len = 0;
	}
	if (rc < 0) {
		rc = rc == -EREMOTEIO ? -ESRVRFAULT : rc;
		bulk_answer_error(c, (int)-rc);
		return (int)rc;
	}
	answer(c, status, 0, bytes, len);
	return 0;
}
