/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What name_server.c and name_client.c tell each other. Types up to _IO_MAX are the
 * system's: a server that has a name gets some of those, too.
 */
#pragma once

#include <stdint.h>
#include <sys/iomsg.h>

#define GREETING_NAME "greeting"
#define GREETING_TYPE (_IO_MAX + 1)

struct greeting {
	uint16_t type, subtype;
	char from[32];
};
