// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

struct served;

/* stat() and lstat() as the program's. */
int stat_path(const char *path, struct stat *st);
int stat_link(const char *path, struct stat *st);
/* fstat() of an open file of a server. 0, -errno. */
int stat_fd(int fd, struct stat *st);
/* Is there such a file? 0, -errno, FILE_ELSEWHERE. */
long stat_of_served(struct served *s);
