// SPDX-License-Identifier: Apache-2.0
/* A method call of D-Bus, with an array of bytes there and back, through a bus of its own
 * that the driver has started. */
#include "echo.h"

#include "figure.h"

#include <dbus/dbus.h>
#include <errno.h>
#include <stdnoreturn.h>
#include <string.h>
#include <unistd.h>

#define NAME "org.kamioka.Echo"

static DBusConnection *connection;

static void attach(size_t size)
{
	(void)size;
	connection = dbus_bus_get_private(DBUS_BUS_SESSION, NULL);
	if (!connection)
		figure_die("dbus_bus_get_private");
}

static void put_bytes(DBusMessage *message, const char *from, size_t size)
{
	if (!message || !dbus_message_append_args(message, DBUS_TYPE_ARRAY, DBUS_TYPE_BYTE, &from,
						  (int)size, DBUS_TYPE_INVALID))
		figure_die("dbus_message_append_args");
}

static void take_bytes(DBusMessage *message, char *to, size_t size)
{
	const char *bytes;
	int n;

	if (!message ||
	    !dbus_message_get_args(message, NULL, DBUS_TYPE_ARRAY, DBUS_TYPE_BYTE, &bytes, &n,
				   DBUS_TYPE_INVALID) ||
	    (size_t)n != size) {
		errno = EPROTO;
		figure_die("dbus_message_get_args");
	}
	memcpy(to, bytes, size);
}

static void answer(DBusMessage *message, char *buffer, size_t size)
{
	DBusMessage *reply;

	if (!dbus_message_is_method_call(message, NAME, "Echo"))
		return;
	take_bytes(message, buffer, size);
	reply = dbus_message_new_method_return(message);
	put_bytes(reply, buffer, size);
	if (!dbus_connection_send(connection, reply, NULL))
		figure_die("dbus_connection_send");
	dbus_connection_flush(connection);
	dbus_message_unref(reply);
}

noreturn static void serve(char *buffer, size_t size)
{
	attach(size);
	if (dbus_bus_request_name(connection, NAME, 0, NULL) < 0)
		figure_die("dbus_bus_request_name");
	(void)sem_post(&echo_meeting->is_up); /* cannot fail, it is 0 */
	for (;;) {
		DBusMessage *message = dbus_connection_pop_message(connection);

		if (message) {
			answer(message, buffer, size);
			dbus_message_unref(message);
		} else if (!dbus_connection_read_write(connection, -1)) {
			_exit(0); /* the bus is gone */
		}
	}
}

static void call(const char *request, char *reply, size_t size)
{
	DBusMessage *message = dbus_message_new_method_call(NAME, "/", NAME, "Echo"), *answered;

	put_bytes(message, request, size);
	answered = dbus_connection_send_with_reply_and_block(connection, message, -1, NULL);
	take_bytes(answered, reply, size);
	dbus_message_unref(message);
	dbus_message_unref(answered);
}

const struct echo_way echo_ways[] = {
	{.name = "dbus", .serve = serve, .connect = attach, .call = call},
	{.name = NULL},
};
