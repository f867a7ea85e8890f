// SPDX-License-Identifier: Apache-2.0
/*
 * How values look in a trace. Nothing here knows a request, and nothing fails:
 * a full buffer swallows the rest.
 */
#include "wire/print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

void print_init(struct print *p, char *buf, size_t cap)
{
	*p = (struct print){.buf = buf, .cap = cap};
}

static void print_some(struct print *p, const char *text, size_t len)
{
	size_t room = p->cap ? p->cap - 1 - p->len : 0;

	if (p->full)
		return;
	if (len > room) {
		p->full = true;
		len = room;
	}
	if (len)
		memcpy(p->buf + p->len, text, len);
	p->len += len;
}

void print_text(struct print *p, const char *text)
{
	print_some(p, text, strlen(text));
}

void print_i64(struct print *p, int64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRId64, value);
	print_text(p, digits);
}

void print_u64(struct print *p, uint64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, value);
	print_text(p, digits);
}

static void print_escaped(struct print *p, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char text[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};

	if (c == '"' || c == '\\') {
		text[1] = (char)c;
		print_some(p, text, 2);
	} else if (c == '\n') {
		text[1] = 'n';
		print_some(p, text, 2);
	} else if (c >= 0x20 && c < 0x7f) {
		text[0] = (char)c;
		print_some(p, text, 1);
	} else {
		print_some(p, text, sizeof(text));
	}
}

void print_quoted(struct print *p, const void *bytes, size_t len)
{
	const unsigned char *byte = bytes;
	size_t shown = MIN(len, (size_t)PRINT_QUOTED_MAX);

	print_text(p, "\"");
	for (size_t i = 0; i < shown; i++)
		print_escaped(p, byte[i]);
	print_text(p, shown < len ? "\"..." : "\"");
}

void print_padded(struct print *p, const void *bytes, size_t len)
{
	const unsigned char *byte = bytes;

	while (len && byte[len - 1] == 0)
		len--;
	print_quoted(p, bytes, len);
}

void print_strings(struct print *p, const char *texts, uint32_t count)
{
	print_text(p, "[");
	for (uint32_t i = 0; i < count && !p->full; i++) {
		size_t len = strlen(texts);

		if (i)
			print_text(p, " ");
		print_quoted(p, texts, len);
		texts += len + 1;
	}
	print_text(p, "]");
}

size_t print_end(struct print *p)
{
	if (p->cap == 0)
		return 0;
	if (p->full && p->len >= 3)
		memcpy(p->buf + p->len - 3, "...", 3);
	p->buf[p->len] = '\0';
	return p->len;
}
