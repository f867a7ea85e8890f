// SPDX-License-Identifier: Apache-2.0
/* struct sigevent, looked at. */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "gen/shared.h"

/* Well formed, as far as it can be seen in the event itself: 0 or -EINVAL. */
int sigevent_check(const struct sigevent *ev);

/* What goes with it: an int where the event says so. */
union sigval sigevent_value(const struct sigevent *ev);

/*
 * @ev as the manager keeps it. A signal the manager sends; all else has its type
 * EVENT_TYPE_THREAD, and this process carries it out: *ret lacks only the handle for
 * that. 0; -EINVAL.
 */
int sigevent_to_wire(const struct sigevent *ev, struct event *ret);

/* Can glibc and the kernel do it? Then *ret is @ev as they take it: no flags, no types of
 * ours. */
bool sigevent_to_libc(const struct sigevent *ev, struct sigevent *ret);
