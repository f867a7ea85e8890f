// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/linux/launch.h"

/* Replace the calling process; a negative errno if that failed. */
int exec_launch(const struct launch *l);
