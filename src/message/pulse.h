// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdint.h>

/* As SEND_FRESH_NS. */
#define PULSE_FRESH_NS 50000

/* MsgSendPulse_r() with any value; 0 or -errno. Safe in handlers. */
int pulse_send(int coid, int priority, int code, uint64_t value);
