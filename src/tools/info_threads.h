// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/frame.h"

/*
 * Prints the threads of the node's processes and the circles in which they wait, as
 * `kamioka info --threads` does. @m is room for answers. 0, or what ask() says.
 */
int info_threads(int node_fd, struct wire_msg *m);
