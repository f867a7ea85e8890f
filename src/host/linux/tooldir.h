// SPDX-License-Identifier: Apache-2.0
/*
 * The folder of the commands that have QNX's names (slay, waitfor, ...): links to the kamioka
 * command, in libexec/kamioka beside its bin/, in the build folder as in an installation. Only
 * what a node starts finds them: outside they would stand in front of a distribution's own.
 */
#pragma once

#define TOOLDIR_SELF "/proc/self/exe" /* for the command itself */

/* Puts that of @command, a path of the kamioka command, first in $PATH of this process and what
 * it starts, if there is such a folder and it is not first already. 0 or -errno. */
int tooldir_enter(const char *command);
