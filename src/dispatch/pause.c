// SPDX-License-Identifier: Apache-2.0
/*
 * Messages that are set aside because handling them now ended in EDEADLK. No call for messages
 * fails so here, and MsgPause() is ENOSYS, as in QNX 8.0: nothing can be set aside, nothing is
 * there to be resumed, and no pause or unpause handler is ever called.
 */
#include <errno.h>

#include "dispatch/dispatch.h"
#include "iofunc/export.h"

EXPORT int resmgr_pause_queue(resmgr_context_t *ctp, const void *private_data, size_t extra_size)
{
	(void)ctp;
	(void)private_data;
	(void)extra_size;
	return EDEADLK;
}

EXPORT int resmgr_pause_resume(resmgr_context_t *ctp, RESMGR_OCB_T *ocb,
			       int (*callback)(resmgr_context_t *ctp, RESMGR_OCB_T *ocb,
					       void *private_data))
{
	(void)ctp;
	(void)ocb;
	(void)callback;
	return ENOENT;
}
