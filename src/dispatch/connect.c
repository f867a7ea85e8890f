// SPDX-License-Identifier: Apache-2.0
/*
 * Messages with a path. An open binds an open control block (resmgr_open_bind()); what was
 * bound for a client that cannot have it, since the handler failed after all or the client is
 * gone, is closed again at once: no message would ever do it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dispatch/dispatch.h"
#include "iofunc/export.h"

struct request {
	resmgr_context_t *ctp;
	struct attached *attached;
	void *extra; /* what stands behind the path, or NULL */
	size_t next; /* where a combine message goes on */
};

/* ---- Handlers ---- */

#define CALL(member, type_)                                                        \
	(funcs->nfuncs > _IO_CONNECT_##type_ - _IO_CONNECT_OPEN && funcs->member ? \
		 funcs->member(ctp, &ctp->msg->member, request->attached->handle,  \
			       request->extra) :                                   \
		 _RESMGR_DEFAULT)

/* A link to an open file: the handler gets that file's block. */
static int call_link(const struct request *request)
{
	const resmgr_connect_funcs_t *funcs = request->attached->connect_funcs;
	resmgr_context_t *ctp = request->ctp;
	io_link_extra_t *extra = request->extra;
	struct bound who = context_who(ctp);
	struct open *open;
	int status;

	if (ctp->msg->connect.extra_type != _IO_CONNECT_EXTRA_LINK)
		return CALL(link, LINK);
	who.coid = extra->info.coid;
	open = binding_enter(&ctp->dpp->bindings, &who, false);
	if (!open)
		return EBADF;
	if (open->is_dead) {
		status = EBADF;
	} else {
		extra->ocb = open->ocb;
		status = CALL(link, LINK);
	}
	close_leave(ctp, open, open_replies(open));
	return status;
}

/* Pointers in the place of the strings that came with it. */
static int call_mount(const struct request *request)
{
	const resmgr_connect_funcs_t *funcs = request->attached->connect_funcs;
	resmgr_context_t *ctp = request->ctp;
	char *text = (char *)request->extra + sizeof(io_mount_extra_t);
	io_mount_extra_t mount;

	if (funcs->nfuncs <= _IO_CONNECT_MOUNT - _IO_CONNECT_OPEN || !funcs->mount)
		return _RESMGR_DEFAULT;
	memcpy(&mount, request->extra, sizeof(mount));
	memset(&mount.extra, 0, sizeof(mount.extra));
	mount.extra.srv.type = text;
	mount.extra.srv.special = text + strlen(text) + 1;
	if (mount.datalen > 0)
		mount.extra.srv.data =
			mount.extra.srv.special + strlen(mount.extra.srv.special) + 1;
	return funcs->mount(ctp, &ctp->msg->mount, request->attached->handle, &mount);
}

static int call_open(const struct request *request)
{
	const resmgr_connect_funcs_t *funcs = request->attached->connect_funcs;
	resmgr_context_t *ctp = request->ctp;

	close_stale(ctp);
	return CALL(open, OPEN);
}

static int call_request(const struct request *request)
{
	const resmgr_connect_funcs_t *funcs = request->attached->connect_funcs;
	resmgr_context_t *ctp = request->ctp;

	switch (ctp->msg->connect.subtype) {
	case _IO_CONNECT_COMBINE:
	case _IO_CONNECT_COMBINE_CLOSE:
	case _IO_CONNECT_OPEN:
		return call_open(request);
	case _IO_CONNECT_UNLINK:
		return CALL(unlink, UNLINK);
	case _IO_CONNECT_RENAME:
		return CALL(rename, RENAME);
	case _IO_CONNECT_MKNOD:
		return CALL(mknod, MKNOD);
	case _IO_CONNECT_READLINK:
		return CALL(readlink, READLINK);
	case _IO_CONNECT_LINK:
		return call_link(request);
	case _IO_CONNECT_MOUNT:
		return call_mount(request);
	default:
		return ENOSYS;
	}
}

/* ---- Combine messages ---- */

/* The reply in memory of its own: what it points to may go with the close. */
static int copy_reply(resmgr_context_t *ctp, int status, void **ret_copy)
{
	const size_t parts = (size_t)-status;
	size_t size = 0;
	char *copy;

	for (size_t i = 0; i < parts; i++)
		size += ctp->iov[i].iov_len;
	copy = malloc(size + 1);
	if (!copy)
		return ENOMEM;
	*ret_copy = copy;
	for (size_t i = 0; i < parts; i++) {
		memcpy(copy, ctp->iov[i].iov_base, ctp->iov[i].iov_len);
		copy += ctp->iov[i].iov_len;
	}
	return _RESMGR_PTR(ctp, *ret_copy, size);
}

/* Open, do what follows, and close if that is asked. The client's answer is out. */
static void combine(const struct request *request, bool closes)
{
	resmgr_context_t *ctp = request->ctp;
	const struct bound who = context_who(ctp);
	struct open *open;
	auto_free void *copy = NULL;
	bool is_ender;
	int status;

	open = binding_enter(&ctp->dpp->bindings, &who, false);
	if (!open) {
		(void)reply_status(ctp, EBADF); /* gone: none to tell */
		return;
	}
	status = open->is_dead ? EBADF : io_components(ctp, open, request->next);
	if (closes && status < 0 && status >= -(int)ctp->extra->nparts)
		status = copy_reply(ctp, status, &copy);
	is_ender = open_replies(open);
	if (closes || status > 0) {
		close_leave(ctp, open, is_ender);
		close_forget(ctp);
		(void)reply_status(ctp, status); /* it is closed, told or not */
		return;
	}
	if (reply_status(ctp, status) == -ESRCH) {
		close_leave(ctp, open, is_ender);
		close_forget(ctp);
		return;
	}
	close_leave(ctp, open, is_ender);
}

/* ---- The way of a message ---- */

/* What the attach says may be asked for. */
static int check_name(const struct attached *attached, const struct _io_connect *connect)
{
	const bool below = connect->path_len > 1;

	if (below && attached->path &&
	    !(attached->flags & (_RESMGR_FLAG_DIR | _RESMGR_FLAG_FTYPEONLY)))
		return ENOTDIR;
	return EOK;
}

static void request_run(const struct request *request)
{
	resmgr_context_t *ctp = request->ctp;
	const uint16_t subtype = ctp->msg->connect.subtype;
	int status = check_name(request->attached, &ctp->msg->connect);

	ctp->extra->is_bound = false;
	if (status == EOK)
		status = call_request(request);
	if (subtype <= _IO_CONNECT_COMBINE_CLOSE && status == EOK && ctp->status == 0) {
		combine(request, subtype == _IO_CONNECT_COMBINE_CLOSE);
		return;
	}
	if (status > 0 && ctp->extra->is_bound)
		close_forget(ctp);
	if (reply_status(ctp, status) == -ESRCH && ctp->extra->is_bound)
		close_forget(ctp);
}

void connect_message(resmgr_context_t *ctp)
{
	struct request request = {.ctp = ctp};
	struct attached_use use;
	int error = check_connect(&ctp->msg->connect, ctp->size, &request.extra, &request.next);

	if (error == EOK) {
		request.attached = attached_enter(ctp->dpp, (int)ctp->msg->connect.handle, &use);
		error = request.attached ? EOK : ENOENT;
	}
	if (error != EOK) {
		(void)reply_status(ctp, error); /* gone: none to tell */
		return;
	}
	if (ctp->msg->connect.path_len == 0)
		ctp->msg->connect.path[0] = '\0';
	ctp->id = request.attached->id;
	request_run(&request);
	attached_leave(&use);
}

/* ---- What handlers call ---- */

EXPORT int resmgr_open_bind(resmgr_context_t *ctp, void *ocb, const resmgr_io_funcs_t *io_funcs)
{
	const struct bound who = context_who(ctp);
	struct attached_use use;
	struct attached *attached = attached_enter(ctp->dpp, ctp->id, &use);
	int r;

	if (!attached)
		return with_errno(-EINVAL);
	r = binding_add(&ctp->dpp->bindings, &who, ocb, io_funcs ? io_funcs : attached->io_funcs,
			attached);
	attached_leave(&use);
	if (r == 0)
		ctp->extra->is_bound = true;
	return with_errno(r == -EEXIST ? -EINVAL : r);
}

EXPORT int resmgr_unbind(resmgr_context_t *ctp)
{
	const struct bound who = context_who(ctp);
	struct open *end;
	int r = binding_drop(&ctp->dpp->bindings, &who, &end);

	if (r == 0 && end)
		open_free(end);
	if (r == 0)
		ctp->extra->is_bound = false;
	return with_errno(r);
}

static struct open *enter_own(resmgr_context_t *ctp)
{
	const struct bound who = context_who(ctp);
	struct open *open = binding_enter(&ctp->dpp->bindings, &who, true);

	if (!open)
		errno = ESRCH;
	return open;
}

EXPORT void *resmgr_ocb(resmgr_context_t *ctp)
{
	struct open *open = enter_own(ctp);
	void *ocb = open ? open->ocb : NULL;

	if (open)
		close_leave(ctp, open, open_replies(open));
	return ocb;
}

EXPORT const resmgr_io_funcs_t *resmgr_iofuncs(resmgr_context_t *ctp)
{
	struct open *open = enter_own(ctp);
	const resmgr_io_funcs_t *funcs = open ? open->funcs : NULL;

	if (open)
		close_leave(ctp, open, open_replies(open));
	return funcs;
}

EXPORT int resmgr_msg_again(resmgr_context_t *ctp, int rcvid)
{
	ssize_t size;
	int r = MsgInfo_r(rcvid, &ctp->info);

	if (r != EOK)
		return with_errno(-r);
	size = MsgRead_r(rcvid, ctp->extra->buffer, ctp->msg_max_size, 0);
	if (size < 0)
		return with_errno((int)size);
	(void)MsgCurrent_r(rcvid); /* it is there: MsgRead_r() said so */
	ctp->rcvid = rcvid;
	ctp->msg = (void *)ctp->extra->buffer;
	ctp->size = (size_t)size;
	ctp->info.msglen = size;
	ctp->status = 0;
	ctp->offset = 0;
	(void)resmgr_handler(ctp); /* the client has its answer in any case */
	return 0;
}
