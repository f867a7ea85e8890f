/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the calculator and its clients tell each other (calculator_server.c). A request is
 * a header with two numbers; for CALCULATOR_SUM there are `count` more behind it. The
 * answer is one double, or an error: EDOM, ENOSYS (no such operation), EBADMSG.
 */
#pragma once

#include <stdint.h>

enum {
	CALCULATOR_ADD = 1,
	CALCULATOR_SUBTRACT,
	CALCULATOR_MULTIPLY,
	CALCULATOR_DIVIDE,
	CALCULATOR_SUM,
};

struct calculator_request {
	uint16_t operation;
	uint16_t reserved;
	uint32_t count;
	double a, b;
};
