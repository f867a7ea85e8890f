// SPDX-License-Identifier: Apache-2.0
/*
 * A bad address in a message is an errno (guarded.h): for that, SIGSEGV and SIGBUS have a
 * handler of ours wherever the program has none. To the program it looks as if there were the
 * default.
 *
 * differs: a program with a handler of its own gets such a fault like any other.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>

/* Once for a program. Takes nothing from the program that it has set itself. */
void fault_install(void);
/* Is that what fault_install() has installed? */
bool fault_is_ours(const struct sigaction *action);
/* The program wants the default for @signo: ours may stand for it. */
bool fault_replaces_default(int signo, struct sigaction *act);
