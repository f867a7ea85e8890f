// SPDX-License-Identifier: Apache-2.0
/*
 * devctl() and what is a devctl: ioctl(), the flags of an open file. Of a plain descriptor,
 * devctl() knows the commands that every file has; others it does not know (ENOTTY).
 */
#include <devctl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/dcmd_all.h>
#include <sys/ioctl.h>
#include <sys/iomsg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "client/export.h"
#include "client/guard.h"
#include "client/result.h"
#include "io/control.h"
#include "io/file.h"
#include "io/plain.h"
#include "io/terminal.h"

#define CONTROL_PARTS_MAX 64
/* Of the kernel's terminals. */
#define KERNEL_CLASS_TTY  'T'

struct control {
	int fd, command;
	size_t nbytes;
	const struct iovec *out, *in;
	int n_out, n_in;
	bool both_ways;
};

static size_t sum(const struct iovec *parts, int n)
{
	size_t size = 0;

	for (int i = 0; i < n; i++)
		size += parts[i].iov_len;
	return size;
}

/* 0 or an error number. */
static int control_send(const struct control *c, int *info)
{
	struct _io_devctl m = {.type = _IO_DEVCTL,
			       .combine_len = sizeof(m),
			       .dcmd = c->command,
			       .nbytes = (uint32_t)c->nbytes};
	struct _io_devctl_reply reply = {.ret_val = 0};
	struct iovec out[CONTROL_PARTS_MAX + 1] = {{&m, sizeof(m)}};
	struct iovec in[CONTROL_PARTS_MAX + 1] = {{&reply, sizeof(reply)}};
	bool sends = c->both_ways || (unsigned)c->command & _POSIX_DEVDIR_TO;
	bool takes = c->both_ways || (unsigned)c->command & _POSIX_DEVDIR_FROM;
	long rc;

	memcpy(out + 1, c->out, (sends ? (size_t)c->n_out : 0) * sizeof(*out));
	memcpy(in + 1, c->in, (takes ? (size_t)c->n_in : 0) * sizeof(*in));
	rc = file_sendv(c->fd, out, 1 + (sends ? c->n_out : 0), in, 1 + (takes ? c->n_in : 0));
	if (rc < 0)
		return (int)-rc;
	if (info)
		*info = reply.ret_val;
	return EOK;
}

/* What a file of the kernel's has of the commands for all. */
static int control_plain(int fd, int command, void *data, size_t nbytes, int *info)
{
	int flags = (int)plain_call(SYS_fcntl, fd, F_GETFL, 0, 0, 0);

	if (flags < 0)
		return errno;
	if (info)
		*info = 0;
	if (nbytes < sizeof(int))
		return ENOTTY;
	if (command == (int)DCMD_ALL_GETFLAGS) {
		memcpy(data, &flags, sizeof(flags));
		return EOK;
	}
	if (command != (int)DCMD_ALL_SETFLAGS)
		return ENOTTY;
	memcpy(&flags, data, sizeof(flags));
	return plain_call(SYS_fcntl, fd, F_SETFL, flags, 0, 0) < 0 ? errno : EOK;
}

static int control_run(int fd, int command, void *data, size_t nbytes, int *info)
{
	const struct iovec part = {data, nbytes};
	const struct control c = {.fd = fd,
				  .command = command,
				  .nbytes = nbytes,
				  .out = &part,
				  .in = &part,
				  .n_out = 1,
				  .n_in = 1};

	if (guard_is_hidden(fd))
		return EBADF;
	if (nbytes > UINT32_MAX)
		return EINVAL;
	return file_is(fd) ? control_send(&c, info) :
			     control_plain(fd, command, data, nbytes, info);
}

EXPORT int devctl(int fd, int dcmd, void *data, size_t nbytes, int *info)
{
	int saved = errno;
	int error = control_run(fd, dcmd, data, nbytes, info);

	errno = saved;
	return error;
}

EXPORT int posix_devctl(int fd, int dcmd, void *restrict data, size_t nbytes, int *restrict info)
{
	return devctl(fd, dcmd, data, nbytes, info);
}

EXPORT int devctlv(int fd, int dcmd, int sparts, int rparts, const struct iovec *sv,
		   const struct iovec *rv, int *info)
{
	struct control c = {.fd = fd, .command = dcmd, .out = sv, .in = rv};
	int saved = errno;
	int error;

	if (sparts < 0 || rparts < 0 || sparts > CONTROL_PARTS_MAX || rparts > CONTROL_PARTS_MAX)
		return EINVAL;
	if (guard_is_hidden(fd))
		return EBADF;
	c.n_out = sparts;
	c.n_in = rparts;
	c.nbytes = MAX(sum(sv, sparts), sum(rv, rparts));
	if (c.nbytes > UINT32_MAX)
		return EINVAL;
	if (file_is(fd))
		error = control_send(&c, info);
	else
		error = plain_call(SYS_fcntl, fd, F_GETFD, 0, 0, 0) < 0 ? errno : ENOTTY;
	errno = saved;
	return error;
}

/* ---- ioctl() ---- */

/*
 * The command goes as it is, since that is what the server compares. In the kernel's numbers the
 * bits of the two directions are exchanged, so that data goes both ways whatever they say. Of its
 * terminals' numbers those that QNX has are translated.
 */
static int ioctl_served(int fd, unsigned long request, void *arg)
{
	const int known = terminal_command(request);
	const int command = known ? known : (int)request;
	const struct iovec part = {arg, (size_t)get_device_size(command)};
	const struct control c = {.fd = fd,
				  .command = command,
				  .nbytes = part.iov_len,
				  .out = &part,
				  .in = &part,
				  .n_out = 1,
				  .n_in = 1,
				  .both_ways = !known};
	int info = 0, error;

	if (request == FIONBIO || request == FIOCLEX || request == FIONCLEX)
		return control_request(fd, request, arg);
	/* The others of the kernel's terminals: what is behind arg is not known. */
	if (_IOC_TYPE(request) == KERNEL_CLASS_TTY && part.iov_len == 0)
		return result_errno(-ENOTTY);
	error = control_send(&c, &info);
	return error ? result_errno(-error) : info;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (file_is(fd))
		return ioctl_served(fd, request, arg);
	return (int)PLAIN(ioctl, fd, request, arg, 0, 0);
}

/* ---- Flags ---- */

long control_flags(int fd)
{
	int flags = 0;
	int error = control_run(fd, (int)DCMD_ALL_GETFLAGS, &flags, sizeof(flags), NULL);

	return error ? -error : flags;
}

long control_set_flags(int fd, int flags)
{
	return -control_run(fd, (int)DCMD_ALL_SETFLAGS, &flags, sizeof(flags), NULL);
}

int control_request(int fd, unsigned long request, void *arg)
{
	long flags;

	if (request == FIOCLEX || request == FIONCLEX)
		return (int)plain_call(SYS_fcntl, fd, F_SETFD, request == FIOCLEX ? FD_CLOEXEC : 0,
				       0, 0);
	flags = control_flags(fd);
	if (flags >= 0)
		flags = control_set_flags(fd, *(const int *)arg ? (int)flags | O_NONBLOCK :
								  (int)flags & ~O_NONBLOCK);
	return result_errno((int)flags);
}
