// SPDX-License-Identifier: Apache-2.0
/* Requests about the page itself: attach, and what lies in its slots. */
#include <errno.h>
#include <unistd.h>

#include "gen/proto.h"
#include "host/linux/procinfo.h"
#include "procmgr/state.h"

#define SLOTS_AT_FIRST 4
#define ROUTE_LOOKS    8

static bool is_reaper(const struct manager *m, pid_t pid)
{
	return pid == getpid() || agents_has(m, pid);
}

/* Do orphans of who has @parent come to one of us? -ESRCH: one of the parents has just gone. */
static int is_below(const struct manager *m, pid_t parent)
{
	for (int depth = 0; depth < 64 && parent > 1; depth++) {
		parent = procinfo_ppid(parent);
		if (is_reaper(m, parent))
			return true;
	}
	return parent < 0 ? -ESRCH : false;
}

/* How can this process make children that are the node's? */
static uint32_t route_of(const struct manager *m, pid_t pid)
{
	/* Whose parent goes gets another one. */
	for (int i = 0; i < ROUTE_LOOKS; i++) {
		pid_t parent = procinfo_ppid(pid);
		int below;

		if (is_reaper(m, parent))
			return BIRTH_ROUTE_SIBLING;
		below = is_below(m, parent);
		if (below >= 0)
			return below ? BIRTH_ROUTE_ORPHAN : BIRTH_ROUTE_REMOTE;
	}
	return BIRTH_ROUTE_REMOTE;
}

static struct pt_proc *enter(struct manager *m, pid_t pid)
{
	uint32_t index = births_adopt(m, pid, 0);

	return index ? core_used(&m->core, index) : NULL;
}

/* A new image: whatever the former one had in its page is over. */
static void renew(struct manager *m, struct pt_proc *p)
{
	struct procinfo info;
	uint32_t page = p->page, arena = p->arena;
	bool under_way;

	under_way = births_owner_died(m, p);
	core_unreserve(&m->core, p, p->reserved);
	if (procinfo_read(p->pid, true, &info) == 0)
		core_exec(&m->core, p, info.euid, info.egid);
	apply(m);
	if (under_way)
		arena_give_later(m, arena, page);
	else
		arena_give(m, arena, page);
}

int req_attach(struct request *r, const struct proto_attach_in *in, struct proto_attach_out *out)
{
	struct manager *m = r->m;
	struct pt_proc *p = r->p ? r->p : enter(m, m->msg.pid);
	uint32_t arena, page, granted;
	struct page_head *h;
	pid_t ppid;
	int e;

	if (!p)
		return EAGAIN;
	if (p->page)
		renew(m, p);
	e = arena_take(m, m->msg.uid, &arena, &page);
	if (e < 0)
		return e == -EMFILE || e == -ENOMEM ? -e : EAGAIN;
	(void)core_set_page(&m->core, p, page, arena); /* cannot fail */
	core_sigchld(&m->core, p, in->sigchld);
	apply(m);
	ppid = procinfo_ppid(p->pid);
	h = &arena_page(m, arena, page)->head;
	h->magic = PAGE_MAGIC;
	h->pid = p->pid;
	/* Who came from outside has the parent that the kernel says. */
	h->ppid = (p->flags & FLAG_FOREIGN) && ppid > 1 && ppid != getpid() &&
				  !agents_has(m, ppid) ?
			  0 :
			  core_ppid(&m->core, p);
	h->sid = p->sid == 1 ? 1 : 0;
	h->route = route_of(m, p->pid);
	h->sigchld = in->sigchld;
	births_grant(m, p, SLOTS_AT_FIRST, &granted);

	out->page = page - 1;
	out->route = h->route;
	out->ppid = h->ppid;
	m->ret_fds[m->n_ret_fds++] = m->arenas[arena].fd;
	m->ret_fds[m->n_ret_fds++] = m->env->node_fd;
	return 0;
}

int req_detach(struct request *r, const struct proto_detach_in *in, struct proto_detach_out *out)
{
	struct manager *m = r->m;
	struct pt_proc *p = r->p;
	uint32_t arena, page;
	bool under_way;

	(void)out;
	if (!p || p->page != in->page + 1)
		return REQUEST_LATER;
	arena = p->arena;
	page = p->page;
	under_way = births_owner_died(m, p);
	core_unreserve(&m->core, p, p->reserved);
	(void)core_set_page(&m->core, p, 0, 0); /* cannot fail */
	apply(m);
	if (under_way)
		arena_give_later(m, arena, page);
	else
		arena_give(m, arena, page);
	return REQUEST_LATER;
}

int req_slots(struct request *r, const struct proto_slots_in *in, struct proto_slots_out *out)
{
	uint32_t granted;

	births_grant(r->m, r->p, in->want, &granted);
	if (!granted && in->want) {
		births_reclaim(r->m, r->p);
		/* Now it is said, if so it is. */
		if (core_may_birth(&r->m->core, r->p->euid == 0) == CORE_OK)
			births_grant(r->m, r->p, 1, &granted);
		apply(r->m);
	}
	out->granted = granted;
	return granted || !in->want ? 0 : EAGAIN;
}

/* The slots were looked at before the handler was called. */
int req_births(struct request *r, const struct proto_births_in *in, struct proto_births_out *out)
{
	(void)r;
	(void)in;
	(void)out;
	return 0;
}

int req_ring(struct request *r, const struct proto_ring_in *in, struct proto_ring_out *out)
{
	(void)in;
	(void)out;
	if (!r->p)
		return REQUEST_LATER;
	apply_tell(r->m, r->p);
	apply_notices(r->m, r->p);
	return REQUEST_LATER;
}
