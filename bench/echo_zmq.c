// SPDX-License-Identifier: Apache-2.0
/* ZeroMQ's REQ and REP over ipc. */
#include "echo.h"

#include "figure.h"

#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <unistd.h>
#include <zmq.h>

static char endpoint[256];
static void *socket_;

static void prepare(size_t size)
{
	const char *folder = getenv("XDG_RUNTIME_DIR"); /* the driver's, which removes it */

	(void)size;
	(void)snprintf(endpoint, sizeof(endpoint), "ipc://%s/echo-%d", folder ? folder : "/tmp",
		       getpid());
}

/* Its threads do not outlive a fork, so each process has a context of its own. */
static void *make(int type)
{
	void *context = zmq_ctx_new(), *made = context ? zmq_socket(context, type) : NULL;

	if (!made)
		figure_die("zmq_socket");
	return made;
}

noreturn static void serve(char *buffer, size_t size)
{
	void *server = make(ZMQ_REP);

	if (zmq_bind(server, endpoint) < 0)
		figure_die("zmq_bind");
	(void)sem_post(&echo_meeting->is_up); /* cannot fail, it is 0 */
	for (;;)
		if (zmq_recv(server, buffer, size, 0) != (int)size ||
		    zmq_send(server, buffer, size, 0) != (int)size)
			figure_die("zmq_recv");
}

static void attach(size_t size)
{
	(void)size;
	socket_ = make(ZMQ_REQ);
	if (zmq_connect(socket_, endpoint) < 0)
		figure_die("zmq_connect");
}

static void call(const char *request, char *reply, size_t size)
{
	if (zmq_send(socket_, request, size, 0) != (int)size ||
	    zmq_recv(socket_, reply, size, 0) != (int)size)
		figure_die("zmq_send");
}

const struct echo_way echo_ways[] = {
	{.name = "zeromq", .prepare = prepare, .serve = serve, .connect = attach, .call = call},
	{.name = NULL},
};
