// SPDX-License-Identifier: Apache-2.0
#pragma once

struct caller;
struct _msg_info;

/* What is known of the message that @c holds; its lock is held. msglen is left 0. */
void info_of(const struct caller *c, struct _msg_info *ret);
