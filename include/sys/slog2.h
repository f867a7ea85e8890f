/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages into a program's own log buffers. There are none here: a message goes where
 * slogf()'s go, with the buffer's name before it. QNX System Logger 2 API.
 */
#pragma once

#include <features.h>
#include <stdarg.h>
#include <stdint.h>

#define SLOG2_SHUTDOWN 0
#define SLOG2_CRITICAL 1
#define SLOG2_ERROR    2
#define SLOG2_WARNING  3
#define SLOG2_NOTICE   4
#define SLOG2_INFO     5
#define SLOG2_DEBUG1   6
#define SLOG2_DEBUG2   7

#define SLOG2_MAX_BUFFERS 4

/* slog2_register(): accepted, without effect. */
#define SLOG2_ALLOC_AND_REUSE      0x1
#define SLOG2_DISCARD_CONFIG       0x2
#define SLOG2_TRY_REUSE_BUFFER_SET 0x4
#define SLOG2_LIMIT_RATE           0x8
#define SLOG2_FLAGS_LIMIT_RATE     SLOG2_LIMIT_RATE

typedef struct __kamioka_slog2_buffer *slog2_buffer_t;

typedef struct {
	const char *buffer_name;
	int num_pages; /* without effect */
} slog2_buffer_config_t;

typedef struct {
	int num_buffers;
	const char *buffer_set_name;
	uint8_t verbosity_level; /* less severe messages are dropped */
	slog2_buffer_config_t buffer_config[SLOG2_MAX_BUFFERS];
	uint32_t max_retries;
} slog2_buffer_set_config_t;

__BEGIN_DECLS

/* Fills in as many handles as the configuration has buffers; they stay until the process
 * ends. 0, or -1 with errno EINVAL, ENOMEM. */
int slog2_register(slog2_buffer_set_config_t *config, slog2_buffer_t *handles, uint32_t flags);
/* The buffer that NULL means from now on; returns the former one. */
slog2_buffer_t slog2_set_default_buffer(slog2_buffer_t buffer);
/* 0, or -1: no buffer, EINVAL. A message below the verbosity is dropped, and 0. */
int slog2f(slog2_buffer_t buffer, uint16_t code, uint8_t severity, const char *fmt, ...)
	__attribute__((__format__(__printf__, 4, 5)));
int vslog2f(slog2_buffer_t buffer, uint16_t code, uint8_t severity, const char *fmt, va_list arg)
	__attribute__((__format__(__printf__, 4, 0)));
int slog2c(slog2_buffer_t buffer, uint16_t code, uint8_t severity, const char *text);
int slog2_set_verbosity(slog2_buffer_t buffer, uint8_t verbosity);
uint8_t slog2_get_verbosity(slog2_buffer_t buffer);
/* Forget all buffers. 0. */
int slog2_reset(void);

__END_DECLS
