// SPDX-License-Identifier: Apache-2.0
/*
 * The pathname space, as the manager keeps it: asked and changed. Nothing is kept here.
 * All but space_plain() are a round trip, and answer what call_cell() fails with besides.
 */
#pragma once

#include <stdint.h>

#include "gen/proto.h"

/*
 * What @path means, absolute, without dots, doubled slashes and one at the end, by its text
 * alone: no file is looked at. -ENOENT (empty), -ENAMETOOLONG, or what getcwd() says.
 */
int space_plain(const char *path, char ret[PATH_BYTES]);

/*
 * @path (plain) is served on channel @chid, whose server is told @handle. Its link id, > 0;
 * -EEXIST, -EINVAL, -ENAMETOOLONG, -ENOMEM, -ENOTDIR, -EPERM.
 */
int space_attach(const char *path, int chid, uint32_t handle, int ftype, uint32_t flags);
/* -EINVAL: none of this process's. */
int space_detach(int id);

/* Who serves @path (plain), in the order in which they are to be asked: count of them, four at
 * most. None is no error. -ELOOP, -EINVAL, -ENAMETOOLONG. */
int space_find(const char *path, int ftype, struct proto_path_find_out *ret);
