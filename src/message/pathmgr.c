// SPDX-License-Identifier: Apache-2.0
/*
 * <sys/pathmgr.h>. What this process has linked is remembered here, for
 * pathmgr_unlink(): the manager knows names by their ids.
 */
#include <sys/pathmgr.h>

#include <kamioka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/netmgr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/call.h"
#include "client/export.h"
#include "client/result.h"
#include "message/lock.h"
#include "message/space.h"

#define PATHMGR_FLAGS                                                                              \
	(PATHMGR_FLAG_BEFORE | PATHMGR_FLAG_AFTER | PATHMGR_FLAG_OPAQUE | PATHMGR_FLAG_FTYPEONLY | \
	 PATHMGR_FLAG_FTYPEALL | PATHMGR_FLAG_STICKY | PATHMGR_FLAG_DIR | PATHMGR_FLAG_SELF |      \
	 KAMIOKA_PATHMGR_EXCLUSIVE)

struct pathmgr_own {
	struct pathmgr_own *next;
	pid_t pid; /* a forked child has linked nothing */
	int id;
	char path[];
};

static struct pathmgr_own *own;
static struct lock own_lock = LOCK_INIT;

static int pathmgr_remember(const char *path, int id)
{
	size_t size = strlen(path) + 1;
	struct pathmgr_own *o = malloc(sizeof(*o) + size);
	sigset_t mask;

	if (!o)
		return -ENOMEM;
	o->pid = getpid();
	o->id = id;
	memcpy(o->path, path, size);
	lock_take(&own_lock, &mask);
	o->next = own;
	own = o;
	lock_give(&own_lock, &mask);
	return 0;
}

/* Any at that path, not ours any more; 0: none. */
static int pathmgr_forget(const char *path)
{
	pid_t pid = getpid();
	struct pathmgr_own *found = NULL;
	sigset_t mask;
	int id = 0;

	lock_take(&own_lock, &mask);
	for (struct pathmgr_own **o = &own; *o; o = &(*o)->next) {
		if ((*o)->pid != pid || strcmp((*o)->path, path) != 0)
			continue;
		found = *o;
		*o = found->next;
		break;
	}
	lock_give(&own_lock, &mask);
	if (found)
		id = found->id;
	free(found);
	return id;
}

EXPORT int pathmgr_link(const char *path, uint32_t nd, pid_t pid, int chid, unsigned handle,
			enum _file_type ftype, unsigned flags)
{
	char plain[PATH_BYTES];
	int rc, id;

	if (ND_NODE_CMP(nd, ND_LOCAL_NODE) != 0)
		return result_errno(-ENOREMOTE);
	if (pid != 0 && pid != getpid())
		return result_errno(-EPERM);
	if (flags & ~(unsigned)PATHMGR_FLAGS)
		return result_errno(-EINVAL);
	rc = space_plain(path, plain);
	if (rc < 0)
		return result_errno(rc);
	id = space_attach(plain, chid, handle, ftype, flags);
	if (id < 0)
		return result_errno(id);
	rc = pathmgr_remember(plain, id);
	if (rc < 0) {
		(void)space_detach(id); /* else it ends with the process */
		return result_errno(rc);
	}
	return id;
}

EXPORT int pathmgr_symlink(const char *path, const char *symlink)
{
	char target[PATH_BYTES], plain[PATH_BYTES];
	uint8_t body[2 * PATH_BYTES + 64];
	struct proto_path_link_in in = {.path = plain, .target = target};
	int rc = space_plain(path, target);

	if (rc == 0)
		rc = space_plain(symlink, plain);
	if (rc < 0)
		return result_errno(rc);
	in.path_len = (uint32_t)strlen(plain);
	in.target_len = (uint32_t)strlen(target);
	rc = proto_put_path_link_in(body, sizeof(body), &in);
	if (rc >= 0)
		rc = call_cell(PROTO_PATH_LINK, body, (size_t)rc, NULL, 0);
	return result_errno(rc);
}

static int pathmgr_unlink_symlink(const char *plain)
{
	struct proto_path_unlink_in in = {.path = plain, .path_len = (uint32_t)strlen(plain)};
	uint8_t body[PATH_BYTES + 64];
	int rc = proto_put_path_unlink_in(body, sizeof(body), &in);

	return rc < 0 ? rc : call_cell(PROTO_PATH_UNLINK, body, (size_t)rc, NULL, 0);
}

EXPORT int pathmgr_unlink(const char *path)
{
	char plain[PATH_BYTES];
	int rc = space_plain(path, plain), id;

	if (rc < 0)
		return result_errno(rc);
	rc = pathmgr_unlink_symlink(plain);
	if (rc != -ENOENT)
		return result_errno(rc);
	while ((id = pathmgr_forget(plain)) != 0)
		rc = space_detach(id);
	return result_errno(rc);
}
