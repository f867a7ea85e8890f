// SPDX-License-Identifier: Apache-2.0
/*
 * A server whose threads come and go with its work: /dev/tour/time has the time as text.
 * A thread pool runs the loop that other servers write down: its threads wait in
 * dispatch_block(), and call dispatch_handler() with what came.
 *
 * The library locks a file's attributes around each handler, so two reads of the same
 * file are one after the other. A handler that takes long gives the lock back meanwhile:
 * to look at this clock takes a tenth of a second.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct view;
#define IOFUNC_OCB_T        struct view
#define THREAD_POOL_PARAM_T dispatch_context_t
#include <sys/iofunc.h>
#include <sys/dispatch.h>

/* An open file of ours: the time at which it was first read, so that it has an end. */
struct view {
	iofunc_ocb_t ocb; /* first: the library looks here */
	char text[32];
};

static IOFUNC_OCB_T *view_calloc(resmgr_context_t *ctp, IOFUNC_ATTR_T *attr)
{
	(void)ctp;
	(void)attr;
	return calloc(1, sizeof(struct view));
}

static void view_free(IOFUNC_OCB_T *view)
{
	free(view);
}

static void look(struct view *view)
{
	time_t now;
	struct tm parts;

	iofunc_attr_unlock(view->ocb.attr);
	usleep(100000);
	iofunc_attr_lock(view->ocb.attr);
	now = time(NULL);
	strftime(view->text, sizeof(view->text), "%Y-%m-%d %H:%M:%S\n", gmtime_r(&now, &parts));
}

static int view_read(resmgr_context_t *ctp, io_read_t *msg, RESMGR_OCB_T *view)
{
	size_t nbytes = _IO_READ_GET_NBYTES(msg), left;
	int status = iofunc_read_verify(ctp, msg, &view->ocb, NULL);

	if (status != EOK)
		return status;
	if ((msg->i.xtype & _IO_XTYPE_MASK) != _IO_XTYPE_NONE)
		return ENOSYS;
	if (view->ocb.offset == 0)
		look(view);
	left = strlen(view->text);
	left -= (size_t)view->ocb.offset < left ? (size_t)view->ocb.offset : left;
	nbytes = nbytes < left ? nbytes : left;
	/* Sent before the next reader of this open file can change it: a reply that is
	 * returned is sent when the lock is free again. */
	if (resmgr_msgwrite(ctp, view->text + view->ocb.offset, nbytes, 0) == -1)
		return errno;
	view->ocb.offset += (off_t)nbytes;
	_IO_SET_READ_NBYTES(ctp, nbytes);
	return _RESMGR_NPARTS(0);
}

int main(void)
{
	static iofunc_funcs_t funcs = {
		.nfuncs = _IOFUNC_NFUNCS, .ocb_calloc = view_calloc, .ocb_free = view_free};
	static iofunc_mount_t mount = {.funcs = &funcs};
	static resmgr_connect_funcs_t connect_funcs;
	static resmgr_io_funcs_t io_funcs;
	static iofunc_attr_t attr;
	thread_pool_attr_t pool_attr = {
		.handle = dispatch_create(),
		.context_alloc = dispatch_context_alloc,
		.block_func = dispatch_block,
		.unblock_func = dispatch_unblock,
		.handler_func = dispatch_handler,
		.context_free = dispatch_context_free,
		.lo_water = 2, /* waiting, at least */
		.increment = 2,
		.hi_water = 4, /* waiting, at most */
		.maximum = 16,
	};
	thread_pool_t *pool;

	iofunc_func_init(_RESMGR_CONNECT_NFUNCS, &connect_funcs, _RESMGR_IO_NFUNCS, &io_funcs);
	io_funcs.read = view_read;
	iofunc_attr_init(&attr, S_IFCHR | 0444, NULL, NULL);
	attr.mount = &mount;
	if (resmgr_attach(pool_attr.handle, NULL, "/dev/tour/time", _FTYPE_ANY, 0, &connect_funcs,
			  &io_funcs, &attr) == -1) {
		perror("resmgr_attach() failed");
		return EXIT_FAILURE;
	}
	pool = thread_pool_create(&pool_attr, POOL_FLAG_EXIT_SELF);
	if (!pool) {
		perror("thread_pool_create() failed");
		return EXIT_FAILURE;
	}
	thread_pool_start(pool); /* the main thread ends here */
	return EXIT_FAILURE;
}
