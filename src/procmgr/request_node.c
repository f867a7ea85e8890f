// SPDX-License-Identifier: Apache-2.0
/* Requests about the node: list, info, shutdown, agents, births by the helper. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "gen/proto.h"
#include "host/linux/procinfo.h"
#include "procmgr/state.h"

/* Rows that fit into one answer. */
#define ROWS ((WIRE_MAX - 64) / sizeof(struct proc_info))

struct rows {
	struct manager *m;
	pid_t after;
	struct proc_info rows[ROWS];
	uint32_t n;
	bool more;
};

static int by_pid(const void *a, const void *b)
{
	const struct proc_info *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* Keep the ROWS smallest pids behind @after. */
static void add_row(struct rows *r, const struct proc_info *row)
{
	uint32_t worst = 0;

	if (row->pid <= r->after)
		return;
	if (r->n < ROWS) {
		r->rows[r->n++] = *row;
		return;
	}
	r->more = true;
	for (uint32_t i = 1; i < ROWS; i++)
		if (r->rows[i].pid > r->rows[worst].pid)
			worst = i;
	if (row->pid < r->rows[worst].pid)
		r->rows[worst] = *row;
}

static void add_known(struct rows *r, const struct pt_proc *p)
{
	bool manages = r->m->core.head->service_manager == p->self;
	struct procinfo k;
	struct proc_info row = {
		.pid = p->pid,
		.ppid = core_ppid(&r->m->core, p),
		.pgrp = p->pgrp,
		.sid = p->sid,
		.uid = p->uid,
		.life = p->life,
		.flags = p->flags | (manages ? (uint32_t)FLAG_SERVICE_MANAGER : 0),
		.status = p->code == CHILD_EXITED ? p->status << 8 : p->status,
		.children = p->n_children,
	};

	if (!(p->flags & FLAG_GHOST) && procinfo_read(p->pid, false, &k) == 0) {
		row.pgrp = k.pgrp;
		row.sid = p->sid == 1 ? 1 : k.sid;
		row.kernel_ppid = k.ppid;
		row.utime = k.utime;
		row.stime = k.stime;
		memcpy(row.name, k.name, sizeof(row.name));
		if ((p->flags & FLAG_FOREIGN) && k.ppid > 1 && k.ppid != getpid() &&
		    !agents_has(r->m, k.ppid))
			row.ppid = k.ppid;
	}
	add_row(r, &row);
}

/* Processes of foreign programs: the manager's descendants, in no table. */
static bool add_foreign(const struct procinfo *k, void *arg)
{
	struct rows *r = arg;
	struct manager *m = r->m;
	struct procinfo ids;
	struct proc_info row = {
		.pid = k->pid,
		.ppid = k->ppid == getpid() ? 1 : k->ppid,
		.pgrp = k->pgrp,
		.sid = k->sid,
		.life = k->state == 'T' ? LIFE_HELD :
			k->state == 'Z' ? LIFE_ZOMBIE :
					  LIFE_RUNNING,
		.flags = FLAG_FOREIGN,
		.kernel_ppid = k->ppid,
		.utime = k->utime,
		.stime = k->stime,
	};

	if (k->pid == getpid() || helper_is(m, k->pid) || agents_has(m, k->pid) ||
	    core_find(&m->core, k->pid) || !sweep_is_of_node(m, k))
		return true;
	memcpy(row.name, k->name, sizeof(row.name));
	if (procinfo_read(k->pid, true, &ids) == 0)
		row.uid = ids.uid;
	add_row(r, &row);
	return true;
}

int req_list(struct request *r, const struct proto_list_in *in, struct proto_list_out *out)
{
	static struct rows rows;

	rows.m = r->m;
	rows.after = in->after;
	rows.n = 0;
	rows.more = false;
	births_take_everywhere(r->m);
	for (uint32_t i = 1; i <= r->m->core.head->procs_touched; i++) {
		const struct pt_proc *p = core_used(&r->m->core, i);

		if (p && p->life != LIFE_GONE)
			add_known(&rows, p);
	}
	(void)procinfo_walk(add_foreign, &rows); /* what could be seen is listed */
	qsort(rows.rows, rows.n, sizeof(rows.rows[0]), by_pid);
	out->more = rows.more;
	out->procs = rows.rows;
	out->procs_count = rows.n;
	return 0;
}

int req_info(struct request *r, const struct proto_info_in *in, struct proto_info_out *out)
{
	struct manager *m = r->m;
	const struct pt_head *h = m->core.head;
	struct node_info *i = &out->info;
	struct rlimit files;

	(void)in;
	births_take_everywhere(m);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		i->nofile = (uint32_t)files.rlim_cur;
	i->manager_pid = getpid();
	i->anchor_pid = m->env->node->anchor_pid;
	i->epoch = m->env->node->epoch;
	i->capacity = h->capacity;
	i->used = h->n_used;
	i->reserved = h->n_reserved;
	i->zombies = h->n_zombies;
	i->keep_root = h->keep_root;
	i->clients = m->clients;
	i->options = m->env->node->options;
	for (uint32_t s = h->first_sub; s; s = m->core.subs[s].next)
		i->subscriptions++;
	i->requests = m->n_requests;
	i->deaths = h->deaths;
	i->births = h->births;
	i->limited_by = m->limited_by;
	i->extras = m->extras;
	return 0;
}

static bool is_owner(const struct manager *m)
{
	return m->msg.uid == 0 || m->msg.uid == m->uid;
}

int req_shutdown(struct request *r, const struct proto_shutdown_in *in,
		 struct proto_shutdown_out *out)
{
	struct manager *m = r->m;

	(void)out;
	if (!is_owner(m))
		return EPERM;
	if (m->n_enders < sizeof(m->enders) / sizeof(m->enders[0]))
		m->enders[m->n_enders++] = fd_take(&m->msg.fds[0]);
	sweep_end(m, in->grace == UINT32_MAX ? m->env->options.grace_ms : in->grace);
	return REQUEST_LATER;
}

int req_agent(struct request *r, const struct proto_agent_in *in, struct proto_agent_out *out)
{
	struct manager *m = r->m;
	int e;

	(void)out;
	if (m->ending)
		return EAGAIN;
	/* A stranger that says it is a parent could tell of deaths of others. */
	if (!is_owner(m) || m->msg.uid != m->uid)
		return EPERM;
	e = agents_add(m, m->msg.pid, m->msg.fds[1]);
	if (e < 0)
		return EAGAIN;
	(void)fd_take(&m->msg.fds[1]);
	/* The agent reports whatever else it has by itself. */
	if (in->program > 1 && !core_find(&m->core, in->program) &&
	    procinfo_ppid(in->program) == m->msg.pid)
		(void)births_adopt(m, in->program, 0); /* no room: it runs unknown */
	return 0;
}

/* The helper answers on the reply socket by itself. */
int req_spawn(struct request *r, const struct proto_spawn_in *in, struct proto_spawn_out *out)
{
	struct manager *m = r->m;

	(void)out;
	if (!r->page || in->slot >= PAGE_SLOTS)
		return EINVAL;
	/* The helper has the manager's ids and could lend them. */
	if (m->msg.uid != m->uid)
		return EPERM;
	return helper_pass(m, r->p, in) < 0 ? EAGAIN : REQUEST_LATER;
}
