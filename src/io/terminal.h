// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The devctl() that an ioctl() of the kernel's terminals is for servers; 0: none. */
int terminal_command(unsigned long request);
