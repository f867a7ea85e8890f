// SPDX-License-Identifier: Apache-2.0
/*
 * Registered events: a handle stands for an event that only this process knows, and may
 * be delivered by those only whom it allowed. QNX Neutrino C Library Reference,
 * MsgRegisterEvent().
 */
#pragma once

#include <signal.h>

struct kept;

/*
 * What @handle (an event with SIGEV_FLAG_HANDLE) stands for; with the value and code of
 * @handle itself where the event may be changed by its deliverer. 0; -EINVAL: nothing.
 * Safe in signal handlers.
 */
int registered_get(const struct sigevent *handle, struct kept *ret);
/* The same for who needs no thread attributes: *ret has none. */
int registered_find(const struct sigevent *handle, struct sigevent *ret);

/*
 * May it be delivered by @from: the coid over which its server sent it, SYSMGR_COID for the
 * process manager, _NTO_REGEVENT_ALLOW_SELF for this process? 0, -EACCES, -EINVAL. Events
 * without a handle may by all.
 */
int registered_allows(const struct sigevent *event, int from);

/*
 * For a server: what @event stands for, a handle of its client's too, which says so itself beside
 * the number. 0; -EACCES: it is for another server.
 */
int registered_open(const struct sigevent *event, struct sigevent *ret);
