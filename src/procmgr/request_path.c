// SPDX-License-Identifier: Apache-2.0
/*
 * Requests about the pathname space (core/pathspace.c has its rules).
 *
 * In a node of one user everybody may attach; in one that root made only root and
 * who has PROCMGR_AID_PATHSPACE. Who serves /proc/dumper is told of others'
 * crashes and reads their memory: that is for root, the node's user, and who has
 * PROCMGR_AID_XPROCESS_MEM_READ.
 */
#include <errno.h>
#include <string.h>

#include "gen/proto.h"
#include "procmgr/state.h"

enum { AID_PATHSPACE = 5, AID_XPROCESS_MEM_READ = 65 };

#define DUMPER "/proc/dumper"

static int path_errno(enum core_result r)
{
	/* That there is no room is not a matter of trying again. */
	return r == CORE_FULL ? ENOMEM : request_errno(r);
}

static bool is_dumper(const char *path)
{
	const size_t len = sizeof(DUMPER) - 1;

	return strncmp(path, DUMPER, len) == 0 && (path[len] == 0 || path[len] == '/');
}

/* May the caller make @path lead to itself, or to wherever it says? */
static bool may_change(struct request *r, const char *path)
{
	const struct manager *m = r->m;
	bool is_root;

	births_refresh_ids(r->m, r->p);
	is_root = r->p->euid == 0;
	if (!core_may(&m->core, r->p, AID_PATHSPACE, 0, is_root || m->uid != 0))
		return false;
	return !is_dumper(path) ||
	       core_may(&m->core, r->p, AID_XPROCESS_MEM_READ, 0, is_root || r->p->euid == m->uid);
}

/* What was done is answered as an effect of it. */
static int answer(struct request *r, enum core_result e)
{
	apply(r->m);
	return e == CORE_OK ? REQUEST_LATER : path_errno(e);
}

int req_path_attach(struct request *r, const struct proto_path_attach_in *in,
		    struct proto_path_attach_out *out)
{
	struct core_call call = {.cell = r->cell, .seq = r->seq};
	struct core_path a = {
		.path = in->path,
		.chid = in->chid,
		.handle = in->handle,
		.ftype = in->ftype,
		.flags = in->flags,
	};

	if (!may_change(r, in->path))
		return EPERM;
	return answer(r, core_path_attach(&r->m->core, r->p, &a, &call, &out->id));
}

int req_path_detach(struct request *r, const struct proto_path_detach_in *in,
		    struct proto_path_detach_out *out)
{
	struct core_call call = {.cell = r->cell, .seq = r->seq};

	(void)out;
	return answer(r, core_path_detach(&r->m->core, r->p, in->id, &call));
}

int req_path_link(struct request *r, const struct proto_path_link_in *in,
		  struct proto_path_link_out *out)
{
	struct core_call call = {.cell = r->cell, .seq = r->seq};

	(void)out;
	if (!may_change(r, in->path))
		return EPERM;
	return answer(r, core_path_link(&r->m->core, r->p, in->path, in->target, &call));
}

int req_path_unlink(struct request *r, const struct proto_path_unlink_in *in,
		    struct proto_path_unlink_out *out)
{
	struct core_call call = {.cell = r->cell, .seq = r->seq};
	enum core_result e;
	bool may_any, more;

	(void)out;
	if (!may_change(r, in->path))
		return EPERM;
	may_any = r->p->euid == 0 || r->p->euid == r->m->uid;
	do {
		e = core_path_unlink(&r->m->core, r->p, in->path, may_any, &call, &more);
		apply(r->m);
	} while (more);
	return answer(r, e);
}

static int find(struct request *r, int32_t ftype, const char *path, struct core_find *ret)
{
	size_t len = strlen(path);

	if (len >= sizeof(ret->path))
		return ENAMETOOLONG;
	memcpy(ret->path, path, len + 1);
	ret->ftype = ftype;
	ret->proc = r->p ? r->p->self : 0;
	return path_errno(core_path_find(&r->m->core, ret));
}

static bool next_server(const struct manager *m, struct core_find *f, struct path_server *ret)
{
	const struct pt_path *e = core_path_next(&m->core, f);

	if (!e)
		return false;
	*ret = (struct path_server){
		.pid = core_get(&m->core, e->proc)->pid,
		.chid = e->chid,
		.handle = e->handle,
		.ftype = e->ftype,
		.flags = e->flags,
		.len = e->len,
	};
	return true;
}

static uint32_t flags_of(const struct core_find *f)
{
	return (f->is_opaque ? (uint32_t)FOUND_OPAQUE : 0) |
	       (f->is_in_file ? (uint32_t)FOUND_IN_FILE : 0) |
	       (f->is_linked ? (uint32_t)FOUND_LINKED : 0);
}

int req_path_find(struct request *r, const struct proto_path_find_in *in,
		  struct proto_path_find_out *out)
{
	enum { MOST = sizeof(out->servers) / sizeof(out->servers[0]) };
	static struct core_find f;
	struct path_server server;
	int e = find(r, in->ftype, in->path, &f);

	if (e)
		return e;
	while (next_server(r->m, &f, &server)) {
		if (out->count == MOST) {
			out->flags = FOUND_MORE;
			continue;
		}
		out->servers[out->count++] = server;
	}
	out->flags |= flags_of(&f);
	return 0;
}

/* What fits into one answer beside a path. */
#define SERVERS ((WIRE_MAX - PATH_BYTES - 64) / sizeof(struct path_server))

int req_path_all(struct request *r, const struct proto_path_all_in *in,
		 struct proto_path_all_out *out)
{
	static struct path_server servers[SERVERS];
	static struct core_find f;
	int e = find(r, in->ftype, in->path, &f);
	uint32_t n = 0;

	if (e)
		return e;
	while (n < SERVERS && next_server(r->m, &f, &servers[n]))
		n++;
	out->flags = flags_of(&f);
	out->generation = r->m->core.head->path_generation;
	out->path = f.path;
	out->path_len = (uint32_t)strlen(f.path);
	out->servers = servers;
	out->servers_count = n;
	return 0;
}

/* A name's texts are two paths at most: so many names, and then as many as their texts allow. */
#define ROWS       ((WIRE_MAX / 4) / sizeof(struct path_row))
#define ROWS_TEXTS (WIRE_MAX / 2)

int req_path_list(struct request *r, const struct proto_path_list_in *in,
		  struct proto_path_list_out *out)
{
	static struct path_row rows[ROWS];
	static char texts[ROWS_TEXTS];
	const struct core *c = &r->m->core;
	uint32_t i = core_path_list(c, 0), n = 0, at = 0;

	for (uint32_t skip = in->skip; i && skip; skip--)
		i = core_path_list(c, i);
	for (; i && n < ROWS; i = core_path_list(c, i)) {
		const struct pt_path *e = &c->paths[i];
		uint32_t len = e->len + e->target;

		if (len > ROWS_TEXTS - at)
			break;
		rows[n++] = (struct path_row){
			.pid = e->proc ? core_get(c, e->proc)->pid : 0,
			.chid = e->chid,
			.handle = e->handle,
			.ftype = e->ftype,
			.flags = e->flags,
			.id = e->id,
			.uid = e->uid,
			.at = at,
			.len = e->len,
			.target = e->target,
		};
		core_path_text(c, e, 0, len, texts + at);
		at += len;
	}
	out->generation = c->head->path_generation;
	out->more = i != 0;
	out->rows = rows;
	out->rows_count = n;
	out->texts = texts;
	out->texts_len = at;
	return 0;
}
