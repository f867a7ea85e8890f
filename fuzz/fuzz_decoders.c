// SPDX-License-Identifier: Apache-2.0
/*
 * The decoders of requests and answers, as a stranger's datagram reaches them:
 * two bytes say which request (little endian), the rest is the body. What is
 * decoded is also printed and encoded again: a body that is accepted is the
 * only encoding of its content, so the same bytes must come out.
 *
 * Seeds: protocol/generate.py --seeds.
 */
#include "gen/proto.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int again_fn(uint16_t number, const void *body, size_t len, void *buf, size_t cap);
typedef size_t print_fn(char *buf, size_t cap, uint16_t number, const void *body, size_t len);

static void decode(again_fn *again, print_fn *print, uint16_t number, const void *body, size_t len)
{
	/* Of just the size, so that a byte beyond is noticed. */
	void *copy = malloc(len ? len : 1);
	char text[512];
	int n;

	assert(copy);
	n = again(number, body, len, copy, len);
	if (n >= 0) {
		assert((size_t)n == len);
		assert(len == 0 || memcmp(copy, body, len) == 0);
	}
	free(copy);

	assert(print(text, sizeof(text), number, body, len) < sizeof(text));
	assert(print(text, len % 64, number, body, len) <= len % 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint16_t number;
	void *body;
	size_t len;

	if (size < 2)
		return 0;
	number = (uint16_t)(data[0] | data[1] << 8);
	len = size - 2;

	/* malloc's alignment is what frames promise. */
	body = malloc(len ? len : 1);
	assert(body);
	memcpy(body, data + 2, len);
	decode(proto_again_in, proto_print_in, number, body, len);
	decode(proto_again_out, proto_print_out, number, body, len);
	free(body);
	return 0;
}
