/* SPDX-License-Identifier: Apache-2.0 */
/* Node descriptors. There is one node: the local one. QNX Neutrino C Library Reference. */
#pragma once

#include <sys/types.h>

#define ND_LOCAL_NODE 0

/* 0 if both name the same node; only the low 16 bits say which one. */
#define ND_NODE_MASK      0xffffu
#define ND_NODE_CMP(a, b) ((int)(((a)&ND_NODE_MASK) - ((b)&ND_NODE_MASK)))
