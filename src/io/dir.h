// SPDX-License-Identifier: Apache-2.0
/* opendir() and its kin as the program's: these names mean the kernel's in the library. */
#pragma once

#include <dirent.h>

DIR *dir_open(const char *path);
struct dirent *dir_read(DIR *dir);
int dir_close(DIR *dir);
