// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdbool.h>

/* Does a manager answer for this process? Attaches if it was started in a node. */
bool session_is_managed(void);
