// SPDX-License-Identifier: Apache-2.0
/*
 * What small.msg's generated code does. generate_test.py builds this with it and
 * runs it; the first assert that does not hold ends it.
 */
#include "gen/proto.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

static const struct box boxes[2] = {
	{.text = "one", .words = {1, 2, 3, 4}, .sum = -5},
	{.text = "two", .words = {5, 6, 7, 8}, .sum = 9},
};

static const struct proto_tell_in told = {
	.flags = 7,
	.name = "na\"me",
	.name_len = 5,
	.args = "a\0\0bc",
	.args_count = 3,
	.args_len = 6,
	.data = "\x01z",
	.data_len = 2,
	.boxes = boxes,
	.boxes_count = 2,
};

static alignas(8) uint8_t body[512];
static char text[512];

/* Handlers and calls, as the manager and the client write them. */

int req_open(struct request *r, const struct proto_open_in *in, struct proto_open_out *out)
{
	(void)r;
	if (in->id == 99)
		return ENOENT;
	out->shelf.width = (uint16_t)in->id;
	out->shelf.depth = DEPTH_DEEP;
	return 0;
}

int req_close(struct request *r, const struct proto_close_in *in, struct proto_close_out *out)
{
	(void)r, (void)in, (void)out;
	return 0;
}

int req_tell(struct request *r, const struct proto_tell_in *in, struct proto_tell_out *out)
{
	(void)r;
	out->first = in->boxes_count;
	out->note = in->name;
	out->note_len = in->name_len;
	return 0;
}

int req_mention(struct request *r, const struct proto_mention_in *in, struct proto_mention_out *out)
{
	(void)r, (void)in, (void)out;
	return -EIO;
}

int call_cell(uint16_t request, const void *in, size_t len, void *out, size_t out_len)
{
	size_t got = 0;
	int err = proto_dispatch(NULL, request, in, len, out, out_len, &got);

	assert(err != 0 || got == out_len);
	return err;
}

int call_none(uint16_t request, const void *in, size_t len)
{
	size_t got = 1;
	int err = proto_dispatch(NULL, request, in, len, NULL, 0, &got);

	assert(got == 0);
	return err;
}

static void calls_reach_handlers(void)
{
	struct proto_open_in in = {.id = 5, .pad0 = {1, 2, 3}};
	struct proto_open_out out;

	assert(call_open(&in, &out) == 0);
	assert(out.shelf.width == 5 && out.shelf.depth == -2);
	in.id = 99;
	assert(call_open(&in, &out) == ENOENT);
	assert(call_close(NULL, NULL) == 0);
}

static void dispatch_refuses(void)
{
	size_t n = 77;

	memset(body, 0, sizeof(body));
	assert(proto_dispatch(NULL, 0, body, 8, body, 512, &n) == -ENOSYS);
	assert(proto_dispatch(NULL, 2, body, 8, body, 512, &n) == -ENOSYS);
	assert(proto_dispatch(NULL, 60000, body, 8, body, 512, &n) == -ENOSYS);
	assert(proto_dispatch(NULL, PROTO_OPEN, body, 7, body, 512, &n) == -EBADMSG);
	assert(proto_dispatch(NULL, PROTO_OPEN, body, 9, body, 512, &n) == -EBADMSG);
	assert(proto_dispatch(NULL, PROTO_OPEN, body, 8, body, 39, &n) == -EMSGSIZE);
	body[5] = 1; /* padding */
	assert(proto_dispatch(NULL, PROTO_OPEN, body, 8, body, 512, &n) == -EBADMSG);
	assert(n == 77);
}

static void tails_go_there_and_back(void)
{
	struct proto_tell_in in;
	int len = proto_put_tell_in(body, sizeof(body), &told);

	/* flags, 5 lengths; name + 2, args + 2, data + 6, boxes */
	assert(len == 24 + 8 + 8 + 8 + 64);
	assert(proto_get_tell_in(body, (size_t)len, &in) == 0);
	assert(in.flags == 7 && in.name_len == 5 && !strcmp(in.name, "na\"me"));
	assert(in.args_count == 3 && in.args_len == 6 && !memcmp(in.args, "a\0\0bc", 6));
	assert(in.data_len == 2 && !memcmp(in.data, "\x01z", 2));
	assert(in.boxes_count == 2 && !memcmp(in.boxes, boxes, sizeof(boxes)));
	assert(proto_put_tell_in(body, (size_t)len - 1, &told) == -EMSGSIZE);
}

static void nothing_fits_but_the_right_length(void)
{
	struct proto_tell_in in;
	int len = proto_put_tell_in(body, sizeof(body), &told);

	for (size_t n = 0; n < sizeof(body); n++)
		assert(proto_get_tell_in(body, n, &in) == (n == (size_t)len ? 0 : -EBADMSG));
}

/* Each byte of the head, lengths and padding set to each value: decoded only if
 * it encodes to the same bytes. */
static void one_content_has_one_encoding(void)
{
	static alignas(8) uint8_t again[512];
	size_t len = (size_t)proto_put_tell_in(body, sizeof(body), &told);

	for (size_t i = 0; i < len; i++) {
		uint8_t was = body[i];

		for (unsigned v = 0; v < 256; v++) {
			int n;

			body[i] = (uint8_t)v;
			n = proto_again_in(PROTO_TELL, body, len, again, sizeof(again));
			assert(n == -EBADMSG || ((size_t)n == len && !memcmp(body, again, len)));
		}
		body[i] = was;
	}
	body[24 + 6] = 1; /* behind the name */
	assert(proto_again_in(PROTO_TELL, body, len, again, sizeof(again)) == -EBADMSG);
}

static void trace_is_readable(void)
{
	struct proto_open_in in = {.id = -1, .colour = COLOUR_DARK_BLUE};
	size_t len = (size_t)proto_put_open_in(body, sizeof(body), &in);
	size_t n;

	n = proto_print_in(text, sizeof(text), PROTO_OPEN, body, len);
	assert(!strcmp(text, "open id=-1 colour=16") && n == strlen(text));
	assert(proto_print_in(text, 12, PROTO_OPEN, body, len) == 11);
	assert(!strcmp(text, "open id=..."));
	assert(proto_print_in(text, 0, PROTO_OPEN, body, len) == 0);
	proto_print_in(text, sizeof(text), PROTO_OPEN, body, 3);
	assert(!strcmp(text, "open malformed, 3 bytes"));
	proto_print_in(text, sizeof(text), 2, body, 3);
	assert(!strcmp(text, "unknown request 2"));

	len = (size_t)proto_put_tell_in(body, sizeof(body), &told);
	proto_print_in(text, sizeof(text), PROTO_TELL, body, len);
	assert(!strcmp(text,
		       "tell flags=7 name=\"na\\\"me\" args=[\"a\" \"\" \"bc\"] data=\"\\x01z\" "
		       "boxes=[{ text=\"one\" words=[1 2 3 4] sum=-5 } "
		       "{ text=\"two\" words=[5 6 7 8] sum=9 }]"));
}

static void definition_is_told(void)
{
	assert(PROTO_REQUESTS == 6 && SMALL_BYTES == 32 && PROTO_CELL_OUT_MAX == 40);
	assert(proto_may_fail(PROTO_OPEN, EPERM) && !proto_may_fail(PROTO_OPEN, EINVAL));
	assert(!proto_may_fail(2, EPERM) && !proto_may_fail(PROTO_OPEN, 0));
	assert(!strcmp(proto_request_name(PROTO_TELL), "tell"));
	assert(!strcmp(proto_request_name(65535), "unknown"));
	assert(proto_reply_kind(PROTO_OPEN) == PROTO_REPLY_CELL);
	assert(proto_reply_kind(PROTO_CLOSE) == PROTO_REPLY_NONE);
	assert(proto_reply_kind(PROTO_TELL) == PROTO_REPLY_SOCKET);
	assert(proto_fds_min(PROTO_TELL) == 1 && proto_fds_max(PROTO_TELL) == 5);
	assert(proto_ret_fds_min(PROTO_TELL) == 0 && proto_ret_fds_max(PROTO_TELL) == 2);
	assert(proto_fds_max(PROTO_OPEN) == 0);
}

int main(void)
{
	calls_reach_handlers();
	dispatch_refuses();
	tails_go_there_and_back();
	nothing_fits_but_the_right_length();
	one_content_has_one_encoding();
	trace_is_readable();
	definition_is_told();
	return 0;
}
