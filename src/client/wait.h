// SPDX-License-Identifier: Apache-2.0
/* What the wait calls stand on, for others that start and collect a child. */
#pragma once

#include "client/native.h"

/* 1: *ret is filled; 0: not yet (WNOHANG); negative errno. */
int wait_any_form(const struct wait_query *query, struct wait_found *ret);

/* The status word of wait() that says this. */
int wait_status(int code, int status);
