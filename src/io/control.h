// SPDX-License-Identifier: Apache-2.0
#pragma once

/* open()'s flags of an open file of a server, -errno. */
long control_flags(int fd);
long control_set_flags(int fd, int flags);
/* FIONBIO, FIOCLEX, FIONCLEX. */
int control_request(int fd, unsigned long request, void *arg);
