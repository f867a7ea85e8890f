/* SPDX-License-Identifier: Apache-2.0 */
/* A resource manager with structures of its own, by QNX's way of overriding the types, and
 * what its source may rely on in the messages. */
struct device;
struct open_file;
struct volume;
#define IOFUNC_ATTR_T       struct device
#define IOFUNC_OCB_T        struct open_file
#define IOFUNC_MOUNT_T      struct volume
#define THREAD_POOL_PARAM_T dispatch_context_t
#include <sys/iofunc.h>
#include <sys/dispatch.h>
#include <sys/resmgr.h>
#include <sys/iomsg.h>
#include <sys/dcmd_all.h>
#include <devctl.h>
#include <errno.h>
#include <stdlib.h>

struct device {
	iofunc_attr_t attr;
	iofunc_notify_t notify[3];
	int level;
};
struct open_file {
	iofunc_ocb_t ocb;
	int reads;
};
struct volume {
	iofunc_mount_t mount;
	int number;
};

/* Array of impossible size: what is said does not hold. */
#define HOLDS(name, what) extern char holds_##name[(what) ? 1 : -1]
HOLDS(write_data_begins_behind_it, sizeof(io_write_t) == 16);
HOLDS(write_header_is_as_long, sizeof(((io_write_t *)0)->i) == 16);
HOLDS(read_is_as_long, sizeof(io_read_t) == 16);
HOLDS(devctl_headers_are_equal,
      sizeof(((io_devctl_t *)0)->i) == 16 && sizeof(((io_devctl_t *)0)->o) == 16);
HOLDS(path_ends_the_connect, sizeof(struct _io_connect) == 40);
HOLDS(connect_funcs, sizeof(resmgr_connect_funcs_t) ==
			     sizeof(void *) + _RESMGR_CONNECT_NFUNCS * sizeof(void (*)(void)));
HOLDS(io_funcs,
      sizeof(resmgr_io_funcs_t) == sizeof(void *) + _RESMGR_IO_NFUNCS * sizeof(void (*)(void)));
HOLDS(functions, sizeof(iofunc_funcs_t) == sizeof(void *) + _IOFUNC_NFUNCS * sizeof(void *));

#define DCMD_SET __DIOT(_DCMD_MISC, 1, int)
#define DCMD_GET __DIOF(_DCMD_MISC, 2, int)

static struct open_file *my_calloc(resmgr_context_t *ctp, struct device *device)
{
	(void)ctp;
	(void)device;
	return (struct open_file *)calloc(1, sizeof(struct open_file));
}

static void my_free(struct open_file *file)
{
	free(file);
}

static int my_read(resmgr_context_t *ctp, io_read_t *msg, RESMGR_OCB_T *ocb)
{
	int nonblock;
	int status = iofunc_read_verify(ctp, msg, &ocb->ocb, &nonblock);

	if (status != EOK)
		return status;
	if ((msg->i.xtype & _IO_XTYPE_MASK) != _IO_XTYPE_NONE)
		return ENOSYS;
	ocb->reads++;
	ocb->ocb.attr->attr.flags |= IOFUNC_ATTR_ATIME;
	_IO_SET_READ_NBYTES(ctp, _IO_READ_GET_NBYTES(msg));
	SETIOV(&ctp->iov[0], &ocb->reads, sizeof(ocb->reads));
	return _RESMGR_NPARTS(1);
}

static int my_devctl(resmgr_context_t *ctp, io_devctl_t *msg, RESMGR_OCB_T *ocb)
{
	int status = iofunc_devctl_default(ctp, msg, &ocb->ocb);
	int *data = (int *)_DEVCTL_DATA(msg->i);

	if (status != (int)_RESMGR_DEFAULT)
		return status;
	switch (msg->i.dcmd) {
	case DCMD_SET:
		ocb->ocb.attr->level = *data;
		msg->o.nbytes = 0;
		break;
	case DCMD_GET:
		*data = ocb->ocb.attr->level;
		msg->o.nbytes = sizeof(*data);
		break;
	default:
		return ENOSYS;
	}
	msg->o.ret_val = status;
	return _RESMGR_PTR(ctp, &msg->o, sizeof(msg->o) + msg->o.nbytes);
}

static int my_open(resmgr_context_t *ctp, io_open_t *msg, RESMGR_HANDLE_T *handle, void *extra)
{
	return iofunc_open_default(ctp, msg, &handle->attr, extra);
}

static int my_pulse(message_context_t *ctp, int code, unsigned flags, void *handle)
{
	(void)flags;
	return handle == ctp->msg->pulse.value.sival_ptr ? code : 0;
}

static resmgr_connect_funcs_t connect_funcs;
static resmgr_io_funcs_t io_funcs;
static iofunc_funcs_t functions = {_IOFUNC_NFUNCS, my_calloc, my_free, 0, 0, 0};
static struct volume volume;
static struct device device;

int main(void)
{
	resmgr_attr_t attr = {0, 1, 2048, 0, {0, 0, 0, 0}};
	thread_pool_attr_t pool_attr = *thread_pool_attr_default;
	dispatch_t *dpp = dispatch_create();
	dispatch_context_t *ctp;

	iofunc_func_init(_RESMGR_CONNECT_NFUNCS, &connect_funcs, _RESMGR_IO_NFUNCS, &io_funcs);
	connect_funcs.open = my_open;
	io_funcs.read = my_read;
	io_funcs.devctl = my_devctl;
	iofunc_attr_init(&device.attr, S_IFNAM | 0666, NULL, NULL);
	IOFUNC_NOTIFY_INIT(device.notify);
	volume.mount.funcs = &functions;
	device.attr.mount = &volume;
	if (resmgr_attach(dpp, &attr, "/dev/probe", _FTYPE_ANY, 0, &connect_funcs, &io_funcs,
			  &device) == -1)
		return EXIT_FAILURE;
	pulse_attach(dpp, MSG_FLAG_ALLOC_PULSE, 0, my_pulse, NULL);

	pool_attr.handle = dpp;
	pool_attr.context_alloc = dispatch_context_alloc;
	pool_attr.block_func = dispatch_block;
	pool_attr.unblock_func = dispatch_unblock;
	pool_attr.handler_func = dispatch_handler;
	pool_attr.context_free = dispatch_context_free;
	pool_attr.lo_water = 2;
	pool_attr.increment = 1;
	pool_attr.hi_water = 4;
	pool_attr.maximum = 50;
	if (!thread_pool_create(&pool_attr, POOL_FLAG_USE_SELF))
		return EXIT_FAILURE;

	ctp = dispatch_context_alloc(dpp);
	while ((ctp = dispatch_block(ctp)) != NULL)
		dispatch_handler(ctp);
	return EXIT_SUCCESS;
}
