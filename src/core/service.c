// SPDX-License-Identifier: Apache-2.0
/*
 * The service manager and its fork.
 *
 * One process of a node may be its service manager: root, or the user whose
 * node it is. It alone may make a service, a child with ids of its choice:
 * any, if it is root; else its own. A service is not the service manager, and
 * its own ordinary fork makes an ordinary process (birth.c). When the service
 * manager dies the place is free.
 */
#include "core/ptable.h"

enum core_result core_service_manager(struct core *c, struct pt_proc *p, uint32_t node_uid)
{
	if (p->euid != 0 && p->euid != node_uid)
		return CORE_FORBIDDEN;
	if (c->head->service_manager && c->head->service_manager != p->self)
		return CORE_BUSY;
	journal_begin(c);
	c->head->service_manager = p->self;
	journal_commit(c);
	return CORE_OK;
}

enum core_result core_may_srv_fork(const struct core *c, const struct pt_proc *p, uint32_t uid,
				   uint32_t gid)
{
	if (c->head->service_manager != p->self)
		return CORE_FORBIDDEN;
	if (p->euid != 0 && (uid != p->uid || gid != p->gid))
		return CORE_FORBIDDEN;
	return CORE_OK;
}
