// SPDX-License-Identifier: Apache-2.0
/* What the program does with descriptors that are connections, and what servers are told of it. */
#include "message/descriptor.h"

#include <errno.h>
#include <sys/iomsg.h>
#include <unistd.h>

#include "client/io.h"
#include "message/connection.h"
#include "message/idle.h"
#include "message/send.h"
#include "message/share.h"

void descriptor_passed(int fd)
{
	struct connection *c = connection_at(fd);

	if (c)
		CONNECTION_SET(c, is_passed, true);
}

/* A connection that is a duplicate of @old introduces itself. */
static void say_dup(const struct connection *c, int old)
{
	struct _io_dup message = {.type = _IO_DUP, .combine_len = sizeof(message)};
	struct vec out, none;
	long status;

	if (CONNECTION_GET(c, kind) != CONNECTION_CHANNEL || CONNECTION_GET(c, is_dead) ||
	    CONNECTION_GET(c, pid) == getpid())
		return;
	message.info.pid = getpid();
	message.info.coid = old;
	vec_of(&out, &message, sizeof(message));
	vec_of(&none, NULL, 0);
	(void)send_message(CONNECTION_GET(c, coid), &out, &none, false,
			   &status); /* a server need not care */
}

/*
 * What QNX's close() tells the server. Not oneself, who is here and cannot receive. *ret_link: what
 * the server calls the socket, if it agrees to be idle; else 0.
 */
static int say_close(const struct connection *c, uint64_t *ret_link)
{
	/* Behind QNX's message what only a server with our library looks at. */
	struct {
		uint16_t type, combine_len;
		uint32_t how;
	} message = {_IO_CLOSE, 2 * sizeof(uint16_t), CLOSE_IDLES};
	struct close_idle answer = {.magic = 0};
	struct vec out, in;
	long status;
	int rc;

	*ret_link = 0;

	if (CONNECTION_GET(c, kind) != CONNECTION_CHANNEL || CONNECTION_GET(c, is_dead) ||
	    CONNECTION_GET(c, pid) == getpid())
		return 0;
	if (connection_is_shared(c))
		message.how = CLOSE_IS_SHARED;
	else if (connection_is_watched()) /* it knows sockets by their numbers */
		message.how = 0;
	vec_of(&out, &message, sizeof(message));
	vec_of(&in, &answer, message.how == CLOSE_IDLES ? sizeof(answer) : 0);
	/* It is closed in any case. */
	rc = send_message(CONNECTION_GET(c, coid), &out, &in, false, &status);
	if (rc == 0 && answer.magic == CLOSE_IDLE_MAGIC)
		*ret_link = answer.link;
	/* A server need not know of it, nor live. */
	return rc == -ENOSYS || rc == -ESRCH || rc == -EBADF ? 0 : rc;
}

bool descriptor_closing(int fd, int *ret_error)
{
	struct connection *c = connection_at(fd);
	uint64_t link = 0;
	int rc = 0;

	if (c && connection_is_at(c, fd))
		rc = say_close(c, &link);
	if (link) {
		const struct idle_key key = connection_idle_key(c);

		idle_keep(&key, fd, CONNECTION_GET(c, uid), link);
	}
	if (ret_error)
		*ret_error = rc;
	return connection_forget(fd);
}

void descriptor_closing_range(unsigned first, unsigned last)
{
	unsigned end = (unsigned)connection_fd_end();

	for (unsigned fd = first; fd <= last && fd < end; fd++) {
		if (fd % 64 == 0 && !__atomic_load_n(&io_flags[fd / 64], __ATOMIC_RELAXED))
			fd += 63;
		else
			(void)descriptor_closing((int)fd, NULL);
	}
}

void descriptor_duplicated(int old, int new)
{
	struct connection *c;

	(void)descriptor_closing(new, NULL);
	if (old < 0 || new < 0 || new >= IO_FDS || !connection_find(old))
		return;
	c = connection_adopt_duplicate(new);
	if (c)
		say_dup(c, old);
}
