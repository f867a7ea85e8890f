// SPDX-License-Identifier: Apache-2.0
/*
 * Three devices of one server: the first resource manager of each course. Every program
 * of the node opens, reads and writes them as files, without knowing of messages.
 *
 *   /dev/tour/null     swallows what is written, and is empty
 *   /dev/tour/zero     has zeros without end
 *   /dev/tour/counter  counts: each read has the next number; who writes one sets it
 *
 * What a device is besides a file, here its kind, stands behind the library's own
 * attributes: IOFUNC_ATTR_T says so before the headers are read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct device;
#define IOFUNC_ATTR_T struct device
#include <sys/iofunc.h>
#include <sys/dispatch.h>

#include "device.h"

enum kind { KIND_NULL, KIND_ZERO, KIND_COUNTER };

struct device {
	iofunc_attr_t attr; /* first: the library looks here */
	const char *path;
	enum kind kind;
	int count;
};

static struct device devices[] = {
	{.path = "/dev/tour/null", .kind = KIND_NULL},
	{.path = "/dev/tour/zero", .kind = KIND_ZERO},
	{.path = "/dev/tour/counter", .kind = KIND_COUNTER},
};

/* The client's buffer may be larger than any of ours: it gets zeros piece by piece. */
static int read_zeros(resmgr_context_t *ctp, size_t nbytes)
{
	static const char zeros[4096];
	size_t at = 0;

	while (at < nbytes) {
		size_t piece = nbytes - at < sizeof(zeros) ? nbytes - at : sizeof(zeros);

		if (resmgr_msgwrite(ctp, zeros, piece, at) == -1)
			return errno;
		at += piece;
	}
	_IO_SET_READ_NBYTES(ctp, nbytes);
	return _RESMGR_NPARTS(0);
}

static int read_count(resmgr_context_t *ctp, struct device *device, size_t nbytes)
{
	static char text[16]; /* one thread, and it has been copied when we are called again */
	size_t length = (size_t)snprintf(text, sizeof(text), "%d\n", device->count++);

	length = length < nbytes ? length : nbytes;
	_IO_SET_READ_NBYTES(ctp, length);
	return _RESMGR_PTR(ctp, text, length);
}

static int device_read(resmgr_context_t *ctp, io_read_t *msg, RESMGR_OCB_T *ocb)
{
	int status = iofunc_read_verify(ctp, msg, ocb, NULL);

	if (status != EOK)
		return status;
	if ((msg->i.xtype & _IO_XTYPE_MASK) != _IO_XTYPE_NONE)
		return ENOSYS; /* pread(): there are no places in these */
	ocb->attr->attr.flags |= IOFUNC_ATTR_ATIME;
	if (ocb->attr->kind == KIND_ZERO)
		return read_zeros(ctp, _IO_READ_GET_NBYTES(msg));
	if (ocb->attr->kind == KIND_COUNTER)
		return read_count(ctp, ocb->attr, _IO_READ_GET_NBYTES(msg));
	_IO_SET_READ_NBYTES(ctp, 0); /* the end of the file */
	return _RESMGR_NPARTS(0);
}

static int device_write(resmgr_context_t *ctp, io_write_t *msg, RESMGR_OCB_T *ocb)
{
	size_t nbytes = _IO_WRITE_GET_NBYTES(msg);
	char text[16] = "";
	int status = iofunc_write_verify(ctp, msg, ocb, NULL);

	if (status != EOK)
		return status;
	if ((msg->i.xtype & _IO_XTYPE_MASK) != _IO_XTYPE_NONE)
		return ENOSYS;
	if (ocb->attr->kind == KIND_COUNTER) {
		if (nbytes >= sizeof(text))
			return EINVAL;
		/* It need not have come with the message; behind its head it is, in any case. */
		if (resmgr_msgread(ctp, text, nbytes, sizeof(msg->i)) == -1)
			return errno;
		ocb->attr->count = atoi(text);
	}
	_IO_SET_WRITE_NBYTES(ctp, nbytes);
	ocb->attr->attr.flags |= IOFUNC_ATTR_MTIME | IOFUNC_ATTR_CTIME;
	return _RESMGR_NPARTS(0);
}

/* What is neither read nor written. */
static int device_devctl(resmgr_context_t *ctp, io_devctl_t *msg, RESMGR_OCB_T *ocb)
{
	int status = iofunc_devctl_default(ctp, msg, ocb);

	if (status != _RESMGR_DEFAULT)
		return status; /* one of those that all devices have */
	if (msg->i.dcmd != (int)DCMD_COUNTER_GET || ocb->attr->kind != KIND_COUNTER)
		return ENOTTY;
	memset(&msg->o, 0, sizeof(msg->o));
	msg->o.nbytes = sizeof(int);
	*(int *)_DEVCTL_DATA(msg->o) = ocb->attr->count;
	return _RESMGR_PTR(ctp, &msg->o, sizeof(msg->o) + sizeof(int));
}

int main(void)
{
	static resmgr_connect_funcs_t connect_funcs;
	static resmgr_io_funcs_t io_funcs;
	dispatch_t *dpp = dispatch_create();
	dispatch_context_t *ctp;

	iofunc_func_init(_RESMGR_CONNECT_NFUNCS, &connect_funcs, _RESMGR_IO_NFUNCS, &io_funcs);
	io_funcs.read = device_read;
	io_funcs.write = device_write;
	io_funcs.devctl = device_devctl;
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		iofunc_attr_init(&devices[i].attr, S_IFCHR | 0666, NULL, NULL);
		if (resmgr_attach(dpp, NULL, devices[i].path, _FTYPE_ANY, 0, &connect_funcs,
				  &io_funcs, &devices[i]) == -1) {
			perror("resmgr_attach() failed");
			return EXIT_FAILURE;
		}
	}
	ctp = dispatch_context_alloc(dpp);
	while ((ctp = dispatch_block(ctp)))
		dispatch_handler(ctp);
	perror("dispatch_block() failed");
	return EXIT_FAILURE;
}
