// SPDX-License-Identifier: Apache-2.0
/*
 * A small resource manager, forked by a test: files of memory, a folder of many entries, a file
 * whose reads wait, and one that counts what the library told the server. It uses the public
 * calls only.
 */
#pragma once

#include "detection/child.h"

#include <devctl.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* First: it says what an OCB is. */
#include <sys/iofunc.h>

#include <sys/dispatch.h>
#include <sys/mman.h>
#include <sys/neutrino.h>
#include <sys/resmgr.h>
#include <unistd.h>

#define SERVER_BYTES 65536

/* What the server has seen, in memory that test and server share. */
struct server_seen {
	volatile int opens, close_dups, close_ocbs, frees, dups, unblocks, reads, writes, notifies;
	volatile int unlinks, mkdirs, renames, symlinks, links;
	volatile unsigned last_mode;
	struct _xtype_readcond last_cond;
	struct server_dup {
		int rcvid, pid, coid, from_pid, from_coid;
		int reads; /* before it */
	} last_dup;
	volatile int refuses; /* the next dup */
	char last_path[256];
};

struct server {
	pid_t pid;
	struct server_seen *seen;
};

/* Swaps the bytes of its int and says 77. */
#define DCMD_TEST_SWAP __DIOTF(_DCMD_MISC, 1, uint32_t)
#define DCMD_TEST_PUT  __DIOT(_DCMD_MISC, 2, uint32_t)
#define DCMD_TEST_GET  __DIOF(_DCMD_MISC, 3, uint32_t)

struct server_file {
	iofunc_attr_t attr;
	char bytes[SERVER_BYTES];
};

static struct server_seen *server_seen;
static struct server_file server_memory, server_waits;
static iofunc_attr_t server_folder;
static int server_parked[64];
static int server_n_parked;
static uint32_t server_word;
static iofunc_notify_t server_notify[3];
static int server_ready; /* there is something to read of /srv/event */
static struct server_file server_event;
static int server_entries;

static int server_open(resmgr_context_t *ctp, io_open_t *msg, RESMGR_HANDLE_T *handle, void *extra)
{
	int status;

	strncpy(server_seen->last_path, msg->connect.path, sizeof(server_seen->last_path) - 1);
	server_seen->last_mode = msg->connect.mode;
	status = iofunc_open_default(ctp, msg, handle, extra);
	if (status == EOK)
		server_seen->opens++;
	return status;
}

static int server_read(resmgr_context_t *ctp, io_read_t *msg, RESMGR_OCB_T *ocb)
{
	struct server_file *file = (struct server_file *)ocb->attr;
	size_t n = _IO_READ_GET_NBYTES(msg);
	off_t at = ocb->offset;
	int status = iofunc_read_verify(ctp, msg, ocb, NULL);

	server_seen->reads++;
	if (status != EOK)
		return status;
	if ((msg->i.xtype & _IO_XTYPE_MASK) == _IO_XTYPE_OFFSET)
		at = ((struct _xtype_offset *)(void *)(&msg->i + 1))->offset;
	else if ((msg->i.xtype & _IO_XTYPE_MASK) == _IO_XTYPE_READCOND)
		server_seen->last_cond = *(struct _xtype_readcond *)(void *)(&msg->i + 1);
	else if ((msg->i.xtype & _IO_XTYPE_MASK) != _IO_XTYPE_NONE)
		return ENOSYS;
	if (file == &server_event) {
		_IO_SET_READ_NBYTES(ctp, server_ready);
		n = (size_t)server_ready;
		server_ready = 0;
		return _RESMGR_PTR(ctp, "!", n);
	}
	if (file == &server_waits) {
		server_parked[server_n_parked++] = ctp->rcvid;
		return _RESMGR_NOREPLY;
	}
	if (at >= file->attr.nbytes)
		n = 0;
	else if (n > (size_t)(file->attr.nbytes - at))
		n = (size_t)(file->attr.nbytes - at);
	if ((msg->i.xtype & _IO_XTYPE_MASK) != _IO_XTYPE_OFFSET)
		ocb->offset += (off_t)n;
	_IO_SET_READ_NBYTES(ctp, n);
	return _RESMGR_PTR(ctp, file->bytes + at, n);
}

static int server_write(resmgr_context_t *ctp, io_write_t *msg, RESMGR_OCB_T *ocb)
{
	struct server_file *file = (struct server_file *)ocb->attr;
	size_t n = _IO_WRITE_GET_NBYTES(msg), skip = sizeof(msg->i);
	off_t at = ocb->ioflag & O_APPEND ? ocb->attr->nbytes : ocb->offset;
	int status = iofunc_write_verify(ctp, msg, ocb, NULL);

	server_seen->writes++;
	if (status != EOK)
		return status;
	if ((msg->i.xtype & _IO_XTYPE_MASK) == _IO_XTYPE_OFFSET) {
		at = ((struct _xtype_offset *)(void *)(&msg->i + 1))->offset;
		skip += sizeof(struct _xtype_offset);
	}
	if (file == &server_event) {
		server_ready = 1;
		iofunc_notify_trigger(server_notify, 1, IOFUNC_NOTIFY_INPUT);
		_IO_SET_WRITE_NBYTES(ctp, n);
		return EOK;
	}
	if (file == &server_waits) {
		char word[8] = "go";

		while (server_n_parked)
			MsgReply(server_parked[--server_n_parked], 2, word, 2);
		_IO_SET_WRITE_NBYTES(ctp, n);
		return EOK;
	}
	if (at + (off_t)n > SERVER_BYTES)
		return ENOSPC;
	if (resmgr_msgread(ctp, file->bytes + at, n, skip) != (ssize_t)n)
		return EIO;
	if (at + (off_t)n > file->attr.nbytes)
		file->attr.nbytes = at + (off_t)n;
	if ((msg->i.xtype & _IO_XTYPE_MASK) == _IO_XTYPE_NONE)
		ocb->offset = at + (off_t)n;
	_IO_SET_WRITE_NBYTES(ctp, n);
	return EOK;
}

static int server_devctl(resmgr_context_t *ctp, io_devctl_t *msg, RESMGR_OCB_T *ocb)
{
	uint32_t *data = _DEVCTL_DATA(msg->i);
	int status = iofunc_devctl_default(ctp, msg, ocb);

	if (status != _RESMGR_DEFAULT && status != ENOTTY)
		return status;
	if (msg->i.dcmd == (int)DCMD_TEST_SWAP)
		*data = __builtin_bswap32(*data);
	else if (msg->i.dcmd == (int)DCMD_TEST_PUT)
		server_word = *data;
	else if (msg->i.dcmd == (int)DCMD_TEST_GET)
		*data = server_word;
	else
		return ENOTTY;
	server_word = *data;
	memset(&msg->o, 0, sizeof(msg->o));
	msg->o.ret_val = 77;
	msg->o.nbytes = sizeof(*data);
	*(uint32_t *)_DEVCTL_DATA(msg->o) = server_word;
	return _RESMGR_PTR(ctp, &msg->o, sizeof(msg->o) + sizeof(*data));
}

static int event_notify(resmgr_context_t *ctp, io_notify_t *msg, RESMGR_OCB_T *ocb)
{
	int trig = _NOTIFY_COND_OUTPUT | (server_ready ? _NOTIFY_COND_INPUT : 0);

	(void)ocb;
	server_seen->notifies++;
	return iofunc_notify(ctp, msg, server_notify, trig, NULL, NULL);
}

static int event_close_dup(resmgr_context_t *ctp, io_close_t *msg, RESMGR_OCB_T *ocb)
{
	server_seen->close_dups++;
	iofunc_notify_remove(ctp, server_notify);
	return iofunc_close_dup_default(ctp, msg, ocb);
}

static int server_unblock(resmgr_context_t *ctp, io_pulse_t *pulse, RESMGR_OCB_T *ocb)
{
	int status = iofunc_unblock_default(ctp, pulse, ocb);

	if (status != _RESMGR_DEFAULT)
		return status;
	for (int i = 0; i < server_n_parked; i++) {
		if (server_parked[i] != ctp->rcvid)
			continue;
		server_seen->unblocks++;
		server_parked[i] = server_parked[--server_n_parked];
		return EINTR;
	}
	return _RESMGR_DEFAULT;
}

/* Of /srv/dups. */
static int server_dup(resmgr_context_t *ctp, io_dup_t *msg, RESMGR_OCB_T *ocb)
{
	(void)ocb;
	server_seen->last_dup = (struct server_dup){
		.rcvid = ctp->rcvid,
		.pid = ctp->info.pid,
		.coid = ctp->info.coid,
		.from_pid = msg->i.info.pid,
		.from_coid = msg->i.info.coid,
		.reads = server_seen->reads,
	};
	server_seen->dups++;
	return server_seen->refuses ? EPERM : _RESMGR_DEFAULT;
}

static int server_close_dup(resmgr_context_t *ctp, io_close_t *msg, RESMGR_OCB_T *ocb)
{
	server_seen->close_dups++;
	return iofunc_close_dup_default(ctp, msg, ocb);
}

static int server_close_ocb(resmgr_context_t *ctp, void *reserved, RESMGR_OCB_T *ocb)
{
	server_seen->close_ocbs++;
	return iofunc_close_ocb_default(ctp, reserved, ocb);
}

static IOFUNC_OCB_T *server_ocb_calloc(resmgr_context_t *ctp, IOFUNC_ATTR_T *attr)
{
	(void)ctp;
	(void)attr;
	return calloc(1, sizeof(IOFUNC_OCB_T));
}

static void server_ocb_free(IOFUNC_OCB_T *ocb)
{
	server_seen->frees++;
	free(ocb);
}

/* ---- The folder: files 0000, 0001, ... that are all the memory file, and links ---- */

static const char *link_target(const char *name)
{
	static const char *const links[][2] = {
		{"link", "0001"}, {"loop", "/srv/folder/loop"}, {"away", "/usr"}};

	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (strcmp(name, links[i][0]) == 0)
			return links[i][1];
	return NULL;
}

static int folder_open(resmgr_context_t *ctp, io_open_t *msg, RESMGR_HANDLE_T *handle, void *extra)
{
	strncpy(server_seen->last_path, msg->connect.path, sizeof(server_seen->last_path) - 1);
	server_seen->last_mode = msg->connect.mode;
	if (!msg->connect.path[0]) {
		server_seen->opens++;
		return iofunc_open_default(ctp, msg, handle, extra);
	}
	if (link_target(msg->connect.path)) {
		static struct {
			struct _io_connect_link_reply reply;
			char path[64];
		} answer;

		memset(&answer, 0, sizeof(answer));
		strcpy(answer.path, link_target(msg->connect.path));
		answer.reply.path_len = (uint16_t)(strlen(answer.path) + 1);
		_IO_SET_CONNECT_RET(ctp, _IO_CONNECT_RET_LINK);
		return _RESMGR_PTR(ctp, &answer, sizeof(answer));
	}
	if (strspn(msg->connect.path, "0123456789") != 4 && !(msg->connect.ioflag & O_CREAT))
		return ENOENT;
	if (msg->connect.ioflag & O_EXCL) {
		/* No name is there before it is made. */
		strncpy(server_seen->last_path, msg->connect.path,
			sizeof(server_seen->last_path) - 1);
		msg->connect.ioflag &= ~(uint32_t)O_EXCL;
	}
	server_seen->opens++;
	return iofunc_open_default(ctp, msg, &server_memory.attr, extra);
}

static int folder_read(resmgr_context_t *ctp, io_read_t *msg, RESMGR_OCB_T *ocb)
{
	static char reply[32768];
	size_t room = _IO_READ_GET_NBYTES(msg), used = 0;

	if (ocb->attr != &server_folder)
		return server_read(ctp, msg, ocb);
	server_seen->reads++;
	if (room > sizeof(reply))
		room = sizeof(reply);
	for (; ocb->offset < server_entries; ocb->offset++) {
		struct dirent *entry = (struct dirent *)(void *)(reply + used);
		size_t len = (offsetof(struct dirent, d_name) + 16 + 7) & ~7ul;

		if (used + len > room)
			break;
		memset(entry, 0, len);
		entry->d_ino = (ino_t)ocb->offset + 1;
		entry->d_off = ocb->offset + 1;
		entry->d_reclen = (unsigned short)len;
		entry->d_type = DT_CHR;
		snprintf(entry->d_name, 16, "%04u", (unsigned)ocb->offset % 10000u);
		used += len;
	}
	_IO_SET_READ_NBYTES(ctp, used);
	return _RESMGR_PTR(ctp, reply, used);
}

static int folder_unlink(resmgr_context_t *ctp, io_unlink_t *msg, RESMGR_HANDLE_T *handle,
			 void *reserved)
{
	(void)reserved;
	if (link_target(msg->connect.path))
		return folder_open(ctp, (io_open_t *)msg, handle, NULL);
	strncpy(server_seen->last_path, msg->connect.path, sizeof(server_seen->last_path) - 1);
	server_seen->last_mode = msg->connect.eflag;
	server_seen->unlinks++;
	return EOK;
}

static int folder_mknod(resmgr_context_t *ctp, io_mknod_t *msg, RESMGR_HANDLE_T *handle,
			void *reserved)
{
	(void)ctp;
	(void)handle;
	(void)reserved;
	strncpy(server_seen->last_path, msg->connect.path, sizeof(server_seen->last_path) - 1);
	server_seen->last_mode = msg->connect.mode;
	server_seen->mkdirs++;
	return EOK;
}

static int folder_rename(resmgr_context_t *ctp, io_rename_t *msg, RESMGR_HANDLE_T *handle,
			 io_rename_extra_t *extra)
{
	(void)ctp;
	(void)handle;
	snprintf(server_seen->last_path, sizeof(server_seen->last_path), "%s>%s", extra->path,
		 msg->connect.path);
	server_seen->renames++;
	return EOK;
}

static int folder_link(resmgr_context_t *ctp, io_link_t *msg, RESMGR_HANDLE_T *handle,
		       io_link_extra_t *extra)
{
	(void)ctp;
	(void)handle;
	if (msg->connect.extra_type == _IO_CONNECT_EXTRA_LINK) {
		snprintf(server_seen->last_path, sizeof(server_seen->last_path), "%s",
			 msg->connect.path);
		server_seen->links++;
		return EOK;
	}
	snprintf(server_seen->last_path, sizeof(server_seen->last_path), "%s>%s", extra->path,
		 msg->connect.path);
	server_seen->symlinks++;
	return EOK;
}

static int folder_readlink(resmgr_context_t *ctp, io_readlink_t *msg, RESMGR_HANDLE_T *handle,
			   void *reserved)
{
	(void)handle;
	(void)reserved;
	if (strcmp(msg->connect.path, "link") != 0)
		return EINVAL;
	_RESMGR_STATUS(ctp, 4);
	return _RESMGR_PTR(ctp, "0001", 4);
}

/* ---- The loop ---- */

static void server_loop(dispatch_t *dpp, int ready)
{
	dispatch_context_t *ctp = dispatch_context_alloc(dpp);

	if (write(ready, "", 1) != 1)
		_exit(9);
	close(ready);
	while ((ctp = dispatch_block(ctp)))
		dispatch_handler(ctp);
	_exit(8);
}

static void server_run(int ready)
{
	static resmgr_connect_funcs_t connect_funcs, folder_funcs;
	static resmgr_io_funcs_t io_funcs, folder_io, event_io, dups_io;
	static iofunc_funcs_t ocb_funcs = {.nfuncs = _IOFUNC_NFUNCS,
					   .ocb_calloc = server_ocb_calloc,
					   .ocb_free = server_ocb_free};
	static iofunc_mount_t mount = {.funcs = &ocb_funcs, .conf = IOFUNC_PC_SYNC_IO};
	dispatch_t *dpp = dispatch_create();

	iofunc_func_init(_RESMGR_CONNECT_NFUNCS, &connect_funcs, _RESMGR_IO_NFUNCS, &io_funcs);
	connect_funcs.open = server_open;
	io_funcs.read = server_read;
	io_funcs.write = server_write;
	io_funcs.devctl = server_devctl;
	io_funcs.unblock = server_unblock;
	io_funcs.close_dup = server_close_dup;
	io_funcs.close_ocb = server_close_ocb;
	folder_funcs = connect_funcs;
	folder_funcs.open = folder_open;
	folder_funcs.unlink = folder_unlink;
	folder_funcs.mknod = folder_mknod;
	folder_funcs.rename = folder_rename;
	folder_funcs.link = folder_link;
	folder_funcs.readlink = folder_readlink;
	folder_io = io_funcs;
	folder_io.read = folder_read;
	event_io = io_funcs;
	event_io.notify = event_notify;
	event_io.close_dup = event_close_dup;
	dups_io = io_funcs;
	dups_io.dup = server_dup;
	IOFUNC_NOTIFY_INIT(server_notify);
	iofunc_attr_init(&server_event.attr, S_IFCHR | 0666, NULL, NULL);
	iofunc_attr_init(&server_memory.attr, S_IFREG | 0666, NULL, NULL);
	iofunc_attr_init(&server_waits.attr, S_IFCHR | 0666, NULL, NULL);
	iofunc_attr_init(&server_folder, S_IFDIR | 0777, NULL, NULL);
	server_memory.attr.mount = server_waits.attr.mount = server_folder.mount = &mount;
	if (resmgr_attach(dpp, NULL, "/srv/memory", _FTYPE_ANY, 0, &connect_funcs, &io_funcs,
			  &server_memory.attr) < 0 ||
	    resmgr_attach(dpp, NULL, "/srv/dups", _FTYPE_ANY, 0, &connect_funcs, &dups_io,
			  &server_memory.attr) < 0 ||
	    resmgr_attach(dpp, NULL, "/srv/waits", _FTYPE_ANY, 0, &connect_funcs, &io_funcs,
			  &server_waits.attr) < 0 ||
	    resmgr_attach(dpp, NULL, "/srv/event", _FTYPE_ANY, 0, &connect_funcs, &event_io,
			  &server_event.attr) < 0 ||
	    resmgr_attach(dpp, NULL, "/srv/folder", _FTYPE_ANY, _RESMGR_FLAG_DIR, &folder_funcs,
			  &folder_io, &server_folder) < 0) {
		perror("resmgr_attach");
		_exit(7);
	}
	server_loop(dpp, ready);
}

MAYBE struct server server_start(void)
{
	struct server s;
	int ready[2];
	char byte;

	s.seen = mmap(NULL, sizeof(*s.seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	EXPECT(s.seen != MAP_FAILED);
	server_entries = 100;
	server_seen = s.seen;
	EXPECT_OK(pipe(ready));
	fflush(NULL);
	s.pid = EXPECT_OK(fork());
	if (s.pid == 0) {
		close(ready[0]);
		server_run(ready[1]);
	}
	close(ready[1]);
	EXPECT_EQ(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return s;
}

MAYBE void server_stop(struct server *s)
{
	end_child(s->pid);
}

/* Writes to @fd once its parent is blocked. */
MAYBE pid_t writer(int fd)
{
	const pid_t parent = getpid();
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		expect_rests(&parent, &parent);
		_exit(write(fd, "x", 1) == 1 ? 0 : 1);
	}
	return pid;
}
