/* SPDX-License-Identifier: Apache-2.0 */
/* Room for who a client is with as many groups as it may have. */
#pragma once

#include <alloca.h>
#include <stddef.h>
#include <sys/neutrino.h>

/* Bytes of a structure whose grouplist has room for ngroups. */
#define _CRED_INFO_SIZE(ngroups) \
	(offsetof(struct _cred_info, grouplist) + (size_t)(ngroups) * sizeof(gid_t))
#define _CLIENT_INFO_SIZE(ngroups) (offsetof(struct _client_info, cred) + _CRED_INFO_SIZE(ngroups))

/* Declares a pointer of that name to such room on the stack. */
#define _DECL_CRED_INFO(name, ngroups) \
	struct _cred_info *name = (struct _cred_info *)alloca(_CRED_INFO_SIZE(ngroups))
#define _DECL_CLIENT_INFO(name, ngroups) \
	struct _client_info *name = (struct _client_info *)alloca(_CLIENT_INFO_SIZE(ngroups))
