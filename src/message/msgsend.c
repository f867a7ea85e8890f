// SPDX-License-Identifier: Apache-2.0
/* The sixteen forms of MsgSend(). */
#include <errno.h>
#include <sys/neutrino.h>

#include "client/export.h"
#include "message/send.h"

struct buffers {
	struct vec send, reply;
	int error;
};

static void set_send(struct buffers *b, const void *at, size_t n, bool is_parts)
{
	if (is_parts)
		b->error = vec_of_parts(&b->send, at, n);
	else if (n > SSIZE_MAX)
		b->error = -EOVERFLOW;
	else
		vec_of(&b->send, at, n);
}

static void set_reply(struct buffers *b, const void *at, size_t n, bool is_parts)
{
	if (b->error < 0)
		return;
	if (is_parts)
		b->error = vec_of_parts(&b->reply, at, n);
	else if (n > SSIZE_MAX)
		b->error = -EOVERFLOW;
	else
		vec_of(&b->reply, at, n);
}

/* What *_r() returns: the status, or the negated errno. */
static long run(int coid, struct buffers *b, bool is_cancellable, int *ret_error)
{
	long status = 0;
	int rc = b->error;

	if (rc == 0)
		rc = send_message(coid, &b->send, &b->reply, is_cancellable, &status);
	*ret_error = -rc;
	return rc < 0 ? rc : status;
}

static long result(long r, int error)
{
	if (error == 0)
		return r;
	errno = error;
	return -1;
}

#define SEND_FORM(name, out_type, out_parts, in_type, in_parts, cancels)                    \
	EXPORT long name##_r(int coid, out_type out, size_t n_out, in_type in, size_t n_in) \
	{                                                                                   \
		struct buffers b = {.error = 0};                                            \
		int error;                                                                  \
                                                                                            \
		set_send(&b, out, n_out, out_parts);                                        \
		set_reply(&b, in, n_in, in_parts);                                          \
		return run(coid, &b, cancels, &error);                                      \
	}                                                                                   \
	EXPORT long name(int coid, out_type out, size_t n_out, in_type in, size_t n_in)     \
	{                                                                                   \
		struct buffers b = {.error = 0};                                            \
		int error;                                                                  \
		long r;                                                                     \
                                                                                            \
		set_send(&b, out, n_out, out_parts);                                        \
		set_reply(&b, in, n_in, in_parts);                                          \
		r = run(coid, &b, cancels, &error);                                         \
		return result(r, error);                                                    \
	}

SEND_FORM(MsgSend, const void *, false, void *, false, true)
SEND_FORM(MsgSendsv, const void *, false, const iov_t *, true, true)
SEND_FORM(MsgSendvs, const iov_t *, true, void *, false, true)
SEND_FORM(MsgSendv, const iov_t *, true, const iov_t *, true, true)
SEND_FORM(MsgSendnc, const void *, false, void *, false, false)
SEND_FORM(MsgSendsvnc, const void *, false, const iov_t *, true, false)
SEND_FORM(MsgSendvsnc, const iov_t *, true, void *, false, false)
SEND_FORM(MsgSendvnc, const iov_t *, true, const iov_t *, true, false)
