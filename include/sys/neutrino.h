/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's calls. So far: what QNX programs find here without including it, signals,
 * events, limits, types and the node descriptor of this machine.
 */
#pragma once

#include <features.h>
#include <stdint.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <sys/netmgr.h>
#include <sys/siginfo.h>
#include <sys/types.h>

/* The release whose documented interface this is: 7.1. */
#define _NTO_VERSION 710
