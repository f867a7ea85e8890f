// SPDX-License-Identifier: Apache-2.0
/* Who the client is, for the checks of the other files. */
#pragma once

#include <stdbool.h>
#include <sys/iofunc.h>

/* @given, or with NULL what is known of the client, allocated into *ret_own, which
 * access_info_free() frees. NULL: not known. */
const struct _client_info *access_info(resmgr_context_t *ctp, int ioflag,
				       const struct _client_info *given,
				       struct _client_info **ret_own);
void access_info_free(struct _client_info *const *own);
#define auto_client __attribute__((cleanup(access_info_free))) struct _client_info *

/* EOK, or EPERM: the client is neither the owner nor root. */
int access_owner(const iofunc_attr_t *attr, const struct _client_info *info);

/* Was the client root when it made the connection of this message? Cheap. In dispatch/root.c,
 * as it is the kernel's side of messages that knows. */
bool access_is_root(const resmgr_context_t *ctp);

/* As iofunc_check_access(), but asks who the client is only if that makes a difference. @given
 * may be NULL. */
int access_check(resmgr_context_t *ctp, const iofunc_attr_t *attr, mode_t rights, int ioflag,
		 const struct _client_info *given);
