// SPDX-License-Identifier: Apache-2.0
/*
 * A resource manager in a process of its own, and clients that send it the messages which
 * open(), read() and the others send: by MsgSend(), so that nothing else is tested with it.
 * What the manager sees stands in memory that it shares with the test.
 *
 * The device is a queue of bytes: a read takes what is there, or waits for a write.
 */
#pragma once

#include "message/kit.h"

struct device;
#define IOFUNC_ATTR_T       struct device
#define THREAD_POOL_PARAM_T dispatch_context_t
#include <sys/iofunc.h>
#include <sys/dispatch.h>
#include <devctl.h>

#define DCMD_WHO  __DIOF(_DCMD_MISC, 1, struct who)
#define DCMD_SEEN __DIOF(_DCMD_MISC, 2, struct seen)
#define DCMD_TAKE __DIOT(_DCMD_MISC, 3, int) /* the sum of all bytes is ret_val */

struct who {
	int scoid, coid, pid;
};

/* What has happened in the manager. */
struct seen {
	int opens, close_dups, close_ocbs, frees, callocs;
	int unblocks;
	int parked;                /* reads that wait now */
	int count;                 /* attr.count */
	int last_scoid, last_coid; /* of close_dup */
	int at_once, most_at_once; /* reads that sleep in the handler */
};

struct parked {
	int rcvid, scoid, coid;
	size_t nbytes;
};

struct device {
	iofunc_attr_t attr;
	iofunc_notify_t notify[3];
	char bytes[4096];
	size_t n_bytes;
	struct parked parked[64];
	unsigned n_parked;
	struct seen *seen;
};

struct manager {
	pid_t pid;
	int chid, id;
	struct seen *seen; /* shared */
};

static struct device device;
static resmgr_connect_funcs_t connect_funcs;
static resmgr_io_funcs_t io_funcs;

#define COUNT(member)         __atomic_fetch_add(&device.seen->member, 1, __ATOMIC_SEQ_CST)
#define SEEN(manager, member) __atomic_load_n(&(manager)->seen->member, __ATOMIC_SEQ_CST)

/* ---- Handlers ---- */

MAYBE int device_open(resmgr_context_t *ctp, io_open_t *msg, RESMGR_HANDLE_T *handle, void *extra)
{
	COUNT(opens);
	return iofunc_open_default(ctp, msg, &handle->attr, extra);
}

MAYBE iofunc_ocb_t *device_calloc(resmgr_context_t *ctp, IOFUNC_ATTR_T *attr)
{
	(void)ctp;
	(void)attr;
	COUNT(callocs);
	return calloc(1, sizeof(iofunc_ocb_t));
}

MAYBE void device_free(iofunc_ocb_t *ocb)
{
	COUNT(frees);
	free(ocb);
}

MAYBE int device_read(resmgr_context_t *ctp, io_read_t *msg, RESMGR_OCB_T *ocb)
{
	size_t nbytes = _IO_READ_GET_NBYTES(msg);
	int nonblock;
	int status = iofunc_read_verify(ctp, msg, ocb, &nonblock);

	if (status != EOK)
		return status;
	if (device.n_bytes == 0) {
		if (nonblock)
			return EAGAIN;
		device.parked[device.n_parked++] =
			(struct parked){ctp->rcvid, ctp->info.scoid, ctp->info.coid, nbytes};
		COUNT(parked);
		return _RESMGR_NOREPLY;
	}
	if (nbytes > device.n_bytes)
		nbytes = device.n_bytes;
	_IO_SET_READ_NBYTES(ctp, nbytes);
	EXPECT_GE(resmgr_msgwrite(ctp, device.bytes, nbytes, 0), 0);
	memmove(device.bytes, device.bytes + nbytes, device.n_bytes - nbytes);
	device.n_bytes -= nbytes;
	device.attr.flags |= IOFUNC_ATTR_ATIME;
	return EOK;
}

MAYBE void unpark(unsigned i)
{
	device.parked[i] = device.parked[--device.n_parked];
	__atomic_fetch_sub(&device.seen->parked, 1, __ATOMIC_SEQ_CST);
}

MAYBE int device_write(resmgr_context_t *ctp, io_write_t *msg, RESMGR_OCB_T *ocb)
{
	const size_t nbytes = _IO_WRITE_GET_NBYTES(msg);
	const size_t room = sizeof(device.bytes) - device.n_bytes;
	const size_t takes = nbytes < room ? nbytes : room;
	int status = iofunc_write_verify(ctp, msg, ocb, NULL);

	if (status != EOK)
		return status;
	if (resmgr_msgget(ctp, device.bytes + device.n_bytes, takes, sizeof(msg->i)) == -1)
		return errno;
	device.n_bytes += takes;
	if (device.n_parked > 0 && device.n_bytes > 0) {
		const struct parked p = device.parked[0];
		const size_t gives = p.nbytes < device.n_bytes ? p.nbytes : device.n_bytes;

		unpark(0);
		if (MsgReply(p.rcvid, (long)gives, device.bytes, gives) == 0)
			device.n_bytes -= gives;
	}
	iofunc_notify_trigger(device.notify, (int)device.n_bytes, IOFUNC_NOTIFY_INPUT);
	device.attr.flags |= IOFUNC_ATTR_MTIME | IOFUNC_ATTR_CTIME;
	_IO_SET_WRITE_NBYTES(ctp, takes);
	return EOK;
}

MAYBE int device_unblock(resmgr_context_t *ctp, io_pulse_t *msg, RESMGR_OCB_T *ocb)
{
	int status = iofunc_unblock_default(ctp, msg, ocb);

	COUNT(unblocks);
	if (status != _RESMGR_DEFAULT)
		return status;
	iofunc_attr_lock(&device.attr);
	for (unsigned i = 0; i < device.n_parked; i++) {
		if (device.parked[i].rcvid == ctp->rcvid) {
			unpark(i);
			status = EINTR;
			break;
		}
	}
	iofunc_attr_unlock(&device.attr);
	return status;
}

MAYBE int device_close_dup(resmgr_context_t *ctp, io_close_t *msg, RESMGR_OCB_T *ocb)
{
	iofunc_attr_lock(&device.attr);
	for (unsigned i = 0; i < device.n_parked;) {
		if (device.parked[i].scoid == ctp->info.scoid &&
		    device.parked[i].coid == ctp->info.coid) {
			(void)MsgError(device.parked[i].rcvid, EBADF);
			unpark(i);
		} else {
			i++;
		}
	}
	iofunc_notify_remove(ctp, device.notify);
	iofunc_attr_unlock(&device.attr);
	device.seen->last_scoid = ctp->info.scoid;
	device.seen->last_coid = ctp->info.coid;
	COUNT(close_dups);
	return iofunc_close_dup_default(ctp, msg, ocb);
}

MAYBE int device_close_ocb(resmgr_context_t *ctp, void *reserved, RESMGR_OCB_T *ocb)
{
	const int status = iofunc_close_ocb_default(ctp, reserved, ocb);

	COUNT(close_ocbs);
	return status;
}

MAYBE int device_notify(resmgr_context_t *ctp, io_notify_t *msg, RESMGR_OCB_T *ocb)
{
	(void)ocb;
	return iofunc_notify(ctp, msg, device.notify,
			     (int)(_NOTIFY_COND_OUTPUT | (device.n_bytes ? _NOTIFY_COND_INPUT : 0)),
			     NULL, NULL);
}

MAYBE int device_sum(resmgr_context_t *ctp, io_devctl_t *msg)
{
	unsigned char piece[1000];
	const size_t nbytes = msg->i.nbytes;
	unsigned sum = 0;

	for (size_t at = 0; at < nbytes;) {
		const ssize_t n = resmgr_msgread(ctp, piece, sizeof(piece), sizeof(msg->i) + at);

		if (n <= 0)
			return EIO;
		for (ssize_t i = 0; i < n; i++)
			sum += piece[i];
		at += (size_t)n;
	}
	memset(&msg->o, 0, sizeof(msg->o));
	msg->o.ret_val = (int)sum;
	return _RESMGR_PTR(ctp, &msg->o, sizeof(msg->o));
}

MAYBE int device_devctl(resmgr_context_t *ctp, io_devctl_t *msg, RESMGR_OCB_T *ocb)
{
	int status = iofunc_devctl_default(ctp, msg, ocb);
	const int dcmd = msg->i.dcmd;
	size_t size = 0;

	if (status != _RESMGR_DEFAULT)
		return status;
	if (dcmd == DCMD_TAKE)
		return device_sum(ctp, msg);
	memset(&msg->o, 0, sizeof(msg->o));
	if (dcmd == DCMD_WHO) {
		const struct who who = {ctp->info.scoid, ctp->info.coid, ctp->info.pid};

		memcpy(_DEVCTL_DATA(msg->o), &who, size = sizeof(who));
	} else if (dcmd == DCMD_SEEN) {
		device.seen->count = device.attr.count;
		memcpy(_DEVCTL_DATA(msg->o), device.seen, size = sizeof(*device.seen));
	} else {
		return ENOSYS;
	}
	msg->o.nbytes = (uint32_t)size;
	return _RESMGR_PTR(ctp, &msg->o, sizeof(msg->o) + size);
}

/* ---- The manager ---- */

static iofunc_funcs_t device_funcs = {_IOFUNC_NFUNCS, device_calloc, device_free, NULL, NULL, NULL};
static iofunc_mount_t device_mount = {0, 0, 0, 0, &device_funcs, NULL, 0, 0, 0, {0}};

MAYBE void device_init(struct seen *seen)
{
	iofunc_func_init(_RESMGR_CONNECT_NFUNCS, &connect_funcs, _RESMGR_IO_NFUNCS, &io_funcs);
	connect_funcs.open = device_open;
	io_funcs.read = device_read;
	io_funcs.write = device_write;
	io_funcs.unblock = device_unblock;
	io_funcs.close_dup = device_close_dup;
	io_funcs.close_ocb = device_close_ocb;
	io_funcs.notify = device_notify;
	io_funcs.devctl = device_devctl;
	iofunc_attr_init(&device.attr, S_IFNAM | 0666, NULL, NULL);
	device.attr.mount = &device_mount;
	IOFUNC_NOTIFY_INIT(device.notify);
	device.seen = seen;
}

/* The loop that every QNX course teaches. */
MAYBE void device_loop(dispatch_t *dpp)
{
	dispatch_context_t *ctp = dispatch_context_alloc(dpp), *next;

	EXPECT(ctp);
	for (;;) {
		next = dispatch_block(ctp);
		if (!next) {
			EXPECT_EQ(errno, EINTR);
			continue;
		}
		ctp = next;
		dispatch_handler(ctp);
	}
}

/* A pool in its place. */
MAYBE void device_pool(dispatch_t *dpp)
{
	thread_pool_attr_t attr = {
		.handle = dpp,
		.context_alloc = dispatch_context_alloc,
		.block_func = dispatch_block,
		.unblock_func = dispatch_unblock,
		.handler_func = dispatch_handler,
		.context_free = dispatch_context_free,
		.lo_water = 2,
		.increment = 1,
		.hi_water = 4,
		.maximum = 8,
	};
	thread_pool_t *pool = thread_pool_create(&attr, POOL_FLAG_USE_SELF);

	EXPECT(pool);
	thread_pool_start(pool);
}

MAYBE struct manager manager_new(const char *path, void (*loop)(dispatch_t *dpp))
{
	struct manager m = {.seen = shared_memory(sizeof(*m.seen))};
	struct gate gate = gate_new();
	int numbers[2];

	fflush(NULL);
	m.pid = EXPECT_OK(fork());
	if (m.pid == 0) {
		dispatch_t *dpp;

		numbers[0] = EXPECT_OK(ChannelCreate(_NTO_CHF_UNBLOCK | _NTO_CHF_DISCONNECT));
		dpp = dispatch_create_channel(numbers[0], 0);
		EXPECT(dpp);
		device_init(m.seen);
		numbers[1] = EXPECT_OK(resmgr_attach(dpp, NULL, path, _FTYPE_ANY, 0, &connect_funcs,
						     &io_funcs, &device));
		EXPECT_EQ(write(gate.write, numbers, sizeof(numbers)), sizeof(numbers));
		gate_open(gate);
		loop(dpp);
		_exit(0);
	}
	close(gate.write);
	if (read(gate.read, numbers, sizeof(numbers)) != sizeof(numbers))
		FAIL("the manager did not come up");
	m.chid = numbers[0];
	m.id = numbers[1];
	close(gate.read);
	return m;
}

MAYBE void manager_end(struct manager *m)
{
	end_child(m->pid);
	EXPECT_OK(munmap(m->seen, sizeof(*m->seen)));
}

/* ---- Clients ---- */

struct connect_message {
	struct _io_connect connect;
	char rest[256];
};

MAYBE size_t connect_fill(const struct manager *m, struct connect_message *to, int subtype,
			  const char *path, int oflag)
{
	memset(to, 0, sizeof(*to));
	to->connect.type = _IO_CONNECT;
	to->connect.subtype = (uint16_t)subtype;
	to->connect.handle = (uint32_t)m->id;
	to->connect.ioflag = ((uint32_t)oflag & ~3u) | (((uint32_t)oflag + 1) & 3u);
	to->connect.path_len = (uint16_t)(strlen(path) + 1);
	memcpy((char *)to + sizeof(to->connect), path, strlen(path) + 1);
	return sizeof(to->connect) + to->connect.path_len;
}

/* What open() does once it knows who serves the path: a descriptor, or -1 and errno. */
MAYBE int client_open(const struct manager *m, int oflag)
{
	struct connect_message message;
	const size_t size = connect_fill(m, &message, _IO_CONNECT_OPEN, "", oflag);
	int coid = EXPECT_OK(ConnectAttach(0, m->pid, m->chid, 0, 0));

	if (MsgSend(coid, &message, size, NULL, 0) != -1)
		return coid;
	EXPECT_OK(ConnectDetach(coid));
	return -1;
}

MAYBE long client_close(int fd)
{
	const struct _io_close message = {_IO_CLOSE, sizeof(message)};
	const long r = MsgSend(fd, &message, sizeof(message), NULL, 0);

	EXPECT_OK(ConnectDetach(fd));
	return r;
}

/* A second descriptor of what @who has. */
MAYBE int client_dup(const struct manager *m, const struct who *who)
{
	struct _io_dup message = {.type = _IO_DUP};
	int coid = EXPECT_OK(ConnectAttach(0, m->pid, m->chid, 0, 0));

	message.info.scoid = who->scoid;
	message.info.coid = who->coid;
	message.info.pid = who->pid;
	EXPECT_EQ(MsgSend(coid, &message, sizeof(message), NULL, 0), 0);
	return coid;
}

MAYBE long client_read(int fd, void *to, size_t nbytes)
{
	const struct _io_read message = {.type = _IO_READ, .nbytes = (uint32_t)nbytes};

	return MsgSend(fd, &message, sizeof(message), to, nbytes);
}

MAYBE long client_write(int fd, const void *from, size_t nbytes)
{
	const struct _io_write message = {.type = _IO_WRITE, .nbytes = (uint32_t)nbytes};
	iov_t parts[2];

	SETIOV_CONST(&parts[0], &message, sizeof(message));
	SETIOV_CONST(&parts[1], from, nbytes);
	return MsgSendvs(fd, parts, 2, NULL, 0);
}

MAYBE long client_devctl_from(int fd, int dcmd, void *to, size_t nbytes)
{
	const struct _io_devctl message = {
		.type = _IO_DEVCTL, .dcmd = dcmd, .nbytes = (uint32_t)nbytes};
	struct _io_devctl_reply reply;
	iov_t parts[2];

	SETIOV(&parts[0], &reply, sizeof(reply));
	SETIOV(&parts[1], to, nbytes);
	return MsgSendsv(fd, &message, sizeof(message), parts, 2);
}

MAYBE struct who client_who(int fd)
{
	struct who who;

	EXPECT_EQ(client_devctl_from(fd, DCMD_WHO, &who, sizeof(who)), 0);
	return who;
}

MAYBE struct seen client_seen(int fd)
{
	struct seen seen;

	EXPECT_EQ(client_devctl_from(fd, DCMD_SEEN, &seen, sizeof(seen)), 0);
	return seen;
}
