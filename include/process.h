/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes: spawn*() with a mode, exec*(), getpid() and their like. What is POSIX's of
 * it is declared in <unistd.h>, what is QNX's in <sys/process.h>.
 */
#pragma once

#include <unistd.h>
#include <sys/process.h>
