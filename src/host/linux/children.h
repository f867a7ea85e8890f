// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>
#include <sys/types.h>

/*
 * The pids of the caller's children, dead ones among them; the caller is
 * single-threaded. *@ret_pids is for free(). 0; or -errno, and then what was
 * found so far is there all the same.
 */
int children_list(pid_t **ret_pids, size_t *ret_n);
