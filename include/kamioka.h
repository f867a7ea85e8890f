/* SPDX-License-Identifier: Apache-2.0 */
/* What Kamioka has and QNX has not. All names begin with kamioka_. */
#pragma once

#include <sys/types.h>

#define KAMIOKA_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Registers the caller as the node's service manager, the one process that may call
 * kamioka_srv_fork(); when it dies another may register. Blocks for the manager's answer.
 * Returns 0, also if the caller is it already, or -1 with errno: EBUSY (another one is),
 * EPERM (the caller is neither root nor the user whose node it is), ENOSYS (no node).
 */
int kamioka_service_manager(void);

/*
 * fork() for a service: the child is a service from the start and runs with these real,
 * effective and saved ids. What the service forks itself is an ordinary process. Returns
 * as fork(): 0 in the child, its pid in the parent, or -1 with errno: EPERM (the caller is
 * not the service manager, or not root and the ids are not its own), EAGAIN (no room; the
 * last places are kept for root), and those of fork().
 */
pid_t kamioka_srv_fork(uid_t uid, gid_t gid);

/* A flag of pathmgr_link() and, or-ed to _RESMGR_FLAG_*, of resmgr_attach(): nobody else may
 * be at exactly that path, before or after; else EEXIST. */
#define KAMIOKA_PATHMGR_EXCLUSIVE 0x0400

/*
 * Raises interrupt irq (0 to KAMIOKA_IRQ_MAX) in the node: whoever has it attached
 * (InterruptAttachEvent()) gets its event; one that is masked is remembered, once. Also
 * for nobody; `kamioka irq` does the same. Does not wait. Returns 0, or -1 with errno:
 * EINVAL, EPERM (another user's node), ENOSYS (no node).
 */
#define KAMIOKA_IRQ_MAX 1007
int kamioka_irq(int irq);

#ifdef __cplusplus
}
#endif
