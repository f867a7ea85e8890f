// SPDX-License-Identifier: Apache-2.0
/* What null_device.c and device_client.c have agreed upon. */
#pragma once

#include <devctl.h>

/* The number that the next read has. */
#define DCMD_COUNTER_GET __DIOF(_DCMD_MISC, 1, int)
