// SPDX-License-Identifier: Apache-2.0
/*
 * Bounds and form of a body: every length is compared with what is left before
 * it is used, and compared by subtraction or division, which cannot overflow.
 * What the content means is decided by whoever handles the request.
 */
#include "wire/body.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/util.h"

void body_in_init(struct body_in *b, const void *body, size_t len)
{
	*b = (struct body_in){.bytes = body, .len = len};
}

/* The next @size bytes of the body, or NULL. */
static const uint8_t *body_step(struct body_in *b, size_t size)
{
	const uint8_t *here;

	if (b->bad || size > b->len - b->at) {
		b->bad = true;
		return NULL;
	}
	here = b->bytes + b->at;
	b->at += size;
	return here;
}

void body_get(struct body_in *b, void *ret, size_t size)
{
	const uint8_t *here = body_step(b, size);

	if (here && size)
		memcpy(ret, here, size);
}

void body_expect_zero(struct body_in *b, const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < size; i++)
		if (byte[i] != 0)
			b->bad = true;
}

/* The next tail of @size bytes, behind the zeros that align it. */
static const void *body_step_tail(struct body_in *b, size_t size)
{
	size_t gap = align_up(b->at, BODY_ALIGN) - b->at;
	const uint8_t *zeros = body_step(b, gap);

	if (zeros)
		body_expect_zero(b, zeros, gap);
	return body_step(b, size);
}

const char *body_get_string(struct body_in *b, uint32_t len)
{
	const char *text;

	if (len == UINT32_MAX) {
		b->bad = true;
		return NULL;
	}
	text = body_step_tail(b, (size_t)len + 1);
	if (text && memchr(text, '\0', (size_t)len + 1) != text + len)
		b->bad = true;
	return b->bad ? NULL : text;
}

const char *body_get_strings(struct body_in *b, uint32_t count, uint32_t len)
{
	const char *texts = body_step_tail(b, len);
	uint32_t ends = 0;

	if (!texts)
		return NULL;

	for (uint32_t i = 0; i < len; i++)
		ends += texts[i] == '\0';
	if (ends != count || (len && texts[len - 1] != '\0'))
		b->bad = true;
	return b->bad ? NULL : texts;
}

const void *body_get_bytes(struct body_in *b, uint32_t len)
{
	return body_step_tail(b, len);
}

const void *body_get_structs(struct body_in *b, uint32_t count, size_t size)
{
	assert((uintptr_t)b->bytes % BODY_ALIGN == 0);

	if (count > b->len / size) {
		b->bad = true;
		return NULL;
	}
	return body_step_tail(b, count * size);
}

int body_in_end(const struct body_in *b)
{
	return b->bad || b->at != b->len ? -EBADMSG : 0;
}

void body_out_init(struct body_out *b, void *buf, size_t cap)
{
	*b = (struct body_out){.bytes = buf, .cap = MIN(cap, (size_t)INT_MAX)};
}

/* Where the next @size bytes go, or NULL. */
static uint8_t *body_room(struct body_out *b, size_t size)
{
	uint8_t *here;

	if (b->full || size > b->cap - b->at) {
		b->full = true;
		return NULL;
	}
	here = b->bytes + b->at;
	b->at += size;
	return here;
}

void body_put(struct body_out *b, const void *bytes, size_t size)
{
	uint8_t *here = body_room(b, size);

	if (here && size)
		memcpy(here, bytes, size);
}

void body_put_zero_at(struct body_out *b, size_t at, size_t size)
{
	if (b->full)
		return;
	assert(at <= b->at && size <= b->at - at);
	memset(b->bytes + at, 0, size);
}

static void body_put_gap(struct body_out *b)
{
	static const uint8_t zeros[BODY_ALIGN];

	body_put(b, zeros, align_up(b->at, BODY_ALIGN) - b->at);
}

void body_put_string(struct body_out *b, const char *text, uint32_t len)
{
	body_put_gap(b);
	body_put(b, text, len);
	body_put(b, "", 1);
}

void body_put_tail(struct body_out *b, const void *bytes, uint32_t count, size_t size)
{
	body_put_gap(b);
	if (size && count > b->cap / size) {
		b->full = true;
		return;
	}
	body_put(b, bytes, count * size);
}

int body_out_end(const struct body_out *b)
{
	return b->full ? -EMSGSIZE : (int)b->at;
}
