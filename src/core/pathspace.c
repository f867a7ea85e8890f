// SPDX-License-Identifier: Apache-2.0
/*
 * Who serves which path.
 *
 * A name is a prefix that a process serves on one of its channels: a *file*,
 * which is found by exactly that path, or with DIR a *directory*, found by what
 * lies below it too, component by component: /a/b has nothing to do with /a/bc.
 * A path may have several servers. Who looks for one gets them in this order:
 * the longest prefix first; of equal ones those attached with BEFORE, then those
 * without, then those with AFTER, and in each class the newest first. An OPAQUE
 * name ends the search behind its own prefix. The seeker's own names are left out
 * unless they say SELF, for it would wait for itself; an opaque one that is left
 * out hides nothing.
 *
 * Types: who asks for ANY gets all; who asks for one type gets names of that type,
 * of type ALL or with FTYPEALL, and those of type ANY, except that MOUNT and NAME
 * find only their own. FTYPEONLY, at the root only, serves requests of exactly its
 * type wherever they go.
 *
 * A directory cannot be attached below a file, a file not above a directory. A
 * name of type NAME has one server; so has what was attached EXCLUSIVE.
 *
 * A link (pathmgr_symlink()) replaces its prefix by another path, and the search
 * begins anew; it is met in the same order as names are, and only as long as no
 * name was found. It is nobody's and stays until it is removed.
 *
 * All names are in one list, in the order of the search. What a dead process
 * served leaves it in the transition of its death, so that nobody is led there,
 * and waits in another list only for its PATHSPACE event: with those of a
 * thousand names one transition would have more effects than there is room for.
 *
 * QNX Neutrino: resmgr_attach(), pathmgr_symlink(), "Resolving pathnames".
 * differs: STICKY is without effect, as a pid that comes back is another server's.
 */
#include "core/pathspace.h"

#include <assert.h>
#include <string.h>

#include "core/notify.h"
#include "core/pathtext.h"

#define FLAGS                                                                          \
	(PATH_FLAG_BEFORE | PATH_FLAG_AFTER | PATH_FLAG_OPAQUE | PATH_FLAG_FTYPEONLY | \
	 PATH_FLAG_FTYPEALL | PATH_FLAG_STICKY | PATH_FLAG_DIR | PATH_FLAG_SELF |      \
	 PATH_FLAG_EXCLUSIVE)

static const struct pt_path *path_at(const struct core *c, uint32_t index)
{
	return &c->paths[index];
}

static struct pt_path *path_edit(struct core *c, uint32_t index)
{
	journal_edit(c, &c->paths[index], sizeof(c->paths[index]));
	return &c->paths[index];
}

/* CORE_OK: it is absolute and plain; *ret_len is 0 for the root. */
static enum core_result measure(const char *path, uint32_t *ret_len)
{
	const char *end = memchr(path, 0, PATH_BYTES), *at = path;

	if (!end)
		return CORE_TOO_LONG;
	*ret_len = (uint32_t)(end - path);
	if (path[0] != '/')
		return CORE_INVALID;
	if (*ret_len == 1) {
		*ret_len = 0;
		return CORE_OK;
	}
	while (at < end) {
		const char *name = at + 1, *next = memchr(name, '/', (size_t)(end - name));
		size_t len;

		at = next ? next : end;
		len = (size_t)(at - name);
		if (!len || (len == 1 && name[0] == '.') ||
		    (len == 2 && memcmp(name, "..", 2) == 0))
			return CORE_INVALID;
	}
	return CORE_OK;
}

/* --- entries --- */

static uint32_t entry_take(struct core *c)
{
	struct pt_head *h = c->head;
	uint32_t index = h->free_path;
	struct pt_path *e;

	if (pt_alloc_fails(c) || (!index && h->paths_touched == h->paths))
		return 0;
	if (!index)
		index = ++h->paths_touched;
	e = path_edit(c, index);
	if (h->free_path)
		h->free_path = e->next;
	*e = (struct pt_path){.stamp = e->stamp};
	return index;
}

static void entry_drop(struct core *c, uint32_t index)
{
	struct pt_path *e = path_edit(c, index);

	pathtext_drop(c, e->text);
	*e = (struct pt_path){.stamp = e->stamp, .next = c->head->free_path};
	c->head->free_path = index;
}

static void say_change(struct core *c, const struct pt_path *e)
{
	notify_fire(c, ON_PATHSPACE, true, pathtext_hash(c, e));
}

static uint32_t rank_of(const struct pt_path *e)
{
	return e->flags & PATH_FLAG_BEFORE ? 0 : e->flags & PATH_FLAG_AFTER ? 2 : 1;
}

/* Into the list, in front of its equals. */
static void enter(struct core *c, uint32_t index)
{
	struct pt_path *e = path_edit(c, index);
	uint32_t before = 0, i = c->head->first_path;

	for (; i; i = path_at(c, i)->next) {
		const struct pt_path *o = path_at(c, i);

		if (o->len < e->len || (o->len == e->len && rank_of(o) >= rank_of(e)))
			break;
		before = i;
	}
	e->next = i;
	if (before)
		path_edit(c, before)->next = index;
	else
		c->head->first_path = index;
	c->head->n_paths++;
	c->head->path_generation++;
	if (e->proc)
		pt_edit(c, e->proc)->paths++;
	say_change(c, e);
}

/* Out of the list; the entry is still there. @before: who stands in front of it, 0 nobody. */
static struct pt_path *leave(struct core *c, uint32_t before, uint32_t index)
{
	struct pt_path *e = path_edit(c, index);

	if (before)
		path_edit(c, before)->next = e->next;
	else
		c->head->first_path = e->next;
	c->head->n_paths--;
	c->head->path_generation++;
	if (e->proc)
		pt_edit(c, e->proc)->paths--;
	e->next = 0;
	e->proc = 0;
	return e;
}

static void answer(struct core *c, const struct pt_proc *p, const struct core_call *call,
		   int32_t id)
{
	struct pt_effect *e;

	if (!call)
		return;
	e = journal_fx(c, FX_DONE);
	e->proc = p->self;
	e->pid = p->pid;
	e->page = p->page;
	e->arena = p->arena;
	e->cell = call->cell;
	e->seq = call->seq;
	e->code = id;
}

static void remove_entry(struct core *c, struct pt_proc *p, uint32_t before, uint32_t index,
			 const struct core_call *call)
{
	journal_begin(c);
	say_change(c, leave(c, before, index));
	entry_drop(c, index);
	answer(c, p, call, 0);
	journal_commit(c);
}

static int32_t new_id(struct core *c)
{
	int32_t id = c->head->next_path_id;

	c->head->next_path_id = id == INT32_MAX ? 1 : id + 1;
	return id;
}

/* --- attach --- */

/* It lies above @e, or is the same. */
static bool is_above(const struct core *c, const char *path, uint32_t len, const struct pt_path *e)
{
	char next = '/';

	if (len > e->len || !pathtext_begins(c, e, path, len))
		return false;
	if (len && len < e->len)
		core_path_text(c, e, len, 1, &next);
	return next == '/';
}

/* @e lies above that path, or is the same. */
static bool is_below(const struct core *c, const char *path, uint32_t len, const struct pt_path *e)
{
	return e->len <= len && (!e->len || e->len == len || path[e->len] == '/') &&
	       pathtext_begins(c, e, path, e->len);
}

/* Serves one type everywhere, and so stands in nobody's way. */
static bool is_by_type(uint32_t flags)
{
	return flags & PATH_FLAG_FTYPEONLY;
}

static enum core_result conflict(const struct core *c, const struct core_path *a, uint32_t len,
				 const struct pt_path *e)
{
	bool is_dir = e->flags & PATH_FLAG_DIR;

	if (e->target || is_by_type(e->flags))
		return CORE_OK;
	if (e->len == len)
		return pathtext_begins(c, e, a->path, len) &&
				       ((a->flags | e->flags) & PATH_FLAG_EXCLUSIVE ||
					(a->ftype == FILE_TYPE_NAME &&
					 e->ftype == FILE_TYPE_NAME)) ?
			       CORE_EXISTS :
			       CORE_OK;
	if ((a->flags & PATH_FLAG_DIR) && !is_dir && is_below(c, a->path, len, e))
		return CORE_NOT_DIR;
	if (!(a->flags & PATH_FLAG_DIR) && is_dir && is_above(c, a->path, len, e))
		return CORE_NOT_DIR;
	return CORE_OK;
}

static enum core_result check(const struct core *c, const struct core_path *a, uint32_t *ret_len)
{
	const uint32_t both = PATH_FLAG_BEFORE | PATH_FLAG_AFTER;
	enum core_result r = measure(a->path, ret_len);

	if (r != CORE_OK)
		return r;
	if ((a->flags & ~(uint32_t)FLAGS) || (a->flags & both) == both || a->chid <= 0)
		return CORE_INVALID;
	if (is_by_type(a->flags))
		return *ret_len ? CORE_INVALID : CORE_OK;
	for (uint32_t i = c->head->first_path; i && r == CORE_OK; i = path_at(c, i)->next)
		r = conflict(c, a, *ret_len, path_at(c, i));
	return r;
}

enum core_result core_path_attach(struct core *c, struct pt_proc *p, const struct core_path *a,
				  const struct core_call *call, int32_t *ret_id)
{
	uint32_t len, index;
	enum core_result r = check(c, a, &len);
	struct pt_path *e;

	if (r != CORE_OK)
		return r;
	journal_begin(c);
	index = entry_take(c);
	e = &c->paths[index];
	if (!index || !pathtext_add(c, e, 0, a->path, len)) {
		journal_abort(c);
		return CORE_FULL;
	}
	e->proc = p->self;
	e->id = new_id(c);
	e->chid = a->chid;
	e->handle = a->handle;
	e->ftype = a->ftype;
	e->flags = a->flags;
	e->len = len;
	e->uid = p->euid;
	enter(c, index);
	answer(c, p, call, e->id);
	*ret_id = e->id;
	journal_commit(c);
	return CORE_OK;
}

enum core_result core_path_detach(struct core *c, struct pt_proc *p, int32_t id,
				  const struct core_call *call)
{
	uint32_t before = 0, i = p->paths ? c->head->first_path : 0;

	for (; i; before = i, i = path_at(c, i)->next)
		if (path_at(c, i)->id == id && path_at(c, i)->proc == p->self)
			break;
	if (!i)
		return CORE_INVALID;
	remove_entry(c, p, before, i, call);
	return CORE_OK;
}

/* --- links --- */

/* The first that stands at exactly that path from @i on: a link, or with @p one of its own. */
static uint32_t find_at(const struct core *c, const char *path, uint32_t len,
			const struct pt_proc *p, uint32_t i, uint32_t *ret_before)
{
	for (uint32_t before = 0; i; before = i, i = path_at(c, i)->next) {
		const struct pt_path *e = path_at(c, i);

		if ((p ? e->proc == p->self : e->target != 0) && e->len == len &&
		    pathtext_begins(c, e, path, len)) {
			*ret_before = before;
			return i;
		}
	}
	return 0;
}

enum core_result core_path_link(struct core *c, struct pt_proc *p, const char *path,
				const char *target, const struct core_call *call)
{
	uint32_t len, target_len, index, before;
	enum core_result r = measure(path, &len), t = measure(target, &target_len);
	struct pt_path *e;

	if (r != CORE_OK || t != CORE_OK)
		return r != CORE_OK ? r : t;
	if (!len)
		return CORE_INVALID;
	if (find_at(c, path, len, NULL, c->head->first_path, &before))
		return CORE_EXISTS;
	/* The root, too, is a text: a target of no bytes would be none. */
	target_len = target_len ? target_len : 1;
	journal_begin(c);
	index = entry_take(c);
	e = &c->paths[index];
	if (!index || !pathtext_add(c, e, 0, path, len) ||
	    !pathtext_add(c, e, len, target, target_len)) {
		journal_abort(c);
		return CORE_FULL;
	}
	e->id = new_id(c);
	e->flags = PATH_FLAG_LINK | PATH_FLAG_DIR;
	e->len = len;
	e->target = target_len;
	e->uid = p->euid;
	enter(c, index);
	answer(c, p, call, 0);
	journal_commit(c);
	return CORE_OK;
}

enum core_result core_path_unlink(struct core *c, struct pt_proc *p, const char *path, bool may_any,
				  const struct core_call *call, bool *ret_more)
{
	uint32_t len, before = 0, i, none;
	enum core_result r = measure(path, &len);

	*ret_more = false;
	if (r != CORE_OK)
		return r;
	i = find_at(c, path, len, NULL, c->head->first_path, &before);
	if (i && !may_any && p->euid != path_at(c, i)->uid)
		return CORE_FORBIDDEN;
	if (!i) {
		i = find_at(c, path, len, p, c->head->first_path, &before);
		*ret_more = i && find_at(c, path, len, p, path_at(c, i)->next, &none);
	}
	if (!i)
		return CORE_NO_PATH;
	remove_entry(c, p, before, i, *ret_more ? NULL : call);
	return CORE_OK;
}

/* --- search --- */

static bool fits_type(int32_t asked, const struct pt_path *e)
{
	if (is_by_type(e->flags))
		return asked == e->ftype;
	if (asked <= FILE_TYPE_ANY || (e->flags & PATH_FLAG_FTYPEALL) || e->ftype < 0)
		return true;
	return asked == e->ftype ||
	       (e->ftype == FILE_TYPE_ANY && asked != FILE_TYPE_MOUNT && asked != FILE_TYPE_NAME);
}

/* A server that the search may meet on its way: whether it serves the path is another matter. */
static bool is_asked(const struct core_find *f, const struct pt_path *e)
{
	if (f->proc && e->proc == f->proc && !(e->flags & PATH_FLAG_SELF))
		return false;
	return fits_type(f->ftype, e);
}

static bool serves(const struct core_find *f, const struct pt_path *e)
{
	return e->len == f->len || (e->flags & (PATH_FLAG_DIR | PATH_FLAG_FTYPEONLY));
}

/* The first from @i on that is a link or serves the path. */
static uint32_t search(const struct core *c, struct core_find *f, uint32_t i)
{
	for (; i; i = path_at(c, i)->next) {
		const struct pt_path *e = path_at(c, i);

		if (e->len < f->floor)
			return 0;
		if (!is_below(c, f->path, f->len, e))
			continue;
		if (e->target)
			return i;
		if (!is_asked(f, e))
			continue;
		if (serves(f, e))
			return i;
		f->is_in_file = true;
	}
	return 0;
}

static enum core_result follow(const struct core *c, struct core_find *f, const struct pt_path *e)
{
	uint32_t rest = f->len - e->len, to = e->target;
	char last;

	core_path_text(c, e, e->len + to - 1, 1, &last);
	if (last == '/' && rest)
		to = 0; /* the root, which what follows begins with */
	if (to + rest >= PATH_BYTES)
		return CORE_TOO_LONG;
	memmove(f->path + to, f->path + e->len, rest);
	core_path_text(c, e, e->len, to, f->path);
	f->path[to + rest] = 0;
	f->is_linked = true;
	return measure(f->path, &f->len);
}

enum core_result core_path_find(const struct core *c, struct core_find *f)
{
	enum core_result r = measure(f->path, &f->len);

	f->is_linked = f->is_opaque = f->is_in_file = false;
	f->floor = 0;
	for (uint32_t n = 0; r == CORE_OK; n++) {
		f->is_in_file = false;
		f->at = search(c, f, c->head->first_path);
		if (!f->at || !path_at(c, f->at)->target)
			break;
		r = n < PATH_LINKS ? follow(c, f, path_at(c, f->at)) : CORE_LOOP;
	}
	return r;
}

const struct pt_path *core_path_next(const struct core *c, struct core_find *f)
{
	const struct pt_path *e = path_at(c, f->at);

	if (!f->at)
		return NULL;
	if (e->flags & PATH_FLAG_OPAQUE) {
		f->is_opaque = true;
		f->floor = e->len;
	}
	do {
		f->at = search(c, f, path_at(c, f->at)->next);
	} while (f->at && path_at(c, f->at)->target);
	return e;
}

uint32_t core_path_list(const struct core *c, uint32_t after)
{
	return after ? path_at(c, after)->next : c->head->first_path;
}

/* --- the end of a server --- */

void pathspace_leave(struct core *c, struct pt_proc *p)
{
	uint32_t before = 0;

	for (uint32_t i = c->head->first_path, next; i && p->paths; i = next) {
		next = path_at(c, i)->next;
		if (path_at(c, i)->proc != p->self) {
			before = i;
			continue;
		}
		leave(c, before, i)->next = c->head->first_left;
		c->head->first_left = i;
	}
	assert(!p->paths);
}

bool core_has_left(const struct core *c)
{
	return c->head->first_left != 0;
}

void core_path_left(struct core *c)
{
	uint32_t index = c->head->first_left;

	assert(index);
	journal_begin(c);
	c->head->first_left = path_at(c, index)->next;
	say_change(c, path_at(c, index));
	entry_drop(c, index);
	journal_commit(c);
}
