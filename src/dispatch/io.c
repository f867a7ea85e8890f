// SPDX-License-Identifier: Apache-2.0
/*
 * Messages for open files. Between lock_ocb and unlock_ocb all messages of one combine message
 * are handled, in order; the first that fails ends it. The reply goes out after the unlock, and
 * before anybody can take the open control block away (binding.h).
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "dispatch/dispatch.h"
#include "iofunc/export.h"

typedef int io_func(resmgr_context_t *ctp, void *msg, void *ocb);

/* The entry for a message: the table is an array behind nfuncs, entry i for _IO_READ + i. */
static io_func *io_entry(const resmgr_io_funcs_t *funcs, unsigned type)
{
	const unsigned index = type - _IO_READ;
	io_func *func;

	if (index >= _RESMGR_IO_NFUNCS || index >= funcs->nfuncs)
		return NULL;
	memcpy(&func,
	       (const char *)funcs + offsetof(resmgr_io_funcs_t, read) + index * sizeof(func),
	       sizeof(func));
	return func;
}

/* Who has nothing for the wide form of a message handles it as the narrow one. */
static io_func *io_handler(const resmgr_io_funcs_t *funcs, unsigned type)
{
	io_func *func = io_entry(funcs, type);

	if (func)
		return func;
	switch (type) {
	case _IO_READ64:
		return io_entry(funcs, _IO_READ);
	case _IO_WRITE64:
		return io_entry(funcs, _IO_WRITE);
	case _IO_NOTIFY64:
		return io_entry(funcs, _IO_NOTIFY);
	case _IO_UTIME64:
		return io_entry(funcs, _IO_UTIME);
	default:
		return NULL;
	}
}

/* These are about descriptors, not about the file, and never a part of something. */
static bool is_alone(unsigned type)
{
	return type == _IO_DUP || type == _IO_CLOSE || type == _IO_OPENFD;
}

static int io_component(resmgr_context_t *ctp, resmgr_iomsgs_t *msg, const struct open *open)
{
	const size_t sent = ctp->info.srcmsglen > 0 ? (size_t)ctp->info.srcmsglen : 0;
	const int error = check_io(msg, ctp->offset, ctp->size, sent);
	io_func *func;

	if (error != EOK)
		return error;
	if (is_alone(msg->type) &&
	    (ctp->offset > 0 || msg->combine.i.combine_len & _IO_COMBINE_FLAG))
		return EBADMSG;
	ctp->status = 0;
	func = io_handler(open->funcs, msg->type);
	return func ? func(ctp, msg, open->ocb) : _RESMGR_DEFAULT;
}

/* Where the next message begins, 0: nowhere. Structures in it are aligned as in the first. */
static size_t next_offset(const resmgr_context_t *ctp, size_t offset, uint16_t combine_len)
{
	const size_t length = combine_len & ~_IO_COMBINE_FLAG;

	if (length < sizeof(struct _io_combine) || length % 8 || length > ctp->size - offset)
		return 0;
	return offset + length;
}

/* EOK or data: then the next one has its turn. */
static bool is_done(int status)
{
	return status <= 0 && status > _RESMGR_DELAY_CLOSE;
}

static int io_run(resmgr_context_t *ctp, struct open *open, size_t offset)
{
	for (;;) {
		resmgr_iomsgs_t *msg = (void *)(ctp->extra->buffer + offset);
		uint16_t combine_len;
		int status;

		if (offset > ctp->size || ctp->size - offset < sizeof(struct _io_combine))
			return EBADMSG;
		combine_len = msg->combine.i.combine_len; /* the reply may stand there soon */
		ctp->offset = offset;
		status = io_component(ctp, msg, open);
		if (!(combine_len & _IO_COMBINE_FLAG) || !is_done(status))
			return status;
		offset = next_offset(ctp, offset, combine_len);
		if (!offset)
			return EBADMSG;
	}
}

int io_components(resmgr_context_t *ctp, struct open *open, size_t offset)
{
	io_func *lock = io_entry(open->funcs, _IO_RSVD_LOCK_OCB);
	io_func *unlock = io_entry(open->funcs, _IO_RSVD_UNLOCK_OCB);
	int status;

	if (lock && (status = lock(ctp, NULL, open->ocb)) != EOK && status != _RESMGR_DEFAULT)
		return status > 0 ? status : EAGAIN;
	status = io_run(ctp, open, offset);
	if (unlock)
		(void)unlock(ctp, NULL, open->ocb); /* the message has been handled */
	if (status == _RESMGR_DEFAULT && open->attached->other_func)
		status = open->attached->other_func(ctp, ctp->extra->buffer + ctp->offset);
	ctp->offset = 0;
	return status;
}

/* ---- Duplicates ---- */

/*
 * May this client have a key of what @from has? A process has what is its own, and so has its
 * child, which is of the same user. Between processes of one user there are no secrets: each
 * can take the other's descriptors by the kernel's own means.
 */
static bool dup_may(const resmgr_context_t *ctp, const struct bound *from)
{
	struct _client_info *theirs = NULL, *ours = NULL;
	bool may = false;

	if (from->scoid == ctp->info.scoid)
		return true;
	if (ConnectClientInfoExt(from->scoid, &theirs, 0) == 0 &&
	    ConnectClientInfoExt(ctp->info.scoid, &ours, 0) == 0)
		may = ours->cred.euid == 0 || (ours->cred.euid == theirs->cred.euid &&
					       ours->cred.ruid == theirs->cred.ruid);
	if (theirs)
		(void)ClientInfoExtFree(&theirs); /* nothing to do about it */
	if (ours)
		(void)ClientInfoExtFree(&ours); /* the same */
	return may;
}

static int io_dup(resmgr_context_t *ctp)
{
	const struct _io_dup *msg = &ctp->msg->dup.i;
	const struct bound to = context_who(ctp);
	const struct bound from = {
		.scoid = msg->info.scoid ? msg->info.scoid : ctp->info.scoid,
		.coid = msg->info.coid,
	};
	struct open *open;
	io_func *func;
	int r = _RESMGR_DEFAULT;

	if (!dup_may(ctp, &from))
		return EPERM;
	if (from.scoid != to.scoid || from.coid != to.coid)
		close_stale(ctp);
	inherited_settle(ctp, &from);
	if (!(open = binding_enter(&ctp->dpp->bindings, &from, false)))
		return EBADF;
	ctp->id = open->attached->id;
	func = open->is_dead ? NULL : io_entry(open->funcs, _IO_DUP);
	if (func)
		r = func(ctp, ctp->msg, open->ocb);
	if (open->is_dead)
		r = EBADF;
	else if (r == _RESMGR_DEFAULT)
		r = -binding_dup(&ctp->dpp->bindings, &from, &to);
	close_leave(ctp, open, open_replies(open));
	/* It is its own duplicate, or another thread was quicker. */
	return r == EEXIST ? EOK : r;
}

/* ---- The way of a message ---- */

/* Which key the message is about: of _IO_OPENFD, what is opened again. */
static struct bound io_subject(const resmgr_context_t *ctp)
{
	struct bound who = context_who(ctp);

	if (ctp->msg->type == _IO_OPENFD && ctp->size >= sizeof(struct _io_openfd))
		who.coid = ctp->msg->openfd.i.info.coid;
	return who;
}

static int io_handle(resmgr_context_t *ctp, struct open *open)
{
	if (open->is_dead)
		return EBADF;
	ctp->id = open->attached->id;
	return io_components(ctp, open, 0);
}

static void io_plain(resmgr_context_t *ctp)
{
	const struct bound who = io_subject(ctp);
	struct open *open;
	struct attached_use use;
	bool is_ender;
	int status;

	if (who.coid != ctp->info.coid)
		close_stale(ctp);
	inherited_settle(ctp, &who);
	open = binding_enter(&ctp->dpp->bindings, &who, false);
	if (!open) {
		(void)reply_status(ctp, EBADF); /* gone: none to tell */
		return;
	}
	attached_enter_again(open->attached, &use);
	status = io_handle(ctp, open);
	is_ender = open_replies(open);
	(void)reply_status(ctp, status); /* what it has is closed by its disconnect */
	close_leave(ctp, open, is_ender);
	attached_leave(&use);
}

void io_message(resmgr_context_t *ctp)
{
	const size_t sent = ctp->info.srcmsglen > 0 ? (size_t)ctp->info.srcmsglen : 0;
	const int error = check_io(ctp->msg, 0, ctp->size, sent);

	if (error != EOK) {
		(void)reply_status(ctp, error); /* gone: none to tell */
		return;
	}
	switch (ctp->msg->type) {
	case _IO_CLOSE:
		close_message(ctp);
		break;
	case _IO_DUP:
		(void)reply_status(ctp, io_dup(ctp)); /* as above */
		break;
	default:
		io_plain(ctp);
	}
}
