// SPDX-License-Identifier: Apache-2.0
/*
 * Text for people into a buffer of fixed size: what the generated request trace
 * (gen/proto_trace.c) is made of. What does not fit is cut and ends in "...".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct print {
	char *buf;
	size_t cap;
	size_t len;
	bool full;
};

void print_init(struct print *p, char *buf, size_t cap);
void print_text(struct print *p, const char *text);
void print_i64(struct print *p, int64_t value);
void print_u64(struct print *p, uint64_t value);
/* In quotes, with what is not plain ASCII escaped; never more than
 * PRINT_QUOTED_MAX bytes of it. */
void print_quoted(struct print *p, const void *bytes, size_t len);
/* The same for an array that zeros fill up: without them. */
void print_padded(struct print *p, const void *bytes, size_t len);
/* @count texts behind each other, each with its NUL. */
void print_strings(struct print *p, const char *texts, uint32_t count);

/* Ends the text with a NUL; answers its length without it. */
size_t print_end(struct print *p);

#define PRINT_QUOTED_MAX 128
