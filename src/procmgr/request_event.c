// SPDX-License-Identifier: Apache-2.0
/* Requests for events and figures, abilities, the service manager. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "gen/proto.h"
#include "host/linux/procinfo.h"
#include "procmgr/state.h"

enum { AID_EVENT = 13, AID_ABLE_CREATE = 46 };

static bool is_deliverable(const struct event *e)
{
	switch (e->notify & 0xff) {
	case EVENT_TYPE_SIGNAL:
	case EVENT_TYPE_SIGNAL_CODE:
	case EVENT_TYPE_THREAD_ID:
		return e->signo > 0 && e->signo <= 64;
	case EVENT_TYPE_NONE:
	case EVENT_TYPE_THREAD:
		return true;
	default:
		return false;
	}
}

/* Programs ring at each birth while somebody wants to hear of births. */
static void publish_wants(struct manager *m)
{
	atomic_store((_Atomic uint32_t *)&m->env->node->want_births, m->core.head->want_births);
}

static int subscribe(struct request *r, uint32_t flags, const struct event *e, bool single,
		     int32_t *ret_id)
{
	enum core_result res;

	if (flags && !is_deliverable(e))
		return EINVAL;
	res = core_subscribe(&r->m->core, r->p, flags, e, single, ret_id);
	apply(r->m);
	publish_wants(r->m);
	return request_errno(res);
}

int req_event_notify(struct request *r, const struct proto_event_notify_in *in,
		     struct proto_event_notify_out *out)
{
	int32_t id;

	(void)out;
	return subscribe(r, in->flags, &in->event, true, &id);
}

int req_event_add(struct request *r, const struct proto_event_add_in *in,
		  struct proto_event_add_out *out)
{
	if (!in->flags)
		return EINVAL;
	return subscribe(r, in->flags, &in->event, false, &out->id);
}

int req_event_delete(struct request *r, const struct proto_event_delete_in *in,
		     struct proto_event_delete_out *out)
{
	enum core_result e = core_unsubscribe(&r->m->core, r->p, in->id);

	(void)out;
	publish_wants(r->m);
	return request_errno(e);
}

int req_event_trigger(struct request *r, const struct proto_event_trigger_in *in,
		      struct proto_event_trigger_out *out)
{
	bool owner;

	(void)out;
	if (!in->flags)
		return EINVAL;
	if (in->flags & ON_PRIVILEGED)
		births_refresh_ids(r->m, r->p);
	owner = r->p->euid == 0 || r->p->euid == r->m->uid;
	if ((in->flags & ON_PRIVILEGED) &&
	    !core_may(&r->m->core, r->p, AID_EVENT, in->flags, owner))
		return EPERM;
	core_trigger(&r->m->core, in->flags, in->updateable, in->value);
	apply(r->m);
	return 0;
}

int req_value_add(struct request *r, const struct proto_value_add_in *in,
		  struct proto_value_add_out *out)
{
	enum core_result e;
	uint64_t now;

	if ((in->type & 0xffff) > 1 || !is_deliverable(&in->event))
		return EINVAL;
	/* One direction at most (none: to be read only), and a figure that is there. */
	if ((in->type & 0x40000000) && (in->type & 0x80000000))
		return EINVAL;
	if ((in->type & 0xffff) == 1 && procinfo_private(in->sub_id, &now) < 0)
		return ESRCH;
	e = core_subscribe_value(&r->m->core, r->p, in->type, in->value, in->sub_id, &in->event,
				 &out->id);
	apply(r->m);
	sweep_values(r->m);
	return request_errno(e);
}

int req_value_current(struct request *r, const struct proto_value_current_in *in,
		      struct proto_value_current_out *out)
{
	for (uint32_t i = r->m->core.head->first_sub; i; i = r->m->core.subs[i].next) {
		const struct pt_sub *s = &r->m->core.subs[i];

		if (s->proc == r->p->self && s->id == in->id && s->value_type)
			return sweep_value_now(s, &out->value) ? 0 : EINVAL;
	}
	return EINVAL;
}

int req_ability(struct request *r, const struct proto_ability_in *in, struct proto_ability_out *out)
{
	struct pt_proc *p = in->pid ? core_find(&r->m->core, in->pid) : r->p;
	enum core_result e;

	(void)out;
	if (!p || !core_is_alive(p))
		return ESRCH;
	births_refresh_ids(r->m, r->p);
	e = core_ability(&r->m->core, r->p, p, in->ability, in->low, in->high, r->m->uid == 0);
	apply(r->m);
	return request_errno(e);
}

int req_able(struct request *r, const struct proto_able_in *in, struct proto_able_out *out)
{
	struct pt_proc *p = core_find(&r->m->core, in->pid);

	if (!p || !core_is_alive(p))
		return ESRCH;
	births_refresh_ids(r->m, p);
	out->may = core_has_ability(&r->m->core, p, in->ability, in->value);
	return 0;
}

int req_ability_create(struct request *r, const struct proto_ability_create_in *in,
		       struct proto_ability_create_out *out)
{
	bool create = in->flags & 1;
	enum core_result e;

	if (create && !core_may(&r->m->core, r->p, AID_ABLE_CREATE, 0, true))
		return EPERM;
	e = core_ability_name(&r->m->core, in->name, create, in->flags, &out->id);
	return e == CORE_NO_PROCESS ? ENOENT : request_errno(e);
}

int req_service_manager(struct request *r, const struct proto_service_manager_in *in,
			struct proto_service_manager_out *out)
{
	(void)in;
	(void)out;
	births_refresh_ids(r->m, r->p);
	return request_errno(core_service_manager(&r->m->core, r->p, r->m->uid));
}

int req_may_srv_fork(struct request *r, const struct proto_may_srv_fork_in *in,
		     struct proto_may_srv_fork_out *out)
{
	(void)out;
	births_refresh_ids(r->m, r->p);
	return request_errno(core_may_srv_fork(&r->m->core, r->p, in->uid, in->gid));
}
