// SPDX-License-Identifier: Apache-2.0
/*
 * What the kernel said of a client when it connected: no system call, unlike
 * ConnectClientInfo(), which tells what is true now. An open() has a fresh connection, so for
 * it both are the same.
 */
#include "iofunc/access.h"

#include "message/channel.h"

bool access_is_root(const resmgr_context_t *ctp)
{
	struct channel *ch = channel_lock(ctp->info.chid);
	const struct client *client;
	bool is_root = false;

	if (!ch)
		return false;
	client = client_find(ch, ctp->info.scoid);
	for (const struct link *link = client ? client->links : NULL; link; link = link->next)
		is_root |= link->coid == ctp->info.coid && link->uid == 0;
	channel_unlock(ch);
	return is_root;
}
