// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/ptable.h"

/* Does the text of @e begin with these bytes, of which it has enough? */
bool pathtext_begins(const struct core *c, const struct pt_path *e, const char *bytes,
		     uint32_t len);
/*
 * Steps of a transition: bytes from @from on, where the text of @e, which is new in it, ends
 * (false: no room, it must be undone); all pieces from @piece on are free again.
 */
bool pathtext_add(struct core *c, struct pt_path *e, uint32_t from, const char *bytes,
		  uint32_t len);
void pathtext_drop(struct core *c, uint32_t piece);
/* What an event of PATHSPACE tells of a path, as documented for procmgr_event_notify(). */
uint32_t pathtext_hash(const struct core *c, const struct pt_path *e);
