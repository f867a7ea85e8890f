// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * One line about something the person who runs the node should know. A newline
 * is added; control characters become '?', so that a path or name from a client
 * cannot forge a line; what is too long ends in "...". errno stays, and nothing
 * is allocated. Never fails: a log that cannot be written is not worth a node.
 */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Where lines go from now on: standard error at first, -1 for nowhere. The
 * descriptor stays the caller's. */
void log_set_fd(int fd);
