// SPDX-License-Identifier: Apache-2.0
/* A small resource manager on the make-believe kernel, and messages for it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dispatch/fake.h"

struct fixture {
	resmgr_connect_funcs_t connect;
	resmgr_io_funcs_t io;
	iofunc_attr_t attr;
	dispatch_t *dpp;
	dispatch_context_t *ctp;
	int id;
};

static struct fixture f;

/* A name of that mode; flags as resmgr_attach(). Handlers are iofunc's until a test sets its
 * own. Clients 0 are root, until fake_client(). */
static inline void fixture_begin(mode_t mode, unsigned flags)
{
	fake_reset();
	memset(&f, 0, sizeof(f));
	iofunc_func_init(_RESMGR_CONNECT_NFUNCS, &f.connect, _RESMGR_IO_NFUNCS, &f.io);
	iofunc_attr_init(&f.attr, mode, NULL, NULL);
	f.dpp = dispatch_create();
	assert_non_null(f.dpp);
	f.id = resmgr_attach(f.dpp, NULL, "/dev/unit", _FTYPE_ANY, flags, &f.connect, &f.io,
			     &f.attr);
	assert_true(f.id >= 0);
	f.ctp = dispatch_context_alloc(f.dpp);
	assert_non_null(f.ctp);
}

static inline void fixture_end(void)
{
	dispatch_context_free(f.ctp);
	assert_int_equal(dispatch_destroy(f.dpp), 0);
}

/* What the client gets: the error, or -1 - status where it is no error. */
static inline long send_raw(int scoid, int coid, const void *message, size_t size)
{
	fake_answer.count = 0;
	(void)fake_send(f.ctp, scoid, coid, message, size);
	assert_true(fake_answer.count <= 1);
	if (fake_answer.count == 0)
		return -1000;
	return fake_answer.error ? fake_answer.error : -1 - fake_answer.status;
}
#define OK        (-1L)
#define STATUS(n) (-1L - (n))
#define NO_ANSWER (-1000L)

struct connect_buffer {
	struct _io_connect connect;
	char rest[512];
};

/* An _IO_CONNECT of @path with @oflag, as open() counts it. Its size. */
static inline size_t connect_fill(struct connect_buffer *to, int subtype, const char *path,
				  int oflag)
{
	memset(to, 0, sizeof(*to));
	to->connect.type = _IO_CONNECT;
	to->connect.subtype = (uint16_t)subtype;
	to->connect.handle = (uint32_t)f.id;
	to->connect.ioflag = ((uint32_t)oflag & ~3u) | (((uint32_t)oflag + 1) & 3u);
	to->connect.path_len = (uint16_t)(strlen(path) + 1);
	memcpy((char *)to + sizeof(to->connect), path, strlen(path) + 1);
	return sizeof(to->connect) + to->connect.path_len;
}

static inline long send_open(int scoid, int coid, int oflag)
{
	struct connect_buffer buffer;
	const size_t size = connect_fill(&buffer, _IO_CONNECT_OPEN, "", oflag);

	return send_raw(scoid, coid, &buffer, size);
}

static inline long send_close(int scoid, int coid)
{
	const struct _io_close close = {_IO_CLOSE, sizeof(close)};

	return send_raw(scoid, coid, &close, sizeof(close));
}

static inline long send_read(int scoid, int coid, uint32_t nbytes)
{
	const struct _io_read read = {.type = _IO_READ, .nbytes = nbytes};

	return send_raw(scoid, coid, &read, sizeof(read));
}

static inline long send_dup(int scoid, int coid, int from_scoid, int from_coid)
{
	struct _io_dup dup = {.type = _IO_DUP};

	dup.info.scoid = from_scoid;
	dup.info.coid = from_coid;
	return send_raw(scoid, coid, &dup, sizeof(dup));
}
