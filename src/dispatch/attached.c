// SPDX-License-Identifier: Apache-2.0
#include "dispatch/attached.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dispatch/dispatch.h"
#include "iofunc/export.h"
#include "message/share.h"
#include "message/space.h"

/* The process's names, by their ids; NULL: free. */
static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t names_idle = PTHREAD_COND_INITIALIZER;
static struct attached **names;
static size_t names_size;

static __thread struct attached_use *uses;

/* ---- Counting ---- */

void attached_ref(struct attached *attached)
{
	atomic_fetch_add(&attached->refs, 1);
}

void attached_unref(struct attached *attached)
{
	if (atomic_fetch_sub(&attached->refs, 1) == 1) {
		free(attached->path);
		free(attached);
	}
}

void attached_enter_again(struct attached *attached, struct attached_use *use)
{
	attached_ref(attached);
	atomic_fetch_add(&attached->busy, 1);
	*use = (struct attached_use){attached, uses};
	uses = use;
}

struct attached *attached_enter(const dispatch_t *dpp, int id, struct attached_use *use)
{
	struct attached *found = NULL;

	pthread_mutex_lock(&names_lock);
	if (id >= 0 && (size_t)id < names_size)
		found = names[id];
	if (found && (found->dpp != dpp || found->is_detached))
		found = NULL;
	if (found)
		attached_enter_again(found, use);
	pthread_mutex_unlock(&names_lock);
	return found;
}

void attached_leave(struct attached_use *use)
{
	struct attached *attached = use->attached;

	uses = use->outer;
	atomic_fetch_sub(&attached->busy, 1);
	if (attached->is_awaited) {
		pthread_mutex_lock(&names_lock);
		pthread_cond_broadcast(&names_idle);
		pthread_mutex_unlock(&names_lock);
	}
	attached_unref(attached);
}

static unsigned own_uses(const struct attached *attached)
{
	unsigned count = 0;

	for (const struct attached_use *use = uses; use; use = use->outer)
		count += use->attached == attached;
	return count;
}

int attached_any(const dispatch_t *dpp)
{
	int id = -1;

	pthread_mutex_lock(&names_lock);
	for (size_t i = 0; i < names_size && id < 0; i++) {
		if (names[i] && names[i]->dpp == dpp && !names[i]->is_detached)
			id = (int)i;
	}
	pthread_mutex_unlock(&names_lock);
	return id;
}

/* ---- Attaching ---- */

/* The lowest free id. The lock is held. -ENOMEM. */
static int id_take(struct attached *attached)
{
	size_t id = 0;

	while (id < names_size && names[id])
		id++;
	if (id == names_size) {
		const size_t more = names_size ? 2 * names_size : 8;
		struct attached **grown = realloc(names, more * sizeof(*names));

		if (!grown)
			return -ENOMEM;
		memset(grown + names_size, 0, (more - names_size) * sizeof(*names));
		names = grown;
		names_size = more;
	}
	names[id] = attached;
	return (int)id;
}

/* Where it is published, and who asks for its path is told; NULL: nowhere. */
static int name_path(struct attached *attached, const char *path)
{
	char plain[PATH_BYTES];
	int r;

	if (attached->flags & _RESMGR_FLAG_FTYPEONLY) {
		if (path)
			return -EINVAL;
		path = "/";
	}
	if (!path)
		return 0;
	r = space_plain(path, plain);
	if (r == 0 && !(attached->path = strdup(plain)))
		r = -ENOMEM;
	return r;
}

static int name_publish(struct attached *attached, const char *path, unsigned attr_flags)
{
	int r = name_path(attached, path);

	if (r < 0 || !attached->path || attr_flags & RESMGR_FLAG_ATTACH_LOCAL)
		return r;
	r = space_attach(attached->path, attached->dpp->chid, (uint32_t)attached->id,
			 (int)attached->ftype, attached->flags & _RESMGR_FLAG_MASK);
	if (r < 0)
		return r;
	attached->link = r;
	return 0;
}

static int name_room(dispatch_t *dpp, const resmgr_attr_t *attr)
{
	int r;

	pthread_mutex_lock(&dpp->lock);
	r = dispatch_need_room(dpp, attr ? attr->msg_max_size : 0, attr ? attr->nparts_max : 0);
	pthread_mutex_unlock(&dpp->lock);
	if (r == 0)
		r = dispatch_need_channel(dpp);
	if (r == 0 && !dpp->is_resmgr) {
		dpp->is_resmgr = true;
		channel_set_rules(dpp->chid, &binding_rules, &dpp->bindings);
	}
	return r;
}

/* An id for @attached, and the world knows it. Messages may come before this returns. */
static int name_add(struct attached *attached, const char *path, unsigned attr_flags)
{
	int r;

	pthread_mutex_lock(&names_lock);
	r = attached->id = id_take(attached);
	pthread_mutex_unlock(&names_lock);
	if (r < 0)
		return r;
	r = name_publish(attached, path, attr_flags);
	if (r < 0) {
		pthread_mutex_lock(&names_lock);
		names[attached->id] = NULL;
		pthread_mutex_unlock(&names_lock);
		return r;
	}
	return attached->id;
}

EXPORT int resmgr_attach(dispatch_t *dpp, resmgr_attr_t *attr, const char *path,
			 enum _file_type file_type, unsigned flags,
			 const resmgr_connect_funcs_t *connect_funcs,
			 const resmgr_io_funcs_t *io_funcs, RESMGR_HANDLE_T *handle)
{
	static const resmgr_connect_funcs_t no_connect;
	static const resmgr_io_funcs_t no_io;
	struct attached *attached;
	int r;

	if (!dpp || (path && !path[0])) {
		errno = EINVAL;
		return -1;
	}
	r = name_room(dpp, attr);
	if (r < 0 || !(attached = calloc(1, sizeof(*attached)))) {
		errno = r < 0 ? -r : ENOMEM;
		return -1;
	}
	attached->dpp = dpp;
	attached->ftype = file_type;
	attached->flags = flags;
	attached->connect_funcs = connect_funcs ? connect_funcs : &no_connect;
	attached->io_funcs = io_funcs ? io_funcs : &no_io;
	attached->handle = handle;
	attached->refs = 1;
	if (attr && attr->flags & RESMGR_FLAG_ATTACH_OTHERFUNC)
		attached->other_func = attr->other_func;
	r = name_add(attached, path, attr ? attr->flags : 0);
	if (r < 0) {
		attached_unref(attached);
		errno = -r;
		return -1;
	}
	return r;
}

/* ---- Detaching ---- */

/* From now on no message finds it. */
static int name_take(const dispatch_t *dpp, int id, struct attached **ret_attached)
{
	struct attached *found = NULL;
	int r = 0;

	pthread_mutex_lock(&names_lock);
	if (id >= 0 && (size_t)id < names_size)
		found = names[id];
	if (!found || found->dpp != dpp)
		r = -EINVAL;
	else if (found->is_detached)
		r = -ENOENT;
	else
		found->is_detached = true;
	pthread_mutex_unlock(&names_lock);
	*ret_attached = found;
	return r;
}

/* Until no other thread runs a handler of it; then the id is free. */
static void name_wait(struct attached *attached)
{
	const unsigned own = own_uses(attached);

	pthread_mutex_lock(&names_lock);
	attached->is_awaited = true;
	while (atomic_load(&attached->busy) > own)
		pthread_cond_wait(&names_idle, &names_lock);
	names[attached->id] = NULL;
	pthread_mutex_unlock(&names_lock);
}

EXPORT int resmgr_detach_ctp(dispatch_t *dpp, resmgr_context_t *ctp, int id, unsigned flags)
{
	struct attached *attached;
	int r = dpp ? name_take(dpp, id, &attached) : -EINVAL;

	if (r < 0) {
		errno = -r;
		return -1;
	}
	if (attached->link)
		(void)space_detach(attached->link); /* gone with the manager's table, then */
	if (!(flags & _RESMGR_DETACH_PATHNAME)) {
		if (flags & _RESMGR_DETACH_CLOSE)
			close_name(dpp, ctp, attached, true);
		bindings_kill(&dpp->bindings, attached);
	}
	name_wait(attached);
	attached_unref(attached);
	return 0;
}

EXPORT int resmgr_detach(dispatch_t *dpp, int id, unsigned flags)
{
	return resmgr_detach_ctp(dpp, NULL, id, flags);
}

/* ---- What is known of an id ---- */

static int path_of(int id, char *path, size_t size)
{
	const struct attached *found = NULL;
	int r = -EINVAL;

	pthread_mutex_lock(&names_lock);
	if (id >= 0 && (size_t)id < names_size)
		found = names[id];
	if (found) {
		const bool is_dir = found->flags & _RESMGR_FLAG_DIR;
		const char *known = found->path ? found->path : "";
		const size_t length = strlen(known);
		const bool slash = is_dir && (length == 0 || known[length - 1] != '/');

		r = snprintf(path, size, "%s%s", known, slash ? "/" : "") + 1;
		if ((size_t)r > size)
			r = -ENAMETOOLONG;
	}
	pthread_mutex_unlock(&names_lock);
	return r;
}

EXPORT int resmgr_pathname(int id, unsigned flags, char *path, int maxbuf)
{
	int r = maxbuf > 0 && path ? path_of(id, path, (size_t)maxbuf) : -EINVAL;

	(void)flags; /* there is one node: every path is a local one */
	if (r < 0) {
		errno = -r;
		return -1;
	}
	return r;
}

/* Linux gives out majors below 512 for devices without a file below them. */
#define DEVINO_MAJOR 0xfff

EXPORT int resmgr_devino(int id, dev_t *devno, ino_t *inode)
{
	if (id < 0) {
		errno = EINVAL;
		return -1;
	}
	if (devno)
		*devno = makedev(DEVINO_MAJOR, (unsigned)getpid());
	if (inode)
		*inode = (ino_t)id + 1;
	return 0;
}

/* Room grows by itself. */
EXPORT int resmgr_handle_grow(unsigned min)
{
	(void)min;
	return 0;
}

EXPORT int resmgr_handle_tune(int min_handles, int min_clients, int max_client_handles,
			      int *old_min_handles, int *old_min_clients,
			      int *old_max_client_handles)
{
	(void)min_handles;
	(void)min_clients;
	(void)max_client_handles;
	if (old_min_handles)
		*old_min_handles = 0;
	if (old_min_clients)
		*old_min_clients = 0;
	if (old_max_client_handles)
		*old_max_client_handles = INT_MAX;
	return 0;
}
