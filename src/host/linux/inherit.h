// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdbool.h>

/*
 * What the command was started with, and how PROGRAM gets it although two or
 * three processes of ours stand between. These are for single-threaded
 * processes of ours, never for the library.
 */

/*
 * First thing in main(): remember the signal mask, what is ignored, the limit
 * of descriptors, and which descriptors are open. Of 0, 1 and 2, those that are
 * closed become unusable placeholders which exec closes again, so that no
 * descriptor of ours can be taken for PROGRAM's standard input or output.
 */
void inherit_note(void);

/* In the child that becomes PROGRAM, before its exec: as it was noted. What is
 * open is left alone: ours are close-on-exec. */
void inherit_restore(void);

/*
 * Once PROGRAM has its own copies: close what was inherited, but for standard
 * error (where the log goes), and leave the working directory. Else a reader of
 * PROGRAM's output would wait for us, and a file system could not be unmounted.
 */
void inherit_drop(void);

/*
 * From inherit_drop() on, here and in children forked until then, the log goes
 * to @fd (close-on-exec; -1: nowhere) and standard error is dropped, too: for
 * what shall outlive the command without holding the pipe it was started with.
 */
void inherit_log_to(int fd);

/* Close one inherited descriptor; its number is free for others from then on. */
void inherit_close(int fd);

/* Whether the process that started us had signal @signo ignored. */
bool inherit_was_ignored(int signo);
