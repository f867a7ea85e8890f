// SPDX-License-Identifier: Apache-2.0
/* Which files a program's name may mean. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "host/linux/launch.h"

/*
 * Along PATH of the calling process: *ret_paths are *ret_n texts one after
 * another, the caller's to free. A name with a slash, or an empty one, is its
 * own and only candidate. -ENAMETOOLONG, -ENOMEM, -EFAULT (NULL).
 */
int path_search(const char *file, char **ret_paths, unsigned *ret_n);

/* The shell's argv for a script: struct launch tells. To be freed. NULL: no memory. */
char **path_script(char *const argv[]);
