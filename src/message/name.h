// SPDX-License-Identifier: Apache-2.0
/*
 * Names, for whoever has a channel already: the dispatch layer. What <sys/name.h> declares
 * is made of this.
 */
#pragma once

#include <sys/name.h>

/*
 * @name is served on channel @chid of this process, whose clients' _IO_CONNECT says @handle.
 * The link id, > 0; it goes with space_detach(). -EINVAL, -ENAMETOOLONG, -ENOTSUP, and
 * those of space_attach().
 */
int name_attach_on(int chid, const char *name, unsigned flags, unsigned handle);

/*
 * The dispatch layer's, which need not be there: then dpp must be NULL, and is.
 * The channel of a handle, made if it has none: its number, or -errno. It answers the
 * _IO_CONNECT of names by itself from then on.
 */
int dispatch_name_channel(dispatch_t *dpp) __attribute__((weak));
/* A handle on a channel, which it destroys with itself; NULL: no memory. */
dispatch_t *dispatch_name_handle(int chid) __attribute__((weak));
/* Ends a handle that name_detach() shall not save. */
void dispatch_name_end(dispatch_t *dpp) __attribute__((weak));
