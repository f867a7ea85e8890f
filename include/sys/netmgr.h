/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Node descriptors. There is one node: the local one, which names itself as its host does.
 * QNX Neutrino C Library Reference.
 */
#pragma once

#include <features.h>
#include <stddef.h>
#include <sys/types.h>

#define ND_LOCAL_NODE 0

/* 0 if both name the same node; only the low 16 bits say which one. */
#define ND_NODE_MASK      0xffffu
#define ND_NODE_CMP(a, b) ((int)(((a)&ND_NODE_MASK) - ((b)&ND_NODE_MASK)))

/* netmgr_ndtostr(): what is in the string. */
#define ND2S_DIR_SHOW    0x0001 /* /net/ in front, as without any of these two */
#define ND2S_DIR_HIDE    0x0002
#define ND2S_QOS_SHOW    0x0004 /* there is no quality of service: nothing is added */
#define ND2S_QOS_HIDE    0x0008
#define ND2S_NAME_SHOW   0x0010 /* the node's name, as without any of these two */
#define ND2S_NAME_HIDE   0x0020
#define ND2S_DOMAIN_SHOW 0x0040 /* the domain behind a dot, as without any of these two */
#define ND2S_DOMAIN_HIDE 0x0080
#define ND2S_LOCAL_STR   0x0100 /* "localhost" for the name */
#define ND2S_SEP_FORCE   0x0200 /* a / at the end */

__BEGIN_DECLS

/* The node's name into buf, of maxlen bytes; its length (without the 0), or -1 with errno:
 * EINVAL (no such node), ERANGE (buf is too small). */
int netmgr_ndtostr(unsigned flags, int nd, char *buf, size_t maxlen);
/* The node of a name, with or without /net/ and ~QOS; *endstr (may be NULL): what follows
 * it. ND_LOCAL_NODE, or -1 with errno ENOREMOTE. */
int netmgr_strtond(const char *nodename, char **endstr);
/* What node remote_nd calls local_nd. 0, or -1 with errno ENOREMOTE. */
int netmgr_remote_nd(int remote_nd, int local_nd);

__END_DECLS
