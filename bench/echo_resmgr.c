// SPDX-License-Identifier: Apache-2.0
/* A file of a resource manager, used by the calls that programs have for files. */
#include "echo.h"

#include "figure.h"

#include <devctl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/iofunc.h>
#include <sys/dispatch.h>
#include <sys/neutrino.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH "/bench/file"
/* Both ways, so many bytes as go. */
#define DCMD ((int)__DIOTF(_DCMD_MISC, 1, char[64]))

static char *bytes;
static size_t n_bytes;
static int fd;

static int file_read(resmgr_context_t *ctp, io_read_t *msg, RESMGR_OCB_T *ocb)
{
	size_t n = _IO_READ_GET_NBYTES(msg);
	int status = iofunc_read_verify(ctp, msg, ocb, NULL);

	if (status != EOK)
		return status;
	n = n < n_bytes ? n : n_bytes;
	_IO_SET_READ_NBYTES(ctp, n);
	return _RESMGR_PTR(ctp, bytes, n);
}

static int file_write(resmgr_context_t *ctp, io_write_t *msg, RESMGR_OCB_T *ocb)
{
	size_t n = _IO_WRITE_GET_NBYTES(msg);
	int status = iofunc_write_verify(ctp, msg, ocb, NULL);

	if (status != EOK)
		return status;
	if (n > n_bytes || resmgr_msgread(ctp, bytes, n, sizeof(msg->i)) != (ssize_t)n)
		return EIO;
	_IO_SET_WRITE_NBYTES(ctp, n);
	return _RESMGR_NPARTS(0);
}

static int file_devctl(resmgr_context_t *ctp, io_devctl_t *msg, RESMGR_OCB_T *ocb)
{
	int status = iofunc_devctl_default(ctp, msg, ocb);

	if (status != _RESMGR_DEFAULT)
		return status;
	if (msg->i.dcmd != DCMD)
		return ENOTTY;
	/* The data is where it was: behind the head, which is as long in both directions. */
	memset(&msg->o, 0, sizeof(msg->o));
	msg->o.nbytes = (uint32_t)n_bytes;
	return _RESMGR_PTR(ctp, &msg->o, sizeof(msg->o) + n_bytes);
}

noreturn static void serve(char *buffer, size_t size)
{
	static resmgr_connect_funcs_t connect_funcs;
	static resmgr_io_funcs_t io_funcs;
	static iofunc_attr_t attr;
	dispatch_t *dpp = dispatch_create();
	dispatch_context_t *ctp;

	bytes = buffer;
	n_bytes = size;
	iofunc_func_init(_RESMGR_CONNECT_NFUNCS, &connect_funcs, _RESMGR_IO_NFUNCS, &io_funcs);
	io_funcs.read = file_read;
	io_funcs.write = file_write;
	io_funcs.devctl = file_devctl;
	iofunc_attr_init(&attr, S_IFCHR | 0666, NULL, NULL);
	if (resmgr_attach(dpp, NULL, PATH, _FTYPE_ANY, 0, &connect_funcs, &io_funcs, &attr) == -1)
		figure_die("resmgr_attach");
	ctp = dispatch_context_alloc(dpp);
	(void)sem_post(&echo_meeting->is_up); /* cannot fail, it is 0 */
	while ((ctp = dispatch_block(ctp)))
		dispatch_handler(ctp);
	figure_die("dispatch_block");
}

static void open_it(size_t size)
{
	(void)size;
	fd = open(PATH, O_RDWR);
	if (fd == -1)
		figure_die("open");
}

static void read_it(const char *request, char *reply, size_t size)
{
	(void)request;
	if (read(fd, reply, size) != (ssize_t)size)
		figure_die("read");
}

static void write_it(const char *request, char *reply, size_t size)
{
	(void)reply;
	if (write(fd, request, size) != (ssize_t)size)
		figure_die("write");
}

static void control(const char *request, char *reply, size_t size)
{
	memcpy(reply, request, size);
	if (devctl(fd, DCMD, reply, size, NULL) != EOK)
		figure_die("devctl");
}

static void open_and_close(const char *request, char *reply, size_t size)
{
	(void)request;
	(void)reply;
	open_it(size);
	if (close(fd) == -1)
		figure_die("close");
}

static void open_read_close(const char *request, char *reply, size_t size)
{
	open_it(size);
	read_it(request, reply, size);
	if (close(fd) == -1)
		figure_die("close");
}

const struct echo_way echo_ways[] = {
	{.name = "read", .is_unmarked = true, .serve = serve, .connect = open_it, .call = read_it},
	{.name = "write", .is_unmarked = true, .serve = serve, .connect = open_it, .call = write_it},
	{.name = "devctl", .serve = serve, .connect = open_it, .call = control},
	{.name = "open-close", .is_unmarked = true, .serve = serve, .call = open_and_close},
	{.name = "open-read-close", .is_unmarked = true, .serve = serve, .call = open_read_close},
	{.name = NULL},
};
