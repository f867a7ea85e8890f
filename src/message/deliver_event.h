// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

/* In a forked child. */
void deliver_event_forked(void);

/* Could MsgDeliverEvent() deliver it? 0, -EACCES, -EBADF, -EINVAL, -ESRCH. */
int deliver_event_verify(int rcvid, const struct sigevent *event);
