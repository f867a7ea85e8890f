// SPDX-License-Identifier: Apache-2.0
/*
 * Requests of the command to a manager: those whose answer comes over a socket
 * that travels with them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "wire/frame.h"

/*
 * Send a request with one end of a socket pair, and after it @fd (-1: none).
 * *@ret_fd is the end on which the answer, or the end of file if a manager
 * died with the request in its hands, will come. 0 or -errno: -ECONNREFUSED is
 * a node that is gone.
 */
int ask_send(int node_fd, uint16_t request, const void *body, size_t len, int fd, int *ret_fd);

/*
 * What came on @fd: 0, and *@m has the answer's body; a positive errno that the
 * manager answered; -EAGAIN nothing yet; -ECONNRESET ask again; else -errno.
 * @m is for wire_msg_fini() after 0.
 */
int ask_receive(int fd, struct wire_msg *m);

/*
 * Both, waiting at most @ms milliseconds: as ask_receive(), and -ETIMEDOUT. The
 * request may be sent several times, so it must be one that can be repeated.
 */
int ask(int node_fd, uint16_t request, const void *body, size_t len, struct wire_msg *m, int ms);

/* Says what an answer of ask() other than 0 means; answers the exit status. */
int ask_failed(const char *dir, int result);
