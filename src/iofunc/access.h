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
