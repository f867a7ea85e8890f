// SPDX-License-Identifier: Apache-2.0
/*
 * slogf() and slog2f(): to syslog(3) where somebody listens, else to standard error, so
 * that nothing a program says is lost for want of a logger.
 */
#include <sys/slog.h>
#include <sys/slog2.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "client/export.h"
#include "client/result.h"

#define LOGGER_SOCKET "/dev/log"
#define TEXT_MAX      1024

/* syslog's for SHUTDOWN to DEBUG2. */
static const int priorities[] = {
	LOG_EMERG, LOG_CRIT, LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG, LOG_DEBUG,
};
#define SEVERITIES ((int)(sizeof(priorities) / sizeof(priorities[0])))

static void slog_text(int severity, const char *who, const char *text)
{
	const char *sep = *who ? ": " : "";

	if (access(LOGGER_SOCKET, W_OK) == 0)
		syslog(LOG_USER | priorities[severity], "%s%s%s", who, sep, text);
	else
		(void)fprintf(stderr, "%s%s%s\n", who, sep, text); /* there is nobody else */
}

/* What does not fit is cut off. */
__attribute__((format(printf, 3, 0))) static int slog_format(int severity, const char *who,
							     const char *fmt, va_list arg)
{
	char text[TEXT_MAX];
	size_t len;

	if (severity < 0 || severity >= SEVERITIES || vsnprintf(text, sizeof(text), fmt, arg) < 0)
		return -EINVAL;
	len = strlen(text);
	if (len > 0 && text[len - 1] == '\n')
		text[--len] = 0;
	slog_text(severity, who, text);
	return (int)len;
}

EXPORT int vslogf(int opcode, int severity, const char *fmt, va_list arg)
{
	(void)opcode;
	return result_errno(slog_format(severity, "", fmt, arg));
}

EXPORT int slogf(int opcode, int severity, const char *fmt, ...)
{
	va_list arg;
	int r;

	va_start(arg, fmt);
	r = vslogf(opcode, severity, fmt, arg);
	va_end(arg);
	return r;
}

/* " 1f" or " 0000001f" behind what is there. */
static size_t slog_hex(char *text, size_t at, int digits, unsigned value)
{
	int r = snprintf(text + at, TEXT_MAX - at, "%s%0*x", at ? " " : "", digits, value);

	return at + (size_t)r < TEXT_MAX ? at + (size_t)r : TEXT_MAX - 1;
}

EXPORT int slogb(int opcode, int severity, void *data, int size)
{
	const unsigned char *bytes = data;
	char text[TEXT_MAX] = "";
	size_t at = 0;

	(void)opcode;
	if (severity < 0 || severity >= SEVERITIES || size < 0)
		return result_errno(-EINVAL);
	for (int i = 0; i < size && at < TEXT_MAX - 1; i++)
		at = slog_hex(text, at, 2, bytes[i]);
	slog_text(severity, "", text);
	return size;
}

EXPORT int slogi(int opcode, int severity, int nints, ...)
{
	char text[TEXT_MAX] = "";
	size_t at = 0;
	va_list arg;

	(void)opcode;
	if (severity < 0 || severity >= SEVERITIES || nints < 0)
		return result_errno(-EINVAL);
	va_start(arg, nints);
	for (int i = 0; i < nints && at < TEXT_MAX - 1; i++)
		at = slog_hex(text, at, 8, va_arg(arg, unsigned));
	va_end(arg);
	slog_text(severity, "", text);
	return nints * (int)sizeof(int);
}

/* ---- slog2 ---- */

struct __kamioka_slog2_buffer {
	uint8_t verbosity;
	char name[63];
};

static slog2_buffer_t default_buffer;

EXPORT int slog2_register(slog2_buffer_set_config_t *config, slog2_buffer_t *handles,
			  uint32_t flags)
{
	(void)flags;
	if (!config || !handles || config->num_buffers < 1 ||
	    config->num_buffers > SLOG2_MAX_BUFFERS)
		return result_errno(-EINVAL);
	for (int i = 0; i < config->num_buffers; i++) {
		const char *name = config->buffer_config[i].buffer_name;

		/* Never freed: any thread may be using it whenever slog2_reset() comes. */
		handles[i] = calloc(1, sizeof(*handles[i]));
		if (!handles[i])
			return result_errno(-ENOMEM);
		handles[i]->verbosity = config->verbosity_level;
		(void)snprintf(handles[i]->name, sizeof(handles[i]->name), "%s", name ? name : "");
	}
	return 0;
}

EXPORT slog2_buffer_t slog2_set_default_buffer(slog2_buffer_t buffer)
{
	return __atomic_exchange_n(&default_buffer, buffer, __ATOMIC_ACQ_REL);
}

static slog2_buffer_t buffer_of(slog2_buffer_t buffer)
{
	return buffer ? buffer : __atomic_load_n(&default_buffer, __ATOMIC_ACQUIRE);
}

EXPORT int vslog2f(slog2_buffer_t buffer, uint16_t code, uint8_t severity, const char *fmt,
		   va_list arg)
{
	int r = 0;

	(void)code;
	buffer = buffer_of(buffer);
	if (!buffer || severity >= SEVERITIES)
		return result_errno(-EINVAL);
	if (severity <= buffer->verbosity)
		r = slog_format(severity, buffer->name, fmt, arg);
	return r < 0 ? result_errno(r) : 0;
}

EXPORT int slog2f(slog2_buffer_t buffer, uint16_t code, uint8_t severity, const char *fmt, ...)
{
	va_list arg;
	int r;

	va_start(arg, fmt);
	r = vslog2f(buffer, code, severity, fmt, arg);
	va_end(arg);
	return r;
}

EXPORT int slog2c(slog2_buffer_t buffer, uint16_t code, uint8_t severity, const char *text)
{
	return slog2f(buffer, code, severity, "%s", text);
}

EXPORT int slog2_set_verbosity(slog2_buffer_t buffer, uint8_t verbosity)
{
	buffer = buffer_of(buffer);
	if (!buffer)
		return result_errno(-EINVAL);
	buffer->verbosity = verbosity;
	return 0;
}

EXPORT uint8_t slog2_get_verbosity(slog2_buffer_t buffer)
{
	buffer = buffer_of(buffer);
	return buffer ? buffer->verbosity : 0;
}

EXPORT int slog2_reset(void)
{
	(void)slog2_set_default_buffer(NULL);
	return 0;
}
