// SPDX-License-Identifier: Apache-2.0
/* Records of a SEQPACKET socket as they are: a few parts, perhaps descriptors beside them. */
#pragma once

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#define PACKET_FDS_MAX 4

/*
 * Sends one record. @flags: MSG_DONTWAIT or 0. 0 or -errno: -EAGAIN, -EPIPE and -ECONNRESET
 * (nobody is at the other end), -EFAULT (a part cannot be read), -EMSGSIZE, -EINTR, -ETOOMANYREFS
 * (descriptors that nobody has received yet are as many as this user may have). No SIGPIPE.
 */
int packet_send(int fd, const struct iovec *parts, size_t n, int flags);
int packet_send_fds(int fd, const void *record, size_t len, const int *fds, unsigned n_fds,
		    int flags);

/*
 * Receives one. @flags: MSG_DONTWAIT, MSG_TRUNC or 0. Bytes, with MSG_TRUNC all that the record had;
 * 0 for an empty record, which nobody of ours sends, and at the end: -ECONNRESET tells the latter
 * where that can be told. -EAGAIN, -EINTR, -EFAULT.
 */
ssize_t packet_recv(int fd, const struct iovec *parts, size_t n, int flags);
/* With the descriptors that came along: *ret_n_fds of them in @fds, close-on-exec, the caller's.
 * More than PACKET_FDS_MAX are closed. */
ssize_t packet_recv_fds(int fd, void *record, size_t len, int fds[PACKET_FDS_MAX],
			unsigned *ret_n_fds, int flags);

/* poll() of one descriptor, for @ms at most. What is there of @events and of errors and ends; 0: nothing;
 * -EINTR. */
int packet_poll(int fd, short events, int ms);
