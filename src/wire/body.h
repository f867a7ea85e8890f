// SPDX-License-Identifier: Apache-2.0
/*
 * Bodies of requests and answers, piece by piece: what the generated coders
 * (gen/proto_coders.c) are made of. Nobody else needs this.
 *
 * A body is a fixed part and then tails: texts, lists of texts, bytes, arrays
 * of structs. Each tail's length words stand behind the fixed part, each tail
 * starts at a multiple of BODY_ALIGN, the bytes skipped for that are zero, and
 * the last tail ends the body. So a content has exactly one encoding.
 *
 * Both sides remember the first thing that did not fit and do nothing from then
 * on; only the end asks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BODY_ALIGN 8u

struct body_in {
	const uint8_t *bytes;
	size_t len;
	size_t at;
	bool bad;
};

struct body_out {
	uint8_t *bytes;
	size_t cap;
	size_t at;
	bool full;
};

/* @body is aligned to BODY_ALIGN if it may hold an array of structs. */
void body_in_init(struct body_in *b, const void *body, size_t len);
void body_get(struct body_in *b, void *ret, size_t size);
/* Bytes that were got already and are padding. */
void body_expect_zero(struct body_in *b, const void *bytes, size_t size);

/* Views into the body; NULL once something was wrong. */
const char *body_get_string(struct body_in *b, uint32_t len);
const char *body_get_strings(struct body_in *b, uint32_t count, uint32_t len);
const void *body_get_bytes(struct body_in *b, uint32_t len);
const void *body_get_structs(struct body_in *b, uint32_t count, size_t size);

/* 0, or -EBADMSG if anything was wrong or bytes are left over. */
int body_in_end(const struct body_in *b);

void body_out_init(struct body_out *b, void *buf, size_t cap);
void body_put(struct body_out *b, const void *bytes, size_t size);
/* Overwrites what was put at @at with zeros. */
void body_put_zero_at(struct body_out *b, size_t at, size_t size);
void body_put_string(struct body_out *b, const char *text, uint32_t len);
void body_put_tail(struct body_out *b, const void *bytes, uint32_t count, size_t size);

/* The size of the body, or -EMSGSIZE. */
int body_out_end(const struct body_out *b);
