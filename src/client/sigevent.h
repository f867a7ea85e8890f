// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include "gen/shared.h"

/*
 * @ev as the manager keeps it; *ret has everything but a SIGEV_THREAD's handle.
 * 0; -EINVAL; -ENOTSUP for what nothing here can deliver yet.
 */
int sigevent_to_wire(const struct sigevent *ev, struct event *ret);

/* @ev as glibc and the kernel take it: no flags, no types of ours. Errors as above. */
int sigevent_to_libc(const struct sigevent *ev, struct sigevent *ret);
