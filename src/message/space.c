// SPDX-License-Identifier: Apache-2.0
#include "message/space.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "client/call.h"

/* The part of a path that @at begins with: *ret_len of it, and where the next one begins. */
static const char *space_part(const char *at, size_t *ret_len)
{
	*ret_len = strcspn(at, "/");
	return at + *ret_len + (at[*ret_len] == '/');
}

static size_t space_up(const char *path, size_t len)
{
	while (len && path[--len] != '/')
		;
	return len;
}

/* Add the parts of @path to @ret, which has @len bytes. How many it has then. */
static int space_add(const char *path, char ret[PATH_BYTES], size_t len)
{
	while (*path) {
		const char *part = path;
		size_t n;

		path = space_part(part, &n);
		if (n == 0 || (n == 1 && part[0] == '.'))
			continue;
		if (n == 2 && part[0] == '.' && part[1] == '.') {
			len = space_up(ret, len);
			continue;
		}
		if (len + n + 2 > PATH_BYTES)
			return -ENAMETOOLONG;
		ret[len++] = '/';
		memcpy(ret + len, part, n);
		len += n;
	}
	return (int)len;
}

int space_plain(const char *path, char ret[PATH_BYTES])
{
	char cwd[PATH_BYTES];
	int len = 0;

	if (!path[0])
		return -ENOENT;
	if (path[0] != '/') {
		if (!getcwd(cwd, sizeof(cwd)))
			return errno == ERANGE ? -ENAMETOOLONG : -errno;
		len = space_add(cwd, ret, 0);
	}
	if (len >= 0)
		len = space_add(path, ret, (size_t)len);
	if (len < 0)
		return len;
	if (len == 0)
		ret[len++] = '/';
	ret[len] = 0;
	return 0;
}

/* What a body with @n paths takes at most, beside them fixed parts, lengths and gaps. */
#define SPACE_BODY(n) ((n)*PATH_BYTES + 64)

int space_attach(const char *path, int chid, uint32_t handle, int ftype, uint32_t flags)
{
	struct proto_path_attach_in in = {
		.chid = chid,
		.handle = handle,
		.ftype = ftype,
		.flags = flags,
		.path = path,
		.path_len = (uint32_t)strlen(path),
	};
	struct proto_path_attach_out out;
	uint8_t body[SPACE_BODY(1)];
	int rc = proto_put_path_attach_in(body, sizeof(body), &in);

	if (rc < 0)
		return -ENAMETOOLONG;
	rc = call_cell(PROTO_PATH_ATTACH, body, (size_t)rc, &out, sizeof(out));
	return rc < 0 ? rc : out.id;
}

int space_detach(int id)
{
	struct proto_path_detach_in in = {.id = id};
	struct proto_path_detach_out out;

	return call_path_detach(&in, &out);
}

int space_find(const char *path, int ftype, struct proto_path_find_out *ret)
{
	struct proto_path_find_in in = {
		.ftype = ftype, .path = path, .path_len = (uint32_t)strlen(path)};
	uint8_t body[SPACE_BODY(1)];
	int rc = proto_put_path_find_in(body, sizeof(body), &in);

	if (rc < 0)
		return -ENAMETOOLONG;
	return call_cell(PROTO_PATH_FIND, body, (size_t)rc, ret, sizeof(*ret));
}
