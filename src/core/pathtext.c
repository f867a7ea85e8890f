// SPDX-License-Identifier: Apache-2.0
/*
 * The texts of names, in pieces of a size: a path may have 4,096 bytes, few have more than
 * one piece, and nothing has ever to be moved.
 */
#include "core/pathtext.h"

#include <string.h>

void core_path_text(const struct core *c, const struct pt_path *e, uint32_t from, uint32_t len,
		    char *ret)
{
	uint32_t piece = e->text;

	for (; from >= PT_TEXT; from -= PT_TEXT)
		piece = c->texts[piece].next;
	while (len) {
		uint32_t n = len < PT_TEXT - from ? len : PT_TEXT - from;

		memcpy(ret, c->texts[piece].bytes + from, n);
		ret += n;
		len -= n;
		from = 0;
		piece = c->texts[piece].next;
	}
}

bool pathtext_begins(const struct core *c, const struct pt_path *e, const char *bytes, uint32_t len)
{
	uint32_t piece = e->text;

	while (len) {
		uint32_t n = len < PT_TEXT ? len : PT_TEXT;

		if (memcmp(c->texts[piece].bytes, bytes, n) != 0)
			return false;
		bytes += n;
		len -= n;
		piece = c->texts[piece].next;
	}
	return true;
}

static uint32_t text_take(struct core *c)
{
	struct pt_head *h = c->head;
	uint32_t index = h->free_text;
	struct pt_text *piece;

	if (pt_alloc_fails(c) || (!index && h->texts_touched == h->texts))
		return 0;
	if (!index)
		index = ++h->texts_touched;
	piece = &c->texts[index];
	journal_edit(c, piece, sizeof(*piece));
	if (h->free_text)
		h->free_text = piece->next;
	*piece = (struct pt_text){.stamp = piece->stamp};
	return index;
}

bool pathtext_add(struct core *c, struct pt_path *e, uint32_t from, const char *bytes, uint32_t len)
{
	uint32_t *link = &e->text;

	for (; from >= PT_TEXT; from -= PT_TEXT)
		link = &c->texts[*link].next;
	while (len) {
		uint32_t n = len < PT_TEXT - from ? len : PT_TEXT - from;

		if (!*link) {
			*link = text_take(c);
			if (!*link)
				return false;
		}
		memcpy(c->texts[*link].bytes + from, bytes, n);
		link = &c->texts[*link].next;
		bytes += n;
		len -= n;
		from = 0;
	}
	return true;
}

void pathtext_drop(struct core *c, uint32_t piece)
{
	while (piece) {
		struct pt_text *t = &c->texts[piece];
		uint32_t next = t->next;

		journal_edit(c, t, sizeof(*t));
		*t = (struct pt_text){.stamp = t->stamp, .next = c->head->free_text};
		c->head->free_text = piece;
		piece = next;
	}
}

uint32_t pathtext_hash(const struct core *c, const struct pt_path *e)
{
	char path[PATH_BYTES];
	uint32_t h = 0, len = e->len;

	core_path_text(c, e, 0, len, path);
	if (!len)
		path[len++] = '/';
	for (uint32_t i = 0; i < len; i++) {
		uint32_t top;

		h = (h << 4) + (uint8_t)path[i];
		top = h & 0xf0000000;
		h = (h ^ top >> 24) & ~top;
	}
	return h | 0x80000000;
}
