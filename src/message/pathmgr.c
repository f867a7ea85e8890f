// SPDX-License-Identifier: Apache-2.0
/* <sys/pathmgr.h>: one question to the manager each. */
#include <sys/pathmgr.h>

#include <kamioka.h>
#include <string.h>
#include <sys/netmgr.h>
#include <unistd.h>

#include "client/call.h"
#include "client/export.h"
#include "client/result.h"
#include "message/space.h"

#define PATHMGR_FLAGS                                                                              \
	(PATHMGR_FLAG_BEFORE | PATHMGR_FLAG_AFTER | PATHMGR_FLAG_OPAQUE | PATHMGR_FLAG_FTYPEONLY | \
	 PATHMGR_FLAG_FTYPEALL | PATHMGR_FLAG_STICKY | PATHMGR_FLAG_DIR | PATHMGR_FLAG_SELF |      \
	 KAMIOKA_PATHMGR_EXCLUSIVE)

EXPORT int pathmgr_link(const char *path, uint32_t nd, pid_t pid, int chid, unsigned handle,
			enum _file_type ftype, unsigned flags)
{
	char plain[PATH_BYTES];
	int rc;

	if (ND_NODE_CMP(nd, ND_LOCAL_NODE) != 0)
		return result_errno(-ENOREMOTE);
	if (pid != 0 && pid != getpid())
		return result_errno(-EPERM);
	if (flags & ~(unsigned)PATHMGR_FLAGS)
		return result_errno(-EINVAL);
	rc = space_plain(path, plain);
	if (rc < 0)
		return result_errno(rc);
	return result_errno(space_attach(plain, chid, handle, ftype, flags));
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

EXPORT int pathmgr_unlink(const char *path)
{
	char plain[PATH_BYTES];
	uint8_t body[PATH_BYTES + 64];
	struct proto_path_unlink_in in = {.path = plain};
	int rc = space_plain(path, plain);

	if (rc < 0)
		return result_errno(rc);
	in.path_len = (uint32_t)strlen(plain);
	rc = proto_put_path_unlink_in(body, sizeof(body), &in);
	if (rc >= 0)
		rc = call_cell(PROTO_PATH_UNLINK, body, (size_t)rc, NULL, 0);
	return result_errno(rc);
}
