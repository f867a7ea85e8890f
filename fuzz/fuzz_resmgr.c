// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as messages of clients to a resource manager with iofunc's handlers. Each input is
 * a series of messages; whatever they are, each has one answer at most, no memory is touched
 * that is not the server's, and when all clients are gone nothing is left open.
 *
 * An input is chunks: client, descriptor, length, bytes. Length 255 is the client's death.
 */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dispatch/fake.h"

static resmgr_connect_funcs_t connect_funcs;
static resmgr_io_funcs_t io_funcs;
static iofunc_attr_t attr;
static iofunc_notify_t notify[3];
static dispatch_t *dpp;
static dispatch_context_t *ctp;

/* Reads of what came besides the header, as handlers of programs do. */
static int on_write(resmgr_context_t *context, io_write_t *msg, iofunc_ocb_t *ocb)
{
	char data[512];
	const size_t nbytes = _IO_WRITE_GET_NBYTES(msg);
	const size_t wanted = nbytes < sizeof(data) ? nbytes : sizeof(data);
	int status = iofunc_write_verify(context, msg, ocb, NULL);

	if (status != EOK)
		return status;
	/* The check before has seen that they are there. */
	if (resmgr_msgread(context, data, wanted, sizeof(msg->i)) < (ssize_t)wanted)
		return EIO;
	_IO_SET_WRITE_NBYTES(context, nbytes);
	return EOK;
}

static int on_notify(resmgr_context_t *context, io_notify_t *msg, iofunc_ocb_t *ocb)
{
	(void)ocb;
	return iofunc_notify(context, msg, notify, (int)_NOTIFY_COND_OUTPUT, NULL, NULL);
}

static int on_close_dup(resmgr_context_t *context, io_close_t *msg, iofunc_ocb_t *ocb)
{
	iofunc_notify_remove(context, notify);
	return iofunc_close_dup_default(context, msg, ocb);
}

static int on_path(resmgr_context_t *context, io_unlink_t *msg, iofunc_attr_t *handle, void *extra)
{
	(void)context;
	(void)handle;
	(void)extra;
	return strlen(msg->connect.path) > 4096 ? EIO : ENOENT;
}

static int on_rename(resmgr_context_t *context, io_rename_t *msg, iofunc_attr_t *handle,
		     io_rename_extra_t *extra)
{
	(void)context;
	(void)handle;
	return strlen(msg->connect.path) + strlen(extra->path) > 9000 ? EIO : ENOENT;
}

static int on_link(resmgr_context_t *context, io_link_t *msg, iofunc_attr_t *handle,
		   io_link_extra_t *extra)
{
	(void)context;
	(void)handle;
	if (msg->connect.extra_type == _IO_CONNECT_EXTRA_SYMLINK)
		return strlen(extra->path) > 9000 ? EIO : ENOENT;
	return ENOENT;
}

static int on_mount(resmgr_context_t *context, io_mount_t *msg, iofunc_attr_t *handle,
		    io_mount_extra_t *extra)
{
	const char *data = extra->extra.srv.data;
	unsigned sum = 0;

	(void)context;
	(void)msg;
	(void)handle;
	for (uint32_t i = 0; i < extra->datalen; i++)
		sum += (unsigned char)data[i];
	return strlen(extra->extra.srv.type) + strlen(extra->extra.srv.special) + sum > 100000000 ?
		       EIO :
		       ENOENT;
}

static void begin(void)
{
	iofunc_func_init(_RESMGR_CONNECT_NFUNCS, &connect_funcs, _RESMGR_IO_NFUNCS, &io_funcs);
	io_funcs.write = on_write;
	io_funcs.notify = on_notify;
	io_funcs.close_dup = on_close_dup;
	connect_funcs.unlink = on_path;
	connect_funcs.rename = on_rename;
	connect_funcs.link = on_link;
	connect_funcs.mount = on_mount;
	IOFUNC_NOTIFY_INIT(notify);
	iofunc_attr_init(&attr, S_IFREG | 0666, NULL, NULL);
	dpp = dispatch_create();
	(void)resmgr_attach(dpp, NULL, "/fuzz", _FTYPE_ANY, _RESMGR_FLAG_DIR, &connect_funcs,
			    &io_funcs, &attr);
	ctp = dispatch_context_alloc(dpp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!ctp)
		begin();
	fake_reset();
	while (size >= 3) {
		const int client = data[0] % 4 + 1, coid = data[1] % 8;
		size_t length = data[2];

		data += 3;
		size -= 3;
		if (length == 255) {
			(void)fake_send_pulse(ctp, client, _PULSE_CODE_DISCONNECT, 0);
			continue;
		}
		if (length > size)
			length = size;
		fake_answer.count = 0;
		(void)fake_send(ctp, client, coid, data, length);
		data += length;
		size -= length;
	}
	for (int client = 1; client <= 4; client++)
		(void)fake_send_pulse(ctp, client, _PULSE_CODE_DISCONNECT, 0);
	assert(attr.count == 0 && !attr.lock_list && attr.lock_count == 0);
	assert(!notify[0].list && !notify[1].list && !notify[2].list);
	return 0;
}
